/* Eigenvalues w and vectors V of a symmetric a = V diag(w) V^T. With H = V^T da V and F_ij = 1 / (w_j - w_i) beside
 * the diagonal, 0 on it,
 *
 *     dw = diag(H),  dV = V (F * H)
 *
 * and backwards, with X = V^T gV, da = sym(V (diag(gw) + F * X) V^T). The second derivatives follow by the product
 * rule, with dF = -F * F * (dw_j - dw_i).
 *
 * Where two eigenvalues are equal, their vectors have no derivative. What does not touch them has one: there H or X must
 * be 0 beside the diagonal, and F counts as 0. Anything else is an error: in V g(w) V^T the limit is g', which
 * cotangents do not tell. Like the operand of cholesky, a is seen as its symmetric half. */
#include "kernels/spectrum.h"
#include "ops/families.h"
#include "ops/linalg/gaps.h"

enum { VALUES, VECTORS, RESULTS };

/* ---- what is saved --------------------------------------------------------------------- */

typedef struct eigen {
    ad_matrices w, v; /* [count, 1, n], [count, n, n] */
} eigen;

static eigen eigen_in(const ad_shape *a, const void *saved)
{
    int64_t n = a->dim[a->rank - 1], count = ad_batch_count(a);
    double *w = (double *)(uintptr_t)saved;
    return (eigen){{w, count, 1, n}, {w ? w + count * n : NULL, count, n, n}};
}

static size_t eigen_bytes(const ad_type *type, const ad_shape *x, const void *attr)
{
    (void)type, (void)attr;
    eigen e = eigen_in(x, NULL);
    return (ad_matrices_size(&e.w) + ad_matrices_size(&e.v)) * sizeof(double);
}

static eigen find(const ad_forward_args *c)
{
    eigen e = eigen_in(&c->x[0].shape, c->saved);
    ad_matrices a = ad_take_matrices(c->work, &c->x[0]);
    if (a.data && ad_matrices_size(&a))
        ad_matrices_eigh(c->work, &a, &e.w, &e.v);
    return e;
}

/* ---- steps of the rules ------------------------------------------------------------------ */

/* V m V^T, or V^T m V. */
static ad_matrices within(ad_workspace *work, const ad_matrices *v, const ad_matrices *m, bool back)
{
    ad_matrices left = ad_times(work, v, m, back ? AD_TRANSPOSE_A : 0);
    return ad_times(work, &left, v, back ? 0 : AD_TRANSPOSE_B);
}

/* V^T sym(ta) V */
static ad_matrices tangent_within(ad_workspace *work, const eigen *e, const ad_view *tx)
{
    ad_matrices t = ad_take_matrices(work, tx);
    ad_symmetrise(&t);
    return within(work, &e->v, &t, true);
}

/* What a rule works with. */
typedef struct setting {
    ad_workspace *work;
    eigen e;
    ad_gaps gaps;
} setting;

static setting setting_of(ad_workspace *work, const ad_view *a, const void *saved)
{
    eigen e = eigen_in(&a->shape, saved);
    return (setting){work, e, {work, &a->shape, e.w, "eigenvalues"}};
}

/* diag(gw) + F * (V^T gV); either cotangent may be without data. */
static ad_matrices middle(const setting *s, const ad_view *gw, const ad_view *gv)
{
    ad_matrices m = ad_zeros_like(s->work, &s->e.v);
    if (gv && gv->data) {
        ad_matrices g = ad_read_matrices(s->work, gv);
        ad_matrices x = ad_times(s->work, &s->e.v, &g, AD_TRANSPOSE_A);
        m = ad_over_gaps(&s->gaps, &x, &x);
    }
    if (gw->data) {
        ad_matrices list = ad_read_lists(s->work, gw);
        ad_add_diagonals(&m, &list);
    }
    return m;
}

static void pull_back(const setting *s, const ad_view *gw, const ad_view *gv, const ad_array *dx,
                      bool add)
{
    ad_matrices m = middle(s, gw, gv), da = within(s->work, &s->e.v, &m, false);
    ad_symmetrise(&da);
    ad_store_matrices(&da, dx, add);
}

/* F' * x + F * (tV^T gV), with x = V^T gV and h = V^T ta V: what else changes in the middle. */
static ad_matrices middle_tangent(const setting *s, const ad_matrices *h, const ad_matrices *tv,
                                  const ad_view *gv)
{
    int64_t n = h->rows;
    ad_matrices g = ad_read_matrices(s->work, gv);
    ad_matrices x = ad_times(s->work, &s->e.v, &g, AD_TRANSPOSE_A),
                once = ad_over_gaps(&s->gaps, &x, &x);
    for (int64_t k = 0; once.data && h->data && k < once.count; k++)
        for (int64_t i = 0; i < n * n; i++) {
            const double *own = ad_matrices_at(h, k);
            ad_matrices_at(&once, k)[i] *= own[i / n * (n + 1)] - own[i % n * (n + 1)];
        }
    ad_matrices t = ad_times(s->work, tv, &g, AD_TRANSPOSE_A);
    ad_add_matrices(&t, 1, &once); /* over the gaps again */
    return ad_over_gaps(&s->gaps, &t, &t);
}

