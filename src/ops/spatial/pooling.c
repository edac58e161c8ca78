/* Pooling, dilation and erosion (kernels/pooling.h).
 *
 * What each result sees along an axis is a list, made anew in each rule from the options: windows of one size, or of
 * uneven ones. max_pool and dilate save the tap where each result was found; so their derivatives are linear. */
#include "kernels/pooling.h"

#include "base/workspace.h"
#include "ops/families.h"
#include "ops/refuse.h"
#include "ops/spatial/space.h"
#include "tape/apply.h"
#include "tape/failure.h"

#include <math.h>
#include <string.h>

typedef struct pool_attr {
    ad_pooling o; /* plain */
    ad_fractional_pooling fractional;
    bool is_fractional;
} pool_attr;

static ad_windows windows_of(const ad_pooling *o)
{
    return (ad_windows){o->stride, o->dilation, o->before, o->after, o->same};
}

/* ---- what results see --------------------------------------------------------------------- */

static int64_t up(int64_t n, int64_t by)
{
    return (n + by - 1) / by;
}

/* Of a window; count is not above 0 where it sees nothing. */
static ad_seen seen_by(const ad_window *w, int64_t result)
{
    int64_t at = result * w->stride - w->before, end = up(w->big - at, w->dilation);
    int64_t tap = at < 0 ? up(-at, w->dilation) : 0;
    end = w->big <= at ? 0 : end < w->taps ? end : w->taps;
    return (ad_seen){at + tap * w->dilation, tap, end - tap};
}

/* Where window i begins. Each window is at least a pixel wide, also where rounding moves a number up to the next
 * whole one. */
static int64_t fraction(const ad_fractional_pooling *o, int axis, int64_t extent, int64_t i)
{
    double a = (double)extent / (double)o->results[axis];
    double at = floor(a * ((double)i + o->offset[axis])) - floor(a * o->offset[axis]);
    int64_t most = extent - (o->results[axis] - i);
    return at > (double)most || i == o->results[axis] ? most : (int64_t)at;
}

static ad_seen seen_by_fraction(const ad_fractional_pooling *o, int axis, int64_t extent, int64_t i)
{
    int64_t at = fraction(o, axis, extent, i), end = fraction(o, axis, extent, i + 1);
    end = end > at ? end : at + 1;
    end += o->overlapping && end < extent;
    return (ad_seen){at, 0, end - at};
}

/* The window along an axis of x in space. Of uneven windows, the greatest. */
static bool window_along(const pool_attr *a, int axis, int64_t extent, ad_window *w)
{
    ad_windows o = windows_of(&a->o);
    int64_t results = a->fractional.results[axis];
    if (!a->is_fractional)
        return ad_window_over(&o, axis, extent, a->o.window[axis], w);
    results = results ? results : extent;
    *w = (ad_window){extent, results, extent / (results ? results : 1) + 2, 1, 1, 0};
    return results <= extent;
}

static bool all_see(const ad_window *w)
{
    bool padded = w->before > 0 || (w->small - 1) * w->stride - w->before + 1 > w->big ||
                  (w->taps - 1) * w->dilation - w->before >= w->big;
    for (int64_t i = 0; padded && i < w->small; i++)
        if (seen_by(w, i).count <= 0)
            return false;
    return w->big > 0 || w->small == 0;
}

/* ---- shapes ---------------------------------------------------------------------------------- */

static const char *pool_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const pool_attr *a = attr;
    int64_t taps = 1;
    *y = *x;
    if (x->rank < 3 || x->rank > AD_MAX_SPACE + 2)
        return "needs x [n, spatial..., channels] with one to three axes in space";
    for (int k = 0; k < x->rank - 2; k++) {
        ad_window w;
        if (x->dim[k + 1] > INT32_MAX)
            return "no axis in space may have 2^31 numbers or more";
        if (!window_along(a, k, x->dim[k + 1], &w))
            return a->is_fractional ? "an axis is shorter than its results are to be"
                                    : "an axis is shorter than the window";
        if (!a->is_fractional && !all_see(&w))
            return "a window sees nothing but padding";
        if (w.taps > INT32_MAX / taps)
            return "a window may have up to 2^31 - 1 taps";
        taps *= w.taps;
        y->dim[k + 1] = w.small;
    }
    return NULL;
}

