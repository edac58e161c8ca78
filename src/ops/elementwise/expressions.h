/* Expressions for the rows of elementwise operations, besides the functions of the headers
 * below.
 *
 * A row's expressions are also kept as text (op.h: formula, slope, bend). They compile wherever
 * this header is included and the operands are in scope (x; a and b; or a, b and c), with the
 * result y for derivatives: this is for programs that write code. */
#ifndef ADZE_OPS_ELEMENTWISE_EXPRESSIONS_H
#define ADZE_OPS_ELEMENTWISE_EXPRESSIONS_H

#include "kernels/elementary.h"
#include "kernels/gauss.h"
#include "kernels/trigonometric.h"
#include "kernels/vanishing.h"

#include <float.h>
#include <tgmath.h>

/* A constant in the type of x. */
#define AD_LIKE(x, constant) _Generic((x), float : (float)(constant), double : (double)(constant))

/* log(2), 1 / log(2), 1 / log(10), 2 / sqrt(pi), in the type of x. */
#define AD_LN_2         AD_LIKE(x, 0.693147180559945309417232121458176568)
#define AD_LOG2_E       AD_LIKE(x, 1.442695040888963407359924681001892137)
#define AD_LOG10_E      AD_LIKE(x, 0.434294481903251827651128918916605082)
#define AD_2_BY_ROOT_PI AD_LIKE(x, 1.12837916709551257390)

/* The constants of selu; ALPHA is times SCALE. */
#define AD_SELU_SCALE AD_LIKE(x, 1.0507009873554804934193349852946)
#define AD_SELU_ALPHA AD_LIKE(x, 1.7580993408473768599402175208123)

/* z / r with a distance r from the origin, where nothing has a direction: 0. */
#define AD_OVER(z, r) ((r) == 0 ? 0 : (z) / (r))

/* z w / r with the distance r of the point (b, a), where only the result need be within the range; |w| is
 * at most 1, and |z| at most 2. */
#define AD_OVER_DISTANCE(z, w, a, b)                                                    \
    _Generic((a), float                                                                 \
             : ad_over_distance_f32((float)(z), (float)(w), (float)(a), (float)(b),     \
                                    (float)hypot(a, b)),                                \
               double                                                                   \
             : ad_over_distance_f64((double)(z), (double)(w), (double)(a), (double)(b), \
                                    (double)hypot(a, b)))

/* Comparisons that a NaN on the left passes, so that it is the result of maximum and minimum. */
#define AD_NOT_BELOW(a, b) ((a) >= (b) || (a) != (a))
#define AD_NOT_ABOVE(a, b) ((a) <= (b) || (a) != (a))

/* x / (1 + x^2), without overflow. */
#define AD_BELL(x) (fabs(x) < 1 ? (x) / (1 + (x) * (x)) : 1 / ((x) + 1 / (x)))

/* So small that 1 + x rounds to 1, in the type of x. */
#define AD_SMALL(x) _Generic((x), float : FLT_EPSILON / 4, double : DBL_EPSILON / 4)

/* f 2^x from y = 2^x, also where that has overflowed and f 2^x has not. */
#define AD_EXP2_TOP      _Generic((x), float : FLT_MAX_EXP, double : DBL_MAX_EXP)
#define AD_EXP2_GREATEST _Generic((x), float : FLT_MAX, double : DBL_MAX)
#define AD_EXP2_TIMES(f) \
    (y < INFINITY ? y * (f) : AD_EXP2_GREATEST * (f)*AD_EXP(AD_LN_2 * (x - AD_EXP2_TOP)))

/* Of the direction of the point (b, a), as atan2 has it: the sine a / r, and the cosine of twice the angle,
 * (b + a) (b - a) / r^2. The cosine is the sine of (a, b). 0 at the origin. */
