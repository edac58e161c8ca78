/* Determinants. d = det(a) has the cofactors C for a gradient, and so dd = <C, da>. Where elimination met no small
 * pivot, they are C = d a^-T. But they exist for singular matrices, too, and of every rank: a with its rows and
 * columns in another order is L D Y, where elimination that looks for its pivots everywhere leaves L and Y with ones
 * on their diagonals and far from singular, and zeros only in D. With e = +-1 for the order,
 *
 *     C  = e L^-T diag(p_i) Y^-T,  p_i the product of all of D but number i
 *     tC = e L^-T W Y^-T,  Z = L^-1 ta Y^-1
 *          W_ii = the sum over j of p_ij Z_jj,  W_ij = -p_ij Z_ji,  p_ij the product without i and j
 *
 * The logarithm of |d| has the gradient a^-T. */
#include "ops/families.h"
#include "ops/linalg/lu.h"

#include <math.h>
#include <string.h>

static const char *det_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    *y = *x;
    y->rank = x->rank < 2 ? 0 : x->rank - 2;
    return ad_square_shape(x);
}

/* The sign of an order: -1 if it takes an odd number of swaps. */
static double sign_of(const int64_t *order, int64_t n)
{
    double sign = 1;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++)
            sign = order[j] > order[i] ? -sign : sign;
    return sign;
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

/* ---- cofactors of any matrix ------------------------------------------------------------ */

/* L below the diagonal, Y above it. */
typedef struct decomposed {
    ad_matrices ly;
    double *d;               /* D of each matrix, [count, n] */
    int64_t *rows, *columns; /* in their order, likewise */
} decomposed;

static void swap_columns(double *a, int64_t n, int64_t i, int64_t j)
{
    for (int64_t k = 0; k < n; k++) {
        double x = a[k * n + i];
        a[k * n + i] = a[k * n + j];
        a[k * n + j] = x;
    }
}

static void swap_rows(double *a, int64_t n, int64_t i, int64_t j)
{
    for (int64_t k = 0; k < n; k++) {
        double x = a[i * n + k];
        a[i * n + k] = a[j * n + k];
        a[j * n + k] = x;
    }
}

static void swap_places(int64_t *order, int64_t i, int64_t j)
{
    int64_t kept = order[i];
    order[i] = order[j];
    order[j] = kept;
}

/* Brings the greatest number that is left to row and column k. */
static void bring_greatest(double *a, int64_t n, int64_t k, int64_t *rows, int64_t *columns)
{
    int64_t row = k, column = k;
    for (int64_t i = k; i < n; i++)
        for (int64_t j = k; j < n; j++)
            if (fabs(a[i * n + j]) > fabs(a[row * n + column])) {
                row = i;
                column = j;
            }
    swap_rows(a, n, k, row);
    swap_columns(a, n, k, column);
    swap_places(rows, k, row);
    swap_places(columns, k, column);
}

/* One matrix becomes L and Y. */
static void decompose_one(double *a, int64_t n, double *d, int64_t *rows, int64_t *columns)
{
    for (int64_t k = 0; k < n; k++)
        rows[k] = columns[k] = k;
    for (int64_t k = 0; k < n; k++) {
        bring_greatest(a, n, k, rows, columns);
        d[k] = a[k * n + k];
        double below = d[k] == 0 ? 1 : d[k]; /* then all that is left is 0 */
        for (int64_t i = k + 1; i < n; i++) {
            double l = a[i * n + k] /= below;
            for (int64_t j = k + 1; j < n; j++)
                a[i * n + j] -= l * a[k * n + j];
        }
        for (int64_t j = k + 1; j < n; j++)
            a[k * n + j] /= below;
    }
}

/* NULL data if memory ran out. */
static decomposed decompose(ad_workspace *work, const ad_view *a)
{
    decomposed o = {.ly = ad_take_matrices(work, a)};
    int64_t n = o.ly.rows;
    size_t places = (size_t)(o.ly.count * n) + 1;
    o.d = ad_scratch(work, places * sizeof *o.d);
    o.rows = ad_scratch(work, places * sizeof *o.rows);
    o.columns = ad_scratch(work, places * sizeof *o.columns);
    if (!o.d || !o.rows || !o.columns)
        o.ly.data = NULL;
    for (int64_t k = 0; o.ly.data && k < o.ly.count; k++)
        decompose_one(ad_matrices_at(&o.ly, k), n, o.d + k * n, o.rows + k * n, o.columns + k * n);
    return o;
}

