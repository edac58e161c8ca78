/* Forward mode: tangents are carried up the recorded tape, in one direction or in several at
 * once.
 *
 * The tape holds everything that a jvp needs. So tangents in any direction can be pushed from the
 * watched leaves to a root, any number of times, without evaluating anything again. Tangents live
 * in a list beside the nodes; tapes without tangents do not pay for it. */
#include "tape/tangent.h"

#include "array/strided.h"
#include "tape/failure.h"
#include "tape/reach.h"
#include "tape/watch.h"

#include <string.h>

/* ---- the list ---------------------------------------------------------------------- */

bool ad_room_for_tangents(ad_tape *t, uint32_t count)
{
    if (count > t->tangents_capacity) {
        uint32_t capacity = t->capacity;
        ad_tangents *tangents = ad_memory_take(t->allocator, capacity * sizeof *tangents);
        if (!tangents) {
            ad_tape_fail(t, AD_MEMORY, "tangents: memory ran out (for %u values)", capacity);
            return false;
        }
        if (t->tangents_count)
            memcpy(tangents, t->tangents, t->tangents_count * sizeof *tangents);
        ad_memory_give(t->allocator, t->tangents, t->tangents_capacity * sizeof *tangents);
        t->tangents = tangents;
        t->tangents_capacity = capacity;
    }
    for (; t->tangents_count < count; t->tangents_count++)
        t->tangents[t->tangents_count] = (ad_tangents){NULL, NULL};
    return true;
}

static void give_tangent(ad_tape *t, uint32_t index)
{
    size_t bytes = ad_node_blocks(t->nodes[index], t->directions);
    ad_recycler_give(&t->buffers, t->tangents[index].tx, bytes);
    t->tangents[index].tx = NULL;
}

void ad_release_tangents(ad_tape *t, uint32_t from)
{
    for (; t->tangents_count > from; t->tangents_count--) {
        uint32_t last = t->tangents_count - 1;
        give_tangent(t, last);
        ad_recycler_give(&t->buffers, t->tangents[last].tdx,
                         ad_node_blocks(t->nodes[last], t->directions));
    }
}

static void *take_buffer(ad_tape *t, const ad_node *n, size_t bytes)
{
    void *tx = ad_recycler_take(&t->buffers, bytes);
    if (!tx)
        ad_tape_fail(t, AD_MEMORY, "tangents: memory ran out (%zu bytes for the tangent of %s%s%s)",
                     bytes, ad_node_name(n), AD_ITS_LINE(n->source_line));
    return tx;
}

static void *take_tangent(ad_tape *t, uint32_t index)
{
    const ad_node *n = t->nodes[index];
    return t->tangents[index].tx = take_buffer(t, n, ad_node_blocks(n, t->directions));
}

bool ad_frame_tangents(ad_frame *f, ad_tape *t, const ad_node *n)
{
    bool any = false;
    for (uint32_t k = 0; k < n->arity; k++) {
        uint32_t index = ad_node_operands(n)[k];
        void *tx = index < t->tangents_count ? t->tangents[index].tx : NULL;
        f->tx[k] = (ad_view){.type = (ad_type)t->nodes[index]->type};
        if (tx)
            f->tx[k] = ad_node_rows(t->nodes[index], tx);
        any = any || tx;
    }
    return any;
}

void ad_frame_next_tangents(ad_frame *f, ad_tape *t, const ad_node *n)
{
    for (uint32_t k = 0; k < n->arity; k++)
        if (f->tx[k].data)
            f->tx[k].data =
                (const char *)f->tx[k].data + ad_node_bytes(t->nodes[ad_node_operands(n)[k]]);
}

/* ---- of leaves --------------------------------------------------------------------- */

static bool good_leaf(ad_tape *t, const ad_node *n, int count, const ad_view *tx)
{
    if (!n || !(n->flags & AD_NODE_WATCHED))
        ad_tape_fail(t, AD_MISUSE, "set_tangent: this is not a watched leaf of the tape");
    else if (count < 1 || !tx)
        ad_tape_fail(t, AD_MISUSE, "set_tangent: there must be at least one tangent");
    return t->error.status == AD_OK;
}

