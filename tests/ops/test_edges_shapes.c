/* What operations on shapes and indices, and losses, mean at their edges. */
#include "probe_edges.h"
#include "suite.h"

#include "adze/derivatives.h"

#define LOG_2 0.69314718055994530942

static const int32_t twice_0[] = {0, 0, 1};
static const int32_t gap_and_1[] = {-7, 1}, gaps[] = {-7, -7}, both[] = {0, 1};
static const double none_of_1[] = {1, 0};

/* Of two rows of two logits; label -7 is ignored. Weights, if any, in the type of a. */
static ad_tensor entropy_with(ad_tensor a, ad_tensor label, double smoothing, const double *weights)
{
    ad_cross_entropy_options o = {
        .size = sizeof o, .ignores = true, .ignored = -7, .smoothing = smoothing};
    if (weights)
        o.weights = ad_cast(ad_freeze(a.tape, AD_VIEW(weights, 2)), ad_read(a).type);
    return ad_softmax_cross_entropy_with(ad_reshape(a, AD_SHAPE(2, 2)), label, &o);
}

#define COLUMN(x) ad_reshape(x, AD_SHAPE(-1, 1))
#define SQUARE(x) ad_reshape(x, AD_SHAPE(2, 2))

/* clang-format off */
/* Of one operand. */
#define EDGES_OF_SHAPES(ROW) \
    ROW(slice_backwards_to_the_first, ad_slice_step(a, 0, AD_OPEN, AD_OPEN, -2), \
        L(1, 2, 3, 4, 5), L(1, 10, 100), L(5, 3, 1), L(100, 0, 10, 0, 1)) \
    ROW(slice_backwards_from_the_end, ad_slice_step(a, 0, -1, 0, -1), \
        L(1, 2, 3), L(1, 10), L(3, 2), L(0, 10, 1)) \
    ROW(roll_goes_round_the_end, ad_roll(a, 0, 1), L(1, 2, 3), L(1, 10, 100), L(3, 1, 2), L(10, 100, 1)) \
    ROW(tile_accumulates, ad_tile(a, 0, 2), L(1, 2), L(1, 10, 100, 1000), L(1, 2, 1, 2), L(101, 1010)) \
    ROW(repeat_accumulates, ad_repeat(a, 0, 2), L(1, 2), L(1, 10, 100, 1000), L(1, 1, 2, 2), L(11, 1100)) \
    ROW(pad_is_a_constant, ad_pad(a, 0, 1, 1, NAN), L(1, 2), L(9, 1, 10, 9), L(NAN, 1, 2, NAN), L(1, 10)) \
    ROW(pad_reflect_does_not_repeat_the_edge, ad_pad_reflect(a, 0, 1, 2), \
        L(1, 2, 3), L(1, 10, 100, 1000, 10, 1), L(2, 1, 2, 3, 2, 1), L(11, 111, 1000)) \
    ROW(pad_symmetric_repeats_the_edge, ad_pad_symmetric(a, 0, 1, 2), \
        L(1, 2, 3), L(1, 10, 100, 1000, 10, 1), L(1, 1, 2, 3, 3, 2), L(11, 101, 1010)) \
    ROW(band_part_gives_an_exact_0, ad_band_part(SQUARE(a), 0, -1), L(INF, NAN, NAN, 4), L(NAN, INF, NAN, 1), \
        L(INF, NAN, 0, 4), L(NAN, INF, 0, 1)) \
    ROW(pad_edge_accumulates, ad_pad_edge(a, 0, 2, 1), \
        L(1, 2), L(1, 10, 100, 1000, 10), L(1, 1, 1, 2, 2), L(111, 1010)) \
    ROW(tril_gives_an_exact_0, ad_tril(SQUARE(a), -1), L(INF, NAN, 3, NAN), L(INF, NAN, 1, NAN), \
        L(0, 0, 3, 0), L(0, 0, 1, 0)) \
    ROW(trace_of_a_column, ad_trace(COLUMN(a)), L(5, 6, 7), L(2), L(5), L(2, 0, 0)) \
    ROW(embedding_accumulates_what_repeats, ad_embedding(a, WITH(twice_0, 3)), \
        L(5, 6), L(1, 2, 4), L(5, 5, 6), L(3, 4)) \
    SAYS("embedding_padded", "the row of the padding gets an exact 0, whatever its cotangents are") \
    ROW(embedding_padded_leaves_the_padding_out, ad_embedding_padded(a, WITH(twice_0, 3), 0), \
        L(5, 6), L(INF, NAN, 4), L(5, 5, 6), L(0, 4)) \
    ROW(take_along_axis_accumulates_what_repeats, ad_take_along_axis(a, WITH(twice_0, 3), 0), \
        L(5, 6), L(1, 2, 4), L(5, 5, 6), L(3, 4))