static void bend(const setting *s, const ad_view *tx, const ad_view *gw, const ad_view *gv,
                 const ad_array *tdx)
{
    ad_matrices h = tangent_within(s->work, &s->e, tx), f = ad_over_gaps(&s->gaps, &h, &h);
    ad_matrices tv = ad_times(s->work, &s->e.v, &f, 0), m = middle(s, gw, gv);
    ad_matrices left = ad_times(s->work, &tv, &m, 0);
    ad_matrices sum = ad_times(s->work, &left, &s->e.v, AD_TRANSPOSE_B);
    left = ad_times(s->work, &s->e.v, &m, 0);
    ad_add_times(s->work, &left, &tv, &sum, AD_ADD | AD_TRANSPOSE_B);
    if (gv && gv->data) {
        ad_matrices tm = middle_tangent(s, &h, &tv, gv);
        ad_matrices last = within(s->work, &s->e.v, &tm, false);
        ad_add_matrices(&sum, 1, &last);
    }
    ad_symmetrise(&sum);
    ad_store_matrices(&sum, tdx, true);
}

/* ---- values and vectors -------------------------------------------------------------------- */

static const char *values_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    *y = *x;
    y->rank = x->rank < 2 ? 0 : x->rank - 1;
    return ad_square_shape(x);
}

static const char *eigh_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    y[VECTORS] = *x;
    return values_shape(x, attr, &y[VALUES]);
}

static void eigh_forward(const ad_forward_args *c)
{
    eigen e = find(c);
    ad_store_matrices(&e.w, &c->ys[VALUES], false);
    ad_store_matrices(&e.v, &c->ys[VECTORS], false);
}

static void eigh_pullback(const ad_pullback_args *c)
{
    setting s = setting_of(c->work, &c->x[0], c->saved);
    pull_back(&s, &c->dys[VALUES], &c->dys[VECTORS], &c->dx[0], true);
}

static void eigh_jvp(const ad_jvp_args *c)
{
    setting s = setting_of(c->work, &c->x[0], c->saved);
    ad_matrices h = tangent_within(c->work, &s.e, &c->tx[0]), f = ad_over_gaps(&s.gaps, &h, &h);
    ad_matrices tw = ad_diagonals(c->work, &h), tv = ad_times(c->work, &s.e.v, &f, 0);
    ad_store_matrices(&tw, &c->tys[VALUES], false);
    ad_store_matrices(&tv, &c->tys[VECTORS], false);
}

static void eigh_curvature(const ad_curvature_args *c)
{
    setting s = setting_of(c->work, &c->x[0], c->saved);
    bend(&s, &c->tx[0], &c->dys[VALUES], &c->dys[VECTORS], &c->tdx[0]);
}

static const ad_op eigh_op = {
    .size = sizeof(ad_op),
    .name = "eigh",
    .arity = 1,
    .results = RESULTS,
    .shape = eigh_shape,
    .check = ad_check_finite,
    .saved = eigen_bytes,
    .forward = eigh_forward,
    .pullback = eigh_pullback,
    .jvp = eigh_jvp,
    .curvature = eigh_curvature,
    .derivative =
        "da = V (diag(g_values) + F * V^T g_vectors) V^T, with F[i, j] = 1 / (w[j] - w[i]); "
        "its symmetric half",
};

ad_eigen ad_eigh(ad_tensor a)
{
    ad_tensor y[RESULTS] = {ad_dead(a), ad_dead(a)};
    ad_apply_results(&eigh_op, 1, &a, NULL, RESULTS, y);
    return (ad_eigen){y[VALUES], y[VECTORS]};
}

/* ---- values alone ------------------------------------------------------------------------ */

static void eigvalsh_forward(const ad_forward_args *c)
{
    eigen e = find(c);
    ad_store_matrices(&e.w, &c->y, false);
}

static void eigvalsh_pullback(const ad_pullback_args *c)
{
    setting s = setting_of(c->work, &c->x[0], c->saved);
    pull_back(&s, &c->dy, NULL, &c->dx[0], true);
}

static void eigvalsh_jvp(const ad_jvp_args *c)
{
    setting s = setting_of(c->work, &c->x[0], c->saved);
    ad_matrices h = tangent_within(c->work, &s.e, &c->tx[0]), tw = ad_diagonals(c->work, &h);
    ad_store_matrices(&tw, &c->ty, false);
}

static void eigvalsh_curvature(const ad_curvature_args *c)
{
    setting s = setting_of(c->work, &c->x[0], c->saved);
    bend(&s, &c->tx[0], &c->dy, NULL, &c->tdx[0]);
}

static const ad_op eigvalsh_op = {
    .size = sizeof(ad_op),
    .name = "eigvalsh",
    .arity = 1,
    .shape = values_shape,
    .check = ad_check_finite,
    .saved = eigen_bytes,
    .forward = eigvalsh_forward,
    .pullback = eigvalsh_pullback,
    .jvp = eigvalsh_jvp,
    .curvature = eigvalsh_curvature,
    .derivative = "da = V diag(g) V^T",
};

ad_tensor ad_eigvalsh(ad_tensor a)
{
    return ad_apply(&eigvalsh_op, &a, NULL);
}

const ad_op *const ad_eigh_ops[] = {&eigh_op, &eigvalsh_op, NULL};
