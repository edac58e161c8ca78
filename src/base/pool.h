/* Sharing work among the threads of a pool. */
#ifndef ADZE_BASE_POOL_H
#define ADZE_BASE_POOL_H

#include "adze/pool.h"

/* One task of a job. worker is a number below the pool's threads; no two tasks that run at a time
 * have the same, so it can name scratch memory. */
typedef void ad_task(void *job, size_t task, int worker);

/* Runs all tasks, in any order and on any thread, and returns after the last. p may be NULL. */
void ad_pool_run(ad_pool *p, size_t tasks, ad_task *run, void *job);

/* Whether threads have shared a job since this was last asked: if not, what the caller computed lies in the
 * cache of its own core. p may be NULL. */
bool ad_pool_has_shared(ad_pool *p);

#endif
