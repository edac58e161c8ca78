/* Lion: a step of one length for every number, along the sign of a mean. */
#include "models/optimisers/optimisers.h"

typedef struct plan {
    double rate, keep, beta1, beta2;
} plan;

/* A NaN is its own sign, and so is 0. */
#define LOOP(T)                                             \
    const plan *o = c->plan;                                \
    const T rate = (T)o->rate, keep = (T)o->keep;           \
    const T beta1 = (T)o->beta1, take1 = (T)(1 - o->beta1); \
    const T beta2 = (T)o->beta2, take2 = (T)(1 - o->beta2); \
    const T *restrict g = c->g;                             \
    T *restrict m = c->state[0], *restrict x = c->x;        \
    for (size_t i = 0; i < c->n; i++) {                     \
        T gi = g[i], way = beta1 * m[i] + take1 * gi;       \
        T step = way > 0 ? rate : way < 0 ? -rate : way;    \
        m[i] = beta2 * m[i] + take2 * gi;                   \
        x[i] = keep * x[i] - step;                          \
    }
AD_STEP(lion_step, LOOP)

static ad_status prepare(const void *settings, int64_t t, void *planned, ad_error *error)
{
    const ad_lion *o = settings;
    plan p = {o->rate, 1 - o->rate * o->decay, o->beta1, o->beta2};
    (void)t;
    memcpy(planned, &p, sizeof p);
    return AD_CHECK_SETTINGS("lion", error, {"rate", o->rate, AD_FINITE},
                             {"decay", o->decay, AD_NOT_NEGATIVE}, {"beta1", o->beta1, AD_DECAYS},
                             {"beta2", o->beta2, AD_DECAYS});
}

const ad_optimiser ad_lion_optimiser = {
    .size = sizeof ad_lion_optimiser,
    .name = "lion",
    .states = 1,
    .state = {"the mean"},
    .settings_size = sizeof(ad_lion),
    .prepare = prepare,
    .step = lion_step,
    .by_numbers = true,
};
