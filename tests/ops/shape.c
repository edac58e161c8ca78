/* Operations on shapes. rows.h says how a row reads. */
#ifndef ROWS
#define ROWS   "shape.c"
#define FAMILY shape_rows
#include "rows.h"

#define PIECES(...) ((const int64_t[]){__VA_ARGS__})
#define AXIS        AD_AXES(axis_of(*x, choice))

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

static ad_tensor first_half(ad_tensor x)
{
    ad_tensor y[2];
    ad_split(x, 0, 2, NULL, y);
    return y[0];
}

static ad_tensor first_row(ad_tensor x)
{
    ad_tensor y[2];
    ad_unstack(x, 0, 2, y);
    return y[0];
}

static ad_tensor slice(ad_tensor x, uint64_t choice)
{
    int axis = axis_of(x, choice);
    int64_t n = extent_of(x, axis), begin = (int64_t)(choice >> 8) % (n + 1);
    return ad_slice(x, axis, begin, begin + (int64_t)(choice >> 40) % (n - begin + 1));
}

static ad_tensor squeeze(ad_tensor x, uint64_t choice)
{
    int axis = axis_of(x, choice);
    while (extent_of(x, axis) != 1)
        axis = (axis + 1) % ad_shape_of(x).rank;
    return ad_squeeze(x, axis);
}

static ad_tensor permute(ad_tensor x, uint64_t choice)
{
    ad_axes order = {.count = ad_shape_of(x).rank};
    for (int i = 0; i < order.count; i++)
        order.axis[i] = (int)((choice % 7 + (uint64_t)i) % (uint64_t)order.count);
    return ad_permute(x, order);
}

static ad_tensor broadcast_to(ad_tensor x, uint64_t choice)
{
    ad_shape s = ad_shape_of(x), y = {.rank = s.rank + 1, .dim = {1 + (int64_t)(choice % 2)}};
    for (int i = 0; i < s.rank; i++)
        y.dim[i + 1] = s.dim[i] == 1 ? 2 : s.dim[i];
    return ad_broadcast_to(x, y);
}

static ad_tensor stack(const ad_tensor *x, uint64_t choice)
{
    return ad_stack(2, x, (int)(choice % (uint64_t)(ad_shape_of(x[0]).rank + 1)));
}

#include "read_rows.h"
#else

/* clang-format off */
OP(ad_reshape)
CASE(reshape, ad_reshape(x[0], AD_SHAPE(4, 3)), ON(S(2, 6)), .linear = true)
CASE(reshape_with_a_rest, ad_reshape(x[0], AD_SHAPE(2, -1, 2)), ON(S(3, 4)), .linear = true)
CASE(reshape_to_number, ad_reshape(x[0], AD_SCALAR), ON(S(1, 1)), .linear = true)
CASE(reshape_number, ad_reshape(x[0], AD_SHAPE(1, 1)), ON(NUMBER), .linear = true)
CASE(reshape_transposed, ad_reshape(ad_transpose(x[0]), AD_SHAPE(6)), ON(S(2, 3)), .linear = true)
CASE(reshape_nothing, ad_reshape(x[0], AD_SHAPE(3, 0, 2)), ON(S(0)), .linear = true)
GRAPH(ad_reshape(*x, AD_SHAPE(-1)), .fits = FIT_FULL_AXIS)
CALL(reshape, ad_reshape(o[A], AD_SHAPE(-1)), .uses = BIT(A), .any_type = BIT(A))
BAD(reshape, ad_reshape(o[A], AD_SHAPE(4)), AD_BAD_SHAPE)
BAD(reshape, ad_reshape(o[A], AD_SHAPE(-1, -1)), AD_BAD_SHAPE)
BAD(reshape, ad_reshape(o[A], AD_SHAPE(-1, 4)), AD_BAD_SHAPE)
BAD(reshape, ad_reshape(o[A], AD_SHAPE(-1, 0)), AD_BAD_SHAPE)
BAD(reshape, ad_reshape(o[A], ((ad_shape){99, {0}})), AD_BAD_SHAPE)
ORACLE(reshape, ad_reshape(x[0], AD_SHAPE(4, 3)))

OP(ad_squeeze, .needs_axes = true)
CASE(squeeze, ad_squeeze(x[0], 1), ON(S(3, 1, 2)), .linear = true)
CASE(squeeze_last, ad_squeeze(x[0], -1), ON(S(3, 1)), .linear = true)
CASE(squeeze_nothing, ad_squeeze(x[0], 0), ON(S(1, 0)), .linear = true)
GRAPH(squeeze(*x, choice), .fits = FIT_ONE)
CALL(squeeze, ad_squeeze(ad_reshape(o[A], AD_SHAPE(1, 6)), 0), .says = "reshape", .uses = BIT(A),
    .any_type = BIT(A))
