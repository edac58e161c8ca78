/* Elementwise operations. rows.h says how a row reads. */
#ifndef ROWS
#define ROWS   "elementwise.c"
#define FAMILY elementwise_rows
#include "rows.h"

#define PI 3.14159265358979323846

static const bool mask[] = {true, false, false, true, false, true,
                            true, false, true,  true, false, false};

/* Where a function is made of pieces, the real part says which piece it is; each is analytic by itself. */
#define BELOW(limit) (creal(x) < (limit))

static double _Complex least(double _Complex a, double _Complex b)
{
    return creal(a) <= creal(b) ? a : b;
}

static double _Complex greatest(double _Complex a, double _Complex b)
{
    return creal(a) >= creal(b) ? a : b;
}

static ad_tensor celu_below(ad_tensor a, ad_tensor b)
{
    return ad_celu(ad_neg(a), b);
}

static ad_tensor atan2_on_the_left(ad_tensor a, ad_tensor b)
{
    return ad_atan2(a, ad_neg(b));
}

static ad_tensor to_the_other_type(ad_tensor x)
{
    return ad_cast(x, ad_read(x).type == AD_F32 ? AD_F64 : AD_F32);
}

static ad_tensor and_back(ad_tensor x)
{
    return to_the_other_type(to_the_other_type(x));
}

static ad_tensor where(ad_tape *t, const ad_tensor *x, uint64_t choice)
{
    ad_shape s = ad_shape_of(x[0]);
    int64_t n = s.rank ? s.dim[s.rank - 1] : 1;
    ad_tensor first = number_list(t, AD_BOOL, n, choice, 2);
    return ad_where(s.rank ? first : ad_squeeze(first, 0), x[0], x[1]);
}

#include "read_rows.h"
#else

/* clang-format off */
UNARY(ad_neg, .complex = -x, .any_type = BIT(A))
UNARY(ad_abs, .domain = OFF_ZERO, .not_analytic = true)
UNARY(ad_sign, .domain = OFF_ZERO, .not_analytic = true)
UNARY(ad_ceil, .in_graphs = {0.05, 0.45}, .not_analytic = true)
UNARY(ad_floor, .in_graphs = {0.05, 0.45}, .not_analytic = true)
UNARY(ad_round, .in_graphs = {0.05, 0.45}, .not_analytic = true)
UNARY(ad_trunc, .in_graphs = {0.05, 0.45}, .not_analytic = true)

UNARY(ad_square, .complex = x * x)
CASE(unary_chain, ad_square(ad_sin(ad_exp(x[0]))), ON(S(5)), .range = {-1, 1})

UNARY(ad_sqrt, .range = {0.3, 2.5}, .complex = csqrt(x), .domain = POSITIVE)
UNARY(ad_rsqrt, .range = {0.3, 2.5}, .complex = 1 / csqrt(x), .domain = POSITIVE)

UNARY(ad_cbrt, .range = {0.3, 2.5}, .complex = cexp(clog(x) / 3), .domain = POSITIVE)
CASE(cbrt_of_negatives, ad_cbrt(ad_neg(x[0])), ON(S(6)), .range = {0.3, 2.5})

UNARY(ad_reciprocal, .range = {0.3, 2.5}, .complex = 1 / x, .domain = POSITIVE)

UNARY(ad_exp, .complex = cexp(x))
CASE(unary_of_rank_8, ad_exp(x[0]), ON(S(1, 2, 1, 2, 1, 2, 1, 2)), EACH(cexp(x)))

UNARY(ad_exp2, .complex = cexp(x * clog(2)))
UNARY(ad_expm1, .complex = cexp(x) - 1)
UNARY(ad_log, .range = {0.3, 2.5}, .complex = clog(x), .domain = POSITIVE)
UNARY(ad_log2, .range = {0.3, 2.5}, .complex = clog(x) / clog(2), .domain = POSITIVE)
UNARY(ad_log10, .range = {0.3, 2.5}, .complex = clog(x) / clog(10), .domain = POSITIVE)
UNARY(ad_log1p, .range = {0.3, 2.5}, .complex = clog(1 + x), .domain = POSITIVE)
UNARY(ad_log1mexp, .range = {-2.5, -0.3}, .complex = clog(1 - cexp(x)))

UNARY(ad_sin, .complex = csin(x))
CASE(unary_of_a_view, ad_sin(ad_transpose(x[0])), ON(S(2, 3)))

