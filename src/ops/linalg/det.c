/* Determinants. d = det(a) has the cofactors C for a gradient, and so dd = <C, da>. Where elimination met no small
 * pivot, they are C = d a^-T; else cofactors.c finds them. The logarithm of |d| has the gradient a^-T. */
#include "ops/families.h"
#include "ops/linalg/cofactors.h"
#include "ops/linalg/lu.h"

#include <math.h>

static const char *det_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    *y = *x;
    y->rank = x->rank < 2 ? 0 : x->rank - 2;
    return ad_square_shape(x);
}

/* Number k of a list with one for each matrix. */
static double number_of(const ad_view *v, int64_t k)
{
    return v->data ? ad_view_get(v, (size_t)k) : 0;
}

static ad_matrices numbers(ad_workspace *work, int64_t count)
{
    return ad_matrices_new(work, count, 1, 1);
}

/* The sum of a * b for each matrix. */
static ad_matrices inner(ad_workspace *work, const ad_matrices *a, const ad_matrices *b)
{
    ad_matrices sums = numbers(work, a->count);
    for (int64_t k = 0; sums.data && a->data && b->data && k < a->count; k++) {
        sums.data[k] = 0;
        for (int64_t i = 0; i < a->rows * a->columns; i++)
            sums.data[k] += ad_matrices_at(a, k)[i] * ad_matrices_at(b, k)[i];
    }
    return sums;
}

/* a^-T, or what comes of it where a is singular. */
static ad_matrices turned_inverse(ad_workspace *work, const ad_eliminated *e)
{
    ad_matrices one = ad_matrices_identity(work, e->lu.count, e->lu.rows);
    return ad_solve_by(work, e, &one, true);
}

/* a^-T ta^T a^-T */
static ad_matrices bent_inverse(ad_workspace *work, const ad_matrices *inverse, const ad_view *tx)
{
    ad_matrices ta = ad_read_matrices(work, tx);
    ad_matrices left = ad_times(work, inverse, &ta, AD_TRANSPOSE_B);
    return ad_times(work, &left, inverse, 0);
}

/* ---- det ------------------------------------------------------------------------------- */

static void det_forward(const ad_forward_args *c)
{
    ad_eliminated e = ad_eliminate(c->work, &c->x[0], c->saved);
    ad_matrices d = numbers(c->work, e.lu.count);
    int64_t n = e.lu.rows;
    for (int64_t k = 0; d.data && c->work->rejected.status == AD_OK && k < d.count; k++) {
        d.data[k] = n ? ad_order_sign(e.order + k * n, n) : 1;
        for (int64_t i = 0; i < n; i++)
            d.data[k] *= ad_matrices_at(&e.lu, k)[i * (n + 1)];
    }
    ad_store_matrices(&d, &c->y, false);
}

/* Whether the least pivots are not much less than the greatest: then a^-T is exact to many digits. */
static bool has_good_pivots(const ad_eliminated *e)
{
    int64_t n = e->lu.rows;
    for (int64_t k = 0; k < e->lu.count; k++) {
        double least = INFINITY, most = 0;
        for (int64_t i = 0; i < n; i++) {
            double size = fabs(ad_matrices_at(&e->lu, k)[i * (n + 1)]);
            least = fmin(least, size);
            most = fmax(most, size);
        }
        if (n > 0 && !(least > 1e-3 * most))
            return false;
    }
    return true;
}

/* Matrix k times number k of the list. */
static void scale_each(const ad_matrices *m, const ad_view *list)
{
    int64_t size = m->rows * m->columns;
    for (int64_t k = 0; m->data && k < m->count; k++) {
        double s = number_of(list, k);
        for (int64_t i = 0; i < size; i++)
            ad_matrices_at(m, k)[i] *= s;
    }
}

static ad_matrices cofactors(ad_workspace *work, const ad_view *a, const ad_view *d,
                             const void *saved)
{
    ad_eliminated e = ad_eliminated_in(&a->shape, saved);
    if (!has_good_pivots(&e))
        return ad_any_cofactors(work, a);
    ad_matrices m = turned_inverse(work, &e);
    scale_each(&m, d);
    return m;
}

static void det_pullback(const ad_pullback_args *c)
{
    ad_matrices m = cofactors(c->work, &c->x[0], &c->y, c->saved);
    scale_each(&m, &c->dy);
    ad_store_matrices(&m, &c->dx[0], !c->assign[0]);
}

static void det_jvp(const ad_jvp_args *c)
{
    ad_matrices m = cofactors(c->work, &c->x[0], &c->y, c->saved);
    ad_matrices ta = ad_read_matrices(c->work, &c->tx[0]), td = inner(c->work, &m, &ta);
    ad_store_matrices(&td, &c->ty, false);
}

