/* Products of matrices and vectors, and sums of products over named axes. */
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

/* Einstein's summation: axes have letters, elements are multiplied where equal letters have equal
 * indices, and the products are summed over each letter that is not in the result. There is a part
 * for each of the n operands, with commas between them, and the result follows an arrow:
 * "ij,jk->ik" is the product of matrices, "bqhd,bkhd->bhqk" the scores of attention, "bii->b" the
 * traces of a batch.
 *
 * Without an arrow the result has the letters that stand once, sorted. An ellipsis (...) stands for
 * any number of axes, which broadcast. Operands are multiplied from left to right, and where both
 * of a step have an axis to sum over, the step is one ad_matmul: write first what becomes small.
 *
 * AD_MISUSE for a specification that cannot be read, AD_BAD_SHAPE if an operand does not fit its
 * part, if a letter has two extents, or if a result would have more than 8 axes. */
AD_API ad_tensor ad_einsum(int n, const ad_tensor *x, const char *spec);

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
