/* Functions of functions, on the public API: put operands on the tape, evaluate, sweep, take the results,
 * rewind.
 */
#include "operators/list.h"

#include "model/walk.h"

#include <math.h>

static bool good_call(ad_tape *t, const char *name, bool complete, int n)
{
    if (t && (!complete || n < 1))
        ad_tape_fail(t, AD_MISUSE, "%s: %s", name,
                     complete ? "there must be at least one operand" : "an argument is NULL");
    return complete && n >= 1 && ad_tape_status(t) == AD_OK;
}

/* Watched leaves for the operands, on the tape. NULL with an error. */
static ad_tensor *watch_all(ad_tape *t, int n, const ad_view *x)
{
    ad_tensor *leaves = ad_tape_memory(t, (size_t)n * sizeof *leaves);
    for (int i = 0; leaves && i < n; i++)
        leaves[i] = ad_watch(t, x[i]);
    return ad_tape_status(t) == AD_OK ? leaves : NULL;
}

/* A user's function, whose result must be on the tape. */
static ad_tensor evaluate(ad_tape *t, const char *name, ad_function *f, const ad_tensor *x,
                          const void *env)
{
    ad_tensor y = f(t, x, env);
    if (y.tape != t)
        ad_tape_fail(t, AD_FOREIGN, "%s: the function's result is not on the tape", name);
    return y;
}

/* ---- reverse ----------------------------------------------------------------------- */

/* Writes *pullback if all went well. */
static bool record(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x,
                   ad_pullback *pullback)
{
    ad_tensor *leaves = watch_all(t, n, x);
    if (!leaves)
        return false;
    ad_tensor y = evaluate(t, "value_with_pullback", f, leaves, env);
    if (ad_tape_status(t) != AD_OK)
        return false;
    *pullback = (ad_pullback){y, leaves, n};
    return true;
}

ad_status ad_value_with_pullback(ad_tape *t, ad_function *f, const void *env, int n,
                                 const ad_view *x, ad_pullback *pullback)
{
    if (good_call(t, "value_with_pullback", f && x && pullback, n))
        record(t, f, env, n, x, pullback);
    return ad_tape_status(t);
}

ad_status ad_pull(const ad_pullback *pullback, ad_view dy, ad_array *dx)
{
    ad_list l;
    if (!pullback || !pullback->x)
        return AD_MISUSE;
    ad_list_describe(&l, "dx", pullback->n);
    return ad_model_gradient(&l.model, pullback->value, &dy, pullback->x, dx);
}

ad_status ad_value_with_gradient(ad_tape *t, ad_function *f, const void *env, int n,
                                 const ad_view *x, double *value, ad_array *gradient)
{
    ad_list l;
    ad_pullback p;
    if (!good_call(t, "gradient", f && x && gradient, n))
        return ad_tape_status(t);
    ad_mark start = ad_tape_mark(t);
    ad_list_describe(&l, "gradient", n);
    if (record(t, f, env, n, x, &p) &&
        ad_model_gradient(&l.model, p.value, NULL, p.x, gradient) == AD_OK && value)
        *value = ad_item(p.value);
    ad_tape_rewind(start);
    return ad_tape_status(t);
}

ad_status ad_gradient(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x,
                      ad_array *gradient)
{
    return ad_value_with_gradient(t, f, env, n, x, NULL, gradient);
}

double ad_derivative(ad_function *f, double x, const void *env)
{
    double slope = NAN;
    ad_tape *t = ad_tape_new(NULL);
    ad_view at = AD_VIEW_SCALAR(&x);
    ad_array gradient = {.data = &slope, .type = AD_F64};
    if (ad_gradient(t, f, env, 1, &at, &gradient) != AD_OK)
        slope = NAN;
    ad_tape_free(t);
    return slope;
}

/* ---- forward, and forward over reverse --------------------------------------------- */

typedef struct delivery {
    const ad_view *from;
    const ad_array *to;
} delivery;

static ad_status like_view(const void *user, const ad_site *s, ad_array *like, ad_error *error)
{
    const delivery *d = user;
    const ad_view *v = &d->from[s->index];
    (void)error;
    *like = (ad_array){like, v->type, v->shape, d->to[s->index].allocator};
    return AD_OK;
}

/* Copies n views to arrays, all or none. */
static ad_status deliver(ad_tape *t, const char *name, int n, const ad_view *from, ad_array *to)
{
    ad_list l;
    ad_error error = {0};
    delivery d = {from, to};
    ad_list_describe(&l, name, n);
    ad_result r = {.d = &l.model,
                   .target = to,
                   .verb = name,
                   .role = "the result",
                   .like = like_view,
                   .user = &d,
                   .error = &error};
    if (ad_result_prepare(&r) != AD_OK)
        return ad_tape_fail(t, error.status, "%s", error.text);
    ad_result_commit(&r);
    for (int i = 0; i < n; i++)
        ad_array_write(&to[i], from[i], NULL);
    return AD_OK;
}

/* f at x on the tape, with the tangents carried forward to its result. */
static bool push(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x,
                 const ad_view *tx, ad_pullback *p)
{
    bool good = record(t, f, env, n, x, p);
    for (int i = 0; good && i < n; i++)
        if (tx[i].data)
            good = ad_set_tangent(p->x[i], tx[i]) == AD_OK;
    return good && ad_push_tangents(p->value) == AD_OK;
}

/* The tangent of a value; zeros, on the tape, where there is none. */
static ad_view tangent_of(ad_tape *t, ad_tensor y)
{
    ad_view ty = ad_tangent(y);
    ad_view v = ad_read(y);
    if (ty.data || !v.data)
        return ty;
    size_t bytes = ad_view_count(&v) * ad_type_size(v.type);
    char *zeros = ad_tape_memory(t, bytes);
    for (size_t i = 0; zeros && i < bytes; i++)
        zeros[i] = 0;
    return zeros ? ad_view_of(v.type, zeros, v.shape) : ty;
}

ad_status ad_jvp(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x,
                 const ad_view *tx, ad_array *y, ad_array *ty)
{
    ad_pullback p;
    if (!good_call(t, "jvp", f && x && tx && y && ty, n))
        return ad_tape_status(t);
    ad_mark start = ad_tape_mark(t);
    ad_array results[] = {*y, *ty};
    if (push(t, f, env, n, x, tx, &p)) {
        ad_view from[] = {ad_read(p.value), tangent_of(t, p.value)};
        if (ad_tape_status(t) == AD_OK && deliver(t, "jvp", 2, from, results) == AD_OK) {
            *y = results[0];
            *ty = results[1];
        }
    }
    ad_tape_rewind(start);
    return ad_tape_status(t);
}

ad_status ad_hvp(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x,
                 const ad_view *tx, ad_array *hvp)
{
    ad_pullback p;
    if (!good_call(t, "hvp", f && x && tx && hvp, n))
        return ad_tape_status(t);
    ad_mark start = ad_tape_mark(t);
    if (push(t, f, env, n, x, tx, &p) && ad_backward_tangents(p.value) == AD_OK) {
        ad_view *from = ad_tape_memory(t, (size_t)n * sizeof *from);
        for (int i = 0; from && i < n; i++)
            from[i] = ad_grad_tangent(p.x[i]);
        if (from)
            deliver(t, "hvp", n, from, hvp);
    }
    ad_tape_rewind(start);
    return ad_tape_status(t);
}
