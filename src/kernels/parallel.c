/* Loops in parts, on the threads of the pool. */
#include "adze/kernels.h"
#include "base/workspace.h"

typedef struct parts {
    size_t n, grain;
    ad_part *f;
    void *user;
} parts;

static void run_part(void *user, size_t task, int worker)
{
    const parts *p = user;
    size_t begin = task * p->grain, left = p->n - begin;
    (void)worker;
    p->f(p->user, begin, begin + (left < p->grain ? left : p->grain));
}

bool ad_parallel(ad_workspace *work, size_t n, size_t grain, ad_part *f, void *user)
{
    parts p = {n, grain, f, user};
    bool inside = work && work->parallel; /* then others may be rejecting at this moment */
    if (!work || !f || grain == 0) {
        ad_reject(work, AD_MISUSE, "ad_parallel: %s", f ? "a grain of 0" : "there is no function");
        return false;
    }
    ad_work_share(work, n / grain + (n % grain != 0), run_part, &p);
    return inside || work->rejected.status == AD_OK;
}
