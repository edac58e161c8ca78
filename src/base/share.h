/* Sharing work among the threads of a pool. */
#ifndef ADZE_BASE_SHARE_H
#define ADZE_BASE_SHARE_H

#include "adze/op.h"
#include "adze/pool.h"
#include "base/cpu.h"

/* One of the tasks of a job. The worker is a number below ad_work_threads, of which no two tasks have
 * the same at a time: it may name scratch memory. */
typedef void ad_task(void *job, size_t task, int worker);

/* Runs all tasks, in any order and on any thread, and returns after the last. */
void ad_pool_run(ad_pool *p, size_t tasks, ad_task *run, void *job);

/* For kernels: the same, on the pool of the tape, if any; its threads; the instruction set. */
void ad_work_share(ad_workspace *work, size_t tasks, ad_task *run, void *job);
int ad_work_threads(const ad_workspace *work);
ad_isa ad_work_isa(const ad_workspace *work);

#endif