/* Of two. */
#define EDGES_OF_INDICES(ROW) \
    ROW(scatter_add_accumulates_what_repeats, ad_scatter_add(a, WITH(twice_0, 3), b, 0), \
        L(1, 2, 3), L(10, 20, 40), L(1, 2, 4), L(31, 42, 3), L(1, 2, 4), L(1, 1, 2)) \
    ROW(scatter_set_keeps_the_last, ad_scatter_set(a, WITH(twice_0, 3), b, 0), \
        L(NAN, INF, 3), L(10, 20, 40), L(1, 2, 4), L(20, 40, 3), L(0, 0, 4), L(0, 1, 2)) \
    ROW(scatter_max_shares_among_ties, ad_scatter_max(a, WITH(twice_0, 3), b, 0), \
        L(5, 2, 3), L(5, 5, 1), L(3, 2, 4), L(5, 2, 3), L(1, 2, 4), L(1, 1, 0)) \
    ROW(scatter_min_shares_among_ties, ad_scatter_min(a, WITH(twice_0, 3), b, 0), \
        L(5, 2, 3), L(7, 5, 1), L(4, 2, 1), L(5, 1, 3), L(2, 0, 1), L(0, 2, 2)) \
    ROW(scatter_max_passes_nan_on, ad_scatter_max(a, WITH(twice_0, 3), b, 0), \
        L(NAN, 1, 2), L(INF, 2, NAN), L(1, 1, 1), L(NAN, NAN, 2), L(1, 0, 1), L(0, 0, 1)) \
    ROW(scatter_mul_of_zeros, ad_scatter_mul(a, WITH(twice_0, 3), b, 0), \
        L(0, 2, 3), L(3, 4, 0), L(1, 1, 1), L(0, 0, 3), L(12, 0, 1), L(0, 0, 2)) \
    ROW(set_diag_gives_an_exact_0, ad_set_diag(SQUARE(a), ad_slice(b, 0, 1, 3), 0), \
        L(INF, 2, 3, NAN), L(NAN, 5, 6, NAN), L(1, 10, 100, INF), L(5, 2, 3, 6), L(0, 10, 100, 0), L(0, 1, INF, 0)) \
    ROW(slice_assign_gives_an_exact_0, ad_slice_assign(a, ad_slice(b, 0, 0, 2), 0, 1, 3), \
        L(1, NAN, INF, 4), L(5, 6, NAN, NAN), L(1, 10, 100, 1000), L(1, 5, 6, 4), L(1, 0, 0, 1000), L(10, 100, 0, 0)) \
    ROW(einsum_counts_what_is_there_twice, ad_einsum(2, ((ad_tensor[]){SQUARE(a), SQUARE(b)}), "ii,ij->"), \
        L(1, 2, 3, 4), L(10, 20, 30, 40), L(1), L(310), L(30, 0, 0, 70), L(1, 1, 4, 4))

