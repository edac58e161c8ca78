/* What operations refuse: shapes, axes, types and values that do not fit, each with a status and a
 * message that names the operation, the shapes and the reason.
 *
 *     ROW(what it shows, the call, status, message) */
#include "adze/ops.h"

#include "measured.h"
#include "messages.h"
#include "suite.h"

#include <string.h>

/* Operands for the calls; their numbers are all 1, or -1 in minus3. */
typedef struct operands {
    ad_tensor number, v3, minus3, v4, m23, m24, m33, m41, m43, batch223, batch334, rank8; /* f64 */
    ad_tensor batch233, minus133, zeros33; /* f64; minus133 is -1, zeros33 0 */
    ad_tensor image;                       /* f64 [1, 2, 3, 2] */
    ad_tensor none3;                       /* f64 [0, 3] */
    ad_tensor f32_v3, i32_number, i32_v3, mask3;
    ad_tensor too_large, negative; /* i32 [4]: {0, 2, 7, 9} and {0, -1, 0, -7} */
    ad_tensor too_long, too_short; /* i64 [2]: {1, 2} and {-1, 1} */
} operands;

typedef struct refusal {
    const char *name;
    ad_tensor (*f)(ad_tape *t, const operands *o);
    ad_status status;
    const char *message;
} refusal;

#define BROADCAST "shapes do not broadcast: aligned at the end, extents must be equal or 1"
#define FLOATS    "operands must be f32 or f64 (ad_cast converts)"
#define MIXED     "operands must have one type, not f32 and f64 (ad_cast converts)"
#define PAIR(...) ((ad_tensor[]){__VA_ARGS__})
#define TEN(text) text text text text text text text text text text

static ad_tensor entropy_with(const operands *o, ad_tensor weights, double smoothing)
{
    ad_cross_entropy_options with = {
        .size = sizeof with, .smoothing = smoothing, .weights = weights};
    return ad_softmax_cross_entropy_with(o->m43, o->too_large, &with);
}

static ad_tensor rnn_ending(const operands *o, ad_tensor lengths)
{
    return ad_rnn(o->m23, o->m23, o->m33, o->m33, o->v3, (ad_sequence_options){.lengths = lengths})
        .y;
}

