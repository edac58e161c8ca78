/* The life of tapes, nodes and leaves; reading values. */
#include "core/convert.h"
#include "core/node.h"
#include "core/strided.h"
#include "ops/gemm.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

/* ---- tapes ------------------------------------------------------------------------- */

ad_tape *ad_tape_new(const ad_tape_options *options)
{
    ad_tape_options o = {.size = sizeof o};
    if (options)
        memcpy(&o, options, options->size < sizeof o ? options->size : sizeof o);
    ad_tape *t = ad_memory_take(o.allocator, sizeof *t);
    if (!t)
        return NULL;
    bool exact = o.checks & AD_CHECK_BOUNDS;
    *t = (ad_tape){
        .allocator = o.allocator,
        .values = {.allocator = o.allocator, .exact = exact},
        .pool.arena = {.allocator = o.allocator, .exact = exact},
        .epoch = 1,
        .last_watched = AD_NO_NODE,
        .pushed = AD_NO_NODE,
    };
    t->work.tape = t;
    ad_gemm_warm_up();
    return t;
}

void ad_tape_free(ad_tape *t)
{
    if (!t || t->busy)
        return;
    ad_tape_reset(t);
    ad_tape_trim(t);
    ad_memory_give(t->allocator, t, sizeof *t);
}

static void forget_from(ad_tape *t, uint32_t count)
{
    ad_release_gradients(t, count);
    ad_release_tangents(t, count);
    while (t->last_watched != AD_NO_NODE && t->last_watched >= count)
        t->last_watched = t->nodes[t->last_watched]->watched;
    if (t->pushed != AD_NO_NODE && t->pushed >= count)
        t->pushed = AD_NO_NODE;
    if (count < t->count)
        ad_arena_return(&t->values, ad_arena_find(&t->values, t->nodes[count]));
    t->count = count;
    t->epoch = t->epoch == UINT32_MAX ? 1 : t->epoch + 1;
}

void ad_tape_reset(ad_tape *t)
{
    if (!t || t->busy)
        return;
    forget_from(t, 0);
    ad_arena_return(&t->values, (ad_place){0});
    ad_pool_reset(&t->pool);
    t->severed = false;
    t->error = (ad_error){0};
}

void ad_tape_trim(ad_tape *t)
{
    if (!t || t->busy)
        return;
    ad_arena_trim(&t->values);
    if (t->count)
        return;
    ad_arena_trim(&t->pool.arena);
    ad_memory_give(t->allocator, t->nodes, t->capacity * sizeof *t->nodes);
    ad_memory_give(t->allocator, t->tangents, t->tangents_capacity * sizeof *t->tangents);
    t->nodes = NULL;
    t->tangents = NULL;
    t->capacity = t->tangents_capacity = 0;
}

ad_mark ad_tape_mark(ad_tape *t)
{
    if (!t)
        return (ad_mark){0};
    return (ad_mark){t, t->count, t->count ? t->nodes[t->count - 1]->epoch : 0};
}

ad_status ad_tape_rewind(ad_mark mark)
{
    ad_tape *t = mark.tape;
    if (!t)
        return AD_MISUSE;
    if (t->busy)
        return AD_BUSY;
    if (mark.count > t->count || (mark.count && t->nodes[mark.count - 1]->epoch != mark.epoch))
        return ad_tape_fail(t, AD_STALE, "rewind: the mark's place is no longer on the tape");
    if (mark.count < t->count)
        forget_from(t, mark.count);
    return AD_OK;
}

ad_status ad_tape_status(const ad_tape *t)
{
    return t ? t->error.status : AD_MISUSE;
}

const char *ad_tape_error(const ad_tape *t)
{
    return t ? t->error.text : "there is no tape";
}

ad_status ad_tape_fail(ad_tape *t, ad_status status, const char *format, ...)
{
    if (!t)
        return AD_MISUSE;
    if (t->error.status != AD_OK || status == AD_OK)
        return t->error.status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(t->error.text, sizeof t->error.text, format, arguments);
    va_end(arguments);
    return t->error.status = status;
}

bool ad_tape_usable(ad_tape *t, const char *name)
{
    if (t->error.status != AD_OK)
        return false;
    if (t->busy)
        ad_tape_fail(t, AD_BUSY, "%s: the tape is in use by a kernel of %s", name, t->busy);
    return !t->busy;
}

ad_tape_info ad_tape_measure(const ad_tape *t)
{
    if (!t)
        return (ad_tape_info){0};
    size_t tables = t->capacity * sizeof *t->nodes + t->tangents_capacity * sizeof *t->tangents;
    return (ad_tape_info){
        .nodes = t->count,
        .bytes_used = ad_arena_used(&t->values) + t->pool.used,
        .bytes_reserved = t->values.reserved + t->pool.arena.reserved + tables,
    };
}

/* ---- nodes ------------------------------------------------------------------------- */

