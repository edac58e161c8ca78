/* Singular values: a = U diag(s) V^T, with k of them, the lesser of rows and columns. With P = U^T da V, S = diag(s),
 * F_ij = 1 / (s_j^2 - s_i^2) beside the diagonal and 0 on it,
 *
 *     ds = diag(P)
 *     dU = U (F * (P S + S P^T)) + (1 - U U^T) da V S^-1
 *     dV = V (F * (S P + P^T S)) + (1 - V V^T) da^T U S^-1
 *
 * and backwards, with skew(X) = X - X^T, gU' = (1 - U U^T) gU and gV' = (1 - V V^T) gV,
 *
 *     M  = (F * skew(U^T gU)) S + S (F * skew(V^T gV)) + diag(gs)
 *     da = U M V^T + gU' S^-1 V^T + U S^-1 gV'^T
 *
 * (Townsend 2016). Second derivatives follow by the product rule. Where two values are equal, or one is 0 and U or V is
 * not square, vectors have no derivative; gaps.h says what is refused then. */
#include "kernels/spectrum.h"
#include "ops/families.h"
#include "ops/linalg/gaps.h"

#include <float.h>
#include <math.h>

enum { LEFT, VALUES, RIGHT, RESULTS };

/* ---- what is saved --------------------------------------------------------------------- */

typedef struct parts {
    ad_matrices u, s, v; /* [count, m, k], [count, 1, k], [count, n, k] */
} parts;

static parts parts_in(const ad_shape *a, const void *saved)
{
    int64_t m = a->dim[a->rank - 2], n = a->dim[a->rank - 1], k = m < n ? m : n;
    int64_t count = ad_batch_count(a);
    parts p = {{(double *)(uintptr_t)saved, count, m, k}, {NULL, count, 1, k}, {NULL, count, n, k}};
    if (saved) {
        p.s.data = p.u.data + ad_matrices_size(&p.u);
        p.v.data = p.s.data + ad_matrices_size(&p.s);
    }
    return p;
}

static size_t parts_bytes(const ad_type *type, const ad_shape *x, const void *attr)
{
    (void)type, (void)attr;
    parts p = parts_in(x, NULL);
    return (ad_matrices_size(&p.u) + ad_matrices_size(&p.s) + ad_matrices_size(&p.v)) *
           sizeof(double);
}

static parts find(const ad_forward_args *c)
{
    parts p = parts_in(&c->x[0].shape, c->saved);
    ad_matrices a = ad_take_matrices(c->work, &c->x[0]);
    if (a.data && ad_matrices_size(&a))
        ad_matrices_svd(c->work, &a, &p.u, &p.s, &p.v);
    return p;
}

/* ---- steps of the rules ------------------------------------------------------------------ */

/* What a rule works with. */
typedef struct setting {
    ad_workspace *work;
    parts p;
    ad_gaps gaps; /* of squares */
} setting;

static setting setting_of(ad_workspace *work, const ad_view *a, const void *saved)
{
    setting s = {.work = work, .p = parts_in(&a->shape, saved)};
    ad_matrices squares = ad_matrices_like(work, &s.p.s);
    for (size_t i = 0; squares.data && i < ad_matrices_size(&squares); i++)
        squares.data[i] = s.p.s.data[i] * s.p.s.data[i];
    s.gaps = (ad_gaps){work, &a->shape, squares, "singular values"};
    return s;
}

/* Column j of each matrix times number j of its list. */
static void scale_columns(const ad_matrices *m, const ad_matrices *list)
{
    for (int64_t k = 0; m->data && list->data && k < m->count; k++)
        for (int64_t i = 0; i < m->rows * m->columns; i++)
            ad_matrices_at(m, k)[i] *= ad_matrices_at(list, k)[i % m->columns];
}

