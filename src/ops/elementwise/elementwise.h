/* How elementwise operations of two or three operands are written.
 *
 * One line is one operation: y as an expression of a and b (and c), and its first and second
 * derivatives as expressions of a, b and y (or c). The pullback to an operand that was broadcast
 * sums what the broadcasting repeated; ad_map_into does that, from the shapes alone. */
#ifndef ADZE_OPS_ELEMENTWISE_ELEMENTWISE_H
#define ADZE_OPS_ELEMENTWISE_ELEMENTWISE_H

#include "adze/op.h"
#include "adze/ops.h"
#include "kernels/kernel.h"
#include "ops/elementwise/expressions.h"
#include "ops/elementwise/integers.h"
#include "ops/elementwise/numbers.h"

/* z is y where there are two operands, and c where there are three. */
typedef struct ad_elementwise_kernels {
    ad_blocks forward;    /* a, b (, c) -> y */
    ad_blocks slope[3];   /* a, b, z, t -> t dy/da;  t dy/db;  t dy/dc */
    ad_blocks bend[3][3]; /* a, b, z, g, t -> g t d2y/da2, g t d2y/dadb, ...; a symmetric matrix */
    const ad_integer_kernels *integers; /* or NULL */
} ad_elementwise_kernels;

void ad_elementwise_forward(const ad_forward_args *c);
void ad_elementwise_pullback(const ad_pullback_args *c);
void ad_elementwise_jvp(const ad_jvp_args *c);
void ad_elementwise_curvature(const ad_curvature_args *c);

/* The shape that all of three operands broadcast to. */
const char *ad_shape_broadcast_3(const ad_shape *x, const void *attr, ad_shape *y);

/* A derivative as a function, and as a kernel that multiplies it by a cotangent or a tangent, or
 * both. SLOPE is AD_ADDING_KERNEL, or KERNEL where it is long. */
#define AD_PART(name, s, T, z, part)         \
    AD_INLINE T name##_of_##s(T a, T b, T z) \
    {                                        \
        (void)a, (void)b, (void)z;           \
        return (T)(part);                    \
    }
#define AD_PART_AT(name, s, T) name##_of_##s(AD_IN(T, 0), AD_IN(T, 1), AD_IN(T, 2))
#define AD_SLOPE_PART(name, s, T, z, part, SLOPE) \
    AD_PART(name, s, T, z, part)                  \
    SLOPE(name##_##s, T, AD_TIMES(AD_IN(T, 3), AD_PART_AT(name, s, T)))
#define AD_BEND_PART(name, s, T, z, part, KERNEL) \
    AD_PART(name, s, T, z, part)                  \
    KERNEL(name##_##s, T, AD_TIMES(AD_IN(T, 3), AD_IN(T, 4), AD_PART_AT(name, s, T)))

/* The op, whose kernels are op##_kernels, with its texts. */
#define AD_ELEMENTWISE_OP(op, count, op_flags, shape_rule, ...) \
    static const ad_op op##_op = {                              \
        .size = sizeof(ad_op),                                  \
        .name = &#op[3],                                        \
        .arity = count,                                         \
        .flags = AD_OP_STRIDED | AD_OP_ASSIGNS | (op_flags),    \
        .shape = shape_rule,                                    \
        .forward = ad_elementwise_forward,                      \
        .pullback = ad_elementwise_pullback,                    \
        .jvp = ad_elementwise_jvp,                              \
        .curvature = ad_elementwise_curvature,                  \
        .kernels = &op##_kernels,                               \
        __VA_ARGS__,                                            \
    };

#endif