/* d (tr(a^-1 ta) a^-T - a^-T ta^T a^-T) */
static ad_matrices bent_cofactors(ad_workspace *work, const ad_view *a, const ad_view *d,
                                  const ad_view *tx, const void *saved)
{
    ad_eliminated e = ad_eliminated_in(&a->shape, saved);
    if (!has_good_pivots(&e))
        return ad_any_bent_cofactors(work, a, tx);
    ad_matrices m = turned_inverse(work, &e), ta = ad_read_matrices(work, tx);
    ad_matrices bent = bent_inverse(work, &m, tx), traces = inner(work, &m, &ta);
    ad_view trace = ad_view_of(AD_F64, traces.data, AD_SHAPE(traces.count));
    scale_each(&m, &trace);
    ad_add_matrices(&m, -1, &bent);
    scale_each(&m, d);
    return m;
}

static void det_curvature(const ad_curvature_args *c)
{
    ad_matrices m = bent_cofactors(c->work, &c->x[0], &c->y, &c->tx[0], c->saved);
    scale_each(&m, &c->dy);
    ad_store_matrices(&m, &c->tdx[0], true);
}

static const ad_op det_op = {
    .size = sizeof(ad_op),
    .name = "det",
    .arity = 1,
    .flags = AD_OP_ASSIGNS,
    .shape = det_shape,
    .saved = ad_eliminated_bytes,
    .forward = det_forward,
    .pullback = det_pullback,
    .jvp = det_jvp,
    .curvature = det_curvature,
    .derivative = "da = g times the cofactors of a",
};

ad_tensor ad_det(ad_tensor a)
{
    return ad_apply(&det_op, &a, NULL);
}

/* ---- slogdet and logdet ------------------------------------------------------------------ */

enum { SIGN, LOG, RESULTS };

static const char *slogdet_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    det_shape(x, attr, &y[LOG]);
    return det_shape(x, attr, &y[SIGN]);
}

/* The sign of the determinant of matrix k. */
static double sign_at(const ad_eliminated *e, int64_t k)
{
    int64_t n = e->lu.rows;
    double sign = n ? ad_order_sign(e->order + k * n, n) : 1;
    for (int64_t i = 0; i < n; i++) {
        double pivot = ad_matrices_at(&e->lu, k)[i * (n + 1)];
        sign *= pivot > 0 ? 1 : pivot < 0 ? -1 : pivot; /* 0, or NaN */
    }
    return sign;
}

/* log(|det|) of all matrices; signs may be NULL. */
static ad_matrices logs_of(const ad_forward_args *c, const ad_matrices *signs)
{
    ad_eliminated e = ad_eliminate(c->work, &c->x[0], c->saved);
    ad_matrices logs = numbers(c->work, e.lu.count);
    int64_t n = e.lu.rows;
    for (int64_t k = 0; logs.data && c->work->rejected.status == AD_OK && k < logs.count; k++) {
        logs.data[k] = 0;
        for (int64_t i = 0; i < n; i++)
            logs.data[k] += log(fabs(ad_matrices_at(&e.lu, k)[i * (n + 1)]));
        if (signs->data)
            signs->data[k] = sign_at(&e, k);
    }
    return logs;
}

static void slogdet_forward(const ad_forward_args *c)
{
    ad_matrices signs = numbers(c->work, ad_eliminated_in(&c->x[0].shape, NULL).lu.count);
    ad_matrices logs = logs_of(c, &signs);
    ad_store_matrices(&signs, &c->ys[SIGN], false);
    ad_store_matrices(&logs, &c->ys[LOG], false);
}

static void logdet_forward(const ad_forward_args *c)
{
    ad_matrices signs = numbers(c->work, ad_eliminated_in(&c->x[0].shape, NULL).lu.count);
    ad_matrices logs = logs_of(c, &signs);
    for (int64_t k = 0; logs.data && signs.data && k < logs.count; k++)
        if (signs.data[k] < 0)
            logs.data[k] = NAN;
    ad_store_matrices(&logs, &c->y, false);
}

/* Whether the logarithm may be differentiated where something flows: not where a matrix is singular. */
static bool has_slopes(ad_workspace *work, const ad_view *a, const ad_view *logs,
                       const ad_view *flows)
{
    char place[AD_PLACE_TEXT];
    size_t each = ad_view_count(logs) ? ad_view_count(flows) / ad_view_count(logs) : 0;
    for (size_t i = 0; flows->data && i < ad_view_count(flows); i++)
        if (ad_view_get(flows, i) != 0 && ad_view_get(logs, i / each) == -INFINITY) {
            ad_reject(work, AD_DOMAIN,
                      "the logarithm%s has no derivative there: the matrix is singular",
                      ad_matrix_place(&a->shape, (int64_t)(i / each), place));
            return false;
        }
    return true;
}

