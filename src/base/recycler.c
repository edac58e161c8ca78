/* Buffers that come and go in any order, kept for reuse by size. */
#include "base/recycler.h"

#include <stdint.h>
#include <string.h>

/* Classes 64 bytes * {1, 1.25, 1.5, 1.75} * 2^k. Writes the class's size. */
static unsigned class_of(size_t bytes, size_t *size)
{
    size_t units = (bytes + AD_ALIGNMENT - 1) / AD_ALIGNMENT;
    if (units <= 4) {
        units = units ? units : 1;
        *size = units * AD_ALIGNMENT;
        return (unsigned)units - 1;
    }
    unsigned power = 0;
    while ((units - 1) >> power >= 8) /* until units - 1 is 4 to 7 quarters of 2^power */
        power++;
    size_t quarters = ((units - 1) >> power) + 1; /* 5 to 8 */
    *size = (quarters << power) * AD_ALIGNMENT;
    return 4 * power + (unsigned)quarters - 1;
}

/* No block of the arena holds it, but it counts like one. */
static void *take_exactly(ad_recycler *p, size_t bytes)
{
    void *buffer = ad_memory_take(p->arena.allocator, bytes);
    p->arena.reserved += buffer ? bytes : 0;
    return buffer;
}

void *ad_recycler_take_any(ad_recycler *p, size_t bytes)
{
    size_t size;
    if (bytes > PTRDIFF_MAX) /* no such piece of memory exists, and its class has no size */
        return NULL;
    unsigned c = class_of(bytes, &size);
    void *buffer = p->free[c];
    if (p->arena.exact)
        buffer = take_exactly(p, bytes);
    else if (buffer)
        memcpy(&p->free[c], buffer, sizeof(void *));
    else
        buffer = ad_arena_take(&p->arena, size, AD_ALIGNMENT);
    if (buffer)
        p->used += bytes;
    return buffer;
}

void ad_recycler_give_any(ad_recycler *p, void *buffer, size_t bytes)
{
    size_t size;
    if (!buffer)
        return;
    p->used -= bytes;
    if (p->arena.exact) {
        p->arena.reserved -= bytes;
        ad_memory_give(p->arena.allocator, buffer, bytes);
        return;
    }
    unsigned c = class_of(bytes, &size);
    memcpy(buffer, &p->free[c], sizeof(void *));
    p->free[c] = buffer;
}

void ad_recycler_reset(ad_recycler *p)
{
    ad_arena_return(&p->arena, (ad_arena_mark){0});
    memset(p->free, 0, sizeof p->free);
    p->used = 0;
}
