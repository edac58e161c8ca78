/* What vanishes beats what grows without bound: the products of derivatives.
 *
 * A cotangent or tangent of exactly 0 is nothing, and where a slope is exactly 0 nothing depends on
 * the operand. So both give exactly 0, even beside an infinity or a NaN, where IEEE 754 says NaN
 * (docs/semantics.md). The rules of operations multiply cotangents and tangents by slopes with
 * AD_TIMES, or with the kernels that are made of it (AD_TIMES_KERNEL).
 *
 * A product of 0 is +0. All comparisons and the product are there for every number: loops of them
 * become vectors, with masks in the place of branches. */
#ifndef ADZE_KERNELS_VANISHING_H
#define ADZE_KERNELS_VANISHING_H

#include "base/cpu.h"

/* The product of two or three factors of one type, from left to right. */
#define AD_TIMES(...)                       AD_TIMES_OF(__VA_ARGS__, AD_TIMES_3, AD_TIMES_2, )(__VA_ARGS__)
#define AD_TIMES_OF(a, b, c, function, ...) function
#define AD_TIMES_2(a, b)                    _Generic((a) * (b), float : ad_times_f32, double : ad_times_f64)(a, b)
#define AD_TIMES_3(a, b, c) \
    _Generic((a) * (b) * (c), float : ad_times_3_f32, double : ad_times_3_f64)(a, b, c)

/* z f, but 0 where z is, whatever f is: for a factor of a slope that falls faster than any power. */
#define AD_VANISHING(z, f) ((z) == 0 ? 0 : (z) * (f))

#define AD_TIMES_FOR(s, T)                             \
    AD_INLINE T ad_times_##s(T a, T b)                 \
    {                                                  \
        T p = a * b;                                   \
        return (a != 0) & (b != 0) ? p : 0;            \
    }                                                  \
    AD_INLINE T ad_times_3_##s(T a, T b, T c)          \
    {                                                  \
        T p = a * b * c;                               \
        return (a != 0) & (b != 0) & (c != 0) ? p : 0; \
    }
AD_TIMES_FOR(f32, float)
AD_TIMES_FOR(f64, double)

#endif
