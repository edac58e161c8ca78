/* Inner loops of convolutions. convolution_kernel.c is compiled once for each float type and instruction set;
 * convolution.c chooses among the results. */
#ifndef ADZE_KERNELS_CONVOLUTION_KERNEL_H
#define ADZE_KERNELS_CONVOLUTION_KERNEL_H

#include "base/cpu.h"

#include <stdint.h>

/* c (+)= a b, where the terms of a come in runs: run r begins at a + run[r], and its `length` terms are a_term apart.
 * So no patch of an image is ever copied: its lines are runs. Steps are in elements. */
typedef struct ad_tile_product {
    int64_t rows, columns; /* columns: up to two vectors */
    const void *a, *b;     /* b: whole vectors, one row for each term */
    void *c;
    int64_t a_row, a_term, b_term, c_row;
    const int64_t *run; /* one more than there are runs; the last is not used */
    int64_t runs, length;
    bool add;
} ad_tile_product;

/* The same channel by channel, for `columns` channels: c[i] (+)= the sum of a[i + run[r]] b[r]. */
typedef struct ad_channel_product {
    int64_t rows, columns;
    const void *a, *b;
    void *c;
    int64_t a_row, b_row, c_row;
    const int64_t *run;
    int64_t runs;
    bool add;
} ad_channel_product;

/* And their sums over pixels: c[r] += the sum of a[i + run[r]] b[i] over the rows i. */
typedef struct ad_channel_sum {
    int64_t rows, columns; /* columns: whole vectors in c */
    const void *a, *b;
    void *c;
    int64_t a_row, b_row, c_row;
    const int64_t *run;
    int64_t runs;
} ad_channel_sum;

typedef struct ad_convolution_kernel {
    int64_t lanes; /* numbers in a vector */
    void (*multiply)(const ad_tile_product *p);
    /* For few columns and runs of whole vectors of terms, which lie together: b holds a vector of terms for each
     * column in turn. */
    void (*multiply_dots)(const ad_tile_product *p);
    void (*multiply_channels)(const ad_channel_product *p);
    void (*sum_channels)(const ad_channel_sum *p);
    /* to[i to_step] (+)= from[i from_step] */
    void (*copy)(int64_t n, const void *from, int64_t from_step, void *to, int64_t to_step,
                 bool add);
    /* n pixels, with zeros after their channels */
    void (*widen)(int64_t n, int64_t channels, const void *from, int64_t from_step, void *to,
                  int64_t to_step);
    /* to[i] (+)= the sum of `each` numbers that follow each other, for n sums */
    void (*fold)(int64_t n, int64_t each, const void *from, void *to, bool add);
} ad_convolution_kernel;

#define AD_DECLARE_CONVOLUTION(isa) \
    extern const ad_convolution_kernel ad_convolution_f32_##isa, ad_convolution_f64_##isa;
AD_ISA_LIST(AD_DECLARE_CONVOLUTION)
#undef AD_DECLARE_CONVOLUTION

#endif
