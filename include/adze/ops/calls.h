/* How operations are called: written by scripts/op-calls from their declarations, do not edit.
 *
 * In C a macro over each operation notes the source line of the call (tape.h). That of an
 * elementwise operation chooses the function by the types of the operands, tensors or single
 * numbers, and takes plain numbers beside them. In C++ overloads do. */
#ifndef ADZE_OPS_CALLS_H
#define ADZE_OPS_CALLS_H

#include "adze/ops/elementwise.h"
#include "adze/ops/reduce.h"
#include "adze/ops/shape.h"
#include "adze/ops/index.h"
#include "adze/ops/product.h"
#include "adze/ops/linalg.h"
#include "adze/ops/spatial.h"
#include "adze/ops/loss.h"
#include "adze/ops/neural.h"
#include "adze/ops/random.h"
#include "adze/ops/cotangents.h"
#include "adze/ops/numbers.h"

#ifdef __cplusplus

inline ad_tensor ad_add(ad_tensor a, double b) { return ad_add(a, ad_number(b)); }
inline ad_tensor ad_add(double a, ad_tensor b) { return ad_add(ad_number(a), b); }
inline ad_tensor ad_sub(ad_tensor a, double b) { return ad_sub(a, ad_number(b)); }
inline ad_tensor ad_sub(double a, ad_tensor b) { return ad_sub(ad_number(a), b); }
inline ad_tensor ad_mul(ad_tensor a, double b) { return ad_mul(a, ad_number(b)); }
inline ad_tensor ad_mul(double a, ad_tensor b) { return ad_mul(ad_number(a), b); }
inline ad_tensor ad_div(ad_tensor a, double b) { return ad_div(a, ad_number(b)); }
inline ad_tensor ad_div(double a, ad_tensor b) { return ad_div(ad_number(a), b); }
inline ad_tensor ad_pow(ad_tensor a, double b) { return ad_pow(a, ad_number(b)); }
inline ad_tensor ad_pow(double a, ad_tensor b) { return ad_pow(ad_number(a), b); }
inline ad_tensor ad_xlogy(ad_tensor a, double b) { return ad_xlogy(a, ad_number(b)); }
inline ad_tensor ad_xlogy(double a, ad_tensor b) { return ad_xlogy(ad_number(a), b); }
inline ad_tensor ad_xlog1py(ad_tensor a, double b) { return ad_xlog1py(a, ad_number(b)); }
inline ad_tensor ad_xlog1py(double a, ad_tensor b) { return ad_xlog1py(ad_number(a), b); }
inline ad_tensor ad_hypot(ad_tensor a, double b) { return ad_hypot(a, ad_number(b)); }
inline ad_tensor ad_hypot(double a, ad_tensor b) { return ad_hypot(ad_number(a), b); }
inline ad_tensor ad_atan2(ad_tensor a, double b) { return ad_atan2(a, ad_number(b)); }
inline ad_tensor ad_atan2(double a, ad_tensor b) { return ad_atan2(ad_number(a), b); }
inline ad_tensor ad_fmod(ad_tensor a, double b) { return ad_fmod(a, ad_number(b)); }
inline ad_tensor ad_fmod(double a, ad_tensor b) { return ad_fmod(ad_number(a), b); }
inline ad_tensor ad_maximum(ad_tensor a, double b) { return ad_maximum(a, ad_number(b)); }
inline ad_tensor ad_maximum(double a, ad_tensor b) { return ad_maximum(ad_number(a), b); }
inline ad_tensor ad_minimum(ad_tensor a, double b) { return ad_minimum(a, ad_number(b)); }
inline ad_tensor ad_minimum(double a, ad_tensor b) { return ad_minimum(ad_number(a), b); }
inline ad_tensor ad_leaky_relu(ad_tensor a, double b) { return ad_leaky_relu(a, ad_number(b)); }
inline ad_tensor ad_leaky_relu(double a, ad_tensor b) { return ad_leaky_relu(ad_number(a), b); }
inline ad_tensor ad_celu(ad_tensor a, double b) { return ad_celu(a, ad_number(b)); }
inline ad_tensor ad_celu(double a, ad_tensor b) { return ad_celu(ad_number(a), b); }
inline ad_tensor ad_clamp(ad_tensor x, ad_tensor low, double high)
{
    return ad_clamp(x, low, ad_number(high));
}
inline ad_tensor ad_clamp(ad_tensor x, double low, ad_tensor high)
{
    return ad_clamp(x, ad_number(low), high);
}
inline ad_tensor ad_clamp(ad_tensor x, double low, double high)
{
    return ad_clamp(x, ad_number(low), ad_number(high));
}
inline ad_tensor ad_clamp(double x, ad_tensor low, ad_tensor high)
{
    return ad_clamp(ad_number(x), low, high);
}
inline ad_tensor ad_clamp(double x, ad_tensor low, double high)
{
    return ad_clamp(ad_number(x), low, ad_number(high));
}
inline ad_tensor ad_clamp(double x, double low, ad_tensor high)
{
    return ad_clamp(ad_number(x), ad_number(low), high);
}
inline ad_tensor ad_lerp(ad_tensor a, ad_tensor b, double t) { return ad_lerp(a, b, ad_number(t)); }
inline ad_tensor ad_lerp(ad_tensor a, double b, ad_tensor t) { return ad_lerp(a, ad_number(b), t); }
inline ad_tensor ad_lerp(ad_tensor a, double b, double t)
{
    return ad_lerp(a, ad_number(b), ad_number(t));
}
inline ad_tensor ad_lerp(double a, ad_tensor b, ad_tensor t) { return ad_lerp(ad_number(a), b, t); }
inline ad_tensor ad_lerp(double a, ad_tensor b, double t)
{
    return ad_lerp(ad_number(a), b, ad_number(t));
}
inline ad_tensor ad_lerp(double a, double b, ad_tensor t)
{
    return ad_lerp(ad_number(a), ad_number(b), t);
}
inline ad_tensor ad_muladd(ad_tensor a, ad_tensor b, double c)
{
    return ad_muladd(a, b, ad_number(c));
}
inline ad_tensor ad_muladd(ad_tensor a, double b, ad_tensor c)
{
    return ad_muladd(a, ad_number(b), c);
}
inline ad_tensor ad_muladd(ad_tensor a, double b, double c)
{
    return ad_muladd(a, ad_number(b), ad_number(c));
}
inline ad_tensor ad_muladd(double a, ad_tensor b, ad_tensor c)
{
    return ad_muladd(ad_number(a), b, c);
}
inline ad_tensor ad_muladd(double a, ad_tensor b, double c)
{
    return ad_muladd(ad_number(a), b, ad_number(c));
}
inline ad_tensor ad_muladd(double a, double b, ad_tensor c)
{
    return ad_muladd(ad_number(a), ad_number(b), c);
}
inline ad_tensor ad_where(ad_tensor mask, ad_tensor a, double b)
{
    return ad_where(mask, a, ad_number(b));
}
inline ad_tensor ad_where(ad_tensor mask, double a, ad_tensor b)
{
    return ad_where(mask, ad_number(a), b);
}
inline ad_tensor ad_equal(ad_tensor a, double b) { return ad_equal(a, ad_number(b)); }
inline ad_tensor ad_equal(double a, ad_tensor b) { return ad_equal(ad_number(a), b); }
inline ad_tensor ad_not_equal(ad_tensor a, double b) { return ad_not_equal(a, ad_number(b)); }
inline ad_tensor ad_not_equal(double a, ad_tensor b) { return ad_not_equal(ad_number(a), b); }
inline ad_tensor ad_less(ad_tensor a, double b) { return ad_less(a, ad_number(b)); }
inline ad_tensor ad_less(double a, ad_tensor b) { return ad_less(ad_number(a), b); }
inline ad_tensor ad_less_equal(ad_tensor a, double b) { return ad_less_equal(a, ad_number(b)); }
inline ad_tensor ad_less_equal(double a, ad_tensor b) { return ad_less_equal(ad_number(a), b); }
inline ad_tensor ad_greater(ad_tensor a, double b) { return ad_greater(a, ad_number(b)); }
inline ad_tensor ad_greater(double a, ad_tensor b) { return ad_greater(ad_number(a), b); }
inline ad_tensor ad_greater_equal(ad_tensor a, double b)
{
    return ad_greater_equal(a, ad_number(b));
}
inline ad_tensor ad_greater_equal(double a, ad_tensor b)
{
    return ad_greater_equal(ad_number(a), b);
}
inline ad_tensor ad_floor_div(ad_tensor a, double b) { return ad_floor_div(a, ad_number(b)); }
inline ad_tensor ad_floor_div(double a, ad_tensor b) { return ad_floor_div(ad_number(a), b); }
inline ad_tensor ad_floor_mod(ad_tensor a, double b) { return ad_floor_mod(a, ad_number(b)); }
inline ad_tensor ad_floor_mod(double a, ad_tensor b) { return ad_floor_mod(ad_number(a), b); }
inline ad_tensor ad_logical_and(ad_tensor a, double b) { return ad_logical_and(a, ad_number(b)); }
inline ad_tensor ad_logical_and(double a, ad_tensor b) { return ad_logical_and(ad_number(a), b); }
inline ad_tensor ad_logical_or(ad_tensor a, double b) { return ad_logical_or(a, ad_number(b)); }
inline ad_tensor ad_logical_or(double a, ad_tensor b) { return ad_logical_or(ad_number(a), b); }
inline ad_tensor ad_logical_xor(ad_tensor a, double b) { return ad_logical_xor(a, ad_number(b)); }
inline ad_tensor ad_logical_xor(double a, ad_tensor b) { return ad_logical_xor(ad_number(a), b); }
AD_IN_PLACE ad_real ad_neg(ad_real x) { return ad_neg_real(x); }
AD_IN_PLACE ad_real ad_abs(ad_real x) { return ad_abs_real(x); }
AD_IN_PLACE ad_real ad_sign(ad_real x) { return ad_sign_real(x); }
AD_IN_PLACE ad_real ad_ceil(ad_real x) { return ad_ceil_real(x); }
AD_IN_PLACE ad_real ad_floor(ad_real x) { return ad_floor_real(x); }
AD_IN_PLACE ad_real ad_round(ad_real x) { return ad_round_real(x); }
AD_IN_PLACE ad_real ad_trunc(ad_real x) { return ad_trunc_real(x); }
AD_IN_PLACE ad_real ad_square(ad_real x) { return ad_square_real(x); }
AD_IN_PLACE ad_real ad_sqrt(ad_real x) { return ad_sqrt_real(x); }
AD_IN_PLACE ad_real ad_rsqrt(ad_real x) { return ad_rsqrt_real(x); }
AD_IN_PLACE ad_real ad_cbrt(ad_real x) { return ad_cbrt_real(x); }
AD_IN_PLACE ad_real ad_reciprocal(ad_real x) { return ad_reciprocal_real(x); }
AD_IN_PLACE ad_real ad_powi(ad_real x, int n) { return ad_powi_real(x, n); }
template <class T, class N> inline T ad_powi(T x, N n)
{
    static_assert(N(0.5) == N(0), "ad_powi: the power is not an integer; ad_pow takes any power");
    return ad_powi(x, int(n));
}
AD_IN_PLACE ad_real ad_exp(ad_real x) { return ad_exp_real(x); }
AD_IN_PLACE ad_real ad_exp2(ad_real x) { return ad_exp2_real(x); }
AD_IN_PLACE ad_real ad_expm1(ad_real x) { return ad_expm1_real(x); }
AD_IN_PLACE ad_real ad_log(ad_real x) { return ad_log_real(x); }
AD_IN_PLACE ad_real ad_log2(ad_real x) { return ad_log2_real(x); }
AD_IN_PLACE ad_real ad_log10(ad_real x) { return ad_log10_real(x); }
AD_IN_PLACE ad_real ad_log1p(ad_real x) { return ad_log1p_real(x); }
AD_IN_PLACE ad_real ad_log1mexp(ad_real x) { return ad_log1mexp_real(x); }
AD_IN_PLACE ad_real ad_sin(ad_real x) { return ad_sin_real(x); }
AD_IN_PLACE ad_real ad_cos(ad_real x) { return ad_cos_real(x); }
AD_IN_PLACE ad_real ad_tan(ad_real x) { return ad_tan_real(x); }
AD_IN_PLACE ad_real ad_asin(ad_real x) { return ad_asin_real(x); }
AD_IN_PLACE ad_real ad_acos(ad_real x) { return ad_acos_real(x); }
AD_IN_PLACE ad_real ad_atan(ad_real x) { return ad_atan_real(x); }
AD_IN_PLACE ad_real ad_sinh(ad_real x) { return ad_sinh_real(x); }
AD_IN_PLACE ad_real ad_cosh(ad_real x) { return ad_cosh_real(x); }
AD_IN_PLACE ad_real ad_tanh(ad_real x) { return ad_tanh_real(x); }
AD_IN_PLACE ad_real ad_asinh(ad_real x) { return ad_asinh_real(x); }
AD_IN_PLACE ad_real ad_acosh(ad_real x) { return ad_acosh_real(x); }
AD_IN_PLACE ad_real ad_atanh(ad_real x) { return ad_atanh_real(x); }
AD_IN_PLACE ad_real ad_erf(ad_real x) { return ad_erf_real(x); }
AD_IN_PLACE ad_real ad_erfc(ad_real x) { return ad_erfc_real(x); }
AD_IN_PLACE ad_real ad_lgamma(ad_real x) { return ad_lgamma_real(x); }
AD_IN_PLACE ad_real ad_digamma(ad_real x) { return ad_digamma_real(x); }
AD_IN_PLACE ad_real ad_sigmoid(ad_real x) { return ad_sigmoid_real(x); }
AD_IN_PLACE ad_real ad_log_sigmoid(ad_real x) { return ad_log_sigmoid_real(x); }
AD_IN_PLACE ad_real ad_softplus(ad_real x) { return ad_softplus_real(x); }
AD_IN_PLACE ad_real ad_softsign(ad_real x) { return ad_softsign_real(x); }
AD_IN_PLACE ad_real ad_relu(ad_real x) { return ad_relu_real(x); }
AD_IN_PLACE ad_real ad_relu6(ad_real x) { return ad_relu6_real(x); }
AD_IN_PLACE ad_real ad_elu(ad_real x) { return ad_elu_real(x); }
AD_IN_PLACE ad_real ad_selu(ad_real x) { return ad_selu_real(x); }
AD_IN_PLACE ad_real ad_silu(ad_real x) { return ad_silu_real(x); }
AD_IN_PLACE ad_real ad_gelu(ad_real x) { return ad_gelu_real(x); }
AD_IN_PLACE ad_real ad_gelu_erf(ad_real x) { return ad_gelu_erf_real(x); }
AD_IN_PLACE ad_real ad_mish(ad_real x) { return ad_mish_real(x); }
AD_IN_PLACE ad_real ad_hard_sigmoid(ad_real x) { return ad_hard_sigmoid_real(x); }
AD_IN_PLACE ad_real ad_hard_tanh(ad_real x) { return ad_hard_tanh_real(x); }
AD_IN_PLACE ad_real ad_hard_swish(ad_real x) { return ad_hard_swish_real(x); }
AD_IN_PLACE ad_real ad_add(ad_real a, ad_real b) { return ad_add_real(a, b); }
AD_IN_PLACE ad_real ad_add(ad_real a, double b) { return ad_add_real(a, ad_real_constant(b)); }
AD_IN_PLACE ad_real ad_add(double a, ad_real b) { return ad_add_real(ad_real_constant(a), b); }
AD_IN_PLACE ad_real ad_sub(ad_real a, ad_real b) { return ad_sub_real(a, b); }
AD_IN_PLACE ad_real ad_sub(ad_real a, double b) { return ad_sub_real(a, ad_real_constant(b)); }
AD_IN_PLACE ad_real ad_sub(double a, ad_real b) { return ad_sub_real(ad_real_constant(a), b); }
AD_IN_PLACE ad_real ad_mul(ad_real a, ad_real b) { return ad_mul_real(a, b); }
AD_IN_PLACE ad_real ad_mul(ad_real a, double b) { return ad_mul_real(a, ad_real_constant(b)); }
AD_IN_PLACE ad_real ad_mul(double a, ad_real b) { return ad_mul_real(ad_real_constant(a), b); }
AD_IN_PLACE ad_real ad_div(ad_real a, ad_real b) { return ad_div_real(a, b); }
AD_IN_PLACE ad_real ad_div(ad_real a, double b) { return ad_div_real(a, ad_real_constant(b)); }
AD_IN_PLACE ad_real ad_div(double a, ad_real b) { return ad_div_real(ad_real_constant(a), b); }
AD_IN_PLACE ad_real ad_pow(ad_real a, ad_real b) { return ad_pow_real(a, b); }
AD_IN_PLACE ad_real ad_pow(ad_real a, double b) { return ad_pow_real(a, ad_real_constant(b)); }
AD_IN_PLACE ad_real ad_pow(double a, ad_real b) { return ad_pow_real(ad_real_constant(a), b); }
AD_IN_PLACE ad_real ad_xlogy(ad_real a, ad_real b) { return ad_xlogy_real(a, b); }
AD_IN_PLACE ad_real ad_xlogy(ad_real a, double b) { return ad_xlogy_real(a, ad_real_constant(b)); }
AD_IN_PLACE ad_real ad_xlogy(double a, ad_real b) { return ad_xlogy_real(ad_real_constant(a), b); }
AD_IN_PLACE ad_real ad_xlog1py(ad_real a, ad_real b) { return ad_xlog1py_real(a, b); }
AD_IN_PLACE ad_real ad_xlog1py(ad_real a, double b)
{
    return ad_xlog1py_real(a, ad_real_constant(b));
}
AD_IN_PLACE ad_real ad_xlog1py(double a, ad_real b)
{
    return ad_xlog1py_real(ad_real_constant(a), b);
}
AD_IN_PLACE ad_real ad_hypot(ad_real a, ad_real b) { return ad_hypot_real(a, b); }
AD_IN_PLACE ad_real ad_hypot(ad_real a, double b) { return ad_hypot_real(a, ad_real_constant(b)); }
AD_IN_PLACE ad_real ad_hypot(double a, ad_real b) { return ad_hypot_real(ad_real_constant(a), b); }
AD_IN_PLACE ad_real ad_atan2(ad_real a, ad_real b) { return ad_atan2_real(a, b); }
AD_IN_PLACE ad_real ad_atan2(ad_real a, double b) { return ad_atan2_real(a, ad_real_constant(b)); }
AD_IN_PLACE ad_real ad_atan2(double a, ad_real b) { return ad_atan2_real(ad_real_constant(a), b); }
AD_IN_PLACE ad_real ad_fmod(ad_real a, ad_real b) { return ad_fmod_real(a, b); }
AD_IN_PLACE ad_real ad_fmod(ad_real a, double b) { return ad_fmod_real(a, ad_real_constant(b)); }
AD_IN_PLACE ad_real ad_fmod(double a, ad_real b) { return ad_fmod_real(ad_real_constant(a), b); }
AD_IN_PLACE ad_real ad_maximum(ad_real a, ad_real b) { return ad_maximum_real(a, b); }
AD_IN_PLACE ad_real ad_maximum(ad_real a, double b)
{
    return ad_maximum_real(a, ad_real_constant(b));
}
AD_IN_PLACE ad_real ad_maximum(double a, ad_real b)
{
    return ad_maximum_real(ad_real_constant(a), b);
}
AD_IN_PLACE ad_real ad_minimum(ad_real a, ad_real b) { return ad_minimum_real(a, b); }
AD_IN_PLACE ad_real ad_minimum(ad_real a, double b)
{
    return ad_minimum_real(a, ad_real_constant(b));
}
AD_IN_PLACE ad_real ad_minimum(double a, ad_real b)
{
    return ad_minimum_real(ad_real_constant(a), b);
}
AD_IN_PLACE ad_real ad_leaky_relu(ad_real a, ad_real b) { return ad_leaky_relu_real(a, b); }
AD_IN_PLACE ad_real ad_leaky_relu(ad_real a, double b)
{
    return ad_leaky_relu_real(a, ad_real_constant(b));
}
AD_IN_PLACE ad_real ad_leaky_relu(double a, ad_real b)
{
    return ad_leaky_relu_real(ad_real_constant(a), b);
}
AD_IN_PLACE ad_real ad_celu(ad_real a, ad_real b) { return ad_celu_real(a, b); }
AD_IN_PLACE ad_real ad_celu(ad_real a, double b) { return ad_celu_real(a, ad_real_constant(b)); }
AD_IN_PLACE ad_real ad_celu(double a, ad_real b) { return ad_celu_real(ad_real_constant(a), b); }
AD_IN_PLACE ad_real ad_clamp(ad_real x, ad_real low, ad_real high)
{
    return ad_clamp_real(x, low, high);
}
AD_IN_PLACE ad_real ad_clamp(ad_real x, ad_real low, double high)
{
    return ad_clamp_real(x, low, ad_real_constant(high));
}
AD_IN_PLACE ad_real ad_clamp(ad_real x, double low, ad_real high)
{
    return ad_clamp_real(x, ad_real_constant(low), high);
}
AD_IN_PLACE ad_real ad_clamp(ad_real x, double low, double high)
{
    return ad_clamp_real(x, ad_real_constant(low), ad_real_constant(high));
}
AD_IN_PLACE ad_real ad_clamp(double x, ad_real low, ad_real high)
{
    return ad_clamp_real(ad_real_constant(x), low, high);
}
AD_IN_PLACE ad_real ad_clamp(double x, ad_real low, double high)
{
    return ad_clamp_real(ad_real_constant(x), low, ad_real_constant(high));
}
AD_IN_PLACE ad_real ad_clamp(double x, double low, ad_real high)
{
    return ad_clamp_real(ad_real_constant(x), ad_real_constant(low), high);
}
AD_IN_PLACE ad_real ad_lerp(ad_real a, ad_real b, ad_real t) { return ad_lerp_real(a, b, t); }
AD_IN_PLACE ad_real ad_lerp(ad_real a, ad_real b, double t)
{
    return ad_lerp_real(a, b, ad_real_constant(t));
}
AD_IN_PLACE ad_real ad_lerp(ad_real a, double b, ad_real t)
{
    return ad_lerp_real(a, ad_real_constant(b), t);
}
AD_IN_PLACE ad_real ad_lerp(ad_real a, double b, double t)
{
    return ad_lerp_real(a, ad_real_constant(b), ad_real_constant(t));
}
AD_IN_PLACE ad_real ad_lerp(double a, ad_real b, ad_real t)
{
    return ad_lerp_real(ad_real_constant(a), b, t);
}
AD_IN_PLACE ad_real ad_lerp(double a, ad_real b, double t)
{
    return ad_lerp_real(ad_real_constant(a), b, ad_real_constant(t));
}
AD_IN_PLACE ad_real ad_lerp(double a, double b, ad_real t)
{
    return ad_lerp_real(ad_real_constant(a), ad_real_constant(b), t);
}
AD_IN_PLACE ad_real ad_muladd(ad_real a, ad_real b, ad_real c) { return ad_muladd_real(a, b, c); }
AD_IN_PLACE ad_real ad_muladd(ad_real a, ad_real b, double c)
{
    return ad_muladd_real(a, b, ad_real_constant(c));
}
AD_IN_PLACE ad_real ad_muladd(ad_real a, double b, ad_real c)
{
    return ad_muladd_real(a, ad_real_constant(b), c);
}
AD_IN_PLACE ad_real ad_muladd(ad_real a, double b, double c)
{
    return ad_muladd_real(a, ad_real_constant(b), ad_real_constant(c));
}
AD_IN_PLACE ad_real ad_muladd(double a, ad_real b, ad_real c)
{
    return ad_muladd_real(ad_real_constant(a), b, c);
}
AD_IN_PLACE ad_real ad_muladd(double a, ad_real b, double c)
{
    return ad_muladd_real(ad_real_constant(a), b, ad_real_constant(c));
}
AD_IN_PLACE ad_real ad_muladd(double a, double b, ad_real c)
{
    return ad_muladd_real(ad_real_constant(a), ad_real_constant(b), c);
}
AD_IN_PLACE ad_real ad_where(bool mask, ad_real a, ad_real b) { return ad_where_real(mask, a, b); }
AD_IN_PLACE ad_real ad_where(bool mask, ad_real a, double b)
{
    return ad_where_real(mask, a, ad_real_constant(b));
}
AD_IN_PLACE ad_real ad_where(bool mask, double a, ad_real b)
{
    return ad_where_real(mask, ad_real_constant(a), b);
}
AD_IN_PLACE bool ad_isfinite(ad_real x) { return ad_isfinite_real(x); }
AD_IN_PLACE bool ad_isinf(ad_real x) { return ad_isinf_real(x); }
AD_IN_PLACE bool ad_isnan(ad_real x) { return ad_isnan_real(x); }
AD_IN_PLACE bool ad_equal(ad_real a, ad_real b) { return ad_equal_real(a, b); }
AD_IN_PLACE bool ad_equal(ad_real a, double b) { return ad_equal_real(a, ad_real_constant(b)); }
AD_IN_PLACE bool ad_equal(double a, ad_real b) { return ad_equal_real(ad_real_constant(a), b); }
AD_IN_PLACE bool ad_not_equal(ad_real a, ad_real b) { return ad_not_equal_real(a, b); }
AD_IN_PLACE bool ad_not_equal(ad_real a, double b)
{
    return ad_not_equal_real(a, ad_real_constant(b));
}
AD_IN_PLACE bool ad_not_equal(double a, ad_real b)
{
    return ad_not_equal_real(ad_real_constant(a), b);
}
AD_IN_PLACE bool ad_less(ad_real a, ad_real b) { return ad_less_real(a, b); }
AD_IN_PLACE bool ad_less(ad_real a, double b) { return ad_less_real(a, ad_real_constant(b)); }
AD_IN_PLACE bool ad_less(double a, ad_real b) { return ad_less_real(ad_real_constant(a), b); }
AD_IN_PLACE bool ad_less_equal(ad_real a, ad_real b) { return ad_less_equal_real(a, b); }
AD_IN_PLACE bool ad_less_equal(ad_real a, double b)
{
    return ad_less_equal_real(a, ad_real_constant(b));
}
AD_IN_PLACE bool ad_less_equal(double a, ad_real b)
{
    return ad_less_equal_real(ad_real_constant(a), b);
}
AD_IN_PLACE bool ad_greater(ad_real a, ad_real b) { return ad_greater_real(a, b); }
AD_IN_PLACE bool ad_greater(ad_real a, double b) { return ad_greater_real(a, ad_real_constant(b)); }
AD_IN_PLACE bool ad_greater(double a, ad_real b) { return ad_greater_real(ad_real_constant(a), b); }
AD_IN_PLACE bool ad_greater_equal(ad_real a, ad_real b) { return ad_greater_equal_real(a, b); }
AD_IN_PLACE bool ad_greater_equal(ad_real a, double b)
{
    return ad_greater_equal_real(a, ad_real_constant(b));
}
AD_IN_PLACE bool ad_greater_equal(double a, ad_real b)
{
    return ad_greater_equal_real(ad_real_constant(a), b);
}

