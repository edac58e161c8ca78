/* The edges of the elementwise operations (probe_edges.h says how to read a row; those of the commonest
 * are in test_edges.c): steps, kinks, poles, ends of the domain, infinities, NaN, the origin. */
#include "probe_edges.h"
#include "suite.h"

#include <stdint.h>

#define PI      3.14159265358979323846
#define E       2.71828182845904523536
#define LOG_2   0.69314718055994530942
#define GAMMA   0.57721566490153286061 /* Euler's: -digamma(1) */
#define SELU_1  1.0507009873554804934  /* its scale, */
#define SELU_2  1.7580993408473768599  /* and times alpha */
#define SLOPE_0 1.12837916709551257390 /* of erf at 0 */

static const bool yes_no[] = {true, true, false, false}, no_yes[] = {true, false, true, false};
static const int32_t integers[] = {0, -7, INT32_MAX};

#define MASK(numbers, n) ad_freeze(t, AD_VIEW(numbers, n))
#define AS_F(x)          ad_where(x, ad_add(ad_mul(a, 0), 1), 0)

/* clang-format off */
#define STEPS(ROW) \
    ROW(floor_is_flat, ad_floor(a), \
        L(-1.5, -1, 0, 1.5, NAN, INF), L(1, 1, 1, 1, 1, 1), L(-2, -1, 0, 1, NAN, INF), L(0, 0, 0, 0, 0, 0)) \
    ROW(ceil_is_flat, ad_ceil(a), \
        L(-1.5, -1, 0, 1.5, NAN, -INF), L(1, 1, 1, 1, 1, 1), L(-1, -1, 0, 2, NAN, -INF), L(0, 0, 0, 0, 0, 0)) \
    SAYS("round", "halves go to the even integer") \
    ROW(round_takes_halves_to_even, ad_round(a), \
        L(0.5, 1.5, 2.5, -0.5, -1.5, 2.51), L(1, 1, 1, 1, 1, 1), L(0, 2, 2, 0, -2, 3), L(0, 0, 0, 0, 0, 0)) \
    ROW(trunc_goes_towards_0, ad_trunc(a), \
        L(-1.7, 1.7, -2, NAN), L(1, 1, 1, 1), L(-1, 1, -2, NAN), L(0, 0, 0, 0))

#define POWERS(ROW) \
    SAYS("rsqrt, cbrt, reciprocal, log2, log10 at 0; log1p at -1; asin, acos, atanh at -1 and 1; acosh at 1; lgamma, digamma at their poles; powi with n < 0 at 0", \
        "infinite as IEEE 754 for g != 0") \
    ROW(rsqrt_at_0, ad_rsqrt(a), L(0, 4, INF), L(1, 1, 1), L(INF, 0.5, 0), L(-INF, -0.0625, 0)) \
    ROW(rsqrt_without_cotangent, ad_rsqrt(a), L(0, -1), L(0, 0), L(INF, NAN), L(0, 0)) \
    ROW(cbrt_at_0, ad_cbrt(a), L(0, -8, INF), L(1, 1, 1), L(0, -2, INF), L(INF, 1. / 12, 0)) \
    ROW(cbrt_without_cotangent, ad_cbrt(a), L(0, 0), L(0, 0), L(0, 0), L(0, 0)) \
    ROW(reciprocal_at_0, ad_reciprocal(a), L(0, -0.0, INF), L(1, 1, 1), L(INF, -INF, 0), L(-INF, -INF, 0)) \
    ROW(reciprocal_without_cotangent, ad_reciprocal(a), L(0), L(0), L(INF), L(0)) \
    SAYS("powi(x, n)", \
        "by multiplications, x^-n as (1 / x^a) / x^b, a + b = n; x^0 = 1, of NaN too, with gradient 0") \
    ROW(powi_of_0, ad_powi(a, 3), L(0, -2, INF, NAN), L(1, 1, 1, 1), L(0, -8, INF, NAN), L(0, 12, INF, NAN)) \
    ROW(powi_to_0, ad_powi(a, 0), L(0, NAN, INF, -3), L(1, 1, 1, 1), L(1, 1, 1, 1), L(0, 0, 0, 0)) \
    ROW(powi_to_1, ad_powi(a, 1), L(0, NAN, INF, -3), L(1, 1, 1, 1), L(0, NAN, INF, -3), L(1, 1, 1, 1)) \
    ROW(powi_to_minus_1, ad_powi(a, -1), L(0, -2, INF), L(1, 1, 1), L(INF, -0.5, 0), L(-INF, -0.25, 0)) \
    ROW(powi_to_minus_1_without_cotangent, ad_powi(a, -1), L(0), L(0), L(INF), L(0)) \
    ROW(powi_is_exact, ad_powi(a, 13), L(3, -2, 1), L(1, 1, 1), L(1594323, -8192, 1), L(6908733, 53248, 13)) \
    ROW(powi_to_the_least_integer, ad_powi(a, INT32_MIN), L(1, 2, -1), L(0, 0, 0), L(1, 0, 1), L(0, 0, 0))

