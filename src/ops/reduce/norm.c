/* Norms over axes: y = (sum |x|^p)^(1/p), for any p > 0; p = infinity is the greatest |x|.
 *
 * With u = |x| / y and s the sign of x, along a tangent t with a tangent ty = sum(dy/dx t):
 *
 *     dy/dx = s u^(p-1)    d(dy/dx) = (p - 1) / y (u^(p-2) t - s u^(p-1) ty)
 *
 * All in f64, divided by the greatest |x| while powers are summed. Where all x are 0 the
 * gradient is 0, the subgradient of least norm; with p infinite, ties share. */
#include "adze/op.h"
#include "adze/ops.h"
#include "kernels/vanishing.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "ops/reduce/lists.h"
#include "tape/failure.h"

#include <math.h>
#include <stdio.h>

typedef struct norm_attr {
    ad_reduction reduction; /* first, as in all reductions */
    double p;
} norm_attr;

static double p_of(const void *attr)
{
    return ((const norm_attr *)attr)->p;
}

/* |x|^p */
static double raised(double x, double p)
{
    return p == 2 ? x * x : p == 1 ? fabs(x) : pow(fabs(x), p);
}

static double greatest(size_t n, const double *x)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fabs(x[i]) > most || x[i] != x[i] ? fabs(x[i]) : most;
    return most;
}

static double norm_of(size_t n, const double *x, double p)
{
    double most = greatest(n, x), sum = 0;
    if (most == 0 || isinf(p) || !isfinite(most))
        return most;
    for (size_t i = 0; i < n; i++)
        sum += raised(x[i] / most, p);
    return most * (p == 2 ? sqrt(sum) : p == 1 ? sum : pow(sum, 1 / p));
}

/* Writes dy/dx. */
static void find_slopes(size_t n, const double *x, double p, double *slope)
{
    double y = norm_of(n, x, p), ties = 0;
    for (size_t i = 0; i < n; i++)
        ties += fabs(x[i]) == y;
    for (size_t i = 0; i < n; i++) {
        double sign = (x[i] > 0) - (x[i] < 0);
        if (sign == 0 || y == 0)
            slope[i] = x[i] == x[i] ? 0 : x[i];
        else if (isinf(p))
            slope[i] = fabs(x[i]) == y ? sign / ties : 0;
        else
            slope[i] = p == 1 ? sign : p == 2 ? x[i] / y : sign * pow(fabs(x[i]) / y, p - 1);
    }
}

/* Makes of dy/dx its derivative along t. */
static void bend_slopes(size_t n, const double *x, double p, const double *t, double *slope)
{
    double y = norm_of(n, x, p), ty = 0;
    for (size_t i = 0; i < n; i++)
        ty += AD_TIMES(slope[i], t[i]);
    for (size_t i = 0; i < n; i++) {
        double u = y == 0 ? 0 : fabs(x[i]) / y;
        double own = p == 2 ? t[i] : AD_TIMES(pow(u, p - 2), t[i]);
        bool flat = y == 0 || p == 1 || isinf(p);
        slope[i] = flat ? 0 : AD_TIMES((p - 1) / y, own - ad_times_f64(slope[i], ty));
    }
}

/* ---- the rules --------------------------------------------------------------------- */

static void norm_forward(const ad_forward_args *c)
{
    ad_lists l = ad_lists_of(&c->x[0], c->attr);
    double *x = ad_lists_doubles(&l, c->work), *y = ad_scratch(c->work, l.count * sizeof *y);
    if (!x || !y)
        return;
    for (size_t k = 0; k < l.count; k++)
        y[k] = norm_of(l.length, x + k * l.length, p_of(c->attr));
    ad_store_sums(l.count, y, c->y.type, c->y.data, false);
}

