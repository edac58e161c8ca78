/* The activations of neural networks, in forms that neither overflow nor cancel.
 *
 * Kinks have the derivative 0. What multiplies x by a share of it is written with the share's
 * derivatives: for y = x w(x), y' = w + x w' and y'' = 2 w' + x w''. The share of silu is
 * sigmoid(x); of gelu, sigmoid(2 v) = (1 + tanh(v)) / 2; of mish, tanh(softplus(x)); of gelu_erf, the
 * normal distribution. Where a share or a derivative has vanished, so has its product with x.
 *
 * Sources: Clevert 2015 (elu), Klambauer 2017 (selu, with its two constants), Barron 2017 (celu),
 * Hendrycks and Gimpel 2016 (gelu, silu), Misra 2019 (mish), Howard 2019 (hard_sigmoid). */
#include "adze/op.h"
#include "ops/elementwise/unary_rows.h"

#include "kernels/gauss.h"

/* ---- shares ------------------------------------------------------------------------ */

/* A share of x, with its derivatives. */
#define SHARE(s, T)                                \
    typedef struct share_##s {                     \
        T w, dw, d2w;                              \
    } share_##s;                                   \
    AD_INLINE T shared_##s(T x, share_##s w)       \
    {                                              \
        return AD_VANISHING(w.w, x);               \
    }                                              \
    AD_INLINE T shared_slope_##s(T x, share_##s w) \
    {                                              \
        return w.w + AD_VANISHING(w.dw, x);        \
    }                                              \
    AD_INLINE T shared_bend_##s(T x, share_##s w)  \
    {                                              \
        return 2 * w.dw + AD_VANISHING(w.d2w, x);  \
    }
BOTH_TYPES(SHARE)

