/* Convolutions, and transposed ones.
 *
 * All of them are one bilinear product of a large array, a small one and filters (kernels/convolution.h): y = x w
 * goes from the large to the small, its dx back, and dw is the third. A transposed convolution goes the other way,
 * and its filters have in and out in other places. The rules around the product are those of layers. */
#include "kernels/convolution.h"

#include "ops/families.h"
#include "ops/product/layer.h"
#include "ops/refuse.h"
#include "ops/spatial/space.h"
#include "tape/failure.h"

typedef struct convolution_attr {
    ad_layer_attr layer; /* first */
    ad_convolution o;    /* plain: without zeros that mean 1 */
    bool transposed;
} convolution_attr;

static ad_windows windows_of(const ad_convolution *o)
{
    return (ad_windows){o->stride, o->dilation, o->before, o->after, o->same};
}

/* ---- shapes ------------------------------------------------------------------------------ */

static void set_channels(const ad_shape *w, const convolution_attr *a, ad_convolution_form *f)
{
    int64_t in = w->dim[w->rank - 2], out = w->dim[w->rank - 1], groups = a->o.groups;
    f->groups = groups;
    f->big_channels = a->transposed ? out / groups : in;
    f->small_channels = a->transposed ? in : out / groups;
    f->tap_step = in * out;
    f->big_step = a->transposed ? 1 : out;
    f->small_step = a->transposed ? out : 1;
    f->group_step = out / groups;
}

/* The axes in space come last of three. False if there is no result along one of them. */
static bool set_axes(const ad_shape *x, const ad_shape *w, const convolution_attr *a,
                     ad_convolution_form *f)
{
    ad_windows o = windows_of(&a->o);
    int axes = x->rank - 2;
    for (int k = 0; k < AD_SPACE; k++)
        f->axis[k] = (ad_window){1, 1, 1, 1, 1, 0};
    for (int k = 0; k < axes; k++) {
        ad_window *to = &f->axis[AD_SPACE - axes + k];
        if (!(a->transposed ? ad_window_spread : ad_window_over)(&o, k, x->dim[k + 1], w->dim[k],
                                                                 to))
            return false;
    }
    return true;
}

static const char *misfit(const ad_shape *x, const convolution_attr *a)
{
    const ad_shape *w = &x[1];
    if (x[0].rank < 3 || x[0].rank > AD_MAX_SPACE + 2 || w->rank != x[0].rank)
        return "needs x [n, spatial..., channels] with one to three axes in space, and filters "
               "[spatial..., in, out] with as many";
    if (w->dim[w->rank - 2] > INT64_MAX / a->o.groups ||
        x[0].dim[x[0].rank - 1] != w->dim[w->rank - 2] * a->o.groups)
        return "the channels of x must be those of the filters, in, times the groups";
    if (w->dim[w->rank - 1] % a->o.groups != 0)
        return "the channels of the result, out, must be a multiple of the groups";
    for (int k = 0; k < w->rank - 2; k++)
        if (w->dim[k] < 1 || w->dim[k] > INT32_MAX || x[0].dim[k + 1] > INT32_MAX)
            return "each axis of the filters in space needs an extent from 1 on, and none may have "
                   "2^31 or more";
    return NULL;
}

/* The form of the product, and y's shape. NULL, or what is wrong. */
static const char *form_of(const ad_shape *x, const convolution_attr *a, ad_convolution_form *f,
                           ad_shape *y)
{
    static const char too_large[] = "x is too large with its padding";
    const char *wrong = misfit(x, a);
    if (wrong)
        return wrong;
    *y = x[0];
    y->dim[y->rank - 1] = x[1].dim[x[1].rank - 1];
    *f = (ad_convolution_form){.images = x[0].dim[0]};
    set_channels(&x[1], a, f);
    if (!set_axes(&x[0], &x[1], a, f))
        return a->transposed ? "nothing is left of an axis" : "an axis is shorter than the filters";
    ad_shape padded = x[0];
    for (int k = 0; k < y->rank - 2; k++) {
        const ad_window *w = &f->axis[AD_SPACE - y->rank + 2 + k];
        y->dim[k + 1] = a->transposed ? w->big : w->small;
        int64_t steps = w->small > 0 ? (w->small - 1) * w->stride : 0; /* 0: nothing is there */
        int64_t beyond = steps + (w->taps > 0 ? (w->taps - 1) * w->dilation : 0);
        if (w->big > INT64_MAX - beyond)
            return too_large;
        padded.dim[k + 1] = beyond + w->big;
    }
    return ad_shape_count(&padded, NULL) == AD_OK ? NULL : too_large;
}

static const char *convolve_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    ad_convolution_form f;
    return form_of(x, attr, &f, y);
}

static const char *convolve_layer_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const char *wrong = convolve_shape(x, attr, y);
    if (wrong)
        return wrong;
    return x[2].rank == 1 && x[2].dim[0] == y->dim[y->rank - 1]
               ? NULL
               : "b needs the shape [out], one number for each channel of the result";
}

/* ---- the product ---------------------------------------------------------------------------- */

