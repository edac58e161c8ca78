/* Detects that two threads use a tape at once. */
#define _POSIX_C_SOURCE 200809L
#include "base/guard.h"

#include <pthread.h>
#include <stdio.h>

static void leave_note(ad_guard *g, const char *name)
{
    int none = AD_NOTE_NONE;
    if (atomic_compare_exchange_strong(&g->note, &none, AD_NOTE_IN_WRITING)) {
        const char *inside = atomic_load(&g->inside);
        snprintf(g->text, sizeof g->text, "%s: the tape is in use by another thread, for %s", name,
                 inside ? inside : "a call that has just ended");
        atomic_store(&g->note, AD_NOTE_WRITTEN);
    }
}

bool ad_guard_take(ad_guard *g, const char *name)
{
    uintptr_t self = (uintptr_t)pthread_self(), nobody = 0;
    if (atomic_load(&g->owner) != self) {
        if (!atomic_compare_exchange_strong(&g->owner, &nobody, self)) {
            leave_note(g, name);
            return false;
        }
        atomic_store(&g->inside, name);
    }
    g->depth++;
    return true;
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
