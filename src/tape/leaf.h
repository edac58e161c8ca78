/* Types of numbers as they are put on a tape. */
#ifndef ADZE_TAPE_LEAF_H
#define ADZE_TAPE_LEAF_H

#include "adze/tape.h"

/* The type that a type becomes on a tape: f32 becomes f64 while the tape widens. t may be NULL. */
ad_type ad_tape_type(const ad_tape *t, ad_type type);

/* Makes v a view of a copy on the tape, if it lies in a gradient or a tangent of the tape's own, which the next sweep
 * takes back. False when memory ran out. v is good (ad_view_flaw). */
bool ad_leaf_keep(ad_tape *t, size_t count, ad_view *v);

#endif
