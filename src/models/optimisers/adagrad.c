/* Adagrad: the gradient over the root of the sum of all its squares. */
#include "models/optimisers/optimisers.h"

#define NAMES(T)                                                  \
    const ad_adagrad *o = c->plan;                                \
    const T rate = (T)o->rate, epsilon = (T)o->epsilon, kept = 1; \
    const T *restrict g = c->g;                                   \
    T *restrict s = c->state[0], *restrict x = c->x;

#define NUMBER(T, root) \
    si += gi * gi;      \
    x[i] -= rate * (g[i] / (root(si) * unit + epsilon));
AD_STEP_OF_SQUARES(adagrad_step, NAMES, NUMBER)

static ad_status prepare(const void *settings, int64_t t, void *plan, ad_error *error)
{
    const ad_adagrad *o = settings;
    (void)t;
    memcpy(plan, o, sizeof *o);
    return AD_CHECK_SETTINGS("adagrad", error, {"rate", o->rate, AD_FINITE},
                             {"epsilon", o->epsilon, AD_POSITIVE});
}

const ad_optimiser ad_adagrad_optimiser = {
    .size = sizeof ad_adagrad_optimiser,
    .name = "adagrad",
    .states = 1,
    .state = {"the sum of squares"},
    .settings_size = sizeof(ad_adagrad),
    .prepare = prepare,
    .step = adagrad_step,
    .by_numbers = true,
};
