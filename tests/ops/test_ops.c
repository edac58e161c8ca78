/* The table of operations: what each row says is checked against central differences, complex
 * step, f32, strided, repeated, shared and frozen operands, forward mode and second order
 * (probe_gradient.h). probe_rows.h says how a row reads; ops without derivative have rows of values at
 * the end. Shapes, indices and losses have a table of their own, test_ops_shapes.c. */
#include "probe_rows.h"
#include "rows_elementwise.h"
#include "rows_reduce.h"
#include "suite.h"

static ad_tensor to_the_other_type(ad_tensor x)
{
    return ad_cast(x, ad_read(x).type == AD_F32 ? AD_F64 : AD_F32);
}

/* Integers and masks are no operands of a row: they stay as they are. */
static const int32_t picks[] = {2, 0, 2, 1};
static const int64_t far_picks[] = {1, 1, 0, 2};
static const uint8_t near_picks[] = {0, 2};
static const bool mask[] = {true, false, false, true, false, true,
                            true, false, true,  true, false, false};

#define LABELS               FROZEN(case_labels, CASE_ROWS)
#define FAR(x)               ad_add(x, ad_mul(ad_sign(x), 4)) /* from relu's kink */
#define CROSS_ENTROPY(label) ad_softmax_cross_entropy(x[0], label)

static ad_status look(void *user, const ad_cotangent *c)
{
    (void)user, (void)c;
    return AD_OK;
}

/* clang-format off */
#define SELECT_ROWS(ROW) \
    ROW(where, where, ad_where(FROZEN(mask, 3, 4), x[0], x[1]), ON(S(3, 4), S(3, 4)), LINEAR) \
    ROW(where_mask_broadcasts, where, ad_where(FROZEN(mask, 4), x[0], x[1]), \
        ON(S(3, 4), S(3, 4)), LINEAR) \
    ROW(where_branches_broadcast, where, ad_where(FROZEN(mask, 3, 4), x[0], x[1]), \
        ON(S(4), S(3, 1)), LINEAR) \
    ROW(where_all_broadcast, where, ad_where(FROZEN(mask, 2, 1, 1), x[0], x[1]), \
        ON(S(3, 1), S(4)), LINEAR) \
    ROW(where_else_a_number, where, ad_where(FROZEN(mask, 3, 4), x[0], 7), ON(S(3, 4))) \
    ROW(where_not_a_number, where, ad_where(FROZEN(mask, 3, 4), 7, x[0]), ON(NUMBER)) \
    ROW(where_compared, where, ad_where(ad_less(x[0], x[1]), x[0], x[1]), ON(S(3, 4), S(4))) \
    ROW(where_of_nothing, where, ad_where(FROZEN(mask, 3), x[0], x[1]), ON(S(0, 3), S(3)), LINEAR) \
    ROW(cast, cast, to_the_other_type(x[0]), ON(S(3, 4)), LINEAR) \
    ROW(cast_and_back, cast, to_the_other_type(to_the_other_type(x[0])), ON(S(3, 4)), LINEAR) \
    ROW(cast_of_a_number, cast, to_the_other_type(x[0]), ON(NUMBER), LINEAR) \
    ROW(cast_of_nothing, cast, to_the_other_type(x[0]), ON(S(3, 0)), LINEAR)

