/* An operation with a trial's operands. */
#include "check/trial.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- the operation as a function of its float operands --------------------------------- */

ad_tensor ad_usage_apply(ad_tape *t, const ad_tensor *x, const void *env)
{
    const ad_usage *u = env;
    ad_tensor operand[AD_CHECK_OPERANDS];
    for (int i = 0; i < u->n; i++)
        if (!ad_type_is_float(u->x[i].type))
            operand[i] = ad_freeze(t, u->x[i]);
    for (int k = 0; k < u->count; k++)
        operand[u->floats[k]] = x[u->repeated ? 0 : k];
    return ad_apply_n(u->op, u->n, operand, u->attr);
}

ad_usage ad_usage_of(const ad_trial *c, const ad_op *op, const void *attr)
{
    ad_usage u = {.op = op, .attr = attr, .n = c->x.n};
    for (int i = 0; i < u.n; i++) {
        u.x[i] = ad_array_view(c->numbers[i]);
        if (ad_type_is_float(u.x[i].type))
            u.floats[u.count++] = i;
    }
    return u;
}

const ad_view *ad_usage_floats(const ad_usage *u, ad_view *x)
{
    for (int k = 0; k < u->count; k++)
        x[k] = u->x[u->floats[k]];
    return x;
}

/* ---- messages ------------------------------------------------------------------------ */

/* "check_op: mul([2, 3], [3]) -> [2, 3]: " and what is wrong. */
ad_status ad_trial_report(const ad_trial *c, ad_status status, const char *format, ...)
{
    char call[300], text[400];
    ad_event e = {.op = c->op->name, .arity = c->x.n, .operands = c->x.shape, .result = &c->y};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return ad_fail(c->error, status, "check_op: %s: %s", ad_event_print(&e, call, sizeof call),
                   text);
}

ad_status ad_trial_report_tape(const ad_trial *c, const ad_tape *t)
{
    return ad_tape_status(t) == AD_OK
               ? AD_OK
               : ad_trial_report(c, ad_tape_status(t), "%s", ad_tape_error(t));
}