/* The product of n numbers but i and j. */
static double product_without(const double *d, int64_t n, int64_t i, int64_t j)
{
    double p = 1;
    for (int64_t k = 0; k < n; k++)
        p *= k == i || k == j ? 1 : d[k];
    return p;
}

/* diag(p_i) */
static ad_matrices first_products(ad_workspace *work, const decomposed *o)
{
    int64_t n = o->ly.rows;
    ad_matrices m = ad_zeros_like(work, &o->ly);
    for (int64_t k = 0; o->ly.data && m.data && k < m.count; k++)
        for (int64_t i = 0; i < n; i++)
            ad_matrices_at(&m, k)[i * (n + 1)] = product_without(o->d + k * n, n, i, i);
    return m;
}

/* W, from Z */
static ad_matrices second_products(ad_workspace *work, const decomposed *o, const ad_matrices *z)
{
    int64_t n = o->ly.rows;
    ad_matrices m = ad_zeros_like(work, z);
    for (int64_t k = 0; o->ly.data && m.data && z->data && k < m.count; k++) {
        double *w = ad_matrices_at(&m, k);
        const double *x = ad_matrices_at(z, k);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++) {
                double p = i == j ? 0 : product_without(o->d + k * n, n, i, j);
                w[i * (n + 1)] += p * x[j * (n + 1)];
                w[i * n + j] -= p * x[j * n + i];
            }
    }
    return m;
}

/* Number [i, j] of the one is number [rows[i], columns[j]] of the other. */
static ad_matrices in_order(ad_workspace *work, const decomposed *o, const ad_matrices *m)
{
    int64_t n = m->rows;
    ad_matrices to = ad_matrices_like(work, m);
    for (int64_t k = 0; o->ly.data && m->data && to.data && k < m->count; k++)
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++)
                ad_matrices_at(&to, k)[i * n + j] =
                    ad_matrices_at(m, k)[o->rows[k * n + i] * n + o->columns[k * n + j]];
    return to;
}

/* e L^-T m Y^-T, in the order of a. m is lost. */
static ad_matrices from_within(ad_workspace *work, const decomposed *o, const ad_matrices *m)
{
    int64_t n = m->rows;
    ad_matrices to = ad_matrices_like(work, m);
    ad_substitute(work, &o->ly, m, AD_UNIT_DIAGONAL | AD_TRANSPOSED);
    ad_substitute(work, &o->ly, m, AD_UPPER | AD_UNIT_DIAGONAL | AD_TRANSPOSED | AD_RIGHT);
    for (int64_t k = 0; o->ly.data && m->data && to.data && k < m->count; k++) {
        double e = sign_of(o->rows + k * n, n) * sign_of(o->columns + k * n, n);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++)
                ad_matrices_at(&to, k)[o->rows[k * n + i] * n + o->columns[k * n + j]] =
                    e * ad_matrices_at(m, k)[i * n + j];
    }
    return to;
}

/* The cofactors, and their tangent, of matrices that may be singular. */
static ad_matrices any_cofactors(ad_workspace *work, const ad_view *a)
{
    decomposed o = decompose(work, a);
    ad_matrices m = first_products(work, &o);
    return from_within(work, &o, &m);
}

static ad_matrices any_bent_cofactors(ad_workspace *work, const ad_view *a, const ad_view *tx)
{
    decomposed o = decompose(work, a);
    ad_matrices ta = ad_read_matrices(work, tx), z = in_order(work, &o, &ta);
    ad_substitute(work, &o.ly, &z, AD_UNIT_DIAGONAL);
    ad_substitute(work, &o.ly, &z, AD_UPPER | AD_UNIT_DIAGONAL | AD_RIGHT);
    ad_matrices m = second_products(work, &o, &z);
    return from_within(work, &o, &m);
}

/* ---- det ------------------------------------------------------------------------------- */

static void det_forward(const ad_forward_args *c)
{
    ad_eliminated e = ad_eliminate(c->work, &c->x[0], c->saved);
    ad_matrices d = numbers(c->work, e.lu.count);
    int64_t n = e.lu.rows;
    for (int64_t k = 0; d.data && c->work->rejected.status == AD_OK && k < d.count; k++) {
        d.data[k] = n ? sign_of(e.order + k * n, n) : 1;
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
        return any_cofactors(work, a);
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
        return any_bent_cofactors(work, a, tx);
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
    double sign = n ? sign_of(e->order + k * n, n) : 1;
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
