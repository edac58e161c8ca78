/* Bytes in order, from a file, from memory, or from a piece of either; inflated on the way if they are gzip (RFC 1952)
 * or a piece that is deflated (RFC 1951). */
#ifndef ADZE_IO_SOURCE_H
#define ADZE_IO_SOURCE_H

#include "adze/array.h"

#include "io/file.h"

#define ZLIB_CONST
#include <zlib.h>

typedef enum ad_packing { AD_PLAIN, AD_GZIP, AD_DEFLATE } ad_packing;

/* A piece of a file, as the directory of an archive describes it. */
typedef struct ad_piece {
    uint64_t at, stored; /* where it is, and how many bytes it has there */
    uint64_t size;       /* inflated */
    uint32_t checksum;   /* of the inflated bytes: CRC-32 */
    bool deflated;
} ad_piece;

/* Must not move while open: zlib keeps its address. */
typedef struct ad_source {
    const char *name; /* for messages; the tail of a long one */
    const ad_allocator *allocator;
    ad_error *error;
    size_t size;          /* of the file, as it was when opened; of a piece, inflated */
    int file;             /* a descriptor; -1: memory, or a piece */
    const ad_file *whole; /* what a piece is of; NULL: it is none */
    uint64_t at, left;    /* the rest of a piece */
    uint32_t checksum, right_checksum;
    const unsigned char *next; /* bytes at hand, not yet consumed */
    size_t ready;
    ad_packing packing;
    bool ended; /* deflate is over; of gzip, the member, and its checksum and length are right */
    z_stream stream;
    unsigned char buffer[16384];
} ad_source;

/* These need an ad_source_close only if they succeed. */
ad_status ad_source_open(ad_source *s, const char *path, const ad_allocator *allocator,
                         ad_error *error);
ad_status ad_source_open_memory(ad_source *s, const void *bytes, size_t size, const char *name,
                                const ad_allocator *allocator, ad_error *error);
/* The file and the name must stay. AD_FORMAT if so much cannot be inflated from so few bytes. */
ad_status ad_source_open_piece(ad_source *s, const ad_file *file, const ad_piece *p,
                               const char *name, const ad_allocator *allocator, ad_error *error);

void ad_source_close(ad_source *s);

/* Reads n bytes, or all that are left; *got is their number. */
ad_status ad_source_read(ad_source *s, void *to, size_t n, size_t *got);

/* The most bytes that the source can give. */
size_t ad_source_most(const ad_source *s);

/* AD_FORMAT unless all has been read and, in gzip or a piece, found right. */
ad_status ad_source_finish(ad_source *s);

/* zlib's memory, from the allocator to which its `opaque` points. */
void *ad_zlib_allocate(void *allocator, unsigned items, unsigned size);
void ad_zlib_release(void *allocator, void *memory);

#endif