static void scale_rows(const ad_matrices *m, const ad_matrices *list)
{
    for (int64_t k = 0; m->data && list->data && k < m->count; k++)
        for (int64_t i = 0; i < m->rows * m->columns; i++)
            ad_matrices_at(m, k)[i] *= ad_matrices_at(list, k)[i / m->columns];
}

/* m S^-1 in the place of m, whose columns are vectors beside U or V. Refuses one that is not next to 0 where the
 * singular value is. */
static void divide(const setting *s, const ad_matrices *m)
{
    char place[AD_PLACE_TEXT];
    int64_t n = m->columns;
    for (int64_t k = 0; m->data && k < m->count; k++) {
        const double *values = ad_matrices_at(&s->p.s, k);
        double *x = ad_matrices_at(m, k), most = 0;
        for (int64_t i = 0; i < m->rows * n; i++)
            most = fmax(most, fabs(x[i]));
        for (int64_t i = 0; i < m->rows * n; i++) {
            double value = values[i % n];
            if (value > (double)n * DBL_EPSILON * values[0]) {
                x[i] /= value;
            } else if (fabs(x[i]) <= 64 * (double)m->rows * DBL_EPSILON * most) {
                x[i] = 0;
            } else {
                ad_reject(s->work, AD_DOMAIN,
                          "singular value %lld%s is 0: there is no such derivative",
                          (long long)(i % n), ad_matrix_place(s->gaps.shape, k, place));
                return;
            }
        }
    }
}

/* (1 - U U^T) x; zeros where U is square. */
static ad_matrices beside(const setting *s, const ad_matrices *u, const ad_matrices *x)
{
    if (u->rows == u->columns)
        return ad_zeros_like(s->work, x);
    ad_matrices left = ad_matrices_copy(s->work, x),
                within = ad_times(s->work, u, x, AD_TRANSPOSE_A);
    ad_add_times(s->work, u, &within, &left, AD_SUBTRACT);
    return left;
}

/* x + x^T, or x - x^T. */
static ad_matrices with_mirror(const setting *s, const ad_matrices *x, double sign)
{
    int64_t n = x->rows;
    ad_matrices sum = ad_matrices_like(s->work, x);
    for (int64_t k = 0; sum.data && x->data && k < x->count; k++)
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++)
                ad_matrices_at(&sum, k)[i * n + j] =
                    ad_matrices_at(x, k)[i * n + j] + sign * ad_matrices_at(x, k)[j * n + i];
    return sum;
}

/* ---- tangents ---------------------------------------------------------------------------- */

typedef struct tangents {
    ad_matrices u, s, v;
} tangents;

/* The tangent of U, from P and what is beside it: U (F * (P S + S P^T)) + (1 - U U^T) b S^-1. That of V has P^T. */
static ad_matrices turned(const setting *s, const ad_matrices *u, const ad_matrices *p,
                          const ad_matrices *b)
{
    ad_matrices scaled = ad_matrices_copy(s->work, p);
    scale_columns(&scaled, &s->p.s);
    ad_matrices sum = with_mirror(s, &scaled, 1), f = ad_over_gaps(&s->gaps, &sum, p);
    ad_matrices t = beside(s, u, b);
    divide(s, &t);
    ad_add_times(s->work, u, &f, &t, AD_ADD);
    return t;
}

/* ds alone, or all three. */
static tangents tangents_of(const setting *s, const ad_view *tx, bool all)
{
    ad_matrices ta = ad_read_matrices(s->work, tx);
    ad_matrices tv = ad_times(s->work, &ta, &s->p.v, 0);
    ad_matrices p = ad_times(s->work, &s->p.u, &tv, AD_TRANSPOSE_A);
    tangents t = {.s = ad_diagonals(s->work, &p)};
    if (!all)
        return t;
    ad_matrices tu = ad_times(s->work, &ta, &s->p.u, AD_TRANSPOSE_A);
    ad_matrices q = ad_times(s->work, &s->p.v, &tu, AD_TRANSPOSE_A); /* P^T */
    t.u = turned(s, &s->p.u, &p, &tv);
    t.v = turned(s, &s->p.v, &q, &tu);
    return t;
}

