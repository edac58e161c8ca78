/* How a root depends on the watched leaves, and the conditions for a sweep to start.
 *
 * A walk down from the root marks every node with the ways in which the root depends on it: along
 * derivatives, behind an operation that has none, behind one that stops gradients. If a path was
 * stopped on purpose, it counts as stopped, whatever else is on it. */
#include "tape/reach.h"

#include "array/text.h"
#include "tape/digest.h"
#include "tape/failure.h"

static bool is(const ad_node *n, unsigned flags)
{
    return n->flags & flags;
}

/* ---- the walk ---------------------------------------------------------------------- */

enum { WAYS = AD_NODE_MARK | AD_NODE_CUT | AD_NODE_STOP };

static bool severs(const ad_node *n)
{
    return n->op->flags & AD_OP_NO_DERIVATIVE || !ad_type_is_float((ad_type)n->type);
}

/* The ways to the operands of n, from the ways to n. */
static unsigned ways_through(const ad_node *n)
{
    unsigned ways = n->flags & WAYS;
    if (!ways || n->op->flags & AD_OP_STOPS)
        return ways ? AD_NODE_STOP : 0;
    return severs(n) && ways & AD_NODE_MARK ? (ways & ~(unsigned)AD_NODE_MARK) | AD_NODE_CUT : ways;
}

static void mark_ways(ad_tape *t, uint32_t root)
{
    t->nodes[root]->flags |= AD_NODE_MARK;
    for (uint32_t i = root + 1; i-- > 0;) {
        const ad_node *n = t->nodes[i], *first = t->nodes[ad_first_result(t, i)];
        unsigned ways = n->op ? ways_through(n) : 0;
        for (uint32_t k = 0; ways && k < first->arity; k++)
            t->nodes[ad_node_operands(first)[k]]->flags |= (uint16_t)ways;
    }
}

static void clear_ways(ad_tape *t, uint32_t root)
{
    for (uint32_t i = 0; i <= root; i++)
        t->nodes[i]->flags &= (uint16_t)~WAYS;
}

static ad_reach reach_by_ways(const ad_node *leaf)
{
    return is(leaf, AD_NODE_MARK)   ? AD_REACHED
           : is(leaf, AD_NODE_CUT)  ? AD_SEVERED
           : is(leaf, AD_NODE_STOP) ? AD_STOPPED
                                    : AD_INDEPENDENT;
}

/* Whether an operand of a node is on the trail. */
static bool is_on_trail(const ad_tape *t, uint32_t index)
{
    bool on = false;
    const ad_node *n = t->nodes[ad_first_result(t, index)];
    for (uint32_t k = 0; k < n->arity; k++)
        on = on || is(t->nodes[ad_node_operands(n)[k]], AD_NODE_TRAIL);
    return on;
}

/* The first operation between a leaf and the root that severs or stops. */
static const ad_node *culprit(ad_tape *t, uint32_t leaf, uint32_t root, ad_reach reach)
{
    const ad_node *found = NULL;
    uint32_t i = leaf;
    if (reach != AD_SEVERED && reach != AD_STOPPED)
        return NULL;
    t->nodes[leaf]->flags |= AD_NODE_TRAIL;
    while (!found && i++ < root) {
        ad_node *n = t->nodes[i];
        if (!n->op) /* a leaf is on no trail */
            continue;
        bool stops = n->op->flags & AD_OP_STOPS;
        if (!is_on_trail(t, i) || !is(n, WAYS) || (stops && reach == AD_SEVERED))
            continue;
        n->flags |= AD_NODE_TRAIL;
        if (reach == AD_STOPPED ? stops : severs(n))
            found = n;
    }
    for (; i > leaf; i--)
        t->nodes[i]->flags &= (uint16_t)~AD_NODE_TRAIL;
    t->nodes[leaf]->flags &= (uint16_t)~AD_NODE_TRAIL;
    return found;
}

/* ---- asking ------------------------------------------------------------------------ */

static bool can_ask(ad_tensor y)
{
    if (!y.tape || !ad_tape_take_over(y.tape, "reach"))
        return false;
    if (ad_tape_node(y))
        return true;
    ad_tape_leave(y.tape);
    return false;
}

ad_reach ad_reach_of(ad_tensor y, ad_tensor x)
{
    ad_reach reach = AD_REACH_UNKNOWN;
    if (x.tape != y.tape || !can_ask(y))
        return reach;
    const ad_node *leaf = ad_tape_node(x);
    if (leaf && is(leaf, AD_NODE_WATCHED)) {
        mark_ways(y.tape, ad_tensor_index(y));
        reach = reach_by_ways(leaf);
        clear_ways(y.tape, ad_tensor_index(y));
    }
    ad_tape_leave(y.tape);
    return reach;
}

