/* Eigenvalues and singular values of f64 matrices, many at once, and orthogonal factors. All numbers must be finite.
 * Operands are lost. */
#ifndef ADZE_KERNELS_SPECTRUM_H
#define ADZE_KERNELS_SPECTRUM_H

#include "kernels/factor.h"

/* The eigenvalues w [count, 1, n] of symmetric matrices in ascending order, and unit vectors in the columns of v. The
 * lower triangle of a is read. */
void ad_matrices_eigh(ad_workspace *work, const ad_matrices *a, const ad_matrices *w,
                      const ad_matrices *v);

/* a = u diag(s) v^T, with s [count, 1, k] in descending order, k the lesser of rows and columns; u [rows, k] and v
 * [columns, k] have unit columns, at right angles, whatever the rank. */
void ad_matrices_svd(ad_workspace *work, const ad_matrices *a, const ad_matrices *u,
                     const ad_matrices *s, const ad_matrices *v);

/* a = q r, with q [rows, k] and r [k, columns], an upper triangle. */
void ad_matrices_qr(ad_workspace *work, const ad_matrices *a, const ad_matrices *q,
                    const ad_matrices *r);

#endif
