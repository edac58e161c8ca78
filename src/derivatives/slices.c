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
#include "tape/failure.h"

/* ---- where rows are cut ------------------------------------------------------------- */

typedef struct cutting {
    const ad_view *data; /* [inputs] */
    int inputs;
    int64_t rows, slice; /* of all slices but the last, which may be shorter */
    int64_t slices, groups;
    bool sum;
} cutting;

enum { LEAST = 128, MOST = 1024, BYTES = 400000, GROUPS = 64 };

/* With fewer rows products are slow; with more data, or many results of small rows, a slice leaves the cache. */
static int64_t default_slice(const cutting *c)
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

static bool good_data(ad_tape *t, const char *name, const ad_view *data, int j)
{
    char why[256], shape[2][128];
    size_t count;
    const ad_shape *own = &data[j].shape, *all = &data[0].shape;
    ad_status status = ad_view_flaw(&data[j], &count, why, sizeof why);
    if (status != AD_OK)
        ad_tape_fail(t, status, "%s: data[%d]: %s", name, j, why);
    else if (own->rank < 1)
        ad_tape_fail(t, AD_BAD_SHAPE, "%s: data[%d] is a number: it has no rows", name, j);
    else if (own->dim[0] != all->dim[0])
        ad_tape_fail(t, AD_BAD_SHAPE, "%s: data[%d] is %s, data[0] %s: they differ in their rows",
                     name, j, ad_shape_print(own, shape[0], sizeof shape[0]),
                     ad_shape_print(all, shape[1], sizeof shape[1]));
    return ad_tape_status(t) == AD_OK;
}

static bool good_options(ad_tape *t, const char *name, const ad_rows_options *given,
                         ad_rows_options *o)
{
    if (given && !ad_sized_read(o, sizeof *o, given, AD_END_OF(ad_rows_options, parallel)))
        ad_tape_fail(t, AD_MISUSE, "%s: the options need .size = sizeof(ad_rows_options)", name);
    else if (o->slice < 0)
        ad_tape_fail(t, AD_MISUSE, "%s: a slice of %lld rows", name, (long long)o->slice);
    return ad_tape_status(t) == AD_OK;
}

static bool cut(cutting *c, ad_tape *t, const char *name, const ad_rows_options *o)
{
    if (!c->data || c->inputs < 1)
        ad_tape_fail(t, AD_MISUSE, "%s: %s", name,
                     c->data ? "there must be data" : "an argument is NULL");
    for (int j = 0; ad_tape_status(t) == AD_OK && j < c->inputs; j++)
        good_data(t, name, c->data, j);
    if (ad_tape_status(t) != AD_OK)
        return false;
    c->rows = c->data[0].shape.dim[0];
    c->slice = o->slice ? o->slice : default_slice(c);
    c->slices = c->rows ? (c->rows - 1) / c->slice + 1 : 1;
    c->groups = c->slices < GROUPS ? c->slices : GROUPS;
    c->sum = o->sum;
    return true;
}

/* The first slice of a group. */
static int64_t first_slice(const cutting *c, int64_t group)
{
    int64_t each = c->slices / c->groups, more = c->slices % c->groups;
    return group * each + (group < more ? group : more);
}

static ad_view rows_of(const ad_view *data, int64_t first, int64_t count)
{
    ad_view v = *data;
    if (first && ad_view_count(data))
        v.data = (const char *)v.data + first * v.stride[0] * (int64_t)ad_type_size(v.type);
    v.shape.dim[0] = count;
    return v;
}

/* ---- sums ---------------------------------------------------------------------------- */

/* A value and its gradient by the operands, [n]. */
typedef struct sums {
    double value;
    ad_array *gradient;
} sums;

