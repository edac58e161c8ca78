/* Elementwise operations of one operand: signs and steps, powers, exponentials, logarithms; and the
 * rules of all such operations (how they are written is in ops/elementwise/unary_rows.h). */
#include "adze/op.h"
#include "ops/elementwise/unary_rows.h"

void ad_unary_forward(const ad_forward_args *c)
{
    const ad_unary_kernels *k = c->op->kernels;
    const ad_kernel *kernel = &k->forward.of[c->y.type];
    const void *run[] = {c->x[0].data};
    if (!ad_map_run(c->work, kernel, c->run, run, c->y.data, false))
        ad_map(c->work, &c->y.shape, kernel, 1, c->x, ad_type_size(c->y.type), c->y.data, false);
}

void ad_unary_pullback(const ad_pullback_args *c)
{
    const ad_unary_kernels *k = c->op->kernels;
    const ad_kernel *kernel = &k->slope.of[c->y.type];
    const void *run[] = {c->x[0].data, c->y.data, c->dy.data};
    if (ad_map_run(c->work, kernel, c->run, run, c->dx[0].data, !c->assign[0]))
        return;
    ad_view in[] = {c->x[0], c->y, c->dy};
    ad_map_into(c->work, &c->y.shape, &k->slope, 3, in, &c->dx[0], !c->assign[0]);
}

void ad_unary_jvp(const ad_jvp_args *c)
{
    const ad_unary_kernels *k = c->op->kernels;
    ad_view in[] = {c->x[0], c->y, c->tx[0]};
    ad_map_into(c->work, &c->y.shape, &k->slope, 3, in, &c->ty, false);
}

void ad_unary_curvature(const ad_curvature_args *c)
{
    const ad_unary_kernels *k = c->op->kernels;
    ad_view in[] = {c->x[0], c->y, c->dy, c->tx[0]};
    ad_map_into(c->work, &c->y.shape, &k->bend, 4, in, &c->tdx[0], true);
}

/* log(2), 1 / log(2), 1 / log(10). */
#define LOG_2   AD_LIKE(x, 0.693147180559945309417232121458176568)
#define LOG2_E  AD_LIKE(x, 1.442695040888963407359924681001892137)
#define LOG10_E AD_LIKE(x, 0.434294481903251827651128918916605082)

/* clang-format off */
/*       name        y                           dy/dx                       d2y/dx2 */
PIECEWISE(neg,        -x,                         -1)
PIECEWISE(abs,        fabs(x),                    (x > 0) - (x < 0))
PIECEWISE(sign,       x > 0 ? 1 : x < 0 ? -1 : x, 0)
PIECEWISE(ceil,       ceil(x),                    0)
PIECEWISE(floor,      floor(x),                   0)
PIECEWISE(round,      rint(x),                    0)
PIECEWISE(trunc,      trunc(x),                   0)
UNARY(   square,     x * x,                      2 * x,                      2)
SINGULAR(sqrt,       sqrt(x),                    1 / (2 * y),                -1 / (4 * x * y))
SINGULAR(rsqrt,      1 / sqrt(x),                -(y / x) / 2,               3 * (y / x / x) / 4)
SINGULAR(cbrt,       cbrt(x),                    1 / (3 * y * y),            -2 / (9 * x * y * y))
SINGULAR(reciprocal, 1 / x,                      -y * y,                     2 * y * y * y)
UNARY(   exp,        AD_EXP(x),                  y,                          y)
UNARY(   exp2,       exp2(x),                    y * LOG_2,                  y * LOG_2 * LOG_2)
UNARY(   expm1,      AD_EXPM1(x),                AD_EXP(x),                  AD_EXP(x))
SINGULAR(log,        AD_LOG(x),                  1 / x,                      -1 / (x * x))
SINGULAR(log2,       log2(x),                    LOG2_E / x,                 -LOG2_E / (x * x))
SINGULAR(log10,      log10(x),                   LOG10_E / x,                -LOG10_E / (x * x))
SINGULAR(log1p,      AD_LOG1P(x),                1 / (1 + x),                -1 / ((1 + x) * (1 + x)))
/* clang-format on */

const ad_op *const ad_unary_ops[] = {
    &neg_op,    &abs_op,  &sign_op,  &ceil_op,  &floor_op,      &round_op, &trunc_op,
    &square_op, &sqrt_op, &rsqrt_op, &cbrt_op,  &reciprocal_op, &exp_op,   &exp2_op,
    &expm1_op,  &log_op,  &log2_op,  &log10_op, &log1p_op,      NULL,
};
