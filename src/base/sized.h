/* Structs that may grow at their end. Each begins with `size_t size`, which says how much of it the
 * code that made it knows: fields beyond that count as 0. */
#ifndef ADZE_BASE_SIZED_H
#define ADZE_BASE_SIZED_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Where a field ends. The last field of the first version of a struct tells its least size. */
#define AD_END_OF(type, field) (offsetof(type, field) + sizeof((type *)0)->field)

/* Copies the fields that are given over the defaults in `to`, of `known` bytes. False, with nothing
 * copied, if the given size is less than that of the first version: nobody has set it. */
static inline bool ad_sized_read(void *to, size_t known, const void *given, size_t least)
{
    size_t size;
    memcpy(&size, given, sizeof size);
    if (size < least)
        return false;
    memcpy(to, given, size < known ? size : known);
    return true;
}

/* Fills a user's struct: the fields that both sides know, and zeros in the others. Its size stays. */
static inline bool ad_sized_write(void *to, const void *from, size_t known, size_t least)
{
    size_t size;
    memcpy(&size, to, sizeof size);
    if (size < least)
        return false;
    memset(to, 0, size);
    memcpy(to, from, size < known ? size : known);
    memcpy(to, &size, sizeof size);
    return true;
}

#endif
