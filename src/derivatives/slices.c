/* The gradient of a mean over rows, slice by slice.
 *
 * The operands are watched once. Above them each slice is frozen, recorded, swept back and forgotten,
 * so the tape holds one slice at a time. The seed of its sweep is the slice's share of the rows, so
 * that its gradient needs no scaling.
 *
 * Slices belong to groups, at places that depend on their number alone. The gradients of a group are
 * added up in order, then those of the groups. So it does not matter who takes a group, and a sum of
 * many slices in f32 loses fewer bits than one by one. */
#include "array/strided.h"
#include "base/memory.h"
#include "base/sized.h"
#include "derivatives/record.h"
#include "tape/evaluation.h"
#include "tape/failure.h"
#include "tape/sweep.h"

#include <string.h>

/* ---- where rows are cut ------------------------------------------------------------- */

typedef struct cutting {
    const ad_view *data; /* [inputs] */
    int inputs;
    int64_t rows, slices, groups;
    bool sum;
} cutting;

/* A slice of fewer rows has slow products; one of more data, or of many results, leaves the cache. */
enum { LEAST = 128, MOST = 1024, BYTES = 640000, GROUPS = 64 };

static AD_RARE int64_t default_slice(const cutting *c)
{
    size_t bytes = 1;
    for (int j = 0; j < c->inputs; j++) {
        size_t row = ad_type_size(c->data[j].type);
        for (int k = 1; k < c->data[j].shape.rank; k++)
            row = ad_size_mul(row, (size_t)c->data[j].shape.dim[k]);
        bytes = ad_size_add(bytes, row);
    }
    size_t fit = BYTES / bytes;
    return fit < LEAST ? LEAST : fit > MOST ? MOST : (int64_t)fit;
}

static AD_RARE bool good_data(ad_tape *t, const char *name, const ad_view *data, int j)
{
    char why[256], shape[2][128];
    size_t count;
    const ad_shape *own = &data[j].shape, *all = &data[0].shape;
    ad_status status = ad_view_flaw(&data[j], &count, why, sizeof why);
    if (!ad_type_size(data[j].type))
        ad_tape_fail(t, AD_BAD_TYPE, "%s: data[%d]: %d is not a number type", name, j,
                     (int)data[j].type);
    else if (status != AD_OK)
        ad_tape_fail(t, status, "%s: data[%d]: %s", name, j, why);
    else if (own->rank < 1)
        ad_tape_fail(t, AD_BAD_SHAPE, "%s: data[%d] is a number: it has no rows", name, j);
    else if (own->dim[0] != all->dim[0])
        ad_tape_fail(t, AD_BAD_SHAPE, "%s: data[%d] is %s, data[0] %s: they differ in their rows",
                     name, j, ad_shape_print(own, shape[0], sizeof shape[0]),
                     ad_shape_print(all, shape[1], sizeof shape[1]));
    return ad_tape_status(t) == AD_OK;
}

static AD_RARE bool good_options(ad_tape *t, const char *name, const ad_rows_options *given,
                                 ad_rows_options *o)
{
    if (given && !ad_sized_read(o, sizeof *o, given, AD_END_OF(ad_rows_options, parallel)))
        ad_tape_fail(t, AD_MISUSE, "%s: the options need .size = sizeof(ad_rows_options)", name);
    else if (o->slice < 0)
        ad_tape_fail(t, AD_MISUSE,
                     "%s: a slice of %lld rows: there must be one or more, or 0 for the usual",
                     name, (long long)o->slice);
    return ad_tape_status(t) == AD_OK;
}

static AD_RARE bool cut(cutting *c, ad_tape *t, const char *name, const ad_rows_options *o)
{
    if (!c->data || c->inputs < 1) {
        ad_tape_fail(t, AD_MISUSE,
                     c->data ? "%s: there must be data, but inputs is %d"
                             : "%s: data is NULL, inputs %d",
                     name, c->inputs);
        return false;
    }
    for (int j = 0; ad_tape_status(t) == AD_OK && j < c->inputs; j++)
        good_data(t, name, c->data, j);
    if (ad_tape_status(t) != AD_OK)
        return false;
    int64_t slice = o->slice ? o->slice : default_slice(c);
    c->rows = c->data[0].shape.dim[0];
    c->slices = c->rows ? (c->rows - 1) / slice + 1 : 1;
    c->groups = c->slices < GROUPS ? c->slices : GROUPS;
    c->sum = o->sum;
    return true;
}

/* Where part i begins of a whole that is cut into parts as equal as can be. */
static int64_t part_at(int64_t whole, int64_t parts, int64_t i)
{
    int64_t more = whole % parts;
    return whole / parts * i + (i < more ? i : more);
}

