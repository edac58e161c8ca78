/* Indices for adding, for each element, and as vectors of 0 and 1: scatter_add, take_along_axis, one_hot.
 *
 * scatter_add's pullback to the updates is a gather; take_along_axis's adds each number where it came
 * from. */
#include "adze/op.h"
#include "adze/ops.h"
#include "array/convert.h"
#include "kernels/map.h"
#include "kernels/move.h"
#include "ops/axes.h"
#include "ops/index/index.h"

/* ---- scatter_add ------------------------------------------------------------------- */

static const char *scatter_add_type(const ad_type *x, const void *attr, ad_type *y)
{
    if (x[0] == AD_BOOL)
        return "masks cannot be added to";
    if (x[2] != x[0])
        return "x and the updates must have one type (ad_cast converts)";
    return ad_gather_type(x, attr, y);
}

static const char *scatter_add_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const char *wrong = ad_gather_shape(x, attr, y);
    if (wrong)
        return wrong;
    bool fits = ad_shape_equal(y, &x[2]);
    *y = x[0];
    return fits ? NULL : "the updates must have the shape of ad_gather(x, index, axis)";
}

static ad_picks scatter_picks(ad_workspace *work, const ad_view *x, const void *attr)
{
    return ad_picks_by(work, &x[0].shape, *(const int *)attr, &x[1]);
}

static void scatter_add_check(const ad_forward_args *c)
{
    ad_picks p = scatter_picks(c->work, c->x, c->attr);
    ad_picks_check(c->work, &p);
}

/* Integers wrap around, without undefined behaviour. */
#define ADD_INTEGERS(ctype, unsigned_type)                                   \
    for (size_t k = 0; k < p->inner; k++)                                    \
        ((ctype *)x)[to + k] = (ctype)((unsigned_type)((ctype *)x)[to + k] + \
                                       (unsigned_type)((const ctype *)y)[from + k]);

static void spread_integers(const ad_picks *p, ad_type type, const void *y, void *x)
{
    for (size_t o = 0; o < p->outer; o++)
        for (size_t i = 0; i < p->count; i++) {
            size_t from = (o * p->count + i) * p->inner;
            size_t to = (o * p->extent + (size_t)p->at[i]) * p->inner;
            if (type == AD_I32)
                ADD_INTEGERS(int32_t, uint32_t)
            else if (type == AD_I64)
                ADD_INTEGERS(int64_t, uint64_t)
            else
                ADD_INTEGERS(uint8_t, uint8_t)
        }
}

/* y = x, zeros where it has no data, plus the updates, if they have. */
static void scatter(ad_workspace *work, const ad_picks *p, const ad_view *x, const ad_view *updates,
                    const ad_array *y)
{
    size_t bytes = ad_array_count(y) * ad_type_size(y->type);
    if (bytes && x->data)
        memcpy(y->data, x->data, bytes);
    else if (bytes)
        memset(y->data, 0, bytes);
    if (!p->at || !updates->data)
        return;
    if (ad_type_is_float(y->type))
        ad_picks_spread(work, p, y->type, updates->data, y->data);
    else
        spread_integers(p, y->type, updates->data, y->data);
}

static void scatter_add_forward(const ad_forward_args *c)
{
    ad_picks p = scatter_picks(c->work, c->x, c->attr);
    scatter(c->work, &p, &c->x[0], &c->x[2], &c->y);
}

static void scatter_add_jvp(const ad_jvp_args *c)
{
    ad_picks p = scatter_picks(c->work, c->x, c->attr);
    scatter(c->work, &p, &c->tx[0], &c->tx[2], &c->ty);
}

static void scatter_add_pullback(const ad_pullback_args *c)
{
    ad_picks p = scatter_picks(c->work, c->x, c->attr);
    size_t run = p.inner * ad_type_size(c->dy.type);
    if (c->dx[0].data)
        ad_add_run(c->dy.type, ad_view_count(&c->dy), c->dy.data, c->dx[0].data);
    if (!c->dx[2].data || !p.at)
        return;
    char *to = c->dx[2].data;
    for (size_t o = 0; o < p.outer; o++)
        for (size_t i = 0; i < p.count; i++, to += run)
            ad_add_run(c->dy.type, p.inner,
                       (const char *)c->dy.data + (o * p.extent + (size_t)p.at[i]) * run, to);
}

const ad_op ad_scatter_add_op = {
    .name = "scatter_add",
    .arity = 3,
    .flags = AD_OP_LINEAR,
    .attr_size = sizeof(int),
    .type = scatter_add_type,
    .shape = scatter_add_shape,
    .check = scatter_add_check,
    .forward = scatter_add_forward,
    .pullback = scatter_add_pullback,
    .jvp = scatter_add_jvp,
};

ad_tensor ad_scatter_add(ad_tensor x, ad_tensor index, ad_tensor updates, int axis)
{
    if (!ad_axis_fix("scatter_add", x, &axis, ad_shape_of_tensor(x).rank))
        return ad_dead_like(x);
    return ad_apply(&ad_scatter_add_op, (ad_tensor[]){x, index, updates}, &axis);
}

/* ---- take_along_axis --------------------------------------------------------------- */

static const char *take_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    int axis = *(const int *)attr;
    *y = x[1];
    if (x[0].rank == 0)
        return "there is no axis to pick along";
    if (x[0].rank != x[1].rank)
        return "the index must have the operand's rank";
    for (int i = 0; i < x[0].rank; i++)
        if (i != axis && x[0].dim[i] != x[1].dim[i])
            return "the index must have the operand's shape but for the axis";
    return NULL;
}

