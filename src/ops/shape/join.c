/* Putting tensors together: concat and stack.
 *
 * Each operand and the result are seen as `outer` rows, made of runs of numbers that
 * lie together. */
#include "adze/op.h"
#include "adze/ops.h"
#include "kernels/axis.h"
#include "kernels/move.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "tape/failure.h"

static const char *first_type(const ad_type *x, const void *attr, ad_type *y)
{
    const int *count = attr;
    *y = x[0];
    for (int i = 1; i < *count; i++)
        if (x[i] != x[0])
            return "operands must have one type (ad_cast converts)";
    return NULL;
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
    if (x[0].rank == 0)
        return "operands need an axis (ad_stack makes one)";
    for (int i = 1; i < j->count; i++) {
        if (x[i].rank != x[0].rank)
            return "operands must have one rank";
        for (int k = 0; k < x[0].rank; k++)
            if (k != j->axis && x[i].dim[k] != x[0].dim[k])
                return "shapes must be equal except along the axis";
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
        return "the rank would exceed 8";
    for (int i = 1; i < j->count; i++)
        if (!ad_shape_equal(&x[0], &x[i]))
            return "operands must have one shape";
    y->rank = x[0].rank + 1;
    for (int i = 0; i < y->rank; i++)
        y->dim[i] = i == j->axis ? j->count : x[0].dim[i - (i > j->axis)];
    return NULL;
}

/* How an operand lies in the result's rows, which are as long as all parts together. */
typedef struct part {
    size_t outer, row, begin, length;
} part;

/* That of the next operand; *begin moves past it. */
static part next_part(const ad_shape *y, const join_attr *j, const ad_shape *x, size_t *begin)
{
    ad_axis_split s = ad_split_axis(y, j->axis);
    part p = {s.outer, s.extent * s.inner, *begin, ad_extent_of(x, j->axis, x->rank)};
    *begin += p.length;
    return p;
}

static void join_forward(const ad_forward_args *c)
{
    size_t size = ad_type_size(c->y.type), begin = 0;
    for (int i = 0; i < c->arity; i++) {
        part p = next_part(&c->y.shape, c->attr, &c->x[i].shape, &begin);
        for (size_t o = 0; o < p.outer; o++)
            ad_copy_run(p.length * size, (const char *)c->x[i].data + o * p.length * size,
                        (char *)c->y.data + (o * p.row + p.begin) * size);
    }
}

static void join_pullback(const ad_pullback_args *c)
{
    size_t size = ad_type_size(c->dy.type), begin = 0;
    for (int i = 0; i < c->arity; i++) {
        part p = next_part(&c->dy.shape, c->attr, &c->x[i].shape, &begin);
        for (size_t o = 0; c->wanted[i] && o < p.outer; o++)
            ad_add_run(c->dy.type, p.length,
                       (const char *)c->dy.data + (o * p.row + p.begin) * size,
                       (char *)c->dx[i].data + o * p.length * size);
    }
}

static void join_jvp(const ad_jvp_args *c)
{
    size_t size = ad_type_size(c->ty.type), begin = 0;
    for (int i = 0; i < c->arity; i++) {
        part p = next_part(&c->ty.shape, c->attr, &c->x[i].shape, &begin);
        for (size_t o = 0; o < p.outer; o++) {
            char *to = (char *)c->ty.data + (o * p.row + p.begin) * size;
            if (c->tx[i].data)
                ad_copy_run(p.length * size, (const char *)c->tx[i].data + o * p.length * size, to);
            else
                memset(to, 0, p.length * size);
        }
    }
}

#define JOIN_OP(op)                                                \
    static const ad_op op##_op = {                                 \
        .size = sizeof(ad_op),                                     \
        .name = #op,                                               \
        .arity = AD_VARIADIC,                                      \
        .flags = AD_OP_LINEAR,                                     \
        .attr_size = sizeof(join_attr),                            \
        .type = first_type,                                        \
        .shape = op##_shape,                                       \
        .forward = join_forward,                                   \
        .pullback = join_pullback,                                 \
        .jvp = join_jvp,                                           \
        .derivative = "dx[i] = the part of g that came from x[i]", \
    };

JOIN_OP(concat)
JOIN_OP(stack)

/* The axis counts in the first operand that has a shape: plain numbers have none yet. */
static ad_tensor join(const ad_op *op, const ad_tensor *x, int n, int axis, int grown)
{
    join_attr j = {n, axis};
    int rank = -1;
    AD_DOOR(x && n > 0 ? x[0].tape : NULL, op->name, ad_dead(x[0]));
    for (int i = 0; x && i < n && rank < 0; i++) {
        rank = ad_shape_of(x[i]).rank;
        if (rank >= 0 && !ad_axis_fix(op->name, x[i], &j.axis, rank + grown))
            return ad_dead(x[i]);
    }
    return ad_apply_n(op, n, x, &j);
}

ad_tensor ad_concat(int n, const ad_tensor *x, int axis)
{
    return join(&concat_op, x, n, axis, 0);
}

ad_tensor ad_stack(int n, const ad_tensor *x, int axis)
{
    return join(&stack_op, x, n, axis, 1);
}

const ad_op *const ad_join_ops[] = {&concat_op, &stack_op, NULL};
