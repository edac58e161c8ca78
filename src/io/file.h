/* Files that are read at any place, or the bytes of one in memory. Only regular files: they have a size. */
#ifndef ADZE_IO_FILE_H
#define ADZE_IO_FILE_H

#include "adze/status.h"

/* Opens a regular file to read it from the start; messages call it `name`. *file needs a close. */
ad_status ad_regular_open(const char *path, const char *name, int *file, uint64_t *size,
                          ad_error *error);

typedef struct ad_file {
    char name[256]; /* for messages; the tail of a long one */
    uint64_t size;
    int file;                    /* a descriptor; -1: memory */
    const unsigned char *memory; /* the caller's, or the file's, mapped; NULL: it could not be */
} ad_file;

/* Opens a file, and maps it where the system can. Needs an ad_file_close only if it succeeds. */
ad_status ad_file_open(ad_file *f, const char *path, ad_error *error);
void ad_file_open_memory(ad_file *f, const void *bytes, size_t size, const char *name);
void ad_file_close(ad_file *f);

/* Reads n bytes at a place, all of which were there when the file was opened. AD_FILE if they are not any more. Does
 * not touch mapped memory, so a file that others cut does no harm. Several threads may read at once. */
ad_status ad_file_read(const ad_file *f, uint64_t at, void *to, size_t n, ad_error *error);

#endif
