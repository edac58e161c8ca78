/* Elementwise work over broadcast, strided operands, and sums of it.
 *
 * A kernel sees only short runs of numbers that lie together; this is the one place that walks the
 * axes, repeats what is broadcast, packs what is strided, sums what broadcasting repeated
 * (un-broadcasting), and shares large work among threads. Sums are kept in f64 whatever the
 * type, in an order that depends on the shapes alone. */
#ifndef ADZE_KERNELS_MAP_H
#define ADZE_KERNELS_MAP_H

#include "adze/array.h"
#include "base/workspace.h"

/* out[i] = f(in[0][i], in[1][i], ...) for i < n; with add, out[i] += .... out and in do not
 * overlap. */
typedef void ad_block(size_t n, const void *const *in, void *out, bool add);

/* One block for each instruction set, all with the same results. */
typedef struct ad_kernel {
    ad_block *of[AD_ISA_COUNT];
} ad_kernel;

/* One kernel for each float type, in the order of ad_type. */
typedef struct ad_blocks {
    ad_kernel of[2]; /* [AD_F32], [AD_F64] */
} ad_blocks;

/* Runs a kernel over `shape`, to which the n operands (up to 5) broadcast. out lies row by row,
 * its elements have `size` bytes. */
void ad_map(ad_workspace *work, const ad_shape *shape, const ad_kernel *kernel, int n,
            const ad_view *in, size_t size, void *out, bool add);

/* The same with a block that finds its environment in in[AD_ENV] (runs.h). */
void ad_map_block(ad_workspace *work, const ad_shape *shape, ad_block *block, const void *env,
                  int n, const ad_view *in, size_t size, void *out, bool add);

/* ad_map at once, for a run of numbers that lie together in all operands (run is that of the rule's
 * arguments). False, and nothing done, where there is none, or one so long that threads may share it. */
enum { AD_MAP_ALONE = 1 << 15 };

static inline bool ad_map_run(const ad_workspace *work, const ad_kernel *kernel, size_t run,
                              const void *const *in, void *out, bool add)
{
    if (run == 0 || run >= AD_MAP_ALONE)
        return false;
    kernel->of[ad_work_isa(work)](run, in, out, add);
    return true;
}

/* ad_map, summed over what `target` repeats in shape (target broadcasts to it): the sums, in
 * target's order, in scratch memory. NULL when memory ran out. type is that of the kernel's
 * results. kernel NULL sums the one operand itself. */
double *ad_map_sum(ad_workspace *work, const ad_shape *shape, const ad_kernel *kernel, int n,
                   const ad_view *in, ad_type type, const ad_shape *target);

/* The same with a block and its environment. */
double *ad_sum_block(ad_workspace *work, const ad_shape *shape, ad_block *block, const void *env,
                     int n, const ad_view *in, ad_type type, const ad_shape *target);

/* ad_map or ad_map_sum, as out's shape asks: what a pullback wants. out is a float array. */
void ad_map_into(ad_workspace *work, const ad_shape *shape, const ad_blocks *blocks, int n,
                 const ad_view *in, const ad_array *out, bool add);

/* The kernels of the one operand itself. */
extern const ad_blocks ad_itself;

/* Adds n rows of *in[1] (a size_t) numbers to as many f64 sums. */
extern const ad_blocks ad_sum_rows;

/* Adds the later of several copies of `count` sums to the first, in order. */
void ad_add_parts(size_t parts, size_t count, double *sums);

/* out[i] = sums[i], or += with add. */
void ad_store_sums(size_t n, const double *sums, ad_type type, void *out, bool add);

#endif
