/* The reverse sweep, as its public calls (backward.c) start and drive it. */
#ifndef ADZE_TAPE_SWEEP_H
#define ADZE_TAPE_SWEEP_H

#include "tape/cotangent.h"

typedef struct ad_sweep_plan {
    const char *name;   /* of the public call */
    uint32_t count;     /* of the root's cotangents, */
    const ad_view *dy;  /* [count] of its shape and type; NULL: one, which is 1 */
    const ad_view *tdy; /* tangent of the only one, in the only direction; NULL: zero */
    ad_order up_to;
    size_t operations;
} ad_sweep_plan;

void ad_sweep_drop(ad_tape *t); /* the suspended sweep, if there is one */

/* Starts a sweep on a tape that was entered, and leaves it after so many operations. */
ad_status ad_sweep_start(ad_tensor y, const ad_sweep_plan *p);

/* Goes on with a sweep over so many operations. It has come to its end, good or bad, where
 * there is no sweep afterwards. */
void ad_sweep_go_on(ad_tape *t, ad_order up_to, size_t operations);

#endif
