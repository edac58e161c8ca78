/* Operations as a user would write them, from public headers alone: a layer, and a product of
 * numbers, with all rules. */
#ifndef ADZE_TESTS_OWN_OPS_H
#define ADZE_TESTS_OWN_OPS_H

#include <adze.h>

static inline unsigned into(bool assign)
{
    return assign ? AD_ASSIGN : AD_ADD;
}

AD_ELEMENTS(times, AD_ELEMENT(0) * AD_ELEMENT(1))

/* ---- y = x w + b, with batches of x and w ----------------------------------------------- */

static inline const char *own_layer_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    ad_shape product, batch[2] = {x[0], x[1]};
    (void)attr;
    if (x[0].rank < 2 || x[1].rank < 2)
        return "needs matrices";
    if (x[0].dim[x[0].rank - 1] != x[1].dim[x[1].rank - 2])
        return "inner extents differ";
    batch[0].rank -= 2;
    batch[1].rank -= 2;
    if (ad_shape_broadcast(batch, NULL, &product))
        return "batches do not broadcast";
    product.dim[product.rank++] = x[0].dim[x[0].rank - 2];
    product.dim[product.rank++] = x[1].dim[x[1].rank - 1];
    const ad_shape sum[2] = {product, x[2]};
    const char *wrong = ad_shape_broadcast(sum, NULL, y);
    return wrong || !ad_shape_equal(y, &product) ? "b does not broadcast to the product" : NULL;
}

static inline void own_layer_forward(const ad_forward_args *c)
{
    ad_product(c->work, &c->x[0], &c->x[1], &c->y, AD_ASSIGN);
    ad_elementwise(c->work, &c->y.shape, 1, &c->x[2], &c->y, AD_ADD, NULL, NULL);
}

static inline void own_layer_pullback(const ad_pullback_args *c)
{
    ad_product(c->work, &c->dy, &c->x[1], &c->dx[0], into(c->assign[0]) | AD_TRANSPOSE_B);
    ad_product(c->work, &c->x[0], &c->dy, &c->dx[1], into(c->assign[1]) | AD_TRANSPOSE_A);
    ad_elementwise(c->work, &c->dy.shape, 1, &c->dy, &c->dx[2], into(c->assign[2]), NULL, NULL);
}

static inline void own_layer_jvp(const ad_jvp_args *c)
{
    ad_product(c->work, &c->tx[0], &c->x[1], &c->ty, AD_ASSIGN);
    ad_product(c->work, &c->x[0], &c->tx[1], &c->ty, AD_ADD);
    if (c->tx[2].data)
        ad_elementwise(c->work, &c->ty.shape, 1, &c->tx[2], &c->ty, AD_ADD, NULL, NULL);
}

static inline void own_layer_curvature(const ad_curvature_args *c)
{
    ad_product(c->work, &c->dy, &c->tx[1], &c->tdx[0], AD_ADD | AD_TRANSPOSE_B);
    ad_product(c->work, &c->tx[0], &c->dy, &c->tdx[1], AD_ADD | AD_TRANSPOSE_A);
}

static const ad_op own_layer_op = {
    .size = sizeof(ad_op),
    .name = "layer",
    .arity = 3,
    .flags = AD_OP_STRIDED | AD_OP_ASSIGNS,
    .shape = own_layer_shape,
    .forward = own_layer_forward,
    .pullback = own_layer_pullback,
    .jvp = own_layer_jvp,
    .curvature = own_layer_curvature,
};

/* ---- y = a b, element by element --------------------------------------------------------- */

static inline void own_times_forward(const ad_forward_args *c)
{
    ad_elementwise(c->work, &c->y.shape, 2, c->x, &c->y, AD_ASSIGN, times, NULL);
}

static inline void own_times_pullback(const ad_pullback_args *c)
{
    for (int i = 0; i < 2; i++) {
        const ad_view in[] = {c->x[1 - i], c->dy};
        ad_elementwise(c->work, &c->y.shape, 2, in, &c->dx[i], into(c->assign[i]), times, NULL);
    }
}

static inline void own_times_jvp(const ad_jvp_args *c)
{
    unsigned flags = AD_ASSIGN;
    for (int i = 0; i < 2; i++) {
        const ad_view in[] = {c->x[1 - i], c->tx[i]};
        if (!c->tx[i].data)
            continue;
        ad_elementwise(c->work, &c->y.shape, 2, in, &c->ty, flags, times, NULL);
        flags = AD_ADD;
    }
}

static inline void own_times_curvature(const ad_curvature_args *c)
{
    for (int i = 0; i < 2; i++) {
        const ad_view in[] = {c->tx[1 - i], c->dy};
        if (c->tx[1 - i].data)
            ad_elementwise(c->work, &c->y.shape, 2, in, &c->tdx[i], AD_ADD, times, NULL);
    }
}

static const ad_op own_times_op = {
    .size = sizeof(ad_op),
    .name = "times",
    .arity = 2,
    .flags = AD_OP_STRIDED | AD_OP_ASSIGNS,
    .shape = ad_shape_broadcast,
    .forward = own_times_forward,
    .pullback = own_times_pullback,
    .jvp = own_times_jvp,
    .curvature = own_times_curvature,
};

#endif
