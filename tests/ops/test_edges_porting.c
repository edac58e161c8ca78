/* What differs between tools for the same formula (docs/porting.md). Before the rows that test an edge stand its
 * name, adze's value, and what PyTorch, JAX, TensorFlow, MLX, CasADi, ADOL-C and Sacado give, "" where that was
 * not measured. */
#include "probe_edges.h"
#include "suite.h"

#include <string.h>

#define GELU_AT_1       0.84119199060827676 /* the form with tanh */
#define GELU_SLOPE_AT_1 1.0829640838457826

static const int32_t twice_0[] = {0, 0, 1};

/* clang-format off */
#define KINKS(ROW) \
    PEERS("abs(x) at 0", "0", "0", "1", "0", "0", "0", "reverse 0, forward 1", "1") \
    ROW(abs_at_0, ad_abs(a), L(0), L(1), L(0), L(0)) \
    PEERS("relu(x) at 0", "0", "0", "0", "", "0", "no such function", "", "") \
    ROW(relu_at_0, ad_relu(a), L(0), L(1), L(0), L(0)) \
    PEERS("maximum(x, 0) at 0", "1", "1/2", "1/2", "", "0", "", "reverse 1/2, forward 1", "") \
    ROW(maximum_with_0, ad_maximum(a, 0), L(0), L(1), L(0), L(1)) \
    PEERS("maximum(0, x) at 0", "0", "", "", "", "1", "", "", "") \
    ROW(maximum_of_0, ad_maximum(0, a), L(0), L(1), L(0), L(0)) \
    PEERS("where(x > 0, x, 0) at 0", "0", "0", "0", "", "", "", "", "") \
    ROW(where_of_relu, ad_where(ad_greater(a, 0), a, 0), L(0), L(1), L(0), L(0)) \
    PEERS("clamp(x, 0, 1) at 0, 1/2, 1", "1, 1, 1", "1, 1, 1", \
        "jnp.clip 1/2, 1, 1/2; lax.clamp 0, 1, 0", "1, 1, 1", "0, 1, 0", "fmin(fmax(x, 0), 1): 1/2, 1, 1/2", "", "") \
    ROW(clamp_at_its_bounds, ad_clamp(a, 0, 1), L(0, 0.5, 1), L(1, 1, 1), L(0, 0.5, 1), L(1, 1, 1)) \
    PEERS("hard_tanh(x) at -1 and 1", "0", "0", "1", "", "", "", "", "") \
    ROW(hard_tanh_at_its_bounds, ad_hard_tanh(a), L(-1, 1), L(1, 1), L(-1, 1), L(0, 0)) \
    PEERS("relu6(x) at 6", "0", "0", "0", "0", "", "", "", "") \
    ROW(relu6_at_6, ad_relu6(a), L(6), L(1), L(6), L(0)) \
    PEERS("hard_sigmoid(x) at 3", "0", "0", "0", "0", "", "", "", "") \
    ROW(hard_sigmoid_at_3, ad_hard_sigmoid(a), L(3), L(1), L(1), L(0)) \
    PEERS("leaky_relu(x) at 0", "the slope below 0", "the slope below 0", "1", "", "1", "", "", "") \
    ROW(leaky_relu_at_0, ad_leaky_relu(a, 0.25), L(0), L(1), L(0), L(0.25)) \
    PEERS("elu(x), alpha 1, at 0 (smooth: 1)", "1", "1", "1", "1", "1", "", "", "") \
    ROW(elu_at_0, ad_elu(a), L(0), L(1), L(0), L(1)) \
    PEERS("celu(x), alpha 1, at 0 (smooth: 1)", "1", "1", "1", "2", "0", "", "", "") \
    ROW(celu_at_0, ad_celu(a, 1), L(0), L(1), L(0), L(1)) \
    PEERS("gelu: the form of that name", "by tanh; ad_gelu_erf is the exact one", "exact", "by tanh", "Keras: exact", "exact", "", "", "") \
    ROW(gelu_at_1, ad_gelu(a), L(1), L(1), L(GELU_AT_1), L(GELU_SLOPE_AT_1))

