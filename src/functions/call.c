/* Common parts of nodes that stand for functions of tensors.
 *
 * A function is evaluated before its node is recorded, because only this tells the result's type
 * and shape. The rules of recording then only read the value, which stays on the inner tape until
 * it is used again. */
#include "functions/call.h"

#include "adze/ops.h"
#include "ops/axes.h"
#include "tape/evaluation.h"

#include <string.h>

/* ---- operands ---------------------------------------------------------------------- */

static bool good_operand(ad_tape *t, const char *name, int i, ad_tensor x)
{
    if (!x.tape)
        ad_tape_fail(t, AD_MISUSE, "%s: operand %d is a number, not a tensor (see ad_constant)",
                     name, i);
    else if (x.tape != t)
        ad_tape_fail(t, AD_FOREIGN, "%s: operand %d belongs to another tape", name, i);
    else if (ad_shape_of(x).rank < 0)
        ad_tape_fail(t, AD_STALE, "%s: operand %d is gone: a reset or rewind ended it", name, i);
    return ad_tape_status(t) == AD_OK;
}

ad_tape *ad_call_tape(const char *name, bool complete, int n, const ad_tensor *x)
{
    ad_tape *t = ad_tape_of(x, n);
    if (!t)
        return NULL;
    if (!complete)
        ad_tape_fail(t, AD_MISUSE, "%s: an argument is NULL", name);
    for (int i = 0; i < n; i++)
        if (!good_operand(t, name, i, x[i]))
            return NULL;
    return t;
}

ad_tensor *ad_call_leaves(ad_workspace *work, ad_tape *t, int n, const ad_view *x,
                          const bool *watched)
{
    ad_tensor *leaves = ad_scratch(work, (size_t)n * sizeof *leaves);
    for (int i = 0; leaves && i < n; i++)
        leaves[i] = watched[i] ? ad_watch(t, x[i]) : ad_freeze(t, x[i]);
    return ad_tape_status(t) == AD_OK ? leaves : NULL;
}

bool ad_call_spared(ad_tape *t, int n, const ad_tensor *leaves)
{
    for (int i = 0; i < n; i++)
        if (ad_shape_of(leaves[i]).rank < 0)
            ad_tape_fail(t, AD_STALE, "the function has reset its tape, and with it its operands");
    return ad_tape_status(t) == AD_OK;
}

/* ---- evaluation -------------------------------------------------------------------- */

ad_tensor ad_call_evaluate(ad_tape *t, const ad_call *call, const ad_tensor *leaves)
{
    AD_DOOR(t, "a function", ad_tape_dead(t));
    ad_lines lines = ad_lines_begin(t);
    ad_tensor y = call->f(t, leaves, call->env);
    ad_lines_end(t, lines);
    ad_result_lives(t, NULL, "the function's result", y);
    ad_call_spared(t, call->n, leaves);
    return y;
}

void ad_call_finish(ad_workspace *work, const ad_tape *inner)
{
    ad_status status = ad_tape_status(inner);
    if (status != AD_OK)
        ad_reject(work, status, "%s", ad_tape_error(inner));
}

void ad_call_put(void *to, const void *from, size_t bytes)
{
    if (bytes && from)
        memmove(to, from, bytes);
    else if (bytes)
        memset(to, 0, bytes);
}

void ad_call_add(double alpha, ad_view from, ad_array to)
{
    ad_array x = {.data = (void *)(uintptr_t)from.data, .type = from.type, .shape = from.shape};
    ad_model_axpy(&ad_array_tree, alpha, &x, &to, NULL);
}

static bool same_numbers(const ad_view *a, const ad_view *b)
{
    size_t i = 0, n = ad_view_count(a);
    if (a->type != b->type || !ad_shape_equal(&a->shape, &b->shape))
        return false;
    if (n == 0 || (ad_view_is_contiguous(a) && ad_view_is_contiguous(b)))
        return n == 0 || memcmp(a->data, b->data, n * ad_type_size(a->type)) == 0;
    while (i < n) {
        double x = ad_view_get(a, i), y = ad_view_get(b, i++);
        if (x != y && x == x)
            return false;
    }
    return true;
}

bool ad_call_compare(ad_tape *t, const ad_view *value, const ad_view *before)
{
    if (ad_tape_status(t) == AD_OK && !same_numbers(value, before))
        ad_tape_fail(t, AD_CHANGED,
                     "the function gave other numbers when it was evaluated again: it must depend "
                     "on its operands and unchanged numbers only");
    return ad_tape_status(t) == AD_OK;
}

/* ---- recording --------------------------------------------------------------------- */

static ad_view value_of(ad_tape *t, const ad_call *call, const ad_tensor *x, ad_tensor *leaves)
{
    for (int i = 0; i < call->n; i++)
        leaves[i] = ad_freeze(t, ad_read(x[i]));
    if (ad_tape_status(t) != AD_OK)
        return (ad_view){.data = NULL};
    return ad_read(ad_call_evaluate(t, call, leaves));
}

ad_tensor ad_call_record(const ad_op *op, ad_call *call, const ad_tensor *x)
{
    ad_tape *t = x->tape;
    ad_tensor *leaves = ad_tape_memory(t, (size_t)call->n * sizeof *leaves);
    ad_tape *inner = leaves ? ad_inner_begin(t, op->name) : NULL;
    if (inner) {
        ad_view value = value_of(inner, call, x, leaves);
        call->value = &value;
        if (ad_inner_end(t) == AD_OK)
            return ad_apply_n(op, call->n, x, call);
    }
    return ad_dead(x[0]);
}

ad_tensor *ad_call_results(ad_tape *t, int count, ad_tensor *few)
{
    return count <= AD_CALL_FEW ? few : ad_tape_memory(t, (size_t)count * sizeof *few);
}

const char *ad_call_type(const ad_type *x, const void *attr, ad_type *y)
{
    (void)x;
    *y = ((const ad_call *)attr)->value->type;
    return NULL;
}

const char *ad_call_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)x;
    *y = ((const ad_call *)attr)->value->shape;
    return NULL;
}

void ad_call_forward(const ad_forward_args *c)
{
    ad_array y = c->y;
    ad_array_write(&y, *((const ad_call *)c->attr)->value, NULL);
}