#define EXPONENTIALS(ROW) \
    ROW(exp2_is_exact, ad_exp2(a), L(3, -1, -INF, INF), L(1, 0, 1, 0), L(8, 0.5, 0, INF), L(8 * LOG_2, 0, 0, 0)) \
    ROW(expm1_near_0, ad_expm1(a), L(1e-8, -INF, INF), L(1, 1, 1), L(1.000000005e-8, -1, INF), L(1.00000001, 0, INF)) \
    ROW(expm1_far_below, ad_expm1(a), L(-50), L(1), L(-1), L(1.9287498479639178e-22)) \
    ROW(log2_is_exact, ad_log2(a), L(8, 0, INF), L(0, 1, 1), L(3, -INF, INF), L(0, INF, 0)) \
    ROW(log10_of_powers, ad_log10(a), L(1000, 0, -1), L(0, 1, 0), L(3, -INF, NAN), L(0, INF, 0)) \
    ROW(log1p_at_its_ends, ad_log1p(a), L(-1, -1, -2, INF), L(1, 0, 0, 1), L(-INF, -INF, NAN, INF), L(INF, 0, 0, 0)) \
    ROW(log1p_near_0, ad_log1p(a), L(1e-8, 0), L(1, 1), L(9.99999995e-9, 0), L(0.99999999, 1)) \
    SAYS("log1mexp", "-inf, with derivative -inf, at 0; NaN for x > 0") \
    ROW(log1mexp_at_its_ends, ad_log1mexp(a), \
        L(0, -0.0, -INF, 1, NAN), L(1, 1, 1, 0, 1), L(-INF, -INF, 0, NAN, NAN), L(-INF, -INF, 0, 0, NAN)) \
    ROW(log1mexp_near_0_and_far_below, ad_log1mexp(a), L(-1e-10, -50), L(1, 1), \
        L(-23.025850929990457, -1.9287498479639178e-22), L(-9999999999.5, -1.9287498479639178e-22))

#define CIRCULAR(ROW) \
    ROW(tan_of_infinity, ad_tan(a), L(INF, NAN, 0), L(1, 1, 1), L(NAN, NAN, 0), L(NAN, NAN, 1)) \
    ROW(asin_at_its_ends, ad_asin(a), L(1, -1, 1, 2), L(1, 1, 0, 0), L(PI / 2, -PI / 2, PI / 2, NAN), L(INF, INF, 0, 0)) \
    ROW(acos_at_its_ends, ad_acos(a), L(1, -1, 1, 2), L(1, 1, 0, 0), L(0, PI, 0, NAN), L(-INF, -INF, 0, 0)) \
    ROW(atan_far_out, ad_atan(a), L(INF, -INF, 1, NAN), L(1, 1, 1, 1), L(PI / 2, -PI / 2, PI / 4, NAN), L(0, 0, 0.5, NAN)) \
    ROW(sinh_far_out, ad_sinh(a), L(INF, -INF, 1e4), L(1, 1, 1), L(INF, -INF, INF), L(INF, INF, INF)) \
    ROW(cosh_far_out, ad_cosh(a), L(INF, -INF, 0), L(1, 1, 1), L(INF, INF, 1), L(INF, -INF, 0)) \
    ROW(asinh_far_out, ad_asinh(a), L(INF, -INF, 1e30), L(1, 1, 1), L(INF, -INF, 69.770699970381315), L(0, 0, 1e-30)) \
    ROW(acosh_at_its_end, ad_acosh(a), L(1, 1, 0.5, 1e30), L(1, 0, 0, 1), L(0, 0, NAN, 69.770699970381315), L(INF, 0, 0, 1e-30)) \
    ROW(atanh_at_its_ends, ad_atanh(a), L(1, -1, 1, 2), L(1, 1, 0, 0), L(INF, -INF, INF, NAN), L(INF, INF, 0, 0))

