/* The jvp of an operation against its pullback, and its curvature against differences of the
 * pullback. */
#include "check/tangents.h"

#include "adze/ops.h"
#include "check/slope.h"

#include <float.h>
#include <math.h>

/* ---- the jvp against the pullback -------------------------------------------------------- */

static void add_dot(ad_view a, ad_view b, double *sum, double *size)
{
    for (size_t i = 0; i < ad_view_count(&a); i++) {
        double term = ad_view_get(&a, i) * ad_view_get(&b, i);
        *sum += term;
        *size += fabs(term);
    }
}

/* Tangents, on the tape, for the operands of a mask. */
static void make_tangents(ad_tape *t, const ad_usage *u, const ad_view *x, unsigned mask,
                          ad_view *tx)
{
    for (int k = 0; k < u->count; k++) {
        uint64_t stream = AD_STREAM_TANGENTS + 16 * (uint64_t)(k + 1);
        tx[k] = mask >> k & 1 ? ad_array_view(ad_check_weights(t, &x[k], 0, stream)) : (ad_view){0};
    }
}

/* <w, J tx> and <J^T w, tx>, with the size of their terms. */
typedef struct dot {
    double forward, back, size;
} dot;

static dot dot_on(ad_tape *t, const ad_usage *u, const ad_view *x, const ad_view *tx)
{
    dot d = {0};
    ad_pullback p;
    ad_value_with_pullback(t, ad_usage_apply, u->count, x, u, &p);
    for (int k = 0; k < u->count && ad_tape_status(t) == AD_OK; k++)
        if (tx[k].data)
            ad_set_tangent(p.x[k], tx[k]);
    if (ad_tape_status(t) != AD_OK || ad_push_tangents(p.value) != AD_OK)
        return d;
    ad_view y = ad_read(p.value), ty = ad_tangent(p.value);
    ad_view w = ad_array_view(ad_check_weights(t, &y, 0, AD_STREAM_WEIGHTS));
    if (ty.data && w.data)
        add_dot(w, ty, &d.forward, &d.size);
    if (!w.data || ad_backward_from(p.value, w) != AD_OK)
        return d;
    for (int k = 0; k < u->count; k++)
        if (tx[k].data)
            add_dot(ad_grad(p.x[k]), tx[k], &d.back, &d.size);
    return d;
}

ad_status ad_check_jvp(const ad_trial *c, ad_tape *t, const ad_usage *u)
{
    ad_view x[AD_CHECK_OPERANDS], tx[AD_CHECK_OPERANDS];
    unsigned all = (1u << u->count) - 1;
    double tolerance = c->o->tolerance > 0 ? c->o->tolerance : 1e-10;
    ad_usage_floats(u, x);
    for (int k = -1; k < u->count; k++) {
        ad_tape_reset(t);
        make_tangents(t, u, x, k < 0 ? all : 1u << k, tx);
        dot d = dot_on(t, u, x, tx);
        if (ad_tape_status(t) != AD_OK)
            return ad_trial_report_tape(c, t);
        if (fabs(d.forward - d.back) > tolerance * d.size)
            return ad_trial_report(
                c, AD_DIFFERENT,
                "with tangents of %s, <dy, J tx> is %.12g by the jvp, but <J^T dy, tx> "
                "%.12g by the pullback",
                k < 0 ? "all operands" : "one operand", d.forward, d.back);
    }
    return AD_OK;
}

/* sum(w y), whose cotangent is w: a function for ad_hvp. */
static ad_tensor weighted(ad_tape *t, const ad_tensor *x, const void *env)
{
    ad_tensor y = ad_usage_apply(t, x, env);
    ad_view v = ad_read(y);
    ad_array w = ad_check_weights(t, &v, 0, AD_STREAM_WEIGHTS);
    return ad_sum(ad_mul(y, ad_freeze(t, w)));
}

/* ---- the curvature against differences of the pullback ------------------------------------- */

typedef struct path {
    const ad_usage *u;
    ad_tape *t;
    const ad_view *x, *tx;
    ad_status status;
} path;

