/* Functions of functions, on the public API: put operands on the tape, evaluate, sweep, take the results,
 * rewind.
 */
#include "derivatives/parts.h"

#include "tape/inner.h"
#include "trees/walk.h"

#include <limits.h>
#include <math.h>
#include <string.h>

bool ad_good_call(ad_tape *t, const char *name, bool complete, int n, int count)
{
    const char *wrong = NULL;
    if (!complete)
        wrong = "an argument is NULL";
    else if (n < 1)
        wrong = "there must be at least one operand";
    else if (count < 1)
        wrong = "there must be at least one direction";
    else if (count >= INT_MAX / n)
        wrong = "too many directions";
    if (wrong)
        ad_tape_fail(t, AD_MISUSE, "%s: %s", name, wrong);
    return !wrong && ad_tape_status(t) == AD_OK;
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
    uint32_t held = ad_tape_hold(t);
    ad_tensor y = f(t, x, env);
    ad_tape_let_go(t, held);
    if (y.tape != t)
        ad_tape_fail(t, AD_FOREIGN, "%s: the function's result is not on the tape", name);
    return y;
}

bool ad_record(ad_tape *t, const char *name, ad_function *f, const void *env, int n,
               const ad_view *x, ad_pullback *pullback)
{
    ad_tensor *leaves = watch_all(t, n, x);
    if (!leaves)
        return false;
    ad_tensor y = evaluate(t, name, f, leaves, env);
    if (ad_tape_status(t) != AD_OK)
        return false;
    *pullback = (ad_pullback){y, leaves, n};
    return true;
}

ad_status ad_deliver(ad_tape *t, const char *name, int n, const ad_view *from, ad_array *to)
{
    ad_list l;
    ad_list_describe(&l, name, n);
    ad_delivery v = {.d = &l.model, .from = from, .target = to, .verb = name, .role = "the result"};
    if (ad_delivery_prepare(&v, t))
        ad_delivery_commit(&v);
    return ad_tape_status(t);
}

ad_status ad_deliver_two(ad_tape *t, const char *name, const ad_view *from, int first, ad_array *to,
                         int second, ad_array *to_second)
{
    size_t one = (size_t)first * sizeof *to, other = (size_t)second * sizeof *to;
    ad_array *all = ad_tape_memory(t, one + other);
    if (!all)
        return ad_tape_status(t);
    memcpy(all, to, one);
    if (second)
        memcpy(all + first, to_second, other);
    if (ad_deliver(t, name, first + second, from, all) != AD_OK)
        return ad_tape_status(t);
    memcpy(to, all, one);
    if (second)
        memcpy(to_second, all + first, other);
    return AD_OK;
}

ad_status ad_deliver_read(ad_tape *t, const char *name, const ad_pullback *p, int count,
                          ad_reader *read, ad_array *to)
{
    int n = p->n * count;
    ad_view *from = ad_tape_memory(t, (size_t)n * sizeof *from);
    for (int i = 0; from && i < n; i++)
        from[i] = read(p->x[i / count], i % count);
    return from ? ad_deliver(t, name, n, from, to) : ad_tape_status(t);
}

/* ---- reverse ----------------------------------------------------------------------- */