#define SPECIAL(ROW) \
    ROW(erf_far_out, ad_erf(a), L(INF, -INF, 0, NAN), L(1, 1, 1, 1), L(1, -1, 0, NAN), L(0, 0, SLOPE_0, NAN)) \
    ROW(erfc_does_not_cancel, ad_erfc(a), L(INF, -INF, 5), L(1, 1, 1), \
        L(0, 2, 1.5374597944280349e-12), L(0, 0, -1.5670866531017336e-11)) \
    SAYS("lgamma, digamma at 0", \
        "lgamma +inf; digamma -inf at +0, +inf at -0, NaN at negative integers") \
    ROW(lgamma_at_its_zeros, ad_lgamma(a), L(1, 2, 3), L(1, 1, 1), L(0, 0, LOG_2), L(-GAMMA, 1 - GAMMA, 1.5 - GAMMA)) \
    ROW(lgamma_at_its_poles, ad_lgamma(a), L(0, -0.0, 0, INF), L(1, 1, 0, 1), L(INF, INF, INF, INF), L(-INF, INF, 0, INF)) \
    ROW(lgamma_of_a_negative_integer, ad_lgamma(a), L(-1, -2), L(1, 0), L(INF, INF), L(NAN, 0)) \
    ROW(lgamma_of_a_negative, ad_lgamma(a), L(-1.5), L(1), L(0.8600470153764810), L(0.70315664064524319)) \
    ROW(digamma_at_1, ad_digamma(a), L(1, 2, INF), L(1, 1, 1), \
        L(-GAMMA, 1 - GAMMA, INF), L(PI * PI / 6, PI * PI / 6 - 1, 0)) \
    ROW(digamma_at_its_poles, ad_digamma(a), L(0, -0.0, -1, NAN), L(1, 1, 0, 1), \
        L(-INF, INF, NAN, NAN), L(INF, INF, 0, NAN)) \
    ROW(digamma_of_a_negative, ad_digamma(a), L(-1.5, -2.5), L(1, 1), \
        L(0.70315664064524319, 1.1031566406452432), L(9.3792466449891238, 9.5392466449891238))