#else

AD_CALLS_ONE(ad_neg, ad_neg_real_here)
#define ad_neg(x) AD_CHOOSE_ONE(ad_neg, x)
AD_CALLS_ONE(ad_abs, ad_abs_real_at)
#define ad_abs(x) AD_CHOOSE_ONE(ad_abs, x)
AD_CALLS_ONE(ad_sign, ad_sign_real_at)
#define ad_sign(x) AD_CHOOSE_ONE(ad_sign, x)
AD_CALLS_ONE(ad_ceil, ad_ceil_real_at)
#define ad_ceil(x) AD_CHOOSE_ONE(ad_ceil, x)
AD_CALLS_ONE(ad_floor, ad_floor_real_at)
#define ad_floor(x) AD_CHOOSE_ONE(ad_floor, x)
AD_CALLS_ONE(ad_round, ad_round_real_at)
#define ad_round(x) AD_CHOOSE_ONE(ad_round, x)
AD_CALLS_ONE(ad_trunc, ad_trunc_real_at)
#define ad_trunc(x) AD_CHOOSE_ONE(ad_trunc, x)
AD_CALLS_ONE(ad_square, ad_square_real_here)
#define ad_square(x) AD_CHOOSE_ONE(ad_square, x)
AD_CALLS_ONE(ad_sqrt, ad_sqrt_real_at)
#define ad_sqrt(x) AD_CHOOSE_ONE(ad_sqrt, x)
AD_CALLS_ONE(ad_rsqrt, ad_rsqrt_real_at)
#define ad_rsqrt(x) AD_CHOOSE_ONE(ad_rsqrt, x)
AD_CALLS_ONE(ad_cbrt, ad_cbrt_real_at)
#define ad_cbrt(x) AD_CHOOSE_ONE(ad_cbrt, x)
AD_CALLS_ONE(ad_reciprocal, ad_reciprocal_real_at)
#define ad_reciprocal(x) AD_CHOOSE_ONE(ad_reciprocal, x)
AD_CALLS_POWER(ad_powi)
#define ad_powi(x, n) AD_CHOOSE_POWER(ad_powi, x, n)
AD_CALLS_ONE(ad_exp, ad_exp_real_at)
#define ad_exp(x) AD_CHOOSE_ONE(ad_exp, x)
AD_CALLS_ONE(ad_exp2, ad_exp2_real_at)
#define ad_exp2(x) AD_CHOOSE_ONE(ad_exp2, x)
AD_CALLS_ONE(ad_expm1, ad_expm1_real_at)
#define ad_expm1(x) AD_CHOOSE_ONE(ad_expm1, x)
AD_CALLS_ONE(ad_log, ad_log_real_at)
#define ad_log(x) AD_CHOOSE_ONE(ad_log, x)
AD_CALLS_ONE(ad_log2, ad_log2_real_at)
#define ad_log2(x) AD_CHOOSE_ONE(ad_log2, x)
AD_CALLS_ONE(ad_log10, ad_log10_real_at)
#define ad_log10(x) AD_CHOOSE_ONE(ad_log10, x)
AD_CALLS_ONE(ad_log1p, ad_log1p_real_at)
#define ad_log1p(x) AD_CHOOSE_ONE(ad_log1p, x)
AD_CALLS_ONE(ad_log1mexp, ad_log1mexp_real_at)
#define ad_log1mexp(x) AD_CHOOSE_ONE(ad_log1mexp, x)
AD_CALLS_ONE(ad_sin, ad_sin_real_at)
#define ad_sin(x) AD_CHOOSE_ONE(ad_sin, x)
AD_CALLS_ONE(ad_cos, ad_cos_real_at)
#define ad_cos(x) AD_CHOOSE_ONE(ad_cos, x)
AD_CALLS_ONE(ad_tan, ad_tan_real_at)
#define ad_tan(x) AD_CHOOSE_ONE(ad_tan, x)
AD_CALLS_ONE(ad_asin, ad_asin_real_at)
#define ad_asin(x) AD_CHOOSE_ONE(ad_asin, x)
AD_CALLS_ONE(ad_acos, ad_acos_real_at)
#define ad_acos(x) AD_CHOOSE_ONE(ad_acos, x)
AD_CALLS_ONE(ad_atan, ad_atan_real_at)
#define ad_atan(x) AD_CHOOSE_ONE(ad_atan, x)
AD_CALLS_ONE(ad_sinh, ad_sinh_real_at)
#define ad_sinh(x) AD_CHOOSE_ONE(ad_sinh, x)
AD_CALLS_ONE(ad_cosh, ad_cosh_real_at)
#define ad_cosh(x) AD_CHOOSE_ONE(ad_cosh, x)
AD_CALLS_ONE(ad_tanh, ad_tanh_real_at)
#define ad_tanh(x) AD_CHOOSE_ONE(ad_tanh, x)
AD_CALLS_ONE(ad_asinh, ad_asinh_real_at)
#define ad_asinh(x) AD_CHOOSE_ONE(ad_asinh, x)
AD_CALLS_ONE(ad_acosh, ad_acosh_real_at)
#define ad_acosh(x) AD_CHOOSE_ONE(ad_acosh, x)
AD_CALLS_ONE(ad_atanh, ad_atanh_real_at)
#define ad_atanh(x) AD_CHOOSE_ONE(ad_atanh, x)
AD_CALLS_ONE(ad_erf, ad_erf_real_at)
#define ad_erf(x) AD_CHOOSE_ONE(ad_erf, x)
AD_CALLS_ONE(ad_erfc, ad_erfc_real_at)
#define ad_erfc(x) AD_CHOOSE_ONE(ad_erfc, x)
AD_CALLS_ONE(ad_lgamma, ad_lgamma_real_at)
#define ad_lgamma(x) AD_CHOOSE_ONE(ad_lgamma, x)
AD_CALLS_ONE(ad_digamma, ad_digamma_real_at)
#define ad_digamma(x) AD_CHOOSE_ONE(ad_digamma, x)
AD_CALLS_ONE(ad_sigmoid, ad_sigmoid_real_at)
#define ad_sigmoid(x) AD_CHOOSE_ONE(ad_sigmoid, x)
AD_CALLS_ONE(ad_log_sigmoid, ad_log_sigmoid_real_at)
#define ad_log_sigmoid(x) AD_CHOOSE_ONE(ad_log_sigmoid, x)
AD_CALLS_ONE(ad_softplus, ad_softplus_real_at)
#define ad_softplus(x) AD_CHOOSE_ONE(ad_softplus, x)
AD_CALLS_ONE(ad_softsign, ad_softsign_real_at)
#define ad_softsign(x) AD_CHOOSE_ONE(ad_softsign, x)
AD_CALLS_ONE(ad_relu, ad_relu_real_at)
#define ad_relu(x) AD_CHOOSE_ONE(ad_relu, x)
AD_CALLS_ONE(ad_relu6, ad_relu6_real_at)
#define ad_relu6(x) AD_CHOOSE_ONE(ad_relu6, x)
AD_CALLS_ONE(ad_elu, ad_elu_real_at)
#define ad_elu(x) AD_CHOOSE_ONE(ad_elu, x)
AD_CALLS_ONE(ad_selu, ad_selu_real_at)
#define ad_selu(x) AD_CHOOSE_ONE(ad_selu, x)
AD_CALLS_ONE(ad_silu, ad_silu_real_at)
#define ad_silu(x) AD_CHOOSE_ONE(ad_silu, x)
AD_CALLS_ONE(ad_gelu, ad_gelu_real_at)
#define ad_gelu(x) AD_CHOOSE_ONE(ad_gelu, x)
AD_CALLS_ONE(ad_gelu_erf, ad_gelu_erf_real_at)
#define ad_gelu_erf(x) AD_CHOOSE_ONE(ad_gelu_erf, x)
AD_CALLS_ONE(ad_mish, ad_mish_real_at)
#define ad_mish(x) AD_CHOOSE_ONE(ad_mish, x)
AD_CALLS_ONE(ad_hard_sigmoid, ad_hard_sigmoid_real_at)
#define ad_hard_sigmoid(x) AD_CHOOSE_ONE(ad_hard_sigmoid, x)
AD_CALLS_ONE(ad_hard_tanh, ad_hard_tanh_real_at)
#define ad_hard_tanh(x) AD_CHOOSE_ONE(ad_hard_tanh, x)
AD_CALLS_ONE(ad_hard_swish, ad_hard_swish_real_at)
#define ad_hard_swish(x) AD_CHOOSE_ONE(ad_hard_swish, x)
AD_CALLS_TWO(ad_add, ad_add_real_here)
#define ad_add(a, b) AD_CHOOSE_TWO(ad_add, a, b)
AD_CALLS_TWO(ad_sub, ad_sub_real_here)
#define ad_sub(a, b) AD_CHOOSE_TWO(ad_sub, a, b)
AD_CALLS_TWO(ad_mul, ad_mul_real_here)
#define ad_mul(a, b) AD_CHOOSE_TWO(ad_mul, a, b)
AD_CALLS_TWO(ad_div, ad_div_real_here)
#define ad_div(a, b) AD_CHOOSE_TWO(ad_div, a, b)
AD_CALLS_TWO(ad_pow, ad_pow_real_at)
#define ad_pow(a, b) AD_CHOOSE_TWO(ad_pow, a, b)
AD_CALLS_TWO(ad_xlogy, ad_xlogy_real_at)
#define ad_xlogy(a, b) AD_CHOOSE_TWO(ad_xlogy, a, b)
AD_CALLS_TWO(ad_xlog1py, ad_xlog1py_real_at)
#define ad_xlog1py(a, b) AD_CHOOSE_TWO(ad_xlog1py, a, b)
AD_CALLS_TWO(ad_hypot, ad_hypot_real_at)
#define ad_hypot(a, b) AD_CHOOSE_TWO(ad_hypot, a, b)
AD_CALLS_TWO(ad_atan2, ad_atan2_real_at)
#define ad_atan2(a, b) AD_CHOOSE_TWO(ad_atan2, a, b)
AD_CALLS_TWO(ad_fmod, ad_fmod_real_at)
#define ad_fmod(a, b) AD_CHOOSE_TWO(ad_fmod, a, b)
AD_CALLS_TWO(ad_maximum, ad_maximum_real_at)
#define ad_maximum(a, b) AD_CHOOSE_TWO(ad_maximum, a, b)
AD_CALLS_TWO(ad_minimum, ad_minimum_real_at)
#define ad_minimum(a, b) AD_CHOOSE_TWO(ad_minimum, a, b)
AD_CALLS_TWO(ad_leaky_relu, ad_leaky_relu_real_at)
#define ad_leaky_relu(a, b) AD_CHOOSE_TWO(ad_leaky_relu, a, b)
AD_CALLS_TWO(ad_celu, ad_celu_real_at)
#define ad_celu(a, b) AD_CHOOSE_TWO(ad_celu, a, b)
AD_CALLS_THREE(ad_clamp, ad_clamp_real_at)
#define ad_clamp(x, low, high) AD_CHOOSE_THREE(ad_clamp, x, low, high)
AD_CALLS_THREE(ad_lerp, ad_lerp_real_at)
#define ad_lerp(a, b, t) AD_CHOOSE_THREE(ad_lerp, a, b, t)
AD_CALLS_THREE(ad_muladd, ad_muladd_real_here)
#define ad_muladd(a, b, c) AD_CHOOSE_THREE(ad_muladd, a, b, c)
AD_CALLS_WHERE
#define ad_where(mask, a, b) AD_CHOOSE_WHERE(mask, a, b)
AD_CALLS_TEST(ad_isfinite)
#define ad_isfinite(x) AD_CHOOSE_TEST(ad_isfinite, x)
AD_CALLS_TEST(ad_isinf)
#define ad_isinf(x) AD_CHOOSE_TEST(ad_isinf, x)
AD_CALLS_TEST(ad_isnan)
#define ad_isnan(x) AD_CHOOSE_TEST(ad_isnan, x)
AD_CALLS_COMPARE(ad_equal)
#define ad_equal(a, b) AD_CHOOSE_TWO(ad_equal, a, b)
AD_CALLS_COMPARE(ad_not_equal)
#define ad_not_equal(a, b) AD_CHOOSE_TWO(ad_not_equal, a, b)
AD_CALLS_COMPARE(ad_less)
#define ad_less(a, b) AD_CHOOSE_TWO(ad_less, a, b)
AD_CALLS_COMPARE(ad_less_equal)
#define ad_less_equal(a, b) AD_CHOOSE_TWO(ad_less_equal, a, b)
AD_CALLS_COMPARE(ad_greater)
#define ad_greater(a, b) AD_CHOOSE_TWO(ad_greater, a, b)
AD_CALLS_COMPARE(ad_greater_equal)
#define ad_greater_equal(a, b) AD_CHOOSE_TWO(ad_greater_equal, a, b)