#define LISTS(ROW) \
    PEERS("max of [1, 3, 3]", "[0, 1/2, 1/2]", "max() [0, 1/2, 1/2]; over an axis [0, 1, 0]", "[0, 1/2, 1/2]", \
        "[0, 1/2, 1/2]", "[0, 1/2, 1/2]", "mmax [0, 1/2, 1/2]", "", "") \
    ROW(max_of_ties, ad_max(a), L(1, 3, 3), L(1), L(3), L(0, 0.5, 0.5)) \
    ROW(max_over_an_axis_of_ties, ad_max_over(a, AD_AXES(0)), L(1, 3, 3), L(1), L(3), L(0, 0.5, 0.5)) \
    PEERS("prod of [0, 2, 3]", "[6, 0, 0]", "[6, 0, 0]", "[6, 0, 0]", "[6, 0, 0]", "[6, 0, 0]", "", "", "") \
    ROW(prod_with_a_0, ad_prod(a), L(0, 2, 3), L(1), L(0), L(6, 0, 0)) \
    PEERS("sum of cumprod of [0, 2, 3] (exact: [9, 0, 0])", "[9, 0, 0]", "[9, 0, 0]", "[9, 0, 0]", "[0, 0, 0]", "[9, 0, 0]", "", "", "") \
    ROW(cumprod_with_a_0, ad_sum(ad_cumprod(a, 0, 0)), L(0, 2, 3), L(1), L(0), L(9, 0, 0)) \
    PEERS("logsumexp of a row of -inf: gradient", "0", "NaN", "NaN", "NaN", "NaN", "", "", "") \
    ROW(logsumexp_of_a_row_of_minus_inf, ad_logsumexp(a), L(-INF, -INF), L(1), L(-INF), L(0, 0)) \
    PEERS("softmax of a row of -inf: value and gradient", "0", "NaN", "NaN", "NaN", "NaN", "", "", "") \
    ROW(softmax_of_a_row_of_minus_inf, ad_softmax(a, 0), L(-INF, -INF), L(1, 2), L(0, 0), L(0, 0)) \
    PEERS("sort [2, 2, 1] upwards, with cotangents 1, 2, 3", "[2, 3, 1]", "[2, 3, 1]", "[2, 3, 1]", "[2, 3, 1]", "[2, 3, 1]", "", "", "") \
    ROW(sort_upwards, ad_sort(a, 0, false).values, L(2, 2, 1), L(1, 2, 3), L(1, 2, 2), L(2, 3, 1)) \
    PEERS("sort [2, 2, 1] downwards, with cotangents 1, 2, 3", "[1, 2, 3]", "[1, 2, 3]", "[2, 1, 3]", "[1, 2, 3]", "", "", "", "") \
    ROW(sort_downwards, ad_sort(a, 0, true).values, L(2, 2, 1), L(1, 2, 3), L(2, 2, 1), L(1, 2, 3)) \
    PEERS("1-norm at zeros", "0", "0", "1", "0", "0", "0", "", "") \
    ROW(norm_1_at_0, ad_norm(a, 1), L(0, 0), L(1), L(0), L(0, 0)) \
    PEERS("2-norm at zeros", "0", "0", "NaN", "NaN", "NaN", "NaN", "", "") \
    ROW(norm_2_at_0, ad_norm(a, 2), L(0, 0), L(1), L(0), L(0, 0)) \
    PEERS("maximum norm of three zeros", "0", "0", "1/6 each", "", "0", "", "", "") \
    ROW(norm_of_the_greatest_at_0, ad_norm(a, INF), L(0, 0, 0), L(1), L(0), L(0, 0, 0)) \
    PEERS("std of equal elements", "0", "0", "NaN", "NaN", "NaN", "", "", "") \
    ROW(std_of_equals, ad_std(a), L(3, 3, 3), L(1), L(0), L(0, 0, 0)) \
    PEERS("an index that is repeated", "its gradients are added up", "added up", "", "", "", "", "", "") \
    ROW(repeated_index, ad_gather(a, WITH(twice_0, 3), 0), L(5, 6, 7), L(1, 1, 1), L(5, 5, 6), L(2, 1, 0)) \
    PEERS("the padding of an embedding: its row's gradient", "0 (ad_embedding_padded)", "0", "", "", "", "", "", "") \
    ROW(padding_of_an_embedding, ad_embedding_padded(a, WITH(twice_0, 3), 0), \
        L(5, 6, 7), L(1, 1, 1), L(5, 5, 6), L(0, 1, 0))

#define ROOTS(ROW) \
    PEERS("sqrt(x) at 0", "inf", "inf", "inf", "inf", "inf", "inf", "reverse 0, forward inf", "inf") \
    ROW(sqrt_at_0, ad_sqrt(a), L(0), L(1), L(0), L(INF)) \
    PEERS("sqrt(x x) at 0", "0", "NaN", "NaN", "NaN", "NaN", "0: becomes fabs", "0", "NaN") \
    ROW(sqrt_of_a_square_at_0, ad_sqrt(ad_mul(a, a)), L(0), L(1), L(0), L(0)) \
    PEERS("where(x > 0, sqrt(x), 0) at 0", "0", "NaN", "NaN", "0", "", "if_else: 0", "", "") \
    ROW(guarded_sqrt, ad_where(ad_greater(a, 0), ad_sqrt(a), 0), L(0), L(1), L(0), L(0)) \
    PEERS("pow(x, 2) at 0", "0", "0", "0", "0", "0", "0", "0", "Fad 0, Rad NaN") \
    ROW(square_by_pow_at_0, ad_pow(a, 2), L(0), L(1), L(0), L(0))

