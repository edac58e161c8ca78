/* An operation's values and gradients from operands in other layouts and in f32. */
#include "check/layouts.h"

#include "check/cases.h"

#include <math.h>
#include <stdio.h>

/* ---- values and gradients of other operands ------------------------------------------------ */

typedef struct outcome {
    ad_view y, dx[AD_CHECK_OPERANDS];
} outcome;

/* On the tape. An op without derivative has no dx. */
static outcome evaluate(ad_tape *t, const ad_usage *u)
{
    outcome o = {0};
    ad_view x[AD_CHECK_OPERANDS];
    ad_tensor leaf[AD_CHECK_OPERANDS];
    ad_usage_floats(u, x);
    for (int k = 0; k < u->count; k++)
        leaf[k] = ad_watch(t, x[k]);
    ad_tensor y = ad_usage_apply(t, leaf, u);
    o.y = ad_read(y);
    if (ad_tape_status(t) != AD_OK || !ad_is_tracked(y) || !u->op->pullback)
        return o;
    ad_array w = ad_check_weights(t, &o.y, 0, AD_STREAM_WEIGHTS);
    if (!w.data || ad_backward_from(y, ad_array_view(w)) != AD_OK)
        return o;
    for (int k = 0; k < u->count; k++)
        o.dx[k] = ad_grad(leaf[k]);
    return o;
}

static ad_status compare(const ad_trial *c, const char *how, const char *what, const ad_view *a,
                         const ad_view *b, double tolerance)
{
    double size = 0;
    size_t n = ad_view_count(b);
    for (size_t i = 0; i < n; i++)
        size = fmax(size, fabs(ad_view_get(b, i)));
    for (size_t i = 0; i < n; i++) {
        double x = ad_view_get(a, i), y = ad_view_get(b, i);
        if (x != y && !(isnan(x) && isnan(y)) && !(fabs(x - y) <= tolerance * size))
            return ad_trial_report(c, AD_DIFFERENT, "%s number %zu of %s is %.9g instead of %.9g",
                                   how, i, what, x, y);
    }
    return AD_OK;
}

ad_status ad_check_same(const ad_trial *c, ad_tape *t[2], const char *how, const ad_usage *a,
                        const ad_usage *b, double tolerance)
{
    ad_tape_reset(t[0]);
    ad_tape_reset(t[1]);
    outcome of[2];
    for (int i = 0; i < 2; i++) { /* b may crash where a, a spy, objects */
        of[i] = evaluate(t[i], i ? b : a);
        if (ad_tape_status(t[i]) != AD_OK)
            return ad_tape_status(t[i]) == AD_BAD_TYPE ? AD_OK : ad_trial_report_tape(c, t[i]);
    }
    outcome got = of[0], wanted = of[1];
    ad_status status = compare(c, how, a->results > 1 ? "all results in a row" : "the result",
                               &got.y, &wanted.y, tolerance);
    for (int k = 0; k < a->count && status == AD_OK && wanted.dx[k].data; k++) {
        char what[16];
        snprintf(what, sizeof what, "dx[%d]", a->floats[k]);
        status = compare(c, how, what, &got.dx[k], &wanted.dx[k], tolerance);
    }
    return status;
}

/* Compares strided operands with copies of the same numbers row by row. */
ad_status ad_check_strides(ad_trial *c, ad_tape *t[2], const ad_usage *u)
{
    ad_usage strided = *u, rows = *u;
    ad_array room[AD_CHECK_OPERANDS] = {{0}}, copies[AD_CHECK_OPERANDS] = {{0}};
    bool good = true;
    for (int i = 0; i < u->n && good; i++) {
        room[i] = ad_trial_scatter(c, &c->numbers[i], &strided.x[i]);
        if (room[i].data)
            copies[i] = ad_array_copy(ad_check_allocator(c->o), strided.x[i].type, strided.x[i]);
        rows.x[i] = ad_array_view(copies[i]);
        good = copies[i].data;
    }
    ad_status status = good ? ad_check_same(c, t, "with strided operands", &strided, &rows, 1e-13)
                            : ad_trial_report(c, AD_MEMORY, "memory ran out");
    for (int i = 0; i < u->n; i++) {
        ad_array_free(&room[i]);
        ad_array_free(&copies[i]);
    }
    return status;
}

ad_status ad_check_f32(const ad_trial *c, ad_tape *t[2], const ad_usage *u)
{
    ad_usage single = *u;
    ad_array copies[AD_CHECK_OPERANDS] = {{0}};
    bool good = true;
    for (int i = 0; i < u->n && good; i++)
        if (ad_type_is_float(u->x[i].type)) {
            copies[i] = ad_array_copy(ad_check_allocator(c->o), AD_F32, u->x[i]);
            single.x[i] = ad_array_view(copies[i]);
            good = copies[i].data;
        }
    ad_status status = good ? ad_check_same(c, t, "in f32", &single, u, 1e-4)
                            : ad_trial_report(c, AD_MEMORY, "memory ran out");
    for (int i = 0; i < u->n; i++)
        ad_array_free(&copies[i]);
    return status;
}
