/* Text files for tests: one is read every way (see idx_bytes.h), or written and looked at. */
#ifndef ADZE_TESTS_TEXT_FILES_H
#define ADZE_TESTS_TEXT_FILES_H

#include "idx_bytes.h"

/* What messages call it. */
extern const char file_in_messages[];

void blob_text(blob *b, const void *bytes, size_t n);

/* A file on the disk, or bytes in a block of their exact size, so that reading past its end is
 * noticed. */
typedef struct text_file {
    char directory[PATH_SIZE], path[PATH_SIZE]; /* "": only bytes */
    unsigned char *bytes;
    size_t size;
} text_file;

void open_text_file(text_file *file, int way, const blob *b);
void close_text_file(text_file *file);

/* A path to write to. Closing it gives what was written. */
typedef struct text_target {
    char directory[PATH_SIZE], path[PATH_SIZE];
} text_target;

void open_text_target(text_target *target);
void close_text_target(text_target *target, blob *written);

#endif
