/* Calling an op's rule: its arguments, and how its failure is reported. */
#ifndef ADZE_TAPE_RULE_H
#define ADZE_TAPE_RULE_H

#include "tape/profile.h"

/* Call begin before, and end after, an op's rule. The end gives back scratch memory and
 * turns a rejection into the tape's error: "matmul([64, 784], [50, 10]) at net.c:41: reason", with a
 * prefix before it. */
static inline ad_arena_mark ad_kernel_begin(ad_tape *t, ad_rule rule, const ad_node *n)
{
    t->busy = n->op->name;
    if (t->profile)
        ad_profile_enter(t, rule, n);
    return ad_arena_here(&t->values);
}

bool ad_kernel_failed(ad_tape *t, ad_rule rule, const ad_node *n, const ad_view *x);

static inline bool ad_kernel_end(ad_tape *t, ad_arena_mark start, ad_rule rule, const ad_node *n,
                                 const ad_view *x)
{
    if (t->profile)
        ad_profile_leave(t, n);
    t->busy = NULL;
    ad_arena_return(&t->values, start);
    if (t->work.rejected.status == AD_OK && t->error.status == AD_OK)
        return true;
    return ad_kernel_failed(t, rule, n, x);
}

/* What stands before an operation's name in messages of this rule: "pullback of ". */
const char *ad_rule_prefix(ad_rule rule);

/* The tape, for a failure of a recorded value: the message will have its source line. */
static inline ad_tape *ad_at_node(ad_tape *t, const ad_node *n)
{
    return ad_tape_at_line(t, n->source_line);
}

/* "matmul([64, 784], [50, 10])" into text, cut to fit. */
char *ad_call_print(const char *name, int arity, const ad_view *x, char *text, size_t size);

/* Operands and results of a recorded op, and the arguments of its rules for each of them. */
enum { AD_FRAME_FEW = 4 };

typedef struct ad_frame {
    ad_arena_mark start;
    ad_view *y, *dy; /* [results], where there are several */
    ad_array *ty;
    ad_view *x, *tx;
    ad_array *dx;
    bool *assign, *wanted;
    ad_view small_x[AD_FRAME_FEW], small_tx[AD_FRAME_FEW];
    ad_array small_dx[AD_FRAME_FEW];
    bool small_assign[AD_FRAME_FEW], small_wanted[AD_FRAME_FEW];
} ad_frame;

/* Takes room for many operands, or for several results, of which it views the values. */
bool ad_frame_grow(ad_frame *f, ad_tape *t, const ad_node *n);
bool ad_frame_add_results(ad_frame *f, ad_tape *t, uint32_t first);

/* Views the operands of a node, the first of its op's results. Close it in any case; false with an
 * error when memory ran out. */
static inline bool ad_frame_open(ad_frame *f, ad_tape *t, uint32_t first)
{
    const ad_node *n = t->nodes[first];
    f->start = ad_arena_here(&t->values);
    f->x = f->small_x;
    f->tx = f->small_tx;
    f->dx = f->small_dx;
    f->assign = f->small_assign;
    f->wanted = f->small_wanted;
    if (n->arity > AD_FRAME_FEW && !ad_frame_grow(f, t, n))
        return false;
    for (uint32_t i = 0; i < n->arity; i++)
        ad_node_look(t->nodes[ad_node_operands(n)[i]], &f->x[i]);
    return ad_node_results(n) == 1 || ad_frame_add_results(f, t, first);
}

static inline void ad_frame_close(ad_frame *f, ad_tape *t)
{
    ad_arena_return(&t->values, f->start);
}

#endif