#define ad_floor_div(a, b) (ad_floor_div)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_floor_mod(a, b) (ad_floor_mod)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_logical_and(a, b) (ad_logical_and)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_logical_or(a, b) (ad_logical_or)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_logical_xor(a, b) (ad_logical_xor)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))

#ifndef AD_NO_SOURCE_LINES

#define ad_logical_not(mask) (ad_logical_not)(AD_AT_LINE(mask))
#define ad_cast(x, ...) (ad_cast)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_sum(x) (ad_sum)(AD_AT_LINE(x))
#define ad_sum_over(x, ...) (ad_sum_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_mean(x) (ad_mean)(AD_AT_LINE(x))
#define ad_mean_over(x, ...) (ad_mean_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_variance(x) (ad_variance)(AD_AT_LINE(x))
#define ad_variance_over(x, ...) (ad_variance_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_std(x) (ad_std)(AD_AT_LINE(x))
#define ad_std_over(x, ...) (ad_std_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_moments(x) (ad_moments)(AD_AT_LINE(x))
#define ad_moments_over(x, ...) (ad_moments_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_prod(x) (ad_prod)(AD_AT_LINE(x))
#define ad_prod_over(x, ...) (ad_prod_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_norm(x, ...) (ad_norm)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_norm_over(x, ...) (ad_norm_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_max(x) (ad_max)(AD_AT_LINE(x))
#define ad_max_over(x, ...) (ad_max_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_min(x) (ad_min)(AD_AT_LINE(x))
#define ad_min_over(x, ...) (ad_min_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_argmax(x) (ad_argmax)(AD_AT_LINE(x))
#define ad_argmax_over(x, ...) (ad_argmax_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_argmin(x) (ad_argmin)(AD_AT_LINE(x))
#define ad_argmin_over(x, ...) (ad_argmin_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_all(mask) (ad_all)(AD_AT_LINE(mask))
#define ad_all_over(mask, ...) (ad_all_over)(AD_AT_LINE(mask), __VA_ARGS__)
#define ad_any(mask) (ad_any)(AD_AT_LINE(mask))
#define ad_any_over(mask, ...) (ad_any_over)(AD_AT_LINE(mask), __VA_ARGS__)
#define ad_count_nonzero(x) (ad_count_nonzero)(AD_AT_LINE(x))
#define ad_count_nonzero_over(x, ...) (ad_count_nonzero_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_logsumexp(x) (ad_logsumexp)(AD_AT_LINE(x))
#define ad_logsumexp_over(x, ...) (ad_logsumexp_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_softmax(x, ...) (ad_softmax)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_log_softmax(x, ...) (ad_log_softmax)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_cumsum(x, ...) (ad_cumsum)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_cumprod(x, ...) (ad_cumprod)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_logcumsumexp(x, ...) (ad_logcumsumexp)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_sort(x, ...) (ad_sort)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_argsort(x, ...) (ad_argsort)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_top_k(x, ...) (ad_top_k)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_reshape(x, ...) (ad_reshape)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_squeeze(x, ...) (ad_squeeze)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_expand(x, ...) (ad_expand)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_transpose(x) (ad_transpose)(AD_AT_LINE(x))
#define ad_permute(x, ...) (ad_permute)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_flatten(x, ...) (ad_flatten)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_flip(x, ...) (ad_flip)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_broadcast_to(x, ...) (ad_broadcast_to)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_unbroadcast(x, ...) (ad_unbroadcast)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_slice(x, ...) (ad_slice)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_slice_step(x, ...) (ad_slice_step)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_slice_assign(x, values, ...) \
    (ad_slice_assign)(AD_AT_LINE(x), AD_AT_LINE(values), __VA_ARGS__)
