/* Products of matrices and vectors. */
#ifndef ADZE_OPS_PRODUCT_H
#define ADZE_OPS_PRODUCT_H

#include "adze/tape.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- products ----------------------------------------------------------------------- */

/* The product of matrices: [..., m, k] and [..., k, n] -> [..., m, n]. The axes before the last two
 * broadcast. */
AD_API ad_tensor ad_matmul(ad_tensor a, ad_tensor b);

/* The product of matrix and vector: [..., m, n] and [..., n] -> [..., m]. */
AD_API ad_tensor ad_matvec(ad_tensor a, ad_tensor x);

/* The sum of a b: [n] and [n] -> []. */
AD_API ad_tensor ad_dot(ad_tensor a, ad_tensor b);

/* y[i, j] = a[i] b[j]: [m] and [n] -> [m, n]. */
AD_API ad_tensor ad_outer(ad_tensor a, ad_tensor b);

typedef enum ad_activation {
    AD_IDENTITY,
    AD_RELU,
    AD_TANH,
    AD_SIGMOID,
    AD_ACTIVATION_COUNT
} ad_activation;

/* A layer in one operation, activation(x w + b): x [n, inputs], w [inputs, outputs], b [outputs] ->
 * [n, outputs]. Its bits are those of the single operations. */
AD_API ad_tensor ad_dense(ad_tensor x, ad_tensor w, ad_tensor b, ad_activation activation);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
