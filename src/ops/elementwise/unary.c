/* Elementwise operations of one operand: signs and steps, powers, exponentials, logarithms; and the
 * rules of all such operations (how they are written is in ops/elementwise/unary_rows.h). */
#include "adze/op.h"
#include "ops/elementwise/integers.h"
#include "ops/elementwise/unary_rows.h"

void ad_unary_forward(const ad_forward_args *c)
{
    const ad_unary_kernels *k = c->op->kernels;
    const ad_kernel *kernel = &k->forward.of[c->y.type];
    const void *run[] = {c->x[0].data};
    size_t size = ad_float_size(c->y.type);
    if (!ad_map_run(c->work, kernel, size, c->run, run, c->y.data, false))
        ad_map(c->work, &c->y.shape, kernel, 1, c->x, size, c->y.data, false);
}

void ad_unary_pullback(const ad_pullback_args *c)
{
    const ad_unary_kernels *k = c->op->kernels;
    const ad_kernel *kernel = &k->slope.of[c->y.type];
    const void *run[] = {c->x[0].data, c->y.data, c->dy.data};
    if (ad_map_run(c->work, kernel, ad_float_size(c->y.type), c->run, run, c->dx[0].data,
                   !c->assign[0]))
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

/* ---- neg, of integers, too --------------------------------------------------------- */

AD_WRAPPING_ONE(ad_neg, 0 - a)

static void neg_forward(const ad_forward_args *c)
{
    if (c->y.type > AD_F64)
        ad_integers_forward(c, &ad_neg_integers);
    else
        ad_unary_forward(c);
}

AD_ROW(UNARY_SHORT, ad_neg, AD_NEG_FORMULA)
UNARY_OP_BY(ad_neg, AD_OP_LINEAR, ad_type_number, neg_forward, .formula = "-x", .slope = {"-1"},
            .bend = {{"0"}})

/* ---- log1mexp, in f64 for both types ------------------------------------------------ */

/* Near 0 the digits of 1 - exp(x) would cancel; far from it, those of its logarithm. */
static AD_APART double log1mexp(double x)
{
    return x > -AD_LN_2 ? AD_LOG(-AD_EXPM1(x)) : AD_LOG1P(-AD_EXP(x));
}

static AD_APART double log1mexp_slope(double x)
{
    return x > 0 ? (double)NAN : -AD_EXP(x) / fabs(AD_EXPM1(x));
}

static AD_APART double log1mexp_bend(double x)
{
    return log1mexp_slope(x) / fabs(AD_EXPM1(x));
}

/* ---- of floats ---------------------------------------------------------------------- */

/* clang-format off */
/*   name, y, dy/dx, d2y/dx2 */
PIECEWISE(ad_abs,        fabs(x),                    (x > 0) - (x < 0))
PIECEWISE(ad_sign,       x > 0 ? 1 : x < 0 ? -1 : x, 0)
PIECEWISE(ad_ceil,       ceil(x),                    0)
PIECEWISE(ad_floor,      floor(x),                   0)
PIECEWISE(ad_round,      rint(x),                    0)
PIECEWISE(ad_trunc,      trunc(x),                   0)
AD_ROW(UNARY, ad_square, AD_SQUARE_FORMULA)
UNARY(    ad_sqrt,       sqrt(x),                    1 / (2 * y),     -1 / (4 * y) / x)
UNARY(    ad_rsqrt,      1 / sqrt(x),                -(y / 2) / x,    3 * y / 4 / x / x)
UNARY(    ad_cbrt,       cbrt(x),                    1 / (3 * y * y), -2 / (9 * y * y) / x)
UNARY(    ad_reciprocal, 1 / x,                      -y * y,          2 * y * y * y)
UNARY(    ad_exp,        AD_EXP(x),                  y,               y)
UNARY(    ad_exp2,       exp2(x),                    AD_EXP2_TIMES(AD_LN_2), AD_EXP2_TIMES(AD_LN_2 * AD_LN_2))
LONG(     ad_expm1,      AD_EXPM1(x),                AD_EXP(x),       AD_EXP(x))
UNARY(    ad_log,        AD_LOG(x),                  1 / x,           -1 / x / x)
UNARY(    ad_log2,       log2(x),                    AD_LOG2_E / x,   -AD_LOG2_E / x / x)
UNARY(    ad_log10,      log10(x),                   AD_LOG10_E / x,  -AD_LOG10_E / x / x)
UNARY(    ad_log1p,      AD_LOG1P(x),                1 / (1 + x),     -1 / (1 + x) / (1 + x))
RARE(     ad_log1mexp,   log1mexp(x),                log1mexp_slope(x), log1mexp_bend(x))
/* clang-format on */

const ad_op *const ad_unary_ops[] = {
    &ad_neg_op,   &ad_abs_op,      &ad_sign_op,  &ad_ceil_op,  &ad_floor_op, &ad_round_op,
    &ad_trunc_op, &ad_square_op,   &ad_sqrt_op,  &ad_rsqrt_op, &ad_cbrt_op,  &ad_reciprocal_op,
    &ad_exp_op,   &ad_exp2_op,     &ad_expm1_op, &ad_log_op,   &ad_log2_op,  &ad_log10_op,
    &ad_log1p_op, &ad_log1mexp_op, NULL,
};