static bool good_tangent(ad_tape *t, const ad_node *n, const ad_view *tx, bool may_be_zero)
{
    char given[256], wanted[256];
    size_t count;
    ad_shape shape = ad_node_shape(n);
    ad_status status = ad_view_flaw(tx, &count, given, sizeof given);
    if (may_be_zero && !tx->data && (status == AD_OK || status == AD_MISUSE))
        return true;
    if (status != AD_OK)
        ad_tape_fail(t, status, "set_tangent: the tangent: %s", given);
    else if (tx->type != (ad_type)n->type)
        ad_tape_fail(t, AD_BAD_SHAPE, "set_tangent: the tangent has type %s, the leaf has %s",
                     ad_type_text(tx->type), ad_type_text((ad_type)n->type));
    else if (!ad_shape_equal(&tx->shape, &shape))
        ad_tape_fail(t, AD_BAD_SHAPE, "set_tangent: the tangent has shape %s, the leaf has %s",
                     ad_shape_print(&tx->shape, given, sizeof given),
                     ad_shape_print(&shape, wanted, sizeof wanted));
    return t->error.status == AD_OK;
}

/* A copy of the tangents in a new buffer of these bytes: they may be among those to be forgotten. */
static void *copy_tangents(ad_tape *t, const ad_node *n, int count, const ad_view *tx, size_t bytes)
{
    char *copy = take_buffer(t, n, bytes), *to = copy;
    for (int i = 0; to && i < count; i++, to += ad_node_bytes(n))
        if (tx[i].data)
            ad_strided_read(&tx[i], to);
        else
            memset(to, 0, ad_node_bytes(n));
    return copy;
}

/* If the number of directions changes, all tangents are forgotten. */
static void set_tangents(ad_tensor x, int count, const ad_view *tx, bool may_be_zero)
{
    bool any = false;
    ad_tape *t = x.tape;
    uint32_t index = ad_tensor_index(x);
    const ad_node *n = ad_tape_node(x);
    if (!good_leaf(t, n, count, tx))
        return;
    for (int i = 0; i < count; i++) {
        if (!good_tangent(t, n, &tx[i], may_be_zero))
            return;
        any = any || tx[i].data;
    }
    size_t bytes = ad_node_blocks(n, (uint32_t)count);
    void *own =
        any && ad_room_for_tangents(t, index + 1) ? copy_tangents(t, n, count, tx, bytes) : NULL;
    if (t->error.status != AD_OK)
        return;
    if (t->directions != (uint32_t)count)
        ad_release_tangents(t, 0);
    t->directions = (uint32_t)count;
    t->pushed = AD_NO_NODE;
    if (any)
        ad_room_for_tangents(t, index + 1); /* which there is already */
    if (index < t->tangents_count) {
        give_tangent(t, index);
        t->tangents[index].tx = own;
    }
}

static ad_status enter_and_set(ad_tensor x, int count, const ad_view *tx, bool may_be_zero)
{
    AD_DOOR(x.tape, "set_tangent", AD_BUSY);
    if (!x.tape || !ad_tape_enter(x.tape, "set_tangent"))
        return ad_tape_status(x.tape);
    set_tangents(x, count, tx, may_be_zero);
    return ad_tape_leave_with_status(x.tape);
}

ad_status ad_set_tangent(ad_tensor x, ad_view tx)
{
    return enter_and_set(x, 1, &tx, false);
}

ad_status ad_set_tangent_many(ad_tensor x, int count, const ad_view *tx)
{
    return enter_and_set(x, count, tx, true);
}

/* ---- the push ---------------------------------------------------------------------- */

/* Marks the nodes on which the root depends through derivatives. */
static void mark_cone(ad_tape *t, uint32_t root)
{
    t->nodes[root]->flags |= t->nodes[root]->flags & AD_NODE_TRACKED ? AD_NODE_MARK : 0;
    for (uint32_t i = root + 1; i-- > 0;) {
        const ad_node *n = t->nodes[i];
        if (!n->op || !(n->flags & AD_NODE_MARK))
            continue;
        t->nodes[ad_first_result(t, i)]->flags |= AD_NODE_MARK;
        for (uint32_t k = 0; k < n->arity; k++) {
            ad_node *o = t->nodes[ad_node_operands(n)[k]];
            o->flags |= o->flags & AD_NODE_TRACKED ? AD_NODE_MARK : 0;
        }
    }
}

static AD_APART bool good_tangents(ad_tape *t, const ad_node *n, const ad_frame *f,
                                   const ad_array *ty)
{
    for (uint32_t k = 0; k < ad_node_results(n); k++) {
        if (!ty[k].data ||
            ad_all_finite(t->work.isa, ty[k].type, ty[k].data, ad_array_count(&ty[k])))
            continue;
        return ad_not_finite(t, &(ad_outcome){.rule = AD_RULE_JVP,
                                              .what = "the tangent",
                                              .operand = -1,
                                              .result = ad_node_results(n) > 1 ? (int)k : -1,
                                              .n = n,
                                              .operands = ad_node_operands(n),
                                              .x = f->x,
                                              .numbers = ad_array_view(ty[k])});
    }
    return true;
}

