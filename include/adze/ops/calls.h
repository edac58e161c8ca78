/* How operations are called: written by scripts/op-calls from their declarations, do not edit.
 *
 * In C a macro over each operation notes the source line of the call (tape.h), and takes plain
 * numbers for the operands of elementwise operations. In C++ overloads take plain numbers. */
#ifndef ADZE_OPS_CALLS_H
#define ADZE_OPS_CALLS_H

#include "adze/ops/elementwise.h"
#include "adze/ops/reduce.h"
#include "adze/ops/shape.h"
#include "adze/ops/index.h"
#include "adze/ops/product.h"
#include "adze/ops/loss.h"
#include "adze/ops/random.h"
#include "adze/ops/cotangents.h"

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
inline ad_tensor ad_floor_div(ad_tensor a, double b) { return ad_floor_div(a, ad_number(b)); }
inline ad_tensor ad_floor_div(double a, ad_tensor b) { return ad_floor_div(ad_number(a), b); }
inline ad_tensor ad_floor_mod(ad_tensor a, double b) { return ad_floor_mod(a, ad_number(b)); }
inline ad_tensor ad_floor_mod(double a, ad_tensor b) { return ad_floor_mod(ad_number(a), b); }
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
inline ad_tensor ad_logical_and(ad_tensor a, double b) { return ad_logical_and(a, ad_number(b)); }
inline ad_tensor ad_logical_and(double a, ad_tensor b) { return ad_logical_and(ad_number(a), b); }
inline ad_tensor ad_logical_or(ad_tensor a, double b) { return ad_logical_or(a, ad_number(b)); }
inline ad_tensor ad_logical_or(double a, ad_tensor b) { return ad_logical_or(ad_number(a), b); }
inline ad_tensor ad_logical_xor(ad_tensor a, double b) { return ad_logical_xor(a, ad_number(b)); }
inline ad_tensor ad_logical_xor(double a, ad_tensor b) { return ad_logical_xor(ad_number(a), b); }

#else

#define ad_add(a, b) (ad_add)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_sub(a, b) (ad_sub)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_mul(a, b) (ad_mul)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_div(a, b) (ad_div)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_pow(a, b) (ad_pow)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_xlogy(a, b) (ad_xlogy)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_xlog1py(a, b) (ad_xlog1py)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_hypot(a, b) (ad_hypot)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_atan2(a, b) (ad_atan2)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_fmod(a, b) (ad_fmod)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_maximum(a, b) (ad_maximum)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_minimum(a, b) (ad_minimum)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_leaky_relu(a, b) (ad_leaky_relu)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_celu(a, b) (ad_celu)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_floor_div(a, b) (ad_floor_div)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_floor_mod(a, b) (ad_floor_mod)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_clamp(x, low, high) \
    (ad_clamp)(AD_AT_LINE(AD_OF(x)), AD_AT_LINE(AD_OF(low)), AD_AT_LINE(AD_OF(high)))
#define ad_lerp(a, b, t) (ad_lerp)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)), AD_AT_LINE(AD_OF(t)))
#define ad_muladd(a, b, c) \
    (ad_muladd)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)), AD_AT_LINE(AD_OF(c)))
#define ad_where(mask, a, b) \
    (ad_where)(AD_AT_LINE(mask), AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_equal(a, b) (ad_equal)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_not_equal(a, b) (ad_not_equal)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_less(a, b) (ad_less)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_less_equal(a, b) (ad_less_equal)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_greater(a, b) (ad_greater)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_greater_equal(a, b) (ad_greater_equal)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_logical_and(a, b) (ad_logical_and)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_logical_or(a, b) (ad_logical_or)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))
#define ad_logical_xor(a, b) (ad_logical_xor)(AD_AT_LINE(AD_OF(a)), AD_AT_LINE(AD_OF(b)))

#ifndef AD_NO_SOURCE_LINES

