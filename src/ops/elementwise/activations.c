/* The activations of neural networks, in forms that neither overflow nor cancel.
 *
 * Kinks have the derivative 0. What multiplies x by a share of it is written with the share's
 * derivatives (expressions.h).
 *
 * Sources: Clevert 2015 (elu), Klambauer 2017 (selu, with its two constants), Barron 2017 (celu),
 * Hendrycks and Gimpel 2016 (gelu, silu), Misra 2019 (mish), Howard 2019 (hard_sigmoid). */
#include "adze/op.h"
#include "ops/elementwise/unary_rows.h"

/* y = x w(x), with the share w in words. */
#define SHARE(op, share, words)                                                                   \
    UNARY_LONG(op, AD_SHARED(share), AD_SHARED_SLOPE(share), AD_SHARED_BEND(share))               \
    UNARY_OP(op, 0, .formula = "AD_SHARED(" #share ")", .slope = {"AD_SHARED_SLOPE(" #share ")"}, \
             .bend = {{"AD_SHARED_BEND(" #share ")"}},                                            \
             .derivative = "dx = g (w + x w'), with w = " words)

/* clang-format off */
/*   name, y, dy/dx, d2y/dx2 */
PIECEWISE(ad_relu,      x < 0 ? 0 : x,               x > 0)
PIECEWISE(ad_relu6,     x < 0 ? 0 : x > 6 ? 6 : x,   x > 0 && x < 6)
PIECEWISE(ad_hard_sigmoid,
          x < -3 ? 0 : x > 3 ? 1 : (x + 3) / 6,
          x > -3 && x < 3 ? AD_LIKE(x, 1) / 6 : 0)
PIECEWISE(ad_hard_tanh, x < -1 ? -1 : x > 1 ? 1 : x, x > -1 && x < 1)
RARE(     ad_hard_swish,
          x <= -3 ? 0 : x >= 3 ? x : x * ((x + 3) / 6),
          x <= -3 ? 0 : x >= 3 ? 1 : (2 * x + 3) / 6,
          x > -3 && x < 3 ? AD_LIKE(x, 1) / 3 : 0)
UNARY(    ad_tanh,      AD_TANH(x),                  1 - y * y,             -2 * y * (1 - y * y))
UNARY(    ad_sigmoid,   AD_SIGMOID(x),               y * (1 - y),           y * (1 - y) * (1 - 2 * y))
LONG(     ad_log_sigmoid,
          (x < 0 ? x : 0) - AD_LOG1P(AD_EXP(-fabs(x))),
          AD_SIGMOID(-x),
          -AD_SIGMOID(x) * AD_SIGMOID(-x))
LONG(     ad_softplus,
          (x < 0 ? 0 : x) + AD_LOG1P(AD_EXP(-fabs(x))),
          AD_SIGMOID(x),
          AD_SIGMOID(x) * AD_SIGMOID(-x))
LONG(     ad_softsign,
          fabs(x) < INFINITY ? x / (1 + fabs(x)) : x != x ? x : copysign(AD_LIKE(x, 1), x),
          1 / ((1 + fabs(x)) * (1 + fabs(x))),
          copysign(AD_LIKE(x, 2), -x) / ((1 + fabs(x)) * (1 + fabs(x)) * (1 + fabs(x))))
LONG(     ad_elu,       x > 0 ? x : AD_EXPM1(x),     x > 0 ? 1 : AD_EXP(x), x > 0 ? 0 : AD_EXP(x))
LONG(     ad_selu,
          x > 0 ? AD_SELU_SCALE * x : AD_SELU_ALPHA * AD_EXPM1(x),
          x > 0 ? AD_SELU_SCALE : AD_SELU_ALPHA * AD_EXP(x),
          x > 0 ? 0 : AD_SELU_ALPHA * AD_EXP(x))
SHARE(    ad_silu,      silu,                        "sigmoid(x)")
SHARE(    ad_gelu, gelu, "sigmoid(2 v), v = sqrt(2 / pi) (x + 0.044715 x^3)")
SHARE(    ad_gelu_erf,  gelu_erf,                    "the normal distribution")
SHARE(    ad_mish,      mish,                        "tanh(softplus(x))")
/* clang-format on */

const ad_unary_kernels *ad_activation_kernels(ad_activation activation)
{
    static const ad_unary_kernels *const kernels[AD_ACTIVATION_COUNT] = {
        [AD_RELU] = &ad_relu_kernels,
        [AD_TANH] = &ad_tanh_kernels,
        [AD_SIGMOID] = &ad_sigmoid_kernels};
    return kernels[activation];
}

const ad_op *const ad_activation_ops[] = {
    &ad_relu_op, &ad_relu6_op,   &ad_hard_sigmoid_op, &ad_hard_tanh_op, &ad_hard_swish_op,
    &ad_tanh_op, &ad_sigmoid_op, &ad_log_sigmoid_op,  &ad_softplus_op,  &ad_softsign_op,
    &ad_elu_op,  &ad_selu_op,    &ad_silu_op,         &ad_gelu_op,      &ad_gelu_erf_op,
    &ad_mish_op, NULL,
};
