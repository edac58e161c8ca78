/* What vanishes beats what grows without bound: the products of derivatives.
 *
 * A cotangent or tangent of exactly 0 is nothing, and where a slope is exactly 0 nothing depends on
 * the operand. So both give exactly 0, even beside an infinity or a NaN, where IEEE 754 says NaN
 * (docs/semantics.md). The rules of operations multiply cotangents and tangents by slopes with
 * AD_TIMES.
 *
 * Loops of these become vectors: the product is there for every number, and one choice after another
 * becomes a mask. A product of 0 is +0. */
#ifndef ADZE_KERNELS_VANISHING_H
#define ADZE_KERNELS_VANISHING_H

#include "base/cpu.h"

/* The product of two or three factors of one type, from left to right. Within another product, write
 * ad_times_f32 or ad_times_f64: not all analysers read a _Generic in a _Generic. */
#define AD_TIMES(...)                       AD_TIMES_OF(__VA_ARGS__, AD_TIMES_3, AD_TIMES_2, )(__VA_ARGS__)
#define AD_TIMES_OF(a, b, c, function, ...) function
#define AD_TIMES_2(a, b)                    _Generic((a) * (b), float : ad_times_f32, double : ad_times_f64)(a, b)
#define AD_TIMES_3(a, b, c) \
    _Generic((a) * (b) * (c), float : ad_times_3_f32, double : ad_times_3_f64)(a, b, c)

/* z f, but 0 where z is, whatever f is: for a factor of a slope that falls faster than any power. */
#define AD_VANISHING(z, f) ((z) == 0 ? 0 : (z) * (f))

#define AD_TIMES_FOR(s, T)                    \
    AD_INLINE T ad_times_##s(T a, T b)        \
    {                                         \
        T p = a * b;                          \
        p = a == 0 ? 0 : p;                   \
        return b == 0 ? 0 : p;                \
    }                                         \
    AD_INLINE T ad_times_3_##s(T a, T b, T c) \
    {                                         \
        T p = a * b * c;                      \
        p = a == 0 ? 0 : p;                   \
        p = b == 0 ? 0 : p;                   \
        return c == 0 ? 0 : p;                \
    }
AD_TIMES_FOR(f32, float)
AD_TIMES_FOR(f64, double)

#endif
