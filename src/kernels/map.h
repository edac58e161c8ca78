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

/* out[i] = f(in[0][from + i], in[1][from + i], ...) for i < n. out and in do not overlap. */
typedef void ad_block(size_t from, size_t n, const void *const *in, void *out);

/* One block for each instruction set, all with the same results. Those after the first take whole vectors only. */
typedef struct ad_kernel {
    ad_block *of[AD_ISA_COUNT];
    ad_block *add[AD_ISA_COUNT]; /* out[i] += ...; NULL: adding is done apart */
} ad_kernel;

/* One kernel for each float type, in the order of ad_type. */
typedef struct ad_blocks {
    ad_kernel of[2]; /* [AD_F32], [AD_F64] */
} ad_blocks;

void ad_kernel_run_parts(const ad_kernel *kernel, ad_isa best, size_t size, size_t from, size_t n,
                         const void *const *in, void *out, bool add);

/* Runs a kernel, whose results have `size` bytes (1, 4 or 8), on a run of numbers that lie together:
 * as many as fill vectors of the widest instruction set, then those left that fill vectors of the
 * next, and so on. With add, results are floats. */
static inline void ad_kernel_run(const ad_kernel *kernel, ad_isa best, size_t size, size_t from,
                                 size_t n, const void *const *in, void *out, bool add)
{
    ad_block *const *block = add ? kernel->add : kernel->of;
    ad_isa isa = ad_isa_for(best, n * size);
    if ((!add || kernel->add[0]) && ad_isa_fills(isa, n * size)) /* the commonest runs */
        block[isa](from, n, in, out);
    else
        ad_kernel_run_parts(kernel, best, size, from, n, in, out, add);
}

/* The bytes of a number of f32 or f64. */
static inline size_t ad_float_size(ad_type type)
{
    return type == AD_F32 ? sizeof(float) : sizeof(double);
}

/* Runs a kernel over `shape`, to which the n operands (up to 5) broadcast. out lies row by row,
 * its elements have `size` bytes. */
void ad_map(ad_workspace *work, const ad_shape *shape, const ad_kernel *kernel, int n,
            const ad_view *in, size_t size, void *out, bool add);

/* The same with an environment, which blocks find in in[AD_ENV] (runs.h). */
void ad_map_with(ad_workspace *work, const ad_shape *shape, const ad_kernel *kernel,
                 const void *env, int n, const ad_view *in, size_t size, void *out, bool add);

/* ad_map at once, for a run of numbers that lie together in all operands (run is that of the rule's
 * arguments). False, and nothing done, where there is none, or one so long that threads may share it. */
enum { AD_MAP_ALONE = 1 << 15 };

static inline bool ad_map_run(const ad_workspace *work, const ad_kernel *kernel, size_t size,
                              size_t run, const void *const *in, void *out, bool add)
{
    if (run == 0 || run >= AD_MAP_ALONE)
        return false;
    ad_kernel_run(kernel, ad_work_isa(work), size, 0, run, in, out, add);
    return true;
}

/* ad_map, summed over what `target` repeats in shape (target broadcasts to it): the sums, in
 * target's order, in scratch memory. NULL when memory ran out. type is that of the kernel's
 * results. kernel NULL sums the one operand itself. */
double *ad_map_sum(ad_workspace *work, const ad_shape *shape, const ad_kernel *kernel, int n,
                   const ad_view *in, ad_type type, const ad_shape *target);

/* The same with an environment. */
double *ad_map_sum_with(ad_workspace *work, const ad_shape *shape, const ad_kernel *kernel,
                        const void *env, int n, const ad_view *in, ad_type type,
                        const ad_shape *target);

/* ad_map or ad_map_sum, as out's shape asks: what a pullback wants. out is a float array. */
void ad_map_into(ad_workspace *work, const ad_shape *shape, const ad_blocks *blocks, int n,
                 const ad_view *in, const ad_array *out, bool add);

/* ad_map and ad_map_sum for a kernel that computes in f64 whatever the operands' float type: f32 numbers are
 * widened on the way in, and results rounded to the type that is asked for. */
void ad_map_f64(ad_workspace *work, const ad_shape *shape, const ad_kernel *kernel, int n,
                const ad_view *in, const ad_array *out, bool add);
double *ad_map_sum_f64(ad_workspace *work, const ad_shape *shape, const ad_kernel *kernel, int n,
                       const ad_view *in, ad_type type, const ad_shape *target);

/* The kernels of the one operand itself, and in the other float type. */
extern const ad_blocks ad_itself;
extern const ad_kernel ad_widened, ad_narrowed;

/* Adds n numbers to f64 sums: all of them to one sum; each to its own; or n rows of so many columns, each
 * column to its sum. far: they come from memory. */
typedef void ad_adder(size_t n, size_t columns, bool far, const void *x, double *sums);

typedef struct ad_adders {
    ad_adder *of[2][AD_ISA_COUNT]; /* [AD_F32], [AD_F64] */
} ad_adders;

extern const ad_adders ad_sum_rows;

/* Adds the later of several copies of `count` sums to the first, in order. */
void ad_add_parts(size_t parts, size_t count, double *sums);

/* out[i] = sums[i], or += with add. */
void ad_store_sums(size_t n, const double *sums, ad_type type, void *out, bool add);

#endif
