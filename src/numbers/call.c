/* Calls: operations whose derivative is computed late, by the sweep. */
#include "numbers/numbers.h"

#include "base/sized.h"

#include <math.h>

/* ---- in sweeps ---------------------------------------------------------------------- */

/* Room for the m cotangents and the n derivatives of a call. */
static double *room_for(ad_reals *r, const ad_number_call *call)
{
    size_t bytes = ((size_t)call->m + call->n) * sizeof(double);
    return ad_reals_grow(r, &r->scratch, bytes, 1, false) ? r->scratch.at : NULL;
}

/* dx, or NULL with an error. */
static const double *pull(ad_reals *r, const ad_number_call *call, const double *values,
                          const double *dy, double *dx)
{
    const double *y = (const double *)r->call_values.at + call->values;
    memset(dx, 0, call->n * sizeof *dx);
    ad_reals_begin_busy(r);
    call->pull(r, call, values, y, dy, dx);
    ad_reals_end_busy(r);
    return r->error.status == AD_OK ? dx : NULL;
}

bool ad_call_pull(ad_reals *r, const ad_number_call *call, const double *values,
                  const uint32_t *places, double *adjoint, size_t stride)
{
    double *dy = room_for(r, call);
    bool any = false;
    if (!dy)
        return false;
    for (size_t j = 0; j < call->m; j++) {
        dy[j] = adjoint[(call->first + j) * stride];
        any = any || dy[j] != 0;
    }
    const double *dx = any ? pull(r, call, values, dy, dy + call->m) : NULL;
    for (size_t i = 0; dx && i < call->n; i++)
        if (places[i] != UINT32_MAX)
            adjoint[places[i] * stride] += dx[i];
    return dx || !any;
}

const double *ad_call_row(ad_reals *r, const ad_number_call *call, uint32_t j, const double *values)
{
    double *dy = room_for(r, call);
    if (!dy)
        return NULL;
    memset(dy, 0, call->m * sizeof *dy);
    dy[j] = 1;
    return pull(r, call, values, dy, dy + call->m);
}

/* ---- recording ---------------------------------------------------------------------- */

/* Records a call, whose results are in place at call_values.count. */
static void record_call(ad_reals *r, ad_number_call call, const ad_real *x, ad_real *y)
{
    const double *values = (const double *)r->call_values.at + r->call_values.count;
    if (!ad_reals_grow(r, &r->calls, r->calls.count + 1, sizeof call, true))
        return;
    call.first = ad_reals_index(r);
    call.values = r->call_values.count;
    ad_real first = ad_reals_begin_call(r, call.name, values[0], call.n, x);
    for (uint32_t j = 1; r->error.status == AD_OK && j < call.m; j++)
        ad_reals_leaf(r, call.name, values[j]);
    if (r->error.status != AD_OK)
        return;
    ((ad_number_call *)r->calls.at)[r->calls.count++] = call;
    r->call_values.count += call.m;
    for (uint32_t j = 0; j < call.m; j++)
        y[j] = (ad_real){&r->head, values[j], first.place + j};
}

static void expect_finite(ad_reals *r, const ad_number_call *call, const double *y)
{
    for (uint32_t j = 0; j < call->m; j++)
        if (!isfinite(y[j]))
            ad_reals_fail(r, AD_NOT_FINITE, call->name, "result %u is %g", j, y[j]);
}

/* Computes the results, at call_values.count. */
static bool run(ad_reals *r, const ad_number_call *call, const ad_real *x)
{
    size_t count = r->call_values.count;
    if (!ad_reals_grow(r, &r->scratch, call->n * sizeof(double), 1, false) ||
        !ad_reals_grow(r, &r->call_values, ad_size_add(count, call->m), sizeof(double), true))
        return false;
    double *y = (double *)r->call_values.at + count;
    for (uint32_t j = 0; j < call->m; j++)
        y[j] = (double)NAN;
    ad_reals_begin_busy(r);
    call->run(r, call, x, y);
    ad_reals_end_busy(r);
    if (r->keep & AD_KEEP_FINITE)
        expect_finite(r, call, y);
    return r->error.status == AD_OK;
}

