/* Resizing of images, axis by axis.
 *
 * Along an axis each result is a weighted sum of what lies around its place (kernels/resample.h). The weights are
 * those of an interpolating function of the distance; what would lie outside is left out, and the others make up for
 * it. All of this is linear in x. */
#include "base/workspace.h"
#include "kernels/axis.h"
#include "kernels/resample.h"
#include "ops/families.h"
#include "ops/refuse.h"
#include "ops/spatial/space.h"
#include "tape/failure.h"

#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

/* ---- interpolation ------------------------------------------------------------------------ */

static double triangle(double d)
{
    return d < 1 ? 1 - d : 0;
}

/* Keys 1981, with a = -1/2: quadratics are kept. */
static double cubic(double d)
{
    return d < 1 ? (1.5 * d - 2.5) * d * d + 1 : d < 2 ? ((-0.5 * d + 2.5) * d - 4) * d + 2 : 0;
}

static double lanczos(double d)
{
    if (d == 0)
        return 1;
    return d < 3 ? 3 * sin(pi * d) * sin(pi * d / 3) / (pi * pi * d * d) : 0;
}

typedef struct interpolation {
    double (*weight)(double distance);
    int radius;
} interpolation;

static const interpolation interpolations[AD_RESAMPLING_COUNT] = {
    [AD_BILINEAR] = {triangle, 1}, [AD_BICUBIC] = {cubic, 2}, [AD_LANCZOS] = {lanczos, 3}};

/* ---- weights -------------------------------------------------------------------------------- */

typedef struct resizing {
    int64_t from, to; /* extents */
    ad_resampling method;
    bool antialias;
} resizing;

/* How far around its place a result looks, in pixels of x. */
static double reach_of(const resizing *r)
{
    double scale = (double)r->from / (double)r->to;
    double wider = r->antialias && scale > 1 ? scale : 1;
    return r->method == AD_AREA ? scale : interpolations[r->method].radius * wider;
}

static int64_t most_weights(const resizing *r)
{
    double most = 2 * reach_of(r) + 3;
    return most < (double)r->from ? (int64_t)most : r->from;
}

/* Adds the weight of a pixel of x, which need not be there. Returns it. */
static double add_weight(ad_mixture *m, int64_t *count, const resizing *r, int64_t pixel,
                         double weight)
{
    if (pixel < 0 || pixel >= r->from || weight == 0)
        return 0;
    m->from[*count] = pixel;
    m->weight[(*count)++] = weight;
    return weight;
}

/* Half-pixel centres: the middle of result i is the middle of its share of x. */
static double weigh(ad_mixture *m, int64_t *count, const resizing *r, int64_t i)
{
    double scale = (double)r->from / (double)r->to, sum = 0;
    if (r->method == AD_NEAREST)
        return add_weight(m, count, r, (int64_t)floor(((double)i + 0.5) * scale), 1);
    if (r->method == AD_AREA) {
        double begin = (double)i * scale, end = (double)(i + 1) * scale;
        for (int64_t k = (int64_t)begin; (double)k < end; k++)
            sum += add_weight(m, count, r, k, fmin(end, (double)k + 1) - fmax(begin, (double)k));
        return sum;
    }
    double centre = ((double)i + 0.5) * scale - 0.5, reach = reach_of(r);
    const interpolation *by = &interpolations[r->method];
    for (int64_t k = (int64_t)ceil(centre - reach); (double)k <= centre + reach; k++)
        sum +=
            add_weight(m, count, r, k, by->weight(fabs((double)k - centre) * by->radius / reach));
    return sum;
}

/* begin is NULL when memory ran out. */
static ad_mixture mixture_of(ad_workspace *work, const resizing *r)
{
    size_t most = (size_t)(r->to * most_weights(r));
    ad_mixture m = {.rows = r->to,
                    .begin = ad_scratch(work, (size_t)(r->to + 1) * sizeof *m.begin),
                    .from = ad_scratch(work, (most + 1) * sizeof *m.from),
                    .weight = ad_scratch(work, (most + 1) * sizeof *m.weight)};
    int64_t count = 0;
    if (!m.begin || !m.from || !m.weight)
        return (ad_mixture){0};
    for (int64_t i = 0; i < r->to; i++) {
        m.begin[i] = count;
        double sum = weigh(&m, &count, r, i);
        for (int64_t k = m.begin[i]; k < count; k++)
            m.weight[k] /= sum;
    }
    m.begin[r->to] = count;
    return m;
}

