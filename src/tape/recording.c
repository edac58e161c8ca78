/* Recording: computes results and puts them on the tape, with everything that their op
 * needs later. */
#include "tape/recording.h"

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

/* The functions below are compiled twice: for one result, and for any number of them. */

/* Result i of so many. */
static inline ad_array *result_of(ad_recording *r, int results, int i)
{
    return results == 1 ? &r->args.y : &r->y[i];
}

/* The elements of a plain loop over the operands and the results; 0: none will do. */
static inline size_t common_run(ad_recording *r, int results)
{
    if (!(r->common & AD_NODE_CONTIGUOUS))
        return 0;
    for (int i = 0; i < r->args.arity; i++)
        if (!same_shape(&r->shape[i], &result_of(r, results, 0)->shape))
            return 0;
    for (int i = 1; i < results; i++)
        if (!same_shape(&r->y[i].shape, &r->y[0].shape))
            return 0;
    return results == 1 ? r->one_count : r->count[0];
}

/* The flag that a result inherits: it has a derivative, has lost it, or neither. */
static inline unsigned result_flags(const ad_recording *r, ad_type type)
{
    unsigned from = r->inherited & (AD_NODE_TRACKED | AD_NODE_SEVERED);
    if (!from || r->op->flags & AD_OP_STOPS)
        return 0;
    if (r->op->flags & AD_OP_NO_DERIVATIVE || !ad_is_float(type))
        return AD_NODE_SEVERED;
    return from;
}

static inline bool any_tracked(ad_recording *r, int results)
{
    bool tracked = false;
    for (int i = 0; i < results; i++)
        tracked = tracked || result_flags(r, result_of(r, results, i)->type) & AD_NODE_TRACKED;
    return tracked;
}

/* The node that is planned for a result. They stand in the list behind the nodes that count. */
static inline ad_node *node_of(const ad_recording *r, ad_node *first, int i)
{
    return i ? r->tape->nodes[r->tape->count + (uint32_t)i] : first;
}

static inline ad_tensor keep(const ad_recording *r, int results, ad_node *n)
{
    ad_tape *t = r->tape;
    uint32_t first = t->count;
    n->flags |= (uint16_t)(r->args.run ? AD_NODE_RUN : 0);
    for (int i = 0; i < r->args.arity; i++)
        ad_node_operands(n)[i] = r->operand[i];
    if (r->op->attr_size)
        memcpy(ad_node_attr(n), r->args.attr, r->op->attr_size);
    for (int i = 0; i < results; i++) {
        ad_node *result = node_of(r, n, i);
        result->flags |= (uint16_t)result_flags(r, (ad_type)result->type);
        if (result->flags & AD_NODE_SEVERED)
            t->severed = true;
    }
    t->count = first + (uint32_t)results;
    if (t->tracer)
        ad_trace_event(t, AD_EVENT_FORWARD, first);
    return ad_tensor_to(t, first, n->epoch);
}

/* ---- results of their own numbers -------------------------------------------------- */

static AD_APART bool good_numbers(const ad_recording *r, ad_node *first)
{
    for (int i = 0; i < r->args.results; i++) {
        const ad_node *n = node_of(r, first, i);
        if (ad_all_finite(r->tape->work.isa, n->type, n->data, n->count))
            continue;
        return ad_not_finite(r->tape,
                             &(ad_outcome){.rule = AD_RULE_FORWARD,
                                           .what = r->args.results > 1 ? "the value" : "the result",
                                           .operand = -1,
                                           .result = r->args.results > 1 ? i : -1,
                                           .n = first,
                                           .operands = r->operand,
                                           .x = r->x,
                                           .numbers = ad_node_rows(n, n->data)});
    }
    return true;
}

static inline bool compute(ad_recording *r, int results, ad_node *n, size_t saved_bytes)
{
    ad_tape *t = r->tape;
    ad_arena_mark before = ad_arena_here(&t->values);
    ad_node_extra *extra = ad_node_extra_of(n);
    if (saved_bytes && !(extra->saved = ad_arena_take(&t->values, saved_bytes, AD_ALIGNMENT)))
        return ad_recording_refuse(r, AD_MEMORY,
                                   "memory ran out (for the bytes that the op saves)");
    r->args.saved = saved_bytes ? extra->saved : NULL;
    r->args.run = common_run(r, results);
    ad_arena_mark start = ad_kernel_begin(t, AD_RULE_FORWARD, n);
    if (r->op->check)
        r->op->check(&r->args);
    if (t->work.rejected.status == AD_OK) {
        for (int i = 0; i < results; i++)
            result_of(r, results, i)->data = node_of(r, n, i)->data;
        if (results > 1)
            r->args.y = r->y[0];
        r->op->forward(&r->args);
    }
    if (!ad_kernel_end(t, start, AD_RULE_FORWARD, n, r->x) ||
        (t->checks & AD_CHECK_NUMBERS && !good_numbers(r, n)))
        return false;
    if (saved_bytes && !any_tracked(r, results)) { /* nobody will read the saved bytes */
        ad_arena_return(&t->values, before);
        extra->saved = NULL;
    }
    return true;
}

static inline ad_node *plan_result(ad_recording *r, int results, int i, bool saves)
{
    ad_tape *t = r->tape;
    const ad_array *y = result_of(r, results, i);
    ad_node_extra extra = {.result = (uint32_t)i, .results = (uint32_t)results};
    ad_node_plan plan = {.op = r->op,
                         .arity = i ? 0 : r->args.arity,
                         .type = y->type,
                         .shape = &y->shape,
                         .count = results == 1 ? r->one_count : r->count[i],
                         .extra = saves || results > 1 ? &extra : NULL};
    ad_node *n = ad_tape_plan(t, &plan);
    if (n)
        t->nodes[t->count + (uint32_t)i] = n;
    return n;
}

static AD_APART bool plan_further(ad_recording *r)
{
    bool good = true;
    for (int i = 1; good && i < r->args.results; i++)
        good = plan_result(r, r->args.results, i, false);
    return good;
}

static inline ad_tensor record(ad_recording *r, int results)
{
    ad_tape *t = r->tape;
    ad_arena_mark start = ad_arena_here(&t->values);
    size_t saved = r->op->saved ? r->op->saved(r->type, r->shape, r->args.attr) : 0;
    ad_node *n = plan_result(r, results, 0, saved > 0);
    if (n && (results == 1 || plan_further(r)) && compute(r, results, n, saved))
        return keep(r, results, n);
    ad_arena_return(&t->values, start);
    return ad_tape_dead(t);
}

ad_tensor ad_recording_compute(ad_recording *r)
{
    return r->args.results == 1 ? record(r, 1) : record(r, r->args.results);
}

/* ---- results that look at an operand's numbers ------------------------------------- */

bool ad_recording_look(const ad_recording *r, ad_view *y)
{
    *y = r->x[0];
    y->shape = r->args.y.shape;
    return r->op->view(&r->x[0], r->args.attr, y);
}

ad_tensor ad_recording_keep(const ad_recording *r, const ad_view *y)
{
    ad_tape *t = r->tape;
    ad_node_plan plan = {.op = r->op,
                         .arity = r->args.arity,
                         .type = r->args.y.type,
                         .shape = &r->args.y.shape,
                         .stride = y->stride,
                         .borrowed = y->data,
                         .count = r->one_count};
    ad_node *n = ad_tape_plan(t, &plan);
    if (!n)
        return ad_tape_dead(t);
    t->nodes[t->count] = n;
    return keep(r, 1, n);
}
