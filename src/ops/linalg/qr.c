/* Orthogonal factors, and what is solved by them. Of a tall a = Q R: with K = Q^T da R^-1 and the antisymmetric W of its
 * numbers below the diagonal,
 *
 *     dR = (K - W) R,  dQ = da R^-1 - Q (K - W)
 *
 * and backwards, with M = R gR^T - gQ^T Q and c(M) its lower triangle, mirrored, da = (gQ + Q c(M)) R^-T (Walter and
 * Lehmann 2010). A wide a is Q [R, Q^T Y] with Y the columns that are too many. */
#include "kernels/spectrum.h"
#include "ops/families.h"
#include "ops/linalg/linalg.h"
#include "ops/refuse.h"
#include "tape/apply.h"
#include "tape/failure.h"

#include <float.h>
#include <math.h>

enum { Q, R, RESULTS };

static const char *tall_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    y[Q] = y[R] = *x;
    if (x->rank < 2)
        return "needs a matrix, or a batch of them";
    if (x->dim[x->rank - 2] < x->dim[x->rank - 1])
        return "there are more columns than rows";
    y[R].dim[x->rank - 2] = x->dim[x->rank - 1];
    return NULL;
}

static void qr_forward(const ad_forward_args *c)
{
    ad_matrices a = ad_take_matrices(c->work, &c->x[0]);
    ad_matrices q = ad_matrices_like(c->work, &a);
    ad_matrices r = ad_matrices_new(c->work, a.count, a.columns, a.columns);
    if (!a.data || !q.data || !r.data)
        return;
    ad_matrices_qr(c->work, &a, &q, &r);
    ad_store_matrices(&q, &c->ys[Q], false);
    ad_store_matrices(&r, &c->ys[R], false);
}

/* ---- the rules ------------------------------------------------------------------------- */

/* The first number of R's diagonal that is next to 0, in matrix *k; -1: there is none. */
static int64_t find_gap(const ad_view *r, int64_t *k)
{
    double epsilon = r->type == AD_F32 ? FLT_EPSILON : DBL_EPSILON;
    int64_t n = r->shape.dim[r->shape.rank - 1];
    int64_t count = n ? (int64_t)ad_view_count(r) / (n * n) : 0;
    for (*k = 0; *k < count; ++*k) {
        double most = 0;
        for (int64_t i = 0; i < n; i++)
            most = fmax(most, fabs(ad_view_get(r, (size_t)(*k * n * n + i * (n + 1)))));
        for (int64_t i = 0; i < n; i++)
            if (fabs(ad_view_get(r, (size_t)(*k * n * n + i * (n + 1)))) <=
                (double)n * epsilon * most)
                return i;
    }
    return -1;
}

/* R, for a rule. Refuses one that is singular: its data is NULL then. */
static ad_matrices regular_r(ad_workspace *work, const ad_view *ys)
{
    char place[AD_PLACE_TEXT];
    int64_t k;
    ad_matrices r = ad_read_matrices(work, &ys[R]);
    int64_t at = find_gap(&ys[R], &k);
    if (at >= 0) {
        ad_reject(work, AD_DOMAIN,
                  "column %lld%s depends on those before it: there is no derivative", (long long)at,
                  ad_matrix_place(&ys[R].shape, k, place));
        r.data = NULL;
    }
    return r;
}

/* x R^-1 in the place of x, or x R^-T. */
static void divide(ad_workspace *work, const ad_matrices *r, const ad_matrices *x, bool turned)
{
    ad_substitute(work, r, x, AD_RIGHT | AD_UPPER | (turned ? AD_TRANSPOSED : 0));
}

static ad_matrices read_or_zeros(ad_workspace *work, const ad_view *v, const ad_matrices *like)
{
    return v->data ? ad_read_matrices(work, v) : ad_zeros_like(work, like);
}

/* gQ + Q c(M), of which R^-T makes the gradient. */
static ad_matrices numerator(ad_workspace *work, const ad_matrices *q, const ad_matrices *r,
                             const ad_view *dys)
{
    ad_matrices gq = read_or_zeros(work, &dys[Q], q), gr = read_or_zeros(work, &dys[R], r);
    ad_matrices m = ad_times(work, r, &gr, AD_TRANSPOSE_B);
    ad_add_times(work, &gq, q, &m, AD_SUBTRACT | AD_TRANSPOSE_A);
    ad_mirror_lower(&m);
    ad_matrices n = ad_matrices_copy(work, &gq);
    ad_add_times(work, q, &m, &n, AD_ADD);
    return n;
}

