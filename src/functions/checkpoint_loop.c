/* A loop as one node, swept back with few of its states in memory.
 *
 * The forward pass keeps rows (loop.h) on a shelf, where the schedule (schedule.h) wants them. The
 * pullback goes back from the last: it takes steps again from the row on top, keeps some of those
 * in the place of rows that it needs no more, and sweeps one step after another. The shelf is what
 * the node saves. Where a pullback has used it up, the next one starts from the operands. */
#include "adze/ops.h"
#include "base/memory.h"
#include "functions/loop.h"
#include "functions/schedule.h"
#include "ops/axes.h"

#include <math.h>

/* Rows of numbers, the latest on top. */
typedef struct shelf {
    int64_t *count;
    int64_t *step; /* [kept] before which each is the state */
    char *rows;
    size_t stride;
} shelf;

/* ---- the shelf ---------------------------------------------------------------------- */

/* Where the row on top of the shelf is kept; that before the first step is under it. */
static const char *top_row(const shelf *s, const char *first, int64_t *step)
{
    *step = *s->count ? s->step[*s->count - 1] : 0;
    return *s->count ? s->rows + (size_t)(*s->count - 1) * s->stride : first;
}

/* Takes steps from the row on top to the next that the schedule keeps. */
static bool keep(ad_loop *l, const shelf *s, int64_t steps, int64_t room, const char *first)
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
static void sweep(ad_loop *l, const shelf *s, const ad_view *y, char *dy, const ad_array *dx)
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
        good = row && ad_loop_retreat(l, end - 1, row, y, dy, dx);
        end--;
        if (*s->count && s->step[*s->count - 1] == end)
            --*s->count;
    }
}

/* ---- rules ------------------------------------------------------------------------- */

static const char *loop_type(const ad_type *x, const void *attr, ad_type *y)
{
    const ad_loop_attr *a = attr;
    *y = x[0];
    for (int k = 0; k < a->states; k++)
        if (!ad_type_is_float(x[k]) || x[k] != x[0])
            return "the states must have one float type (ad_cast converts)";
    return NULL;
}

static const char *loop_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    uint64_t total = ad_loop_count(attr, x);
    *y = AD_SHAPE(total > INT64_MAX ? INT64_MAX : (int64_t)total);
    return NULL;
}

static size_t padded(size_t bytes)
{
    return ad_size_add(bytes, AD_ALIGNMENT - 1) & ~(size_t)(AD_ALIGNMENT - 1);
}

/* A shelf is its count, its steps, and its rows. */
static size_t shelf_head(const ad_loop_attr *a)
{
    return padded(ad_size_mul((size_t)a->kept + 1, sizeof(int64_t)));
}

static size_t shelf_bytes(const ad_loop_attr *a, size_t row)
{
    return ad_size_add(shelf_head(a), ad_size_mul((size_t)a->kept, padded(row)));
}

static shelf shelf_in(const ad_loop_attr *a, void *memory, size_t row)
{
    int64_t *head = memory;
    return (shelf){head, head + 1, (char *)memory + shelf_head(a), padded(row)};
}

static size_t loop_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    const ad_loop_attr *a = attr;
    return shelf_bytes(a, ad_size_mul(ad_loop_count(a, x), ad_type_size(type[0])));
}

static ad_loop loop_of(ad_workspace *work, const void *attr, const ad_view *x, const ad_view *tx,
                       const ad_view *y)
{
    ad_loop l = {.work = work, .a = attr, .x = x, .tx = tx, .type = y->type};
    l.bytes = ad_view_count(y) * ad_type_size(y->type);
    l.stride = tx ? 2 * l.bytes : l.bytes;
    return l;
}

/* Takes all steps, and keeps rows on the shelf. */
static void loop_forward(const ad_forward_args *c)
{
    ad_view y = ad_array_view(c->y);
    ad_loop l = loop_of(c->work, c->attr, c->x, NULL, &y);
    shelf s = shelf_in(l.a, c->saved, l.bytes);
    *s.count = 0;
    const char *first = ad_loop_first_row(&l), *row;
    bool good = first && ad_loop_open(&l, NULL);
    int64_t begin = 0;
    while (good && l.a->kept > *s.count && l.a->steps - begin > 1) {
        good = keep(&l, &s, l.a->steps - begin, l.a->kept - *s.count, first);
        begin = *s.count ? s.step[*s.count - 1] : 0;
    }
    row = good ? top_row(&s, first, &begin) : NULL;
    if (good && !l.a->steps)
        ad_call_put(c->y.data, row, l.bytes);
    else if (good)
        ad_loop_go(&l, begin, l.a->steps, row, c->y.data);
    ad_loop_finish(&l);
}

