/* Adding, and setting, along an axis where an index says: scatter_add, scatter_set. The pullback to
 * the updates is a gather. (scatter_lists.c has the least, the greatest and the product.) */
#include "ops/index/scatter.h"
#include "adze/op.h"
#include "adze/ops.h"
#include "kernels/move.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "tape/failure.h"

/* ---- common parts ------------------------------------------------------------------- */

const char *ad_scatter_type(const ad_type *x, const void *attr, ad_type *y)
{
    if (x[2] != x[0])
        return "x and the updates must have one type (ad_cast converts)";
    return ad_gather_type(x, attr, y);
}

const char *ad_scatter_numbers_type(const ad_type *x, const void *attr, ad_type *y)
{
    return x[0] == AD_BOOL ? "masks are not numbers (ad_scatter_set takes them)"
                           : ad_scatter_type(x, attr, y);
}

const char *ad_scatter_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const char *wrong = ad_gather_shape(x, attr, y);
    if (wrong)
        return wrong;
    bool fits = ad_shape_equal(y, &x[2]);
    *y = x[0];
    return fits ? NULL : "the updates must have the shape of ad_gather(x, index, axis)";
}

void ad_scatter_begin(const ad_view *x, const ad_array *y)
{
    size_t bytes = ad_array_count(y) * ad_type_size(y->type);
    if (bytes && x->data)
        memcpy(y->data, x->data, bytes);
    else if (bytes)
        memset(y->data, 0, bytes);
}

/* What does not fit the type is cut off, which is to wrap around. */
#define COMBINE(T)                             \
    for (size_t j = 0; j < p->axis.inner; j++) \
        ((T *)y)[to + j] =                     \
            (T)combine((int64_t)((T *)y)[to + j], (int64_t)((const T *)updates)[from + j]);

void ad_scatter_integers(const ad_picks *p, ad_combine *combine, ad_type type, const void *updates,
                         void *y)
{
    for (size_t o = 0; o < p->axis.outer; o++)
        for (size_t i = 0; i < p->count; i++) {
            size_t from = (o * p->count + i) * p->axis.inner;
            size_t to = (o * p->axis.extent + (size_t)p->at[i]) * p->axis.inner;
            if (type == AD_I32)
                COMBINE(int32_t)
            else if (type == AD_I64)
                COMBINE(int64_t)
            else
                COMBINE(uint8_t)
        }
}

ad_tensor ad_scatter_by(const ad_op *op, ad_tensor x, ad_tensor index, ad_tensor updates, int axis)
{
    AD_DOOR(x.tape, op->name, ad_dead(x));
    if (!ad_axis_fix(op->name, x, &axis, ad_shape_of(x).rank))
        return ad_dead(x);
    return ad_apply(op, (ad_tensor[]){x, index, updates}, &axis);
}

/* ---- scatter_add --------------------------------------------------------------------- */

/* Wraps around. */
static int64_t sum_of(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

/* y = x plus the updates, if they have data. */
static void add(ad_workspace *work, const ad_picks *p, const ad_view *x, const ad_view *updates,
                const ad_array *y)
{
    ad_scatter_begin(x, y);
    if (!p->at || !updates->data)
        return;
    if (ad_type_is_float(y->type))
        ad_picks_spread(work, p, y->type, updates->data, y->data);
    else
        ad_scatter_integers(p, sum_of, y->type, updates->data, y->data);
}

static void scatter_add_forward(const ad_forward_args *c)
{
    ad_picks p = ad_index_picks(c->work, c->x, c->attr);
    add(c->work, &p, &c->x[0], &c->x[2], &c->y);
}

static void scatter_add_jvp(const ad_jvp_args *c)
{
    ad_picks p = ad_index_picks(c->work, c->x, c->attr);
    add(c->work, &p, &c->tx[0], &c->tx[2], &c->ty);
}

static void scatter_add_pullback(const ad_pullback_args *c)
{
    ad_picks p = ad_index_picks(c->work, c->x, c->attr);
    size_t run = p.axis.inner * ad_type_size(c->dy.type);
    if (c->wanted[0])
        ad_add_run(c->dy.type, ad_view_count(&c->dy), c->dy.data, c->dx[0].data);
    if (!c->wanted[2] || !p.at)
        return;
    char *to = c->dx[2].data;
    for (size_t o = 0; o < p.axis.outer; o++)
        for (size_t i = 0; i < p.count; i++, to += run)
            ad_add_run(c->dy.type, p.axis.inner,
                       (const char *)c->dy.data + (o * p.axis.extent + (size_t)p.at[i]) * run, to);
}

AD_SCATTER_OP(ad_scatter_add, AD_OP_LINEAR, ad_scatter_numbers_type,
              "dx = g, dupdates = g where the index says", .forward = scatter_add_forward,
              .pullback = scatter_add_pullback, .jvp = scatter_add_jvp)

/* ---- scatter_set --------------------------------------------------------------------- */

/* y = x with the updates in place, or zeros where they have no data; in index order, so that the
 * last stays. */
static void set(const ad_picks *p, const ad_view *x, const ad_view *updates, const ad_array *y)
{
    size_t run = p->axis.inner * ad_type_size(y->type);
    const char *from = updates->data;
    ad_scatter_begin(x, y);
    for (size_t o = 0; p->at && o < p->axis.outer; o++)
        for (size_t i = 0; i < p->count; i++) {
            char *to = (char *)y->data + (o * p->axis.extent + (size_t)p->at[i]) * run;
            if (from)
                ad_copy_run(run, from + (o * p->count + i) * run, to);
            else
                memset(to, 0, run);
        }
}

static void scatter_set_forward(const ad_forward_args *c)
{
    ad_picks p = ad_index_picks(c->work, c->x, c->attr);
    set(&p, &c->x[0], &c->x[2], &c->y);
}

static void scatter_set_jvp(const ad_jvp_args *c)
{
    ad_picks p = ad_index_picks(c->work, c->x, c->attr);
    set(&p, &c->tx[0], &c->tx[2], &c->ty);
}

/* dy at an element of the axis goes to the update that stayed there, or to x. */
static void scatter_set_pullback(const ad_pullback_args *c)
{
    ad_picks p = ad_index_picks(c->work, c->x, c->attr);
    size_t n = p.axis.inner, run = n * ad_type_size(c->dy.type);
    size_t *last = ad_scratch(c->work, p.axis.extent * sizeof *last);
    if (!last || (p.count && !p.at))
        return;
    for (size_t k = 0; k < p.axis.extent; k++)
        last[k] = p.count; /* none */
    for (size_t i = 0; i < p.count; i++)
        last[p.at[i]] = i;
    const char *from = c->dy.data;
    for (size_t o = 0; o < p.axis.outer; o++)
        for (size_t k = 0; k < p.axis.extent; k++, from += run) {
            int which = last[k] < p.count ? 2 : 0;
            size_t to = which ? o * p.count + last[k] : o * p.axis.extent + k;
            if (c->wanted[which])
                ad_add_run(c->dy.type, n, from, (char *)c->dx[which].data + to * run);
        }
}

AD_SCATTER_OP(ad_scatter_set, AD_OP_LINEAR, ad_scatter_type,
              "dx = g where nothing was set, dupdates = g where the update stayed, 0 elsewhere",
              .forward = scatter_set_forward, .pullback = scatter_set_pullback,
              .jvp = scatter_set_jvp)

const ad_op *const ad_scatter_ops[] = {&ad_scatter_add_op, &ad_scatter_set_op, NULL};