static void qr_pullback(const ad_pullback_args *c)
{
    ad_matrices q = ad_read_matrices(c->work, &c->ys[Q]), r = regular_r(c->work, c->ys);
    ad_matrices da = numerator(c->work, &q, &r, c->dys);
    divide(c->work, &r, &da, true);
    if (r.data)
        ad_store_matrices(&da, &c->dx[0], true);
}

/* K - W: what K has above the diagonal, with what is below it, mirrored, added; in the place of K. */
static void fold_up(const ad_matrices *k)
{
    int64_t n = k->rows;
    for (int64_t b = 0; k->data && b < k->count; b++) {
        double *m = ad_matrices_at(k, b);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < i; j++) {
                m[j * n + i] += m[i * n + j];
                m[i * n + j] = 0;
            }
    }
}

typedef struct tangents {
    ad_matrices q, r;
} tangents;

static tangents tangents_of(ad_workspace *work, const ad_matrices *q, const ad_matrices *r,
                            const ad_view *tx)
{
    tangents t = {.q = ad_take_matrices(work, tx)};
    divide(work, r, &t.q, false);
    ad_matrices k = ad_times(work, q, &t.q, AD_TRANSPOSE_A);
    fold_up(&k);
    t.r = ad_times(work, &k, r, 0);
    ad_add_times(work, q, &k, &t.q, AD_SUBTRACT);
    return t;
}

static void qr_jvp(const ad_jvp_args *c)
{
    ad_matrices q = ad_read_matrices(c->work, &c->ys[Q]), r = regular_r(c->work, c->ys);
    tangents t = tangents_of(c->work, &q, &r, &c->tx[0]);
    if (!r.data)
        return;
    ad_store_matrices(&t.q, &c->tys[Q], false);
    ad_store_matrices(&t.r, &c->tys[R], false);
}

/* (tQ c(M) + Q c(tM) - da tR^T) R^-T, with tM = tR gR^T - gQ^T tQ */
static void qr_curvature(const ad_curvature_args *c)
{
    ad_matrices q = ad_read_matrices(c->work, &c->ys[Q]), r = regular_r(c->work, c->ys);
    tangents t = tangents_of(c->work, &q, &r, &c->tx[0]);
    ad_matrices da = numerator(c->work, &q, &r, c->dys);
    divide(c->work, &r, &da, true);
    ad_matrices gq = read_or_zeros(c->work, &c->dys[Q], &q);
    ad_matrices gr = read_or_zeros(c->work, &c->dys[R], &r);
    ad_matrices m = ad_times(c->work, &r, &gr, AD_TRANSPOSE_B);
    ad_add_times(c->work, &gq, &q, &m, AD_SUBTRACT | AD_TRANSPOSE_A);
    ad_mirror_lower(&m);
    ad_matrices tm = ad_times(c->work, &t.r, &gr, AD_TRANSPOSE_B);
    ad_add_times(c->work, &gq, &t.q, &tm, AD_SUBTRACT | AD_TRANSPOSE_A);
    ad_mirror_lower(&tm);
    ad_matrices sum = ad_times(c->work, &t.q, &m, 0);
    ad_add_times(c->work, &q, &tm, &sum, AD_ADD);
    ad_add_times(c->work, &da, &t.r, &sum, AD_SUBTRACT | AD_TRANSPOSE_B);
    divide(c->work, &r, &sum, true);
    if (r.data)
        ad_store_matrices(&sum, &c->tdx[0], true);
}

static const ad_op qr_op = {
    .size = sizeof(ad_op),
    .name = "qr",
    .arity = 1,
    .results = RESULTS,
    .shape = tall_shape,
    .check = ad_check_finite,
    .forward = qr_forward,
    .pullback = qr_pullback,
    .jvp = qr_jvp,
    .curvature = qr_curvature,
    .derivative = "da = (g_q + q C) r^-T, with C the lower triangle of r g_r^T - g_q^T q, mirrored",
};