/* x + h tx, on the tape. */
static ad_view moved(ad_tape *t, const ad_view *x, const ad_view *tx, double h)
{
    size_t n = ad_view_count(x);
    double *numbers = ad_tape_memory(t, n * sizeof *numbers);
    for (size_t i = 0; numbers && i < n; i++)
        numbers[i] = ad_view_get(x, i) + h * ad_view_get(tx, i);
    return ad_view_of(AD_F64, numbers, x->shape);
}

static void make_directions(ad_tape *t, const ad_usage *u, const ad_view *x, ad_view *direction)
{
    for (int k = 0; k < u->count; k++) {
        uint64_t stream = AD_STREAM_TANGENTS + 16 * (uint64_t)(k + 1) + 1;
        direction[k] = ad_array_view(ad_check_weights(t, &x[k], 0, stream));
    }
}

/* <u, J(x + h tx)^T w> for some direction u. */
static double directed_gradient(void *user, double *h)
{
    path *p = user;
    double sum = 0, size = 0;
    ad_view at[AD_CHECK_OPERANDS], direction[AD_CHECK_OPERANDS];
    ad_mark start = ad_tape_mark(p->t);
    ad_pullback back;
    for (int k = 0; k < p->u->count; k++)
        at[k] = moved(p->t, &p->x[k], &p->tx[k], *h);
    make_directions(p->t, p->u, p->x, direction);
    bool good = ad_tape_status(p->t) == AD_OK &&
                ad_value_with_pullback(p->t, weighted, p->u->count, at, p->u, &back) == AD_OK &&
                ad_backward(back.value) == AD_OK;
    for (int k = 0; good && k < p->u->count; k++)
        add_dot(ad_grad(back.x[k]), direction[k], &sum, &size);
    ad_tape_rewind(start);
    if (p->status == AD_OK)
        p->status = ad_tape_status(p->t);
    return good ? sum : NAN;
}

/* <u, second derivative of w f along tx>, by ad_backward_tangents. */
static dot directed_curvature(ad_tape *t, const ad_usage *u, const ad_view *x, const ad_view *tx)
{
    dot d = {0};
    ad_pullback p;
    ad_view direction[AD_CHECK_OPERANDS];
    make_directions(t, u, x, direction);
    if (ad_tape_status(t) != AD_OK ||
        ad_value_with_pullback(t, weighted, u->count, x, u, &p) != AD_OK)
        return d;
    for (int k = 0; k < u->count; k++)
        ad_set_tangent(p.x[k], tx[k]);
    if (ad_push_tangents(p.value) != AD_OK || ad_backward_tangents(p.value) != AD_OK)
        return d;
    for (int k = 0; k < u->count; k++)
        add_dot(ad_grad_tangent(p.x[k]), direction[k], &d.back, &d.size);
    return d;
}

ad_status ad_check_curvature(const ad_trial *c, ad_tape *t, const ad_usage *spied,
                             const ad_usage *u)
{
    ad_view x[AD_CHECK_OPERANDS], tx[AD_CHECK_OPERANDS] = {{0}};
    ad_tape_reset(t);
    ad_usage_floats(u, x);
    make_tangents(t, u, x, (1u << u->count) - 1, tx);
    dot d = directed_curvature(t, spied, x, tx);
    if (ad_tape_status(t) != AD_OK)
        return ad_trial_report_tape(c, t);
    path p = {u, t, x, tx, AD_OK};
    double tolerance = c->o->tolerance > 0 ? c->o->tolerance : 1e-6;
    ad_slope s = ad_slope_find(&(ad_slope_plan){.f = directed_gradient,
                                                .user = &p,
                                                .step = 1. / 64,
                                                .levels = 12,
                                                .goal = tolerance / 100,
                                                .floor = tolerance / 100 * (d.size + 1e-3),
                                                .rounding = 2 * DBL_EPSILON});
    if (!isfinite(s.error))
        return p.status == AD_DOMAIN ? AD_OK : ad_trial_report_tape(c, t);
    if (fabs(s.value - d.back) > tolerance * fmax(fabs(s.value), d.size + 1e-3) + 8 * s.error)
        return ad_trial_report(
            c, AD_DIFFERENT,
            "along one direction the second derivative is %.9g by %s, but %.9g by "
            "differences of the pullback",
            d.back, u->op->curvature ? "the curvature" : "AD_OP_LINEAR", s.value);
    return AD_OK;
}
