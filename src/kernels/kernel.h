/* How kernels of ad_map are written: one expression, looped over a run. It is compiled once for each
 * instruction set; the bits are the same, since no operation is fused with another.
 *
 *     AD_KERNEL(mul_f32, float, AD_IN(float, 0) * AD_IN(float, 1))
 *     AD_KERNEL(mul_f64, double, AD_IN(double, 0) * AD_IN(double, 1))
 *     static const ad_blocks mul = AD_BLOCKS(mul);                                     */
#ifndef ADZE_KERNELS_KERNEL_H
#define ADZE_KERNELS_KERNEL_H

#include "kernels/map.h"

/* A block with this body, for each instruction set: name_base, ...; AD_ALL(name) lists them. */
#define AD_BLOCK_FOR(isa, name, ...)                                                          \
    AD_TARGET_##isa static void name##_##isa(size_t n, const void *const *in, void *out_data, \
                                             bool add)                                        \
    {                                                                                         \
        __VA_ARGS__                                                                           \
    }

#define AD_BLOCK(name, ...) AD_EACH_ISA(AD_BLOCK_FOR, name, __VA_ARGS__)

/* Both float types: name_f32, name_f64. */
#define AD_BLOCKS(name)                            \
    {                                              \
        {                                          \
            AD_ALL(name##_f32), AD_ALL(name##_f64) \
        }                                          \
    }

/* The current element of operand k. */
#define AD_IN(T, k) (((const T *)in[k])[i])

/* Assigns the expression to every element of the run, or adds it. */
#define AD_KERNEL(name, T, result)                                          \
    AD_BLOCK(name, T *restrict out = out_data;                              \
             if (add) for (size_t i = 0; i < n; i++) out[i] += (T)(result); \
             else for (size_t i = 0; i < n; i++) out[i] = (T)(result);)

/* The same for results that are only ever assigned. */
#define AD_ASSIGNING_KERNEL(name, T, result)              \
    AD_BLOCK(name, T *restrict out = out_data; (void)add; \
             for (size_t i = 0; i < n; i++) out[i] = (T)(result);)

#endif