/* Calls visit for the watched leaves that the root, whose ways are marked, does not reach. */
static size_t visit_unreached(ad_tape *t, uint32_t root, ad_unreached_visitor *visit, void *user)
{
    size_t count = 0;
    for (uint32_t i = 0; i < t->count; i++) {
        const ad_node *n = t->nodes[i];
        ad_reach reach = reach_by_ways(n);
        if (!is(n, AD_NODE_WATCHED) || reach == AD_REACHED)
            continue;
        const ad_node *by = culprit(t, i, root, reach);
        ad_unreached leaf = {.size = sizeof leaf,
                             .leaf = ad_tape_handle(t, i),
                             .label = n->label,
                             .source_line = n->source_line,
                             .reach = reach,
                             .op = by ? by->op->name : NULL,
                             .op_source_line = by ? by->source_line : NULL};
        visit(user, &leaf);
        count++;
    }
    return count;
}

static void visit_nobody(void *user, const ad_unreached *leaf)
{
    (void)user, (void)leaf;
}

size_t ad_tape_unreached(ad_tensor y, ad_unreached_visitor *visit, void *user)
{
    ad_tape *t = y.tape;
    if (!can_ask(y))
        return 0;
    mark_ways(t, ad_tensor_index(y));
    t->busy = "unreached";
    size_t count = visit_unreached(t, ad_tensor_index(y), visit ? visit : visit_nobody, user);
    t->busy = NULL;
    clear_ways(t, ad_tensor_index(y));
    ad_tape_leave(t);
    return count;
}

/* ---- before a sweep ---------------------------------------------------------------- */

static bool good_root(ad_tape *t, const char *name, const ad_node *n, bool single)
{
    bool floats = ad_type_is_float((ad_type)n->type);
    if (floats && (!single || n->count == 1))
        return true;
    char shape[256];
    ad_shape s = ad_node_shape(n);
    ad_shape_print(&s, shape, sizeof shape);
    if (!floats)
        ad_tape_fail(t, AD_BAD_TYPE, "%s: the root %s%s%s%s is of type %s, which has no derivative",
                     name, ad_node_name(n), shape, AD_ITS_LINE(n->source_line),
                     ad_type_text((ad_type)n->type));
    else
        ad_tape_fail(t, AD_BAD_SHAPE,
                     "%s: the root must have one element, %s%s%s gave %s (reduce it, or use "
                     "ad_backward_from)",
                     name, ad_node_name(n), AD_ITS_LINE(n->source_line), shape);
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

typedef struct complaint {
    ad_text list;
    bool severed; /* whether that is the only thing to complain of */
    ad_unreached first;
    size_t count;
} complaint;

static void complain(void *user, const ad_unreached *leaf)
{
    complaint *c = user;
    static const char *const how[] = {"", "", "independent", "stopped by ", "severed by "};
    if (c->severed && leaf->reach != AD_SEVERED)
        return;
    if (c->count++ == 0)
        c->first = *leaf;
    ad_text_add(&c->list, "%s%s%s%s", c->count > 1 ? ", " : "", leaf->label ? "\"" : "",
                leaf->label ? leaf->label : "a leaf", leaf->label ? "\"" : "");
    if (!leaf->label)
        ad_text_add(&c->list, "%s%s", AD_ITS_LINE(leaf->source_line));
    ad_text_add(&c->list, " (%s%s%s%s)", how[leaf->reach], leaf->op ? leaf->op : "",
                AD_ITS_LINE(leaf->op_source_line));
}

static bool all_reached(ad_tape *t, const char *name, uint32_t root)
{
    char list[sizeof t->error.text];
    complaint c = {.list = ad_text_in(list, sizeof list),
                   .severed = !(t->checks & AD_CHECK_REACHED)};
    mark_ways(t, root);
    visit_unreached(t, root, complain, &c);
    clear_ways(t, root);
    if (c.count && c.severed)
        ad_tape_fail(t, AD_NO_DERIVATIVE,
                     "%s: the root depends on %s%s only through %s%s%s, which has no derivative",
                     name, c.first.label ? "the watched leaf " : "a watched leaf",
                     c.first.label ? c.first.label : "", c.first.op,
                     AD_ITS_LINE(c.first.op_source_line));
    else if (c.count)
        ad_tape_fail(t, AD_UNREACHED, "%s: the root does not reach %s", name, list);
    return !c.count;
}

bool ad_sweep_allowed(ad_tape *t, const char *name, uint32_t root)
{
    if (t->checks & AD_CHECK_BORROWED && !ad_numbers_unchanged(t, name))
        return false;
    if (t->checks & AD_CHECK_REACHED && t->last_watched == AD_NO_NODE) {
        ad_tape_fail(t, AD_UNREACHED, "%s: nothing on the tape is watched (ad_watch)", name);
        return false;
    }
    return !(t->severed || t->checks & AD_CHECK_REACHED) || all_reached(t, name, root);
}