#define ACTIVATIONS(ROW) \
    SAYS("relu6, hard_sigmoid, hard_tanh at their kinks", "derivative 0") \
    ROW(relu6_is_flat_at_its_kinks, ad_relu6(a), \
        L(-1, 0, 3, 6, INF, NAN), L(1, 1, 1, 1, 1, 1), L(0, 0, 3, 6, 6, NAN), L(0, 0, 1, 0, 0, 0)) \
    ROW(hard_sigmoid_is_flat_at_its_kinks, ad_hard_sigmoid(a), \
        L(-3, 0, 3, INF, -INF, NAN), L(6, 6, 6, 6, 6, 6), L(0, 0.5, 1, 1, 0, NAN), L(0, 1, 0, 0, 0, 0)) \
    ROW(hard_tanh_is_flat_at_its_kinks, ad_hard_tanh(a), \
        L(-1, 0, 1, INF, -INF, NAN), L(1, 1, 1, 1, 1, 1), L(-1, 0, 1, 1, -1, NAN), L(0, 1, 0, 0, 0, 0)) \
    SAYS("hard_swish at -3 and 3", "derivative 0 and 1, as of x hard_sigmoid(x)") \
    ROW(hard_swish_at_its_kinks, ad_hard_swish(a), \
        L(-3, -1.5, 3, INF, -INF, NAN), L(1, 1, 1, 1, 1, 1), L(0, -0.375, 3, INF, 0, NAN), L(0, 0, 1, 1, 0, NAN)) \
    ROW(softplus_far_out, ad_softplus(a), L(1e4, -1e4, 0, INF, -INF, NAN), L(1, 1, 1, 1, 1, 1), \
        L(1e4, 0, LOG_2, INF, 0, NAN), L(1, 0, 0.5, 1, 0, NAN)) \
    ROW(log_sigmoid_far_out, ad_log_sigmoid(a), L(1e4, -1e4, 0, INF, -INF, NAN), L(1, 1, 1, 1, 1, 1), \
        L(0, -1e4, -LOG_2, 0, -INF, NAN), L(0, 1, 0.5, 0, 1, NAN)) \
    ROW(softsign_far_out, ad_softsign(a), L(INF, -INF, 1, 0, NAN), L(1, 1, 1, 1, 1), L(1, -1, 0.5, 0, NAN), L(0, 0, 0.25, 1, NAN)) \
    ROW(elu_at_0_and_far_out, ad_elu(a), L(0, -INF, 1e4, NAN), L(1, 1, 1, 1), L(0, -1, 1e4, NAN), L(1, 0, 1, NAN)) \
    ROW(selu_at_0_and_far_out, ad_selu(a), L(0, -INF, 2, NAN), L(1, 1, 1, 1), \
        L(0, -SELU_2, 2 * SELU_1, NAN), L(SELU_2, 0, SELU_1, NAN)) \
    SAYS("silu, gelu, gelu_erf, mish at -inf", "0, with gradient 0, never NaN") \
    ROW(silu_far_out, ad_silu(a), L(0, -INF, INF, -1e4, NAN), L(1, 1, 1, 1, 1), L(0, 0, INF, 0, NAN), L(0.5, 0, 1, 0, NAN)) \
    ROW(gelu_far_out, ad_gelu(a), L(0, -INF, INF, -1e4, NAN), L(1, 1, 1, 1, 1), L(0, 0, INF, 0, NAN), L(0.5, 0, 1, 0, NAN)) \
    ROW(gelu_erf_far_out, ad_gelu_erf(a), L(0, -INF, INF, -1e4, NAN), L(1, 1, 1, 1, 1), L(0, 0, INF, 0, NAN), L(0.5, 0, 1, 0, NAN)) \
    ROW(mish_far_out, ad_mish(a), L(0, -INF, INF, -1e4, NAN), L(1, 1, 1, 1, 1), L(0, 0, INF, 0, NAN), L(0.6, 0, 1, 0, NAN)) \
    SAYS("leaky_relu'(0)", "the slope b: 0 counts as below, as in elu, selu and celu") \
    ROW(leaky_relu_at_0, ad_leaky_relu(a, 0.25), L(-2, 0, 2, NAN), L(1, 1, 1, 1), L(-0.5, 0, 2, NAN), L(0.25, 0.25, 1, 0.25)) \
    ROW(celu_far_out, ad_celu(a, 2), L(0, -INF, INF, NAN), L(1, 1, 1, 1), L(0, -2, INF, NAN), L(1, 0, 1, NAN)) \
    SAYS("clamp at exactly a bound", \
        "all of g to x; for low > high the result is high; if a bound is NaN, so is the result") \
    ROW(clamp_gives_all_to_x_at_a_bound, ad_clamp(a, -1, 1), \
        L(-2, -1, 0, 1, 2, NAN), L(1, 1, 1, 1, 1, 1), L(-1, -1, 0, 1, 1, NAN), L(0, 1, 1, 1, 0, 1)) \
    ROW(clamp_by_bounds_in_disorder_is_the_upper, ad_clamp(a, 1, -1), L(-2, 0, 2), L(1, 1, 1), L(-1, -1, -1), L(0, 0, 0)) \
    ROW(clamp_passes_nan_bounds_on, ad_clamp(a, NAN, 1), L(0, 2), L(1, 1), L(NAN, NAN), L(0, 0)) \
    SAYS("isfinite, isinf, isnan", "of any number type: integers and masks are finite") \
    ROW(masks_of_kinds_of_numbers, ad_add(AS_F(ad_isfinite(a)), ad_add(AS_F(ad_isinf(a)), AS_F(ad_isnan(a)))), \
        L(1, -2, 0), L(1, 1, 1), L(1, 1, 1), L(0, 0, 0))

#define NOISE(ROW) \
    SAYS("dropout", \
        "an element that is dropped is an exact 0, whatever it was, and receives an exact 0; rate 0 gives x, rate 1 zeros; a rate out of [0, 1] is an error") \
    ROW(dropout_of_rate_0_is_x, ad_dropout(a, 0, ad_key_new(1)), L(INF, -2, NAN), L(1, INF, 2), L(INF, -2, NAN), L(1, INF, 2)) \
    ROW(dropout_of_rate_1_is_0, ad_dropout(a, 1, ad_key_new(1)), L(INF, -2, NAN), L(1, INF, NAN), L(0, 0, 0), L(0, 0, 0))

