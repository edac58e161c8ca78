/* What the header of a file claims to follow: numbers of a shape. It is compared with the size of the file before any
 * memory is taken. */
#ifndef ADZE_IO_CLAIM_H
#define ADZE_IO_CLAIM_H

#include "io/source.h"

typedef struct ad_file_claim {
    ad_shape shape;
    size_t width, count; /* bytes of a number in the file; numbers */
    char text[200];      /* "60000 x 28 x 28 = 47040000 numbers" */
} ad_file_claim;

/* Reads n bytes of a header, of which so many were read before. AD_FORMAT if the file ends in them. */
ad_status ad_file_claim_header(ad_source *s, void *to, size_t before, size_t n);

/* AD_FORMAT if so many numbers do not fit into memory, or are not what follows a header of so many bytes: a plain file
 * must hold exactly as many, a gzip file cannot hold more than can be deflated into its size. */
ad_status ad_file_claim_check(ad_file_claim *c, const ad_source *s, size_t header);

/* Reads the bytes of the numbers to the end of the source. */
ad_status ad_file_claim_read(const ad_file_claim *c, ad_source *s, void *to);

#endif
