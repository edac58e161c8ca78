/* Puts numbers on a tape, and reads them back. */
#include "tape/leaf.h"

#include "array/convert.h"
#include "array/strided.h"
#include "tape/digest.h"
#include "tape/failure.h"

#include <math.h>
#include <string.h>

/* ---- leaves ------------------------------------------------------------------------ */

/* Along an axis of no more than one element a stride leads nowhere. One that is out of all bounds
 * becomes 0, so that operations may multiply strides and add them. */
static void calm_strides(ad_view *v)
{
    enum { ROOM = 64 };
    for (int i = 0; i < v->shape.rank; i++)
        if (v->shape.dim[i] < 2 &&
            (v->stride[i] > INT64_MAX / ROOM || v->stride[i] < INT64_MIN / ROOM))
            v->stride[i] = 0;
}

static bool good_leaf(ad_tape *t, const char *name, const ad_view *v, size_t *count)
{
    char shape[256], why[320];
    ad_status status = ad_view_flaw(v, count, why, sizeof why);
    if ((unsigned)v->type >= AD_TYPE_COUNT)
        ad_tape_fail(t, AD_BAD_TYPE, "%s: %d is not a number type", name, (int)v->type);
    else if (status != AD_OK)
        ad_tape_fail(t, status, "%s(%s): %s", name, ad_shape_print(&v->shape, shape, sizeof shape),
                     why);
    return ad_tape_status(t) == AD_OK;
}

void ad_tape_widen(ad_tape *t, bool on)
{
    AD_DOOR(t, "widen", );
    if (t && !t->busy)
        t->widens = on;
}

ad_type ad_tape_type(const ad_tape *t, ad_type type)
{
    return t && t->widens && type == AD_F32 ? AD_F64 : type;
}

/* The same numbers in f64, on the tape. */
static AD_APART bool widen(ad_tape *t, size_t count, ad_view *v)
{
    double *numbers = ad_tape_memory(t, count * sizeof *numbers);
    if (!numbers)
        return false;
    if (ad_view_is_contiguous(v))
        ad_convert(count, v->type, v->data, AD_F64, numbers);
    for (size_t i = 0; i < count && !ad_view_is_contiguous(v); i++)
        numbers[i] = ad_view_get(v, i);
    *v = ad_view_of(AD_F64, numbers, v->shape);
    return true;
}

static bool holds(const void *block, size_t bytes, const void *address)
{
    return block && (uintptr_t)address - (uintptr_t)block < bytes;
}

/* Where every buffer is a piece of memory by itself, they are asked one by one. */
static AD_APART bool in_some_buffer(const ad_tape *t, const void *data)
{
    bool found = false;
    for (uint32_t i = 0; t->buffers.used && i < t->count && !found; i++) {
        const ad_node *n = t->nodes[i];
        size_t many = ad_node_blocks(n, t->directions);
        found = holds(n->cotangent, ad_node_blocks(n, t->cotangents), data) ||
                (i < t->tangents_count &&
                 (holds(t->tangents[i].tx, many, data) || holds(t->tangents[i].tdx, many, data)));
    }
    return found;
}

/* Whether numbers are in a gradient or a tangent of the tape's own. */
static inline bool is_own(const ad_tape *t, const void *data)
{
    return t->buffers.arena.exact ? in_some_buffer(t, data)
                                  : ad_arena_holds(&t->buffers.arena, data);
}

/* A copy on the tape of numbers that the next sweep would take back. */
static AD_APART bool copy_own(ad_tape *t, size_t count, ad_view *v)
{
    void *numbers = ad_tape_memory(t, count * ad_type_size(v->type));
    if (!numbers)
        return false;
    ad_strided_read(v, numbers);
    *v = ad_view_of(v->type, numbers, v->shape);
    return true;
}

bool ad_leaf_keep(ad_tape *t, size_t count, ad_view *v)
{
    return !count || !is_own(t, v->data) || copy_own(t, count, v);
}

static ad_tensor put_leaf(ad_tape *t, const char *name, ad_view *v, unsigned flags)
{
    size_t count;
    if (!good_leaf(t, name, v, &count))
        return ad_tape_dead(t);
    calm_strides(v);
    if (ad_tape_type(t, v->type) != v->type && !widen(t, count, v))
        return ad_tape_dead(t);
    if (!ad_leaf_keep(t, count, v))
        return ad_tape_dead(t);
    static const ad_node_extra with_digest = {.results = 1};
    ad_arena_mark start = ad_arena_here(&t->values);
    ad_node_plan plan = {.type = v->type,
                         .shape = &v->shape,
                         .stride = v->stride,
                         .borrowed = v->data,
                         .count = count,
                         .extra = t->checks & AD_CHECK_BORROWED ? &with_digest : NULL};
    ad_node *n = ad_tape_plan(t, &plan);
    if (!n || (plan.extra && !ad_remember_numbers(t, n))) {
        ad_arena_return(&t->values, start);
        return ad_tape_dead(t);
    }
    n->flags |= (uint16_t)flags;
    if (flags & AD_NODE_WATCHED) {
        n->watched = t->last_watched;
        t->last_watched = t->count;
    }
    return ad_tape_keep(t, n);
}

