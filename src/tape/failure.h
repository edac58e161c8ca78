/* Entering a tape and leaving it, and the error that sticks. */
#ifndef ADZE_TAPE_FAILURE_H
#define ADZE_TAPE_FAILURE_H

#include "tape/node.h"

/* Call enter before, and leave after, a public function changes a tape. enter returns false, with
 * nothing to leave, if the tape cannot be used now: it has failed, one of its kernels is running,
 * or another thread uses it (AD_CHECK_THREADS). */
bool ad_tape_refuses(ad_tape *t, const char *name);

static inline void ad_tape_leave(ad_tape *t)
{
    if (t->checks & AD_CHECK_THREADS)
        ad_guard_leave(&t->guard);
}

static inline ad_status ad_tape_leave_with_status(ad_tape *t)
{
    ad_status status = t->error.status;
    ad_tape_leave(t);
    return status;
}

static inline bool ad_tape_enter(ad_tape *t, const char *name)
{
    if (t->checks & AD_CHECK_THREADS && !ad_guard_enter(&t->guard, name))
        return false;
    return (t->error.status == AD_OK && !t->busy) || !ad_tape_refuses(t, name);
}

/* Enters the tape for a function that also works on a failed tape: false only if others use it. */
bool ad_tape_take_over(ad_tape *t, const char *name);

#endif
