/* The gradient of a mean over rows, slice by slice.
 *
 * The operands are watched once. Above them each slice is frozen, recorded, swept back and
 * forgotten, so the tape holds one slice at a time. The seed of its sweep is the slice's share
 * of the rows, so that its gradient needs no scaling.
 *
 * The slices of a group add to one gradient, in order. Groups are added up as the leaves of a
 * tree, whose sums wait on a stack until their other half is there: at most one for each level.
 * So it does not matter who takes a group, and a sum of many slices in f32 loses fewer bits than
 * one by one. */
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

/* Sums of groups that wait for the other half of a sum. */
typedef struct stack {
    const ad_tree *tree; /* of the operands */
    total *sum;          /* [waiting], and room for more */
    int waiting;
    ad_array *to, *from; /* [n], for adding up */
} stack;

/* A tape with the operands, for one thread at a time; the group at hand, and those before it. */
typedef struct worker {
    ad_subject s;
    ad_record r;
    total group;
    stack done;
    ad_cutting part;      /* the groups of a sum */
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

static void take_group(worker *w, int64_t group)
{
    int64_t i = ad_group_slice(&w->part, group), end = ad_group_slice(&w->part, group + 1);
    ad_mark start = ad_tape_mark(w->r.tape);
    w->group.value = -0.0; /* to which any number can be added without a change */
    do {
        w->good = take_slice(w, &w->part, i);
        ad_tape_rewind(start);
    } while (w->good && ++i < end);
}

/* ---- sums ---------------------------------------------------------------------------- */

static AD_RARE ad_array *arrays_of(const ad_sums *s, ad_array *to)
{
    for (int i = 0; i < s->n; i++) {
        ad_view x = ad_read(s->x[i]);
        to[i] = ad_array_of(x.type, s->dx[i], x.shape);
    }
    return to;
}

/* Puts a sum on the stack, and in exchange gives its owner buffers yet to be made; then adds up
 * as many as it completes. */
static void put(stack *s, total *sum, int completes)
{
    total none = s->sum[s->waiting];
    s->sum[s->waiting++] = *sum;
    *sum = (total){0, {none.gradient.n, sum->gradient.x, none.gradient.dx}};
    for (int i = 0; i < completes; i++) {
        total *left = &s->sum[s->waiting - 2], *right = &s->sum[--s->waiting];
        left->value += right->value;
        ad_model_axpy(s->tree, 1, arrays_of(&right->gradient, s->from),
                      arrays_of(&left->gradient, s->to), NULL);
        ad_sums_drop(&right->gradient);
    }
}

/* All groups of a part, which become one sum. */
static void take_part(worker *w)
{
    w->good = true;
    for (int64_t group = w->part.begin; w->good && group < w->part.end; group++) {
        take_group(w, group);
        if (w->good)
            put(&w->done, &w->group, ad_sums_ending(&w->part, group));
    }
}

/* ---- threads ------------------------------------------------------------------------- */

/* Round after round each worker takes a sum of groups; then these are added up in order. */
typedef struct crew {
    const ad_subject *s;
    ad_cutting cut;
    int size;       /* 1 if the slices are not shared */
    worker *worker; /* [size], on inner tapes */
    int level;      /* of the tree, whose sums the workers take */
    stack all;
} crew;

/* Tracers, polls and profiles are called by one thread. */
static int crew_size(const ad_cutting *c, const ad_tape *t)
{
    int threads = c->parallel && !t->looked_on && !t->profile ? ad_pool_threads(t->work.pool) : 1;
    int64_t groups = c->end - c->begin;
    return threads < groups ? threads : (int)groups;
}

/* One worker takes groups. Several take sums, and so do most of the adding up: a few each, for
 * some take longer than others; or one each, where there are few groups. */
static int crew_level(const crew *c)
{
    int level = 0, size = c->size;
    int64_t groups = c->cut.end - c->cut.begin;
    while (groups >> level &&
           (size == 1 || 1 << level < size || (1 << level < 4 * size && groups >> level >= 8)))
        level++;
    return level;
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

static bool open_stack(stack *s, const ad_record *r, const ad_tree *tree, const ad_cutting *part)
{
    int most = ad_sums_most(part);
    s->tree = tree;
    s->sum = take(r->tape, most, sizeof *s->sum);
    s->to = take(r->tape, r->n, sizeof *s->to);
    s->from = take(r->tape, r->n, sizeof *s->from);
    bool good = s->sum && s->to && s->from;
    for (int i = 0; good && i < most; i++)
        good = no_sums(r, &s->sum[i].gradient);
    return good;
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
    w->part = c->cut;
    w->part.end = ad_sum_end(&c->cut, c->cut.begin, c->level); /* the first is the longest */
    return no_sums(&w->r, &w->group.gradient) && open_stack(&w->done, &w->r, c->s->tree, &w->part);
}

static AD_RARE bool open_crew(crew *c, ad_tape *inner, bool complete)
{
    ad_tape *t = c->s->tape;
    c->worker = take(inner, c->size, sizeof *c->worker);
    bool good = c->worker && open_worker(&c->worker[0], c, inner, complete) &&
                open_stack(&c->all, &c->worker[0].r, c->s->tree, &c->cut);
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
    take_part(&c->worker[task]);
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

/* Gives the next sums to the workers. How many have one. */
static int deal(const crew *c, int64_t group)
{
    int tasks = 0;
    for (; tasks < c->size && group < c->cut.end; tasks++) {
        ad_cutting *part = &c->worker[tasks].part;
        part->begin = group;
        group = part->end = ad_sum_end(&c->cut, group, c->level);
    }
    return tasks;
}

static bool gather(crew *c, worker *w)
{
    int64_t last = w->part.end - 1;
    if (!w->good) {
        tell(c, w);
        return false;
    }
    w->done.waiting = 0;
    put(&c->all, w->done.sum, ad_sums_ending(&c->cut, last) - ad_sums_ending(&w->part, last));
    return true;
}

static AD_RARE bool take_groups(crew *c)
{
    bool good = true;
    ad_pool *pool = c->size > 1 ? c->s->tape->work.pool : NULL;
    for (int64_t group = c->cut.begin; good && group < c->cut.end;) {
        int tasks = deal(c, group);
        ad_pool_run(pool, (size_t)tasks, take_task, c);
        for (int i = 0; good && i < tasks; i++)
            good = gather(c, &c->worker[i]);
        group = c->worker[tasks - 1].part.end;
        good = good && ad_tape_status(c->s->tape) == AD_OK; /* the function may have used it */
    }
    return good;
}

static AD_RARE void drop(const stack *s)
{
    for (int i = 0; i < s->waiting; i++)
        ad_sums_drop(&s->sum[i].gradient);
}

static AD_RARE void close_crew(const crew *c)
{
    drop(&c->all);
    for (int i = 0; c->worker && i < c->size; i++) {
        drop(&c->worker[i].done);
        ad_sums_drop(&c->worker[i].group.gradient);
    }
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
    arrays_of(&c->all.sum->gradient, c->all.to);
    for (int i = 0; from && i < n; i++)
        from[i] = ad_array_view(c->all.to[i]);
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
    c.level = crew_level(&c);
    if (open_crew(&c, inner, result) && take_groups(&c) && deliver(&c, result) && value)
        *value = c.all.sum->value;
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
