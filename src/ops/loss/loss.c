/* Losses that treat each number of prediction and target by itself: y = sum(f(p, t)), or its mean.
 *
 * One row is one loss: f and its first and second derivatives as expressions of the prediction p,
 * the target t, their difference d = p - t and, where there is one, the parameter a. They are
 * computed in f64 whatever the type (ad_map_f64), in forms that neither overflow nor cancel. With c
 * = dy, or dy / n:
 *
 *     dp += c f_p,  dt += c f_t
 *     ty  = sum(f_p tp + f_t tt), or its mean
 *     tdp += c (f_pp tp + f_pt tt),  tdt += c (f_pt tp + f_tt tt) */
#include "ops/loss/loss.h"

#include "adze/op.h"
#include "adze/ops.h"
#include "kernels/kernel.h"
#include "kernels/vanishing.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "ops/loss/loss_expressions.h"
#include "ops/refuse.h"

typedef struct loss_kernels {
    ad_kernel value;    /* p, t(, a) -> f */
    ad_kernel slope[2]; /* p, t, g(, a) -> g f_p; g f_t */
    ad_kernel bend[3];  /* p, t, c, s(, a) -> c s f_pp; c s f_pt; c s f_tt */
    bool mean, parameter;
} loss_kernels;

enum { MOST_STREAMS = 5 };

const char *ad_loss_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    if (!ad_shape_equal(&x[0], &x[1]))
        return "prediction and target must have the same shape";
    *y = AD_SCALAR;
    return NULL;
}

/* ---- the rules --------------------------------------------------------------------- */

/* The number of streams, once the parameter is among them. */
static int with_parameter(const loss_kernels *k, const void *attr, ad_view *in, int n)
{
    if (k->parameter)
        in[n++] = ad_view_of(AD_F64, attr, AD_SCALAR);
    return n;
}

static double divisor(const loss_kernels *k, const ad_view *p)
{
    return k->mean ? (double)ad_view_count(p) : 1;
}

static void loss_forward(const ad_forward_args *c)
{
    const loss_kernels *k = c->op->kernels;
    ad_view in[MOST_STREAMS] = {c->x[0], c->x[1]};
    int n = with_parameter(k, c->attr, in, 2);
    double *sum = ad_map_sum_f64(c->work, &in[0].shape, &k->value, n, in, AD_F64, &AD_SCALAR);
    if (!sum)
        return;
    *sum /= divisor(k, &c->x[0]);
    ad_store_sums(1, sum, c->y.type, c->y.data, false);
}

/* c as a number of the operands' type, kept in *room. */
static ad_view factor(const loss_kernels *k, const ad_view *p, const ad_view *dy, double *room)
{
    double c = ad_number_of(dy) / divisor(k, p);
    ad_store_sums(1, &c, dy->type, room, false);
    return ad_view_of(dy->type, room, AD_SCALAR);
}

static void loss_pullback(const ad_pullback_args *c)
{
    const loss_kernels *k = c->op->kernels;
    double room;
    ad_view in[MOST_STREAMS] = {c->x[0], c->x[1], factor(k, &c->x[0], &c->dy, &room)};
    int n = with_parameter(k, c->attr, in, 3);
    for (int i = 0; i < 2; i++)
        if (c->wanted[i])
            ad_map_f64(c->work, &c->dx[i].shape, &k->slope[i], n, in, &c->dx[i], !c->assign[i]);
}

static void loss_jvp(const ad_jvp_args *c)
{
    const loss_kernels *k = c->op->kernels;
    double total = 0;
    for (int i = 0; i < 2; i++) {
        if (!c->tx[i].data)
            continue;
        ad_view in[MOST_STREAMS] = {c->x[0], c->x[1], c->tx[i]};
        int n = with_parameter(k, c->attr, in, 3);
        double *sum =
            ad_map_sum_f64(c->work, &in[0].shape, &k->slope[i], n, in, c->ty.type, &AD_SCALAR);
        if (!sum)
            return;
        total += *sum;
    }
    total /= divisor(k, &c->x[0]);
    ad_store_sums(1, &total, c->ty.type, c->ty.data, false);
}

static void loss_curvature(const ad_curvature_args *c)
{
    const loss_kernels *k = c->op->kernels;
    double room;
    ad_view g = factor(k, &c->x[0], &c->dy, &room);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) {
            if (!c->wanted[i] || !c->tx[j].data)
                continue;
            ad_view in[MOST_STREAMS] = {c->x[0], c->x[1], g, c->tx[j]};
            int n = with_parameter(k, c->attr, in, 4);
            ad_map_f64(c->work, &c->tdx[i].shape, &k->bend[i + j], n, in, &c->tdx[i], true);
        }
}

