/* The table of operations on shapes and indices, of products and of losses, beside that of test_ops.c. */
#include "probe_rows.h"
#include "suite.h"

/* Of several results, that with this number. */
static ad_tensor piece(ad_tensor x, int n, const int64_t *extents, int axis, int which)
{
    ad_tensor y[8];
    ad_split(x, axis, n, extents, y);
    return y[which];
}

static ad_tensor plane(ad_tensor x, int n, int axis, int which)
{
    ad_tensor y[8];
    ad_unstack(x, axis, n, y);
    return y[which];
}

/* Integers are no operands of a row: they stay as they are. */
static const int32_t picks[] = {2, 0, 2, 1};
static const int64_t far_picks[] = {1, 1, 0, 2, 0, 0};
static const uint8_t near_picks[] = {0, 2};
static const int32_t run_of_picks[] = {1, 2, 3, 0, 1};

#define PIECES(...) ((const int64_t[]){__VA_ARGS__})

/* clang-format off */
#define VIEW_ROWS(ROW) \
    ROW(flatten, reshape, ad_flatten(x[0], 0, -1), ON(S(2, 3, 2)), LINEAR) \
    ROW(flatten_some, reshape, ad_flatten(x[0], 1, 2), ON(S(2, 3, 2, 2)), LINEAR) \
    ROW(flatten_a_number, reshape, ad_flatten(x[0], 0, -1), ON(NUMBER), LINEAR) \
    ROW(flatten_a_view, reshape, ad_flatten(ad_transpose(x[0]), 0, 1), ON(S(2, 3)), LINEAR) \
    ROW(slice_every_second, slice, ad_slice_step(x[0], 1, 0, AD_OPEN, 2), ON(S(2, 5)), LINEAR) \
    ROW(slice_backwards, slice, ad_slice_step(x[0], 0, AD_OPEN, AD_OPEN, -1), ON(S(4, 2)), LINEAR) \
    ROW(slice_backwards_by_3, slice, ad_slice_step(x[0], -1, -2, 0, -3), ON(S(2, 9)), LINEAR) \
    ROW(slice_far_steps, slice, ad_slice_step(x[0], 0, 1, AD_OPEN, 1000), ON(S(5)), LINEAR) \
    ROW(slice_nothing_backwards, slice, ad_slice_step(x[0], 0, 1, 1, -1), ON(S(3)), LINEAR) \
    ROW(slice_of_nothing, slice, ad_slice_step(x[0], 0, AD_OPEN, AD_OPEN, -2), ON(S(0, 3)), LINEAR) \
    ROW(flip, flip, ad_flip(x[0], AD_AXES(1)), ON(S(2, 3, 2)), LINEAR) \
    ROW(flip_all, flip, ad_flip(x[0], AD_AXES()), ON(S(2, 3)), LINEAR) \
    ROW(flip_twice, flip, ad_flip(ad_flip(x[0], AD_AXES(0)), AD_AXES(0, 1)), ON(S(2, 3)), LINEAR) \
    ROW(flip_a_number, flip, ad_flip(x[0], AD_AXES()), ON(NUMBER), LINEAR) \
    ROW(flip_nothing, flip, ad_flip(x[0], AD_AXES(0)), ON(S(0, 3)), LINEAR) \
    ROW(split_first, slice, piece(x[0], 2, NULL, 1, 0), ON(S(2, 6)), LINEAR) \
    ROW(split_last, slice, piece(x[0], 3, PIECES(1, 0, 3), 0, 2), ON(S(4, 2)), LINEAR) \
    ROW(split_nothing, slice, piece(x[0], 3, PIECES(1, 0, 3), -1, 1), ON(S(2, 4)), LINEAR) \
    ROW(split_all, slice, ad_mul(piece(x[0], 2, NULL, 0, 1), piece(x[0], 2, NULL, 0, 0)), ON(S(4))) \
    ROW(unstack, slice, plane(x[0], 3, 1, 2), ON(S(2, 3, 2)), LINEAR) \
    ROW(unstack_last, slice, plane(x[0], 4, -1, 0), ON(S(2, 4)), LINEAR)

#define KEY ad_key_new(5)

