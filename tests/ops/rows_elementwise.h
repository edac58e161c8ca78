/* Rows of the table of operations (test_ops.c says how to read them): the elementwise ones. */
#ifndef ADZE_TESTS_ROWS_ELEMENTWISE_H
#define ADZE_TESTS_ROWS_ELEMENTWISE_H

#include "probe_rows.h"

/* clang-format off */
/* An op of one operand, of a matrix, a number and nothing. */
#define SHAPES_OF(ROW, op, range, how) \
    ROW(op, op, ad_##op(x[0]), ON(S(3, 4)), range, how) \
    ROW(op##_of_a_number, op, ad_##op(x[0]), ON(NUMBER), range, how) \
    ROW(op##_of_nothing, op, ad_##op(x[0]), ON(S(0, 3)), range, how)

#define UNARY_ROWS(ROW) \
    SHAPES_OF(ROW, neg,          AROUND_0, EACH(complex_neg)) \
    SHAPES_OF(ROW, abs,          AROUND_0, NOT_ANALYTIC) \
    SHAPES_OF(ROW, sign,         AROUND_0, NOT_ANALYTIC) \
    SHAPES_OF(ROW, ceil,         AROUND_0, NOT_ANALYTIC) \
    SHAPES_OF(ROW, floor,        AROUND_0, NOT_ANALYTIC) \
    SHAPES_OF(ROW, round,        AROUND_0, NOT_ANALYTIC) \
    SHAPES_OF(ROW, trunc,        AROUND_0, NOT_ANALYTIC) \
    SHAPES_OF(ROW, square,       AROUND_0, EACH(complex_square)) \
    SHAPES_OF(ROW, sqrt,         ABOVE_0,  EACH(csqrt)) \
    SHAPES_OF(ROW, rsqrt,        ABOVE_0,  EACH(complex_rsqrt)) \
    SHAPES_OF(ROW, cbrt,         ABOVE_0,  EACH(complex_cbrt)) \
    SHAPES_OF(ROW, reciprocal,   ABOVE_0,  EACH(complex_reciprocal)) \
    SHAPES_OF(ROW, exp,          AROUND_0, EACH(cexp)) \
    SHAPES_OF(ROW, exp2,         AROUND_0, EACH(complex_power_of_2)) \
    SHAPES_OF(ROW, expm1,        AROUND_0, EACH(complex_expm1)) \
    SHAPES_OF(ROW, log,          ABOVE_0,  EACH(clog)) \
    SHAPES_OF(ROW, log2,         ABOVE_0,  EACH(complex_log2)) \
    SHAPES_OF(ROW, log10,        ABOVE_0,  EACH(complex_log10)) \
    SHAPES_OF(ROW, log1p,        ABOVE_0,  EACH(complex_log1p)) \
    SHAPES_OF(ROW, sin,          AROUND_0, EACH(csin)) \
    SHAPES_OF(ROW, cos,          AROUND_0, EACH(ccos)) \
    SHAPES_OF(ROW, tan,          INSIDE_1, EACH(ctan)) \
    SHAPES_OF(ROW, asin,         INSIDE_1, EACH(casin)) \
    SHAPES_OF(ROW, acos,         INSIDE_1, EACH(cacos)) \
    SHAPES_OF(ROW, atan,         AROUND_0, EACH(catan)) \
    SHAPES_OF(ROW, sinh,         AROUND_0, EACH(csinh)) \
    SHAPES_OF(ROW, cosh,         AROUND_0, EACH(ccosh)) \
    SHAPES_OF(ROW, tanh,         AROUND_0, EACH(ctanh)) \
    SHAPES_OF(ROW, asinh,        AROUND_0, EACH(casinh)) \
    SHAPES_OF(ROW, acosh,        ABOVE_1,  EACH(cacosh)) \
    SHAPES_OF(ROW, atanh,        INSIDE_1, EACH(catanh)) \
    SHAPES_OF(ROW, erf,          AROUND_0, EACH(complex_erf)) \
    SHAPES_OF(ROW, erfc,         AROUND_0, EACH(complex_erfc)) \
    SHAPES_OF(ROW, lgamma,       ABOVE_0,  EACH(complex_lgamma)) \
    SHAPES_OF(ROW, digamma,      ABOVE_1,  EACH(complex_digamma)) \
    SHAPES_OF(ROW, sigmoid,      AROUND_0, EACH(complex_sigmoid)) \
    SHAPES_OF(ROW, log_sigmoid,  AROUND_0, EACH(complex_log_sigmoid)) \
    SHAPES_OF(ROW, softplus,     AROUND_0, EACH(complex_softplus)) \
    SHAPES_OF(ROW, softsign,     AROUND_0, EACH(complex_softsign)) \
    SHAPES_OF(ROW, relu,         AROUND_0, EACH(complex_relu)) \
    SHAPES_OF(ROW, relu6,        WIDE,     EACH(complex_relu6)) \
    SHAPES_OF(ROW, elu,          AROUND_0, EACH(complex_elu)) \
    SHAPES_OF(ROW, selu,         AROUND_0, EACH(complex_selu)) \
    SHAPES_OF(ROW, silu,         AROUND_0, EACH(complex_silu)) \
    SHAPES_OF(ROW, gelu,         AROUND_0, EACH(complex_gelu)) \
    SHAPES_OF(ROW, gelu_erf,     AROUND_0, EACH(complex_gelu_erf)) \
    SHAPES_OF(ROW, mish,         AROUND_0, EACH(complex_mish)) \
    SHAPES_OF(ROW, hard_sigmoid, WIDE,     EACH(complex_hard_sigmoid)) \
    SHAPES_OF(ROW, hard_tanh,    AROUND_0, EACH(complex_hard_tanh)) \
    ROW(lgamma_of_negatives, lgamma, ad_lgamma(ad_sub(x[0], 2.5)), ON(S(6)), BETWEEN(-0.2, 0.2)) \
    ROW(digamma_of_negatives, digamma, ad_digamma(ad_sub(x[0], 2.5)), ON(S(6)), BETWEEN(-0.04, 0.04)) \
    ROW(cbrt_of_negatives, cbrt, ad_cbrt(ad_neg(x[0])), ON(S(6)), ABOVE_0) \
    ROW(unary_of_many, sigmoid, ad_sigmoid(x[0]), ON(S(700)), EACH(complex_sigmoid)) \
    ROW(unary_of_rank_8, exp, ad_exp(x[0]), ON(S(1, 2, 1, 2, 1, 2, 1, 2)), EACH(cexp)) \
    ROW(unary_of_long_rows, tanh, ad_tanh(x[0]), ON(S(2, 300)), EACH(ctanh)) \
    ROW(unary_of_a_view, sin, ad_sin(ad_transpose(x[0])), ON(S(2, 3))) \
    ROW(unary_chain, square, ad_square(ad_sin(ad_exp(x[0]))), ON(S(5)), BETWEEN(-1, 1))

/* Every way of broadcasting, for an op of two operands; or for what ad_name(a, b) makes of it. */
#define PATTERNS(ROW, op, ...) PATTERNS_AS(ROW, op, op, __VA_ARGS__)
#define PATTERNS_AS(ROW, name, op, ...) \
    ROW(name##_of_equal_shapes, op, ad_##name(x[0], x[1]), ON(S(3, 4), S(3, 4)), __VA_ARGS__) \
    ROW(name##_row_on_the_right, op, ad_##name(x[0], x[1]), ON(S(3, 4), S(4)), __VA_ARGS__) \
    ROW(name##_row_on_the_left, op, ad_##name(x[0], x[1]), ON(S(4), S(3, 4)), __VA_ARGS__) \
    ROW(name##_column, op, ad_##name(x[0], x[1]), ON(S(3, 4), S(3, 1)), __VA_ARGS__) \
    ROW(name##_outer, op, ad_##name(x[0], x[1]), ON(S(3, 1), S(1, 4)), __VA_ARGS__) \
    ROW(name##_number_on_the_right, op, ad_##name(x[0], x[1]), ON(S(3, 4), NUMBER), __VA_ARGS__) \
    ROW(name##_number_on_the_left, op, ad_##name(x[0], x[1]), ON(NUMBER, S(3, 4)), __VA_ARGS__) \
    ROW(name##_of_numbers, op, ad_##name(x[0], x[1]), ON(NUMBER, NUMBER), __VA_ARGS__) \
    ROW(name##_of_ranks_3_and_2, op, ad_##name(x[0], x[1]), ON(S(2, 3, 4), S(3, 1)), __VA_ARGS__) \
    ROW(name##_both_broadcast, op, ad_##name(x[0], x[1]), ON(S(2, 1, 4), S(1, 3, 1)), __VA_ARGS__) \
    ROW(name##_long_rows, op, ad_##name(x[0], x[1]), ON(S(2, 300), S(2, 1)), __VA_ARGS__) \
    ROW(name##_of_nothing, op, ad_##name(x[0], x[1]), ON(S(0, 3), S(3)), __VA_ARGS__) \
    ROW(name##_row_of_nothing, op, ad_##name(x[0], x[1]), ON(S(3, 0), S(3, 1)), __VA_ARGS__) \
    ROW(name##_one_on_nothing, op, ad_##name(x[0], x[1]), ON(S(1), S(0)), __VA_ARGS__)

#define ad_celu_below(a, b)         ad_celu(ad_neg(a), b)
#define ad_atan2_on_the_left(a, b)  ad_atan2(a, ad_neg(b))

#define BINARY_ROWS(ROW) \
    PATTERNS(ROW, add,        AROUND_0, BOTH(complex_add)) \
    PATTERNS(ROW, sub,        AROUND_0, BOTH(complex_sub)) \
    PATTERNS(ROW, mul,        AROUND_0, BOTH(complex_mul)) \
    PATTERNS(ROW, div,        ABOVE_0,  BOTH(complex_div)) \
    PATTERNS(ROW, pow,        ABOVE_0,  BOTH(complex_pow)) \
    PATTERNS(ROW, maximum,    WIDE,     NOT_ANALYTIC) \
    PATTERNS(ROW, minimum,    WIDE,     NOT_ANALYTIC) \
    PATTERNS(ROW, hypot,      ABOVE_0,  BOTH(complex_hypot)) \
    PATTERNS(ROW, atan2,      ABOVE_0,  BOTH(complex_atan2)) \
    PATTERNS(ROW, leaky_relu, AROUND_0, BOTH(complex_leaky_relu)) \
    PATTERNS(ROW, celu,       ABOVE_1,  NOT_ANALYTIC) \
    PATTERNS_AS(ROW, atan2_on_the_left, atan2, ABOVE_1, NOT_ANALYTIC) \
    PATTERNS_AS(ROW, celu_below, celu, ABOVE_1, BOTH(complex_celu_below)) \
    ROW(fmod_of_equal_shapes, fmod, ad_fmod(x[0], x[1]), ON(S(3, 2), S(3, 2)), ABOVE_0) \
    ROW(fmod_row, fmod, ad_fmod(x[0], x[1]), ON(S(3, 2), S(2)), ABOVE_0) \
    ROW(fmod_column, fmod, ad_fmod(x[0], x[1]), ON(S(2), S(3, 1)), ABOVE_0) \
    ROW(fmod_of_numbers, fmod, ad_fmod(x[0], x[1]), ON(NUMBER, NUMBER), ABOVE_0) \
    ROW(fmod_of_nothing, fmod, ad_fmod(x[0], x[1]), ON(S(0, 3), S(3)), ABOVE_0) \
    ROW(powi_3, powi, ad_powi(x[0], 3), ON(S(3, 4)), EACH(complex_cube)) \
    ROW(powi_2_of_many, powi, ad_powi(x[0], 2), ON(S(700)), EACH(complex_square)) \
    ROW(powi_1, powi, ad_powi(x[0], 1), ON(S(5)), LINEAR) \
    ROW(powi_0, powi, ad_powi(x[0], 0), ON(S(5))) \
    ROW(powi_of_minus_1, powi, ad_powi(x[0], -1), ON(S(5)), ABOVE_0, EACH(complex_reciprocal)) \
    ROW(powi_of_minus_3, powi, ad_powi(ad_neg(x[0]), -3), ON(S(5)), ABOVE_1) \
    ROW(powi_5_of_a_number, powi, ad_powi(x[0], 5), ON(NUMBER), BETWEEN(0.8, 1.5)) \
    ROW(powi_of_nothing, powi, ad_powi(x[0], 3), ON(S(0, 3)), EACH(complex_cube)) \
    ROW(leaky_relu_by_a_number, leaky_relu, ad_leaky_relu(x[0], 0.01), ON(S(3, 4))) \
    ROW(celu_by_a_number, celu, ad_celu(x[0], 1.5), ON(S(3, 4))) \
    ROW(div_by_negatives, div, ad_div(x[0], ad_neg(x[1])), ON(S(5), S(5)), ABOVE_0) \
    ROW(number_minus_x, sub, ad_sub(1, x[0]), ON(S(5)), EACH(complex_one_minus)) \
    ROW(x_cubed, pow, ad_pow(x[0], 3), ON(S(6)), EACH(complex_cube)) \
    ROW(power_of_2, pow, ad_pow(2, x[0]), ON(S(6)), EACH(complex_power_of_2)) \
    ROW(power_of_itself, pow, ad_pow(x[0], x[0]), ON(S(5)), ABOVE_0) \
    ROW(mul_by_its_own_transpose, mul, ad_mul(x[0], ad_transpose(x[0])), ON(S(4, 4)))

/* The same for three operands. */
#define PATTERNS_OF_THREE(ROW, op, range, how) \
    ROW(op##_of_equal_shapes, op, ad_##op(x[0], x[1], x[2]), ON(S(3, 4), S(3, 4), S(3, 4)), range, how) \
    ROW(op##_row_and_column, op, ad_##op(x[0], x[1], x[2]), ON(S(3, 4), S(4), S(3, 1)), range, how) \
    ROW(op##_first_broadcasts, op, ad_##op(x[0], x[1], x[2]), ON(S(4), S(2, 3, 1), S(3, 4)), range, how) \
    ROW(op##_all_broadcast, op, ad_##op(x[0], x[1], x[2]), ON(S(3, 1, 1), S(2, 1), S(4)), range, how) \
    ROW(op##_by_numbers, op, ad_##op(x[0], x[1], x[2]), ON(S(3, 4), NUMBER, NUMBER), range, how) \
    ROW(op##_of_numbers, op, ad_##op(x[0], x[1], x[2]), ON(NUMBER, NUMBER, NUMBER), range, how) \
    ROW(op##_of_many, op, ad_##op(x[0], x[1], x[2]), ON(S(2, 300), S(2, 1), S(2, 1)), range, how) \
    ROW(op##_of_nothing, op, ad_##op(x[0], x[1], x[2]), ON(S(0, 3), S(3), NUMBER), range, how)

#define TERNARY_ROWS(ROW) \
    PATTERNS_OF_THREE(ROW, clamp,  FAR_APART, EACH_OF_THREE(complex_clamp)) \
    PATTERNS_OF_THREE(ROW, lerp,   AROUND_0,  EACH_OF_THREE(complex_lerp)) \
    PATTERNS_OF_THREE(ROW, muladd, AROUND_0,  EACH_OF_THREE(complex_muladd)) \
    ROW(clamp_between_numbers, clamp, ad_clamp(x[0], -1, 1), ON(S(3, 4)), EACH(complex_hard_tanh)) \
    ROW(lerp_half_way, lerp, ad_lerp(x[0], x[1], 0.5), ON(S(3, 4), S(4)), LINEAR) \
    ROW(muladd_of_a_number, muladd, ad_muladd(x[0], 2, x[1]), ON(S(3, 4), S(4)), LINEAR)

/* Of a = [1, 2, 3] and b = [2, 2, 2]: the values of y, which has no derivative. */
#define MASK_VALUES(ROW) \
    ROW(equal, equal, ad_equal(x[0], x[1]), 0, 1, 0) \
    ROW(not_equal, not_equal, ad_not_equal(x[0], x[1]), 1, 0, 1) \
    ROW(less, less, ad_less(x[0], x[1]), 1, 0, 0) \
    ROW(less_equal, less_equal, ad_less_equal(x[0], x[1]), 1, 1, 0) \
    ROW(greater, greater, ad_greater(x[0], x[1]), 0, 0, 1) \
    ROW(greater_equal, greater_equal, ad_greater_equal(x[0], x[1]), 0, 1, 1) \
    ROW(greater_than_a_number, greater, ad_greater(x[0], 1.5), 0, 1, 1) \
    ROW(less_than_a_row, less, ad_less(ad_expand(x[1], 0), x[0]), 0, 0, 1) \
    ROW(logical_not, logical_not, ad_logical_not(ad_less(x[0], x[1])), 0, 1, 1) \
    ROW(logical_and, logical_and, ad_logical_and(ad_less(x[0], 3), ad_greater(x[0], 1)), 0, 1, 0) \
    ROW(logical_or, logical_or, ad_logical_or(ad_less(x[0], 2), ad_greater(x[0], 2)), 1, 0, 1) \
    ROW(logical_xor, logical_xor, ad_logical_xor(ad_less(x[0], 3), ad_greater(x[0], 1)), 1, 0, 1) \
    ROW(isfinite, isfinite, ad_isfinite(ad_log(ad_sub(x[0], 2))), 0, 0, 1) \
    ROW(isinf, isinf, ad_isinf(ad_log(ad_sub(x[0], 2))), 0, 1, 0) \
    ROW(isnan, isnan, ad_isnan(ad_log(ad_sub(x[0], 2))), 1, 0, 0)
/* clang-format on */

#endif