/* The picks are [outer, count, inner], each for itself. */
static ad_picks take_picks(ad_workspace *work, const ad_view *x, const void *attr)
{
    return ad_picks_by(work, &x[0].shape, *(const int *)attr, &x[1]);
}

static void take_check(const ad_forward_args *c)
{
    ad_picks p = take_picks(c->work, c->x, c->attr);
    ad_picks_check(c->work, &p);
}

/* y[o, i, j] = x[o, at[o, i, j], j] */
static void take(const ad_picks *p, size_t picks, size_t size, const void *x, void *y)
{
    const char *from = x;
    char *to = y;
    for (size_t o = 0, at = 0; p->at && o < p->outer; o++, from += p->extent * p->inner * size)
        for (size_t i = 0; i < picks; i++)
            for (size_t j = 0; j < p->inner; j++, at++, to += size)
                ad_copy_run(size, from + ((size_t)p->at[at] * p->inner + j) * size, to);
}

static size_t picks_along(const ad_view *x, const void *attr)
{
    return (size_t)x[1].shape.dim[*(const int *)attr];
}

static void take_forward(const ad_forward_args *c)
{
    ad_picks p = take_picks(c->work, c->x, c->attr);
    take(&p, picks_along(c->x, c->attr), ad_type_size(c->y.type), c->x[0].data, c->y.data);
}

static void take_jvp(const ad_jvp_args *c)
{
    ad_picks p = take_picks(c->work, c->x, c->attr);
    take(&p, picks_along(c->x, c->attr), ad_type_size(c->ty.type), c->tx[0].data, c->ty.data);
}

static void take_pullback(const ad_pullback_args *c)
{
    if (!c->dx[0].data)
        return;
    ad_picks p = take_picks(c->work, c->x, c->attr);
    size_t plane = p.extent * p.inner, picks = picks_along(c->x, c->attr) * p.inner, at = 0;
    double *sums = ad_scratch(c->work, plane * sizeof *sums);
    for (size_t o = 0; sums && p.at && o < p.outer; o++) {
        memset(sums, 0, plane * sizeof *sums);
        for (size_t i = 0; i < picks; i++, at++)
            sums[(size_t)p.at[at] * p.inner + i % p.inner] +=
                c->dy.type == AD_F32 ? (double)((const float *)c->dy.data)[at]
                                     : ((const double *)c->dy.data)[at];
        ad_store_sums(plane, sums, c->dy.type,
                      (char *)c->dx[0].data + o * plane * ad_type_size(c->dy.type), true);
    }
}

const ad_op ad_take_along_axis_op = {
    .name = "take_along_axis",
    .arity = 2,
    .flags = AD_OP_LINEAR,
    .attr_size = sizeof(int),
    .type = ad_gather_type,
    .shape = take_shape,
    .check = take_check,
    .forward = take_forward,
    .pullback = take_pullback,
    .jvp = take_jvp,
};

ad_tensor ad_take_along_axis(ad_tensor x, ad_tensor index, int axis)
{
    if (!ad_axis_fix("take_along_axis", x, &axis, ad_shape_of_tensor(x).rank))
        return ad_dead_like(x);
    return ad_apply(&ad_take_along_axis_op, (ad_tensor[]){x, index}, &axis);
}

/* ---- one_hot ----------------------------------------------------------------------- */

typedef struct one_hot_attr {
    int64_t classes;
    ad_type type;
} one_hot_attr;

static const char *one_hot_type(const ad_type *x, const void *attr, ad_type *y)
{
    *y = ((const one_hot_attr *)attr)->type;
    if ((unsigned)*y >= AD_TYPE_COUNT)
        return "that is no number type";
    return ad_is_index_type(x[0]) ? NULL : "the index must be i32, i64 or u8";
}

static const char *one_hot_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    if (x->rank == AD_MAX_RANK)
        return "the rank would pass 8";
    *y = *x;
    y->dim[y->rank++] = ((const one_hot_attr *)attr)->classes;
    return NULL;
}

/* The index as picks of the classes. */
static ad_picks hot_places(const ad_forward_args *c)
{
    ad_shape classes = AD_SHAPE(((const one_hot_attr *)c->attr)->classes);
    return ad_picks_by(c->work, &classes, 0, &c->x[0]);
}

static void one_hot_check(const ad_forward_args *c)
{
    ad_picks p = hot_places(c);
    ad_picks_check(c->work, &p);
}

static void one_hot_forward(const ad_forward_args *c)
{
    double one; /* room for any type */
    size_t size = ad_type_size(c->y.type);
    ad_picks p = hot_places(c);
    ad_convert_number(1, c->y.type, &one);
    memset(c->y.data, 0, ad_array_count(&c->y) * size);
    for (size_t i = 0; p.at && i < p.count; i++)
        ad_copy_run(size, &one, (char *)c->y.data + (i * p.extent + (size_t)p.at[i]) * size);
}

const ad_op ad_one_hot_op = {
    .name = "one_hot",
    .arity = 1,
    .flags = AD_OP_NO_DERIVATIVE,
    .attr_size = sizeof(one_hot_attr),
    .type = one_hot_type,
    .shape = one_hot_shape,
    .check = one_hot_check,
    .forward = one_hot_forward,
};

ad_tensor ad_one_hot(ad_tensor index, int64_t classes, ad_type type)
{
    return ad_apply(&ad_one_hot_op, &index, &(one_hot_attr){classes, type});
}