#define NOISE_ROWS(ROW) \
    ROW(dropout, dropout, ad_dropout(x[0], 0.5, KEY), ON(S(2, 3, 4)), LINEAR) \
    ROW(dropout_of_blocks, dropout, ad_dropout(x[0], 0.2, KEY), ON(S(33, 16)), LINEAR) \
    ROW(dropout_all, dropout, ad_dropout(x[0], 1, KEY), ON(S(3)), LINEAR) \
    ROW(dropout_none, dropout, ad_dropout(x[0], 0, KEY), ON(S(2, 3)), LINEAR) \
    ROW(dropout_a_number, dropout, ad_dropout(x[0], 0.25, KEY), ON(NUMBER), LINEAR) \
    ROW(dropout_nothing, dropout, ad_dropout(x[0], 0.5, KEY), ON(S(0, 3)), LINEAR) \
    ROW(dropout_of_a_view, dropout, ad_dropout(ad_transpose(x[0]), 0.5, KEY), ON(S(2, 5)), LINEAR) \
    ROW(dropout_twice, dropout, \
        ad_mul(ad_dropout(x[0], 0.5, KEY), ad_dropout(x[0], 0.25, ad_key_split(KEY, 1))), ON(S(9))) \
    ROW(noise_added, dropout, \
        ad_dropout(ad_mul(x[0], ad_normal(t, ad_read(x[0]).type, AD_SHAPE(3), 0, 1, KEY)), 0.3, KEY), \
        ON(S(2, 3)), LINEAR)

#define DIAGONAL_ROWS(ROW) \
    ROW(diagonal, diagonal, ad_diagonal(x[0], 0), ON(S(3, 3)), LINEAR) \
    ROW(diagonal_above, diagonal, ad_diagonal(x[0], 1), ON(S(3, 5)), LINEAR) \
    ROW(diagonal_below, diagonal, ad_diagonal(x[0], -2), ON(S(2, 5, 3)), LINEAR) \
    ROW(diagonal_of_a_row, diagonal, ad_diagonal(x[0], 2), ON(S(1, 5)), LINEAR) \
    ROW(diagonal_beside, diagonal, ad_diagonal(x[0], 7), ON(S(3, 5)), LINEAR) \
    ROW(diagonal_far_below, diagonal, ad_diagonal(x[0], INT64_MIN), ON(S(3, 5)), LINEAR) \
    ROW(diagonal_of_a_view, diagonal, ad_diagonal(ad_transpose(x[0]), 1), ON(S(5, 3)), LINEAR) \
    ROW(diag, diag, ad_diag(x[0], 0), ON(S(4)), LINEAR) \
    ROW(diag_above, diag, ad_diag(x[0], 2), ON(S(3)), LINEAR) \
    ROW(diag_batch_below, diag, ad_diag(x[0], -1), ON(S(2, 3)), LINEAR) \
    ROW(diag_nothing, diag, ad_diag(x[0], 1), ON(S(0)), LINEAR) \
    ROW(diag_of_diagonal, diag, ad_mul(ad_diag(ad_diagonal(x[0], 0), 0), x[0]), ON(S(3, 3))) \
    ROW(trace, sum, ad_trace(x[0]), ON(S(3, 3)), LINEAR) \
    ROW(trace_batch, sum, ad_trace(x[0]), ON(S(2, 3, 4)), LINEAR) \
    ROW(trace_nothing, sum, ad_trace(x[0]), ON(S(0, 3)), LINEAR) \
    ROW(tril, tril, ad_tril(x[0], 0), ON(S(3, 3)), LINEAR) \
    ROW(tril_below, tril, ad_tril(x[0], -1), ON(S(2, 4, 3)), LINEAR) \
    ROW(tril_all, tril, ad_tril(x[0], 9), ON(S(2, 3)), LINEAR) \
    ROW(tril_nothing, tril, ad_tril(x[0], 0), ON(S(3, 0)), LINEAR) \
    ROW(triu, triu, ad_triu(x[0], 0), ON(S(3, 3)), LINEAR) \
    ROW(triu_above, triu, ad_triu(x[0], 1), ON(S(2, 3, 4)), LINEAR) \
    ROW(triu_none, triu, ad_triu(x[0], INT64_MAX), ON(S(2, 3)), LINEAR) \
    ROW(triu_nothing, triu, ad_triu(x[0], 0), ON(S(3, 0)), LINEAR) \
    ROW(triu_of_a_product, triu, ad_mul(ad_triu(x[0], 0), x[0]), ON(S(3, 3)))

