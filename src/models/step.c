/* A step of any optimiser. Everything is checked, and the states are made, before the first
 * number is written. */
#include "adze/model.h"
#include "base/pool.h"
#include "trees/walk.h"

#include <string.h>

/* The inputs of a step. The settings are a copy: fields that the caller does not know
 * are zeros. */
typedef struct step {
    const ad_tree *tree;
    const ad_optimiser *optimiser;
    const ad_array *gradient, *model;
    const ad_states *states;
    ad_error *error;
    union {
        double align;
        char bytes[AD_MAX_SETTINGS];
    } settings, plan;
} step;

/* ---- the optimiser and its settings -------------------------------------------------- */

static const char *unusable(const ad_method *m)
{
    const ad_optimiser *o = m->optimiser;
    if (o->size < sizeof *o)
        return "its size is not sizeof(ad_optimiser)";
    if (!o->name || !o->prepare || !o->step)
        return "it needs a name, prepare and step";
    if (o->states < 0 || o->states > AD_MAX_STATES)
        return "it has too many states";
    return o->settings_size > AD_MAX_SETTINGS ? "its settings are too large" : NULL;
}

static ad_status begin(step *s, const ad_tree *tree, const ad_method *m, ad_error *error)
{
    *s = (step){.tree = tree, .optimiser = m ? m->optimiser : NULL, .error = error};
    const char *missing = ad_tree_missing(tree, s->optimiser);
    if (missing || !m || !s->optimiser) {
        ad_fail(error, AD_MISUSE, "step: %s", missing);
        return AD_MISUSE;
    }
    const char *wrong = unusable(m);
    if (wrong)
        return ad_fail(error, AD_MISUSE, "step: the optimiser cannot be used: %s", wrong);
    if (!m->settings)
        return ad_fail(error, AD_MISUSE, "%s: the settings are NULL", s->optimiser->name);
    size_t own = s->optimiser->settings_size, given = m->settings_size;
    memcpy(s->settings.bytes, m->settings, given < own ? given : own);
    return AD_OK;
}

/* ---- states ------------------------------------------------------------------------- */

static ad_array *arrays_of(const ad_states *states, int i)
{
    return (ad_array *)states->room.data + (size_t)i * states->arrays;
}

void *ad_states_at(const ad_states *states, int i)
{
    return states && i >= 0 && i < states->count ? arrays_of(states, i) : NULL;
}

static void free_from(const ad_states *states, int first)
{
    ad_array *a = states->room.data;
    for (size_t i = (size_t)first * states->arrays; i < (size_t)states->count * states->arrays; i++)
        ad_array_free(&a[i]);
}

void ad_states_free(ad_states *states)
{
    if (!states)
        return;
    free_from(states, 0);
    ad_array_free(&states->room);
    *states = (ad_states){0};
}

/* The next states: the old ones, and new ones up to a count. */
static ad_status make_states(const step *s, int count, ad_states *made)
{
    const ad_states *old = s->states;
    size_t arrays = s->tree->arrays, kept = (size_t)old->count * arrays;
    *made = *old;
    made->optimiser = s->optimiser->name;
    made->arrays = arrays;
    if (count <= old->count)
        return AD_OK;
    made->count = count;
    made->room = ad_array_new(s->model->allocator, AD_U8,
                              AD_SHAPE((int64_t)((size_t)count * arrays * sizeof(ad_array))));
    ad_array *a = made->room.data;
    bool good = a;
    if (good && kept)
        memcpy(a, old->room.data, kept * sizeof *a);
    for (size_t i = kept; good && i < (size_t)count * arrays; i++) {
        const ad_array *x = &s->model[i % arrays];
        a[i] = ad_array_new(x->allocator, x->type, x->shape);
        good = a[i].data;
    }
    if (good)
        return AD_OK;
    if (a)
        free_from(made, old->count);
    ad_array_free(&made->room);
    return ad_fail(s->error, AD_MEMORY, "%s: memory ran out for %d states of %s",
                   s->optimiser->name, count, s->tree->name);
}

/* ---- checks ------------------------------------------------------------------------- */

/* Checks the array of another struct, which must be like the model's. */
static ad_status check_beside(const step *s, const ad_site *at, const ad_array *arrays,
                              const char *role)
{
    const char *name = s->optimiser->name;
    const ad_array *a = ad_site_array(at, arrays);
    ad_status status = ad_require_held(at, a, name, role, s->error);
    return status == AD_OK
               ? ad_require_equal(at, ad_site_array(at, s->model), a, name, role, s->error)
               : status;
}

static ad_status check_field(void *user, const ad_site *at)
{
    const step *s = user;
    const ad_optimiser *o = s->optimiser;
    const ad_array *x = ad_site_array(at, s->model);
    ad_status status = ad_require_held(at, x, o->name, "the model", s->error);
    if (status == AD_OK)
        status = ad_require_float(at, x, o->name, s->error);
    if (status == AD_OK && s->gradient)
        status = check_beside(s, at, s->gradient, "the gradient");
    for (int i = 0; i < s->states->count && status == AD_OK; i++)
        status =
            check_beside(s, at, arrays_of(s->states, i), o->state[i] ? o->state[i] : "a state");
    return status;
}

