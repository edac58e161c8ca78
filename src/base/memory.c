/* Taking and giving back memory through a user's allocator. */
#include "base/memory.h"

#include <stdlib.h>

static size_t padded(size_t bytes)
{
    return (ad_size_add(bytes, AD_ALIGNMENT - 1)) & ~(size_t)(AD_ALIGNMENT - 1);
}

void *ad_memory_take(const ad_allocator *allocator, size_t bytes)
{
    size_t size = bytes ? bytes : 1;
    if (size > PTRDIFF_MAX - AD_ALIGNMENT)
        return NULL;
    return allocator ? allocator->allocate(allocator->user, size, AD_ALIGNMENT)
                     : aligned_alloc(AD_ALIGNMENT, padded(size));
}

void ad_memory_give(const ad_allocator *allocator, void *memory, size_t bytes)
{
    if (!memory)
        return;
    if (allocator)
        allocator->release(allocator->user, memory, bytes ? bytes : 1);
    else
        free(memory);
}

size_t ad_size_of(uint64_t n)
{
    return n == (size_t)n ? (size_t)n : SIZE_MAX;
}

size_t ad_size_mul(size_t a, size_t b)
{
    bool small = !((a | b) >> 4 * sizeof a); /* dividing is slow */
    return small || !a || b <= SIZE_MAX / a ? a * b : SIZE_MAX;
}

size_t ad_size_add(size_t a, size_t b)
{
    return b > SIZE_MAX - a ? SIZE_MAX : a + b;
}
