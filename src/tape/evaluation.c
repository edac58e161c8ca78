/* Evaluating a user's function on a tape. */
#include "tape/evaluation.h"

#include "tape/failure.h"

/* ---- depth ------------------------------------------------------------------------- */

bool ad_depth_allows(ad_tape *t, const char *name, uint32_t depth)
{
    if (depth <= AD_DEEPEST)
        return true;
    for (; t; t = t->apart ? NULL : t->outer)
        ad_tape_fail(t, AD_MISUSE,
                     "%s: functions call functions more than %d deep; does one call itself "
                     "without end?",
                     name, AD_DEEPEST);
    return false;
}

/* ---- evaluation -------------------------------------------------------------------- */

uint32_t ad_tape_hold(ad_tape *t)
{
    AD_DOOR(t, "hold", AD_NO_NODE);
    uint32_t held = t ? t->held : 0;
    if (t)
        t->held = t->count + 1;
    return held;
}

void ad_tape_let_go(ad_tape *t, uint32_t held)
{
    bool checked = t && t->checks & AD_CHECK_THREADS;
    if (!t || held == AD_NO_NODE) /* which hold returns where another thread is inside */
        return;
    if (checked && !ad_guard_take(&t->guard, "let_go")) /* in spite of meetings, as a reset does */
        return;
    t->held = held <= t->count ? held : t->count + 1;
    if (checked)
        ad_tape_leave(t);
}

ad_lines ad_lines_begin(ad_tape *t)
{
    ad_lines of_caller = {NULL, t->calls};
    of_caller.source_line = ad_tape_source_line(t);
    ad_tape_at_line(t, NULL);
    t->calls = 0;
    return of_caller;
}

void ad_lines_end(ad_tape *t, ad_lines of_caller)
{
    t->calls = of_caller.calls;
    ad_tape_at_line(t, of_caller.source_line);
}

bool ad_evaluation_begin(ad_tape *t, const char *name, ad_evaluation *e)
{
    if (!ad_depth_allows(t, name, t->depth + 1))
        return false;
    t->depth++;
    e->lines = ad_lines_begin(t);
    e->held = ad_tape_hold(t);
    return true;
}

static bool end_inner(ad_tape *t)
{
    bool begun = t->inner_begun;
    t->inner_begun = false;
    if (begun) {
        t->busy = NULL;
        ad_tape_leave(t);
    }
    return begun;
}

void ad_evaluation_end(ad_tape *t, const ad_evaluation *e)
{
    ad_lines_end(t, e->lines);
    if (end_inner(t))
        ad_tape_fail(t, AD_MISUSE, "a function has begun an inner tape and not ended it");
    ad_tape_let_go(t, e->held);
    t->depth--;
}

void ad_evaluation_undo(ad_tape *inner)
{
    end_inner(inner);
    inner->held = 0;
    inner->calls = 0;
}

bool ad_result_lives(ad_tape *t, const char *name, const char *what, ad_tensor y)
{
    const char *colon = name ? ": " : "";
    name = name ? name : "";
    if (!y.tape)
        ad_tape_fail(t, AD_FOREIGN, "%s%s%s is not on its tape: it is a plain number", name, colon,
                     what);
    else if (y.tape != t)
        ad_tape_fail(t, AD_FOREIGN, "%s%s%s is not on its tape", name, colon, what);
    else if (y.bits == ad_dead(y).bits)
        ad_tape_fail(t, AD_STALE, "%s%s%s is dead (ad_dead), and no error says why", name, colon,
                     what);
    else if (!ad_tape_node(y))
        ad_tape_fail(t, AD_STALE, "%s%s%s is gone: a reset or rewind ended it", name, colon, what);
    return ad_tape_status(t) == AD_OK;
}