#define OF_TWO(ROW) \
    SAYS("hypot, atan2 at the origin", "gradient 0 (d: the subgradient of least norm)") \
    ROW(hypot_at_the_origin, ad_hypot(a, b), L(0, 3, 0), L(0, 4, -2), L(1, 1, 1), L(0, 5, 2), L(0, 0.6, 0), L(0, 0.8, -1)) \
    ROW(hypot_does_not_overflow, ad_hypot(a, b), L(3e30, 3e-30), L(4e30, 4e-30), L(1, 1), L(5e30, 5e-30), L(0.6, 0.6), L(0.8, 0.8)) \
    ROW(atan2_at_the_origin, ad_atan2(a, b), L(0, 0, -0.0), L(0, -0.0, -1), L(1, 1, 0), L(0, PI, -PI), L(0, 0, 0), L(0, 0, 0)) \
    ROW(atan2_in_every_quadrant, ad_atan2(a, b), L(1, 1, -1, -1), L(1, -1, -1, 1), L(2, 2, 2, 2), \
        L(PI / 4, 3 * PI / 4, -3 * PI / 4, -PI / 4), L(1, -1, -1, 1), L(-1, -1, 1, 1)) \
    ROW(atan2_does_not_overflow, ad_atan2(a, b), L(1e30, 1e-30), L(1e30, 1e-30), L(1, 1), L(PI / 4, PI / 4), L(0.5e-30, 0.5e30), L(-0.5e-30, -0.5e30)) \
    SAYS("xlogy(a, b), xlog1py(a, b) with a = 0", \
        "0, whatever the logarithm is, but NaN for b = NaN; da = g times the logarithm (-inf at its pole), db = 0") \
    ROW(xlogy_of_0, ad_xlogy(a, b), L(0, 0, -0.0, 0, 0), L(2, 0, INF, -1, NAN), L(1, 1, 1, 1, 1), \
        L(0, 0, 0, 0, NAN), L(LOG_2, -INF, INF, NAN, NAN), L(0, 0, 0, 0, 0)) \
    ROW(xlogy_without_cotangent, ad_xlogy(a, b), L(0, 1), L(0, 0), L(0, 0), L(0, -INF), L(0, 0), L(0, 0)) \
    ROW(xlogy_at_its_pole, ad_xlogy(a, b), L(1, 2, -1, INF), L(0, INF, 0, 2), L(1, 1, 1, 1), \
        L(-INF, INF, INF, INF), L(-INF, INF, -INF, LOG_2), L(INF, 0, -INF, INF)) \
    ROW(xlog1py_of_0, ad_xlog1py(a, b), L(0, 0, 0, 2), L(-1, 1, NAN, -1), L(1, 1, 1, 1), \
        L(0, 0, NAN, -INF), L(-INF, LOG_2, NAN, -INF), L(0, 0, 0, INF)) \
    ROW(xlog1py_near_0, ad_xlog1py(a, b), L(2, -3), L(1e-8, 0), L(1, 1), \
        L(1.99999999e-8, 0), L(9.99999995e-9, 0), L(1.99999998, -3)) \
    SAYS("fmod(a, b)", "as C: the sign of a; da = g, db = -g trunc(a/b); NaN for b == 0") \
    ROW(fmod_has_the_sign_of_a, ad_fmod(a, b), L(5, -5, 5, -5), L(3, 3, -3, -3), L(1, 1, 1, 1), L(2, -2, 2, -2), L(1, 1, 1, 1), L(-1, 1, 1, -1)) \
    ROW(fmod_by_0_and_infinity, ad_fmod(a, b), L(5, 5, INF), L(0, INF, 2), L(1, 1, 1), L(NAN, 5, NAN), L(1, 1, 1), L(NAN, 0, NAN)) \
    SAYS("lerp(a, b, t)", "exactly a at t = 0 and b at t = 1") \
    ROW(lerp_is_exact_at_both_ends, ad_lerp(a, b, 1), L(1e20, -3), L(0.1, 7), L(1, 1), L(0.1, 7), L(0, 0), L(1, 1)) \
    ROW(lerp_begins_exactly, ad_lerp(a, b, 0), L(1e20, -3), L(0.1, 7), L(1, 1), L(1e20, -3), L(1, 1), L(0, 0)) \
    ROW(leaky_relu_by_its_slope, ad_leaky_relu(a, b), L(-2, 0, 3), L(0.5, 0.5, 0.5), L(1, 1, 1), L(-1, 0, 3), L(0.5, 0.5, 1), L(-2, 0, 0)) \
    ROW(celu_by_alpha, ad_celu(a, b), L(-2, 0, -INF), L(2, 1, 1), L(1, 1, 1), \
        L(2 / E - 2, 0, -1), L(1 / E, 1, 0), L(2 / E - 1, 0, -1)) \
    ROW(logic_on_masks, ad_where(ad_logical_xor(MASK(yes_no, 4), MASK(no_yes, 4)), a, b), \
        L(1, 2, 3, 4), L(5, 6, 7, 8), L(1, 1, 1, 1), L(5, 2, 3, 8), L(0, 1, 1, 0), L(1, 0, 0, 1)) \
    ROW(integers_are_finite, ad_where(ad_logical_and(ad_isfinite(MASK(integers, 3)), ad_logical_not(ad_isnan(MASK(integers, 3)))), a, b), \
        L(1, 2, 3), L(5, 6, 7), L(1, 1, 1), L(1, 2, 3), L(1, 1, 1), L(0, 0, 0))
