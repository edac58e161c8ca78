/* What kernels work with: scratch memory from an arena, the threads of a pool, the machine's
 * instruction set, and the failure that they report. */
#ifndef ADZE_BASE_WORKSPACE_H
#define ADZE_BASE_WORKSPACE_H

#include "adze/workspace.h"
#include "base/arena.h"
#include "base/cpu.h"
#include "base/pool.h"

struct ad_workspace {
    ad_arena *arena; /* for scratch memory */
    ad_pool *pool;   /* or NULL */
    ad_isa isa;
    void *owner;            /* the tape whose rules run, for inner tapes; or NULL */
    ad_error rejected;      /* by the kernel that runs */
    _Atomic bool rejecting; /* some thread writes that */
    bool parallel;          /* tasks run, on any threads */
};

/* Whether tasks run, which cannot have what one of them wants: that is rejected. */
bool ad_work_in_task(ad_workspace *work, const char *wanted);

/* Runs all tasks on the pool, if there is one. Those of a task run on its thread, one after another. */
static inline void ad_work_share(ad_workspace *work, size_t tasks, ad_task *run, void *job)
{
    bool inside = work->parallel;
    if (!inside)
        work->parallel = true;
    ad_pool_run(inside ? NULL : work->pool, tasks, run, job);
    if (!inside)
        work->parallel = false;
}

static inline int ad_work_threads(const ad_workspace *work)
{
    return ad_pool_threads(work->pool);
}

static inline ad_isa ad_work_isa(const ad_workspace *work)
{
    return work->isa;
}

#endif
