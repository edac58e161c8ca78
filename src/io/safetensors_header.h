/* The header of a safetensors file: what there is, and where. */
#ifndef ADZE_IO_SAFETENSORS_HEADER_H
#define ADZE_IO_SAFETENSORS_HEADER_H

#include "adze/io/safetensors.h"

#include "io/file.h"
#include "io/stored.h"

enum { AD_HEADER_AT = 8, AD_LONGEST_HEADER = 100000000 }; /* bytes */

typedef struct ad_entry {
    const char *name;
    ad_stored stored;
    ad_shape shape;
    uint64_t begin, end; /* bytes after the header */
} ad_entry;

struct ad_safetensors {
    const ad_allocator *allocator;
    ad_file file;
    uint64_t data; /* where the numbers begin */
    char *header;  /* a copy, in which names and metadata stay */
    size_t header_size, count, room, pairs, pair_room;
    ad_entry *entries; /* in the order of their numbers */
    const ad_entry **by_name;
    ad_metadata *metadata; /* in the order of the keys */
};

/* Reads it, and checks it with the size of the file. On failure the file is to be closed nevertheless. */
ad_status ad_header_read(ad_safetensors *f, ad_error *error);

int ad_header_find(const ad_safetensors *f, const char *name);               /* -1: no such array */
const ad_metadata *ad_header_pair(const ad_safetensors *f, const char *key); /* NULL: none */

#endif
