/* The states of an optimiser: lists of arrays like the model's, in one block of memory. */
#include "array/array.h"
#include "base/workspace.h"
#include "models/step.h"

#include <string.h>

void *ad_states_at(const ad_states *states, int i)
{
    return states && i >= 0 && i < states->count ? ad_state_arrays(states, i) : NULL;
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
    ad_array_free(&states->ways);
    ad_states_end_work(states);
    *states = (ad_states){0};
}

/* ---- the next states ---------------------------------------------------------------- */

static ad_status fail(const ad_step *s, int count)
{
    return ad_fail(s->error, AD_MEMORY, "%s: memory ran out for %d states of %s", s->name, count,
                   s->tree->name);
}

ad_status ad_make_states(ad_step *s, int count)
{
    const ad_states *old = s->states;
    ad_states *made = &s->made;
    size_t arrays = s->tree->arrays, kept = (size_t)old->count * arrays;
    if (count <= old->count)
        return AD_OK;
    ad_array room = ad_array_new(s->model->allocator, AD_U8,
                                 AD_SHAPE((int64_t)((size_t)count * arrays * sizeof(ad_array))));
    ad_array *a = room.data;
    if (!a)
        return fail(s, count);
    if (kept)
        memcpy(a, old->room.data, kept * sizeof *a);
    made->room = room;
    made->count = count;
    for (size_t i = kept; i < (size_t)count * arrays; i++) {
        const ad_array *x = &s->model[i % arrays];
        a[i] = s->unset ? ad_array_unset(x->allocator, x->type, x->shape)
                        : ad_array_new(x->allocator, x->type, x->shape);
        if (!a[i].data)
            return fail(s, count);
    }
    return AD_OK;
}

void ad_keep_states(ad_step *s, ad_states *states)
{
    if (s->made.room.data != states->room.data)
        ad_array_free(&states->room);
    *states = s->made;
}

void ad_drop_states(ad_step *s)
{
    if (s->made.room.data != s->states->room.data) {
        free_from(&s->made, s->states->count);
        ad_array_free(&s->made.room);
    }
    if (s->made.ways.data != s->states->ways.data)
        ad_array_free(&s->made.ways);
    if (s->made.work.data != s->states->work.data)
        ad_states_end_work(&s->made);
}

/* ---- scratch memory ----------------------------------------------------------------- */

/* It stays with the states, so that steps after the first allocate nothing. */
typedef struct workroom {
    ad_workspace work;
    ad_arena arena;
} workroom;

ad_workspace *ad_states_workspace(ad_states *states, const ad_allocator *allocator, ad_pool *pool)
{
    if (!states->work.data)
        states->work = ad_array_new(allocator, AD_U8, AD_SHAPE((int64_t)sizeof(workroom)));
    workroom *r = states->work.data;
    if (!r)
        return NULL;
    r->arena.allocator = states->work.allocator;
    r->work = (ad_workspace){.arena = &r->arena, .pool = pool, .isa = ad_cpu_isa()};
    return &r->work;
}

void ad_states_end_work(ad_states *states)
{
    workroom *r = states->work.data;
    if (!r)
        return;
    ad_arena_return(&r->arena, (ad_arena_mark){0});
    ad_arena_trim(&r->arena);
    ad_array_free(&states->work);
}
