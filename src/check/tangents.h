/* The jvp and the curvature of an operation. A failure is in the trial's error. */
#ifndef ADZE_CHECK_TANGENTS_H
#define ADZE_CHECK_TANGENTS_H

#include "check/trial.h"

/* u is run on the tape; spied through a spy. */
ad_status ad_check_jvp(const ad_trial *c, ad_tape *t, const ad_usage *spied);
ad_status ad_check_curvature(const ad_trial *c, ad_tape *t, const ad_usage *spied,
                             const ad_usage *u);

#endif
