/* A loop as one node, swept back with few of its states in memory.
 *
 * The states of a step lie in one row of numbers, so that a step is a function of a row and the other
 * operands with a row as its value. Each step is evaluated on the inner tape by itself. The forward pass
 * keeps rows on a shelf where the schedule (schedule.h) wants them; the pullback goes back from
 * the last: it takes steps again from the row on top, keeps some of those in the place of rows that it
 * needs no more, and sweeps one step after another. The shelf is what the node saves. Where a pullback
 * has used it up, the next one starts from the operands.
 *
 * With tangents a row is twice as long, (state, tangent), and a cotangent (dy, its derivative along the
 * tangents). */
#include "adze/ops.h"
#include "core/memory.h"
#include "operators/call.h"
#include "operators/schedule.h"
#include "ops/axes.h"

#include <math.h>
#include <string.h>

typedef struct loop_attr {
    ad_call call; /* its f is not used */
    ad_step_function *step;
    int64_t steps;
    int64_t kept; /* rows on the shelf, at most */
    int states;   /* the first of the operands */
} loop_attr;

/* Rows of numbers, the latest on top. */
typedef struct shelf {
    int64_t *count;
    int64_t *step; /* [kept] before which each is the state */
    char *rows;
    size_t stride;
} shelf;

/* A loop in one of the node's rules. */
typedef struct loop {
    ad_workspace *work;
    const loop_attr *a;
    const ad_view *x, *tx; /* [n]; tx is NULL without tangents */
    ad_tape *tape;
    ad_mark start; /* behind the leaves of the operands that are the same in all steps */
    ad_tensor *frozen, *watched; /* [n] */
    ad_tensor *next;             /* [states] */
    ad_tensor *state;            /* [states] leaves of the step at hand */
    int64_t at;                  /* the step at hand */
    ad_type type;
    size_t bytes;  /* of the states */
    size_t stride; /* of a row */
} loop;

/* ---- rows -------------------------------------------------------------------------- */

static size_t padded(size_t bytes)
{
    return ad_size_add(bytes, AD_ALIGNMENT - 1) & ~(size_t)(AD_ALIGNMENT - 1);
}

static size_t count_states(const loop_attr *a, const ad_shape *x)
{
    size_t total = 0, count = 0;
    for (int k = 0; k < a->states; k++) {
        ad_shape_count(&x[k], &count);
        total = ad_size_add(total, count);
    }
    return total;
}

/* State k in a row, which follows *at bytes; moves on to the next. */
static ad_view part_of(const loop *l, const char *row, int k, size_t *at)
{
    ad_view v = ad_view_of(l->type, row + *at, l->x[k].shape);
    *at += ad_view_count(&v) * ad_type_size(l->type);
    return v;
}

/* Copies numbers that lie row by row, or zeros where there are none. */
static void put(char *to, const void *from, size_t bytes)
{
    if (bytes && from)
        memcpy(to, from, bytes);
    else if (bytes)
        memset(to, 0, bytes);
}

static void put_operands(const loop *l, const ad_view *x, char *row)
{
    size_t at = 0;
    for (int k = 0; k < l->a->states; k++) {
        size_t begin = at;
        part_of(l, row, k, &at);
        put(row + begin, x[k].data, at - begin);
    }
}

/* The row before the first step, in scratch memory. */
static char *first_row(const loop *l)
{
    char *row = ad_scratch(l->work, l->stride);
    if (!row)
        return NULL;
    put_operands(l, l->x, row);
    if (l->tx)
        put_operands(l, l->tx, row + l->bytes);
    return row;
}

/* ---- a step on the inner tape ------------------------------------------------------ */

/* wanted[i]: whether operand i is watched where a step is swept. */
static bool open_loop(loop *l, const bool *wanted)
{
    const loop_attr *a = l->a;
    size_t n = (size_t)a->call.n, s = (size_t)a->states;
    ad_tape *t = l->tape = ad_inner_tape(l->work);
    ad_tensor *room = ad_tape_memory(t, 2 * (n + s) * sizeof *room);
    if (!room)
        return false;
    l->frozen = room;
    l->watched = room + n;
    l->next = room + 2 * n;
    l->state = l->next + s;
    for (int i = a->states; i < a->call.n; i++) {
        l->frozen[i] = l->watched[i] = ad_freeze(t, l->x[i]);
        if (wanted && wanted[i])
            l->watched[i] = ad_watch(t, l->x[i]);
        if (l->tx && l->tx[i].data)
            ad_set_tangent(l->watched[i], l->tx[i]);
    }
    l->start = ad_tape_mark(t);
    return ad_tape_status(t) == AD_OK;
}

