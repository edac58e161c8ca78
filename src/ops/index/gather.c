/* Picking along an axis by an index: gather, index_select, embedding, take_along_axis. */
#include "adze/op.h"
#include "adze/ops.h"
#include "array/convert.h"
#include "kernels/map.h"
#include "kernels/move.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "ops/index/picks.h"
#include "tape/failure.h"

/* ---- gather, index_select, embedding ----------------------------------------------- */

static ad_picks_rule *const gathers = ad_index_picks;

static void gather_forward(const ad_forward_args *c)
{
    ad_picks p = ad_index_picks(c->work, c->x, c->attr);
    ad_picks_copy(&p, ad_type_size(c->y.type), c->x[0].data, NULL, c->y.data);
}

static const char *index_select_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    return x[1].rank == 1 ? ad_gather_shape(x, attr, y) : "the index must be a vector";
}

/* The picks of derivatives are told by a rule. */
#define GATHER_OP(op, attr_type, shape_rule, check_rule, rule, words) \
    static const ad_op op##_op = {                                    \
        .size = sizeof(ad_op),                                        \
        .name = #op,                                                  \
        .arity = 2,                                                   \
        .flags = AD_OP_LINEAR,                                        \
        .attr_size = sizeof(attr_type),                               \
        .type = ad_gather_type,                                       \
        .shape = shape_rule,                                          \
        .check = check_rule,                                          \
        .forward = gather_forward,                                    \
        .pullback = ad_picks_pullback,                                \
        .jvp = ad_picks_jvp,                                          \
        .kernels = &(rule),                                           \
        .derivative = words,                                          \
    };

#define ADDED "dx = g, added where it was picked"
GATHER_OP(gather, int, ad_gather_shape, NULL, gathers, ADDED)
GATHER_OP(index_select, int, index_select_shape, NULL, gathers, ADDED)
GATHER_OP(embedding, int, ad_gather_shape, NULL, gathers, ADDED)

static ad_tensor pick(const ad_op *op, ad_tensor x, ad_tensor index, int axis)
{
    AD_DOOR(x.tape, op->name, ad_dead(x));
    if (!ad_axis_fix(op->name, x, &axis, ad_shape_of(x).rank))
        return ad_dead(x);
    return ad_apply(op, (ad_tensor[]){x, index}, &axis);
}

ad_tensor ad_gather(ad_tensor x, ad_tensor index, int axis)
{
    return pick(&gather_op, x, index, axis);
}

ad_tensor ad_index_select(ad_tensor x, ad_tensor index, int axis)
{
    return pick(&index_select_op, x, index, axis);
}

ad_tensor ad_embedding(ad_tensor table, ad_tensor index)
{
    return pick(&embedding_op, table, index, 0);
}

/* ---- embedding_padded --------------------------------------------------------------- */

typedef struct padded {
    int axis; /* 0; the rules of gather read it */
    int64_t padding;
} padded;

/* Without the padding, of which derivatives see nothing. */
static ad_picks unpadded_picks(ad_workspace *work, const ad_view *x, const void *attr)
{
    const padded *by = attr;
    ad_picks p = ad_index_picks(work, x, attr);
    int64_t *at = ad_scratch(work, p.count * sizeof *at);
    for (size_t i = 0; at && p.at && i < p.count; i++)
        at[i] = p.at[i] == by->padding ? -1 : p.at[i];
    p.at = p.at ? at : NULL;
    return p;
}

static ad_picks_rule *const unpadded = unpadded_picks;

static void padded_check(const ad_forward_args *c)
{
    int64_t padding = ((const padded *)c->attr)->padding, rows = c->x[0].shape.dim[0];
    if (padding < 0 || padding >= rows)
        ad_reject(c->work, AD_DOMAIN, "padding = %lld is not in [0, %lld)", (long long)padding,
                  (long long)rows);
}

GATHER_OP(embedding_padded, padded, ad_gather_shape, padded_check, unpadded,
          "dx = g, added where it was picked, but 0 in the row of the padding")