#define ad_split(x, ...) (ad_split)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_unstack(x, ...) (ad_unstack)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_diagonal(x, ...) (ad_diagonal)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_diag(x, ...) (ad_diag)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_trace(x) (ad_trace)(AD_AT_LINE(x))
#define ad_tril(x, ...) (ad_tril)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_triu(x, ...) (ad_triu)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_band_part(x, ...) (ad_band_part)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_set_diag(x, diagonal, ...) \
    (ad_set_diag)(AD_AT_LINE(x), AD_AT_LINE(diagonal), __VA_ARGS__)
static inline AD_UNUSED ad_tensor
ad_concat_at_line(const char *source_line, int n, const ad_tensor *x, int axis)
{
    return ad_concat(n, ad_tensors_at_line(x, n, source_line), axis);
}
#define ad_concat(...) ad_concat_at_line(AD_SOURCE_LINE, __VA_ARGS__)
static inline AD_UNUSED ad_tensor
ad_stack_at_line(const char *source_line, int n, const ad_tensor *x, int axis)
{
    return ad_stack(n, ad_tensors_at_line(x, n, source_line), axis);
}
#define ad_stack(...) ad_stack_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_roll(x, ...) (ad_roll)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_tile(x, ...) (ad_tile)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_repeat(x, ...) (ad_repeat)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_pad(x, ...) (ad_pad)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_pad_reflect(x, ...) (ad_pad_reflect)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_pad_symmetric(x, ...) (ad_pad_symmetric)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_pad_edge(x, ...) (ad_pad_edge)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_depth_to_space(x, ...) (ad_depth_to_space)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_space_to_depth(x, ...) (ad_space_to_depth)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_gather(x, index, ...) (ad_gather)(AD_AT_LINE(x), AD_AT_LINE(index), __VA_ARGS__)
#define ad_index_select(x, index, ...) \
    (ad_index_select)(AD_AT_LINE(x), AD_AT_LINE(index), __VA_ARGS__)
