/* Adam with Nesterov's momentum, which is itself on a schedule: mu = beta1 (1 - 0.96^(t momentum_decay) / 2). */
#include "models/optimisers/adam.h"

static double momentum_at(const ad_nadam *o, double t)
{
    return o->beta1 * (1 - 0.5 * pow(0.96, t * o->momentum_decay));
}

/* mu_1 mu_2 ... mu_t. Once mu no longer grows the rest is a power; and once the product is lost beside 1, it is
 * as good as 0. One or the other is soon. */
static double product_of_momenta(const ad_nadam *o, double t)
{
    const double nothing = 0x1p-60;
    double product = 1, i = 1;
    for (; i <= t && product > nothing; i++) {
        if (pow(0.96, i * o->momentum_decay) < nothing)
            return product * pow(o->beta1, t - i + 1);
        product *= momentum_at(o, i);
    }
    return product;
}

static ad_status prepare(const void *settings, int64_t step, void *plan, ad_error *error)
{
    const ad_nadam *o = settings;
    ad_adam adam = {o->rate, o->beta1, o->beta2, o->epsilon, false};
    ad_adam_plan p;
    ad_status status = ad_adam_prepare("nadam", &adam, step, &p, error);
    if (status == AD_OK)
        status = AD_CHECK_SETTINGS("nadam", error,
                                   {"momentum_decay", o->momentum_decay, AD_NOT_NEGATIVE});
    if (status != AD_OK)
        return status;
    double t = (double)step, product = product_of_momenta(o, t), next = momentum_at(o, t + 1);
    p.of_mean = o->rate * next / (1 - product * next);
    p.of_gradient = o->rate * (1 - momentum_at(o, t)) / (1 - product);
    memcpy(plan, &p, sizeof p);
    return AD_OK;
}

const ad_optimiser ad_nadam_optimiser = {
    .size = sizeof ad_nadam_optimiser,
    .name = "nadam",
    .states = 2,
    .state = {"the mean", "the square"},
    .settings_size = sizeof(ad_nadam),
    .prepare = prepare,
    .step = ad_adam_step,
    .by_numbers = true,
};
