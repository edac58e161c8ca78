/* Work on some rows at once whose numbers lie together. row_kernel.c is compiled once for each float type
 * and instruction set; rows.c chooses among the results.
 *
 * The numbers of a row are taken in tiles of 16. What is left of each row is copied and filled up to a
 * tile, with numbers that change nothing, so that no loop has an end of its own. */
#ifndef ADZE_KERNELS_ROW_KERNEL_H
#define ADZE_KERNELS_ROW_KERNEL_H

#include "base/cpu.h"

#include <stdbool.h>

enum {
    AD_ROW_LANES = 16, /* numbers of a tile, and lanes that take the numbers of a row in turn */
    AD_ROW_SET = 64 /* rows at most, and room for as many numbers where there is one for each row */
};

/* The numbers of an operand: rows that lie one after another, and the tiles of what is left of them. */
typedef struct ad_row_data {
    void *rows, *rests;
} ad_row_data;

/* To read the ends of long rows first would lead the machine, which fetches ahead, astray. So of the first rows of a
 * late operand, `sum` and `dot` fill the tiles when they come to them. They read a tile there, not only what is left. */
typedef struct ad_row_extent {
    size_t count, length, whole; /* rows, and numbers of each; of these in whole tiles */
    size_t late;                 /* rows whose tiles are filled late */
} ad_row_extent;

/* Finds a number for each row; false if there may be a NaN. */
typedef void ad_row_fold(const ad_row_extent *e, ad_row_data x, double *found);
typedef bool ad_row_search(const ad_row_extent *e, ad_row_data x, double *found);

/* Makes rows, or adds to them, out of rows x and z, and of numbers a and b for each row. Where there is no z in the
 * expression, it is any rows, and b may be NULL. */
typedef void ad_row_map(const ad_row_extent *e, ad_row_data x, ad_row_data z, const double *a,
                        const double *b, ad_row_data out, bool add);

/* Sums are those of 16 lanes, each in order, and then of halves; in f64. */
typedef struct ad_row_kernel {
    ad_row_fold *top; /* the greatest x, but for NaN */
    ad_row_search *greatest, *least;
    ad_row_fold *sum;
    void (*dot)(const ad_row_extent *e, ad_row_data x, ad_row_data z, double *found);
    void (*power_sum)(const ad_row_extent *e, ad_row_data x, const double *a,
                      double *found); /* of exp(x - a) */
    void (*ties)(const ad_row_extent *e, ad_row_data x, const double *a,
                 double *found); /* how many x are a, where NaN is NaN */
    void (*scale)(const ad_row_extent *e, const double *a, ad_row_data out); /* out *= a */
    void (*fill)(const ad_row_extent *e, const double *a, void *out,
                 bool add);                  /* a; without rests */
    ad_row_map *power;                       /* exp(x - a) */
    ad_row_map *less;                        /* x - a */
    ad_row_map *below;                       /* (x - a) - b */
    ad_row_map *slope;                       /* x (z - a) */
    ad_row_map *log_slope;                   /* z - exp(x) a */
    ad_row_map *tied;                        /* b where x is a, else 0 */
    ad_row_map *along;                       /* exp(x - a) b, by the rule of kernels/vanishing.h */
    void (*shares)(size_t count, double *x); /* 1 / x, or 0 for 0 */
    void (*logs)(size_t count, double *x);
} ad_row_kernel;

#define AD_DECLARE_ROWS(isa) extern const ad_row_kernel ad_rows_f32_##isa, ad_rows_f64_##isa;
AD_ISA_LIST(AD_DECLARE_ROWS)
#undef AD_DECLARE_ROWS

#endif
