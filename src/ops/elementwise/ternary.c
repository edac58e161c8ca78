/* Elementwise operations of three operands (how they are written is in
 * ops/elementwise/elementwise.h). */
#include "adze/op.h"
#include "ops/elementwise/elementwise.h"

#include "ops/families.h"

#define TERNARY_KERNELS(op, s, T, f, da, db, dc, dab, dac, dbc)                           \
    AD_INLINE T op##_value_##s(T a, T b, T c)                                             \
    {                                                                                     \
        return (T)(f);                                                                    \
    }                                                                                     \
    AD_KERNEL(op##_forward_##s, T, op##_value_##s(AD_IN(T, 0), AD_IN(T, 1), AD_IN(T, 2))) \
    AD_SLOPE_PART(op##_da, s, T, c, da, AD_ADDING_KERNEL)                                 \
    AD_SLOPE_PART(op##_db, s, T, c, db, AD_ADDING_KERNEL)                                 \
    AD_SLOPE_PART(op##_dc, s, T, c, dc, AD_ADDING_KERNEL)                                 \
    AD_BEND_PART(op##_dab, s, T, c, dab, AD_KERNEL)                                       \
    AD_BEND_PART(op##_dac, s, T, c, dac, AD_KERNEL)                                       \
    AD_BEND_PART(op##_dbc, s, T, c, dbc, AD_KERNEL)

/* A second derivative by one operand alone. */
AD_BEND_PART(none, f32, float, c, 0, AD_KERNEL)
AD_BEND_PART(none, f64, double, c, 0, AD_KERNEL)

#define TERNARY_OP(op, op_flags, ...)                                                            \
    static const ad_elementwise_kernels op##_kernels = {                                         \
        AD_BLOCKS(op##_forward),                                                                 \
        {AD_ADDING_BLOCKS(op##_da), AD_ADDING_BLOCKS(op##_db), AD_ADDING_BLOCKS(op##_dc)},       \
        {{AD_BLOCKS(none), AD_BLOCKS(op##_dab), AD_BLOCKS(op##_dac)},                            \
         {AD_BLOCKS(op##_dab), AD_BLOCKS(none), AD_BLOCKS(op##_dbc)},                            \
         {AD_BLOCKS(op##_dac), AD_BLOCKS(op##_dbc), AD_BLOCKS(none)}},                           \
        NULL,                                                                                    \
    };                                                                                           \
    AD_ELEMENTWISE_OP(op, 3, op_flags, ad_shape_broadcast_3, .operands = "a, b, c", __VA_ARGS__) \
    ad_tensor(op)(ad_tensor a, ad_tensor b, ad_tensor c)                                         \
    {                                                                                            \
        return ad_apply(&op##_op, (ad_tensor[]){a, b, c}, NULL);                                 \
    }                                                                                            \
    AD_NUMBER_OF_THREE(op)

/* They are linear in each operand by itself. */
#define TERNARY(op, op_flags, f, da, db, dc, dab, dac, dbc)           \
    TERNARY_KERNELS(op, f32, float, f, da, db, dc, dab, dac, dbc)     \
    TERNARY_KERNELS(op, f64, double, f, da, db, dc, dab, dac, dbc)    \
    TERNARY_OP(op, op_flags, .formula = #f, .slope = {#da, #db, #dc}, \
               .bend = {{"0", #dab, #dac}, {#dab, "0", #dbc}, {#dac, #dbc, "0"}})

/* The bounds of clamp are as by maximum, then minimum: a keeps ties and NaN, c wins over b. */

/* clang-format off */
/*   name, flags, y, dy/da, dy/db, dy/dc, d2y/dadb, d2y/dadc, d2y/dbdc */
TERNARY(ad_clamp, AD_OP_LINEAR,
        AD_NOT_BELOW(a, b) ? (AD_NOT_ABOVE(a, c) ? a : c) : (AD_NOT_ABOVE(b, c) ? b : c),
        AD_NOT_BELOW(a, b) && AD_NOT_ABOVE(a, c),
        !AD_NOT_BELOW(a, b) && AD_NOT_ABOVE(b, c),
        AD_NOT_BELOW(a, b) ? !AD_NOT_ABOVE(a, c) : !AD_NOT_ABOVE(b, c),
        0, 0, 0)
TERNARY(ad_lerp, 0,
        isinf(b - a) ? (1 - c) * a + c * b : 2 * c < 1 ? a + c * (b - a) : b - (1 - c) * (b - a),
        1 - c, c, b - a, 0, -1, 1)
AD_ROW(TERNARY, ad_muladd, 0, AD_MULADD_FORMULA)
/* clang-format on */

const ad_op *const ad_ternary_ops[] = {&ad_clamp_op, &ad_lerp_op, &ad_muladd_op, NULL};