/* clang-format off */
#define SHAPES(ROW) \
    ROW(layer_norm_axes, ad_layer_norm(o->m23, o->v4, o->v4, 1), AD_BAD_SHAPE, \
        "layer_norm([2, 3], [4], [4]): the last axes of x must be those of gain") \
    ROW(layer_norm_epsilon, ad_layer_norm(o->m23, o->v3, o->v3, -1.0), AD_MISUSE, \
        "layer_norm([2, 3], [3], [3]): epsilon must be a number from 0 on, not -1") \
    ROW(batch_norm_of_a_row, ad_batch_norm(o->v3, o->v3, o->v3, 1).y, AD_BAD_SHAPE, \
        "batch_norm([3], [3], [3]): less than two numbers in a channel have no variance") \
    ROW(group_norm_groups, ad_group_norm(o->m23, o->v3, o->v3, 2, 1), AD_BAD_SHAPE, \
        "group_norm([2, 3], [3], [3]): the groups must divide the channels") \
    ROW(attention_sizes, ad_attention(o->m23, o->m24, o->m24, (ad_attention_options){0}), AD_BAD_SHAPE, \
        "attention([2, 3], [2, 4], [2, 4]): rows of q and k must have equal sizes, 1 or more") \
    ROW(rnn_weights, ad_rnn(o->m23, o->m23, o->m43, o->m33, o->v3, (ad_sequence_options){0}).y, AD_BAD_SHAPE, \
        "rnn([2, 3], [2, 3], [4, 3], [3, 3], [3]): w must be [features, gates size], u [size, gates size]") \
    ROW(rotary_of_odd_size, ad_rotary(o->m23, (ad_position_options){0}), AD_BAD_SHAPE, \
        "rotary([2, 3]): needs x [..., positions, size], with an even size") \
    ROW(add_shapes, ad_add(o->m23, o->v4), AD_BAD_SHAPE, \
        "add([2, 3], [4]): " BROADCAST) \
    ROW(comparison_shapes, ad_less(o->m23, o->m41), AD_BAD_SHAPE, \
        "less([2, 3], [4, 1]): " BROADCAST) \
    ROW(where_shapes, ad_where(o->mask3, o->v4, o->v4), AD_BAD_SHAPE, \
        "where([3], [4], [4]): " BROADCAST) \
    ROW(matmul_columns_and_rows, ad_matmul(o->m23, o->m23), AD_BAD_SHAPE, \
        "matmul([2, 3], [2, 3]): columns of the left must equal rows of the right") \
    ROW(matmul_of_a_vector, ad_matmul(o->m23, o->v3), AD_BAD_SHAPE, \
        "matmul([2, 3], [3]): needs two matrices (ad_dot multiplies vectors, ad_expand makes a vector a matrix)") \
    ROW(matmul_batches, ad_matmul(o->batch223, o->batch334), AD_BAD_SHAPE, \
        "matmul([2, 2, 3], [3, 3, 4]): the axes before the last two do not broadcast") \
    ROW(dot_lengths, ad_dot(o->v3, o->v4), AD_BAD_SHAPE, \
        "dot([3], [4]): the vectors must have equal length") \
    ROW(dot_of_a_matrix, ad_dot(o->m23, o->v3), AD_BAD_SHAPE, \
        "dot([2, 3], [3]): needs two vectors (ad_matmul multiplies matrices)") \
    ROW(dense_inputs, ad_dense(o->m23, o->m24, o->v4, AD_RELU), AD_BAD_SHAPE, \
        "dense([2, 3], [2, 4], [4]): columns of x must equal rows of w") \
    ROW(dense_bias, ad_dense(o->m24, o->m43, o->v4, AD_RELU), AD_BAD_SHAPE, \
        "dense([2, 4], [4, 3], [4]): columns of w must equal the length of b") \
    ROW(cholesky_of_a_vector, ad_cholesky(o->v3), AD_BAD_SHAPE, \
        "cholesky([3]): needs a matrix, or a batch of them") \
    ROW(cholesky_of_an_oblong, ad_cholesky(o->m23), AD_BAD_SHAPE, \
        "cholesky([2, 3]): the matrix must be square") \
    ROW(cholesky_of_a_singular_matrix, ad_cholesky(o->m33), AD_DOMAIN, \
        "cholesky([3, 3]): pivot 1 is 0: the matrix is not positive definite") \
    ROW(cholesky_of_a_negative_matrix, ad_cholesky(o->minus133), AD_DOMAIN, \
        "cholesky([1, 3, 3]): pivot 0 of matrix [0] is -1: the matrix is not positive definite") \
    ROW(triangular_solve_rows, ad_triangular_solve(o->m33, o->m23, 0), AD_BAD_SHAPE, \
        "triangular_solve([3, 3], [2, 3]): rows of the right side must equal those of the square matrix") \
    ROW(triangular_solve_columns, ad_triangular_solve(o->m33, o->m24, AD_RIGHT), AD_BAD_SHAPE, \
        "triangular_solve([3, 3], [2, 4]): columns of the right side must equal those of the square matrix") \
    ROW(triangular_solve_bits, ad_triangular_solve(o->m33, o->m33, 16), AD_MISUSE, \
        "triangular_solve([3, 3], [3, 3]): how is 16, which has unknown bits") \
    ROW(triangular_solve_of_zeros, ad_triangular_solve(o->zeros33, o->m33, 0), AD_DOMAIN, \
        "triangular_solve([3, 3], [3, 3]): t[0, 0] is 0: the triangle is singular") \
    ROW(solve_for_a_vector, ad_solve(o->m33, o->v3), AD_BAD_SHAPE, \
        "solve([3, 3], [3]): the right side must be a matrix (ad_expand makes a vector a column)") \
    ROW(solve_batches, ad_solve(o->batch233, o->batch334), AD_BAD_SHAPE, \
        "solve([2, 3, 3], [3, 3, 4]): the axes before the last two do not broadcast") \
    ROW(solve_singular, ad_solve(o->m33, o->m33), AD_DOMAIN, \
        "solve([3, 3], [3, 3]): pivot 1 is 0: the matrix is singular") \
    ROW(inverse_singular, ad_inverse(o->batch233), AD_DOMAIN, \
        "inverse([2, 3, 3]): pivot 1 of matrix [0] is 0: the matrix is singular") \
    ROW(convolve_channels, ad_convolve(o->image, o->image, ((ad_convolution){0})), AD_BAD_SHAPE, \
        "convolve([1, 2, 3, 2], [1, 2, 3, 2]): the channels of x must be those of the filters, in, times the groups") \
    ROW(convolve_with_a_bad_stride, ad_convolve(o->image, o->image, ((ad_convolution){.stride = {1, -2}})), \
        AD_MISUSE, "convolve([1, 2, 3, 2], [1, 2, 3, 2]): the stride is -2, it must be from 0 to 2^31 - 1") \
    ROW(mse_does_not_broadcast, ad_mse(o->m41, o->v4), AD_BAD_SHAPE, \
        "mse([4, 1], [4]): prediction and target must have the same shape") \
    ROW(losses_do_not_broadcast, ad_kl_divergence(o->m41, o->v4), AD_BAD_SHAPE, \
        "kl_divergence([4, 1], [4]): prediction and target must have the same shape") \
    ROW(entropy_of_numbers, ad_softmax_cross_entropy_probabilities(o->number, o->number), \
        AD_BAD_SHAPE, "softmax_cross_entropy_probabilities([], []): " \
        "needs at least one axis, the classes") \
    ROW(one_label_a_row, ad_softmax_cross_entropy(o->m23, o->i32_v3), AD_BAD_SHAPE, \
        "softmax_cross_entropy([2, 3], [3]): there must be one label for each row of logits") \
    ROW(weights_of_classes, entropy_with(o, o->v4, 0), AD_BAD_SHAPE, \
        "softmax_cross_entropy_with([4, 3], [4], [4]): weights must have one axis, [classes]") \
    ROW(weights_of_another_type, entropy_with(o, o->f32_v3, 0), AD_BAD_TYPE, \
        "softmax_cross_entropy_with([4, 3], [4], [3]): weights must have the type of the logits") \
    ROW(weights_below_0, entropy_with(o, o->minus3, 0), AD_DOMAIN, \
        "softmax_cross_entropy_with([4, 3], [4], [3]): weights[0] = -1 is not a number from 0 on") \
    ROW(smoothing_beyond_1, entropy_with(o, o->v3, 1.5), AD_MISUSE, \
        "softmax_cross_entropy_with: smoothing must be in [0, 1], and is 1.5") \
    ROW(label_beyond_the_classes, \
        ad_softmax_cross_entropy_with(o->m43, o->too_large, NULL), AD_DOMAIN, \
        "softmax_cross_entropy_with([4, 3], [4], []): label[2] = 7 is not in [0, 3)") \
    ROW(reshape_count, ad_reshape(o->m23, AD_SHAPE(4, 2)), AD_BAD_SHAPE, \
        "reshape([2, 3]): cannot become [4, 2]: the number of elements differs") \
    ROW(reshape_two_rests, ad_reshape(o->m23, AD_SHAPE(-1, -1)), AD_BAD_SHAPE, \
        "reshape([2, 3]): cannot become [-1, -1]: only one extent may be -1") \
    ROW(reshape_no_such_rest, ad_reshape(o->m23, AD_SHAPE(4, -1)), AD_BAD_SHAPE, \
        "reshape([2, 3]): cannot become [4, -1]: the elements do not divide among the other extents") \
    ROW(squeeze_of_more_than_1, ad_squeeze(o->m23, 0), AD_BAD_SHAPE, \
        "squeeze([2, 3]): axis 0, which is to be dropped, must have extent 1, not 2") \
    ROW(expand_beyond_8, ad_expand(o->rank8, 0), AD_BAD_SHAPE, \
        "expand([1, 1, 1, 1, 1, 1, 1, 1]): the rank would exceed 8") \
    ROW(transpose_of_a_vector, ad_transpose(o->v3), AD_BAD_SHAPE, \
        "transpose([3]): needs a matrix, or a batch of them") \
    ROW(permute_some_axes, ad_permute(o->batch223, AD_AXES(1, 0)), AD_BAD_SHAPE, \
        "permute([2, 2, 3]): the order names 2 axes of 3") \
    ROW(broadcast_to_less, ad_broadcast_to(o->m23, AD_SHAPE(3)), AD_BAD_SHAPE, \
        "broadcast_to([2, 3]): cannot become [3]: does not broadcast to the new shape") \
    ROW(unbroadcast_to_more, ad_unbroadcast(o->v3, AD_SHAPE(2, 3)), AD_BAD_SHAPE, \
        "unbroadcast([3]): the target [2, 3] does not broadcast to it") \
    ROW(slice_beyond_the_end, ad_slice(o->m23, 1, 1, 4), AD_BAD_SHAPE, \
        "slice([2, 3]): 1 to 4 is not a range of axis 1 (unlike Python\'s, ranges are not clipped)") \
    ROW(slice_backwards, ad_slice(o->m23, -1, 2, 1), AD_BAD_SHAPE, \
        "slice([2, 3]): 2 to 1 is not a range of axis 1 (unlike Python\'s, ranges are not clipped)") \
    ROW(slice_before_the_start, ad_slice(o->m23, 0, -3, 1), AD_BAD_SHAPE, \
        "slice([2, 3]): -3 to 1 is not a range of axis 0 (unlike Python\'s, ranges are not clipped)") \
    ROW(slice_step_beyond_the_end, ad_slice_step(o->v4, 0, 4, AD_OPEN, -1), AD_BAD_SHAPE, \
        "slice([4]): 4 to open in steps of -1 is not a range of axis 0 (unlike Python\'s, ranges are not clipped)") \
    ROW(flatten_backwards, ad_flatten(o->m23, 1, 0), AD_BAD_SHAPE, \
        "flatten([2, 3]): axis 1 comes after axis 0") \
    ROW(diagonal_of_a_vector, ad_diagonal(o->v3, 0), AD_BAD_SHAPE, \
        "diagonal([3]): needs a matrix, or a batch of them") \
    ROW(trace_of_a_vector, ad_trace(o->v3), AD_BAD_SHAPE, \
        "trace([3]): needs a matrix, or a batch of them") \
    ROW(tril_of_a_vector, ad_tril(o->v3, 0), AD_BAD_SHAPE, \
        "tril([3]): needs a matrix, or a batch of them") \
    ROW(diag_of_a_number, ad_diag(o->number, 0), AD_BAD_SHAPE, \
        "diag([]): the operand has no axis to put on a diagonal") \
    ROW(diag_too_large, ad_diag(o->v3, INT64_MAX), AD_BAD_SHAPE, \
        "diag([3]): the result is too large") \
    ROW(tile_too_large, ad_tile(o->v3, 0, INT64_MAX), AD_BAD_SHAPE, \
        "tile([3]): the result is too large") \
    ROW(repeat_less_than_never, ad_repeat(o->v3, 0, -1), AD_BAD_SHAPE, \
        "repeat([3]): the number of copies must not be negative") \
    ROW(pad_by_less_than_nothing, ad_pad(o->v3, 0, -1, 0, 0), AD_BAD_SHAPE, \
        "pad([3]): widths must not be negative (ad_slice makes an axis shorter)") \
    ROW(pad_reflect_too_far, ad_pad_reflect(o->v3, 0, 3, 0), AD_BAD_SHAPE, \
        "pad_reflect([3]): an axis can only be reflected by less than its extent") \
    ROW(pad_edge_of_nothing, ad_pad_edge(o->none3, 0, 1, 0), AD_BAD_SHAPE, \
        "pad_edge([0, 3]): an empty axis has no edges") \
    ROW(index_select_by_a_number, ad_index_select(o->v3, o->i32_number, 0), \
        AD_BAD_SHAPE, "index_select([3], []): the index must be a vector") \
    ROW(take_along_axis_ranks, ad_take_along_axis(o->m23, o->i32_v3, 0), AD_BAD_SHAPE, \
        "take_along_axis([2, 3], [3]): the index must have the operand's rank") \
    ROW(scatter_add_shapes, ad_scatter_add(o->v4, o->i32_v3, o->v4, 0), AD_BAD_SHAPE, \
        "scatter_add([4], [3], [4]): the updates must have the shape of ad_gather(x, index, axis)") \
    ROW(scatter_set_shapes, ad_scatter_set(o->v4, o->i32_v3, o->v4, 0), AD_BAD_SHAPE, \
        "scatter_set([4], [3], [4]): the updates must have the shape of ad_gather(x, index, axis)") \
    ROW(set_diag_length, ad_set_diag(o->m23, o->v3, 0), AD_BAD_SHAPE, \
        "set_diag([2, 3], [3]): the diagonal must have the shape of ad_diagonal(x, k)") \
    ROW(set_diag_of_a_vector, ad_set_diag(o->v3, o->v3, 0), AD_BAD_SHAPE, \
        "set_diag([3], [3]): needs a matrix, or a batch of them") \
    ROW(band_part_of_a_vector, ad_band_part(o->v3, 0, 0), AD_BAD_SHAPE, \
        "band_part([3]): needs a matrix, or a batch of them") \
    ROW(slice_assign_shapes, ad_slice_assign(o->m23, o->m23, 1, 0, 2), AD_BAD_SHAPE, \
        "slice_assign([2, 3], [2, 3]): the values must have the shape of ad_slice(x, axis, begin, end)") \
    ROW(slice_assign_beyond_the_end, ad_slice_assign(o->v4, o->v4, 0, 1, 5), AD_BAD_SHAPE, \
        "slice_assign([4]): 1 to 5 is not a range of axis 0 (unlike Python\'s, ranges are not clipped)") \
    ROW(pad_symmetric_too_far, ad_pad_symmetric(o->v3, 0, 0, 4), AD_BAD_SHAPE, \
        "pad_symmetric([3]): an axis can only be mirrored by its extent") \
    ROW(depth_to_space_of_a_matrix, ad_depth_to_space(o->m23, 2), AD_BAD_SHAPE, \
        "depth_to_space([2, 3]): needs images, [n, height, width, channels]") \
    ROW(depth_to_space_channels, ad_depth_to_space(o->image, 2), AD_BAD_SHAPE, \
        "depth_to_space([1, 2, 3, 2]): the channels are no multiple of the block squared") \
    ROW(space_to_depth_pixels, ad_space_to_depth(o->image, 2), AD_BAD_SHAPE, \
        "space_to_depth([1, 2, 3, 2]): height and width are no multiples of the block") \
    ROW(space_to_depth_by_0, ad_space_to_depth(o->image, 0), AD_BAD_SHAPE, \
        "space_to_depth([1, 2, 3, 2]): the block must be at least 1") \
    ROW(einsum_extents, ad_einsum(2, PAIR(o->m23, o->m24), "ij,jk->ik"), AD_BAD_SHAPE, \
        "einsum(ij,jk->ik): j is 3 in one place and 2 in another") \
    ROW(einsum_diagonal, ad_einsum(1, &o->m23, "ii"), AD_BAD_SHAPE, \
        "einsum(ii): i is 2 in one place and 3 in another") \
    ROW(einsum_ellipses, ad_einsum(2, PAIR(o->v3, o->v4), "...,..."), AD_BAD_SHAPE, \
        "einsum(...,...): an axis of ... is 3 in one place and 4 in another") \
    ROW(einsum_rank, ad_einsum(2, PAIR(o->m23, o->v3), "ij,jk->ik"), AD_BAD_SHAPE, \
        "einsum(ij,jk->ik): operand 1 has rank 1, but its part has 2 letters") \
    ROW(einsum_rank_of_an_ellipsis, ad_einsum(2, PAIR(o->m23, o->v3), "ij,...jk->ik"), AD_BAD_SHAPE, \
        "einsum(ij,...jk->ik): operand 1 has rank 1, but its part has at least 2 letters") \
    ROW(einsum_of_a_long_specification, ad_einsum(1, &o->v3, TEN(TEN(TEN("a")))), AD_BAD_SHAPE, \
        "einsum(" TEN(TEN("a")) "): operand 0 has rank 1, but its part has 1000 letters") \
    ROW(einsum_of_too_many_axes, ad_einsum(2, PAIR(o->rank8, o->v3), "abcdefgh,i"), AD_BAD_SHAPE, \
        "einsum(abcdefgh,i): the result would have more than 8 axes") \
    ROW(einsum_through_too_many_axes, \
        ad_einsum(3, PAIR(o->rank8, o->rank8, o->rank8), "abcdefgh,ijklmnop,abcdijkl->efgh"), AD_BAD_SHAPE, \
        "einsum(abcdefgh,ijklmnop,abcdijkl->efgh): a product of operands has 12 axes, more than 8") \
    ROW(matvec_shapes, ad_matvec(o->m23, o->v4), AD_BAD_SHAPE, \
        "matvec([2, 3], [4]): columns of the matrix must equal the length of the vector") \
    ROW(outer_of_a_matrix, ad_outer(o->m23, o->v4), AD_BAD_SHAPE, \
        "outer([2, 3], [4]): needs two vectors") \
    ROW(concat_other_extents, ad_concat(2, PAIR(o->m23, o->m24), 0), AD_BAD_SHAPE, \
        "concat([2, 3], [2, 4]): shapes must be equal except along the axis") \
    ROW(concat_ranks, ad_concat(2, PAIR(o->m23, o->v3), 0), AD_BAD_SHAPE, \
        "concat([2, 3], [3]): operands must have one rank") \
    ROW(stack_shapes, ad_stack(2, PAIR(o->v3, o->v4), 0), AD_BAD_SHAPE, \
        "stack([3], [4]): operands must have one shape") \
    ROW(max_of_nothing, ad_max(o->none3), AD_BAD_SHAPE, \
        "max([0, 3]): an empty axis has no greatest or least element") \
    ROW(argmax_of_nothing, ad_argmax(o->none3), AD_BAD_SHAPE, \
        "argmax([0, 3]): an empty axis has no greatest or least element") \
    ROW(top_k_of_too_few, ad_top_k(o->m23, 1, 4).values, AD_BAD_SHAPE, \
        "top_k([2, 3]): axis 1 has fewer than 4 elements") \
    ROW(clamp_shapes, ad_clamp(o->m23, o->v4, o->number), AD_BAD_SHAPE, \
        "clamp([2, 3], [4], []): " BROADCAST) \
    ROW(min_over_nothing, ad_min_over(o->none3, AD_KEEP(0)), AD_BAD_SHAPE, \
        "min([0, 3]): an empty axis has no greatest or least element")

