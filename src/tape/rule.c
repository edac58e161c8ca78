/* Calling an op's rule: the tape is busy meanwhile, scratch memory comes and goes, and a rejection
 * by the kernel becomes the tape's error. */
#include "tape/rule.h"

#include "array/text.h"
#include "tape/failure.h"

const char *ad_rule_prefix(ad_rule rule)
{
    static const char *const prefixes[AD_RULE_COUNT] = {"", "pullback of ", "jvp of ",
                                                        "curvature of "};
    return prefixes[rule];
}

bool ad_kernel_failed(ad_tape *t, ad_rule rule, const ad_node *n, const ad_view *x)
{
    char call[256];
    ad_call_print(n->op->name, (int)n->arity, x, call, sizeof call);
    ad_tape_fail(ad_at_node(t, n), t->work.rejected.status, "%s%s: %s", ad_rule_prefix(rule), call,
                 t->work.rejected.text);
    t->work.rejected = (ad_error){0};
    return false;
}

char *ad_call_print(const char *name, int arity, const ad_view *x, char *buffer, size_t size)
{
    ad_text text = ad_text_in(buffer, size);
    ad_text_add(&text, "%s(", name);
    for (int i = 0; i < arity; i++) {
        ad_text_add(&text, "%s", i ? ", " : "");
        ad_text_add_shape(&text, &x[i].shape);
    }
    ad_text_add(&text, ")");
    return buffer;
}

/* ---- frames ------------------------------------------------------------------------ */

bool ad_frame_grow(ad_frame *f, ad_tape *t, const ad_node *n)
{
    size_t arity = n->arity;
    f->x = ad_arena_take(&t->values, arity * sizeof *f->x, 8);
    f->tx = ad_arena_take(&t->values, arity * sizeof *f->tx, 8);
    f->dx = ad_arena_take(&t->values, arity * sizeof *f->dx, 8);
    f->assign = ad_arena_take(&t->values, arity * sizeof *f->assign, 8);
    f->wanted = ad_arena_take(&t->values, arity * sizeof *f->wanted, 8);
    if (f->x && f->tx && f->dx && f->assign && f->wanted)
        return true;
    ad_tape_fail(ad_at_node(t, n), AD_MEMORY, "%s: memory ran out (for %zu operands)", n->op->name,
                 arity);
    return false;
}

bool ad_frame_add_results(ad_frame *f, ad_tape *t, uint32_t first)
{
    size_t results = ad_node_results(t->nodes[first]);
    f->y = ad_arena_take(&t->values, results * sizeof *f->y, 8);
    f->dy = ad_arena_take(&t->values, results * sizeof *f->dy, 8);
    f->ty = ad_arena_take(&t->values, results * sizeof *f->ty, 8);
    if (!f->y || !f->dy || !f->ty) {
        ad_tape_fail(ad_at_node(t, t->nodes[first]), AD_MEMORY,
                     "%s: memory ran out (for %zu results)", t->nodes[first]->op->name, results);
        return false;
    }
    for (size_t i = 0; i < results; i++)
        ad_node_look(t->nodes[first + i], &f->y[i]);
    return true;
}
