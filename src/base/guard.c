/* Detects that a thread changes a tape while another uses it. */
#define _POSIX_C_SOURCE 200809L
#include "base/guard.h"

#include <pthread.h>
#include <stdio.h>

static void leave_note(ad_guard *g, const char *name)
{
    int none = AD_NOTE_NONE;
    if (atomic_compare_exchange_strong(&g->note, &none, AD_NOTE_IN_WRITING)) {
        const char *inside = atomic_load(&g->inside);
        if (!inside)
            inside = atomic_load(&g->readers) ? "reading" : "a call that has just ended";
        snprintf(g->text, sizeof g->text, "%s: the tape is in use by another thread, for %s", name,
                 inside);
        atomic_store(&g->note, AD_NOTE_WRITTEN);
    }
}

bool ad_guard_take(ad_guard *g, const char *name)
{
    uintptr_t self = (uintptr_t)pthread_self(), nobody = 0;
    if (atomic_load(&g->owner) != self) {
        bool alone = atomic_compare_exchange_strong(&g->owner, &nobody, self);
        if (alone && atomic_load(&g->readers)) {
            atomic_store(&g->owner, 0);
            alone = false;
        }
        if (!alone) {
            leave_note(g, name);
            return false;
        }
        atomic_store(&g->inside, name);
        atomic_fetch_add(&g->entered, 1);
    }
    g->depth++;
    return true;
}

/* A reader and an owner that come at the same time each see the other: all of this is in one order
 * for all threads. */
bool ad_guard_read(ad_guard *g, const char *name, bool *entered)
{
    *entered = false;
    if (atomic_load(&g->owner) == (uintptr_t)pthread_self())
        return true;
    atomic_fetch_add(&g->readers, 1);
    if (atomic_load(&g->owner)) {
        atomic_fetch_sub(&g->readers, 1);
        leave_note(g, name);
        return false;
    }
    atomic_fetch_add(&g->entered, 1);
    return *entered = true;
}

void ad_guard_stop_reading(ad_guard *g)
{
    atomic_fetch_sub(&g->readers, 1);
}

bool ad_guard_enter(ad_guard *g, const char *name)
{
    if (!ad_guard_take(g, name))
        return false;
    if (g->depth > 1 || !ad_guard_broken(g))
        return true;
    ad_guard_leave(g);
    return false;
}

void ad_guard_leave(ad_guard *g)
{
    if (--g->depth)
        return;
    atomic_store(&g->inside, NULL);
    atomic_store(&g->owner, 0);
}

void ad_guard_clear(ad_guard *g)
{
    if (atomic_load(&g->note) == AD_NOTE_WRITTEN)
        atomic_store(&g->note, AD_NOTE_NONE);
}

bool ad_guard_broken(const ad_guard *g)
{
    return atomic_load(&g->note) != AD_NOTE_NONE;
}

const char *ad_guard_text(const ad_guard *g)
{
    return atomic_load(&g->note) == AD_NOTE_WRITTEN ? g->text
                                                    : "the tape is in use by another thread";
}
