/* Picking along an axis by a rule instead of an index: roll, tile, repeat, pad.
 *
 * Each makes a list of places of the axis, and the rest is gather's. A place below 0 is one that no
 * element goes to. */
#include "adze/op.h"
#include "adze/ops.h"
#include "array/convert.h"
#include "kernels/move.h"
#include "ops/axes.h"
#include "ops/index/index.h"

typedef struct places_attr {
    int axis;
    int64_t a, b; /* shift; times; or the widths before and after */
    double value; /* of what pad adds */
} places_attr;

/* ---- how long the axis becomes ----------------------------------------------------- */

static const char *roll_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    return x->rank ? ad_shape_first(x, attr, y) : "there is no axis";
}

static const char *times_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const places_attr *p = attr;
    int64_t extent = x->dim[p->axis];
    if (p->a < 0)
        return "there must be 0 or more copies";
    if (extent > 0 && p->a > INT64_MAX / extent)
        return "the result is too large";
    *y = *x;
    y->dim[p->axis] = extent * p->a;
    return NULL;
}

static const char *pad_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const places_attr *p = attr;
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
    const places_attr *p = attr;
    int64_t extent = x->dim[p->axis];
    if ((p->a > 0 && p->a >= extent) || (p->b > 0 && p->b >= extent))
        return "an axis can be reflected by less than its extent";
    return pad_shape(x, attr, y);
}

static const char *pad_edge_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const places_attr *p = attr;
    if (x->dim[p->axis] == 0 && (p->a > 0 || p->b > 0))
        return "an empty axis has no edges";
    return pad_shape(x, attr, y);
}

/* ---- which places ------------------------------------------------------------------ */

/* x -> the places; `length` of them. */
static ad_picks open_places(ad_workspace *work, const ad_view *x, int axis, int64_t length,
                            int64_t **at)
{
    const ad_shape *shape = &x->shape;
    ad_picks p = {ad_extent_of(shape, 0, axis), (size_t)shape->dim[axis],
                  ad_extent_of(shape, axis + 1, shape->rank), (size_t)length, NULL};
    p.at = *at = ad_scratch(work, p.count * sizeof **at);
    return p;
}

/* One line is one rule: the length of the axis, and the place for element i of it; n is its
 * extent in x, a and b are the attr's. */
#define PLACES(op, length, place)                                                       \
    static ad_picks op##_places(ad_workspace *work, const ad_view *x, const void *attr) \
    {                                                                                   \
        const places_attr *p = attr;                                                    \
        int64_t n = x->shape.dim[p->axis], a = p->a, b = p->b, *at;                     \
        ad_picks picks = open_places(work, x, p->axis, length, &at);                    \
        (void)a, (void)b;                                                               \
        for (int64_t i = 0; at && i < (int64_t)picks.count; i++)                        \
            at[i] = place;                                                              \
        return picks;                                                                   \
    }                                                                                   \
    static ad_places_rule *const op##_rule = op##_places;

#define INSIDE(i) ((i) < 0 ? 0 : (i) >= n ? n - 1 : (i))
#define MIRROR(i) ((i) < 0 ? -(i) : (i) >= n ? 2 * (n - 1) - (i) : (i))

/* clang-format off */
PLACES(roll,        n,         (i - a % n + n) % n)
PLACES(tile,        n * a,     i % n)
PLACES(repeat,      n * a,     i / a)
PLACES(pad,         a + n + b, i < a || i - a >= n ? -1 : i - a)
PLACES(pad_reflect, a + n + b, MIRROR(i - a))
PLACES(pad_edge,    a + n + b, INSIDE(i - a))
/* clang-format on */

/* ---- the ops ----------------------------------------------------------------------- */

static void pad_check(const ad_forward_args *c)
{
    double number, value = ((const places_attr *)c->attr)->value;
    if (!ad_convert_number(value, c->x[0].type, &number))
        ad_reject(c->work, AD_DOMAIN, "%g is no value of type %s", value,
                  ad_type_text(c->x[0].type));
}

static void places_forward(const ad_forward_args *c)
{
    ad_places_rule *const *places = c->op->kernels;
    double number; /* room for any type */
    ad_picks p = (*places)(c->work, c->x, c->attr);
    ad_convert_number(((const places_attr *)c->attr)->value, c->y.type, &number);
    ad_picks_copy(&p, ad_type_size(c->y.type), c->x[0].data, &number, c->y.data);
}

#define PLACES_OP(op, shape_rule, check_rule) \
    const ad_op ad_##op##_op = {              \
        .name = #op,                          \
        .arity = 1,                           \
        .flags = AD_OP_LINEAR,                \
        .attr_size = sizeof(places_attr),     \
        .type = ad_type_first,                \
        .shape = shape_rule,                  \
        .check = check_rule,                  \
        .forward = places_forward,            \
        .pullback = ad_places_pullback,       \
        .jvp = ad_places_jvp,                 \
        .kernels = &op##_rule,                \
    };

PLACES_OP(roll, roll_shape, NULL)
PLACES_OP(tile, times_shape, NULL)
PLACES_OP(repeat, times_shape, NULL)
PLACES_OP(pad, pad_shape, pad_check)
PLACES_OP(pad_reflect, pad_reflect_shape, NULL)
PLACES_OP(pad_edge, pad_edge_shape, NULL)

static ad_tensor along(const ad_op *op, ad_tensor x, places_attr p)
{
    if (!ad_axis_fix(op->name, x, &p.axis, ad_shape_of_tensor(x).rank))
        return ad_dead_like(x);
    return ad_apply(op, &x, &p);
}

ad_tensor ad_roll(ad_tensor x, int axis, int64_t shift)
{
    return along(&ad_roll_op, x, (places_attr){axis, shift, 0, 0});
}

ad_tensor ad_tile(ad_tensor x, int axis, int64_t times)
{
    return along(&ad_tile_op, x, (places_attr){axis, times, 0, 0});
}

ad_tensor ad_repeat(ad_tensor x, int axis, int64_t times)
{
    return along(&ad_repeat_op, x, (places_attr){axis, times, 0, 0});
}

ad_tensor ad_pad(ad_tensor x, int axis, int64_t before, int64_t after, double value)
{
    return along(&ad_pad_op, x, (places_attr){axis, before, after, value});
}

ad_tensor ad_pad_reflect(ad_tensor x, int axis, int64_t before, int64_t after)
{
    return along(&ad_pad_reflect_op, x, (places_attr){axis, before, after, 0});
}

ad_tensor ad_pad_edge(ad_tensor x, int axis, int64_t before, int64_t after)
{
    return along(&ad_pad_edge_op, x, (places_attr){axis, before, after, 0});
}
