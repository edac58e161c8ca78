/* Products: matmul and dot; matvec and outer, which are made of others.
 *
 * From y = a b follows dy = da b + a db: the cotangents are dy b^T for a, and a^T dy for b. The same
 * with tangents in the place of one factor gives jvp and curvature. */
#include "ops/product/product.h"

#include "adze/op.h"
#include "adze/ops.h"
#include "array/strided.h"
#include "kernels/kernel.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "tape/apply.h"

#include <string.h>

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

/* The axes before the last two. */
static ad_view batch_of(const ad_view *v)
{
    ad_view batch = *v;
    batch.shape.rank -= 2;
    return batch;
}

/* A batch of matrices against one matrix is one tall product, if the rows of the batch follow
 * each other at one step. */
static bool tall(const ad_view *a, const ad_view *b, ad_matrix *rows)
{
    *rows = ad_matrix_of(a);
    if (b->shape.rank != 2)
        return false;
    for (int i = a->shape.rank - 3; i >= 0; i--) {
        if (a->shape.dim[i] == 1)
            continue;
        if (rows->rows == 1)
            rows->row_step = a->stride[i];
        else if (a->stride[i] != rows->row_step * rows->rows)
            return false;
        rows->rows *= a->shape.dim[i];
    }
    return true;
}

/* c (+)= a b over the batch axes of `over`, to which all three broadcast; c lies row by row. */
static void multiply(ad_workspace *work, const ad_shape *over, const ad_view *a, bool transpose_a,
                     const ad_view *b, bool transpose_b, const ad_view *c, bool add)
{
    ad_matrix left = ad_matrix_of(a), right = ad_matrix_of(b);
    left = transpose_a ? ad_matrix_transposed(left) : left;
    right = transpose_b ? ad_matrix_transposed(right) : right;
    const char *l = left.data, *r = right.data;
    int64_t size = (int64_t)ad_type_size(c->type);
    const ad_view *streams[] = {a, b, c};
    ad_nest nest;
    ad_shape batch = *over;
    batch.rank -= 2;
    ad_nest_begin(&nest, &batch);
    for (int i = 0; i < 3; i++) {
        ad_view v = batch_of(streams[i]);
        ad_nest_add(&nest, &v.shape, v.stride);
    }
    if (!ad_nest_start(&nest))
        return;
    do {
        for (int64_t i = 0; i < nest.row; i++) {
            left.data = l + (nest.offset[0] + i * nest.step[0]) * size;
            right.data = r + (nest.offset[1] + i * nest.step[1]) * size;
            char *to = (char *)(uintptr_t)c->data + (nest.offset[2] + i * nest.step[2]) * size;
            ad_gemm(work, c->type, left, right, add, to, NULL);
        }
    } while (ad_nest_next(&nest));
}

void ad_multiply(ad_workspace *work, const ad_view *a, const ad_view *b, const ad_array *y,
                 bool add)
{
    ad_matrix rows;
    ad_view c = ad_array_view(*y);
    if (tall(a, b, &rows))
        ad_gemm(work, y->type, rows, ad_matrix_of(b), add, y->data, NULL);
    else
        multiply(work, &y->shape, a, false, b, false, &c, add);
}

/* Whether a product into dx happens once for each of its matrices, not once for each repetition. */
static bool once(const ad_array *dx, const ad_view *dy)
{
    return ad_array_count(dx) == 0 ||
           (dx->shape.rank == dy->shape.rank &&
            memcmp(dx->shape.dim, dy->shape.dim,
                   (size_t)(dx->shape.rank - 2) * sizeof *dx->shape.dim) == 0);
}

void ad_multiply_to_left(ad_workspace *work, const ad_view *dy, const ad_view *b,
                         const ad_array *dx, bool assign)
{
    ad_matrix rows;
    ad_view to = ad_array_view(*dx);
    bool single = once(dx, dy);
    if (assign && !single)
        memset(dx->data, 0, ad_array_count(dx) * ad_type_size(dx->type));
    if (single && tall(dy, b, &rows))
        ad_gemm(work, dx->type, rows, ad_matrix_transposed(ad_matrix_of(b)), !assign, dx->data,
                NULL);
    else
        multiply(work, &dy->shape, dy, false, b, true, &to, !(assign && single));
}

void ad_multiply_to_right(ad_workspace *work, const ad_view *a, const ad_view *dy,
                          const ad_array *dx, bool assign)
{
    ad_matrix rows;
    ad_view to = ad_array_view(*dx);
    bool single = once(dx, dy);
    if (tall(a, &to, &rows)) { /* the sum over the batch is part of the product */
        ad_matrix tall_dy = {dy->data, rows.rows, dx->shape.dim[1], dx->shape.dim[1], 1};
        ad_gemm(work, dx->type, ad_matrix_transposed(rows), tall_dy, !assign, dx->data, NULL);
        return;
    }
    if (assign && !single)
        memset(dx->data, 0, ad_array_count(dx) * ad_type_size(dx->type));
    multiply(work, &dy->shape, a, true, dy, false, &to, !(assign && single));
}

static void matmul_forward(const ad_forward_args *c)
{
    ad_multiply(c->work, &c->x[0], &c->x[1], &c->y, false);
}

static void matmul_pullback(const ad_pullback_args *c)
{
    if (c->dx[0].data)
        ad_multiply_to_left(c->work, &c->dy, &c->x[1], &c->dx[0], c->assign[0]);
    if (c->dx[1].data)
        ad_multiply_to_right(c->work, &c->x[0], &c->dy, &c->dx[1], c->assign[1]);
}

static void matmul_jvp(const ad_jvp_args *c)
{
    if (c->tx[0].data)
        ad_multiply(c->work, &c->tx[0], &c->x[1], &c->ty, false);
    if (c->tx[1].data)
        ad_multiply(c->work, &c->x[0], &c->tx[1], &c->ty, c->tx[0].data != NULL);
}

static void matmul_curvature(const ad_curvature_args *c)
{
    if (c->tdx[0].data && c->tx[1].data)
        ad_multiply_to_left(c->work, &c->dy, &c->tx[1], &c->tdx[0], false);
    if (c->tdx[1].data && c->tx[0].data)
        ad_multiply_to_right(c->work, &c->tx[0], &c->dy, &c->tdx[1], false);
}

static const ad_op matmul_op = {
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
    if (!ad_fits(&matvec, (ad_tensor[]){a, x}, NULL))
        return ad_dead_like(a.tape ? a : x);
    return ad_squeeze(ad_matmul(a, ad_expand(x, -1)), -1);
}

ad_tensor ad_outer(ad_tensor a, ad_tensor b)
{
    if (!ad_fits(&outer, (ad_tensor[]){a, b}, NULL))
        return ad_dead_like(a.tape ? a : b);
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
        if (c->dx[i].data)
            scaled_into(c->work, &c->x[1 - i], &c->dy, &c->dx[i], !c->assign[i]);
}

static void dot_jvp(const ad_jvp_args *c)
{
    if (c->tx[0].data)
        dot_into(c->work, &c->tx[0], &c->x[1], &c->ty, false);
    if (c->tx[1].data)
        dot_into(c->work, &c->x[0], &c->tx[1], &c->ty, c->tx[0].data != NULL);
}

static void dot_curvature(const ad_curvature_args *c)
{
    for (int i = 0; i < 2; i++)
        if (c->tdx[i].data && c->tx[1 - i].data)
            scaled_into(c->work, &c->tx[1 - i], &c->dy, &c->tdx[i], true);
}

static const ad_op dot_op = {
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