UNARY(ad_cos, .complex = ccos(x))
UNARY(ad_tan, .range = {-0.6, 0.6}, .complex = ctan(x))
UNARY(ad_asin, .range = {-0.6, 0.6}, .complex = casin(x))
UNARY(ad_acos, .range = {-0.6, 0.6}, .complex = cacos(x))
UNARY(ad_atan, .complex = catan(x))
UNARY(ad_sinh, .complex = csinh(x))
UNARY(ad_cosh, .complex = ccosh(x))
UNARY(ad_asinh, .complex = casinh(x))
UNARY(ad_acosh, .range = {1.5, 4}, .complex = cacosh(x))
UNARY(ad_atanh, .range = {-0.6, 0.6}, .complex = catanh(x))
UNARY(ad_relu, .complex = BELOW(0) ? 0 : x, .domain = OFF_ZERO)
UNARY(ad_relu6, .range = {-30, 30}, .complex = BELOW(0) ? 0 : BELOW(6) ? x : 6, .in_graphs = {0, 1})

UNARY(ad_hard_sigmoid, .range = {-30, 30}, .complex = BELOW(-3) ? 0 : BELOW(3) ? (x + 3) / 6 : 1,
    .in_graphs = {-1, 1})

UNARY(ad_hard_tanh, .complex = BELOW(-1) ? -1 : BELOW(1) ? x : 1, .in_graphs = {-0.5, 0.5})

UNARY(ad_hard_swish, .range = {-30, 30}, .complex = BELOW(-3) ? 0 : BELOW(3) ? x * (x + 3) / 6 : x,
    .in_graphs = {-1, 1})

UNARY(ad_tanh, .complex = ctanh(x))
CASE(unary_of_long_rows, ad_tanh(x[0]), ON(S(2, 300)), EACH(ctanh(x)))

UNARY(ad_sigmoid, .complex = complex_sigmoid(x))
CASE(unary_of_many, ad_sigmoid(x[0]), ON(S(700)), EACH(complex_sigmoid(x)))

UNARY(ad_log_sigmoid, .complex = -clog(1 + cexp(-x)))
UNARY(ad_softplus, .complex = clog(1 + cexp(x)))
UNARY(ad_softsign, .complex = x / (1 + (BELOW(0) ? -x : x)), .domain = OFF_ZERO)
UNARY(ad_elu, .complex = BELOW(0) ? cexp(x) - 1 : x, .domain = OFF_ZERO)

UNARY(ad_selu,
    .complex = 1.0507009873554804934 * (BELOW(0) ? 1.6732632423543772848 * (cexp(x) - 1) : x),
    .domain = OFF_ZERO)

UNARY(ad_silu, .complex = x * complex_sigmoid(x))
UNARY(ad_gelu, .complex = 0.5 * x * (1 + ctanh(csqrt(2 / PI) * (x + 0.044715 * x * x * x))))
UNARY(ad_gelu_erf, .complex = 0.5 * x * (1 + complex_erf(x / csqrt(2))))
UNARY(ad_mish, .complex = x * ctanh(clog(1 + cexp(x))))
UNARY(ad_erf, .complex = complex_erf(x))
UNARY(ad_erfc, .complex = 1 - complex_erf(x))

UNARY(ad_lgamma, .range = {0.3, 2.5}, .complex = complex_lgamma(x), .domain = POSITIVE)
CASE(lgamma_of_negatives, ad_lgamma(ad_sub(x[0], 2.5)), ON(S(6)), .range = {-0.2, 0.2})

UNARY(ad_digamma, .range = {1.5, 4}, .complex = complex_digamma(x))
CASE(digamma_of_negatives, ad_digamma(ad_sub(x[0], 2.5)), ON(S(6)), .range = {-0.04, 0.04})

OP(ad_powi)
CASE(powi_3, ad_powi(x[0], 3), ON(S(3, 4)), EACH(x * x * x))
CASE(powi_2_of_many, ad_powi(x[0], 2), ON(S(700)), EACH(x * x))
CASE(powi_1, ad_powi(x[0], 1), ON(S(5)), .linear = true)
CASE(powi_0, ad_powi(x[0], 0), ON(S(5)))
CASE(powi_of_minus_1, ad_powi(x[0], -1), ON(S(5)), .range = {0.3, 2.5}, EACH(1 / x))
CASE(powi_of_minus_3, ad_powi(ad_neg(x[0]), -3), ON(S(5)), .range = {1.5, 4})
CASE(powi_5_of_a_number, ad_powi(x[0], 5), ON(NUMBER), .range = {0.8, 1.5})
CASE(powi_of_nothing, ad_powi(x[0], 3), ON(S(0, 3)), EACH(x * x * x))
GRAPH(ad_powi(*x, 3))
CALL(powi, ad_powi(o[A], 3), .uses = BIT(A))