/* ---- public functions -------------------------------------------------------------------- */

static const char *matrix_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    *y = *x;
    return x->rank < 2 ? "needs a matrix, or a batch of them" : NULL;
}

AD_FORM(qr, 1, NULL, matrix_shape)
AD_FORM(pinv, 1, NULL, matrix_shape)

static ad_qr_parts factor_tall(ad_tensor a)
{
    ad_tensor y[RESULTS] = {ad_dead(a), ad_dead(a)};
    ad_apply_results(&qr_op, 1, &a, NULL, RESULTS, y);
    return (ad_qr_parts){y[Q], y[R]};
}

ad_qr_parts ad_qr(ad_tensor a)
{
    ad_qr_parts dead = {ad_dead(a), ad_dead(a)};
    AD_DOOR(a.tape, "qr", dead);
    if (!ad_fits(&qr, &a, NULL))
        return dead;
    ad_shape shape = ad_shape_of(a);
    int64_t m = shape.dim[shape.rank - 2], n = shape.dim[shape.rank - 1];
    if (m >= n)
        return factor_tall(a);
    ad_qr_parts p = factor_tall(ad_slice(a, -1, 0, m));
    ad_tensor rest = ad_matmul(ad_transpose(p.q), ad_slice(a, -1, m, n));
    return (ad_qr_parts){p.q, ad_concat(2, (ad_tensor[]){p.r, rest}, -1)};
}

/* Whether the columns of an a with these factors are independent. If not, op fails. */
static bool is_full(const char *op, ad_tensor a, ad_tensor r)
{
    char place[AD_PLACE_TEXT];
    int64_t k, at;
    ad_view v = ad_read(r);
    if (!v.data)
        return ad_view_count(&v) == 0 && ad_tape_status(r.tape) == AD_OK;
    at = find_gap(&v, &k);
    if (at >= 0)
        ad_refuse(AD_DOMAIN, op, 1, &a, "column %lld%s depends on those before it", (long long)at,
                  ad_matrix_place(&v.shape, k, place));
    return at < 0;
}

static const char *lstsq_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    *y = x[0];
    if (x[0].rank < 2 || x[1].rank < 2)
        return "needs two matrices (ad_expand makes a vector a column)";
    if (x[0].dim[x[0].rank - 2] < x[0].dim[x[0].rank - 1])
        return "there are more columns than rows";
    if (x[0].dim[x[0].rank - 2] != x[1].dim[x[1].rank - 2])
        return "there must be as many rows on the right";
    ad_shape batch[2] = {x[0], x[1]};
    batch[0].rank -= 2;
    batch[1].rank -= 2;
    return ad_shape_broadcast(batch, attr, y) ? "the axes before the last two do not broadcast"
                                              : NULL;
}

AD_FORM(lstsq, 2, NULL, lstsq_shape)

ad_tensor ad_lstsq(ad_tensor a, ad_tensor b)
{
    ad_tensor any = a.tape ? a : b;
    AD_DOOR(any.tape, "lstsq", ad_dead(any));
    if (!ad_fits(&lstsq, (ad_tensor[]){a, b}, NULL))
        return ad_dead(any);
    ad_qr_parts p = factor_tall(a);
    if (!is_full("lstsq", a, p.r))
        return ad_dead(any);
    return ad_triangular_solve(p.r, ad_matmul(ad_transpose(p.q), b), AD_UPPER);
}

ad_tensor ad_pinv(ad_tensor a)
{
    AD_DOOR(a.tape, "pinv", ad_dead(a));
    if (!ad_fits(&pinv, &a, NULL))
        return ad_dead(a);
    ad_shape shape = ad_shape_of(a);
    bool wide = shape.dim[shape.rank - 2] < shape.dim[shape.rank - 1];
    ad_qr_parts p = factor_tall(wide ? ad_transpose(a) : a);
    if (!is_full("pinv", a, p.r))
        return ad_dead(a);
    ad_tensor y = ad_triangular_solve(p.r, ad_transpose(p.q), AD_UPPER);
    return wide ? ad_transpose(y) : y;
}

const ad_op *const ad_qr_ops[] = {&qr_op, NULL};