#define MATMUL(ROW, variant, a, b) \
    ROW(matmul_##variant, matmul, ad_matmul(x[0], x[1]), ON(a, b), WHOLE(complex_matmul))
#define DENSE(ROW, op, activation, bias, how) \
    ROW(dense_##op, dense, ad_dense(x[0], x[1], x[2], activation), \
        ON(S(3, 4), S(4, 2), S(2)), how) \
    ROW(large_dense_##op, dense, ad_dense(x[0], x[1], bias, activation), \
        ON(S(20, 17), S(17, 18), S(18)), BETWEEN(-0.5, 0.5), how)

/* From 16^3 multiplications on, BLIS does the work. */
#define PRODUCT_ROWS(ROW) \
    MATMUL(ROW, of_matrices,             S(3, 4), S(4, 2)) \
    MATMUL(ROW, of_squares,              S(3, 3), S(3, 3)) \
    MATMUL(ROW, of_batches,              S(2, 3, 4), S(2, 4, 2)) \
    MATMUL(ROW, of_a_batch_and_a_matrix, S(2, 3, 4), S(4, 2)) \
    MATMUL(ROW, of_a_matrix_and_a_batch, S(3, 4), S(2, 4, 2)) \
    MATMUL(ROW, both_batches_broadcast,  S(2, 1, 3, 4), S(3, 4, 2)) \
    MATMUL(ROW, of_ranks_4_and_3,        S(2, 3, 2, 4), S(3, 4, 2)) \
    MATMUL(ROW, of_a_batch_of_one,       S(1, 3, 4), S(2, 4, 2)) \
    MATMUL(ROW, of_rows_in_a_batch,      S(3, 1, 4), S(4, 2)) \
    MATMUL(ROW, of_a_deep_batch,         S(2, 1, 3, 4), S(4, 2)) \
    MATMUL(ROW, of_row_and_column,       S(1, 4), S(4, 1)) \
    MATMUL(ROW, of_column_and_row,       S(4, 1), S(1, 4)) \
    MATMUL(ROW, without_rows,            S(0, 4), S(4, 2)) \
    MATMUL(ROW, without_columns,         S(3, 4), S(4, 0)) \
    MATMUL(ROW, without_depth,           S(3, 0), S(0, 2)) \
    MATMUL(ROW, without_batch,           S(0, 3, 4), S(4, 2)) \
    MATMUL(ROW, of_a_matrix_and_no_batch, S(3, 4), S(0, 4, 2)) \
    MATMUL(ROW, of_16,                   S(16, 16), S(16, 16)) \
    MATMUL(ROW, of_17,                   S(17, 17), S(17, 17)) \
    MATMUL(ROW, long_and_flat,           S(33, 20), S(20, 9)) \
    MATMUL(ROW, large_batch_and_matrix,  S(2, 17, 16), S(16, 17)) \
    MATMUL(ROW, large_matrix_and_batch,  S(17, 16), S(2, 16, 17)) \
    MATMUL(ROW, large_batches,           S(2, 17, 16), S(2, 16, 17)) \
    ROW(matmul_left_transposed, matmul, ad_matmul(ad_transpose(x[0]), x[1]), ON(S(4, 3), S(4, 2))) \
    ROW(matmul_right_transposed, matmul, ad_matmul(x[0], ad_transpose(x[1])), \
        ON(S(3, 4), S(2, 4))) \
    ROW(matmul_batch_transposed, matmul, ad_matmul(ad_transpose(x[0]), x[1]), \
        ON(S(2, 4, 3), S(4, 2))) \
    ROW(matmul_batch_permuted, matmul, ad_matmul(ad_permute(x[0], AD_AXES(1, 0, 2)), x[1]), \
        ON(S(3, 2, 4), S(4, 2))) \
    ROW(large_matmul_transposed, matmul, ad_matmul(ad_transpose(x[0]), ad_transpose(x[1])), \
        ON(S(18, 17), S(16, 18))) \
    ROW(matmul_by_its_transpose, matmul, ad_matmul(x[0], ad_transpose(x[0])), ON(S(3, 4))) \
    ROW(large_matmul_by_its_transpose, matmul, ad_matmul(ad_transpose(x[0]), x[0]), ON(S(17, 18))) \
    ROW(dot, dot, ad_dot(x[0], x[1]), ON(S(5), S(5)), WHOLE(complex_dot)) \
    ROW(dot_of_many, dot, ad_dot(x[0], x[1]), ON(S(700), S(700)), WHOLE(complex_dot)) \
    ROW(dot_of_nothing, dot, ad_dot(x[0], x[1]), ON(S(0), S(0)), WHOLE(complex_dot)) \
    DENSE(ROW, identity, AD_IDENTITY, x[2], WHOLE(complex_dense_identity)) \
    DENSE(ROW, relu,     AD_RELU,     FAR(x[2]), NOT_ANALYTIC) \
    DENSE(ROW, tanh,     AD_TANH,     x[2], WHOLE(complex_dense_tanh)) \
    DENSE(ROW, sigmoid,  AD_SIGMOID,  x[2], WHOLE(complex_dense_sigmoid)) \
    ROW(dense_of_long_rows, dense, ad_dense(x[0], x[1], x[2], AD_TANH), \
        ON(S(2, 3), S(3, 300), S(300)), WHOLE(complex_dense_tanh)) \
    ROW(dense_with_itself, dense, ad_dense(x[0], x[0], x[1], AD_TANH), ON(S(3, 3), S(3))) \
    ROW(dense_without_rows, dense, ad_dense(x[0], x[1], x[2], AD_TANH), \
        ON(S(0, 4), S(4, 2), S(2)), WHOLE(complex_dense_tanh)) \
    ROW(dense_without_inputs, dense, ad_dense(x[0], x[1], x[2], AD_TANH), \
        ON(S(3, 0), S(0, 2), S(2)), WHOLE(complex_dense_tanh)) \
    ROW(dense_without_outputs, dense, ad_dense(x[0], x[1], x[2], AD_TANH), \
        ON(S(3, 4), S(4, 0), S(0)), WHOLE(complex_dense_tanh))

#define SHAPE_ROWS(ROW) \
    ROW(reshape, reshape, ad_reshape(x[0], AD_SHAPE(4, 3)), ON(S(2, 6)), LINEAR) \
    ROW(reshape_with_a_rest, reshape, ad_reshape(x[0], AD_SHAPE(2, -1, 2)), ON(S(3, 4)), LINEAR) \
    ROW(reshape_to_number, reshape, ad_reshape(x[0], AD_SCALAR), ON(S(1, 1)), LINEAR) \
    ROW(reshape_number, reshape, ad_reshape(x[0], AD_SHAPE(1, 1)), ON(NUMBER), LINEAR) \
    ROW(reshape_transposed, reshape, ad_reshape(ad_transpose(x[0]), AD_SHAPE(6)), \
        ON(S(2, 3)), LINEAR) \
    ROW(reshape_nothing, reshape, ad_reshape(x[0], AD_SHAPE(3, 0, 2)), ON(S(0)), LINEAR) \
    ROW(squeeze, squeeze, ad_squeeze(x[0], 1), ON(S(3, 1, 2)), LINEAR) \
    ROW(squeeze_last, squeeze, ad_squeeze(x[0], -1), ON(S(3, 1)), LINEAR) \
    ROW(squeeze_nothing, squeeze, ad_squeeze(x[0], 0), ON(S(1, 0)), LINEAR) \
    ROW(expand_nothing, expand, ad_expand(x[0], 0), ON(S(0, 2)), LINEAR) \
    ROW(expand, expand, ad_expand(x[0], 1), ON(S(3, 2)), LINEAR) \
    ROW(expand_last, expand, ad_expand(x[0], -1), ON(S(3, 2)), LINEAR) \
    ROW(expand_number, expand, ad_expand(x[0], 0), ON(NUMBER), LINEAR) \
    ROW(transpose, transpose, ad_transpose(x[0]), ON(S(2, 3)), LINEAR) \
    ROW(transpose_batch, transpose, ad_transpose(x[0]), ON(S(2, 3, 4)), LINEAR) \
    ROW(transpose_nothing, transpose, ad_transpose(x[0]), ON(S(3, 0)), LINEAR) \
    ROW(permute, permute, ad_permute(x[0], AD_AXES(2, 0, 1)), ON(S(2, 3, 4)), LINEAR) \
    ROW(permute_nothing, permute, ad_permute(x[0], AD_AXES(1, 0)), ON(S(2, 0)), LINEAR) \
    ROW(permute_backwards, permute, ad_permute(x[0], AD_AXES(-1, -3, -2)), ON(S(2, 3, 4)), LINEAR) \
    ROW(broadcast_row, broadcast_to, ad_broadcast_to(x[0], AD_SHAPE(3, 4)), ON(S(4)), LINEAR) \
    ROW(broadcast_column, broadcast_to, ad_broadcast_to(x[0], AD_SHAPE(2, 3, 4)), \
        ON(S(3, 1)), LINEAR) \
    ROW(broadcast_number, broadcast_to, ad_broadcast_to(x[0], AD_SHAPE(2, 3)), ON(NUMBER), LINEAR) \
    ROW(broadcast_to_nothing, broadcast_to, ad_broadcast_to(x[0], AD_SHAPE(0, 3)), \
        ON(S(1, 3)), LINEAR) \
    ROW(broadcast_nothing, broadcast_to, ad_broadcast_to(x[0], AD_SHAPE(2, 0)), ON(S(0)), LINEAR) \
    ROW(broadcast_then_view, broadcast_to, ad_transpose(ad_broadcast_to(x[0], AD_SHAPE(2, 3))), \
        ON(S(3)), LINEAR) \
    ROW(slice_first, slice, ad_slice(x[0], 0, 0, 2), ON(S(3, 4)), LINEAR) \
    ROW(slice_middle, slice, ad_slice(x[0], 1, 1, 3), ON(S(3, 4)), LINEAR) \
    ROW(slice_from_the_end, slice, ad_slice(x[0], -1, -3, -1), ON(S(2, 3, 4)), LINEAR) \
    ROW(slice_nothing, slice, ad_slice(x[0], 0, 2, 2), ON(S(3, 4)), LINEAR) \
    ROW(slice_of_nothing, slice, ad_slice(x[0], 0, 1, 3), ON(S(4, 0)), LINEAR) \
    ROW(slice_of_slice, slice, ad_slice(ad_slice(x[0], 0, 1, 4), 1, 1, 3), ON(S(4, 4)), LINEAR)

#define INDEX_ROWS(ROW) \
    ROW(concat_first, concat, ad_concat(3, x, 0), ON(S(1, 3), S(2, 3), S(3, 3)), LINEAR) \
    ROW(concat_last, concat, ad_concat(2, x, -1), ON(S(2, 3), S(2, 1)), LINEAR) \
    ROW(concat_middle, concat, ad_concat(2, x, 1), ON(S(2, 1, 3), S(2, 2, 3)), LINEAR) \
    ROW(concat_equal, concat, ad_concat(2, x, 0), ON(S(2, 3), S(2, 3)), LINEAR) \
    ROW(concat_one, concat, ad_concat(1, x, 0), ON(S(2, 3)), LINEAR) \
    ROW(concat_nothing, concat, ad_concat(2, x, 0), ON(S(0, 3), S(2, 3)), LINEAR) \
    ROW(concat_many, concat, ad_concat(6, (ad_tensor[]){x[0], x[1], x[0], x[1], x[0], x[0]}, 0), \
        ON(S(2), S(3)), LINEAR) \
    ROW(stack_first, stack, ad_stack(2, x, 0), ON(S(2, 3), S(2, 3)), LINEAR) \
    ROW(stack_middle, stack, ad_stack(3, x, 1), ON(S(2, 3), S(2, 3), S(2, 3)), LINEAR) \
    ROW(stack_last, stack, ad_stack(2, x, -1), ON(S(2, 3), S(2, 3)), LINEAR) \
    ROW(stack_numbers, stack, ad_stack(3, x, 0), ON(NUMBER, NUMBER, NUMBER), LINEAR) \
    ROW(stack_nothing, stack, ad_stack(2, x, 1), ON(S(0), S(0)), LINEAR) \
    ROW(gather_rows, gather, ad_gather(x[0], FROZEN(picks, 4), 0), ON(S(3, 2)), LINEAR) \
    ROW(gather_columns, gather, ad_gather(x[0], FROZEN(far_picks, 4), -1), ON(S(2, 3)), LINEAR) \
    ROW(gather_middle, gather, ad_gather(x[0], FROZEN(near_picks, 2), 1), ON(S(2, 3, 2)), LINEAR) \
    ROW(gather_by_matrix, gather, ad_gather(x[0], FROZEN(picks, 2, 2), 1), ON(S(2, 3, 2)), LINEAR) \
    ROW(gather_transposed, gather, ad_gather(x[0], ad_transpose(FROZEN(far_picks, 2, 2)), 0), \
        ON(S(3)), LINEAR) \
    ROW(gather_one, gather, ad_gather(x[0], ad_constant(t, AD_I32, 1), 1), ON(S(2, 3)), LINEAR) \
    ROW(gather_from_nothing, gather, ad_gather(x[0], FROZEN(picks, 4), 0), ON(S(3, 0)), LINEAR) \
    ROW(gather_nothing, gather, ad_gather(x[0], FROZEN(picks, 0), 0), ON(S(3, 2)), LINEAR)

#define LOSS_ROWS(ROW) \
    ROW(mse_of_vectors, mse, ad_mse(x[0], x[1]), ON(S(5), S(5)), WHOLE(complex_mse)) \
    ROW(mse_of_matrices, mse, ad_mse(x[0], x[1]), ON(S(3, 4), S(3, 4)), WHOLE(complex_mse)) \
    ROW(mse_of_many, mse, ad_mse(x[0], x[1]), ON(S(700), S(700)), WHOLE(complex_mse)) \
    ROW(mse_of_numbers, mse, ad_mse(x[0], x[1]), ON(NUMBER, NUMBER), WHOLE(complex_mse)) \
    ROW(mse_of_nothing, mse, ad_mse(x[0], x[1]), ON(S(0), S(0))) \
    ROW(cross_entropy, softmax_cross_entropy, CROSS_ENTROPY(LABELS), \
        ON(S(CASE_ROWS, CASE_CLASSES)), WHOLE(complex_cross_entropy)) \
    ROW(cross_entropy_i64, softmax_cross_entropy, CROSS_ENTROPY(FROZEN(far_picks, 4)), \
        ON(S(4, 3))) \
    ROW(cross_entropy_u8, softmax_cross_entropy, CROSS_ENTROPY(FROZEN(near_picks, 2)), \
        ON(S(2, 300))) \
    ROW(cross_entropy_of_nothing, softmax_cross_entropy, CROSS_ENTROPY(FROZEN(picks, 0)), \
        ON(S(0, 3)))

#define VALUE_ROWS(ROW) \
    MASK_VALUES(ROW) \
    FOUND_VALUES(ROW) \
    ROW(cast_to_integers, cast_discrete, ad_cast(ad_mul(x[0], -0.75), AD_I32), 0, -1, -2) \
    ROW(cast_to_mask, cast_discrete, ad_cast(ad_sub(x[0], 2), AD_BOOL), 1, 0, 1) \
    ROW(stop_gradient, stop_gradient, ad_stop_gradient(ad_mul(x[0], x[1])), 2, 4, 6)
/* clang-format on */

/* Differences see values only: rows whose derivative is that of the value. For others, test_cotangents.c. */
#define COTANGENT_ROWS(ROW)                                                                        \
    ROW(scaled_and_back, scale_gradient, ad_scale_gradient(ad_scale_gradient(x[0], -4), -0.25),    \
        ON(S(3, 4)), LINEAR)                                                                       \
    ROW(scaled_square, scale_gradient, ad_square(ad_scale_gradient(x[0], 1)), ON(S(5)))            \
    ROW(scaled_view, scale_gradient, ad_scale_gradient(ad_transpose(x[0]), 1), ON(S(2, 3)),        \
        LINEAR)                                                                                    \
    ROW(scaled_number, scale_gradient, ad_scale_gradient(x[0], 1), ON(NUMBER), LINEAR)             \
    ROW(scaled_nothing, scale_gradient, ad_scale_gradient(x[0], 2), ON(S(0, 3)), LINEAR)           \
    ROW(clipped_far, clip_gradient, ad_square(ad_clip_gradient(x[0], -1e9, 1e9)), ON(S(3, 4)))     \
    ROW(clipped_view, clip_gradient, ad_clip_gradient(ad_transpose(x[0]), -1e9, 1e9), ON(S(2, 3)), \
        LINEAR)                                                                                    \
    ROW(clipped_number, clip_gradient, ad_clip_gradient(x[0], -1e9, 1e9), ON(NUMBER), LINEAR)      \
    ROW(clipped_nothing, clip_gradient, ad_clip_gradient(x[0], 0, 0), ON(S(3, 0)), LINEAR)         \
    ROW(norm_clipped_far, clip_gradient_norm, ad_square(ad_clip_gradient_norm(x[0], 1e9)),         \
        ON(S(3, 4)))                                                                               \
    ROW(norm_clipped_number, clip_gradient_norm, ad_clip_gradient_norm(x[0], 1e9), ON(NUMBER),     \
        LINEAR)                                                                                    \
    ROW(norm_clipped_nothing, clip_gradient_norm, ad_clip_gradient_norm(x[0], 0), ON(S(0)),        \
        LINEAR)                                                                                    \
    ROW(through_itself, straight_through, ad_straight_through(x[0], ad_stop_gradient(x[0])),       \
        ON(S(3, 4)), LINEAR)                                                                       \
    ROW(through_a_view, straight_through,                                                          \
        ad_straight_through(ad_transpose(x[0]), ad_transpose(x[0])), ON(S(2, 3)), LINEAR)          \
    ROW(through_a_number, straight_through, ad_straight_through(x[0], x[0]), ON(NUMBER), LINEAR)   \
    ROW(through_nothing, straight_through, ad_straight_through(x[0], x[0]), ON(S(0, 3)), LINEAR)   \
    ROW(through_a_copy, straight_through, ad_straight_through(x[0], ad_mul(ad_mul(x[0], 2), 0.5)), \
        ON(S(2, 3)))                                                                               \
    ROW(looked_at, on_cotangent, ad_square(ad_on_cotangent(x[0], look, NULL)), ON(S(3, 4)))        \
    ROW(looked_at_view, on_cotangent, ad_on_cotangent(ad_transpose(x[0]), look, NULL),             \
        ON(S(2, 3)), LINEAR)                                                                       \
    ROW(looked_at_number, on_cotangent, ad_on_cotangent(x[0], look, NULL), ON(NUMBER), LINEAR)     \
    ROW(looked_at_nothing, on_cotangent, ad_on_cotangent(x[0], look, NULL), ON(S(0, 3)), LINEAR)

#define ALL_ROWS(ROW)   \
    UNARY_ROWS(ROW)     \
    BINARY_ROWS(ROW)    \
    TERNARY_ROWS(ROW)   \
    SELECT_ROWS(ROW)    \
    PRODUCT_ROWS(ROW)   \
    REDUCE_ROWS(ROW)    \
    SHAPE_ROWS(ROW)     \
    INDEX_ROWS(ROW)     \
    COTANGENT_ROWS(ROW) \
    LOSS_ROWS(ROW)

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
