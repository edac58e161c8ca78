/* Matrix products: kernels of our own, and the one door to BLIS.
 *
 * Products that are small or narrow, and all products where BLIS has no kernels for this machine's
 * vectors, are our own (gemm_kernel.c, gemm_tall.c). BLIS is called one way only: on one thread, and
 * without its small-matrix path, which reads past the end of its operands and makes bits depend on the
 * number of threads. Nothing that it would abort on reaches it. Work is split over threads
 * along rows or columns, never along the sum: the bits do not depend on it. */
#ifndef ADZE_KERNELS_GEMM_H
#define ADZE_KERNELS_GEMM_H

#include "adze/array.h"
#include "base/workspace.h"

typedef struct ad_matrix {
    const void *data; /* [rows, columns] */
    int64_t rows, columns;
    int64_t row_step, column_step; /* in elements */
} ad_matrix;

ad_matrix ad_matrix_transposed(ad_matrix a);

/* The last two axes of a view, at its first element. */
ad_matrix ad_matrix_of(const ad_view *v);

/* What is to be done to rows of a product as soon as they are there, on any thread. */
typedef struct ad_epilogue {
    void (*run)(const void *user, int64_t begin, int64_t end);
    const void *user;
} ad_epilogue;

/* c = a b, or c += a b with add; c lies row by row, [a.rows, b.columns]. then may be NULL. Nothing
 * happens but a noted failure when memory for packing runs out. */
void ad_gemm(ad_workspace *work, ad_type type, ad_matrix a, ad_matrix b, bool add, void *c,
             const ad_epilogue *then);

/* c += a b, where c is a block of a matrix whose rows lie c_step apart. */
void ad_gemm_add(ad_workspace *work, ad_type type, ad_matrix a, ad_matrix b, void *c,
                 int64_t c_step);

/* Makes BLIS take the memory that its calls need, so that it is not taken (and cannot run
 * out) in the middle of work. */
void ad_gemm_warm_up(void);

#endif
