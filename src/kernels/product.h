/* Matrix products of views, over batch axes that broadcast. */
#ifndef ADZE_KERNELS_PRODUCT_H
#define ADZE_KERNELS_PRODUCT_H

#include "adze/kernels.h"
#include "kernels/gemm.h"

/* ad_product with operands that fit, and have data. */
void ad_multiply(ad_workspace *work, const ad_view *a, const ad_view *b, const ad_array *c,
                 unsigned flags);

/* And then something for the rows of all its matrices, unless it is NULL. */
void ad_multiply_then(ad_workspace *work, const ad_view *a, const ad_view *b, const ad_array *c,
                      unsigned flags, const ad_epilogue *then);

#endif