ad_shape ad_node_shape(const ad_node *n)
{
    ad_shape shape = {.rank = n->rank};
    memcpy(shape.dim, n->extents, n->rank * sizeof *n->extents);
    return shape;
}

void ad_node_look(const ad_node *n, ad_view *v)
{
    v->data = n->data;
    v->type = (ad_type)n->type;
    v->shape.rank = n->rank;
    for (int i = 0; i < n->rank; i++) {
        v->shape.dim[i] = n->extents[i];
        v->stride[i] = n->extents[n->rank + i];
    }
}

ad_view ad_node_rows(const ad_node *n, const void *data)
{
    return ad_view_of((ad_type)n->type, data, ad_node_shape(n));
}

const char *ad_node_name(const ad_node *n)
{
    return n->op ? n->op->name : n->flags & AD_NODE_WATCHED ? "watch" : "freeze";
}

ad_node *ad_tape_node(ad_tensor x)
{
    if (!x.tape || x.as.node.index >= x.tape->count)
        return NULL;
    ad_node *n = x.tape->nodes[x.as.node.index];
    return n->epoch == x.as.node.epoch ? n : NULL;
}

ad_tensor ad_tape_handle(ad_tape *t, uint32_t index)
{
    ad_tensor x = {.tape = t};
    x.as.node.index = index;
    x.as.node.epoch = t->nodes[index]->epoch;
    return x;
}

ad_tensor ad_tape_dead(ad_tape *t)
{
    ad_tensor x = {.tape = t};
    if (t)
        x.as.node.index = AD_NO_NODE;
    else
        x.as.number = NAN;
    return x;
}

static bool room_for_node(ad_tape *t)
{
    if (t->count < t->capacity)
        return true;
    if (t->capacity > AD_NO_NODE / 2)
        return false;
    uint32_t capacity = t->capacity ? 2 * t->capacity : 256;
    ad_node **nodes = ad_memory_take(t->allocator, capacity * sizeof *nodes);
    if (!nodes)
        return false;
    if (t->count)
        memcpy(nodes, t->nodes, t->count * sizeof *nodes);
    ad_memory_give(t->allocator, t->nodes, t->capacity * sizeof *nodes);
    t->nodes = nodes;
    t->capacity = capacity;
    return true;
}

static size_t node_size(const ad_node_plan *plan)
{
    size_t operands = ((unsigned)plan->arity + 1u) & ~1u;
    size_t attr = plan->op ? (plan->op->attr_size + 7) & ~(size_t)7 : 0;
    return sizeof(ad_node) + 2 * (size_t)plan->shape->rank * sizeof(int64_t) +
           operands * sizeof(uint32_t) + attr;
}

static void lay_out(ad_node *n, const ad_node_plan *plan)
{
    int rank = plan->shape->rank;
    int64_t rows[AD_MAX_RANK];
    if (!plan->stride)
        ad_row_strides(plan->shape, rows);
    for (int i = 0; i < rank; i++) {
        n->extents[i] = plan->shape->dim[i];
        n->extents[rank + i] = plan->stride ? plan->stride[i] : rows[i];
    }
    ad_view v;
    ad_node_look(n, &v);
    if (!plan->stride || ad_view_is_contiguous(&v))
        n->flags |= AD_NODE_CONTIGUOUS;
}

ad_node *ad_tape_plan(ad_tape *t, const ad_node_plan *plan)
{
    enum { INLINE = 64 }; /* so many bytes of numbers lie in the node itself */
    const char *name = plan->op ? plan->op->name : "leaf";
    size_t head = node_size(plan), bytes = plan->count * ad_type_size(plan->type);
    size_t within = !plan->borrowed && bytes <= INLINE && !t->values.exact ? bytes : 0;
    ad_place start = ad_arena_place(&t->values);
    ad_node *n = room_for_node(t) ? ad_arena_take(&t->values, head + within, 8) : NULL;
    void *data = (void *)(uintptr_t)plan->borrowed;
    if (n && !data)
        data = within || !bytes ? (char *)n + head : ad_arena_take(&t->values, bytes, AD_ALIGNMENT);
    if (!n || !data) {
        ad_arena_return(&t->values, start);
        ad_tape_fail(t, AD_MEMORY, "%s: memory ran out (%zu bytes for the result)", name, bytes);
        return NULL;
    }
    *n = (ad_node){
        .op = plan->op,
        .data = data,
        .count = plan->count,
        .epoch = t->epoch,
        .watched = AD_NO_NODE,
        .arity = (uint32_t)plan->arity,
        .type = (uint8_t)plan->type,
        .rank = (uint8_t)plan->shape->rank,
    };
    lay_out(n, plan);
    return n;
}

ad_tensor ad_tape_keep(ad_tape *t, ad_node *n)
{
    t->nodes[t->count] = n;
    return ad_tape_handle(t, t->count++);
}

