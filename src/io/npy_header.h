/* The header of .npy, a dictionary as Python writes it:
 *
 *     {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
 */
#ifndef ADZE_IO_NPY_HEADER_H
#define ADZE_IO_NPY_HEADER_H

#include "io/stored.h"

typedef struct ad_npy_header {
    ad_stored stored;
    bool big;     /* the highest byte of a number first */
    bool columns; /* column by column, as in Fortran: the first axis runs fastest */
    ad_shape shape;
} ad_npy_header;

enum { AD_NPY_LONGEST_HEADER = 10000 }; /* of those that NumPy itself loads */

/* Reads the text of a header, which stands `before` bytes behind the beginning of the file. AD_FORMAT with the place,
 * AD_BAD_TYPE for what are no numbers of adze, AD_BAD_SHAPE for more than AD_MAX_RANK axes. */
ad_status ad_npy_header_parse(ad_npy_header *h, const char *text, size_t size, uint64_t before,
                              const char *name, ad_error *error);

/* Writes all that stands before numbers, little-endian and row by row, as NumPy does. It always has as many bytes. The
 * shape is one whose numbers fit into memory. */
enum { AD_NPY_PREFIX = 128 };
void ad_npy_prefix_print(ad_stored stored, const ad_shape *shape, char prefix[AD_NPY_PREFIX]);

#endif