#define ad_embedding(table, index) (ad_embedding)(AD_AT_LINE(table), AD_AT_LINE(index))
#define ad_embedding_padded(table, index, ...) \
    (ad_embedding_padded)(AD_AT_LINE(table), AD_AT_LINE(index), __VA_ARGS__)
#define ad_take_along_axis(x, index, ...) \
    (ad_take_along_axis)(AD_AT_LINE(x), AD_AT_LINE(index), __VA_ARGS__)
#define ad_scatter_add(x, index, updates, ...) \
    (ad_scatter_add)(AD_AT_LINE(x), AD_AT_LINE(index), AD_AT_LINE(updates), __VA_ARGS__)
#define ad_scatter_set(x, index, updates, ...) \
    (ad_scatter_set)(AD_AT_LINE(x), AD_AT_LINE(index), AD_AT_LINE(updates), __VA_ARGS__)
#define ad_scatter_min(x, index, updates, ...) \
    (ad_scatter_min)(AD_AT_LINE(x), AD_AT_LINE(index), AD_AT_LINE(updates), __VA_ARGS__)
#define ad_scatter_max(x, index, updates, ...) \
    (ad_scatter_max)(AD_AT_LINE(x), AD_AT_LINE(index), AD_AT_LINE(updates), __VA_ARGS__)