#define AXES(ROW) \
    ROW(sum_axis_out_of_range, ad_sum_over(o->m23, AD_AXES(5)), AD_BAD_SHAPE, \
        "sum([2, 3]): axis 5 is out of range for rank 2") \
    ROW(mean_axis_below_range, ad_mean_over(o->m23, AD_KEEP(0, -3)), AD_BAD_SHAPE, \
        "mean([2, 3]): axis -3 is out of range for rank 2") \
    ROW(variance_axis_twice, ad_variance_over(o->m23, AD_AXES(1, -1), 0), AD_BAD_SHAPE, \
        "variance([2, 3]): axis -1 is named twice") \
    ROW(max_axis_twice, ad_max_over(o->m23, AD_AXES(0, 0)), AD_BAD_SHAPE, \
        "max([2, 3]): axis 0 is named twice") \
    ROW(sum_axis_0_of_a_number, ad_sum_over(o->number, AD_AXES(0)), AD_BAD_SHAPE, \
        "sum([]): axis 0 is out of range for rank 0") \
    ROW(logsumexp_axis_0_of_a_number, ad_logsumexp_over(o->number, AD_KEEP(-1)), AD_BAD_SHAPE, \
        "logsumexp([]): axis -1 is out of range for rank 0") \
    ROW(prod_axis, ad_prod_over(o->m23, AD_KEEP(2)), AD_BAD_SHAPE, \
        "prod([2, 3]): axis 2 is out of range for rank 2") \
    ROW(norm_axis, ad_norm_over(o->m23, AD_KEEP(-3), 2), AD_BAD_SHAPE, \
        "norm([2, 3]): axis -3 is out of range for rank 2") \
    ROW(cumsum_axis, ad_cumsum(o->m23, 2, 0), AD_BAD_SHAPE, \
        "cumsum([2, 3]): axis 2 is out of range for rank 2") \
    ROW(sort_of_a_number, ad_sort(o->number, 0, false).values, AD_BAD_SHAPE, \
        "sort([]): axis 0 is out of range for rank 0") \
    ROW(top_k_axis, ad_top_k(o->m23, 2, 1).indices, AD_BAD_SHAPE, \
        "top_k([2, 3]): axis 2 is out of range for rank 2") \
    ROW(softmax_axis, ad_softmax(o->m23, 2), AD_BAD_SHAPE, \
        "softmax([2, 3]): axis 2 is out of range for rank 2") \
    ROW(log_softmax_of_a_number, ad_log_softmax(o->number, 0), AD_BAD_SHAPE, \
        "log_softmax([]): axis 0 is out of range for rank 0") \
    ROW(squeeze_axis, ad_squeeze(o->m41, 2), AD_BAD_SHAPE, \
        "squeeze([4, 1]): axis 2 is out of range for rank 2") \
    ROW(expand_axis, ad_expand(o->m23, 3), AD_BAD_SHAPE, \
        "expand([2, 3]): axis 3 is out of range for rank 3") \
    ROW(permute_axis_twice, ad_permute(o->m23, AD_AXES(0, -2)), AD_BAD_SHAPE, \
        "permute([2, 3]): axis -2 is named twice") \
    ROW(slice_axis, ad_slice(o->number, 0, 0, 1), AD_BAD_SHAPE, \
        "slice([]): axis 0 is out of range for rank 0") \
    ROW(concat_axis, ad_concat(2, PAIR(o->v3, o->v3), 1), AD_BAD_SHAPE, \
        "concat([3]): axis 1 is out of range for rank 1") \
    ROW(stack_axis, ad_stack(2, PAIR(o->v3, o->v3), -3), AD_BAD_SHAPE, \
        "stack([3]): axis -3 is out of range for rank 2") \
    ROW(gather_axis, ad_gather(o->m43, o->i32_v3, 2), AD_BAD_SHAPE, \
        "gather([4, 3]): axis 2 is out of range for rank 2") \
    ROW(more_axes_than_there_can_be, ad_sum_over(o->m23, (ad_axes){.count = 9}), AD_MISUSE, \
        "sum: 9 axes; there must be 0 (all) to 8")

