/* The life of tapes: options, reset, marks. */
#include "base/sized.h"
#include "kernels/gemm.h"
#include "tape/evaluation.h"
#include "tape/failure.h"
#include "tape/recorders.h"
#include "tape/sweep.h"
#include "tape/tangent.h"

/* A tape whose options are wrong fails from the start, so that its user's one check says why. */
static void judge_options(ad_tape *t)
{
    unsigned unknown =
        t->checks & ~(unsigned)(AD_CHECK_BOUNDS | AD_CHECK_NUMBERS | AD_CHECK_REACHED |
                                AD_CHECK_BORROWED | AD_CHECK_THREADS);
    if (!t->sized)
        ad_tape_fail(t, AD_MISUSE, "tape: the options need .size = sizeof(ad_tape_options)");
    else if (unknown)
        ad_tape_fail(t, AD_MISUSE, "tape: there is no check 0x%x", unknown);
}

ad_tape *ad_tape_new(const ad_tape_options *options)
{
    ad_tape_options o = {.size = sizeof o};
    bool sized = !options || ad_sized_read(&o, sizeof o, options, AD_END_OF(ad_tape_options, pool));
    ad_tape *t = ad_memory_take(o.allocator, sizeof *t);
    if (!t)
        return NULL;
    bool exact = o.checks & AD_CHECK_BOUNDS;
    *t = (ad_tape){
        .allocator = o.allocator,
        .checks = o.checks,
        .values = {.allocator = o.allocator, .exact = exact},
        .buffers.arena = {.allocator = o.allocator, .exact = exact},
        .sized = sized,
        .epoch = 1,
        .last_watched = AD_NO_NODE,
        .cotangents = 1,
        .directions = 1,
        .pushed = AD_NO_NODE,
        .sweep_root = AD_NO_NODE,
    };
    t->work = (ad_workspace){.arena = &t->values, .pool = o.pool, .isa = ad_cpu_isa(), .owner = t};
    ad_gemm_warm_up(); /* BLIS aborts if its first call runs out of memory */
    judge_options(t);
    return t;
}

/* Enters a tape to forget all its nodes, and, where `end` says so, to be forgotten itself. */
static bool may_forget(ad_tape *t, const char *name, bool end)
{
    if (!t || !ad_tape_take_over(t, name))
        return false;
    if (!t->held || (!end && t->held == 1))
        return true;
    ad_tape_fail(t, AD_MISUSE, "%s: a function is being evaluated with values of this tape", name);
    ad_tape_leave(t);
    return false;
}

/* ---- ends ---------------------------------------------------------------------------- */

void ad_tape_free(ad_tape *t)
{
    if (!t || !may_forget(t, "free", true))
        return;
    if (t->outer) {
        ad_tape_fail(t, AD_MISUSE, "free: the tape belongs to another tape");
        ad_tape_leave(t);
        return;
    }
    ad_tape_reset(t);
    ad_tape_trim(t);
    ad_memory_give(t->allocator, t, sizeof *t);
}

static void forget_from(ad_tape *t, uint32_t count)
{
    if (t->sweep_root != AD_NO_NODE && t->sweep_root >= count)
        ad_sweep_drop(t);
    ad_release_gradients(t, count);
    ad_release_tangents(t, count);
    while (t->last_watched != AD_NO_NODE && t->last_watched >= count)
        t->last_watched = t->nodes[t->last_watched]->watched;
    if (t->pushed != AD_NO_NODE && t->pushed >= count)
        t->pushed = AD_NO_NODE;
    if (count < t->count)
        ad_arena_return(&t->values, ad_arena_find(&t->values, ad_node_begin(t->nodes[count])));
    ad_recorders_return(t, count);
    t->count = count;
    t->epoch = t->epoch == UINT32_MAX ? 1 : t->epoch + 1;
}

