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

/* A cotangent buffer where there is none yet. */
static void *take(ad_tape *t, uint32_t index, order which)
{
    const ad_node *n = t->nodes[index];
    void *buffer = ad_recycler_take(&t->buffers, ad_node_bytes(n));
    if (!buffer)
        ad_tape_fail(t, AD_MEMORY, "backward: memory ran out (%zu bytes for the cotangent of %s)",
                     ad_node_bytes(n), ad_node_name(n));
    return *cotangent(t, index, which) = buffer;
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

/* spare: dy, or NULL if it is needed afterwards. */
static bool call_pullback(ad_tape *t, const ad_node *n, const ad_frame *f, const void *dy,
                          void *spare)
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
    ad_node_look(n, &args.y);
    ad_node_look_rows(n, dy, &args.dy);
    if (t->tracer)
        ad_trace_event(t, AD_EVENT_PULLBACK, n);
    ad_place start = ad_kernel_begin(t, n->op);
    n->op->pullback(&args);
    return ad_kernel_end(t, start, "pullback of ", (int)n->arity, f->x);
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
    return ad_kernel_end(t, start, "curvature of ", (int)n->arity, f->x);
}

static bool pull_second(ad_tape *t, uint32_t index, ad_frame *f)
{
    const ad_node *n = t->nodes[index];
    bool assigns = n->op->flags & AD_OP_ASSIGNS;
    const void *dy = n->cotangent, *tdy = t->tangents[index].tdx;
    if (tdy && !(open_cotangents(t, n, f, SECOND, assigns) && call_pullback(t, n, f, tdy, NULL)))
        return false;
    if (n->op->flags & AD_OP_LINEAR || !ad_frame_tangents(f, t, n))
        return true;
    return open_cotangents(t, n, f, SECOND, false) && call_curvature(t, n, f, dy);
}

static bool pull(ad_tape *t, uint32_t index, order up_to)
{
    ad_frame f;
    const ad_node *n = t->nodes[index];
    bool assigns = n->op->flags & AD_OP_ASSIGNS;
    bool good = ad_frame_open(&f, t, n) && open_cotangents(t, n, &f, FIRST, assigns) &&
                call_pullback(t, n, &f, n->cotangent, up_to == FIRST ? n->cotangent : NULL) &&
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

/* The sweep from a root whose cotangent is there. */
static ad_status walk(ad_tape *t, uint32_t root, order up_to)
{
    bool good = true;
    for (uint32_t i = root + 1; good && i-- > 0;) {
        const ad_node *n = t->nodes[i];
        if (!n->cotangent || !n->op)
            continue;
        good = pull(t, i, up_to);
        give_all(t, i);
    }
    if (good && finish_leaves(t, up_to))
        return AD_OK;
    for (uint32_t i = 0; i < t->count; i++)
        give_all(t, i);
    ad_release_gradients(t, 0);
    return t->error.status;
}

static void seed_one(const ad_node *n, void *dy)
{
    if (n->type == AD_F32)
        *(float *)dy = 1;
    else
        *(double *)dy = 1;
}

/* The common part: checks, the root's cotangent (one if seed is NULL), the walk. */
static ad_status sweep(const char *name, ad_tensor y, const ad_view *seed, order up_to)
{
    ad_tape *t = y.tape;
    ad_node *n = ad_tape_node(y);
    uint32_t root = y.as.node.index;
    ad_release_gradients(t, 0);
    if (!ad_sweep_severed(t, name, root))
        return t->error.status;
    if (n->flags & AD_NODE_TRACKED) {
        void *dy = take(t, root, FIRST);
        if (!dy)
            return t->error.status;
        if (seed)
            ad_strided_read(seed, dy);
        else
            seed_one(n, dy);
    }
    return walk(t, root, up_to);
}

ad_status ad_backward(ad_tensor y)
{
    if (!ad_sweep_root("backward", y, true))
        return ad_tape_status(y.tape);
    return sweep("backward", y, NULL, FIRST);
}

ad_status ad_backward_from(ad_tensor y, ad_view dy)
{
    ad_node *n = ad_sweep_root("backward", y, false);
    if (!n)
        return ad_tape_status(y.tape);
    char given[64], wanted[64];
    ad_shape shape = ad_node_shape(n);
    if (!dy.data && n->count)
        return ad_tape_fail(y.tape, AD_MISUSE, "backward: the cotangent holds no numbers");
    if (dy.type != (ad_type)n->type)
        return ad_tape_fail(y.tape, AD_BAD_TYPE,
                            "backward: a cotangent of type %s for a root of %s",
                            ad_type_text(dy.type), ad_type_text((ad_type)n->type));
    if (!ad_shape_equal(&dy.shape, &shape))
        return ad_tape_fail(y.tape, AD_BAD_SHAPE,
                            "backward: a cotangent of shape %s for a root of %s",
                            ad_shape_print(&dy.shape, given, sizeof given),
                            ad_shape_print(&shape, wanted, sizeof wanted));
    return sweep("backward", y, &dy, FIRST);
}

ad_view ad_grad(ad_tensor x)
{
    const ad_node *n = ad_tape_node(x);
    bool there = n && n->flags & AD_NODE_WATCHED && n->cotangent;
    return there ? ad_node_rows(n, n->cotangent) : (ad_view){0};
}

bool ad_reached(ad_tensor x)
{
    const ad_node *n = ad_tape_node(x);
    return n && n->flags & AD_NODE_REACHED;
}

/* ---- forward over reverse ---------------------------------------------------------- */

ad_status ad_backward_tangents(ad_tensor y)
{
    ad_tape *t = y.tape;
    if (!ad_sweep_root("backward_tangents", y, true))
        return ad_tape_status(t);
    if (t->pushed == AD_NO_NODE || t->pushed < y.as.node.index)
        return ad_tape_fail(t, AD_MISUSE,
                            "backward_tangents: first carry the tangents to the root "
                            "(ad_push_tangents)");
    if (!ad_room_for_tangents(t, t->count))
        return t->error.status;
    return sweep("backward_tangents", y, NULL, SECOND);
}

ad_view ad_grad_tangent(ad_tensor x)
{
    const ad_node *n = ad_tape_node(x);
    bool there = n && n->flags & AD_NODE_WATCHED && x.as.node.index < x.tape->tangents_count;
    void *tdx = there ? x.tape->tangents[x.as.node.index].tdx : NULL;
    return tdx ? ad_node_rows(n, tdx) : (ad_view){0};
}
