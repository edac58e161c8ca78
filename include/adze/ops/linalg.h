/* Linear algebra. A matrix is the last two axes, [..., rows, columns]; those before them are a
 * batch.
 *
 * Everything is computed in f64, whatever the type. Complex numbers are no number type of adze: a
 * complex matrix A + iB acts on pairs of real numbers as the real matrix [[A, -B], [B, A]]. */
#ifndef ADZE_OPS_LINALG_H
#define ADZE_OPS_LINALG_H

#include "adze/tape.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- factors and systems ------------------------------------------------------------ */

/* The lower triangular L with L L^T = a, for a symmetric positive definite a. The lower triangle
 * of a is read; the gradient is symmetric, as if (a + a^T) / 2 were given. AD_DOMAIN, with the
 * pivot's place and value, if a is not positive definite. */
AD_API ad_tensor ad_cholesky(ad_tensor a);

/* How a triangle is read: 0, or any of these. */
enum {
    AD_UPPER = 1,         /* the upper triangle of t; else the lower */
    AD_TRANSPOSED = 2,    /* then transposed */
    AD_UNIT_DIAGONAL = 4, /* with ones on the diagonal, whatever t has there */
    AD_RIGHT = 8          /* x t = b; else t x = b */
};

/* x with t x = b: t [..., n, n] and b [..., n, m] -> [..., n, m]; or x t = b with b [..., m, n].
 * The batches of t and b broadcast. What is beyond the triangle is not read, and its gradient is
 * 0. AD_DOMAIN if a number of the diagonal is 0; AD_MISUSE for other bits. */
AD_API ad_tensor ad_triangular_solve(ad_tensor t, ad_tensor b, unsigned how);

/* x with a x = b: a [..., n, n] and b [..., n, m] -> [..., n, m], by elimination with partial
 * pivoting. The batches of a and b broadcast. AD_DOMAIN if a is singular. */
AD_API ad_tensor ad_solve(ad_tensor a, ad_tensor b);

/* The inverse of a. AD_DOMAIN if a is singular. For a product a^-1 b, ad_solve is faster and
 * more accurate. */
AD_API ad_tensor ad_inverse(ad_tensor a);

/* ---- orthogonal factors ------------------------------------------------------------- */

typedef struct ad_qr_parts {
    ad_tensor q, r;
} ad_qr_parts;

/* a = q r: a [..., m, n] -> q [..., m, k] and r [..., k, n], with k the lesser of m and n. The
 * columns of q are unit vectors at right angles, r is an upper triangle; its diagonal may be
 * negative, as LAPACK's. Where one of the first k columns depends on those before it, there is
 * no derivative: AD_DOMAIN in the sweep. AD_DOMAIN if a number of a is not finite. */
AD_API ad_qr_parts ad_qr(ad_tensor a);

/* The x with the least sum of squares of a x - b: a [..., m, n] with m >= n, b [..., m, k] ->
 * [..., n, k]. The batches broadcast. AD_DOMAIN if columns of a depend on each other. */
AD_API ad_tensor ad_lstsq(ad_tensor a, ad_tensor b);

/* The pseudo-inverse: [..., m, n] -> [..., n, m]. AD_DOMAIN if a has not full rank. For a
 * product with a right side, ad_lstsq is faster. */
AD_API ad_tensor ad_pinv(ad_tensor a);

/* ---- determinants ------------------------------------------------------------------- */

/* The determinant: [..., n, n] -> [...]. Its derivatives are the cofactors and what follows from
 * them, exact for singular matrices of every rank. */
AD_API ad_tensor ad_det(ad_tensor a);

typedef struct ad_sign_and_log {
    ad_tensor sign, log;
} ad_sign_and_log;

/* The sign of the determinant (1, -1, 0) and log(|det|), which does not overflow. Where a is
 * singular, the sign is 0 and the logarithm -inf; it has no derivative there (AD_DOMAIN in the
 * sweep). The sign's derivative is 0. */
AD_API ad_sign_and_log ad_slogdet(ad_tensor a);

/* log(det(a)): -inf for a singular matrix, which has no derivative (AD_DOMAIN in the sweep);
 * NaN, and a gradient of NaN, where the determinant is negative. */
AD_API ad_tensor ad_logdet(ad_tensor a);

/* ---- eigenvalues and singular values ------------------------------------------------ */

typedef struct ad_eigen {
    ad_tensor values, vectors;
} ad_eigen;

/* The eigenvalues of a symmetric a, [..., n], in ascending order, and unit vectors in the
 * columns of `vectors`, [..., n, n], of either sign: a = vectors diag(values) vectors^T. The
 * lower triangle of a is read; the gradient is symmetric. Where two eigenvalues are equal, their
 * vectors have no derivative: AD_DOMAIN in the sweep if one is asked for. AD_DOMAIN if a number
 * of a is not finite. */
AD_API ad_eigen ad_eigh(ad_tensor a);

/* The eigenvalues alone: they have first derivatives where they are equal, too. A second
 * derivative that couples two equal ones is AD_DOMAIN. */
AD_API ad_tensor ad_eigvalsh(ad_tensor a);

typedef struct ad_svd_parts {
    ad_tensor u, s, v;
} ad_svd_parts;

/* a = u diag(s) v^T: a [..., m, n] -> u [..., m, k], s [..., k] and v [..., n, k], with k the
 * lesser of m and n. s is not negative and in descending order; columns of u and v are unit
 * vectors, their signs not determined. Where two singular values are equal, or one is 0 and a
 * not square, vectors have no derivative: AD_DOMAIN in the sweep if one is asked for. AD_DOMAIN
 * if a number of a is not finite. */
AD_API ad_svd_parts ad_svd(ad_tensor a);

/* The singular values alone: the gradient is u diag(g) v^T, also where values are equal or 0. */
AD_API ad_tensor ad_svdvals(ad_tensor a);

/* The nuclear norm, the sum of the singular values, and the spectral norm, the greatest of them:
 * [..., m, n] -> [...]. (The Frobenius norm is ad_norm_over(a, AD_AXES(-2, -1), 2).) */
AD_API ad_tensor ad_nuclear_norm(ad_tensor a);
AD_API ad_tensor ad_spectral_norm(ad_tensor a);

/* ---- functions of matrices ---------------------------------------------------------- */

/* a^n by repeated squares: the power of the inverse for n < 0 (AD_DOMAIN if a is singular), the
 * identity, a constant, for n = 0. */
AD_API ad_tensor ad_matrix_power(ad_tensor a, int64_t n);

/* The exponential, the sum of a^k / k!, by scaling and squaring of a Pade approximation. */
AD_API ad_tensor ad_expm(ad_tensor a);

/* Kronecker's product: [..., m, n] and [..., p, q] -> [..., m p, n q], each number of a times
 * all of b. The axes before the last two broadcast. Ranks up to 6. */
AD_API ad_tensor ad_kron(ad_tensor a, ad_tensor b);

/* The trace of a b, without the product: [..., m, n] and [..., n, m] -> [...]. The axes before
 * the last two broadcast. */
AD_API ad_tensor ad_trace_of_product(ad_tensor a, ad_tensor b);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