BAD(squeeze, ad_squeeze(o[A], 0), AD_BAD_SHAPE)
BAD(squeeze, ad_squeeze(o[A], INT32_MIN), AD_BAD_SHAPE)
ORACLE(squeeze, ad_squeeze(x[0], 1))

OP(ad_expand)
CASE(expand_nothing, ad_expand(x[0], 0), ON(S(0, 2)), .linear = true)
CASE(expand, ad_expand(x[0], 1), ON(S(3, 2)), .linear = true)
CASE(expand_last, ad_expand(x[0], -1), ON(S(3, 2)), .linear = true)
CASE(expand_number, ad_expand(x[0], 0), ON(NUMBER), .linear = true)
GRAPH(ad_expand(*x, (int)(choice & 1) - 1), .fits = FIT_LOW)
CALL(expand, ad_expand(o[A], 0), .uses = BIT(A), .any_type = BIT(A))
BAD(expand, ad_expand(o[A], 4), AD_BAD_SHAPE)
BAD(expand, ad_expand(ad_reshape(o[A], AD_SHAPE(1, 1, 1, 1, 1, 1, 2, 3)), 0), AD_BAD_SHAPE)
ORACLE(expand, ad_expand(x[0], 1))

OP(ad_permute, .needs_axes = true)
CASE(permute, ad_permute(x[0], AD_AXES(2, 0, 1)), ON(S(2, 3, 4)), .linear = true)
CASE(permute_nothing, ad_permute(x[0], AD_AXES(1, 0)), ON(S(2, 0)), .linear = true)
CASE(permute_backwards, ad_permute(x[0], AD_AXES(-1, -3, -2)), ON(S(2, 3, 4)), .linear = true)
GRAPH(permute(*x, choice), .fits = FIT_AXIS)
CALL(permute, ad_permute(o[A], AD_AXES(1, 0)), .uses = BIT(A), .any_type = BIT(A))
BAD(permute, ad_permute(o[A], AD_AXES(0, 0)), AD_BAD_SHAPE)
BAD(permute, ad_permute(o[A], AD_AXES(0)), AD_BAD_SHAPE)
BAD(permute, ad_permute(o[A], (ad_axes){.count = 100}), AD_MISUSE)
ORACLE(permute, ad_permute(x[0], AD_AXES(2, 0, 1)))

OP(ad_transpose, .needs_axes = true)
CASE(transpose, ad_transpose(x[0]), ON(S(2, 3)), .linear = true)
CASE(transpose_batch, ad_transpose(x[0]), ON(S(2, 3, 4)), .linear = true)
CASE(transpose_nothing, ad_transpose(x[0]), ON(S(3, 0)), .linear = true)
GRAPH(ad_transpose(*x), .fits = FIT_MATRIX)
CALL(transpose, ad_transpose(o[A]), .uses = BIT(A), .any_type = BIT(A))
BAD(transpose, ad_transpose(o[V]), AD_BAD_SHAPE)
ORACLE(transpose, ad_transpose(x[0]))

OP(ad_broadcast_to)
CASE(broadcast_row, ad_broadcast_to(x[0], AD_SHAPE(3, 4)), ON(S(4)), .linear = true)
CASE(broadcast_column, ad_broadcast_to(x[0], AD_SHAPE(2, 3, 4)), ON(S(3, 1)), .linear = true)
CASE(broadcast_number, ad_broadcast_to(x[0], AD_SHAPE(2, 3)), ON(NUMBER), .linear = true)
CASE(broadcast_to_nothing, ad_broadcast_to(x[0], AD_SHAPE(0, 3)), ON(S(1, 3)), .linear = true)
CASE(broadcast_nothing, ad_broadcast_to(x[0], AD_SHAPE(2, 0)), ON(S(0)), .linear = true)
CASE(broadcast_then_view, ad_transpose(ad_broadcast_to(x[0], AD_SHAPE(2, 3))), ON(S(3)),
    .linear = true)
GRAPH(broadcast_to(*x, choice), .fits = FIT_LOW)
CALL(broadcast_to, ad_broadcast_to(o[A], AD_SHAPE(4, 2, 3)), .uses = BIT(A), .any_type = BIT(A))
BAD(broadcast_to, ad_broadcast_to(o[A], AD_SHAPE(2, 4)), AD_BAD_SHAPE)
BAD(broadcast_to, ad_broadcast_to(o[A], AD_SHAPE(3)), AD_BAD_SHAPE)
ORACLE(broadcast_to, ad_broadcast_to(x[0], AD_SHAPE(3, 4)))

