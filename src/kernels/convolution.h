/* Convolutions: the three products of a large array, a small one and filters.
 *
 *     small[o] = sum of big[o stride + k dilation - before] filter[k] over the taps k
 *
 * is the forward product; the other two compute big from small, and the filters from both. Each is the pullback of
 * the others, so a transposed convolution is the second of them. There are three axes in space: those that an array
 * does not have come first, with extent 1. Channels lie together, and each group has its own.
 *
 * Work is shared at places that depend on the shapes alone: the bits do not depend on the threads. */
#ifndef ADZE_KERNELS_CONVOLUTION_H
#define ADZE_KERNELS_CONVOLUTION_H

#include "kernels/gemm.h"

enum { AD_SPACE = 3 }; /* axes */

/* What happens along an axis. */
typedef struct ad_window {
    int64_t big, small; /* extents */
    int64_t taps, stride, dilation, before;
} ad_window;

typedef struct ad_convolution_form {
    ad_type type;
    int64_t images, groups;
    int64_t big_channels, small_channels; /* of a group */
    ad_window axis[AD_SPACE];
    /* Where a filter has its numbers, in elements: from tap to tap, and so on. */
    int64_t tap_step, big_step, small_step, group_step;
} ad_convolution_form;

/* Each writes its result, or adds to it with add. `then` follows lines of pixels and may be NULL. All numbers lie row
 * by row. Nothing happens but a noted failure when memory runs out. */
void ad_convolve_to_small(ad_workspace *work, const ad_convolution_form *f, const void *big,
                          const void *filters, bool add, void *small, const ad_epilogue *then);
void ad_convolve_to_big(ad_workspace *work, const ad_convolution_form *f, const void *small,
                        const void *filters, bool add, void *big);
void ad_convolve_to_filters(ad_workspace *work, const ad_convolution_form *f, const void *big,
                            const void *small, bool add, void *filters);

#endif