/* ---- cotangents ---------------------------------------------------------------------------- */

/* Of one side: K = F * skew(U^T gU), and gU' S^-1. */
typedef struct side {
    const ad_matrices *u;
    ad_matrices g, inner, outer; /* no data: no cotangent */
} side;

static side side_of(const setting *s, const ad_matrices *u, const ad_view *g)
{
    side o = {.u = u, .g = {NULL, u->count, u->rows, u->columns}};
    o.inner = o.outer = (ad_matrices){NULL, u->count, u->columns, u->columns};
    if (!g || !g->data)
        return o;
    o.g = ad_read_matrices(s->work, g);
    ad_matrices x = ad_times(s->work, u, &o.g, AD_TRANSPOSE_A), skew = with_mirror(s, &x, -1);
    o.inner = ad_over_gaps(&s->gaps, &skew, &x);
    o.outer = beside(s, u, &o.g);
    divide(s, &o.outer);
    return o;
}

/* m += k S, or S k */
static void add_scaled(const setting *s, const ad_matrices *m, const ad_matrices *k,
                       const ad_matrices *list, bool rows)
{
    if (!k->data)
        return;
    ad_matrices scaled = ad_matrices_copy(s->work, k);
    if (rows)
        scale_rows(&scaled, list);
    else
        scale_columns(&scaled, list);
    ad_add_matrices(m, 1, &scaled);
}

static ad_matrices middle(const setting *s, const side *left, const side *right, const ad_view *gs)
{
    ad_matrices m = ad_matrices_zeros(s->work, s->p.s.count, s->p.s.columns, s->p.s.columns);
    add_scaled(s, &m, &left->inner, &s->p.s, false);
    add_scaled(s, &m, &right->inner, &s->p.s, true);
    if (gs && gs->data) {
        ad_matrices list = ad_read_lists(s->work, gs);
        ad_add_diagonals(&m, &list);
    }
    return m;
}

/* sum += a m b^T */
static void add_between(const setting *s, const ad_matrices *a, const ad_matrices *m,
                        const ad_matrices *b, const ad_matrices *sum)
{
    ad_matrices left = ad_times(s->work, a, m, 0);
    ad_add_times(s->work, &left, b, sum, AD_ADD | AD_TRANSPOSE_B);
}

static ad_matrices zeros_of_a(const setting *s)
{
    return ad_matrices_zeros(s->work, s->p.u.count, s->p.u.rows, s->p.v.rows);
}

static void pull_back(const ad_pullback_args *c, const ad_view *gu, const ad_view *gs,
                      const ad_view *gv)
{
    setting s = setting_of(c->work, &c->x[0], c->saved);
    side left = side_of(&s, &s.p.u, gu), right = side_of(&s, &s.p.v, gv);
    ad_matrices m = middle(&s, &left, &right, gs), da = zeros_of_a(&s);
    add_between(&s, &s.p.u, &m, &s.p.v, &da);
    ad_add_times(c->work, &left.outer, &s.p.v, &da, AD_ADD | AD_TRANSPOSE_B);
    ad_add_times(c->work, &s.p.u, &right.outer, &da, AD_ADD | AD_TRANSPOSE_B);
    ad_store_matrices(&da, &c->dx[0], true);
}

/* ---- how cotangents change --------------------------------------------------------------------- */

