/* Types of numbers as they come on a tape. */
#ifndef ADZE_TAPE_LEAF_H
#define ADZE_TAPE_LEAF_H

#include "adze/tape.h"

/* What a type becomes on a tape: f64 for f32 while the tape widens. t may be NULL. */
ad_type ad_tape_type(const ad_tape *t, ad_type type);

#endif