BINARY(ad_add, .complex = a + b)
GRAPH(ad_add(x[0], x[1]), .arity = 2, .fits = FIT_BROADCAST)
GRAPH(ad_add(*x, 0.75))

BINARY(ad_sub, .complex = a - b)
CASE(number_minus_x, ad_sub(1, x[0]), ON(S(5)), EACH(1 - x))

BINARY(ad_mul, .complex = a * b)
CASE(mul_by_its_own_transpose, ad_mul(x[0], ad_transpose(x[0])), ON(S(4, 4)))
GRAPH(ad_mul(x[0], x[1]), .arity = 2, .fits = FIT_BROADCAST)
GRAPH(ad_mul(-1.5, *x))
ORACLE(mul, ad_mul(x[0], x[1]))

BINARY(ad_div, .range = {0.3, 2.5}, .complex = a / b, .domain = SECOND_OFF_ZERO)
CASE(div_by_negatives, ad_div(x[0], ad_neg(x[1])), ON(S(5), S(5)), .range = {0.3, 2.5})
ORACLE(div, ad_div(x[0], x[1]))

BINARY(ad_pow, .range = {0.3, 2.5}, .complex = cexp(b * clog(a)), .domain = POSITIVE)
CASE(x_cubed, ad_pow(x[0], 3), ON(S(6)), EACH(x * x * x))
CASE(power_of_2, ad_pow(2, x[0]), ON(S(6)), EACH(cexp(x * clog(2))))
CASE(power_of_itself, ad_pow(x[0], x[0]), ON(S(5)), .range = {0.3, 2.5})

BINARY(ad_xlogy, .range = {0.3, 2.5}, .complex = a * clog(b), .domain = POSITIVE)
CASE(entropy, ad_xlogy(x[0], x[0]), ON(S(5)), .range = {0.3, 2.5}, EACH(x * clog(x)))
BINARY(ad_xlog1py, .range = {0.3, 2.5}, .complex = a * clog(1 + b), .domain = POSITIVE)

BINARY(ad_maximum, .range = {-30, 30}, .domain = APART, .not_analytic = true)
BINARY(ad_minimum, .range = {-30, 30}, .domain = APART, .not_analytic = true)
BINARY(ad_hypot, .range = {0.3, 2.5}, .complex = csqrt(a * a + b * b))

BINARY(ad_atan2, .range = {0.3, 2.5}, .complex = 2 * catan(a / (csqrt(a * a + b * b) + b)))
BINARY_CASES(atan2_on_the_left, atan2_on_the_left, .range = {1.5, 4},
    .complex = 2 * catan((csqrt(a * a + b * b) + b) / a))

OP(ad_fmod, .not_analytic = true)
CASE(fmod_of_equal_shapes, ad_fmod(x[0], x[1]), ON(S(3, 2), S(3, 2)), .range = {0.3, 2.5})
CASE(fmod_row, ad_fmod(x[0], x[1]), ON(S(3, 2), S(2)), .range = {0.3, 2.5})
CASE(fmod_column, ad_fmod(x[0], x[1]), ON(S(2), S(3, 1)), .range = {0.3, 2.5})
CASE(fmod_of_numbers, ad_fmod(x[0], x[1]), ON(NUMBER, NUMBER), .range = {0.3, 2.5})
CASE(fmod_of_nothing, ad_fmod(x[0], x[1]), ON(S(0, 3), S(3)), .range = {0.3, 2.5})
GRAPH(ad_fmod(ad_add(ad_mul(0.2, BETWEEN_0(x[0])), 2.3), ad_add(ad_mul(0.1, BETWEEN_0(x[1])), 1)),
    .arity = 2, .fits = FIT_BROADCAST)
CALL(fmod, (ad_fmod)(o[A], o[B]), .uses = BIT(A) | BIT(B))

BINARY(ad_leaky_relu, .complex = creal(a) > 0 ? a : a * b, .domain = OFF_ZERO)
CASE(leaky_relu_by_a_number, ad_leaky_relu(x[0], 0.01), ON(S(3, 4)))

