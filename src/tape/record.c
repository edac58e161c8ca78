/* Recording: results are computed, and put on the tape with what their op needs later. */
#include "tape/record.h"

#include "tape/failure.h"
#include "tape/rule.h"
#include "tape/show.h"
#include "tape/watch.h"

#include <string.h>

bool ad_recording_refuse(const ad_recording *r, ad_status status, const char *reason)
{
    char text[256];
    ad_tape_fail(r->tape, status, "%s: %s",
                 ad_call_print(r->op->name, r->args.arity, r->x, text, sizeof text), reason);
    return false;
}

static inline bool same_shape(const ad_shape *a, const ad_shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

/* The elements of a plain loop over the operands and the results; 0: none will do. */
static size_t common_run(const ad_recording *r)
{
    if (!(r->common & AD_NODE_CONTIGUOUS))
        return 0;
    for (int i = 0; i < r->args.arity; i++)
        if (!same_shape(&r->shape[i], &r->y[0].shape))
            return 0;
    for (int i = 1; i < r->args.results; i++)
        if (!same_shape(&r->y[i].shape, &r->y[0].shape))
            return 0;
    return r->count[0];
}

/* What a result inherits: a derivative, a lost derivative, or neither. */
static unsigned result_flags(const ad_recording *r, ad_type type)
{
    unsigned from = r->inherited & (AD_NODE_TRACKED | AD_NODE_SEVERED);
    if (!from || r->op->flags & AD_OP_STOPS)
        return 0;
    if (r->op->flags & AD_OP_NO_DERIVATIVE || !ad_is_float(type))
        return AD_NODE_SEVERED;
    return from;
}

static bool any_tracked(const ad_recording *r)
{
    bool tracked = false;
    for (int i = 0; i < r->args.results; i++)
        tracked = tracked || result_flags(r, r->y[i].type) & AD_NODE_TRACKED;
    return tracked;
}

/* The nodes that are planned stand behind those that count. */
static inline ad_node *planned(const ad_recording *r, int i)
{
    return r->tape->nodes[r->tape->count + (uint32_t)i];
}

static ad_tensor keep(const ad_recording *r)
{
    ad_tape *t = r->tape;
    uint32_t first = t->count;
    ad_node *n = t->nodes[first];
    n->flags |= (uint16_t)(r->args.run ? AD_NODE_RUN : 0);
    for (int i = 0; i < r->args.arity; i++)
        ad_node_operands(n)[i] = r->operand[i];
    if (r->op->attr_size)
        memcpy(ad_node_attr(n), r->args.attr, r->op->attr_size);
    for (int i = 0; i < r->args.results; i++) {
        ad_node *result = t->nodes[t->count];
        result->flags |= (uint16_t)result_flags(r, r->y[i].type);
        t->severed = t->severed || result->flags & AD_NODE_SEVERED;
        ad_tape_keep(t, result);
    }
    if (t->tracer)
        ad_trace_event(t, AD_EVENT_FORWARD, first);
    return ad_tape_handle(t, first);
}

/* ---- results of their own numbers -------------------------------------------------- */

static AD_APART bool good_numbers(const ad_recording *r)
{
    for (int i = 0; i < r->args.results; i++) {
        const ad_node *n = planned(r, i);
        if (ad_all_finite(r->tape->work.isa, n->type, n->data, n->count))
            continue;
        return ad_not_finite(r->tape,
                             &(ad_outcome){.rule = "",
                                           .what = r->args.results > 1 ? "the value" : "the result",
                                           .operand = -1,
                                           .result = r->args.results > 1 ? i : -1,
                                           .n = planned(r, 0),
                                           .operands = r->operand,
                                           .x = r->x,
                                           .numbers = ad_node_rows(n, n->data)});
    }
    return true;
}

static bool compute(ad_recording *r, size_t saved_bytes)
{
    ad_tape *t = r->tape;
    ad_node *n = planned(r, 0);
    ad_arena_mark before = ad_arena_here(&t->values);
    if (saved_bytes && !(n->saved = ad_arena_take(&t->values, saved_bytes, AD_ALIGNMENT)))
        return ad_recording_refuse(r, AD_MEMORY, "memory ran out (for what the pullback needs)");
    r->args.saved = n->saved;
    r->args.run = common_run(r);
    ad_arena_mark start = ad_kernel_begin(t, r->op);
    if (r->op->check)
        r->op->check(&r->args);
    if (t->work.rejected.status == AD_OK) {
        for (int i = 0; i < r->args.results; i++)
            r->y[i].data = planned(r, i)->data;
        if (r->args.results > 1)
            r->args.y = r->y[0];
        r->op->forward(&r->args);
    }
    if (!ad_kernel_end(t, start, "", r->args.arity, r->x) ||
        (t->checks & AD_CHECK_NUMBERS && !good_numbers(r)))
        return false;
    if (saved_bytes && !any_tracked(r)) { /* nobody will ask for what was saved */
        ad_arena_return(&t->values, before);
        n->saved = NULL;
    }
    return true;
}

/* The node of a result; those of several share the source line. */
static bool plan_result(const ad_recording *r, int i)
{
    ad_tape *t = r->tape;
    ad_node_plan plan = {.op = r->op,
                         .arity = i ? 0 : r->args.arity,
                         .type = r->y[i].type,
                         .shape = &r->y[i].shape,
                         .count = r->count[i],
                         .result = (uint32_t)i,
                         .further = i ? 0 : (uint32_t)r->args.results - 1};
    ad_node *n = ad_tape_plan(t, &plan);
    if (!n)
        return false;
    t->nodes[t->count + (uint32_t)i] = n;
    if (i)
        n->source_line = planned(r, 0)->source_line;
    return true;
}

static ad_tensor record(ad_recording *r)
{
    bool good = true;
    ad_tape *t = r->tape;
    ad_arena_mark start = ad_arena_here(&t->values);
    size_t saved = r->op->saved ? r->op->saved(r->type, r->shape, r->args.attr) : 0;
    for (int i = 0; good && i < r->args.results; i++)
        good = plan_result(r, i);
    if (good && compute(r, saved))
        return keep(r);
    ad_arena_return(&t->values, start);
    return ad_tape_dead(t);
}

/* ---- results that look at an operand's numbers ------------------------------------- */

static bool view_operand(const ad_recording *r, ad_view *y)
{
    *y = r->x[0];
    y->shape = r->y[0].shape;
    return r->op->view(&r->x[0], r->args.attr, y);
}

static bool copy_operand(ad_recording *r)
{
    ad_tape *t = r->tape;
    ad_tensor x = ad_tape_handle(t, r->operand[0]);
    const char *source_line = ad_tape_source_line(t);
    x = ad_apply(&ad_contiguous_op, &x, NULL);
    ad_tape_at_line(t, source_line);
    const ad_node *n = ad_tape_node(x);
    if (n)
        ad_recording_see(r, 0, ad_tensor_index(x), n);
    return n;
}

static ad_tensor record_view(ad_recording *r)
{
    ad_view y;
    ad_tape *t = r->tape;
    if (!view_operand(r, &y) && !(copy_operand(r) && view_operand(r, &y))) {
        ad_recording_refuse(r, AD_MISUSE, "the view rule failed on contiguous numbers");
        return ad_tape_dead(t);
    }
    ad_node_plan plan = {.op = r->op,
                         .arity = r->args.arity,
                         .type = r->y[0].type,
                         .shape = &r->y[0].shape,
                         .stride = y.stride,
                         .borrowed = y.data,
                         .count = r->count[0]};
    ad_node *n = ad_tape_plan(t, &plan);
    if (!n)
        return ad_tape_dead(t);
    t->nodes[t->count] = n;
    return keep(r);
}

ad_tensor ad_record(ad_recording *r)
{
    return r->op->view ? record_view(r) : record(r);
}
