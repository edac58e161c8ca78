/* The reverse sweep: a walk down the tape that calls each node's pullback.
 *
 * A cotangent exists from the moment something flows into it until its node has been pulled
 * back; then its buffer is free for the next. Watched leaves keep theirs. The second-order sweep
 * carries a second cotangent beside the first, the derivative of the first along the tangents:
 * it takes the same pullback, plus the curvature term. */
#include "core/node.h"
#include "core/strided.h"

#include <string.h>

/* Which of a node's cotangents: the first, or its derivative along the tangents. */
typedef enum order { FIRST, SECOND } order;

static void **cotangent(ad_tape *t, uint32_t index, order which)
{
    return which == FIRST ? &t->nodes[index]->cotangent : &t->tangents[index].tdx;
}

static void give(ad_tape *t, uint32_t index, order which)
{
    void **slot = cotangent(t, index, which);
    if (*slot)
        ad_recycler_give(&t->buffers, *slot, ad_node_bytes(t->nodes[index]));
    *slot = NULL;
}

static void give_all(ad_tape *t, uint32_t index)
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

static void *take_buffer(ad_tape *t, const ad_node *n)
{
    void *buffer = ad_recycler_take(&t->buffers, ad_node_bytes(n));
    if (!buffer)
        ad_tape_fail(t, AD_MEMORY, "backward: memory ran out (%zu bytes for the cotangent of %s)",
                     ad_node_bytes(n), ad_node_name(n));
    return buffer;
}

/* A cotangent buffer where there is none yet. */
static void *take(ad_tape *t, uint32_t index, order which)
{
    return *cotangent(t, index, which) = take_buffer(t, t->nodes[index]);
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
            memset(f->dx[k].data, 0, ad_node_bytes(o));
    }
    return true;
}

static const char *const pullback_of = "pullback of ", *const curvature_of = "curvature of ";