OP(ad_slice, .needs_axes = true)
CASE(slice_first, ad_slice(x[0], 0, 0, 2), ON(S(3, 4)), .linear = true)
CASE(slice_middle, ad_slice(x[0], 1, 1, 3), ON(S(3, 4)), .linear = true)
CASE(slice_from_the_end, ad_slice(x[0], -1, -3, -1), ON(S(2, 3, 4)), .linear = true)
CASE(slice_nothing, ad_slice(x[0], 0, 2, 2), ON(S(3, 4)), .linear = true)
CASE(slice_of_nothing, ad_slice(x[0], 0, 1, 3), ON(S(4, 0)), .linear = true)
CASE(slice_of_slice, ad_slice(ad_slice(x[0], 0, 1, 4), 1, 1, 3), ON(S(4, 4)), .linear = true)
GRAPH(slice(*x, choice), .fits = FIT_AXIS)
CALL(slice, ad_slice(o[A], 0, 0, 1), .uses = BIT(A), .any_type = BIT(A))
BAD(slice, ad_slice(o[A], 0, 0, 3), AD_BAD_SHAPE)
BAD(slice, ad_slice(o[A], 0, 2, 1), AD_BAD_SHAPE)
BAD(slice, ad_slice(o[A], 2, 0, 1), AD_BAD_SHAPE)
BAD(slice, ad_slice(o[A], 0, INT64_MIN, INT64_MAX), AD_BAD_SHAPE)
ORACLE(slice, ad_slice(x[0], 1, 1, 3))

OP(ad_flip)
CASE(flip, ad_flip(x[0], AD_AXES(1)), ON(S(2, 3, 2)), .linear = true)
CASE(flip_all, ad_flip(x[0], AD_AXES()), ON(S(2, 3)), .linear = true)
CASE(flip_twice, ad_flip(ad_flip(x[0], AD_AXES(0)), AD_AXES(0, 1)), ON(S(2, 3)), .linear = true)
CASE(flip_a_number, ad_flip(x[0], AD_AXES()), ON(NUMBER), .linear = true)
CASE(flip_nothing, ad_flip(x[0], AD_AXES(0)), ON(S(0, 3)), .linear = true)
GRAPH(ad_flip(*x, AXIS), .fits = FIT_AXIS)
CALL(flip, ad_flip(o[A], AD_AXES(0)), .uses = BIT(A), .any_type = BIT(A))
BAD(flip, ad_flip(o[A], AD_AXES(2)), AD_BAD_SHAPE)
BAD(flip, ad_flip(o[A], (ad_axes){.count = 9}), AD_MISUSE)
ORACLE(flip, ad_flip(x[0], AD_AXES(1)))

OP(ad_diagonal, .needs_axes = true)
CASE(diagonal, ad_diagonal(x[0], 0), ON(S(3, 3)), .linear = true)
CASE(diagonal_above, ad_diagonal(x[0], 1), ON(S(3, 5)), .linear = true)
CASE(diagonal_below, ad_diagonal(x[0], -2), ON(S(2, 5, 3)), .linear = true)
CASE(diagonal_of_a_row, ad_diagonal(x[0], 2), ON(S(1, 5)), .linear = true)
CASE(diagonal_beside, ad_diagonal(x[0], 7), ON(S(3, 5)), .linear = true)
CASE(diagonal_far_below, ad_diagonal(x[0], INT64_MIN), ON(S(3, 5)), .linear = true)
CASE(diagonal_of_a_view, ad_diagonal(ad_transpose(x[0]), 1), ON(S(5, 3)), .linear = true)
GRAPH(ad_diagonal(*x, (int64_t)(choice % 3) - 1), .fits = FIT_MATRIX)
CALL(diagonal, ad_diagonal(o[A], 1), .uses = BIT(A), .any_type = BIT(A))
BAD(diagonal, ad_diagonal(o[V], 0), AD_BAD_SHAPE)
ORACLE(diagonal, ad_diagonal(x[0], 1))

OP(ad_diag, .needs_axes = true)
CASE(diag, ad_diag(x[0], 0), ON(S(4)), .linear = true)
CASE(diag_above, ad_diag(x[0], 2), ON(S(3)), .linear = true)
CASE(diag_batch_below, ad_diag(x[0], -1), ON(S(2, 3)), .linear = true)
CASE(diag_nothing, ad_diag(x[0], 1), ON(S(0)), .linear = true)
CASE(diag_of_diagonal, ad_mul(ad_diag(ad_diagonal(x[0], 0), 0), x[0]), ON(S(3, 3)))
GRAPH(ad_diag(*x, (int64_t)(choice % 3) - 1), .fits = FIT_AXIS)
CALL(diag, ad_diag(o[A], -1), .uses = BIT(A), .any_type = BIT(A))
BAD(diag, ad_diag(o[V], INT64_MIN), AD_BAD_SHAPE)
BAD(diag, ad_diag(o[V], INT64_MAX), AD_BAD_SHAPE)
ORACLE(diag, ad_diag(x[0], -1))

