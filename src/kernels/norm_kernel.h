/* Normalisation on one thread: xh = (x - mean) scale, y = xh gain + bias, and back. norm_kernel.c is compiled once
 * for each float type and instruction set; norms.c chooses among the results.
 *
 * Numbers are normalised row by row, or down the columns of a matrix. Sums are of 16 lanes, or of a column in order;
 * in f64, but that back along a row up to 64 numbers of a lane, and down a column up to 32, are first added in the
 * numbers' own type. A mean counts in two parts of that type, so that x - mean is as exact as x is. */
#ifndef ADZE_KERNELS_NORM_KERNEL_H
#define ADZE_KERNELS_NORM_KERNEL_H

#include "base/cpu.h"

#include <stdbool.h>

/* Some rows, each normalised by itself. */
typedef struct ad_norm_rows {
    size_t count, length;
    bool centred;            /* else the mean is 0 */
    double divisor, epsilon; /* scale = 1 / sqrt(sum((x - mean)^2) / divisor + epsilon) */
    const void *x, *gain;
    double *mean, *scale; /* of each row */
    const void *bias;     /* forward: or NULL */
    void *y;
    const void *dy;        /* back */
    void *dx;              /* or NULL */
    bool add;              /* to dx */
    double *dgain, *dbias; /* of each column: are added to */
    void *room;            /* for 2 length numbers */
} ad_norm_rows;

/* Some rows of a matrix whose columns have factors of their own; numbers but for the sums. */
typedef struct ad_norm_columns {
    size_t count, length; /* rows and columns */
    const void *x, *dy;
    const void *high, *low; /* the parts of each column's mean */
    const void *factor[3];
    double *sums[2]; /* of each column: are assigned */
    void *out;
    bool add;
} ad_norm_columns;

typedef void ad_norm_rows_routine(const ad_norm_rows *r);
typedef void ad_norm_columns_routine(const ad_norm_columns *c);

/* d is x - mean; a, b and c are the factors. */
typedef struct ad_norm_kernel {
    ad_norm_rows_routine *forward, *back;
    ad_norm_columns_routine *sum;     /* sum(d) */
    ad_norm_columns_routine *squares; /* sum(d^2) */
    ad_norm_columns_routine *both;    /* sum(dy), sum(dy (d a)) */
    ad_norm_columns_routine *apply;   /* d a + b */
    ad_norm_columns_routine *slope;   /* (dy a - d b) - c */
} ad_norm_kernel;

#define AD_DECLARE_NORMS(isa) extern const ad_norm_kernel ad_norms_f32_##isa, ad_norms_f64_##isa;
AD_ISA_LIST(AD_DECLARE_NORMS)
#undef AD_DECLARE_NORMS

#endif
