/* Detects that a thread changes a tape while another uses it.
 *
 * The thread whose call is running owns the guard; calls within that call belong to it. Calls that
 * only read own nothing, and any number of them may run, but not beside an owner. A thread that
 * finds the guard in such use leaves a note and does nothing else. Only the owner touches the data
 * behind the guard, and only the first thread to leave a note touches the note, so reporting a race
 * does not cause one. */
#ifndef ADZE_BASE_GUARD_H
#define ADZE_BASE_GUARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct ad_guard {
    _Atomic(uintptr_t) owner;     /* 0: nobody */
    _Atomic(const char *) inside; /* the call that the owner runs */
    atomic_uint readers;          /* calls that read */
    atomic_uint entered;          /* calls so far, without those within calls: for tests */
    unsigned depth;               /* the depth of the owner's calls within calls */
    atomic_int note;              /* AD_NOTE_... */
    char text[160];
} ad_guard;

enum { AD_NOTE_NONE, AD_NOTE_IN_WRITING, AD_NOTE_WRITTEN };

/* False if another thread is inside, or was met before; then a note is left, and there is nothing
 * to leave. Taking over ignores earlier meetings. */
bool ad_guard_enter(ad_guard *g, const char *name);
bool ad_guard_take(ad_guard *g, const char *name);
void ad_guard_leave(ad_guard *g);
void ad_guard_clear(ad_guard *g); /* called by the owner */

/* The same for a call that only reads, whatever was met before. The owner may read without: then
 * *entered is false, and there is nothing to leave either. */
bool ad_guard_read(ad_guard *g, const char *name, bool *entered);
void ad_guard_stop_reading(ad_guard *g);

bool ad_guard_broken(const ad_guard *g);
const char *ad_guard_text(const ad_guard *g);

#endif