OP(ad_tril, .needs_axes = true)
CASE(tril, ad_tril(x[0], 0), ON(S(3, 3)), .linear = true)
CASE(tril_below, ad_tril(x[0], -1), ON(S(2, 4, 3)), .linear = true)
CASE(tril_all, ad_tril(x[0], 9), ON(S(2, 3)), .linear = true)
CASE(tril_nothing, ad_tril(x[0], 0), ON(S(3, 0)), .linear = true)
GRAPH(ad_tril(*x, (int64_t)(choice % 3) - 1), .fits = FIT_MATRIX)
CALL(tril, ad_tril(o[A], 0), .uses = BIT(A), .any_type = BIT(A))
BAD(tril, ad_tril(o[V], 0), AD_BAD_SHAPE)
ORACLE(tril, ad_tril(x[0], 1))

OP(ad_triu, .needs_axes = true)
CASE(triu, ad_triu(x[0], 0), ON(S(3, 3)), .linear = true)
CASE(triu_above, ad_triu(x[0], 1), ON(S(2, 3, 4)), .linear = true)
CASE(triu_none, ad_triu(x[0], INT64_MAX), ON(S(2, 3)), .linear = true)
CASE(triu_nothing, ad_triu(x[0], 0), ON(S(3, 0)), .linear = true)
CASE(triu_of_a_product, ad_mul(ad_triu(x[0], 0), x[0]), ON(S(3, 3)))
GRAPH(ad_triu(*x, (int64_t)(choice % 3) - 1), .fits = FIT_MATRIX)
CALL(triu, ad_triu(o[A], 0), .uses = BIT(A), .any_type = BIT(A))
BAD(triu, ad_triu(o[V], 0), AD_BAD_SHAPE)
ORACLE(triu, ad_triu(x[0], 1))

OP(ad_band_part, .needs_axes = true)
CASE(band_part, ad_band_part(x[0], 1, 0), ON(S(4, 4)), .linear = true)
CASE(band_part_of_a_batch, ad_band_part(x[0], 0, 1), ON(S(2, 4, 3)), .linear = true)
CASE(band_part_keeps_all_below, ad_band_part(x[0], -1, 1), ON(S(3, 5)), .linear = true)
CASE(band_part_keeps_all, ad_band_part(x[0], INT64_MIN, INT64_MAX), ON(S(5, 3)), .linear = true)
CASE(band_part_nothing, ad_band_part(x[0], 0, 0), ON(S(3, 0)), .linear = true)
GRAPH(ad_band_part(*x, (int64_t)(choice % 3) - 1, (int64_t)(choice >> 8 & 1) - 1), .fits = FIT_MATRIX)
CALL(band_part, ad_band_part(o[A], 0, 1), .uses = BIT(A), .any_type = BIT(A))
BAD(band_part, ad_band_part(o[V], 0, 0), AD_BAD_SHAPE)
ORACLE(band_part, ad_band_part(x[0], 1, 1))

OP(ad_concat, .needs_axes = true)
CASE(concat_first, ad_concat(3, x, 0), ON(S(1, 3), S(2, 3), S(3, 3)), .linear = true)
CASE(concat_last, ad_concat(2, x, -1), ON(S(2, 3), S(2, 1)), .linear = true)
CASE(concat_middle, ad_concat(2, x, 1), ON(S(2, 1, 3), S(2, 2, 3)), .linear = true)
CASE(concat_equal, ad_concat(2, x, 0), ON(S(2, 3), S(2, 3)), .linear = true)
CASE(concat_one, ad_concat(1, x, 0), ON(S(2, 3)), .linear = true)
CASE(concat_nothing, ad_concat(2, x, 0), ON(S(0, 3), S(2, 3)), .linear = true)
CASE(concat_many, ad_concat(6, (ad_tensor[]){x[0], x[1], x[0], x[1], x[0], x[0]}, 0),
    ON(S(2), S(3)), .linear = true)
GRAPH(ad_shape_of(*x).rank ? ad_concat(2, x, axis_of(*x, choice)) : ad_stack(2, x, 0),
    .arity = 2, .fits = FIT_EQUAL)
