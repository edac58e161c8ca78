/* The table of operations on shapes and indices, of products and of losses, beside that of test_ops.c. */
#include "check_rows.h"
#include "suite.h"

/* clang-format off */
#define LOSSES(ROW, op, range, how) \
    ROW(op##_of_vectors, op, ad_##op(x[0], x[1]), ON(S(5), S(5)), range, how) \
    ROW(op##_of_matrices, op, ad_##op(x[0], x[1]), ON(S(3, 4), S(3, 4)), range, how) \
    ROW(op##_of_numbers, op, ad_##op(x[0], x[1]), ON(NUMBER, NUMBER), range, how) \
    ROW(op##_of_many, op, ad_##op(x[0], x[1]), ON(S(30, 20), S(30, 20)), range, how) \
    ROW(op##_of_views, op, ad_##op(ad_transpose(x[0]), x[1]), ON(S(3, 4), S(4, 3)), range) \
    ROW(op##_of_nothing, op, ad_##op(x[0], x[1]), ON(S(0, 3), S(0, 3)), range)

#define LOSS_ROWS(ROW) \
    LOSSES(ROW, l1_loss, WIDE, NOT_ANALYTIC) \
    LOSSES(ROW, mae, WIDE, NOT_ANALYTIC) \
    LOSSES(ROW, mape, BETWEEN(5, 50), NOT_ANALYTIC) \
    LOSSES(ROW, l2_loss, AROUND_0, WHOLE(complex_l2_loss)) \
    LOSSES(ROW, logcosh_loss, AROUND_0, WHOLE(complex_logcosh_loss)) \
    LOSSES(ROW, msle, ABOVE_0, WHOLE(complex_msle)) \
    LOSSES(ROW, poisson_loss, ABOVE_0, WHOLE(complex_poisson_loss)) \
    LOSSES(ROW, kl_divergence, ABOVE_0, WHOLE(complex_kl_divergence)) \
    LOSSES(ROW, sigmoid_cross_entropy, AROUND_0, WHOLE(complex_sigmoid_cross_entropy)) \
    ROW(huber_loss, huber_loss, ad_huber_loss(x[0], x[1], 7), ON(S(3, 4), S(3, 4)), WIDE) \
    ROW(huber_loss_inside, huber_loss, ad_huber_loss(x[0], x[1], 100), ON(S(5), S(5))) \
    ROW(huber_loss_of_nothing, huber_loss, ad_huber_loss(x[0], x[1], 1), ON(S(0), S(0))) \
    ROW(mape_of_negatives, mape, ad_mape(x[0], ad_neg(x[1])), ON(S(4), S(4)), BETWEEN(5, 50)) \
    ROW(msle_below_0, msle, ad_msle(ad_sub(x[0], 20), x[1]), ON(S(4), S(4)), BETWEEN(1, 9)) \
    ROW(hinge_loss, hinge_loss, ad_hinge_loss(x[0], x[1]), ON(S(3, 4), S(3, 4)), WIDE) \
    ROW(hinge_loss_of_vectors, hinge_loss, ad_hinge_loss(x[0], x[1]), ON(S(5), S(5))) \
    ROW(hinge_loss_of_nothing, hinge_loss, ad_hinge_loss(x[0], x[1]), ON(S(0), S(0))) \
    ROW(squared_hinge_loss, squared_hinge_loss, ad_squared_hinge_loss(x[0], x[1]), \
        ON(S(3, 4), S(3, 4)), BETWEEN(-3, 3)) \
    ROW(squared_hinge_loss_of_vectors, squared_hinge_loss, ad_squared_hinge_loss(x[0], x[1]), \
        ON(S(5), S(5))) \
    ROW(squared_hinge_loss_of_nothing, squared_hinge_loss, ad_squared_hinge_loss(x[0], x[1]), \
        ON(S(0), S(0))) \
    ROW(categorical_hinge_loss, categorical_hinge_loss, ad_categorical_hinge_loss(x[0], x[1]), \
        ON(S(3, 4), S(3, 4))) \
    ROW(categorical_hinge_loss_of_a_vector, categorical_hinge_loss, \
        ad_categorical_hinge_loss(x[0], x[1]), ON(S(5), S(5))) \
    ROW(categorical_hinge_loss_of_nothing, categorical_hinge_loss, \
        ad_categorical_hinge_loss(x[0], x[1]), ON(S(0, 4), S(0, 4))) \
    ROW(soft_entropy, softmax_cross_entropy_probabilities, \
        ad_softmax_cross_entropy_probabilities(x[0], x[1]), ON(S(3, 4), S(3, 4)), \
        WHOLE(complex_soft_entropy)) \
    ROW(soft_entropy_of_a_vector, softmax_cross_entropy_probabilities, \
        ad_softmax_cross_entropy_probabilities(x[0], x[1]), ON(S(5), S(5)), \
        WHOLE(complex_soft_entropy)) \
    ROW(soft_entropy_of_rank_3, softmax_cross_entropy_probabilities, \
        ad_softmax_cross_entropy_probabilities(x[0], x[1]), ON(S(2, 3, 4), S(2, 3, 4)), \
        WHOLE(complex_soft_entropy)) \
    ROW(soft_entropy_of_nothing, softmax_cross_entropy_probabilities, \
        ad_softmax_cross_entropy_probabilities(x[0], x[1]), ON(S(0, 4), S(0, 4))) \
    ROW(soft_entropy_without_classes, softmax_cross_entropy_probabilities, \
        ad_softmax_cross_entropy_probabilities(x[0], x[1]), ON(S(3, 0), S(3, 0)))
/* clang-format on */

#define ALL_ROWS(ROW) LOSS_ROWS(ROW)

ALL_ROWS(FUNCTION)

static const gradient_case cases[] = {ALL_ROWS(CASE)};

const op_table the_table = {cases, sizeof cases / sizeof *cases, NULL, 0};

int main(void)
{
    return run_suite(table_suite());
}
