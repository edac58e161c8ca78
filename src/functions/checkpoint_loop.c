/* A loop as one op, whose results are the states after the last step, swept back with few of the states
 * before it in memory.
 *
 * The forward pass keeps rows (loop.h) on a stack, at the steps that the schedule chooses
 * (schedule.h). The pullback works from the last step to the first: it takes steps again from
 * the row on top of the stack, keeps some of the new rows in the place of rows that it no longer
 * needs, and sweeps over one step after another. The node saves the stack. After a pullback has
 * used it up, the next one starts from the operands. */
#include "adze/ops.h"
#include "base/memory.h"
#include "functions/loop.h"
#include "functions/schedule.h"
#include "ops/axes.h"

#include <math.h>

/* Rows of numbers, the latest on top. */
typedef struct row_stack {
    int64_t *count;
    int64_t *step; /* [kept] before which each is the state */
    char *rows;
    size_t stride;
} row_stack;

/* ---- the stack of rows -------------------------------------------------------------- */

/* The row on top of the stack; below all of them lies the row before the first step. */
static const char *top_row(const row_stack *s, const char *first, int64_t *step)
{
    *step = *s->count ? s->step[*s->count - 1] : 0;
    return *s->count ? s->rows + (size_t)(*s->count - 1) * s->stride : first;
}

/* Takes steps from the row on top to the next row that the schedule keeps. */
static bool keep(ad_loop *l, const row_stack *s, int64_t steps, int64_t room, const char *first)
{
    int64_t begin;
    const char *row = top_row(s, first, &begin);
    int64_t end = begin + ad_schedule_next(steps, room);
    char *to = s->rows + (size_t)*s->count * s->stride;
    if (!ad_loop_go(l, begin, end, row, to))
        return false;
    s->step[*s->count] = end;
    ++*s->count;
    return true;
}

/* dy: the cotangent of the last row; becomes that of the first. */
static void sweep(ad_loop *l, const row_stack *s, const ad_view *ys, char *dy)
{
    char *first = ad_loop_first_row(l), *at_hand = ad_scratch(l->work, l->stride);
    bool good = first && at_hand;
    int64_t end = l->a->steps;
    while (good && end > 0) {
        int64_t begin, room = l->a->kept - *s->count;
        const char *row = top_row(s, first, &begin);
        if (end - begin > 1 && room > 0) {
            good = keep(l, s, end - begin, room, first);
            continue;
        }
        row = ad_loop_go(l, begin, end - 1, row, at_hand);
        good = row && ad_loop_retreat(l, end - 1, row, ys, dy);
        end--;
        if (*s->count && s->step[*s->count - 1] == end)
            --*s->count;
    }
}

/* ---- rules ------------------------------------------------------------------------- */

static const char *loop_type(const ad_type *x, const void *attr, ad_type *y)
{
    const ad_loop_attr *a = attr;
    for (int k = 0; k < a->states; k++) {
        y[k] = x[0];
        if (!ad_type_is_float(x[k]) || x[k] != x[0])
            return "the states must have one float type (ad_cast converts)";
    }
    return NULL;
}

static const char *loop_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const ad_loop_attr *a = attr;
    for (int k = 0; k < a->states; k++)
        ad_shape_first(&x[k], attr, &y[k]);
    return NULL;
}

static size_t padded(size_t bytes)
{
    return ad_size_add(bytes, AD_ALIGNMENT - 1) & ~(size_t)(AD_ALIGNMENT - 1);
}

/* A stack is its count, its steps, and its rows. */
static size_t stack_head(const ad_loop_attr *a)
{
    return padded(ad_size_mul((size_t)a->kept + 1, sizeof(int64_t)));
}

static size_t stack_bytes(const ad_loop_attr *a, size_t row)
{
    return ad_size_add(stack_head(a), ad_size_mul((size_t)a->kept, padded(row)));
}

static row_stack stack_in(const ad_loop_attr *a, void *memory, size_t row)
{
    int64_t *head = memory;
    return (row_stack){head, head + 1, (char *)memory + stack_head(a), padded(row)};
}

static size_t loop_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    const ad_loop_attr *a = attr;
    return stack_bytes(a, ad_size_mul(ad_loop_count(a, x), ad_type_size(type[0])));
}

static ad_loop loop_of(ad_workspace *work, const void *attr, const ad_view *x, const ad_view *tx)
{
    ad_loop l = {.work = work, .a = attr, .x = x, .tx = tx, .type = x[0].type};
    for (int k = 0; k < l.a->states; k++)
        l.bytes += ad_view_count(&x[k]) * ad_type_size(l.type);
    l.stride = tx ? 2 * l.bytes : l.bytes;
    return l;
}

/* The states of a row into the results. */
static void write_states(const ad_loop *l, const char *row, const ad_array *to)
{
    size_t at = 0;
    for (int k = 0; row && k < l->a->states; k++) {
        size_t begin = at;
        ad_loop_part(l, row, k, &at);
        ad_call_put(to[k].data, row + begin, at - begin);
    }
}

/* Takes all steps, and keeps rows on the stack. */
static void loop_forward(const ad_forward_args *c)
{
    ad_loop l = loop_of(c->work, c->attr, c->x, NULL);
    row_stack s = stack_in(l.a, c->saved, l.bytes);
    *s.count = 0;
    char *last = ad_scratch(c->work, l.stride);
    const char *first = ad_loop_first_row(&l), *row;
    bool good = last && first && ad_loop_open(&l, NULL);
    int64_t begin = 0;
    while (good && l.a->kept > *s.count && l.a->steps - begin > 1) {
        good = keep(&l, &s, l.a->steps - begin, l.a->kept - *s.count, first);
        begin = *s.count ? s.step[*s.count - 1] : 0;
    }
    row = good ? top_row(&s, first, &begin) : NULL;
    write_states(&l, ad_loop_go(&l, begin, l.a->steps, row, last), c->ys);
    ad_loop_finish(&l);
}

