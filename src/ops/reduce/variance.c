/* Variances over axes, their roots, and means with variances (moments). With the mean m and d = n - ddof:
 *
 *     variance  y = sum((x - m)^2) / d    dy/dx = 2 (x - m) / d
 *     std       s = sqrt(y)               ds/dx = (x - m) / (d s)
 *
 * (the derivative of m cancels, since x - m sums to 0). Means and deviations are f64
 * whatever the type, and a mean is computed as the first element plus the mean distance from it, so
 * that it is exact, and the variance 0, where all elements are equal. */
#include "adze/op.h"
#include "kernels/kernel.h"
#include "kernels/vanishing.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "ops/reduce/reduce.h"

#include <math.h>

#define DEVIATION(T, m) ((double)AD_IN(T, 0) - (double)AD_IN(m, 1))

/* x, pivot -> x - pivot;  pivot, distance -> the mean;  x, m -> (x - m)^2;
 * x, m, t -> (x - m) t. All give f64. */
#define DEVIATION_KERNELS(s, T)                                                   \
    AD_KERNEL(distance_##s, double, DEVIATION(T, T))                              \
    AD_KERNEL(shift_##s, double, (double)AD_IN(T, 0) + AD_IN(double, 1))          \
    AD_KERNEL(square_##s, double, DEVIATION(T, double) * DEVIATION(T, double))    \
    AD_TIMES_KERNEL(along_##s, double, DEVIATION(T, double), (double)AD_IN(T, 2)) \
    AD_TIMES_KERNEL(slope_##s, T, DEVIATION(T, double), AD_IN(double, 2))
DEVIATION_KERNELS(f32, float)
DEVIATION_KERNELS(f64, double)

static const ad_blocks distance = AD_BLOCKS(distance);
static const ad_blocks shift = AD_BLOCKS(shift);
static const ad_blocks square = AD_BLOCKS(square);
static const ad_blocks along = AD_BLOCKS(along);
static const ad_blocks slope = AD_BLOCKS(slope); /* x, m, factor -> factor (x - m) */

/* Writes the means, in the kept shape. */
static bool find_means(const ad_reduced *r, ad_workspace *work, const ad_view *x, double *means)
{
    if (r->length == 0) { /* there is no first element */
        for (size_t i = 0; i < r->count; i++)
            means[i] = NAN;
        return true;
    }
    ad_view first = ad_reduced_first(r, x), in[] = {*x, first};
    double *sums = ad_map_sum(work, &x->shape, &distance.of[x->type], 2, in, AD_F64, &r->kept);
    if (!sums)
        return false;
    for (size_t i = 0; i < r->count; i++)
        sums[i] /= r->length;
    ad_view parts[] = {first, ad_reduced_view(r, AD_F64, sums)};
    ad_map(work, &r->kept, &shift.of[x->type], 2, parts, sizeof *means, means, false);
    return true;
}

/* The difference between the ops. */
typedef struct variance_kind {
    bool root;
} variance_kind;

static bool has_root(const ad_op *op)
{
    return ((const variance_kind *)op->kernels)->root;
}

static double degrees_of_freedom(const ad_reduced *r, const void *attr)
{
    double d = r->length - ((const ad_reduction *)attr)->ddof;
    return d > 0 ? d : NAN;
}

static size_t means_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    (void)type;
    return ad_reduce_plan(x, attr).count * sizeof(double);
}

static void variance_forward(const ad_forward_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    if (!r.count || !find_means(&r, c->work, &c->x[0], c->saved))
        return;
    ad_view in[] = {c->x[0], ad_reduced_view(&r, AD_F64, c->saved)};
    double *sums =
        ad_map_sum(c->work, &c->x[0].shape, &square.of[c->y.type], 2, in, AD_F64, &r.kept);
    if (!sums)
        return;
    double d = degrees_of_freedom(&r, c->attr);
    for (size_t i = 0; i < r.count; i++)
        sums[i] = has_root(c->op) ? sqrt(sums[i] / d) : sums[i] / d;
    ad_store_sums(r.count, sums, c->y.type, c->y.data, false);
}

/* Turns each number t into t dy/dx for a deviation of 1. */
static void scale(const ad_op *op, const ad_reduced *r, const void *attr, const ad_view *y,
                  double *t)
{
    double d = degrees_of_freedom(r, attr);
    for (size_t i = 0; i < r->count; i++) {
        double s = y->type == AD_F32 ? ((const float *)y->data)[i] : ((const double *)y->data)[i];
        if (!has_root(op))
            t[i] = AD_TIMES(t[i], 2 / d);
        else
            t[i] = s == 0 ? 0 : t[i] == 0 ? t[i] : t[i] / (d * s);
    }
}

static void variance_pullback(const ad_pullback_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    double *factors = ad_reduced_doubles(&r, c->work, &c->dy);
    if (!factors)
        return;
    scale(c->op, &r, c->attr, &c->y, factors);
    ad_view in[] = {c->x[0], ad_reduced_view(&r, AD_F64, c->saved),
                    ad_reduced_view(&r, AD_F64, factors)};
    ad_map_into(c->work, &c->x[0].shape, &slope, 3, in, &c->dx[0], !c->assign[0]);
}

static void variance_jvp(const ad_jvp_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    ad_view in[] = {c->x[0], ad_reduced_view(&r, AD_F64, c->saved), c->tx[0]};
    double *sums =
        ad_map_sum(c->work, &c->x[0].shape, &along.of[c->ty.type], 3, in, AD_F64, &r.kept);
    if (!sums)
        return;
    scale(c->op, &r, c->attr, &c->y, sums);
    ad_store_sums(r.count, sums, c->ty.type, c->ty.data, false);
}

/* The pullback is linear in x: its derivative is the same with tx instead. */
static void variance_curvature(const ad_curvature_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    double *factors = ad_reduced_doubles(&r, c->work, &c->dy);
    double *means = ad_scratch(c->work, r.count * sizeof *means);
    if (!factors || !means || !find_means(&r, c->work, &c->tx[0], means))
        return;
    scale(c->op, &r, c->attr, &c->y, factors);
    ad_view in[] = {c->tx[0], ad_reduced_view(&r, AD_F64, means),
                    ad_reduced_view(&r, AD_F64, factors)};
    ad_map_into(c->work, &c->x[0].shape, &slope, 3, in, &c->tdx[0], true);
}

/* s is the root of the variance: with its tangent ts, that of (x - m) / (d s) is
 * (tx - mean(tx)) / (d s) - (x - m) / (d s) ts / s. */
static void std_curvature(const ad_curvature_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    ad_view in[] = {c->x[0], ad_reduced_view(&r, AD_F64, c->saved), c->tx[0]};
    double *ts = ad_map_sum(c->work, &c->x[0].shape, &along.of[c->dy.type], 3, in, AD_F64, &r.kept);
    double *factors = ad_reduced_doubles(&r, c->work, &c->dy);
    if (!ts || !factors)
        return;
    variance_curvature(c);
    scale(c->op, &r, c->attr, &c->y, ts);
    for (size_t i = 0; i < r.count; i++)
        factors[i] = AD_TIMES(factors[i], -ts[i]);
    for (int times = 0; times < 2; times++) /* by 1 / (d s), then by d / (d s) */
        scale(c->op, &r, c->attr, &c->y, factors);
    for (size_t i = 0; i < r.count; i++)
        factors[i] = AD_TIMES(factors[i], degrees_of_freedom(&r, c->attr));
    in[2] = ad_reduced_view(&r, AD_F64, factors);
    ad_map_into(c->work, &c->x[0].shape, &slope, 3, in, &c->tdx[0], true);
}

/* ---- mean and variance at once ------------------------------------------------------- */

enum { MEAN, VARIANCE, RESULTS };

static const char *moments_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    ad_reduce_shape(x, attr, &y[MEAN]);
    return ad_reduce_shape(x, attr, &y[VARIANCE]);
}

static void moments_forward(const ad_forward_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    ad_forward_args variance = *c;
    variance.y = c->ys[VARIANCE];
    variance_forward(&variance);
    ad_store_sums(r.count, c->saved, c->y.type, c->y.data, false);
}

/* Each element of x has its share of the mean's cotangent. */
static void spread_mean(const ad_pullback_args *c, bool add)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    double *shares = ad_reduced_doubles(&r, c->work, &c->dys[MEAN]);
    void *rounded = ad_scratch(c->work, r.count * sizeof *shares);
    if (!shares || !rounded)
        return;
    for (size_t i = 0; i < r.count; i++)
        shares[i] /= r.length;
    ad_store_sums(r.count, shares, c->dx[0].type, rounded, false);
    ad_view share = ad_reduced_view(&r, c->dx[0].type, rounded);
    ad_map_into(c->work, &c->x[0].shape, &ad_itself, 1, &share, &c->dx[0], add);
}

static void moments_pullback(const ad_pullback_args *c)
{
    bool varies = c->dys[VARIANCE].data;
    ad_pullback_args variance = *c;
    variance.y = c->ys[VARIANCE];
    variance.dy = c->dys[VARIANCE];
    if (varies)
        variance_pullback(&variance);
    if (c->dys[MEAN].data)
        spread_mean(c, varies || !c->assign[0]);
}

static void moments_jvp(const ad_jvp_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    double *means = ad_scratch(c->work, r.count * sizeof *means);
    ad_jvp_args variance = *c;
    variance.y = c->ys[VARIANCE];
    variance.ty = c->tys[VARIANCE];
    variance_jvp(&variance);
    if (means && find_means(&r, c->work, &c->tx[0], means))
        ad_store_sums(r.count, means, c->ty.type, c->ty.data, false);
}

/* The mean is linear in x. */
static void moments_curvature(const ad_curvature_args *c)
{
    ad_curvature_args variance = *c;
    variance.y = c->ys[VARIANCE];
    variance.dy = c->dys[VARIANCE];
    if (variance.dy.data)
        variance_curvature(&variance);
}

static const ad_op moments_op = {
    .size = sizeof(ad_op),
    .name = "moments",
    .arity = 1,
    .results = RESULTS,
    .flags = AD_OP_STRIDED | AD_OP_ASSIGNS,
    .attr_size = sizeof(ad_reduction),
    .shape = moments_shape,
    .saved = means_saved,
    .forward = moments_forward,
    .pullback = moments_pullback,
    .jvp = moments_jvp,
    .curvature = moments_curvature,
    .kernels = &(const variance_kind){false},
    .derivative = "dx = g_mean / n + 2 g_variance (x - mean) / (n - ddof)",
};

/* ---- the public functions -------------------------------------------------------------- */

bool ad_ddof_fits(const char *op, ad_tensor x, int ddof)
{
    char text[256];
    ad_shape own = ad_shape_of(x);
    if (own.rank < 0 || ddof >= 0)
        return true;
    ad_tape_fail(x.tape, AD_MISUSE, "%s(%s): ddof %d is negative", op,
                 ad_shape_print(&own, text, sizeof text), ddof);
    return false;
}

static ad_tensor reduce_with_ddof(const ad_op *op, ad_tensor x, ad_axes axes, int ddof)
{
    return ad_ddof_fits(op->name, x, ddof) ? ad_reduce(op, x, axes, ddof) : ad_dead(x);
}

#define VARIANCE_OP(op, over_axes, curvature_rule, root, words) \
    static const ad_op op##_op = {                              \
        .size = sizeof(ad_op),                                  \
        .name = &#op[3],                                        \
        .arity = 1,                                             \
        .flags = AD_OP_STRIDED | AD_OP_ASSIGNS,                 \
        .attr_size = sizeof(ad_reduction),                      \
        .shape = ad_reduce_shape,                               \
        .saved = means_saved,                                   \
        .forward = variance_forward,                            \
        .pullback = variance_pullback,                          \
        .jvp = variance_jvp,                                    \
        .curvature = curvature_rule,                            \
        .kernels = &(const variance_kind){root},                \
        .derivative = words,                                    \
    };                                                          \
    ad_tensor op(ad_tensor x)                                   \
    {                                                           \
        return ad_reduce(&op##_op, x, AD_AXES(), 0);            \
    }                                                           \
    ad_tensor over_axes(ad_tensor x, ad_axes axes, int ddof)    \
    {                                                           \
        return reduce_with_ddof(&op##_op, x, axes, ddof);       \
    }

VARIANCE_OP(ad_variance, ad_variance_over, variance_curvature, false,
            "dx = 2 g (x - mean) / (n - ddof)")
VARIANCE_OP(ad_std, ad_std_over, std_curvature, true, "dx = g (x - mean) / ((n - ddof) std)")

ad_moments_pair ad_moments_over(ad_tensor x, ad_axes axes, int ddof)
{
    ad_tensor y[RESULTS] = {ad_dead(x), ad_dead(x)};
    ad_reduction attr;
    if (ad_ddof_fits(moments_op.name, x, ddof) &&
        ad_reduction_fits(moments_op.name, x, axes, ddof, &attr))
        ad_apply_results(&moments_op, 1, &x, &attr, RESULTS, y);
    return (ad_moments_pair){y[MEAN], y[VARIANCE]};
}

ad_moments_pair ad_moments(ad_tensor x)
{
    return ad_moments_over(x, AD_AXES(), 0);
}

const ad_op *const ad_variance_ops[] = {&ad_variance_op, &ad_std_op, &moments_op, NULL};
