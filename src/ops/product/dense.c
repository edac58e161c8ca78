/* A layer in one operation: y = f(z), z = x w + b (layer.h). */
#include "kernels/product.h"
#include "ops/families.h"
#include "ops/product/layer.h"
#include "ops/product/product.h"
#include "ops/refuse.h"

static const char *dense_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    if (x[0].rank != 2 || x[1].rank != 2 || x[2].rank != 1)
        return "needs x [n, inputs], w [inputs, outputs] and b [outputs]";
    if (x[0].dim[1] != x[1].dim[0])
        return "columns of x must equal rows of w";
    if (x[1].dim[1] != x[2].dim[0])
        return "columns of w must equal the length of b";
    *y = AD_SHAPE(x[0].dim[0], x[1].dim[1]);
    return NULL;
}

static void multiply(ad_workspace *work, const void *attr, const ad_view *x, const ad_view *w,
                     bool add, const ad_array *z, const ad_epilogue *then)
{
    (void)attr;
    ad_gemm(work, z->type, ad_matrix_of(x), ad_matrix_of(w), add, z->data, then);
}

static void pull_x(ad_workspace *work, const void *attr, const ad_view *dz, const ad_view *w,
                   bool add, const ad_array *dx)
{
    (void)attr;
    ad_multiply(work, dz, w, dx, ad_into(!add) | AD_TRANSPOSE_B);
}

static void pull_w(ad_workspace *work, const void *attr, const ad_view *x, const ad_view *dz,
                   bool add, const ad_array *dw)
{
    (void)attr;
    ad_multiply(work, x, dz, dw, ad_into(!add) | AD_TRANSPOSE_A);
}

static const ad_layer_product product = {multiply, pull_x, pull_w};

static const ad_op dense_op = {
    .size = sizeof(ad_op),
    .name = "dense",
    .arity = 3,
    .flags = AD_OP_STRIDED | AD_OP_ASSIGNS,
    .attr_size = sizeof(ad_layer_attr),
    .shape = dense_shape,
    .forward = ad_layer_forward,
    .pullback = ad_layer_pullback,
    .jvp = ad_layer_jvp,
    .curvature = ad_layer_curvature,
    .kernels = &product,
    .derivative = "dz = g f'(z), with z = x w + b; dx = dz w^T, dw = x^T dz, db = the sum of dz "
                  "over the rows",
};

ad_tensor ad_dense(ad_tensor x, ad_tensor w, ad_tensor b, ad_activation activation)
{
    const ad_tensor operands[] = {x, w, b};
    if ((unsigned)activation >= AD_ACTIVATION_COUNT)
        return ad_refuse(AD_MISUSE, "dense", 3, operands, "%d is not an activation",
                         (int)activation);
    return ad_apply(&dense_op, operands, &(ad_layer_attr){activation});
}

const ad_op *const ad_dense_ops[] = {&dense_op, NULL};
