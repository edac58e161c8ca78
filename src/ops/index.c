/* Putting tensors together and picking from them: concat, stack, gather.
 *
 * All three move runs of numbers that lie together. concat and stack see each operand and the result
 * as `outer` rows; gather sees its operand as outer x extent x inner. */
#include "adze/ops.h"
#include "core/convert.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "ops/map.h"

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

/* Runs of one number are the commonest, and a copy of known length is a single move. */
static void copy_run(size_t bytes, const void *from, void *to)
{
    if (bytes == 4)
        memcpy(to, from, 4);
    else if (bytes == 8)
        memcpy(to, from, 8);
    else
        memcpy(to, from, bytes);
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
    if (x[0].rank == 0)
        return "operands need an axis (ad_stack makes one)";
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
            copy_run(p.length * size, (const char *)c->x[i].data + o * p.length * size,
                     (char *)c->y.data + (o * p.row + p.begin) * size);
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
                copy_run(p.length * size, (const char *)c->tx[i].data + o * p.length * size, to);
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

/* The axis counts in the first operand that has a shape: plain numbers have none yet. */
static ad_tensor join(const ad_op *op, const ad_tensor *x, int n, int axis, int grown)
{
    join_attr j = {n, axis};
    int rank = -1;
    for (int i = 0; x && i < n && rank < 0; i++) {
        rank = ad_shape_of_tensor(x[i]).rank;
        if (rank >= 0 && !ad_axis_fix(op->name, x[i], &j.axis, rank + grown))
            return ad_dead_like(x[i]);
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
    if (x[0].rank == 0)
        return "there is no axis to pick along";
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

typedef struct picks {
    size_t outer, extent, inner, count;
    const int64_t *at; /* [count]; NULL when memory ran out */
} picks;

static picks picks_of(ad_workspace *work, const ad_view *x, int axis)
{
    const ad_shape *shape = &x[0].shape;
    picks p = {extent_of(shape, 0, axis), (size_t)shape->dim[axis],
               extent_of(shape, axis + 1, shape->rank), ad_view_count(&x[1]), x[1].data};
    if (x[1].type == AD_I64)
        return p;
    int64_t *at = ad_scratch(work, p.count * sizeof *at);
    if (at)
        ad_convert(p.count, x[1].type, x[1].data, AD_I64, at);
    p.at = at;
    return p;
}

static void gather_check(const ad_forward_args *c)
{
    picks p = picks_of(c->work, c->x, *(const int *)c->attr);
    for (size_t i = 0; p.at && i < p.count; i++)
        if (p.at[i] < 0 || p.at[i] >= (int64_t)p.extent) {
            ad_reject(c->work, AD_DOMAIN, "index[%zu] = %lld is not in [0, %zu)", i,
                      (long long)p.at[i], p.extent);
            return;
        }
}

static void copy_picked(const picks *p, size_t size, const void *x, void *y)
{
    size_t run = p->inner * size;
    char *to = y;
    for (size_t o = 0; p->at && o < p->outer; o++) {
        const char *from = (const char *)x + o * p->extent * run;
        for (size_t i = 0; i < p->count; i++, to += run)
            copy_run(run, from + (size_t)p->at[i] * run, to);
    }
}

static void gather_forward(const ad_forward_args *c)
{
    picks p = picks_of(c->work, c->x, *(const int *)c->attr);
    copy_picked(&p, ad_type_size(c->y.type), c->x[0].data, c->y.data);
}

static void gather_jvp(const ad_jvp_args *c)
{
    picks p = picks_of(c->work, c->x, *(const int *)c->attr);
    copy_picked(&p, ad_type_size(c->ty.type), c->tx[0].data, c->ty.data);
}

/* Sums for the places along the axis that were picked, each `inner` numbers. They are f64, since
 * one place may be picked millions of times. */
typedef struct picked {
    size_t count;
    size_t *place; /* [count] along the axis */
    size_t *slot;  /* [extent] place[slot[k]] is k, where k was picked */
    double *sums;  /* [count, inner] */
} picked;

static bool list_picked(ad_workspace *work, const picks *p, picked *l)
{
    size_t most = p->count < p->extent ? p->count : p->extent;
    l->count = 0;
    l->place = ad_scratch(work, most * sizeof *l->place);
    l->slot = ad_scratch(work, p->extent * sizeof *l->slot);
    if (!l->place || !l->slot || !p->at)
        return false;
    for (size_t k = 0; k < p->extent; k++)
        l->slot[k] = most;
    for (size_t i = 0; i < p->count; i++) {
        size_t k = (size_t)p->at[i];
        if (l->slot[k] == most) {
            l->place[l->count] = k;
            l->slot[k] = l->count++;
        }
    }
    l->sums = ad_scratch(work, l->count * p->inner * sizeof *l->sums);
    return l->sums != NULL;
}

/* Adds up dy, [count, inner], in index order. */
#define SUM_PICKED(name, T)                                           \
    static void name(const picks *p, const picked *l, const void *dy) \
    {                                                                 \
        const T *from = dy;                                           \
        memset(l->sums, 0, l->count * p->inner * sizeof *l->sums);    \
        for (size_t i = 0; i < p->count; i++, from += p->inner) {     \
            double *sums = l->sums + l->slot[p->at[i]] * p->inner;    \
            for (size_t j = 0; j < p->inner; j++)                     \
                sums[j] += (double)from[j];                           \
        }                                                             \
    }

SUM_PICKED(sum_picked_f32, float)
SUM_PICKED(sum_picked_f64, double)

static void gather_pullback(const ad_pullback_args *c)
{
    picked l;
    if (!c->dx[0].data)
        return;
    picks p = picks_of(c->work, c->x, *(const int *)c->attr);
    if (!list_picked(c->work, &p, &l))
        return;
    ad_type type = c->dy.type;
    size_t run = p.inner * ad_type_size(type);
    for (size_t o = 0; o < p.outer; o++) {
        const char *dy = (const char *)c->dy.data + o * p.count * run;
        char *dx = (char *)c->dx[0].data + o * p.extent * run;
        (type == AD_F32 ? sum_picked_f32 : sum_picked_f64)(&p, &l, dy);
        for (size_t k = 0; k < l.count; k++)
            ad_store_sums(p.inner, l.sums + k * p.inner, type, dx + l.place[k] * run, true);
    }
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
