/* Products over axes: the last of the running products of each list, all in f64. */
#include "adze/op.h"
#include "adze/ops.h"
#include "ops/families.h"
#include "ops/reduce/lists.h"
#include "ops/reduce/running.h"

static void prod_forward(const ad_forward_args *c)
{
    ad_lists l = ad_lists_of(&c->x[0], c->attr);
    double *x = ad_lists_doubles(&l, c->work), *y = ad_scratch(c->work, l.count * sizeof *y);
    if (!x || !y)
        return;
    for (size_t k = 0; k < l.count; k++) {
        y[k] = 1;
        for (size_t i = 0; i < l.length; i++)
            y[k] *= x[k * l.length + i];
    }
    ad_store_sums(l.count, y, c->y.type, c->y.data, false);
}

static void prod_jvp(const ad_jvp_args *c)
{
    ad_lists l = ad_lists_of(&c->x[0], c->attr), tangents = ad_lists_of(&c->tx[0], c->attr);
    double *x = ad_lists_doubles(&l, c->work), *t = ad_lists_doubles(&tangents, c->work);
    double *y = ad_scratch(c->work, l.count * sizeof *y);
    double *out = ad_scratch(c->work, l.length * sizeof *out);
    if (!x || !t || !y || !out)
        return;
    for (size_t k = 0; k < l.count; k++) {
        ad_run_tangent(&(ad_list){l.length, false, x + k * l.length, t + k * l.length, NULL, out});
        y[k] = l.length ? out[l.length - 1] : 0;
    }
    ad_store_sums(l.count, y, c->ty.type, c->ty.data, false);
}

/* Adds to dx what a rule makes of each list, from the cotangents of its last running product. */
static void pull_lists(ad_workspace *work, const void *attr, const ad_view *x, const ad_view *tx,
                       const ad_view *dy, const ad_array *dx)
{
    ad_view target = ad_array_view(*dx);
    ad_lists l = ad_lists_of(x, attr), to = ad_lists_of(&target, attr);
    size_t n = l.length;
    ad_reduced r = ad_reduce_plan(&x->shape, attr);
    double *numbers = ad_lists_doubles(&l, work), *ends = ad_reduced_doubles(&r, work, dy);
    double *t = NULL, *g = ad_scratch(work, n * sizeof *g);
    double *out = ad_scratch(work, (l.count + 1) * n * sizeof *out);
    if (tx) {
        ad_lists tangents = ad_lists_of(tx, attr);
        t = ad_lists_doubles(&tangents, work);
    }
    if (!numbers || !ends || !g || !out || (tx && !t) || !n)
        return;
    for (size_t i = 0; i < n; i++)
        g[i] = 0;
    for (size_t k = 0; k < l.count; k++) {
        ad_list each = {n, false, numbers + k * n, t ? t + k * n : NULL, g, out + k * n};
        g[n - 1] = ends[k];
        (t ? ad_bend_product : ad_pull_product)(&each);
    }
    ad_lists_add(&to, work, out);
}

static void prod_pullback(const ad_pullback_args *c)
{
    pull_lists(c->work, c->attr, &c->x[0], NULL, &c->dy, &c->dx[0]);
}

static void prod_curvature(const ad_curvature_args *c)
{
    pull_lists(c->work, c->attr, &c->x[0], &c->tx[0], &c->dy, &c->tdx[0]);
}

static const ad_op prod_op = {
    .size = sizeof(ad_op),
    .name = "prod",
    .arity = 1,
    .flags = AD_OP_STRIDED,
    .attr_size = sizeof(ad_reduction),
    .shape = ad_reduce_shape,
    .forward = prod_forward,
    .pullback = prod_pullback,
    .jvp = prod_jvp,
    .curvature = prod_curvature,
    .derivative = "dx[i] = g times the product of all other x",
};
AD_REDUCTION_FORMS(ad_prod, ad_prod_over, prod_op)

const ad_op *const ad_prod_ops[] = {&prod_op, NULL};
