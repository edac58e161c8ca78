/* Putting tensors together and picking from them: concat, stack, gather.
 *
 * All three move runs of numbers that lie together. concat and stack see each operand and the result
 * as `outer` rows; gather sees its operand as outer x extent x inner. */
#include "adze/ops.h"
#include "ops/axes.h"
#include "ops/families.h"

#include <string.h>

static const char *first_type(const ad_type *x, const void *attr, ad_type *y)
{
    const int *count = attr;
    *y = x[0];
    for (int i = 1; i < *count; i++)
        if (x[i] != x[0])
            return "operands must have one type (ad_cast converts)";
    return NULL;
}

/* The product of the extents from one axis up to another. */
static size_t extent_of(const ad_shape *shape, int from, int to)
{
    size_t n = 1;
    for (int i = from; i < to; i++)
        n *= (size_t)shape->dim[i];
    return n;
}

/* to[i] += from[i] */
static void add_run(ad_type type, size_t n, const void *from, void *to)
{
    for (size_t i = 0; i < n; i++)
        if (type == AD_F32)
            ((float *)to)[i] += ((const float *)from)[i];
        else
            ((double *)to)[i] += ((const double *)from)[i];
}

/* ---- concat and stack -------------------------------------------------------------- */

typedef struct join_attr {
    int count; /* of operands */
    int axis;
} join_attr;

static const char *concat_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const join_attr *j = attr;
    *y = x[0];
    for (int i = 1; i < j->count; i++) {
        if (x[i].rank != x[0].rank)
            return "operands must have one rank";
        for (int k = 0; k < x[0].rank; k++)
            if (k != j->axis && x[i].dim[k] != x[0].dim[k])
                return "shapes must be equal but for the axis";
        if (y->dim[j->axis] > INT64_MAX - x[i].dim[j->axis])
            return "the result is too large";
        y->dim[j->axis] += x[i].dim[j->axis];
    }
    return NULL;
}

static const char *stack_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const join_attr *j = attr;
    if (x[0].rank == AD_MAX_RANK)
        return "the rank would pass 8";
    for (int i = 1; i < j->count; i++)
        if (!ad_shape_equal(&x[0], &x[i]))
            return "operands must have one shape";
    y->rank = x[0].rank + 1;
    for (int i = 0; i < y->rank; i++)
        y->dim[i] = i == j->axis ? j->count : x[0].dim[i - (i > j->axis)];
    return NULL;
}

/* How operand i lies in the result's rows: where it begins and how long its part is. */
typedef struct part {
    size_t outer, row, begin, length;
} part;

static part part_of(const ad_shape *y, const join_attr *j, const ad_shape *x, size_t begin)
{
    part p = {.outer = extent_of(y, 0, j->axis), .row = extent_of(y, j->axis, y->rank)};
    p.begin = begin;
    p.length = extent_of(x, j->axis, x->rank);
    return p;
}

static void join_forward(const ad_forward_args *c)
{
    size_t size = ad_type_size(c->y.type), begin = 0;
    for (int i = 0; i < c->arity; i++) {
        part p = part_of(&c->y.shape, c->attr, &c->x[i].shape, begin);
        for (size_t o = 0; o < p.outer; o++)
            memcpy((char *)c->y.data + (o * p.row + p.begin) * size,
                   (const char *)c->x[i].data + o * p.length * size, p.length * size);
        begin += p.length;
    }
}

static void join_pullback(const ad_pullback_args *c)
{
    size_t size = ad_type_size(c->dy.type), begin = 0;
    for (int i = 0; i < c->arity; i++) {
        part p = part_of(&c->dy.shape, c->attr, &c->x[i].shape, begin);
        for (size_t o = 0; c->dx[i].data && o < p.outer; o++)
            add_run(c->dy.type, p.length, (const char *)c->dy.data + (o * p.row + p.begin) * size,
                    (char *)c->dx[i].data + o * p.length * size);
        begin += p.length;
    }
}

static void join_jvp(const ad_jvp_args *c)
{
    size_t size = ad_type_size(c->ty.type), begin = 0;
    for (int i = 0; i < c->arity; i++) {
        part p = part_of(&c->ty.shape, c->attr, &c->x[i].shape, begin);
        for (size_t o = 0; o < p.outer; o++) {
            char *to = (char *)c->ty.data + (o * p.row + p.begin) * size;
            if (c->tx[i].data)
                memcpy(to, (const char *)c->tx[i].data + o * p.length * size, p.length * size);
            else
                memset(to, 0, p.length * size);
        }
        begin += p.length;
    }
}

#define JOIN_OP(op)                     \
    static const ad_op op##_op = {      \
        .name = #op,                    \
        .arity = AD_VARIADIC,           \
        .flags = AD_OP_LINEAR,          \
        .attr_size = sizeof(join_attr), \
        .type = first_type,             \
        .shape = op##_shape,            \
        .forward = join_forward,        \
        .pullback = join_pullback,      \
        .jvp = join_jvp,                \
    };

JOIN_OP(concat)
JOIN_OP(stack)

