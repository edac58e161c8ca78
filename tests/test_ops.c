/* The table of operations: what each row says is checked against central differences, complex
 * step, f32, strided, repeated, shared and frozen operands, forward mode and second order
 * (check_gradient.h). check_rows.h says how a row reads; ops without derivative have rows of values at
 * the end. Shapes, indices and losses have a table of their own, test_ops_shapes.c. */
#include "check_rows.h"
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

/* clang-format off */
#define UNARY_ROWS(ROW) \
    ROW(neg, neg, ad_neg(x[0]), ON(S(3, 4)), EACH(complex_neg)) \
    ROW(abs, abs, ad_abs(x[0]), ON(S(3, 4))) \
    ROW(sign, sign, ad_sign(x[0]), ON(S(3, 4))) \
    ROW(relu, relu, ad_relu(x[0]), ON(S(3, 4))) \
    ROW(square, square, ad_square(x[0]), ON(S(3, 4)), EACH(complex_square)) \
    ROW(sqrt, sqrt, ad_sqrt(x[0]), ON(S(3, 4)), ABOVE_0, EACH(csqrt)) \
    ROW(exp, exp, ad_exp(x[0]), ON(S(3, 4)), EACH(cexp)) \
    ROW(log, log, ad_log(x[0]), ON(S(3, 4)), ABOVE_0, EACH(clog)) \
    ROW(sin, sin, ad_sin(x[0]), ON(S(3, 4)), EACH(csin)) \
    ROW(cos, cos, ad_cos(x[0]), ON(S(3, 4)), EACH(ccos)) \
    ROW(tanh, tanh, ad_tanh(x[0]), ON(S(3, 4)), EACH(ctanh)) \
    ROW(sigmoid, sigmoid, ad_sigmoid(x[0]), ON(S(3, 4)), EACH(complex_sigmoid)) \
    ROW(unary_of_a_number, sin, ad_sin(x[0]), ON(NUMBER), EACH(csin)) \
    ROW(unary_of_many, sigmoid, ad_sigmoid(x[0]), ON(S(700)), EACH(complex_sigmoid)) \
    ROW(unary_of_rank_8, exp, ad_exp(x[0]), ON(S(1, 2, 1, 2, 1, 2, 1, 2)), EACH(cexp)) \
    ROW(unary_of_long_rows, tanh, ad_tanh(x[0]), ON(S(2, 300)), EACH(ctanh)) \
    ROW(unary_of_nothing, exp, ad_exp(x[0]), ON(S(0, 3)), EACH(cexp)) \
    ROW(unary_of_a_view, sin, ad_sin(ad_transpose(x[0])), ON(S(2, 3))) \
    ROW(unary_chain, square, ad_square(ad_sin(ad_exp(x[0]))), ON(S(5)), BETWEEN(-1, 1))

