/* The products of a convolution that make pixels, line by line; and the one that makes filters. */
#ifndef ADZE_KERNELS_CONVOLUTION_LINES_H
#define ADZE_KERNELS_CONVOLUTION_LINES_H

#include "kernels/convolution.h"
#include "kernels/convolution_kernel.h"

/* y (+)= the pixels that x and the filters give: small ones of big ones, or back. Nothing is empty. */
typedef struct ad_pixel_product {
    const ad_convolution_form *form;
    const ad_convolution_kernel *kernel;
    bool back;
    const void *x, *filters;
    void *y;
    bool add;
    const ad_epilogue *then; /* or NULL; not for the way back */
} ad_pixel_product;

void ad_convolve_lines(ad_workspace *work, const ad_pixel_product *l);

/* filters (+)= what big and small pixels give. Nothing is empty. */
typedef struct ad_filter_product {
    const ad_convolution_form *form;
    const ad_convolution_kernel *kernel;
    const void *big, *small;
    void *filters;
    bool add;
} ad_filter_product;

void ad_convolve_filters(ad_workspace *work, const ad_filter_product *l);

#endif