/* A tangent buffer for a result: an integer has none. */
static bool take_result(ad_tape *t, uint32_t index, ad_array *ty)
{
    const ad_node *n = t->nodes[index];
    bool floats = ad_type_is_float((ad_type)n->type);
    *ty = (ad_array){.data = floats ? take_tangent(t, index) : NULL,
                     .type = (ad_type)n->type,
                     .shape = ad_node_shape(n)};
    return ty->data || !floats;
}

/* Points a frame and the tangents of the results at the next of several directions. */
static void next_direction(ad_tape *t, uint32_t first, ad_frame *f, ad_array *ty)
{
    const ad_node *n = t->nodes[first];
    ad_frame_next_tangents(f, t, n);
    for (uint32_t k = 0; k < ad_node_results(n); k++)
        if (ty[k].data)
            ty[k].data = (char *)ty[k].data + ad_node_bytes(t->nodes[first + k]);
}

/* Calls the jvp once for each direction. */
static bool call_jvp(ad_tape *t, uint32_t first, ad_frame *f)
{
    bool good = true;
    const ad_node *n = t->nodes[first];
    uint32_t results = ad_node_results(n);
    ad_jvp_args args = {.size = sizeof args,
                        .op = n->op,
                        .arity = (int)n->arity,
                        .results = (int)results,
                        .x = f->x,
                        .tx = f->tx,
                        .attr = ad_node_attr(n),
                        .saved = ad_node_saved(n),
                        .work = &t->work};
    ad_array *ty = results > 1 ? f->ty : &args.ty;
    args.ys = results > 1 ? f->y : &args.y;
    args.tys = ty;
    ad_node_look(n, &args.y);
    for (uint32_t k = 0; good && k < results; k++)
        good = take_result(t, first + k, &ty[k]);
    for (uint32_t i = 0; good && i < t->directions; i++) {
        if (i > 0)
            next_direction(t, first, f, ty);
        args.ty = ty[0];
        ad_arena_mark start = ad_kernel_begin(t, AD_RULE_JVP, n);
        n->op->jvp(&args);
        good = ad_kernel_end(t, start, AD_RULE_JVP, n, f->x) &&
               (!(t->checks & AD_CHECK_NUMBERS) || good_tangents(t, n, f, ty));
    }
    return good;
}

static bool push(ad_tape *t, uint32_t first)
{
    ad_frame f;
    const ad_node *n = t->nodes[first];
    bool good = ad_frame_open(&f, t, first);
    if (good && ad_frame_tangents(&f, t, n)) {
        good = n->op->jvp && call_jvp(t, first, &f);
        if (!n->op->jvp)
            ad_tape_fail(ad_at_node(t, n), AD_NO_DERIVATIVE,
                         "%s: there is no jvp (forward-mode rule)", n->op->name);
    }
    ad_frame_close(&f, t);
    return good;
}

/* last: the root, or a later result of the same op. */
static void push_all(ad_tape *t, uint32_t last)
{
    bool good = true;
    for (uint32_t i = 0; i <= last; i++) {
        ad_node *n = t->nodes[i];
        bool wanted = n->flags & AD_NODE_MARK;
        n->flags &= (uint16_t)~AD_NODE_MARK;
        if (!n->op || ad_node_result(n)) /* a later result comes with the first */
            continue;
        for (uint32_t k = 0; k < ad_node_results(n); k++)
            give_tangent(t, i + k);
        good = good && (!wanted || push(t, i));
    }
    t->pushed = good ? last : AD_NO_NODE;
}

ad_status ad_push_tangents(ad_tensor y)
{
    ad_tape *t = y.tape;
    uint32_t root = ad_tensor_index(y);
    AD_DOOR(t, "push_tangents", AD_BUSY);
    if (!ad_sweep_root("push_tangents", y, false))
        return ad_tape_status(t);
    uint32_t last = ad_last_result(t, root);
    if (ad_sweep_allowed(t, "push_tangents", root) && ad_room_for_tangents(t, last + 1)) {
        mark_cone(t, root);
        push_all(t, last);
    }
    return ad_tape_leave_with_status(t);
}

ad_view ad_tangent(ad_tensor x)
{
    return ad_tangent_at(x, 0);
}

ad_view ad_tangent_at(ad_tensor x, int i)
{
    AD_READING(x.tape, "tangent", (ad_view){0});
    const ad_node *n = ad_tape_node(x);
    bool there = n && ad_tensor_index(x) < x.tape->tangents_count;
    void *tx = there ? x.tape->tangents[ad_tensor_index(x)].tx : NULL;
    return tx ? ad_node_block(n, tx, x.tape->directions, i) : (ad_view){0};
}
