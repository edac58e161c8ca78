/* Common parts of linear algebra: operands as batches of matrices in f64, and results as they are wanted.
 *
 * Everything is computed in f64 whatever the type, as sums are. A rule reads its operands as ad_matrices, writes down
 * its formula with them, and stores what comes of it. All matrices are in scratch memory; where that runs out, data is
 * NULL, and every function here then does nothing but pass it on. */
#ifndef ADZE_OPS_LINALG_LINALG_H
#define ADZE_OPS_LINALG_LINALG_H

#include "adze/op.h"
#include "adze/ops.h"
#include "kernels/factor.h"

/* Shape rules: a batch of square matrices, the reason why not else; the result as operand 0. */
const char *ad_square_shape(const ad_shape *x);
const char *ad_square_first(const ad_shape *x, const void *attr, ad_shape *y);

/* A shape rule for systems a x = b, or x a = b: a is square, and b fits. Their batches are equal, or broadcast. */
const char *ad_system_shape(const ad_shape *x, bool right, bool broadcasts, ad_shape *y);

/* Applies the op of a system to operands that fit its form, once their batches are equal. */
ad_tensor ad_apply_system(const ad_op *form, const ad_op *op, const ad_tensor *x, const void *attr);

/* How many matrices a shape has. */
int64_t ad_batch_count(const ad_shape *shape);

/* The last two axes of a view as matrices, to be read: where they are f64, its own numbers. */
ad_matrices ad_read_matrices(ad_workspace *work, const ad_view *v);

/* A copy, to be written. */
ad_matrices ad_take_matrices(ad_workspace *work, const ad_view *v);

/* Stores matrices, or adds them. Does nothing where they have no data. */
void ad_store_matrices(const ad_matrices *m, const ad_array *to, bool add);

/* New matrices of the shape of others, uninitialised or zeros; a product, with flags of ad_matrices_multiply. */
ad_matrices ad_matrices_like(ad_workspace *work, const ad_matrices *m);
ad_matrices ad_zeros_like(ad_workspace *work, const ad_matrices *m);
ad_matrices ad_times(ad_workspace *work, const ad_matrices *a, const ad_matrices *b,
                     unsigned flags);

/* c (+=, -=) a b, if all have data. */
void ad_add_times(ad_workspace *work, const ad_matrices *a, const ad_matrices *b,
                  const ad_matrices *c, unsigned flags);

/* x of t x = b in the place of b, if both have data. */
void ad_substitute(ad_workspace *work, const ad_matrices *t, const ad_matrices *b, unsigned how);

/* a += s b, a *= s */
void ad_add_matrices(const ad_matrices *a, double s, const ad_matrices *b);
void ad_scale_matrices(const ad_matrices *a, double s);

/* (a + a^T) / 2 in the place of a. */
void ad_symmetrise(const ad_matrices *a);

/* The lower triangle, mirrored, in the place of a; the lower triangle with half the diagonal, and zeros. */
void ad_mirror_lower(const ad_matrices *a);
void ad_halve_lower(const ad_matrices *a);

/* A check of values: all numbers of operand 0 are finite. Where they are not, the iterations of eigh and svd would not
 * end, or end at numbers that mean nothing. */
void ad_check_finite(const ad_forward_args *c);

/* The place of matrix k in messages: " of matrix [2, 0]", or nothing where there is no batch. Returns text. */
enum { AD_PLACE_TEXT = 128 };
const char *ad_matrix_place(const ad_shape *shape, int64_t k, char *text);

#endif
