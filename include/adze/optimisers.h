/* Optimisers: steps of training. SGD and Adam; write others of your own (ad_optimiser).
 *
 *     ad_adam adam = {.rate = 2e-3};
 *     ad_states states = {0};
 *     mlp gradient = {0};
 *     for (...) {
 *         mlp_value_with_gradient(tape, loss, &model, &batch, &value, &gradient);
 *         mlp_step(ad_adam_method(&adam), &gradient, &states, &model, &error);
 *     }
 *     ad_states_free(&states);
 *
 * The settings may be changed between any two steps. */
#ifndef ADZE_OPTIMISERS_H
#define ADZE_OPTIMISERS_H

#include "adze/tree.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- an optimiser ------------------------------------------------------------------- */

enum {
    AD_MAX_STATES = 4,    /* of an optimiser */
    AD_MAX_SETTINGS = 128 /* bytes of settings, and of a plan */
};

/* One array of a model, and what a step changes it by. */
typedef struct ad_step_args {
    size_t size;      /* sizeof(ad_step_args) of the library */
    const void *plan; /* of the step: what `prepare` has made of the settings */
    ad_type type;     /* f32 or f64, of all that follows */
    size_t n;         /* numbers of the array; the others have as many */
    const void *g;    /* its gradient */
    void *x;
    void *state[AD_MAX_STATES]; /* zeros before the first step; NULL: there is no such state */
} ad_step_args;

/* A rule by which steps are taken: a value, as operations are. */
typedef struct ad_optimiser {
    size_t size;                  /* sizeof(ad_optimiser): lets this struct grow */
    const char *name;             /* for messages */
    int states;                   /* how many structs like the model it carries from step to step */
    const char *state[AD_MAX_STATES]; /* "the velocity" */
    size_t settings_size;         /* of its settings; those that a caller does not know are zeros */

    /* Makes a plan, of up to AD_MAX_SETTINGS bytes, from the settings: it is the same for all
     * arrays of the model. step counts from 1. Settings that make no sense are AD_DOMAIN, with a
     * message. */
    ad_status (*prepare)(const void *settings, int64_t step, void *plan, ad_error *error);

    /* How many of the states these settings need. NULL: all. */
    int (*needs)(const void *settings);

    /* Takes the step for one array. */
    void (*step)(const ad_step_args *c);
} ad_optimiser;

/* An optimiser with its settings: how a step is taken. */
typedef struct ad_method {
    const ad_optimiser *optimiser;
    const void *settings;
    size_t settings_size; /* of the caller's struct: settings may grow */
} ad_method;

/* What an optimiser carries from step to step. Starts as {0}; the first step makes it, with the
 * allocators of the model's arrays. End it with ad_states_free. */
typedef struct ad_states {
    const char *optimiser; /* whose states these are; NULL: nobody's yet */
    int64_t steps;         /* taken so far */
    int count;             /* structs like the model */
    size_t arrays;         /* of each */
    ad_array room;         /* bytes of the arrays of all */
} ad_states;

AD_API void ad_states_free(ad_states *states);

/* The i-th state, a struct of the model's own type: for reading, saving and restoring. NULL when
 * there is none. */
AD_API void *ad_states_at(const ad_states *states, int i);

/* Makes the states, of zeros, before the first step does, for example to restore saved ones. */
AD_API ad_status ad_model_states(const ad_tree *tree, const ad_method *method, const void *model,
                                 ad_states *states, ad_error *error);

/* Takes a step along the gradient. Nothing is changed by a step that fails: AD_DOMAIN (settings),
 * AD_BAD_SHAPE or AD_BAD_TYPE naming the field, AD_MISUSE (an argument is NULL, an array holds
 * nothing, or the states are another optimiser's), AD_MEMORY. */
AD_API ad_status ad_model_step(const ad_tree *tree, const ad_method *method, const void *gradient,
                               ad_states *states, void *model, ad_error *error);

/* A built-in one by name: "sgd" or "adam". NULL if there is none. */
AD_API const ad_optimiser *ad_optimiser_named(const char *name);

/* ---- stochastic gradient descent ---------------------------------------------------- */

/* v = momentum v + g;  x -= rate v, or with nesterov rate (momentum v + g). One state, the
 * velocity; none where momentum is 0. (Polyak 1964; Nesterov 1983 as Sutskever et al. 2013.) */
typedef struct ad_sgd {
    double rate;
    double momentum; /* in [0, 1) */
    bool nesterov;
} ad_sgd;

static inline AD_UNUSED ad_method ad_sgd_method(const ad_sgd *o)
{
    ad_method m = {ad_optimiser_named("sgd"), o, sizeof *o};
    return m;
}

/* ---- Adam --------------------------------------------------------------------------- */

/* mean += (1 - beta1) (g - mean);  square += (1 - beta2) (g^2 - square);
 *     x -= rate mean / (1 - beta1^step) / (sqrt(square / (1 - beta2^step)) + epsilon)
 *
 * Two states, the mean and the square. Zeros in beta1, beta2 and epsilon stand for 0.9, 0.999 and
 * 1e-8. (Kingma and Ba 2015.) */
typedef struct ad_adam {
    double rate;
    double beta1, beta2; /* in [0, 1) */
    double epsilon;      /* positive */
} ad_adam;

static inline AD_UNUSED ad_method ad_adam_method(const ad_adam *o)
{
    ad_method m = {ad_optimiser_named("adam"), o, sizeof *o};
    return m;
}

#ifdef __cplusplus
}
#endif

#endif
