/* Operations in space: convolutions, pooling and resizing of signals, images and volumes.
 *
 * Channels come last. x is [n, spatial..., channels], with one to three axes in space, and filters are
 * [spatial..., in, out] with as many. In the structs of options, zero means the usual thing, and each list
 * has an entry for each axis in space, from the first on:
 *
 *     y = ad_convolve(x, filters, (ad_convolution){0});
 *     y = ad_convolve(x, filters, (ad_convolution){.stride = {2, 2}, .same = true});
 *
 * AD_BAD_SHAPE if shapes do not fit; AD_MISUSE for options out of their range. */
#ifndef ADZE_OPS_SPATIAL_H
#define ADZE_OPS_SPATIAL_H

#include "adze/ops/product.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { AD_MAX_SPACE = 3 }; /* axes in space */

/* ---- convolutions ------------------------------------------------------------------- */

/* How filters go over x. Entries are below 2^31. */
typedef struct ad_convolution {
    int64_t stride[AD_MAX_SPACE];   /* from result to result; 0: 1 */
    int64_t dilation[AD_MAX_SPACE]; /* from tap to tap of a filter; 0: 1 */
    int64_t before[AD_MAX_SPACE];   /* zeros before each axis of x; */
    int64_t after[AD_MAX_SPACE];    /* and after it. Negative ones cut x off */
    bool same;                      /* as many zeros as make ceil(extent / stride) results: if the number
                                       is odd, one more after x than before it */
    int64_t groups;                 /* groups of channels, each with its own filters; 0: 1 */
} ad_convolution;

/* y[i, o, :] = the sum over taps k of x[i, o stride + k dilation - before, :] filters[k], a filter being a matrix
 * [in, out]. It is not turned round: this is what mathematics calls correlation. Without `same` an axis has
 * (extent + before + after - dilation (taps - 1) - 1) / stride + 1 results, rounded down.
 *
 * With g groups, filters are [spatial..., in / g, out]: channels come in g groups that follow each other, and each
 * group of results sees its own of x. With groups = in this is a depthwise convolution, out / in results for each
 * channel; a separable one is a depthwise one and then one with filters [1, 1, in, out]. */
AD_API ad_tensor ad_convolve(ad_tensor x, ad_tensor filters, ad_convolution options);

/* A layer in one operation, activation(ad_convolve(x, filters, options) + b), with b [out]. */
AD_API ad_tensor ad_convolve_layer(ad_tensor x, ad_tensor filters, ad_tensor b,
                                   ad_activation activation, ad_convolution options);

/* The transposed convolution, which spreads x: each x[i, o, :] adds x[i, o, :] filters[k] to the place o stride + k
 * dilation - before of y, for every tap k. It goes from the results of an ad_convolve with these options to
 * its x. An axis has (extent - 1) stride + dilation (taps - 1) + 1 - before - after results, or extent
 * stride with `same`. (What other tools call output padding is subtracted from `after`, which may be negative.) With
 * g groups, filters are [spatial..., in / g, out] as well. */
AD_API ad_tensor ad_convolve_transposed(ad_tensor x, ad_tensor filters, ad_convolution options);

/* ---- pooling ------------------------------------------------------------------------ */

/* How windows go over x. Padding is not there: it is no maximum, and does not count in a mean. Entries are
 * below 2^31, and so are all taps of a window; each window must see some of x. */
typedef struct ad_pooling {
    int64_t window[AD_MAX_SPACE];   /* taps along each axis; 0: 1 */
    int64_t stride[AD_MAX_SPACE];   /* from window to window; 0: the window's taps */
    int64_t dilation[AD_MAX_SPACE]; /* from tap to tap; 0: 1 */
    int64_t before[AD_MAX_SPACE];   /* padding, as in ad_convolution */
    int64_t after[AD_MAX_SPACE];
    bool same;
    bool counts_padding; /* means only: padding counts as zeros, as PyTorch has it */
} ad_pooling;

/* The greatest number, or the mean, of each window over [n, spatial..., channels], channel by channel. Of equal
 * numbers the first takes the gradient, and a NaN is greater than all numbers. For one window over everything
 * ("global pooling") take ad_mean_over, or ad_max_over, which shares its gradient among equal numbers. */
AD_API ad_tensor ad_max_pool(ad_tensor x, ad_pooling options);
AD_API ad_tensor ad_mean_pool(ad_tensor x, ad_pooling options);

/* Windows of uneven size: with a = extent / results, window i goes from floor(a (i + u)) - floor(a u) to
 * where the next one begins; or one further if they overlap, but for the last. u is a random number of yours. */
typedef struct ad_fractional_pooling {
    int64_t results[AD_MAX_SPACE]; /* along each axis, up to its extent; 0: the extent */
    double offset[AD_MAX_SPACE];   /* u, in [0, 1) */
    bool overlapping;
} ad_fractional_pooling;

/* The greatest number, or the mean, of windows of uneven size (Graham 2014), otherwise as ad_max_pool and
 * ad_mean_pool. Other random offsets at each step of training keep a net from relying on one grid. */
AD_API ad_tensor ad_fractional_max_pool(ad_tensor x, ad_fractional_pooling options);
AD_API ad_tensor ad_fractional_mean_pool(ad_tensor x, ad_fractional_pooling options);

/* ---- morphology --------------------------------------------------------------------- */

/* y[i, o, c] = the greatest x[i, o stride + k dilation - before, c] + filters[k, c] over the taps k, with filters
 * [spatial..., channels]. Padding is not there. Ties and NaN as in ad_max_pool. options.groups must be 0. */
AD_API ad_tensor ad_dilate(ad_tensor x, ad_tensor filters, ad_convolution options);

/* The least x[...] - filters[k, c], which is -ad_dilate(-x, filters, options). (TensorFlow turns these filters
 * round.) */
AD_API ad_tensor ad_erode(ad_tensor x, ad_tensor filters, ad_convolution options);

/* ---- resizing ----------------------------------------------------------------------- */

typedef enum ad_resampling {
    AD_BILINEAR, /* linear along each axis, however many there are */
    AD_NEAREST,
    AD_BICUBIC,  /* Keys's function with a = -1/2, as JAX and TensorFlow have it (PyTorch: -3/4) */
    AD_AREA,     /* the mean of what lies under a result, by area */
    AD_LANCZOS,  /* sinc(d) sinc(d / 3), for d < 3 */
    AD_RESAMPLING_COUNT
} ad_resampling;

typedef struct ad_resizing {
    int64_t extent[AD_MAX_SPACE]; /* of the result along each axis in space; 0: that of x */
    ad_resampling method;
    bool antialias; /* where the result is smaller: the function is as much wider; as JAX does by default */
} ad_resizing;

/* Images, signals and volumes of another size. Pixels are areas, so that result i lies at (i + 1/2) extent of x /
 * extent of y - 1/2 ("half-pixel centres"). Pixels outside do not count, and weights sum to 1. (ad_depth_to_space and
 * ad_space_to_depth are in shape.h.) */
AD_API ad_tensor ad_resize(ad_tensor x, ad_resizing options);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
