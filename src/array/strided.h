/* Loops over strided numbers: the one place that walks axes.
 *
 * A nest runs over the elements of a shape, row by row. For each of several streams it keeps the
 * offset of the current element. Streams broadcast to the shape. Axes that lie together in all
 * streams are merged, so contiguous operands make one long row. */
#ifndef ADZE_ARRAY_STRIDED_H
#define ADZE_ARRAY_STRIDED_H

#include "adze/walk.h" /* ad_nest */

/* Call begin, add the streams, then start, then visit rows while next. Start returns false if the
 * shape is empty. A stream's trailing axes are aligned with the shape's. */
void ad_nest_begin(ad_nest *nest, const ad_shape *shape);
void ad_nest_add(ad_nest *nest, const ad_shape *shape, const int64_t *stride);
bool ad_nest_start(ad_nest *nest);
bool ad_nest_next(ad_nest *nest);

/* After start: goes to one of the rows. */
void ad_nest_seek(ad_nest *nest, int64_t row);

/* Whether `from` broadcasts to `to`, which has all its axes. */
bool ad_shape_broadcasts(const ad_shape *from, const ad_shape *to);

/* Whether v can be an operand of a loop over the shape: AD_OK, or a status with a message to
 * follow the operand's name. */
ad_status ad_view_misfit(const ad_view *v, const ad_shape *shape, const char **why);

/* What is wrong with a shape, and with a view that is to be read: AD_OK and the number of its
 * elements, or a status and the reason in text. */
ad_status ad_shape_flaw(const ad_shape *shape, size_t *count, char *text, size_t size);
ad_status ad_view_flaw(const ad_view *v, size_t *count, char *text, size_t size);

/* Strides of numbers that lie row by row; 0 along axes of extent 1, ready to broadcast. */
void ad_row_strides(const ad_shape *shape, int64_t *stride);

/* Writes the numbers of v row by row, each of `size` bytes. */
void ad_strided_read(const ad_view *v, void *numbers);

/* Adds numbers that lie row by row to target, a view of writable floats. */
void ad_strided_add(const ad_view *target, const void *numbers);

/* Copies n numbers that lie `step` apart to contiguous memory. */
void ad_strided_pack(size_t size, size_t n, const void *from, int64_t step, void *to);

#endif
