/* Sets of numbers below a bound, from which the largest is taken: how nodes are gone through backward without
 * looking at others. A set is a tree of bits, 64 of them to a word. */
#ifndef ADZE_PROGRAM_LARGEST_H
#define ADZE_PROGRAM_LARGEST_H

#include "adze/memory.h"

#include <stdbool.h>
#include <stdint.h>

enum { AD_LARGEST_LEVELS = 6 }; /* 64^6 is above 2^32 */

typedef struct ad_largest {
    uint64_t *bits[AD_LARGEST_LEVELS]; /* of the numbers, of the words that are not 0, and so on */
    int levels;
    const ad_allocator *allocator;
    size_t bytes;
} ad_largest;

/* An empty set of numbers below the bound. False if memory ran out. */
bool ad_largest_begin(ad_largest *s, size_t bound, const ad_allocator *allocator);
void ad_largest_end(ad_largest *s); /* of one that is all zeros, too */

void ad_largest_add(ad_largest *s, uint32_t number);

/* Takes the largest number out. False if there is none. */
bool ad_largest_take(ad_largest *s, uint32_t *number);

#endif