static AD_APART bool good_cotangents(ad_tape *t, const ad_node *n, const ad_frame *f,
                                     const char *rule, const ad_view *dy)
{
    for (uint32_t k = 0; k < n->arity; k++) {
        const ad_node *x = t->nodes[ad_node_operands(n)[k]];
        if (!f->dx[k].data || ad_all_finite(t->isa, x->type, f->dx[k].data, x->count))
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

/* spare: dy, or NULL if it is needed afterwards. of: the cotangent whose derivative dy is, or NULL. */
static bool call_pullback(ad_tape *t, const ad_node *n, const ad_frame *f, const void *dy,
                          void *spare, const void *of)
{
    ad_pullback_args args; /* field by field: zeroing it would cost more than a small pullback */
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
    args.of = of;
    ad_node_look(n, &args.y);
    ad_node_look_rows(n, dy, &args.dy);
    if (t->looked_on && !look_on(t, n))
        return false;
    ad_place start = ad_kernel_begin(t, n->op);
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
    ad_curvature_args args = {.op = n->op,
                              .arity = (int)n->arity,
                              .x = f->x,
                              .tx = f->tx,
                              .tdx = f->dx,
                              .attr = ad_node_attr(n),
                              .saved = n->saved,
                              .work = &t->work};
    ad_node_look(n, &args.y);
    args.dy = ad_node_rows(n, dy);
    ad_place start = ad_kernel_begin(t, n->op);
    n->op->curvature(&args);
    return ad_kernel_end(t, start, curvature_of, (int)n->arity, f->x) &&
           (!(t->checks & AD_CHECK_NUMBERS) || good_cotangents(t, n, f, curvature_of, &args.dy));
}

static bool pull_second(ad_tape *t, uint32_t index, ad_frame *f)
{
    const ad_node *n = t->nodes[index];
    bool assigns = n->op->flags & AD_OP_ASSIGNS;
    const void *dy = n->cotangent, *tdy = t->tangents[index].tdx;
    if (tdy &&
        !(open_cotangents(t, n, f, SECOND, assigns) && call_pullback(t, n, f, tdy, NULL, dy)))
        return false;
    if (n->op->flags & AD_OP_LINEAR || !ad_frame_tangents(f, t, n))
        return true;
    return open_cotangents(t, n, f, SECOND, false) && call_curvature(t, n, f, dy);
}

/* spare: whether rules may spoil the cotangent that they are given. */
static inline bool pull(ad_tape *t, uint32_t index, order up_to, bool spare)
{
    ad_frame f;
    const ad_node *n = t->nodes[index];
    bool assigns = n->op->flags & AD_OP_ASSIGNS;
    bool good = ad_frame_open(&f, t, n) && open_cotangents(t, n, &f, FIRST, assigns) &&
                call_pullback(t, n, &f, n->cotangent, spare ? n->cotangent : NULL, NULL) &&
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
            memset(*cotangent(t, i, which), 0, ad_node_bytes(n));
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

/* Goes on with a sweep over so many operations. It has come to its end, good or bad, where
 * there is no sweep afterwards. */
static void go_on(ad_tape *t, order up_to, size_t operations)
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

static void seed_one(const ad_node *n, void *dy)
{
    if (n->type == AD_F32)
        *(float *)dy = 1;
    else
        *(double *)dy = 1;
}

/* A root's cotangent: one if seed is NULL. */
static void *make_seed(ad_tape *t, const ad_node *root, const ad_view *seed)
{
    void *dy = take_buffer(t, root);
    if (dy && seed)
        ad_strided_read(seed, dy);
    else if (dy)
        seed_one(root, dy);
    return dy;
}

/* What a sweep starts from: cotangents of the root, of either order. */
typedef struct seeds {
    const ad_view *dy;  /* NULL: one */
    const ad_view *tdy; /* NULL: zero */
    order up_to;
} seeds;

/* The seeds are copied before the last sweep's gradients go: they may be among them. */
static bool plant_seeds(ad_tape *t, uint32_t root, const seeds *s)
{
    ad_node *n = t->nodes[root];
    bool tracked = n->flags & AD_NODE_TRACKED, second = tracked && s->tdy;
    void *dy = tracked ? make_seed(t, n, s->dy) : NULL;
    void *tdy = second ? make_seed(t, n, s->tdy) : NULL;
    ad_release_gradients(t, 0);
    n->cotangent = dy;
    if (tdy)
        t->tangents[root].tdx = tdy;
    return (dy || !tracked) && (tdy || !second);
}

/* Starts a sweep on a tape that was entered, and leaves it after so many operations. */
static ad_status sweep(const char *name, ad_tensor y, const seeds *s, size_t operations)
{
    ad_tape *t = y.tape;
    uint32_t root = y.as.node.index;
    ad_sweep_drop(t);
    if (plant_seeds(t, root, s) && ad_sweep_allowed(t, name, root)) {
        t->sweep_root = root;
        t->sweep_next = root + 1;
        go_on(t, s->up_to, operations);
    } else {
        give_all(t, root);
    }
    return ad_tape_leave_with_status(t);
}

/* ---- starting it ------------------------------------------------------------------- */

static ad_status sweep_from_one(ad_tensor y, size_t operations)
{
    if (!ad_sweep_root("backward", y, true))
        return ad_tape_status(y.tape);
    return sweep("backward", y, &(seeds){NULL, NULL, FIRST}, operations);
}

static bool good_seed(ad_tape *t, const char *name, const ad_node *n, const ad_view *dy)
{
    char given[64], wanted[64];
    ad_shape shape = ad_node_shape(n);
    if (!dy->data && n->count)
        ad_tape_fail(t, AD_MISUSE, "%s: the cotangent holds no numbers", name);
    else if (dy->type != (ad_type)n->type)
        ad_tape_fail(t, AD_BAD_TYPE, "%s: a cotangent of type %s for a root of %s", name,
                     ad_type_text(dy->type), ad_type_text((ad_type)n->type));
    else if (!ad_shape_equal(&dy->shape, &shape))
        ad_tape_fail(t, AD_BAD_SHAPE, "%s: a cotangent of shape %s for a root of %s", name,
                     ad_shape_print(&dy->shape, given, sizeof given),
                     ad_shape_print(&shape, wanted, sizeof wanted));
    return t->error.status == AD_OK;
}

static ad_status sweep_from(ad_tensor y, const ad_view *dy, size_t operations)
{
    ad_node *n = ad_sweep_root("backward", y, false);
    if (n && good_seed(y.tape, "backward", n, dy))
        return sweep("backward", y, &(seeds){dy, NULL, FIRST}, operations);
    if (n)
        ad_tape_leave(y.tape);
    return ad_tape_status(y.tape);
}

ad_status ad_backward(ad_tensor y)
{
    return sweep_from_one(y, SIZE_MAX);
}

ad_status ad_backward_from(ad_tensor y, ad_view dy)
{
    return sweep_from(y, &dy, SIZE_MAX);
}

/* ---- in slices --------------------------------------------------------------------- */

ad_status ad_sweep_begin(ad_tensor y)
{
    return sweep_from_one(y, 0);
}

ad_status ad_sweep_begin_from(ad_tensor y, ad_view dy)
{
    return sweep_from(y, &dy, 0);
}

bool ad_sweep_step(ad_tape *t, size_t operations)
{
    if (!t || !ad_tape_enter(t, "sweep_step"))
        return false;
    if (t->sweep_root != AD_NO_NODE)
        go_on(t, FIRST, operations);
    bool more = t->sweep_root != AD_NO_NODE;
    ad_tape_leave(t);
    return more;
}

void ad_sweep_cancel(ad_tape *t)
{
    if (!t || !ad_tape_take_over(t, "sweep_cancel"))
        return;
    ad_sweep_drop(t);
    ad_tape_leave(t);
}

void ad_tape_poll(ad_tape *t, ad_poll *poll, void *user)
{
    if (!t || !ad_tape_take_over(t, "poll"))
        return;
    t->poll = poll;
    t->poll_user = user;
    t->looked_on = t->tracer || t->poll;
    ad_tape_leave(t);
}

/* ---- reading ----------------------------------------------------------------------- */

static bool keeps_cotangent(const ad_node *n)
{
    return n && n->flags & (AD_NODE_WATCHED | AD_NODE_RETAINED);
}

ad_view ad_grad(ad_tensor x)
{
    const ad_node *n = ad_tape_node(x);
    bool there = keeps_cotangent(n) && n->cotangent && x.tape->sweep_root == AD_NO_NODE;
    return there ? ad_node_rows(n, n->cotangent) : (ad_view){0};
}

bool ad_reached(ad_tensor x)
{
    const ad_node *n = ad_tape_node(x);
    return n && n->flags & AD_NODE_REACHED;
}

/* ---- forward over reverse ---------------------------------------------------------- */

/* On a tape that was entered. */
static ad_status sweep_tangents(const char *name, ad_tensor y, const seeds *s)
{
    ad_tape *t = y.tape;
    bool pushed = t->pushed != AD_NO_NODE && t->pushed >= y.as.node.index;
    if (pushed && ad_room_for_tangents(t, t->count))
        return sweep(name, y, s, SIZE_MAX);
    if (!pushed)
        ad_tape_fail(t, AD_MISUSE, "%s: first carry the tangents to the root (ad_push_tangents)",
                     name);
    return ad_tape_leave_with_status(t);
}

ad_status ad_backward_tangents(ad_tensor y)
{
    if (!ad_sweep_root("backward_tangents", y, true))
        return ad_tape_status(y.tape);
    return sweep_tangents("backward_tangents", y, &(seeds){NULL, NULL, SECOND});
}

ad_status ad_backward_tangents_from(ad_tensor y, ad_view dy, ad_view tdy)
{
    const char *name = "backward_tangents";
    const ad_node *n = ad_sweep_root(name, y, false);
    if (!n)
        return ad_tape_status(y.tape);
    if (good_seed(y.tape, name, n, &dy) && (!tdy.data || good_seed(y.tape, name, n, &tdy)))
        return sweep_tangents(name, y, &(seeds){&dy, tdy.data ? &tdy : NULL, SECOND});
    return ad_tape_leave_with_status(y.tape);
}

ad_view ad_grad_tangent(ad_tensor x)
{
    const ad_node *n = ad_tape_node(x);
    bool there = keeps_cotangent(n) && x.as.node.index < x.tape->tangents_count;
    void *tdx = there ? x.tape->tangents[x.as.node.index].tdx : NULL;
    return tdx ? ad_node_rows(n, tdx) : (ad_view){0};
}