/* Of a prediction a and a target b. */
#define EDGES_OF_LOSSES(ROW) \
    SAYS("l1_loss, mae, mape at prediction = target", "derivative 0") \
    ROW(l1_loss_of_equals, ad_l1_loss(a, b), L(1, 2, -3), L(1, 2, 3), L(2), L(6), L(0, 0, -2), L(0, 0, 2)) \
    ROW(mae_of_equals, ad_mae(a, b), L(1, 2), L(1, 4), L(1), L(1), L(0, -0.5), L(0, 0.5)) \
    ROW(mae_of_infinities, ad_mae(a, b), L(INF, 1), L(1, 1), L(1), L(INF), L(0.5, 0), L(-0.5, 0)) \
    ROW(mae_passes_nan_on, ad_mae(a, b), L(NAN, 1), L(1, 1), L(1), L(NAN), L(0, 0), L(0, 0)) \
    SAYS("mape of a target of 0", \
        "infinite, as IEEE 754; NaN where the prediction is 0, too") \
    ROW(mape_of_a_target_of_0, ad_mape(a, b), L(1, 1), L(0, 2), L(1), \
        L(INF), L(INF, -25), L(-INF, 12.5)) \
    ROW(mape_of_negative_targets, ad_mape(a, b), L(-3, -1), L(-2, -2), L(1), \
        L(50), L(-25, 25), L(37.5, -12.5)) \
    SAYS("huber_loss at delta", "derivative delta") \
    ROW(huber_loss_at_delta, ad_huber_loss(a, b, 2), L(2, -2, 3, 1), L(0, 0, 0, 0), L(1), \
        L(8.5), L(2, -2, 2, 1), L(-2, 2, -2, -1)) \
    ROW(huber_loss_of_infinities, ad_huber_loss(a, b, 2), L(INF, -INF), L(0, 0), L(1), \
        L(INF), L(2, -2), L(-2, 2)) \
    SAYS("msle of negative numbers", \
        "they count as 0, with derivative 0; at 0 the derivative is the one from above") \
    ROW(msle_counts_negatives_as_0, ad_msle(a, b), L(-5, -0.5, 0), L(0, -1, 0), L(1), \
        L(0), L(0, 0, 0), L(0, 0, 0)) \
    ROW(msle_does_not_cancel, ad_msle(a, b), L(1e-18, 0), L(0, 0), L(1), L(5e-37), L(1e-18, 0), L(-1e-18, 0)) \
    SAYS("hinge_loss, squared_hinge_loss, categorical_hinge_loss met exactly", \
        "derivative 0") \
    ROW(hinge_loss_at_its_margin, ad_hinge_loss(a, b), L(1, -1, 2, 0), L(1, -1, 1, 1), L(4), \
        L(0.25), L(0, 0, 0, -1), L(0, 0, 0, 0)) \
    SAYS("squared_hinge_loss", "the mean of the squares (d: S4TF squares the mean)") \
    ROW(squared_hinge_loss_is_the_mean_of_squares, ad_squared_hinge_loss(a, b), \
        L(0, -2), L(1, 1), L(1), L(5), L(-1, -3), L(0, 6)) \
    ROW(squared_hinge_loss_at_its_margin, ad_squared_hinge_loss(a, b), \
        L(1, 3), L(1, 1), L(1), L(0), L(0, 0), L(0, 0)) \
    SAYS("categorical_hinge_loss, ties among the greatest (1 - t) p", \
        "g split evenly over them") \
    ROW(categorical_hinge_loss_met, ad_categorical_hinge_loss(a, b), \
        L(5, 1, 2), L(1, 0, 0), L(1), L(0), L(0, 0, 0), L(0, 0, 0)) \
    ROW(categorical_hinge_loss_at_its_margin, ad_categorical_hinge_loss(a, b), \
        L(3, 1, 2), L(1, 0, 0), L(1), L(0), L(0, 0, 0), L(0, 0, 0)) \
    ROW(categorical_hinge_loss_shares_among_ties, ad_categorical_hinge_loss(a, b), \
        L(1, 2, 2), L(1, 0, 0), L(1), L(2), L(-1, 0.5, 0.5), L(-1, -3, -3)) \
    ROW(logcosh_loss_far_out, ad_logcosh_loss(a, b), L(1e4, -1e4), L(0, 0), L(2), \
        L(1e4 - LOG_2), L(1, -1), L(-1, 1)) \
    ROW(logcosh_loss_does_not_cancel, ad_logcosh_loss(a, b), L(1e-10), L(0), L(1), \
        L(5e-21), L(1e-10), L(-1e-10)) \
    ROW(logcosh_loss_of_infinities, ad_logcosh_loss(a, b), L(INF), L(0), L(1), L(INF), L(1), L(-1)) \
    SAYS("poisson_loss, kl_divergence with t = 0", \
        "0 log(p) counts as 0, for p = 0 too (d: not NaN); dt is infinite all the same") \
    SAYS("poisson_loss, kl_divergence with p = 0 < t", "+inf, dp = -inf") \
    ROW(poisson_loss_of_no_events, ad_poisson_loss(a, b), L(0, 2), L(0, 0), L(2), L(1), L(1, 1), L(INF, -LOG_2)) \
    ROW(poisson_loss_of_the_impossible, ad_poisson_loss(a, b), L(0), L(1), L(1), L(INF), L(-INF), L(INF)) \
    ROW(kl_divergence_of_equals, ad_kl_divergence(a, b), L(0.25, 0.75), L(0.25, 0.75), L(1), \
        L(0), L(-1, -1), L(1, 1)) \
    ROW(kl_divergence_of_a_target_of_0, ad_kl_divergence(a, b), L(0, 1), L(0, 1), L(1), \
        L(0), L(0, -1), L(-INF, 1)) \
    ROW(kl_divergence_of_the_impossible, ad_kl_divergence(a, b), L(0), L(1), L(1), L(INF), L(-INF), L(INF)) \
    ROW(kl_divergence_without_cotangent, ad_kl_divergence(a, b), L(0), L(1), L(0), L(INF), L(0), L(0)) \
    SAYS("sigmoid_cross_entropy of an infinite logit", "0 where the target agrees") \
    ROW(sigmoid_cross_entropy_far_out, ad_sigmoid_cross_entropy(a, b), \
        L(1e4, -1e4, 0), L(1, 0, 0.5), L(3), L(LOG_2 / 3), L(0, 0, 0), L(-1e4, 1e4, 0)) \
    ROW(sigmoid_cross_entropy_of_the_wrong, ad_sigmoid_cross_entropy(a, b), \
        L(-1e4, 1e4), L(1, 0), L(2), L(1e4), L(-1, 1), L(1e4, -1e4)) \
    ROW(sigmoid_cross_entropy_of_infinities, ad_sigmoid_cross_entropy(a, b), \
        L(INF, -INF), L(1, 0), L(2), L(0), L(0, 0), L(-INF, INF)) \
    SAYS("softmax_cross_entropy_probabilities with q = 0", \
        "counts as 0, whatever the logit") \
    ROW(soft_entropy_far_out, ad_softmax_cross_entropy_probabilities(a, b), \
        L(1e4, 0), L(0, 1), L(1), L(1e4), L(1, -1), L(0, 1e4)) \
    ROW(soft_entropy_ignores_what_has_no_probability, ad_softmax_cross_entropy_probabilities(a, b), \
        L(-INF, 3), L(0, 1), L(1), L(0), L(0, 0), L(INF, 0)) \
    ROW(soft_entropy_of_minus_inf, ad_softmax_cross_entropy_probabilities(a, b), \
        L(-INF, -INF), L(0.5, 0.5), L(1), L(INF), L(0, 0), L(0, 0))

