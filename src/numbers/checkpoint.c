/* Checkpoints: functions of numbers whose statements are not kept, but recorded again by the sweep on a
 * recorder of its own. */
#include "numbers/numbers.h"

#include <math.h>
#include <string.h>

/* The limit of the inner recorder: what the other has left. 0 would be no limit. */
static size_t inner_limit(const ad_reals *r)
{
    return !r->limit ? 0 : r->limit > r->reserved ? r->limit - r->reserved : 1;
}

static bool make_inner(ad_reals *r)
{
    ad_recorder_options options = {
        .size = sizeof options, .allocator = r->allocator, .keep = r->keep & AD_KEEP_FINITE};
    if (!ad_reals_may_take(r, sizeof *r))
        return false;
    r->inner = ad_reals_new_owned(&options);
    if (!r->inner)
        ad_reals_fail(r, AD_MEMORY, "checkpoint", NULL);
    return r->inner;
}

/* The inner recorder, empty, and room for the arguments and results. */
static bool prepare(ad_reals *r, const ad_number_call *call)
{
    if (!r->inner && !make_inner(r))
        return false;
    ad_recorder_reset(r->inner);
    size_t count = (size_t)call->n + call->m;
    if (!ad_reals_grow(r, &r->handles, count, sizeof(ad_real), false))
        return false;
    ad_reals_set(ad_real_constant((double)NAN), count, r->handles.at);
    ad_reals_of(r->inner)->limit = inner_limit(r);
    return true;
}

/* The values: f of constants, so that nothing is recorded. */
static void run(ad_reals *r, const ad_number_call *call, const ad_real *x, double *y)
{
    if (!prepare(r, call))
        return;
    ad_real *in = r->handles.at, *out = in + call->n;
    for (uint32_t i = 0; i < call->n; i++)
        in[i].value = x[i].value;
    call->f(call->n, in, call->m, out, call->env);
    for (uint32_t j = 0; j < call->m; j++) {
        y[j] = out[j].value;
        if (out[j].on)
            ad_reals_fail(r, AD_FOREIGN, "checkpoint",
                          "result %u is a number of a recorder that does not come from the "
                          "arguments",
                          j);
    }
}

static bool same_bits(double a, double b)
{
    uint64_t i, j;
    memcpy(&i, &a, sizeof i);
    memcpy(&j, &b, sizeof j);
    return i == j;
}

/* f gives what it gave. */
static ad_status compare(ad_reals *r, const ad_number_call *call, const ad_real *results,
                         const double *y)
{
    ad_status status = ad_recorder_status(r->inner);
    for (uint32_t j = 0; j < call->m && status == AD_OK; j++)
        if (!same_bits(results[j].value, y[j]))
            status =
                ad_recorder_fail(r->inner, AD_CHANGED,
                                 "result %u was %.9g and now is %.9g: the function must depend "
                                 "on its arguments and unchanged data only",
                                 j, y[j], results[j].value);
    return status;
}

static void pull(ad_reals *r, const ad_number_call *call, const double *x, const double *y,
                 const double *dy, double *dx)
{
    if (!prepare(r, call))
        return;
    ad_real *in = r->handles.at, *out = in + call->n;
    if (ad_real_inputs(r->inner, call->n, x, in) == AD_OK)
        call->f(call->n, in, call->m, out, call->env);
    ad_status status = compare(r, call, out, y);
    if (status == AD_OK)
        status = ad_real_vjp(call->m, out, dy, call->n, in, dx);
    if (status != AD_OK)
        ad_reals_fail(r, status, "checkpoint", "%s", ad_recorder_error(r->inner));
}

static bool overlap(size_t n, const ad_real *x, size_t m, const ad_real *y)
{
    uintptr_t a = (uintptr_t)x, b = (uintptr_t)y;
    return a < b + m * sizeof *y && b < a + n * sizeof *x;
}

/* f as it is. It may read x after it has written y. */
static ad_status evaluate(ad_reals *r, const ad_number_call *call, size_t n, const ad_real *x,
                          size_t m, ad_real *y)
{
    const ad_allocator *allocator = r ? r->allocator : NULL;
    const bool copies = x && overlap(n, x, m, y);
    ad_real *copy = copies ? ad_memory_take(allocator, n * sizeof *x) : NULL;
    if (copy)
        memcpy(copy, x, n * sizeof *x);
    ad_reals_set(copies && !copy ? ad_reals_nan(r) : ad_real_constant((double)NAN), m, y);
    if (copies && !copy)
        return r ? ad_reals_fail(r, AD_MEMORY, "checkpoint", NULL) : AD_MEMORY;
    if (r)
        r->head.source_line = NULL;
    call->f(n, copy ? copy : x, m, y, call->env);
    ad_memory_give(allocator, copy, n * sizeof *x);
    return r ? r->error.status : AD_OK;
}

ad_status ad_real_checkpoint(ad_real_function *f, size_t n, const ad_real *x, size_t m, ad_real *y,
                             const void *env)
{
    bool good = f && (x || !n) && (y || !m);
    ad_reals *r = x ? ad_reals_of_all("checkpoint", n, x, NULL) : NULL;
    ad_number_call call = {.name = "checkpoint", .f = f, .env = env, .run = run, .pull = pull};
    if (!good)
        return ad_reals_refuse_call(r, "checkpoint", "no function or no numbers", m, y);
    return r && !ad_reals_keeps_all(r) ? ad_reals_call(r, call, n, x, m, y)
                                       : evaluate(r, &call, n, x, m, y);
}
