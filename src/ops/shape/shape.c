/* The same numbers in another shape: views, which cost nothing.
 *
 * A view rule turns strides into strides. It serves three times: for the operand's numbers; for
 * the operand's cotangent, to which dy is added through the view; and for its tangent. */
#include "adze/op.h"
#include "adze/ops.h"
#include "array/strided.h"
#include "kernels/map.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "ops/refuse.h"
#include "ops/shape/view.h"
#include "tape/apply.h"
#include "tape/failure.h"

#include <string.h>

/* "reshape([2, 3]): cannot become [4, 2], reason" on the tape. */
static ad_tensor refuse(const char *op, ad_tensor x, const ad_shape *wanted, const char *reason)
{
    char from[64], to[64];
    ad_shape shape = ad_shape_of(x);
    ad_tape_fail(x.tape, AD_BAD_SHAPE, "%s(%s): cannot become %s: %s", op,
                 ad_shape_print(&shape, from, sizeof from), ad_shape_print(wanted, to, sizeof to),
                 reason);
    return ad_dead(x);
}

/* ---- reshape, squeeze, expand ------------------------------------------------------ */

static const char *reshape_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    size_t before, after;
    *y = *(const ad_shape *)attr;
    if (ad_shape_count(x, &before) != AD_OK || ad_shape_count(y, &after) != AD_OK)
        return "the new shape is impossible";
    return before == after ? NULL : "the new shape has another number of elements";
}

static bool reshape_view(const ad_view *x, const void *attr, ad_view *y)
{
    (void)attr;
    ad_row_strides(&y->shape, y->stride);
    return ad_view_is_contiguous(x);
}

AD_VIEW_OP(reshape, sizeof(ad_shape), ad_view_pullback, "dx = g in x's shape")

/* Replaces a -1 by the extent that the others leave for it. NULL, or the reason why it cannot. */
static const char *fill_in(const ad_shape *x, ad_shape *shape)
{
    int open = -1;
    size_t all, others;
    if (shape->rank < 0 || shape->rank > AD_MAX_RANK)
        return "rank must be 0 to 8";
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dim[i] == -1 && open >= 0)
            return "only one extent may be -1";
        if (shape->dim[i] == -1)
            open = i;
    }
    if (open >= 0)
        shape->dim[open] = 1;
    if (ad_shape_count(shape, &others) != AD_OK || ad_shape_count(x, &all) != AD_OK)
        return "extents must be neither negative nor too large";
    if (open < 0)
        return all == others ? NULL : "the number of elements differs";
    shape->dim[open] = -1;
    if (others == 0 || all % others != 0)
        return "the elements do not divide among the other extents";
    shape->dim[open] = (int64_t)(all / others);
    return NULL;
}

ad_tensor ad_reshape(ad_tensor x, ad_shape shape)
{
    AD_DOOR(x.tape, "reshape", ad_dead(x));
    ad_shape from = ad_shape_of(x), wanted = shape;
    const char *wrong = from.rank >= 0 ? fill_in(&from, &shape) : NULL;
    return wrong ? refuse("reshape", x, &wanted, wrong) : ad_apply(&reshape_op, &x, &shape);
}

AD_FORM(flatten, 1, ad_type_first, ad_shape_first)

ad_tensor ad_flatten(ad_tensor x, int first, int last)
{
    AD_DOOR(x.tape, "flatten", ad_dead(x));
    ad_shape from = ad_shape_of(x), to = {.rank = 1, .dim = {1}};
    int rank = from.rank > 0 ? from.rank : 1;
    if (!ad_fits(&flatten, &x, NULL) || !ad_axis_fix("flatten", x, &first, rank) ||
        !ad_axis_fix("flatten", x, &last, rank))
        return ad_dead(x);
    if (first > last) {
        char text[64];
        ad_tape_fail(x.tape, AD_BAD_SHAPE, "flatten(%s): axis %d comes after axis %d",
                     ad_shape_print(&from, text, sizeof text), first, last);
        return ad_dead(x);
    }
    for (int i = to.rank = 0; i < from.rank; i++) {
        if (i <= first || i > last)
            to.dim[to.rank++] = from.dim[i];
        else
            to.dim[to.rank - 1] *= from.dim[i];
    }
    to.rank += from.rank == 0;
    return ad_apply(&reshape_op, &x, &to);
}

static const char *squeeze_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    int axis = *(const int *)attr;
    y->rank = x->rank - 1;
    for (int i = 0; i < y->rank; i++)
        y->dim[i] = x->dim[i + (i >= axis)];
    return x->dim[axis] == 1 ? NULL : "the axis to drop must have extent 1";
}

static bool squeeze_view(const ad_view *x, const void *attr, ad_view *y)
{
    int axis = *(const int *)attr;
    for (int i = 0; i < y->shape.rank; i++)
        y->stride[i] = x->stride[i + (i >= axis)];
    return true;
}

AD_VIEW_OP(squeeze, sizeof(int), ad_view_pullback, "dx = g in x's shape")

ad_tensor ad_squeeze(ad_tensor x, int axis)
{
    AD_DOOR(x.tape, "squeeze", ad_dead(x));
    ad_shape shape = ad_shape_of(x);
    if (!ad_axis_fix("squeeze", x, &axis, shape.rank))
        return ad_dead(x);
    if (shape.rank > 0 && shape.dim[axis] != 1)
        return ad_refuse(AD_BAD_SHAPE, "squeeze", 1, &x,
                         "axis %d, which is to be dropped, must have extent 1, not %lld", axis,
                         (long long)shape.dim[axis]);
    return ad_apply(&squeeze_op, &x, &axis);
}

