/* Sums over axes, and what is made of them: means and variances.
 *
 * With c = 1 or 1/n, y = c sum(x) has the pullback dx += c dy, repeated over the reduced axes.
 * For variances let m be the mean and d = n - ddof:
 *
 *     variance  y = sum((x - m)^2) / d    dy/dx = 2 (x - m) / d
 *     std       s = sqrt(y)               ds/dx = (x - m) / (d s)
 *
 * (the derivative of m cancels, since x - m sums to 0). Means and deviations are f64
 * whatever the type, and a mean is computed as the first element plus the mean distance from it, so
 * that it is exact, and the variance 0, where all elements are equal. */
#include "ops/reduce/reduce.h"

#include "adze/op.h"
#include "array/convert.h"
#include "kernels/lanes.h"
#include "ops/axes.h"
#include "ops/families.h"

#include <math.h>
#include <stdio.h>

/* ---- axes and shapes --------------------------------------------------------------- */

ad_reduced ad_reduce_plan(const ad_shape *x, const void *attr)
{
    const ad_reduction *a = attr;
    ad_reduced r = {.kept = {.rank = x->rank}, .count = 1, .length = 1};
    for (int i = 0; i < x->rank; i++) {
        bool reduced = a->reduced >> i & 1;
        r.kept.dim[i] = reduced ? 1 : x->dim[i];
        r.count *= (size_t)r.kept.dim[i];
        r.length *= reduced ? (double)x->dim[i] : 1;
    }
    return r;
}

const char *ad_reduce_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const ad_reduction *a = attr;
    ad_shape kept = ad_reduce_plan(x, attr).kept, result = {0};
    for (int i = 0; i < kept.rank; i++)
        if (!(a->dropped >> i & 1))
            result.dim[result.rank++] = kept.dim[i];
    *y = result;
    return NULL;
}

ad_tensor ad_reduce(const ad_op *op, ad_tensor x, ad_axes axes, int ddof)
{
    ad_reduction attr = {.ddof = ddof};
    if (!ad_axes_fix(op->name, x, &axes, &attr.reduced))
        return ad_dead_like(x);
    attr.dropped = axes.keep ? 0 : attr.reduced;
    return ad_apply(op, &x, &attr);
}

size_t ad_reduced_row(const ad_view *x, const void *attr)
{
    unsigned reduced = ((const ad_reduction *)attr)->reduced;
    size_t length = 1;
    int i = x->shape.rank;
    for (; i > 0 && reduced >> (i - 1) & 1; i--)
        length *= (size_t)x->shape.dim[i - 1];
    for (; i > 0; i--)
        if (reduced >> (i - 1) & 1)
            return 0;
    return ad_view_is_contiguous(x) ? length : 0;
}

double *ad_reduced_doubles(const ad_reduced *r, ad_workspace *work, const ad_view *numbers)
{
    double *copy = ad_scratch(work, r->count * sizeof *copy);
    if (copy)
        ad_convert(r->count, numbers->type, numbers->data, AD_F64, copy);
    return copy;
}

/* ---- sum, mean and unbroadcast ----------------------------------------------------- */

static const bool averages = true; /* the kernels of mean; the others have none */

static double divisor(const ad_op *op, const ad_reduced *r)
{
    return op->kernels ? r->length : 1;
}

static void add_up(ad_workspace *work, const ad_op *op, const void *attr, const ad_view *x,
                   const ad_array *y)
{
    ad_reduced r = ad_reduce_plan(&x->shape, attr);
    double *sums = ad_map_sum(work, &x->shape, NULL, 1, x, x->type, &r.kept);
    if (!sums)
        return;
    for (size_t i = 0; i < r.count; i++)
        sums[i] /= divisor(op, &r);
    ad_store_sums(r.count, sums, y->type, y->data, false);
}

static void sum_forward(const ad_forward_args *c)
{
    add_up(c->work, c->op, c->attr, &c->x[0], &c->y);
}

