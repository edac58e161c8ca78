/* How kernels of ad_map are written: one expression, looped over a run.
 *
 *     static void mul_f32(size_t n, const void *const *in, void *out, bool add)
 *     {
 *         AD_LOOP(float, AD_IN(float, 0) * AD_IN(float, 1))
 *     }                                                                            */
#ifndef ADZE_OPS_KERNEL_H
#define ADZE_OPS_KERNEL_H

#include "ops/map.h"

/* The current element of operand k. */
#define AD_IN(T, k) (((const T *)in[k])[i])

/* Assigns the expression to every element of the run, or adds it. */
#define AD_LOOP(T, result)                \
    if (add)                              \
        for (size_t i = 0; i < n; i++)    \
            ((T *)out)[i] += (T)(result); \
    else                                  \
        for (size_t i = 0; i < n; i++)    \
            ((T *)out)[i] = (T)(result);

/* A whole kernel of that form. */
#define AD_KERNEL(name, T, result)                                         \
    static void name(size_t n, const void *const *in, void *out, bool add) \
    {                                                                      \
        AD_LOOP(T, result)                                                 \
    }

#endif