#define TYPES(ROW) \
    ROW(sin_of_integers, ad_sin(o->i32_v3), AD_BAD_TYPE, "sin([3]): " FLOATS) \
    ROW(div_integers, ad_div(o->i32_v3, o->i32_v3), AD_BAD_TYPE, "div([3], [3]): " FLOATS) \
    ROW(add_masks, ad_add(o->mask3, o->mask3), AD_BAD_TYPE, \
        "add([3], [3]): operands must be numbers, not masks (ad_cast converts)") \
    ROW(neg_of_a_mask, ad_neg(o->mask3), AD_BAD_TYPE, \
        "neg([3]): operands must be numbers, not masks (ad_cast converts)") \
    ROW(mul_of_integers_and_floats, ad_mul(o->i32_v3, o->v3), AD_BAD_TYPE, \
        "mul([3], [3]): operands must have one type (ad_cast converts)") \
    ROW(floor_div_of_floats, ad_floor_div(o->v3, o->v3), AD_BAD_TYPE, \
        "floor_div([3], [3]): operands must be i32, i64 or u8 (ad_cast converts)") \
    ROW(sum_of_integers, ad_sum(o->i32_v3), AD_BAD_TYPE, "sum([3]): " FLOATS) \
    ROW(softmax_of_a_mask, ad_softmax(o->mask3, 0), AD_BAD_TYPE, "softmax([3]): " FLOATS) \
    ROW(add_mixed, ad_add(o->f32_v3, o->v3), AD_BAD_TYPE, "add([3], [3]): " MIXED) \
    ROW(dot_mixed, ad_dot(o->v3, o->f32_v3), AD_BAD_TYPE, "dot([3], [3]): " MIXED) \
    ROW(mse_mixed, ad_mse(o->v3, o->f32_v3), AD_BAD_TYPE, "mse([3], [3]): " MIXED) \
    ROW(comparison_mixed, ad_equal(o->v3, o->i32_v3), AD_BAD_TYPE, \
        "equal([3], [3]): operands must have one type (ad_cast converts)") \
    ROW(where_mixed, ad_where(o->mask3, o->v3, o->f32_v3), AD_BAD_TYPE, \
        "where([3], [3], [3]): both branches must have one type (ad_cast converts)") \
    ROW(where_without_mask, ad_where(o->v3, o->v3, o->v3), AD_BAD_TYPE, \
        "where([3], [3], [3]): the mask must be bool (comparisons make masks)") \
    ROW(concat_mixed, ad_concat(2, PAIR(o->v3, o->f32_v3), 0), AD_BAD_TYPE, \
        "concat([3], [3]): operands must have one type (ad_cast converts)") \
    ROW(gather_by_floats, ad_gather(o->m43, o->v3, 0), AD_BAD_TYPE, \
        "gather([4, 3], [3]): the index must be i32, i64 or u8") \
    ROW(one_hot_of_floats, ad_one_hot(o->v3, 3, AD_F64), AD_BAD_TYPE, \
        "one_hot([3]): the index must be i32, i64 or u8") \
    ROW(einsum_mixed, ad_einsum(2, PAIR(o->v3, o->f32_v3), "i,i"), AD_BAD_TYPE, "einsum([3], [3]): " MIXED) \
    ROW(einsum_of_integers, ad_einsum(1, &o->i32_v3, "i"), AD_BAD_TYPE, "einsum([3]): " FLOATS) \
    ROW(set_diag_mixed, ad_set_diag(o->m33, o->f32_v3, 0), AD_BAD_TYPE, \
        "set_diag([3, 3], [3]): x and the diagonal must have one type (ad_cast converts)") \
    ROW(slice_assign_mixed, ad_slice_assign(o->v3, o->f32_v3, 0, 0, 3), AD_BAD_TYPE, \
        "slice_assign([3], [3]): x and the values must have one type (ad_cast converts)") \
    ROW(scatter_set_mixed, ad_scatter_set(o->v3, o->i32_v3, o->f32_v3, 0), AD_BAD_TYPE, \
        "scatter_set([3], [3], [3]): x and the updates must have one type (ad_cast converts)") \
    ROW(scatter_max_to_a_mask, ad_scatter_max(o->mask3, o->i32_v3, o->mask3, 0), AD_BAD_TYPE, \
        "scatter_max([3], [3], [3]): masks are not numbers (ad_scatter_set takes them)") \
    ROW(scatter_add_mixed, ad_scatter_add(o->v3, o->i32_v3, o->f32_v3, 0), AD_BAD_TYPE, \
        "scatter_add([3], [3], [3]): x and the updates must have one type (ad_cast converts)") \
    ROW(scatter_add_to_a_mask, ad_scatter_add(o->mask3, o->i32_v3, o->mask3, 0), AD_BAD_TYPE, \
        "scatter_add([3], [3], [3]): masks are not numbers (ad_scatter_set takes them)") \
    ROW(float_labels, ad_softmax_cross_entropy(o->m43, o->v4), AD_BAD_TYPE, \
        "softmax_cross_entropy([4, 3], [4]): labels must be i32, i64 or u8") \
    ROW(integer_logits, ad_softmax_cross_entropy(o->i32_v3, o->i32_v3), AD_BAD_TYPE, \
        "softmax_cross_entropy([3], [3]): logits must be f32 or f64 (ad_cast converts)") \
    ROW(logic_on_numbers, ad_logical_and(o->mask3, o->v3), AD_BAD_TYPE, \
        "logical_and([3], [3]): operands must be masks (bool; comparisons make masks)") \
    ROW(not_of_a_number, ad_logical_not(o->i32_v3), AD_BAD_TYPE, \
        "logical_not([3]): operands must be masks (bool; comparisons make masks)") \
    ROW(all_of_numbers, ad_all(o->v3), AD_BAD_TYPE, \
        "all([3]): the operand must be a mask (bool; comparisons make masks)") \
    ROW(powi_of_integers, ad_powi(o->i32_v3, 2), AD_BAD_TYPE, \
        "powi([3]): " FLOATS) \
    ROW(cast_to_no_type, ad_cast(o->v3, AD_TYPE_COUNT), AD_BAD_TYPE, "cast: 6 is not a number type")