#define AD_SINE(a, b)         AD_OF_DIRECTION(sine, a, b)
#define AD_COSINE_TWICE(a, b) AD_OF_DIRECTION(cosine_twice, a, b)
#define AD_OF_DIRECTION(part, a, b)                                                \
    _Generic((a), float                                                            \
             : ad_##part##_f32((float)(a), (float)(b), (float)hypot(a, b)), double \
             : ad_##part##_f64((double)(a), (double)(b), (double)hypot(a, b)))

/* A point times a unit, as far from the ends of the range as its direction allows: in powers of two where
 * the distance is large or small; an infinite number is far beyond a finite one. */
#define AD_DIRECTIONS(s, T, EXPONENT)                                                          \
    typedef struct ad_point_##s {                                                              \
        T a, b, r, unit;                                                                       \
    } ad_point_##s;                                                                            \
    static AD_APART ad_point_##s ad_point_within_##s(T a, T b)                                 \
    {                                                                                          \
        bool far = isinf(a) || isinf(b);                                                       \
        T unit = ldexp((T)1, fabs(a) > 1 || fabs(b) > 1 ? -4 : EXPONENT);                      \
        a = !far ? a * unit : isinf(a) ? copysign((T)1, a) : 0 * a;                            \
        b = !far ? b * unit : isinf(b) ? copysign((T)1, b) : 0 * b;                            \
        return (ad_point_##s){a, b, hypot(a, b), far ? 0 : unit};                              \
    }                                                                                          \
    AD_INLINE ad_point_##s ad_point_##s##_of(T a, T b, T r)                                    \
    {                                                                                          \
        const T least = ldexp((T)1, -EXPONENT), most = ldexp((T)1, EXPONENT);                  \
        return r > least && r < most ? (ad_point_##s){a, b, r, 1} : ad_point_within_##s(a, b); \
    }                                                                                          \
    AD_INLINE T ad_sine_##s(T a, T b, T r)                                                     \
    {                                                                                          \
        ad_point_##s p = ad_point_##s##_of(a, b, r);                                           \
        return AD_OVER(p.a, p.r);                                                              \
    }                                                                                          \
    AD_INLINE T ad_over_distance_##s(T z, T w, T a, T b, T r)                                  \
    {                                                                                          \
        ad_point_##s p = ad_point_##s##_of(a, b, r);                                           \
        T once = AD_OVER(z, p.r);                                                              \
        return fabs(once) < 1 ? once * p.unit * w : once * w * p.unit;                         \
    }                                                                                          \
    AD_INLINE T ad_cosine_twice_##s(T a, T b, T r)                                             \
    {                                                                                          \
        ad_point_##s p = ad_point_##s##_of(a, b, r);                                           \
        return AD_OVER(p.b + p.a, p.r) * AD_OVER(p.b - p.a, p.r);                              \
    }
AD_DIRECTIONS(f32, float, 100)
AD_DIRECTIONS(f64, double, 900)

/* ---- shares ------------------------------------------------------------------------
 *
 * Activations that multiply x by a share w of it: y = x w(x), y' = w + x w', y'' = 2 w' + x w''. The share
 * of silu is sigmoid(x); of gelu, sigmoid(2 v) = (1 + tanh(v)) / 2; of mish, tanh(softplus(x)); of
 * gelu_erf, the normal distribution. Where a share or a derivative of it has vanished, so has its
 * product with x. */

#define AD_SHARED(share)       AD_SHARE_PART(x, shared, share)
#define AD_SHARED_SLOPE(share) AD_SHARE_PART(x, shared_slope, share)
#define AD_SHARED_BEND(share)  AD_SHARE_PART(x, shared_bend, share)
#define AD_SHARE_PART(x, part, share)                                                  \
    _Generic((x), float                                                                \
             : ad_##part##_f32((float)(x), ad_share_##share##_f32((float)(x))), double \
             : ad_##part##_f64((double)(x), ad_share_##share##_f64((double)(x))))

#define AD_SHARES(s, T)                                                                        \
    typedef struct ad_share_##s {                                                              \
        T w, dw, d2w;                                                                          \
    } ad_share_##s;                                                                            \
    AD_INLINE T ad_shared_##s(T x, ad_share_##s w)                                             \
    {                                                                                          \
        return AD_VANISHING(w.w, x);                                                           \
    }                                                                                          \
    AD_INLINE T ad_shared_slope_##s(T x, ad_share_##s w)                                       \
    {                                                                                          \
        return w.w + AD_VANISHING(w.dw, x);                                                    \
    }                                                                                          \
    AD_INLINE T ad_shared_bend_##s(T x, ad_share_##s w)                                        \
    {                                                                                          \
        return 2 * w.dw + AD_VANISHING(w.d2w, x);                                              \
    }                                                                                          \
    AD_INLINE ad_share_##s ad_share_silu_##s(T x)                                              \
    {                                                                                          \
        T w = AD_SIGMOID(x), dw = w * AD_SIGMOID(-x);                                          \
        return (ad_share_##s){w, dw, dw * (1 - 2 * w)};                                        \
    }                                                                                          \
    /* 2 v = 2 sqrt(2 / pi) (x + 0.044715 x^3) */                                              \
    AD_INLINE ad_share_##s ad_share_gelu_##s(T x)                                              \
    {                                                                                          \
        const T c = (T)1.59576912160573071176, k = (T)0.044715;                                \
        T v = c * (x + k * x * x * x), dv = c * (1 + 3 * k * x * x);                           \
        T w = AD_SIGMOID(v), slope = w * AD_SIGMOID(-v);                                       \
        T bend = (1 - 2 * w) * dv * dv + 6 * c * k * x;                                        \
        return (ad_share_##s){w, AD_VANISHING(slope, dv), AD_VANISHING(slope, bend)};          \
    }                                                                                          \
    AD_INLINE ad_share_##s ad_share_gelu_erf_##s(T x)                                          \
    {                                                                                          \
        const T root = (T)0.707106781186547524401, norm = (T)0.398942280401432677940;          \
        T density = norm * AD_GAUSS(root * x);                                                 \
        return (ad_share_##s){(T)0.5 * erfc(-root * x), density, AD_VANISHING(density, -x)};   \
    }                                                                                          \
    /* With e = exp(-|x|), tanh(log(1 + exp(x))) is (1 + 2 e) / (1 + 2 e + 2 e^2) for x > 0, \
     * else e (2 + e) / (e (2 + e) + 2). */ \
    AD_INLINE ad_share_##s ad_share_mish_##s(T x)                                              \
    {                                                                                          \
        T e = AD_EXP(-fabs(x)), p = AD_SIGMOID(x), q = AD_SIGMOID(-x);                         \
        T over = x > 0 ? 1 + 2 * e : e * (2 + e);                                              \
        T under = over + (x > 0 ? 2 * e * e : 2), w = over / under;                            \
        T left = (x > 0 ? 2 * e * e : 2) / under; /* 1 - w */                                  \
        T dw = left * (1 + w) * p;                                                             \
        return (ad_share_##s){w, dw, dw * (q - 2 * w * p)};                                    \
    }
AD_SHARES(f32, float)
AD_SHARES(f64, double)

#endif
