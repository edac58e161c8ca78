/* Small matrices of f64, and the small blocks that large ones are cut into. factor_kernel.c is compiled once for each
 * instruction set; factor.c chooses among the results.
 *
 * Many small matrices go across the lanes of vectors: lane k of each vector belongs to matrix k. So no matrix is too
 * small for vectors, and each has the same bits whatever stands beside it. */
#ifndef ADZE_KERNELS_FACTOR_KERNEL_H
#define ADZE_KERNELS_FACTOR_KERNEL_H

#include "base/cpu.h"

#include <stdint.h>

enum {
    AD_SMALL = 16, /* rows and columns that a matrix may have to go into a lane */
    AD_BASE = 32,  /* and those of a block that is not cut any more */
    AD_SMALL_ROOM = (3 * AD_SMALL * AD_SMALL + 1) * 64 /* one vector to begin at a multiple of 64 */
};

/* Operands lie row by row, one matrix after another. They are described as they lie. */
typedef struct ad_small_task {
    int64_t count;
    const double *a, *b;
    double *c;
    int64_t a_rows, a_columns, b_rows, b_columns, c_rows, c_columns;
    unsigned flags;
    int64_t *order;
    void *room; /* AD_SMALL_ROOM bytes */
} ad_small_task;

typedef void ad_small_kernel(const ad_small_task *t);

/* The numbers of one side of a square; number [i, j] is at[i row + j column]. */
typedef struct ad_triangle {
    const double *at;
    int64_t n, row, column;
    bool upper, unit;
} ad_triangle;

typedef struct ad_factor_kernel {
    /* Across the lanes; c is what each makes, mostly of what was in it. */
    ad_small_kernel *multiply;      /* c (=, +=, -=) a b, with flags of factor.h */
    ad_small_kernel *substitute;    /* c becomes x with a x = c, or x a = c */
    ad_small_kernel *cholesky;      /* c becomes its factor, with zeros above */
    ad_small_kernel *cholesky_back; /* the cotangent of the factor a becomes that of its triangle */
    ad_small_kernel *lu;            /* c becomes L and U; the order of its rows goes to order */
    ad_small_kernel *eigh;          /* c becomes diagonal; vectors go to the rows of a */

    /* One block of up to AD_BASE rows and columns. */
    void (*cholesky_block)(double *a, int64_t n, int64_t step);
    void (*cholesky_back_block)(const double *l, double *g, int64_t n, int64_t step);
    void (*left_block)(const ad_triangle *t, double *x, int64_t columns, int64_t step);
    void (*right_block)(const ad_triangle *t, double *x, int64_t rows, int64_t step);

    /* Columns `from` to `to` of n rows, with those rows swapped whole. */
    void (*lu_panel)(double *a, int64_t n, int64_t from, int64_t to, int64_t *order);
} ad_factor_kernel;

#define AD_DECLARE_FACTORS(isa) extern const ad_factor_kernel ad_factors_##isa;
AD_ISA_LIST(AD_DECLARE_FACTORS)
#undef AD_DECLARE_FACTORS

#endif
