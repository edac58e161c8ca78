/* What the sweeps share: checking roots and viewing operands. */
#include "tape/node.h"

static bool good_root(ad_tape *t, const char *name, const ad_node *n, bool single)
{
    bool floats = ad_type_is_float((ad_type)n->type);
    if (floats && (!single || n->count == 1))
        return true;
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
    return false;
}

ad_node *ad_sweep_root(const char *name, ad_tensor y, bool single)
{
    ad_tape *t = y.tape;
    if (!t || !ad_tape_enter(t, name))
        return NULL;
    ad_node *n = ad_tape_node(y);
    if (n && good_root(t, name, n, single))
        return n;
    if (!n)
        ad_tape_fail(t, AD_STALE, "%s: the root is gone: a reset or rewind ended it", name);
    ad_tape_leave(t);
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
