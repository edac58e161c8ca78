/* Triangular systems. With t the triangle as it is read (of one side, perhaps transposed, perhaps with ones on its
 * diagonal), from t x = b follows t dx = db - dt x, and backwards
 *
 *     db = t^-T dx,  dt = -db x^T
 *
 * of which the triangle keeps its own numbers. Where x t = b, it is db = dx t^-T and dt = -x^T db. */
#include "ops/families.h"
#include "ops/linalg/linalg.h"
#include "ops/refuse.h"
#include "tape/apply.h"

typedef struct triangular_attr {
    unsigned how;
} triangular_attr;

_Static_assert(AD_UPPER == (int)AD_OF_UPPER && AD_TRANSPOSED == (int)AD_TURNED &&
                   AD_UNIT_DIAGONAL == (int)AD_OF_UNIT && AD_RIGHT == (int)AD_FROM_RIGHT,
               "the bits of users are those of the kernels");

static unsigned how_of(const void *attr)
{
    return ((const triangular_attr *)attr)->how;
}

static const char *triangular_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    return ad_system_shape(x, how_of(attr) & AD_RIGHT, false, y);
}

static const char *broadcast_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    return ad_system_shape(x, how_of(attr) & AD_RIGHT, true, y);
}

AD_FORM(triangular_solve, 2, NULL, broadcast_shape)

/* Zeros in the place of what is not read. */
static void keep_triangle(const ad_matrices *m, unsigned how)
{
    int64_t n = m->rows;
    for (int64_t k = 0; m->data && k < m->count; k++)
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++) {
                bool read = i == j ? !(how & AD_UNIT_DIAGONAL) : how & AD_UPPER ? j > i : j < i;
                if (!read)
                    ad_matrices_at(m, k)[i * n + j] = 0;
            }
}

static void triangular_check(const ad_forward_args *c)
{
    char place[AD_PLACE_TEXT];
    ad_matrices t = ad_read_matrices(c->work, &c->x[0]);
    bool unit = how_of(c->attr) & AD_UNIT_DIAGONAL;
    for (int64_t k = 0; t.data && !unit && k < t.count; k++)
        for (int64_t i = 0; i < t.rows; i++)
            if (ad_matrices_at(&t, k)[i * (t.rows + 1)] == 0) {
                ad_reject(c->work, AD_DOMAIN, "t[%lld, %lld]%s is 0: the triangle is singular",
                          (long long)i, (long long)i, ad_matrix_place(&c->x[0].shape, k, place));
                return;
            }
}

static void triangular_forward(const ad_forward_args *c)
{
    ad_matrices t = ad_read_matrices(c->work, &c->x[0]), x = ad_take_matrices(c->work, &c->x[1]);
    ad_substitute(c->work, &t, &x, how_of(c->attr));
    ad_store_matrices(&x, &c->y, false);
}

/* s (=, -=) t x, or x t */
static void add_image(ad_workspace *work, const ad_matrices *t, const ad_matrices *x,
                      const ad_matrices *s, unsigned flags, unsigned how)
{
    if (how & AD_RIGHT)
        ad_add_times(work, x, t, s, flags | (how & AD_TRANSPOSED ? AD_TRANSPOSE_B : 0));
    else
        ad_add_times(work, t, x, s, flags | (how & AD_TRANSPOSED ? AD_TRANSPOSE_A : 0));
}

/* dt (=, -=) db x^T, in the numbers of t: transposed, it is x db^T; from the right, x^T db */
static void add_outer(ad_workspace *work, const ad_matrices *db, const ad_matrices *x,
                      const ad_matrices *dt, unsigned flags, unsigned how)
{
    bool right = how & AD_RIGHT, swapped = !(how & AD_TRANSPOSED) == right;
    ad_add_times(work, swapped ? x : db, swapped ? db : x, dt,
                 flags | (right ? AD_TRANSPOSE_A : AD_TRANSPOSE_B));
}

/* t^-T dx */
static ad_matrices solve_back(ad_workspace *work, const ad_matrices *t, const ad_view *dx,
                              unsigned how)
{
    ad_matrices db = ad_take_matrices(work, dx);
    ad_substitute(work, t, &db, how ^ AD_TRANSPOSED);
    return db;
}

