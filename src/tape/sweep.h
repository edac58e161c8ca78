/* The reverse sweep: functions for the public calls (backward.c) that start and drive it. */
#ifndef ADZE_TAPE_SWEEP_H
#define ADZE_TAPE_SWEEP_H

#include "tape/cotangent.h"

/* Gradients of n watched leaves over several sweeps, in buffers of cotangents. Between the sweeps nobody
 * else has them. */
typedef struct ad_sums {
    int n;
    const ad_tensor *x; /* [n] */
    void **dx;          /* [n]; NULL before the first sweep */
} ad_sums;

/* Sweeps back from a root of one element, with `weight` as its cotangent, and adds the gradients to the
 * sums. If it fails they are gone. */
ad_status ad_backward_onto(ad_tensor y, double weight, const ad_sums *sums);

/* Gives the buffers back. */
void ad_sums_drop(const ad_sums *sums);

typedef struct ad_sweep_plan {
    const char *name;   /* of the public call */
    uint32_t count;     /* the number of the root's cotangents, */
    const ad_view *dy;  /* [count], of the root's shape and type; NULL: a single 1 */
    const ad_view *tdy; /* the tangent of the only one, in the only direction; NULL: zero */
    ad_order up_to;
    size_t operations;
    const ad_sums *onto; /* or NULL */
} ad_sweep_plan;

void ad_sweep_drop(ad_tape *t); /* the suspended sweep, if there is one */

/* Starts a sweep on a tape that was entered, and leaves it after so many operations. */
ad_status ad_sweep_start(ad_tensor y, const ad_sweep_plan *p);

/* Continues a sweep over this many operations. If there is no sweep afterwards, it has ended,
 * well or badly. */
void ad_sweep_go_on(ad_tape *t, ad_order up_to, size_t operations);

#endif
