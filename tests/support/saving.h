/* Files that are written whole or not at all, for tests of the sink. A content is named by a letter. */
#ifndef ADZE_TESTS_SAVING_H
#define ADZE_TESTS_SAVING_H

#include "adze/io.h"

#include "idx_bytes.h"

/* Writes many bytes of a letter, in pieces of several sizes. */
ad_status save_letter(const char *path, char letter, const ad_write_options *options,
                      ad_error *error);

/* The letter with which a file is filled; 0: there is no file; '?': it holds anything else. */
char letter_in(const char *path);

/* The names in a folder, but for one, each followed by a blank. Good until the next call. */
const char *names_beside(const char *folder, const char *name);

/* A folder of its own, with the path of `file` in it. */
typedef struct saving {
    char folder[PATH_SIZE], path[PATH_SIZE];
} saving;

saving saving_begin(void);
void saving_end(const saving *s);

#endif