/* Options of ad_dilate, whose window is that of the filters. */
static pool_attr dilate_attr(const ad_shape *filters, const pool_attr *given)
{
    pool_attr a = *given;
    for (int k = 0; k < filters->rank - 1 && k < AD_MAX_SPACE; k++)
        a.o.window[k] = filters->dim[k];
    return a;
}

static const char *dilate_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const ad_shape *w = &x[1];
    if (w->rank < 2 || w->rank != x[0].rank - 1)
        return "needs x [n, spatial..., channels] and filters [spatial..., channels]";
    if (w->dim[w->rank - 1] != x[0].dim[w->rank])
        return "filters must have as many channels as x";
    for (int k = 0; k < w->rank - 1; k++)
        if (w->dim[k] < 1 || w->dim[k] > INT32_MAX)
            return "each axis of the filters in space needs an extent from 1 to 2^31 - 1";
    pool_attr a = dilate_attr(w, attr);
    return pool_shape(x, &a, y);
}

/* ---- forms --------------------------------------------------------------------------------------- */

typedef struct plan {
    ad_pool_form f;
    bool ready; /* false: memory ran out */
} plan;

static bool plan_axis(ad_workspace *work, const pool_attr *a, int axis, ad_pool_form *f, int k)
{
    ad_window w;
    window_along(a, axis, f->big[k], &w);
    ad_fractional_pooling o = a->fractional;
    o.results[axis] = w.small;
    ad_seen *seen = ad_scratch(work, (size_t)(w.small + 1) * sizeof *seen);
    if (!seen)
        return false;
    for (int64_t i = 0; i < w.small; i++)
        seen[i] = a->is_fractional ? seen_by_fraction(&o, axis, w.big, i) : seen_by(&w, i);
    f->small[k] = w.small;
    f->taps[k] = w.taps;
    f->hop[k] = w.dilation;
    f->seen[k] = seen;
    return true;
}

/* Axes in space come last of three. Of the second operand, if there is one, comes the window. */
static plan plan_pool(ad_workspace *work, const void *attr, int arity, const ad_view *x)
{
    static const ad_seen one = {0, 0, 1};
    const ad_shape *s = &x[0].shape;
    pool_attr a = arity == 2 ? dilate_attr(&x[1].shape, attr) : *(const pool_attr *)attr;
    int axes = s->rank - 2, first = AD_SPACE - axes;
    plan p = {{.type = x[0].type, .images = s->dim[0], .channels = s->dim[s->rank - 1]}, true};
    for (int k = 0; k < AD_SPACE; k++) {
        p.f.big[k] = k < first ? 1 : s->dim[k - first + 1];
        p.f.small[k] = p.f.taps[k] = p.f.hop[k] = 1;
        p.f.seen[k] = &one;
        if (k >= first)
            p.ready = p.ready && plan_axis(work, &a, k - first, &p.f, k);
    }
    return p;
}

static void clear_unless_added(const ad_array *dx, bool assign)
{
    size_t bytes = ad_array_count(dx) * ad_type_size(dx->type);
    if (assign && bytes)
        memset(dx->data, 0, bytes);
}

/* ---- the greatest ------------------------------------------------------------------------------------ */

/* A tap for each result, in integers as wide as the numbers. */
static size_t taps_saved(const ad_type *type, const ad_shape *x, const void *attr, int arity)
{
    ad_shape y;
    size_t count = 0;
    if (arity == 2)
        dilate_shape(x, attr, &y);
    else
        pool_shape(x, attr, &y);
    ad_shape_count(&y, &count);
    return count * ad_type_size(type[0]);
}

static size_t max_pool_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    return taps_saved(type, x, attr, 1);
}

static size_t dilate_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    return taps_saved(type, x, attr, 2);
}

static void max_forward(const ad_forward_args *c)
{
    plan p = plan_pool(c->work, c->attr, c->arity, c->x);
    if (p.ready)
        ad_pool_max(c->work, &p.f, c->x[0].data, c->arity == 2 ? c->x[1].data : NULL, c->y.data,
                    c->saved);
}

