/* The gradient inside a function: a node whose numbers are the gradients of f, and its value.
 *
 * All lie in one row, y = (g_1, ..., g_m, f) with g_i = df/dx_i for the first m operands, so that
 * their cotangents (v_1, ..., v_m, u) come together: the pullback is one Hessian-vector product,
 *
 *     dx_j += sum over i of (d2f / dx_j dx_i) v_i  +  u df/dx_j
 *
 * for all n operands. So is the jvp, by symmetry, with the tangents in the place of v. Rules
 * evaluate f again rather than keep what it computed. */
#include "adze/ops.h"
#include "functions/call.h"
#include "ops/axes.h"

#include <math.h>
#include <string.h>

typedef struct gradient_attr {
    ad_call call;
    int wrt; /* m */
} gradient_attr;

/* ---- the row ----------------------------------------------------------------------- */

static const char *gradient_type(const ad_type *x, const void *attr, ad_type *y)
{
    const gradient_attr *a = attr;
    *y = x[0];
    for (int i = 0; i < a->call.n; i++) {
        if (i < a->wrt && !ad_type_is_float(x[i]))
            return "operands to differentiate by must be f32 or f64 (ad_cast converts)";
        if (ad_type_is_float(x[i]) && x[i] != x[0])
            return "operands must have one float type, here are f32 and f64 (ad_cast converts)";
    }
    return NULL;
}

static const char *gradient_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const gradient_attr *a = attr;
    size_t total = 1, count;
    for (int i = 0; i < a->wrt; i++) {
        ad_shape_count(&x[i], &count);
        if (count > INT64_MAX - total)
            return "the gradients are too large";
        total += count;
    }
    *y = AD_SHAPE((int64_t)total);
    return NULL;
}

/* The part of such a row that belongs to an operand, which follows `at` numbers; moves on to the
 * next. */
static ad_view part_of(const void *row, const ad_view *x, size_t *at)
{
    size_t begin = *at * ad_type_size(x->type);
    *at += ad_view_count(x);
    return ad_view_of(x->type, (const char *)row + begin, x->shape);
}

static void write_part(void *row, ad_view part, size_t *at)
{
    size_t size = ad_type_size(part.type), count = ad_view_count(&part);
    if (count)
        memcpy((char *)row + *at * size, part.data, count * size);
    *at += count;
}

static bool all_zero(const ad_view *v)
{
    size_t i = 0, n = ad_view_count(v);
    const float *f = v->data;
    const double *d = v->data;
    while (i < n && (v->type == AD_F32 ? f[i] == 0 : d[i] == 0))
        i++;
    return i == n;
}

/* ---- f on the inner tape ----------------------------------------------------------- */

typedef struct inner {
    ad_tape *tape;
    ad_tensor *x; /* [n] */
    ad_tensor value;
} inner;

static void check_value(const inner *in, ad_type type)
{
    char text[64];
    ad_view v = ad_read(in->value);
    if (ad_view_count(&v) != 1)
        ad_tape_fail(in->tape, AD_BAD_SHAPE, "the function's value must have one element, not %s",
                     ad_shape_print(&v.shape, text, sizeof text));
    else if (v.type != type)
        ad_tape_fail(in->tape, AD_BAD_TYPE, "the function's value is %s, its operands are %s",
                     ad_type_text(v.type), ad_type_text(type));
}

/* An f that gives another value than before would have the gradient of another function. */
static void compare_value(const inner *in, const ad_view *row)
{
    ad_view v = ad_read(in->value);
    size_t size = ad_type_size(v.type), last = ad_view_count(row) - 1;
    if (memcmp((const char *)row->data + last * size, v.data, size) != 0)
        ad_tape_fail(
            in->tape, AD_CHANGED,
            "the function gave %.9g and now gives %.9g: it must depend on its operands and "
            "unchanged numbers alone",
            ad_view_get(row, last), ad_view_get(&v, 0));
}

/* row: of what f gave before, or NULL. */
static bool evaluate(ad_workspace *work, const gradient_attr *a, const ad_view *x,
                     const bool *watched, const ad_view *row, inner *in)
{
    in->tape = ad_inner_tape(work);
    in->x = in->tape ? ad_call_leaves(work, in->tape, a->call.n, x, watched) : NULL;
    if (!in->x)
        return false;
    in->value = ad_call_evaluate(in->tape, &a->call, in->x);
    if (ad_tape_status(in->tape) == AD_OK)
        check_value(in, x[0].type);
    if (ad_tape_status(in->tape) == AD_OK && row)
        compare_value(in, row);
    return ad_tape_status(in->tape) == AD_OK;
}

/* Gradients, and their derivatives along the tangents tx[i], i < n, if there are any. */
static bool sweep(const inner *in, int n, const ad_view *tx)
{
    bool any = false;
    for (int i = 0; i < n; i++)
        if (tx[i].data) {
            any = true;
            ad_set_tangent(in->x[i], tx[i]);
        }
    if (!any)
        return ad_backward(in->value) == AD_OK;
    return ad_push_tangents(in->value) == AD_OK && ad_backward_tangents(in->value) == AD_OK;
}

