/* The reverse sweep: a walk down the tape that calls each node's pullback.
 *
 * A cotangent exists from the moment that something flows into it until its node has been pulled
 * back; then its buffer is free for the next. Watched leaves keep theirs. A second-order sweep
 * carries a second cotangent beside the first: the derivative of the first along the tangents. It
 * takes the same pullback, plus the curvature term. If the root has several cotangents, or there
 * are several tangents, a node's buffer holds one block for each. Its rules are called once for
 * each block while the other operands are in the cache. */
#include "tape/sweep.h"

#include "array/strided.h"
#include "tape/blockwise.h"
#include "tape/failure.h"
#include "tape/fast_path.h"
#include "tape/reach.h"
#include "tape/rule.h"
#include "tape/show.h"
#include "tape/tangent.h"
#include "tape/watch.h"

#include <string.h>

#define FIRST  AD_FIRST_ORDER
#define SECOND AD_SECOND_ORDER

/* Fills dx, wanted and assign of a frame: a buffer for every operand that has a derivative. */
static bool open_cotangents(ad_tape *t, const ad_node *n, ad_frame *f, ad_order which,
                            bool may_assign)
{
    for (uint32_t k = 0; k < n->arity; k++) {
        uint32_t index = ad_node_operands(n)[k];
        const ad_node *o = t->nodes[index];
        f->assign[k] = false;
        f->dx[k].data = NULL;
        f->dx[k].allocator = NULL;
        f->dx[k].type = (ad_type)o->type;
        ad_node_measure(o, &f->dx[k].shape);
        f->wanted[k] = o->flags & AD_NODE_TRACKED;
        if (!f->wanted[k])
            continue;
        f->dx[k].data = *ad_cotangent_slot(t, index, which);
        if (f->dx[k].data)
            continue;
        if (!(f->dx[k].data = ad_take_cotangent(t, index, which)))
            return false;
        f->assign[k] = may_assign;
        if (!may_assign)
            memset(f->dx[k].data, 0, ad_cotangent_bytes(t, o, which));
    }
    return true;
}

static AD_APART bool good_cotangents(ad_tape *t, const ad_node *n, const ad_frame *f, ad_rule rule,
                                     const ad_view *dys)
{
    for (uint32_t k = 0; k < n->arity; k++) {
        const ad_node *x = t->nodes[ad_node_operands(n)[k]];
        if (!f->wanted[k] || ad_all_finite(t->work.isa, x->type, f->dx[k].data, x->count))
            continue;
        return ad_not_finite(t, &(ad_outcome){.rule = rule,
                                              .what = "the cotangent",
                                              .operand = (int)k,
                                              .result = -1,
                                              .n = n,
                                              .operands = ad_node_operands(n),
                                              .x = f->x,
                                              .numbers = ad_array_view(f->dx[k]),
                                              .dys = dys});
    }
    return true;
}

static AD_APART bool look_on(ad_tape *t, uint32_t first)
{
    if (t->tracer)
        ad_trace_event(t, AD_EVENT_PULLBACK, first);
    if (!t->poll)
        return true;
    t->busy = "the poll";
    bool go_on = t->poll(t->poll_user, t->sweep_next);
    t->busy = NULL;
    if (!go_on)
        ad_tape_fail(t, AD_CANCELLED, "backward: cancelled with %u values to go", t->sweep_next);
    return go_on;
}

/* Calls of a node's pullback, the first of its op's results: once for each of its cotangents. */
typedef struct pulling {
    ad_tape *t;
    uint32_t first;
    const ad_node *n; /* the first */
    ad_frame f;
    ad_pullback_args args; /* of which a call changes its cotangent alone */
    ad_order which;
    uint32_t block; /* of several cotangents */
    bool spare;     /* whether rules may spoil the cotangent */
} pulling;