CALL(concat, ad_concat(2, TWO_OF(A, B), 0), .uses = BIT(A) | BIT(B))
BAD(concat, ad_concat(2, TWO_OF(A, C), 0), AD_BAD_SHAPE)
BAD(concat, ad_concat(2, TWO_OF(A, B), 2), AD_BAD_SHAPE)
BAD(concat, ad_concat(0, TWO_OF(A, B), 0), AD_OK)
BAD(concat, ad_concat(-5, TWO_OF(A, B), 0), AD_OK)
BAD(concat, ad_concat(2, TWO_OF(A, V), 0), AD_BAD_SHAPE)
BAD(concat, ((void)o, ad_concat(2, NULL, 0)), AD_OK)
ORACLE(concat, ad_concat(2, x, 0))

OP(ad_stack)
CASE(stack_first, ad_stack(2, x, 0), ON(S(2, 3), S(2, 3)), .linear = true)
CASE(stack_middle, ad_stack(3, x, 1), ON(S(2, 3), S(2, 3), S(2, 3)), .linear = true)
CASE(stack_last, ad_stack(2, x, -1), ON(S(2, 3), S(2, 3)), .linear = true)
CASE(stack_numbers, ad_stack(3, x, 0), ON(NUMBER, NUMBER, NUMBER), .linear = true)
CASE(stack_nothing, ad_stack(2, x, 1), ON(S(0), S(0)), .linear = true)
GRAPH(stack(x, choice), .arity = 2, .fits = FIT_EQUAL)
CALL(stack, ad_stack(2, TWO_OF(A, B), 0), .uses = BIT(A) | BIT(B))
BAD(stack, ad_stack(2, TWO_OF(A, C), 0), AD_BAD_SHAPE)
BAD(stack, ad_stack(2, TWO_OF(A, B), 4), AD_BAD_SHAPE)
BAD(stack, ((void)o, ad_stack(2, NULL, 0)), AD_OK)
BAD(stack, ad_stack(0, TWO_OF(A, B), 0), AD_OK)
ORACLE(stack, ad_stack(2, x, 1))

OP(ad_roll, .needs_axes = true)
CASE(roll, ad_roll(x[0], 0, 2), ON(S(5, 2)), .linear = true)
CASE(roll_back, ad_roll(x[0], -1, -7), ON(S(2, 3)), .linear = true)
CASE(roll_far, ad_roll(x[0], 1, INT64_MIN), ON(S(2, 3, 2)), .linear = true)
CASE(roll_nothing, ad_roll(x[0], 0, 1), ON(S(0, 3)), .linear = true)
GRAPH(ad_roll(*x, axis_of(*x, choice), (int64_t)(choice >> 8 & 7) - 4), .fits = FIT_AXIS)
CALL(roll, ad_roll(o[A], 1, 4), .uses = BIT(A), .any_type = BIT(A))
BAD(roll, ad_roll(o[A], 2, 1), AD_BAD_SHAPE)
ORACLE(roll, ad_roll(x[0], 1, 3))

OP(ad_tile, .needs_axes = true)
CASE(tile, ad_tile(x[0], 1, 3), ON(S(2, 3, 2)), .linear = true)
CASE(tile_once, ad_tile(x[0], 0, 1), ON(S(2, 3)), .linear = true)
CASE(tile_never, ad_tile(x[0], 0, 0), ON(S(2, 3)), .linear = true)
CASE(tile_nothing, ad_tile(x[0], 1, 4), ON(S(2, 0)), .linear = true)
GRAPH(ad_tile(*x, axis_of(*x, choice), 2), .fits = FIT_AXIS)
CALL(tile, ad_tile(o[A], 0, 2), .uses = BIT(A), .any_type = BIT(A))
BAD(tile, ad_tile(o[A], 0, -1), AD_BAD_SHAPE)
BAD(tile, ad_tile(o[A], 0, INT64_MAX), AD_BAD_SHAPE)
ORACLE(tile, ad_tile(x[0], 1, 3))

OP(ad_repeat, .needs_axes = true)
CASE(repeat, ad_repeat(x[0], 0, 3), ON(S(2, 3)), .linear = true)
CASE(repeat_last, ad_repeat(x[0], -1, 2), ON(S(2, 3)), .linear = true)
CASE(repeat_nothing, ad_repeat(x[0], 1, 2), ON(S(0, 3)), .linear = true)
GRAPH(ad_repeat(*x, axis_of(*x, choice), 2), .fits = FIT_AXIS)
CALL(repeat, ad_repeat(o[A], -1, 2), .uses = BIT(A), .any_type = BIT(A))
BAD(repeat, ad_repeat(o[A], 0, INT64_MIN), AD_BAD_SHAPE)
ORACLE(repeat, ad_repeat(x[0], 0, 2))

