/* The steps of a loop, one at a time. */
#include "functions/loop.h"

#include "adze/ops.h"
#include "base/memory.h"
#include "ops/axes.h"
#include "tape/evaluation.h"

#include <math.h>
#include <stdio.h>

/* ---- rows -------------------------------------------------------------------------- */

size_t ad_loop_count(const ad_loop_attr *a, const ad_shape *x)
{
    size_t total = 0, count = 0;
    for (int k = 0; k < a->states; k++) {
        ad_shape_count(&x[k], &count);
        total = ad_size_add(total, count);
    }
    return total;
}

ad_view ad_loop_part(const ad_loop *l, const char *row, int k, size_t *at)
{
    ad_view v = ad_view_of(l->type, row + *at, l->x[k].shape);
    *at += ad_view_count(&v) * ad_type_size(l->type);
    return v;
}

void ad_loop_put(const ad_loop *l, const ad_view *states, char *row)
{
    size_t at = 0;
    for (int k = 0; k < l->a->states; k++) {
        size_t begin = at;
        ad_loop_part(l, row, k, &at);
        ad_call_put(row + begin, states[k].data, at - begin);
    }
}

char *ad_loop_first_row(const ad_loop *l)
{
    char *row = ad_scratch(l->work, l->stride);
    if (!row)
        return NULL;
    ad_loop_put(l, l->x, row);
    if (l->tx)
        ad_loop_put(l, l->tx, row + l->bytes);
    return row;
}

/* ---- a step on the inner tape ------------------------------------------------------ */

bool ad_loop_open(ad_loop *l, const bool *watched)
{
    const ad_loop_attr *a = l->a;
    size_t n = (size_t)a->call.n, s = (size_t)a->states;
    ad_tape *t = l->tape = ad_inner_tape(l->work);
    ad_tensor *room = ad_scratch(l->work, 2 * (n + s) * sizeof *room); /* no step can end it */
    if (!t || !room)
        return false;
    l->frozen = room;
    l->watched = room + n;
    l->next = room + 2 * n;
    l->state = l->next + s;
    for (int i = a->states; i < a->call.n; i++) {
        l->frozen[i] = l->watched[i] = ad_freeze(t, l->x[i]);
        if (watched && watched[i])
            l->watched[i] = ad_watch(t, l->x[i]);
        if (l->tx && l->tx[i].data)
            ad_set_tangent(l->watched[i], l->tx[i]);
    }
    l->start = ad_tape_mark(t);
    return ad_tape_status(t) == AD_OK;
}

/* The name is made for the error alone: steps may be short. */
static bool state_lives(const ad_loop *l, int k, ad_tensor y)
{
    char name[24];
    if (y.tape == l->tape && ad_tape_node(y))
        return true;
    snprintf(name, sizeof name, "state %d", k);
    return ad_result_lives(l->tape, NULL, name, y);
}

static bool good_next(const ad_loop *l, int k)
{
    char given[64], wanted[64];
    ad_tensor y = l->next[k];
    ad_view v = ad_read(y);
    if (!y.tape)
        ad_tape_fail(l->tape, AD_MISUSE, "the function does not set state %d", k);
    else if (!state_lives(l, k, y))
        return false;
    else if (v.type != l->type)
        ad_tape_fail(l->tape, AD_BAD_TYPE, "state %d is %s and must not become %s", k,
                     ad_type_text(l->type), ad_type_text(v.type));
    else if (!ad_shape_equal(&v.shape, &l->x[k].shape))
        ad_tape_fail(l->tape, AD_BAD_SHAPE, "state %d has shape %s and must not get %s", k,
                     ad_shape_print(&l->x[k].shape, wanted, sizeof wanted),
                     ad_shape_print(&v.shape, given, sizeof given));
    return ad_tape_status(l->tape) == AD_OK;
}

/* Takes step i from a row, to l->next. False with an error. */
static bool evaluate(ad_loop *l, int64_t i, const char *row, bool watch)
{
    const ad_loop_attr *a = l->a;
    ad_tensor *operands = watch ? l->watched : l->frozen;
    size_t at = 0;
    int good = 0;
    AD_DOOR(l->tape, "a step", false);
    l->at = i;
    ad_tape_rewind(l->start);
    for (int k = 0; k < a->states; k++) {
        ad_view v = ad_loop_part(l, row, k, &at);
        l->state[k] = watch ? ad_watch(l->tape, v) : ad_freeze(l->tape, v);
        l->next[k] = ad_number(NAN);
    }
    ad_lines of_caller = ad_lines_begin(l->tape);
    if (ad_tape_status(l->tape) == AD_OK)
        a->step(l->tape, i, l->state, operands + a->states, a->call.env, l->next);
    ad_lines_end(l->tape, of_caller);
    if (!ad_call_spared(l->tape, a->states, l->state)) /* which come last */
        return false;
    while (good < a->states && good_next(l, good))
        good++;
    return good == a->states;
}

