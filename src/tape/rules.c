/* What operations of any family are made of: the commonest rules, and the copy that makes numbers
 * at strides contiguous. */
#include "array/strided.h"
#include "tape/node.h"

ad_op ad_op_with_pullback(const ad_op *op, const char *name,
                          void (*pullback)(const ad_pullback_args *))
{
    ad_op copy = {0};
    if (op)
        copy = *op;
    copy.name = name;
    copy.pullback = pullback;
    copy.flags &= ~(unsigned)(AD_OP_ASSIGNS | AD_OP_LINEAR | AD_OP_NO_DERIVATIVE);
    copy.jvp = NULL;
    copy.curvature = NULL;
    return copy;
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
    .name = "contiguous",
    .arity = 1,
    .flags = AD_OP_STRIDED | AD_OP_LINEAR,
    .type = ad_type_first,
    .shape = ad_shape_first,
    .forward = contiguous_forward,
    .pullback = contiguous_pullback,
    .jvp = contiguous_jvp,
};