void *ad_tape_memory(ad_tape *t, size_t bytes)
{
    if (!t || !ad_tape_usable(t, "memory"))
        return NULL;
    if (bytes > PTRDIFF_MAX / sizeof(double)) {
        ad_tape_fail(t, AD_MEMORY, "memory: memory ran out (%zu bytes)", bytes);
        return NULL;
    }
    ad_shape shape = AD_SHAPE((int64_t)bytes);
    ad_node_plan plan = {NULL, 0, AD_U8, &shape, NULL, NULL, bytes};
    ad_node *n = ad_tape_plan(t, &plan);
    if (!n)
        return NULL;
    n->label = "memory";
    ad_tape_keep(t, n);
    return n->data;
}

/* ---- leaves ------------------------------------------------------------------------ */

/* Whether the offsets that strides make stay within what a pointer difference can hold. */
static bool strides_fit(const ad_view *v)
{
    size_t reach = 0;
    for (int i = 0; i < v->shape.rank; i++) {
        uint64_t stride = v->stride[i] < 0 ? 0 - (uint64_t)v->stride[i] : (uint64_t)v->stride[i];
        size_t steps = v->shape.dim[i] ? (size_t)v->shape.dim[i] - 1 : 0;
        reach = ad_size_add(reach, ad_size_mul(steps, stride));
    }
    return reach <= PTRDIFF_MAX / sizeof(double);
}

static bool good_leaf(ad_tape *t, const char *name, const ad_view *v, size_t *count)
{
    char shape[256];
    ad_status status = ad_shape_count(&v->shape, count);
    if ((unsigned)v->type >= AD_TYPE_COUNT)
        ad_tape_fail(t, AD_BAD_TYPE, "%s: %d is no number type", name, (int)v->type);
    else if (status != AD_OK || !strides_fit(v))
        ad_tape_fail(t, status == AD_OK ? AD_TOO_LARGE : status, "%s(%s): %s", name,
                     ad_shape_print(&v->shape, shape, sizeof shape),
                     status == AD_BAD_SHAPE ? "rank must be 0 to 8, extents not negative"
                                            : "extents or strides do not fit the address space");
    else if (!v->data && *count)
        ad_tape_fail(t, AD_MISUSE, "%s(%s): there are no numbers, data is NULL", name,
                     ad_shape_print(&v->shape, shape, sizeof shape));
    return ad_tape_status(t) == AD_OK;
}

static ad_tensor new_leaf(ad_tape *t, const char *name, const ad_view *v, unsigned flags)
{
    size_t count;
    if (!t || !ad_tape_usable(t, name) || !good_leaf(t, name, v, &count))
        return ad_tape_dead(t);
    ad_node_plan plan = {NULL, 0, v->type, &v->shape, v->stride, v->data, count};
    ad_node *n = ad_tape_plan(t, &plan);
    if (!n)
        return ad_tape_dead(t);
    n->flags |= (uint16_t)flags;
    if (flags & AD_NODE_WATCHED) {
        n->watched = t->last_watched;
        t->last_watched = t->count;
    }
    return ad_tape_keep(t, n);
}

ad_tensor(ad_watch)(ad_tape *t, ad_view v)
{
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

ad_tensor ad_constant(ad_tape *t, ad_type type, double value)
{
    if (!t || !ad_tape_usable(t, "constant"))
        return ad_tape_dead(t);
    if ((unsigned)type >= AD_TYPE_COUNT) {
        ad_tape_fail(t, AD_BAD_TYPE, "constant: %d is no number type", (int)type);
        return ad_tape_dead(t);
    }
    uint64_t number;
    if (!ad_convert_number(value, type, &number)) {
        ad_tape_fail(t, AD_DOMAIN, "constant: %g is no value of type %s", value,
                     ad_type_text(type));
        return ad_tape_dead(t);
    }
    ad_node_plan plan = {NULL, 0, type, &AD_SCALAR, NULL, NULL, 1};
    ad_node *n = ad_tape_plan(t, &plan);
    if (!n)
        return ad_tape_dead(t);
    memcpy(n->data, &number, ad_type_size(type));
    return ad_tape_keep(t, n);
}

ad_tensor ad_label(ad_tensor x, const char *name)
{
    ad_node *n = ad_tape_node(x);
    if (n)
        n->label = name;
    return x;
}

/* ---- reading ----------------------------------------------------------------------- */

ad_view ad_read(ad_tensor x)
{
    ad_view v = {0};
    const ad_node *n = ad_tape_node(x);
    if (n)
        ad_node_look(n, &v);
    return v;
}

double ad_item(ad_tensor x)
{
    ad_view v = ad_read(x);
    return ad_view_count(&v) == 1 ? ad_view_get(&v, 0) : NAN;
}

ad_shape ad_shape_of_tensor(ad_tensor x)
{
    const ad_node *n = ad_tape_node(x);
    return n ? ad_node_shape(n) : (ad_shape){.rank = -1};
}

bool ad_is_tracked(ad_tensor x)
{
    const ad_node *n = ad_tape_node(x);
    return n && n->flags & AD_NODE_TRACKED;
}
