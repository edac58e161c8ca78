/* Adding along an axis where an index says: scatter_add. Its pullback to the updates
 * is a gather. */
#include "adze/op.h"
#include "adze/ops.h"
#include "kernels/move.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "ops/index/picks.h"
#include "tape/failure.h"

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
    for (size_t k = 0; k < p->axis.inner; k++)                               \
        ((ctype *)x)[to + k] = (ctype)((unsigned_type)((ctype *)x)[to + k] + \
                                       (unsigned_type)((const ctype *)y)[from + k]);

static void spread_integers(const ad_picks *p, ad_type type, const void *y, void *x)
{
    for (size_t o = 0; o < p->axis.outer; o++)
        for (size_t i = 0; i < p->count; i++) {
            size_t from = (o * p->count + i) * p->axis.inner;
            size_t to = (o * p->axis.extent + (size_t)p->at[i]) * p->axis.inner;
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

static const ad_op scatter_add_op = {
    .size = sizeof(ad_op),
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
    .derivative = "dx = g, dupdates = g where the index says",
};

ad_tensor ad_scatter_add(ad_tensor x, ad_tensor index, ad_tensor updates, int axis)
{
    AD_DOOR(x.tape, "scatter_add", ad_dead(x));
    if (!ad_axis_fix("scatter_add", x, &axis, ad_shape_of(x).rank))
        return ad_dead(x);
    return ad_apply(&scatter_add_op, (ad_tensor[]){x, index, updates}, &axis);
}

const ad_op *const ad_scatter_ops[] = {&scatter_add_op, NULL};
