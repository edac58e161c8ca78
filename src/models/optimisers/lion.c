/* Lion: a step of one length for every number, along the sign of a mean. */
#include "models/optimisers/optimisers.h"

typedef struct plan {
    double rate, keep, take1, take2, kept1, kept2;
} plan;

/* A NaN is its own sign, and so is 0. */
#define LOOP(T)                                             \
    const plan *o = c->plan;                                \
    const T rate = (T)o->rate, keep = (T)o->keep;           \
    const T take1 = (T)o->take1, take2 = (T)o->take2;       \
    const T kept1 = (T)o->kept1, kept2 = (T)o->kept2;       \
    const T *restrict g = c->g;                             \
    T *restrict m = c->state[0], *restrict x = c->x;        \
    for (size_t i = 0; i < c->n; i++) {                     \
        T gi = g[i], mi = kept2 * m[i], way = kept1 * m[i]; \
        way += take1 * (gi - way);                          \
        T step = way > 0 ? rate : way < 0 ? -rate : way;    \
        m[i] = mi + take2 * (gi - mi);                      \
        x[i] = keep * x[i] - step;                          \
    }
AD_STEP(take_step, LOOP)

static ad_status prepare(const void *settings, int64_t t, void *planned, ad_error *error)
{
    const ad_lion *o = settings;
    plan p = {o->rate,      1 - o->rate * o->decay, 1 - o->beta1,
              1 - o->beta2, o->beta1 != 0,          o->beta2 != 0};
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
    .step = take_step,
    .by_numbers = true,
};