static void triangular_pullback(const ad_pullback_args *c)
{
    unsigned how = how_of(c->attr);
    ad_matrices t = ad_read_matrices(c->work, &c->x[0]), x = ad_read_matrices(c->work, &c->y);
    ad_matrices db = solve_back(c->work, &t, &c->dy, how);
    if (c->wanted[0]) {
        ad_matrices dt = ad_matrices_like(c->work, &t);
        add_outer(c->work, &db, &x, &dt, 0, how);
        ad_scale_matrices(&dt, -1);
        keep_triangle(&dt, how);
        ad_store_matrices(&dt, &c->dx[0], !c->assign[0]);
    }
    if (c->wanted[1])
        ad_store_matrices(&db, &c->dx[1], !c->assign[1]);
}

/* t^-1 (tb - tt x) */
static ad_matrices tangent_of(ad_workspace *work, const ad_matrices *t, const ad_matrices *x,
                              const ad_view *tx, unsigned how)
{
    ad_matrices s = tx[1].data ? ad_take_matrices(work, &tx[1]) : ad_zeros_like(work, x);
    if (tx[0].data) {
        ad_matrices tt = ad_take_matrices(work, &tx[0]);
        keep_triangle(&tt, how);
        add_image(work, &tt, x, &s, AD_SUBTRACT, how);
    }
    ad_substitute(work, t, &s, how);
    return s;
}

static void triangular_jvp(const ad_jvp_args *c)
{
    ad_matrices t = ad_read_matrices(c->work, &c->x[0]), x = ad_read_matrices(c->work, &c->y);
    ad_matrices s = tangent_of(c->work, &t, &x, c->tx, how_of(c->attr));
    ad_store_matrices(&s, &c->ty, false);
}

/* tdb = -t^-T tt^T db, and tdt = -(tdb x^T + db tx^T) */
static void triangular_curvature(const ad_curvature_args *c)
{
    unsigned how = how_of(c->attr);
    ad_matrices t = ad_read_matrices(c->work, &c->x[0]), x = ad_read_matrices(c->work, &c->y);
    ad_matrices db = solve_back(c->work, &t, &c->dy, how);
    ad_matrices tdb = ad_zeros_like(c->work, &db);
    if (c->tx[0].data) {
        ad_matrices tt = ad_take_matrices(c->work, &c->tx[0]);
        keep_triangle(&tt, how);
        add_image(c->work, &tt, &db, &tdb, AD_SUBTRACT, how ^ AD_TRANSPOSED);
        ad_substitute(c->work, &t, &tdb, how ^ AD_TRANSPOSED);
        if (c->wanted[1])
            ad_store_matrices(&tdb, &c->tdx[1], true);
    }
    if (c->wanted[0]) {
        ad_matrices s = tangent_of(c->work, &t, &x, c->tx, how);
        ad_matrices tdt = ad_matrices_like(c->work, &t);
        add_outer(c->work, &tdb, &x, &tdt, 0, how);
        add_outer(c->work, &db, &s, &tdt, AD_ADD, how);
        ad_scale_matrices(&tdt, -1);
        keep_triangle(&tdt, how);
        ad_store_matrices(&tdt, &c->tdx[0], true);
    }
}

static const ad_op triangular_solve_op = {
    .size = sizeof(ad_op),
    .name = "triangular_solve",
    .arity = 2,
    .flags = AD_OP_ASSIGNS,
    .attr_size = sizeof(triangular_attr),
    .shape = triangular_shape,
    .check = triangular_check,
    .forward = triangular_forward,
    .pullback = triangular_pullback,
    .jvp = triangular_jvp,
    .curvature = triangular_curvature,
    .derivative = "db = t^-T g, dt = the triangle of -db y^T",
};

ad_tensor ad_triangular_solve(ad_tensor t, ad_tensor b, unsigned how)
{
    enum { KNOWN = AD_UPPER | AD_TRANSPOSED | AD_UNIT_DIAGONAL | AD_RIGHT };
    ad_tensor x[] = {t, b};
    triangular_attr attr = {how};
    if (how & ~(unsigned)KNOWN)
        return ad_refuse(AD_MISUSE, "triangular_solve", 2, x, "how is %u, which has unknown bits",
                         how);
    return ad_apply_system(&triangular_solve, &triangular_solve_op, x, &attr);
}

const ad_op *const ad_triangular_ops[] = {&triangular_solve_op, NULL};
