/* Elementwise operations of two operands (how they are written is in
 * ops/elementwise/elementwise.h). */
#include "adze/op.h"
#include "base/memory.h"
#include "ops/elementwise/elementwise.h"

#include "ops/families.h"

/* What rows say of types: floats alone, or all numbers. */
#define FLOATS_TYPE    NULL
#define FLOATS_OF(op)  NULL
#define NUMBERS_TYPE   ad_type_numbers
#define NUMBERS_OF(op) &op##_integers

#define BINARY_KERNELS(op, s, T, KERNEL, SLOPE, f, da, db, daa, dab, dbb) \
    AD_INLINE T op##_value_##s(T a, T b)                                  \
    {                                                                     \
        return (T)(f);                                                    \
    }                                                                     \
    KERNEL(op##_forward_##s, T, op##_value_##s(AD_IN(T, 0), AD_IN(T, 1))) \
    AD_SLOPE_PART(op##_da, s, T, y, da, SLOPE)                            \
    AD_SLOPE_PART(op##_db, s, T, y, db, SLOPE)                            \
    AD_BEND_PART(op##_daa, s, T, y, daa, KERNEL)                          \
    AD_BEND_PART(op##_dab, s, T, y, dab, KERNEL)                          \
    AD_BEND_PART(op##_dbb, s, T, y, dbb, KERNEL)

#define BINARY_BOTH(op, types, KERNEL, BLOCKS, SLOPE, SLOPES, f, da, db, daa, dab, dbb) \
    BINARY_KERNELS(op, f32, float, KERNEL, SLOPE, f, da, db, daa, dab, dbb)             \
    BINARY_KERNELS(op, f64, double, KERNEL, SLOPE, f, da, db, daa, dab, dbb)            \
    static const ad_elementwise_kernels op##_kernels = {                                \
        BLOCKS(op##_forward),                                                           \
        {SLOPES(op##_da), SLOPES(op##_db)},                                             \
        {{BLOCKS(op##_daa), BLOCKS(op##_dab)}, {BLOCKS(op##_dab), BLOCKS(op##_dbb)}},   \
        types##_OF(op),                                                                 \
    };

#define BINARY_OP(op, types, op_flags, ...)                                      \
    AD_ELEMENTWISE_OP(op, 2, op_flags, ad_shape_broadcast, .type = types##_TYPE, \
                      .operands = "a, b", .fast_path = &op##_op, __VA_ARGS__)    \
    ad_tensor(op)(ad_tensor a, ad_tensor b)                                      \
    {                                                                            \
        return ad_apply(&op##_op, (ad_tensor[]){a, b}, NULL);                    \
    }                                                                            \
    AD_NUMBER_OF_TWO(op)

/* LONG: derivatives are such long expressions that adding them to others may be done apart.
 * RARE: they are, too, and one loop does for all instruction sets, since it is rarely computed, or calls the
 * C library for each number. */
#define BINARY(op, types, f, da, db, daa, dab, dbb)                                             \
    BINARY_BOTH(op, types, AD_KERNEL, AD_BLOCKS, AD_ADDING_KERNEL, AD_ADDING_BLOCKS, f, da, db, \
                daa, dab, dbb)                                                                  \
    BINARY_OP(op, types, 0, .formula = #f, .slope = {#da, #db},                                 \
              .bend = {{#daa, #dab}, {#dab, #dbb}})
#define LONG(op, types, f, da, db, daa, dab, dbb)                                                \
    BINARY_BOTH(op, types, AD_KERNEL, AD_BLOCKS, AD_KERNEL, AD_BLOCKS, f, da, db, daa, dab, dbb) \
    BINARY_OP(op, types, 0, .formula = #f, .slope = {#da, #db},                                  \
              .bend = {{#daa, #dab}, {#dab, #dbb}})
#define RARE(op, types, f, da, db, daa, dab, dbb)                                                  \
    BINARY_BOTH(op, types, AD_SINGLE_KERNEL, AD_SINGLE_BLOCKS, AD_SINGLE_KERNEL, AD_SINGLE_BLOCKS, \
                f, da, db, daa, dab, dbb)                                                          \
    BINARY_OP(op, types, 0, .formula = #f, .slope = {#da, #db},                                    \
              .bend = {{#daa, #dab}, {#dab, #dbb}})
#define PIECEWISE(op, types, f, da, db)                                                            \
    BINARY_BOTH(op, types, AD_KERNEL, AD_BLOCKS, AD_ADDING_KERNEL, AD_ADDING_BLOCKS, f, da, db, 0, \
                0, 0)                                                                              \
    BINARY_OP(op, types, AD_OP_LINEAR, .formula = #f, .slope = {#da, #db},                         \
              .bend = {{"0", "0"}, {"0", "0"}})

/* f g a^b, f a^(b - 1) and f g a^(b - 2) from y = a^b, by divisions, which do not round the exponent, in the
 * order that stays within the range; apart where y has over- or underflowed, or lost digits. */
#define AD_POW_LEAST             _Generic((a), float : FLT_MIN / FLT_EPSILON, double : DBL_MIN / DBL_EPSILON)
#define AD_POW_HOLDS             (fabs(y) >= AD_POW_LEAST && fabs(y) < INFINITY)
#define AD_POW_TIMES(f, g)       (AD_POW_HOLDS ? y * (f) * (g) : AD_POW_APART(f, g, 0))
#define AD_POW_LESS_1(f)         (AD_POW_HOLDS ? AD_POW_OVER(f, y / a) : AD_POW_APART(f, 1, 1))
#define AD_POW_LESS_2(f, g)      (AD_POW_HOLDS ? AD_POW_OVER(f * (g), y / a / a) : AD_POW_APART(f, g, 2))
#define AD_POW_OVER(f, quotient) (fabs(a) < 1 ? (f)*quotient : (f) * (quotient))
#define AD_POW_APART(f, g, less)                                                              \
    _Generic((a), float                                                                       \
             : ad_pow_apart_f32((float)(a), (float)(b), (float)(f), (float)(g), less), double \
             : ad_pow_apart_f64((double)(a), (double)(b), (double)(f), (double)(g), less))

/* f g a^(b - less), for less = 0, 1 or 2, from the root of a^b; if that is no number, then b - less is
 * exact, or all is far beyond the range. What vanishes beats a factor that has overflowed. */
#define AD_POWERS_APART(s, T)                                                     \
    static AD_RARE T ad_pow_apart_##s(T a, T b, T f, T g, int less)               \
    {                                                                             \
        if (!(a > 0))                                                             \
            return f * g * pow(a, b - (T)less);                                   \
        T root = pow(a, b / 2);                                                   \
        bool good = root > 0 && root < INFINITY;                                  \
        T first = !good ? pow(a, (b - (T)less) / 2) : less > 0 ? root / a : root; \
        T second = !good ? first : less > 1 ? root / a : root;                    \
        return AD_VANISHING(first, f) * AD_VANISHING(second, g);                  \
    }
AD_POWERS_APART(f32, float)
AD_POWERS_APART(f64, double)

/* Logarithms that are called, not written out, in f64 for both types. */
static AD_APART double log_of(double x)
{
    return AD_LOG(x);
}

static AD_APART double log1p_of(double x)
{
    return AD_LOG1P(x);
}

/* clang-format off */
AD_WRAPPING(ad_add, a + b)
AD_WRAPPING(ad_sub, a - b)
AD_WRAPPING(ad_mul, a * b)
AD_SIGNED(ad_maximum, a > b ? a : b)
AD_SIGNED(ad_minimum, a < b ? a : b)

/*   name, types, y, dy/da, dy/db, d2y/da2, d2y/dadb, d2y/db2 */
AD_ROW(PIECEWISE, ad_add, NUMBERS, AD_ADD_FORMULA)
AD_ROW(PIECEWISE, ad_sub, NUMBERS, AD_SUB_FORMULA)
PIECEWISE(ad_maximum, NUMBERS, AD_NOT_BELOW(a, b) ? a : b, AD_NOT_BELOW(a, b), !AD_NOT_BELOW(a, b))
PIECEWISE(ad_minimum, NUMBERS, AD_NOT_ABOVE(a, b) ? a : b, AD_NOT_ABOVE(a, b), !AD_NOT_ABOVE(a, b))
PIECEWISE(ad_fmod,    FLOATS,  fmod(a, b),                 1,                  -rint((a - y) / b))
AD_ROW(BINARY, ad_mul, NUMBERS, AD_MUL_FORMULA)
AD_ROW(BINARY, ad_div, FLOATS, AD_DIV_FORMULA)
RARE(     ad_pow, FLOATS,
          pow(a, b),
          b == 0 ? 0 : AD_POW_LESS_1(b),
          a > 0 ? AD_POW_TIMES(log(a), 1) : 0,
          b == 0 || b == 1 ? 0 : AD_POW_LESS_2(b, b - 1),
          a > 0 ? AD_POW_LESS_1(1 + b * log(a)) : b == 0 ? 0 : AD_POW_LESS_1(1),
          a > 0 ? AD_POW_TIMES(log(a), log(a)) : 0)
RARE(     ad_hypot, FLOATS,
          hypot(a, b),
          AD_SINE(a, b),
          AD_SINE(b, a),
          AD_OVER_DISTANCE(AD_SINE(b, a), AD_SINE(b, a), a, b),
          -AD_OVER_DISTANCE(AD_SINE(a, b), AD_SINE(b, a), a, b),
          AD_OVER_DISTANCE(AD_SINE(a, b), AD_SINE(a, b), a, b))
RARE(     ad_atan2, FLOATS,
          atan2(a, b),
          AD_OVER_DISTANCE(AD_SINE(b, a), 1, a, b),
          -AD_OVER_DISTANCE(AD_SINE(a, b), 1, a, b),
          AD_OVER_DISTANCE(AD_OVER_DISTANCE(-2 * AD_SINE(a, b), AD_SINE(b, a), a, b), 1, a, b),
          -AD_OVER_DISTANCE(AD_OVER_DISTANCE(AD_COSINE_TWICE(a, b), 1, a, b), 1, a, b),
          AD_OVER_DISTANCE(AD_OVER_DISTANCE(2 * AD_SINE(a, b), AD_SINE(b, a), a, b), 1, a, b))
BINARY(   ad_leaky_relu, FLOATS, a > 0 ? a : b * a, a > 0 ? 1 : b, a > 0 ? 0 : a, 0, a > 0 ? 0 : 1, 0)
LONG(     ad_celu, FLOATS,
          a > 0 || fabs(a / b) < AD_SMALL(a) ? a : b * AD_EXPM1(a / b),
          a > 0 ? 1 : AD_EXP(a / b),
          a > 0 ? 0 : AD_EXPM1(a / b) - AD_VANISHING(AD_EXP(a / b), a / b),
          a > 0 ? 0 : AD_EXP(a / b) / b,
          a > 0 ? 0 : -AD_VANISHING(AD_EXP(a / b), a / b) / b,
          a > 0 ? 0 : AD_VANISHING(AD_EXP(a / b), a / b * (a / b)) / b)
RARE(     ad_xlogy, FLOATS,
          a == 0 && b == b ? 0 : a * log_of(b),
          log_of(b),
          a == 0 ? 0 : a / b,
          0,
          1 / b,
          a == 0 ? 0 : -(a / b) / b)
RARE(     ad_xlog1py, FLOATS,
          a == 0 && b == b ? 0 : a * log1p_of(b),
          log1p_of(b),
          a == 0 ? 0 : a / (1 + b),
          0,
          1 / (1 + b),
          a == 0 ? 0 : -(a / (1 + b)) / (1 + b))
/* clang-format on */

const ad_op *const ad_binary_ops[] = {
    &ad_add_op,        &ad_sub_op,     &ad_mul_op,   &ad_div_op,     &ad_pow_op,
    &ad_maximum_op,    &ad_minimum_op, &ad_hypot_op, &ad_atan2_op,   &ad_fmod_op,
    &ad_leaky_relu_op, &ad_celu_op,    &ad_xlogy_op, &ad_xlog1py_op, NULL,
};
