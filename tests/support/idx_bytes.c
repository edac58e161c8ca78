/* Making IDX files, plain and gzip, and reading files of one array, for tests. */
#define _POSIX_C_SOURCE 200809L
#include "idx_bytes.h"

#include "suite.h"

#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

void blob_put(blob *b, uint64_t word, int bytes)
{
    ck_assert_uint_le(b->size + (size_t)bytes, sizeof b->data);
    for (int i = bytes - 1; i >= 0; i--)
        b->data[b->size++] = (unsigned char)(word >> 8 * i);
}

void blob_idx(blob *b, int code, ad_shape shape)
{
    b->size = 0;
    blob_put(b, (uint64_t)(code << 8 | shape.rank), 4);
    for (int i = 0; i < shape.rank; i++)
        blob_put(b, (uint64_t)shape.dim[i], 4);
}

void blob_small(blob *b)
{
    blob_idx(b, 0x0B, AD_SHAPE(2, 3));
    for (uint64_t i = 0; i < 6; i++)
        blob_put(b, 0x0102 * i, 2);
}

void blob_gzip(blob *b, const void *bytes, size_t n)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)bytes,
                  .avail_in = (uInt)n,
                  .next_out = b->data,
                  .avail_out = sizeof b->data};
    ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    b->size = z.total_out;
    deflateEnd(&z);
}

void blob_corpus(blob *b, const char *file)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "io/corpus/%s", file);
    FILE *in = open_test_file(path);
    ck_assert_ptr_nonnull(in);
    b->size = fread(b->data, 1, sizeof b->data, in);
    ck_assert_uint_lt(b->size, sizeof b->data);
    fclose(in);
}

unsigned char *blob_exact(const blob *b)
{
    unsigned char *exact = malloc(b->size ? b->size : 1);
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, b->data, b->size);
    return exact;
}

void make_directory(char directory[PATH_SIZE])
{
    const char *parent = getenv("TMPDIR");
    int n = snprintf(directory, PATH_SIZE, "%s/adze-test-XXXXXX", parent ? parent : "/tmp");
    ck_assert_int_lt(n, PATH_SIZE);
    ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void path_of(const char *directory, const char *name, char path[PATH_SIZE])
{
    ck_assert_int_lt(snprintf(path, PATH_SIZE, "%s/%s", directory, name), PATH_SIZE);
}

void write_file(const char *directory, const char *name, const blob *b, char path[PATH_SIZE])
{
    path_of(directory, name, path);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(b->data, 1, b->size, file), b->size);
    ck_assert_int_eq(fclose(file), 0);
}

void remove_directory(const char *directory)
{
    DIR *d = opendir(directory);
    ck_assert_ptr_nonnull(d);
    for (struct dirent *entry; (entry = readdir(d));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(d), entry->d_name, 0);
    closedir(d);
    ck_assert_int_eq(rmdir(directory), 0);
}

/* ---- loading ------------------------------------------------------------------------- */

static const char name_in_messages[] = "some-idx3-ubyte";

static ad_status read_memory(const blob_format *f, const blob *b, test_allocator *memory,
                             ad_array *a, ad_error *error)
{
    unsigned char *exact = blob_exact(b);
    ad_status status = f->parse(exact, b->size, name_in_messages, &memory->base, a, error);
    free(exact);
    return status;
}

static ad_status read_by_file(const blob_format *f, const blob *b, test_allocator *memory,
                              ad_array *a, ad_error *error)
{
    char directory[PATH_SIZE], path[PATH_SIZE];
    make_directory(directory);
    write_file(directory, name_in_messages, b, path);
    ad_status status = f->read(path, &memory->base, a, error);
    remove_directory(directory);
    return status;
}

ad_status load_as(const blob_format *f, int way, const blob *b, test_allocator *memory, ad_array *a,
                  ad_error *error)
{
    blob packed;
    if (way & GZIP) {
        blob_gzip(&packed, b->data, b->size);
        b = &packed;
    }
    return way & FROM_FILE ? read_by_file(f, b, memory, a, error)
                           : read_memory(f, b, memory, a, error);
}

ad_status load_safely_as(const blob_format *f, int way, const blob *b, test_allocator *memory,
                         ad_error *error)
{
    int marker = 0;
    ad_array a = {.data = &marker, .shape = AD_SHAPE(3)}, before;
    memcpy(&before, &a, sizeof a);
    *error = (ad_error){AD_OK, ""};
    ad_status status = load_as(f, way, b, memory, &a, error);
    ck_assert_int_eq(status, error->status);
    if (status == AD_OK) {
        ad_array_free(&a);
    } else {
        ck_assert_mem_eq(&a, &before, sizeof a);
        ck_assert_msg(strstr(error->text, name_in_messages) != NULL, "%s", error->text);
    }
    ck_assert_uint_eq(memory->live_blocks, 0);
    return status;
}

static const blob_format idx = {ad_idx_read, ad_idx_parse};

ad_status load(int way, const blob *b, test_allocator *memory, ad_array *a, ad_error *error)
{
    return load_as(&idx, way, b, memory, a, error);
}

ad_status load_safely(int way, const blob *b, test_allocator *memory, ad_error *error)
{
    return load_safely_as(&idx, way, b, memory, error);
}
