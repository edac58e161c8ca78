/* Linear algebra by plain loops, as textbooks have it: for one matrix of f64 that lies row by row. */
#ifndef BENCH_BARE_LINALG_H
#define BENCH_BARE_LINALG_H

#include <stdint.h>

/* The lower factor in the place of the lower triangle. */
void bare_cholesky(int64_t n, double *a);

/* From the cotangent g of the factor l that of the matrix, symmetric, in its place. */
void bare_cholesky_back(int64_t n, const double *l, double *g);

/* x of a x = b in the place of b, and L and U of a in its place, with the order of rows; then of a^T x = b. */
void bare_solve(int64_t n, double *a, int64_t *order, double *b);
void bare_solve_back(int64_t n, const double *lu, const int64_t *order, const double *b, double *x);

/* Eigenvalues of a symmetric a on its diagonal, vectors in the columns of v, in any order. */
void bare_eigh(int64_t n, double *a, double *v);

/* x of l x = b in the place of b, or of l^T x = b. */
void bare_lower(int64_t n, const double *l, double *b);
void bare_lower_back(int64_t n, const double *l, double *b);

#endif
