/* Softmax and its kin, all with the maximum subtracted, so that no exponential overflows.
 *
 * With p = exp(x) / sum(exp(x)) and sums over the same axes:
 *
 *     logsumexp    y = log(sum(exp(x)))    dx += p dy
 *     softmax      y = p                   dx += y (dy - sum(y dy))
 *     log_softmax  y = log(p)              dx += dy - exp(y) sum(dy)
 *
 * Where all x are -inf there is no p: it counts as 0, with gradient 0. */
#include "ops/axes.h"
#include "ops/elementary.h"
#include "ops/families.h"
#include "ops/kernel.h"
#include "ops/reduce.h"

#include <string.h>

/* ---- logsumexp --------------------------------------------------------------------- */

/* m -> m, or 0 where it is not finite;  x, m -> exp(x - m);  x, y, t -> t p;
 * x, y, g, t, ty -> g p (t - ty). m, y and ty are f64: a y of 1e4 rounded to f32 would cost three
 * digits of p. */
#define LOGSUMEXP_KERNELS(s, T)                                                       \
    AD_KERNEL(finite_##s, double, isfinite(AD_IN(T, 0)) ? (double)AD_IN(T, 0) : 0)    \
    AD_KERNEL(power_##s, T, AD_EXP((T)((double)AD_IN(T, 0) - AD_IN(double, 1))))      \
    static inline T share_of_##s(T x, double y, T t)                                  \
    {                                                                                 \
        return y == -(double)INFINITY ? 0 : t * AD_EXP((T)((double)x - y));           \
    }                                                                                 \
    AD_KERNEL(share_##s, T, share_of_##s(AD_IN(T, 0), AD_IN(double, 1), AD_IN(T, 2))) \
    AD_KERNEL(bend_##s, T,                                                            \
              share_of_##s(AD_IN(T, 0), AD_IN(double, 1), AD_IN(T, 2)) *              \
                  (AD_IN(T, 3) - (T)AD_IN(double, 4)))
LOGSUMEXP_KERNELS(f32, float)
LOGSUMEXP_KERNELS(f64, double)

static const ad_blocks finite_part = AD_BLOCKS(finite);
static const ad_blocks power = AD_BLOCKS(power);
static const ad_blocks share = AD_BLOCKS(share);
static const ad_blocks bend = AD_BLOCKS(bend);

static size_t logsumexp_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    (void)type;
    return ad_reduce_plan(x, attr).count * sizeof(double);
}

/* Writes the finite maxima. */
static void find_tops(const ad_reduced *r, ad_workspace *work, const ad_view *x,
                      const ad_array *room, double *top)
{
    if (r->length == 0) {
        memset(top, 0, r->count * sizeof *top);
        return;
    }
    ad_fold(r, x, true, room->data);
    ad_view most = ad_reduced_view(r, room->type, room->data);
    ad_map(work, &r->kept, &finite_part.of[room->type], 1, &most, sizeof *top, top, false);
}

static void logsumexp_forward(const ad_forward_args *c)
{
    double *y = c->saved;
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    if (!r.count)
        return;
    find_tops(&r, c->work, &c->x[0], &c->y, y);
    ad_view in[] = {c->x[0], ad_reduced_view(&r, AD_F64, y)};
    ad_type type = c->y.type;
    double *sums = ad_map_sum(c->work, &c->x[0].shape, &power.of[type], 2, in, type, &r.kept);
    if (!sums)
        return;
    for (size_t i = 0; i < r.count; i++)
        y[i] += AD_LOG(sums[i]);
    ad_store_sums(r.count, y, type, c->y.data, false);
}

static void logsumexp_pullback(const ad_pullback_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    ad_view in[] = {c->x[0], ad_reduced_view(&r, AD_F64, c->saved),
                    ad_reduced_view(&r, c->dy.type, c->dy.data)};
    ad_map_into(c->work, &c->x[0].shape, &share, 3, in, &c->dx[0], !c->assign[0]);
}

/* ty = sum(p tx), in f64. */
static double *find_tangent(const ad_reduced *r, ad_workspace *work, const ad_view *x,
                            const void *saved, const ad_view *tx)
{
    ad_view in[] = {*x, ad_reduced_view(r, AD_F64, saved), *tx};
    return ad_map_sum(work, &x->shape, &share.of[x->type], 3, in, x->type, &r->kept);
}

static void logsumexp_jvp(const ad_jvp_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    double *sums = find_tangent(&r, c->work, &c->x[0], c->saved, &c->tx[0]);
    if (sums)
        ad_store_sums(r.count, sums, c->ty.type, c->ty.data, false);
}

static void logsumexp_curvature(const ad_curvature_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    double *ty = find_tangent(&r, c->work, &c->x[0], c->saved, &c->tx[0]);
    if (!ty)
        return;
    ad_view in[] = {c->x[0], ad_reduced_view(&r, AD_F64, c->saved),
                    ad_reduced_view(&r, c->dy.type, c->dy.data), c->tx[0],
                    ad_reduced_view(&r, AD_F64, ty)};
    ad_map_into(c->work, &c->x[0].shape, &bend, 5, in, &c->tdx[0], true);
}

static const ad_op logsumexp_op = {
    .name = "logsumexp",
    .arity = 1,
    .flags = AD_OP_STRIDED | AD_OP_ASSIGNS,
    .attr_size = sizeof(ad_reduction),
    .shape = ad_reduce_shape,
    .saved = logsumexp_saved,
    .forward = logsumexp_forward,
    .pullback = logsumexp_pullback,
    .jvp = logsumexp_jvp,
    .curvature = logsumexp_curvature,
};

AD_REDUCTION_FORMS(logsumexp, logsumexp_op)

/* ---- along one axis ---------------------------------------------------------------- */

typedef struct softmax_attr {
    int axis;
} softmax_attr;

enum { LANES = 64 };

/* Works on `lanes` rows of n numbers, side by side: number k of row j lies at k step + j. */
typedef void lane_block(size_t n, size_t lanes, size_t step, const void *const *in, void *out,
                        bool add);

typedef struct lane_blocks {
    lane_block *of[2]; /* [AD_F32], [AD_F64] */
} lane_blocks;

/* Runs a block over all rows along the axis, up to LANES at a time. All numbers lie row by row. */
static void walk(const void *attr, const lane_blocks *blocks, int inputs, const ad_view *in,
                 const ad_array *out, bool add)
{
    int axis = ((const softmax_attr *)attr)->axis;
    size_t size = ad_type_size(out->type), outer = 1, step = 1;
    size_t n = (size_t)out->shape.dim[axis];
    for (int i = 0; i < axis; i++)
        outer *= (size_t)out->shape.dim[i];
    for (int i = axis + 1; i < out->shape.rank; i++)
        step *= (size_t)out->shape.dim[i];
    for (size_t o = 0; n && o < outer; o++)
        for (size_t j = 0; j < step; j += LANES) {
            size_t lanes = step - j < LANES ? step - j : LANES;
            size_t at = (o * n * step + j) * size;
            const void *from[3];
            for (int i = 0; i < inputs; i++)
                from[i] = (const char *)in[i].data + at;
            blocks->of[out->type](n, lanes, step, from, (char *)out->data + at, add);
        }
}

#define LANE for (size_t j = 0; j < lanes; j++)
#define EACH                       \
    for (size_t k = 0; k < n; k++) \
        for (size_t j = 0, i = k * step; j < lanes; j++, i++)

/* A block of the function name_lanes(n, lanes, step, a, b, c, out, add); rows that lie by
 * themselves get loops of their own. */
#define LANE_BLOCK(name, T)                                                                 \
    static void name(size_t n, size_t lanes, size_t step, const void *const *in, void *out, \
                     bool add)                                                              \
    {                                                                                       \
        if (step == 1)                                                                      \
            name##_lanes(n, 1, 1, in, (T *)out, add);                                       \
        else                                                                                \
            name##_lanes(n, lanes, step, in, (T *)out, add);                                \
    }

#define LANES_OF(name, T)                                                                       \
    static inline void name##_lanes(size_t n, size_t lanes, size_t step, const void *const *in, \
                                    T *out, bool add)

/* x -> p and x -> log p. The rows' finite maxima are in top, where a NaN need not show: it
 * will in the sum. A sum of 0 is a row of -inf. */
#define FORWARD_LANES(s, T)                                                                   \
    static inline void find_tops_##s(size_t n, size_t lanes, size_t step, const T *x, T *top) \
    {                                                                                         \
        LANE top[j] = -(T)INFINITY;                                                           \
        EACH top[j] = x[i] > top[j] ? x[i] : top[j];                                          \
        LANE top[j] = isfinite(top[j]) ? top[j] : 0;                                          \
    }                                                                                         \
    LANES_OF(softmax_##s, T)                                                                  \
    {                                                                                         \
        const T *x = in[0];                                                                   \
        T top[LANES];                                                                         \
        double sum[LANES];                                                                    \
        (void)add;                                                                            \
        find_tops_##s(n, lanes, step, x, top);                                                \
        LANE sum[j] = 0;                                                                      \
        EACH out[i] = AD_EXP(x[i] - top[j]);                                                  \
        EACH sum[j] += (double)out[i];                                                        \
        LANE sum[j] = sum[j] == 0 ? 1 : sum[j];                                               \
        EACH out[i] = (T)((double)out[i] / sum[j]);                                           \
    }                                                                                         \
    LANES_OF(log_softmax_##s, T)                                                              \
    {                                                                                         \
        const T *x = in[0];                                                                   \
        T top[LANES];                                                                         \
        double sum[LANES];                                                                    \
        (void)add;                                                                            \
        find_tops_##s(n, lanes, step, x, top);                                                \
        LANE sum[j] = 0;                                                                      \
        EACH out[i] = AD_EXP(x[i] - top[j]);                                                  \
        EACH sum[j] += (double)out[i];                                                        \
        LANE sum[j] = sum[j] == 0 ? 0 : AD_LOG(sum[j]);                                       \
        EACH out[i] = (T)((double)(x[i] - top[j]) - sum[j]);                                  \
    }                                                                                         \
    LANE_BLOCK(softmax_##s, T)                                                                \
    LANE_BLOCK(log_softmax_##s, T)

#define PUT(T, value) out[i] = (T)(value) + (add ? out[i] : 0)

/* y, t -> y (t - sum(y t)): the pullback of softmax, and its jvp.
 * y, g, t -> derivative of the former, with g for t, along t. */
#define SOFTMAX_LANES(s, T)                                                                 \
    LANES_OF(softmax_slope_##s, T)                                                          \
    {                                                                                       \
        const T *y = in[0], *t = in[1];                                                     \
        double sum[LANES];                                                                  \
        LANE sum[j] = 0;                                                                    \
        EACH sum[j] += (double)y[i] * (double)t[i];                                         \
        EACH PUT(T, (double)y[i] * ((double)t[i] - sum[j]));                                \
    }                                                                                       \
    LANES_OF(softmax_bend_##s, T)                                                           \
    {                                                                                       \
        const T *y = in[0], *g = in[1], *t = in[2];                                         \
        double g_sum[LANES], t_sum[LANES], both[LANES];                                     \
        LANE g_sum[j] = t_sum[j] = both[j] = 0;                                             \
        EACH g_sum[j] += (double)y[i] * (double)g[i];                                       \
        EACH t_sum[j] += (double)y[i] * (double)t[i];                                       \
        EACH both[j] += (double)y[i] * ((double)t[i] - t_sum[j]) * (double)g[i];            \
        EACH PUT(T, (double)y[i] *                                                          \
                        (((double)t[i] - t_sum[j]) * ((double)g[i] - g_sum[j]) - both[j])); \
    }                                                                                       \
    LANE_BLOCK(softmax_slope_##s, T)                                                        \
    LANE_BLOCK(softmax_bend_##s, T)

/* y, g -> g - exp(y) sum(g);  y, t -> t - sum(exp(y) t): the pullback and the jvp of log_softmax.
 * y, g, t -> the derivative of the former along t. Rows of -inf give 0. */
#define LOG_SOFTMAX_LANES(s, T)                                                              \
    LANES_OF(log_softmax_pull_##s, T)                                                        \
    {                                                                                        \
        const T *y = in[0], *g = in[1];                                                      \
        double sum[LANES];                                                                   \
        bool live[LANES];                                                                    \
        LANE sum[j] = 0, live[j] = false;                                                    \
        EACH sum[j] += (double)g[i], live[j] |= y[i] != -(T)INFINITY;                        \
        EACH PUT(T, live[j] ? (double)g[i] - (double)AD_EXP(y[i]) * sum[j] : 0);             \
    }                                                                                        \
    LANES_OF(log_softmax_push_##s, T)                                                        \
    {                                                                                        \
        const T *y = in[0], *t = in[1];                                                      \
        double sum[LANES];                                                                   \
        bool live[LANES];                                                                    \
        LANE sum[j] = 0, live[j] = false;                                                    \
        EACH sum[j] += (double)AD_EXP(y[i]) * (double)t[i], live[j] |= y[i] != -(T)INFINITY; \
        EACH PUT(T, live[j] ? (double)t[i] - sum[j] : 0);                                    \
    }                                                                                        \
    LANES_OF(log_softmax_bend_##s, T)                                                        \
    {                                                                                        \
        const T *y = in[0], *g = in[1], *t = in[2];                                          \
        double g_sum[LANES], t_sum[LANES];                                                   \
        LANE g_sum[j] = t_sum[j] = 0;                                                        \
        EACH g_sum[j] += (double)g[i], t_sum[j] += (double)AD_EXP(y[i]) * (double)t[i];      \
        EACH PUT(T, -(double)AD_EXP(y[i]) * ((double)t[i] - t_sum[j]) * g_sum[j]);           \
    }                                                                                        \
    LANE_BLOCK(log_softmax_pull_##s, T)                                                      \
    LANE_BLOCK(log_softmax_push_##s, T)                                                      \
    LANE_BLOCK(log_softmax_bend_##s, T)

#define ALL_LANES(s, T) \
    FORWARD_LANES(s, T) \
    SOFTMAX_LANES(s, T) \
    LOG_SOFTMAX_LANES(s, T)
ALL_LANES(f32, float)
ALL_LANES(f64, double)

typedef struct axis_kernels {
    lane_blocks forward, pull, push, bend;
} axis_kernels;

static void softmax_forward(const ad_forward_args *c)
{
    const axis_kernels *k = c->op->kernels;
    walk(c->attr, &k->forward, 1, c->x, &c->y, false);
}

static void softmax_pullback(const ad_pullback_args *c)
{
    const axis_kernels *k = c->op->kernels;
    ad_view in[] = {c->y, c->dy};
    walk(c->attr, &k->pull, 2, in, &c->dx[0], !c->assign[0]);
}

static void softmax_jvp(const ad_jvp_args *c)
{
    const axis_kernels *k = c->op->kernels;
    ad_view in[] = {c->y, c->tx[0]};
    walk(c->attr, &k->push, 2, in, &c->ty, false);
}

static void softmax_curvature(const ad_curvature_args *c)
{
    const axis_kernels *k = c->op->kernels;
    ad_view in[] = {c->y, c->dy, c->tx[0]};
    walk(c->attr, &k->bend, 3, in, &c->tdx[0], true);
}

#define SOFTMAX_OP(op, pull, push)                                        \
    static const axis_kernels op##_kernels = {                            \
        {{op##_f32, op##_f64}},                                           \
        {{pull##_f32, pull##_f64}},                                       \
        {{push##_f32, push##_f64}},                                       \
        {{op##_bend_f32, op##_bend_f64}},                                 \
    };                                                                    \
    static const ad_op op##_op = {                                        \
        .name = #op,                                                      \
        .arity = 1,                                                       \
        .flags = AD_OP_ASSIGNS,                                           \
        .attr_size = sizeof(softmax_attr),                                \
        .shape = ad_shape_first,                                          \
        .forward = softmax_forward,                                       \
        .pullback = softmax_pullback,                                     \
        .jvp = softmax_jvp,                                               \
        .curvature = softmax_curvature,                                   \
        .kernels = &op##_kernels,                                         \
    };                                                                    \
    ad_tensor ad_##op(ad_tensor x, int axis)                              \
    {                                                                     \
        softmax_attr attr = {axis};                                       \
        if (!ad_axis_fix(#op, x, &attr.axis, ad_shape_of_tensor(x).rank)) \
            return ad_dead_like(x);                                       \
        return ad_apply(&op##_op, &x, &attr);                             \
    }

SOFTMAX_OP(softmax, softmax_slope, softmax_slope)
SOFTMAX_OP(log_softmax, log_softmax_pull, log_softmax_push)

const ad_op *const ad_softmax_ops[] = {&logsumexp_op, &softmax_op, &log_softmax_op, NULL};
