/* Types of numbers as they are put on a tape. */
#ifndef ADZE_TAPE_LEAF_H
#define ADZE_TAPE_LEAF_H

#include "adze/tape.h"

/* The type that a type becomes on a tape: f32 becomes f64 while the tape widens. t may be NULL. */
ad_type ad_tape_type(const ad_tape *t, ad_type type);

#endif
