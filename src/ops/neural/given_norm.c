/* The batch norm after training, by a mean m and a variance v that are given: with r = 1 / sqrt(v + epsilon) and
 * xh = (x - m) r,
 *
 *     y = xh g + b
 *     pullback   dx = dy e, e = g r;  dm = -sum(dy e);  dv = sum(dy (x - m)) k, k = -g r^3 / 2;
 *                dg = sum(dy (x - m)) r;  db = sum(dy)
 *     jvp        y' = x' e + (x - m) f + s, f = r g' + k v', s = b' - e m'
 *     curvature  dx' = dy e', e' = g' r + g r', r' = -r^3 v' / 2;  dm' = -sum(dy e');
 *                dv' = sum(dy ((x' - m') k + (x - m) k')), k' = -(3 r^2 r' g + r^3 g') / 2;
 *                dg' = sum(dy ((x' - m') r + (x - m) r'))
 *
 * Each number goes by itself; what belongs to a channel is computed in f64 before. */
#include "adze/op.h"
#include "adze/ops.h"
#include "array/convert.h"
#include "kernels/kernel.h"
#include "kernels/vanishing.h"
#include "ops/families.h"
#include "ops/refuse.h"
#include "tape/failure.h"

#include <math.h>

enum { X, MEAN, VARIANCE, GAIN, BIAS, OPERANDS };

static double epsilon_of(const void *attr)
{
    return *(const double *)attr;
}

static const char *given_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    if (x[X].rank == 0)
        return "needs x [..., channels]";
    for (int i = MEAN; i < OPERANDS; i++)
        if (x[i].rank != 1 || x[i].dim[0] != x[X].dim[x[X].rank - 1])
            return "mean, variance, gain and bias must be [channels], as many as x has";
    *y = x[X];
    return NULL;
}

/* ---- numbers of channels ----------------------------------------------------------------- */

/* What a channel is given, and how that moves; all that the rules need of it. */
typedef struct channel {
    double m, v, g, b, tm, tv, tg, tb, r;
} channel;

typedef double of_channel(const channel *c);

static double e(const channel *c)
{
    return c->g * c->r;
}
static double r(const channel *c)
{
    return c->r;
}
static double k(const channel *c)
{
    return -0.5 * c->g * c->r * c->r * c->r;
}
static double minus_e(const channel *c)
{
    return -e(c);
}
static double f(const channel *c)
{
    return AD_TIMES(c->r, c->tg) + AD_TIMES(k(c), c->tv);
}
static double s(const channel *c)
{
    return c->tb - AD_TIMES(e(c), c->tm);
}
static double r_moved(const channel *c)
{
    return AD_TIMES(-0.5 * c->r * c->r * c->r, c->tv);
}
static double e_moved(const channel *c)
{
    return AD_TIMES(c->g, r_moved(c)) + AD_TIMES(c->r, c->tg);
}
static double minus_e_moved(const channel *c)
{
    return -e_moved(c);
}
static double k_moved(const channel *c)
{
    return -0.5 *
           (AD_TIMES(3 * c->r * c->r * c->g, r_moved(c)) + AD_TIMES(c->r * c->r * c->r, c->tg));
}

/* A rule's operands and, for some rules, their tangents. */
typedef struct given {
    ad_workspace *work;
    const ad_view *x, *tx;
    double epsilon;
} given;

/* A number for each channel, as a view. Without data if memory ran out. */
static ad_view of_channels(const given *n, of_channel *what)
{
    ad_view v = n->x[MEAN];
    size_t count = ad_view_count(&v);
    double *numbers = ad_scratch(n->work, (count + 1) * sizeof *numbers);
    void *data = ad_scratch(n->work, (count + 1) * sizeof *numbers);
    v.data = data;
    for (size_t i = 0; numbers && data && i < count; i++) {
        channel c = {.m = ad_float_of(&n->x[MEAN], i),
                     .v = ad_float_of(&n->x[VARIANCE], i),
                     .g = ad_float_of(&n->x[GAIN], i),
                     .b = ad_float_of(&n->x[BIAS], i)};
        if (n->tx) {
            c.tm = ad_float_of(&n->tx[MEAN], i);
            c.tv = ad_float_of(&n->tx[VARIANCE], i);
            c.tg = ad_float_of(&n->tx[GAIN], i);
            c.tb = ad_float_of(&n->tx[BIAS], i);
        }
        c.r = 1 / sqrt(c.v + n->epsilon);
        numbers[i] = what(&c);
    }
    if (!numbers || !data)
        v.data = NULL;
    else
        ad_store_sums(count, numbers, v.type, data, false);
    return v;
}

/* ---- rules --------------------------------------------------------------------------------- */