static void norm_jvp(const ad_jvp_args *c)
{
    ad_lists l = ad_lists_of(&c->x[0], c->attr), tangents = ad_lists_of(&c->tx[0], c->attr);
    double *x = ad_lists_doubles(&l, c->work), *t = ad_lists_doubles(&tangents, c->work);
    double *ty = ad_scratch(c->work, l.count * sizeof *ty);
    double *slope = ad_scratch(c->work, l.length * sizeof *slope);
    if (!x || !t || !ty || !slope)
        return;
    for (size_t k = 0; k < l.count; k++) {
        ty[k] = 0;
        find_slopes(l.length, x + k * l.length, p_of(c->attr), slope);
        for (size_t i = 0; i < l.length; i++)
            ty[k] += AD_TIMES(slope[i], t[k * l.length + i]);
    }
    ad_store_sums(l.count, ty, c->ty.type, c->ty.data, false);
}

/* Adds dy times the slopes to dx; or, with tx, times their derivatives along it. */
static void pull(ad_workspace *work, const void *attr, const ad_view *x, const ad_view *tx,
                 const ad_view *dy, const ad_array *dx)
{
    ad_view target = ad_array_view(*dx);
    ad_lists l = ad_lists_of(x, attr), to = ad_lists_of(&target, attr);
    ad_reduced r = ad_reduce_plan(&x->shape, attr);
    double *numbers = ad_lists_doubles(&l, work), *g = ad_reduced_doubles(&r, work, dy), *t = NULL;
    double *out = ad_scratch(work, l.count * l.length * sizeof *out);
    if (tx) {
        ad_lists tangents = ad_lists_of(tx, attr);
        t = ad_lists_doubles(&tangents, work);
    }
    if (!numbers || !g || !out || (tx && !t))
        return;
    for (size_t k = 0; k < l.count; k++) {
        size_t at = k * l.length;
        find_slopes(l.length, numbers + at, p_of(attr), out + at);
        if (t)
            bend_slopes(l.length, numbers + at, p_of(attr), t + at, out + at);
        for (size_t i = 0; i < l.length; i++)
            out[at + i] = AD_TIMES(out[at + i], g[k]);
    }
    ad_lists_add(&to, work, out);
}

static void norm_pullback(const ad_pullback_args *c)
{
    pull(c->work, c->attr, &c->x[0], NULL, &c->dy, &c->dx[0]);
}

static void norm_curvature(const ad_curvature_args *c)
{
    pull(c->work, c->attr, &c->x[0], &c->tx[0], &c->dy, &c->tdx[0]);
}

static const ad_op norm_op = {
    .size = sizeof(ad_op),
    .name = "norm",
    .arity = 1,
    .flags = AD_OP_STRIDED,
    .attr_size = sizeof(norm_attr),
    .shape = ad_reduce_shape,
    .forward = norm_forward,
    .pullback = norm_pullback,
    .jvp = norm_jvp,
    .curvature = norm_curvature,
    .derivative = "dx = g sign(x) (|x| / y)^(p-1); for p infinite, g shared among the greatest |x|",
};

ad_tensor ad_norm_over(ad_tensor x, ad_axes axes, double p)
{
    AD_DOOR(x.tape, "norm", ad_dead(x));
    char text[256];
    ad_shape own = ad_shape_of(x);
    norm_attr attr = {.p = p};
    if (own.rank >= 0 && !(p > 0)) {
        ad_tape_fail(x.tape, AD_MISUSE, "norm(%s): p must be greater than 0, not %g",
                     ad_shape_print(&own, text, sizeof text), p);
        return ad_dead(x);
    }
    if (!ad_axes_fix("norm", x, &axes, &attr.reduction.reduced))
        return ad_dead(x);
    attr.reduction.dropped = axes.keep ? 0 : attr.reduction.reduced;
    return ad_apply(&norm_op, &x, &attr);
}

ad_tensor ad_norm(ad_tensor x, double p)
{
    return ad_norm_over(x, AD_AXES(), p);
}

const ad_op *const ad_norm_ops[] = {&norm_op, NULL};
