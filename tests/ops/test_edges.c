/* What operations mean at their edges: kinks, ties, infinities, NaN, nothing at all. Values and
 * gradients, in both float types. Errors are in test_edge_errors.c. Those of shapes, indices and losses are in test_edges_shapes.c. */
#include "messages.h"
#include "probe_edges.h"
#include "suite.h"

#include "adze/check.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define PI      3.14159265358979323846
#define LOG_2   0.69314718055994530942
#define SIN_1E6 -0.34999350217129296
#define COS_1E6 0.93675212753314479

static const int32_t zeros_and_one[] = {0, 0, 1};
static const int32_t label_0[] = {0}, label_1[] = {1};
static const bool first[] = {true, false};

#define ROW_OF_LOGITS ad_reshape(a, AD_SHAPE(1, -1))
#define AS_MATRIX(x)  ad_reshape(x, AD_SHAPE(1, 1))

/* clang-format off */

/* Of one operand. */
#define EDGES(ROW) \
    SAYS("relu'(0), abs'(0), sign', floor', ceil', round', trunc'", "0") \
    SAYS("relu(NaN), and a NaN operand of max, min, maximum, minimum", "NaN") \
    ROW(relu_is_flat_at_0, ad_relu(a), \
        L(-1, 0, -0.0, 2), L(1, 1, 1, 1), L(0, 0, 0, 2), L(0, 0, 0, 1)) \
    ROW(relu_keeps_nan, ad_relu(a), L(NAN, INF, -INF), L(0, 1, 1), L(NAN, INF, 0), L(0, 1, 0)) \
    ROW(abs_is_flat_at_0, ad_abs(a), \
        L(-2, 0, -0.0, 3), L(1, 1, 1, 1), L(2, 0, 0, 3), L(-1, 0, 0, 1)) \
    ROW(sign_has_derivative_0, ad_sign(a), \
        L(-2, 0, 3, NAN), L(1, 1, 1, 1), L(-1, 0, 1, NAN), L(0, 0, 0, 0)) \
    SAYS("sqrt'(0), log'(0)", "+inf as IEEE 754 for g != 0") \
    ROW(sqrt_at_0, ad_sqrt(a), L(0, 0, 4), L(1, -1, 1), L(0, 0, 2), L(INF, -INF, 0.25)) \
    ROW(sqrt_at_0_without_cotangent, ad_sqrt(a), \
        L(0, -1, 4), L(0, 0, 0), L(0, NAN, 2), L(0, 0, 0)) \
    ROW(log_at_0, ad_log(a), L(0, 0, 2), L(1, -1, 1), L(-INF, -INF, LOG_2), L(INF, -INF, 0.5)) \
    ROW(log_at_0_without_cotangent, ad_log(a), \
        L(0, -1, 1), L(0, 0, 0), L(-INF, NAN, 0), L(0, 0, 0)) \
    ROW(exp_far_out, ad_exp(a), L(-INF, 1e4, 0), L(1, 0.5, 1), L(0, INF, 1), L(0, INF, 1)) \
    ROW(sin_far_out, ad_sin(a), L(1e6, INF, NAN, 0), L(1, 1, 0, 1), \
        L(SIN_1E6, NAN, NAN, 0), L(COS_1E6, NAN, 0, 1)) \
    ROW(cos_far_out, ad_cos(a), L(-1e6, INF, NAN, 0), L(1, 1, 0, 1), \
        L(COS_1E6, NAN, NAN, 1), L(SIN_1E6, NAN, 0, 0)) \
    ROW(tanh_far_out, ad_tanh(a), L(-INF, 1e4, 0), L(1, 1, 1), L(-1, 1, 0), L(0, 0, 1)) \
    ROW(sigmoid_far_out, ad_sigmoid(a), \
        L(-1e4, 1e4, 0, -INF, INF), L(1, 1, 1, 1, 1), L(0, 1, 0.5, 0, 1), L(0, 0, 0.25, 0, 0)) \
    SAYS("where", \
        "the branch not taken receives an exact 0, and passes on exact zeros, whatever its derivatives are") \
    ROW(where_keeps_log_out, ad_where(ad_greater(a, 0), ad_log(a), 7), \
        L(0, -1, 2), L(1, 1, 1), L(7, 7, LOG_2), L(0, 0, 0.5)) \
    ROW(where_keeps_sqrt_out, ad_where(ad_less_equal(a, 0), 7, ad_sqrt(a)), \
        L(0, -1, 4), L(1, 1, 1), L(7, 7, 2), L(0, 0, 0.25)) \
    ROW(where_keeps_div_out, ad_where(ad_not_equal(a, 0), ad_div(1, a), 0), \
        L(0, 2), L(1, 1), L(0, 0.5), L(0, -0.25)) \
    ROW(where_keeps_0_by_0_out, ad_where(ad_not_equal(a, 0), ad_div(ad_sin(a), a), 1), L(0), L(1), L(1), L(0)) \
    ROW(where_keeps_pow_out, ad_where(ad_greater(a, 0), ad_pow(a, 0.5), 0), \
        L(0, 4), L(1, 1), L(0, 2), L(0, 0.25)) \
    ROW(where_keeps_powi_out, ad_where(ad_not_equal(a, 0), ad_powi(a, -2), 0), \
        L(0, 2), L(1, 1), L(0, 0.25), L(0, -0.25)) \
    ROW(where_keeps_a_product_out, ad_where(ad_greater(a, 0), ad_mul(a, ad_log(a)), 0), \
        L(0, 1), L(1, 1), L(0, 0), L(0, 1)) \
    ROW(where_keeps_overflow_out, ad_where(ad_greater(a, 0), 0, ad_exp(a)), \
        L(5000, 0), L(1, 1), L(0, 1), L(0, 1)) \
    ROW(where_keeps_asin_out, ad_where(ad_less(ad_abs(a), 1), ad_asin(a), 0), \
        L(1, 0, -3), L(1, 1, 1), L(0, 0, 0), L(0, 1, 0)) \
    ROW(where_keeps_softplus_by_hand_out, ad_where(ad_greater(a, 50), a, ad_log(ad_add(1, ad_exp(a)))), \
        L(1000, 0), L(1, 1), L(1000, LOG_2), L(1, 0.5)) \
    SAYS("an operation that does not depend on an operand there: relu, clamp, maximum, minimum, hard_*, relu6, dense's relu, sign, floor, powers of 0", \
        "0, whatever g is: an infinite g, too") \
    ROW(sqrt_of_relu_is_flat, ad_sqrt(ad_relu(a)), L(-1, 4), L(1, 1), L(0, 2), L(0, 0.25)) \
    ROW(acos_of_clamp_is_flat, ad_acos(ad_clamp(a, -1, 1)), \
        L(2, -2, 0), L(1, 1, 1), L(0, PI, PI / 2), L(0, 0, -1)) \
    ROW(log_of_maximum_is_flat, ad_log(ad_div(1, ad_maximum(a, 1e-20))), \
        L(0), L(1), L(46.051701859880913680), L(0)) \
    ROW(sqrt_of_minimum_is_flat, ad_sqrt(ad_sub(1, ad_minimum(a, 1))), L(3, -3), L(1, 1), L(0, 2), L(0, -0.25)) \
    ROW(sqrt_of_relu6_is_flat, ad_sqrt(ad_relu6(a)), L(-1, 4), L(1, 1), L(0, 2), L(0, 0.25)) \
    ROW(log_of_hard_sigmoid_is_flat, ad_log(ad_hard_sigmoid(a)), L(-4, 4), L(1, 1), L(-INF, 0), L(0, 0)) \
    ROW(log1p_of_hard_tanh_is_flat, ad_log1p(ad_hard_tanh(a)), L(-2, 0), L(1, 1), L(-INF, 0), L(0, 1)) \
    ROW(cbrt_of_sign_is_flat, ad_cbrt(ad_sign(a)), L(0, 8), L(1, 1), L(0, 1), L(0, 0)) \
    ROW(log_of_floor_is_flat, ad_log(ad_floor(a)), L(0.5, 1.5), L(1, 1), L(-INF, 0), L(0, 0)) \
    ROW(pole_of_a_power_of_0_is_flat, ad_reciprocal(ad_sub(ad_powi(a, 0), 1)), L(3, 0), L(1, 1), L(INF, INF), L(0, 0)) \
    SAYS("a slope of 0 times an infinite one, as of sqrt(x x) and 0 sqrt(x) at 0", "0, in both modes") \
    ROW(sqrt_of_a_product_at_0, ad_sqrt(ad_mul(a, a)), L(0, 3, -3), L(1, 1, 1), L(0, 3, 3), L(0, 1, -1)) \
    ROW(sqrt_of_a_square_at_0, ad_sqrt(ad_square(a)), L(0, 3, -3), L(1, 1, 1), L(0, 3, 3), L(0, 1, -1)) \
    ROW(nothing_of_a_root_at_0, ad_mul(0, ad_sqrt(a)), L(0, 4), L(1, 1), L(0, 0), L(0, 0)) \
    ROW(scale_gradient_by_0, ad_scale_gradient(a, 0), L(1, 2, 3), L(INF, NAN, 1), L(1, 2, 3), L(0, 0, 0)) \
    SAYS("stop_gradient", "a constant to all sweeps") \
    ROW(stop_gradient_is_a_constant, ad_mul(a, ad_stop_gradient(a)), \
        L(3, -2), L(1, 1), L(9, 4), L(3, -2)) \
    SAYS("max, min with ties", "g split evenly over the tied elements") \
    ROW(max_shares_among_ties, ad_max(a), L(3, 1, 3, 2), L(1), L(3), L(0.5, 0, 0.5, 0)) \
    ROW(min_shares_among_ties, ad_min(a), \
        L(1, 4, 1, 1, 2, 1), L(2), L(1), L(0.5, 0, 0.5, 0.5, 0, 0.5)) \
    ROW(max_of_minus_inf, ad_max(a), L(-INF, -INF), L(1), L(-INF), L(0.5, 0.5)) \
    ROW(max_passes_nan_on, ad_max(a), L(1, NAN, 3), L(1), L(NAN), L(0, 1, 0)) \
    ROW(min_passes_nan_on, ad_min(a), L(NAN, 1, NAN, -INF), L(1), L(NAN), L(0.5, 0, 0.5, 0)) \
    ROW(max_of_signed_zeros, ad_max(a), L(-0.0, 0, -1), L(1), L(0), L(0.5, 0.5, 0)) \
    ROW(variance_at_a_constant, ad_variance(a), L(0.1, 0.1, 0.1), L(1), L(0), L(0, 0, 0)) \
    SAYS("std, variance of identical elements", \
        "gradient 0 (d: the subgradient of least norm; a NaN helps nobody)") \
    ROW(std_at_a_constant, ad_std(a), L(0.1, 0.1, 0.1), L(1), L(0), L(0, 0, 0)) \
    ROW(variance_is_the_populations, ad_variance(a), \
        L(1, 2, 3, 6), L(1), L(3.5), L(-1, -0.5, 0, 1.5)) \
    ROW(variance_of_a_sample, ad_variance_over(a, AD_AXES(0), 1), \
        L(1, 2, 3), L(1), L(1), L(-1, 0, 1)) \
    ROW(logsumexp_of_minus_inf, ad_logsumexp(a), L(-INF, -INF), L(1), L(-INF), L(0, 0)) \
    ROW(logsumexp_with_a_minus_inf, ad_logsumexp(a), L(-INF, 3), L(1), L(3), L(0, 1)) \
    ROW(logsumexp_with_a_nan, ad_logsumexp(a), L(0, NAN, 1000), L(1), L(NAN), L(NAN, NAN, NAN)) \
    ROW(logsumexp_down_a_column_with_a_nan, ad_logsumexp_over(ad_reshape(a, AD_SHAPE(3, 2)), AD_AXES(0)), \
        L(0, 0, NAN, 0, 1000, 0), L(1, 0), L(NAN, 1.0986122886681098), L(NAN, 0, NAN, 0, NAN, 0)) \
    ROW(softmax_far_out, ad_softmax(a, 0), \
        L(1e4, 1e4, 0), L(2, 0, 0), L(0.5, 0.5, 0), L(0.5, -0.5, 0)) \
    ROW(softmax_of_minus_inf, ad_softmax(a, 0), L(-INF, -INF), L(1, 2), L(0, 0), L(0, 0)) \
    ROW(softmax_with_a_minus_inf, ad_softmax(a, 0), \
        L(-INF, 3, 3), L(1, 1, 0), L(0, 0.5, 0.5), L(0, 0.25, -0.25)) \
    SAYS("softmax, log_softmax of a row with +inf", "NaN in every element") \
    ROW(softmax_with_an_inf, ad_softmax(a, 0), L(INF, 1, -INF), L(1, 0, 0), L(NAN, NAN, NAN), L(NAN, NAN, NAN)) \
    ROW(log_softmax_with_an_inf, ad_log_softmax(a, 0), \
        L(1, INF, -INF), L(1, 0, 0), L(NAN, NAN, NAN), L(NAN, NAN, NAN)) \
    ROW(softmax_with_an_inf_without_cotangent, ad_softmax(a, 0), L(INF, 1), L(0, 0), L(NAN, NAN), L(0, 0)) \
    ROW(log_softmax_with_an_inf_without_cotangent, ad_log_softmax(a, 0), L(INF, 1), L(0, 0), L(NAN, NAN), L(0, 0)) \
    ROW(log_softmax_far_out, ad_log_softmax(a, 0), L(1e4, 0), L(1, 1), L(0, -1e4), L(-1, 1)) \
    ROW(log_softmax_of_minus_inf, ad_log_softmax(a, 0), \
        L(-INF, -INF), L(1, 2), L(-INF, -INF), L(0, 0)) \
    ROW(log_softmax_with_a_minus_inf, ad_log_softmax(a, 0), \
        L(-INF, 3), L(0, 1), L(-INF, 0), L(0, 0)) \
    ROW(gather_accumulates_what_repeats, ad_gather(a, WITH(zeros_and_one, 3), 0), \
        L(5, 6), L(1, 2, 4), L(5, 5, 6), L(3, 4)) \
    ROW(cross_entropy_far_out, ad_softmax_cross_entropy(ROW_OF_LOGITS, WITH(label_1, 1)), \
        L(1e4, 0), L(1), L(1e4), L(1, -1)) \
    ROW(cross_entropy_of_the_sure, ad_softmax_cross_entropy(ROW_OF_LOGITS, WITH(label_0, 1)), \
        L(1e4, 0), L(1), L(0), L(0, 0)) \
    ROW(cross_entropy_of_minus_inf, ad_softmax_cross_entropy(ROW_OF_LOGITS, WITH(label_0, 1)), \
        L(-INF, -INF), L(1), L(INF), L(0, 0)) \
    ROW(concat_of_the_same, ad_concat(2, (ad_tensor[]){a, a}, 0), \
        L(1, 2), L(1, 10, 100, 1000), L(1, 2, 1, 2), L(101, 1010))

