/* log(sum(exp(x))) over axes, with the maximum m subtracted, so that no exponential overflows.
 *
 * With w = 1 / sum(exp(x - m)) and p = w exp(x - m): y = m - log(w), dx += p dy. m and w are saved: p from
 * exp(x - y) would lose as many digits as y has before the point. Where all x are -inf there is no
 * p: it counts as 0, with gradient 0. */
#include "adze/op.h"
#include "kernels/elementary.h"
#include "kernels/lanes.h"
#include "ops/families.h"
#include "ops/reduce/reduce.h"

#include <string.h>
#include <tgmath.h>

/* m -> m, or 0 where it is not finite;  x, m -> exp(x - m);  x, m, w, t -> t p;
 * x, m, w, t, ty -> p (t - ty). m, w and ty are f64. */
#define LOGSUMEXP_KERNELS(s, T)                                                            \
    AD_KERNEL(finite_##s, double, isfinite(AD_IN(T, 0)) ? (double)AD_IN(T, 0) : 0)         \
    AD_INLINE T power_of_##s(T x, double m)                                                \
    {                                                                                      \
        return AD_EXP((T)((double)x - m));                                                 \
    }                                                                                      \
    AD_KERNEL(power_##s, T, power_of_##s(AD_IN(T, 0), AD_IN(double, 1)))                   \
    AD_INLINE T share_of_##s(T x, double m, double w)                                      \
    {                                                                                      \
        return power_of_##s(x, m) * (T)w;                                                  \
    }                                                                                      \
    AD_KERNEL(share_##s, T,                                                                \
              AD_IN(T, 3) * share_of_##s(AD_IN(T, 0), AD_IN(double, 1), AD_IN(double, 2))) \
    AD_KERNEL(bend_##s, T,                                                                 \
              share_of_##s(AD_IN(T, 0), AD_IN(double, 1), AD_IN(double, 2)) *              \
                  (AD_IN(T, 3) - (T)AD_IN(double, 4)))
LOGSUMEXP_KERNELS(f32, float)
LOGSUMEXP_KERNELS(f64, double)

static const ad_blocks finite_part = AD_BLOCKS(finite);
static const ad_blocks power = AD_BLOCKS(power);
static const ad_blocks share = AD_BLOCKS(share);
static const ad_blocks bend = AD_BLOCKS(bend);

/* The same for rows that lie together: x -> m and 1 / w;  x, m, w, t -> t p. */
#define LOGSUMEXP_ROWS(s, T)                                                   \
    AD_ROWS_OF(row_##s, double, {                                              \
        const T *restrict x = in[0];                                           \
        double sum[AD_LANES] = {0};                                            \
        AD_LANE_TOPS(T, top, x)                                                \
        AD_LANE(top[j] = isfinite(top[j]) ? top[j] : 0)                        \
        AD_EACH_LONG(sum[j] += (double)AD_EXP(x[i] - top[j]))                  \
        AD_JOIN_SUM(sum)                                                       \
        out[0] = (double)top[0];                                               \
        out[1] = sum[0];                                                       \
    })                                                                         \
    AD_ROWS_OF(row_share_##s, T, {                                             \
        const T *restrict x = in[0], t = *(const T *)in[2];                    \
        double m = ((const double *)in[1])[0], w = ((const double *)in[1])[1]; \
        AD_PUT_LONG(T, t *share_of_##s(x[i], m, w))                            \
    })
LOGSUMEXP_ROWS(f32, float)
LOGSUMEXP_ROWS(f64, double)
static const ad_lane_blocks row = AD_LANE_BLOCKS(row);
static const ad_lane_blocks row_share = AD_LANE_BLOCKS(row_share);

/* What is saved for each result. */
typedef struct part {
    double m, w;
} part;

static size_t logsumexp_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    (void)type;
    return ad_reduce_plan(x, attr).count * sizeof(part);
}

/* The streams of m and of w, in the kept shape. */
static ad_view part_view(const ad_reduced *r, const double *first)
{
    ad_view v = ad_reduced_view(r, AD_F64, first);
    for (int i = 0; i < v.shape.rank; i++)
        v.stride[i] *= (int64_t)(sizeof(part) / sizeof(double));
    return v;
}

/* Writes the finite maxima, and the sums in the place of w. */
static bool find_sums(const ad_reduced *r, ad_workspace *work, const ad_view *x,
                      const ad_array *room, part *parts)
{
    double *tops = ad_scratch(work, r->count * sizeof *tops);
    if (!tops)
        return false;
    memset(tops, 0, r->count * sizeof *tops);
    if (r->length > 0) {
        ad_fold(r, work, x, true, room->data);
        ad_view most = ad_reduced_view(r, room->type, room->data);
        ad_map(work, &r->kept, &finite_part.of[room->type], 1, &most, sizeof *tops, tops, false);
    }
    ad_view in[] = {*x, ad_reduced_view(r, AD_F64, tops)};
    double *sums = ad_map_sum(work, &x->shape, &power.of[x->type], 2, in, x->type, &r->kept);
    for (size_t i = 0; sums && i < r->count; i++)
        parts[i] = (part){tops[i], sums[i]};
    return sums;
}

/* Turns sums into w, and gives y. Where y is infinite, m is +inf: p is 0 for all that is less. */
static double finish(part *p)
{
    double y = p->m + AD_LOG(p->w);
    *p = isinf(y) ? (part){INFINITY, 1} : (part){p->m, 1 / p->w};
    return y;
}

static void logsumexp_forward(const ad_forward_args *c)
{
    part *parts = c->saved;
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    ad_type type = c->y.type;
    size_t length = ad_reduced_row(&c->x[0], c->attr);
    if (length && r.count) {
        ad_row_stream x = {(void *)(uintptr_t)c->x[0].data, length * ad_type_size(type)};
        ad_lanes_rows(c->work, &row.of[type], r.count, length, 1, &x,
                      (ad_row_stream){parts, sizeof *parts}, false);
    } else if (!r.count || !find_sums(&r, c->work, &c->x[0], &c->y, parts)) {
        return;
    }
    for (size_t i = 0; i < r.count; i++) {
        double y = finish(&parts[i]);
        ad_store_sums(1, &y, type, (char *)c->y.data + i * ad_type_size(type), false);
    }
}

/* The streams of share and bend: x, m, w, t. */
static void find_streams(const ad_reduced *r, const ad_view *x, const void *saved, const ad_view *t,
                         ad_view *in)
{
    static const part none; /* where there are no results, nothing is saved */
    const part *parts = saved ? saved : &none;
    in[0] = *x;
    in[1] = part_view(r, &parts->m);
    in[2] = part_view(r, &parts->w);
    in[3] = *t;
}

static void logsumexp_pullback(const ad_pullback_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    ad_type type = c->dy.type;
    size_t length = ad_reduced_row(&c->x[0], c->attr), size = ad_type_size(type);
    if (length) {
        const ad_row_stream rows[] = {{(void *)(uintptr_t)c->x[0].data, length * size},
                                      {(void *)(uintptr_t)c->saved, sizeof(part)},
                                      {(void *)(uintptr_t)c->dy.data, size}};
        ad_lanes_rows(c->work, &row_share.of[type], r.count, length, 3, rows,
                      (ad_row_stream){c->dx[0].data, length * size}, !c->assign[0]);
        return;
    }
    ad_view in[4], dy = ad_reduced_view(&r, type, c->dy.data);
    find_streams(&r, &c->x[0], c->saved, &dy, in);
    ad_map_into(c->work, &c->x[0].shape, &share, 4, in, &c->dx[0], !c->assign[0]);
}

/* ty = sum(p tx), in f64. */
static double *find_tangent(const ad_reduced *r, ad_workspace *work, const ad_view *x,
                            const void *saved, const ad_view *tx)
{
    ad_view in[4];
    find_streams(r, x, saved, tx, in);
    return ad_map_sum(work, &x->shape, &share.of[x->type], 4, in, x->type, &r->kept);
}

static void logsumexp_jvp(const ad_jvp_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    double *sums = find_tangent(&r, c->work, &c->x[0], c->saved, &c->tx[0]);
    if (sums)
        ad_store_sums(r.count, sums, c->ty.type, c->ty.data, false);
}

/* tdx += g p (tx - ty), with g w for w. */
static void logsumexp_curvature(const ad_curvature_args *c)
{
    const part *parts = c->saved;
    ad_view in[5];
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    double *ty = find_tangent(&r, c->work, &c->x[0], c->saved, &c->tx[0]);
    double *factors = ad_reduced_doubles(&r, c->work, &c->dy);
    if (!ty || !factors)
        return;
    for (size_t i = 0; i < r.count; i++)
        factors[i] *= parts[i].w;
    find_streams(&r, &c->x[0], c->saved, &c->tx[0], in);
    in[2] = ad_reduced_view(&r, AD_F64, factors);
    in[4] = ad_reduced_view(&r, AD_F64, ty);
    ad_map_into(c->work, &c->x[0].shape, &bend, 5, in, &c->tdx[0], true);
}

static const ad_op logsumexp_op = {
    .size = sizeof(ad_op),
    .name = "logsumexp",
    .arity = 1,
    .flags = AD_OP_ASSIGNS,
    .attr_size = sizeof(ad_reduction),
    .shape = ad_reduce_shape,
    .saved = logsumexp_saved,
    .forward = logsumexp_forward,
    .pullback = logsumexp_pullback,
    .jvp = logsumexp_jvp,
    .curvature = logsumexp_curvature,
    .derivative = "dx = g exp(x - y)",
};

AD_REDUCTION_FORMS(ad_logsumexp, ad_logsumexp_over, logsumexp_op)

const ad_op *const ad_logsumexp_ops[] = {&logsumexp_op, NULL};