/* Of logits a, two rows of two. */
#define EDGES_OF_LABELS(ROW) \
    SAYS("softmax_cross_entropy_with, rows that are ignored", \
        "do not count, whatever their logits are; gradient 0") \
    ROW(ignored_rows_do_not_count, entropy_with(a, WITH(gap_and_1, 2), 0, NULL), \
        L(NAN, INF, 0, 0), L(2), L(LOG_2), L(0, 0, 1, -1)) \
    SAYS("softmax_cross_entropy_with, no row that counts, or only rows of weight 0", "NaN, with gradient 0") \
    ROW(no_row_counts, entropy_with(a, WITH(gaps, 2), 0, NULL), L(1, 2, 3, 4), L(1), L(NAN), L(0, 0, 0, 0)) \
    ROW(no_row_counts_in_smoothing, entropy_with(a, WITH(gaps, 2), 0.5, NULL), \
        L(1, 2, INF, 4), L(1), L(NAN), L(0, 0, 0, 0)) \
    ROW(no_row_has_weight, entropy_with(a, WITH(gap_and_1, 2), 0.5, none_of_1), \
        L(1, 2, 3, 4), L(1), L(NAN), L(0, 0, 0, 0)) \
    ROW(a_row_of_weight_0_is_nothing, entropy_with(a, WITH(both, 2), 0, none_of_1), \
        L(0, 0, INF, -INF), L(1), L(LOG_2), L(-0.5, 0.5, 0, 0)) \
    SAYS("softmax_cross_entropy_with, a row of -inf", "+inf, with gradient 0, smoothed or not") \
    ROW(smooth_entropy_of_minus_inf, entropy_with(a, WITH(both, 2), 0.5, NULL), \
        L(-INF, -INF, 0, 0), L(2), L(INF), L(0, 0, 0.25, -0.25)) \
    SAYS("softmax_cross_entropy_with, a single logit of -inf", \
        "+inf by smoothing, where its class has a weight; its gradient is finite") \
    ROW(smooth_entropy_with_a_minus_inf, entropy_with(a, WITH(both, 2), 0.5, NULL), \
        L(0, -INF, 0, 0), L(2), L(INF), L(0.25, -0.25, 0.25, -0.25)) \
    ROW(smooth_entropy_far_out, entropy_with(a, WITH(both, 2), 0.5, NULL), \
        L(1e4, 0, 0, 1e4), L(2), L(2500), L(0.25, -0.25, -0.25, 0.25)) \
    ROW(smooth_entropy_without_the_far_class, entropy_with(a, WITH(both, 2), 1, none_of_1), \
        L(0, -1e30, -1e30, 0), L(1), L(0.5e30), L(0, 0, -0.5, 0.5))

