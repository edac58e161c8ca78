/* Operations in space: convolutions of signals, images and volumes.
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

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
