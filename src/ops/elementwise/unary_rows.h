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
#include "ops/elementwise/numbers.h"
#include "ops/elementwise/unary.h"
#include "ops/families.h"

/* The expressions as functions. */
#define UNARY_FUNCTIONS(op, s, T, f, df, d2f) \
    AD_INLINE T op##_value_##s(T x)           \
    {                                         \
        return (T)(f);                        \
    }                                         \
    AD_INLINE T op##_slope_of_##s(T x, T y)   \
    {                                         \
        (void)x, (void)y;                     \
        return (T)(df);                       \
    }                                         \
    AD_INLINE T op##_bend_of_##s(T x, T y)    \
    {                                         \
        (void)x, (void)y;                     \
        return (T)(d2f);                      \
    }

#define UNARY_VALUE(op, s, T) op##_value_##s(AD_IN(T, 0))
#define UNARY_SLOPE(op, s, T) AD_TIMES(AD_IN(T, 2), op##_slope_of_##s(AD_IN(T, 0), AD_IN(T, 1)))
#define UNARY_BEND(op, s, T) \
    AD_TIMES(AD_IN(T, 2), op##_bend_of_##s(AD_IN(T, 0), AD_IN(T, 1)), AD_IN(T, 3))

/* KERNEL is AD_KERNEL with AD_BLOCKS, or AD_SINGLE_KERNEL with AD_SINGLE_BLOCKS. SLOPE is the same,
 * or AD_ADDING_KERNEL with AD_ADDING_BLOCKS. */
#define UNARY_KERNELS(op, s, T, KERNEL, SLOPE, f, df, d2f) \
    UNARY_FUNCTIONS(op, s, T, f, df, d2f)                  \
    KERNEL(op##_forward_##s, T, UNARY_VALUE(op, s, T))     \
    SLOPE(op##_slope_##s, T, UNARY_SLOPE(op, s, T))        \
    KERNEL(op##_bend_##s, T, UNARY_BEND(op, s, T))
#define UNARY_BOTH(op, KERNEL, BLOCKS, SLOPE, SLOPES, f, df, d2f) \
    UNARY_KERNELS(op, f32, float, KERNEL, SLOPE, f, df, d2f)      \
    UNARY_KERNELS(op, f64, double, KERNEL, SLOPE, f, df, d2f)     \
    AD_NUMBER_PAIR(op, op##_value_f64, op##_slope_of_f64)         \
    static const ad_unary_kernels op##_kernels = {                \
        BLOCKS(op##_forward),                                     \
        SLOPES(op##_slope),                                       \
        BLOCKS(op##_bend),                                        \
    };
#define UNARY_SHORT(op, f, df, d2f) \
    UNARY_BOTH(op, AD_KERNEL, AD_BLOCKS, AD_ADDING_KERNEL, AD_ADDING_BLOCKS, f, df, d2f)
#define UNARY_LONG(op, f, df, d2f) \
    UNARY_BOTH(op, AD_KERNEL, AD_BLOCKS, AD_KERNEL, AD_BLOCKS, f, df, d2f)

/* The op, whose kernels are op##_kernels, with its texts; and the public function. */
#define UNARY_OP(op, op_flags, ...) UNARY_OP_BY(op, op_flags, NULL, ad_unary_forward, __VA_ARGS__)
#define UNARY_OP_BY(op, op_flags, type_rule, forward_rule, ...) \
    static const ad_op op##_op = {                              \
        .size = sizeof(ad_op),                                  \
        .name = &#op[3],                                        \
        .arity = 1,                                             \
        .flags = AD_OP_STRIDED | AD_OP_ASSIGNS | (op_flags),    \
        .type = type_rule,                                      \
        .shape = ad_shape_first,                                \
        .forward = forward_rule,                                \
        .pullback = ad_unary_pullback,                          \
        .jvp = ad_unary_jvp,                                    \
        .curvature = ad_unary_curvature,                        \
        .kernels = &op##_kernels,                               \
        .operands = "x",                                        \
        .fast_path = &op##_op,                                  \
        __VA_ARGS__,                                            \
    };                                                          \
    ad_tensor(op)(ad_tensor x)                                  \
    {                                                           \
        return ad_apply(&op##_op, &x, NULL);                    \
    }                                                           \
    AD_NUMBER_OF_ONE(op)

/* LONG: the derivative is so long an expression that adding it to others may be done apart.
 * RARE: it is, too, and one loop does for all instruction sets, since it is rarely computed. */
#define UNARY(op, f, df, d2f)   \
    UNARY_SHORT(op, f, df, d2f) \
    UNARY_OP(op, 0, .formula = #f, .slope = {#df}, .bend = {{#d2f}})
#define LONG(op, f, df, d2f)   \
    UNARY_LONG(op, f, df, d2f) \
    UNARY_OP(op, 0, .formula = #f, .slope = {#df}, .bend = {{#d2f}})
#define RARE(op, f, df, d2f)                                                                      \
    UNARY_BOTH(op, AD_SINGLE_KERNEL, AD_SINGLE_BLOCKS, AD_SINGLE_KERNEL, AD_SINGLE_BLOCKS, f, df, \
               d2f)                                                                               \
    UNARY_OP(op, 0, .formula = #f, .slope = {#df}, .bend = {{#d2f}})
#define PIECEWISE(op, f, df)  \
    UNARY_SHORT(op, f, df, 0) \
    UNARY_OP(op, AD_OP_LINEAR, .formula = #f, .slope = {#df}, .bend = {{"0"}})

#endif
