/* What operations on shapes and indices, and losses, mean at their edges. */
#include "check_edges.h"
#include "suite.h"

#define LOG_2 0.69314718055994530942

/* clang-format off */
/* Of a prediction a and a target b. */
#define EDGES_OF_LOSSES(ROW) \
    ROW(l1_loss_of_equals, ad_l1_loss(a, b), L(1, 2, -3), L(1, 2, 3), L(2), L(6), L(0, 0, -2), L(0, 0, 2)) \
    ROW(mae_of_equals, ad_mae(a, b), L(1, 2), L(1, 4), L(1), L(1), L(0, -0.5), L(0, 0.5)) \
    ROW(mae_of_infinities, ad_mae(a, b), L(INF, 1), L(1, 1), L(1), L(INF), L(0.5, 0), L(-0.5, 0)) \
    ROW(mae_passes_nan_on, ad_mae(a, b), L(NAN, 1), L(1, 1), L(1), L(NAN), L(0, 0), L(0, 0)) \
    ROW(mape_of_a_target_of_0, ad_mape(a, b), L(1, 1), L(0, 2), L(1), \
        L(INF), L(INF, -25), L(-INF, 12.5)) \
    ROW(mape_of_negative_targets, ad_mape(a, b), L(-3, -1), L(-2, -2), L(1), \
        L(50), L(-25, 25), L(37.5, -12.5)) \
    ROW(huber_loss_at_delta, ad_huber_loss(a, b, 2), L(2, -2, 3, 1), L(0, 0, 0, 0), L(1), \
        L(8.5), L(2, -2, 2, 1), L(-2, 2, -2, -1)) \
    ROW(huber_loss_of_infinities, ad_huber_loss(a, b, 2), L(INF, -INF), L(0, 0), L(1), \
        L(INF), L(2, -2), L(-2, 2)) \
    ROW(msle_counts_negatives_as_0, ad_msle(a, b), L(-5, -0.5, 0), L(0, -1, 0), L(1), \
        L(0), L(0, 0, 0), L(0, 0, 0)) \
    ROW(msle_does_not_cancel, ad_msle(a, b), L(1e-18, 0), L(0, 0), L(1), L(5e-37), L(1e-18, 0), L(-1e-18, 0)) \
    ROW(hinge_loss_at_its_margin, ad_hinge_loss(a, b), L(1, -1, 2, 0), L(1, -1, 1, 1), L(4), \
        L(0.25), L(0, 0, 0, -1), L(0, 0, 0, 0)) \
    ROW(squared_hinge_loss_is_the_mean_of_squares, ad_squared_hinge_loss(a, b), \
        L(0, -2), L(1, 1), L(1), L(5), L(-1, -3), L(0, 6)) \
    ROW(squared_hinge_loss_at_its_margin, ad_squared_hinge_loss(a, b), \
        L(1, 3), L(1, 1), L(1), L(0), L(0, 0), L(0, 0)) \
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
    ROW(poisson_loss_of_no_events, ad_poisson_loss(a, b), L(0, 2), L(0, 0), L(2), L(1), L(1, 1), L(INF, -LOG_2)) \
    ROW(poisson_loss_of_the_impossible, ad_poisson_loss(a, b), L(0), L(1), L(1), L(INF), L(-INF), L(INF)) \
    ROW(kl_divergence_of_equals, ad_kl_divergence(a, b), L(0.25, 0.75), L(0.25, 0.75), L(1), \
        L(0), L(-1, -1), L(1, 1)) \
    ROW(kl_divergence_of_a_target_of_0, ad_kl_divergence(a, b), L(0, 1), L(0, 1), L(1), \
        L(0), L(0, -1), L(-INF, 1)) \
    ROW(kl_divergence_of_the_impossible, ad_kl_divergence(a, b), L(0), L(1), L(1), L(INF), L(-INF), L(INF)) \
    ROW(kl_divergence_without_cotangent, ad_kl_divergence(a, b), L(0), L(1), L(0), L(INF), L(0), L(0)) \
    ROW(sigmoid_cross_entropy_far_out, ad_sigmoid_cross_entropy(a, b), \
        L(1e4, -1e4, 0), L(1, 0, 0.5), L(3), L(LOG_2 / 3), L(0, 0, 0), L(-1e4, 1e4, 0)) \
    ROW(sigmoid_cross_entropy_of_the_wrong, ad_sigmoid_cross_entropy(a, b), \
        L(-1e4, 1e4), L(1, 0), L(2), L(1e4), L(-1, 1), L(1e4, -1e4)) \
    ROW(sigmoid_cross_entropy_of_infinities, ad_sigmoid_cross_entropy(a, b), \
        L(INF, -INF), L(1, 0), L(2), L(0), L(0, 0), L(-INF, INF)) \
    ROW(soft_entropy_far_out, ad_softmax_cross_entropy_probabilities(a, b), \
        L(1e4, 0), L(0, 1), L(1), L(1e4), L(1, -1), L(0, 1e4)) \
    ROW(soft_entropy_ignores_what_has_no_probability, ad_softmax_cross_entropy_probabilities(a, b), \
        L(-INF, 3), L(0, 1), L(1), L(0), L(0, 0), L(INF, 0)) \
    ROW(soft_entropy_of_minus_inf, ad_softmax_cross_entropy_probabilities(a, b), \
        L(-INF, -INF), L(0.5, 0.5), L(1), L(INF), L(0, 0), L(0, 0))

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

EDGES_OF_LOSSES(FUNCTION)
EDGES_OF_NOTHING(FUNCTION)

static const edge edges[] = {EDGES_OF_LOSSES(TWO) EDGES_OF_NOTHING(NONE)};
const edge_table the_edges = {edges, sizeof edges / sizeof *edges};

int main(void)
{
    Suite *suite = suite_create("edges of shapes and losses");
    suite_add_tcase(suite, edge_rows());
    return run_suite(suite);
}
