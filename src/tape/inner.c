/* Inner tapes: functions of tensors are evaluated on them, by the rules of an op or before it is
 * recorded. A tape has at most one inner tape, which has one of its own in turn, so such functions
 * nest. The inner tape serves one function after another and keeps its memory in between. */
#include "tape/evaluation.h"
#include "tape/failure.h"
#include "tape/profile.h"

static ad_tape *new_inner(ad_tape *t)
{
    ad_tape_options options = {
        .size = sizeof options, .allocator = t->allocator, .checks = t->checks & AD_CHECK_BOUNDS};
    ad_tape *inner = ad_tape_new(&options);
    if (inner)
        inner->outer = t;
    return inner;
}

void ad_inner_inherit(ad_tape *inner)
{
    const ad_tape *t = inner->outer;
    inner->widens = t->widens;
    ad_tape_trace(inner, t->tracer, t->tracer_user);
    ad_tape_profile(inner, t->profile);
    ad_tape_poll(inner, t->poll, t->poll_user);
}

/* It has the options of the outer tape, except AD_CHECK_REACHED: a function need not depend on
 * all its operands. */
static ad_tape *empty_inner(ad_tape *t, ad_tape **slot)
{
    ad_tape *inner = *slot = *slot ? *slot : new_inner(t);
    if (!inner)
        return NULL;
    ad_evaluation_undo(inner);
    ad_tape_reset(inner);
    inner->checks = t->checks & ~(unsigned)AD_CHECK_REACHED;
    inner->work.pool = t->work.pool;
    inner->depth = t->depth + 1;
    inner->apart = false;
    ad_inner_inherit(inner);
    return inner;
}

ad_tape *ad_inner_tape(ad_workspace *work)
{
    if (!work || !work->owner || ad_work_in_task(work, "an inner tape"))
        return NULL;
    ad_tape *t = work->owner;
    if (!ad_depth_allows(t, t->busy, t->depth + 1))
        return NULL;
    ad_tape *inner = empty_inner(t, &t->inner);
    if (!inner)
        ad_reject(work, AD_MEMORY, "memory ran out (for an inner tape)");
    return inner;
}

ad_tape *ad_inner_begin(ad_tape *t, const char *name)
{
    if (!t || !name || !ad_tape_enter(t, name))
        return NULL;
    bool allowed = ad_depth_allows(t, name, t->depth + 1);
    ad_tape *inner = allowed ? empty_inner(t, &t->inner) : NULL;
    if (allowed && !inner)
        ad_tape_fail(t, AD_MEMORY, "%s: memory ran out (for an inner tape)", name);
    if (!inner) {
        ad_tape_leave(t);
        return NULL;
    }
    t->busy = name;
    t->inner_begun = true;
    return inner;
}

ad_tape *ad_inner_next(ad_tape *t, ad_tape *inner)
{
    ad_tape *next = empty_inner(t, &inner->next);
    if (!next)
        ad_tape_fail(t, AD_MEMORY, "%s: memory ran out (for an inner tape)", t->busy);
    return next;
}

ad_status ad_inner_end(ad_tape *t)
{
    AD_DOOR(t, "inner_end", AD_BUSY);
    if (!t || !t->inner_begun)
        return AD_MISUSE;
    const char *name = t->busy;
    t->busy = NULL;
    t->inner_begun = false;
    if (ad_tape_status(t->inner) != AD_OK)
        ad_tape_fail(t, ad_tape_status(t->inner), "%s: %s", name, ad_tape_error(t->inner));
    return ad_tape_leave_with_status(t);
}