/* Of two. */
#define EDGES_OF_TWO(ROW) \
    SAYS("maximum(a, b), minimum(a, b) with a == b", "all of g to a") \
    ROW(ties_of_maximum_belong_to_a, ad_maximum(a, b), \
        L(2, 1, -INF), L(2, 3, -INF), L(1, 1, 1), L(2, 3, -INF), L(1, 0, 1), L(0, 1, 0)) \
    ROW(ties_of_minimum_belong_to_a, ad_minimum(a, b), \
        L(2, 1, INF), L(2, -3, INF), L(1, 1, 1), L(2, -3, INF), L(1, 0, 1), L(0, 1, 0)) \
    ROW(maximum_passes_nan_on, ad_maximum(a, b), \
        L(NAN, 1, NAN), L(1, NAN, NAN), L(1, 1, 1), L(NAN, NAN, NAN), L(1, 0, 1), L(0, 1, 0)) \
    ROW(minimum_passes_nan_on, ad_minimum(a, b), \
        L(NAN, 1, NAN), L(1, NAN, NAN), L(1, 1, 1), L(NAN, NAN, NAN), L(1, 0, 1), L(0, 1, 0)) \
    SAYS("pow(a, b), da", "0 where b == 0, else g b a^(b-1)") \
    SAYS("pow(a, b), db", "g a^b log a for a > 0, 0 for a <= 0; pow(0, 0) = 1") \
    ROW(pow_of_0, ad_pow(a, b), \
        L(0, 0, 0, 0), L(0, 1, 2, 0.5), L(1, 1, 1, 1), \
        L(1, 0, 0, 0), L(0, 1, 0, INF), L(0, 0, 0, 0)) \
    ROW(pow_0, ad_pow(a, b), \
        L(2, -2, INF), L(0, 0, 0), L(1, 1, 0), L(1, 1, 1), L(0, 0, 0), L(LOG_2, 0, 0)) \
    ROW(pow_of_negatives, ad_pow(a, b), \
        L(-2, -2, -2), L(3, -1, 2), L(1, 1, 1), L(-8, -0.5, 4), L(12, -0.25, -4), L(0, 0, 0)) \
    SAYS("div", \
        "IEEE 754 forward; da = g/b; db = -g (a/b)/b, because b b may over- or underflow") \
    ROW(div_by_0, ad_div(a, b), \
        L(1, 0, -1), L(0, 0, 0), L(1, 1, 1), \
        L(INF, NAN, -INF), L(INF, INF, INF), L(-INF, NAN, INF)) \
    ROW(div_does_not_square_b, ad_div(a, b), \
        L(1e20, 1e-20), L(1e25, 1e-25), L(1, 1), L(1e-5, 1e5), L(1e-25, 1e25), L(-1e-30, -1e30)) \
    SAYS("mul", "da = g b, db = g a; exactly 0 where a factor is, whatever the other is") \
    ROW(mul_by_0, ad_mul(a, b), L(0, 2, INF, NAN), L(0, 0, 3, 4), L(INF, NAN, 0, 0), \
        L(0, 0, INF, NAN), L(0, 0, 0, 0), L(0, NAN, 0, 0)) \
    ROW(sqrt_of_a_flat_layer, ad_sqrt(ad_dense(AS_MATRIX(a), AS_MATRIX(b), ad_mul(ad_stop_gradient(b), 0), AD_RELU)), \
        L(-1), L(1), L(1), L(0), L(0), L(0)) \
    ROW(where_gives_an_exact_0, ad_where(WITH(first, 2), a, b), \
        L(1, INF), L(NAN, 2), L(INF, NAN), L(1, 2), L(INF, 0), L(0, NAN)) \
    ROW(mse_of_equals, ad_mse(a, b), L(1, 2), L(1, 2), L(1), L(0), L(0, 0), L(0, 0))

