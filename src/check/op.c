/* Tests all rules of one operation over random operands. A trial applies it directly, and once
 * more through a spy (spy.c) that watches how its rules use memory. */
#include "check/cases.h"
#include "check/layouts.h"
#include "check/spy.h"
#include "check/tangents.h"
#include "tape/apply.h"

#include <math.h>
#include <string.h>

/* ---- the pullback against differences --------------------------------------------------- */

static ad_status check_differences(ad_trial *c, const ad_usage *u, const char *how)
{
    ad_view x[AD_CHECK_OPERANDS];
    ad_error error = {0};
    ad_check_report found = {.size = sizeof found};
    ad_check_options o = *c->o;
    o.report = &found;
    o.seed += c->number;
    ad_status status = ad_check_gradient(ad_usage_apply, u->repeated ? 1 : u->count,
                                         ad_usage_floats(u, x), u, &o, &error);
    c->found.numbers += found.numbers;
    c->found.settled += found.settled;
    c->found.worst = fmax(c->found.worst, found.worst);
    c->lost = c->lost || status == AD_DOMAIN;
    const char *text = strstr(error.text, ": ");
    return status == AD_OK || status == AD_DOMAIN
               ? AD_OK
               : ad_trial_report(c, status, "%s%s", how, text ? text + 2 : error.text);
}

static bool repeatable(const ad_usage *u)
{
    for (int k = 1; k < u->count; k++)
        if (!ad_shape_equal(&u->x[u->floats[k]].shape, &u->x[u->floats[0]].shape))
            return false;
    return u->count > 1;
}

/* ---- trials -------------------------------------------------------------------------- */

static ad_status check_derivatives(ad_trial *c, ad_tape *t[2], const ad_usage *spied,
                                   const ad_usage *direct)
{
    ad_usage repeated = *direct;
    repeated.repeated = true;
    ad_status status = check_differences(c, direct, "");
    if (status == AD_OK && !c->o->filler && repeatable(direct))
        status = check_differences(c, &repeated, "with one tensor for all operands, ");
    if (status == AD_OK && c->op->jvp)
        status = ad_check_jvp(c, t[0], spied);
    bool second = c->op->jvp && (c->op->curvature || c->op->flags & AD_OP_LINEAR);
    return second && status == AD_OK ? ad_check_curvature(c, t[0], spied, direct) : status;
}

/* The checks that need derivatives: first with cotangents of all results, then, where there are several,
 * with a cotangent of each alone. */
static ad_status check_results(ad_trial *c, ad_tape *t[2], ad_usage *spied, ad_usage *direct)
{
    ad_status status = check_derivatives(c, t, spied, direct);
    for (int k = 0; k < c->results && c->results > 1 && status == AD_OK; k++) {
        spied->result = direct->result = k;
        if (ad_type_is_float(c->y_type[k]))
            status = check_derivatives(c, t, spied, direct);
    }
    return status;
}

static ad_status run_trial(ad_trial *c, ad_tape *t[2], const ad_spy *spy)
{
    ad_status status = ad_trial_begin(c);
    if (status != AD_OK)
        return status;
    ad_usage direct = ad_usage_of(c, c->op, c->attr), spied = ad_usage_of(c, &spy->op, &spy);
    status = ad_check_same(c, t, "beside a spy", &spied, &direct, 0);
    if (status == AD_OK)
        status = ad_check_strides(c, t, &direct);
    if (status == AD_OK && direct.count)
        status = ad_check_f32(c, t, &direct);
    if (status == AD_OK && direct.count && c->op->pullback && !(c->op->flags & AD_OP_STOPS))
        status = check_results(c, t, &spied, &direct);
    return status;
}

static ad_status run_trials(const ad_check_options *o, const ad_op *op, const void *attr,
                            ad_tape *t[2], ad_error *error)
{
    ad_spy spy;
    ad_status status = AD_OK;
    size_t trials = o->trials ? o->trials : 32;
    ad_trial c = {
        .op = op, .attr = attr, .o = o, .results = op->results ? op->results : 1, .error = error};
    ad_spy_make(&spy, op, attr);
    for (; c.number < trials && status == AD_OK; c.number++) {
        c.r = ad_random_new(o->seed, AD_STREAM_TRIALS + c.number);
        status = run_trial(&c, t, &spy);
        ad_trial_end(&c);
    }
    ad_check_tell(o, &c.found);
    if (status == AD_OK && c.lost && c.found.settled == 0)
        return ad_fail(error, AD_DOMAIN,
                       "check_op: no differences of %s settle: give a range inside its domain",
                       op->name);
    return status;
}

/* Errors that ad_apply does not find. It reports the others itself. */
static const char *unusable(const ad_op *op, const void *attr)
{
    if (!op || !op->name)
        return "there is no op, or it has no name";
    if (op->size < AD_OP_FIRST_SIZE)
        return "the op begins without .size = sizeof(ad_op)";
    if (!op->shape || (!op->forward && !op->view))
        return "the op needs a shape rule and a forward kernel or a view rule";
    if (op->attr_size && !attr)
        return "the op needs an attr";
    if (op->arity < 1 && op->arity != AD_VARIADIC)
        return "the op's arity is neither a number of operands nor AD_VARIADIC";
    if (op->results < 0)
        return "the op has any number of results: give a copy of it a number of them";
    if (op->results > AD_CHECK_RESULTS)
        return "the op has too many results";
    return op->arity > AD_CHECK_OPERANDS ? "the op has too many operands" : NULL;
}

ad_status ad_check_op(const ad_op *op, const void *attr, const ad_check_options *options,
                      ad_error *error)
{
    ad_error own = {0};
    ad_check_options o;
    const char *wrong = unusable(op, attr);
    if (wrong)
        return ad_fail(error, AD_MISUSE, "check_op: %s", wrong);
    if (ad_check_read("check_op", options, &o, error) != AD_OK)
        return AD_MISUSE;
    ad_tape *t[] = {ad_tape_new(o.tape), ad_tape_new(o.tape)};
    if (t[0] && t[1])
        run_trials(&o, op, attr, t, &own);
    else
        ad_fail(&own, AD_MEMORY, "check_op: memory ran out");
    ad_tape_free(t[0]);
    ad_tape_free(t[1]);
    return own.status == AD_OK ? AD_OK : ad_fail(error, own.status, "%s", own.text);
}