/* Of nothing. */
#define EDGES_OF_NOTHING(ROW) \
    ROW(l1_loss_of_nothing, ad_l1_loss(a, a), 0) \
    ROW(l2_loss_of_nothing, ad_l2_loss(a, a), 0) \
    ROW(huber_loss_of_nothing, ad_huber_loss(a, a, 1), 0) \
    ROW(kl_divergence_of_nothing, ad_kl_divergence(a, a), 0) \
    ROW(mae_of_nothing, ad_mae(a, a), NAN) \
    ROW(categorical_hinge_loss_of_nothing, \
        ad_categorical_hinge_loss(ad_reshape(a, AD_SHAPE(0, 3)), ad_reshape(a, AD_SHAPE(0, 3))), NAN)
/* clang-format on */

EDGES_OF_SHAPES(FUNCTION)
EDGES_OF_INDICES(FUNCTION)
EDGES_OF_LOSSES(FUNCTION)
EDGES_OF_LABELS(FUNCTION)
EDGES_OF_NOTHING(FUNCTION)

static const edge edges[] = {EDGES_OF_SHAPES(ONE) EDGES_OF_INDICES(TWO) EDGES_OF_LOSSES(TWO)
                                 EDGES_OF_LABELS(ONE) EDGES_OF_NOTHING(NONE)};
const edge_table the_edges = {edges, sizeof edges / sizeof *edges};

/* ---- tangents ------------------------------------------------------------------------------ */

static ad_tensor padded_by_0(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)env;
    return ad_embedding_padded(*x, WITH(twice_0, 3), 0);
}

