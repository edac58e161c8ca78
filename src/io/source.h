/* Bytes in order, from a file or from memory; inflated on the way if they are gzip (RFC 1952). */
#ifndef ADZE_IO_SOURCE_H
#define ADZE_IO_SOURCE_H

#include "adze/array.h"

#define ZLIB_CONST
#include <zlib.h>

/* Must not move while open: zlib keeps its address. */
typedef struct ad_source {
    const char *name; /* for messages; the tail of a long one */
    const ad_allocator *allocator;
    ad_error *error;
    size_t size;               /* of the file, as it was when opened */
    int file;                  /* a descriptor; -1: memory */
    const unsigned char *next; /* bytes at hand, not yet consumed */
    size_t ready;
    bool gzip, ended; /* ended: the gzip member is over, and its checksum and length are right */
    z_stream stream;
    unsigned char buffer[16384];
} ad_source;

/* Both need an ad_source_close only if they succeed. */
ad_status ad_source_open(ad_source *s, const char *path, const ad_allocator *allocator,
                         ad_error *error);
ad_status ad_source_open_memory(ad_source *s, const void *bytes, size_t size, const char *name,
                                const ad_allocator *allocator, ad_error *error);
void ad_source_close(ad_source *s);

/* Reads n bytes, or all that are left; *got is their number. */
ad_status ad_source_read(ad_source *s, void *to, size_t n, size_t *got);

/* The most bytes that the source can give. */
size_t ad_source_most(const ad_source *s);

/* AD_FORMAT unless all has been read and, in gzip, found right. */
ad_status ad_source_finish(ad_source *s);

#endif