static ad_tensor join(const ad_op *op, const ad_tensor *x, int n, int axis, int grown)
{
    join_attr j = {n, axis};
    if (x && n > 0) {
        int rank = ad_shape_of_tensor(x[0]).rank;
        if (!ad_axis_fix(op->name, x[0], &j.axis, rank < 0 ? rank : rank + grown))
            return ad_dead_like(x[0]);
    }
    return ad_apply_n(op, n, x, &j);
}

ad_tensor ad_concat(const ad_tensor *x, int n, int axis)
{
    return join(&concat_op, x, n, axis, 0);
}

ad_tensor ad_stack(const ad_tensor *x, int n, int axis)
{
    return join(&stack_op, x, n, axis, 1);
}

/* ---- gather ------------------------------------------------------------------------ */

static const char *gather_type(const ad_type *x, const void *attr, ad_type *y)
{
    (void)attr;
    *y = x[0];
    bool integer = x[1] == AD_I32 || x[1] == AD_I64 || x[1] == AD_U8;
    return integer ? NULL : "the index must be i32, i64 or u8";
}

static const char *gather_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    int axis = *(const int *)attr, at = 0;
    if (x[0].rank - 1 + x[1].rank > AD_MAX_RANK)
        return "the rank would pass 8";
    for (int i = 0; i < axis; i++)
        y->dim[at++] = x[0].dim[i];
    for (int i = 0; i < x[1].rank; i++)
        y->dim[at++] = x[1].dim[i];
    for (int i = axis + 1; i < x[0].rank; i++)
        y->dim[at++] = x[0].dim[i];
    y->rank = at;
    return NULL;
}

static int64_t index_at(const ad_view *index, size_t i)
{
    return index->type == AD_I32   ? ((const int32_t *)index->data)[i]
           : index->type == AD_I64 ? ((const int64_t *)index->data)[i]
                                   : ((const uint8_t *)index->data)[i];
}

static void gather_check(const ad_forward_args *c)
{
    int64_t extent = c->x[0].shape.dim[*(const int *)c->attr];
    size_t n = ad_view_count(&c->x[1]);
    for (size_t i = 0; i < n; i++) {
        int64_t k = index_at(&c->x[1], i);
        if (k < 0 || k >= extent) {
            ad_reject(c->work, AD_DOMAIN, "index[%zu] = %lld is not in [0, %lld)", i, (long long)k,
                      (long long)extent);
            return;
        }
    }
}

/* A run of inner numbers of the operand at x and of the result at y, in elements. */
typedef void visit_run(void *user, size_t x, size_t y, size_t inner);

static void for_picked(const ad_shape *x, const ad_view *index, int axis, visit_run *visit,
                       void *user)
{
    size_t outer = extent_of(x, 0, axis), extent = (size_t)x->dim[axis];
    size_t inner = extent_of(x, axis + 1, x->rank), n = ad_view_count(index);
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < n; i++)
            visit(user, (o * extent + (size_t)index_at(index, i)) * inner, (o * n + i) * inner,
                  inner);
}

typedef struct runs {
    ad_type type;
    const char *from;
    char *to;
} runs;

static void copy_picked(void *user, size_t x, size_t y, size_t inner)
{
    const runs *r = user;
    size_t size = ad_type_size(r->type);
    memcpy(r->to + y * size, r->from + x * size, inner * size);
}

static void add_picked(void *user, size_t x, size_t y, size_t inner)
{
    const runs *r = user;
    size_t size = ad_type_size(r->type);
    add_run(r->type, inner, r->from + y * size, r->to + x * size);
}

static void gather_forward(const ad_forward_args *c)
{
    runs r = {c->y.type, c->x[0].data, c->y.data};
    for_picked(&c->x[0].shape, &c->x[1], *(const int *)c->attr, copy_picked, &r);
}

static void gather_pullback(const ad_pullback_args *c)
{
    runs r = {c->dy.type, c->dy.data, c->dx[0].data};
    if (r.to)
        for_picked(&c->x[0].shape, &c->x[1], *(const int *)c->attr, add_picked, &r);
}

static void gather_jvp(const ad_jvp_args *c)
{
    runs r = {c->ty.type, c->tx[0].data, c->ty.data};
    for_picked(&c->x[0].shape, &c->x[1], *(const int *)c->attr, copy_picked, &r);
}

static const ad_op gather_op = {
    .name = "gather",
    .arity = 2,
    .flags = AD_OP_LINEAR,
    .attr_size = sizeof(int),
    .type = gather_type,
    .shape = gather_shape,
    .check = gather_check,
    .forward = gather_forward,
    .pullback = gather_pullback,
    .jvp = gather_jvp,
};

ad_tensor ad_gather(ad_tensor x, ad_tensor index, int axis)
{
    if (!ad_axis_fix("gather", x, &axis, ad_shape_of_tensor(x).rank))
        return ad_dead_like(x);
    return ad_apply(&gather_op, (ad_tensor[]){x, index}, &axis);
}

const ad_op *const ad_index_ops[] = {&concat_op, &stack_op, &gather_op, NULL};
