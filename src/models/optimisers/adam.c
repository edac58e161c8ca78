/* Adam and its relatives: the step is a quotient of means. They differ in the plan, so one loop serves them all:
 *
 *     m += (1 - beta1) (g - m),  s += (1 - beta2) (g^2 - s),
 *     x = keep x - (of_mean m + of_gradient g) / (sqrt(scale s) + epsilon)
 *
 * m and s start from 0, and so are too small by the factors 1 - beta^t. */
#include "models/optimisers/adam.h"

/* Where s is out of the range, the quotient is taken first. */
#define QUOTIENT                                                               \
    x[i] = keep * x[i] - (unit == 1 ? (of_mean * mi + of_gradient * gi) / size \
                                    : of_mean * (mi / size) + of_gradient * (g[i] / size));

#define NAMES(T)                                                                         \
    const ad_adam_plan *o = c->plan;                                                     \
    const T keep = (T)o->keep, of_mean = (T)o->of_mean, of_gradient = (T)o->of_gradient; \
    const T kept1 = (T)o->kept1, take1 = (T)(1 - o->beta1), epsilon = (T)o->epsilon;     \
    const T kept = (T)o->kept2, take2 = (T)(1 - o->beta2), scale = (T)o->scale;          \
    const T *restrict g = c->g;                                                          \
    T *restrict m = c->state[0], *restrict s = c->state[1], *restrict x = c->x;

#define MEANS(T)                      \
    T mi = kept1 * m[i];              \
    m[i] = mi += take1 * (g[i] - mi); \
    si += take2 * (gi * gi - si);

#define NUMBER(T, root)                               \
    MEANS(T)                                          \
    const T size = root(si * scale) * unit + epsilon; \
    QUOTIENT
AD_STEP_OF_SQUARES(adam_quotient, NAMES, NUMBER)
#undef NUMBER

/* AMSGrad divides by the largest root so far, which is always in the range. */
#define LARGEST_NAMES(T) \
    NAMES(T)             \
    T *restrict largest = c->state[2];

#define NUMBER(T, root)                                        \
    MEANS(T)                                                   \
    T most = root(si) * unit;                                  \
    largest[i] = most = largest[i] > most ? largest[i] : most; \
    const T size = most * root(scale) + epsilon;               \
    QUOTIENT
AD_RARE_STEP_OF_SQUARES(adam_by_largest, LARGEST_NAMES, NUMBER)

void ad_adam_step(const ad_step_args *c)
{
    const ad_adam_plan *o = c->plan;
    (o->largest ? adam_by_largest : adam_quotient)(c);
}

/* ---- Adam --------------------------------------------------------------------------- */

ad_status ad_adam_prepare(const char *name, const ad_adam *o, int64_t t, ad_adam_plan *plan,
                          ad_error *error)
{
    *plan = (ad_adam_plan){.keep = 1,
                           .of_mean = o->rate / (1 - pow(o->beta1, (double)t)),
                           .beta1 = o->beta1,
                           .beta2 = o->beta2,
                           .kept1 = o->beta1 != 0,
                           .kept2 = o->beta2 != 0,
                           .scale = 1 / (1 - pow(o->beta2, (double)t)),
                           .epsilon = o->epsilon,
                           .largest = o->amsgrad};
    return AD_CHECK_SETTINGS(name, error, {"rate", o->rate, AD_FINITE},
                             {"beta1", o->beta1, AD_DECAYS}, {"beta2", o->beta2, AD_DECAYS},
                             {"epsilon", o->epsilon, AD_POSITIVE});
}

static ad_status prepare(const void *settings, int64_t t, void *plan, ad_error *error)
{
    return ad_adam_prepare("adam", settings, t, plan, error);
}

static int needs(const void *settings)
{
    return ((const ad_adam *)settings)->amsgrad ? 3 : 2;
}

const ad_optimiser ad_adam_optimiser = {
    .size = sizeof ad_adam_optimiser,
    .name = "adam",
    .states = 3,
    .state = {"the mean", "the square", "the largest root"},
    .settings_size = sizeof(ad_adam),
    .prepare = prepare,
    .needs = needs,
    .step = ad_adam_step,
    .by_numbers = true,
};

/* ---- AdamW -------------------------------------------------------------------------- */

ad_status ad_adamw_prepare(const char *name, const ad_adamw *o, int64_t t, ad_adam_plan *plan,
                           ad_error *error)
{
    ad_adam adam = {o->rate, o->beta1, o->beta2, o->epsilon, o->amsgrad};
    ad_status status = ad_adam_prepare(name, &adam, t, plan, error);
    plan->keep = 1 - o->rate * o->decay;
    return status == AD_OK ? AD_CHECK_SETTINGS(name, error, {"decay", o->decay, AD_NOT_NEGATIVE})
                           : status;
}

static ad_status prepare_adamw(const void *settings, int64_t t, void *plan, ad_error *error)
{
    return ad_adamw_prepare("adamw", settings, t, plan, error);
}

static int adamw_needs(const void *settings)
{
    return ((const ad_adamw *)settings)->amsgrad ? 3 : 2;
}

const ad_optimiser ad_adamw_optimiser = {
    .size = sizeof ad_adamw_optimiser,
    .name = "adamw",
    .states = 3,
    .state = {"the mean", "the square", "the largest root"},
    .settings_size = sizeof(ad_adamw),
    .prepare = prepare_adamw,
    .needs = adamw_needs,
    .step = ad_adam_step,
    .by_numbers = true,
};
