/* safetensors files of the corpus and of tests, opened from memory and from the disk. */
#include "safetensors_bytes.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

void blob_safetensors(blob *b, const char *header, size_t zeros)
{
    size_t n = strlen(header);
    ck_assert_uint_le(8 + n + zeros, sizeof b->data);
    for (int i = 0; i < 8; i++)
        b->data[i] = (unsigned char)((uint64_t)n >> 8 * i);
    memcpy(b->data + 8, header, n);
    memset(b->data + 8 + n, 0, zeros);
    b->size = 8 + n + zeros;
}

void blob_of_corpus(blob *b, const char *name)
{
    char file[64];
    snprintf(file, sizeof file, "fuzz_safetensors/%s", name);
    blob_corpus(b, file);
}

ad_safetensors *open_blob(const blob *b, bool from_file, const ad_allocator *allocator,
                          ad_error *error)
{
    char directory[PATH_SIZE], path[PATH_SIZE];
    if (!from_file)
        return ad_safetensors_parse(b->data, b->size, "x", allocator, error);
    make_directory(directory);
    write_file(directory, "x", b, path);
    ad_safetensors *f = ad_safetensors_open(path, allocator, error);
    remove_directory(directory);
    return f;
}
