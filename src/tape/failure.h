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

/* For the "%s%s" of a message that names a value: " at net.c:41", or nothing. */
#define AD_ITS_LINE(source_line) (source_line) ? " at " : "", (source_line) ? (source_line) : ""

/* Enters the tape for a function that also works on a failed tape: false only if others use it, with AD_BUSY. */
bool ad_tape_take_over(ad_tape *t, const char *name);

/* ---- doors -------------------------------------------------------------------------- */

/* Every public function that touches a tape stands behind one door, so that nothing of it happens
 * beside another thread (AD_CHECK_THREADS). A function that is not a single enter and leave has
 * AD_DOOR before its first look at the tape, or AD_READING if it only reads:
 *
 *     AD_DOOR(x.tape, "gather", ad_dead(x));
 *
 * returns the third argument if another thread is inside. AD_DOOR_TRY leaves it at `open`, for
 * functions that have more to do then. The door closes when the function returns. The tape may
 * be NULL.
 *
 * A source line belongs to one call. The outermost door keeps it for all that the call records and
 * forgets it in the end; a function without a door forgets it by itself (ad_line_used). */
#define AD_DOOR_TRY(open, tape, name)                \
    ad_tape *ad_inside AD_ON_LEAVING(ad_door_close); \
    bool open = ad_door_open((tape), (name), &ad_inside)

#define AD_DOOR(tape, name, refused)     \
    AD_DOOR_TRY(ad_is_open, tape, name); \
    if (!ad_is_open)                     \
    return refused

#define AD_READING(tape, name, refused)                    \
    ad_tape *ad_read_from AD_ON_LEAVING(ad_reading_close); \
    if (!ad_reading_open((tape), (name), &ad_read_from))   \
    return refused

static inline void ad_line_used(ad_tape *t)
{
    if (!t->calls)
        ad_tape_at_line(t, NULL);
}

static inline bool ad_door_open(ad_tape *t, const char *name, ad_tape **inside)
{
    bool open = !t || !(t->checks & AD_CHECK_THREADS) || ad_guard_enter(&t->guard, name);
    *inside = open ? t : NULL;
    if (*inside)
        t->calls++;
    return open;
}

static inline void ad_door_close(ad_tape **inside)
{
    ad_tape *t = *inside;
    if (!t)
        return;
    t->calls--;
    ad_line_used(t);
    ad_tape_leave(t);
}

static inline bool ad_reading_open(const ad_tape *t, const char *name, ad_tape **from)
{
    bool entered = false, good = true;
    if (t && t->checks & AD_CHECK_THREADS)
        good = ad_guard_read(&((ad_tape *)(uintptr_t)t)->guard, name, &entered);
    *from = entered ? (ad_tape *)(uintptr_t)t : NULL;
    return good;
}

static inline void ad_reading_close(ad_tape **from)
{
    if (*from)
        ad_guard_stop_reading(&(*from)->guard);
}

#endif
