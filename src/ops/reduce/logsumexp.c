/* log(sum(exp(x))) over axes, with the maximum m subtracted, so that no exponential overflows.
 *
 * With w = 1 / sum(exp(x - m)) and p = w exp(x - m): y = m - log(w), dx += p dy. m and w are saved: p from
 * exp(x - y) would lose as many digits as y has before the point. Where all x are -inf there is no
 * p: it counts as 0, with gradient 0. */
#include "adze/op.h"
#include "kernels/elementary.h"
#include "kernels/lanes.h"
#include "kernels/vanishing.h"
#include "ops/families.h"
#include "ops/reduce/reduce.h"

#include <string.h>
#include <tgmath.h>

/* m -> m, or 0 where it is not finite;  x, m -> exp(x - m);  x, m, t -> exp(x - m) t;
 * x, m, g, t, ty -> exp(x - m) g (t - ty). m and ty are f64. */
#define LOGSUMEXP_KERNELS(s, T)                                                                 \
    AD_KERNEL(finite_##s, double, isfinite(AD_IN(T, 0)) ? (double)AD_IN(T, 0) : 0)              \
    AD_INLINE T power_of_##s(T x, double m)                                                     \
    {                                                                                           \
        return AD_EXP((T)((double)x - m));                                                      \
    }                                                                                           \
    AD_KERNEL(power_##s, T, power_of_##s(AD_IN(T, 0), AD_IN(double, 1)))                        \
    AD_KERNEL(along_##s, T, AD_TIMES(power_of_##s(AD_IN(T, 0), AD_IN(double, 1)), AD_IN(T, 2))) \
    AD_KERNEL(bend_##s, T,                                                                      \
              AD_TIMES(power_of_##s(AD_IN(T, 0), AD_IN(double, 1)), AD_IN(T, 2),                \
                       AD_IN(T, 3) - (T)AD_IN(double, 4)))
LOGSUMEXP_KERNELS(f32, float)
LOGSUMEXP_KERNELS(f64, double)

static const ad_blocks finite_part = AD_BLOCKS(finite);
static const ad_blocks power = AD_BLOCKS(power);
static const ad_blocks along = AD_BLOCKS(along);
static const ad_blocks bend = AD_BLOCKS(bend);

/* The same for rows that lie together: x -> m and 1 / w;  x, m, t -> exp(x - m) t. */
#define LOGSUMEXP_ROWS(s, T)                                  \
    AD_ROWS_OF(row_##s, double, {                             \
        const T *restrict x = in[0];                          \
        double sum[AD_LANES] = {0};                           \
        AD_LANE_TOPS(T, top, x)                               \
        AD_LANE(top[j] = isfinite(top[j]) ? top[j] : 0)       \
        AD_EACH_LONG(sum[j] += (double)AD_EXP(x[i] - top[j])) \
        AD_JOIN_SUM(sum)                                      \
        out[0] = (double)top[0];                              \
        out[1] = sum[0];                                      \
    })                                                        \
    AD_ROWS_OF(row_along_##s, T, {                            \
        const T *restrict x = in[0], t = *(const T *)in[2];   \
        double m = *(const double *)in[1];                    \
        AD_PUT_LONG(T, AD_TIMES(power_of_##s(x[i], m), t))    \
    })
LOGSUMEXP_ROWS(f32, float)
LOGSUMEXP_ROWS(f64, double)
static const ad_lane_blocks row = AD_LANE_BLOCKS(row);
static const ad_lane_blocks row_along = AD_LANE_BLOCKS(row_along);

/* What is saved of each result, in two lists: m and w. */
static size_t logsumexp_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    (void)type;
    return ad_reduce_plan(x, attr).count * 2 * sizeof(double);
}

static const double *weights(const ad_reduced *r, const void *saved)
{
    return (const double *)saved + r->count;
}

/* Writes the finite maxima, and the sums in the place of w. */
static bool find_sums(const ad_reduced *r, ad_workspace *work, const ad_view *x,
                      const ad_array *room, double *m, double *w)
{
    memset(m, 0, r->count * sizeof *m);
    if (r->length > 0) {
        ad_fold(r, work, x, true, room->data);
        ad_view most = ad_reduced_view(r, room->type, room->data);
        ad_map(work, &r->kept, &finite_part.of[room->type], 1, &most, sizeof *m, m, false);
    }
    ad_view in[] = {*x, ad_reduced_view(r, AD_F64, m)};
    double *sums = ad_map_sum(work, &x->shape, &power.of[x->type], 2, in, x->type, &r->kept);
    if (sums)
        memcpy(w, sums, r->count * sizeof *w);
    return sums;
}

/* The same of rows that lie together. */
static bool find_row_sums(const ad_reduced *r, ad_workspace *work, const ad_view *x, size_t length,
                          double *m, double *w)
{
    double(*pairs)[2] = ad_scratch(work, r->count * sizeof *pairs);
    if (!pairs)
        return false;
    ad_row_stream rows = {(void *)(uintptr_t)x->data, length * ad_type_size(x->type)};
    ad_lanes_rows(work, &row.of[x->type], r->count, length, 1, &rows,
                  (ad_row_stream){pairs, sizeof *pairs}, false);
    for (size_t i = 0; i < r->count; i++) {
        m[i] = pairs[i][0];
        w[i] = pairs[i][1];
    }
    return true;
}

static void logsumexp_forward(const ad_forward_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    if (!r.count)
        return;
    double *m = c->saved, *w = m + r.count;
    size_t length = ad_reduced_row(&c->x[0], c->attr);
    if (!(length ? find_row_sums(&r, c->work, &c->x[0], length, m, w)
                 : find_sums(&r, c->work, &c->x[0], &c->y, m, w)))
        return;
    /* Where y is infinite, p is 0 for all that is less; where it is NaN, p is for all. */
    for (size_t i = 0; i < r.count; i++) {
        double y = m[i] + AD_LOG(w[i]);
        m[i] = isfinite(y) ? m[i] : fabs(y);
        w[i] = isinf(y) ? 1 : 1 / w[i];
        ad_store_sums(1, &y, c->y.type, (char *)c->y.data + i * ad_type_size(c->y.type), false);
    }
}

/* g w of each result, in its type. NULL when memory ran out. */
static void *weighted(const ad_reduced *r, ad_workspace *work, const ad_view *dy, const void *saved)
{
    const double *w = weights(r, saved);
    double *factors = ad_reduced_doubles(r, work, dy);
    void *rounded = ad_scratch(work, r->count * ad_type_size(dy->type));
    if (!factors || !rounded)
        return NULL;
    for (size_t i = 0; i < r->count; i++)
        factors[i] = AD_TIMES(factors[i], w[i]);
    ad_store_sums(r->count, factors, dy->type, rounded, false);
    return rounded;
}

static void logsumexp_pullback(const ad_pullback_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    ad_type type = c->dy.type;
    size_t length = ad_reduced_row(&c->x[0], c->attr), size = ad_type_size(type);
    void *g = r.count ? weighted(&r, c->work, &c->dy, c->saved) : NULL;
    if (!g)
        return;
    if (length) {
        const ad_row_stream rows[] = {{(void *)(uintptr_t)c->x[0].data, length * size},
                                      {(void *)(uintptr_t)c->saved, sizeof(double)},
                                      {g, size}};
        ad_lanes_rows(c->work, &row_along.of[type], r.count, length, 3, rows,
                      (ad_row_stream){c->dx[0].data, length * size}, !c->assign[0]);
        return;
    }
    ad_view in[] = {c->x[0], ad_reduced_view(&r, AD_F64, c->saved), ad_reduced_view(&r, type, g)};
    ad_map_into(c->work, &c->x[0].shape, &along, 3, in, &c->dx[0], !c->assign[0]);
}

/* ty = sum(p tx), in f64. */
static double *find_tangent(const ad_reduced *r, ad_workspace *work, const ad_view *x,
                            const void *saved, const ad_view *tx)
{
    const double *w = weights(r, saved);
    ad_view in[] = {*x, ad_reduced_view(r, AD_F64, saved), *tx};
    double *sums = ad_map_sum(work, &x->shape, &along.of[x->type], 3, in, x->type, &r->kept);
    for (size_t i = 0; sums && i < r->count; i++)
        sums[i] = AD_TIMES(sums[i], w[i]);
    return sums;
}

static void logsumexp_jvp(const ad_jvp_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    double *sums = r.count ? find_tangent(&r, c->work, &c->x[0], c->saved, &c->tx[0]) : NULL;
    if (sums)
        ad_store_sums(r.count, sums, c->ty.type, c->ty.data, false);
}

/* tdx += g p (tx - ty). */
static void logsumexp_curvature(const ad_curvature_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    if (!r.count)
        return;
    double *ty = find_tangent(&r, c->work, &c->x[0], c->saved, &c->tx[0]);
    void *g = weighted(&r, c->work, &c->dy, c->saved);
    if (!ty || !g)
        return;
    ad_view in[] = {c->x[0], ad_reduced_view(&r, AD_F64, c->saved),
                    ad_reduced_view(&r, c->dy.type, g), c->tx[0], ad_reduced_view(&r, AD_F64, ty)};
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
