/* Values and gradients of operands in other layouts and types. A failure is in the trial's
 * error. */
#ifndef ADZE_CHECK_LAYOUTS_H
#define ADZE_CHECK_LAYOUTS_H

#include "check/trial.h"

/* Values and gradients of a against those of b, within a tolerance times the largest number. How
 * says what is special about a. AD_OK where the op refuses one of them as AD_BAD_TYPE. */
ad_status ad_check_same(const ad_trial *c, ad_tape *t[2], const char *how, const ad_usage *a,
                        const ad_usage *b, double tolerance);

/* From operands at strides, and in f32. */
ad_status ad_check_strides(ad_trial *c, ad_tape *t[2], const ad_usage *u);
ad_status ad_check_f32(const ad_trial *c, ad_tape *t[2], const ad_usage *u);

#endif