/* Of nothing: an empty a. */
#define EDGES_OF_NOTHING(ROW) \
    ROW(sum_of_nothing, ad_sum(a), 0) \
    ROW(mean_of_nothing, ad_mean(a), NAN) \
    ROW(variance_of_nothing, ad_variance(a), NAN) \
    ROW(std_of_nothing, ad_std(a), NAN) \
    ROW(logsumexp_of_nothing, ad_logsumexp(a), -INF) \
    ROW(dot_of_nothing, ad_dot(a, a), 0) \
    ROW(mse_of_nothing, ad_mse(a, a), NAN) \
    ROW(cross_entropy_of_nothing, ad_softmax_cross_entropy(ad_reshape(a, AD_SHAPE(0, 3)), WITH(label_0, 0)), \
        NAN)
/* clang-format on */

EDGES(FUNCTION)
EDGES_OF_TWO(FUNCTION)
EDGES_OF_NOTHING(FUNCTION)

static const edge edges[] = {EDGES(ONE) EDGES_OF_TWO(TWO) EDGES_OF_NOTHING(NONE)};
const edge_table the_edges = {edges, sizeof edges / sizeof *edges};

/* ---- large numbers ----------------------------------------------------------------------- */

/* The shares are told from the result, exp(x - y), and so are as exact as a y of 1e4 can be: not in the
 * table. */
