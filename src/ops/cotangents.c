/* Operations on cotangents. Their value is x itself, as a view, and they have derivatives of their
 * own.
 *
 * Scaling and straight-through declare another derivative, J = factor I and J = I. Both modes
 * follow it: the jvp is the transpose of the pullback, as for any operation, and a Jacobian by
 * rows equals one by columns. Clipping and hooks do something to a cotangent that no matrix does:
 * J^T dy is not linear in dy. They leave tangents as they are. In a second-order sweep dy is the
 * derivative of the cotangent g along the tangents; then they give the derivative of their result
 * for g:
 *
 *     clip         dy where g is within the bounds, else 0
 *     clip_norm    g n, n = max / |g|: dy n - g n (g dy) / |g|^2 where |g| > max, else dy
 *     a hook       the result of the user's function when it is called with both */
#include "adze/op.h"
#include "adze/ops.h"
#include "kernels/kernel.h"
#include "kernels/vanishing.h"
#include "ops/axes.h"
#include "ops/families.h"
#include "ops/refuse.h"
#include "tape/failure.h"

#include <math.h>
#include <string.h>

static bool x_itself(const ad_view *x, const void *attr, ad_view *y)
{
    (void)x, (void)attr, (void)y;
    return true;
}

/* An op on the cotangent of its one operand. */
#define COTANGENT_OP(op, attr_type, jvp_rule, words) \
    static const ad_op op##_op = {                   \
        .size = sizeof(ad_op),                       \
        .name = #op,                                 \
        .arity = 1,                                  \
        .flags = AD_OP_ASSIGNS | AD_OP_LINEAR,       \
        .attr_size = sizeof(attr_type),              \
        .shape = ad_shape_first,                     \
        .view = x_itself,                            \
        .pullback = op##_pullback,                   \
        .jvp = jvp_rule,                             \
        .derivative = words,                         \
    };

/* Refuses an attribute that makes no sense, with the call's name and shape. */
/* ---- stop_gradient ----------------------------------------------------------------- */

static const ad_op stop_gradient_op = {
    .size = sizeof(ad_op),
    .name = "stop_gradient",
    .arity = 1,
    .flags = AD_OP_STOPS,
    .type = ad_type_first,
    .shape = ad_shape_first,
    .view = x_itself,
};

ad_tensor ad_stop_gradient(ad_tensor x)
{
    return ad_apply(&stop_gradient_op, &x, NULL);
}

/* ---- scale_gradient ---------------------------------------------------------------- */

AD_KERNEL(scaled_f32, float, AD_TIMES(AD_IN(float, 0), AD_IN(float, 1)))
AD_KERNEL(scaled_f64, double, AD_TIMES(AD_IN(double, 0), AD_IN(double, 1)))
static const ad_blocks scaled = AD_BLOCKS(scaled);

/* A number as an operand that broadcasts, in room for it. */
typedef union number {
    float f32;
    double f64;
} number;

static ad_view spread(ad_type type, double value, number *room)
{
    if (type == AD_F32)
        room->f32 = (float)value;
    else
        room->f64 = value;
    return ad_view_of(type, room, AD_SCALAR);
}

static void scale(ad_workspace *work, const ad_blocks *kernel, const ad_view *dy, double factor,
                  const ad_array *dx, bool add)
{
    number room;
    ad_view in[] = {*dy, spread(dy->type, factor, &room)};
    ad_map_into(work, &dx->shape, kernel, 2, in, dx, add);
}

static void scale_gradient_pullback(const ad_pullback_args *c)
{
    scale(c->work, &scaled, &c->dy, *(const double *)c->attr, &c->dx[0], !c->assign[0]);
}

static void scale_gradient_jvp(const ad_jvp_args *c)
{
    scale(c->work, &scaled, &c->tx[0], *(const double *)c->attr, &c->ty, false);
}

COTANGENT_OP(scale_gradient, double, scale_gradient_jvp, "dx = factor g")

ad_tensor ad_scale_gradient(ad_tensor x, double factor)
{
    return ad_apply(&scale_gradient_op, &x, &factor);
}

/* ---- clip_gradient ----------------------------------------------------------------- */

typedef struct bounds {
    double low, high;
} bounds;

