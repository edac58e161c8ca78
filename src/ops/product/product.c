/* Products: matmul and dot; matvec and outer, which are made of others.
 *
 * From y = a b follows dy = da b + a db: the cotangents are dy b^T for a, and a^T dy for b. The same
 * with tangents in the place of one factor gives jvp and curvature. */
#include "ops/product/product.h"

#include "adze/op.h"
#include "adze/ops.h"
#include "kernels/kernel.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "tape/apply.h"
#include "tape/failure.h"

/* ---- matmul ------------------------------------------------------------------------ */

static const char *matmul_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    if (x[0].rank < 2 || x[1].rank < 2)
        return "needs two matrices (ad_dot multiplies vectors, ad_expand makes a vector a matrix)";
    int64_t rows = x[0].dim[x[0].rank - 2], columns = x[1].dim[x[1].rank - 1];
    if (x[0].dim[x[0].rank - 1] != x[1].dim[x[1].rank - 2])
        return "columns of the left must equal rows of the right";
    ad_shape batch[2] = {x[0], x[1]};
    batch[0].rank -= 2;
    batch[1].rank -= 2;
    if (ad_shape_broadcast(batch, attr, y))
        return "the axes before the last two do not broadcast";
    y->dim[y->rank++] = rows;
    y->dim[y->rank++] = columns;
    return NULL;
}

static void matmul_forward(const ad_forward_args *c)
{
    ad_multiply(c->work, &c->x[0], &c->x[1], &c->y, AD_ASSIGN);
}

static void matmul_pullback(const ad_pullback_args *c)
{
    if (c->wanted[0])
        ad_multiply(c->work, &c->dy, &c->x[1], &c->dx[0], ad_into(c->assign[0]) | AD_TRANSPOSE_B);
    if (c->wanted[1])
        ad_multiply(c->work, &c->x[0], &c->dy, &c->dx[1], ad_into(c->assign[1]) | AD_TRANSPOSE_A);
}

static void matmul_jvp(const ad_jvp_args *c)
{
    if (c->tx[0].data)
        ad_multiply(c->work, &c->tx[0], &c->x[1], &c->ty, AD_ASSIGN);
    if (c->tx[1].data)
        ad_multiply(c->work, &c->x[0], &c->tx[1], &c->ty, ad_into(!c->tx[0].data));
}

static void matmul_curvature(const ad_curvature_args *c)
{
    if (c->wanted[0] && c->tx[1].data)
        ad_multiply(c->work, &c->dy, &c->tx[1], &c->tdx[0], AD_ADD | AD_TRANSPOSE_B);
    if (c->wanted[1] && c->tx[0].data)
        ad_multiply(c->work, &c->tx[0], &c->dy, &c->tdx[1], AD_ADD | AD_TRANSPOSE_A);
}

static const ad_op matmul_op = {
    .size = sizeof(ad_op),
    .name = "matmul",
    .arity = 2,
    .flags = AD_OP_STRIDED | AD_OP_ASSIGNS,
    .shape = matmul_shape,
    .forward = matmul_forward,
    .pullback = matmul_pullback,
    .jvp = matmul_jvp,
    .curvature = matmul_curvature,
    .derivative = "da = g b^T, db = a^T g, summed over the batch axes that were broadcast",
};

ad_tensor ad_matmul(ad_tensor a, ad_tensor b)
{
    return ad_apply(&matmul_op, (ad_tensor[]){a, b}, NULL);
}

/* ---- matvec and outer -------------------------------------------------------------- */

static const char *matvec_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    ad_shape batch[2] = {x[0], x[1]};
    if (x[0].rank < 2 || x[1].rank < 1)
        return "needs a matrix and a vector";
    if (x[0].dim[x[0].rank - 1] != x[1].dim[x[1].rank - 1])
        return "columns of the matrix must equal the length of the vector";
    batch[0].rank -= 2;
    batch[1].rank -= 1;
    return ad_shape_broadcast(batch, attr, y) ? "the other axes do not broadcast" : NULL;
}

