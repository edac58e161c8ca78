/* Elementwise work over broadcast, strided operands, and sums of it.
 *
 * A kernel sees only short runs of numbers that lie together; this is the one place that walks the
 * axes, repeats what is broadcast, packs what is strided, and sums what
 * broadcasting repeated (un-broadcasting). Sums are kept in f64 whatever the type. */
#ifndef ADZE_OPS_MAP_H
#define ADZE_OPS_MAP_H

#include "adze/op.h"

/* out[i] = f(in[0][i], in[1][i], ...) for i < n; with add, out[i] += .... out and in do not
 * overlap. */
typedef void ad_block(size_t n, const void *const *in, void *out, bool add);

/* One kernel for each float type, in the order of ad_type. */
typedef struct ad_blocks {
    ad_block *of[2]; /* [AD_F32], [AD_F64] */
} ad_blocks;

/* Runs a block over `shape`, to which the n operands (up to 5) broadcast. out lies row by row,
 * its elements have `size` bytes. */
void ad_map(const ad_shape *shape, ad_block *block, int n, const ad_view *in, size_t size,
            void *out, bool add);

/* The same, summed over what `target` repeats in shape (target broadcasts to it): the sums, in
 * target's order, in scratch memory. NULL when memory ran out. type is that of the block's
 * results. block NULL sums the one operand itself. */
double *ad_map_sum(ad_workspace *work, const ad_shape *shape, ad_block *block, int n,
                   const ad_view *in, ad_type type, const ad_shape *target);

/* Either of them, as out's shape asks: what a pullback wants. out is a float array. */
void ad_map_into(ad_workspace *work, const ad_shape *shape, const ad_blocks *blocks, int n,
                 const ad_view *in, const ad_array *out, bool add);

/* The block of the one operand itself. */
extern const ad_blocks ad_itself;

/* out[i] = sums[i], or += with add. */
void ad_store_sums(size_t n, const double *sums, ad_type type, void *out, bool add);

/* The sum of n floats that lie together: always in the same order. */
double ad_sum_run(ad_type type, size_t n, const void *numbers);

#endif