#define INDEX_ROWS(ROW) \
    ROW(index_select, index_select, ad_index_select(x[0], FROZEN(picks, 4), 1), \
        ON(S(2, 3, 2)), LINEAR) \
    ROW(embedding, embedding, ad_embedding(x[0], FROZEN(far_picks, 2, 3)), ON(S(3, 4)), LINEAR) \
    ROW(index_select_from_nothing, index_select, ad_index_select(x[0], FROZEN(picks, 4), 0), \
        ON(S(3, 0)), LINEAR) \
    ROW(embedding_in_nothing, embedding, ad_embedding(x[0], FROZEN(picks, 4)), ON(S(3, 0)), LINEAR) \
    ROW(embedding_of_bytes, embedding, ad_embedding(x[0], FROZEN(near_picks, 2)), ON(S(4, 2)), LINEAR) \
    ROW(gather_a_run, gather, ad_gather(x[0], FROZEN(run_of_picks, 5), 0), ON(S(5, 2)), LINEAR) \
    ROW(take_along_last, take_along_axis, ad_take_along_axis(x[0], FROZEN(far_picks, 2, 3), 1), \
        ON(S(2, 4)), LINEAR) \
    ROW(take_along_first, take_along_axis, ad_take_along_axis(x[0], FROZEN(far_picks, 3, 2), 0), \
        ON(S(4, 2)), LINEAR) \
    ROW(take_along_middle, take_along_axis, ad_take_along_axis(x[0], FROZEN(picks, 2, 1, 2), -2), \
        ON(S(2, 3, 2)), LINEAR) \
    ROW(take_along_nothing, take_along_axis, ad_take_along_axis(x[0], FROZEN(picks, 0), 0), \
        ON(S(3)), LINEAR) \
    ROW(scatter_add, scatter_add, ad_scatter_add(x[0], FROZEN(picks, 4), x[1], 0), \
        ON(S(3, 2), S(4, 2)), LINEAR) \
    ROW(take_along_an_empty_axis, take_along_axis, ad_take_along_axis(x[0], FROZEN(picks, 3, 0), 0), \
        ON(S(4, 0)), LINEAR) \
    ROW(scatter_add_on_equal_shapes, scatter_add, \
        ad_scatter_add(x[0], FROZEN(picks, 4), x[1], 0), ON(S(4, 2), S(4, 2)), LINEAR) \
    ROW(scatter_add_columns, scatter_add, ad_scatter_add(x[0], FROZEN(near_picks, 2), x[1], -1), \
        ON(S(2, 4), S(2, 2)), LINEAR) \
    ROW(scatter_add_by_matrix, scatter_add, ad_scatter_add(x[0], FROZEN(picks, 2, 2), x[1], 1), \
        ON(S(2, 3, 2), S(2, 2, 2, 2)), LINEAR) \
    ROW(scatter_add_nothing, scatter_add, ad_scatter_add(x[0], FROZEN(picks, 0), x[1], 0), \
        ON(S(3, 2), S(0, 2)), LINEAR) \
    ROW(scatter_add_and_gather, scatter_add, \
        ad_mul(ad_scatter_add(x[0], FROZEN(picks, 4), ad_gather(x[0], FROZEN(picks, 4), 0), 0), x[0]), \
        ON(S(3)))

#define PLACES_ROWS(ROW) \
    ROW(roll, roll, ad_roll(x[0], 0, 2), ON(S(5, 2)), LINEAR) \
    ROW(roll_back, roll, ad_roll(x[0], -1, -7), ON(S(2, 3)), LINEAR) \
    ROW(roll_far, roll, ad_roll(x[0], 1, INT64_MIN), ON(S(2, 3, 2)), LINEAR) \
    ROW(roll_nothing, roll, ad_roll(x[0], 0, 1), ON(S(0, 3)), LINEAR) \
    ROW(tile, tile, ad_tile(x[0], 1, 3), ON(S(2, 3, 2)), LINEAR) \
    ROW(tile_once, tile, ad_tile(x[0], 0, 1), ON(S(2, 3)), LINEAR) \
    ROW(tile_never, tile, ad_tile(x[0], 0, 0), ON(S(2, 3)), LINEAR) \
    ROW(tile_nothing, tile, ad_tile(x[0], 1, 4), ON(S(2, 0)), LINEAR) \
    ROW(repeat, repeat, ad_repeat(x[0], 0, 3), ON(S(2, 3)), LINEAR) \
    ROW(repeat_last, repeat, ad_repeat(x[0], -1, 2), ON(S(2, 3)), LINEAR) \
    ROW(repeat_nothing, repeat, ad_repeat(x[0], 1, 2), ON(S(0, 3)), LINEAR) \
    ROW(pad, pad, ad_pad(x[0], 0, 2, 1, 0), ON(S(2, 3)), LINEAR) \
    ROW(pad_last_by_7, pad, ad_pad(x[0], -1, 1, 0, 7), ON(S(2, 3))) \
    ROW(pad_by_nothing, pad, ad_pad(x[0], 0, 0, 0, 7), ON(S(3)), LINEAR) \
    ROW(pad_nothing, pad, ad_pad(x[0], 0, 1, 2, 0), ON(S(0, 3)), LINEAR) \
    ROW(pad_reflect, pad_reflect, ad_pad_reflect(x[0], 1, 2, 1), ON(S(2, 3)), LINEAR) \
    ROW(pad_reflect_first, pad_reflect, ad_pad_reflect(x[0], 0, 3, 3), ON(S(4, 2)), LINEAR) \
    ROW(pad_reflect_nothing, pad_reflect, ad_pad_reflect(x[0], 1, 1, 2), ON(S(0, 3)), LINEAR) \
    ROW(pad_edge, pad_edge, ad_pad_edge(x[0], 0, 2, 3), ON(S(2, 3)), LINEAR) \
    ROW(pad_edge_last, pad_edge, ad_pad_edge(x[0], -1, 0, 2), ON(S(2, 3, 1)), LINEAR) \
    ROW(pad_edge_nothing, pad_edge, ad_pad_edge(x[0], 0, 1, 1), ON(S(3, 0)), LINEAR) \
    ROW(pad_many, pad_edge, ad_pad_edge(x[0], 1, 70, 90), ON(S(2, 40)), LINEAR)