START_TEST(logsumexp_does_not_overflow)
{
    ad_tape *t = ad_tape_new(NULL);
    double at = _i ? 1e4 : -1e4, x[] = {at, at};
    ad_tensor leaf = ad_watch(t, AD_VIEW(x, 2)), y = ad_logsumexp(leaf);
    ck_assert_int_eq(ad_backward(y), AD_OK);
    ck_assert_double_eq(ad_item(y), at + LOG_2);
    ad_view g = ad_grad(leaf);
    for (size_t i = 0; i < 2; i++)
        ck_assert_double_eq_tol(ad_view_get(&g, i), 0.5, 1e4 * DBL_EPSILON);
    ad_tape_free(t);
}
END_TEST

/* ---- shapes of nothing ------------------------------------------------------------------ */

START_TEST(a_product_over_nothing_is_zeros)
{
    ad_tape *t = ad_tape_new(NULL);
    double none = 0;
    ad_tensor a = ad_watch(t, AD_VIEW(&none, 3, 0)), b = ad_watch(t, AD_VIEW(&none, 0, 2));
    ad_tensor y = ad_matmul(a, b);
    ad_view v = ad_read(y), da;
    ck_assert_uint_eq(ad_view_count(&v), 6);
    ck_assert_int_eq(ad_test_near_zero(v, DBL_MIN, NULL), AD_OK);
    ck_assert_int_eq(ad_backward(ad_sum(ad_square(y))), AD_OK);
    da = ad_grad(a);
    ck_assert(ad_shape_equal(&da.shape, &AD_SHAPE(3, 0)));
    ad_tape_free(t);
}
END_TEST