/* Whether operand i is watched: those that f is differentiated by are, at first. */
static bool *choose(ad_workspace *work, const gradient_attr *a)
{
    bool *watched = ad_scratch(work, (size_t)a->call.n * sizeof *watched);
    for (int i = 0; watched && i < a->call.n; i++)
        watched[i] = i < a->wrt;
    return watched;
}

/* ---- rules ------------------------------------------------------------------------- */

static void gradient_forward(const ad_forward_args *c)
{
    const gradient_attr *a = c->attr;
    inner in = {.tape = NULL};
    size_t at = 0;
    bool *watched = choose(c->work, a);
    if (watched && evaluate(c->work, a, c->x, watched, NULL, &in) && sweep(&in, 0, NULL)) {
        for (int i = 0; i < a->wrt; i++)
            write_part(c->y.data, ad_grad(in.x[i]), &at);
        write_part(c->y.data, ad_read(in.value), &at);
    }
    ad_call_finish(c->work, &a->call, in.tape);
}

static void add_cotangents(const ad_pullback_args *c, const inner *in, double u)
{
    for (int i = 0; i < c->arity; i++) {
        if (!c->dx[i].data)
            continue;
        ad_view second = ad_grad_tangent(in->x[i]);
        if (second.data)
            ad_call_add(1, second, c->dx[i]);
        if (u != 0)
            ad_call_add(u, ad_grad(in->x[i]), c->dx[i]);
    }
}

static void gradient_pullback(const ad_pullback_args *c)
{
    const gradient_attr *a = c->attr;
    inner in = {.tape = NULL};
    size_t at = 0;
    bool *watched = choose(c->work, a);
    ad_view *v = ad_scratch(c->work, (size_t)a->wrt * sizeof *v);
    if (!watched || !v)
        return;
    for (int i = 0; i < a->wrt; i++) {
        v[i] = part_of(c->dy.data, &c->x[i], &at);
        if (all_zero(&v[i]))
            v[i].data = NULL;
    }
    for (int i = 0; i < c->arity; i++)
        watched[i] = c->dx[i].data || (watched[i] && v[i].data);
    if (evaluate(c->work, a, c->x, watched, &c->y, &in) && sweep(&in, a->wrt, v))
        add_cotangents(c, &in, ad_view_get(&c->dy, at));
    ad_call_finish(c->work, &a->call, in.tape);
}

static void gradient_jvp(const ad_jvp_args *c)
{
    const gradient_attr *a = c->attr;
    inner in = {.tape = NULL};
    size_t at = 0;
    bool *watched = choose(c->work, a);
    for (int i = 0; watched && i < c->arity; i++)
        watched[i] = watched[i] || c->tx[i].data;
    if (watched && evaluate(c->work, a, c->x, watched, &c->y, &in) && sweep(&in, c->arity, c->tx)) {
        for (int i = 0; i < a->wrt; i++)
            write_part(c->ty.data, ad_grad_tangent(in.x[i]), &at);
        ad_view slope = ad_tangent(in.value); /* none where f is a constant */
        memset((char *)c->ty.data + at * ad_type_size(c->ty.type), 0, ad_type_size(c->ty.type));
        if (slope.data)
            write_part(c->ty.data, slope, &at);
    }
    ad_call_finish(c->work, &a->call, in.tape);
}

static void gradient_curvature(const ad_curvature_args *c)
{
    ad_reject(c->work, AD_NO_DERIVATIVE, "third derivatives of a function are not computed");
}

static const ad_op gradient_op = {
    .size = sizeof(ad_op),
    .name = "gradient",
    .arity = AD_VARIADIC,
    .attr_size = sizeof(gradient_attr),
    .type = gradient_type,
    .shape = gradient_shape,
    .forward = gradient_forward,
    .pullback = gradient_pullback,
    .jvp = gradient_jvp,
    .curvature = gradient_curvature,
};

/* ---- the call ---------------------------------------------------------------------- */

ad_tensor ad_gradient_node(ad_function *f, int n, const ad_tensor *x, int wrt, const void *env,
                           ad_tensor *gradient)
{
    ad_tape *t = ad_call_tape("gradient", f && gradient, n, x);
    if (t && (wrt < 1 || wrt > n))
        ad_tape_fail(t, AD_MISUSE, "gradient: by %d of %d operands", wrt, n);
    ad_tensor none = x && n > 0 ? ad_dead(x[0]) : ad_number(NAN), row = none;
    gradient_attr a = {ad_call_at(t, f, n, env), wrt};
    if (t && ad_tape_status(t) == AD_OK)
        row = ad_apply_n(&gradient_op, n, x, &a);
    bool good = x && ad_read(row).data;
    int64_t at = 0;
    for (int i = 0; gradient && i < wrt && (i < n || n < 1); i++)
        gradient[i] = good ? ad_call_take(row, ad_shape_of(x[i]), &at) : none;
    return good ? ad_call_take(row, AD_SCALAR, &at) : none;
}