/* The operands that a step watches: those with a tangent, and those that want a cotangent. */
static bool *choose(ad_workspace *work, int n, const bool *wanted, const ad_view *tx)
{
    bool *watched = ad_scratch(work, (size_t)n * sizeof *watched);
    for (int i = 0; watched && i < n; i++)
        watched[i] = (wanted && wanted[i]) || tx[i].data;
    return watched;
}

/* Adds the cotangent of the first row to the cotangents of the operands. */
static void add_states(const ad_loop *l, const char *dy)
{
    size_t at = 0;
    for (int k = 0; k < l->a->states; k++) {
        ad_view part = ad_loop_part(l, dy, k, &at);
        if (l->wanted[k])
            ad_call_add(1, part, l->dx[k]);
    }
}

static void loop_pullback(const ad_pullback_args *c)
{
    ad_loop l = loop_of(c->work, c->attr, c->x, NULL);
    row_stack s = stack_in(l.a, (void *)(uintptr_t)c->saved, l.bytes);
    l.dx = c->dx;
    l.wanted = c->wanted;
    char *dy = ad_scratch(c->work, l.stride);
    if (dy && ad_loop_open(&l, c->wanted)) {
        ad_loop_put(&l, c->dys, dy);
        sweep(&l, &s, c->ys, dy);
        if (ad_tape_status(l.tape) == AD_OK)
            add_states(&l, dy);
    }
    ad_loop_finish(&l);
}

static void loop_jvp(const ad_jvp_args *c)
{
    ad_loop l = loop_of(c->work, c->attr, c->x, c->tx);
    bool *watched = choose(c->work, c->arity, NULL, c->tx);
    char *first = ad_loop_first_row(&l);
    if (watched && first && ad_loop_open(&l, watched) &&
        ad_loop_go(&l, 0, l.a->steps, first, first))
        write_states(&l, first + l.bytes, c->tys);
    ad_loop_finish(&l);
}

static void loop_curvature(const ad_curvature_args *c)
{
    ad_loop l = loop_of(c->work, c->attr, c->x, c->tx);
    l.dx = c->tdx;
    l.wanted = c->wanted;
    bool *watched = choose(c->work, c->arity, c->wanted, c->tx);
    char *dy = ad_scratch(c->work, l.stride);
    void *memory = ad_scratch(c->work, stack_bytes(l.a, l.stride));
    if (watched && dy && memory && ad_loop_open(&l, watched)) {
        row_stack s = stack_in(l.a, memory, l.stride);
        *s.count = 0;
        ad_loop_put(&l, c->dys, dy);
        ad_call_put(dy + l.bytes, NULL, l.bytes);
        sweep(&l, &s, c->ys, dy);
        if (ad_tape_status(l.tape) == AD_OK)
            add_states(&l, dy + l.bytes);
    }
    ad_loop_finish(&l);
}

static const ad_op loop_op = {
    .size = sizeof(ad_op),
    .name = "checkpoint_loop",
    .arity = AD_VARIADIC,
    .results = AD_VARIADIC,
    .attr_size = sizeof(ad_loop_attr),
    .type = loop_type,
    .shape = loop_shape,
    .saved = loop_saved,
    .forward = loop_forward,
    .pullback = loop_pullback,
    .jvp = loop_jvp,
    .curvature = loop_curvature,
};

/* ---- the call ---------------------------------------------------------------------- */

static bool good_loop(ad_tape *t, const ad_loop_attr *a, int64_t snapshots)
{
    if (a->steps < 0 || snapshots < 0)
        ad_tape_fail(t, AD_MISUSE,
                     "checkpoint_loop: %lld steps, %lld snapshots: neither may be negative",
                     (long long)a->steps, (long long)snapshots);
    else if (a->states < 1 || a->states > a->call.n)
        ad_tape_fail(t, AD_MISUSE,
                     "checkpoint_loop: %d states of %d operands: the states are one or more of the "
                     "operands",
                     a->states, a->call.n);
    return ad_tape_status(t) == AD_OK;
}

/* The rows that it helps to keep. */
static int64_t useful_rows(const ad_loop_attr *a, int64_t snapshots, const ad_tensor *x)
{
    int64_t most = a->steps > 1 ? a->steps - 1 : 0;
    bool tracked = false;
    for (int i = 0; i < a->call.n; i++)
        tracked = tracked || ad_is_tracked(x[i]);
    return !tracked ? 0 : snapshots < most ? snapshots : most;
}

ad_tensor(ad_checkpoint_loop)(ad_step_function *step, int n, const ad_tensor *x, int states,
                              int64_t steps, int64_t snapshots, const void *env, ad_tensor *result)
{
    AD_DOOR_TRY(open, ad_tape_of(x, n), "checkpoint_loop");
    ad_tape *t = open ? ad_call_tape("checkpoint_loop", step, n, x) : NULL;
    ad_tensor few[AD_CALL_FEW], dead = x && n > 0 ? ad_dead(x[0]) : ad_number(NAN), *y = NULL;
    ad_loop_attr a = {.call = {.env = env, .n = n}, .step = step, .steps = steps, .states = states};
    if (x && t && good_loop(t, &a, snapshots)) {
        a.kept = useful_rows(&a, snapshots, x);
        y = ad_call_results(t, states, few);
    }
    if (y)
        ad_apply_results(&loop_op, n, x, &a, states, y);
    for (int k = 0; result && k < states && k < n && x; k++)
        result[k] = y ? y[k] : dead;
    return y ? y[0] : dead;
}
