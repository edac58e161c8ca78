/* Factorisations of matrices, many at once, and what is made with them. All is computed in f64.
 *
 * Many matrices of up to 16 rows and columns go across the lanes of vectors (factor_kernel.c). Others are cut in
 * halves until a block is small, so that most of the work is products. Which way it is depends on the shapes only. */
#ifndef ADZE_KERNELS_FACTOR_H
#define ADZE_KERNELS_FACTOR_H

#include "adze/kernels.h"
#include "base/workspace.h"

/* Matrices that lie row by row, one after another. */
typedef struct ad_matrices {
    double *data; /* NULL: memory ran out */
    int64_t count, rows, columns;
} ad_matrices;

/* Beside AD_ADD, AD_TRANSPOSE_A and AD_TRANSPOSE_B of ad_product: subtract the product. */
enum { AD_SUBTRACT = 8 };

/* c (=, +=, -=) a b */
void ad_matrices_multiply(ad_workspace *work, const ad_matrices *a, const ad_matrices *b,
                          const ad_matrices *c, unsigned flags);

/* How triangles are read. */
enum {
    AD_OF_UPPER = 1,  /* the upper triangle, not the lower */
    AD_TURNED = 2,    /* transposed */
    AD_OF_UNIT = 4,   /* with ones on the diagonal, whatever is there */
    AD_FROM_RIGHT = 8 /* x t = b, not t x = b */
};

/* The solution x of t x = b, in the place of b. */
void ad_matrices_substitute(ad_workspace *work, const ad_matrices *t, const ad_matrices *b,
                            unsigned how);

/* The lower factor L of A = L L^T, in the place of A, of which the lower triangle is read. Where A is not positive
 * definite, the diagonal has a number that is not positive. */
void ad_matrices_cholesky(ad_workspace *work, const ad_matrices *a);

/* From the cotangent of the factor l that of A in its lower triangle, in the place of the lower triangle of g: each
 * number below the diagonal stands for two of A. */
void ad_matrices_cholesky_back(ad_workspace *work, const ad_matrices *l, const ad_matrices *g);

/* L and U, in the place of A, of the rows of A in another order: row i is row order[i] of A. Singular matrices have a 0
 * on the diagonal. */
void ad_matrices_lu(ad_workspace *work, const ad_matrices *a, int64_t *order);

/* The solution x of a x = b, or of a^T x = b, from what lu made of a. x is not b. */
void ad_matrices_lu_solve(ad_workspace *work, const ad_matrices *lu, const int64_t *order,
                          const ad_matrices *b, const ad_matrices *x, bool transposed);

/* Symmetric matrices of up to AD_SMALL rows become diagonal: their eigenvalues, in any order. The rows of v are unit
 * vectors that belong to them. */
void ad_matrices_rotate(ad_workspace *work, const ad_matrices *a, const ad_matrices *v);

/* Matrices in scratch memory, uninitialised; of zeros; a copy; zeros but for ones on the diagonal. */
ad_matrices ad_matrices_new(ad_workspace *work, int64_t count, int64_t rows, int64_t columns);
ad_matrices ad_matrices_zeros(ad_workspace *work, int64_t count, int64_t rows, int64_t columns);
ad_matrices ad_matrices_copy(ad_workspace *work, const ad_matrices *m);
ad_matrices ad_matrices_identity(ad_workspace *work, int64_t count, int64_t n);

static inline size_t ad_matrices_size(const ad_matrices *m)
{
    return (size_t)(m->count * m->rows * m->columns);
}

/* Matrix k. */
static inline double *ad_matrices_at(const ad_matrices *m, int64_t k)
{
    return m->data + k * m->rows * m->columns;
}

#endif