START_TEST(the_padding_of_an_embedding_has_no_tangent)
{
    static const double table[] = {5, 6}, along[] = {INF, 3};
    double y[3], ty[3];
    ad_array value = AD_ARRAY(y, 3), tangent = AD_ARRAY(ty, 3);
    ad_view x = AD_VECTOR(table), tx = AD_VECTOR(along);
    ad_tape *t = ad_tape_new(NULL);
    ck_assert_int_eq(ad_jvp(t, padded_by_0, 1, &x, &tx, NULL, &value, &tangent), AD_OK);
    ck_assert(y[0] == 5 && y[1] == 5 && y[2] == 6);
    ck_assert(ty[0] == 0 && ty[1] == 0 && ty[2] == 3);
    ad_tape_free(t);
}
END_TEST

/* ---- integers and masks ------------------------------------------------------------------ */

typedef struct integer_row {
    const char *name;
    ad_tensor (*f)(ad_tape *t, ad_tensor x); /* of i32 [1, 2, 3] */
    ad_type type;
    double y[MOST]; /* row by row */
} integer_row;

/* clang-format off */
#define INTEGERS(ROW) \
    ROW(flip_integers, ad_flip(x, AD_AXES()), AD_I32, L(3, 2, 1)) \
    ROW(slice_integers, ad_slice_step(x, 0, AD_OPEN, AD_OPEN, 2), AD_I32, L(1, 3)) \
    ROW(roll_bytes, ad_roll(ad_cast(x, AD_U8), 0, -1), AD_U8, L(2, 3, 1)) \
    ROW(repeat_masks, ad_repeat(ad_greater(x, 1), 0, 2), AD_BOOL, L(0, 0, 1, 1, 1, 1)) \
    ROW(pad_masks, ad_pad(ad_greater(x, 1), 0, 1, 1, 1), AD_BOOL, L(1, 0, 1, 1, 1)) \
    ROW(pad_integers, ad_pad(ad_cast(x, AD_I64), 0, 0, 1, -7), AD_I64, L(1, 2, 3, -7)) \
    ROW(diag_integers, ad_slice(ad_diag(x, 1), 0, 0, 1), AD_I32, L(0, 1, 0, 0)) \
    ROW(triu_bytes, ad_triu(ad_reshape(ad_cast(x, AD_U8), AD_SHAPE(1, 3)), 1), AD_U8, L(0, 2, 3)) \
    ROW(scatter_integers, ad_scatter_add(x, less_1(x), x, 0), AD_I32, L(2, 4, 6)) \
    ROW(count_by_scatter, ad_scatter_add(ad_cast(x, AD_I64), WITH(twice_0, 3), ad_cast(x, AD_I64), 0), \
        AD_I64, L(4, 5, 3)) \
    ROW(set_masks_by_scatter, ad_scatter_set(ad_greater(x, 1), WITH(twice_0, 2), ad_less(WITH(twice_0, 2), 1), 0), \
        AD_BOOL, L(1, 1, 1)) \
    ROW(greatest_by_scatter, ad_scatter_max(x, WITH(twice_0, 3), ad_flip(x, AD_AXES()), 0), AD_I32, L(3, 2, 3)) \
    ROW(least_by_scatter, ad_scatter_min(ad_cast(x, AD_U8), WITH(twice_0, 3), ad_cast(x, AD_U8), 0), AD_U8, L(1, 2, 3)) \
    ROW(product_by_scatter, ad_scatter_mul(ad_cast(x, AD_I64), WITH(twice_0, 3), ad_cast(x, AD_I64), 0), \
        AD_I64, L(2, 6, 3)) \
    ROW(products_of_bytes_wrap, ad_scatter_mul(large_bytes(x), less_1(x), large_bytes(x), 0), AD_U8, L(209, 100, 249)) \
    ROW(set_diag_of_integers, ad_set_diag(ad_expand(x, 0), ad_slice(x, 0, 0, 1), 2), AD_I32, L(1, 2, 1)) \
    ROW(band_part_of_bytes, ad_band_part(ad_reshape(ad_cast(x, AD_U8), AD_SHAPE(1, 3)), 0, 1), AD_U8, L(1, 2, 0)) \
    ROW(slice_assign_of_masks, ad_slice_assign(ad_greater(x, 1), ad_greater(ad_slice(x, 0, 1, 2), 0), 0, 0, 1), \
        AD_BOOL, L(1, 1, 1)) \
    ROW(pixels_of_integers, ad_depth_to_space(ad_reshape(ad_repeat(ad_slice(x, 0, 0, 2), 0, 2), AD_SHAPE(1, 1, 1, 4)), 2), \
        AD_I32, L(1, 1, 2, 2)) \
    ROW(one_hot_bytes, ad_slice(ad_one_hot(x, 4, AD_U8), 0, 2, 3), AD_U8, L(0, 0, 0, 1)) \
    ROW(one_hot_masks, ad_slice(ad_one_hot(x, 4, AD_BOOL), 0, 0, 1), AD_BOOL, L(0, 1, 0, 0)) \
    ROW(take_along_axis_of_integers, ad_take_along_axis(x, WITH(twice_0, 3), 0), AD_I32, L(1, 1, 2))
