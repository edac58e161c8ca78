/* Views of some of the numbers, or in another order: slice, flip; and slice_assign, split and
 * unstack, which slice. */
#include "adze/op.h"
#include "adze/ops.h"
#include "kernels/map.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "ops/refuse.h"
#include "ops/shape/view.h"
#include "tape/apply.h"
#include "tape/failure.h"

#include <stdio.h>

/* Moves y's data by some elements, if there are any to look at. */
static void look_from(ad_view *y, int64_t offset)
{
    if (ad_view_count(y) > 0)
        y->data = (const char *)y->data + offset * (int64_t)ad_type_size(y->type);
}

/* ---- slice ------------------------------------------------------------------------- */

typedef struct slice_attr {
    int64_t begin, count, step;
    int axis;
} slice_attr;

static const char *slice_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const slice_attr *s = attr;
    *y = *x;
    y->dim[s->axis] = s->count;
    return NULL;
}

static bool slice_view(const ad_view *x, const void *attr, ad_view *y)
{
    const slice_attr *s = attr;
    int64_t stride = x->stride[s->axis];
    y->stride[s->axis] = stride * s->step;
    look_from(y, s->begin * stride);
    return true;
}

AD_VIEW_OP(slice, sizeof(slice_attr), ad_view_pullback,
           "dx = g at the elements that were taken, 0 elsewhere")

/* Indices from which and up to which, counted from 0, and how many are taken. False if they are
 * beyond the extent, or the wrong way round. A step for less than two elements is never taken. */
static bool fix_range(slice_attr *s, int64_t extent, int64_t begin, int64_t end)
{
    bool back = s->step < 0;
    int64_t first = begin == AD_OPEN ? (back ? extent - 1 : 0) : begin + (begin < 0 ? extent : 0);
    int64_t last = end == AD_OPEN ? (back ? -1 : extent) : end + (end < 0 ? extent : 0);
    if (back ? (end != AD_OPEN && last < 0) || last > first || first >= extent
             : first < 0 || first > last || last > extent)
        return false;
    uint64_t length = (uint64_t)(back ? first - last : last - first);
    uint64_t step = back ? -(uint64_t)s->step : (uint64_t)s->step;
    s->begin = first;
    s->count = length ? (int64_t)((length - 1) / step + 1) : 0;
    s->step = s->count < 2 ? 1 : s->step;
    return true;
}

static const char *index_text(int64_t index, char text[32])
{
    if (index == AD_OPEN)
        return "open";
    snprintf(text, 32, "%lld", (long long)index);
    return text;
}

static void refuse_range(const char *op, ad_tensor x, const ad_shape *shape, const slice_attr *s,
                         int64_t begin, int64_t end)
{
    char text[64], from[32], to[32], steps[64] = "";
    if (s->step != 1)
        snprintf(steps, sizeof steps, " in steps of %lld", (long long)s->step);
    ad_tape_fail(
        x.tape, AD_BAD_SHAPE,
        "%s(%s): %s to %s%s is not a range of axis %d (unlike Python's, ranges are not clipped)",
        op, ad_shape_print(shape, text, sizeof text), index_text(begin, from), index_text(end, to),
        steps, s->axis);
}

ad_tensor ad_slice_step(ad_tensor x, int axis, int64_t begin, int64_t end, int64_t step)
{
    AD_DOOR(x.tape, "slice", ad_dead(x));
    ad_shape shape = ad_shape_of(x);
    slice_attr s = {.step = step};
    if (!ad_axis_fix("slice", x, &axis, shape.rank))
        return ad_dead(x);
    s.axis = axis;
    if (step == 0) {
        ad_tape_fail(x.tape, AD_MISUSE, "slice: the step must not be 0");
        return ad_dead(x);
    }
    if (shape.rank >= 0 && !fix_range(&s, shape.dim[axis], begin, end)) {
        refuse_range("slice", x, &shape, &s, begin, end);
        return ad_dead(x);
    }
    return ad_apply(&slice_op, &x, &s);
}

ad_tensor ad_slice(ad_tensor x, int axis, int64_t begin, int64_t end)
{
    return ad_slice_step(x, axis, begin, end, 1);
}

/* ---- slice_assign ------------------------------------------------------------------ */

static const char *slice_assign_type(const ad_type *x, const void *attr, ad_type *y)
{
    (void)attr;
    *y = x[0];
    return x[0] == x[1] ? NULL : "x and the values must have one type (ad_cast converts)";
}

static const char *slice_assign_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    slice_shape(x, attr, y);
    bool fits = ad_shape_equal(y, &x[1]);
    *y = x[0];
    return fits ? NULL : "the values must have the shape of ad_slice(x, axis, begin, end)";
}

AD_FORM(slice_assign, 2, slice_assign_type, slice_assign_shape)

