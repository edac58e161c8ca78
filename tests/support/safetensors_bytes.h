/* safetensors files of the corpus and of tests, opened from memory and from the disk. */
#ifndef ADZE_TESTS_SAFETENSORS_BYTES_H
#define ADZE_TESTS_SAFETENSORS_BYTES_H

#include "adze/io.h"

#include "idx_bytes.h"

/* The little-endian length of a header, the header, and zeros. */
void blob_safetensors(blob *b, const char *header, size_t zeros);

/* A file below tests/io/corpus/fuzz_safetensors. */
void blob_of_corpus(blob *b, const char *name);

/* From the disk (the file is gone then, and stays as long as it is open), or from memory. */
ad_safetensors *open_blob(const blob *b, bool from_file, const ad_allocator *allocator,
                          ad_error *error);

#endif
