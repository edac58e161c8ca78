/* The gradient inside a function: an op whose results are the value of f and its gradients by the first m
 * of n operands,
 *
 *     f(x), g_1, ..., g_m    with g_i = df/dx_i
 *
 * With their cotangents u, v_1, ..., v_m the pullback is one Hessian-vector product, for all n operands:
 *
 *     dx_j += sum over i of (d2f / dx_j dx_i) v_i  +  u df/dx_j
 *
 * So is the jvp, by symmetry, with the tangents in the place of v. Rules evaluate f again rather than
 * keep what it computed. */
#include "adze/ops.h"
#include "functions/call.h"
#include "ops/axes.h"

#include <math.h>
#include <string.h>

typedef struct gradient_attr {
    ad_call call;
    int wrt; /* m */
} gradient_attr;

/* ---- the results ------------------------------------------------------------------- */

enum { VALUE, GRADIENTS }; /* the first result, and those from the second on */

static const char *gradient_type(const ad_type *x, const void *attr, ad_type *y)
{
    const gradient_attr *a = attr;
    y[VALUE] = x[0];
    for (int i = 0; i < a->wrt; i++) {
        y[GRADIENTS + i] = x[i];
        if (!ad_type_is_float(x[i]))
            return "operands to differentiate by must be f32 or f64 (ad_cast converts)";
    }
    return NULL;
}

static const char *gradient_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const gradient_attr *a = attr;
    y[VALUE] = AD_SCALAR;
    for (int i = 0; i < a->wrt; i++)
        ad_shape_first(&x[i], attr, &y[GRADIENTS + i]);
    return NULL;
}

/* The numbers of a view that lie row by row, or zeros, into an array of its type and shape. */
static void write_all(const ad_array *to, ad_view from)
{
    ad_call_put(to->data, from.data, ad_array_count(to) * ad_type_size(to->type));
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
        ad_tape_fail(in->tape, AD_BAD_TYPE,
                     "the function's value is %s, but its first operand is %s",
                     ad_type_text(v.type), ad_type_text(type));
}

/* An f that gives another value than before would have the gradient of another function. */
static void compare_value(const inner *in, const ad_view *before)
{
    ad_view v = ad_read(in->value);
    if (memcmp(before->data, v.data, ad_type_size(v.type)) != 0)
        ad_tape_fail(
            in->tape, AD_CHANGED,
            "the function gave %.9g and now gives %.9g: it must depend on its operands and "
            "unchanged numbers only",
            ad_view_get(before, 0), ad_view_get(&v, 0));
}

/* before: the earlier value of f, or NULL. */
static bool evaluate(ad_workspace *work, const gradient_attr *a, const ad_view *x,
                     const bool *watched, const ad_view *before, inner *in)
{
    in->tape = ad_inner_tape(work);
    in->x = in->tape ? ad_call_leaves(work, in->tape, a->call.n, x, watched) : NULL;
    if (!in->x)
        return false;
    in->value = ad_call_evaluate(in->tape, &a->call, in->x);
    if (ad_tape_status(in->tape) == AD_OK)
        check_value(in, x[0].type);
    if (ad_tape_status(in->tape) == AD_OK && before)
        compare_value(in, before);
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

/* Whether operand i is watched: the first operands, by which f is differentiated, are. */
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
    bool *watched = choose(c->work, a);
    if (watched && evaluate(c->work, a, c->x, watched, NULL, &in) && sweep(&in, 0, NULL)) {
        write_all(&c->ys[VALUE], ad_read(in.value));
        for (int i = 0; i < a->wrt; i++)
            write_all(&c->ys[GRADIENTS + i], ad_grad(in.x[i]));
    }
    ad_call_finish(c->work, in.tape);
}

static void add_cotangents(const ad_pullback_args *c, const inner *in, double u)
{
    for (int i = 0; i < c->arity; i++) {
        if (!c->wanted[i])
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
    bool *watched = choose(c->work, a);
    ad_view *v = ad_scratch(c->work, (size_t)a->wrt * sizeof *v), u = c->dys[VALUE];
    if (!watched || !v)
        return;
    for (int i = 0; i < a->wrt; i++) {
        v[i] = c->dys[GRADIENTS + i];
        if (v[i].data && all_zero(&v[i]))
            v[i].data = NULL;
    }
    for (int i = 0; i < c->arity; i++)
        watched[i] = c->wanted[i] || (watched[i] && v[i].data);
    if (evaluate(c->work, a, c->x, watched, &c->y, &in) && sweep(&in, a->wrt, v))
        add_cotangents(c, &in, u.data ? ad_view_get(&u, 0) : 0);
    ad_call_finish(c->work, in.tape);
}

static void gradient_jvp(const ad_jvp_args *c)
{
    const gradient_attr *a = c->attr;
    inner in = {.tape = NULL};
    bool *watched = choose(c->work, a);
    for (int i = 0; watched && i < c->arity; i++)
        watched[i] = watched[i] || c->tx[i].data;
    if (watched && evaluate(c->work, a, c->x, watched, &c->y, &in) && sweep(&in, c->arity, c->tx)) {
        write_all(&c->tys[VALUE], ad_tangent(in.value)); /* none where f is a constant */
        for (int i = 0; i < a->wrt; i++)
            write_all(&c->tys[GRADIENTS + i], ad_grad_tangent(in.x[i]));
    }
    ad_call_finish(c->work, in.tape);
}

static void gradient_curvature(const ad_curvature_args *c)
{
    ad_reject(c->work, AD_NO_DERIVATIVE, "third derivatives of a function are not computed");
}

static const ad_op gradient_op = {
    .size = sizeof(ad_op),
    .name = "gradient",
    .arity = AD_VARIADIC,
    .results = AD_VARIADIC,
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
    AD_DOOR_TRY(open, ad_tape_of(x, n), "gradient");
    ad_tape *t = open ? ad_call_tape("gradient", f && gradient, n, x) : NULL;
    if (t && (wrt < 1 || wrt > n))
        ad_tape_fail(t, AD_MISUSE, "gradient: cannot differentiate by %d of %d operands", wrt, n);
    ad_tensor few[AD_CALL_FEW], none = x && n > 0 ? ad_dead(x[0]) : ad_number(NAN), *y = NULL;
    gradient_attr a = {{.f = f, .env = env, .n = n}, wrt};
    if (t && ad_tape_status(t) == AD_OK)
        y = ad_call_results(t, GRADIENTS + wrt, few);
    if (y)
        ad_apply_results(&gradient_op, n, x, &a, GRADIENTS + wrt, y);
    for (int i = 0; gradient && i < wrt && (i < n || n < 1); i++)
        gradient[i] = y ? y[GRADIENTS + i] : none;
    return y ? y[VALUE] : none;
}
