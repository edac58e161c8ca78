/* Where to keep the states of a loop that is swept back with few of them in memory. */
#ifndef ADZE_FUNCTIONS_SCHEDULE_H
#define ADZE_FUNCTIONS_SCHEDULE_H

#include <stdint.h>

/* For n >= 2 steps to be swept back from a kept state, with room for `free` >= 1 others: after how
 * many steps to keep the next state, so that the fewest steps are taken again. */
int64_t ad_schedule_next(int64_t n, int64_t free);

/* The number of steps taken to sweep n steps back from the state before the first, with room for
 * `free` others; not counting those in which each is swept. INT64_MAX for too many. */
int64_t ad_schedule_cost(int64_t n, int64_t free);

#endif
