/* Variances over axes, their roots, and means with variances (moments). With the mean m and d = n - ddof:
 *
 *     variance  y = sum((x - m)^2) / d    dy/dx = 2 (x - m) / d
 *     std       s = sqrt(y)               ds/dx = (x - m) / (d s)
 *
 * (the derivative of m cancels, since x - m sums to 0). Means and deviations are f64
 * whatever the type, and a mean is computed as the first element plus the mean distance from it, so
 * that it is exact, and the variance 0, where all elements are equal.
 *
 * In f64, squares leave the range long before deviations do. Where a sum of squares is large or small, x is
 * multiplied by a power of two u, the unit: m and u are saved, and s is std(u x) / u. */
#include "adze/op.h"
#include "kernels/kernel.h"
#include "kernels/vanishing.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "ops/reduce/reduce.h"
#include "tape/failure.h"

#include <math.h>

#define DEVIATION(T, m, u) ((u) * (double)AD_IN(T, 0) - (u) * (double)AD_IN(m, 1))

/* x, pivot(, u) -> u (x - pivot);  pivot, distance, u -> the mean;  x, m(, u) -> (u (x - m))^2;
 * x, m, t(, u) -> u (x - m) t. All give f64 but the slope. */
#define DEVIATION_KERNELS(s, T, kind, u)                                 \
    AD_KERNEL(distance_##kind##_##s, double, DEVIATION(T, T, u(2)))      \
    AD_KERNEL(square_##kind##_##s, double,                               \
              DEVIATION(T, double, u(2)) * DEVIATION(T, double, u(2)))   \
    AD_KERNEL(along_##kind##_##s, double,                                \
              AD_TIMES(DEVIATION(T, double, u(3)), (double)AD_IN(T, 2))) \
    AD_KERNEL(slope_##kind##_##s, T, AD_TIMES(DEVIATION(T, double, u(3)), AD_IN(double, 2)))
#define ONE(k)  1
#define UNIT(k) AD_IN(double, k)
DEVIATION_KERNELS(f32, float, plain, ONE)
DEVIATION_KERNELS(f64, double, plain, ONE)
DEVIATION_KERNELS(f32, float, scaled, UNIT)
DEVIATION_KERNELS(f64, double, scaled, UNIT)
AD_KERNEL(shift_f32, double, (double)AD_IN(float, 0) + AD_IN(double, 1) / AD_IN(double, 2))
AD_KERNEL(shift_f64, double, (double)AD_IN(double, 0) + AD_IN(double, 1) / AD_IN(double, 2))
static const ad_blocks shift = AD_BLOCKS(shift);

typedef struct deviations {
    ad_blocks distance, square, along;
    ad_blocks slope; /* x, m, factor(, u) -> factor u (x - m) */
} deviations;
#define DEVIATIONS(kind)                                                               \
    {                                                                                  \
        AD_BLOCKS(distance_##kind), AD_BLOCKS(square_##kind), AD_BLOCKS(along_##kind), \
            AD_BLOCKS(slope_##kind)                                                    \
    }
static const deviations plain = DEVIATIONS(plain), scaled = DEVIATIONS(scaled);

/* What is saved of each result, in two lists: its mean and its unit. */
typedef struct centres {
    double *mean, *unit;
    const deviations *kernels; /* scaled where a unit is not 1 */
} centres;

static centres centres_in(const ad_reduced *r, const void *saved)
{
    double *unit = (double *)(uintptr_t)ad_reduced_second(r, saved);
    centres c = {(double *)(uintptr_t)saved, unit, &plain};
    for (size_t i = 0; i < r->count; i++)
        if (c.unit[i] != 1)
            c.kernels = &scaled;
    return c;
}

/* The streams x, m, and t if there is one, then u. Returns how many. */
static int streams_of(const ad_reduced *r, const centres *c, const ad_view *x, const ad_view *t,
                      ad_view *in)
{
    int n = 2;
    in[0] = *x;
    in[1] = ad_reduced_view(r, AD_F64, c->mean);
    if (t)
        in[n++] = *t;
    in[n] = ad_reduced_view(r, AD_F64, c->unit);
    return c->kernels == &scaled ? n + 1 : n;
}

/* Writes the means, in the kept shape, from distances in units of u. */
static bool find_means(const ad_reduced *r, ad_workspace *work, const ad_view *x, const centres *c)
{
    if (r->length == 0) { /* there is no first element */
        for (size_t i = 0; i < r->count; i++)
            c->mean[i] = NAN;
        return true;
    }
    ad_view unit = ad_reduced_view(r, AD_F64, c->unit), first = ad_reduced_first(r, x);
    ad_view in[] = {*x, first, unit};
    double *sums = ad_map_sum(work, &x->shape, &c->kernels->distance.of[x->type],
                              c->kernels == &scaled ? 3 : 2, in, AD_F64, &r->kept);
    if (!sums)
        return false;
    for (size_t i = 0; i < r->count; i++)
        sums[i] /= r->length;
    ad_view parts[] = {first, ad_reduced_view(r, AD_F64, sums), unit};
    ad_map(work, &r->kept, &shift.of[x->type], 3, parts, sizeof *c->mean, c->mean, false);
    return true;
}

/* Writes the means, and returns the sums of squares in units of u^2. */
static double *find_squares(const ad_reduced *r, ad_workspace *work, const ad_view *x,
                            const centres *c)
{
    ad_view in[3];
    int n = streams_of(r, c, x, NULL, in);
    if (!find_means(r, work, x, c))
        return NULL;
    return ad_map_sum(work, &x->shape, &c->kernels->square.of[x->type], n, in, AD_F64, &r->kept);
}

/* Sets the units by which the greatest |x| become about 1, where squares are too large or too small.
 * Returns whether there are any. */
static bool choose_units(const ad_reduced *r, ad_workspace *work, const ad_view *x,
                         const double *sums, const centres *c)
{
    bool any = false, fit = true;
    for (size_t i = 0; i < r->count; i++)
        fit = fit && sums[i] > 1e-260 && sums[i] < 1e260;
    double *most = x->type == AD_F64 && !fit && r->length > 0
                       ? ad_scratch(work, 2 * r->count * sizeof *most)
                       : NULL;
    if (!most)
        return false;
    ad_fold(r, work, x, true, most);
    ad_fold(r, work, x, false, most + r->count);
    for (size_t i = 0; i < r->count; i++) {
        double size = fmax(fabs(most[i]), fabs(most[r->count + i]));
        bool fits = (sums[i] > 1e-260 && sums[i] < 1e260) || size == 0 || !isfinite(size);
        c->unit[i] = fits ? 1 : ldexp(1, -(int)fmin(fmax(ilogb(size), -1000), 1000));
        any = any || !fits;
    }
    return any;
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

static size_t centres_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    (void)type;
    return ad_reduce_plan(x, attr).count * 2 * sizeof(double);
}

static void variance_forward(const ad_forward_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    if (!r.count)
        return;
    centres m = {c->saved, (double *)c->saved + r.count, &plain};
    for (size_t i = 0; i < r.count; i++)
        m.unit[i] = 1;
    double *sums = find_squares(&r, c->work, &c->x[0], &m);
    if (sums && choose_units(&r, c->work, &c->x[0], sums, &m)) {
        m.kernels = &scaled;
        sums = find_squares(&r, c->work, &c->x[0], &m);
    }
    if (!sums)
        return;
    double d = degrees_of_freedom(&r, c->attr);
    for (size_t i = 0; i < r.count; i++) {
        double root = sqrt(sums[i] / d) / m.unit[i];
        bool whole = !has_root(c->op) && m.unit[i] == 1;
        sums[i] = whole ? sums[i] / d : has_root(c->op) ? root : root * root;
    }
    ad_store_sums(r.count, sums, c->y.type, c->y.data, false);
}

/* Turns each number t into t dy/dx for a deviation of 1, counted in units. */
static void scale(const ad_op *op, const ad_reduced *r, const void *attr, const ad_view *y,
                  const double *unit, double *t)
{
    double d = degrees_of_freedom(r, attr);
    for (size_t i = 0; i < r->count; i++) {
        double s = y->type == AD_F32 ? ((const float *)y->data)[i] : ((const double *)y->data)[i];
        if (!has_root(op))
            t[i] = AD_TIMES(t[i], 2 / d / unit[i]);
        else
            t[i] = s == 0 || t[i] == 0 ? 0 : t[i] / (d * (s * unit[i]));
    }
}

static void variance_pullback(const ad_pullback_args *c)
{
    ad_view in[4];
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    centres m = centres_in(&r, c->saved);
    double *factors = ad_reduced_doubles(&r, c->work, &c->dy);
    if (!factors)
        return;
    scale(c->op, &r, c->attr, &c->y, m.unit, factors);
    ad_view factor = ad_reduced_view(&r, AD_F64, factors);
    int n = streams_of(&r, &m, &c->x[0], &factor, in);
    ad_map_into(c->work, &c->x[0].shape, &m.kernels->slope, n, in, &c->dx[0], !c->assign[0]);
}

/* sum(u (x - m) t) */
static double *sum_along(const ad_reduced *r, ad_workspace *work, const ad_view *x,
                         const centres *m, const ad_view *t)
{
    ad_view in[4];
    int n = streams_of(r, m, x, t, in);
    return ad_map_sum(work, &x->shape, &m->kernels->along.of[x->type], n, in, AD_F64, &r->kept);
}

static void variance_jvp(const ad_jvp_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    centres m = centres_in(&r, c->saved);
    double *sums = sum_along(&r, c->work, &c->x[0], &m, &c->tx[0]);
    if (!sums)
        return;
    scale(c->op, &r, c->attr, &c->y, m.unit, sums);
    ad_store_sums(r.count, sums, c->ty.type, c->ty.data, false);
}

/* The centres of tangents, whose units are 1. NULL if memory ran out. */
static bool find_tangent_means(const ad_reduced *r, ad_workspace *work, const ad_view *tx,
                               centres *m)
{
    double *room = ad_scratch(work, 2 * r->count * sizeof *room);
    for (size_t i = 0; room && i < r->count; i++)
        room[r->count + i] = 1;
    *m = (centres){room, room ? room + r->count : NULL, &plain};
    return room && find_means(r, work, tx, m);
}

/* The pullback is linear in x: its derivative is the same with tx instead. */
static void variance_curvature(const ad_curvature_args *c)
{
    ad_view in[4];
    centres t;
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    double *factors = ad_reduced_doubles(&r, c->work, &c->dy);
    if (!factors || !find_tangent_means(&r, c->work, &c->tx[0], &t))
        return;
    scale(c->op, &r, c->attr, &c->y, t.unit, factors);
    ad_view factor = ad_reduced_view(&r, AD_F64, factors);
    int n = streams_of(&r, &t, &c->tx[0], &factor, in);
    ad_map_into(c->work, &c->x[0].shape, &t.kernels->slope, n, in, &c->tdx[0], true);
}

/* s is the root of the variance: with its tangent ts, that of (x - m) / (d s) is
 * (tx - mean(tx)) / (d s) - (x - m) / (d s) ts / s. */
static void std_curvature(const ad_curvature_args *c)
{
    ad_view in[4];
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    centres m = centres_in(&r, c->saved);
    double *ts = sum_along(&r, c->work, &c->x[0], &m, &c->tx[0]);
    double *factors = ad_reduced_doubles(&r, c->work, &c->dy);
    if (!ts || !factors)
        return;
    variance_curvature(c);
    scale(c->op, &r, c->attr, &c->y, m.unit, ts);
    for (size_t i = 0; i < r.count; i++)
        factors[i] = AD_TIMES(factors[i], -ts[i]);
    for (int times = 0; times < 2; times++) /* by 1 / (d u s), then by d u / (d u s) */
        scale(c->op, &r, c->attr, &c->y, m.unit, factors);
    for (size_t i = 0; i < r.count; i++)
        factors[i] = AD_TIMES(factors[i], degrees_of_freedom(&r, c->attr) * m.unit[i]);
    ad_view factor = ad_reduced_view(&r, AD_F64, factors);
    int n = streams_of(&r, &m, &c->x[0], &factor, in);
    ad_map_into(c->work, &c->x[0].shape, &m.kernels->slope, n, in, &c->tdx[0], true);
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
    centres t;
    ad_jvp_args variance = *c;
    variance.y = c->ys[VARIANCE];
    variance.ty = c->tys[VARIANCE];
    variance_jvp(&variance);
    if (find_tangent_means(&r, c->work, &c->tx[0], &t))
        ad_store_sums(r.count, t.mean, c->ty.type, c->ty.data, false);
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
    .saved = centres_saved,
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
    AD_DOOR(x.tape, op->name, ad_dead(x));
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
        .saved = centres_saved,                                 \
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
    AD_DOOR(x.tape, moments_op.name, ((ad_moments_pair){y[MEAN], y[VARIANCE]}));
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