/* ---- the table --------------------------------------------------------------------- */

#define FUNCTION(name, expression)                      \
    AD_INLINE double name(double p, double t, double a) \
    {                                                   \
        double d = p - t;                               \
        (void)p, (void)t, (void)a, (void)d;             \
        return expression;                              \
    }

#define NO_PARAMETER(k) 0
#define PARAMETER(k)    AD_IN(double, k)
#define AT(op, a)       op(AD_IN(double, 0), AD_IN(double, 1), a)
#define SLOPE(f, a)     AD_IN(double, 2), AT(f, a)
#define BEND(f, a)      AD_IN(double, 2), AD_IN(double, 3), AT(f, a)

#define LOSS_KERNELS(op, A)                                      \
    AD_KERNEL(op##_value, double, AT(op##_f, A(2)))              \
    AD_KERNEL(op##_dp, double, AD_TIMES(SLOPE(op##_f_p, A(3))))  \
    AD_KERNEL(op##_dt, double, AD_TIMES(SLOPE(op##_f_t, A(3))))  \
    AD_KERNEL(op##_dpp, double, AD_TIMES(BEND(op##_f_pp, A(4)))) \
    AD_KERNEL(op##_dpt, double, AD_TIMES(BEND(op##_f_pt, A(4)))) \
    AD_KERNEL(op##_dtt, double, AD_TIMES(BEND(op##_f_tt, A(4))))

#define LOSS_OP(op, op_flags, attr_bytes, is_mean, ...)            \
    static const loss_kernels op##_kernels = {                     \
        AD_ONLY(op##_value),                                       \
        {AD_ONLY(op##_dp), AD_ONLY(op##_dt)},                      \
        {AD_ONLY(op##_dpp), AD_ONLY(op##_dpt), AD_ONLY(op##_dtt)}, \
        is_mean,                                                   \
        attr_bytes != 0,                                           \
    };                                                             \
    static const ad_op op##_op = {                                 \
        .size = sizeof(ad_op),                                     \
        .name = &#op[3],                                           \
        .arity = 2,                                                \
        .flags = AD_OP_STRIDED | AD_OP_ASSIGNS | (op_flags),       \
        .attr_size = attr_bytes,                                   \
        .shape = ad_loss_shape,                                    \
        .forward = loss_forward,                                   \
        .pullback = loss_pullback,                                 \
        .jvp = loss_jvp,                                           \
        .curvature = loss_curvature,                               \
        .kernels = &op##_kernels,                                  \
        .operands = "p, t",                                        \
        __VA_ARGS__,                                               \
    };

#define LOSS_RULES(op, A, f, fp, ft, fpp, fpt, ftt) \
    FUNCTION(op##_f, f)                             \
    FUNCTION(op##_f_p, fp)                          \
    FUNCTION(op##_f_t, ft)                          \
    FUNCTION(op##_f_pp, fpp)                        \
    FUNCTION(op##_f_pt, fpt)                        \
    FUNCTION(op##_f_tt, ftt)                        \
    LOSS_KERNELS(op, A)

#define LOSS_FUNCTION(op)                                                   \
    ad_tensor op(ad_tensor prediction, ad_tensor target)                    \
    {                                                                       \
        return ad_apply(&op##_op, (ad_tensor[]){prediction, target}, NULL); \
    }

#define SUM  false
#define MEAN true
#define LOSS(op, mean, f, fp, ft, fpp, fpt, ftt)                \
    LOSS_RULES(op, NO_PARAMETER, f, fp, ft, fpp, fpt, ftt)      \
    LOSS_OP(op, 0, 0, mean, .formula = #f, .slope = {#fp, #ft}, \
            .bend = {{#fpp, #fpt}, {#fpt, #ftt}})               \
    LOSS_FUNCTION(op)

/* Of the difference alone; the target's derivatives follow. */
#define DISTANCE_RULES(op, A, f, fd, fdd) LOSS_RULES(op, A, f, fd, -(fd), fdd, -(fdd), fdd)
#define DISTANCE_TEXT(f, fd, fdd) \
    .formula = f, .slope = {fd, "-(" fd ")"}, .bend = {{fdd, "-(" fdd ")"}, {"-(" fdd ")", fdd}}
#define DISTANCE(op, mean, f, fd, fdd)                    \
    DISTANCE_RULES(op, NO_PARAMETER, f, fd, fdd)          \
    LOSS_OP(op, 0, 0, mean, DISTANCE_TEXT(#f, #fd, #fdd)) \
    LOSS_FUNCTION(op)
#define PIECEWISE(op, mean, f, fd)                                  \
    DISTANCE_RULES(op, NO_PARAMETER, f, fd, 0)                      \
    LOSS_OP(op, AD_OP_LINEAR, 0, mean, DISTANCE_TEXT(#f, #fd, "0")) \
    LOSS_FUNCTION(op)
#define WITH_PARAMETER(op, mean, f, fd, fdd)  \
    DISTANCE_RULES(op, PARAMETER, f, fd, fdd) \
    LOSS_OP(op, 0, sizeof(double), mean, DISTANCE_TEXT(#f, #fd, #fdd))

/* clang-format off */
/*   name, of; f, df/dd, d2f/dd2 */
PIECEWISE(ad_l1_loss, SUM, fabs(d), sign_of(d))
PIECEWISE(ad_mae, MEAN, fabs(d), sign_of(d))
DISTANCE(ad_l2_loss, SUM, d * d, 2 * d, 2)
DISTANCE(ad_mse, MEAN, d * d, 2 * d, 2)
DISTANCE(ad_logcosh_loss, MEAN, log_cosh(d), AD_TANH(d), sech_squared(d))
WITH_PARAMETER(ad_huber_loss, SUM,
     fabs(d) <= a ? d * d / 2 : a * (fabs(d) - a / 2),
     d > a ? a : d < -a ? -a : d,
     fabs(d) <= a)

/*   name, of; f, df/dp, df/dt, d2f/dp2, d2f/dpdt, d2f/dt2 */
LOSS(ad_mape, MEAN,
     100 * fabs(d / t),
     100 * sign_of(d) / fabs(t),
     -100 * sign_of(d) * (p / t) / fabs(t),
     0,
     -100 * sign_of(d) / fabs(t) / t,
     200 * sign_of(d) * (p / t) / fabs(t) / t)
LOSS(ad_msle, MEAN,
     log1p_gap(p, t) * log1p_gap(p, t),
     2 * log1p_gap(p, t) * log1p_slope(p),
     -2 * log1p_gap(p, t) * log1p_slope(t),
     2 * (log1p_slope(p) * log1p_slope(p) + log1p_gap(p, t) * log1p_bend(p)),
     -2 * log1p_slope(p) * log1p_slope(t),
     2 * (log1p_slope(t) * log1p_slope(t) - log1p_gap(p, t) * log1p_bend(t)))
LOSS(ad_hinge_loss, MEAN,
     1 - t * p <= 0 ? 0 : 1 - t * p,
     1 - t * p <= 0 ? 0 : -t,
     1 - t * p <= 0 ? 0 : -p,
     0,
     1 - t * p <= 0 ? 0 : -1,
     0)
LOSS(ad_squared_hinge_loss, MEAN,
     1 - t * p <= 0 ? 0 : (1 - t * p) * (1 - t * p),
     1 - t * p <= 0 ? 0 : -2 * t * (1 - t * p),
     1 - t * p <= 0 ? 0 : -2 * p * (1 - t * p),
     1 - t * p <= 0 ? 0 : 2 * t * t,
     1 - t * p <= 0 ? 0 : 2 * (t * p - (1 - t * p)),
     1 - t * p <= 0 ? 0 : 2 * p * p)
LOSS(ad_poisson_loss, MEAN,
     t == 0 ? p : p - t * AD_LOG(p), t == 0 ? 1 : relative_gap(p, t), -AD_LOG(p),
     t == 0 ? 0 : t / p / p, -1 / p, 0)
LOSS(ad_kl_divergence, SUM,
     t == 0 ? 0 : t * log_ratio(t, p), t == 0 ? 0 : -(t / p), t == 0 ? -INFINITY : log_ratio(t, p) + 1,
     t == 0 ? 0 : t / p / p, -1 / p, 1 / t)
LOSS(ad_sigmoid_cross_entropy, MEAN,
     sigmoid_entropy(p, t), sigmoid_less(p, t), -p,
     sech_squared(p / 2) / 4, -1, 0)
/* clang-format on */

ad_tensor ad_huber_loss(ad_tensor prediction, ad_tensor target, double delta)
{
    ad_tensor x[] = {prediction, target};
    if (!(delta > 0))
        return ad_refuse(AD_MISUSE, "huber_loss", 2, x, "delta must be greater than 0, not %g",
                         delta);
    return ad_apply(&ad_huber_loss_op, x, &delta);
}

const ad_op *const ad_loss_ops[] = {
    &ad_l1_loss_op,
    &ad_mae_op,
    &ad_l2_loss_op,
    &ad_mse_op,
    &ad_logcosh_loss_op,
    &ad_huber_loss_op,
    &ad_mape_op,
    &ad_msle_op,
    &ad_hinge_loss_op,
    &ad_squared_hinge_loss_op,
    &ad_poisson_loss_op,
    &ad_kl_divergence_op,
    &ad_sigmoid_cross_entropy_op,
    NULL,
};