static ad_status check_states(const step *s)
{
    const ad_states *states = s->states;
    const char *name = s->optimiser->name;
    bool begun = states->optimiser;
    if (begun && strcmp(states->optimiser, name) != 0)
        return ad_fail(s->error, AD_MISUSE, "%s: the states are those of %s", name,
                       states->optimiser);
    if (begun && states->arrays != s->tree->arrays)
        return ad_fail(s->error, AD_MISUSE, "%s: the states are those of another model", name);
    if (states->steps < 0 || states->steps == INT64_MAX)
        return ad_fail(s->error, AD_DOMAIN, "%s: %lld is not a number of steps taken", name,
                       (long long)states->steps);
    return AD_OK;
}

/* Does everything but writing: makes the plan and the next states. */
static ad_status prepare(step *s, ad_states *made)
{
    const ad_optimiser *o = s->optimiser;
    ad_status status = check_states(s);
    if (status == AD_OK)
        status = o->prepare(s->settings.bytes, s->states->steps + 1, s->plan.bytes, s->error);
    if (status == AD_OK)
        status = ad_tree_walk(s->tree, check_field, s);
    if (status != AD_OK)
        return status;
    int needed = o->needs ? o->needs(s->settings.bytes) : o->states;
    return make_states(s, needed < o->states ? needed : o->states, made);
}

static void replace(ad_states *states, const ad_states *made)
{
    if (made->room.data != states->room.data)
        ad_array_free(&states->room);
    *states = *made;
}

ad_status ad_model_states(const ad_tree *tree, const ad_method *method, const void *model,
                          ad_states *states, ad_error *error)
{
    step s;
    ad_states made;
    ad_status status = begin(&s, tree, method, error);
    if (status != AD_OK)
        return status;
    if (!model || !states) {
        ad_fail(error, AD_MISUSE, "%s: an argument is NULL", s.optimiser->name);
        return AD_MISUSE;
    }
    s.model = model;
    s.states = states;
    status = prepare(&s, &made);
    if (status == AD_OK)
        replace(states, &made);
    return status;
}

/* ---- the step ----------------------------------------------------------------------- */

typedef struct step_job {
    const step *s;
    const ad_states *states;
    size_t parts;
} step_job;

/* Where a part of an array begins: at whole lines of the cache, for short arrays are one part. */
static size_t part_begin(const step_job *j, size_t n, size_t part)
{
    enum { LINE = 16 };
    return part < j->parts ? n / LINE * part / j->parts * LINE : n;
}

static void step_array(const step_job *j, size_t i, size_t part)
{
    const ad_array *x = &j->s->model[i];
    size_t n = ad_array_count(x), begin = part_begin(j, n, part);
    size_t offset = begin * ad_type_size(x->type);
    ad_step_args c = {.size = sizeof c,
                      .plan = j->s->plan.bytes,
                      .type = x->type,
                      .n = part_begin(j, n, part + 1) - begin,
                      .g = (const char *)j->s->gradient[i].data + offset,
                      .x = (char *)x->data + offset};
    for (int k = 0; k < j->states->count; k++)
        c.state[k] = (char *)arrays_of(j->states, k)[i].data + offset;
    if (c.n > 0 || j->parts == 1)
        j->s->optimiser->step(&c);
}

static void step_part(void *user, size_t part, int worker)
{
    const step_job *j = user;
    (void)worker;
    for (size_t i = 0; i < j->s->tree->arrays; i++)
        step_array(j, i, part);
}

/* A part for each thread, where there is enough to do. Fewer numbers than MANY are fetched from another core's
 * cache at a loss, unless threads have computed the gradient together. */
static size_t count_parts(const step *s, ad_pool *pool)
{
    enum { LEAST = 1 << 14, MANY = 1 << 17 };
    size_t numbers = 0;
    bool shared = ad_pool_has_shared(pool);
    if (!s->optimiser->by_numbers)
        return 1;
    for (size_t i = 0; i < s->tree->arrays; i++)
        numbers += ad_array_count(&s->model[i]);
    return numbers < (shared ? LEAST : MANY) ? 1 : (size_t)ad_pool_threads(pool);
}

static void run(step_job *j, ad_pool *pool)
{
    ad_pool_run(pool, j->parts, step_part, j);
    ad_pool_has_shared(pool); /* this one does not count */
}

ad_status ad_model_step(const ad_tree *tree, const ad_method *method, const void *gradient,
                        ad_states *states, void *model, ad_error *error)
{
    step s;
    ad_states made;
    ad_status status = begin(&s, tree, method, error);
    if (status != AD_OK)
        return status;
    if (!gradient || !states || !model || gradient == model) {
        ad_fail(error, AD_MISUSE, "%s: %s", s.optimiser->name,
                gradient && gradient == model ? "the gradient is the model itself"
                                              : "an argument is NULL");
        return AD_MISUSE;
    }
    s.gradient = gradient;
    s.model = model;
    s.states = states;
    status = prepare(&s, &made);
    if (status != AD_OK)
        return status;
    replace(states, &made);
    step_job j = {&s, states, count_parts(&s, method->pool)};
    run(&j, method->pool);
    states->steps++;
    return AD_OK;
}