BINARY(ad_celu, .range = {1.5, 4}, .complex = creal(a) > 0 ? a : b * (cexp(a / b) - 1))
BINARY_CASES(celu_below, celu_below, .range = {1.5, 4}, .complex = b * (cexp(-a / b) - 1))
CASE(celu_by_a_number, ad_celu(x[0], 1.5), ON(S(3, 4)))
GRAPH(ad_celu(x[0], ad_add(BETWEEN_0(x[1]), 0.5)), .arity = 2, .fits = FIT_BROADCAST,
    .domain = OFF_ZERO)

TERNARY(ad_clamp, .range = {-3000, 3000}, .complex = least(greatest(a, b), c))
CASE(clamp_between_numbers, ad_clamp(x[0], -1, 1), ON(S(3, 4)),
    EACH(BELOW(-1) ? -1 : BELOW(1) ? x : 1))
GRAPH(ad_clamp(BETWEEN_1(x[0]), -1.5, ad_add(BETWEEN_0(x[1]), 1.5)), .arity = 2,
    .fits = FIT_BROADCAST)
BAD(clamp, ad_clamp(o[A], 0, o[C]), AD_BAD_SHAPE)

TERNARY(ad_lerp, .complex = a + c * (b - a))
CASE(lerp_half_way, ad_lerp(x[0], x[1], 0.5), ON(S(3, 4), S(4)), .linear = true)
GRAPH(ad_lerp(x[0], x[1], BETWEEN_1(x[0])), .arity = 2, .fits = FIT_BROADCAST)

TERNARY(ad_muladd, .complex = a * b + c)
CASE(muladd_of_a_number, ad_muladd(x[0], 2, x[1]), ON(S(3, 4), S(4)), .linear = true)
GRAPH(ad_muladd(x[0], x[1], x[0]), .arity = 2, .fits = FIT_BROADCAST)

OP(ad_floor_div)
VALUES(floor_div, ad_floor_div(ad_cast(ad_sub(x[0], 4), AD_I32), 2), -2, -1, -1)
VALUES(floor_div_of_bytes, ad_floor_div(ad_cast(x[0], AD_U8), ad_cast(x[1], AD_U8)), 0, 1, 1)
CALL(floor_div, ad_floor_div(o[L], 2), .uses = BIT(L))
BAD(floor_div, ad_floor_div(o[A], o[B]), AD_BAD_TYPE)
BAD(floor_div, ad_floor_div(o[L], o[L]), AD_DOMAIN)
BAD(floor_div, ad_floor_div(o[L], 0), AD_DOMAIN)
ORACLE(floor_div, ad_floor_div(ad_cast(x[0], AD_I64), -3))

OP(ad_floor_mod)
VALUES(floor_mod, ad_floor_mod(ad_cast(ad_sub(x[0], 4), AD_I32), 2), 1, 0, 1)
VALUES(floor_mod_below_0, ad_floor_mod(ad_cast(x[0], AD_I32), -2), -1, 0, -1)
CALL(floor_mod, ad_floor_mod(o[L], 2), .uses = BIT(L))
BAD(floor_mod, ad_floor_mod(o[A], o[B]), AD_BAD_TYPE)
BAD(floor_mod, ad_floor_mod(o[L], 0), AD_DOMAIN)
ORACLE(floor_mod, ad_floor_mod(ad_cast(x[0], AD_I64), -3))

BINARY(ad_equal)
VALUES(equal, ad_equal(x[0], x[1]), 0, 1, 0)

BINARY(ad_not_equal)
VALUES(not_equal, ad_not_equal(x[0], x[1]), 1, 0, 1)

BINARY(ad_less)
VALUES(less, ad_less(x[0], x[1]), 1, 0, 0)
VALUES(less_than_a_row, ad_less(ad_expand(x[1], 0), x[0]), 0, 0, 1)

BINARY(ad_less_equal)
VALUES(less_equal, ad_less_equal(x[0], x[1]), 1, 1, 0)

BINARY(ad_greater)
VALUES(greater, ad_greater(x[0], x[1]), 0, 0, 1)
VALUES(greater_than_a_number, ad_greater(x[0], 1.5), 0, 1, 1)

BINARY(ad_greater_equal)
VALUES(greater_equal, ad_greater_equal(x[0], x[1]), 0, 1, 1)

UNARY(ad_logical_not, .uses = BIT(M))
VALUES(logical_not, ad_logical_not(ad_less(x[0], x[1])), 0, 1, 1)

BINARY(ad_logical_and, .uses = BIT(M))
VALUES(logical_and, ad_logical_and(ad_less(x[0], 3), ad_greater(x[0], 1)), 0, 1, 0)