/* Of x[0] = [1, 2, 3]: values of y. */
#define VALUE_ROWS(ROW) \
    ROW(one_hot, one_hot, \
        ad_gather(ad_one_hot(ad_cast(x[0], AD_I32), 4, AD_F64), ad_constant(t, AD_I32, 1), 1), \
        1, 0, 0)

#define PRODUCT_ROWS(ROW) \
    ROW(matvec, matmul, ad_matvec(x[0], x[1]), ON(S(3, 4), S(4)), WHOLE(complex_matvec)) \
    ROW(matvec_of_one, matmul, ad_matvec(x[0], x[1]), ON(S(1, 1), S(1)), WHOLE(complex_matvec)) \
    ROW(matvec_batch, matmul, ad_matvec(x[0], x[1]), ON(S(2, 3, 4), S(2, 4))) \
    ROW(matvec_on_a_batch, matmul, ad_matvec(x[0], x[1]), ON(S(3, 4), S(5, 4))) \
    ROW(matvec_of_nothing, matmul, ad_matvec(x[0], x[1]), ON(S(3, 0), S(0))) \
    ROW(outer, mul, ad_outer(x[0], x[1]), ON(S(3), S(4)), WHOLE(complex_outer)) \
    ROW(outer_of_equal_lengths, mul, ad_outer(x[0], x[1]), ON(S(4), S(4)), WHOLE(complex_outer)) \
    ROW(outer_of_nothing, mul, ad_outer(x[0], x[1]), ON(S(0), S(4)))

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
    ROW(huber_loss_of_numbers, huber_loss, ad_huber_loss(x[0], x[1], 1), ON(NUMBER, NUMBER)) \
    ROW(mape_of_negatives, mape, ad_mape(x[0], ad_neg(x[1])), ON(S(4), S(4)), BETWEEN(5, 50)) \
    ROW(msle_below_0, msle, ad_msle(ad_sub(x[0], 20), x[1]), ON(S(4), S(4)), BETWEEN(1, 9)) \
    ROW(hinge_loss, hinge_loss, ad_hinge_loss(x[0], x[1]), ON(S(3, 4), S(3, 4)), WIDE) \
    ROW(hinge_loss_of_vectors, hinge_loss, ad_hinge_loss(x[0], x[1]), ON(S(5), S(5))) \
    ROW(hinge_loss_of_nothing, hinge_loss, ad_hinge_loss(x[0], x[1]), ON(S(0), S(0))) \
    ROW(hinge_loss_of_numbers, hinge_loss, ad_hinge_loss(x[0], x[1]), ON(NUMBER, NUMBER)) \
    ROW(squared_hinge_loss, squared_hinge_loss, ad_squared_hinge_loss(x[0], x[1]), \
        ON(S(3, 4), S(3, 4)), BETWEEN(-3, 3)) \
    ROW(squared_hinge_loss_of_vectors, squared_hinge_loss, ad_squared_hinge_loss(x[0], x[1]), \
        ON(S(5), S(5))) \
    ROW(squared_hinge_loss_of_nothing, squared_hinge_loss, ad_squared_hinge_loss(x[0], x[1]), \
        ON(S(0), S(0))) \
    ROW(squared_hinge_loss_of_numbers, squared_hinge_loss, ad_squared_hinge_loss(x[0], x[1]), \
        ON(NUMBER, NUMBER)) \
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

#define ALL_ROWS(ROW) \
    VIEW_ROWS(ROW)    \
    NOISE_ROWS(ROW)   \
    DIAGONAL_ROWS(ROW) INDEX_ROWS(ROW) PLACES_ROWS(ROW) PRODUCT_ROWS(ROW) LOSS_ROWS(ROW)

ALL_ROWS(FUNCTION)
VALUE_ROWS(FUNCTION)

static const gradient_case cases[] = {ALL_ROWS(CASE)};
static const value_case values[] = {VALUE_ROWS(VALUE)};

const op_table the_table = {
    cases,
    sizeof cases / sizeof *cases,
    values,
    sizeof values / sizeof *values,
};

int main(void)
{
    return run_suite(table_suite());
}