#define ad_neg(...) (ad_neg)(AD_AT_LINE(__VA_ARGS__))
#define ad_abs(...) (ad_abs)(AD_AT_LINE(__VA_ARGS__))
#define ad_sign(...) (ad_sign)(AD_AT_LINE(__VA_ARGS__))
#define ad_ceil(...) (ad_ceil)(AD_AT_LINE(__VA_ARGS__))
#define ad_floor(...) (ad_floor)(AD_AT_LINE(__VA_ARGS__))
#define ad_round(...) (ad_round)(AD_AT_LINE(__VA_ARGS__))
#define ad_trunc(...) (ad_trunc)(AD_AT_LINE(__VA_ARGS__))
#define ad_square(...) (ad_square)(AD_AT_LINE(__VA_ARGS__))
#define ad_sqrt(...) (ad_sqrt)(AD_AT_LINE(__VA_ARGS__))
#define ad_rsqrt(...) (ad_rsqrt)(AD_AT_LINE(__VA_ARGS__))
#define ad_cbrt(...) (ad_cbrt)(AD_AT_LINE(__VA_ARGS__))
#define ad_reciprocal(...) (ad_reciprocal)(AD_AT_LINE(__VA_ARGS__))
#define ad_powi(x, ...) (ad_powi)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_exp(...) (ad_exp)(AD_AT_LINE(__VA_ARGS__))
#define ad_exp2(...) (ad_exp2)(AD_AT_LINE(__VA_ARGS__))
#define ad_expm1(...) (ad_expm1)(AD_AT_LINE(__VA_ARGS__))
#define ad_log(...) (ad_log)(AD_AT_LINE(__VA_ARGS__))
#define ad_log2(...) (ad_log2)(AD_AT_LINE(__VA_ARGS__))
#define ad_log10(...) (ad_log10)(AD_AT_LINE(__VA_ARGS__))
#define ad_log1p(...) (ad_log1p)(AD_AT_LINE(__VA_ARGS__))
#define ad_log1mexp(...) (ad_log1mexp)(AD_AT_LINE(__VA_ARGS__))
#define ad_sin(...) (ad_sin)(AD_AT_LINE(__VA_ARGS__))
#define ad_cos(...) (ad_cos)(AD_AT_LINE(__VA_ARGS__))
#define ad_tan(...) (ad_tan)(AD_AT_LINE(__VA_ARGS__))
#define ad_asin(...) (ad_asin)(AD_AT_LINE(__VA_ARGS__))
#define ad_acos(...) (ad_acos)(AD_AT_LINE(__VA_ARGS__))
#define ad_atan(...) (ad_atan)(AD_AT_LINE(__VA_ARGS__))
#define ad_sinh(...) (ad_sinh)(AD_AT_LINE(__VA_ARGS__))
#define ad_cosh(...) (ad_cosh)(AD_AT_LINE(__VA_ARGS__))
#define ad_tanh(...) (ad_tanh)(AD_AT_LINE(__VA_ARGS__))
#define ad_asinh(...) (ad_asinh)(AD_AT_LINE(__VA_ARGS__))
#define ad_acosh(...) (ad_acosh)(AD_AT_LINE(__VA_ARGS__))
#define ad_atanh(...) (ad_atanh)(AD_AT_LINE(__VA_ARGS__))
#define ad_erf(...) (ad_erf)(AD_AT_LINE(__VA_ARGS__))
#define ad_erfc(...) (ad_erfc)(AD_AT_LINE(__VA_ARGS__))
#define ad_lgamma(...) (ad_lgamma)(AD_AT_LINE(__VA_ARGS__))
#define ad_digamma(...) (ad_digamma)(AD_AT_LINE(__VA_ARGS__))
#define ad_sigmoid(...) (ad_sigmoid)(AD_AT_LINE(__VA_ARGS__))
#define ad_log_sigmoid(...) (ad_log_sigmoid)(AD_AT_LINE(__VA_ARGS__))
#define ad_softplus(...) (ad_softplus)(AD_AT_LINE(__VA_ARGS__))
#define ad_softsign(...) (ad_softsign)(AD_AT_LINE(__VA_ARGS__))
#define ad_relu(...) (ad_relu)(AD_AT_LINE(__VA_ARGS__))
#define ad_relu6(...) (ad_relu6)(AD_AT_LINE(__VA_ARGS__))
#define ad_elu(...) (ad_elu)(AD_AT_LINE(__VA_ARGS__))
#define ad_selu(...) (ad_selu)(AD_AT_LINE(__VA_ARGS__))
#define ad_silu(...) (ad_silu)(AD_AT_LINE(__VA_ARGS__))
#define ad_gelu(...) (ad_gelu)(AD_AT_LINE(__VA_ARGS__))
#define ad_gelu_erf(...) (ad_gelu_erf)(AD_AT_LINE(__VA_ARGS__))
#define ad_mish(...) (ad_mish)(AD_AT_LINE(__VA_ARGS__))
#define ad_hard_sigmoid(...) (ad_hard_sigmoid)(AD_AT_LINE(__VA_ARGS__))
#define ad_hard_tanh(...) (ad_hard_tanh)(AD_AT_LINE(__VA_ARGS__))
#define ad_hard_swish(...) (ad_hard_swish)(AD_AT_LINE(__VA_ARGS__))
#define ad_isfinite(...) (ad_isfinite)(AD_AT_LINE(__VA_ARGS__))
#define ad_isinf(...) (ad_isinf)(AD_AT_LINE(__VA_ARGS__))
#define ad_isnan(...) (ad_isnan)(AD_AT_LINE(__VA_ARGS__))
#define ad_logical_not(...) (ad_logical_not)(AD_AT_LINE(__VA_ARGS__))
#define ad_cast(x, ...) (ad_cast)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_sum(...) (ad_sum)(AD_AT_LINE(__VA_ARGS__))
#define ad_sum_over(x, ...) (ad_sum_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_mean(...) (ad_mean)(AD_AT_LINE(__VA_ARGS__))
#define ad_mean_over(x, ...) (ad_mean_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_variance(...) (ad_variance)(AD_AT_LINE(__VA_ARGS__))
#define ad_variance_over(x, ...) (ad_variance_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_std(...) (ad_std)(AD_AT_LINE(__VA_ARGS__))
#define ad_std_over(x, ...) (ad_std_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_moments(...) (ad_moments)(AD_AT_LINE(__VA_ARGS__))
#define ad_moments_over(x, ...) (ad_moments_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_prod(...) (ad_prod)(AD_AT_LINE(__VA_ARGS__))
#define ad_prod_over(x, ...) (ad_prod_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_norm(x, ...) (ad_norm)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_norm_over(x, ...) (ad_norm_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_max(...) (ad_max)(AD_AT_LINE(__VA_ARGS__))
#define ad_max_over(x, ...) (ad_max_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_min(...) (ad_min)(AD_AT_LINE(__VA_ARGS__))
#define ad_min_over(x, ...) (ad_min_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_argmax(...) (ad_argmax)(AD_AT_LINE(__VA_ARGS__))
#define ad_argmax_over(x, ...) (ad_argmax_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_argmin(...) (ad_argmin)(AD_AT_LINE(__VA_ARGS__))
#define ad_argmin_over(x, ...) (ad_argmin_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_all(...) (ad_all)(AD_AT_LINE(__VA_ARGS__))
#define ad_all_over(mask, ...) (ad_all_over)(AD_AT_LINE(mask), __VA_ARGS__)
#define ad_any(...) (ad_any)(AD_AT_LINE(__VA_ARGS__))
#define ad_any_over(mask, ...) (ad_any_over)(AD_AT_LINE(mask), __VA_ARGS__)
#define ad_count_nonzero(...) (ad_count_nonzero)(AD_AT_LINE(__VA_ARGS__))
#define ad_count_nonzero_over(x, ...) (ad_count_nonzero_over)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_logsumexp(...) (ad_logsumexp)(AD_AT_LINE(__VA_ARGS__))
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
#define ad_transpose(...) (ad_transpose)(AD_AT_LINE(__VA_ARGS__))
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
#define ad_trace(...) (ad_trace)(AD_AT_LINE(__VA_ARGS__))
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
#define ad_dropout(x, ...) (ad_dropout)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_uniform(t, ...) (ad_uniform)(AD_TAPE_AT_LINE(t), __VA_ARGS__)
#define ad_normal(t, ...) (ad_normal)(AD_TAPE_AT_LINE(t), __VA_ARGS__)
#define ad_stop_gradient(...) (ad_stop_gradient)(AD_AT_LINE(__VA_ARGS__))
#define ad_scale_gradient(x, ...) (ad_scale_gradient)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_straight_through(x, y) (ad_straight_through)(AD_AT_LINE(x), AD_AT_LINE(y))
#define ad_clip_gradient(x, ...) (ad_clip_gradient)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_clip_gradient_norm(x, ...) (ad_clip_gradient_norm)(AD_AT_LINE(x), __VA_ARGS__)
#define ad_on_cotangent(x, ...) (ad_on_cotangent)(AD_AT_LINE(x), __VA_ARGS__)

#endif
#endif

#endif
