/* Schedules: how a rate goes on from step to step. Each is a function of the number t of steps taken, from 0, which
 * is ad_states.steps, and returns a factor. Factors multiply:
 *
 *     adam.rate = 1e-3 * ad_schedule_warm_up(t, 100) * ad_schedule_cosine(t, 10000, 0);
 *
 * A t below 0 counts as 0. NaN where a length is not positive or another argument is not finite: an optimiser refuses
 * such a rate. There is no state, so training goes on from a saved step as if nothing had been; but a
 * plateau has some, since it follows the loss. */
#ifndef ADZE_SCHEDULES_H
#define ADZE_SCHEDULES_H

#include "adze/status.h"

#include <float.h>

#ifdef __cplusplus
extern "C" {
#endif

/* factor^floor(t / every) */
AD_API double ad_schedule_steps(int64_t t, int64_t every, double factor);

/* factor^(t / every), without steps */
AD_API double ad_schedule_exponential(int64_t t, int64_t every, double factor);

/* From 1 down to last at t = total, along half a cosine, and last from there on:
 * last + (1 - last) (1 + cos(pi t / total)) / 2. (Loshchilov and Hutter 2017; t % total restarts.) */
AD_API double ad_schedule_cosine(int64_t t, int64_t total, double last);

/* From 1 to last at t = total, and last from there on: last + (1 - last) (1 - t / total)^power; a
 * line with power 1. power is positive. */
AD_API double ad_schedule_polynomial(int64_t t, int64_t total, double power, double last);

/* Up to 1 along a line: (t + 1) / steps, at most 1. */
AD_API double ad_schedule_warm_up(int64_t t, int64_t steps);

/* From first up to 1 at t = peak, down to last at t = total, and last from there on; both along half a cosine.
 * 0 <= peak <= total. Usual are first 1/25, last 4e-6 and a peak at 0.3 total. (Smith and Topin 2018.) */
AD_API double ad_schedule_one_cycle(int64_t t, int64_t total, int64_t peak, double first, double last);

/* Multiplies by factor whenever more than `patience` losses one after another are not less than
 * best - threshold |best|. Starts as ad_plateau_new; the fields below the line are its state, to be
 * saved and restored. */
typedef struct ad_plateau {
    double factor;    /* finite, not negative */
    int64_t patience; /* not negative */
    double threshold; /* in [0, 1) */
    /* --- */
    double best;    /* the least loss so far */
    int64_t waited; /* losses since */
    double scale;   /* what ad_schedule_plateau returned last */
} ad_plateau;

static inline AD_UNUSED ad_plateau ad_plateau_new(double factor, int64_t patience)
{
    ad_plateau p = {factor, patience, 1e-4, DBL_MAX, 0, 1};
    return p;
}

/* Takes in a loss, say of every epoch, and returns the factor from now on. A NaN is no improvement.
 * NaN if a setting is out of its range or p is NULL. */
AD_API double ad_schedule_plateau(ad_plateau *p, double loss);

#ifdef __cplusplus
}
#endif

#endif
