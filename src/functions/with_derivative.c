/* Replacing the derivative of a function: y = f(x) as one node, whose pullback is a user's function
 * of tensors,
 *
 *     dx = p(x, y, dy).
 *
 * The other rules follow from p, which is differentiated on the inner tape. It is linear in dy, dx
 * = J^T dy, so that J tx is the gradient by dy of <p(x, y, dy), tx>. And the curvature is the
 * derivative of p along the tangents of x and y, with dy fixed. */
#include "adze/ops.h"
#include "functions/call.h"
#include "ops/axes.h"
#include "tape/evaluation.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct replace_attr {
    ad_call call;
    ad_pullback_function *pullback;
} replace_attr;

/* p on the inner tape: its operands and its results. */
typedef struct inner {
    ad_tape *tape;
    ad_tensor *x, *dx; /* [n] */
    ad_tensor y, dy;
} inner;

/* The operands at which p is evaluated, and which of them are watched. */
typedef struct point {
    const ad_view *x;
    ad_view y, dy;
    bool *watched; /* [n], of x */
    bool watch_y, watch_dy;
} point;

/* ---- p on the inner tape ----------------------------------------------------------- */

/* A cotangent of operand i: a tensor on the tape, row by row, or the number 0. */
static bool good_cotangent(const inner *in, int i)
{
    char given[64], wanted[64], name[40];
    ad_tensor *dx = &in->dx[i];
    ad_view v = ad_read(*dx), x = ad_read(in->x[i]);
    snprintf(name, sizeof name, "the cotangent of operand %d", i);
    if (!dx->tape && ad_item(*dx) == 0)
        return true;
    if (!dx->tape)
        ad_tape_fail(in->tape, AD_MISUSE, "the pullback does not set the cotangent of operand %d",
                     i);
    else if (!ad_result_lives(in->tape, NULL, name, *dx))
        return false;
    else if (v.type != x.type)
        ad_tape_fail(in->tape, AD_BAD_TYPE, "the cotangent of operand %d is %s, not %s", i,
                     ad_type_text(v.type), ad_type_text(x.type));
    else if (!ad_shape_equal(&v.shape, &x.shape))
        ad_tape_fail(in->tape, AD_BAD_SHAPE, "the cotangent of operand %d has shape %s, not %s", i,
                     ad_shape_print(&v.shape, given, sizeof given),
                     ad_shape_print(&x.shape, wanted, sizeof wanted));
    else if (!ad_view_is_contiguous(&v))
        *dx = ad_mul(*dx, 1);
    return ad_tape_status(in->tape) == AD_OK;
}

static bool evaluate(ad_workspace *work, const replace_attr *a, const point *at, inner *in)
{
    int n = a->call.n;
    ad_tape *t = in->tape = ad_inner_tape(work);
    AD_DOOR(t, "a pullback", false);
    in->x = t ? ad_call_leaves(work, t, n, at->x, at->watched) : NULL;
    in->dx = ad_scratch(work, (size_t)n * sizeof *in->dx);
    if (!in->x || !in->dx)
        return false;
    in->y = at->watch_y ? ad_watch(t, at->y) : ad_freeze(t, at->y);
    in->dy = at->watch_dy ? ad_watch(t, at->dy) : ad_freeze(t, at->dy);
    for (int i = 0; i < n; i++)
        in->dx[i] = ad_number(NAN);
    ad_lines lines = ad_lines_begin(t);
    if (ad_tape_status(t) == AD_OK)
        a->pullback(t, in->x, in->y, in->dy, a->call.env, in->dx);
    ad_lines_end(t, lines);
    return ad_call_spared(t, n, in->x);
}

/* Adds <dx_i, weight>, or the sum of dx_i without a weight, to a tensor that may not exist yet. */
static void add_product(const inner *in, int i, const ad_view *weight, ad_tensor *sum)
{
    ad_tensor term = in->dx[i];
    if (!term.tape)
        return;
    if (weight)
        term = ad_mul(term, ad_freeze(in->tape, *weight));
    term = ad_sum(term);
    *sum = sum->tape ? ad_add(*sum, term) : term;
}

/* The sum over i of <dx_i, tx_i>. */
static ad_tensor weigh(const inner *in, int n, const ad_view *tx)
{
    ad_tensor sum = {.tape = NULL};
    for (int i = 0; i < n; i++)
        if (tx[i].data && good_cotangent(in, i))
            add_product(in, i, &tx[i], &sum);
    return sum;
}

