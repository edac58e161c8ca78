/* Products of views, over batch axes that broadcast. */
#ifndef ADZE_OPS_PRODUCT_PRODUCT_H
#define ADZE_OPS_PRODUCT_PRODUCT_H

#include "adze/op.h"
#include "kernels/gemm.h"

/* y (+)= a b */
void ad_multiply(ad_workspace *work, const ad_view *a, const ad_view *b, const ad_array *y,
                 bool add);

/* What flows back to the factors, summed over the batch axes that they lack: dx (=, +=) dy b^T, and
 * dx (=, +=) a^T dy. */
void ad_multiply_to_left(ad_workspace *work, const ad_view *dy, const ad_view *b,
                         const ad_array *dx, bool assign);
void ad_multiply_to_right(ad_workspace *work, const ad_view *a, const ad_view *dy,
                          const ad_array *dx, bool assign);

#endif