/* ---- casts ------------------------------------------------------------------------------ */

typedef struct cast_row {
    double from;
    ad_type type;
    double to;
} cast_row;

static const cast_row casts[] = {
    {1.9, AD_I32, 1},
    {-1.9, AD_I32, -1},
    {1e20, AD_I32, INT32_MAX},
    {-1e20, AD_I32, INT32_MIN},
    {INF, AD_I32, INT32_MAX},
    {NAN, AD_I32, 0},
    {1e20, AD_I64, 9223372036854775807.0},
    {-INF, AD_I64, -9223372036854775808.0},
    {NAN, AD_I64, 0},
    {255.9, AD_U8, 255},
    {300, AD_U8, 255},
    {-5, AD_U8, 0},
    {NAN, AD_U8, 0},
    {0.5, AD_BOOL, 1},
    {-0.0, AD_BOOL, 0},
    {NAN, AD_BOOL, 1},
    {1e300, AD_F32, INF},
    {NAN, AD_F32, NAN},
};

START_TEST(casts_saturate_and_make_0_of_nan)
{
    const cast_row *c = &casts[_i];
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor y = ad_cast(ad_freeze(t, AD_VIEW_SCALAR(&c->from)), c->type);
    double got = ad_item(y);
    ck_assert_int_eq(ad_read(y).type, c->type);
    ck_assert_msg(got == c->to || (isnan(got) && isnan(c->to)), "%g to %s: %.17g instead of %.17g",
                  c->from, ad_type_text(c->type), got, c->to);
    ad_tape_free(t);
}
END_TEST