#define VALUES(ROW) \
    ROW(einsum_of_one, ad_einsum(2, PAIR(o->m23, o->v3), "ij->i"), AD_MISUSE, \
        "einsum(ij->i): there are 2 operands, but parts for 1") \
    ROW(einsum_of_digits, ad_einsum(2, PAIR(o->m23, o->v3), "i1,j->i"), AD_MISUSE, \
        "einsum(i1,j->i): '1' is neither a letter nor part of an ellipsis") \
    ROW(einsum_without_a_head, ad_einsum(2, PAIR(o->m23, o->v3), "ij,j-i"), AD_MISUSE, \
        "einsum(ij,j-i): '-' is not part of an arrow") \
    ROW(einsum_of_two_results, ad_einsum(2, PAIR(o->m23, o->v3), "ij,j->i,j"), AD_MISUSE, \
        "einsum(ij,j->i,j): ',' does not belong into the result") \
    ROW(einsum_unknown, ad_einsum(2, PAIR(o->m23, o->v3), "ij,j->iz"), AD_MISUSE, \
        "einsum(ij,j->iz): z is in the result, but in no operand") \
    ROW(einsum_twice, ad_einsum(2, PAIR(o->m23, o->v3), "ij,j->jj"), AD_MISUSE, \
        "einsum(ij,j->jj): j stands twice in the result") \
    ROW(einsum_of_a_number, ad_einsum(2, PAIR(o->m23, ad_number(2)), "ij,->ij"), AD_MISUSE, \
        "einsum: operand 1 is a number, not a tensor") \
    ROW(einsum_of_nothing, ad_einsum(2, PAIR(o->m23, o->v3), NULL), AD_MISUSE, \
        "einsum: the specification is NULL") \
    ROW(label_beyond_classes, ad_softmax_cross_entropy(o->m43, o->too_large), AD_DOMAIN, \
        "softmax_cross_entropy([4, 3], [4]): label[2] = 7 is not in [0, 3)") \
    ROW(label_below_0, ad_softmax_cross_entropy(o->m43, o->negative), AD_DOMAIN, \
        "softmax_cross_entropy([4, 3], [4]): label[1] = -1 is not in [0, 3)") \
    ROW(index_beyond_extent, ad_gather(o->v4, o->too_large, 0), AD_DOMAIN, \
        "gather([4], [4]): index[2] = 7 is not in [0, 4)") \
    ROW(index_below_0, ad_gather(o->m43, o->negative, 1), AD_DOMAIN, \
        "gather([4, 3], [4]): index[1] = -1 is not in [0, 3)") \
    ROW(index_into_nothing, ad_gather(o->none3, o->i32_v3, 0), AD_DOMAIN, \
        "gather([0, 3], [3]): index[0] = 1 is not in [0, 0)") \
    ROW(scatter_beyond_extent, ad_scatter_add(o->v4, o->too_large, o->v4, 0), AD_DOMAIN, \
        "scatter_add([4], [4], [4]): index[2] = 7 is not in [0, 4)") \
    ROW(length_beyond_time, rnn_ending(o, o->too_long), AD_DOMAIN, \
        "rnn([2, 3], [2, 3], [3, 3], [3, 3], [3], [2]): length 2 of row 1 is not within [0, 1]") \
    ROW(length_below_0, rnn_ending(o, o->too_short), AD_DOMAIN, \
        "rnn([2, 3], [2, 3], [3, 3], [3, 3], [3], [2]): length -1 of row 0 is not within [0, 1]") \
    ROW(floor_mod_by_0, ad_floor_mod(o->too_large, o->negative), AD_DOMAIN, \
        "floor_mod([4], [4]): b[0] is 0, and integers cannot be divided by 0") \
    ROW(take_below_0, ad_take_along_axis(o->v4, o->negative, 0), AD_DOMAIN, \
        "take_along_axis([4], [4]): index[1] = -1 is not in [0, 4)") \
    ROW(one_hot_beyond_classes, ad_one_hot(o->too_large, 3, AD_F64), AD_DOMAIN, \
        "one_hot([4]): index[2] = 7 is not in [0, 3)") \
    ROW(pad_with_half_an_integer, ad_pad(o->i32_v3, 0, 1, 0, 0.5), AD_DOMAIN, \
        "pad([3]): 0.5 is not a value of type i32") \
    ROW(slice_by_steps_of_0, ad_slice_step(o->v3, 0, 0, 1, 0), AD_MISUSE, "slice: the step must not be 0") \
    ROW(half_an_integer, ad_greater(o->i32_v3, 0.5), AD_DOMAIN, \
        "constant: 0.5 is not a value of type i32") \
    ROW(huber_without_width, ad_huber_loss(o->v3, o->v3, 0), AD_MISUSE, \
        "huber_loss([3], [3]): delta must be greater than 0, not 0") \
    ROW(no_such_activation, ad_dense(o->m24, o->m43, o->v3, (ad_activation)9), AD_MISUSE, \
        "dense([2, 4], [4, 3], [3]): 9 is not an activation") \
    ROW(norm_of_p_0, ad_norm(o->m23, 0), AD_MISUSE, \
        "norm([2, 3]): p must be greater than 0, not 0") \
    ROW(negative_k, ad_top_k(o->v3, 0, -1).values, AD_MISUSE, \
        "top_k: k is -1, it must not be negative") \
    ROW(negative_ddof, ad_std_over(o->v3, AD_AXES(0), -1), AD_MISUSE, \
        "std([3]): ddof -1 is negative") \
    ROW(where_of_two_numbers, ad_where(o->mask3, 1, 0), AD_MISUSE, \
        "where: at least one of a and b must be a tensor")