static const char *outer_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    *y = AD_SCALAR;
    return x[0].rank == 1 && x[1].rank == 1 ? NULL : "needs two vectors";
}

AD_FORM(matvec, 2, NULL, matvec_shape)
AD_FORM(outer, 2, NULL, outer_shape)

ad_tensor ad_matvec(ad_tensor a, ad_tensor x)
{
    AD_DOOR(a.tape ? a.tape : x.tape, "matvec", ad_dead(a.tape ? a : x));
    if (!ad_fits(&matvec, (ad_tensor[]){a, x}, NULL))
        return ad_dead(a.tape ? a : x);
    return ad_squeeze(ad_matmul(a, ad_expand(x, -1)), -1);
}

ad_tensor ad_outer(ad_tensor a, ad_tensor b)
{
    AD_DOOR(a.tape ? a.tape : b.tape, "outer", ad_dead(a.tape ? a : b));
    if (!ad_fits(&outer, (ad_tensor[]){a, b}, NULL))
        return ad_dead(a.tape ? a : b);
    return ad_mul(ad_expand(a, -1), ad_expand(b, 0));
}

/* ---- dot --------------------------------------------------------------------------- */

AD_ADDING_KERNEL(times_f32, float, AD_IN(float, 0) * AD_IN(float, 1))
AD_ADDING_KERNEL(times_f64, double, AD_IN(double, 0) * AD_IN(double, 1))
static const ad_blocks times = AD_ADDING_BLOCKS(times);

static const char *dot_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    *y = AD_SCALAR;
    if (x[0].rank != 1 || x[1].rank != 1)
        return "needs two vectors (ad_matmul multiplies matrices)";
    return x[0].dim[0] == x[1].dim[0] ? NULL : "the vectors must have equal length";
}

/* y (+)= sum(a b) */
static void dot_into(ad_workspace *work, const ad_view *a, const ad_view *b, const ad_array *y,
                     bool add)
{
    ad_map_into(work, &a->shape, &times, 2, (ad_view[]){*a, *b}, y, add);
}

static void dot_forward(const ad_forward_args *c)
{
    dot_into(c->work, &c->x[0], &c->x[1], &c->y, false);
}

/* dx (+)= g v, with a number g */
static void scaled_into(ad_workspace *work, const ad_view *v, const ad_view *g, const ad_array *dx,
                        bool add)
{
    ad_map_into(work, &v->shape, &times, 2, (ad_view[]){*v, *g}, dx, add);
}

static void dot_pullback(const ad_pullback_args *c)
{
    for (int i = 0; i < 2; i++)
        if (c->wanted[i])
            scaled_into(c->work, &c->x[1 - i], &c->dy, &c->dx[i], !c->assign[i]);
}

static void dot_jvp(const ad_jvp_args *c)
{
    if (c->tx[0].data)
        dot_into(c->work, &c->tx[0], &c->x[1], &c->ty, AD_ASSIGN);
    if (c->tx[1].data)
        dot_into(c->work, &c->x[0], &c->tx[1], &c->ty, c->tx[0].data != NULL);
}

static void dot_curvature(const ad_curvature_args *c)
{
    for (int i = 0; i < 2; i++)
        if (c->wanted[i] && c->tx[1 - i].data)
            scaled_into(c->work, &c->tx[1 - i], &c->dy, &c->tdx[i], true);
}

static const ad_op dot_op = {
    .size = sizeof(ad_op),
    .name = "dot",
    .arity = 2,
    .flags = AD_OP_STRIDED | AD_OP_ASSIGNS,
    .shape = dot_shape,
    .forward = dot_forward,
    .pullback = dot_pullback,
    .jvp = dot_jvp,
    .curvature = dot_curvature,
    .derivative = "da = g b, db = g a",
};

ad_tensor ad_dot(ad_tensor a, ad_tensor b)
{
    return ad_apply(&dot_op, (ad_tensor[]){a, b}, NULL);
}

const ad_op *const ad_product_ops[] = {&matmul_op, &dot_op, NULL};
