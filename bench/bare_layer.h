/* A convolution without a tape: patches are copied into a matrix, which BLIS multiplies. Images are [n, side, side,
 * channels], filters [taps, taps, in, out]; by channel, [taps, taps, channels]. */
#ifndef BENCH_BARE_LAYER_H
#define BENCH_BARE_LAYER_H

#include "bench.h"

enum { BARE_PARTS = 64 }; /* at most */

typedef struct bare_layer_spec {
    int64_t n, side, in, taps, out, stride, padding;
    bool depthwise;
} bare_layer_spec;

typedef struct bare_layer {
    bare_layer_spec spec;
    int64_t to, patch; /* the side of results; numbers that one of them sees */
    float *x, *filters, *y, *dy, *dx, *dfilters;
    float *patches, *sums; /* of each part */
    int parts;
} bare_layer;

static inline int64_t bare_image_of(const bare_layer *l)
{
    return l->spec.side * l->spec.side * l->spec.in;
}

static inline int64_t bare_result_of(const bare_layer *l)
{
    return l->to * l->to * l->spec.out;
}

static inline int64_t bare_filters_of(const bare_layer *l)
{
    return l->patch * (l->spec.depthwise ? 1 : l->spec.out);
}

/* x, filters and dy are random numbers. */
bare_layer bare_layer_new(bare_layer_spec spec, int parts);
void bare_layer_free(bare_layer *l);

/* y of an image; and its dx, where it is wanted, and what it adds to the part's own sums of dfilters. */
void bare_layer_forward(const bare_layer *l, int64_t image, int part);
void bare_layer_back(const bare_layer *l, int64_t image, int part, bool wants_dx);

/* A part begins without sums; those of all parts make dfilters. */
void bare_layer_begin(const bare_layer *l, int part);
void bare_layer_add_parts(const bare_layer *l);

#endif