/* Field by field: zeroing the arguments would cost more than a small pullback. */
static inline void open_args(pulling *p)
{
    const ad_node *n = p->n;
    ad_pullback_args *args = &p->args;
    args->size = sizeof *args;
    args->op = n->op;
    args->arity = (int)n->arity;
    args->results = (int)ad_node_results(n);
    args->x = p->f.x;
    args->ys = args->results > 1 ? p->f.y : &args->y;
    args->dys = args->results > 1 ? p->f.dy : &args->dy;
    args->dx = p->f.dx;
    args->wanted = p->f.wanted;
    args->assign = p->f.assign;
    args->attr = ad_node_attr(n);
    args->saved = ad_node_saved(n);
    args->run = n->flags & AD_NODE_RUN ? n->count : 0;
    args->work = &p->t->work;
    ad_node_look(n, &args->y);
    ad_node_look_rows(n, NULL, &args->dy);
}

/* Points the frame at one cotangent of each of several results. */
static AD_APART void show_cotangents(const pulling *p, ad_order which, uint32_t block)
{
    for (uint32_t k = 0; k < ad_node_results(p->n); k++) {
        const ad_node *n = p->t->nodes[p->first + k];
        const char *dy = *ad_cotangent_slot(p->t, p->first + k, which);
        ad_node_look_rows(n, dy ? dy + block * ad_node_bytes(n) : NULL, &p->f.dy[k]);
    }
}

static bool call_pullback(pulling *p, void *dy)
{
    ad_tape *t = p->t;
    const ad_node *n = p->n;
    p->args.dy.data = dy;
    p->args.spare = p->spare && p->args.results == 1 ? dy : NULL;
    if (p->args.results > 1)
        show_cotangents(p, p->which, p->block);
    if (t->looked_on && !look_on(t, p->first))
        return false;
    ad_arena_mark start = ad_kernel_begin(t, AD_RULE_PULLBACK, n);
    n->op->pullback(&p->args);
    return ad_kernel_end(t, start, AD_RULE_PULLBACK, n, p->f.x) &&
           (!(t->checks & AD_CHECK_NUMBERS) ||
            good_cotangents(t, n, &p->f, AD_RULE_PULLBACK, p->args.dys));
}

/* As above. */
static void open_curvature(const pulling *p, ad_curvature_args *args)
{
    const ad_node *n = p->n;
    args->size = sizeof *args;
    args->op = n->op;
    args->arity = p->args.arity;
    args->results = p->args.results;
    args->x = p->f.x;
    args->ys = args->results > 1 ? p->f.y : &args->y;
    args->dys = args->results > 1 ? p->f.dy : &args->dy;
    args->tx = p->f.tx;
    args->tdx = p->f.dx;
    args->wanted = p->f.wanted;
    args->attr = p->args.attr;
    args->saved = p->args.saved;
    args->work = &p->t->work;
    ad_node_look(n, &args->y);
    ad_node_look_rows(n, n->cotangent, &args->dy);
    if (args->results > 1)
        show_cotangents(p, FIRST, 0);
}

static bool call_curvature(const pulling *p, const ad_curvature_args *args)
{
    ad_tape *t = p->t;
    const ad_node *n = p->n;
    ad_arena_mark start = ad_kernel_begin(t, AD_RULE_CURVATURE, n);
    n->op->curvature(args);
    return ad_kernel_end(t, start, AD_RULE_CURVATURE, n, p->f.x) &&
           (!(t->checks & AD_CHECK_NUMBERS) ||
            good_cotangents(t, n, &p->f, AD_RULE_CURVATURE, args->dys));
}

/* Points the frame at the next of several cotangents of the operands. */
static AD_APART void next_cotangents(pulling *p)
{
    for (uint32_t k = 0; k < p->n->arity; k++) {
        const ad_node *x = p->t->nodes[ad_node_operands(p->n)[k]];
        if (p->f.wanted[k])
            p->f.dx[k].data = (char *)p->f.dx[k].data + ad_node_bytes(x);
    }
}

