/* The gradient of a mean over rows, slice by slice.
 *
 * The operands are watched once. Above them each slice is frozen, recorded, swept back and forgotten,
 * so the tape holds one slice at a time. The seed of its sweep is the slice's share of the rows, so
 * that its gradient needs no scaling.
 *
 * The slices of a group add to one gradient, in order. Groups are added up as the leaves of a tree, whose
 * sums wait on a stack until their other half is there: at most one for each level. So it does not
 * matter who takes a group, and a sum of many slices in f32 loses fewer bits than one by one. */
#include "base/memory.h"
#include "derivatives/cutting.h"
#include "derivatives/record.h"
#include "tape/evaluation.h"
#include "tape/failure.h"
#include "tape/sweep.h"

#include <string.h>

/* ---- slices -------------------------------------------------------------------------- */

/* A value and its gradient. */
typedef struct total {
    double value;
    ad_sums gradient;
} total;

/* A tape with the operands, for one thread at a time, and the group at hand. */
typedef struct worker {
    ad_subject s;
    ad_record r;
    total group;
    int64_t first, count; /* the rows at hand */
    bool good;
} worker;

static bool take_slice(worker *w, const ad_cutting *c, int64_t slice)
{
    ad_record *r = &w->r;
    ad_inner_inherit(r->tape); /* whatever the function before has set */
    w->first = ad_slice_row(c, slice);
    w->count = ad_slice_row(c, slice + 1) - w->first;
    double all = (double)c->of.rows, weight = c->sum || !w->count ? 1 : (double)w->count / all;
    for (int j = 0; j < c->inputs; j++)
        r->x[r->n + j] = ad_freeze(r->tape, ad_cutting_rows(c, j, w->first, w->count));
    if (ad_tape_status(r->tape) != AD_OK || !ad_record_evaluate(r) ||
        ad_backward_onto(r->y, weight, &w->group.gradient) != AD_OK)
        return false;
    w->group.value += weight * ad_item(r->y);
    return true;
}

static void take_group(worker *w, const ad_cutting *c, int64_t group)
{
    int64_t i = ad_group_slice(c, group), end = ad_group_slice(c, group + 1);
    ad_mark start = ad_tape_mark(w->r.tape);
    w->group.value = -0.0; /* to which any number can be added without a change */
    do {
        w->good = take_slice(w, c, i);
        ad_tape_rewind(start);
    } while (w->good && ++i < end);
}

/* ---- threads ------------------------------------------------------------------------- */

/* Round after round each worker takes a group; then these are added up in order. */
typedef struct crew {
    const ad_subject *s;
    ad_cutting cut;
    int size;       /* 1 if the slices are not shared */
    worker *worker; /* [size], on inner tapes */
    int64_t group;  /* the first of this round */
    total *sum;     /* [waiting], and room for more: a stack of sums of groups before */
    int waiting;
    ad_array *to, *from; /* [n], for adding up */
} crew;

/* Tracers, polls and profiles are called by one thread. */
static int crew_size(const ad_cutting *c, const ad_tape *t)
{
    int threads = c->parallel && !t->looked_on && !t->profile ? ad_pool_threads(t->work.pool) : 1;
    int64_t groups = c->end - c->begin;
    return threads < groups ? threads : (int)groups;
}

/* Room on a tape, filled with 0. NULL with an error. */
static void *take(ad_tape *t, int count, size_t size)
{
    void *room = ad_tape_memory(t, (size_t)count * size);
    return room ? memset(room, 0, (size_t)count * size) : NULL;
}

static bool no_sums(const ad_record *r, ad_sums *s)
{
    *s = (ad_sums){r->n, r->x, take(r->tape, r->n, sizeof(void *))};
    return s->dx;
}

static bool open_worker(worker *w, const crew *c, ad_tape *inner, bool complete)
{
    w->s = *c->s;
    w->s.tape = inner;
    inner->depth = c->s->tape->depth;   /* to which an evaluation adds 1 */
    inner->checks = c->s->tape->checks; /* AD_CHECK_REACHED, too */
    inner->apart = true;                /* others may run at the same time */
    if (c->size > 1)
        inner->work.pool = NULL; /* it is at work on the slices */
    if (!ad_record_open(&w->r, &w->s, complete, 1))
        return false;
    w->r.name = NULL; /* tell begins with it */
    return no_sums(&w->r, &w->group.gradient);
}

static bool open_stack(crew *c, ad_tape *inner)
{
    int most = ad_sums_most(&c->cut);
    c->sum = take(inner, most, sizeof *c->sum);
    c->to = take(inner, c->s->n, sizeof *c->to);
    c->from = take(inner, c->s->n, sizeof *c->from);
    bool good = c->sum && c->to && c->from;
    for (int i = 0; good && i < most; i++)
        good = no_sums(&c->worker[0].r, &c->sum[i].gradient);
    return good;
}

static AD_RARE bool open_crew(crew *c, ad_tape *inner, bool complete)
{
    ad_tape *t = c->s->tape;
    c->worker = take(inner, c->size, sizeof *c->worker);
    bool good = c->worker && open_worker(&c->worker[0], c, inner, complete) && open_stack(c, inner);
    for (int i = 1; good && i < c->size; i++) {
        inner = ad_inner_next(t, inner);
        good = inner && open_worker(&c->worker[i], c, inner, complete);
    }
    if (!good && inner)
        ad_tape_fail(t, ad_tape_status(inner), "%s", ad_tape_error(inner));
    return good;
}

static void take_task(void *job, size_t task, int thread)
{
    const crew *c = job;
    (void)thread;
    take_group(&c->worker[task], &c->cut, c->group + (int64_t)task);
}