ad_tensor ad_embedding_padded(ad_tensor table, ad_tensor index, int64_t padding)
{
    return ad_apply(&embedding_padded_op, (ad_tensor[]){table, index}, &(padded){0, padding});
}

/* ---- take_along_axis --------------------------------------------------------------- */

static const char *take_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    int axis = *(const int *)attr;
    *y = x[1];
    if (x[0].rank == 0)
        return "the operand has no axis to pick along";
    if (x[0].rank != x[1].rank)
        return "the index must have the operand's rank";
    for (int i = 0; i < x[0].rank; i++)
        if (i != axis && x[0].dim[i] != x[1].dim[i])
            return "the index must have the operand's shape except along the axis";
    return NULL;
}

/* y[o, i, j] = x[o, at[o, i, j], j]. The picks are [outer, count, inner], each for itself. */
static void take(const ad_picks *p, size_t picks, size_t size, const void *x, void *y)
{
    const char *from = x;
    char *to = y;
    for (size_t o = 0, at = 0; p->at && o < p->axis.outer;
         o++, from += p->axis.extent * p->axis.inner * size)
        for (size_t i = 0; i < picks; i++)
            for (size_t j = 0; j < p->axis.inner; j++, at++, to += size)
                ad_copy_run(size, from + ((size_t)p->at[at] * p->axis.inner + j) * size, to);
}

static size_t picks_along(const ad_view *x, const void *attr)
{
    return (size_t)x[1].shape.dim[*(const int *)attr];
}

static void take_forward(const ad_forward_args *c)
{
    ad_picks p = ad_index_picks(c->work, c->x, c->attr);
    take(&p, picks_along(c->x, c->attr), ad_type_size(c->y.type), c->x[0].data, c->y.data);
}

static void take_jvp(const ad_jvp_args *c)
{
    ad_picks p = ad_index_picks(c->work, c->x, c->attr);
    take(&p, picks_along(c->x, c->attr), ad_type_size(c->ty.type), c->tx[0].data, c->ty.data);
}

static void take_pullback(const ad_pullback_args *c)
{
    if (!c->wanted[0])
        return;
    ad_picks p = ad_index_picks(c->work, c->x, c->attr);
    size_t plane = p.axis.extent * p.axis.inner, picks = picks_along(c->x, c->attr) * p.axis.inner,
           at = 0;
    double *sums = ad_scratch(c->work, plane * sizeof *sums);
    for (size_t o = 0; sums && p.at && o < p.axis.outer; o++) {
        memset(sums, 0, plane * sizeof *sums);
        for (size_t i = 0; i < picks; i++, at++)
            sums[(size_t)p.at[at] * p.axis.inner + i % p.axis.inner] +=
                ad_float_at(c->dy.type, c->dy.data, at);
        ad_store_sums(plane, sums, c->dy.type,
                      (char *)c->dx[0].data + o * plane * ad_type_size(c->dy.type), true);
    }
}

static const ad_op take_along_axis_op = {
    .size = sizeof(ad_op),
    .name = "take_along_axis",
    .arity = 2,
    .flags = AD_OP_LINEAR,
    .attr_size = sizeof(int),
    .type = ad_gather_type,
    .shape = take_shape,
    .forward = take_forward,
    .pullback = take_pullback,
    .jvp = take_jvp,
    .derivative = "dx = g, added where it was picked",
};

ad_tensor ad_take_along_axis(ad_tensor x, ad_tensor index, int axis)
{
    AD_DOOR(x.tape, "take_along_axis", ad_dead(x));
    if (!ad_axis_fix("take_along_axis", x, &axis, ad_shape_of(x).rank))
        return ad_dead(x);
    return ad_apply(&take_along_axis_op, (ad_tensor[]){x, index}, &axis);
}

const ad_op *const ad_gather_ops[] = {&gather_op,           &index_select_op,    &embedding_op,
                                      &embedding_padded_op, &take_along_axis_op, NULL};
