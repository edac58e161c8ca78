/* Work on rows of numbers along one axis, many of them side by side.
 *
 * A kernel sees `lanes` rows: number k of row j is number k step + j of each operand. A row whose
 * numbers lie together is cut into AD_ROW_LANES lanes that take its numbers in turn, the first
 * `rest` of them one more than the others; what the lanes have found is then joined. So the loops
 * over lanes become vector instructions in either case. (Of the latter, these are for what is rare,
 * or for one row; many at once are kernels/rows.h.)
 *
 * Kernels are written with the macros below and compiled once for each instruction set. Those of
 * the wide ones take multiples of AD_ROW_LANES lanes only. */
#ifndef ADZE_KERNELS_LANES_H
#define ADZE_KERNELS_LANES_H

#include "base/memory.h"
#include "kernels/kernel.h"
#include "kernels/row_kernel.h"

#include <math.h>

enum { AD_LANES = 64 }; /* and those of one row are AD_ROW_LANES */

typedef struct ad_lanes {
    size_t n, lanes, step, rest;
    bool joined; /* the lanes are one row */
} ad_lanes;

typedef void ad_lane_block(const ad_lanes *l, const void *const *in, void *out, bool add);

typedef struct ad_lane_kernel {
    ad_lane_block *of[AD_ISA_COUNT];
} ad_lane_kernel;

typedef struct ad_lane_blocks {
    ad_lane_kernel of[2]; /* [AD_F32], [AD_F64] */
} ad_lane_blocks;

/* Runs a kernel over all rows along an axis; with add, adds to out. All numbers, those of up to
 * three operands and of out, lie row by row in one shape. */
void ad_lanes_map(ad_workspace *work, int axis, const ad_lane_blocks *blocks, int inputs,
                  const ad_view *in, const ad_array *out, bool add);

/* The lanes of one row whose numbers lie together. */
static inline ad_lanes ad_lanes_of_row(size_t length)
{
    return (ad_lanes){.n = length / AD_ROW_LANES, .rest = length % AD_ROW_LANES, .joined = true};
}

/* ---- writing kernels ---------------------------------------------------------------- */

/* A kernel with this body, which sees n, lanes, step, rest, joined, in, out, add, for rows side by side. A
 * single one does for all instruction sets, and for rows whose numbers lie together, too: for what is rarely
 * computed. */
#define AD_LANES_OF(name, T, ...)      \
    AD_LANE_BODY(name, T, __VA_ARGS__) \
    AD_LANES_FOR(base, 1, name)        \
    AD_EACH_WIDER(AD_LANES_FOR, name)
#define AD_SINGLE_LANES_OF(name, T, ...)                                                           \
    AD_LANE_BODY(name, T, __VA_ARGS__)                                                             \
    static void name##_base(const ad_lanes *l, const void *const *restrict in, void *restrict out, \
                            bool add)                                                              \
    {                                                                                              \
        const bool joined = l->joined;                                                             \
        name##_on(l->n, joined ? AD_ROW_LANES : l->lanes, joined ? AD_ROW_LANES : l->step,         \
                  joined ? l->rest : 0, joined, in, out, add);                                     \
    }
#define AD_LANE_BODY(name, T, ...)                                                          \
    AD_INLINE void name##_on(size_t n, size_t lanes, size_t step, size_t rest, bool joined, \
                             const void *const *restrict in, T *restrict out, bool add)     \
    {                                                                                       \
        (void)joined, (void)add;                                                            \
        __VA_ARGS__                                                                         \
    }
#define AD_LANES_FOR(isa, bytes, name)                                                          \
    AD_TARGET_##isa static void name##_##isa(const ad_lanes *l, const void *const *restrict in, \
                                             void *restrict out, bool add)                      \
    {                                                                                           \
        const size_t lanes = l->lanes & (bytes == 1 ? SIZE_MAX : ~(size_t)(AD_ROW_LANES - 1));  \
        name##_on(l->n, lanes, l->step, 0, false, in, out, add);                                \
    }
