/* The reverse sweep: a walk down the tape that calls each node's pullback.
 *
 * A cotangent exists from the moment something flows into it until its node has been pulled
 * back; then its buffer is free for the next. Watched leaves keep theirs. The second-order sweep
 * carries a second cotangent beside the first, the derivative of the first along the tangents:
 * it takes the same pullback, plus the curvature term. Where there are several cotangents of a root,
 * or tangents, a node's buffer holds its share of each, one block after another, and its
 * rules are called once for each while what else they read is at hand. */
#include "tape/sweep.h"

#include "array/strided.h"
#include "tape/failure.h"
#include "tape/reach.h"
#include "tape/rule.h"
#include "tape/show.h"
#include "tape/tangent.h"
#include "tape/watch.h"

#include <string.h>

#define FIRST  AD_FIRST_ORDER
#define SECOND AD_SECOND_ORDER
typedef ad_order order;

static void **cotangent(ad_tape *t, uint32_t index, order which)
{
    return which == FIRST ? &t->nodes[index]->cotangent : &t->tangents[index].tdx;
}

/* Bytes of all that a node has of them. No overflow: see counts_fit. */
static inline size_t bytes_of(const ad_tape *t, const ad_node *n, order which)
{
    return ad_node_bytes(n) * (which == FIRST ? t->cotangents : t->directions);
}

static void give(ad_tape *t, uint32_t index, order which)
{
    void **slot = cotangent(t, index, which);
    if (*slot)
        ad_recycler_give(&t->buffers, *slot, bytes_of(t, t->nodes[index], which));
    *slot = NULL;
}

static inline void give_all(ad_tape *t, uint32_t index)
{
    give(t, index, FIRST);
    if (index < t->tangents_count)
        give(t, index, SECOND);
}

void ad_release_gradients(ad_tape *t, uint32_t from)
{
    for (uint32_t i = t->last_watched; i != AD_NO_NODE && i >= from; i = t->nodes[i]->watched) {
        give_all(t, i);
        t->nodes[i]->flags &= (uint16_t)~AD_NODE_REACHED;
    }
}

static AD_APART bool no_memory(ad_tape *t, const ad_node *n, size_t bytes)
{
    ad_tape_fail(t, AD_MEMORY, "backward: memory ran out (%zu bytes for the cotangent of %s)",
                 bytes, ad_node_name(n));
    return false;
}

static inline void *take_buffer(ad_tape *t, const ad_node *n, size_t bytes)
{
    void *buffer = ad_recycler_take(&t->buffers, bytes);
    if (!buffer)
        no_memory(t, n, bytes);
    return buffer;
}

/* A cotangent buffer where there is none yet. */
static inline void *take(ad_tape *t, uint32_t index, order which)
{
    const ad_node *n = t->nodes[index];
    return *cotangent(t, index, which) = take_buffer(t, n, bytes_of(t, n, which));
}

/* Fills dx and assign of a frame: a buffer for every operand that has a derivative. */
static bool open_cotangents(ad_tape *t, const ad_node *n, ad_frame *f, order which, bool may_assign)
{
    for (uint32_t k = 0; k < n->arity; k++) {
        uint32_t index = ad_node_operands(n)[k];
        const ad_node *o = t->nodes[index];
        f->assign[k] = false;
        f->dx[k].data = NULL;
        f->dx[k].allocator = NULL;
        f->dx[k].type = (ad_type)o->type;
        ad_node_measure(o, &f->dx[k].shape);
        if (!(o->flags & AD_NODE_TRACKED))
            continue;
        f->dx[k].data = *cotangent(t, index, which);
        if (f->dx[k].data)
            continue;
        if (!(f->dx[k].data = take(t, index, which)))
            return false;
        f->assign[k] = may_assign;
        if (!may_assign)
            memset(f->dx[k].data, 0, bytes_of(t, o, which));
    }
    return true;
}

static const char *const pullback_of = "pullback of ", *const curvature_of = "curvature of ";

static AD_APART bool good_cotangents(ad_tape *t, const ad_node *n, const ad_frame *f,
                                     const char *rule, const ad_view *dy)
{
    for (uint32_t k = 0; k < n->arity; k++) {
        const ad_node *x = t->nodes[ad_node_operands(n)[k]];
        if (!f->dx[k].data || ad_all_finite(t->work.isa, x->type, f->dx[k].data, x->count))
            continue;
        ad_outcome o = {rule, "the cotangent", (int)k, n, ad_node_operands(n), f->x, {0}, *dy};
        o.numbers = ad_array_view(f->dx[k]);
        return ad_not_finite(t, &o);
    }
    return true;
}