BINARY(ad_logical_or, .uses = BIT(M))
VALUES(logical_or, ad_logical_or(ad_less(x[0], 2), ad_greater(x[0], 2)), 1, 0, 1)

BINARY(ad_logical_xor, .uses = BIT(M))
VALUES(logical_xor, ad_logical_xor(ad_less(x[0], 3), ad_greater(x[0], 1)), 1, 0, 1)

UNARY(ad_isfinite, .any_type = BIT(A))
VALUES(isfinite, ad_isfinite(ad_log(ad_sub(x[0], 2))), 0, 0, 1)

UNARY(ad_isinf, .any_type = BIT(A))
VALUES(isinf, ad_isinf(ad_log(ad_sub(x[0], 2))), 0, 1, 0)

UNARY(ad_isnan, .any_type = BIT(A))
VALUES(isnan, ad_isnan(ad_log(ad_sub(x[0], 2))), 1, 0, 0)

OP(ad_where)
CASE(where, ad_where(FROZEN(mask, 3, 4), x[0], x[1]), ON(S(3, 4), S(3, 4)), .linear = true)
CASE(where_mask_broadcasts, ad_where(FROZEN(mask, 4), x[0], x[1]), ON(S(3, 4), S(3, 4)),
    .linear = true)
CASE(where_branches_broadcast, ad_where(FROZEN(mask, 3, 4), x[0], x[1]), ON(S(4), S(3, 1)),
    .linear = true)
CASE(where_all_broadcast, ad_where(FROZEN(mask, 2, 1, 1), x[0], x[1]), ON(S(3, 1), S(4)),
    .linear = true)
CASE(where_else_a_number, ad_where(FROZEN(mask, 3, 4), x[0], 7), ON(S(3, 4)))
CASE(where_not_a_number, ad_where(FROZEN(mask, 3, 4), 7, x[0]), ON(NUMBER))
CASE(where_compared, ad_where(ad_less(x[0], x[1]), x[0], x[1]), ON(S(3, 4), S(4)))
CASE(where_of_nothing, ad_where(FROZEN(mask, 3), x[0], x[1]), ON(S(0, 3), S(3)), .linear = true)
GRAPH(where(t, x, choice), .arity = 2, .fits = FIT_BROADCAST)
CALL(where, (ad_where)(o[M], o[A], o[B]), .uses = BIT(M) | BIT(A) | BIT(B))
BAD(where, ad_where(o[M], o[C], 0), AD_BAD_SHAPE)
BAD(where, ad_where(o[M], 1, 2), AD_MISUSE)
ORACLE(where, ad_where(ad_greater(x[0], 0), ad_log(ad_maximum(x[0], 1e-30)), x[1]))
ORACLE(where_not_taken, ad_where(ad_greater(x[0], 0), ad_log(x[0]), 7))

OP(ad_cast)
CASE(cast, to_the_other_type(x[0]), ON(S(3, 4)), .linear = true)
CASE(cast_and_back, to_the_other_type(to_the_other_type(x[0])), ON(S(3, 4)), .linear = true)
CASE(cast_of_a_number, to_the_other_type(x[0]), ON(NUMBER), .linear = true)
CASE(cast_of_nothing, to_the_other_type(x[0]), ON(S(3, 0)), .linear = true)
CALL(cast, ad_cast(o[A], AD_F32), .uses = BIT(A), .any_type = BIT(A))
BAD(cast, ad_cast(o[A], (ad_type)77), AD_BAD_TYPE)
BAD(cast, ad_cast(o[A], (ad_type)-1), AD_BAD_TYPE)
ORACLE(cast, and_back(x[0]))

OP(ad_cast_discrete)
VALUES(cast_to_integers, ad_cast(ad_mul(x[0], -0.75), AD_I32), 0, -1, -2)
VALUES(cast_to_mask, ad_cast(ad_sub(x[0], 2), AD_BOOL), 1, 0, 1)
ORACLE(cast_discrete, ad_cast(x[0], AD_I32))

OP(ad_stop_gradient)
VALUES(stop_gradient, ad_stop_gradient(ad_mul(x[0], x[1])), 2, 4, 6)
CALL(stop_gradient, ad_stop_gradient(o[A]), .uses = BIT(A), .any_type = BIT(A))
ORACLE(stop_gradient, ad_mul(x[0], ad_stop_gradient(x[0])))
/* clang-format on */
#endif