/* dy, low, high; and of a derivative, with g in the last place. NaN stays. */
#define CLIP_KERNELS(s, T)                               \
    AD_KERNEL(clipped_##s, T,                            \
              AD_IN(T, 0) < AD_IN(T, 1)   ? AD_IN(T, 1)  \
              : AD_IN(T, 0) > AD_IN(T, 2) ? AD_IN(T, 2)  \
                                          : AD_IN(T, 0)) \
    AD_KERNEL(let_through_##s, T,                        \
              AD_IN(T, 3) < AD_IN(T, 1) || AD_IN(T, 3) > AD_IN(T, 2) ? 0 : AD_IN(T, 0))
CLIP_KERNELS(f32, float)
CLIP_KERNELS(f64, double)
static const ad_blocks clipped = AD_BLOCKS(clipped), let_through = AD_BLOCKS(let_through);

static void clip_gradient_pullback(const ad_pullback_args *c)
{
    const bounds *b = c->attr;
    number low, high;
    ad_view in[] = {c->dy, spread(c->dy.type, b->low, &low), spread(c->dy.type, b->high, &high),
                    c->dy};
    in[3].data = c->cotangent;
    ad_map_into(c->work, &c->dy.shape, c->cotangent ? &let_through : &clipped, c->cotangent ? 4 : 3,
                in, &c->dx[0], !c->assign[0]);
}

COTANGENT_OP(clip_gradient, bounds, ad_view_jvp, "dx = min(max(g, low), high)")

ad_tensor ad_clip_gradient(ad_tensor x, double low, double high)
{
    AD_DOOR(x.tape, "clip_gradient", ad_dead(x));
    if (ad_shape_of(x).rank >= 0 && !(low <= high))
        return ad_refuse(AD_MISUSE, "clip_gradient", 1, &x,
                         "the lower bound, %g, must not be above the upper one, %g", low, high);
    return ad_apply(&clip_gradient_op, &x, &(bounds){low, high});
}

/* ---- clip_gradient_norm ------------------------------------------------------------ */

/* Shortened, where a norm that is not finite is to show in every element. */
AD_KERNEL(shortened_f32, float, AD_IN(float, 0) * AD_IN(float, 1))
AD_KERNEL(shortened_f64, double, AD_IN(double, 0) * AD_IN(double, 1))
static const ad_blocks shortened = AD_BLOCKS(shortened);

/* Products of two, each divided by a number that keeps them from overflow. */
#define PRODUCT(s, T) \
    AD_KERNEL(product_##s, T, AD_IN(T, 0) / AD_IN(T, 2) * (AD_IN(T, 1) / AD_IN(T, 2)))
PRODUCT(f32, float)
PRODUCT(f64, double)
static const ad_blocks product = AD_BLOCKS(product);

/* The sum of a b / unit^2. NaN when memory ran out, which the workspace has noted. */
static double dot(ad_workspace *work, const ad_view *a, const ad_view *b, double unit)
{
    number room;
    ad_view in[] = {*a, *b, spread(a->type, unit, &room)};
    const double *sum =
        ad_map_sum(work, &a->shape, &product.of[a->type], 3, in, a->type, &AD_SCALAR);
    return sum ? *sum : NAN;
}

/* The greatest |x|; NaN is greater than any. */
#define GREATEST(s, T)                                         \
    static double greatest_##s(size_t n, const T *x)           \
    {                                                          \
        T most = 0;                                            \
        for (size_t i = 0; i < n; i++) {                       \
            T size = x[i] < 0 ? -x[i] : x[i];                  \
            most = size <= most || most != most ? most : size; \
        }                                                      \
        return most;                                           \
    }
GREATEST(f32, float)
GREATEST(f64, double)

static void clip_gradient_norm_pullback(const ad_pullback_args *c)
{
    ad_view g = c->dy;
    g.data = c->cotangent ? c->cotangent : c->dy.data;
    size_t n = ad_view_count(&g);
    double most = *(const double *)c->attr;
    double unit = g.type == AD_F32 ? greatest_f32(n, g.data) : greatest_f64(n, g.data);
    double square = unit > 0 ? dot(c->work, &g, &g, unit) : 0;
    double factor = most / unit / sqrt(square);
    bool within = unit == 0 || factor >= 1;
    scale(c->work, &shortened, &c->dy, within ? 1 : factor, &c->dx[0], !c->assign[0]);
    if (c->cotangent && !within)
        scale(c->work, &shortened, &g, -factor * dot(c->work, &g, &c->dy, unit) / square, &c->dx[0],
              true);
}

COTANGENT_OP(clip_gradient_norm, double, ad_view_jvp, "dx = g min(1, max_norm / |g|)")

ad_tensor ad_clip_gradient_norm(ad_tensor x, double max_norm)
{
    AD_DOOR(x.tape, "clip_gradient_norm", ad_dead(x));
    if (ad_shape_of(x).rank >= 0 && !(max_norm >= 0))
        return ad_refuse(AD_MISUSE, "clip_gradient_norm", 1, &x,
                         "max_norm must not be negative, but is %g", max_norm);
    return ad_apply(&clip_gradient_norm_op, &x, &max_norm);
}

/* ---- straight_through -------------------------------------------------------------- */

/* Operands: y, which is looked at, and x. */
static const char *straight_through_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    *y = x[0];
    (void)attr;
    return ad_shape_equal(&x[0], &x[1]) ? NULL : "both operands must have the same shape";
}