static AD_APART bool look_on(ad_tape *t, const ad_node *n)
{
    if (t->tracer)
        ad_trace_event(t, AD_EVENT_PULLBACK, n);
    if (!t->poll)
        return true;
    t->busy = "the poll";
    bool go_on = t->poll(t->poll_user, t->sweep_next);
    t->busy = NULL;
    if (!go_on)
        ad_tape_fail(t, AD_CANCELLED, "backward: cancelled with %u values to go", t->sweep_next);
    return go_on;
}

/* spare: dy, or NULL if it is needed afterwards. first: the cotangent whose derivative dy is, or NULL. */
static bool call_pullback(ad_tape *t, const ad_node *n, const ad_frame *f, const void *dy,
                          void *spare, const void *first)
{
    ad_pullback_args args; /* field by field: zeroing it would cost more than a small pullback */
    args.size = sizeof args;
    args.op = n->op;
    args.arity = (int)n->arity;
    args.x = f->x;
    args.dx = f->dx;
    args.assign = f->assign;
    args.spare = spare;
    args.attr = ad_node_attr(n);
    args.saved = n->saved;
    args.run = n->flags & AD_NODE_RUN ? n->count : 0;
    args.work = &t->work;
    args.cotangent = first;
    ad_node_look(n, &args.y);
    ad_node_look_rows(n, dy, &args.dy);
    if (t->looked_on && !look_on(t, n))
        return false;
    ad_arena_mark start = ad_kernel_begin(t, n->op);
    n->op->pullback(&args);
    return ad_kernel_end(t, start, pullback_of, (int)n->arity, f->x) &&
           (!(t->checks & AD_CHECK_NUMBERS) || good_cotangents(t, n, f, pullback_of, &args.dy));
}

static bool call_curvature(ad_tape *t, const ad_node *n, const ad_frame *f, const void *dy)
{
    if (!n->op->curvature) {
        ad_tape_fail(t, AD_NO_DERIVATIVE, "%s has no second derivative (no curvature rule)",
                     n->op->name);
        return false;
    }
    ad_curvature_args args = {.size = sizeof args,
                              .op = n->op,
                              .arity = (int)n->arity,
                              .x = f->x,
                              .tx = f->tx,
                              .tdx = f->dx,
                              .attr = ad_node_attr(n),
                              .saved = n->saved,
                              .work = &t->work};
    ad_node_look(n, &args.y);
    args.dy = ad_node_rows(n, dy);
    ad_arena_mark start = ad_kernel_begin(t, n->op);
    n->op->curvature(&args);
    return ad_kernel_end(t, start, curvature_of, (int)n->arity, f->x) &&
           (!(t->checks & AD_CHECK_NUMBERS) || good_cotangents(t, n, f, curvature_of, &args.dy));
}

/* Has a frame show the next of several cotangents of the operands. */
static AD_APART void next_cotangents(ad_tape *t, const ad_node *n, ad_frame *f)
{
    for (uint32_t k = 0; k < n->arity; k++)
        if (f->dx[k].data)
            f->dx[k].data = (char *)f->dx[k].data + ad_node_bytes(t->nodes[ad_node_operands(n)[k]]);
}

/* The pullbacks of all cotangents but the first. */
static AD_APART bool pull_others(ad_tape *t, const ad_node *n, ad_frame *f, char *dy,
                                 uint32_t count, bool spare, const void *first)
{
    bool good = true;
    while (good && --count) {
        dy += ad_node_bytes(n);
        next_cotangents(t, n, f);
        good = call_pullback(t, n, f, dy, spare ? dy : NULL, first);
    }
    return good;
}

static inline bool pull_each(ad_tape *t, const ad_node *n, ad_frame *f, void *dy, uint32_t count,
                             bool spare, const void *first)
{
    return call_pullback(t, n, f, dy, spare ? dy : NULL, first) &&
           (count == 1 || pull_others(t, n, f, dy, count, spare, first));
}

static bool curve_each(ad_tape *t, const ad_node *n, ad_frame *f)
{
    for (uint32_t left = t->directions; call_curvature(t, n, f, n->cotangent);) {
        if (--left == 0)
            return true;
        next_cotangents(t, n, f);
        ad_frame_next_tangents(f, t, n);
    }
    return false;
}

static bool pull_second(ad_tape *t, uint32_t index, ad_frame *f)
{
    const ad_node *n = t->nodes[index];
    bool assigns = n->op->flags & AD_OP_ASSIGNS;
    void *tdy = t->tangents[index].tdx;
    if (tdy && !(open_cotangents(t, n, f, SECOND, assigns) &&
                 pull_each(t, n, f, tdy, t->directions, false, n->cotangent)))
        return false;
    if (n->op->flags & AD_OP_LINEAR || !ad_frame_tangents(f, t, n))
        return true;
    return open_cotangents(t, n, f, SECOND, false) && curve_each(t, n, f);
}

