/* Elimination with partial pivoting, and what is solved by it: P a = L U is kept for the sweep.
 *
 *     solve    a x = b: a dx = db - da x     backwards db = a^-T dx, da = -db x^T
 *     inverse  y = a^-1: dy = -y da y        backwards da = -y^T dy y^T */
#include "ops/linalg/lu.h"

#include "ops/families.h"
#include "tape/apply.h"

#include <string.h>

/* ---- elimination --------------------------------------------------------------------- */

ad_eliminated ad_eliminated_in(const ad_shape *a, const void *saved)
{
    ad_eliminated e = {
        {(double *)(uintptr_t)saved, ad_batch_count(a), a->dim[a->rank - 2], a->dim[a->rank - 1]},
        NULL};
    if (saved)
        e.order = (int64_t *)(e.lu.data + ad_matrices_size(&e.lu));
    return e;
}

size_t ad_eliminated_bytes(const ad_type *type, const ad_shape *x, const void *attr)
{
    (void)type, (void)attr;
    ad_eliminated e = ad_eliminated_in(x, NULL);
    return ad_matrices_size(&e.lu) * sizeof(double) +
           (size_t)(e.lu.count * e.lu.rows) * sizeof *e.order;
}

ad_eliminated ad_eliminate(ad_workspace *work, const ad_view *a, void *saved)
{
    ad_eliminated e = ad_eliminated_in(&a->shape, saved);
    ad_matrices from = ad_read_matrices(work, a);
    if (!ad_matrices_size(&e.lu))
        return e;
    if (from.data) {
        memcpy(e.lu.data, from.data, ad_matrices_size(&from) * sizeof *from.data);
        ad_matrices_lu(work, &e.lu, e.order);
    }
    return e;
}

ad_matrices ad_solve_by(ad_workspace *work, const ad_eliminated *e, const ad_matrices *b,
                        bool transposed)
{
    ad_matrices x = ad_matrices_like(work, b);
    if (x.data && b->data && ad_matrices_size(b))
        ad_matrices_lu_solve(work, &e->lu, e->order, b, &x, transposed);
    return x;
}

/* The first row whose pivot is 0, in any of the matrices; *k says in which. -1: there is none. */
static int64_t zero_pivot(const ad_eliminated *e, int64_t *k)
{
    int64_t n = e->lu.rows;
    for (*k = 0; *k < e->lu.count; ++*k)
        for (int64_t i = 0; i < n; i++)
            if (ad_matrices_at(&e->lu, *k)[i * (n + 1)] == 0)
                return i;
    return -1;
}

double ad_order_sign(const int64_t *order, int64_t n)
{
    double sign = 1;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++)
            sign = order[j] > order[i] ? -sign : sign;
    return sign;
}

/* Refuses singular matrices. */
static bool is_regular(const ad_forward_args *c, const ad_eliminated *e)
{
    char place[AD_PLACE_TEXT];
    int64_t k = 0, row = c->work->rejected.status == AD_OK ? zero_pivot(e, &k) : -1;
    if (row >= 0)
        ad_reject(c->work, AD_DOMAIN, "pivot %lld%s is 0: the matrix is singular", (long long)row,
                  ad_matrix_place(&c->x[0].shape, k, place));
    return row < 0;
}

/* ---- solve ----------------------------------------------------------------------------- */

static const char *solve_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    return ad_system_shape(x, false, false, y);
}

static const char *broadcast_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    return ad_system_shape(x, false, true, y);
}

AD_FORM(solve, 2, NULL, broadcast_shape)

static void solve_forward(const ad_forward_args *c)
{
    ad_eliminated e = ad_eliminate(c->work, &c->x[0], c->saved);
    ad_matrices b = ad_read_matrices(c->work, &c->x[1]);
    if (!is_regular(c, &e))
        return;
    ad_matrices x = ad_solve_by(c->work, &e, &b, false);
    ad_store_matrices(&x, &c->y, false);
}

/* a^-T g */
static ad_matrices solve_back(ad_workspace *work, const ad_eliminated *e, const ad_view *g)
{
    ad_matrices dx = ad_read_matrices(work, g);
    return ad_solve_by(work, e, &dx, true);
}

static void solve_pullback(const ad_pullback_args *c)
{
    ad_eliminated e = ad_eliminated_in(&c->x[0].shape, c->saved);
    ad_matrices x = ad_read_matrices(c->work, &c->y), db = solve_back(c->work, &e, &c->dy);
    if (c->wanted[0]) {
        ad_matrices da = ad_times(c->work, &db, &x, AD_TRANSPOSE_B);
        ad_scale_matrices(&da, -1);
        ad_store_matrices(&da, &c->dx[0], !c->assign[0]);
    }
    if (c->wanted[1])
        ad_store_matrices(&db, &c->dx[1], !c->assign[1]);
}

/* a^-1 (tb - ta x) */
static ad_matrices tangent_of(ad_workspace *work, const ad_eliminated *e, const ad_matrices *x,
                              const ad_view *tx)
{
    ad_matrices s = tx[1].data ? ad_take_matrices(work, &tx[1]) : ad_zeros_like(work, x);
    if (tx[0].data) {
        ad_matrices ta = ad_read_matrices(work, &tx[0]);
        ad_add_times(work, &ta, x, &s, AD_SUBTRACT);
    }
    return ad_solve_by(work, e, &s, false);
}

