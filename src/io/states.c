/* In the metadata stand "adam.optimiser" and, for each array with another one,
 * "adam.optimiser.output.w". The states are made anew, by the method and for the model that is
 * being read, so that a step finds them as after the last one. */
#include "io/states.h"

#include "models/step.h"

#include <stdio.h>
#include <string.h>

/* An array's optimiser by the method, and the key under which it is in the file. */
typedef struct assignment {
    const char *optimiser;
    bool other; /* not that of the method itself */
    char key[AD_FIELD_NAME_SIZE];
} assignment;

static ad_status assign(const ad_step *step, const ad_training_part *p, const ad_site *at,
                        assignment *a, ad_error *error)
{
    char path[AD_PATH_SIZE], prefix[AD_FIELD_NAME_SIZE];
    ad_site_print(at, false, path);
    a->optimiser = step->way[ad_way_at(step->method, path)].optimiser->name;
    a->other = strcmp(a->optimiser, step->name) != 0;
    snprintf(prefix, sizeof prefix, "%s.optimiser.", p->name);
    return ad_field_name(at, prefix, false, a->key, error);
}

/* ---- saving ------------------------------------------------------------------------- */

typedef struct listing {
    const ad_training_part *part;
    const ad_step *step;
    ad_listing *list;
    uint64_t others; /* as the states count them */
} listing;

static ad_status fail(const listing *s, const char *reason, const char *detail)
{
    return ad_fail(s->list->error, AD_MISUSE, "save: the part \"%s\": the states are those of %s%s",
                   s->part->name, reason, detail);
}

static ad_status list_optimiser(void *user, const ad_site *at)
{
    listing *s = user;
    const ad_states *states = s->part->target;
    assignment a;
    ad_error *error = s->list->error;
    const ad_array *x = ad_site_array(at, s->part->model);
    ad_status status = assign(s->step, s->part, at, &a, error);
    if (status == AD_OK)
        status = ad_require_held(at, x, "save", "the model", error);
    for (int i = 0; i < states->count && status == AD_OK; i++)
        status = ad_require_equal(at, x, ad_site_array(at, ad_state_arrays(states, i)), "save",
                                  "a state", error);
    if (status != AD_OK || !a.other)
        return status;
    char *key = ad_listing_name(s->list);
    memcpy(key, a.key, sizeof a.key);
    ad_listing_add_pair(s->list, key, a.optimiser);
    s->others = ad_note_other(s->others, a.optimiser, at->number);
    return AD_OK;
}

static ad_status list_optimisers(const ad_training_part *p, ad_listing *l)
{
    ad_step step;
    listing s = {p, &step, l, 0};
    const ad_states *states = p->target;
    ad_status status = ad_step_begin(&step, p->tree, &p->method, l->error);
    if (status != AD_OK)
        return status;
    if (strcmp(states->optimiser, step.name) != 0)
        return fail(&s, "another optimiser, ", states->optimiser);
    if (states->arrays != p->tree->arrays)
        return fail(&s, "another model", "");
    status = ad_tree_walk(p->tree, list_optimiser, &s);
    return status == AD_OK && s.others != states->others ? fail(&s, "other groups", "") : status;
}

ad_status ad_list_states(const ad_training_part *p, ad_listing *l)
{
    const ad_states *states = p->target;
    char *key = ad_listing_name(l), prefix[AD_FIELD_NAME_SIZE];
    snprintf(key, AD_FIELD_NAME_SIZE, "%s.optimiser", p->name);
    ad_listing_add_pair(l, key, states->optimiser ? states->optimiser : "");
    if (!states->optimiser)
        return AD_OK;
    ad_status status = list_optimisers(p, l);
    for (int i = 0; i < states->count && status == AD_OK; i++) {
        snprintf(prefix, sizeof prefix, "%s.%d.", p->name, i);
        status = ad_listing_add_fields(l, prefix, p->tree, ad_state_arrays(states, i));
    }
    return status;
}

/* ---- loading ------------------------------------------------------------------------ */

typedef struct reading {
    const ad_training_part *part;
    ad_reading *file;
    const ad_step *step;
    const char *optimiser; /* of the states in the file */
} reading;

