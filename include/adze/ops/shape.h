/* Operations on shapes: the same elements, arranged in another way.
 *
 * They take any number type. Where strides can express the result, the operations of the first
 * section make a view of x without copying, unbroadcast apart. All others copy. */
#ifndef ADZE_OPS_SHAPE_H
#define ADZE_OPS_SHAPE_H

#include "adze/axes.h"
#include "adze/tape.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- views -------------------------------------------------------------------------- */

AD_API ad_tensor ad_reshape(ad_tensor x, ad_shape shape); /* the elements, row by row, in another
                                                             shape; an extent of -1 is worked out */
AD_API ad_tensor ad_squeeze(ad_tensor x, int axis);       /* x without an axis of extent 1 */
AD_API ad_tensor ad_expand(ad_tensor x, int axis);        /* x with a new axis of extent 1, at
                                                             `axis` of the result */
AD_API ad_tensor ad_transpose(ad_tensor x);               /* x with its last two axes swapped */
AD_API ad_tensor ad_permute(ad_tensor x, ad_axes order);  /* axis i of y is axis order[i] of x */
AD_API ad_tensor ad_flatten(ad_tensor x, int first, int last); /* axes first to last become one */
AD_API ad_tensor ad_flip(ad_tensor x, ad_axes axes);      /* x backwards along these axes */

/* x repeated along the axes that broadcasting to this shape adds or widens. */
AD_API ad_tensor ad_broadcast_to(ad_tensor x, ad_shape shape);

/* x summed over the axes that broadcasting from this shape would add or widen. */
AD_API ad_tensor ad_unbroadcast(ad_tensor x, ad_shape shape);

/* Elements begin to end - 1 along an axis. A negative bound counts from the end. begin > end and a
 * bound beyond the extent are AD_BAD_SHAPE. */
AD_API ad_tensor ad_slice(ad_tensor x, int axis, int64_t begin, int64_t end);

/* A bound that is left out, as in Python's x[::2]. */
#define AD_OPEN INT64_MIN

/* Elements begin, begin + step, ... along an axis, up to but without end: Python's
 * x[begin:end:step], but not clipped: a bound beyond the extent, or the wrong way round, is
 * AD_BAD_SHAPE, as in ad_slice. A step below 0 goes backwards. Either bound may be AD_OPEN. A step
 * of 0 is AD_MISUSE. */
AD_API ad_tensor ad_slice_step(ad_tensor x, int axis, int64_t begin, int64_t end, int64_t step);

/* x with elements begin to end - 1 along an axis replaced by those of values, which has the shape
 * of ad_slice(x, axis, begin, end). Bounds are as there. (For steps, and for other choices,
 * ad_scatter_set takes an index.) */
AD_API ad_tensor ad_slice_assign(ad_tensor x, ad_tensor values, int axis, int64_t begin,
                                 int64_t end);

/* Cuts x along an axis into y[0] to y[n - 1], of these extents; equal ones if extents is NULL.
 * Returns the tape's status; on failure all of y is dead. */
AD_API ad_status ad_split(ad_tensor x, int axis, int n, const int64_t *extents, ad_tensor *y);

/* Cuts x along an axis of extent n into y[0] to y[n - 1], which are without that axis. Returns the
 * tape's status; on failure all of y is dead. */
AD_API ad_status ad_unstack(ad_tensor x, int axis, int n, ad_tensor *y);

/* ---- diagonals ---------------------------------------------------------------------- */
/* Matrices are the last two axes. Diagonal k is the elements [i, i + k]: k > 0 lies above the main
 * one. */

AD_API ad_tensor ad_diagonal(ad_tensor x, int64_t k); /* diagonal k: [..., m, n] -> [..., d], where
                                                         d is its length */
AD_API ad_tensor ad_diag(ad_tensor x, int64_t k);     /* zeros with x on diagonal k: [..., n] ->
                                                         [..., n + |k|, n + |k|] */