ad_tensor ad_slice_assign(ad_tensor x, ad_tensor values, int axis, int64_t begin, int64_t end)
{
    AD_DOOR(x.tape, "slice_assign", ad_dead(x));
    ad_shape shape = ad_shape_of(x);
    slice_attr s = {.step = 1};
    if (!ad_axis_fix("slice_assign", x, &axis, shape.rank))
        return ad_dead(x);
    s.axis = axis;
    if (shape.rank >= 0 && !fix_range(&s, shape.dim[axis], begin, end)) {
        refuse_range("slice_assign", x, &shape, &s, begin, end);
        return ad_dead(x);
    }
    if (!ad_fits(&slice_assign, (ad_tensor[]){x, values}, &s))
        return ad_dead(x);
    ad_tensor parts[] = {ad_slice(x, axis, 0, s.begin), values,
                         ad_slice(x, axis, s.begin + s.count, shape.dim[axis])};
    return ad_concat(3, parts, axis);
}

/* ---- flip -------------------------------------------------------------------------- */

static bool flip_view(const ad_view *x, const void *attr, ad_view *y)
{
    int64_t offset = 0;
    for (int i = 0; i < x->shape.rank; i++)
        if (*(const unsigned *)attr >> i & 1 && x->shape.dim[i] > 1) {
            offset += (x->shape.dim[i] - 1) * x->stride[i];
            y->stride[i] = -x->stride[i];
        }
    look_from(y, offset);
    return true;
}

#define flip_shape ad_shape_first
AD_VIEW_OP(flip, sizeof(unsigned), ad_view_pullback, "dx = g, flipped")

ad_tensor ad_flip(ad_tensor x, ad_axes axes)
{
    AD_DOOR(x.tape, "flip", ad_dead(x));
    unsigned mask;
    if (!ad_axes_fix("flip", x, &axes, &mask))
        return ad_dead(x);
    return ad_apply(&flip_op, &x, &mask);
}

/* ---- split and unstack ------------------------------------------------------------- */

/* The caller's result after a failure, which is on x's tape. */
static ad_status none_of(ad_tensor x, int n, ad_tensor *y)
{
    for (int i = 0; y && i < n; i++)
        y[i] = ad_dead(x);
    ad_status status = x.tape ? ad_tape_status(x.tape) : AD_MISUSE;
    return status == AD_OK ? AD_STALE : status;
}

AD_FORM(split, 1, ad_type_first, ad_shape_first)
AD_FORM(unstack, 1, ad_type_first, ad_shape_first)

/* Whether x can be cut into n pieces along the axis, which is made a plain number. */
static bool can_cut(const ad_op *form, ad_tensor x, int n, int *axis, const ad_tensor *y)
{
    if (!y || n < 1) {
        ad_tape_fail(x.tape, AD_MISUSE, "%s: %s", form->name,
                     y ? "there must be at least one piece" : "y is NULL");
        return false;
    }
    return ad_fits(form, &x, NULL) && ad_axis_fix(form->name, x, axis, ad_shape_of(x).rank);
}

static bool pieces_fit(ad_tensor x, int n, const int64_t *extents, int axis)
{
    ad_shape shape = ad_shape_of(x);
    int64_t left = shape.dim[axis];
    if (!extents && left % n == 0)
        return true;
    for (int i = 0; extents && i < n && left >= 0; i++)
        left = extents[i] < 0 || extents[i] > left ? -1 : left - extents[i];
    if (extents && left == 0)
        return true;
    if (extents)
        ad_refuse(AD_BAD_SHAPE, "split", 1, &x,
                  "the pieces do not add up to %lld, the axis's extent",
                  (long long)shape.dim[axis]);
    else
        ad_refuse(AD_BAD_SHAPE, "split", 1, &x,
                  "the axis, of extent %lld, does not divide into %d equal pieces",
                  (long long)shape.dim[axis], n);
    return false;
}

ad_status ad_split(ad_tensor x, int axis, int n, const int64_t *extents, ad_tensor *y)
{
    AD_DOOR(x.tape, "split", none_of(x, n, y));
    if (!can_cut(&split, x, n, &axis, y) || !pieces_fit(x, n, extents, axis))
        return none_of(x, n, y);
    int64_t extent = ad_shape_of(x).dim[axis], at = 0;
    for (int i = 0; i < n; i++) {
        int64_t end = at + (extents ? extents[i] : extent / n);
        y[i] = ad_slice(x, axis, at, end);
        at = end;
    }
    return ad_tape_status(x.tape) == AD_OK ? AD_OK : none_of(x, n, y);
}

ad_status ad_unstack(ad_tensor x, int axis, int n, ad_tensor *y)
{
    AD_DOOR(x.tape, "unstack", none_of(x, n, y));
    if (!can_cut(&unstack, x, n, &axis, y))
        return none_of(x, n, y);
    ad_shape shape = ad_shape_of(x);
    if (shape.dim[axis] != n) {
        char text[64];
        ad_tape_fail(x.tape, AD_BAD_SHAPE, "unstack(%s): axis %d does not have extent %d",
                     ad_shape_print(&shape, text, sizeof text), axis, n);
        return none_of(x, n, y);
    }
    for (int i = 0; i < n; i++)
        y[i] = ad_squeeze(ad_slice(x, axis, i, i + 1), axis);
    return ad_tape_status(x.tape) == AD_OK ? AD_OK : none_of(x, n, y);
}

const ad_op *const ad_slice_ops[] = {&slice_op, &flip_op, NULL};
