/* Buffers that come and go in any order, kept for reuse by size.
 *
 * Sizes are rounded up, by at most a quarter, to a size class. A buffer that is given back
 * waits in the list of its class for the next request. So a chain of N equal layers needs
 * O(1) buffers. */
#ifndef ADZE_BASE_RECYCLER_H
#define ADZE_BASE_RECYCLER_H

#include "base/arena.h"

#include <string.h>

enum { AD_RECYCLER_CLASSES = 4 * 64 };

typedef struct ad_recycler {
    ad_arena arena;
    void *free[AD_RECYCLER_CLASSES]; /* heads; each buffer's first word is the next */
    size_t used;                     /* bytes of buffers that are out */
} ad_recycler;

/* The functions below for buffers of all classes. */
void *ad_recycler_take_any(ad_recycler *p, size_t bytes);
void ad_recycler_give_any(ad_recycler *p, void *buffer, size_t bytes);

/* Aligned to AD_ALIGNMENT. NULL when memory ran out. */
static inline void *ad_recycler_take(ad_recycler *p, size_t bytes)
{
    void *buffer = p->free[0];
    if (bytes > AD_ALIGNMENT || !buffer)
        return ad_recycler_take_any(p, bytes);
    memcpy(&p->free[0], buffer, sizeof(void *));
    p->used += bytes;
    return buffer;
}

/* buffer may be NULL. */
static inline void ad_recycler_give(ad_recycler *p, void *buffer, size_t bytes)
{
    if (bytes > AD_ALIGNMENT || !buffer || p->arena.exact) {
        ad_recycler_give_any(p, buffer, bytes);
        return;
    }
    memcpy(buffer, &p->free[0], sizeof(void *));
    p->free[0] = buffer;
    p->used -= bytes;
}

/* Forgets all buffers, given back or not; keeps the memory. In exact mode all must be back. */
void ad_recycler_reset(ad_recycler *p);

#endif