/* clang-format on */

#define FUNCTION(row, call, status, message)                  \
    static ad_tensor run_##row(ad_tape *t, const operands *o) \
    {                                                         \
        (void)t, (void)o;                                     \
        return call;                                          \
    }
#define REFUSAL(row, call, status, message) {#row, run_##row, status, message},
#define ALL(ROW)                            SHAPES(ROW) AXES(ROW) TYPES(ROW) VALUES(ROW)

ALL(FUNCTION)
static const refusal refusals[] = {ALL(REFUSAL)};

static operands operands_on(ad_tape *t)
{
    static const double ones[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    static const double minus[] = {-1, -1, -1, -1, -1, -1, -1, -1, -1}, zeros[9] = {0};
    static const float f32_ones[] = {1, 1, 1};
    static const int32_t i32_ones[] = {1, 1, 1};
    static const int32_t large[] = {0, 2, 7, 9}, below[] = {0, -1, 0, -7};
    static const int64_t long_ends[] = {1, 2}, short_ends[] = {-1, 1};
    static const bool mask[] = {true, true, true};
    return (operands){
        .number = ad_watch(t, AD_VIEW_SCALAR(ones)),
        .v3 = ad_watch(t, AD_VIEW(ones, 3)),
        .minus3 = ad_watch(t, AD_VIEW(minus, 3)),
        .v4 = ad_watch(t, AD_VIEW(ones, 4)),
        .m23 = ad_watch(t, AD_VIEW(ones, 2, 3)),
        .m24 = ad_watch(t, AD_VIEW(ones, 2, 4)),
        .m33 = ad_watch(t, AD_VIEW(ones, 3, 3)),
        .m41 = ad_watch(t, AD_VIEW(ones, 4, 1)),
        .m43 = ad_watch(t, AD_VIEW(ones, 4, 3)),
        .batch223 = ad_watch(t, AD_VIEW(ones, 2, 2, 3)),
        .batch334 = ad_watch(t, AD_VIEW(ones, 3, 3, 4)),
        .batch233 = ad_watch(t, AD_VIEW(ones, 2, 3, 3)),
        .minus133 = ad_watch(t, AD_VIEW(minus, 1, 3, 3)),
        .zeros33 = ad_watch(t, AD_VIEW(zeros, 3, 3)),
        .rank8 = ad_watch(t, AD_VIEW(ones, 1, 1, 1, 1, 1, 1, 1, 1)),
        .image = ad_watch(t, AD_VIEW(ones, 1, 2, 3, 2)),
        .none3 = ad_watch(t, AD_VIEW(ones, 0, 3)),
        .f32_v3 = ad_watch(t, AD_VIEW(f32_ones, 3)),
        .i32_number = ad_freeze(t, AD_VIEW_SCALAR(i32_ones)),
        .i32_v3 = ad_freeze(t, AD_VIEW(i32_ones, 3)),
        .mask3 = ad_freeze(t, AD_VIEW(mask, 3)),
        .too_large = ad_freeze(t, AD_VIEW(large, 4)),
        .negative = ad_freeze(t, AD_VIEW(below, 4)),
        .too_long = ad_freeze(t, AD_VIEW(long_ends, 2)),
        .too_short = ad_freeze(t, AD_VIEW(short_ends, 2)),
    };
}

START_TEST(refusals_have_a_status_and_a_message)
{
    const refusal *r = &refusals[_i];
    ad_tape *t = ad_tape_new(NULL);
    operands o = operands_on(t);
    ck_assert_msg(ad_tape_status(t) == AD_OK, "%s", message_of(t));
    size_t nodes = measured(t).nodes;
    ad_tensor y = r->f(t, &o);
    ck_assert_msg(ad_tape_status(t) == r->status, "%s: status %s: %s", r->name,
                  ad_status_text(ad_tape_status(t)), message_of(t));
    ck_assert_msg(strcmp(message_of(t), r->message) == 0, "%s: \"%s\" instead of \"%s\"", r->name,
                  message_of(t), r->message);
    ck_assert_msg(!ad_read(y).data, "%s: a result", r->name);
    ck_assert_msg(measured(t).nodes == nodes, "%s: something was recorded", r->name);
    ck_assert_int_eq(ad_backward(ad_sum(y)), r->status); /* the first failure sticks */
    ck_assert_str_eq(message_of(t), r->message);
    ad_tape_free(t);
}
END_TEST

/* ---- indices that change ------------------------------------------------------------- */

static ad_tensor picked_by(int which, ad_tensor x, ad_tensor index, ad_tensor updates)
{
    switch (which) {
    case 0:
        return ad_gather(x, index, 0);
    case 1:
        return ad_index_select(x, index, 0);
    case 2:
        return ad_embedding(x, index);
    case 3:
        return ad_embedding_padded(x, index, 1);
    case 4:
        return ad_take_along_axis(x, index, 0);
    case 5:
        return ad_scatter_add(x, index, updates, 0);
    case 6:
        return ad_scatter_set(x, index, updates, 0);
    case 7:
        return ad_scatter_min(x, index, updates, 0);
    case 8:
        return ad_scatter_max(x, index, updates, 0);
    default:
        return ad_scatter_mul(x, index, updates, 0);
    }
}
enum { PICKED_BY = 10 };

/* An index is borrowed. Where it changes against the rules, no rule is led out of its memory. */
static void expect_refusal(int which, int64_t changed, ad_status (*sweep)(ad_tensor y))
{
    static const double numbers[] = {1, 2, 3};
    int64_t wide[] = {0, 2};
    int32_t narrow[] = {0, 2};
    for (int type = 0; type < 2; type++) {
        ad_tape *t = ad_tape_new(NULL);
        ad_tensor x = ad_watch(t, AD_VECTOR(numbers)), updates = ad_watch(t, AD_VIEW(numbers, 2));
        ad_tensor index = ad_freeze(t, type ? AD_VECTOR(narrow) : AD_VECTOR(wide));
        ad_tensor y = ad_sum(ad_square(picked_by(which, x, index, updates)));
        ck_assert_int_eq(ad_set_tangent(x, AD_VECTOR(numbers)), AD_OK);
        ck_assert_int_eq(ad_push_tangents(y), AD_OK);
        wide[1] = changed;
        narrow[1] = (int32_t)changed;
        ck_assert_int_eq(sweep(y), AD_DOMAIN);
        ck_assert_ptr_nonnull(strstr(message_of(t), "is not in [0, 3)"));
        wide[1] = narrow[1] = 2;
        ad_tape_free(t);
    }
}

START_TEST(an_index_that_changes_leads_nowhere)
{
    for (int64_t changed = -1; changed <= 1000000000; changed += 1000000001) {
        expect_refusal(_i, changed, ad_backward);
        expect_refusal(_i, changed, ad_push_tangents);
        expect_refusal(_i, changed, ad_backward_tangents);
    }
}
END_TEST

/* ---- roots ------------------------------------------------------------------------------- */

START_TEST(a_gradient_starts_from_one_element)
{
    ad_tape *t = ad_tape_new(NULL);
    operands o = operands_on(t);
    ck_assert_int_eq(ad_backward(ad_square(o.m23)), AD_BAD_SHAPE);
    ck_assert_str_eq(message_of(t), "backward: the root must have one element, square gave "
                                    "[2, 3] (reduce it, or use ad_backward_from)");
    ad_tape_free(t);
}
END_TEST

START_TEST(a_root_of_one_element_may_have_any_rank)
{
    ad_tape *t = ad_tape_new(NULL);
    operands o = operands_on(t);
    ck_assert_int_eq(ad_backward(ad_square(o.rank8)), AD_OK);
    ad_view g = ad_grad(o.rank8);
    ck_assert_double_eq(ad_view_get(&g, 0), 2);
    ad_tape_free(t);
}
END_TEST

START_TEST(nothing_is_no_root)
{
    ad_tape *t = ad_tape_new(NULL);
    operands o = operands_on(t);
    ck_assert_int_eq(ad_backward(ad_square(o.none3)), AD_BAD_SHAPE);
    ad_tape_free(t);
}
END_TEST

START_TEST(a_cotangent_has_the_roots_shape_and_type)
{
    static const double cotangent[6] = {1, 2, 3, 4, 5, 6};
    static const float narrow[6] = {1, 2, 3, 4, 5, 6};
    ad_tape *t = ad_tape_new(NULL);
    operands o = operands_on(t);
    ck_assert_int_eq(ad_backward_from(ad_square(o.m23), AD_VIEW(cotangent, 3, 2)), AD_BAD_SHAPE);
    ck_assert_str_eq(message_of(t),
                     "backward: the cotangent has shape [3, 2], the root has [2, 3]");
    ad_tape_reset(t);
    o = operands_on(t);
    ck_assert_int_eq(ad_backward_from(ad_square(o.m23), AD_VIEW(narrow, 2, 3)), AD_BAD_TYPE);
    ad_tape_reset(t);
    o = operands_on(t);
    ck_assert_int_eq(ad_backward_from(ad_square(o.m23), AD_VIEW(cotangent, 2, 3)), AD_OK);
    ad_view g = ad_grad(o.m23);
    ck_assert_double_eq(ad_view_get(&g, 5), 12);
    ad_tape_free(t);
}
END_TEST

static const char *refusal_name(int row)
{
    return refusals[row].name;
}

static Suite *make_suite(void)
{
    Suite *suite = suite_create("edge errors");
    TCase *table = tcase_create("table"), *roots = tcase_create("roots");
    add_row_tests(table, refusals_have_a_status_and_a_message, sizeof refusals / sizeof *refusals,
                  refusal_name);
    tcase_add_loop_test(table, an_index_that_changes_leads_nowhere, 0, PICKED_BY);
    tcase_add_test(roots, a_gradient_starts_from_one_element);
    tcase_add_test(roots, a_root_of_one_element_may_have_any_rank);
    tcase_add_test(roots, nothing_is_no_root);
    tcase_add_test(roots, a_cotangent_has_the_roots_shape_and_type);
    suite_add_tcase(suite, table);
    suite_add_tcase(suite, roots);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