/* Room on the tape, uninitialised. */
static bool take_sums(const ad_record *r, sums *s)
{
    s->gradient = ad_tape_memory(r->tape, (size_t)r->n * sizeof *s->gradient);
    for (int i = 0; s->gradient && i < r->n; i++) {
        ad_view x = ad_read(r->x[i]);
        void *numbers = ad_tape_memory(r->tape, ad_view_count(&x) * ad_type_size(x.type));
        s->gradient[i] = ad_array_of(x.type, numbers, x.shape);
    }
    return ad_tape_status(r->tape) == AD_OK;
}

static void add(const ad_tree *tree, const sums *from, sums *to, bool first)
{
    to->value = first ? from->value : to->value + from->value;
    if (first)
        ad_model_copy(tree, from->gradient, to->gradient, NULL);
    else
        ad_model_axpy(tree, 1, from->gradient, to->gradient, NULL);
}

/* ---- slices -------------------------------------------------------------------------- */

/* A group at hand. */
typedef struct share {
    sums sum;
    int worker;           /* who has taken it */
    int64_t first, count; /* the last rows that were looked at */
    bool good;
} share;

/* A tape with the operands, for one thread at a time. */
typedef struct worker {
    ad_subject s;
    ad_record r;
    sums slice; /* whose gradient the sweep lends */
} worker;

/* Sweeps back from a cotangent of a root, which must have one element. */
static bool sweep(ad_tensor y, double weight)
{
    ad_view v = ad_read(y);
    float narrow = (float)weight;
    const void *seed = v.type == AD_F32 ? (const void *)&narrow : &weight;
    if (ad_view_count(&v) != 1 || !ad_type_is_float(v.type))
        return ad_backward(y) == AD_OK; /* which says what is wrong */
    return ad_backward_from(y, ad_view_of(v.type, seed, v.shape)) == AD_OK;
}

static bool take_slice(worker *w, double weight)
{
    ad_record *r = &w->r;
    if (ad_tape_status(r->tape) != AD_OK || !ad_record_evaluate(r) || !sweep(r->y, weight))
        return false;
    w->slice.value = weight * ad_item(r->y);
    for (int i = 0; i < r->n; i++) {
        ad_view g = ad_grad(r->x[i]);
        w->slice.gradient[i] = ad_array_of(g.type, (void *)(uintptr_t)g.data, g.shape);
    }
    return true;
}

static bool add_slice(worker *w, const cutting *c, int64_t slice, share *to, bool first)
{
    ad_record *r = &w->r;
    ad_mark start = ad_tape_mark(r->tape);
    to->first = slice * c->slice;
    to->count = c->rows - to->first < c->slice ? c->rows - to->first : c->slice;
    for (int j = 0; j < c->inputs; j++)
        r->x[r->n + j] = ad_freeze(r->tape, rows_of(&c->data[j], to->first, to->count));
    bool all = c->sum || to->count == c->rows;
    bool good = take_slice(w, all ? 1 : (double)to->count / (double)c->rows);
    if (good)
        add(w->s.tree, &w->slice, &to->sum, first);
    ad_tape_rewind(start);
    return good;
}

static bool take_group(worker *w, const cutting *c, int64_t group, share *to)
{
    int64_t first = first_slice(c, group), end = first_slice(c, group + 1), i = first;
    while (i < end && add_slice(w, c, i, to, i == first))
        i++;
    return i == end;
}

/* ---- threads ------------------------------------------------------------------------- */

/* Round after round each has a group at hand; then these are added up in order. */
typedef struct crew {
    const ad_subject *s;
    cutting cut;
    int size;       /* 1 if the slices are not shared */
    worker *worker; /* [size], on inner tapes */
    share *share;   /* [size] */
    int64_t group;  /* the first of this round */
    sums all;
} crew;

/* Tracers, polls and profiles are called by one thread. */
static int crew_size(const cutting *c, const ad_tape *t, bool parallel)
{
    int threads = parallel && !t->looked_on && !t->profile ? ad_pool_threads(t->work.pool) : 1;
    return threads < c->groups ? threads : (int)c->groups;
}