static bool good_next(const loop *l, int k)
{
    char given[64], wanted[64];
    ad_tensor y = l->next[k];
    ad_view v = ad_read(y);
    if (!y.tape)
        ad_tape_fail(l->tape, AD_MISUSE, "the function gives no state %d", k);
    else if (y.tape != l->tape)
        ad_tape_fail(l->tape, AD_FOREIGN, "state %d is not on the function's tape", k);
    else if (ad_shape_of_tensor(y).rank < 0)
        ad_tape_fail(l->tape, AD_STALE, "state %d is gone: a reset or rewind ended it", k);
    else if (v.type != l->type)
        ad_tape_fail(l->tape, AD_BAD_TYPE, "state %d was %s and becomes %s", k,
                     ad_type_text(l->type), ad_type_text(v.type));
    else if (!ad_shape_equal(&v.shape, &l->x[k].shape))
        ad_tape_fail(l->tape, AD_BAD_SHAPE, "state %d had shape %s and gets %s", k,
                     ad_shape_print(&l->x[k].shape, wanted, sizeof wanted),
                     ad_shape_print(&v.shape, given, sizeof given));
    return ad_tape_status(l->tape) == AD_OK;
}

/* Takes step i from a row. The next states follow one another in the result; dead with an error. */
static ad_tensor evaluate(loop *l, int64_t i, const char *row, bool watch)
{
    const loop_attr *a = l->a;
    ad_tensor *operands = watch ? l->watched : l->frozen;
    size_t at = 0;
    l->at = i;
    ad_tape_rewind(l->start);
    for (int k = 0; k < a->states; k++) {
        ad_view v = part_of(l, row, k, &at);
        l->state[k] = watch ? ad_watch(l->tape, v) : ad_freeze(l->tape, v);
        l->next[k] = ad_number(NAN);
    }
    if (ad_tape_status(l->tape) == AD_OK)
        a->step(l->tape, i, l->state, operands + a->states, a->call.env, l->next);
    for (int k = 0; k < a->states && good_next(l, k); k++)
        l->next[k] = ad_flatten(l->next[k], 0, -1);
    if (ad_tape_status(l->tape) != AD_OK)
        return ad_dead_like(l->state[0]);
    return ad_concat(l->next, a->states, 0);
}

static bool push(loop *l, const char *row, ad_tensor y)
{
    size_t at = 0;
    for (int k = 0; k < l->a->states; k++)
        ad_set_tangent(l->state[k], part_of(l, row + l->bytes, k, &at));
    return ad_push_tangents(y) == AD_OK;
}

/* The row after step i. `to` may be `from`. */
static bool advance(loop *l, int64_t i, const char *from, char *to)
{
    ad_tensor y = evaluate(l, i, from, l->tx);
    if (ad_tape_status(l->tape) != AD_OK || (l->tx && !push(l, from, y)))
        return false;
    put(to, ad_read(y).data, l->bytes);
    if (l->tx)
        put(to + l->bytes, ad_tangent(y).data, l->bytes);
    return true;
}

/* ---- sweeping ---------------------------------------------------------------------- */

/* Carries a cotangent back over step i, and adds to those of the other operands. */
static bool retreat(loop *l, int64_t i, const char *row, const ad_view *y, char *dy,
                    const ad_array *dx)
{
    const loop_attr *a = l->a;
    size_t at = 0;
    ad_tensor next = evaluate(l, i, row, true);
    ad_view value = ad_read(next);
    if (!ad_call_compare(l->tape, &value, i + 1 == a->steps ? y : &value))
        return false;
    ad_view seed = ad_view_of(l->type, dy, ad_shape_of_tensor(next));
    ad_view tangent = ad_view_of(l->type, dy + l->bytes, ad_shape_of_tensor(next));
    if (!l->tx)
        ad_backward_from(next, seed);
    else if (push(l, row, next))
        ad_backward_tangents_from(next, seed, tangent);
    if (ad_tape_status(l->tape) != AD_OK)
        return false;
    for (int k = 0; k < a->states; k++) {
        size_t begin = at;
        part_of(l, dy, k, &at);
        put(dy + begin, ad_grad(l->state[k]).data, at - begin);
        if (l->tx)
            put(dy + l->bytes + begin, ad_grad_tangent(l->state[k]).data, at - begin);
    }
    for (int k = a->states; k < a->call.n; k++)
        if (dx[k].data)
            ad_call_add(1, (l->tx ? ad_grad_tangent : ad_grad)(l->watched[k]), dx[k]);
    return true;
}

/* Where the row on top of the shelf is kept; that before the first step is under it. */
static const char *top_row(const shelf *s, const char *first, int64_t *step)
{
    *step = *s->count ? s->step[*s->count - 1] : 0;
    return *s->count ? s->rows + (size_t)(*s->count - 1) * s->stride : first;
}

/* From a row before step i to that before `end`. NULL with an error. */
static const char *go_to(loop *l, int64_t i, int64_t end, const char *row, char *to)
{
    for (; row && i < end; i++)
        row = advance(l, i, row, to) ? to : NULL;
    return row;
}

