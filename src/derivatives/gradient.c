/* Reverse mode: gradients and pullbacks. */
#include "derivatives/record.h"
#include "tape/failure.h"

#include <math.h>
#include <string.h>

/* ---- gradients ---------------------------------------------------------------------- */

static ad_status gradient(const ad_subject *s, double *value, void *result)
{
    ad_record r;
    AD_DOOR(s->tape, s->name, AD_BUSY);
    if (!ad_record_begin(&r, s, result, 1))
        return ad_tape_status(s->tape);
    if (ad_model_gradient(s->tree, r.y, NULL, r.x, result) == AD_OK && value)
        *value = ad_item(r.y);
    return ad_record_end(&r);
}

ad_status ad_value_with_gradient(ad_tape *t, ad_function *f, int n, const ad_view *x,
                                 const void *env, double *value, ad_array *result)
{
    ad_subject s;
    return gradient(ad_subject_list(&s, "gradient", t, f, n, x, env), value, result);
}

ad_status ad_gradient(ad_tape *t, ad_function *f, int n, const ad_view *x, const void *env,
                      ad_array *result)
{
    return ad_value_with_gradient(t, f, n, x, env, NULL, result);
}

ad_status ad_model_value_with_gradient(const ad_tree *tree, ad_tape *t, ad_model_function *f,
                                       const void *model, const void *env, double *value,
                                       void *result)
{
    ad_subject s;
    return gradient(ad_subject_model(&s, "gradient", tree, t, f, model, env), value, result);
}

double ad_derivative(ad_function *f, double x, const void *env)
{
    double slope = NAN;
    ad_tape *t = ad_tape_new(NULL);
    ad_view at = AD_VIEW_SCALAR(&x);
    ad_array result = {.data = &slope, .type = AD_F64};
    if (ad_gradient(t, f, 1, &at, env, &result) != AD_OK)
        slope = NAN;
    ad_tape_free(t);
    return slope;
}

/* ---- pullbacks ---------------------------------------------------------------------- */

ad_status ad_value_with_pullback(ad_tape *t, ad_function *f, int n, const ad_view *x,
                                 const void *env, ad_pullback *pullback)
{
    ad_subject s;
    ad_record r;
    AD_DOOR(t, "value_with_pullback", AD_BUSY);
    ad_subject_list(&s, "value_with_pullback", t, f, n, x, env);
    if (ad_record_begin(&r, &s, pullback, 1))
        *pullback = (ad_pullback){r.y, r.x, n};
    return ad_tape_status(t);
}

ad_status ad_model_value_with_pullback(const ad_tree *tree, ad_tape *t, ad_model_function *f,
                                       const void *model, const void *env, ad_tensor *value,
                                       void *tensors)
{
    ad_subject s;
    ad_record r;
    AD_DOOR(t, "value_with_pullback", AD_BUSY);
    ad_subject_model(&s, "value_with_pullback", tree, t, f, model, env);
    bool complete = value && tensors;
    if (ad_record_begin(&r, &s, complete, 1) && complete) {
        *value = r.y;
        memcpy(tensors, r.x, (size_t)r.n * sizeof *r.x);
    }
    return ad_tape_status(t);
}

ad_status ad_pull(const ad_pullback *pullback, ad_view dy, ad_array *dx)
{
    ad_list l;
    if (!pullback || !pullback->x)
        return AD_MISUSE;
    const ad_tree *tree = ad_list_describe(&l, "dx", pullback->n);
    return ad_model_gradient(tree, pullback->value, &dy, pullback->x, dx);
}

ad_status ad_pull_many(const ad_pullback *pullback, int count, const ad_view *dy, ad_array *dx)
{
    ad_list l;
    if (!pullback || !pullback->x)
        return AD_MISUSE;
    ad_tape *t = pullback->value.tape;
    AD_DOOR(t, "pull_many", AD_BUSY);
    if (!ad_good_call(t, "pull_many", dy && dx, pullback->n, count) ||
        ad_backward_many(pullback->value, count, dy) != AD_OK)
        return ad_tape_status(t);
    ad_record r = {.tape = t,
                   .start = ad_tape_mark(t),
                   .n = pullback->n,
                   .x = (ad_tensor *)(uintptr_t)pullback->x};
    ad_delivery v = {.tree = ad_list_describe(&l, "dx", r.n * count),
                     .from = ad_record_read(&r, count, ad_grad_at),
                     .target = dx};
    if (v.from)
        ad_deliver(t, "pull_many", 1, &v);
    return ad_record_end(&r);
}
