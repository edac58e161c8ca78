/* What operations of any family are made of: the commonest rules, and the copy that makes numbers
 * at strides contiguous. */
#include "array/strided.h"
#include "tape/apply.h"
#include "tape/node.h"

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