static void sum_jvp(const ad_jvp_args *c)
{
    add_up(c->work, c->op, c->attr, &c->tx[0], &c->ty);
}

AD_KERNEL(repeat_f32, float, AD_IN(double, 0))
AD_KERNEL(repeat_f64, double, AD_IN(double, 0))
static const ad_blocks repeat = AD_BLOCKS(repeat);

/* A number -> a row of it. */
AD_LANES_OF(fill_f32, float, float v = (float)*(const double *)in[0]; AD_EACH(AD_PUT(float, v)))
AD_LANES_OF(fill_f64, double, double v = *(const double *)in[0]; AD_EACH(AD_PUT(double, v)))
static const ad_lane_blocks fill = AD_LANE_BLOCKS(fill);

static void sum_pullback(const ad_pullback_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->dx[0].shape, c->attr);
    double *shares = ad_reduced_doubles(&r, c->work, &c->dy);
    if (!shares)
        return;
    for (size_t i = 0; i < r.count; i++)
        shares[i] /= divisor(c->op, &r);
    ad_view dx = ad_array_view(c->dx[0]), share = ad_reduced_view(&r, AD_F64, shares);
    size_t row = ad_reduced_row(&dx, c->attr);
    if (row > 1) {
        ad_row_stream from = {shares, sizeof *shares},
                      to = {c->dx[0].data, row * ad_type_size(dx.type)};
        ad_lanes_rows(c->work, &fill.of[dx.type], r.count, row, 1, &from, to, !c->assign[0]);
        return;
    }
    ad_map_into(c->work, &c->dx[0].shape, &repeat, 1, &share, &c->dx[0], !c->assign[0]);
}

#define SUM_OP(op, averaging)                                  \
    static const ad_op op##_op = {                             \
        .name = #op,                                           \
        .arity = 1,                                            \
        .flags = AD_OP_STRIDED | AD_OP_ASSIGNS | AD_OP_LINEAR, \
        .attr_size = sizeof(ad_reduction),                     \
        .shape = ad_reduce_shape,                              \
        .forward = sum_forward,                                \
        .pullback = sum_pullback,                              \
        .jvp = sum_jvp,                                        \
        .kernels = averaging,                                  \
    };

SUM_OP(sum, NULL)
SUM_OP(mean, &averages)
SUM_OP(unbroadcast, NULL)

AD_REDUCTION_FORMS(sum, sum_op)
AD_REDUCTION_FORMS(mean, mean_op)

/* The reduction that leads from x's shape to target. False if target does not broadcast to it. */
static bool find_repeats(const ad_shape *x, const ad_shape *target, ad_reduction *attr)
{
    int extra = x->rank - target->rank;
    if (target->rank < 0 || extra < 0)
        return false;
    for (int i = 0; i < x->rank; i++) {
        int64_t extent = i < extra ? 1 : target->dim[i - extra];
        if (extent != 1 && extent != x->dim[i])
            return false;
        attr->reduced |= extent != x->dim[i] || i < extra ? 1u << i : 0;
        attr->dropped |= i < extra ? 1u << i : 0;
    }
    return true;
}

ad_tensor ad_unbroadcast(ad_tensor x, ad_shape shape)
{
    char from[256], to[256];
    ad_shape own = ad_shape_of_tensor(x);
    ad_reduction attr = {0};
    if (own.rank >= 0 && !find_repeats(&own, &shape, &attr)) {
        ad_tape_fail(
            x.tape, AD_BAD_SHAPE, "unbroadcast(%s): the target %s does not broadcast to it",
            ad_shape_print(&own, from, sizeof from), ad_shape_print(&shape, to, sizeof to));
        return ad_dead_like(x);
    }
    return ad_apply(&unbroadcast_op, &x, &attr);
}

/* ---- variance and std -------------------------------------------------------------- */

#define DEVIATION(T, m) ((double)AD_IN(T, 0) - (double)AD_IN(m, 1))

/* x, pivot -> x - pivot;  pivot, distance -> the mean;  x, m -> (x - m)^2;
 * x, m, t -> (x - m) t. All give f64. */
