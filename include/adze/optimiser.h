/* Taking steps, and writing an optimiser. The optimisers themselves are in optimisers.h.
 *
 *     ad_adam adam = ad_adam_new(2e-3);
 *     ad_states states = {0};
 *     mlp gradient = {0};
 *     for (...) {
 *         mlp_value_with_gradient(tape, loss, &model, &batch, &value, &gradient);
 *         mlp_step(ad_adam_method(&adam), &gradient, &states, &model, &error);
 *     }
 *     ad_states_free(&states);
 *
 * The settings may be changed between any two steps. */
#ifndef ADZE_OPTIMISER_H
#define ADZE_OPTIMISER_H

#include "adze/pool.h"
#include "adze/tree.h"
#include "adze/workspace.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- an optimiser ------------------------------------------------------------------- */

enum {
    AD_MAX_STATES = 4,     /* of an optimiser */
    AD_MAX_SETTINGS = 128, /* bytes of settings, and of a plan */
    AD_MAX_GROUPS = 15     /* of a method */
};

/* The argument of a step: one array of the model, its gradient and its states; or a part of them. */
typedef struct ad_step_args {
    size_t size;      /* sizeof(ad_step_args) of the library */
    const void *plan; /* the plan that `prepare` has made */
    ad_type type;     /* f32 or f64: the type of g, x and the states */
    size_t n;         /* how many numbers each of them has */
    const void *g;    /* the gradient */
    void *x;          /* the array */
    void *state[AD_MAX_STATES]; /* zeros before the first step; NULL if there is no such state */
    const ad_shape *shape; /* of the whole array */
} ad_step_args;

/* A rule for taking steps: a value, as operations are. */
typedef struct ad_optimiser {
    size_t size;                  /* sizeof(ad_optimiser): lets this struct grow */
    const char *name;             /* for messages */
    int states;                   /* how many structs like the model it carries from step to step */
    const char *state[AD_MAX_STATES]; /* their names in messages: "the velocity" */
    size_t settings_size;         /* of its settings; if a caller's are smaller, the rest is 0 */

    /* Makes a plan, of up to AD_MAX_SETTINGS bytes, from the settings. All arrays of the
     * model use the same plan. step counts from 1. AD_DOMAIN, with a message, for settings
     * out of their range. */
    ad_status (*prepare)(const void *settings, int64_t step, void *plan, ad_error *error);

    /* The number of states that these settings need. NULL: all. */
    int (*needs)(const void *settings);

    /* Takes the step for one array. */
    void (*step)(const ad_step_args *c);

    /* The new x[i] and states[i] depend on nothing else of the array than x[i], g[i] and states[i]:
     * step may be called for parts of an array, by several threads at a time. */
    bool by_numbers;

    /* NULL, or finds what a step must know of an array as a whole, such as a product of matrices. It
     * is called for all arrays before a number of any is written, and leaves what it finds in a
     * state that carries nothing from step to step. It may take scratch memory, and fail. */
    void (*survey)(const ad_step_args *c, ad_workspace *work);
} ad_optimiser;

/* An optimiser with its settings. */
typedef struct ad_method {
    const ad_optimiser *optimiser;
    const void *settings;
    size_t settings_size; /* of the caller's struct: settings may grow */
    ad_pool *pool;        /* NULL, or threads that share the step of a large model, as those of the
                             tape. The bits do not depend on it */
    const struct ad_group *groups; /* arrays that have methods of their own; NULL if there are none */
    size_t group_count;            /* up to AD_MAX_GROUPS */
} ad_method;

/* Arrays with a method of their own: another rate, another optimiser. path names them:
 *
 *     "output.w"   an array
 *     "output"     all arrays of a struct or of an array of fields; "layer[2]" is one of these
 *     ".b"         all arrays whose path ends like this, wherever they are
 *
 *     ad_adamw adamw = ad_adamw_new(1e-3, 0.01), bias = ad_adamw_new(1e-3, 0);
 *     ad_group groups[] = {{".b", ad_adamw_method(&bias)}, {"output", ad_sgd_method(&sgd)}};
 *     ad_method method = ad_adamw_method(&adamw);
 *     method.groups = groups, method.group_count = 2;
 *
 * The first group that fits an array counts, and the method itself where none does. A path that fits no
 * array is AD_MISUSE. Groups may change from step to step as long as each array keeps its
 * optimiser. The pool and the groups of a group's method do not count. */
typedef struct ad_group {
    const char *path;
    ad_method method;
} ad_group;

/* The states that an optimiser carries from step to step. Starts as {0}; the first step makes the
 * states with the allocators of the model's arrays. End it with ad_states_free. */
typedef struct ad_states {
    const char *optimiser; /* the name of the optimiser; NULL before the first step */
    int64_t steps;         /* the number of steps taken */
    int count;             /* the number of states, structs like the model */
    size_t arrays;         /* the number of arrays in each */
    ad_array room;         /* private: memory for all these arrays */
    ad_array ways;         /* private: the group of each array */
    uint64_t others;       /* private: which arrays have another optimiser */
    ad_array work;         /* private: scratch memory */
} ad_states;

AD_API void ad_states_free(ad_states *states);

/* The i-th state, a struct of the model's own type, to be read, saved and restored. NULL
 * if there is none. */
AD_API void *ad_states_at(const ad_states *states, int i);

/* Makes the states, filled with zeros, before the first step: for example to restore
 * saved ones. */
AD_API ad_status ad_model_states(const ad_tree *tree, const ad_method *method, const void *model,
                                 ad_states *states, ad_error *error);

/* Takes a step along the gradient. A step that fails changes nothing. AD_DOMAIN for settings out
 * of their range; AD_BAD_SHAPE or AD_BAD_TYPE, naming the field; AD_MISUSE if an argument is NULL,
 * an array is empty, a group fits no array, or the states belong to another optimiser; AD_MEMORY. */
AD_API ad_status ad_model_step(const ad_tree *tree, const ad_method *method, const void *gradient,
                               ad_states *states, void *model, ad_error *error);

/* A built-in optimiser by name: "sgd", "adam", "adamw", ...: those of optimisers.h. NULL if there is none. */
AD_API const ad_optimiser *ad_optimiser_named(const char *name);

#ifdef __cplusplus
}
#endif

#endif
