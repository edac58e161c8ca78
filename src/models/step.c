/* A step of any optimiser. Everything is checked, the states are made, and what may fail is computed, before the
 * first number is written. */
#include "models/step.h"
#include "adze/model.h"
#include "base/pool.h"
#include "base/workspace.h"

#include <string.h>

/* ---- optimisers and their settings --------------------------------------------------- */

static const char *unusable(const ad_optimiser *o)
{
    if (o->size < sizeof *o)
        return "its size is not sizeof(ad_optimiser)";
    if (!o->name || !o->prepare || !o->step)
        return "it needs a name, prepare and step";
    if (o->states < 0 || o->states > AD_MAX_STATES)
        return "it has too many states";
    return o->settings_size > AD_MAX_SETTINGS ? "its settings are too large" : NULL;
}

/* Copies the settings. */
static ad_status add_way(ad_step *s, const ad_method *m)
{
    ad_way *way = &s->way[s->ways++];
    const ad_optimiser *o = way->optimiser = m->optimiser;
    const char *wrong = o ? unusable(o) : "it is NULL";
    if (wrong)
        return ad_fail(s->error, AD_MISUSE, "step: the optimiser cannot be used: %s", wrong);
    if (!m->settings)
        return ad_fail(s->error, AD_MISUSE, "%s: the settings are NULL", o->name);
    size_t own = o->settings_size, given = m->settings_size < own ? m->settings_size : own;
    memcpy(way->settings.bytes, m->settings, given);
    memset(way->settings.bytes + given, 0, sizeof way->settings - given);
    way->used = false;
    return AD_OK;
}

static ad_status add_ways(ad_step *s)
{
    const ad_method *m = s->method;
    ad_status status = add_way(s, m);
    if (status != AD_OK)
        return status;
    s->name = m->optimiser->name;
    if (m->group_count > AD_MAX_GROUPS || (m->group_count && !m->groups))
        return ad_fail(s->error, AD_MISUSE, "%s: the groups are NULL, or more than %d", s->name,
                       AD_MAX_GROUPS);
    for (size_t i = 0; i < m->group_count && status == AD_OK; i++)
        status = m->groups[i].path
                     ? add_way(s, &m->groups[i].method)
                     : ad_fail(s->error, AD_MISUSE, "%s: group %zu has no path", s->name, i);
    return status;
}

ad_status ad_step_begin(ad_step *s, const ad_tree *tree, const ad_method *m, ad_error *error)
{
    s->tree = tree;
    s->method = m;
    s->gradient = NULL;
    s->error = error;
    s->least = 0;
    s->unset = false;
    s->ways = 0;
    const char *missing = ad_tree_missing(tree, m && m->optimiser);
    if (missing || !m) {
        ad_fail(error, AD_MISUSE, "step: %s", missing);
        return AD_MISUSE;
    }
    return add_ways(s);
}

/* ---- checks ------------------------------------------------------------------------- */

/* Checks the array of another struct, which must be like the model's. */
static ad_status check_beside(const ad_step *s, const ad_site *at, const ad_array *arrays,
                              const char *role)
{
    const ad_array *a = ad_site_array(at, arrays);
    ad_status status = ad_require_held(at, a, s->name, role, s->error);
    return status == AD_OK
               ? ad_require_equal(at, ad_site_array(at, s->model), a, s->name, role, s->error)
               : status;
}

static ad_status check_field(void *user, const ad_site *at)
{
    const ad_step *s = user;
    const ad_optimiser *o = ad_way_of(s, at->number)->optimiser;
    const ad_array *x = ad_site_array(at, s->model);
    ad_status status = ad_require_held(at, x, s->name, "the model", s->error);
    if (status == AD_OK)
        status = ad_require_float(at, x, s->name, s->error);
    if (status == AD_OK && s->gradient)
        status = check_beside(s, at, s->gradient, "the gradient");
    for (int i = 0; i < s->states->count && status == AD_OK; i++)
        status = check_beside(s, at, ad_state_arrays(s->states, i),
                              i < o->states && o->state[i] ? o->state[i] : "a state");
    return status;
}

static ad_status check_states(const ad_step *s)
{
    const ad_states *states = s->states;
    bool begun = states->optimiser;
    if (begun && strcmp(states->optimiser, s->name) != 0)
        return ad_fail(s->error, AD_MISUSE, "%s: the states are those of %s", s->name,
                       states->optimiser);
    if (begun && states->arrays != s->tree->arrays)
        return ad_fail(s->error, AD_MISUSE, "%s: the states are those of another model", s->name);
    if (states->steps < 0 || states->steps == INT64_MAX)
        return ad_fail(s->error, AD_DOMAIN, "%s: %lld is not a number of steps taken", s->name,
                       (long long)states->steps);
    return AD_OK;
}

/* ---- preparation -------------------------------------------------------------------- */

static ad_status plan_ways(ad_step *s)
{
    ad_status status = AD_OK;
    for (size_t i = 0; i < s->ways && status == AD_OK; i++) {
        ad_way *way = &s->way[i];
        status = way->optimiser->prepare(way->settings.bytes, s->states->steps + 1, way->plan.bytes,
                                         s->error);
    }
    return status;
}

/* The number of states that the ways in use need, or more. */
static int count_states(const ad_step *s)
{
    int most = s->least;
    for (size_t i = 0; i < s->ways; i++) {
        const ad_optimiser *o = s->way[i].optimiser;
        int needed = o->needs ? o->needs(s->way[i].settings.bytes) : o->states;
        needed = needed < o->states ? needed : o->states;
        if (s->way[i].used && needed > most)
            most = needed;
    }
    return most;
}

