/* Adam whose first steps are rectified: as long as the variance of the quotient is not bounded, a step goes along
 * the mean alone. */
#include "models/optimisers/adam.h"

static ad_status prepare(const void *settings, int64_t step, void *plan, ad_error *error)
{
    const ad_radam *o = settings;
    ad_adam adam = {o->rate, o->beta1, o->beta2, o->epsilon, false};
    ad_adam_plan p;
    ad_status status = ad_adam_prepare("radam", &adam, step, &p, error);
    if (status != AD_OK)
        return status;
    double t = (double)step, power = pow(o->beta2, t), most = 2 / (1 - o->beta2) - 1;
    double now = most - 2 * t * power / (1 - power);
    if (now > 5)
        p.of_mean *= sqrt((now - 4) * (now - 2) * most / ((most - 4) * (most - 2) * now));
    else
        p.scale = 0, p.epsilon = 1;
    memcpy(plan, &p, sizeof p);
    return AD_OK;
}

const ad_optimiser ad_radam_optimiser = {
    .size = sizeof ad_radam_optimiser,
    .name = "radam",
    .states = 2,
    .state = {"the mean", "the square"},
    .settings_size = sizeof(ad_radam),
    .prepare = prepare,
    .step = ad_adam_step,
    .by_numbers = true,
};
