/* What fills of arrays with random numbers ask first. */
#ifndef ADZE_ARRAY_FILL_H
#define ADZE_ARRAY_FILL_H

#include "adze/random.h"

/* AD_OK, with the number of elements, if the array can be filled from the generator. */
ad_status ad_fill_check(const ad_array *a, const ad_random *r, size_t *count);

#endif