/* The tangent of K: F' * skew(U^T gU) + F * skew(tU^T gU), with F' = -2 F * F * (s_j s_j' - s_i s_i'). */
static ad_matrices inner_tangent(const setting *s, const side *o, const ad_matrices *tu,
                                 const ad_matrices *ts)
{
    ad_matrices x = ad_times(s->work, tu, &o->g, AD_TRANSPOSE_A), t = with_mirror(s, &x, -1);
    int64_t n = t.rows;
    for (int64_t k = 0; t.data && o->inner.data && ts->data && k < t.count; k++) {
        const double *value = ad_matrices_at(&s->p.s, k), *tangent = ad_matrices_at(ts, k);
        for (int64_t i = 0; i < n * n; i++) {
            int64_t row = i / n, column = i % n;
            double gap = value[column] * tangent[column] - value[row] * tangent[row];
            ad_matrices_at(&t, k)[i] -= 2 * gap * ad_matrices_at(&o->inner, k)[i];
        }
    }
    return ad_over_gaps(&s->gaps, &t, &x);
}

/* The tangent of gU' S^-1: -(tU U^T gU + U tU^T gU + gU' S^-1 tS) S^-1. */
static ad_matrices outer_tangent(const setting *s, const side *o, const ad_matrices *tu,
                                 const ad_matrices *ts)
{
    ad_matrices sum = ad_matrices_copy(s->work, &o->outer);
    if (o->u->rows == o->u->columns)
        return sum; /* zeros */
    scale_columns(&sum, ts);
    ad_matrices x = ad_times(s->work, o->u, &o->g, AD_TRANSPOSE_A);
    ad_add_times(s->work, tu, &x, &sum, AD_ADD);
    x = ad_times(s->work, tu, &o->g, AD_TRANSPOSE_A);
    ad_add_times(s->work, o->u, &x, &sum, AD_ADD);
    ad_scale_matrices(&sum, -1);
    divide(s, &sum);
    return sum;
}

static ad_matrices middle_tangent(const setting *s, const side *left, const side *right,
                                  const tangents *t)
{
    ad_matrices m = ad_matrices_zeros(s->work, s->p.s.count, s->p.s.columns, s->p.s.columns);
    add_scaled(s, &m, &left->inner, &t->s, false);
    add_scaled(s, &m, &right->inner, &t->s, true);
    if (left->g.data) {
        ad_matrices k = inner_tangent(s, left, &t->u, &t->s);
        add_scaled(s, &m, &k, &s->p.s, false);
    }
    if (right->g.data) {
        ad_matrices k = inner_tangent(s, right, &t->v, &t->s);
        add_scaled(s, &m, &k, &s->p.s, true);
    }
    return m;
}

static void bend(const ad_curvature_args *c, const ad_view *gu, const ad_view *gs,
                 const ad_view *gv)
{
    setting s = setting_of(c->work, &c->x[0], c->saved);
    tangents t = tangents_of(&s, &c->tx[0], true);
    side left = side_of(&s, &s.p.u, gu), right = side_of(&s, &s.p.v, gv);
    ad_matrices m = middle(&s, &left, &right, gs), tm = middle_tangent(&s, &left, &right, &t);
    ad_matrices sum = zeros_of_a(&s);
    add_between(&s, &t.u, &m, &s.p.v, &sum);
    add_between(&s, &s.p.u, &m, &t.v, &sum);
    add_between(&s, &s.p.u, &tm, &s.p.v, &sum);
    if (left.g.data) {
        ad_matrices o = outer_tangent(&s, &left, &t.u, &t.s);
        ad_add_times(c->work, &left.outer, &t.v, &sum, AD_ADD | AD_TRANSPOSE_B);
        ad_add_times(c->work, &o, &s.p.v, &sum, AD_ADD | AD_TRANSPOSE_B);
    }
    if (right.g.data) {
        ad_matrices o = outer_tangent(&s, &right, &t.v, &t.s);
        ad_add_times(c->work, &t.u, &right.outer, &sum, AD_ADD | AD_TRANSPOSE_B);
        ad_add_times(c->work, &s.p.u, &o, &sum, AD_ADD | AD_TRANSPOSE_B);
    }
    ad_store_matrices(&sum, &c->tdx[0], true);
}

/* ---- values and vectors -------------------------------------------------------------------- */

