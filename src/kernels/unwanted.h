/* Results that nobody wants: a sweep gives them no memory. A check (check/spy.c) gives them some, with an
 * allocator of its own, to see which rules write there all the same. */
#ifndef ADZE_KERNELS_UNWANTED_H
#define ADZE_KERNELS_UNWANTED_H

#include "adze/array.h"

extern const ad_allocator ad_unwanted; /* nothing is ever taken from it */

static inline bool ad_is_unwanted(const ad_array *to)
{
    return !to->data || to->allocator == &ad_unwanted;
}

#endif