/* Of two. */
#define PAIRS(ROW) \
    PEERS("maximum(x, y) at (1, 1)", "(1, 0)", "(1/2, 1/2)", "(1/2, 1/2)", "(1, 0)", "(0, 1)", "fmax (1/2, 1/2)", \
        "fmax: reverse (1/2, 1/2)", "(1, 0)") \
    ROW(maximum_of_equals, ad_maximum(a, b), L(1), L(1), L(1), L(1), L(1), L(0)) \
    PEERS("minimum(x, y) at (1, 1)", "(1, 0)", "", "", "", "", "", "", "") \
    ROW(minimum_of_equals, ad_minimum(a, b), L(1), L(1), L(1), L(1), L(1), L(0)) \
    PEERS("pow(x, y) at (0, 0)", "(0, 0)", "(0, 0)", "(NaN, 0)", "(NaN, 0)", "(NaN, -inf)", "(NaN, -inf)", "(0, 0)", "Fad (0, 0), Rad (NaN, -inf)") \
    ROW(pow_at_0_0, ad_pow(a, b), L(0), L(0), L(1), L(1), L(0), L(0)) \
    PEERS("pow(x, y) at (0, 2)", "(0, 0)", "(0, 0)", "(0, 0)", "(0, 0)", "(0, 0)", "(0, NaN)", "(0, 0)", "Fad (0, 0), Rad (NaN, NaN)") \
    ROW(pow_at_0_2, ad_pow(a, b), L(0), L(2), L(1), L(0), L(0), L(0)) \
    PEERS("pow(x, y) at (-2, 2)", "(-4, 0)", "(-4, NaN)", "(-4, NaN)", "(-4, 0)", "(-4, NaN)", "(-4, NaN)", "(-4, 0)", "Fad (NaN, NaN), Rad (-4, NaN)") \
    ROW(pow_of_a_negative, ad_pow(a, b), L(-2), L(2), L(1), L(4), L(-4), L(0)) \
    PEERS("pow(x, y) at (0, 1/2): the slope in x", "inf", "inf", "inf", "inf", "inf", "inf", "", "Fad 0, Rad NaN") \
    ROW(pow_as_a_root, ad_pow(a, b), L(0), L(0.5), L(1), L(0), L(INF), L(0)) \
    PEERS("atan2(y, x) at (0, 0)", "(0, 0)", "(0, 0)", "NaN", "NaN", "NaN", "NaN", "(0, 0)", "NaN") \
    ROW(atan2_at_the_origin, ad_atan2(a, b), L(0), L(0), L(1), L(0), L(0), L(0)) \
    PEERS("hypot(x, y) at (0, 0)", "(0, 0)", "NaN", "(1/2, 1/2)", "", "", "NaN", "", "") \
    ROW(hypot_at_the_origin, ad_hypot(a, b), L(0), L(0), L(1), L(0), L(0), L(0)) \
    PEERS("where(y > 0, x / y, 0) at y = 0", "(0, 0)", "NaN", "NaN", "NaN", "", "", "", "") \
    ROW(guarded_quotient, ad_where(ad_greater(b, 0), ad_div(a, b), 0), L(1), L(0), L(1), L(0), L(0), L(0))
/* clang-format on */

KINKS(FUNCTION)
LISTS(FUNCTION)
ROOTS(FUNCTION)
PAIRS(FUNCTION)

static const edge edges[] = {KINKS(ONE) LISTS(ONE) ROOTS(ONE) PAIRS(TWO)};
const edge_table the_edges = {edges, sizeof edges / sizeof *edges};

/* clang-format off */
PEERS("x[i], take(x, i): an index out of range", "an error that names it", "",
      "x[i] is clamped, and its gradient dropped; take gives NaN", "", "", "", "", "")
/* clang-format on */
START_TEST(an_index_out_of_range_is_an_error)
{
    static const double x[] = {1, 2, 3};
    static const int32_t index[] = {0, 1, 5};
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor y = ad_index_select(ad_watch(t, AD_VECTOR(x)), ad_freeze(t, AD_VECTOR(index)), 0);
    ck_assert_ptr_null(ad_read(y).data);
    ck_assert_ptr_nonnull(strstr(ad_tape_error(t), "index[2] = 5 is not in [0, 3)"));
    ad_tape_free(t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("edges_porting");
    TCase *others = tcase_create("others");
    tcase_add_test(others, an_index_out_of_range_is_an_error);
    suite_add_tcase(suite, others);
    suite_add_tcase(suite, edge_rows());
    return run_suite(suite);
}
