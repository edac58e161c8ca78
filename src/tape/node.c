/* Nodes: their layout, their room on the tape, and the handles that name them. */
#include "tape/node.h"

#include "tape/failure.h"

#include <math.h>
#include <string.h>

ad_shape ad_node_shape(const ad_node *n)
{
    ad_shape shape = {0};
    ad_node_measure(n, &shape);
    return shape;
}

ad_view ad_node_rows(const ad_node *n, const void *data)
{
    ad_view v = {0};
    ad_node_look_rows(n, data, &v);
    return v;
}

ad_view ad_node_block(const ad_node *n, const void *blocks, uint32_t count, int i)
{
    if (i < 0 || (uint32_t)i >= count)
        return (ad_view){0};
    return ad_node_rows(n, (const char *)blocks + (size_t)i * ad_node_bytes(n));
}

const char *ad_node_name(const ad_node *n)
{
    return n->op ? n->op->name : n->flags & AD_NODE_WATCHED ? "watch" : "freeze";
}

ad_tensor ad_number(double value)
{
    ad_tensor x = {NULL, 0};
    memcpy(&x.bits, &value, sizeof value);
    return x;
}

ad_tensor ad_tape_handle(ad_tape *t, uint32_t index)
{
    return ad_tensor_to(t, index, t->nodes[index]->epoch);
}

ad_tensor ad_tape_dead(ad_tape *t)
{
    return t ? ad_tensor_to(t, AD_NO_NODE, 0) : ad_number(NAN);
}

ad_tensor ad_dead(ad_tensor x)
{
    return ad_tape_dead(x.tape);
}

/* Makes room in the list and keeps its first `used` entries. */
static bool more_nodes(ad_tape *t, uint32_t used)
{
    bool numbered = t->capacity <= AD_NO_NODE / 2;
    uint32_t capacity = t->capacity ? 2 * t->capacity : 256;
    ad_node **nodes = numbered ? ad_memory_take(t->allocator, capacity * sizeof *nodes) : NULL;
    if (!nodes)
        return false;
    if (used)
        memcpy(nodes, t->nodes, used * sizeof *nodes);
    ad_memory_give(t->allocator, t->nodes, t->capacity * sizeof *nodes);
    t->nodes = nodes;
    t->capacity = capacity;
    return true;
}

static size_t node_size(const ad_node_plan *plan)
{
    bool later = plan->extra && plan->extra->result > 0;
    size_t attr = plan->op && !later ? (plan->op->attr_size + 7) & ~(size_t)7 : 0;
    return ad_node_head((unsigned)plan->shape->rank, (unsigned)plan->arity) + attr;
}

static inline ad_node *take_node(ad_tape *t, const ad_node_plan *plan, size_t bytes)
{
    size_t before = plan->extra ? sizeof *plan->extra : 0;
    char *piece = ad_arena_take(&t->values, before + bytes, 8);
    return piece ? (void *)(piece + before) : NULL;
}

static void lay_out(ad_node *n, const ad_node_plan *plan)
{
    ad_view v;
    int64_t step = 1;
    for (int i = plan->shape->rank - 1; i >= 0; i--) {
        n->axes[i] = ad_row_axis(plan->shape->dim[i], &step);
        if (plan->stride)
            n->axes[i].stride = plan->stride[i];
    }
    if (plan->stride)
        ad_node_look(n, &v);
    if (!plan->stride || ad_view_is_contiguous(&v))
        n->flags |= AD_NODE_CONTIGUOUS;
}

ad_node *ad_tape_plan(ad_tape *t, const ad_node_plan *plan)
{
    const char *name = plan->op ? plan->op->name : "leaf";
    size_t head = node_size(plan), bytes = plan->count * ad_number_bytes(plan->type);
    size_t within = !plan->borrowed && bytes <= AD_NODE_INLINE && !t->values.exact ? bytes : 0;
    ad_arena_mark start = ad_arena_here(&t->values);
    uint32_t index = t->count + (plan->extra ? plan->extra->result : 0);
    bool room = index < t->capacity || more_nodes(t, index);
    ad_node *n = room ? take_node(t, plan, head + within) : NULL;
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
        .source_line = ad_tape_source_line(t),
        .data = data,
        .count = plan->count,
        .epoch = t->epoch,
        .watched = AD_NO_NODE,
        .arity = (uint32_t)plan->arity,
        .type = (uint8_t)plan->type,
        .rank = (uint8_t)plan->shape->rank,
        .flags = plan->extra ? AD_NODE_EXTRA : 0,
    };
    if (plan->extra)
        *ad_node_extra_of(n) = *plan->extra;
    lay_out(n, plan);
    return n;
}

ad_tensor ad_tape_keep(ad_tape *t, ad_node *n)
{
    t->nodes[t->count] = n;
    return ad_tape_handle(t, t->count++);
}

static void *room_on_tape(ad_tape *t, size_t bytes)
{
    if (bytes > PTRDIFF_MAX / sizeof(double)) {
        ad_tape_fail(t, AD_MEMORY, "memory: memory ran out (%zu bytes)", bytes);
        return NULL;
    }
    ad_shape shape = AD_SHAPE((int64_t)bytes);
    ad_node_plan plan = {.type = AD_U8, .shape = &shape, .count = bytes};
    ad_node *n = ad_tape_plan(t, &plan);
    if (!n)
        return NULL;
    n->label = "memory";
    n->flags |= AD_NODE_MEMORY;
    ad_tape_keep(t, n);
    return n->data;
}

void *ad_tape_memory(ad_tape *t, size_t bytes)
{
    if (!t || !ad_tape_enter(t, "memory"))
        return NULL;
    void *memory = room_on_tape(t, bytes);
    ad_tape_leave(t);
    return memory;
}