static ad_tensor new_leaf(ad_tape *t, const char *name, ad_view *v, unsigned flags)
{
    if (!t || !ad_tape_enter(t, name))
        return ad_tape_dead(t);
    ad_tensor x = put_leaf(t, name, v, flags);
    ad_line_used(t);
    ad_tape_leave(t);
    return x;
}

ad_tensor(ad_watch)(ad_tape *t, ad_view v)
{
    AD_DOOR(t, "watch", ad_tape_dead(t));
    if (t && t->error.status == AD_OK && (unsigned)v.type < AD_TYPE_COUNT &&
        !ad_type_is_float(v.type))
        ad_tape_fail(t, AD_BAD_TYPE, "watch: numbers of type %s have no derivative; freeze them",
                     ad_type_text(v.type));
    return new_leaf(t, "watch", &v, AD_NODE_WATCHED | AD_NODE_TRACKED);
}

ad_tensor(ad_freeze)(ad_tape *t, ad_view v)
{
    return new_leaf(t, "freeze", &v, 0);
}

static ad_tensor put_number(ad_tape *t, ad_type type, double value)
{
    if ((unsigned)type >= AD_TYPE_COUNT) {
        ad_tape_fail(t, AD_BAD_TYPE, "constant: %d is not a number type", (int)type);
        return ad_tape_dead(t);
    }
    type = ad_tape_type(t, type);
    uint64_t number;
    if (!ad_convert_number(value, type, &number)) {
        ad_tape_fail(t, AD_DOMAIN, "constant: %g is not a value of type %s", value,
                     ad_type_text(type));
        return ad_tape_dead(t);
    }
    ad_node_plan plan = {.type = type, .shape = &AD_SCALAR, .count = 1};
    ad_node *n = ad_tape_plan(t, &plan);
    if (!n)
        return ad_tape_dead(t);
    memcpy(n->data, &number, ad_type_size(type));
    return ad_tape_keep(t, n);
}

ad_tensor ad_constant(ad_tape *t, ad_type type, double value)
{
    if (!t || !ad_tape_enter(t, "constant"))
        return ad_tape_dead(t);
    ad_tensor x = put_number(t, type, value);
    ad_line_used(t);
    ad_tape_leave(t);
    return x;
}

ad_tensor ad_label(ad_tensor x, const char *name)
{
    AD_DOOR(x.tape, "label", x);
    ad_node *n = ad_tape_node(x);
    if (n)
        n->label = name;
    return x;
}

/* ---- retained values --------------------------------------------------------------- */

/* Puts it into the list of nodes that keep their cotangents, which goes down the tape. */
static void retain(ad_tape *t, ad_tensor x)
{
    uint32_t index = ad_tensor_index(x), *link = &t->last_watched;
    ad_node *n = ad_tape_node(x);
    if (!n) {
        ad_tape_fail(t, AD_STALE, "retain: the value is gone: a reset or rewind ended it");
    } else if (t->sweep_root != AD_NO_NODE && index >= t->sweep_next && index <= t->sweep_root) {
        ad_tape_fail(t, AD_MISUSE, "retain: the current sweep has already passed this value");
    } else if (n->op && n->flags & AD_NODE_TRACKED && !(n->flags & AD_NODE_RETAINED)) {
        while (*link != AD_NO_NODE && *link > index)
            link = &t->nodes[*link]->watched;
        n->watched = *link;
        *link = index;
        n->flags |= AD_NODE_RETAINED;
    }
}

ad_tensor ad_retain(ad_tensor x)
{
    AD_DOOR(x.tape, "retain", x);
    if (!x.tape || !ad_tape_enter(x.tape, "retain"))
        return x;
    retain(x.tape, x);
    ad_tape_leave(x.tape);
    return x;
}

/* ---- reading ----------------------------------------------------------------------- */

ad_view ad_read(ad_tensor x)
{
    ad_view v = {0};
    AD_READING(x.tape, "read", v);
    const ad_node *n = ad_tape_node(x);
    if (n)
        ad_node_look(n, &v);
    return v;
}

double ad_item(ad_tensor x)
{
    AD_READING(x.tape, "item", NAN);
    double number;
    ad_view v = {0};
    const ad_node *n = ad_tape_node(x);
    if (!x.tape) {
        memcpy(&number, &x.bits, sizeof number);
        return number;
    }
    if (n)
        ad_node_look(n, &v);
    return ad_view_count(&v) == 1 ? ad_view_get(&v, 0) : NAN;
}

ad_shape ad_shape_of(ad_tensor x)
{
    AD_READING(x.tape, "shape_of", (ad_shape){.rank = -1});
    const ad_node *n = ad_tape_node(x);
    return n ? ad_node_shape(n) : (ad_shape){.rank = -1};
}

bool ad_is_tracked(ad_tensor x)
{
    AD_READING(x.tape, "is_tracked", false);
    const ad_node *n = ad_tape_node(x);
    return n && n->flags & AD_NODE_TRACKED;
}