/* spare: whether rules may spoil the cotangent that they are given. */
static inline bool pull(ad_tape *t, uint32_t index, order up_to, bool spare)
{
    ad_frame f;
    const ad_node *n = t->nodes[index];
    bool assigns = n->op->flags & AD_OP_ASSIGNS;
    bool good = ad_frame_open(&f, t, n) && open_cotangents(t, n, &f, FIRST, assigns) &&
                pull_each(t, n, &f, n->cotangent, t->cotangents, spare, NULL) &&
                (up_to == FIRST || pull_second(t, index, &f));
    ad_frame_close(&f, t);
    return good;
}

/* Gives every watched leaf that nothing flowed into a gradient of zeros. */
static bool finish_leaves(ad_tape *t, order up_to)
{
    for (uint32_t i = t->last_watched; i != AD_NO_NODE; i = t->nodes[i]->watched) {
        ad_node *n = t->nodes[i];
        if (n->cotangent)
            n->flags |= AD_NODE_REACHED;
        for (order which = FIRST; which <= up_to; which++) {
            if (*cotangent(t, i, which))
                continue;
            if (!take(t, i, which))
                return false;
            memset(*cotangent(t, i, which), 0, bytes_of(t, n, which));
        }
    }
    return true;
}

/* ---- the walk ---------------------------------------------------------------------- */

void ad_sweep_drop(ad_tape *t)
{
    if (t->sweep_root == AD_NO_NODE)
        return;
    for (uint32_t i = 0; i <= t->sweep_root; i++)
        give_all(t, i);
    t->sweep_root = AD_NO_NODE;
    ad_release_gradients(t, 0);
}

void ad_sweep_go_on(ad_tape *t, order up_to, size_t operations)
{
    bool good = true, spare = up_to == FIRST && !(t->checks & AD_CHECK_NUMBERS);
    uint32_t i = t->sweep_next;
    while (good && i > 0 && operations > 0) {
        const ad_node *n = t->nodes[--i];
        if (!n->cotangent || !n->op)
            continue;
        t->sweep_next = i + 1;
        bool keep = n->flags & AD_NODE_RETAINED;
        good = pull(t, i, up_to, spare && !keep);
        if (!keep)
            give_all(t, i);
        operations--;
    }
    t->sweep_next = i;
    if (good && i > 0)
        return;
    if (good && finish_leaves(t, up_to))
        t->sweep_root = AD_NO_NODE;
    else
        ad_sweep_drop(t);
}

/* ---- starting it ------------------------------------------------------------------- */

static void seed_one(const ad_node *n, void *dy)
{
    if (n->type == AD_F32)
        *(float *)dy = 1;
    else
        *(double *)dy = 1;
}

/* Whether the bytes of so many cotangents can be counted, for all values: leaves beyond the root have
 * gradients of zeros. */
static bool counts_fit(ad_tape *t, uint32_t count)
{
    for (uint32_t i = 0; count > 1 && i < t->count; i++)
        if (ad_node_blocks(t->nodes[i], count) == SIZE_MAX)
            return no_memory(t, t->nodes[i], SIZE_MAX);
    return true;
}

/* A root's cotangents: one, which is 1, if there are no seeds. */
static void *make_seeds(ad_tape *t, const ad_node *root, uint32_t count, const ad_view *seeds)
{
    char *dy = take_buffer(t, root, ad_node_bytes(root) * count);
    if (dy && !seeds)
        seed_one(root, dy);
    for (uint32_t i = 0; dy && seeds && i < count; i++)
        ad_strided_read(&seeds[i], dy + i * ad_node_bytes(root));
    return dy;
}

/* The seeds are copied before the last sweep's gradients go: they may be among them. */
static bool copy_seeds(ad_tape *t, uint32_t root, const ad_sweep_plan *p)
{
    ad_node *n = t->nodes[root];
    bool tracked = n->flags & AD_NODE_TRACKED, second = tracked && p->tdy;
    void *dy = tracked ? make_seeds(t, n, p->count, p->dy) : NULL;
    void *tdy = second ? make_seeds(t, n, 1, p->tdy) : NULL;
    ad_release_gradients(t, 0);
    t->cotangents = p->count;
    n->cotangent = dy;
    if (tdy)
        t->tangents[root].tdx = tdy;
    return (dy || !tracked) && (tdy || !second);
}

ad_status ad_sweep_start(ad_tensor y, const ad_sweep_plan *p)
{
    ad_tape *t = y.tape;
    uint32_t root = ad_tensor_index(y);
    ad_sweep_drop(t);
    if (!counts_fit(t, p->count) || (p->up_to == SECOND && !counts_fit(t, t->directions)))
        return ad_tape_leave_with_status(t);
    if (copy_seeds(t, root, p) && ad_sweep_allowed(t, p->name, root)) {
        t->sweep_root = root;
        t->sweep_next = root + 1;
        ad_sweep_go_on(t, p->up_to, p->operations);
    } else {
        give_all(t, root);
    }
    return ad_tape_leave_with_status(t);
}
