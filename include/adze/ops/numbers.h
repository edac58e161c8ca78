/* The elementwise operations for single numbers (number.h): written by scripts/op-calls from the
 * declarations of elementwise.h, which say what they compute; do not edit.
 *
 * source_line says where the call stands, "ode.c:12", for messages; it may be NULL. The macros
 * ad_exp and ad_exp_real fill it in. ad_add_real_at calls the library (ad_add_real_parts);
 * ad_add_real_here is compiled into your code, and calls it only where something is in the way. */
#ifndef ADZE_OPS_NUMBERS_H
#define ADZE_OPS_NUMBERS_H

#include "adze/ops/choices.h"
#include "adze/ops/elementwise.h"

#ifdef __cplusplus
extern "C" {
#endif

AD_API ad_real_result ad_neg_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_abs_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_sign_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_ceil_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_floor_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_round_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_trunc_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_square_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_sqrt_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_rsqrt_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_cbrt_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_reciprocal_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_powi_real_parts(AD_REAL_PARTS(x), int n, const char *source_line);
AD_API ad_real_result ad_exp_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_exp2_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_expm1_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_log_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_log2_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_log10_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_log1p_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_log1mexp_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_sin_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_cos_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_tan_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_asin_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_acos_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_atan_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_sinh_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_cosh_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_tanh_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_asinh_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_acosh_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_atanh_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_erf_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_erfc_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_lgamma_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_digamma_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_sigmoid_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_log_sigmoid_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_softplus_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_softsign_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_relu_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_relu6_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_elu_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_selu_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_silu_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_gelu_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_gelu_erf_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_mish_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_hard_sigmoid_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_hard_tanh_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_hard_swish_real_parts(AD_REAL_PARTS(x), const char *source_line);
AD_API ad_real_result ad_add_real_parts(AD_REAL_PARTS(a), AD_REAL_PARTS(b),
                                        const char *source_line);
AD_API ad_real_result ad_sub_real_parts(AD_REAL_PARTS(a), AD_REAL_PARTS(b),
                                        const char *source_line);
AD_API ad_real_result ad_mul_real_parts(AD_REAL_PARTS(a), AD_REAL_PARTS(b),
                                        const char *source_line);
AD_API ad_real_result ad_div_real_parts(AD_REAL_PARTS(a), AD_REAL_PARTS(b),
                                        const char *source_line);
AD_API ad_real_result ad_pow_real_parts(AD_REAL_PARTS(a), AD_REAL_PARTS(b),
                                        const char *source_line);
AD_API ad_real_result ad_xlogy_real_parts(AD_REAL_PARTS(a), AD_REAL_PARTS(b),
                                          const char *source_line);
AD_API ad_real_result ad_xlog1py_real_parts(AD_REAL_PARTS(a), AD_REAL_PARTS(b),
                                            const char *source_line);
AD_API ad_real_result ad_hypot_real_parts(AD_REAL_PARTS(a), AD_REAL_PARTS(b),
                                          const char *source_line);
AD_API ad_real_result ad_atan2_real_parts(AD_REAL_PARTS(a), AD_REAL_PARTS(b),
                                          const char *source_line);
AD_API ad_real_result ad_fmod_real_parts(AD_REAL_PARTS(a), AD_REAL_PARTS(b),
                                         const char *source_line);
AD_API ad_real_result ad_maximum_real_parts(AD_REAL_PARTS(a), AD_REAL_PARTS(b),
                                            const char *source_line);
AD_API ad_real_result ad_minimum_real_parts(AD_REAL_PARTS(a), AD_REAL_PARTS(b),
                                            const char *source_line);
AD_API ad_real_result ad_leaky_relu_real_parts(AD_REAL_PARTS(a), AD_REAL_PARTS(b),
                                               const char *source_line);
AD_API ad_real_result ad_celu_real_parts(AD_REAL_PARTS(a), AD_REAL_PARTS(b),
                                         const char *source_line);
AD_API ad_real_result ad_clamp_real_parts(AD_REAL_PARTS(x), AD_REAL_PARTS(low), AD_REAL_PARTS(high),
                                          const char *source_line);
AD_API ad_real_result ad_lerp_real_parts(AD_REAL_PARTS(a), AD_REAL_PARTS(b), AD_REAL_PARTS(t),
                                         const char *source_line);
AD_API ad_real_result ad_muladd_real_parts(AD_REAL_PARTS(a), AD_REAL_PARTS(b), AD_REAL_PARTS(c),
                                           const char *source_line);

AD_NUMBER_HERE_ONE(ad_neg, AD_NEG_FORMULA)
AD_NUMBER_CALL_ONE(ad_abs)
AD_NUMBER_CALL_ONE(ad_sign)
AD_NUMBER_CALL_ONE(ad_ceil)
AD_NUMBER_CALL_ONE(ad_floor)
AD_NUMBER_CALL_ONE(ad_round)
AD_NUMBER_CALL_ONE(ad_trunc)
AD_NUMBER_HERE_ONE(ad_square, AD_SQUARE_FORMULA)
AD_NUMBER_CALL_ONE(ad_sqrt)
AD_NUMBER_CALL_ONE(ad_rsqrt)
AD_NUMBER_CALL_ONE(ad_cbrt)
AD_NUMBER_CALL_ONE(ad_reciprocal)
AD_NUMBER_CALL_POWER(ad_powi)
AD_NUMBER_CALL_ONE(ad_exp)
AD_NUMBER_CALL_ONE(ad_exp2)
AD_NUMBER_CALL_ONE(ad_expm1)
AD_NUMBER_CALL_ONE(ad_log)
AD_NUMBER_CALL_ONE(ad_log2)
AD_NUMBER_CALL_ONE(ad_log10)
AD_NUMBER_CALL_ONE(ad_log1p)
AD_NUMBER_CALL_ONE(ad_log1mexp)
AD_NUMBER_CALL_ONE(ad_sin)
AD_NUMBER_CALL_ONE(ad_cos)
AD_NUMBER_CALL_ONE(ad_tan)
AD_NUMBER_CALL_ONE(ad_asin)
AD_NUMBER_CALL_ONE(ad_acos)
AD_NUMBER_CALL_ONE(ad_atan)
AD_NUMBER_CALL_ONE(ad_sinh)
AD_NUMBER_CALL_ONE(ad_cosh)
AD_NUMBER_CALL_ONE(ad_tanh)
AD_NUMBER_CALL_ONE(ad_asinh)
AD_NUMBER_CALL_ONE(ad_acosh)
AD_NUMBER_CALL_ONE(ad_atanh)
AD_NUMBER_CALL_ONE(ad_erf)
AD_NUMBER_CALL_ONE(ad_erfc)
AD_NUMBER_CALL_ONE(ad_lgamma)
AD_NUMBER_CALL_ONE(ad_digamma)
AD_NUMBER_CALL_ONE(ad_sigmoid)
AD_NUMBER_CALL_ONE(ad_log_sigmoid)
AD_NUMBER_CALL_ONE(ad_softplus)
AD_NUMBER_CALL_ONE(ad_softsign)
AD_NUMBER_CALL_ONE(ad_relu)
AD_NUMBER_CALL_ONE(ad_relu6)
AD_NUMBER_CALL_ONE(ad_elu)
AD_NUMBER_CALL_ONE(ad_selu)
AD_NUMBER_CALL_ONE(ad_silu)
AD_NUMBER_CALL_ONE(ad_gelu)
AD_NUMBER_CALL_ONE(ad_gelu_erf)
AD_NUMBER_CALL_ONE(ad_mish)
AD_NUMBER_CALL_ONE(ad_hard_sigmoid)
AD_NUMBER_CALL_ONE(ad_hard_tanh)
AD_NUMBER_CALL_ONE(ad_hard_swish)
AD_NUMBER_HERE_TWO(ad_add, AD_ADD_FORMULA)
AD_NUMBER_HERE_TWO(ad_sub, AD_SUB_FORMULA)
AD_NUMBER_HERE_TWO(ad_mul, AD_MUL_FORMULA)
AD_NUMBER_HERE_TWO(ad_div, AD_DIV_FORMULA)
AD_NUMBER_CALL_TWO(ad_pow)
AD_NUMBER_CALL_TWO(ad_xlogy)
AD_NUMBER_CALL_TWO(ad_xlog1py)
AD_NUMBER_CALL_TWO(ad_hypot)
AD_NUMBER_CALL_TWO(ad_atan2)
AD_NUMBER_CALL_TWO(ad_fmod)
AD_NUMBER_CALL_TWO(ad_maximum)
AD_NUMBER_CALL_TWO(ad_minimum)
AD_NUMBER_CALL_TWO(ad_leaky_relu)
AD_NUMBER_CALL_TWO(ad_celu)
AD_NUMBER_CALL_THREE(ad_clamp)
AD_NUMBER_CALL_THREE(ad_lerp)
AD_NUMBER_HERE_THREE(ad_muladd, AD_MULADD_FORMULA)
AD_NUMBER_TESTED(ad_isfinite, x.value - x.value == 0)
AD_NUMBER_TESTED(ad_isinf, x.value == x.value && x.value - x.value != 0)
AD_NUMBER_TESTED(ad_isnan, x.value != x.value)
AD_NUMBERS_COMPARED(ad_equal, ==)
AD_NUMBERS_COMPARED(ad_not_equal, !=)
AD_NUMBERS_COMPARED(ad_less, <)
AD_NUMBERS_COMPARED(ad_less_equal, <=)
AD_NUMBERS_COMPARED(ad_greater, >)
AD_NUMBERS_COMPARED(ad_greater_equal, >=)

AD_IN_PLACE ad_real ad_neg_real(ad_real x) { return ad_neg_real_here(x, NULL); }
AD_IN_PLACE ad_real ad_abs_real(ad_real x) { return ad_abs_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_sign_real(ad_real x) { return ad_sign_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_ceil_real(ad_real x) { return ad_ceil_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_floor_real(ad_real x) { return ad_floor_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_round_real(ad_real x) { return ad_round_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_trunc_real(ad_real x) { return ad_trunc_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_square_real(ad_real x) { return ad_square_real_here(x, NULL); }
AD_IN_PLACE ad_real ad_sqrt_real(ad_real x) { return ad_sqrt_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_rsqrt_real(ad_real x) { return ad_rsqrt_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_cbrt_real(ad_real x) { return ad_cbrt_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_reciprocal_real(ad_real x) { return ad_reciprocal_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_powi_real(ad_real x, int n) { return ad_powi_real_at(x, n, NULL); }
AD_IN_PLACE ad_real ad_exp_real(ad_real x) { return ad_exp_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_exp2_real(ad_real x) { return ad_exp2_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_expm1_real(ad_real x) { return ad_expm1_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_log_real(ad_real x) { return ad_log_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_log2_real(ad_real x) { return ad_log2_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_log10_real(ad_real x) { return ad_log10_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_log1p_real(ad_real x) { return ad_log1p_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_log1mexp_real(ad_real x) { return ad_log1mexp_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_sin_real(ad_real x) { return ad_sin_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_cos_real(ad_real x) { return ad_cos_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_tan_real(ad_real x) { return ad_tan_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_asin_real(ad_real x) { return ad_asin_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_acos_real(ad_real x) { return ad_acos_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_atan_real(ad_real x) { return ad_atan_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_sinh_real(ad_real x) { return ad_sinh_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_cosh_real(ad_real x) { return ad_cosh_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_tanh_real(ad_real x) { return ad_tanh_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_asinh_real(ad_real x) { return ad_asinh_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_acosh_real(ad_real x) { return ad_acosh_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_atanh_real(ad_real x) { return ad_atanh_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_erf_real(ad_real x) { return ad_erf_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_erfc_real(ad_real x) { return ad_erfc_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_lgamma_real(ad_real x) { return ad_lgamma_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_digamma_real(ad_real x) { return ad_digamma_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_sigmoid_real(ad_real x) { return ad_sigmoid_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_log_sigmoid_real(ad_real x) { return ad_log_sigmoid_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_softplus_real(ad_real x) { return ad_softplus_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_softsign_real(ad_real x) { return ad_softsign_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_relu_real(ad_real x) { return ad_relu_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_relu6_real(ad_real x) { return ad_relu6_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_elu_real(ad_real x) { return ad_elu_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_selu_real(ad_real x) { return ad_selu_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_silu_real(ad_real x) { return ad_silu_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_gelu_real(ad_real x) { return ad_gelu_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_gelu_erf_real(ad_real x) { return ad_gelu_erf_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_mish_real(ad_real x) { return ad_mish_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_hard_sigmoid_real(ad_real x) { return ad_hard_sigmoid_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_hard_tanh_real(ad_real x) { return ad_hard_tanh_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_hard_swish_real(ad_real x) { return ad_hard_swish_real_at(x, NULL); }
AD_IN_PLACE ad_real ad_add_real(ad_real a, ad_real b) { return ad_add_real_here(a, b, NULL); }
AD_IN_PLACE ad_real ad_sub_real(ad_real a, ad_real b) { return ad_sub_real_here(a, b, NULL); }
AD_IN_PLACE ad_real ad_mul_real(ad_real a, ad_real b) { return ad_mul_real_here(a, b, NULL); }
AD_IN_PLACE ad_real ad_div_real(ad_real a, ad_real b) { return ad_div_real_here(a, b, NULL); }
AD_IN_PLACE ad_real ad_pow_real(ad_real a, ad_real b) { return ad_pow_real_at(a, b, NULL); }
AD_IN_PLACE ad_real ad_xlogy_real(ad_real a, ad_real b) { return ad_xlogy_real_at(a, b, NULL); }
AD_IN_PLACE ad_real ad_xlog1py_real(ad_real a, ad_real b) { return ad_xlog1py_real_at(a, b, NULL); }
AD_IN_PLACE ad_real ad_hypot_real(ad_real a, ad_real b) { return ad_hypot_real_at(a, b, NULL); }
AD_IN_PLACE ad_real ad_atan2_real(ad_real a, ad_real b) { return ad_atan2_real_at(a, b, NULL); }
AD_IN_PLACE ad_real ad_fmod_real(ad_real a, ad_real b) { return ad_fmod_real_at(a, b, NULL); }
AD_IN_PLACE ad_real ad_maximum_real(ad_real a, ad_real b) { return ad_maximum_real_at(a, b, NULL); }
AD_IN_PLACE ad_real ad_minimum_real(ad_real a, ad_real b) { return ad_minimum_real_at(a, b, NULL); }
AD_IN_PLACE ad_real ad_leaky_relu_real(ad_real a, ad_real b)
{
    return ad_leaky_relu_real_at(a, b, NULL);
}
AD_IN_PLACE ad_real ad_celu_real(ad_real a, ad_real b) { return ad_celu_real_at(a, b, NULL); }
AD_IN_PLACE ad_real ad_clamp_real(ad_real x, ad_real low, ad_real high)
{
    return ad_clamp_real_at(x, low, high, NULL);
}
AD_IN_PLACE ad_real ad_lerp_real(ad_real a, ad_real b, ad_real t)
{
    return ad_lerp_real_at(a, b, t, NULL);
}
AD_IN_PLACE ad_real ad_muladd_real(ad_real a, ad_real b, ad_real c)
{
    return ad_muladd_real_here(a, b, c, NULL);
}

#ifdef __cplusplus
} /* extern "C" */
#elif !defined(AD_NO_SOURCE_LINES)
#define ad_neg_real(x) ad_neg_real_here((x), AD_SOURCE_LINE)
#define ad_abs_real(x) ad_abs_real_at((x), AD_SOURCE_LINE)
#define ad_sign_real(x) ad_sign_real_at((x), AD_SOURCE_LINE)
#define ad_ceil_real(x) ad_ceil_real_at((x), AD_SOURCE_LINE)
#define ad_floor_real(x) ad_floor_real_at((x), AD_SOURCE_LINE)
#define ad_round_real(x) ad_round_real_at((x), AD_SOURCE_LINE)
#define ad_trunc_real(x) ad_trunc_real_at((x), AD_SOURCE_LINE)
#define ad_square_real(x) ad_square_real_here((x), AD_SOURCE_LINE)
#define ad_sqrt_real(x) ad_sqrt_real_at((x), AD_SOURCE_LINE)
#define ad_rsqrt_real(x) ad_rsqrt_real_at((x), AD_SOURCE_LINE)
#define ad_cbrt_real(x) ad_cbrt_real_at((x), AD_SOURCE_LINE)
#define ad_reciprocal_real(x) ad_reciprocal_real_at((x), AD_SOURCE_LINE)
#define ad_powi_real(x, n) ad_powi_real_at((x), (n), AD_SOURCE_LINE)
#define ad_exp_real(x) ad_exp_real_at((x), AD_SOURCE_LINE)
#define ad_exp2_real(x) ad_exp2_real_at((x), AD_SOURCE_LINE)
#define ad_expm1_real(x) ad_expm1_real_at((x), AD_SOURCE_LINE)
#define ad_log_real(x) ad_log_real_at((x), AD_SOURCE_LINE)
#define ad_log2_real(x) ad_log2_real_at((x), AD_SOURCE_LINE)
#define ad_log10_real(x) ad_log10_real_at((x), AD_SOURCE_LINE)
#define ad_log1p_real(x) ad_log1p_real_at((x), AD_SOURCE_LINE)
#define ad_log1mexp_real(x) ad_log1mexp_real_at((x), AD_SOURCE_LINE)
#define ad_sin_real(x) ad_sin_real_at((x), AD_SOURCE_LINE)
#define ad_cos_real(x) ad_cos_real_at((x), AD_SOURCE_LINE)
#define ad_tan_real(x) ad_tan_real_at((x), AD_SOURCE_LINE)
#define ad_asin_real(x) ad_asin_real_at((x), AD_SOURCE_LINE)
#define ad_acos_real(x) ad_acos_real_at((x), AD_SOURCE_LINE)
#define ad_atan_real(x) ad_atan_real_at((x), AD_SOURCE_LINE)
#define ad_sinh_real(x) ad_sinh_real_at((x), AD_SOURCE_LINE)
#define ad_cosh_real(x) ad_cosh_real_at((x), AD_SOURCE_LINE)
#define ad_tanh_real(x) ad_tanh_real_at((x), AD_SOURCE_LINE)
#define ad_asinh_real(x) ad_asinh_real_at((x), AD_SOURCE_LINE)
#define ad_acosh_real(x) ad_acosh_real_at((x), AD_SOURCE_LINE)
#define ad_atanh_real(x) ad_atanh_real_at((x), AD_SOURCE_LINE)
#define ad_erf_real(x) ad_erf_real_at((x), AD_SOURCE_LINE)
#define ad_erfc_real(x) ad_erfc_real_at((x), AD_SOURCE_LINE)
#define ad_lgamma_real(x) ad_lgamma_real_at((x), AD_SOURCE_LINE)
#define ad_digamma_real(x) ad_digamma_real_at((x), AD_SOURCE_LINE)
#define ad_sigmoid_real(x) ad_sigmoid_real_at((x), AD_SOURCE_LINE)
#define ad_log_sigmoid_real(x) ad_log_sigmoid_real_at((x), AD_SOURCE_LINE)
#define ad_softplus_real(x) ad_softplus_real_at((x), AD_SOURCE_LINE)
#define ad_softsign_real(x) ad_softsign_real_at((x), AD_SOURCE_LINE)
#define ad_relu_real(x) ad_relu_real_at((x), AD_SOURCE_LINE)
#define ad_relu6_real(x) ad_relu6_real_at((x), AD_SOURCE_LINE)
#define ad_elu_real(x) ad_elu_real_at((x), AD_SOURCE_LINE)
#define ad_selu_real(x) ad_selu_real_at((x), AD_SOURCE_LINE)
#define ad_silu_real(x) ad_silu_real_at((x), AD_SOURCE_LINE)
#define ad_gelu_real(x) ad_gelu_real_at((x), AD_SOURCE_LINE)
#define ad_gelu_erf_real(x) ad_gelu_erf_real_at((x), AD_SOURCE_LINE)
#define ad_mish_real(x) ad_mish_real_at((x), AD_SOURCE_LINE)
#define ad_hard_sigmoid_real(x) ad_hard_sigmoid_real_at((x), AD_SOURCE_LINE)
#define ad_hard_tanh_real(x) ad_hard_tanh_real_at((x), AD_SOURCE_LINE)
#define ad_hard_swish_real(x) ad_hard_swish_real_at((x), AD_SOURCE_LINE)
#define ad_add_real(a, b) ad_add_real_here((a), (b), AD_SOURCE_LINE)
#define ad_sub_real(a, b) ad_sub_real_here((a), (b), AD_SOURCE_LINE)
#define ad_mul_real(a, b) ad_mul_real_here((a), (b), AD_SOURCE_LINE)
#define ad_div_real(a, b) ad_div_real_here((a), (b), AD_SOURCE_LINE)
#define ad_pow_real(a, b) ad_pow_real_at((a), (b), AD_SOURCE_LINE)
#define ad_xlogy_real(a, b) ad_xlogy_real_at((a), (b), AD_SOURCE_LINE)
#define ad_xlog1py_real(a, b) ad_xlog1py_real_at((a), (b), AD_SOURCE_LINE)
#define ad_hypot_real(a, b) ad_hypot_real_at((a), (b), AD_SOURCE_LINE)
#define ad_atan2_real(a, b) ad_atan2_real_at((a), (b), AD_SOURCE_LINE)
#define ad_fmod_real(a, b) ad_fmod_real_at((a), (b), AD_SOURCE_LINE)
#define ad_maximum_real(a, b) ad_maximum_real_at((a), (b), AD_SOURCE_LINE)
#define ad_minimum_real(a, b) ad_minimum_real_at((a), (b), AD_SOURCE_LINE)
#define ad_leaky_relu_real(a, b) ad_leaky_relu_real_at((a), (b), AD_SOURCE_LINE)
#define ad_celu_real(a, b) ad_celu_real_at((a), (b), AD_SOURCE_LINE)
#define ad_clamp_real(x, low, high) ad_clamp_real_at((x), (low), (high), AD_SOURCE_LINE)
#define ad_lerp_real(a, b, t) ad_lerp_real_at((a), (b), (t), AD_SOURCE_LINE)
#define ad_muladd_real(a, b, c) ad_muladd_real_here((a), (b), (c), AD_SOURCE_LINE)
#endif

#endif
