/* What the sweeps share: checking roots, viewing operands, and paths that lost their derivative. */
#include "core/node.h"

ad_node *ad_sweep_root(const char *name, ad_tensor y, bool single)
{
    ad_tape *t = y.tape;
    if (!t || !ad_tape_usable(t, name))
        return NULL;
    ad_node *n = ad_tape_node(y);
    if (!n) {
        ad_tape_fail(t, AD_STALE, "%s: the root is gone: a reset or rewind ended it", name);
        return NULL;
    }
    bool floats = ad_type_is_float((ad_type)n->type);
    if (floats && (!single || n->count == 1))
        return n;
    char shape[256];
    ad_shape s = ad_node_shape(n);
    ad_shape_print(&s, shape, sizeof shape);
    if (!floats)
        ad_tape_fail(t, AD_BAD_TYPE, "%s: the root %s%s is of type %s, which has no derivative",
                     name, ad_node_name(n), shape, ad_type_text((ad_type)n->type));
    else
        ad_tape_fail(t, AD_BAD_SHAPE,
                     "%s: the root must have one element, %s gave %s (reduce it, or use "
                     "ad_backward_from)",
                     name, ad_node_name(n), shape);
    return NULL;
}

/* ---- frames ------------------------------------------------------------------------ */

bool ad_frame_grow(ad_frame *f, ad_tape *t, const ad_node *n)
{
    size_t arity = n->arity;
    f->x = ad_arena_take(&t->values, arity * sizeof *f->x, 8);
    f->tx = ad_arena_take(&t->values, arity * sizeof *f->tx, 8);
    f->dx = ad_arena_take(&t->values, arity * sizeof *f->dx, 8);
    f->assign = ad_arena_take(&t->values, arity * sizeof *f->assign, 8);
    if (f->x && f->tx && f->dx && f->assign)
        return true;
    ad_tape_fail(t, AD_MEMORY, "%s: memory ran out (for %zu operands)", n->op->name, arity);
    return false;
}

/* ---- severed paths ----------------------------------------------------------------- */

static bool is(const ad_node *n, unsigned flags)
{
    return n->flags & flags;
}

/* Passes the marks of n on to its operands: a mark along derivatives, a cut elsewhere. */
static void pass_marks(ad_tape *t, const ad_node *n)
{
    const uint32_t *operand = ad_node_operands(n);
    for (uint32_t k = 0; k < n->arity; k++) {
        ad_node *o = t->nodes[operand[k]];
        if (is(n, AD_NODE_MARK) && is(o, AD_NODE_TRACKED))
            o->flags |= AD_NODE_MARK;
        else if (is(o, AD_NODE_TRACKED | AD_NODE_SEVERED))
            o->flags |= AD_NODE_CUT;
    }
}

/* The name of the first op without derivative that depends on a leaf. */
static const char *culprit(ad_tape *t, uint32_t leaf, uint32_t root)
{
    const char *name = NULL;
    t->nodes[leaf]->flags |= AD_NODE_MARK;
    for (uint32_t i = leaf + 1; i <= root && !name; i++) {
        ad_node *n = t->nodes[i];
        if (!n->op || n->op->flags & AD_OP_STOPS)
            continue;
        for (uint32_t k = 0; k < n->arity; k++)
            n->flags |= t->nodes[ad_node_operands(n)[k]]->flags & AD_NODE_MARK;
        if (is(n, AD_NODE_MARK) && !is(n, AD_NODE_TRACKED))
            name = n->op->name;
    }
    for (uint32_t i = leaf; i <= root; i++)
        t->nodes[i]->flags &= (uint16_t)~AD_NODE_MARK;
    return name;
}

bool ad_sweep_severed(ad_tape *t, const char *name, uint32_t root)
{
    uint32_t lost = AD_NO_NODE;
    if (!t->severed)
        return true;
    ad_node *y = t->nodes[root];
    y->flags |= is(y, AD_NODE_TRACKED) ? AD_NODE_MARK : is(y, AD_NODE_SEVERED) ? AD_NODE_CUT : 0;
    for (uint32_t i = root + 1; i-- > 0;) {
        ad_node *n = t->nodes[i];
        if (n->op && is(n, AD_NODE_MARK | AD_NODE_CUT))
            pass_marks(t, n);
        if (is(n, AD_NODE_WATCHED) && is(n, AD_NODE_CUT) && !is(n, AD_NODE_MARK))
            lost = i;
        n->flags &= (uint16_t) ~(AD_NODE_MARK | AD_NODE_CUT);
    }
    if (lost == AD_NO_NODE)
        return true;
    const char *label = t->nodes[lost]->label;
    ad_tape_fail(t, AD_NO_DERIVATIVE,
                 "%s: the root depends on %s%s only through %s, which has no derivative", name,
                 label ? "the watched leaf " : "a watched leaf", label ? label : "",
                 culprit(t, lost, root));
    return false;
}