/* clang-format on */

#define EDGES(ROW)    \
    STEPS(ROW)        \
    POWERS(ROW)       \
    EXPONENTIALS(ROW) \
    CIRCULAR(ROW)     \
    SPECIAL(ROW)      \
    ACTIVATIONS(ROW)  \
    NOISE(ROW)

EDGES(FUNCTION)
OF_TWO(FUNCTION)

static const edge edges[] = {EDGES(ONE) OF_TWO(TWO)};
const edge_table the_edges = {edges, sizeof edges / sizeof *edges};

/* ---- integers ------------------------------------------------------------------------ */

typedef struct integer_row {
    const char *name;
    ad_tensor (*f)(ad_tensor a, ad_tensor b);
    ad_type type;
    int64_t a[4], b[4], y[4];
} integer_row;

/* clang-format off */
#define INTEGERS(ROW) \
    ROW(add_of_i32, ad_add(a, b), AD_I32, L(INT32_MAX, -5, 3, INT32_MIN), L(1, 2, -4, -1), \
        L(INT32_MIN, -3, -1, INT32_MAX)) \
    ROW(add_of_i64, ad_add(a, b), AD_I64, L(INT64_MAX, 1, 2, 3), L(1, 1, 1, 1), L(INT64_MIN, 2, 3, 4)) \
    ROW(add_of_u8, ad_add(a, b), AD_U8, L(250, 1, 0, 255), L(10, 1, 0, 255), L(4, 2, 0, 254)) \
    ROW(sub_of_i32, ad_sub(a, b), AD_I32, L(INT32_MIN, 5, 3, 0), L(1, 7, 3, INT32_MIN), \
        L(INT32_MAX, -2, 0, INT32_MIN)) \
    ROW(sub_of_u8, ad_sub(a, b), AD_U8, L(3, 5, 0, 255), L(5, 3, 1, 255), L(254, 2, 255, 0)) \
    ROW(mul_of_i32, ad_mul(a, b), AD_I32, L(65536, -3, INT32_MIN, 46341), L(65536, 7, -1, 46341), \
        L(0, -21, INT32_MIN, -2147479015)) \
    ROW(mul_of_i64, ad_mul(a, b), AD_I64, L(INT64_MAX, 3, -2, 0), L(2, 5, 7, 9), L(-2, 15, -14, 0)) \
    ROW(mul_of_u8, ad_mul(a, b), AD_U8, L(16, 3, 255, 0), L(17, 5, 255, 9), L(16, 15, 1, 0)) \
    ROW(mul_by_a_number, ad_mul(-2, ad_add(a, b)), AD_I32, L(1, 2, 3, 4), L(0, 0, 0, 1), L(-2, -4, -6, -10)) \
    ROW(neg_of_i32, ad_neg(a), AD_I32, L(INT32_MIN, 5, -5, 0), L(0, 0, 0, 0), L(INT32_MIN, -5, 5, 0)) \
    ROW(neg_of_u8, ad_neg(a), AD_U8, L(1, 0, 255, 128), L(0, 0, 0, 0), L(255, 0, 1, 128)) \
    ROW(maximum_of_i32, ad_maximum(a, b), AD_I32, L(-5, 3, INT32_MIN, 0), L(-7, 4, INT32_MAX, 0), \
        L(-5, 4, INT32_MAX, 0)) \
    ROW(minimum_of_i64, ad_minimum(a, b), AD_I64, L(-5, 3, INT64_MIN, 0), L(-7, 4, INT64_MAX, 0), \
        L(-7, 3, INT64_MIN, 0)) \
    ROW(maximum_of_u8, ad_maximum(a, b), AD_U8, L(200, 1, 0, 128), L(100, 2, 255, 127), L(200, 2, 255, 128)) \
    ROW(floor_div_of_i32, ad_floor_div(a, b), AD_I32, L(7, -7, -7, INT32_MIN), L(-2, 2, -2, -1), \
        L(-4, -4, 3, INT32_MIN)) \
    ROW(floor_div_of_i64, ad_floor_div(a, b), AD_I64, L(INT64_MIN, INT64_MIN, 6, -6), L(-1, INT64_MAX, 3, 4), \
        L(INT64_MIN, -2, 2, -2)) \
    ROW(floor_div_of_u8, ad_floor_div(a, b), AD_U8, L(200, 255, 0, 3), L(7, 255, 9, 4), L(28, 1, 0, 0)) \
    ROW(floor_mod_of_i32, ad_floor_mod(a, b), AD_I32, L(7, -7, -7, INT32_MIN), L(-2, 2, -2, -1), L(-1, 1, -1, 0)) \
    ROW(floor_mod_of_i64, ad_floor_mod(a, b), AD_I64, L(INT64_MIN, 6, -6, 7), L(INT64_MAX, -4, 4, 7), \
        L(INT64_MAX - 1, -2, 2, 0)) \
    ROW(floor_mod_of_u8, ad_floor_mod(a, b), AD_U8, L(200, 255, 0, 3), L(7, 255, 9, 4), L(4, 0, 0, 3))