#define SILU_SHARE(s, T)                              \
    AD_INLINE share_##s silu_share_##s(T x)           \
    {                                                 \
        T w = AD_SIGMOID(x), dw = w * AD_SIGMOID(-x); \
        return (share_##s){w, dw, dw * (1 - 2 * w)};  \
    }
BOTH_TYPES(SILU_SHARE)

/* 2 v = 2 sqrt(2 / pi) (x + 0.044715 x^3) */
#define GELU_SHARE(s, T)                                                           \
    AD_INLINE share_##s gelu_share_##s(T x)                                        \
    {                                                                              \
        const T c = (T)1.59576912160573071176, k = (T)0.044715;                    \
        T v = c * (x + k * x * x * x), dv = c * (1 + 3 * k * x * x);               \
        T w = AD_SIGMOID(v), slope = w * AD_SIGMOID(-v);                           \
        T bend = (1 - 2 * w) * dv * dv + 6 * c * k * x;                            \
        return (share_##s){w, AD_VANISHING(slope, dv), AD_VANISHING(slope, bend)}; \
    }
BOTH_TYPES(GELU_SHARE)

#define GELU_ERF_SHARE(s, T)                                                              \
    AD_INLINE share_##s gelu_erf_share_##s(T x)                                           \
    {                                                                                     \
        const T root = (T)0.707106781186547524401, norm = (T)0.398942280401432677940;     \
        T density = norm * AD_GAUSS(root * x);                                            \
        return (share_##s){(T)0.5 * erfc(-root * x), density, AD_VANISHING(density, -x)}; \
    }
BOTH_TYPES(GELU_ERF_SHARE)

/* With e = exp(-|x|), tanh(log(1 + exp(x))) is (1 + 2 e) / (1 + 2 e + 2 e^2) for x > 0, else
 * e (2 + e) / (e (2 + e) + 2). */
#define MISH_SHARE(s, T)                                               \
    AD_INLINE share_##s mish_share_##s(T x)                            \
    {                                                                  \
        T e = AD_EXP(-fabs(x)), p = AD_SIGMOID(x), q = AD_SIGMOID(-x); \
        T over = x > 0 ? 1 + 2 * e : e * (2 + e);                      \
        T under = over + (x > 0 ? 2 * e * e : 2), w = over / under;    \
        T left = (x > 0 ? 2 * e * e : 2) / under; /* 1 - w */          \
        T dw = left * (1 + w) * p;                                     \
        return (share_##s){w, dw, dw * (q - 2 * w * p)};               \
    }
BOTH_TYPES(MISH_SHARE)

/* The expressions of such an operation. */
#define OF_TYPE(f, x)    _Generic((x), float : f##_f32, double : f##_f64)
#define SHARED(op)       OF_TYPE(shared, x)(x, OF_TYPE(op##_share, x)(x))
#define SHARED_SLOPE(op) OF_TYPE(shared_slope, x)(x, OF_TYPE(op##_share, x)(x))
#define SHARED_BEND(op)  OF_TYPE(shared_bend, x)(x, OF_TYPE(op##_share, x)(x))

/* ---- the table --------------------------------------------------------------------- */

#define P    AD_SIGMOID(x)
#define Q    AD_SIGMOID(-x)
#define SOFT AD_LOG1P(AD_EXP(-fabs(x))) /* softplus(x) - max(x, 0) */

#define SCALE AD_LIKE(x, 1.0507009873554804934193349852946)
#define ALPHA AD_LIKE(x, 1.7580993408473768599402175208123) /* times SCALE */

/* clang-format off */
/*        name          y                                        dy/dx                     d2y/dx2 */
PIECEWISE(relu,         x < 0 ? 0 : x,                           x > 0)
PIECEWISE(relu6,        x < 0 ? 0 : x > 6 ? 6 : x,               x > 0 && x < 6)
PIECEWISE(hard_sigmoid, x < -3 ? 0 : x > 3 ? 1 : (x + 3) / 6,    x > -3 && x < 3 ? AD_LIKE(x, 1) / 6 : 0)
PIECEWISE(hard_tanh,    x < -1 ? -1 : x > 1 ? 1 : x,             x > -1 && x < 1)
UNARY(    tanh,         AD_TANH(x),                              1 - y * y,                -2 * y * (1 - y * y))
UNARY(    sigmoid,      AD_SIGMOID(x),                           y * (1 - y),              y * (1 - y) * (1 - 2 * y))
UNARY(    log_sigmoid,  (x < 0 ? x : 0) - SOFT,                  Q,                        -P * Q)
UNARY(    softplus,     (x < 0 ? 0 : x) + SOFT,                  P,                        P * Q)
UNARY(    softsign,     fabs(x) < INFINITY ? x / (1 + fabs(x)) : x != x ? x : copysign(AD_LIKE(x, 1), x),
                                                                 1 / ((1 + fabs(x)) * (1 + fabs(x))),
                                                                 copysign(AD_LIKE(x, 2), -x) / ((1 + fabs(x)) * (1 + fabs(x)) * (1 + fabs(x))))
UNARY(    elu,          x > 0 ? x : AD_EXPM1(x),                 x > 0 ? 1 : AD_EXP(x),    x > 0 ? 0 : AD_EXP(x))
UNARY(    selu,         x > 0 ? SCALE * x : ALPHA * AD_EXPM1(x), x > 0 ? SCALE : ALPHA * AD_EXP(x),
                                                                                           x > 0 ? 0 : ALPHA * AD_EXP(x))
UNARY(    silu,         SHARED(silu),                            SHARED_SLOPE(silu),       SHARED_BEND(silu))
UNARY(    gelu,         SHARED(gelu),                            SHARED_SLOPE(gelu),       SHARED_BEND(gelu))
UNARY(    gelu_erf,     SHARED(gelu_erf),                        SHARED_SLOPE(gelu_erf),   SHARED_BEND(gelu_erf))
UNARY(    mish,         SHARED(mish),                            SHARED_SLOPE(mish),       SHARED_BEND(mish))
/* clang-format on */

const ad_unary_kernels *ad_activation_kernels(ad_activation activation)
{
    static const ad_unary_kernels *const kernels[AD_ACTIVATION_COUNT] = {
        [AD_RELU] = &relu_kernels, [AD_TANH] = &tanh_kernels, [AD_SIGMOID] = &sigmoid_kernels};
    return kernels[activation];
}

const ad_op *const ad_activation_ops[] = {
    &relu_op,        &relu6_op,    &hard_sigmoid_op, &hard_tanh_op, &tanh_op, &sigmoid_op,
    &log_sigmoid_op, &softplus_op, &softsign_op,     &elu_op,       &selu_op, &silu_op,
    &gelu_op,        &gelu_erf_op, &mish_op,         NULL,
};
