/* Arrays of numbers that are about to be written. */
#ifndef ADZE_ARRAY_ARRAY_H
#define ADZE_ARRAY_ARRAY_H

#include "adze/array.h"

/* As ad_array_new, but the numbers are what was in memory: the system need not give a large array its pages yet. */
ad_array ad_array_unset(const ad_allocator *allocator, ad_type type, ad_shape shape);

#endif