/* clang-format on */

#undef FUNCTION
#define FUNCTION(row, result, ...)                       \
    static ad_tensor run_##row(ad_tensor a, ad_tensor b) \
    {                                                    \
        (void)b;                                         \
        return result;                                   \
    }
#define INTEGER(row, result, type, a, b, y) {#row, run_##row, type, a, b, y},

INTEGERS(FUNCTION)
static const integer_row integer_rows[] = {INTEGERS(INTEGER)};

START_TEST(integers_wrap_around)
{
    const integer_row *r = &integer_rows[_i];
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor a = ad_cast(ad_freeze(t, AD_VIEW(r->a, 4)), r->type);
    ad_tensor b = ad_cast(ad_freeze(t, AD_VIEW(r->b, 4)), r->type);
    ad_tensor y = r->f(a, b);
    ck_assert_msg(ad_tape_status(t) == AD_OK, "%s: %s", r->name, ad_tape_error(t));
    ck_assert_int_eq(ad_read(y).type, r->type);
    const int64_t *numbers = ad_read(ad_cast(y, AD_I64)).data;
    for (size_t i = 0; i < 4; i++)
        ck_assert_msg(numbers[i] == r->y[i], "%s: element %zu is %lld, not %lld", r->name, i,
                      (long long)numbers[i], (long long)r->y[i]);
    ad_tape_free(t);
}
END_TEST

START_TEST(integers_broadcast_in_any_layout)
{
    static const int32_t row[] = {1, 2, 3}, column[] = {10, 20};
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor a = ad_freeze(t, AD_VIEW(row, 3)), b = ad_freeze(t, AD_VIEW(column, 2, 1));
    ad_tensor sums = ad_add(ad_flip(a, AD_AXES()), b),
              rests = ad_floor_mod(ad_transpose(sums), ad_freeze(t, AD_VIEW(column, 2)));
    ad_view y = ad_read(sums), z = ad_read(rests);
    static const double sum[] = {13, 12, 11, 23, 22, 21}, rest[] = {3, 3, 2, 2, 1, 1};
    for (size_t i = 0; i < 6; i++) {
        ck_assert_double_eq(ad_view_get(&y, i), sum[i]);
        ck_assert_double_eq(ad_view_get(&z, i), rest[i]);
    }
    ad_tape_free(t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("edges of elementwise operations");
    TCase *of_integers = tcase_create("integers");
    tcase_add_loop_test(of_integers, integers_wrap_around, 0,
                        sizeof integer_rows / sizeof *integer_rows);
    tcase_add_test(of_integers, integers_broadcast_in_any_layout);
    suite_add_tcase(suite, edge_rows());
    suite_add_tcase(suite, of_integers);
    return run_suite(suite);
}