#define ad_scatter_mul(x, index, updates, ...) \
    (ad_scatter_mul)(AD_AT_LINE(x), AD_AT_LINE(index), AD_AT_LINE(updates), __VA_ARGS__)
#define ad_one_hot(index, ...) (ad_one_hot)(AD_AT_LINE(index), __VA_ARGS__)
#define ad_matmul(a, b) (ad_matmul)(AD_AT_LINE(a), AD_AT_LINE(b))
#define ad_matvec(a, x) (ad_matvec)(AD_AT_LINE(a), AD_AT_LINE(x))
#define ad_dot(a, b) (ad_dot)(AD_AT_LINE(a), AD_AT_LINE(b))
#define ad_outer(a, b) (ad_outer)(AD_AT_LINE(a), AD_AT_LINE(b))
static inline AD_UNUSED ad_tensor
ad_einsum_at_line(const char *source_line, int n, const ad_tensor *x, const char *spec)
{
    return ad_einsum(n, ad_tensors_at_line(x, n, source_line), spec);
}
#define ad_einsum(...) ad_einsum_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_dense(x, w, b, ...) (ad_dense)(AD_AT_LINE(x), AD_AT_LINE(w), AD_AT_LINE(b), __VA_ARGS__)
#define ad_cholesky(a) (ad_cholesky)(AD_AT_LINE(a))
#define ad_triangular_solve(t, b, ...) \
    (ad_triangular_solve)(AD_AT_LINE(t), AD_AT_LINE(b), __VA_ARGS__)
