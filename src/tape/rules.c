/* Common rules for operations of all families, and the copy that makes strided numbers
 * contiguous. */
#include "array/strided.h"
#include "tape/apply.h"
#include "tape/node.h"

#include <string.h>

ad_status ad_op_with_pullback(const ad_op *op, const char *name,
                              void (*pullback)(const ad_pullback_args *), ad_op *copy)
{
    ad_op own = {0};
    if (!op || !name || !pullback || !copy ||
        !ad_sized_read(&own, sizeof own, op, AD_OP_FIRST_SIZE))
        return AD_MISUSE;
    own.name = name;
    own.pullback = pullback;
    own.flags &= ~(unsigned)(AD_OP_ASSIGNS | AD_OP_LINEAR | AD_OP_NO_DERIVATIVE);
    own.jvp = NULL;
    own.curvature = NULL;
    memset(own.slope, 0, sizeof own.slope);
    memset(own.bend, 0, sizeof own.bend);
    own.derivative = NULL;
    return ad_sized_write(copy, &own, sizeof own, AD_OP_FIRST_SIZE) ? AD_OK : AD_MISUSE;
}

const char *ad_type_first(const ad_type *x, const void *attr, ad_type *y)
{
    (void)attr;
    *y = x[0];
    return NULL;
}

/* Axis by axis: a copy of the struct reads eight where few have just been written, and waits. */
const char *ad_shape_first(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    y->rank = x->rank;
    for (int i = x->rank - 1; i >= 0; i--)
        y->dim[i] = x->dim[i];
    return NULL;
}

const char *ad_shape_broadcast(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    int rank = x[0].rank > x[1].rank ? x[0].rank : x[1].rank;
    y->rank = rank;
    for (int i = 1; i <= rank; i++) {
        int64_t a = i <= x[0].rank ? x[0].dim[x[0].rank - i] : 1;
        int64_t b = i <= x[1].rank ? x[1].dim[x[1].rank - i] : 1;
        if (a != b && a != 1 && b != 1)
            return "shapes do not broadcast: aligned at the end, extents must be equal or 1";
        y->dim[rank - i] = a == 1 ? b : a;
    }
    return NULL;
}

/* ---- views ------------------------------------------------------------------------- */

static ad_view looked_at(const ad_op *op, const void *attr, ad_view x, const ad_shape *shape)
{
    ad_view y = x;
    y.shape = *shape;
    if (!op->view(&x, attr, &y))
        y.data = NULL;
    return y;
}

void ad_view_pullback(const ad_pullback_args *c)
{
    ad_array dx = c->dx[0]; /* wanted, as that of any single operand */
    ad_view target = looked_at(c->op, c->attr, ad_array_view(dx), &c->dy.shape);
    size_t bytes = ad_array_count(&dx) * ad_type_size(dx.type);
    bool whole = target.data == dx.data && ad_view_is_contiguous(&target) &&
                 ad_view_count(&target) == ad_array_count(&dx);
    if (!target.data) {
        ad_reject(c->work, AD_MISUSE, "the view rule failed on contiguous numbers");
    } else if (c->assign[0] && whole) {
        memcpy(dx.data, c->dy.data, bytes);
    } else {
        if (c->assign[0])
            memset(dx.data, 0, bytes);
        ad_strided_add(&target, c->dy.data);
    }
}

void ad_view_jvp(const ad_jvp_args *c)
{
    ad_view ty = looked_at(c->op, c->attr, c->tx[0], &c->ty.shape);
    if (ty.data)
        ad_strided_read(&ty, c->ty.data);
    else
        ad_reject(c->work, AD_MISUSE, "the view rule failed on contiguous numbers");
}

/* ---- the copy ---------------------------------------------------------------------- */

static void contiguous_forward(const ad_forward_args *c)
{
    ad_strided_read(&c->x[0], c->y.data);
}

static void contiguous_pullback(const ad_pullback_args *c)
{
    ad_view dx = ad_array_view(c->dx[0]);
    ad_strided_add(&dx, c->dy.data);
}

static void contiguous_jvp(const ad_jvp_args *c)
{
    ad_strided_read(&c->tx[0], c->ty.data);
}

const ad_op ad_contiguous_op = {
    .size = sizeof(ad_op),
    .name = "contiguous",
    .arity = 1,
    .flags = AD_OP_STRIDED | AD_OP_LINEAR,
    .type = ad_type_first,
    .shape = ad_shape_first,
    .forward = contiguous_forward,
    .pullback = contiguous_pullback,
    .jvp = contiguous_jvp,
};