static bool keep(loop *l, const shelf *s, int64_t steps, int64_t room, const char *first)
{
    int64_t begin;
    const char *row = top_row(s, first, &begin);
    int64_t end = begin + ad_schedule_next(steps, room);
    char *to = s->rows + (size_t)*s->count * s->stride;
    if (!go_to(l, begin, end, row, to))
        return false;
    s->step[*s->count] = end;
    ++*s->count;
    return true;
}

/* dy: the cotangent of the last row; becomes that of the first. */
static void sweep(loop *l, const shelf *s, const ad_view *y, char *dy, const ad_array *dx)
{
    char *first = first_row(l), *at_hand = ad_scratch(l->work, l->stride);
    bool good = first && at_hand;
    int64_t end = l->a->steps;
    while (good && end > 0) {
        int64_t begin, room = l->a->kept - *s->count;
        const char *row = top_row(s, first, &begin);
        if (end - begin > 1 && room > 0) {
            good = keep(l, s, end - begin, room, first);
            continue;
        }
        row = go_to(l, begin, end - 1, row, at_hand);
        good = row && retreat(l, end - 1, row, y, dy, dx);
        end--;
        if (*s->count && s->step[*s->count - 1] == end)
            --*s->count;
    }
}

/* ---- rules ------------------------------------------------------------------------- */

static const char *loop_type(const ad_type *x, const void *attr, ad_type *y)
{
    const loop_attr *a = attr;
    *y = x[0];
    for (int k = 0; k < a->states; k++)
        if (!ad_type_is_float(x[k]) || x[k] != x[0])
            return "the states must have one float type (ad_cast converts)";
    return NULL;
}

static const char *loop_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    size_t total = count_states(attr, x);
    *y = AD_SHAPE(total > INT64_MAX ? INT64_MAX : (int64_t)total);
    return NULL;
}

/* A shelf is its count, its steps, and its rows. */
static size_t shelf_head(const loop_attr *a)
{
    return padded(ad_size_mul((size_t)a->kept + 1, sizeof(int64_t)));
}

static size_t shelf_bytes(const loop_attr *a, size_t row)
{
    return ad_size_add(shelf_head(a), ad_size_mul((size_t)a->kept, padded(row)));
}

static shelf shelf_in(const loop_attr *a, void *memory, size_t row)
{
    int64_t *head = memory;
    return (shelf){head, head + 1, (char *)memory + shelf_head(a), padded(row)};
}

static size_t loop_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    const loop_attr *a = attr;
    return shelf_bytes(a, ad_size_mul(count_states(a, x), ad_type_size(type[0])));
}

static loop loop_of(ad_workspace *work, const void *attr, const ad_view *x, const ad_view *tx,
                    const ad_view *y)
{
    loop l = {.work = work, .a = attr, .x = x, .tx = tx, .type = y->type};
    l.bytes = ad_view_count(y) * ad_type_size(y->type);
    l.stride = tx ? 2 * l.bytes : l.bytes;
    return l;
}

static void finish(const loop *l)
{
    const char *place = l->a->call.place;
    if (l->tape && ad_tape_status(l->tape) != AD_OK)
        ad_reject(l->work, ad_tape_status(l->tape), "%s%s%sstep %lld: %s", place ? "at " : "",
                  place ? place : "", place ? ": " : "", (long long)l->at, ad_tape_error(l->tape));
}

/* Takes all steps, and keeps rows on the shelf. */
static void loop_forward(const ad_forward_args *c)
{
    ad_view y = ad_array_view(c->y);
    loop l = loop_of(c->work, c->attr, c->x, NULL, &y);
    shelf s = shelf_in(l.a, c->saved, l.bytes);
    *s.count = 0;
    const char *first = first_row(&l), *row;
    bool good = first && open_loop(&l, NULL);
    int64_t begin = 0;
    while (good && l.a->kept > *s.count && l.a->steps - begin > 1) {
        good = keep(&l, &s, l.a->steps - begin, l.a->kept - *s.count, first);
        begin = *s.count ? s.step[*s.count - 1] : 0;
    }
    row = good ? top_row(&s, first, &begin) : NULL;
    if (good && !l.a->steps)
        put(c->y.data, row, l.bytes);
    else if (good)
        go_to(&l, begin, l.a->steps, row, c->y.data);
    finish(&l);
}

static bool *choose(ad_workspace *work, int n, const ad_array *dx, const ad_view *tx)
{
    bool *wanted = ad_scratch(work, (size_t)n * sizeof *wanted);
    for (int i = 0; wanted && i < n; i++)
        wanted[i] = (dx && dx[i].data) || (tx && tx[i].data);
    return wanted;
}

