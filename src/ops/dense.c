/* A layer in one operation: y = f(z), z = x w + b.
 *
 * Bias and activation follow rows of the product while they are in the cache. The slopes of the
 * activations can be told from y, so that z need not be kept. Back: dz = dy f'(z) and its sum over the
 * rows, db, in one pass; then dx = dz w^T and dw = x^T dz. */
#include "adze/ops.h"
#include "core/share.h"
#include "ops/kernel.h"
#include "ops/product.h"
#include "ops/unary.h"

#include <string.h>

typedef struct dense_attr {
    ad_activation activation;
} dense_attr;

static const ad_unary_kernels *activation_of(const void *attr)
{
    return ad_activation_kernels(((const dense_attr *)attr)->activation);
}

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

/* ---- forward ----------------------------------------------------------------------- */

AD_KERNEL(plus_f32, float, AD_IN(float, 0) + AD_IN(float, 1))
AD_KERNEL(plus_f64, double, AD_IN(double, 0) + AD_IN(double, 1))
static const ad_blocks plus = AD_BLOCKS(plus);

typedef struct layer {
    void *y;
    const void *b; /* [columns], together */
    int64_t columns;
    size_t size;
    ad_block *plus, *activate; /* activate: NULL for the identity */
} layer;

/* y = f(y + b), piece by piece through a buffer. */
static void finish_rows(const void *user, int64_t begin, int64_t end)
{
    enum { PIECE = 256 };
    const layer *l = user;
    double z[PIECE];
    for (int64_t i = begin; i < end; i++)
        for (int64_t start = 0; start < l->columns; start += PIECE) {
            size_t n = (size_t)(l->columns - start < PIECE ? l->columns - start : PIECE);
            char *y = (char *)l->y + (size_t)(i * l->columns + start) * l->size;
            l->plus(n, (const void *[]){y, (const char *)l->b + (size_t)start * l->size}, z, false);
            if (l->activate)
                l->activate(n, (const void *[]){z}, y, false);
            else
                memcpy(y, z, n * l->size);
        }
}

static void dense_forward(const ad_forward_args *c)
{
    const ad_unary_kernels *k = activation_of(c->attr);
    ad_isa isa = ad_work_isa(c->work);
    ad_type type = c->y.type;
    layer l = {c->y.data,          c->x[2].data,          c->y.shape.dim[1],
               ad_type_size(type), plus.of[type].of[isa], k ? k->forward.of[type].of[isa] : NULL};
    ad_epilogue finish = {finish_rows, &l};
    if (!ad_view_is_contiguous(&c->x[2])) {
        void *b = ad_scratch(c->work, (size_t)l.columns * l.size);
        if (!b)
            return;
        ad_map(c->work, &c->x[2].shape, &ad_itself.of[type], 1, &c->x[2], l.size, b, false);
        l.b = b;
    }
    ad_gemm(c->work, type, ad_matrix_of(&c->x[0]), ad_matrix_of(&c->x[1]), false, c->y.data,
            &finish);
}

/* ---- backward ---------------------------------------------------------------------- */

/* dz = dy f'(z), in scratch memory; dy itself for the identity. */
static ad_view slope_times(ad_workspace *work, const void *attr, const ad_view *y,
                           const ad_view *dy)
{
    const ad_unary_kernels *k = activation_of(attr);
    if (!k)
        return *dy;
    ad_view dz = *dy;
    size_t size = ad_type_size(y->type);
    void *numbers = ad_scratch(work, ad_view_count(y) * size);
    if (numbers)
        ad_map(work, &y->shape, &k->slope.of[y->type], 3, (ad_view[]){*y, *y, *dy}, size, numbers,
               false);
    dz.data = numbers;
    return dz;
}

static void dense_pullback(const ad_pullback_args *c)
{
    ad_view dz = slope_times(c->work, c->attr, &c->y, &c->dy);
    if (!dz.data)
        return;
    if (c->dx[0].data)
        ad_multiply_to_left(c->work, &dz, &c->x[1], &c->dx[0], c->assign[0]);
    if (c->dx[1].data)
        ad_multiply_to_right(c->work, &c->x[0], &dz, &c->dx[1], c->assign[1]);
    if (c->dx[2].data)
        ad_map_into(c->work, &dz.shape, &ad_itself, 1, &dz, &c->dx[2], !c->assign[2]);
}

/* ty = activation'(z) (tx w + x tw + tb) */
static void dense_jvp(const ad_jvp_args *c)
{
    const ad_unary_kernels *k = activation_of(c->attr);
    size_t size = ad_type_size(c->ty.type), count = ad_array_count(&c->ty);
    ad_array tz = c->ty;
    if (k && !(tz.data = ad_scratch(c->work, count * size)))
        return;
    memset(tz.data, 0, count * size);
    if (c->tx[0].data)
        ad_multiply(c->work, &c->tx[0], &c->x[1], &tz, true);
    if (c->tx[1].data)
        ad_multiply(c->work, &c->x[0], &c->tx[1], &tz, true);
    if (c->tx[2].data)
        ad_map_into(c->work, &tz.shape, &ad_itself, 1, &c->tx[2], &tz, true);
    if (k)
        ad_map_into(c->work, &tz.shape, &k->slope, 3, (ad_view[]){c->y, c->y, ad_array_view(tz)},
                    &c->ty, false);
}

const ad_op ad_dense_op = {
    .name = "dense",
    .arity = 3,
    .flags = AD_OP_STRIDED | AD_OP_ASSIGNS,
    .attr_size = sizeof(dense_attr),
    .shape = dense_shape,
    .forward = dense_forward,
    .pullback = dense_pullback,
    .jvp = dense_jvp,
};

ad_tensor ad_dense(ad_tensor x, ad_tensor w, ad_tensor b, ad_activation activation)
{
    if ((unsigned)activation >= AD_ACTIVATION_COUNT) {
        ad_tape *t = x.tape ? x.tape : w.tape ? w.tape : b.tape;
        ad_tape_fail(t, AD_MISUSE, "dense: %d is no activation", (int)activation);
        activation = AD_IDENTITY;
    }
    return ad_apply(&ad_dense_op, (ad_tensor[]){x, w, b}, &(dense_attr){activation});
}
