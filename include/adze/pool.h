/* Threads inside kernels.
 *
 * A pool is made by its owner, who lends it to any number of tapes (ad_tape_options.pool) and frees
 * it after them. Without one, everything runs on the calling thread. Results have the same bits with
 * any number of threads. Small work stays on one thread.
 *
 * Tapes of several threads may share a pool: while it works for one of them, the others' kernels
 * run on their own threads. In a forked child a pool has no threads, and does no harm. */
#ifndef ADZE_POOL_H
#define ADZE_POOL_H

#include "adze/memory.h"
#include "adze/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_pool ad_pool;

enum { AD_MAX_THREADS = 256 };

/* A pool for so many threads, 1 to AD_MAX_THREADS, the calling one among them. NULL for another
 * number, and when memory or threads ran out. Threads that have nothing to do wait for up to some
 * ten microseconds awake, then asleep. */
AD_API ad_pool *ad_pool_new(const ad_allocator *allocator, int threads);

/* p may be NULL. No tape that borrows it may be at work. */
AD_API void ad_pool_free(ad_pool *p);

AD_API int ad_pool_threads(const ad_pool *p); /* 1 for NULL */

#ifdef __cplusplus
}
#endif

#endif