static ad_convolution_form form_for(ad_type type, const ad_shape *x, const ad_shape *w,
                                    const void *attr)
{
    ad_convolution_form f;
    ad_shape y;
    form_of((ad_shape[]){*x, *w}, attr, &f, &y);
    f.type = type;
    return f;
}

static void multiply(ad_workspace *work, const void *attr, const ad_view *x, const ad_view *w,
                     bool add, const ad_array *y, const ad_epilogue *then)
{
    const convolution_attr *a = attr;
    ad_convolution_form f = form_for(y->type, &x->shape, &w->shape, a);
    if (a->transposed)
        ad_convolve_to_big(work, &f, x->data, w->data, add, y->data);
    else
        ad_convolve_to_small(work, &f, x->data, w->data, add, y->data, then);
}

static void pull_x(ad_workspace *work, const void *attr, const ad_view *dy, const ad_view *w,
                   bool add, const ad_array *dx)
{
    const convolution_attr *a = attr;
    ad_convolution_form f = form_for(dx->type, &dx->shape, &w->shape, a);
    if (a->transposed)
        ad_convolve_to_small(work, &f, dy->data, w->data, add, dx->data, NULL);
    else
        ad_convolve_to_big(work, &f, dy->data, w->data, add, dx->data);
}

static void pull_w(ad_workspace *work, const void *attr, const ad_view *x, const ad_view *dy,
                   bool add, const ad_array *dw)
{
    const convolution_attr *a = attr;
    ad_convolution_form f = form_for(dw->type, &x->shape, &dw->shape, a);
    ad_convolve_to_filters(work, &f, a->transposed ? dy->data : x->data,
                           a->transposed ? x->data : dy->data, add, dw->data);
}

static const ad_layer_product product = {multiply, pull_x, pull_w};

/* ---- operations -------------------------------------------------------------------------------- */

#define CONVOLUTION_OP(op, operand_count, shape_rule, words) \
    static const ad_op op##_op = {                           \
        .size = sizeof(ad_op),                               \
        .name = #op,                                         \
        .arity = operand_count,                              \
        .flags = AD_OP_ASSIGNS,                              \
        .attr_size = sizeof(convolution_attr),               \
        .shape = shape_rule,                                 \
        .forward = ad_layer_forward,                         \
        .pullback = ad_layer_pullback,                       \
        .jvp = ad_layer_jvp,                                 \
        .curvature = ad_layer_curvature,                     \
        .kernels = &product,                                 \
        .derivative = words,                                 \
    };

CONVOLUTION_OP(
    convolve, 2, convolve_shape,
    "dx = the transposed convolution of g; dfilters[k] = the sum of x^T g over all pixels "
    "and what they see through the tap k")
CONVOLUTION_OP(
    convolve_layer, 3, convolve_layer_shape,
    "dz = g f'(z), with z the convolution plus b; dx and dfilters as in convolve, with dz; "
    "db = the sum of dz over all pixels")
CONVOLUTION_OP(convolve_transposed, 2, convolve_shape,
               "dx = the convolution of g; dfilters[k] = the sum of x^T g over all pixels and the "
               "places where the tap k puts them")

/* Options with ones for zeros. False, with an error, if they are out of their range. */
static bool make_plain(const ad_op *op, const ad_tensor *x, ad_convolution *o)
{
    int64_t groups[AD_MAX_SPACE] = {o->groups};
    if (!ad_space_check(op->name, op->arity, x, "the stride", o->stride, 0) ||
        !ad_space_check(op->name, op->arity, x, "the dilation", o->dilation, 0) ||
        !ad_space_check(op->name, op->arity, x, "the number of groups", groups, 0) ||
        !ad_padding_check(op->name, op->arity, x, o->before, o->after, o->same))
        return false;
    ad_space_fill(o->stride, 1);
    ad_space_fill(o->dilation, 1);
    o->groups = o->groups ? o->groups : 1;
    return true;
}

static ad_tensor apply(const ad_op *op, const ad_tensor *x, convolution_attr a)
{
    AD_DOOR(x[0].tape, op->name, ad_dead(x[0]));
    return make_plain(op, x, &a.o) ? ad_apply(op, x, &a) : ad_dead(x[0]);
}

ad_tensor ad_convolve(ad_tensor x, ad_tensor filters, ad_convolution options)
{
    return apply(&convolve_op, (ad_tensor[]){x, filters}, (convolution_attr){.o = options});
}

ad_tensor ad_convolve_layer(ad_tensor x, ad_tensor filters, ad_tensor b, ad_activation activation,
                            ad_convolution options)
{
    const ad_tensor operands[] = {x, filters, b};
    if ((unsigned)activation >= AD_ACTIVATION_COUNT)
        return ad_refuse(AD_MISUSE, "convolve_layer", 3, operands, "%d is not an activation",
                         (int)activation);
    return apply(&convolve_layer_op, operands,
                 (convolution_attr){.layer = {activation}, .o = options});
}

ad_tensor ad_convolve_transposed(ad_tensor x, ad_tensor filters, ad_convolution options)
{
    return apply(&convolve_transposed_op, (ad_tensor[]){x, filters},
                 (convolution_attr){.o = options, .transposed = true});
}

const ad_op *const ad_convolution_ops[] = {&convolve_op, &convolve_layer_op,
                                           &convolve_transposed_op, NULL};
