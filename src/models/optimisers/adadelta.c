/* Adadelta: the gradient times the root of the mean square of the steps before, over the root of its own. */
#include "models/optimisers/optimisers.h"

#define NAMES(T)                                                                  \
    const ad_adadelta *o = c->plan;                                               \
    const T rate = (T)o->rate, epsilon = (T)o->epsilon, kept = o->smoothing != 0; \
    const T take = (T)(1 - o->smoothing);                                         \
    const T *restrict g = c->g;                                                   \
    T *restrict s = c->state[0], *restrict u = c->state[1], *restrict x = c->x;

#define NUMBER(T, root)                                                 \
    si += take * (gi * gi - si);                                        \
    T ui = kept * u[i];                                                 \
    T d = gi / root(si + epsilon / unit / unit) * root(u[i] + epsilon); \
    u[i] = ui + take * (d * d - ui);                                    \
    x[i] -= rate * d;
AD_RARE_STEP_OF_SQUARES(adadelta_step, NAMES, NUMBER)

static ad_status prepare(const void *settings, int64_t t, void *plan, ad_error *error)
{
    const ad_adadelta *o = settings;
    (void)t;
    memcpy(plan, o, sizeof *o);
    return AD_CHECK_SETTINGS("adadelta", error, {"rate", o->rate, AD_FINITE},
                             {"smoothing", o->smoothing, AD_DECAYS},
                             {"epsilon", o->epsilon, AD_POSITIVE});
}

const ad_optimiser ad_adadelta_optimiser = {
    .size = sizeof ad_adadelta_optimiser,
    .name = "adadelta",
    .states = 2,
    .state = {"the square", "the square of the steps"},
    .settings_size = sizeof(ad_adadelta),
    .prepare = prepare,
    .step = adadelta_step,
    .by_numbers = true,
};
