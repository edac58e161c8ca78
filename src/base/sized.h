/* Structs that may grow at their end. Each begins with `size_t size`: how much of it was known to
 * the code that made it. Fields beyond that count as 0. */
#ifndef ADZE_BASE_SIZED_H
#define ADZE_BASE_SIZED_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* The offset of a field's end. That of the last field of a struct's first version is
 * its least size. */
#define AD_END_OF(type, field) (offsetof(type, field) + sizeof((type *)0)->field)

/* No struct is ever so large. Such a size was not set: it is what happened to be in memory. */
enum { AD_SIZE_LIMIT = 1 << 14 };

/* Copies the given fields over the defaults in `to`, of `known` bytes. False, with nothing copied,
 * if the given size is less than that of the first version, or absurd: then it was not set. */
static inline bool ad_sized_read(void *to, size_t known, const void *given, size_t least)
{
    size_t size;
    memcpy(&size, given, sizeof size);
    if (size < least || size > AD_SIZE_LIMIT)
        return false;
    memcpy(to, given, size < known ? size : known);
    return true;
}

/* Fills in a caller's struct: the fields that both sides know, and zeros in the others.
 * Its size stays. */
static inline bool ad_sized_write(void *to, const void *from, size_t known, size_t least)
{
    size_t size;
    memcpy(&size, to, sizeof size);
    if (size < least || size > AD_SIZE_LIMIT)
        return false;
    memset(to, 0, size);
    memcpy(to, from, size < known ? size : known);
    memcpy(to, &size, sizeof size);
    return true;
}

#endif