/* The pullbacks of all cotangents but the first. */
static AD_APART bool pull_others(pulling *p, char *dy, uint32_t count)
{
    bool good = true;
    for (p->block = 1; good && p->block < count; p->block++) {
        next_cotangents(p);
        good = call_pullback(p, dy ? dy + p->block * ad_node_bytes(p->n) : NULL);
    }
    return good;
}

static inline bool pull_each(pulling *p, ad_order which, uint32_t count)
{
    void *dy = *ad_cotangent_slot(p->t, p->first, which);
    p->which = which;
    p->block = 0;
    p->args.cotangent = which == SECOND ? p->n->cotangent : NULL;
    return call_pullback(p, dy) && (count == 1 || pull_others(p, dy, count));
}

static bool curve_each(pulling *p)
{
    ad_curvature_args args;
    if (!p->n->op->curvature) {
        ad_tape_fail(ad_at_node(p->t, p->n), AD_NO_DERIVATIVE,
                     "%s: there is no second derivative (no curvature rule)", p->n->op->name);
        return false;
    }
    open_curvature(p, &args);
    for (uint32_t left = p->t->directions; call_curvature(p, &args);) {
        if (--left == 0)
            return true;
        next_cotangents(p);
        ad_frame_next_tangents(&p->f, p->t, p->n);
    }
    return false;
}

static bool pull_second(pulling *p)
{
    ad_tape *t = p->t;
    bool assigns = p->n->op->flags & AD_OP_ASSIGNS;
    if (ad_flows_in(t, p->first, SECOND) &&
        !(open_cotangents(t, p->n, &p->f, SECOND, assigns) && pull_each(p, SECOND, t->directions)))
        return false;
    if (p->n->op->flags & AD_OP_LINEAR || !ad_frame_tangents(&p->f, t, p->n))
        return true;
    return open_cotangents(t, p->n, &p->f, SECOND, false) && curve_each(p);
}

static inline bool pull(ad_tape *t, uint32_t first, ad_order up_to, bool spare)
{
    pulling p;
    p.t = t;
    p.first = first;
    p.n = t->nodes[first];
    p.spare = spare;
    bool assigns = p.n->op->flags & AD_OP_ASSIGNS;
    bool good = ad_frame_open(&p.f, t, first) && open_cotangents(t, p.n, &p.f, FIRST, assigns);
    if (good) {
        open_args(&p);
        good = pull_each(&p, FIRST, t->cotangents) && (up_to == FIRST || pull_second(&p));
    }
    ad_frame_close(&p.f, t);
    return good;
}