static const char *values_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    *y = *x;
    if (x->rank < 2)
        return "needs a matrix, or a batch of them";
    y->rank--;
    if (x->dim[y->rank] < x->dim[y->rank - 1])
        y->dim[y->rank - 1] = x->dim[y->rank];
    return NULL;
}

static const char *svd_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const char *why = values_shape(x, attr, &y[VALUES]);
    y[LEFT] = y[RIGHT] = *x;
    if (why)
        return why;
    int64_t k = y[VALUES].dim[x->rank - 2];
    y[LEFT].dim[x->rank - 1] = y[RIGHT].dim[x->rank - 1] = k;
    y[RIGHT].dim[x->rank - 2] = x->dim[x->rank - 1];
    return NULL;
}

static void svd_forward(const ad_forward_args *c)
{
    parts p = find(c);
    ad_store_matrices(&p.u, &c->ys[LEFT], false);
    ad_store_matrices(&p.s, &c->ys[VALUES], false);
    ad_store_matrices(&p.v, &c->ys[RIGHT], false);
}

static void svd_pullback(const ad_pullback_args *c)
{
    pull_back(c, &c->dys[LEFT], &c->dys[VALUES], &c->dys[RIGHT]);
}

static void svd_jvp(const ad_jvp_args *c)
{
    setting s = setting_of(c->work, &c->x[0], c->saved);
    tangents t = tangents_of(&s, &c->tx[0], true);
    ad_store_matrices(&t.u, &c->tys[LEFT], false);
    ad_store_matrices(&t.s, &c->tys[VALUES], false);
    ad_store_matrices(&t.v, &c->tys[RIGHT], false);
}

static void svd_curvature(const ad_curvature_args *c)
{
    bend(c, &c->dys[LEFT], &c->dys[VALUES], &c->dys[RIGHT]);
}

static const ad_op svd_op = {
    .size = sizeof(ad_op),
    .name = "svd",
    .arity = 1,
    .results = RESULTS,
    .shape = svd_shape,
    .check = ad_check_finite,
    .saved = parts_bytes,
    .forward = svd_forward,
    .pullback = svd_pullback,
    .jvp = svd_jvp,
    .curvature = svd_curvature,
    .derivative = "da = U diag(g_s) V^T, and what turns U and V over the gaps between squares of s",
};

ad_svd_parts ad_svd(ad_tensor a)
{
    ad_tensor y[RESULTS] = {ad_dead(a), ad_dead(a), ad_dead(a)};
    ad_apply_results(&svd_op, 1, &a, NULL, RESULTS, y);
    return (ad_svd_parts){y[LEFT], y[VALUES], y[RIGHT]};
}

/* ---- values alone ------------------------------------------------------------------------ */

static void svdvals_forward(const ad_forward_args *c)
{
    parts p = find(c);
    ad_store_matrices(&p.s, &c->y, false);
}

static void svdvals_pullback(const ad_pullback_args *c)
{
    pull_back(c, NULL, &c->dy, NULL);
}

static void svdvals_jvp(const ad_jvp_args *c)
{
    setting s = setting_of(c->work, &c->x[0], c->saved);
    tangents t = tangents_of(&s, &c->tx[0], false);
    ad_store_matrices(&t.s, &c->ty, false);
}

static void svdvals_curvature(const ad_curvature_args *c)
{
    bend(c, NULL, &c->dy, NULL);
}

static const ad_op svdvals_op = {
    .size = sizeof(ad_op),
    .name = "svdvals",
    .arity = 1,
    .shape = values_shape,
    .check = ad_check_finite,
    .saved = parts_bytes,
    .forward = svdvals_forward,
    .pullback = svdvals_pullback,
    .jvp = svdvals_jvp,
    .curvature = svdvals_curvature,
    .derivative = "da = U diag(g) V^T",
};

ad_tensor ad_svdvals(ad_tensor a)
{
    return ad_apply(&svdvals_op, &a, NULL);
}

const ad_op *const ad_svd_ops[] = {&svd_op, &svdvals_op, NULL};
