/* Rearranging an axis: roll, tile, repeat, pad.
 *
 * Each makes a list of picks from the axis by a rule, and the rest is as with an index. A pick
 * below 0 takes nothing from it: pad's value stands there. */
#include "adze/op.h"
#include "adze/ops.h"
#include "array/convert.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "ops/index/picks.h"
#include "tape/failure.h"

typedef struct rearrange_attr {
    int axis;
    int64_t a, b; /* shift; times; or the widths before and after */
    double value; /* of the elements that pad adds */
} rearrange_attr;

/* ---- how long the axis becomes ----------------------------------------------------- */

static const char *roll_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    return x->rank ? ad_shape_first(x, attr, y) : "the operand needs an axis";
}

static const char *times_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const rearrange_attr *p = attr;
    int64_t extent = x->dim[p->axis];
    if (p->a < 0)
        return "the number of copies must not be negative";
    if (extent > 0 && p->a > INT64_MAX / extent)
        return "the result is too large";
    *y = *x;
    y->dim[p->axis] = extent * p->a;
    return NULL;
}

static const char *pad_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const rearrange_attr *p = attr;
    int64_t extent = x->dim[p->axis];
    if (p->a < 0 || p->b < 0)
        return "widths must not be negative (ad_slice makes an axis shorter)";
    if (p->a > INT64_MAX - extent || p->b > INT64_MAX - extent - p->a)
        return "the result is too large";
    *y = *x;
    y->dim[p->axis] = p->a + extent + p->b;
    return NULL;
}

static const char *pad_reflect_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const rearrange_attr *p = attr;
    int64_t extent = x->dim[p->axis];
    if ((p->a > 0 && p->a >= extent) || (p->b > 0 && p->b >= extent))
        return "an axis can only be reflected by less than its extent";
    return pad_shape(x, attr, y);
}

static const char *pad_symmetric_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const rearrange_attr *p = attr;
    int64_t extent = x->dim[p->axis];
    if (p->a > extent || p->b > extent)
        return "an axis can only be mirrored by its extent";
    return pad_shape(x, attr, y);
}

static const char *pad_edge_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const rearrange_attr *p = attr;
    if (x->dim[p->axis] == 0 && (p->a > 0 || p->b > 0))
        return "an empty axis has no edges";
    return pad_shape(x, attr, y);
}

/* ---- which picks ------------------------------------------------------------------- */

/* Room for `length` picks from an axis of x. */
static ad_picks open_picks(ad_workspace *work, const ad_view *x, int axis, int64_t length,
                           int64_t **at)
{
    ad_picks p = {ad_split_axis(&x->shape, axis), (size_t)length, NULL};
    p.at = *at = ad_scratch(work, p.count * sizeof **at);
    return p;
}

/* One line is one rule: the length of the axis, and what is picked for element i of it; n is its
 * extent in x, a and b are the attr's. */
#define PICKS(op, length, pick)                                                        \
    static ad_picks op##_picks(ad_workspace *work, const ad_view *x, const void *attr) \
    {                                                                                  \
        const rearrange_attr *p = attr;                                                \
        int64_t n = x->shape.dim[p->axis], a = p->a, b = p->b, *at;                    \
        ad_picks picks = open_picks(work, x, p->axis, length, &at);                    \
        (void)a, (void)b;                                                              \
        for (int64_t i = 0; at && i < (int64_t)picks.count; i++)                       \
            at[i] = pick;                                                              \
        return picks;                                                                  \
    }                                                                                  \
    static ad_picks_rule *const op##_rule = op##_picks;

#define INSIDE(i) ((i) < 0 ? 0 : (i) >= n ? n - 1 : (i))
#define MIRROR(i) ((i) < 0 ? -(i) : (i) >= n ? 2 * (n - 1) - (i) : (i))
#define DOUBLE(i) ((i) < 0 ? -1 - (i) : (i) >= n ? 2 * n - 1 - (i) : (i))

/* clang-format off */
PICKS(roll,        n,         (i - a % n + n) % n)
PICKS(tile,        n * a,     i % n)
PICKS(repeat,      n * a,     i / a)
PICKS(pad,         a + n + b, i < a || i - a >= n ? -1 : i - a)
PICKS(pad_reflect, a + n + b, MIRROR(i - a))
PICKS(pad_edge,    a + n + b, INSIDE(i - a))
PICKS(pad_symmetric, a + n + b, DOUBLE(i - a))
/* clang-format on */

