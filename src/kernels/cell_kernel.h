/* Steps of recurrent cells on one thread: what is done number by number between two products. cell_kernel.c is
 * compiled once for each float type and instruction set.
 *
 * A step is of numbers, or of dual numbers: then there are tangents beside the numbers, everywhere. */
#ifndef ADZE_KERNELS_CELL_KERNEL_H
#define ADZE_KERNELS_CELL_KERNEL_H

#include "base/cpu.h"

#include <stdint.h>

typedef enum ad_cell_kind {
    AD_CELL_RNN,
    AD_CELL_GRU,
    AD_CELL_RESET_GRU, /* whose r multiplies h, before the product, and not what comes out */
    AD_CELL_LSTM,
    AD_CELL_COUNT
} ad_cell_kind;

/* One example's numbers: parts, as many numbers each as the state has. */
typedef struct ad_cell_row {
    const void *in, *across; /* x w + b and h u: a part for each gate */
    const void *h, *c;       /* the state before; c is the LSTM's */
    const void *reset; /* of the reset GRU: (r h) u, for the third gate; `across` has two parts */
    void
        *kept; /* for the way back: of the RNN h, of the GRU r, z, n and what r multiplies (or r h),
                   of the LSTM i, f, g, o and tanh(c) */
    void *h_after, *c_after;
    const void *dh, *dc;         /* back: of the state after */
    void *din, *dacross;         /* a part for each gate */
    const void *dreset;          /* of the reset GRU: of r h */
    void *dh_before, *dc_before; /* but for what goes through `across` */
} ad_cell_row;

/* A row of n numbers in each part. t is NULL, or has the tangents. */
typedef void ad_cell_routine(int64_t n, const ad_cell_row *v, const ad_cell_row *t);

typedef struct ad_cell_kernel {
    ad_cell_routine *forward[AD_CELL_COUNT], *back[AD_CELL_COUNT];
    ad_cell_routine *dual_forward[AD_CELL_COUNT], *dual_back[AD_CELL_COUNT];
    /* The reset GRU's, for numbers and dual numbers: before the product of r h, and after that back. */
    ad_cell_routine *gates[2], *gates_back[2];
} ad_cell_kernel;

#define AD_DECLARE_CELLS(isa) extern const ad_cell_kernel ad_cells_f32_##isa, ad_cells_f64_##isa;
AD_ISA_LIST(AD_DECLARE_CELLS)
#undef AD_DECLARE_CELLS

#endif
