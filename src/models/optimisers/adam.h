/* The step that Adam and its relatives share, and the plan that makes the difference. */
#ifndef ADZE_MODELS_ADAM_H
#define ADZE_MODELS_ADAM_H

#include "models/optimisers/optimisers.h"

typedef struct ad_adam_plan {
    double keep;                 /* of x */
    double of_mean, of_gradient; /* how much of each is taken off */
    double beta1, beta2;
    double kept1, kept2; /* 0 where beta is 0, and so nothing of m or s is left over; else 1 */
    double scale;        /* of the square, before the root */
    double epsilon;
    bool largest; /* divide by the largest root so far */
} ad_adam_plan;

/* Checks the settings that they share, and plans the t-th step of Adam. */
ad_status ad_adam_prepare(const char *name, const ad_adam *o, int64_t t, ad_adam_plan *plan,
                          ad_error *error);

/* Plans the t-th step of AdamW; name is that of the optimiser in messages. */
ad_status ad_adamw_prepare(const char *name, const ad_adamw *o, int64_t t, ad_adam_plan *plan,
                           ad_error *error);

void ad_adam_step(const ad_step_args *c);

#endif
