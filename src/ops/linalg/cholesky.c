/* Cholesky's factor L of a symmetric positive definite A = L L^T.
 *
 * With Phi X the lower triangle of X with half the diagonal, from dA = dL L^T + L dL^T follows
 *
 *     dL = L Phi(L^-1 dA L^-T)
 *
 * and backwards L^-T sym(Phi(L^T dL)) L^-1, which the blocked steps of the factorisation, taken backwards, compute
 * with fewer operations (Murray 2016). A is seen as its symmetric half (A + A^T) / 2: so is its tangent, and its
 * gradient is symmetric. Of its values only the lower triangle is read. */
#include "ops/families.h"
#include "ops/linalg/linalg.h"

#include <math.h>

/* The pivot of row k of a matrix: what is left of A's diagonal when the rows before are done. */
static double pivot_of(const double *a, const double *l, int64_t n, int64_t k)
{
    double pivot = a[k * (n + 1)];
    for (int64_t j = 0; j < k; j++)
        pivot -= l[k * n + j] * l[k * n + j];
    return pivot;
}

/* Refuses matrices with a pivot that is not a positive number. */
static void look_at_pivots(const ad_forward_args *c, const ad_matrices *a, const ad_matrices *l)
{
    char place[AD_PLACE_TEXT];
    int64_t n = l->rows;
    for (int64_t k = 0; k < l->count; k++)
        for (int64_t i = 0; i < n; i++) {
            double root = ad_matrices_at(l, k)[i * (n + 1)];
            if (root > 0 && root <= HUGE_VAL && !isinf(root))
                continue;
            ad_reject(c->work, AD_DOMAIN, "pivot %lld%s is %g: the matrix is not positive definite",
                      (long long)i, ad_matrix_place(&c->x[0].shape, k, place),
                      pivot_of(ad_matrices_at(a, k), ad_matrices_at(l, k), n, i));
            return;
        }
}

static void cholesky_forward(const ad_forward_args *c)
{
    ad_matrices a = ad_read_matrices(c->work, &c->x[0]), l = ad_matrices_copy(c->work, &a);
    if (!a.data || !l.data)
        return;
    ad_matrices_cholesky(c->work, &l);
    if (c->work->rejected.status == AD_OK)
        look_at_pivots(c, &a, &l);
    ad_store_matrices(&l, &c->y, false);
}

/* The gradient of A in both triangles. */
static ad_matrices gradient_of(ad_workspace *work, const ad_matrices *l, const ad_view *dy)
{
    ad_matrices g = ad_take_matrices(work, dy);
    if (!l->data || !g.data)
        return (ad_matrices){NULL, g.count, g.rows, g.columns};
    int64_t n = g.rows;
    ad_matrices_cholesky_back(work, l, &g);
    for (int64_t k = 0; k < g.count; k++) {
        double *m = ad_matrices_at(&g, k);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < i; j++)
                m[i * n + j] = m[j * n + i] = 0.5 * m[i * n + j];
    }
    return g;
}

static void cholesky_pullback(const ad_pullback_args *c)
{
    ad_matrices l = ad_read_matrices(c->work, &c->y), g = gradient_of(c->work, &l, &c->dy);
    ad_store_matrices(&g, &c->dx[0], !c->assign[0]);
}

/* L Phi(L^-1 A' L^-T) */
static ad_matrices tangent_of(ad_workspace *work, const ad_matrices *l, const ad_view *ta)
{
    ad_matrices s = ad_take_matrices(work, ta);
    ad_symmetrise(&s);
    ad_substitute(work, l, &s, 0);
    ad_substitute(work, l, &s, AD_TURNED | AD_FROM_RIGHT);
    ad_halve_lower(&s);
    return ad_times(work, l, &s, 0);
}

static void cholesky_jvp(const ad_jvp_args *c)
{
    ad_matrices l = ad_read_matrices(c->work, &c->y), tl = tangent_of(c->work, &l, &c->tx[0]);
    ad_store_matrices(&tl, &c->ty, false);
}

/* With G the gradient of A: L^-T (sym(Phi(L'^T dL)) - L'^T G L - L^T G L') L^-1. */
static void cholesky_curvature(const ad_curvature_args *c)
{
    ad_matrices l = ad_read_matrices(c->work, &c->y), g = gradient_of(c->work, &l, &c->dy);
    ad_matrices tl = tangent_of(c->work, &l, &c->tx[0]), dl = ad_take_matrices(c->work, &c->dy);
    ad_matrices s = ad_times(c->work, &tl, &dl, AD_TRANSPOSE_A);
    ad_halve_lower(&s);
    ad_symmetrise(&s);
    ad_matrices gl = ad_times(c->work, &g, &l, 0);
    ad_matrices bent = ad_times(c->work, &tl, &gl, AD_TRANSPOSE_A);
    ad_symmetrise(&bent);
    ad_add_matrices(&s, -2, &bent);
    ad_substitute(c->work, &l, &s, AD_TURNED);
    ad_substitute(c->work, &l, &s, AD_FROM_RIGHT);
    ad_store_matrices(&s, &c->tdx[0], true);
}

static const ad_op cholesky_op = {
    .size = sizeof(ad_op),
    .name = "cholesky",
    .arity = 1,
    .flags = AD_OP_ASSIGNS,
    .shape = ad_square_first,
    .forward = cholesky_forward,
    .pullback = cholesky_pullback,
    .jvp = cholesky_jvp,
    .curvature = cholesky_curvature,
    .derivative = "da = L^-T S L^-1 with S the symmetric half of the lower triangle of L^T g, its "
                  "diagonal halved",
};

ad_tensor ad_cholesky(ad_tensor a)
{
    return ad_apply(&cholesky_op, &a, NULL);
}

const ad_op *const ad_cholesky_ops[] = {&cholesky_op, NULL};