static bool open_worker(crew *c, int i, ad_tape *inner, bool complete)
{
    worker *w = &c->worker[i];
    w->s = *c->s;
    w->s.tape = inner;
    inner->depth = c->s->tape->depth;   /* to which an evaluation adds 1 */
    inner->checks = c->s->tape->checks; /* AD_CHECK_REACHED, too */
    if (c->size > 1)
        inner->work.pool = NULL; /* it is at work on the slices */
    if (!ad_record_open(&w->r, &w->s, complete, 1))
        return false;
    w->r.name = NULL; /* add_share begins with it */
    w->slice.gradient = ad_tape_memory(inner, (size_t)w->r.n * sizeof *w->slice.gradient);
    return w->slice.gradient && take_sums(&w->r, &c->share[i].sum);
}

static bool open_crew(crew *c, ad_tape *inner, bool complete)
{
    ad_tape *t = c->s->tape;
    c->worker = ad_tape_memory(inner, (size_t)c->size * sizeof *c->worker);
    c->share = ad_tape_memory(inner, (size_t)c->size * sizeof *c->share);
    bool good = c->worker && c->share && open_worker(c, 0, inner, complete) &&
                take_sums(&c->worker[0].r, &c->all);
    for (int i = 1; good && i < c->size; i++) {
        inner = ad_inner_next(t, inner);
        if (!inner)
            return false;
        good = open_worker(c, i, inner, complete);
    }
    if (!good)
        ad_tape_fail(t, ad_tape_status(inner), "%s", ad_tape_error(inner));
    return good;
}

static void take_task(void *job, size_t task, int worker)
{
    crew *c = job;
    share *s = &c->share[task];
    s->worker = worker;
    s->good = take_group(&c->worker[worker], &c->cut, c->group + (int64_t)task, s);
}

/* Of several groups that fail it is always the first that tells why: tasks are taken in order, so
 * the tape of its worker was in good order before. */
static bool add_share(crew *c, int i)
{
    const share *s = &c->share[i];
    ad_tape *inner = c->worker[s->worker].r.tape;
    if (s->good)
        add(c->s->tree, &s->sum, &c->all, c->group + i == 0);
    else if (s->count)
        ad_tape_fail(c->s->tape, ad_tape_status(inner), "%s: rows %lld to %lld: %s", c->s->name,
                     (long long)s->first, (long long)(s->first + s->count - 1),
                     ad_tape_error(inner));
    else
        ad_tape_fail(c->s->tape, ad_tape_status(inner), "%s: no rows: %s", c->s->name,
                     ad_tape_error(inner));
    return s->good;
}

static bool take_groups(crew *c)
{
    ad_pool *pool = c->size > 1 ? c->s->tape->work.pool : NULL;
    for (c->group = 0; c->group < c->cut.groups; c->group += c->size) {
        int64_t left = c->cut.groups - c->group;
        int tasks = left < c->size ? (int)left : c->size;
        ad_pool_run(pool, (size_t)tasks, take_task, c);
        for (int i = 0; i < tasks; i++)
            if (!add_share(c, i))
                return false;
    }
    return true;
}

/* ---- the operator -------------------------------------------------------------------- */

static bool deliver(const crew *c, void *result)
{
    const ad_record *r = &c->worker[0].r;
    ad_view *from = ad_tape_memory(r->tape, (size_t)r->n * sizeof *from);
    for (int i = 0; from && i < r->n; i++)
        from[i] = ad_array_view(c->all.gradient[i]);
    if (!from)
        ad_tape_fail(c->s->tape, AD_MEMORY, "%s", ad_tape_error(r->tape));
    ad_delivery v = {.tree = c->s->tree, .from = from, .target = result};
    return from && ad_deliver(c->s->tape, c->s->name, 1, &v);
}

static ad_status over_rows(const ad_subject *s, const ad_view *data, const ad_rows_options *given,
                           double *value, void *result)
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
    for (; inner; inner = inner->next)
        ad_tape_reset(inner);
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