static const char *expand_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    int axis = *(const int *)attr;
    if (x->rank == AD_MAX_RANK)
        return "the rank would exceed 8";
    y->rank = x->rank + 1;
    for (int i = 0; i < y->rank; i++)
        y->dim[i] = i == axis ? 1 : x->dim[i - (i > axis)];
    return NULL;
}

static bool expand_view(const ad_view *x, const void *attr, ad_view *y)
{
    int axis = *(const int *)attr;
    for (int i = 0; i < y->shape.rank; i++)
        y->stride[i] = i == axis ? 0 : x->stride[i - (i > axis)];
    return true;
}

AD_VIEW_OP(expand, sizeof(int), ad_view_pullback, "dx = g in x's shape")

ad_tensor ad_expand(ad_tensor x, int axis)
{
    AD_DOOR(x.tape, "expand", ad_dead(x));
    if (!ad_axis_fix("expand", x, &axis, ad_shape_of(x).rank + 1))
        return ad_dead(x);
    return ad_apply(&expand_op, &x, &axis);
}

/* ---- transpose, permute ------------------------------------------------------------ */

static const char *permute_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const ad_axes *order = attr;
    y->rank = x->rank;
    for (int i = 0; i < x->rank; i++)
        y->dim[i] = x->dim[order->axis[i]];
    return NULL;
}

static bool permute_view(const ad_view *x, const void *attr, ad_view *y)
{
    const ad_axes *order = attr;
    for (int i = 0; i < y->shape.rank; i++)
        y->stride[i] = x->stride[order->axis[i]];
    return true;
}

AD_VIEW_OP(permute, sizeof(ad_axes), ad_view_pullback, "dx = g, permuted back")

ad_tensor ad_permute(ad_tensor x, ad_axes order)
{
    AD_DOOR(x.tape, "permute", ad_dead(x));
    unsigned mask;
    ad_shape shape = ad_shape_of(x);
    if (!ad_axes_fix("permute", x, &order, &mask))
        return ad_dead(x);
    if (shape.rank >= 0 && order.count != shape.rank) {
        char text[64];
        ad_tape_fail(x.tape, AD_BAD_SHAPE, "permute(%s): the order names %d axes of %d",
                     ad_shape_print(&shape, text, sizeof text), order.count, shape.rank);
        return ad_dead(x);
    }
    return ad_apply(&permute_op, &x, &order);
}

static const char *transpose_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    (void)attr;
    *y = *x;
    if (x->rank < 2)
        return "needs a matrix, or a batch of them";
    y->dim[x->rank - 2] = x->dim[x->rank - 1];
    y->dim[x->rank - 1] = x->dim[x->rank - 2];
    return NULL;
}

static bool transpose_view(const ad_view *x, const void *attr, ad_view *y)
{
    (void)attr;
    int last = x->shape.rank - 1;
    y->stride[last] = x->stride[last - 1];
    y->stride[last - 1] = x->stride[last];
    return true;
}

AD_VIEW_OP(transpose, 0, ad_view_pullback, "dx = g, transposed")

ad_tensor ad_transpose(ad_tensor x)
{
    return ad_apply(&transpose_op, &x, NULL);
}

/* ---- broadcast_to ------------------------------------------------------------------ */

static const char *broadcast_to_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    ad_shape pair[2] = {*x, *(const ad_shape *)attr};
    if (ad_shape_count(&pair[1], NULL) != AD_OK)
        return "the new shape is impossible";
    if (ad_shape_broadcast(pair, NULL, y) || !ad_shape_equal(y, &pair[1]))
        return "does not broadcast to the new shape";
    return NULL;
}

static bool broadcast_to_view(const ad_view *x, const void *attr, ad_view *y)
{
    (void)attr;
    int shift = y->shape.rank - x->shape.rank;
    int64_t stride[AD_MAX_RANK];
    for (int i = 0; i < y->shape.rank; i++)
        stride[i] = i < shift || x->shape.dim[i - shift] == 1 ? 0 : x->stride[i - shift];
    memcpy(y->stride, stride, (size_t)y->shape.rank * sizeof *stride);
    return true;
}

/* An element that was repeated receives the sum of its copies' cotangents. */
static void broadcast_to_pullback(const ad_pullback_args *c)
{
    ad_map_into(c->work, &c->dy.shape, &ad_itself, 1, &c->dy, &c->dx[0], !c->assign[0]);
}

AD_VIEW_OP(broadcast_to, sizeof(ad_shape), broadcast_to_pullback,
           "dx = g, summed over the repetitions")

ad_tensor ad_broadcast_to(ad_tensor x, ad_shape shape)
{
    AD_DOOR(x.tape, "broadcast_to", ad_dead(x));
    ad_shape from = ad_shape_of(x), y;
    const char *wrong = from.rank >= 0 ? broadcast_to_shape(&from, &shape, &y) : NULL;
    return wrong ? refuse("broadcast_to", x, &shape, wrong)
                 : ad_apply(&broadcast_to_op, &x, &shape);
}

const ad_op *const ad_shape_ops[] = {
    &reshape_op, &squeeze_op, &expand_op, &permute_op, &transpose_op, &broadcast_to_op, NULL,
};