START_TEST(integers_cast_to_integers_saturate)
{
    static const int64_t from[] = {INT64_MAX, INT64_MIN, 256, -1};
    static const double narrow[] = {INT32_MAX, INT32_MIN, 256, -1}, bytes[] = {255, 0, 255, 0};
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor x = ad_freeze(t, AD_VIEW(from, 4));
    ad_view as_i32 = ad_read(ad_cast(x, AD_I32)), as_u8 = ad_read(ad_cast(x, AD_U8));
    for (size_t i = 0; i < 4; i++) {
        ck_assert_double_eq(ad_view_get(&as_i32, i), narrow[i]);
        ck_assert_double_eq(ad_view_get(&as_u8, i), bytes[i]);
    }
    ad_tape_free(t);
}
END_TEST

/* ---- paths without derivative ------------------------------------------------------------ */

static const double three[] = {1, -2, 3};

START_TEST(a_gradient_through_a_comparison_alone_is_an_error_that_names_it)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor x = ad_watch(t, AD_VIEW(three, 3)), one = ad_constant(t, AD_F64, 1);
    ad_tensor y = ad_where(ad_greater(x, 0), one, 0);
    ck_assert_int_eq(ad_backward(ad_sum(y)), AD_NO_DERIVATIVE);
    ck_assert_str_eq(message_of(t), "backward: the root depends on a watched leaf only through "
                                    "greater, which has no derivative");
    ad_tape_free(t);
}
END_TEST