/* clang-format on */

#undef FUNCTION
#define FUNCTION(row, result, ...)                      \
    static ad_tensor run_##row(ad_tape *t, ad_tensor x) \
    {                                                   \
        (void)t;                                        \
        return result;                                  \
    }
#define INTEGER(row, result, type, y) {#row, run_##row, type, y},

static ad_tensor less_1(ad_tensor x)
{
    return ad_sub(x, 1);
}

/* 201, 202, 203 */
static ad_tensor large_bytes(ad_tensor x)
{
    return ad_add(ad_cast(x, AD_U8), 200);
}

INTEGERS(FUNCTION)
static const integer_row integers[] = {INTEGERS(INTEGER)};

START_TEST(shapes_and_indices_take_any_number_type)
{
    static const int32_t numbers[] = {1, 2, 3};
    const integer_row *row = &integers[_i];
    ad_tape *t = ad_tape_new(NULL);
    ad_view y = ad_read(row->f(t, ad_freeze(t, AD_VIEW(numbers, 3))));
    ck_assert_msg(ad_tape_status(t) == AD_OK, "%s: %s", row->name, ad_tape_error(t));
    ck_assert_int_eq(y.type, row->type);
    for (size_t i = 0; i < ad_view_count(&y); i++)
        ck_assert_msg(ad_view_get(&y, i) == row->y[i], "%s: element %zu is %g", row->name, i,
                      ad_view_get(&y, i));
    ad_tape_free(t);
}
END_TEST

/* ---- several results --------------------------------------------------------------------- */

START_TEST(split_and_unstack_fail_as_a_whole)
{
    static const double numbers[6] = {1, 2, 3, 4, 5, 6};
    static const int64_t extents[] = {2, 2};
    ad_tensor y[3];
    for (int how = 0; how < 3; how++) {
        ad_tape *t = ad_tape_new(NULL);
        ad_tensor x = ad_watch(t, AD_VIEW(numbers, 6));
        ad_status status = how == 0   ? ad_split(x, 0, 2, extents, y)
                           : how == 1 ? ad_unstack(x, 0, 2, y)
                                      : ad_split(x, 0, 0, NULL, y);
        ck_assert_int_eq(status, how < 2 ? AD_BAD_SHAPE : AD_MISUSE);
        ck_assert_int_eq(ad_tape_status(t), status);
        ck_assert(how == 2 || (!ad_read(y[0]).data && !ad_read(y[1]).data));
        ad_tape_free(t);
    }
}
END_TEST

int main(void)
{
    TCase *others = tcase_create("others");
    tcase_add_loop_test(others, shapes_and_indices_take_any_number_type, 0,
                        sizeof integers / sizeof *integers);
    tcase_add_test(others, split_and_unstack_fail_as_a_whole);
    tcase_add_test(others, the_padding_of_an_embedding_has_no_tangent);
    Suite *suite = suite_create("edges of shapes and losses");
    suite_add_tcase(suite, edge_rows());
    suite_add_tcase(suite, others);
    return run_suite(suite);
}