static bool *none_watched(ad_workspace *work, int n)
{
    bool *watched = ad_scratch(work, (size_t)n * sizeof *watched);
    if (watched)
        memset(watched, 0, (size_t)n * sizeof *watched);
    return watched;
}

/* ---- rules ------------------------------------------------------------------------- */

static void replace_pullback(const ad_pullback_args *c)
{
    inner in;
    point at = {.x = c->x, .y = c->y, .dy = c->dy, .watched = none_watched(c->work, c->arity)};
    if (!at.watched)
        return;
    if (evaluate(c->work, c->attr, &at, &in))
        for (int i = 0; i < c->arity; i++)
            if (c->wanted[i] && good_cotangent(&in, i) && in.dx[i].tape)
                ad_call_add(1, ad_read(in.dx[i]), c->dx[i]);
    ad_call_finish(c->work, in.tape);
}

/* p is linear in dy, so it may be evaluated anywhere: at dy = 0. */
static void replace_jvp(const ad_jvp_args *c)
{
    inner in;
    size_t bytes = ad_view_count(&c->y) * ad_type_size(c->y.type);
    void *zeros = ad_scratch(c->work, bytes);
    point at = {.x = c->x, .y = c->y, .watched = none_watched(c->work, c->arity), .watch_dy = true};
    if (!zeros || !at.watched)
        return;
    memset(zeros, 0, bytes);
    memset(c->ty.data, 0, bytes);
    at.dy = ad_view_of(c->y.type, zeros, c->y.shape);
    if (evaluate(c->work, c->attr, &at, &in)) {
        ad_tensor product = weigh(&in, c->arity, c->tx);
        if (product.tape && ad_backward(product) == AD_OK)
            memcpy(c->ty.data, ad_grad(in.dy).data, bytes);
    }
    ad_call_finish(c->work, in.tape);
}

/* Sets the tangents of the leaves of p; the tangent of y is J tx. */
static void set_tangents(const inner *in, ad_tensor root, int n, const ad_view *tx)
{
    if (ad_reach_of(root, in->y) == AD_REACHED) {
        ad_tensor product = weigh(in, n, tx);
        if (product.tape && ad_backward(product) == AD_OK)
            ad_set_tangent(in->y, ad_grad(in->dy));
    }
    for (int i = 0; i < n; i++)
        if (tx[i].data)
            ad_set_tangent(in->x[i], tx[i]);
}

static void replace_curvature(const ad_curvature_args *c)
{
    inner in;
    ad_tensor root = {.tape = NULL};
    point at = {c->x, c->y, c->dy, none_watched(c->work, c->arity), true, true};
    if (!at.watched)
        return;
    for (int i = 0; i < c->arity; i++)
        at.watched[i] = c->tx[i].data;
    bool good = evaluate(c->work, c->attr, &at, &in);
    for (int i = 0; good && i < c->arity; i++)
        if (c->wanted[i] && good_cotangent(&in, i))
            add_product(&in, i, NULL, &root);
    if (good && root.tape) {
        set_tangents(&in, root, c->arity, c->tx);
        good = ad_push_tangents(root) == AD_OK;
    }
    for (int i = 0; good && root.tape && i < c->arity; i++)
        if (c->wanted[i] && ad_tangent(in.dx[i]).data)
            ad_call_add(1, ad_tangent(in.dx[i]), c->tdx[i]);
    ad_call_finish(c->work, in.tape);
}

static const ad_op replace_op = {
    .size = sizeof(ad_op),
    .name = "with_derivative",
    .arity = AD_VARIADIC,
    .attr_size = sizeof(replace_attr),
    .type = ad_call_type,
    .shape = ad_call_shape,
    .forward = ad_call_forward,
    .pullback = replace_pullback,
    .jvp = replace_jvp,
    .curvature = replace_curvature,
};

ad_tensor ad_with_derivative(ad_function *f, ad_pullback_function *pullback, int n,
                             const ad_tensor *x, const void *env)
{
    AD_DOOR(ad_tape_of(x, n), "with_derivative", ad_dead(x[0]));
    ad_tape *t = ad_call_tape("with_derivative", f && pullback, n, x);
    replace_attr a = {{.f = f, .env = env, .n = n}, pullback};
    if (t)
        return ad_call_record(&replace_op, &a.call, x);
    return x && n > 0 ? ad_dead(x[0]) : ad_number(NAN);
}