static void max_pullback(const ad_pullback_args *c)
{
    plan p = plan_pool(c->work, c->attr, c->arity, c->x);
    bool filters = c->arity == 2 && c->wanted[1];
    if (!p.ready)
        return;
    if (c->wanted[0])
        clear_unless_added(&c->dx[0], c->assign[0]);
    if (filters)
        clear_unless_added(&c->dx[1], c->assign[1]);
    ad_pool_unpick(c->work, &p.f, c->saved, c->dy.data, c->wanted[0] ? c->dx[0].data : NULL,
                   filters ? c->dx[1].data : NULL);
}

static void max_jvp(const ad_jvp_args *c)
{
    plan p = plan_pool(c->work, c->attr, c->arity, c->x);
    if (p.ready)
        ad_pool_pick(c->work, &p.f, c->saved, c->tx[0].data, c->arity == 2 ? c->tx[1].data : NULL,
                     c->ty.data);
}

#define MAX_OP(op, operand_count, shape_rule, saved_bytes, words) \
    static const ad_op op##_op = {                                \
        .size = sizeof(ad_op),                                    \
        .name = #op,                                              \
        .arity = operand_count,                                   \
        .flags = AD_OP_ASSIGNS | AD_OP_LINEAR,                    \
        .attr_size = sizeof(pool_attr),                           \
        .shape = shape_rule,                                      \
        .saved = saved_bytes,                                     \
        .forward = max_forward,                                   \
        .pullback = max_pullback,                                 \
        .jvp = max_jvp,                                           \
        .derivative = words,                                      \
    };

MAX_OP(max_pool, 1, pool_shape, max_pool_saved, "dx = g where the greatest number stood")
MAX_OP(fractional_max_pool, 1, pool_shape, max_pool_saved, "dx = g where the greatest number stood")
MAX_OP(dilate, 2, dilate_shape, dilate_saved,
       "dx = g where the greatest sum stood, and dfilters = g at its tap, summed over all results")

/* ---- means --------------------------------------------------------------------------------------------- */

static bool counts_all(const void *attr)
{
    return ((const pool_attr *)attr)->o.counts_padding;
}

static void mean_of(ad_workspace *work, const void *attr, const ad_view *x, void *y)
{
    plan p = plan_pool(work, attr, 1, x);
    if (p.ready)
        ad_pool_mean(work, &p.f, counts_all(attr), x->data, y);
}

static void mean_forward(const ad_forward_args *c)
{
    mean_of(c->work, c->attr, c->x, c->y.data);
}

static void mean_jvp(const ad_jvp_args *c)
{
    mean_of(c->work, c->attr, c->tx, c->ty.data);
}

static void mean_pullback(const ad_pullback_args *c)
{
    plan p = plan_pool(c->work, c->attr, 1, c->x);
    if (!p.ready)
        return;
    clear_unless_added(&c->dx[0], c->assign[0]);
    ad_pool_unmean(c->work, &p.f, counts_all(c->attr), c->dy.data, c->dx[0].data);
}

#define MEAN_OP(op)                                              \
    static const ad_op op##_op = {                               \
        .size = sizeof(ad_op),                                   \
        .name = #op,                                             \
        .arity = 1,                                              \
        .flags = AD_OP_ASSIGNS | AD_OP_LINEAR,                   \
        .attr_size = sizeof(pool_attr),                          \
        .shape = pool_shape,                                     \
        .forward = mean_forward,                                 \
        .pullback = mean_pullback,                               \
        .jvp = mean_jvp,                                         \
        .derivative = "dx = g / count, summed over the windows", \
    };

MEAN_OP(mean_pool)
MEAN_OP(fractional_mean_pool)

/* ---- the public functions ---------------------------------------------------------------------------------- */

