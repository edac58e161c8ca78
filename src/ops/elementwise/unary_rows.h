/* How elementwise operations of one operand are written.
 *
 * One line is one operation: y as an expression of x, and its first and second derivatives as
 * expressions of x and y. From it come the kernels for f32 and f64, all four rules (the Jacobian
 * is diagonal, so that pullback and jvp are the same product), the text of the expressions, and
 * the public function. */
#ifndef ADZE_OPS_ELEMENTWISE_UNARY_ROWS_H
#define ADZE_OPS_ELEMENTWISE_UNARY_ROWS_H

#include "adze/op.h"
#include "kernels/kernel.h"
#include "ops/elementwise/expressions.h"
#include "ops/elementwise/unary.h"
#include "ops/families.h"

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

/* The op, whose kernels are op##_kernels, with its texts; and the public function. */
#define UNARY_OP(op, op_flags, ...)                          \
    static const ad_unary_kernels op##_kernels = {           \
        AD_BLOCKS(op##_forward),                             \
        AD_BLOCKS(op##_slope),                               \
        AD_BLOCKS(op##_bend),                                \
    };                                                       \
    static const ad_op op##_op = {                           \
        .size = sizeof(ad_op),                               \
        .name = &#op[3],                                     \
        .arity = 1,                                          \
        .flags = AD_OP_STRIDED | AD_OP_ASSIGNS | (op_flags), \
        .shape = ad_shape_first,                             \
        .forward = ad_unary_forward,                         \
        .pullback = ad_unary_pullback,                       \
        .jvp = ad_unary_jvp,                                 \
        .curvature = ad_unary_curvature,                     \
        .kernels = &op##_kernels,                            \
        .operands = "x",                                     \
        __VA_ARGS__,                                         \
    };                                                       \
    ad_tensor op(ad_tensor x)                                \
    {                                                        \
        return ad_apply(&op##_op, &x, NULL);                 \
    }

#define UNARY_BOTH(op, f, df, d2f, guard)            \
    UNARY_KERNELS(op, f32, float, f, df, d2f, guard) \
    UNARY_KERNELS(op, f64, double, f, df, d2f, guard)

/* Where the derivative is infinite, a cotangent of 0 stays 0 instead of becoming 0 inf = NaN. */
#define UNARY(op, f, df, d2f)     \
    UNARY_BOTH(op, f, df, d2f, 1) \
    UNARY_OP(op, 0, .formula = #f, .slope = {#df}, .bend = {{#d2f}})
#define SINGULAR(op, f, df, d2f)       \
    UNARY_BOTH(op, f, df, d2f, g != 0) \
    UNARY_OP(op, 0, .formula = #f, .slope = {#df}, .bend = {{#d2f}})
#define PIECEWISE(op, f, df)    \
    UNARY_BOTH(op, f, df, 0, 1) \
    UNARY_OP(op, AD_OP_LINEAR, .formula = #f, .slope = {#df}, .bend = {{"0"}})

#endif
