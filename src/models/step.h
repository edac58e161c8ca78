/* A step on its way: what the files of this room that take it share. */
#ifndef ADZE_MODELS_STEP_H
#define ADZE_MODELS_STEP_H

#include "adze/optimiser.h"
#include "trees/walk.h"

/* How some arrays take their step. The settings are a copy: fields that the caller does not know are zeros. */
typedef struct ad_way {
    const ad_optimiser *optimiser;
    bool used;
    union {
        double align;
        char bytes[AD_MAX_SETTINGS];
    } settings, plan;
} ad_way;

typedef struct ad_step {
    const ad_tree *tree;
    const ad_method *method;
    const char *name; /* of the method's optimiser, for messages */
    const ad_array *gradient, *model;
    const ad_states *states;
    ad_states made; /* the next ones */
    int least;      /* how many there are, at least */
    bool unset;     /* new ones need no zeros: all will be written */
    ad_error *error;
    size_t ways;                   /* the method's own, and those of its groups */
    ad_way way[1 + AD_MAX_GROUPS]; /* the method's own is first */
} ad_step;

/* Begins with the ways of a method, and checks that they can be used. */
ad_status ad_step_begin(ad_step *s, const ad_tree *tree, const ad_method *m, ad_error *error);

/* The number of the way that a method has for the array of a path. */
size_t ad_way_at(const ad_method *m, const char *path);

/* Counts up an array that has another optimiser than the method itself: 0 if none has. */
uint64_t ad_note_other(uint64_t others, const char *optimiser, size_t array);

/* The number of the way of an array, once they are known. */
static inline size_t ad_way_number(const ad_step *s, size_t array)
{
    return s->method->group_count ? ((const uint8_t *)s->made.ways.data)[array] : 0;
}

static inline const ad_way *ad_way_of(const ad_step *s, size_t array)
{
    return &s->way[ad_way_number(s, array)];
}

/* Makes room for the ways of all arrays, and finds them. */
ad_status ad_find_ways(ad_step *s);

/* The arrays of the i-th state. */
static inline ad_array *ad_state_arrays(const ad_states *states, int i)
{
    return (ad_array *)states->room.data + (size_t)i * states->arrays;
}

/* The next states: the old ones, and new ones up to a count. */
ad_status ad_make_states(ad_step *s, int count);

/* As ad_model_states, with at least `least` states, whose numbers are not set. */
ad_status ad_model_states_unset(const ad_tree *tree, const ad_method *method, const void *model,
                                int least, ad_states *states, ad_error *error);

/* Puts the next states in the place of the old; or gives back what is new in them. */
void ad_keep_states(ad_step *s, ad_states *states);
void ad_drop_states(ad_step *s);

/* The workspace of the states, with the threads of a pool; NULL if there is no memory for it. */
ad_workspace *ad_states_workspace(ad_states *states, const ad_allocator *allocator, ad_pool *pool);
void ad_states_end_work(ad_states *states);

#endif