OP(ad_pad, .needs_axes = true)
CASE(pad, ad_pad(x[0], 0, 2, 1, 0), ON(S(2, 3)), .linear = true)
CASE(pad_last_by_7, ad_pad(x[0], -1, 1, 0, 7), ON(S(2, 3)))
CASE(pad_by_nothing, ad_pad(x[0], 0, 0, 0, 7), ON(S(3)), .linear = true)
CASE(pad_nothing, ad_pad(x[0], 0, 1, 2, 0), ON(S(0, 3)), .linear = true)
GRAPH(ad_pad(*x, axis_of(*x, choice), 1, 2, 0.5), .fits = FIT_AXIS)
CALL(pad, ad_pad(o[A], 0, 1, 2, 1), .uses = BIT(A), .any_type = BIT(A))
BAD(pad, ad_pad(o[A], 0, -1, 1, 0), AD_BAD_SHAPE)
BAD(pad, ad_pad(o[A], 0, INT64_MAX, INT64_MAX, 0), AD_BAD_SHAPE)
BAD(pad, ad_pad(o[L], 0, 1, 1, 0.5), AD_DOMAIN)
ORACLE(pad, ad_pad(x[0], 1, 2, 1, 7))

OP(ad_pad_reflect, .needs_axes = true)
CASE(pad_reflect, ad_pad_reflect(x[0], 1, 2, 1), ON(S(2, 3)), .linear = true)
CASE(pad_reflect_first, ad_pad_reflect(x[0], 0, 3, 3), ON(S(4, 2)), .linear = true)
CASE(pad_reflect_nothing, ad_pad_reflect(x[0], 1, 1, 2), ON(S(0, 3)), .linear = true)
GRAPH(ad_pad_reflect(*x, axis_of(*x, choice), extent_of(*x, axis_of(*x, choice)) - 1, 0),
    .fits = FIT_FULL_AXIS)
CALL(pad_reflect, ad_pad_reflect(o[A], 1, 2, 1), .uses = BIT(A), .any_type = BIT(A))
BAD(pad_reflect, ad_pad_reflect(o[A], 0, 2, 0), AD_BAD_SHAPE)
ORACLE(pad_reflect, ad_pad_reflect(x[0], 0, 2, 1))

OP(ad_pad_symmetric, .needs_axes = true)
CASE(pad_symmetric, ad_pad_symmetric(x[0], 1, 3, 1), ON(S(2, 3)), .linear = true)
CASE(pad_symmetric_first, ad_pad_symmetric(x[0], 0, 1, 2), ON(S(2, 3)), .linear = true)
CASE(pad_symmetric_nothing, ad_pad_symmetric(x[0], 1, 1, 3), ON(S(0, 3)), .linear = true)
GRAPH(ad_pad_symmetric(*x, axis_of(*x, choice), extent_of(*x, axis_of(*x, choice)), 0),
    .fits = FIT_FULL_AXIS)
CALL(pad_symmetric, ad_pad_symmetric(o[A], 1, 3, 1), .uses = BIT(A), .any_type = BIT(A))
BAD(pad_symmetric, ad_pad_symmetric(o[A], 0, 0, 3), AD_BAD_SHAPE)
BAD(pad_symmetric, ad_pad_symmetric(o[A], 0, -1, 1), AD_BAD_SHAPE)
ORACLE(pad_symmetric, ad_pad_symmetric(x[0], 0, 3, 1))

OP(ad_pad_edge, .needs_axes = true)
CASE(pad_edge, ad_pad_edge(x[0], 0, 2, 3), ON(S(2, 3)), .linear = true)
CASE(pad_edge_last, ad_pad_edge(x[0], -1, 0, 2), ON(S(2, 3, 1)), .linear = true)
CASE(pad_edge_nothing, ad_pad_edge(x[0], 0, 1, 1), ON(S(3, 0)), .linear = true)
CASE(pad_many, ad_pad_edge(x[0], 1, 70, 90), ON(S(2, 40)), .linear = true)
GRAPH(ad_pad_edge(*x, axis_of(*x, choice), 1, 2), .fits = FIT_FULL_AXIS)
CALL(pad_edge, ad_pad_edge(o[A], 1, 2, 1), .uses = BIT(A), .any_type = BIT(A))
BAD(pad_edge, ad_pad_edge(ad_slice(o[A], 0, 1, 1), 0, 1, 0), AD_BAD_SHAPE)
ORACLE(pad_edge, ad_pad_edge(x[0], 1, 2, 3))

