/* zip archives (PKWARE's APPNOTE 6.3), with files of any size (zip64).
 *
 * An archive is read from its end: the end record says where the directory is, and that says all of the members. Of the
 * headers before the members only the lengths are read, since some writers leave out the rest.
 * There is a reader and a writer of our own because numbers are to be aligned, memory is to be bounded before it is
 * taken, and nothing but inflate itself is to touch foreign bytes. */
#ifndef ADZE_IO_ZIP_H
#define ADZE_IO_ZIP_H

#include "io/sink.h"
#include "io/source.h"

/* ---- reading ------------------------------------------------------------------------- */

typedef struct ad_zip_member {
    char *name; /* without a NUL at its end */
    size_t length;
    unsigned flags, method;
    uint64_t header; /* where its header is */
    ad_piece piece;  /* but where it is */
} ad_zip_member;

typedef struct ad_zip {
    const ad_file *file;
    const ad_allocator *allocator;
    size_t count, size; /* members; bytes of the directory */
    ad_zip_member *members;
    unsigned char *directory; /* names are in it */
    uint64_t start;           /* of the directory in the file */
} ad_zip;

/* Reads the directory of a file, which must stay. Needs an ad_zip_free only if it succeeds; another does no harm. */
ad_status ad_zip_read(ad_zip *z, const ad_file *file, const ad_allocator *allocator,
                      ad_error *error);
void ad_zip_free(ad_zip *z);

/* Opens the bytes of a member. Messages call it `name`, which must stay. */
ad_status ad_zip_open(const ad_zip *z, const ad_zip_member *m, const char *name, ad_source *s,
                      const ad_allocator *allocator, ad_error *error);

/* ---- writing ------------------------------------------------------------------------- */

enum { AD_ZIP_LONGEST_NAME = 65535, AD_ZIP_ALIGNMENT = 64 };

typedef struct ad_zip_writer {
    ad_sink *sink;  /* NULL: bytes are counted only */
    uint64_t plain; /* the largest number that needs no zip64; 0xfffffffe, but in tests */
    uint64_t at;    /* bytes written */
    uint64_t count; /* members begun */
    unsigned char *directory;
    size_t size, used; /* bytes of memory for the directory; those of the entries so far */
    /* the member that is being written: */
    const char *name;
    uint64_t header; /* where it is */
    ad_piece piece;
    bool streaming, wide; /* deflate has begun; its header has zip64's numbers */
    z_stream stream;
} ad_zip_writer;

/* Bytes of memory for the directory that a member takes, at most. */
size_t ad_zip_entry_size(const char *name);

/* Begins an archive. `size` is the sum of its entries. Needs an ad_zip_end only if it succeeds, which it does without
 * a sink. */
ad_status ad_zip_begin(ad_zip_writer *w, ad_sink *sink, size_t size);

/* Begins a member of so many bytes. What is stored, not deflated, begins at a multiple of AD_ZIP_ALIGNMENT in the file,
 * and needs its checksum (CRC-32). The name must stay to its end. */
ad_status ad_zip_begin_member(ad_zip_writer *w, const char *name, bool deflated, uint64_t size,
                              uint32_t checksum);
ad_status ad_zip_write(ad_zip_writer *w, const void *bytes,
                       size_t n); /* NULL if they are counted only */
ad_status ad_zip_end_member(ad_zip_writer *w);

/* Writes the directory if the status is AD_OK, and gives back all memory. Returns the status of all. */
ad_status ad_zip_end(ad_zip_writer *w, ad_status status);

#endif