#define DEVIATION_KERNELS(s, T)                                                \
    AD_KERNEL(distance_##s, double, DEVIATION(T, T))                           \
    AD_KERNEL(shift_##s, double, (double)AD_IN(T, 0) + AD_IN(double, 1))       \
    AD_KERNEL(square_##s, double, DEVIATION(T, double) * DEVIATION(T, double)) \
    AD_KERNEL(along_##s, double, DEVIATION(T, double) * (double)AD_IN(T, 2))   \
    AD_KERNEL(slope_##s, T, DEVIATION(T, double) * AD_IN(double, 2))
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

static const bool has_root = true; /* the kernels of std; variance has none */

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
        sums[i] = c->op->kernels ? sqrt(sums[i] / d) : sums[i] / d;
    ad_store_sums(r.count, sums, c->y.type, c->y.data, false);
}

/* Makes of each number t what t dy/dx is for a deviation of 1. */
static void scale(const ad_op *op, const ad_reduced *r, const void *attr, const ad_view *y,
                  double *t)
{
    double d = degrees_of_freedom(r, attr);
    for (size_t i = 0; i < r->count; i++) {
        double s = y->type == AD_F32 ? ((const float *)y->data)[i] : ((const double *)y->data)[i];
        if (!op->kernels)
            t[i] *= 2 / d;
        else
            t[i] = s == 0 ? 0 : t[i] / (d * s);
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
        factors[i] *= -ts[i];
    for (int times = 0; times < 2; times++) /* by 1 / (d s), then by d / (d s) */
        scale(c->op, &r, c->attr, &c->y, factors);
    for (size_t i = 0; i < r.count; i++)
        factors[i] *= degrees_of_freedom(&r, c->attr);
    in[2] = ad_reduced_view(&r, AD_F64, factors);
    ad_map_into(c->work, &c->x[0].shape, &slope, 3, in, &c->tdx[0], true);
}

bool ad_ddof_fits(const char *op, ad_tensor x, int ddof)
{
    char text[256];
    ad_shape own = ad_shape_of_tensor(x);
    if (own.rank < 0 || ddof >= 0)
        return true;
    ad_tape_fail(x.tape, AD_MISUSE, "%s(%s): ddof %d is negative", op,
                 ad_shape_print(&own, text, sizeof text), ddof);
    return false;
}

static ad_tensor reduce_with_ddof(const ad_op *op, ad_tensor x, ad_axes axes, int ddof)
{
    return ad_ddof_fits(op->name, x, ddof) ? ad_reduce(op, x, axes, ddof) : ad_dead_like(x);
}

#define VARIANCE_OP(op, curvature_rule, root)                     \
    static const ad_op op##_op = {                                \
        .name = #op,                                              \
        .arity = 1,                                               \
        .flags = AD_OP_STRIDED | AD_OP_ASSIGNS,                   \
        .attr_size = sizeof(ad_reduction),                        \
        .shape = ad_reduce_shape,                                 \
        .saved = means_saved,                                     \
        .forward = variance_forward,                              \
        .pullback = variance_pullback,                            \
        .jvp = variance_jvp,                                      \
        .curvature = curvature_rule,                              \
        .kernels = root,                                          \
    };                                                            \
    ad_tensor ad_##op(ad_tensor x)                                \
    {                                                             \
        return ad_reduce(&op##_op, x, AD_AXES(), 0);              \
    }                                                             \
    ad_tensor ad_##op##_over(ad_tensor x, ad_axes axes, int ddof) \
    {                                                             \
        return reduce_with_ddof(&op##_op, x, axes, ddof);         \
    }

VARIANCE_OP(variance, variance_curvature, NULL)
VARIANCE_OP(std, std_curvature, &has_root)

const ad_op *const ad_reduce_ops[] = {
    &sum_op, &mean_op, &variance_op, &std_op, &ad_max_op, &ad_min_op, &unbroadcast_op, NULL,
};