static void straight_through_pullback(const ad_pullback_args *c)
{
    if (c->wanted[1])
        ad_map_into(c->work, &c->dy.shape, &ad_itself, 1, &c->dy, &c->dx[1], !c->assign[1]);
    if (c->wanted[0] && c->assign[0])
        memset(c->dx[0].data, 0, ad_array_count(&c->dx[0]) * ad_type_size(c->dx[0].type));
}

static void straight_through_jvp(const ad_jvp_args *c)
{
    size_t bytes = ad_array_count(&c->ty) * ad_type_size(c->ty.type);
    if (c->tx[1].data)
        memcpy(c->ty.data, c->tx[1].data, bytes);
    else
        memset(c->ty.data, 0, bytes);
}

static const ad_op straight_through_op = {
    .size = sizeof(ad_op),
    .name = "straight_through",
    .arity = 2,
    .flags = AD_OP_ASSIGNS | AD_OP_LINEAR,
    .shape = straight_through_shape,
    .view = x_itself,
    .pullback = straight_through_pullback,
    .jvp = straight_through_jvp,
    .derivative = "dx = g; dy = 0",
};

ad_tensor ad_straight_through(ad_tensor x, ad_tensor y)
{
    AD_DOOR(x.tape, "straight_through", ad_dead(x));
    if (x.tape == y.tape)
        y = ad_stop_gradient(y); /* nothing flows there, not even zeros */
    return ad_apply(&straight_through_op, (ad_tensor[]){y, x}, NULL);
}

/* ---- on_cotangent ------------------------------------------------------------------ */

typedef struct listener {
    ad_cotangent_hook *hook;
    void *user;
} listener;

/* dy in memory that the hook may change. */
static void *own_copy(const ad_pullback_args *c)
{
    size_t bytes = ad_view_count(&c->dy) * ad_type_size(c->dy.type);
    void *own = c->spare ? c->spare : ad_scratch(c->work, bytes);
    if (own && !c->spare && bytes)
        memcpy(own, c->dy.data, bytes);
    return own;
}

static void on_cotangent_pullback(const ad_pullback_args *c)
{
    const listener *l = c->attr;
    ad_cotangent seen = {.x = c->x[0], .cotangent = c->dy};
    seen.cotangent.data = c->cotangent;
    seen.dx = (ad_array){.data = own_copy(c), .type = c->dy.type, .shape = c->dy.shape};
    if (!seen.dx.data)
        return;
    ad_status status = l->hook ? l->hook(l->user, &seen) : AD_MISUSE;
    if (status != AD_OK) {
        ad_reject(c->work, status, "the hook on the cotangent says: %s", ad_status_text(status));
        return;
    }
    ad_view dy = ad_array_view(seen.dx);
    ad_map_into(c->work, &dy.shape, &ad_itself, 1, &dy, &c->dx[0], !c->assign[0]);
}

COTANGENT_OP(on_cotangent, listener, ad_view_jvp, "dx = the numbers that the hook leaves of g")

ad_tensor ad_on_cotangent(ad_tensor x, ad_cotangent_hook *hook, void *user)
{
    AD_DOOR(x.tape, "on_cotangent", ad_dead(x));
    if (ad_shape_of(x).rank >= 0 && !hook)
        return ad_refuse(AD_MISUSE, "on_cotangent", 1, &x, "the hook is NULL");
    return ad_apply(&on_cotangent_op, &x, &(listener){hook, user});
}

const ad_op *const ad_cotangent_ops[] = {
    &stop_gradient_op,
    &scale_gradient_op,
    &clip_gradient_op,
    &clip_gradient_norm_op,
    &straight_through_op,
    &on_cotangent_op,
    NULL,
};