/* ---- rules -------------------------------------------------------------------------------------- */

static int64_t extent_along(const ad_resizing *o, const ad_shape *x, int axis)
{
    int64_t extent = o->extent[axis - 1];
    return extent ? extent : x->dim[axis];
}

static const char *resize_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    *y = *x;
    if (x->rank < 3 || x->rank > AD_MAX_SPACE + 2)
        return "needs x [n, spatial..., channels] with one to three axes in space";
    for (int k = 1; k < x->rank - 1; k++) {
        y->dim[k] = extent_along(attr, x, k);
        if (x->dim[k] > INT32_MAX)
            return "no axis in space may have 2^31 numbers or more";
        if (x->dim[k] == 0 && y->dim[k] > 0)
            return "there is nothing along an axis";
        if (ad_shape_count(y, NULL) != AD_OK)
            return "it is too large when its first axes have been resized";
    }
    return NULL;
}

/* Mixes along an axis: from shape *s, which becomes that of the result, to `extent` numbers, or back. */
static bool mix_along(ad_workspace *work, const ad_resizing *o, ad_type type, ad_shape *s, int axis,
                      int64_t extent, bool back, const void *x, bool add, void *y)
{
    int64_t rows = s->dim[axis];
    ad_axis_split split = ad_split_axis(s, axis);
    resizing r = {back ? extent : rows, back ? rows : extent, o->method, o->antialias};
    ad_mixture m = mixture_of(work, &r);
    if (m.begin && back)
        m = ad_mixture_transposed(work, &m, extent);
    if (!m.begin)
        return false;
    ad_mix(work, &m, type, (int64_t)split.outer, rows, (int64_t)split.inner, x, add, y);
    s->dim[axis] = extent;
    return true;
}

/* y (+)= x resized, or the way back of it; axes in order, or the other way round. */
static void resize(ad_workspace *work, const ad_resizing *o, const ad_view *x, bool back, bool add,
                   const ad_array *y)
{
    ad_shape s = x->shape;
    const char *from = x->data;
    size_t size = ad_type_size(y->type);
    int axes = s.rank - 2;
    for (int i = 0; i < axes; i++) {
        int axis = back ? axes - i : 1 + i;
        ad_shape next = s;
        size_t count = 0;
        next.dim[axis] = y->shape.dim[axis];
        ad_shape_count(&next, &count);
        char *to = i == axes - 1 ? y->data : ad_scratch(work, count * size + 1);
        if (!to || !mix_along(work, o, y->type, &s, axis, next.dim[axis], back, from,
                              add && i == axes - 1, to))
            return;
        from = to;
    }
}

static void resize_forward(const ad_forward_args *c)
{
    resize(c->work, c->attr, &c->x[0], false, false, &c->y);
}

static void resize_pullback(const ad_pullback_args *c)
{
    resize(c->work, c->attr, &c->dy, true, !c->assign[0], &c->dx[0]);
}

static void resize_jvp(const ad_jvp_args *c)
{
    resize(c->work, c->attr, &c->tx[0], false, false, &c->ty);
}

static const ad_op resize_op = {
    .size = sizeof(ad_op),
    .name = "resize",
    .arity = 1,
    .flags = AD_OP_ASSIGNS | AD_OP_LINEAR,
    .attr_size = sizeof(ad_resizing),
    .shape = resize_shape,
    .forward = resize_forward,
    .pullback = resize_pullback,
    .jvp = resize_jvp,
    .derivative = "dx = the sum of g times the weight of x in each result",
};

ad_tensor ad_resize(ad_tensor x, ad_resizing options)
{
    AD_DOOR(x.tape, "resize", ad_dead(x));
    if ((unsigned)options.method >= AD_RESAMPLING_COUNT)
        return ad_refuse(AD_MISUSE, "resize", 1, &x, "%d is not a method", (int)options.method);
    return ad_space_check("resize", 1, &x, "the extent", options.extent, 0)
               ? ad_apply(&resize_op, &x, &options)
               : ad_dead(x);
}

const ad_op *const ad_resize_ops[] = {&resize_op, NULL};
