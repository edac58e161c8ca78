/* Random operands for one trial: types and shapes that the op's rules take, or a sampler's. */
#ifndef ADZE_CHECK_CASES_H
#define ADZE_CHECK_CASES_H

#include "check/trial.h"

ad_status ad_trial_begin(ad_trial *trial);
void ad_trial_end(ad_trial *trial);

/* The numbers of an array at strides of a random kind, with NaN between them: in memory of their
 * own, to be freed, whose data is NULL when memory ran out. */
ad_array ad_trial_scatter(ad_trial *trial, const ad_array *a, ad_view *v);

#endif
