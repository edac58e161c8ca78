/* Sets from which the largest number is taken. */
#include "program/largest.h"

#include "base/memory.h"

#include <string.h>

static size_t words_for(size_t bound)
{
    return bound / 64 + 1;
}

bool ad_largest_begin(ad_largest *s, size_t bound, const ad_allocator *allocator)
{
    size_t words = 0, level = bound;
    *s = (ad_largest){.allocator = allocator};
    do {
        level = words_for(level);
        words += level;
        s->levels++;
    } while (level > 1);
    s->bytes = ad_size_mul(words, sizeof(uint64_t));
    uint64_t *at = ad_memory_take(allocator, s->bytes);
    if (!at) {
        *s = (ad_largest){0};
        return false;
    }
    memset(at, 0, s->bytes);
    level = bound;
    for (int i = 0; i < s->levels; i++) {
        level = words_for(level);
        s->bits[i] = at;
        at += level;
    }
    return true;
}

void ad_largest_end(ad_largest *s)
{
    if (s->levels)
        ad_memory_give(s->allocator, s->bits[0], s->bytes);
    *s = (ad_largest){0};
}

void ad_largest_add(ad_largest *s, uint32_t number)
{
    for (int i = 0; i < s->levels; i++, number >>= 6) {
        uint64_t *word = &s->bits[i][number >> 6], before = *word;
        *word |= UINT64_C(1) << (number & 63);
        if (before)
            return;
    }
}

static uint32_t highest_bit(uint64_t word)
{
#if defined(__GNUC__)
    return 63 - (uint32_t)__builtin_clzll(word);
#else
    uint32_t bit = 0;
    while (word >>= 1)
        bit++;
    return bit;
#endif
}

bool ad_largest_take(ad_largest *s, uint32_t *number)
{
    uint32_t at = 0;
    if (!s->levels || !s->bits[s->levels - 1][0])
        return false;
    for (int i = s->levels; i-- > 0;)
        at = at << 6 | highest_bit(s->bits[i][at]);
    *number = at;
    for (int i = 0; i < s->levels; i++, at >>= 6) {
        s->bits[i][at >> 6] &= ~(UINT64_C(1) << (at & 63));
        if (s->bits[i][at >> 6])
            break;
    }
    return true;
}
