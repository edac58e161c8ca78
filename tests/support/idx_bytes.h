/* Making IDX files, plain and gzip, and reading them and other files of one array every way: a case of the tests is a
 * blob of bytes, loaded from memory and from a file, as it is and gzipped. */
#ifndef ADZE_TESTS_IDX_BYTES_H
#define ADZE_TESTS_IDX_BYTES_H

#include "adze/io.h"

#include "allocator.h"

typedef struct blob {
    size_t size;
    unsigned char data[1 << 16];
} blob;

/* Appends the low bytes of a word, the highest first. */
void blob_put(blob *b, uint64_t word, int bytes);

/* An IDX header: a type code and the extents of shape. */
void blob_idx(blob *b, int code, ad_shape shape);

/* Six small numbers of two bytes, [2, 3]: number i is 0x0102 * i. */
void blob_small(blob *b);

/* One gzip member with n bytes. */
void blob_gzip(blob *b, const void *bytes, size_t n);

/* A file of tests/io/corpus. */
void blob_corpus(blob *b, const char *file);

/* A block of memory with the bytes and nothing behind them, so that reading past their end is noticed. For free. */
unsigned char *blob_exact(const blob *b);

/* Temporary files: a new directory, a file in it (its path is written into path), and
 * removing both. */
enum { PATH_SIZE = 256 };
void make_directory(char directory[PATH_SIZE]);
void remove_directory(const char *directory);
void write_file(const char *directory, const char *name, const blob *b, char path[PATH_SIZE]);

enum { GZIP = 1, FROM_FILE = 2, WAYS = 4 }; /* a way: the sum of some of these */

/* Reads a blob. It is gzipped first if the way says so. */
ad_status load(int way, const blob *b, test_allocator *memory, ad_array *a, ad_error *error);

/* Does so and checks what holds for every failure: the array is untouched, the message names the
 * file, no memory is left. Frees what was read. */
ad_status load_safely(int way, const blob *b, test_allocator *memory, ad_error *error);

/* The same for files of another format. */
typedef struct blob_format {
    ad_status (*read)(const char *path, const ad_allocator *allocator, ad_array *a,
                      ad_error *error);
    ad_status (*parse)(const void *bytes, size_t size, const char *name,
                       const ad_allocator *allocator, ad_array *a, ad_error *error);
} blob_format;

ad_status load_as(const blob_format *f, int way, const blob *b, test_allocator *memory, ad_array *a,
                  ad_error *error);
ad_status load_safely_as(const blob_format *f, int way, const blob *b, test_allocator *memory,
                         ad_error *error);

#endif
