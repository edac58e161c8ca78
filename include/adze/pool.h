/* Threads inside kernels.
 *
 * You make a pool, lend it to any number of tapes (ad_tape_options.pool), and free it after them.
 * Without one, everything runs on the calling thread. Results have the same bits with any number
 * of threads. Small pieces of work stay on one thread.
 *
 * Tapes of several threads may share a pool. While it works for one of them, the kernels
 * of the others run on their own threads. In a forked child a pool has no threads but can
 * still be used. */
#ifndef ADZE_POOL_H
#define ADZE_POOL_H

#include "adze/memory.h"
#include "adze/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_pool ad_pool;

enum { AD_MAX_THREADS = 256 };

/* Makes a pool of 1 to AD_MAX_THREADS threads, one of which is the calling thread. NULL for
 * another number, and if memory or threads ran out. An idle thread waits actively for some ten
 * microseconds, then sleeps. */
AD_API AD_MUST_USE ad_pool *ad_pool_new(const ad_allocator *allocator, int threads);

/* p may be NULL. No tape that borrows the pool may be at work. */
AD_API void ad_pool_free(ad_pool *p);

AD_API int ad_pool_threads(const ad_pool *p); /* 1 for NULL */

#ifdef __cplusplus
}
#endif

#endif