/* Adds the cotangent of the first row to those of the operands. */
static void add_states(const loop *l, const char *dy, const ad_array *dx)
{
    size_t at = 0;
    for (int k = 0; k < l->a->states; k++) {
        ad_view part = part_of(l, dy, k, &at);
        if (dx[k].data)
            ad_call_add(1, part, dx[k]);
    }
}

static void loop_pullback(const ad_pullback_args *c)
{
    loop l = loop_of(c->work, c->attr, c->x, NULL, &c->y);
    shelf s = shelf_in(l.a, (void *)(uintptr_t)c->saved, l.bytes);
    bool *wanted = choose(c->work, c->arity, c->dx, NULL);
    char *dy = ad_scratch(c->work, l.stride);
    if (wanted && dy && open_loop(&l, wanted)) {
        put(dy, c->dy.data, l.bytes);
        sweep(&l, &s, &c->y, dy, c->dx);
        if (ad_tape_status(l.tape) == AD_OK)
            add_states(&l, dy, c->dx);
    }
    finish(&l);
}

static void loop_jvp(const ad_jvp_args *c)
{
    loop l = loop_of(c->work, c->attr, c->x, c->tx, &c->y);
    bool *wanted = choose(c->work, c->arity, NULL, c->tx);
    char *first = first_row(&l);
    if (wanted && first && open_loop(&l, wanted) && go_to(&l, 0, l.a->steps, first, first))
        put(c->ty.data, first + l.bytes, l.bytes);
    finish(&l);
}

static void loop_curvature(const ad_curvature_args *c)
{
    loop l = loop_of(c->work, c->attr, c->x, c->tx, &c->y);
    bool *wanted = choose(c->work, c->arity, c->tdx, c->tx);
    char *dy = ad_scratch(c->work, l.stride);
    void *memory = ad_scratch(c->work, shelf_bytes(l.a, l.stride));
    if (wanted && dy && memory && open_loop(&l, wanted)) {
        shelf s = shelf_in(l.a, memory, l.stride);
        *s.count = 0;
        put(dy, c->dy.data, l.bytes);
        put(dy + l.bytes, NULL, l.bytes);
        sweep(&l, &s, &c->y, dy, c->tdx);
        if (ad_tape_status(l.tape) == AD_OK)
            add_states(&l, dy + l.bytes, c->tdx);
    }
    finish(&l);
}

static const ad_op loop_op = {
    .name = "checkpoint_loop",
    .arity = AD_VARIADIC,
    .attr_size = sizeof(loop_attr),
    .type = loop_type,
    .shape = loop_shape,
    .saved = loop_saved,
    .forward = loop_forward,
    .pullback = loop_pullback,
    .jvp = loop_jvp,
    .curvature = loop_curvature,
};

/* ---- the call ---------------------------------------------------------------------- */

static bool good_loop(ad_tape *t, const loop_attr *a, int64_t snapshots)
{
    if (a->steps < 0 || snapshots < 0)
        ad_tape_fail(t, AD_MISUSE, "checkpoint_loop: %lld steps, %lld snapshots",
                     (long long)a->steps, (long long)snapshots);
    else if (a->states < 1 || a->states > a->call.n)
        ad_tape_fail(t, AD_MISUSE, "checkpoint_loop: %d states of %d operands", a->states,
                     a->call.n);
    return ad_tape_status(t) == AD_OK;
}

/* The rows that it helps to keep. */
static int64_t useful_rows(const loop_attr *a, int64_t snapshots, const ad_tensor *x)
{
    int64_t most = a->steps > 1 ? a->steps - 1 : 0;
    bool tracked = false;
    for (int i = 0; i < a->call.n; i++)
        tracked = tracked || ad_is_tracked(x[i]);
    return !tracked ? 0 : snapshots < most ? snapshots : most;
}

ad_tensor(ad_checkpoint_loop)(ad_step_function *step, const void *env, int64_t steps,
                              int64_t snapshots, int n, const ad_tensor *x, int states,
                              ad_tensor *result)
{
    ad_tape *t = ad_call_tape("checkpoint_loop", step, n, x);
    ad_tensor dead = x && n > 0 ? ad_dead_like(x[0]) : ad_number(NAN), row = dead, first = dead;
    loop_attr a = {
        .call = ad_call_at(t, NULL, env, n), .step = step, .steps = steps, .states = states};
    if (t && good_loop(t, &a, snapshots)) {
        a.kept = useful_rows(&a, snapshots, x);
        row = ad_apply_n(&loop_op, n, x, &a);
    }
    int64_t at = 0;
    bool good = ad_read(row).data;
    for (int k = 0; k < states && k < n && x; k++) {
        ad_tensor y = good ? ad_call_take(row, ad_shape_of_tensor(x[k]), &at) : dead;
        if (result)
            result[k] = y;
        first = k ? first : y;
    }
    return first;
}