#define ad_solve(a, b) (ad_solve)(AD_AT_LINE(a), AD_AT_LINE(b))
#define ad_inverse(a) (ad_inverse)(AD_AT_LINE(a))
#define ad_qr(a) (ad_qr)(AD_AT_LINE(a))
#define ad_lstsq(a, b) (ad_lstsq)(AD_AT_LINE(a), AD_AT_LINE(b))
#define ad_pinv(a) (ad_pinv)(AD_AT_LINE(a))
#define ad_det(a) (ad_det)(AD_AT_LINE(a))
#define ad_slogdet(a) (ad_slogdet)(AD_AT_LINE(a))
#define ad_logdet(a) (ad_logdet)(AD_AT_LINE(a))
#define ad_eigh(a) (ad_eigh)(AD_AT_LINE(a))
#define ad_eigvalsh(a) (ad_eigvalsh)(AD_AT_LINE(a))
#define ad_svd(a) (ad_svd)(AD_AT_LINE(a))
#define ad_svdvals(a) (ad_svdvals)(AD_AT_LINE(a))
#define ad_nuclear_norm(a) (ad_nuclear_norm)(AD_AT_LINE(a))
#define ad_spectral_norm(a) (ad_spectral_norm)(AD_AT_LINE(a))
#define ad_matrix_power(a, ...) (ad_matrix_power)(AD_AT_LINE(a), __VA_ARGS__)
#define ad_expm(a) (ad_expm)(AD_AT_LINE(a))
#define ad_kron(a, b) (ad_kron)(AD_AT_LINE(a), AD_AT_LINE(b))
#define ad_trace_of_product(a, b) (ad_trace_of_product)(AD_AT_LINE(a), AD_AT_LINE(b))
#define ad_convolve(x, filters, ...) (ad_convolve)(AD_AT_LINE(x), AD_AT_LINE(filters), __VA_ARGS__)
#define ad_convolve_layer(x, filters, b, ...) \
    (ad_convolve_layer)(AD_AT_LINE(x), AD_AT_LINE(filters), AD_AT_LINE(b), __VA_ARGS__)