static void solve_jvp(const ad_jvp_args *c)
{
    ad_eliminated e = ad_eliminated_in(&c->x[0].shape, c->saved);
    ad_matrices x = ad_read_matrices(c->work, &c->y);
    ad_matrices tx = tangent_of(c->work, &e, &x, c->tx);
    ad_store_matrices(&tx, &c->ty, false);
}

/* tdb = -a^-T ta^T db, and tda = -(tdb x^T + db tx^T) */
static void solve_curvature(const ad_curvature_args *c)
{
    ad_eliminated e = ad_eliminated_in(&c->x[0].shape, c->saved);
    ad_matrices x = ad_read_matrices(c->work, &c->y), db = solve_back(c->work, &e, &c->dy);
    ad_matrices tdb = ad_zeros_like(c->work, &db);
    if (c->tx[0].data) {
        ad_matrices ta = ad_read_matrices(c->work, &c->tx[0]);
        ad_add_times(c->work, &ta, &db, &tdb, AD_SUBTRACT | AD_TRANSPOSE_A);
        tdb = ad_solve_by(c->work, &e, &tdb, true);
        if (c->wanted[1])
            ad_store_matrices(&tdb, &c->tdx[1], true);
    }
    if (c->wanted[0]) {
        ad_matrices tx = tangent_of(c->work, &e, &x, c->tx);
        ad_matrices tda = ad_times(c->work, &tdb, &x, AD_TRANSPOSE_B);
        ad_add_times(c->work, &db, &tx, &tda, AD_ADD | AD_TRANSPOSE_B);
        ad_scale_matrices(&tda, -1);
        ad_store_matrices(&tda, &c->tdx[0], true);
    }
}

static const ad_op solve_op = {
    .size = sizeof(ad_op),
    .name = "solve",
    .arity = 2,
    .flags = AD_OP_ASSIGNS,
    .shape = solve_shape,
    .saved = ad_eliminated_bytes,
    .forward = solve_forward,
    .pullback = solve_pullback,
    .jvp = solve_jvp,
    .curvature = solve_curvature,
    .derivative = "db = a^-T g, da = -db y^T",
};

ad_tensor ad_solve(ad_tensor a, ad_tensor b)
{
    return ad_apply_system(&solve, &solve_op, (ad_tensor[]){a, b}, NULL);
}

/* ---- inverse --------------------------------------------------------------------------- */

static void inverse_forward(const ad_forward_args *c)
{
    void *room = ad_scratch(c->work, ad_eliminated_bytes(NULL, &c->x[0].shape, NULL) + 1);
    if (!room)
        return;
    ad_eliminated e = ad_eliminate(c->work, &c->x[0], room);
    ad_matrices one = ad_matrices_identity(c->work, e.lu.count, e.lu.rows);
    if (!is_regular(c, &e))
        return;
    ad_matrices y = ad_solve_by(c->work, &e, &one, false);
    ad_store_matrices(&y, &c->y, false);
}

/* -y t y, or -y^T g y^T */
static ad_matrices between(ad_workspace *work, const ad_matrices *y, const ad_matrices *t,
                           bool transposed)
{
    ad_matrices left = ad_times(work, y, t, transposed ? AD_TRANSPOSE_A : 0);
    ad_matrices all = ad_times(work, &left, y, transposed ? AD_TRANSPOSE_B : 0);
    ad_scale_matrices(&all, -1);
    return all;
}

static void inverse_pullback(const ad_pullback_args *c)
{
    ad_matrices y = ad_read_matrices(c->work, &c->y), g = ad_read_matrices(c->work, &c->dy);
    ad_matrices da = between(c->work, &y, &g, true);
    ad_store_matrices(&da, &c->dx[0], !c->assign[0]);
}

static void inverse_jvp(const ad_jvp_args *c)
{
    ad_matrices y = ad_read_matrices(c->work, &c->y), ta = ad_read_matrices(c->work, &c->tx[0]);
    ad_matrices ty = between(c->work, &y, &ta, false);
    ad_store_matrices(&ty, &c->ty, false);
}

/* -(ty^T g y^T + y^T g ty^T) */
static void inverse_curvature(const ad_curvature_args *c)
{
    ad_matrices y = ad_read_matrices(c->work, &c->y), g = ad_read_matrices(c->work, &c->dy);
    ad_matrices ta = ad_read_matrices(c->work, &c->tx[0]), ty = between(c->work, &y, &ta, false);
    ad_matrices first = ad_times(c->work, &ty, &g, AD_TRANSPOSE_A);
    ad_matrices second = ad_times(c->work, &y, &g, AD_TRANSPOSE_A);
    ad_matrices sum = ad_times(c->work, &first, &y, AD_TRANSPOSE_B);
    ad_add_times(c->work, &second, &ty, &sum, AD_ADD | AD_TRANSPOSE_B);
    ad_scale_matrices(&sum, -1);
    ad_store_matrices(&sum, &c->tdx[0], true);
}

static const ad_op inverse_op = {
    .size = sizeof(ad_op),
    .name = "inverse",
    .arity = 1,
    .flags = AD_OP_ASSIGNS,
    .shape = ad_square_first,
    .forward = inverse_forward,
    .pullback = inverse_pullback,
    .jvp = inverse_jvp,
    .curvature = inverse_curvature,
    .derivative = "da = -y^T g y^T",
};

ad_tensor ad_inverse(ad_tensor a)
{
    return ad_apply(&inverse_op, &a, NULL);
}

const ad_op *const ad_lu_ops[] = {&solve_op, &inverse_op, NULL};
