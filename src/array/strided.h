/* Loops over shapes whose numbers lie at strides: the one place that walks axes.
 *
 * A nest runs over the elements of a shape, row by row, and keeps for each of several streams the
 * offset of its current element. Streams broadcast to the shape. Axes that lie
 * together in all streams are merged, so that contiguous operands make one long row. */
#ifndef ADZE_ARRAY_STRIDED_H
#define ADZE_ARRAY_STRIDED_H

#include "adze/array.h"

enum { AD_MAX_STREAMS = 6 };

typedef struct ad_nest {
    int rank, streams;
    int64_t dim[AD_MAX_RANK];
    int64_t stride[AD_MAX_STREAMS][AD_MAX_RANK];
    /* the current row: */
    int64_t row;                    /* its length */
    int64_t step[AD_MAX_STREAMS];   /* from element to element */
    int64_t offset[AD_MAX_STREAMS]; /* of its first element */
    int64_t at[AD_MAX_RANK];
} ad_nest;

/* In this order: begin, add the streams, start; then rows while next. Start returns false if the
 * shape is empty. A stream's trailing axes are aligned with the shape's. */
void ad_nest_begin(ad_nest *nest, const ad_shape *shape);
void ad_nest_add(ad_nest *nest, const ad_shape *shape, const int64_t *stride);
bool ad_nest_start(ad_nest *nest);
bool ad_nest_next(ad_nest *nest);

/* After start: goes to one of the rows. */
void ad_nest_seek(ad_nest *nest, int64_t row);

/* Strides of numbers that lie row by row; 0 along axes of extent 1, ready to broadcast. */
void ad_row_strides(const ad_shape *shape, int64_t *stride);

/* Writes the numbers of v row by row, each of `size` bytes. */
void ad_strided_read(const ad_view *v, void *numbers);

/* The numbers of target, a view of writable floats, grow by those that lie row by row. */
void ad_strided_add(const ad_view *target, const void *numbers);

/* Copies n numbers that lie `step` apart to where they lie together. */
void ad_strided_pack(size_t size, size_t n, const void *from, int64_t step, void *to);

#endif
