/* Elementwise operations of one operand.
 *
 * One line is one operation: y as an expression of x, and its first and second derivatives as
 * expressions of x and y. From it come the kernels for f32 and f64 and all four rules: the
 * Jacobian is diagonal, so that pullback and jvp are the same product. */
#include "ops/unary.h"

#include "ops/elementary.h"
#include "ops/families.h"
#include "ops/kernel.h"
#include "ops/trigonometric.h"

#include <tgmath.h>

static void unary_forward(const ad_forward_args *c)
{
    const ad_unary_kernels *k = c->op->kernels;
    const ad_kernel *kernel = &k->forward.of[c->y.type];
    const void *run[] = {c->x[0].data};
    if (!ad_map_run(c->work, kernel, c->run, run, c->y.data, false))
        ad_map(c->work, &c->y.shape, kernel, 1, c->x, ad_type_size(c->y.type), c->y.data, false);
}

static void unary_pullback(const ad_pullback_args *c)
{
    const ad_unary_kernels *k = c->op->kernels;
    const ad_kernel *kernel = &k->slope.of[c->y.type];
    const void *run[] = {c->x[0].data, c->y.data, c->dy.data};
    if (ad_map_run(c->work, kernel, c->run, run, c->dx[0].data, !c->assign[0]))
        return;
    ad_view in[] = {c->x[0], c->y, c->dy};
    ad_map_into(c->work, &c->y.shape, &k->slope, 3, in, &c->dx[0], !c->assign[0]);
}

static void unary_jvp(const ad_jvp_args *c)
{
    const ad_unary_kernels *k = c->op->kernels;
    ad_view in[] = {c->x[0], c->y, c->tx[0]};
    ad_map_into(c->work, &c->y.shape, &k->slope, 3, in, &c->ty, false);
}

static void unary_curvature(const ad_curvature_args *c)
{
    const ad_unary_kernels *k = c->op->kernels;
    ad_view in[] = {c->x[0], c->y, c->dy, c->tx[0]};
    ad_map_into(c->work, &c->y.shape, &k->bend, 4, in, &c->tdx[0], true);
}

/* The expressions as functions. far tells whether x may be beyond AD_NEAR. */
#define UNARY_FUNCTIONS(op, suffix, T, f, df, d2f, guard)       \
    AD_INLINE T op##_value_##suffix(T x, bool far)              \
    {                                                           \
        (void)far;                                              \
        return (T)(f);                                          \
    }                                                           \
    AD_INLINE T op##_slope_of_##suffix(T x, T y, T g, bool far) \
    {                                                           \
        (void)x, (void)y, (void)far;                            \
        return (guard) ? g * (T)(df) : 0;                       \
    }                                                           \
    AD_INLINE T op##_bend_of_##suffix(T x, T y, T g)            \
    {                                                           \
        (void)x, (void)y;                                       \
        return (guard) ? g * (T)(d2f) : 0;                      \
    }