static AD_RARE ad_array *arrays_of(const ad_sums *s, ad_array *to)
{
    for (int i = 0; i < s->n; i++) {
        ad_view x = ad_read(s->x[i]);
        to[i] = ad_array_of(x.type, s->dx[i], x.shape);
    }
    return to;
}

/* Puts the sum of a group on the stack, and in exchange gives its worker buffers yet to be made; then adds up
 * all that this group completes. */
static void put(crew *c, int64_t group, total *sum)
{
    total none = c->sum[c->waiting];
    c->sum[c->waiting++] = *sum;
    *sum = (total){0, {none.gradient.n, sum->gradient.x, none.gradient.dx}};
    for (int i = ad_sums_ending(&c->cut, group); i > 0; i--) {
        total *left = &c->sum[c->waiting - 2], *right = &c->sum[--c->waiting];
        left->value += right->value;
        ad_model_axpy(c->s->tree, 1, arrays_of(&right->gradient, c->from),
                      arrays_of(&left->gradient, c->to), NULL);
        ad_sums_drop(&right->gradient);
    }
}

static AD_RARE void tell(const crew *c, const worker *w)
{
    ad_status status = ad_tape_status(w->r.tape);
    const char *why = ad_tape_error(w->r.tape), *name = c->s->name;
    if (strncmp(why, name, strlen(name)) == 0) /* of rows within these rows */
        ad_tape_fail(c->s->tape, status, "%s", why);
    else if (w->count)
        ad_tape_fail(c->s->tape, status, "%s: rows %lld to %lld: %s", name, (long long)w->first,
                     (long long)(w->first + w->count - 1), why);
    else
        ad_tape_fail(c->s->tape, status, "%s: no rows: %s", name, why);
}

static AD_RARE bool take_groups(crew *c)
{
    ad_pool *pool = c->size > 1 ? c->s->tape->work.pool : NULL;
    for (c->group = c->cut.begin; c->group < c->cut.end; c->group += c->size) {
        int64_t left = c->cut.end - c->group;
        int tasks = left < c->size ? (int)left : c->size;
        ad_pool_run(pool, (size_t)tasks, take_task, c);
        for (int i = 0; i < tasks; i++) {
            if (!c->worker[i].good) {
                tell(c, &c->worker[i]);
                return false;
            }
            put(c, c->group + i, &c->worker[i].group);
        }
        if (ad_tape_status(c->s->tape) != AD_OK) /* the function has used it */
            return false;
    }
    return true;
}

static AD_RARE void close_crew(const crew *c)
{
    for (int i = 0; i < c->waiting; i++)
        ad_sums_drop(&c->sum[i].gradient);
    for (int i = 0; c->worker && i < c->size; i++)
        ad_sums_drop(&c->worker[i].group.gradient);
    for (ad_tape *inner = c->s->tape->inner; inner; inner = inner->next)
        ad_tape_reset(inner);
}

/* ---- the operator -------------------------------------------------------------------- */

static AD_RARE bool deliver(const crew *c, void *result)
{
    int n = c->s->n;
    ad_tape *inner = c->worker[0].r.tape;
    ad_view *from = take(inner, n, sizeof *from);
    if (!from)
        ad_tape_fail(c->s->tape, AD_MEMORY, "%s", ad_tape_error(inner));
    arrays_of(&c->sum->gradient, c->to);
    for (int i = 0; from && i < n; i++)
        from[i] = ad_array_view(c->to[i]);
    ad_delivery v = {.tree = c->s->tree, .from = from, .target = result};
    return from && ad_deliver(c->s->tape, c->s->name, 1, &v);
}

static AD_RARE bool cut(ad_cutting *c, const ad_subject *s, const ad_rows_options *options)
{
    ad_error error;
    error.status = AD_OK;
    ad_status status = ad_cutting_begin(c, s->name, options, &error);
    return status == AD_OK || ad_tape_fail(s->tape, status, "%s", error.text) == AD_OK;
}

static AD_RARE ad_status over_rows(const ad_subject *s, const ad_view *data,
                                   const ad_rows_options *options, double *value, void *result)
{
    crew c = {.s = s, .cut = {.data = data, .inputs = s->inputs}};
    AD_DOOR(s->tape, s->name, AD_BUSY);
    ad_tape *inner = cut(&c.cut, s, options) ? ad_inner_begin(s->tape, s->name) : NULL;
    if (!inner)
        return ad_tape_status(s->tape);
    c.size = crew_size(&c.cut, s->tape);
    if (open_crew(&c, inner, result) && take_groups(&c) && deliver(&c, result) && value)
        *value = c.sum->value;
    close_crew(&c);
    return ad_inner_end(s->tape);
}

ad_status ad_value_with_gradient_over_rows(ad_tape *t, ad_function *f, int n, const ad_view *x,
                                           int inputs, const ad_view *data,
                                           const ad_rows_options *options, const void *env,
                                           double *value, ad_array *result)
{
    ad_subject s;
    ad_subject_list(&s, "gradient_over_rows", t, f, n, x, env);
    s.inputs = inputs;
    return over_rows(&s, data, options, value, result);
}

ad_status ad_model_value_with_gradient_over_rows(const ad_tree *tree, ad_tape *t, ad_model_map *map,
                                                 const void *model, int inputs, const ad_view *data,
                                                 const ad_rows_options *options, const void *env,
                                                 double *value, void *result)
{
    ad_subject s;
    ad_subject_model(&s, "gradient_over_rows", tree, t, NULL, model, env);
    s.of_map = map;
    s.inputs = inputs;
    return over_rows(&s, data, options, value, result);
}