ad_status ad_value_with_pullback(ad_tape *t, ad_function *f, const void *env, int n,
                                 const ad_view *x, ad_pullback *pullback)
{
    if (ad_good_call(t, "value_with_pullback", f && x && pullback, n, 1))
        ad_record(t, "value_with_pullback", f, env, n, x, pullback);
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

ad_status ad_pulls(const ad_pullback *pullback, int count, const ad_view *dy, ad_array *dx)
{
    if (!pullback || !pullback->x)
        return AD_MISUSE;
    ad_tape *t = pullback->value.tape;
    if (!ad_good_call(t, "pulls", dy && dx, pullback->n, count) ||
        ad_backward_many(pullback->value, count, dy) != AD_OK)
        return ad_tape_status(t);
    ad_mark start = ad_tape_mark(t);
    ad_deliver_read(t, "pulls", pullback, count, ad_grad_at, dx);
    ad_tape_rewind(start);
    return ad_tape_status(t);
}

ad_status ad_value_with_gradient(ad_tape *t, ad_function *f, const void *env, int n,
                                 const ad_view *x, double *value, ad_array *gradient)
{
    ad_list l;
    ad_pullback p;
    if (!ad_good_call(t, "gradient", f && x && gradient, n, 1))
        return ad_tape_status(t);
    ad_mark start = ad_tape_mark(t);
    ad_list_describe(&l, "gradient", n);
    if (ad_record(t, "gradient", f, env, n, x, &p) &&
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

/* f at x on the tape, with the tangents of count directions carried forward to its result. */
static bool push(ad_tape *t, const char *name, ad_function *f, const void *env, int n,
                 const ad_view *x, int count, const ad_view *tx, ad_pullback *p)
{
    bool good = ad_record(t, name, f, env, n, x, p);
    for (int i = 0; good && i < n; i++)
        good = ad_set_tangent_many(p->x[i], count, &tx[i * count]) == AD_OK;
    return good && ad_push_tangents(p->value) == AD_OK;
}

ad_view ad_tangent_or_zeros(ad_tape *t, ad_tensor y, int i)
{
    ad_view ty = ad_tangent_at(y, i);
    ad_view v = ad_read(y);
    if (ty.data || !v.data)
        return ty;
    size_t bytes = ad_view_count(&v) * ad_type_size(v.type);
    char *zeros = ad_tape_memory(t, bytes);
    if (!zeros)
        return ty;
    memset(zeros, 0, bytes);
    return ad_view_of(v.type, zeros, v.shape);
}

static void deliver_tangents(ad_tape *t, const char *name, ad_tensor value, int count, ad_array *y,
                             ad_array *ty)
{
    ad_view *from = ad_tape_memory(t, ((size_t)count + 1) * sizeof *from);
    for (int i = 0; from && i < count; i++)
        from[i] = ad_tangent_or_zeros(t, value, i);
    if (!from || ad_tape_status(t) != AD_OK)
        return;
    from[count] = ad_read(value);
    ad_deliver_two(t, name, from, count, ty, 1, y);
}

static ad_status jvps(ad_tape *t, const char *name, ad_function *f, const void *env, int n,
                      const ad_view *x, int count, const ad_view *tx, ad_array *y, ad_array *ty)
{
    ad_pullback p;
    if (!ad_good_call(t, name, f && x && tx && y && ty, n, count))
        return ad_tape_status(t);
    ad_mark start = ad_tape_mark(t);
    if (push(t, name, f, env, n, x, count, tx, &p))
        deliver_tangents(t, name, p.value, count, y, ty);
    ad_tape_rewind(start);
    return ad_tape_status(t);
}

ad_status ad_jvp(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x,
                 const ad_view *tx, ad_array *y, ad_array *ty)
{
    return jvps(t, "jvp", f, env, n, x, 1, tx, y, ty);
}

ad_status ad_jvps(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x, int count,
                  const ad_view *tx, ad_array *y, ad_array *ty)
{
    return jvps(t, "jvps", f, env, n, x, count, tx, y, ty);
}

static ad_status hvps(ad_tape *t, const char *name, ad_function *f, const void *env, int n,
                      const ad_view *x, int count, const ad_view *tx, ad_array *hvp)
{
    ad_pullback p;
    if (!ad_good_call(t, name, f && x && tx && hvp, n, count))
        return ad_tape_status(t);
    ad_mark start = ad_tape_mark(t);
    if (push(t, name, f, env, n, x, count, tx, &p) && ad_backward_tangents(p.value) == AD_OK)
        ad_deliver_read(t, name, &p, count, ad_grad_tangent_at, hvp);
    ad_tape_rewind(start);
    return ad_tape_status(t);
}

ad_status ad_hvp(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x,
                 const ad_view *tx, ad_array *hvp)
{
    return hvps(t, "hvp", f, env, n, x, 1, tx, hvp);
}

ad_status ad_hvps(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x, int count,
                  const ad_view *tx, ad_array *hvp)
{
    return hvps(t, "hvps", f, env, n, x, count, tx, hvp);
}
