/* Where to keep the states of a loop that is swept back with few of them in memory. */
#ifndef ADZE_FUNCTIONS_SCHEDULE_H
#define ADZE_FUNCTIONS_SCHEDULE_H

#include <stdint.h>

/* n >= 2 steps are to be swept back from a state that is kept, with room for `free` >= 1 others:
 * after how many steps to keep the next one, so that the fewest steps are taken again. */
int64_t ad_schedule_next(int64_t n, int64_t free);

/* How many steps are taken to sweep n of them back from the state before the first, with room for
 * `free` others; those that are taken to sweep them are not counted. INT64_MAX for too many. */
int64_t ad_schedule_cost(int64_t n, int64_t free);

#endif
