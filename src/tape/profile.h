/* Timing the calls of rules. */
#ifndef ADZE_TAPE_PROFILE_H
#define ADZE_TAPE_PROFILE_H

#include "adze/profile.h"
#include "tape/node.h"

/* Before and after a call of a rule of n, the first of its op's results, on a tape with a profile. */
void ad_profile_enter(ad_tape *t, ad_rule rule, const ad_node *n);
void ad_profile_leave(ad_tape *t, const ad_node *n);

#endif