OP(ad_flatten, .covers = "reshape")
CASE(flatten, ad_flatten(x[0], 0, -1), ON(S(2, 3, 2)), .linear = true)
CASE(flatten_some, ad_flatten(x[0], 1, 2), ON(S(2, 3, 2, 2)), .linear = true)
CASE(flatten_a_number, ad_flatten(x[0], 0, -1), ON(NUMBER), .linear = true)
CASE(flatten_a_view, ad_flatten(ad_transpose(x[0]), 0, 1), ON(S(2, 3)), .linear = true)
CALL(flatten, ad_flatten(o[A], 0, 1), .uses = BIT(A), .any_type = BIT(A))
BAD(flatten, ad_flatten(o[A], 1, 0), AD_BAD_SHAPE)
BAD(flatten, ad_flatten(o[A], 0, 2), AD_BAD_SHAPE)
ORACLE(flatten, ad_flatten(x[0], 0, -1))

OP(ad_split, .covers = "slice")
CASE(split_first, piece(x[0], 2, NULL, 1, 0), ON(S(2, 6)), .linear = true)
CASE(split_last, piece(x[0], 3, PIECES(1, 0, 3), 0, 2), ON(S(4, 2)), .linear = true)
CASE(split_nothing, piece(x[0], 3, PIECES(1, 0, 3), -1, 1), ON(S(2, 4)), .linear = true)
CASE(split_all, ad_mul(piece(x[0], 2, NULL, 0, 1), piece(x[0], 2, NULL, 0, 0)), ON(S(4)))
CALL(split, first_half(o[A]), .uses = BIT(A), .any_type = BIT(A))
BAD(split, first_half(o[V]), AD_BAD_SHAPE)

OP(ad_unstack, .covers = "slice")
CASE(unstack, plane(x[0], 3, 1, 2), ON(S(2, 3, 2)), .linear = true)
CASE(unstack_last, plane(x[0], 4, -1, 0), ON(S(2, 4)), .linear = true)
CALL(unstack, first_row(o[A]), .uses = BIT(A), .any_type = BIT(A))
BAD(unstack, first_row(o[V]), AD_BAD_SHAPE)

OP(ad_slice_step, .covers = "slice")
CASE(slice_every_second, ad_slice_step(x[0], 1, 0, AD_OPEN, 2), ON(S(2, 5)), .linear = true)
CASE(slice_backwards, ad_slice_step(x[0], 0, AD_OPEN, AD_OPEN, -1), ON(S(4, 2)), .linear = true)
CASE(slice_backwards_by_3, ad_slice_step(x[0], -1, -2, 0, -3), ON(S(2, 9)), .linear = true)
CASE(slice_far_steps, ad_slice_step(x[0], 0, 1, AD_OPEN, 1000), ON(S(5)), .linear = true)
CASE(slice_nothing_backwards, ad_slice_step(x[0], 0, 1, 1, -1), ON(S(3)), .linear = true)
CASE(slice_step_of_nothing, ad_slice_step(x[0], 0, AD_OPEN, AD_OPEN, -2), ON(S(0, 3)), .linear = true)
CALL(slice_step, ad_slice_step(o[A], 1, AD_OPEN, AD_OPEN, -2), .says = "slice", .uses = BIT(A),
    .any_type = BIT(A))
BAD(slice, ad_slice_step(o[A], 0, 0, 1, 0), AD_MISUSE)
BAD(slice, ad_slice_step(o[A], 2, 0, 1, 1), AD_BAD_SHAPE)
ORACLE(slice_step, ad_slice_step(x[0], 1, AD_OPEN, AD_OPEN, -2))

OP(ad_slice_assign, .covers = "concat")
CASE(slice_assign, ad_slice_assign(x[0], x[1], 0, 1, 3), ON(S(4, 2), S(2, 2)), .linear = true)
CASE(slice_assign_the_end, ad_slice_assign(x[0], x[1], -1, -1, 3), ON(S(2, 3), S(2, 1)), .linear = true)
CASE(slice_assign_all, ad_slice_assign(x[0], x[1], 1, 0, 3), ON(S(2, 3), S(2, 3)), .linear = true)
CASE(slice_assign_nothing, ad_slice_assign(x[0], x[1], 0, 2, 2), ON(S(4, 2), S(0, 2)), .linear = true)
CASE(slice_assign_of_itself, ad_mul(ad_slice_assign(x[0], ad_square(ad_slice(x[0], 0, 1, 3)), 0, 1, 3), x[0]),
    ON(S(4)))
CALL(slice_assign, ad_slice_assign(o[A], o[B], 1, 0, 3), .uses = BIT(A) | BIT(B))
BAD(slice_assign, ad_slice_assign(o[A], o[B], 1, 0, 2), AD_BAD_SHAPE)
BAD(slice_assign, ad_slice_assign(o[A], o[B], 1, 0, 4), AD_BAD_SHAPE)
BAD(slice_assign, ad_slice_assign(o[A], o[B], 2, 0, 1), AD_BAD_SHAPE)
BAD(slice_assign, ad_slice_assign(o[A], o[M], 1, 0, 3), AD_BAD_TYPE)
ORACLE(slice_assign, ad_slice_assign(x[0], x[1], 1, 1, 3))

