/* Elementwise operations of two operands (how they are written is in ops/elementwise/elementwise.h). */
#include "adze/op.h"
#include "ops/elementwise/elementwise.h"

#include "kernels/elementary.h"
#include "ops/families.h"

#include <float.h>
#include <tgmath.h>

#define BINARY_KERNELS(op, s, T, f, da, db, daa, dab, dbb)                   \
    AD_INLINE T op##_value_##s(T a, T b)                                     \
    {                                                                        \
        return (T)(f);                                                       \
    }                                                                        \
    AD_KERNEL(op##_forward_##s, T, op##_value_##s(AD_IN(T, 0), AD_IN(T, 1))) \
    AD_SLOPE_PART(op##_da, s, T, y, da)                                      \
    AD_SLOPE_PART(op##_db, s, T, y, db)                                      \
    AD_BEND_PART(op##_daa, s, T, y, daa)                                     \
    AD_BEND_PART(op##_dab, s, T, y, dab)                                     \
    AD_BEND_PART(op##_dbb, s, T, y, dbb)

#define BINARY_RULES(op, op_flags, f, da, db, daa, dab, dbb)                                      \
    BINARY_KERNELS(op, f32, float, f, da, db, daa, dab, dbb)                                      \
    BINARY_KERNELS(op, f64, double, f, da, db, daa, dab, dbb)                                     \
    static const ad_elementwise_kernels op##_kernels = {                                          \
        AD_BLOCKS(op##_forward),                                                                  \
        {AD_BLOCKS(op##_da), AD_BLOCKS(op##_db)},                                                 \
        {{AD_BLOCKS(op##_daa), AD_BLOCKS(op##_dab)}, {AD_BLOCKS(op##_dab), AD_BLOCKS(op##_dbb)}}, \
    };                                                                                            \
    AD_ELEMENTWISE_OP(op, 2, op_flags, ad_shape_broadcast)                                        \
    ad_tensor(ad_##op)(ad_tensor a, ad_tensor b)                                                  \
    {                                                                                             \
        return ad_apply(&op##_op, (ad_tensor[]){a, b}, NULL);                                     \
    }

#define BINARY(op, f, da, db, daa, dab, dbb) BINARY_RULES(op, 0, f, da, db, daa, dab, dbb)
#define PIECEWISE(op, f, da, db)             BINARY_RULES(op, AD_OP_LINEAR, f, da, db, 0, 0, 0)

/* Ties belong to a, and a NaN on either side is the result. */
#define A_IS_MAX (a >= b || a != a)
#define A_IS_MIN (a <= b || a != a)

/* z by the distance r from the origin, where nothing has a direction: 0. */
#define BY(r, z) ((r) == 0 ? 0 : (z) / (r))

/* Of atan2: the distance, and the direction. */
#define R hypot(a, b)
#define U BY(R, a)
#define V BY(R, b)

/* exp(x / alpha), for celu where x <= 0. */
#define DECAY AD_EXP(a / b)

/* a^(b - n) from y, by divisions, which do not round the exponent; by another pow where y has over- or
 * underflowed, or lost digits. */
#define LEAST        _Generic((a), float : FLT_MIN / FLT_EPSILON, double : DBL_MIN / DBL_EPSILON)
#define KNOWN        (fabs(y) >= LEAST && fabs(y) < INFINITY)
#define POW_LESS_ONE (KNOWN ? y / a : pow(a, b - 1))
#define POW_LESS_TWO (KNOWN ? y / a / a : pow(a, b - 2))

/* clang-format off */
/*        name      y                   dy/da         dy/db        d2y/da2     d2y/dadb  d2y/db2 */
PIECEWISE(add,      a + b,              1,            1)
PIECEWISE(sub,      a - b,              1,            -1)
PIECEWISE(maximum,  A_IS_MAX ? a : b,   A_IS_MAX,     !A_IS_MAX)
PIECEWISE(minimum,  A_IS_MIN ? a : b,   A_IS_MIN,     !A_IS_MIN)
PIECEWISE(fmod,     fmod(a, b),         1,            -rint((a - y) / b))
BINARY(   mul,      a * b,              b,            a,           0,          1,        0)
BINARY(   div,      a / b,              1 / b,        -(y / b),    0, -1 / (b * b),      2 * (y / (b * b)))
BINARY(   pow,      pow(a, b),
                    b == 0 ? 0 : b * POW_LESS_ONE,
                    a > 0 ? y * log(a) : 0,
                    b == 0 || b == 1 ? 0 : b * (b - 1) * POW_LESS_TWO,
                    a > 0 ? POW_LESS_ONE * (1 + b * log(a)) : b == 0 ? 0 : POW_LESS_ONE,
                    a > 0 ? y * log(a) * log(a) : 0)
BINARY(   hypot,    hypot(a, b),        BY(y, a),     BY(y, b),    BY(y, b / y * (b / y)), -BY(y, a / y * (b / y)),
                                                                   BY(y, a / y * (a / y)))
BINARY(   atan2,    atan2(a, b),        BY(R, V),     -BY(R, U),   BY(R, BY(R, -2 * U * V)), BY(R, BY(R, (U + V) * (U - V))),
                                                                   BY(R, BY(R, 2 * U * V)))
BINARY(leaky_relu,  a > 0 ? a : b * a,  a > 0 ? 1 : b, a > 0 ? 0 : a, 0,       a > 0 ? 0 : 1, 0)
BINARY(   celu,     a > 0 ? a : b * AD_EXPM1(a / b),
                    a > 0 ? 1 : DECAY,
                    a > 0 ? 0 : AD_EXPM1(a / b) - AD_VANISHING(DECAY, a / b),
                    a > 0 ? 0 : DECAY / b,
                    a > 0 ? 0 : -AD_VANISHING(DECAY, a / b / b),
                    a > 0 ? 0 : AD_VANISHING(DECAY, a / b * (a / b) / b))
/* clang-format on */

const ad_op *const ad_binary_ops[] = {
    &add_op,   &sub_op,   &mul_op,  &div_op,        &pow_op,  &maximum_op, &minimum_op,
    &hypot_op, &atan2_op, &fmod_op, &leaky_relu_op, &celu_op, NULL,
};