static ad_status check_optimiser(void *user, const ad_site *at)
{
    const reading *s = user;
    assignment a;
    char path[AD_PATH_SIZE];
    ad_status status = assign(s->step, s->part, at, &a, s->file->error);
    if (status != AD_OK)
        return status;
    const char *saved = ad_safetensors_metadata(s->file->file, a.key);
    saved = saved ? saved : s->optimiser;
    if (strcmp(saved, a.optimiser) == 0)
        return AD_OK;
    return ad_fail(s->file->error, AD_FORMAT, "%s: %s has states of %s there, and the method %s",
                   s->file->name, ad_site_print(at, true, path), saved, a.optimiser);
}

/* More states than the settings need are those of settings that needed them. */
static ad_status check_count(const reading *s, int saved, int needed)
{
    int most = 0;
    for (size_t i = 0; i < s->step->ways; i++) {
        int own = s->step->way[i].optimiser->states;
        most = own > most ? own : most;
    }
    if (saved == needed && saved <= most)
        return AD_OK;
    return ad_fail(s->file->error, AD_FORMAT,
                   "%s: %s has %d states there, and with these settings %d", s->file->name,
                   s->part->name, saved, needed < most ? needed : most);
}

static ad_status read_count(const reading *s, const ad_saved_states *saved)
{
    bool begun = *s->optimiser;
    if (saved->count >= 0 && saved->count <= AD_MAX_STATES && saved->steps >= 0 &&
        saved->steps < INT64_MAX && (begun || (!saved->count && !saved->steps)))
        return AD_OK;
    return ad_fail(s->file->error, AD_FORMAT,
                   "%s: %s: %d states of \"%s\" after %lld steps cannot be", s->file->name,
                   s->part->name, saved->count, s->optimiser, (long long)saved->steps);
}

/* Reads state i, whose numbers are not set. What is read takes the place of its arrays: it need
 * not be copied. */
static ad_status read_state(const reading *s, ad_array *state, int i)
{
    char prefix[AD_FIELD_NAME_SIZE];
    ad_array list;
    snprintf(prefix, sizeof prefix, "%s.%d.", s->part->name, i);
    s->file->replaces = true;
    ad_status status = ad_reading_fields(s->file, prefix, s->part->tree, state, &list);
    s->file->replaces = false;
    if (status != AD_OK)
        return status;
    for (size_t k = 0; k < s->part->tree->arrays; k++)
        ad_array_free(&state[k]);
    ad_reading_settle(&list, s->part->tree, state);
    return AD_OK;
}

/* Makes the states for the model as it will be. */
static ad_status make_states(const reading *s, const ad_saved_states *saved, ad_states *states)
{
    const ad_tree *tree = s->part->tree;
    const ad_array *now = s->part->model;
    ad_array list;
    ad_status status = ad_reading_list(s->file, tree, &list);
    if (status != AD_OK)
        return status;
    ad_array *model = list.data;
    for (size_t i = 0; i < tree->arrays && !saved->empty; i++)
        model[i] = now[i].data || !saved->model ? now[i] : saved->model[i];
    status =
        ad_model_states_unset(tree, &s->part->method, model, saved->count, states, s->file->error);
    ad_array_free(&list);
    return status;
}

static ad_status read_all(const reading *s, const ad_saved_states *saved, ad_states *states)
{
    ad_status status = ad_tree_walk(s->part->tree, check_optimiser, (void *)(uintptr_t)s);
    if (status == AD_OK)
        status = make_states(s, saved, states);
    if (status == AD_OK)
        status = check_count(s, saved->count, states->count);
    for (int i = 0; i < saved->count && status == AD_OK; i++)
        status = read_state(s, ad_state_arrays(states, i), i);
    states->steps = saved->steps;
    return status;
}

ad_status ad_read_states(const ad_training_part *p, ad_reading *r, const ad_saved_states *saved,
                         ad_states *states)
{
    ad_step step;
    char key[AD_FIELD_NAME_SIZE];
    snprintf(key, sizeof key, "%s.optimiser", p->name);
    reading s = {p, r, &step, ad_safetensors_metadata(r->file, key)};
    if (!s.optimiser)
        return ad_fail(r->error, AD_FORMAT, "%s: there is no text %s in the metadata", r->name,
                       key);
    ad_status status = read_count(&s, saved);
    if (status == AD_OK)
        status = ad_step_begin(&step, p->tree, &p->method, r->error);
    return status == AD_OK && *s.optimiser ? read_all(&s, saved, states) : status;
}
