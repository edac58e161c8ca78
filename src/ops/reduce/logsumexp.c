/* log(sum(exp(x))) over axes, with the maximum m subtracted, so that no exponential overflows.
 *
 * With w = 1 / sum(exp(x - m)) and p = w exp(x - m): y = m - log(w), dx += p dy. m and w are saved: p from
 * exp(x - y) would lose as many digits as y has before the point. Where all x are -inf there is no
 * p: it counts as 0, with gradient 0. */
#include "adze/op.h"
#include "kernels/elementary.h"
#include "kernels/kernel.h"
#include "kernels/rows.h"
#include "kernels/vanishing.h"
#include "ops/families.h"
#include "ops/reduce/reduce.h"

#include <string.h>
#include <tgmath.h>

/* m -> m, or 0 where it is not finite;  x, m -> exp(x - m);  x, m, t -> exp(x - m) t;
 * x, m, g, t, ty -> exp(x - m) g (t - ty). ty is f64. m is one of the x, or infinite, or NaN: exact in either type. */
#define LOGSUMEXP_KERNELS(s, T)                                                            \
    AD_KERNEL(finite_##s, double, isfinite(AD_IN(T, 0)) ? (double)AD_IN(T, 0) : 0)         \
    AD_INLINE T power_of_##s(T x, T m)                                                     \
    {                                                                                      \
        return AD_EXP(x - m);                                                              \
    }                                                                                      \
    AD_KERNEL(power_##s, T, power_of_##s(AD_IN(T, 0), AD_IN(T, 1)))                        \
    AD_KERNEL(along_##s, T, AD_TIMES(power_of_##s(AD_IN(T, 0), AD_IN(T, 1)), AD_IN(T, 2))) \
    AD_KERNEL(bend_##s, T,                                                                 \
              AD_TIMES(power_of_##s(AD_IN(T, 0), AD_IN(T, 1)), AD_IN(T, 2),                \
                       AD_IN(T, 3) - (T)AD_IN(double, 4)))
LOGSUMEXP_KERNELS(f32, float)
LOGSUMEXP_KERNELS(f64, double)

static const ad_blocks finite_part = AD_BLOCKS(finite);
static const ad_blocks power = AD_BLOCKS(power);
static const ad_blocks along = AD_BLOCKS(along);
static const ad_blocks bend = AD_BLOCKS(bend);

/* What is saved of each result, in two lists: m and w. */
static size_t logsumexp_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    (void)type;
    return ad_reduce_plan(x, attr).count * 2 * sizeof(double);
}

/* A number for each result, in a type. Its data are NULL when memory ran out. */
static ad_view in_type(const ad_reduced *r, ad_workspace *work, ad_type type, const double *numbers)
{
    if (type == AD_F64 || !numbers)
        return ad_reduced_view(r, type, numbers);
    void *rounded = ad_scratch(work, r->count * ad_type_size(type));
    if (rounded)
        ad_store_sums(r->count, numbers, type, rounded, false);
    return ad_reduced_view(r, type, rounded);
}

/* Sums of a kernel over x, in[0], and lists, if these are there. NULL when memory ran out. */
static double *sums_of(const ad_reduced *r, ad_workspace *work, const ad_blocks *k, int n,
                       const ad_view *in)
{
    ad_type type = in[0].type;
    return in[1].data ? ad_map_sum(work, &in[0].shape, &k->of[type], n, in, type, &r->kept) : NULL;
}

/* Writes the finite maxima, and the sums in the place of w. Returns a copy of the sums. */
static double *find_sums(const ad_reduced *r, ad_workspace *work, const ad_view *x,
                         const ad_array *room, double *m, double *w)
{
    memset(m, 0, r->count * sizeof *m);
    if (r->length > 0) {
        ad_fold(r, work, x, true, room->data);
        ad_view most = ad_reduced_view(r, room->type, room->data);
        ad_map(work, &r->kept, &finite_part.of[room->type], 1, &most, sizeof *m, m, false);
    }
    ad_view in[] = {*x, in_type(r, work, x->type, m)};
    double *sums = sums_of(r, work, &power, 2, in);
    if (sums)
        memcpy(w, sums, r->count * sizeof *w);
    return sums;
}

/* Where y is infinite, p is 0 for all that is less; where it is NaN, p is for all. */
static void finish(size_t count, const double *logs, double *m, double *w, ad_type type, void *to)
{
    for (size_t i = 0; i < count; i++) {
        double y = m[i] + logs[i];
        m[i] = isfinite(y) ? m[i] : fabs(y);
        w[i] = isinf(y) ? 1 : 1 / w[i];
        if (type == AD_F32)
            ((float *)to)[i] = (float)y;
        else
            ((double *)to)[i] = y;
    }
}

/* Numbers of rows that lie together: m and w, and results or their cotangents times w. */
typedef struct row_env {
    ad_type type;
    double *m, *w;
    void *y;
    const double *g;
} row_env;

/* Sums of exp(x - m). All powers are there before they are added up, so that no sum waits for those just before it;
 * a long row goes by blocks. */
static void add_powers(const ad_row_set *r, ad_type type, const double *m, double *sums)
{
    _Alignas(64) char rows[AD_ROW_HOT], rests[AD_ROW_SET * AD_ROW_LANES * sizeof(double)];
    const ad_row_data powers = {rows, rests};
    if (r->extent.length > AD_ROW_HOT / ad_type_size(type)) {
        r->kernel->power_sum(&r->extent, r->in[0], m, sums);
        return;
    }
    r->kernel->power(&r->extent, r->in[0], r->in[0], m, NULL, powers, false);
    r->kernel->sum(&r->extent, powers, sums);
}

static bool forward_rows(const ad_row_set *r)
{
    const row_env *env = r->env;
    size_t n = r->extent.count;
    double *m = env->m + r->first, *w = env->w + r->first, logs[AD_ROW_SET];
    r->kernel->top(&r->extent, r->in[0], m);
    for (size_t i = 0; i < n; i++)
        m[i] = isfinite(m[i]) ? m[i] : 0;
    add_powers(r, env->type, m, w);
    memcpy(logs, w, n * sizeof *w);
    r->kernel->logs(n, logs);
    finish(n, logs, m, w, env->type, (char *)env->y + r->first * ad_type_size(env->type));
    return true;
}

static bool pull_rows(const ad_row_set *r)
{
    const row_env *env = r->env;
    r->kernel->along(&r->extent, r->in[0], r->in[0], env->m + r->first, env->g + r->first, r->out,
                     r->add);
    return true;
}

static const ad_row_op forward_op = {forward_rows, 1, false, 0, {-INFINITY}, {NULL}};
static const ad_row_op pull_op = {pull_rows, 1, false, 0, {0}, {NULL}};

static void logsumexp_forward(const ad_forward_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    if (!r.count)
        return;
    double *m = c->saved, *w = m + r.count;
    size_t length = ad_reduced_row(&c->x[0], c->attr);
    if (length) {
        row_env env = {.type = c->y.type, .m = m, .w = w, .y = c->y.data};
        ad_rows_run(c->work, &forward_op, c->y.type, r.count, length, &c->x[0].data, NULL, false,
                    &env);
        return;
    }
    double *logs = find_sums(&r, c->work, &c->x[0], &c->y, m, w);
    for (size_t i = 0; logs && i < r.count; i++)
        logs[i] = AD_LOG(logs[i]);
    if (logs)
        finish(r.count, logs, m, w, c->y.type, c->y.data);
}

/* g w of each result. NULL when memory ran out. */
static double *weighted(const ad_reduced *r, ad_workspace *work, const ad_view *dy,
                        const void *saved)
{
    const double *w = ad_reduced_second(r, saved);
    double *factors = ad_reduced_doubles(r, work, dy);
    for (size_t i = 0; factors && i < r->count; i++)
        factors[i] = AD_TIMES(factors[i], w[i]);
    return factors;
}

static void pull_along_rows(const ad_pullback_args *c, const ad_reduced *r, size_t length)
{
    row_env env = {.m = (void *)(uintptr_t)c->saved, .g = weighted(r, c->work, &c->dy, c->saved)};
    if (env.g)
        ad_rows_run(c->work, &pull_op, c->dy.type, r->count, length, &c->x[0].data, c->dx[0].data,
                    !c->assign[0], &env);
}

static void logsumexp_pullback(const ad_pullback_args *c)
{
    ad_reduced r = ad_reduce_plan(&c->x[0].shape, c->attr);
    ad_type type = c->dy.type;
    size_t length = ad_reduced_row(&c->x[0], c->attr);
    if (!r.count)
        return;
    if (length) {
        pull_along_rows(c, &r, length);
        return;
    }
    ad_view in[] = {c->x[0], in_type(&r, c->work, type, c->saved),
                    in_type(&r, c->work, type, weighted(&r, c->work, &c->dy, c->saved))};
    if (in[1].data && in[2].data)
        ad_map_into(c->work, &c->x[0].shape, &along, 3, in, &c->dx[0], !c->assign[0]);
}

/* ty = sum(p tx), in f64. */
static double *find_tangent(const ad_reduced *r, ad_workspace *work, const ad_view *x,
                            const void *saved, const ad_view *tx)
{
    const double *w = ad_reduced_second(r, saved);
    ad_view in[] = {*x, in_type(r, work, x->type, saved), *tx};
    double *sums = sums_of(r, work, &along, 3, in);
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
    ad_view in[] = {c->x[0], in_type(&r, c->work, c->dy.type, c->saved),
                    in_type(&r, c->work, c->dy.type, weighted(&r, c->work, &c->dy, c->saved)),
                    c->tx[0], ad_reduced_view(&r, AD_F64, ty)};
    if (ty && in[1].data && in[2].data)
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