/* Gives a gradient of zeros to every watched leaf that received no cotangent. */
static bool finish_leaves(ad_tape *t, ad_order up_to)
{
    for (uint32_t i = t->last_watched; i != AD_NO_NODE; i = t->nodes[i]->watched) {
        ad_node *n = t->nodes[i];
        if (n->cotangent)
            n->flags |= AD_NODE_REACHED;
        for (ad_order which = FIRST; which <= up_to; which++) {
            if (*ad_cotangent_slot(t, i, which))
                continue;
            if (!ad_take_cotangent(t, i, which))
                return false;
            memset(*ad_cotangent_slot(t, i, which), 0, ad_cotangent_bytes(t, n, which));
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
        ad_give_cotangents(t, i);
    t->sweep_root = AD_NO_NODE;
    ad_release_gradients(t, 0);
}

static AD_APART void give_further(ad_tape *t, uint32_t first)
{
    for (uint32_t k = ad_last_result(t, first); k > first; k--)
        if (!(t->nodes[k]->flags & AD_NODE_RETAINED))
            ad_give_cotangents(t, k);
}

/* One value. */
static inline bool pull_value(ad_tape *t, uint32_t i, ad_order up_to, bool spare)
{
    const ad_node *n = t->nodes[i];
    bool keep = n->flags & AD_NODE_RETAINED;
    bool good = pull(t, i, up_to, spare && !keep);
    if (!keep)
        ad_give_cotangents(t, i);
    if (ad_node_results(n) > 1)
        give_further(t, i);
    return good;
}

/* Several long values, the first of which is *i; then it becomes the last. Returns how many they are, or 0. */
static AD_APART size_t pull_blockwise(ad_tape *t, uint32_t *i, size_t most)
{
    uint32_t top = *i;
    size_t values = ad_blockwise_pull(t, top, most, i);
    for (uint32_t k = *i; values && k <= top; k++)
        if (t->nodes[k]->op) /* leaves in between keep theirs; other values received none */
            ad_give_cotangents(t, k);
    return values;
}

void ad_sweep_go_on(ad_tape *t, ad_order up_to, size_t operations)
{
    bool good = true, spare = up_to == FIRST && !(t->checks & AD_CHECK_NUMBERS);
    bool fast = up_to == FIRST && t->cotangents == 1 && ad_fast_allowed(t);
    uint32_t i = t->sweep_next;
    while (good && i > 0 && operations > 0) {
        ad_node *n = t->nodes[--i];
        if (!ad_flows_in(t, i, FIRST) || ad_node_result(n) ||
            !n->op) /* later results wait for the first */
            continue;
        t->sweep_next = i + 1;
        bool is_long = fast && n->count >= AD_BLOCKWISE_LEAST;
        size_t values = is_long ? pull_blockwise(t, &i, operations) : 0;
        if (values)
            good = t->error.status == AD_OK;
        else if (fast && n->flags & AD_NODE_FAST)
            good = ad_fast_pull(t, n);
        else
            good = pull_value(t, i, up_to, spare);
        operations -= values ? values : 1;
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

/* Whether the bytes of so many cotangents can be counted, for all values: leaves beyond the root
 * have gradients of zeros. */
static bool counts_fit(ad_tape *t, uint32_t count)
{
    for (uint32_t i = 0; count > 1 && i < t->count; i++)
        if (ad_node_blocks(t->nodes[i], count) == SIZE_MAX)
            return ad_no_cotangent(t, t->nodes[i], SIZE_MAX);
    return true;
}

/* The cotangents of a root: the seeds, or a single 1 if there are none. */
static void *make_seeds(ad_tape *t, const ad_node *root, uint32_t count, const ad_view *seeds)
{
    char *dy = ad_take_cotangent_buffer(t, root, ad_node_bytes(root) * count);
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

/* ---- sums of gradients --------------------------------------------------------------- */

static AD_RARE void put_sums(ad_tape *t, const ad_sums *s)
{
    for (int i = 0; i < s->n; i++) {
        ad_node *n = t->nodes[ad_tensor_index(s->x[i])];
        if (!s->dx[i])
            continue;
        if (n->cotangent && n->type == AD_F32) /* it is the root */
            *(float *)s->dx[i] += *(const float *)n->cotangent;
        else if (n->cotangent)
            *(double *)s->dx[i] += *(const double *)n->cotangent;
        ad_give_cotangents(t, ad_tensor_index(s->x[i]));
        n->cotangent = s->dx[i];
        s->dx[i] = NULL;
    }
}

static AD_RARE void take_sums(ad_tape *t, const ad_sums *s)
{
    for (int i = 0; i < s->n; i++) {
        ad_node *n = t->nodes[ad_tensor_index(s->x[i])];
        s->dx[i] = n->cotangent;
        n->cotangent = NULL;
    }
}

AD_RARE void ad_sums_drop(const ad_sums *s)
{
    for (int i = 0; s->dx && i < s->n; i++) {
        ad_recycler_give(&s->x[i].tape->buffers, s->dx[i], ad_node_bytes(ad_tape_node(s->x[i])));
        s->dx[i] = NULL;
    }
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
        if (p->onto)
            put_sums(t, p->onto);
        ad_sweep_go_on(t, p->up_to, p->operations);
        if (p->onto)
            take_sums(t, p->onto);
    } else {
        ad_give_cotangents(t, root);
    }
    return ad_tape_leave_with_status(t);
}