static bool *choose(ad_workspace *work, int n, const ad_array *dx, const ad_view *tx)
{
    bool *wanted = ad_scratch(work, (size_t)n * sizeof *wanted);
    for (int i = 0; wanted && i < n; i++)
        wanted[i] = (dx && dx[i].data) || (tx && tx[i].data);
    return wanted;
}

/* Adds the cotangent of the first row to those of the operands. */
static void add_states(const ad_loop *l, const char *dy, const ad_array *dx)
{
    size_t at = 0;
    for (int k = 0; k < l->a->states; k++) {
        ad_view part = ad_loop_part(l, dy, k, &at);
        if (dx[k].data)
            ad_call_add(1, part, dx[k]);
    }
}

static void loop_pullback(const ad_pullback_args *c)
{
    ad_loop l = loop_of(c->work, c->attr, c->x, NULL, &c->y);
    shelf s = shelf_in(l.a, (void *)(uintptr_t)c->saved, l.bytes);
    bool *wanted = choose(c->work, c->arity, c->dx, NULL);
    char *dy = ad_scratch(c->work, l.stride);
    if (wanted && dy && ad_loop_open(&l, wanted)) {
        ad_call_put(dy, c->dy.data, l.bytes);
        sweep(&l, &s, &c->y, dy, c->dx);
        if (ad_tape_status(l.tape) == AD_OK)
            add_states(&l, dy, c->dx);
    }
    ad_loop_finish(&l);
}

static void loop_jvp(const ad_jvp_args *c)
{
    ad_loop l = loop_of(c->work, c->attr, c->x, c->tx, &c->y);
    bool *wanted = choose(c->work, c->arity, NULL, c->tx);
    char *first = ad_loop_first_row(&l);
    if (wanted && first && ad_loop_open(&l, wanted) && ad_loop_go(&l, 0, l.a->steps, first, first))
        ad_call_put(c->ty.data, first + l.bytes, l.bytes);
    ad_loop_finish(&l);
}

static void loop_curvature(const ad_curvature_args *c)
{
    ad_loop l = loop_of(c->work, c->attr, c->x, c->tx, &c->y);
    bool *wanted = choose(c->work, c->arity, c->tdx, c->tx);
    char *dy = ad_scratch(c->work, l.stride);
    void *memory = ad_scratch(c->work, shelf_bytes(l.a, l.stride));
    if (wanted && dy && memory && ad_loop_open(&l, wanted)) {
        shelf s = shelf_in(l.a, memory, l.stride);
        *s.count = 0;
        ad_call_put(dy, c->dy.data, l.bytes);
        ad_call_put(dy + l.bytes, NULL, l.bytes);
        sweep(&l, &s, &c->y, dy, c->tdx);
        if (ad_tape_status(l.tape) == AD_OK)
            add_states(&l, dy + l.bytes, c->tdx);
    }
    ad_loop_finish(&l);
}

static const ad_op loop_op = {
    .size = sizeof(ad_op),
    .name = "checkpoint_loop",
    .arity = AD_VARIADIC,
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
        ad_tape_fail(t, AD_MISUSE, "checkpoint_loop: %lld steps, %lld snapshots",
                     (long long)a->steps, (long long)snapshots);
    else if (a->states < 1 || a->states > a->call.n)
        ad_tape_fail(t, AD_MISUSE, "checkpoint_loop: %d states of %d operands", a->states,
                     a->call.n);
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
    ad_tape *t = ad_call_tape("checkpoint_loop", step, n, x);
    ad_tensor dead = x && n > 0 ? ad_dead(x[0]) : ad_number(NAN), row = dead, first = dead;
    ad_loop_attr a = {
        .call = ad_call_at(t, NULL, n, env), .step = step, .steps = steps, .states = states};
    if (x && t && good_loop(t, &a, snapshots)) {
        a.kept = useful_rows(&a, snapshots, x);
        row = ad_apply_n(&loop_op, n, x, &a);
    }
    int64_t at = 0;
    bool good = ad_read(row).data;
    for (int k = 0; k < states && k < n && x; k++) {
        ad_tensor y = good ? ad_call_take(row, ad_shape_of(x[k]), &at) : dead;
        if (result)
            result[k] = y;
        first = k ? first : y;
    }
    return first;
}