START_TEST(a_gradient_through_the_branches_is_fine)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor x = ad_watch(t, AD_VIEW(three, 3));
    ad_tensor y = ad_where(ad_greater(x, 0), ad_square(x), ad_mul(x, -5));
    ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK);
    ad_view g = ad_grad(x);
    ck_assert_double_eq(ad_view_get(&g, 0), 2);
    ck_assert_double_eq(ad_view_get(&g, 1), -5);
    ck_assert_double_eq(ad_view_get(&g, 2), 6);
    ad_tape_free(t);
}
END_TEST

START_TEST(a_sum_rounded_to_integers_has_no_gradient)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor x = ad_watch(t, AD_VIEW(three, 3));
    ck_assert_int_eq(ad_backward(ad_cast(ad_cast(ad_sum(x), AD_I32), AD_F64)), AD_NO_DERIVATIVE);
    ck_assert_ptr_nonnull(strstr(message_of(t), "only through cast"));
    ad_tape_free(t);
}
END_TEST

START_TEST(an_unused_leaf_has_zeros_and_can_be_told_from_one_whose_gradient_is_0)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor used = ad_watch(t, AD_VIEW(three, 3)), unused = ad_watch(t, AD_VIEW(three, 3));
    ck_assert_int_eq(ad_backward(ad_sum(ad_mul(used, 0))), AD_OK);
    ck_assert_int_eq(ad_test_near_zero(ad_grad(used), DBL_MIN, NULL), AD_OK);
    ck_assert_int_eq(ad_test_near_zero(ad_grad(unused), DBL_MIN, NULL), AD_OK);
    ck_assert(ad_reached(used));
    ck_assert(!ad_reached(unused));
    ad_tape_free(t);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("edges");
    TCase *others = tcase_create("others");
    tcase_add_loop_test(others, casts_saturate_and_make_0_of_nan, 0, sizeof casts / sizeof *casts);
    tcase_add_test(others, integers_cast_to_integers_saturate);
    tcase_add_loop_test(others, logsumexp_does_not_overflow, 0, 2);
    tcase_add_test(others, a_product_over_nothing_is_zeros);
    tcase_add_test(others, a_gradient_through_a_comparison_alone_is_an_error_that_names_it);
    tcase_add_test(others, a_gradient_through_the_branches_is_fine);
    tcase_add_test(others, a_sum_rounded_to_integers_has_no_gradient);
    tcase_add_test(others, an_unused_leaf_has_zeros_and_can_be_told_from_one_whose_gradient_is_0);
    suite_add_tcase(suite, edge_rows());
    suite_add_tcase(suite, others);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