/* Every way of broadcasting, for an op of two operands. */
#define PATTERNS(ROW, op, range, how) \
    ROW(op##_of_equal_shapes, op, ad_##op(x[0], x[1]), ON(S(3, 4), S(3, 4)), range, how) \
    ROW(op##_row_on_the_right, op, ad_##op(x[0], x[1]), ON(S(3, 4), S(4)), range, how) \
    ROW(op##_row_on_the_left, op, ad_##op(x[0], x[1]), ON(S(4), S(3, 4)), range, how) \
    ROW(op##_column, op, ad_##op(x[0], x[1]), ON(S(3, 4), S(3, 1)), range, how) \
    ROW(op##_outer, op, ad_##op(x[0], x[1]), ON(S(3, 1), S(1, 4)), range, how) \
    ROW(op##_number_on_the_right, op, ad_##op(x[0], x[1]), ON(S(3, 4), NUMBER), range, how) \
    ROW(op##_number_on_the_left, op, ad_##op(x[0], x[1]), ON(NUMBER, S(3, 4)), range, how) \
    ROW(op##_of_numbers, op, ad_##op(x[0], x[1]), ON(NUMBER, NUMBER), range, how) \
    ROW(op##_of_ranks_3_and_2, op, ad_##op(x[0], x[1]), ON(S(2, 3, 4), S(3, 1)), range, how) \
    ROW(op##_both_broadcast, op, ad_##op(x[0], x[1]), ON(S(2, 1, 4), S(1, 3, 1)), range, how) \
    ROW(op##_long_rows, op, ad_##op(x[0], x[1]), ON(S(2, 300), S(2, 1)), range, how) \
    ROW(op##_of_nothing, op, ad_##op(x[0], x[1]), ON(S(0, 3), S(3)), range, how) \
    ROW(op##_row_of_nothing, op, ad_##op(x[0], x[1]), ON(S(3, 0), S(3, 1)), range, how) \
    ROW(op##_one_on_nothing, op, ad_##op(x[0], x[1]), ON(S(1), S(0)), range, how)

#define BINARY_ROWS(ROW) \
    PATTERNS(ROW, add,     AROUND_0, BOTH(complex_add)) \
    PATTERNS(ROW, sub,     AROUND_0, BOTH(complex_sub)) \
    PATTERNS(ROW, mul,     AROUND_0, BOTH(complex_mul)) \
    PATTERNS(ROW, div,     ABOVE_0,  BOTH(complex_div)) \
    PATTERNS(ROW, pow,     ABOVE_0,  BOTH(complex_pow)) \
    PATTERNS(ROW, maximum, WIDE,     NOT_ANALYTIC) \
    PATTERNS(ROW, minimum, WIDE,     NOT_ANALYTIC) \
    ROW(div_by_negatives, div, ad_div(x[0], ad_neg(x[1])), ON(S(5), S(5)), ABOVE_0) \
    ROW(number_minus_x, sub, ad_sub(1, x[0]), ON(S(5)), EACH(complex_one_minus)) \
    ROW(x_cubed, pow, ad_pow(x[0], 3), ON(S(6)), EACH(complex_cube)) \
    ROW(power_of_2, pow, ad_pow(2, x[0]), ON(S(6)), EACH(complex_power_of_2)) \
    ROW(power_of_itself, pow, ad_pow(x[0], x[0]), ON(S(5)), ABOVE_0) \
    ROW(mul_by_its_own_transpose, mul, ad_mul(x[0], ad_transpose(x[0])), ON(S(4, 4)))

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

/* A reduction over all axes, and over some: CALL(op, form, axes), with HOW(bits) the complex form
 * over the axes whose bits are set. */
#define REDUCTIONS(ROW, op, range, CALL, HOW) \
    ROW(op##_over_all, op, ad_##op(x[0]), ON(S(3, 4)), range, HOW(3)) \
    ROW(op##_over_a_vector, op, ad_##op(x[0]), ON(S(7)), range, HOW(1)) \
    ROW(op##_over_first, op, CALL(op, squeeze, AD_AXES(0)), ON(S(3, 4)), range, HOW(1)) \
    ROW(op##_over_last, op, CALL(op, squeeze, AD_AXES(-1)), ON(S(3, 4)), range, HOW(2)) \
    ROW(op##_over_middle, op, CALL(op, squeeze, AD_AXES(1)), ON(S(2, 3, 4)), range, HOW(2)) \
    ROW(op##_over_outer_two, op, CALL(op, squeeze, AD_AXES(-1, 0)), ON(S(2, 3, 4)), range, HOW(5)) \
    ROW(op##_keeping_first, op, CALL(op, keep, AD_AXES(0)), ON(S(3, 4)), range, HOW(1)) \
    ROW(op##_keeping_two, op, CALL(op, keep, AD_AXES(1, -1)), ON(S(2, 3, 4)), range, HOW(6)) \
    ROW(op##_keeping_all, op, CALL(op, keep, AD_ALL_AXES), ON(S(3, 4)), range, HOW(3)) \
    ROW(op##_over_long_rows, op, CALL(op, squeeze, AD_AXES(1)), ON(S(2, 300)), range, HOW(2)) \
    ROW(op##_over_long_columns, op, CALL(op, squeeze, AD_AXES(0)), ON(S(300, 2)), range, HOW(1)) \
    ROW(op##_of_no_columns, op, CALL(op, squeeze, AD_AXES(0)), ON(S(3, 0)), range, HOW(1))

#define PLAIN(op, form, axes)  ad_##op##_##form(x[0], axes)
#define DDOF_0(op, form, axes) ad_##op##_##form(x[0], axes, 0)
#define LINEAR_OVER(axes)      LINEAR
#define NOT_OVER(axes)         NOT_ANALYTIC
#define VARIANCE_OVER(axes)    OVER(complex_variance, axes)
#define STD_OVER(axes)         OVER(complex_std, axes)
#define LOGSUMEXP_OVER(axes)   OVER(complex_logsumexp, axes)

#define ALONG_AXES(ROW, op) \
    ROW(op##_along_last, op, ad_##op(x[0], -1), ON(S(3, 4)), ALONG(complex_##op, 1)) \
    ROW(op##_along_first, op, ad_##op(x[0], 0), ON(S(3, 4)), ALONG(complex_##op, 0)) \
    ROW(op##_along_middle, op, ad_##op(x[0], 1), ON(S(2, 3, 4)), ALONG(complex_##op, 1)) \
    ROW(op##_of_a_vector, op, ad_##op(x[0], 0), ON(S(5)), ALONG(complex_##op, 0)) \
    ROW(op##_along_wide_columns, op, ad_##op(x[0], 0), ON(S(3, 70)), ALONG(complex_##op, 0)) \
    ROW(op##_along_long_rows, op, ad_##op(x[0], 1), ON(S(2, 300)), ALONG(complex_##op, 1)) \
    ROW(op##_along_one, op, ad_##op(x[0], 1), ON(S(3, 1)), ALONG(complex_##op, 1)) \
    ROW(op##_of_no_rows, op, ad_##op(x[0], 1), ON(S(0, 3)), ALONG(complex_##op, 1)) \
    ROW(op##_along_nothing, op, ad_##op(x[0], 1), ON(S(3, 0)), ALONG(complex_##op, 1))

#define REDUCE_ROWS(ROW) \
    REDUCTIONS(ROW, sum, AROUND_0, PLAIN, LINEAR_OVER) \
    REDUCTIONS(ROW, mean, AROUND_0, PLAIN, LINEAR_OVER) \
    REDUCTIONS(ROW, variance, AROUND_0, DDOF_0, VARIANCE_OVER) \
    REDUCTIONS(ROW, std, AROUND_0, DDOF_0, STD_OVER) \
    REDUCTIONS(ROW, max, WIDE, PLAIN, NOT_OVER) \
    REDUCTIONS(ROW, min, WIDE, PLAIN, NOT_OVER) \
    REDUCTIONS(ROW, logsumexp, AROUND_0, PLAIN, LOGSUMEXP_OVER) \
    ROW(sum_of_a_number, sum, ad_sum(x[0]), ON(NUMBER), LINEAR) \
    ROW(sum_of_nothing, sum, ad_sum_squeeze(x[0], AD_AXES(0)), ON(S(0, 3)), LINEAR) \
    ROW(mean_of_a_number, mean, ad_mean(x[0]), ON(NUMBER), LINEAR) \
    ROW(max_of_a_number, max, ad_max(x[0]), ON(NUMBER)) \
    ROW(logsumexp_of_a_number, logsumexp, ad_logsumexp(x[0]), \
        ON(NUMBER), OVER(complex_logsumexp, 0)) \
    ROW(variance_of_a_sample, variance, ad_variance_squeeze(x[0], AD_AXES(0), 1), \
        ON(S(3, 4)), OVER(complex_sample_variance, 1)) \
    ROW(std_of_a_sample, std, ad_std_keep(x[0], AD_AXES(1), 1), \
        ON(S(3, 4)), OVER(complex_sample_std, 2)) \
    ROW(variance_far_from_0, variance, ad_variance(x[0]), \
        ON(S(9)), BETWEEN(999, 1001), OVER(complex_variance, 1)) \
    ROW(unbroadcast, unbroadcast, ad_unbroadcast(x[0], AD_SHAPE(3, 1)), ON(S(2, 3, 4)), LINEAR) \
    ROW(unbroadcast_to_number, unbroadcast, ad_unbroadcast(x[0], AD_SCALAR), ON(S(2, 3)), LINEAR) \
    ROW(unbroadcast_to_itself, unbroadcast, ad_unbroadcast(x[0], AD_SHAPE(2, 3)), \
        ON(S(2, 3)), LINEAR) \
    ROW(unbroadcast_nothing, unbroadcast, ad_unbroadcast(x[0], AD_SHAPE(1, 3)), \
        ON(S(0, 3)), LINEAR) \
    ALONG_AXES(ROW, softmax) \
    ALONG_AXES(ROW, log_softmax)

#define SHAPE_ROWS(ROW) \
    ROW(reshape, reshape, ad_reshape(x[0], AD_SHAPE(4, 3)), ON(S(2, 6)), LINEAR) \
    ROW(reshape_with_a_rest, reshape, ad_reshape(x[0], AD_SHAPE(2, -1, 2)), ON(S(3, 4)), LINEAR) \
    ROW(reshape_to_number, reshape, ad_reshape(x[0], AD_SCALAR), ON(S(1, 1)), LINEAR) \
    ROW(reshape_transposed, reshape, ad_reshape(ad_transpose(x[0]), AD_SHAPE(6)), \
        ON(S(2, 3)), LINEAR) \
    ROW(reshape_nothing, reshape, ad_reshape(x[0], AD_SHAPE(3, 0, 2)), ON(S(0)), LINEAR) \
    ROW(squeeze, squeeze, ad_squeeze(x[0], 1), ON(S(3, 1, 2)), LINEAR) \
    ROW(squeeze_last, squeeze, ad_squeeze(x[0], -1), ON(S(3, 1)), LINEAR) \
    ROW(expand, expand, ad_expand(x[0], 1), ON(S(3, 2)), LINEAR) \
    ROW(expand_last, expand, ad_expand(x[0], -1), ON(S(3, 2)), LINEAR) \
    ROW(expand_number, expand, ad_expand(x[0], 0), ON(NUMBER), LINEAR) \
    ROW(transpose, transpose, ad_transpose(x[0]), ON(S(2, 3)), LINEAR) \
    ROW(transpose_batch, transpose, ad_transpose(x[0]), ON(S(2, 3, 4)), LINEAR) \
    ROW(transpose_nothing, transpose, ad_transpose(x[0]), ON(S(3, 0)), LINEAR) \
    ROW(permute, permute, ad_permute(x[0], AD_AXES(2, 0, 1)), ON(S(2, 3, 4)), LINEAR) \
    ROW(permute_backwards, permute, ad_permute(x[0], AD_AXES(-1, -3, -2)), ON(S(2, 3, 4)), LINEAR) \
    ROW(broadcast_row, broadcast_to, ad_broadcast_to(x[0], AD_SHAPE(3, 4)), ON(S(4)), LINEAR) \
    ROW(broadcast_column, broadcast_to, ad_broadcast_to(x[0], AD_SHAPE(2, 3, 4)), \
        ON(S(3, 1)), LINEAR) \
    ROW(broadcast_number, broadcast_to, ad_broadcast_to(x[0], AD_SHAPE(2, 3)), ON(NUMBER), LINEAR) \
    ROW(broadcast_to_nothing, broadcast_to, ad_broadcast_to(x[0], AD_SHAPE(0, 3)), \
        ON(S(1, 3)), LINEAR) \
    ROW(broadcast_then_view, broadcast_to, ad_transpose(ad_broadcast_to(x[0], AD_SHAPE(2, 3))), \
        ON(S(3)), LINEAR) \
    ROW(slice_first, slice, ad_slice(x[0], 0, 0, 2), ON(S(3, 4)), LINEAR) \
    ROW(slice_middle, slice, ad_slice(x[0], 1, 1, 3), ON(S(3, 4)), LINEAR) \
    ROW(slice_from_the_end, slice, ad_slice(x[0], -1, -3, -1), ON(S(2, 3, 4)), LINEAR) \
    ROW(slice_nothing, slice, ad_slice(x[0], 0, 2, 2), ON(S(3, 4)), LINEAR) \
    ROW(slice_of_slice, slice, ad_slice(ad_slice(x[0], 0, 1, 4), 1, 1, 3), ON(S(4, 4)), LINEAR)

#define INDEX_ROWS(ROW) \
    ROW(concat_first, concat, ad_concat(x, 3, 0), ON(S(1, 3), S(2, 3), S(3, 3)), LINEAR) \
    ROW(concat_last, concat, ad_concat(x, 2, -1), ON(S(2, 3), S(2, 1)), LINEAR) \
    ROW(concat_middle, concat, ad_concat(x, 2, 1), ON(S(2, 1, 3), S(2, 2, 3)), LINEAR) \
    ROW(concat_equal, concat, ad_concat(x, 2, 0), ON(S(2, 3), S(2, 3)), LINEAR) \
    ROW(concat_one, concat, ad_concat(x, 1, 0), ON(S(2, 3)), LINEAR) \
    ROW(concat_nothing, concat, ad_concat(x, 2, 0), ON(S(0, 3), S(2, 3)), LINEAR) \
    ROW(concat_many, concat, ad_concat((ad_tensor[]){x[0], x[1], x[0], x[1], x[0], x[0]}, 6, 0), \
        ON(S(2), S(3)), LINEAR) \
    ROW(stack_first, stack, ad_stack(x, 2, 0), ON(S(2, 3), S(2, 3)), LINEAR) \
    ROW(stack_middle, stack, ad_stack(x, 3, 1), ON(S(2, 3), S(2, 3), S(2, 3)), LINEAR) \
    ROW(stack_last, stack, ad_stack(x, 2, -1), ON(S(2, 3), S(2, 3)), LINEAR) \
    ROW(stack_numbers, stack, ad_stack(x, 3, 0), ON(NUMBER, NUMBER, NUMBER), LINEAR) \
    ROW(stack_nothing, stack, ad_stack(x, 2, 1), ON(S(0), S(0)), LINEAR) \
    ROW(gather_rows, gather, ad_gather(x[0], FROZEN(picks, 4), 0), ON(S(3, 2)), LINEAR) \
    ROW(gather_columns, gather, ad_gather(x[0], FROZEN(far_picks, 4), -1), ON(S(2, 3)), LINEAR) \
    ROW(gather_middle, gather, ad_gather(x[0], FROZEN(near_picks, 2), 1), ON(S(2, 3, 2)), LINEAR) \
    ROW(gather_by_matrix, gather, ad_gather(x[0], FROZEN(picks, 2, 2), 1), ON(S(2, 3, 2)), LINEAR) \
    ROW(gather_transposed, gather, ad_gather(x[0], ad_transpose(FROZEN(far_picks, 2, 2)), 0), \
        ON(S(3)), LINEAR) \
    ROW(gather_one, gather, ad_gather(x[0], ad_constant(t, AD_I32, 1), 1), ON(S(2, 3)), LINEAR) \
    ROW(gather_nothing, gather, ad_gather(x[0], FROZEN(picks, 0), 0), ON(S(3, 2)), LINEAR)

#define LOSS_ROWS(ROW) \
    ROW(mse_of_vectors, mse, ad_mse(x[0], x[1]), ON(S(5), S(5)), WHOLE(complex_mse)) \
    ROW(mse_of_matrices, mse, ad_mse(x[0], x[1]), ON(S(3, 4), S(3, 4)), WHOLE(complex_mse)) \
    ROW(mse_of_many, mse, ad_mse(x[0], x[1]), ON(S(700), S(700)), WHOLE(complex_mse)) \
    ROW(mse_of_nothing, mse, ad_mse(x[0], x[1]), ON(S(0), S(0))) \
    ROW(cross_entropy, softmax_cross_entropy, CROSS_ENTROPY(LABELS), \
        ON(S(CASE_ROWS, CASE_CLASSES)), WHOLE(complex_cross_entropy)) \
    ROW(cross_entropy_i64, softmax_cross_entropy, CROSS_ENTROPY(FROZEN(far_picks, 4)), \
        ON(S(4, 3))) \
    ROW(cross_entropy_u8, softmax_cross_entropy, CROSS_ENTROPY(FROZEN(near_picks, 2)), \
        ON(S(2, 300))) \
    ROW(cross_entropy_of_nothing, softmax_cross_entropy, CROSS_ENTROPY(FROZEN(picks, 0)), \
        ON(S(0, 3)))

/* Of a = [1, 2, 3] and b = [2, 2, 2]: the values of y, which has no derivative. */
#define VALUE_ROWS(ROW) \
    ROW(equal, equal, ad_equal(x[0], x[1]), 0, 1, 0) \
    ROW(not_equal, not_equal, ad_not_equal(x[0], x[1]), 1, 0, 1) \
    ROW(less, less, ad_less(x[0], x[1]), 1, 0, 0) \
    ROW(less_equal, less_equal, ad_less_equal(x[0], x[1]), 1, 1, 0) \
    ROW(greater, greater, ad_greater(x[0], x[1]), 0, 0, 1) \
    ROW(greater_equal, greater_equal, ad_greater_equal(x[0], x[1]), 0, 1, 1) \
    ROW(greater_than_a_number, greater, ad_greater(x[0], 1.5), 0, 1, 1) \
    ROW(less_than_a_row, less, ad_less(ad_expand(x[1], 0), x[0]), 0, 0, 1) \
    ROW(cast_to_integers, cast_discrete, ad_cast(ad_mul(x[0], -0.75), AD_I32), 0, -1, -2) \
    ROW(cast_to_mask, cast_discrete, ad_cast(ad_sub(x[0], 2), AD_BOOL), 1, 0, 1) \
    ROW(stop_gradient, stop_gradient, ad_stop_gradient(ad_mul(x[0], x[1])), 2, 4, 6)
/* clang-format on */

#define ALL_ROWS(ROW) \
    UNARY_ROWS(ROW)   \
    BINARY_ROWS(ROW)  \
    SELECT_ROWS(ROW)  \
    PRODUCT_ROWS(ROW) \
    REDUCE_ROWS(ROW)  \
    SHAPE_ROWS(ROW)   \
    INDEX_ROWS(ROW)   \
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