void ad_tape_reset(ad_tape *t)
{
    if (!may_forget(t, "reset", false))
        return;
    forget_from(t, 0);
    ad_arena_return(&t->values, (ad_arena_mark){0});
    ad_recycler_reset(&t->buffers);
    t->severed = false;
    ad_tape_at_line(t, NULL);
    if (t->error.status != AD_OK)
        t->error = (ad_error){0};
    ad_guard_clear(&t->guard);
    judge_options(t);
    for (ad_tape *inner = t->inner; inner; inner = inner->next)
        ad_tape_reset(inner);
    ad_tape_leave(t);
}

static void free_inner(ad_tape *t)
{
    while (t->inner) {
        ad_tape *inner = t->inner;
        t->inner = inner->next;
        inner->outer = NULL;
        ad_evaluation_undo(inner);
        ad_tape_free(inner);
    }
}

void ad_tape_trim(ad_tape *t)
{
    if (!t || !ad_tape_take_over(t, "trim"))
        return;
    ad_arena_trim(&t->values);
    free_inner(t);
    ad_recorders_trim(t);
    if (!t->count) {
        ad_arena_trim(&t->buffers.arena);
        ad_memory_give(t->allocator, t->nodes, t->capacity * sizeof *t->nodes);
        ad_memory_give(t->allocator, t->tangents, t->tangents_capacity * sizeof *t->tangents);
        t->nodes = NULL;
        t->tangents = NULL;
        t->capacity = t->tangents_capacity = 0;
    }
    ad_tape_leave(t);
}

/* ---- marks --------------------------------------------------------------------------- */

/* A mark is the handle of the last node before it, but with the number of nodes as its index. */
ad_mark ad_tape_mark(ad_tape *t)
{
    AD_READING(t, "mark", ((ad_mark){t, ad_tape_dead(t).bits}));
    if (!t)
        return (ad_mark){0};
    uint32_t epoch = t->count ? t->nodes[t->count - 1]->epoch : 0;
    return (ad_mark){t, ad_tensor_to(t, t->count, epoch).bits};
}

static bool is_there(const ad_tape *t, uint32_t count, uint32_t epoch)
{
    return count <= t->count && (!count || t->nodes[count - 1]->epoch == epoch);
}

ad_status ad_tape_rewind(ad_mark mark)
{
    ad_tape *t = mark.tape;
    uint32_t count = (uint32_t)mark.bits, epoch = (uint32_t)(mark.bits >> 32);
    if (!t)
        return AD_MISUSE;
    if (!ad_tape_take_over(t, "rewind"))
        return AD_BUSY;
    ad_status status = AD_OK;
    if (!is_there(t, count, epoch))
        status = ad_tape_fail(t, AD_STALE, "rewind: the mark is no longer on the tape");
    else if (count + 1 < t->held)
        status = ad_tape_fail(t, AD_MISUSE,
                              "rewind: a function is being evaluated with values before the mark");
    else if (count < t->count)
        forget_from(t, count);
    ad_tape_leave(t);
    return status;
}

/* ---- measures ------------------------------------------------------------------------ */

static ad_tape_info measure(const ad_tape *t)
{
    if (!t)
        return (ad_tape_info){0};
    size_t tables = t->capacity * sizeof *t->nodes + t->tangents_capacity * sizeof *t->tangents;
    ad_tape_info info = {
        .nodes = t->count,
        .bytes_used = ad_arena_used(&t->values) + t->buffers.used,
        .bytes_reserved = t->values.reserved + t->buffers.arena.reserved + tables,
        .sweep_left = t->sweep_root == AD_NO_NODE ? 0 : t->sweep_next,
    };
    ad_recorders_measure(t, &info.bytes_used, &info.bytes_reserved);
    for (const ad_tape *inner = t->inner; inner; inner = inner->next) {
        ad_tape_info own = measure(inner);
        info.bytes_used += own.bytes_used;
        info.bytes_reserved += own.bytes_reserved;
    }
    return info;
}

ad_status ad_tape_measure(const ad_tape *t, ad_tape_info *info)
{
    AD_READING(t, "measure", AD_BUSY);
    ad_tape_info own = measure(t);
    bool good = info && ad_sized_write(info, &own, sizeof own, AD_END_OF(ad_tape_info, sweep_left));
    return good ? AD_OK : AD_MISUSE;
}
