/* Stochastic gradient descent, with momentum or without. */
#include "models/optimisers/optimisers.h"

#define PLAIN(T)                                                        \
    const ad_sgd *o = c->plan;                                          \
    const T *restrict g = c->g, rate = (T)o->rate, decay = (T)o->decay; \
    T *restrict x = c->x;                                               \
    for (size_t i = 0; i < c->n; i++)                                   \
        x[i] -= rate * (g[i] + decay * x[i]);
AD_STEP(sgd_plain, PLAIN)

#define HEAVY(T)                                                        \
    const ad_sgd *o = c->plan;                                          \
    const T *restrict g = c->g, rate = (T)o->rate, decay = (T)o->decay; \
    const T momentum = (T)o->momentum;                                  \
    T *restrict v = c->state[0], *restrict x = c->x;                    \
    const bool nesterov = o->nesterov;                                  \
    for (size_t i = 0; i < c->n; i++) {                                 \
        T gi = g[i] + decay * x[i], vi = v[i] = momentum * v[i] + gi;   \
        x[i] -= rate * (nesterov ? momentum * vi + gi : vi);            \
    }
AD_STEP(sgd_heavy, HEAVY)

static void step(const ad_step_args *c)
{
    (c->state[0] ? sgd_heavy : sgd_plain)(c);
}

static ad_status prepare(const void *settings, int64_t t, void *plan, ad_error *error)
{
    const ad_sgd *o = settings;
    (void)t;
    memcpy(plan, o, sizeof *o);
    return AD_CHECK_SETTINGS("sgd", error, {"rate", o->rate, AD_FINITE},
                             {"momentum", o->momentum, AD_DECAYS},
                             {"decay", o->decay, AD_NOT_NEGATIVE});
}

static int needs(const void *settings)
{
    return ((const ad_sgd *)settings)->momentum != 0;
}

const ad_optimiser ad_sgd_optimiser = {
    .size = sizeof ad_sgd_optimiser,
    .name = "sgd",
    .states = 1,
    .state = {"the velocity"},
    .settings_size = sizeof(ad_sgd),
    .prepare = prepare,
    .needs = needs,
    .step = step,
    .by_numbers = true,
};