/* ---- the ops ----------------------------------------------------------------------- */

static void pad_check(const ad_forward_args *c)
{
    double number, value = ((const rearrange_attr *)c->attr)->value;
    if (!ad_convert_number(value, c->x[0].type, &number))
        ad_reject(c->work, AD_DOMAIN, "%g is not a value of type %s", value,
                  ad_type_text(c->x[0].type));
}

static void rearrange_forward(const ad_forward_args *c)
{
    ad_picks_rule *const *picks = c->op->kernels;
    double number; /* room for any type */
    ad_picks p = (*picks)(c->work, c->x, c->attr);
    ad_convert_number(((const rearrange_attr *)c->attr)->value, c->y.type, &number);
    ad_picks_copy(&p, ad_type_size(c->y.type), c->x[0].data, &number, c->y.data);
}

#define REARRANGE_OP(op, shape_rule, check_rule, words) \
    static const ad_op op##_op = {                      \
        .size = sizeof(ad_op),                          \
        .name = #op,                                    \
        .arity = 1,                                     \
        .flags = AD_OP_LINEAR,                          \
        .attr_size = sizeof(rearrange_attr),            \
        .type = ad_type_first,                          \
        .shape = shape_rule,                            \
        .check = check_rule,                            \
        .forward = rearrange_forward,                   \
        .pullback = ad_picks_pullback,                  \
        .jvp = ad_picks_jvp,                            \
        .kernels = &op##_rule,                          \
        .derivative = words,                            \
    };

REARRANGE_OP(roll, roll_shape, NULL, "dx = g, rolled back")
REARRANGE_OP(tile, times_shape, NULL, "dx = the sum of g over the copies")
REARRANGE_OP(repeat, times_shape, NULL, "dx = the sum of g over the copies")
REARRANGE_OP(pad, pad_shape, pad_check, "dx = g without the added elements")
REARRANGE_OP(pad_reflect, pad_reflect_shape, NULL,
             "dx = g without the added elements, each of which is added to the one that it mirrors")
REARRANGE_OP(pad_symmetric, pad_symmetric_shape, NULL,
             "dx = g without the added elements, each of which is added to the one that it mirrors")
REARRANGE_OP(pad_edge, pad_edge_shape, NULL,
             "dx = g without the added elements, which are added to the first and the last")

static ad_tensor along(const ad_op *op, ad_tensor x, rearrange_attr p)
{
    AD_DOOR(x.tape, op->name, ad_dead(x));
    if (!ad_axis_fix(op->name, x, &p.axis, ad_shape_of(x).rank))
        return ad_dead(x);
    return ad_apply(op, &x, &p);
}

ad_tensor ad_roll(ad_tensor x, int axis, int64_t shift)
{
    return along(&roll_op, x, (rearrange_attr){axis, shift, 0, 0});
}

ad_tensor ad_tile(ad_tensor x, int axis, int64_t times)
{
    return along(&tile_op, x, (rearrange_attr){axis, times, 0, 0});
}

ad_tensor ad_repeat(ad_tensor x, int axis, int64_t times)
{
    return along(&repeat_op, x, (rearrange_attr){axis, times, 0, 0});
}

ad_tensor ad_pad(ad_tensor x, int axis, int64_t before, int64_t after, double value)
{
    return along(&pad_op, x, (rearrange_attr){axis, before, after, value});
}

ad_tensor ad_pad_reflect(ad_tensor x, int axis, int64_t before, int64_t after)
{
    return along(&pad_reflect_op, x, (rearrange_attr){axis, before, after, 0});
}

ad_tensor ad_pad_symmetric(ad_tensor x, int axis, int64_t before, int64_t after)
{
    return along(&pad_symmetric_op, x, (rearrange_attr){axis, before, after, 0});
}

ad_tensor ad_pad_edge(ad_tensor x, int axis, int64_t before, int64_t after)
{
    return along(&pad_edge_op, x, (rearrange_attr){axis, before, after, 0});
}

const ad_op *const ad_rearrange_ops[] = {
    &roll_op, &tile_op, &repeat_op, &pad_op, &pad_reflect_op, &pad_symmetric_op, &pad_edge_op, NULL,
};
