/* What operations in space share: options made plain, and the results along an axis. */
#ifndef ADZE_OPS_SPATIAL_SPACE_H
#define ADZE_OPS_SPATIAL_SPACE_H

#include "adze/ops.h"
#include "kernels/convolution.h"

/* Zeros that mean 1. */
void ad_space_fill(int64_t entry[AD_MAX_SPACE], int64_t usual);

/* Whether the first AD_MAX_SPACE entries lie in [least, 2^31); if not, an error on x's tape that names them. */
bool ad_space_check(const char *op, int n, const ad_tensor *x, const char *what,
                    const int64_t entry[AD_MAX_SPACE], int64_t least);

/* The same for padding on both sides, beside which there is no `same`. */
bool ad_padding_check(const char *op, int n, const ad_tensor *x, const int64_t before[AD_MAX_SPACE],
                      const int64_t after[AD_MAX_SPACE], bool same);

/* How windows lie along the axes in space; entries are plain. */
typedef struct ad_windows {
    const int64_t *stride, *dilation, *before, *after;
    bool same;
} ad_windows;

/* Windows over an axis, number `axis` in space, of this extent, as many as fit. False if there is none. */
bool ad_window_over(const ad_windows *o, int axis, int64_t extent, int64_t taps, ad_window *w);

/* Windows that are spread over an axis. */
bool ad_window_spread(const ad_windows *o, int axis, int64_t extent, int64_t taps, ad_window *w);

#endif