/* The next states as one value, row by row. They may be views of the row that they come from. A
 * single state is one only if it is the same. */
static ad_tensor join_next(ad_loop *l)
{
    ad_view v = ad_read(l->next[0]);
    if (l->a->states == 1 && ad_view_is_contiguous(&v))
        return l->next[0];
    for (int k = 0; k < l->a->states; k++)
        l->next[k] = ad_flatten(l->next[k], 0, -1);
    return ad_concat(l->a->states, l->next, 0);
}

static bool push(ad_loop *l, const char *row, ad_tensor y)
{
    size_t at = 0;
    for (int k = 0; k < l->a->states; k++)
        ad_set_tangent(l->state[k], ad_loop_part(l, row + l->bytes, k, &at));
    return ad_push_tangents(y) == AD_OK;
}

/* The row after step i. `to` may be `from`. */
static bool advance(ad_loop *l, int64_t i, const char *from, char *to)
{
    if (!evaluate(l, i, from, l->tx))
        return false;
    ad_tensor y = join_next(l);
    if (ad_tape_status(l->tape) != AD_OK || (l->tx && !push(l, from, y)))
        return false;
    ad_call_put(to, ad_read(y).data, l->bytes);
    if (l->tx)
        ad_call_put(to + l->bytes, ad_tangent(y).data, l->bytes);
    return true;
}

const char *ad_loop_go(ad_loop *l, int64_t i, int64_t end, const char *row, char *to)
{
    for (; row && i < end; i++)
        row = advance(l, i, row, to) ? to : NULL;
    return row;
}

/* ---- sweeping ---------------------------------------------------------------------- */

/* The last step must give the same numbers as when the node was recorded. */
static bool as_before(const ad_loop *l, ad_tensor next, const ad_view *ys)
{
    size_t at = 0;
    bool same = true;
    for (int k = 0; same && k < l->a->states && l->at + 1 == l->a->steps; k++) {
        ad_view now = ad_loop_part(l, ad_read(next).data, k, &at);
        same = ad_call_compare(l->tape, &now, &ys[k]);
    }
    return same && ad_tape_status(l->tape) == AD_OK;
}

static bool sweep(ad_loop *l, const char *row, ad_tensor next, const char *dy)
{
    ad_shape shape = ad_shape_of(next);
    ad_view seed = ad_view_of(l->type, dy, shape),
            tangent = ad_view_of(l->type, dy + l->bytes, shape);
    if (!l->tx)
        return ad_backward_from(next, seed) == AD_OK;
    return push(l, row, next) && ad_backward_tangents_from(next, seed, tangent) == AD_OK;
}

bool ad_loop_retreat(ad_loop *l, int64_t i, const char *row, const ad_view *ys, char *dy)
{
    const ad_loop_attr *a = l->a;
    size_t at = 0;
    if (!evaluate(l, i, row, true))
        return false;
    ad_tensor next = join_next(l);
    if (ad_tape_status(l->tape) != AD_OK || !as_before(l, next, ys) || !sweep(l, row, next, dy))
        return false;
    for (int k = 0; k < a->states; k++) {
        size_t begin = at;
        ad_loop_part(l, dy, k, &at);
        ad_call_put(dy + begin, ad_grad(l->state[k]).data, at - begin);
        if (l->tx)
            ad_call_put(dy + l->bytes + begin, ad_grad_tangent(l->state[k]).data, at - begin);
    }
    for (int k = a->states; k < a->call.n; k++)
        if (l->wanted[k])
            ad_call_add(1, (l->tx ? ad_grad_tangent : ad_grad)(l->watched[k]), l->dx[k]);
    return true;
}

void ad_loop_finish(const ad_loop *l)
{
    if (l->tape && ad_tape_status(l->tape) != AD_OK)
        ad_reject(l->work, ad_tape_status(l->tape), "step %lld: %s", (long long)l->at,
                  ad_tape_error(l->tape));
}
