/* RMSProp: the gradient over the root of its mean square, with momentum or without; or, centred, over its
 * deviation from its mean. */
#include "models/optimisers/optimisers.h"

#define NAMES(T)                                                                  \
    const ad_rmsprop *o = c->plan;                                                \
    const T rate = (T)o->rate, epsilon = (T)o->epsilon, kept = o->smoothing != 0; \
    const T take = (T)(1 - o->smoothing);                                         \
    const T *restrict g = c->g;                                                   \
    T *restrict s = c->state[0], *restrict x = c->x;

#define NUMBER(T, root)          \
    si += take * (gi * gi - si); \
    x[i] -= rate * (g[i] / (root(si) * unit + epsilon));
AD_STEP_OF_SQUARES(rmsprop_plain, NAMES, NUMBER)
#undef NUMBER

#define HEAVY_NAMES(T)                 \
    NAMES(T)                           \
    const T momentum = (T)o->momentum; \
    T *restrict v = c->state[1];

#define NUMBER(T, root)                                                 \
    si += take * (gi * gi - si);                                        \
    T vi = v[i] = momentum * v[i] + g[i] / (root(si) * unit + epsilon); \
    x[i] -= rate * vi;
AD_STEP_OF_SQUARES(rmsprop_heavy, HEAVY_NAMES, NUMBER)
#undef NUMBER

#define CENTRED_NAMES(T) \
    HEAVY_NAMES(T)       \
    T *restrict m = c->state[2];

/* Rounding may leave less than 0 of a variance. */
#define NUMBER(T, root)                                                          \
    T mi = kept * m[i];                                                          \
    m[i] = mi += take * (g[i] - mi);                                             \
    si += take * (gi * gi - si);                                                 \
    T mean = mi / unit, left = si - mean * mean, variance = left < 0 ? 0 : left; \
    T vi = v[i] = momentum * v[i] + g[i] / (root(variance) * unit + epsilon);    \
    x[i] -= rate * vi;
AD_RARE_STEP_OF_SQUARES(rmsprop_centred, CENTRED_NAMES, NUMBER)
#undef NUMBER

static void step(const ad_step_args *c)
{
    const ad_rmsprop *o = c->plan;
    (o->centred ? rmsprop_centred : c->state[1] ? rmsprop_heavy : rmsprop_plain)(c);
}

static ad_status prepare(const void *settings, int64_t t, void *plan, ad_error *error)
{
    const ad_rmsprop *o = settings;
    (void)t;
    memcpy(plan, o, sizeof *o);
    return AD_CHECK_SETTINGS(
        "rmsprop", error, {"rate", o->rate, AD_FINITE}, {"smoothing", o->smoothing, AD_DECAYS},
        {"momentum", o->momentum, AD_DECAYS}, {"epsilon", o->epsilon, AD_POSITIVE});
}

static int needs(const void *settings)
{
    const ad_rmsprop *o = settings;
    return o->centred ? 3 : o->momentum != 0 ? 2 : 1;
}

const ad_optimiser ad_rmsprop_optimiser = {
    .size = sizeof ad_rmsprop_optimiser,
    .name = "rmsprop",
    .states = 3,
    .state = {"the square", "the velocity", "the mean"},
    .settings_size = sizeof(ad_rmsprop),
    .prepare = prepare,
    .needs = needs,
    .step = step,
    .by_numbers = true,
};