ad_status ad_reals_refuse_call(ad_reals *r, const char *name, const char *reason, size_t m,
                               ad_real *y)
{
    ad_reals_set(ad_reals_nan(r), m, y);
    return r ? ad_reals_fail(r, AD_MISUSE, name, "%s", reason) : AD_MISUSE;
}

ad_status ad_reals_call(ad_reals *r, ad_number_call call, size_t n, const ad_real *x, size_t m,
                        ad_real *y)
{
    if (r->error.status == AD_OK && r->keep & AD_KEEP_OPERATIONS)
        ad_reals_fail(r, AD_NO_DERIVATIVE, call.name,
                      "a program cannot repeat an operation of your own");
    if (r->error.status == AD_OK && (n > UINT32_MAX / 2 || m > UINT32_MAX / 2))
        ad_reals_fail(r, AD_TOO_LARGE, call.name, "%zu arguments, %zu results", n, m);
    call.n = (uint32_t)n;
    call.m = (uint32_t)m;
    if (r->error.status == AD_OK && m > 0 && run(r, &call, x))
        record_call(r, call, x, y);
    if (r->error.status != AD_OK)
        ad_reals_set(ad_reals_nan(r), m, y);
    r->head.source_line = NULL;
    return r->error.status;
}

/* ---- operations of users ------------------------------------------------------------ */

static void run_op(ad_reals *r, const ad_number_call *call, const ad_real *x, double *y)
{
    double *in = r->scratch.at;
    for (uint32_t i = 0; i < call->n; i++)
        in[i] = x[i].value;
    call->op->forward(call->n, in, call->m, y, call->env);
}

static void pull_op(ad_reals *r, const ad_number_call *call, const double *x, const double *y,
                    const double *dy, double *dx)
{
    if (!call->op->pullback(call->n, x, call->m, y, dy, dx, call->env))
        ad_reals_fail(r, AD_FAILED, call->name, "the pullback reported failure");
}

/* Of constants alone. */
static ad_status apply_to_constants(const ad_real_op *op, size_t n, const ad_real *x, size_t m,
                                    ad_real *y, const void *env)
{
    size_t bytes = ad_size_mul(ad_size_add(n, m), sizeof(double));
    double *in = ad_memory_take(NULL, bytes);
    if (!in) {
        ad_reals_set(ad_reals_lost(), m, y);
        return AD_MEMORY;
    }
    for (size_t i = 0; i < n; i++)
        in[i] = x[i].value;
    op->forward(n, in, m, in + n, env);
    for (size_t j = 0; j < m; j++)
        y[j] = ad_real_constant(in[n + j]);
    ad_memory_give(NULL, in, bytes);
    return AD_OK;
}

static bool is_complete(const ad_real_op *op)
{
    ad_real_op known = {.name = NULL};
    return op && ad_sized_read(&known, sizeof known, op, AD_END_OF(ad_real_op, pullback)) &&
           op->name && op->forward && op->pullback;
}

ad_status ad_real_apply(const ad_real_op *op, size_t n, const ad_real *x, size_t m, ad_real *y,
                        const void *env)
{
    bool good = is_complete(op) && (x || !n) && (y || !m);
    const char *name = good ? op->name : "apply";
    ad_reals *r = x ? ad_reals_of_all(name, n, x, NULL) : NULL;
    ad_number_call call = {.name = name, .op = op, .env = env, .run = run_op, .pull = pull_op};
    if (!good)
        return ad_reals_refuse_call(
            r, name, "no op, no size of it, a rule of it is missing, or no numbers", m, y);
    return r ? ad_reals_call(r, call, n, x, m, y) : apply_to_constants(op, n, x, m, y, env);
}
