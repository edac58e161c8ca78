/* Adam whose square is a largest size, of gradients that fade. */
#include "models/optimisers/optimisers.h"

typedef struct plan {
    double rate, take, kept, beta2, epsilon;
} plan;

#define LOOP(T)                                                                                 \
    const plan *o = c->plan;                                                                    \
    const T rate = (T)o->rate, take = (T)o->take, kept = (T)o->kept;                            \
    const T beta2 = (T)o->beta2, epsilon = (T)o->epsilon;                                       \
    const T *restrict g = c->g;                                                                 \
    T *restrict m = c->state[0], *restrict u = c->state[1], *restrict x = c->x;                 \
    for (size_t i = 0; i < c->n; i++) {                                                         \
        T gi = g[i], size = (gi < 0 ? -gi : gi) + epsilon, mi = kept * m[i], ui = beta2 * u[i]; \
        m[i] = mi += take * (gi - mi);                                                          \
        u[i] = ui = ui > size ? ui : size;                                                      \
        x[i] -= rate * (mi / ui);                                                               \
    }
AD_RARE_STEP(adamax_step, LOOP)

static ad_status prepare(const void *settings, int64_t t, void *planned, ad_error *error)
{
    const ad_adamax *o = settings;
    plan p = {o->rate / (1 - pow(o->beta1, (double)t)), 1 - o->beta1, o->beta1 != 0, o->beta2,
              o->epsilon};
    memcpy(planned, &p, sizeof p);
    return AD_CHECK_SETTINGS("adamax", error, {"rate", o->rate, AD_FINITE},
                             {"beta1", o->beta1, AD_DECAYS}, {"beta2", o->beta2, AD_DECAYS},
                             {"epsilon", o->epsilon, AD_POSITIVE});
}

const ad_optimiser ad_adamax_optimiser = {
    .size = sizeof ad_adamax_optimiser,
    .name = "adamax",
    .states = 2,
    .state = {"the mean", "the largest size"},
    .settings_size = sizeof(ad_adamax),
    .prepare = prepare,
    .step = adamax_step,
    .by_numbers = true,
};