AD_API ad_tensor ad_trace(ad_tensor x);               /* the sum of the main diagonal:
                                                         [..., m, n] -> [...] */
AD_API ad_tensor ad_tril(ad_tensor x, int64_t k);     /* x with exact zeros above diagonal k */
AD_API ad_tensor ad_triu(ad_tensor x, int64_t k);     /* x with exact zeros below diagonal k */

/* x with exact zeros outside of a band: `lower` diagonals below the main one stay, and `upper`
 * above it; all of them for a negative number, as in TensorFlow. */
AD_API ad_tensor ad_band_part(ad_tensor x, int64_t lower, int64_t upper);

/* x with diagonal k replaced. The diagonal has the shape of ad_diagonal(x, k), [..., d]. */
AD_API ad_tensor ad_set_diag(ad_tensor x, ad_tensor diagonal, int64_t k);

/* ---- joining ------------------------------------------------------------------------ */
/* An error is recorded on the tape of an operand. If no operand is on a tape (n < 1, x NULL,
 * only numbers), the result is the number NaN, and the ad_tape_status of its tape, NULL, is
 * AD_MISUSE. */

/* n tensors one after another along an axis; their other extents are equal. */
AD_API ad_tensor ad_concat(int n, const ad_tensor *x, int axis);

/* n tensors of one shape, stacked along a new axis, which is axis `axis` of the result. */
AD_API ad_tensor ad_stack(int n, const ad_tensor *x, int axis);

/* ---- moving, repeating, padding ----------------------------------------------------- */

AD_API ad_tensor ad_roll(ad_tensor x, int axis, int64_t shift);   /* y[(i + shift) mod n] = x[i],
                                                                     along an axis of extent n */
AD_API ad_tensor ad_tile(ad_tensor x, int axis, int64_t times);   /* the whole axis, `times` times:
                                                                     a b a b */
AD_API ad_tensor ad_repeat(ad_tensor x, int axis, int64_t times); /* each element, `times` times:
                                                                     a a b b */

/* x with `before` more elements at the beginning of an axis and `after` more at its end, all equal
 * to value. AD_DOMAIN if the type of x cannot hold value. */
AD_API ad_tensor ad_pad(ad_tensor x, int axis, int64_t before, int64_t after, double value);

/* x with `before` more elements at the beginning of an axis and `after` more at its end, mirrored
 * at the first and the last element, which are not repeated: c b a b c b a. AD_BAD_SHAPE unless
 * both are less than the extent. */
AD_API ad_tensor ad_pad_reflect(ad_tensor x, int axis, int64_t before, int64_t after);

/* x with `before` more elements at the beginning of an axis and `after` more at its end, mirrored
 * beyond the first and the last element, which are repeated: b a a b c c b. AD_BAD_SHAPE if one of
 * them is greater than the extent. */
AD_API ad_tensor ad_pad_symmetric(ad_tensor x, int axis, int64_t before, int64_t after);

/* x with `before` copies of the first element at the beginning of an axis and `after` copies of the
 * last at its end. */
AD_API ad_tensor ad_pad_edge(ad_tensor x, int axis, int64_t before, int64_t after);

/* ---- blocks of images --------------------------------------------------------------- */
/* Images are [n, height, width, channels]. Of the channels of a pixel, those for its block are
 * [row, column, channel], as in TensorFlow (torch's pixel_shuffle has the channel first). */

/* Channels become blocks of pixels: [n, h, w, block block c] -> [n, h block, w block, c].
 * AD_BAD_SHAPE unless the channels divide so. */
AD_API ad_tensor ad_depth_to_space(ad_tensor x, int64_t block);

/* Blocks of pixels become channels: [n, h block, w block, c] -> [n, h, w, block block c].
 * AD_BAD_SHAPE unless height and width divide so. */
AD_API ad_tensor ad_space_to_depth(ad_tensor x, int64_t block);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