#define KERNELS(s, T)                                                                      \
    AD_KERNEL(given_##s, T, (AD_IN(T, 0) - AD_IN(T, 1)) * AD_IN(T, 2) + AD_IN(T, 3))       \
    AD_KERNEL(times_##s, T, AD_TIMES(AD_IN(T, 0), AD_IN(T, 1)))                            \
    AD_KERNEL(plus_##s, T, AD_TIMES(AD_IN(T, 0), AD_IN(T, 1)) + AD_IN(T, 2))               \
    AD_KERNEL(along_##s, T, AD_TIMES(AD_IN(T, 0), AD_IN(T, 1) - AD_IN(T, 2), AD_IN(T, 3))) \
    AD_KERNEL(both_##s, T, AD_TIMES(AD_IN(T, 0), AD_IN(T, 1), AD_IN(T, 2)))                \
    AD_KERNEL(less_##s, T, -AD_TIMES(AD_IN(T, 0), AD_IN(T, 1), AD_IN(T, 2)))               \
    AD_KERNEL(away_##s, T, AD_TIMES(AD_IN(T, 0) - AD_IN(T, 1), AD_IN(T, 2)))
KERNELS(f32, float)
KERNELS(f64, double)
static const ad_blocks affine = AD_BLOCKS(given), times = AD_BLOCKS(times), plus = AD_BLOCKS(plus),
                       along = AD_BLOCKS(along), both = AD_BLOCKS(both), less = AD_BLOCKS(less),
                       away = AD_BLOCKS(away);

/* out (+)= kernel(in...), over the shape of x. Nothing if one of them has no data, for tangents of 0 and
 * where memory ran out. */
static void map(const given *n, const ad_blocks *kernel, int count, const ad_view *in,
                const ad_array *out, bool add)
{
    for (int i = 0; i < count; i++)
        if (!in[i].data)
            return;
    ad_map_into(n->work, &n->x[X].shape, kernel, count, in, out, add);
}

static void given_forward(const ad_forward_args *c)
{
    given n = {c->work, c->x, NULL, epsilon_of(c->attr)};
    map(&n, &affine, 4, (ad_view[]){c->x[X], c->x[MEAN], of_channels(&n, e), c->x[BIAS]}, &c->y,
        false);
}

static void given_pullback(const ad_pullback_args *c)
{
    given n = {c->work, c->x, NULL, epsilon_of(c->attr)};
    if (c->wanted[X])
        map(&n, &times, 2, (ad_view[]){c->dy, of_channels(&n, e)}, &c->dx[X], !c->assign[X]);
    if (c->wanted[MEAN])
        map(&n, &times, 2, (ad_view[]){c->dy, of_channels(&n, minus_e)}, &c->dx[MEAN],
            !c->assign[MEAN]);
    if (c->wanted[VARIANCE])
        map(&n, &along, 4, (ad_view[]){c->dy, c->x[X], c->x[MEAN], of_channels(&n, k)},
            &c->dx[VARIANCE], !c->assign[VARIANCE]);
    if (c->wanted[GAIN])
        map(&n, &along, 4, (ad_view[]){c->dy, c->x[X], c->x[MEAN], of_channels(&n, r)},
            &c->dx[GAIN], !c->assign[GAIN]);
    if (c->wanted[BIAS])
        map(&n, &ad_itself, 1, &c->dy, &c->dx[BIAS], !c->assign[BIAS]);
}

static void given_jvp(const ad_jvp_args *c)
{
    given n = {c->work, c->x, c->tx, epsilon_of(c->attr)};
    ad_view level = of_channels(&n, s);
    if (c->tx[X].data)
        map(&n, &plus, 3, (ad_view[]){c->tx[X], of_channels(&n, e), level}, &c->ty, false);
    else
        map(&n, &ad_itself, 1, &level, &c->ty, false);
    map(&n, &away, 3, (ad_view[]){c->x[X], c->x[MEAN], of_channels(&n, f)}, &c->ty, true);
}

/* tdx += sum(dy ((x' - m') a + (x - m) a')) */
static void bend_along(const ad_curvature_args *c, const given *n, int operand, of_channel *a,
                       of_channel *a_moved)
{
    const ad_array *tdx = &c->tdx[operand];
    if (!c->wanted[operand])
        return;
    ad_view own = of_channels(n, a), moved = of_channels(n, a_moved);
    map(n, &along, 4, (ad_view[]){c->dy, c->x[X], c->x[MEAN], moved}, tdx, true);
    map(n, &both, 3, (ad_view[]){c->dy, c->tx[X], own}, tdx, true);
    map(n, &less, 3, (ad_view[]){c->dy, c->tx[MEAN], own}, tdx, true);
}

static void given_curvature(const ad_curvature_args *c)
{
    given n = {c->work, c->x, c->tx, epsilon_of(c->attr)};
    if (c->wanted[X])
        map(&n, &times, 2, (ad_view[]){c->dy, of_channels(&n, e_moved)}, &c->tdx[X], true);
    if (c->wanted[MEAN])
        map(&n, &times, 2, (ad_view[]){c->dy, of_channels(&n, minus_e_moved)}, &c->tdx[MEAN], true);
    bend_along(c, &n, VARIANCE, k, k_moved);
    bend_along(c, &n, GAIN, r, r_moved);
}

static const ad_op given_op = {
    .size = sizeof(ad_op),
    .name = "batch_norm_given",
    .arity = OPERANDS,
    .flags = AD_OP_ASSIGNS,
    .attr_size = sizeof(double),
    .shape = given_shape,
    .forward = given_forward,
    .pullback = given_pullback,
    .jvp = given_jvp,
    .curvature = given_curvature,
    .derivative = "with r = 1 / sqrt(variance + epsilon) and z = (x - mean) r: dx = g gain r, "
                  "dmean = -sum(g) gain r, dvariance = -sum(g z) gain r^2 / 2, dgain = sum(g z), "
                  "dbias = sum(g)",
};

ad_tensor ad_batch_norm_given(ad_tensor x, ad_tensor mean, ad_tensor variance, ad_tensor gain,
                              ad_tensor bias, double epsilon)
{
    const ad_tensor operands[OPERANDS] = {x, mean, variance, gain, bias};
    AD_DOOR(x.tape, given_op.name, ad_dead(x));
    if (!(epsilon >= 0 && isfinite(epsilon)))
        return ad_refuse(AD_MISUSE, given_op.name, OPERANDS, operands,
                         "epsilon must be a number from 0 on, not %g", epsilon);
    return ad_apply(&given_op, operands, &epsilon);
}

const ad_op *const ad_given_norm_ops[] = {&given_op, NULL};