static bool make_plain(const ad_op *op, const ad_tensor *x, ad_pooling *o)
{
    if (!ad_space_check(op->name, op->arity, x, "the window", o->window, 0) ||
        !ad_space_check(op->name, op->arity, x, "the stride", o->stride, 0) ||
        !ad_space_check(op->name, op->arity, x, "the dilation", o->dilation, 0) ||
        !ad_padding_check(op->name, op->arity, x, o->before, o->after, o->same))
        return false;
    ad_space_fill(o->window, 1);
    for (int k = 0; k < AD_MAX_SPACE; k++)
        o->stride[k] = o->stride[k] ? o->stride[k] : o->window[k];
    ad_space_fill(o->dilation, 1);
    return true;
}

static ad_tensor pool(const ad_op *op, ad_tensor x, ad_pooling options)
{
    AD_DOOR(x.tape, op->name, ad_dead(x));
    pool_attr a = {.o = options};
    return make_plain(op, &x, &a.o) ? ad_apply(op, &x, &a) : ad_dead(x);
}

ad_tensor ad_max_pool(ad_tensor x, ad_pooling options)
{
    return pool(&max_pool_op, x, options);
}

ad_tensor ad_mean_pool(ad_tensor x, ad_pooling options)
{
    return pool(&mean_pool_op, x, options);
}

static ad_tensor pool_unevenly(const ad_op *op, ad_tensor x, ad_fractional_pooling o)
{
    AD_DOOR(x.tape, op->name, ad_dead(x));
    if (!ad_space_check(op->name, 1, &x, "the number of results", o.results, 0))
        return ad_dead(x);
    for (int k = 0; k < AD_MAX_SPACE; k++)
        if (!(o.offset[k] >= 0 && o.offset[k] < 1))
            return ad_refuse(AD_MISUSE, op->name, 1, &x, "the offset is %g, it must be in [0, 1)",
                             o.offset[k]);
    return ad_apply(op, &x, &(pool_attr){.fractional = o, .is_fractional = true});
}

ad_tensor ad_fractional_max_pool(ad_tensor x, ad_fractional_pooling options)
{
    return pool_unevenly(&fractional_max_pool_op, x, options);
}

ad_tensor ad_fractional_mean_pool(ad_tensor x, ad_fractional_pooling options)
{
    return pool_unevenly(&fractional_mean_pool_op, x, options);
}

AD_FORM(erode, 2, NULL, dilate_shape)

/* Whether the options will do; then a is the attributes. */
static bool dilation_fits(const ad_op *op, const ad_tensor *x, const ad_convolution *o,
                          pool_attr *a)
{
    *a = (pool_attr){.o = {.same = o->same}};
    if (o->groups != 0) {
        ad_refuse(AD_MISUSE, op->name, 2, x, "there are no groups: options.groups must be 0");
        return false;
    }
    memcpy(a->o.stride, o->stride, sizeof o->stride);
    memcpy(a->o.dilation, o->dilation, sizeof o->dilation);
    memcpy(a->o.before, o->before, sizeof o->before);
    memcpy(a->o.after, o->after, sizeof o->after);
    ad_space_fill(a->o.stride, 1);
    return make_plain(op, x, &a->o);
}

ad_tensor ad_dilate(ad_tensor x, ad_tensor filters, ad_convolution options)
{
    AD_DOOR(x.tape, "dilate", ad_dead(x));
    const ad_tensor operands[] = {x, filters};
    pool_attr a;
    return dilation_fits(&dilate_op, operands, &options, &a) ? ad_apply(&dilate_op, operands, &a)
                                                             : ad_dead(x);
}

ad_tensor ad_erode(ad_tensor x, ad_tensor filters, ad_convolution options)
{
    AD_DOOR(x.tape, "erode", ad_dead(x));
    const ad_tensor operands[] = {x, filters};
    pool_attr a;
    if (!dilation_fits(&erode, operands, &options, &a) || !ad_fits(&erode, operands, &a))
        return ad_dead(x);
    return ad_neg(ad_apply(&dilate_op, ((ad_tensor[]){ad_neg(x), filters}), &a));
}

const ad_op *const ad_pooling_ops[] = {&max_pool_op,  &fractional_max_pool_op,  &dilate_op,
                                       &mean_pool_op, &fractional_mean_pool_op, NULL};