static ad_view rows_of(const ad_view *data, int64_t first, int64_t count)
{
    ad_view v = *data;
    if (first && ad_view_count(data))
        v.data = (const char *)v.data + first * v.stride[0] * (int64_t)ad_type_size(v.type);
    v.shape.dim[0] = count;
    return v;
}

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

static bool take_slice(worker *w, const cutting *c, int64_t slice)
{
    ad_record *r = &w->r;
    ad_inner_inherit(r->tape); /* whatever the function before has set */
    w->first = part_at(c->rows, c->slices, slice);
    w->count = part_at(c->rows, c->slices, slice + 1) - w->first;
    double weight = c->sum || w->count == c->rows ? 1 : (double)w->count / (double)c->rows;
    for (int j = 0; j < c->inputs; j++)
        r->x[r->n + j] = ad_freeze(r->tape, rows_of(&c->data[j], w->first, w->count));
    if (ad_tape_status(r->tape) != AD_OK || !ad_record_evaluate(r) ||
        ad_backward_onto(r->y, weight, &w->group.gradient) != AD_OK)
        return false;
    w->group.value += weight * ad_item(r->y);
    return true;
}

static void take_group(worker *w, const cutting *c, int64_t group)
{
    int64_t i = part_at(c->slices, c->groups, group);
    int64_t end = part_at(c->slices, c->groups, group + 1);
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
    cutting cut;
    int size;              /* 1 if the slices are not shared */
    worker *worker;        /* [size], on inner tapes */
    int64_t group;         /* the first of this round */
    total all;             /* groups before */
    ad_array *sum, *added; /* [n], for adding up */
} crew;

/* Tracers, polls and profiles are called by one thread. */
static int crew_size(const cutting *c, const ad_tape *t, bool parallel)
{
    int threads = parallel && !t->looked_on && !t->profile ? ad_pool_threads(t->work.pool) : 1;
    return threads < c->groups ? threads : (int)c->groups;
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

static AD_RARE bool open_crew(crew *c, ad_tape *inner, bool complete)
{
    ad_tape *t = c->s->tape;
    c->worker = take(inner, c->size, sizeof *c->worker);
    bool good = c->worker && open_worker(&c->worker[0], c, inner, complete) &&
                no_sums(&c->worker[0].r, &c->all.gradient) &&
                (c->sum = take(inner, c->s->n, sizeof *c->sum)) &&
                (c->added = take(inner, c->s->n, sizeof *c->added));
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

static void add(crew *c, total *from, bool first)
{
    if (first) { /* of the first worker, whose buffers become those of all */
        void **none = c->all.gradient.dx;
        c->all = *from;
        from->gradient.dx = none;
        return;
    }
    c->all.value += from->value;
    ad_model_axpy(c->s->tree, 1, arrays_of(&from->gradient, c->added),
                  arrays_of(&c->all.gradient, c->sum), NULL);
    ad_sums_drop(&from->gradient);
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
    for (c->group = 0; c->group < c->cut.groups; c->group += c->size) {
        int64_t left = c->cut.groups - c->group;
        int tasks = left < c->size ? (int)left : c->size;
        ad_pool_run(pool, (size_t)tasks, take_task, c);
        for (int i = 0; i < tasks; i++) {
            if (!c->worker[i].good) {
                tell(c, &c->worker[i]);
                return false;
            }
            add(c, &c->worker[i].group, c->group + i == 0);
        }
        if (ad_tape_status(c->s->tape) != AD_OK) /* the function has used it */
            return false;
    }
    return true;
}

static AD_RARE void close_crew(const crew *c)
{
    ad_sums_drop(&c->all.gradient);
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
    arrays_of(&c->all.gradient, c->sum);
    for (int i = 0; from && i < n; i++)
        from[i] = ad_array_view(c->sum[i]);
    ad_delivery v = {.tree = c->s->tree, .from = from, .target = result};
    return from && ad_deliver(c->s->tape, c->s->name, 1, &v);
}

static AD_RARE ad_status over_rows(const ad_subject *s, const ad_view *data,
                                   const ad_rows_options *given, double *value, void *result)
{
    ad_rows_options o = {.size = sizeof o};
    crew c = {.s = s, .cut = {.data = data, .inputs = s->inputs}};
    AD_DOOR(s->tape, s->name, AD_BUSY);
    bool good = good_options(s->tape, s->name, given, &o) && cut(&c.cut, s->tape, s->name, &o);
    ad_tape *inner = good ? ad_inner_begin(s->tape, s->name) : NULL;
    if (!inner)
        return ad_tape_status(s->tape);
    c.size = crew_size(&c.cut, s->tape, o.parallel);
    if (open_crew(&c, inner, result) && take_groups(&c) && deliver(&c, result) && value)
        *value = c.all.value;
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