OP(ad_set_diag, .covers = "scatter_set")
CASE(set_diag, ad_set_diag(x[0], x[1], 0), ON(S(3, 3), S(3)), .linear = true)
CASE(set_diag_above, ad_set_diag(x[0], x[1], 1), ON(S(3, 5), S(3)), .linear = true)
CASE(set_diag_of_a_batch_below, ad_set_diag(x[0], x[1], -2), ON(S(2, 5, 3), S(2, 3)), .linear = true)
CASE(set_diag_beside, ad_set_diag(x[0], x[1], INT64_MIN), ON(S(2, 3), S(0)), .linear = true)
CASE(set_diag_of_nothing, ad_set_diag(x[0], x[1], 1), ON(S(3, 0), S(0)), .linear = true)
CASE(set_diag_of_itself, ad_mul(ad_set_diag(x[0], ad_square(ad_diagonal(x[0], 0)), 0), x[0]), ON(S(3, 3)))
CALL(set_diag, ad_set_diag(ad_diag(o[V], 0), o[V], 0), .says = "diag", .uses = BIT(V), .any_type = BIT(V))
BAD(set_diag, ad_set_diag(o[A], o[V], 0), AD_BAD_SHAPE)
BAD(set_diag, ad_set_diag(o[V], o[V], 0), AD_BAD_SHAPE)
ORACLE(set_diag, ad_set_diag(x[0], x[1], 1))

OP(ad_depth_to_space, .covers = "permute")
CASE(depth_to_space, ad_depth_to_space(x[0], 2), ON(S(2, 1, 3, 8)), .linear = true)
CASE(depth_to_space_by_1, ad_depth_to_space(x[0], 1), ON(S(1, 2, 2, 3)), .linear = true)
CASE(depth_to_space_of_nothing, ad_depth_to_space(x[0], 2), ON(S(0, 2, 2, 4)), .linear = true)
CALL(depth_to_space, ad_depth_to_space(ad_reshape(o[A], AD_SHAPE(1, 2, 3, 1)), 1), .says = "reshape",
    .uses = BIT(A), .any_type = BIT(A))
BAD(depth_to_space, ad_depth_to_space(o[A], 1), AD_BAD_SHAPE)
BAD(depth_to_space, ad_depth_to_space(ad_reshape(o[A], AD_SHAPE(1, 1, 1, 6)), 2), AD_BAD_SHAPE)
BAD(depth_to_space, ad_depth_to_space(ad_reshape(o[A], AD_SHAPE(1, 1, 1, 6)), 0), AD_BAD_SHAPE)
ORACLE(depth_to_space, ad_depth_to_space(x[0], 2))

OP(ad_space_to_depth, .covers = "permute")
CASE(space_to_depth, ad_space_to_depth(x[0], 2), ON(S(2, 2, 6, 2)), .linear = true)
CASE(space_to_depth_and_back, ad_depth_to_space(ad_space_to_depth(x[0], 3), 3), ON(S(1, 3, 6, 1)),
    .linear = true)
CASE(space_to_depth_of_nothing, ad_space_to_depth(x[0], 2), ON(S(1, 2, 2, 0)), .linear = true)
CALL(space_to_depth, ad_space_to_depth(ad_reshape(o[A], AD_SHAPE(1, 2, 3, 1)), 1), .says = "reshape",
    .uses = BIT(A), .any_type = BIT(A))
BAD(space_to_depth, ad_space_to_depth(o[A], 1), AD_BAD_SHAPE)
BAD(space_to_depth, ad_space_to_depth(ad_reshape(o[A], AD_SHAPE(1, 2, 3, 1)), 2), AD_BAD_SHAPE)
BAD(space_to_depth, ad_space_to_depth(ad_reshape(o[A], AD_SHAPE(1, 2, 3, 1)), -1), AD_BAD_SHAPE)
ORACLE(space_to_depth, ad_space_to_depth(x[0], 2))

OP(ad_trace, .covers = "sum")
CASE(trace, ad_trace(x[0]), ON(S(3, 3)), .linear = true)
CASE(trace_batch, ad_trace(x[0]), ON(S(2, 3, 4)), .linear = true)
CASE(trace_nothing, ad_trace(x[0]), ON(S(0, 3)), .linear = true)
CALL(trace, ad_trace(o[A]), .uses = BIT(A))
BAD(trace, ad_trace(o[V]), AD_BAD_SHAPE)
ORACLE(trace, ad_trace(x[0]))
/* clang-format on */
#endif