/* a^-T for each matrix, times a number where that is not 0; NaN where the logarithm is. */
static ad_matrices slopes(ad_workspace *work, const ad_view *a, const ad_view *logs,
                          const ad_view *factors, const void *saved)
{
    ad_eliminated e = ad_eliminated_in(&a->shape, saved);
    ad_matrices m = turned_inverse(work, &e);
    int64_t size = m.rows * m.columns;
    for (int64_t k = 0; m.data && k < m.count; k++) {
        double s = factors ? number_of(factors, k) : 1;
        bool singular = number_of(logs, k) == -INFINITY, none = isnan(number_of(logs, k));
        for (int64_t i = 0; i < size; i++) {
            double *x = &ad_matrices_at(&m, k)[i];
            *x = s == 0 || singular ? 0 : none ? NAN : s * *x;
        }
    }
    return m;
}

static void pull_back(const ad_pullback_args *c, const ad_view *logs, const ad_view *flows)
{
    if (!flows->data || !has_slopes(c->work, &c->x[0], logs, flows))
        return;
    ad_matrices m = slopes(c->work, &c->x[0], logs, flows, c->saved);
    ad_store_matrices(&m, &c->dx[0], true);
}

static void push(const ad_jvp_args *c, const ad_view *logs, const ad_array *tl)
{
    if (!has_slopes(c->work, &c->x[0], logs, &c->tx[0]))
        return;
    ad_matrices m = slopes(c->work, &c->x[0], logs, NULL, c->saved);
    ad_matrices ta = ad_read_matrices(c->work, &c->tx[0]), sums = inner(c->work, &m, &ta);
    ad_store_matrices(&sums, tl, false);
}

/* -g a^-T ta^T a^-T */
static void bend(const ad_curvature_args *c, const ad_view *logs, const ad_view *flows)
{
    if (!flows->data || !has_slopes(c->work, &c->x[0], logs, flows))
        return;
    ad_matrices m = slopes(c->work, &c->x[0], logs, NULL, c->saved);
    ad_matrices bent = bent_inverse(c->work, &m, &c->tx[0]);
    ad_scale_matrices(&bent, -1);
    scale_each(&bent, flows);
    ad_store_matrices(&bent, &c->tdx[0], true);
}

static void slogdet_pullback(const ad_pullback_args *c)
{
    pull_back(c, &c->ys[LOG], &c->dys[LOG]);
}

static void slogdet_jvp(const ad_jvp_args *c)
{
    ad_matrices none = ad_matrices_zeros(c->work, (int64_t)ad_array_count(&c->tys[SIGN]), 1, 1);
    ad_store_matrices(&none, &c->tys[SIGN], false);
    push(c, &c->ys[LOG], &c->tys[LOG]);
}

static void slogdet_curvature(const ad_curvature_args *c)
{
    bend(c, &c->ys[LOG], &c->dys[LOG]);
}

static void logdet_pullback(const ad_pullback_args *c)
{
    pull_back(c, &c->y, &c->dy);
}

static void logdet_jvp(const ad_jvp_args *c)
{
    push(c, &c->y, &c->ty);
}

static void logdet_curvature(const ad_curvature_args *c)
{
    bend(c, &c->y, &c->dy);
}

static const ad_op slogdet_op = {
    .size = sizeof(ad_op),
    .name = "slogdet",
    .arity = 1,
    .results = RESULTS,
    .shape = slogdet_shape,
    .saved = ad_eliminated_bytes,
    .forward = slogdet_forward,
    .pullback = slogdet_pullback,
    .jvp = slogdet_jvp,
    .curvature = slogdet_curvature,
    .derivative = "da = g_log a^-T",
};

static const ad_op logdet_op = {
    .size = sizeof(ad_op),
    .name = "logdet",
    .arity = 1,
    .shape = det_shape,
    .saved = ad_eliminated_bytes,
    .forward = logdet_forward,
    .pullback = logdet_pullback,
    .jvp = logdet_jvp,
    .curvature = logdet_curvature,
    .derivative = "da = g a^-T",
};

ad_sign_and_log ad_slogdet(ad_tensor a)
{
    ad_tensor y[RESULTS] = {ad_dead(a), ad_dead(a)};
    ad_apply_results(&slogdet_op, 1, &a, NULL, RESULTS, y);
    return (ad_sign_and_log){y[SIGN], y[LOG]};
}

ad_tensor ad_logdet(ad_tensor a)
{
    return ad_apply(&logdet_op, &a, NULL);
}

const ad_op *const ad_det_ops[] = {&det_op, &slogdet_op, &logdet_op, NULL};
