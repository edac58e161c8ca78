/* Moving runs of numbers that lie together. */
#ifndef ADZE_KERNELS_MOVE_H
#define ADZE_KERNELS_MOVE_H

#include "adze/array.h"

#include <string.h>

/* Runs of one number are the commonest, and a copy of known length is a single move. */
static inline void ad_copy_run(size_t bytes, const void *from, void *to)
{
    if (bytes == 4)
        memcpy(to, from, 4);
    else if (bytes == 8)
        memcpy(to, from, 8);
    else
        memcpy(to, from, bytes);
}

/* to[i] += from[i] */
static inline void ad_add_run(ad_type type, size_t n, const void *from, void *to)
{
    for (size_t i = 0; i < n; i++)
        if (type == AD_F32)
            ((float *)to)[i] += ((const float *)from)[i];
        else
            ((double *)to)[i] += ((const double *)from)[i];
}

#endif
