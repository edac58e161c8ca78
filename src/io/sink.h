/* A file that is being written: all of it or nothing comes to stand under its path (adze/io/writing.h). */
#ifndef ADZE_IO_SINK_H
#define ADZE_IO_SINK_H

#include "adze/io/writing.h"

/* The longest path, and the longest name in a folder, of Linux and most others. */
enum { AD_LONGEST_PATH = 4096, AD_LONGEST_NAME = 256 };

typedef struct ad_sink {
    const char *path; /* the caller's, for messages; the tail of a long one */
    ad_write_options options;
    ad_error *error;
    uint64_t written, all, told;   /* bytes; told: when progress was last called */
    char target[AD_LONGEST_PATH];  /* where it goes, links followed; cut behind the folder */
    char interim[AD_LONGEST_NAME]; /* what the file is called before it is complete */
    const char *name;              /* of the target in its folder */
    int folder, file;              /* descriptors */
    bool nameless, replaces;       /* the file has no name yet; there is an old one: */
    unsigned permissions, owner, group;
    size_t held; /* bytes in the buffer */
    unsigned char buffer[16384];
} ad_sink;

/* Begins to write a file of so many bytes, or fewer. `op` stands before messages about misuse. Needs an ad_sink_close
 * only if it succeeds. The options may be NULL. */
ad_status ad_sink_open(ad_sink *s, const char *op, const char *path, uint64_t all,
                       const ad_write_options *options, ad_error *error);

/* Appends n bytes. */
ad_status ad_sink_write(ad_sink *s, const void *bytes, size_t n);

/* Ends it. With AD_OK the file gets its name; with another status, that of what went wrong before, it is gone.
 * Returns the status of all. */
ad_status ad_sink_close(ad_sink *s, ad_status status);

#endif
