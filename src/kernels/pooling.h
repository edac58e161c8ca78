/* Pooling: the greatest of the numbers that a window sees, or their sum, channel by channel. */
#ifndef ADZE_KERNELS_POOLING_H
#define ADZE_KERNELS_POOLING_H

#include "kernels/convolution.h"

/* What a result sees along an axis: the first number, which of the window's taps that is, and how many there are. */
typedef struct ad_seen {
    int64_t at, tap, count;
} ad_seen;

/* x is [images, big..., channels], results [images, small..., channels]; filters [taps..., channels] or NULL. */
typedef struct ad_pool_form {
    ad_type type;
    int64_t images, channels;
    int64_t big[AD_SPACE], small[AD_SPACE], taps[AD_SPACE],
        hop[AD_SPACE];             /* hop: from tap to tap */
    const ad_seen *seen[AD_SPACE]; /* for each result */
} ad_pool_form;

/* The greatest x + filter, and the tap where it was found first: an integer of the size of a number. A NaN is
 * greater than all numbers. */
void ad_pool_max(ad_workspace *work, const ad_pool_form *f, const void *x, const void *filters,
                 void *y, void *taps);

/* What stands at those taps: the tangents of x and of the filters; either may be NULL. */
void ad_pool_pick(ad_workspace *work, const ad_pool_form *f, const void *taps, const void *tx,
                  const void *tfilters, void *ty);

/* Adds dy where it was found: to dx, and to dfilters. Either may be NULL. */
void ad_pool_unpick(ad_workspace *work, const ad_pool_form *f, const void *taps, const void *dy,
                    void *dx, void *dfilters);

/* The mean of what is there, or with `all` the sum over the number of all taps; and back, added to dx. */
void ad_pool_mean(ad_workspace *work, const ad_pool_form *f, bool all, const void *x, void *y);
void ad_pool_unmean(ad_workspace *work, const ad_pool_form *f, bool all, const void *dy, void *dx);

#endif