#define ad_convolve_transposed(x, filters, ...) \
    (ad_convolve_transposed)(AD_AT_LINE(x), AD_AT_LINE(filters), __VA_ARGS__)
#define ad_max_pool(x, ...) (ad_max_pool)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_mean_pool(x, ...) (ad_mean_pool)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_fractional_max_pool(x, ...) (ad_fractional_max_pool)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_fractional_mean_pool(x, ...) (ad_fractional_mean_pool)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_dilate(x, filters, ...) (ad_dilate)(AD_AT_LINE(x), AD_AT_LINE(filters), __VA_ARGS__)
#define ad_erode(x, filters, ...) (ad_erode)(AD_AT_LINE(x), AD_AT_LINE(filters), __VA_ARGS__)
#define ad_resize(x, ...) (ad_resize)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_l1_loss(prediction, target) (ad_l1_loss)(AD_AT_LINE(prediction), AD_AT_LINE(target))
#define ad_l2_loss(prediction, target) (ad_l2_loss)(AD_AT_LINE(prediction), AD_AT_LINE(target))
#define ad_mae(prediction, target) (ad_mae)(AD_AT_LINE(prediction), AD_AT_LINE(target))
#define ad_mse(prediction, target) (ad_mse)(AD_AT_LINE(prediction), AD_AT_LINE(target))
#define ad_mape(prediction, target) (ad_mape)(AD_AT_LINE(prediction), AD_AT_LINE(target))
#define ad_msle(prediction, target) (ad_msle)(AD_AT_LINE(prediction), AD_AT_LINE(target))
#define ad_logcosh_loss(prediction, target) \
    (ad_logcosh_loss)(AD_AT_LINE(prediction), AD_AT_LINE(target))
#define ad_huber_loss(prediction, target, ...) \
    (ad_huber_loss)(AD_AT_LINE(prediction), AD_AT_LINE(target), __VA_ARGS__)
#define ad_hinge_loss(prediction, target) \
    (ad_hinge_loss)(AD_AT_LINE(prediction), AD_AT_LINE(target))
#define ad_squared_hinge_loss(prediction, target) \
    (ad_squared_hinge_loss)(AD_AT_LINE(prediction), AD_AT_LINE(target))
#define ad_categorical_hinge_loss(prediction, target) \
    (ad_categorical_hinge_loss)(AD_AT_LINE(prediction), AD_AT_LINE(target))
#define ad_poisson_loss(prediction, target) \
    (ad_poisson_loss)(AD_AT_LINE(prediction), AD_AT_LINE(target))
#define ad_kl_divergence(prediction, target) \
    (ad_kl_divergence)(AD_AT_LINE(prediction), AD_AT_LINE(target))
#define ad_sigmoid_cross_entropy(logits, target) \
    (ad_sigmoid_cross_entropy)(AD_AT_LINE(logits), AD_AT_LINE(target))
#define ad_softmax_cross_entropy_probabilities(logits, probabilities) \
    (ad_softmax_cross_entropy_probabilities)(AD_AT_LINE(logits), AD_AT_LINE(probabilities))
#define ad_softmax_cross_entropy(logits, label) \
    (ad_softmax_cross_entropy)(AD_AT_LINE(logits), AD_AT_LINE(label))
#define ad_softmax_cross_entropy_with(logits, label, ...) \
    (ad_softmax_cross_entropy_with)(AD_AT_LINE(logits), AD_AT_LINE(label), __VA_ARGS__)
#define ad_layer_norm(x, gain, bias, ...) \
    (ad_layer_norm)(AD_AT_LINE(x), AD_AT_LINE(gain), AD_AT_LINE(bias), __VA_ARGS__)
#define ad_rms_norm(x, gain, ...) (ad_rms_norm)(AD_AT_LINE(x), AD_AT_LINE(gain), __VA_ARGS__)
#define ad_group_norm(x, gain, bias, ...) \
    (ad_group_norm)(AD_AT_LINE(x), AD_AT_LINE(gain), AD_AT_LINE(bias), __VA_ARGS__)
#define ad_instance_norm(x, gain, bias, ...) \
    (ad_instance_norm)(AD_AT_LINE(x), AD_AT_LINE(gain), AD_AT_LINE(bias), __VA_ARGS__)
#define ad_batch_norm(x, gain, bias, ...) \
    (ad_batch_norm)(AD_AT_LINE(x), AD_AT_LINE(gain), AD_AT_LINE(bias), __VA_ARGS__)
#define ad_batch_norm_given(x, mean, variance, gain, bias, ...) \
    (ad_batch_norm_given)(AD_AT_LINE(x), AD_AT_LINE(mean), AD_AT_LINE(variance), AD_AT_LINE(gain), AD_AT_LINE(bias), __VA_ARGS__)
#define ad_weight_norm(v, gain) (ad_weight_norm)(AD_AT_LINE(v), AD_AT_LINE(gain))
#define ad_attention(q, k, v, ...) \
    (ad_attention)(AD_AT_LINE(q), AD_AT_LINE(k), AD_AT_LINE(v), __VA_ARGS__)
#define ad_masked_attention(q, k, v, mask, ...) \
    (ad_masked_attention)(AD_AT_LINE(q), AD_AT_LINE(k), AD_AT_LINE(v), AD_AT_LINE(mask), __VA_ARGS__)
#define ad_rotary(x, ...) (ad_rotary)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_sinusoidal(x, ...) (ad_sinusoidal)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_rnn(x, h, w, u, b, ...) \
    (ad_rnn)(AD_AT_LINE(x), AD_AT_LINE(h), AD_AT_LINE(w), AD_AT_LINE(u), AD_AT_LINE(b), __VA_ARGS__)
#define ad_gru(x, h, w, u, b, ...) \
    (ad_gru)(AD_AT_LINE(x), AD_AT_LINE(h), AD_AT_LINE(w), AD_AT_LINE(u), AD_AT_LINE(b), __VA_ARGS__)
#define ad_reset_gru(x, h, w, u, b, ...) \
    (ad_reset_gru)(AD_AT_LINE(x), AD_AT_LINE(h), AD_AT_LINE(w), AD_AT_LINE(u), AD_AT_LINE(b), __VA_ARGS__)
#define ad_lstm(x, h, c, w, u, b, ...) \
    (ad_lstm)(AD_AT_LINE(x), AD_AT_LINE(h), AD_AT_LINE(c), AD_AT_LINE(w), AD_AT_LINE(u), AD_AT_LINE(b), __VA_ARGS__)
#define ad_dropout(x, ...) (ad_dropout)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_uniform(t, ...) (ad_uniform)(AD_TAPE_AT_LINE(t), __VA_ARGS__)
#define ad_normal(t, ...) (ad_normal)(AD_TAPE_AT_LINE(t), __VA_ARGS__)
#define ad_stop_gradient(x) (ad_stop_gradient)(AD_AT_LINE(x))
#define ad_scale_gradient(x, ...) (ad_scale_gradient)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_straight_through(x, y) (ad_straight_through)(AD_AT_LINE(x), AD_AT_LINE(y))
#define ad_clip_gradient(x, ...) (ad_clip_gradient)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_clip_gradient_norm(x, ...) (ad_clip_gradient_norm)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_on_cotangent(x, ...) (ad_on_cotangent)(AD_AT_LINE(x), __VA_ARGS__)

#endif
#endif

#endif