#define UNARY_LOOPS(op, kind, suffix, T, far)                                    \
    AD_KERNEL(kind##_forward_##suffix, T, op##_value_##suffix(AD_IN(T, 0), far)) \
    AD_KERNEL(kind##_slope_##suffix, T,                                          \
              op##_slope_of_##suffix(AD_IN(T, 0), AD_IN(T, 1), AD_IN(T, 2), far))

#define UNARY_BEND(op, suffix, T)    \
    AD_KERNEL(op##_bend_##suffix, T, \
              op##_bend_of_##suffix(AD_IN(T, 0), AD_IN(T, 1), AD_IN(T, 2)) * AD_IN(T, 3))

#define UNARY_KERNELS(op, suffix, T, f, df, d2f, guard) \
    UNARY_FUNCTIONS(op, suffix, T, f, df, d2f, guard)   \
    UNARY_LOOPS(op, op, suffix, T, false)               \
    UNARY_BEND(op, suffix, T)

#define UNARY_OP(op, op_flags)                               \
    static const ad_unary_kernels op##_kernels = {           \
        AD_BLOCKS(op##_forward),                             \
        AD_BLOCKS(op##_slope),                               \
        AD_BLOCKS(op##_bend),                                \
    };                                                       \
    static const ad_op op##_op = {                           \
        .name = #op,                                         \
        .arity = 1,                                          \
        .flags = AD_OP_STRIDED | AD_OP_ASSIGNS | (op_flags), \
        .shape = ad_shape_first,                             \
        .forward = unary_forward,                            \
        .pullback = unary_pullback,                          \
        .jvp = unary_jvp,                                    \
        .curvature = unary_curvature,                        \
        .kernels = &op##_kernels,                            \
    };                                                       \
    ad_tensor ad_##op(ad_tensor x)                           \
    {                                                        \
        return ad_apply(&op##_op, &x, NULL);                 \
    }

#define UNARY_RULES(op, op_flags, f, df, d2f, guard)  \
    UNARY_KERNELS(op, f32, float, f, df, d2f, guard)  \
    UNARY_KERNELS(op, f64, double, f, df, d2f, guard) \
    UNARY_OP(op, op_flags)

enum { PIECE = 1024 }; /* numbers: a few times as many fit the first-level cache */

/* Only pieces of a run with an x beyond AD_NEAR take the slow path. */
#define BY_PIECES_FOR(isa, op, rule, operands, suffix, T)               \
    AD_BLOCK_FOR(                                                       \
        isa, op##_##rule##_##suffix, const void *from[operands];        \
        for (size_t i = 0, count; i < n; i += count) {                  \
            count = n - i < PIECE ? n - i : PIECE;                      \
            for (int k = 0; k < operands; k++)                          \
                from[k] = (const T *)in[k] + i;                         \
            ad_block *block = ad_near_##suffix(count, from[0])          \
                                  ? op##_near_##rule##_##suffix##_##isa \
                                  : op##_far_##rule##_##suffix##_##isa; \
            block(count, from, (T *)out_data + i, add);                 \
        })
#define BY_PIECES(op, rule, operands, suffix, T) \
    AD_EACH_ISA(BY_PIECES_FOR, op, rule, operands, suffix, T)

#define PERIODIC_KERNELS(op, suffix, T, f, df, d2f) \
    UNARY_FUNCTIONS(op, suffix, T, f, df, d2f, 1)   \
    UNARY_LOOPS(op, op##_near, suffix, T, false)    \
    UNARY_LOOPS(op, op##_far, suffix, T, true)      \
    UNARY_BEND(op, suffix, T)                       \
    BY_PIECES(op, forward, 1, suffix, T)            \
    BY_PIECES(op, slope, 3, suffix, T)

#define PERIODIC(op, f, df, d2f)                  \
    PERIODIC_KERNELS(op, f32, float, f, df, d2f)  \
    PERIODIC_KERNELS(op, f64, double, f, df, d2f) \
    UNARY_OP(op, 0)

#define SIN(x) (far ? AD_SIN_FAR(x) : AD_SIN(x))
#define COS(x) (far ? AD_COS_FAR(x) : AD_COS(x))

/* Where the derivative is infinite, a cotangent of 0 stays 0 instead of becoming 0 inf = NaN. */
#define UNARY(op, f, df, d2f)    UNARY_RULES(op, 0, f, df, d2f, 1)
#define SINGULAR(op, f, df, d2f) UNARY_RULES(op, 0, f, df, d2f, g != 0)
#define PIECEWISE(op, f, df)     UNARY_RULES(op, AD_OP_LINEAR, f, df, 0, 1)

/* clang-format off */
/*       name     y                                       dy/dx              d2y/dx2 */
PIECEWISE(neg,    -x,                                     -1)
PIECEWISE(abs,    fabs(x),                                (x > 0) - (x < 0))
PIECEWISE(sign,   x > 0 ? 1 : x < 0 ? -1 : x,             0)
PIECEWISE(relu,   x < 0 ? 0 : x,                          x > 0)
UNARY(   square,  x * x,                                  2 * x,             2)
SINGULAR(sqrt,    sqrt(x),                                1 / (2 * y),       -1 / (4 * x * y))
UNARY(   exp,     AD_EXP(x),                              y,                 y)
SINGULAR(log,     AD_LOG(x),                              1 / x,             -1 / (x * x))
PERIODIC(sin,     SIN(x),                                 COS(x),            -y)
PERIODIC(cos,     COS(x),                                 -SIN(x),           -y)
UNARY(   tanh,    AD_TANH(x),                             1 - y * y,         -2 * y * (1 - y * y))
UNARY(   sigmoid, AD_SIGMOID(x),                          y * (1 - y),       y * (1 - y) * (1 - 2 * y))
/* clang-format on */

const ad_unary_kernels *ad_activation_kernels(ad_activation activation)
{
    static const ad_unary_kernels *const kernels[AD_ACTIVATION_COUNT] = {
        [AD_RELU] = &relu_kernels, [AD_TANH] = &tanh_kernels, [AD_SIGMOID] = &sigmoid_kernels};
    return kernels[activation];
}

const ad_op *const ad_unary_ops[] = {
    &neg_op, &abs_op, &sign_op, &relu_op, &square_op,  &sqrt_op, &exp_op,
    &log_op, &sin_op, &cos_op,  &tanh_op, &sigmoid_op, NULL,
};