#define AD_LANE_BLOCKS(name) AD_LANE_LISTS(AD_ALL(name##_f32), AD_ALL(name##_f64))
#define AD_SINGLE_LANE_BLOCKS(name) \
    AD_LANE_LISTS(AD_ALL_SAME(name##_f32_base), AD_ALL_SAME(name##_f64_base))
#define AD_LANE_LISTS(f32, f64) \
    {                           \
        {                       \
            {f32},              \
            {                   \
                f64             \
            }                   \
        }                       \
    }

/* Declares what the macros below need, to use them on a row of so many numbers anywhere. */
#define AD_ROW_OF(length)                                               \
    size_t n = (length) / AD_ROW_LANES, rest = (length) % AD_ROW_LANES; \
    const size_t lanes = AD_ROW_LANES, step = AD_ROW_LANES;             \
    const bool joined = true;

/* A statement for each lane j; for each number i, of lane j. LONG ones are not unrolled. (Rows are counted by
 * their place: if gcc knew their number it would take two at a time, which is slower where they come
 * from memory.) */
#define AD_LANE(...)                                 \
    AD_LOOP_APART for (size_t j = 0; j < lanes; j++) \
    {                                                \
        __VA_ARGS__;                                 \
    }
#define AD_LONG_LANE(...) AD_LOOP_ROLLED AD_LANE(__VA_ARGS__)
#define AD_EACH(...)      AD_EACH_BY(AD_LOOP_APART, __VA_ARGS__)
#define AD_EACH_LONG(...) AD_EACH_BY(AD_LOOP_APART AD_LOOP_ROLLED, __VA_ARGS__)
#define AD_EACH_BY(how, ...)                                 \
    for (size_t at = 0; at != n * step; at += step) {        \
        how for (size_t j = 0, i = at; j < lanes; j++, i++)  \
        {                                                    \
            __VA_ARGS__;                                     \
        }                                                    \
    }                                                        \
    how for (size_t j = 0, i = n * step; j < rest; j++, i++) \
    {                                                        \
        __VA_ARGS__;                                         \
    }

/* Assigns the value to each number of the result, with the bits of a sum with 0, or adds it. There are two
 * loops, since the compiler moves the question out of short ones only. */
#define AD_PUT(T, ...)      AD_PUT_BY(AD_EACH, T, __VA_ARGS__)
#define AD_PUT_LONG(T, ...) AD_PUT_BY(AD_EACH_LONG, T, __VA_ARGS__)
#define AD_PUT_BY(EACH, T, ...)             \
    if (add) {                              \
        EACH(out[i] += (T)(__VA_ARGS__))    \
    } else {                                \
        EACH(out[i] = (T)(__VA_ARGS__) + 0) \
    }

/* Gives all lanes of one row what they make together. */
#define AD_JOIN(x, both)                                      \
    if (joined) {                                             \
        for (size_t half = AD_ROW_LANES / 2; half; half /= 2) \
            for (size_t j = 0; j < half; j++)                 \
                x[j] = both(x[j], x[j + half]);               \
        AD_LANE(x[j] = x[0])                                  \
    }
#define AD_PLUS(a, b)    ((a) + (b))
#define AD_GREATER(a, b) ((a) > (b) ? (a) : (b))
#define AD_JOIN_SUM(x)   AD_JOIN(x, AD_PLUS)

/* Declares and finds the greatest number of each row; NaN is passed over. */
#define AD_LANE_TOPS(T, top, x)                \
    T top[AD_LANES];                           \
    for (size_t j = 0; j < AD_LANES; j++)      \
        top[j] = -(T)INFINITY;                 \
    AD_EACH(top[j] = AD_GREATER(x[i], top[j])) \
    AD_JOIN(top, AD_GREATER)

#endif