static ad_status prepare(ad_step *s)
{
    s->made = *s->states;
    s->made.optimiser = s->name;
    s->made.arrays = s->tree->arrays;
    ad_status status = check_states(s);
    if (status == AD_OK)
        status = ad_find_ways(s);
    if (status == AD_OK)
        status = plan_ways(s);
    if (status == AD_OK)
        status = ad_tree_walk(s->tree, check_field, s);
    if (status == AD_OK)
        status = ad_make_states(s, count_states(s));
    if (status != AD_OK)
        ad_drop_states(s);
    return status;
}

static ad_status make_states(ad_step *s, const void *model, ad_states *states)
{
    if (!model || !states) {
        ad_fail(s->error, AD_MISUSE, "%s: an argument is NULL", s->name);
        return AD_MISUSE;
    }
    s->model = model;
    s->states = states;
    ad_status status = prepare(s);
    if (status == AD_OK)
        ad_keep_states(s, states);
    return status;
}

ad_status ad_model_states(const ad_tree *tree, const ad_method *method, const void *model,
                          ad_states *states, ad_error *error)
{
    ad_step s;
    ad_status status = ad_step_begin(&s, tree, method, error);
    return status == AD_OK ? make_states(&s, model, states) : status;
}

ad_status ad_model_states_unset(const ad_tree *tree, const ad_method *method, const void *model,
                                int least, ad_states *states, ad_error *error)
{
    ad_step s;
    ad_status status = ad_step_begin(&s, tree, method, error);
    s.least = least;
    s.unset = true;
    return status == AD_OK ? make_states(&s, model, states) : status;
}

/* ---- the step ----------------------------------------------------------------------- */

/* The numbers of an array from begin to end - 1. */
static void set_args(const ad_step *s, size_t i, size_t begin, size_t end, ad_step_args *c)
{
    const ad_array *x = &s->model[i];
    const ad_way *way = ad_way_of(s, i);
    size_t offset = begin * ad_type_size(x->type);
    c->size = sizeof *c;
    c->plan = way->plan.bytes;
    c->type = x->type;
    c->n = end - begin;
    c->g = (const char *)s->gradient[i].data + offset;
    c->x = (char *)x->data + offset;
    c->shape = &x->shape;
    for (int k = 0; k < AD_MAX_STATES; k++)
        c->state[k] = k < s->made.count && k < way->optimiser->states
                          ? (char *)ad_state_arrays(&s->made, k)[i].data + offset
                          : NULL;
}

static ad_status survey_array(ad_step *s, size_t i)
{
    const ad_optimiser *o = ad_way_of(s, i)->optimiser;
    if (!o->survey)
        return AD_OK;
    ad_step_args c;
    set_args(s, i, 0, ad_array_count(&s->model[i]), &c);
    ad_workspace *work = ad_states_workspace(&s->made, s->model->allocator, s->method->pool);
    if (!work)
        return ad_fail(s->error, AD_MEMORY, "%s: memory ran out", o->name);
    ad_arena_mark start = ad_arena_here(work->arena);
    o->survey(&c, work);
    ad_arena_return(work->arena, start);
    return work->rejected.status == AD_OK
               ? AD_OK
               : ad_fail(s->error, work->rejected.status, "%s: %s", o->name, work->rejected.text);
}

static ad_status survey(ad_step *s)
{
    ad_status status = AD_OK;
    bool wanted = false;
    for (size_t i = 0; i < s->ways; i++)
        wanted |= s->way[i].optimiser->survey != NULL;
    for (size_t i = 0; wanted && i < s->tree->arrays && status == AD_OK; i++)
        status = survey_array(s, i);
    if (status != AD_OK)
        ad_drop_states(s);
    return status;
}

typedef struct step_job {
    const ad_step *s;
    size_t parts;
} step_job;

/* Where a part of an array begins: at whole lines of the cache, for short arrays are one part. */
static size_t part_begin(const step_job *j, size_t n, size_t part)
{
    enum { LINE = 16 };
    return part < j->parts ? n / LINE * part / j->parts * LINE : n;
}

/* An array that must not be cut is part of the first. */
static void step_array(const step_job *j, size_t i, size_t part)
{
    const ad_optimiser *o = ad_way_of(j->s, i)->optimiser;
    size_t n = ad_array_count(&j->s->model[i]);
    size_t begin = part_begin(j, n, part), end = part_begin(j, n, part + 1);
    if (!o->by_numbers)
        begin = part ? n : 0, end = n;
    ad_step_args c;
    set_args(j->s, i, begin, end, &c);
    if (c.n > 0 || j->parts == 1)
        o->step(&c);
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
static size_t count_parts(const ad_step *s, ad_pool *pool)
{
    enum { LEAST = 1 << 14, MANY = 1 << 17 };
    size_t numbers = 0;
    bool shared = ad_pool_has_shared(pool);
    for (size_t i = 0; i < s->tree->arrays; i++)
        if (ad_way_of(s, i)->optimiser->by_numbers)
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
    ad_step s;
    ad_status status = ad_step_begin(&s, tree, method, error);
    if (status != AD_OK)
        return status;
    if (!gradient || !states || !model || gradient == model) {
        ad_fail(error, AD_MISUSE, "%s: %s", s.name,
                gradient && gradient == model ? "the gradient is the model itself"
                                              : "an argument is NULL");
        return AD_MISUSE;
    }
    s.gradient = gradient;
    s.model = model;
    s.states = states;
    status = prepare(&s);
    if (status == AD_OK)
        status = survey(&s);
    if (status != AD_OK)
        return status;
    step_job j = {&s, count_parts(&s, method->pool)};
    run(&j, method->pool);
    s.made.steps++;
    ad_keep_states(&s, states);
    return AD_OK;
}
