/* log(sum(exp(x))) over axes, with the maximum subtracted, so that no exponential overflows.
 *
 * With p = exp(x) / sum(exp(x)): y = log(sum(exp(x))), dx += p dy. Where all x are -inf there is no p:
 * it counts as 0, with gradient 0. */
#include "adze/op.h"
#include "kernels/elementary.h"
#include "kernels/lanes.h"
#include "ops/families.h"
#include "ops/reduce/reduce.h"

#include <string.h>
#include <tgmath.h>

/* m -> m, or 0 where it is not finite;  x, m -> exp(x - m);  x, y, t -> t p;
 * x, y, g, t, ty -> g p (t - ty). m, y and ty are f64: a y of 1e4 rounded to f32 would cost three
 * digits of p. */
#define LOGSUMEXP_KERNELS(s, T)                                                             \
    AD_KERNEL(finite_##s, double, isfinite(AD_IN(T, 0)) ? (double)AD_IN(T, 0) : 0)          \
    AD_KERNEL(power_##s, T, AD_EXP((T)((double)AD_IN(T, 0) - AD_IN(double, 1))))            \
    AD_INLINE T share_of_##s(T x, double y)                                                 \
    {                                                                                       \
        return y == -(double)INFINITY ? 0 : AD_EXP((T)((double)x - y));                     \
    }                                                                                       \
    AD_TIMES_KERNEL(share_##s, T, AD_IN(T, 2), share_of_##s(AD_IN(T, 0), AD_IN(double, 1))) \
    AD_TIMES_KERNEL(bend_##s, T, AD_IN(T, 2), share_of_##s(AD_IN(T, 0), AD_IN(double, 1)),  \
                    AD_IN(T, 3) - (T)AD_IN(double, 4))
LOGSUMEXP_KERNELS(f32, float)
LOGSUMEXP_KERNELS(f64, double)

static const ad_blocks finite_part = AD_BLOCKS(finite);
static const ad_blocks power = AD_BLOCKS(power);
static const ad_blocks share = AD_BLOCKS(share);
static const ad_blocks bend = AD_BLOCKS(bend);

/* The same for rows that lie together: x -> y;  x, y, t -> t p. */
#define LOGSUMEXP_ROWS(s, T)                                           \
    AD_ROWS_OF(row_##s, double, {                                      \
        const T *restrict x = in[0];                                   \
        double sum[AD_LANES] = {0};                                    \
        AD_LANE_TOPS(T, top, x)                                        \
        AD_LANE(top[j] = isfinite(top[j]) ? top[j] : 0)                \
        AD_EACH_LONG(sum[j] += (double)AD_EXP(x[i] - top[j]))          \
        AD_JOIN_SUM(sum)                                               \
        *out = (double)top[0] + AD_LOG(sum[0]);                        \
    })                                                                 \
    AD_ROWS_OF(row_share_##s, T, {                                     \
        const T *restrict x = in[0], t = *(const T *)in[2];            \
        double y = *(const double *)in[1];                             \
        const T all = y == -(double)INFINITY ? 0 : t;                  \
        if (all == 0) {                                                \
            AD_PUT(T, all)                                             \
        } else if (isfinite(t)) {                                      \
            AD_PUT_LONG(T, t *AD_EXP((T)((double)x[i] - y)))           \
        } else {                                                       \
            AD_PUT_LONG(T, AD_TIMES(t, AD_EXP((T)((double)x[i] - y)))) \
        }                                                              \
    })
LOGSUMEXP_ROWS(f32, float)
LOGSUMEXP_ROWS(f64, double)
static const ad_lane_blocks row = AD_LANE_BLOCKS(row);
static const ad_lane_blocks row_share = AD_LANE_BLOCKS(row_share);

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
    ad_fold(r, work, x, true, room->data);
    ad_view most = ad_reduced_view(r, room->type, room->data);
    ad_map(work, &r->kept, &finite_part.of[room->type], 1, &most, sizeof *top, top, false);
}

static void logsumexp_forward(const ad_forward_args *c)
{
    double *y = c->saved;
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    if (!r.count)
        return;
    ad_type type = c->y.type;
    size_t length = ad_reduced_row(&c->x[0], c->attr);
    if (length) {
        ad_row_stream x = {(void *)(uintptr_t)c->x[0].data, length * ad_type_size(type)};
        ad_lanes_rows(c->work, &row.of[type], r.count, length, 1, &x, (ad_row_stream){y, sizeof *y},
                      false);
        ad_store_sums(r.count, y, type, c->y.data, false);
        return;
    }
    find_tops(&r, c->work, &c->x[0], &c->y, y);
    ad_view in[] = {c->x[0], ad_reduced_view(&r, AD_F64, y)};
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
    ad_type type = c->dy.type;
    size_t length = ad_reduced_row(&c->x[0], c->attr), size = ad_type_size(type);
    if (length) {
        const ad_row_stream rows[] = {{(void *)(uintptr_t)c->x[0].data, length * size},
                                      {(void *)(uintptr_t)c->saved, sizeof(double)},
                                      {(void *)(uintptr_t)c->dy.data, size}};
        ad_lanes_rows(c->work, &row_share.of[type], r.count, length, 3, rows,
                      (ad_row_stream){c->dx[0].data, length * size}, !c->assign[0]);
        return;
    }
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
    .size = sizeof(ad_op),
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
    .derivative = "dx = g exp(x - y)",
};

AD_REDUCTION_FORMS(ad_logsumexp, ad_logsumexp_over, logsumexp_op)

const ad_op *const ad_logsumexp_ops[] = {&logsumexp_op, NULL};
