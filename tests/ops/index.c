/* Operations that pick by integers. rows.h says how a row reads. */
#ifndef ROWS
#define ROWS   "index.c"
#define FAMILY index_rows
#include "rows.h"

#include <string.h>

static const int32_t picks[] = {2, 0, 2, 1};
static const int64_t far_picks[] = {1, 1, 0, 2, 0, 0};
static const uint8_t near_picks[] = {0, 2};
static const int32_t run_of_picks[] = {1, 2, 3, 0, 1}, pairs[] = {2, 0, 2, 1, 3, 3};

static ad_tensor gather(ad_tape *t, ad_tensor x, uint64_t choice)
{
    int axis = axis_of(x, choice);
    ad_type type = choice >> 60 & 1 ? AD_I32 : AD_I64;
    return ad_gather(x, number_list(t, type, 3, choice, extent_of(x, axis)), axis);
}

static ad_tensor take_along(ad_tape *t, ad_tensor x, uint64_t choice)
{
    int axis = axis_of(x, choice);
    ad_shape s = ad_shape_of(x);
    int64_t extent = s.dim[axis], n = 1;
    s.dim[axis] = 2;
    for (int i = 0; i < s.rank; i++)
        n *= s.dim[i];
    return ad_take_along_axis(x, ad_reshape(number_list(t, AD_I64, n, choice, extent), s), axis);
}

/* Far from ties: an update is far above what it meets, or far below it. */
static ad_tensor scatter_extreme(ad_tape *t, ad_tensor x, uint64_t choice)
{
    int axis = axis_of(x, choice);
    ad_shape one = {.rank = ad_shape_of(x).rank, .dim = {1, 1, 1, 1, 1, 1, 1, 1}};
    ad_tensor index = number_list(t, AD_I64, 3, choice, extent_of(x, axis));
    ad_tensor up = ad_cast(number_list(t, AD_BOOL, 3, choice >> 20, 2), ad_read(x).type);
    one.dim[axis] = 3;
    ad_tensor far = ad_reshape(ad_mul(ad_sub(up, 0.5), 40), one);
    ad_tensor updates = ad_add(ad_gather(x, index, axis), far);
    return choice >> 7 & 1 ? ad_scatter_max(x, index, updates, axis)
                           : ad_scatter_min(x, index, updates, axis);
}

static ad_tensor scatter(ad_tape *t, ad_tensor x, uint64_t choice,
                         ad_tensor (*with)(ad_tensor, ad_tensor, ad_tensor, int))
{
    int axis = axis_of(x, choice);
    ad_tensor index = number_list(t, AD_I64, 3, choice, extent_of(x, axis));
    return with(x, index, ad_gather(ad_sin(x), index, axis), axis);
}

/* x [3, 2] times the updates [4, 2] at picks. */
static void complex_scatter_mul(const ad_shape *shape, const double _Complex *const *x,
                                double _Complex *y)
{
    (void)shape;
    memcpy(y, x[0], 6 * sizeof *y);
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 2; j++)
            y[2 * (size_t)picks[i] + j] *= x[1][2 * i + j];
}

/* Differences know nothing of constants: no index is the padding. */
static ad_tensor padded(ad_tape *t, ad_tensor x, uint64_t choice)
{
    int64_t n = extent_of(x, 0);
    ad_tensor twice = ad_concat(2, (ad_tensor[]){x, x}, 0);
    return ad_embedding_padded(twice, number_list(t, AD_I64, 3, choice, n), 2 * n - 1);
}

#include "read_rows.h"
#else

/* clang-format off */
OP(ad_gather, .needs_axes = true)
CASE(gather_rows, ad_gather(x[0], FROZEN(picks, 4), 0), ON(S(3, 2)), .linear = true)
CASE(gather_columns, ad_gather(x[0], FROZEN(far_picks, 4), -1), ON(S(2, 3)), .linear = true)
CASE(gather_middle, ad_gather(x[0], FROZEN(near_picks, 2), 1), ON(S(2, 3, 2)), .linear = true)
CASE(gather_by_matrix, ad_gather(x[0], FROZEN(picks, 2, 2), 1), ON(S(2, 3, 2)), .linear = true)
CASE(gather_transposed, ad_gather(x[0], ad_transpose(FROZEN(far_picks, 2, 2)), 0), ON(S(3)),
    .linear = true)
CASE(gather_one, ad_gather(x[0], ad_constant(t, AD_I32, 1), 1), ON(S(2, 3)), .linear = true)
CASE(gather_from_nothing, ad_gather(x[0], FROZEN(picks, 4), 0), ON(S(3, 0)), .linear = true)
CASE(gather_nothing, ad_gather(x[0], FROZEN(picks, 0), 0), ON(S(3, 2)), .linear = true)
CASE(gather_a_run, ad_gather(x[0], FROZEN(run_of_picks, 5), 0), ON(S(5, 2)), .linear = true)
GRAPH(gather(t, *x, choice), .fits = FIT_FULL_AXIS)
CALL(gather, ad_gather(o[A], o[L], 0), .uses = BIT(A) | BIT(L), .any_type = BIT(A))
BAD(gather, ad_gather(o[A], o[L], 2), AD_BAD_SHAPE)
BAD(gather, ad_gather(o[A], ad_constant(o[A].tape, AD_I64, -1), 0), AD_DOMAIN)
BAD(gather, ad_gather(o[A], ad_constant(o[A].tape, AD_U8, 2), 0), AD_DOMAIN)
ORACLE(gather, ad_gather(x[0], FROZEN(picks, 4), 0))

OP(ad_index_select, .needs_axes = true)
CASE(index_select, ad_index_select(x[0], FROZEN(picks, 4), 1), ON(S(2, 3, 2)), .linear = true)
CASE(index_select_from_nothing, ad_index_select(x[0], FROZEN(picks, 4), 0), ON(S(3, 0)),
    .linear = true)
GRAPH(ad_index_select(*x, number_list(t, AD_I32, 3, choice, extent_of(*x, axis_of(*x, choice))), axis_of(*x, choice)),
    .fits = FIT_FULL_AXIS)
CALL(index_select, ad_index_select(o[A], o[L], 0), .uses = BIT(A) | BIT(L), .any_type = BIT(A))
BAD(index_select, ad_index_select(o[A], o[L], -3), AD_BAD_SHAPE)
ORACLE(index_select, ad_index_select(x[0], FROZEN(picks, 4), 1))

OP(ad_embedding, .needs_axes = true)
CASE(embedding, ad_embedding(x[0], FROZEN(far_picks, 2, 3)), ON(S(3, 4)), .linear = true)
CASE(embedding_in_nothing, ad_embedding(x[0], FROZEN(picks, 4)), ON(S(3, 0)), .linear = true)
CASE(embedding_of_bytes, ad_embedding(x[0], FROZEN(near_picks, 2)), ON(S(4, 2)), .linear = true)
GRAPH(ad_embedding(*x, number_list(t, AD_I64, 3, choice, extent_of(*x, 0))), .fits = FIT_FULL_AXIS)
CALL(embedding, ad_embedding(o[A], o[L]), .uses = BIT(A) | BIT(L), .any_type = BIT(A))
BAD(embedding, ad_embedding(o[A], ad_constant(o[A].tape, AD_I64, 2)), AD_DOMAIN)
ORACLE(embedding, ad_embedding(x[0], FROZEN(picks, 4)))

OP(ad_embedding_padded, .needs_axes = true)
CASE(embedding_padded, ad_embedding_padded(x[0], FROZEN(far_picks, 2, 3), 3), ON(S(4, 2)),
    .linear = true)
CASE(embedding_padded_in_nothing, ad_embedding_padded(x[0], FROZEN(picks, 4), 0), ON(S(3, 0)),
    .linear = true)
CASE(embedding_padded_of_bytes, ad_embedding_padded(x[0], FROZEN(near_picks, 2), 1), ON(S(4, 2)),
    .linear = true)
GRAPH(padded(t, *x, choice), .fits = FIT_FULL_AXIS)
CALL(embedding_padded, ad_embedding_padded(o[A], o[L], 1), .uses = BIT(A) | BIT(L),
    .any_type = BIT(A))
BAD(embedding_padded, ad_embedding_padded(o[A], o[L], 2), AD_DOMAIN)
BAD(embedding_padded, ad_embedding_padded(o[A], o[L], -1), AD_DOMAIN)
BAD(embedding_padded, ad_embedding_padded(o[A], ad_constant(o[A].tape, AD_I64, 2), 0), AD_DOMAIN)
ORACLE(embedding_padded, ad_embedding_padded(x[0], FROZEN(far_picks, 2), 0))

OP(ad_take_along_axis, .needs_axes = true)
CASE(take_along_last, ad_take_along_axis(x[0], FROZEN(far_picks, 2, 3), 1), ON(S(2, 4)),
    .linear = true)
CASE(take_along_first, ad_take_along_axis(x[0], FROZEN(far_picks, 3, 2), 0), ON(S(4, 2)),
    .linear = true)
CASE(take_along_middle, ad_take_along_axis(x[0], FROZEN(picks, 2, 1, 2), -2), ON(S(2, 3, 2)),
    .linear = true)
CASE(take_along_nothing, ad_take_along_axis(x[0], FROZEN(picks, 0), 0), ON(S(3)), .linear = true)
CASE(take_along_an_empty_axis, ad_take_along_axis(x[0], FROZEN(picks, 3, 0), 0), ON(S(4, 0)),
    .linear = true)
GRAPH(take_along(t, *x, choice), .fits = FIT_FULL_AXIS)
CALL(take_along_axis, ad_take_along_axis(o[V], o[L], 0), .uses = BIT(V) | BIT(L),
    .any_type = BIT(V))
BAD(take_along_axis, ad_take_along_axis(o[A], o[L], 0), AD_BAD_SHAPE)
ORACLE(take_along_axis, ad_take_along_axis(x[0], FROZEN(pairs, 3, 2), 1))

OP(ad_scatter_add, .needs_axes = true)
CASE(scatter_add, ad_scatter_add(x[0], FROZEN(picks, 4), x[1], 0), ON(S(3, 2), S(4, 2)),
    .linear = true)
CASE(scatter_add_on_equal_shapes, ad_scatter_add(x[0], FROZEN(picks, 4), x[1], 0),
    ON(S(4, 2), S(4, 2)), .linear = true)
CASE(scatter_add_columns, ad_scatter_add(x[0], FROZEN(near_picks, 2), x[1], -1),
    ON(S(2, 4), S(2, 2)), .linear = true)
CASE(scatter_add_by_matrix, ad_scatter_add(x[0], FROZEN(picks, 2, 2), x[1], 1),
    ON(S(2, 3, 2), S(2, 2, 2, 2)), .linear = true)
CASE(scatter_add_nothing, ad_scatter_add(x[0], FROZEN(picks, 0), x[1], 0), ON(S(3, 2), S(0, 2)),
    .linear = true)
CASE(scatter_add_and_gather,
    ad_mul(ad_scatter_add(x[0], FROZEN(picks, 4), ad_gather(x[0], FROZEN(picks, 4), 0), 0), x[0]),
    ON(S(3)))
GRAPH(scatter(t, *x, choice, ad_scatter_add), .fits = FIT_FULL_AXIS)
CALL(scatter_add, ad_scatter_add(o[A], o[L], o[B], 0), .uses = BIT(A) | BIT(L) | BIT(B))
BAD(scatter_add, ad_scatter_add(o[A], o[L], o[C], 0), AD_BAD_SHAPE)
BAD(scatter_add, ad_scatter_add(o[A], o[L], o[B], 5), AD_BAD_SHAPE)
ORACLE(scatter_add, ad_scatter_add(x[0], FROZEN(picks, 4), x[1], 0))

OP(ad_scatter_set, .needs_axes = true)
CASE(scatter_set, ad_scatter_set(x[0], FROZEN(near_picks, 2), x[1], 0), ON(S(4, 2), S(2, 2)),
    .linear = true)
CASE(scatter_set_on_equal_shapes, ad_scatter_set(x[0], FROZEN(pairs, 4), x[1], 0),
    ON(S(4, 2), S(4, 2)), .linear = true)
CASE(scatter_set_columns, ad_scatter_set(x[0], FROZEN(near_picks, 2), x[1], -1),
    ON(S(2, 4), S(2, 2)), .linear = true)
CASE(scatter_set_by_matrix, ad_scatter_set(x[0], FROZEN(picks, 2, 2), x[1], 1),
    ON(S(2, 4, 2), S(2, 2, 2, 2)), .linear = true)
CASE(scatter_set_nothing, ad_scatter_set(x[0], FROZEN(far_picks, 0), x[1], 0), ON(S(3, 2), S(0, 2)),
    .linear = true)
CASE(scatter_set_in_nothing, ad_scatter_set(x[0], FROZEN(picks, 4), x[1], 0), ON(S(3, 0), S(4, 0)),
    .linear = true)
CASE(scatter_set_and_gather,
    ad_mul(ad_scatter_set(x[0], FROZEN(near_picks, 2), ad_square(ad_gather(x[0], FROZEN(near_picks, 2), 0)), 0), x[0]),
    ON(S(4)))
GRAPH(scatter(t, *x, choice, ad_scatter_set), .fits = FIT_FULL_AXIS)
CALL(scatter_set, ad_scatter_set(o[A], o[L], o[B], 0), .uses = BIT(A) | BIT(L) | BIT(B))
BAD(scatter_set, ad_scatter_set(o[A], o[L], o[C], 0), AD_BAD_SHAPE)
BAD(scatter_set, ad_scatter_set(o[A], o[L], o[B], -3), AD_BAD_SHAPE)
BAD(scatter_set, ad_scatter_set(o[A], o[L], o[M], 0), AD_BAD_TYPE)
ORACLE(scatter_set, ad_scatter_set(x[0], FROZEN(picks, 3), x[1], -1))

OP(ad_scatter_min, .needs_axes = true, .not_analytic = true)
CASE(scatter_min, ad_scatter_min(x[0], FROZEN(picks, 4), x[1], 0), ON(S(3, 2), S(4, 2)),
    .range = {-30, 30})
CASE(scatter_min_on_equal_shapes, ad_scatter_min(x[0], FROZEN(picks, 4), x[1], 0),
    ON(S(4, 2), S(4, 2)), .range = {-30, 30})
CASE(scatter_min_nothing, ad_scatter_min(x[0], FROZEN(far_picks, 0), x[1], 0), ON(S(3, 2), S(0, 2)))
GRAPH(scatter_extreme(t, *x, choice & ~(uint64_t)128), .fits = FIT_FULL_AXIS, .domain = DISTINCT)
CALL(scatter_min, ad_scatter_min(o[A], o[L], o[B], 0), .uses = BIT(A) | BIT(L) | BIT(B))
BAD(scatter_min, ad_scatter_min(o[A], o[L], o[C], 0), AD_BAD_SHAPE)
BAD(scatter_min, ad_scatter_min(o[M], o[L], o[M], 0), AD_BAD_TYPE)
ORACLE(scatter_min, ad_scatter_min(x[0], FROZEN(picks, 4), x[1], 0))

OP(ad_scatter_max, .needs_axes = true, .not_analytic = true)
CASE(scatter_max, ad_scatter_max(x[0], FROZEN(picks, 4), x[1], 0), ON(S(3, 2), S(4, 2)),
    .range = {-30, 30})
CASE(scatter_max_on_equal_shapes, ad_scatter_max(x[0], FROZEN(picks, 4), x[1], 0),
    ON(S(4, 2), S(4, 2)), .range = {-30, 30})
CASE(scatter_max_columns, ad_scatter_max(x[0], FROZEN(near_picks, 2), x[1], -1),
    ON(S(2, 4), S(2, 2)), .range = {-30, 30})
CASE(scatter_max_by_matrix, ad_scatter_max(x[0], FROZEN(picks, 2, 2), x[1], 1),
    ON(S(2, 3, 2), S(2, 2, 2, 2)), .range = {-30, 30})
CASE(scatter_max_in_nothing, ad_scatter_max(x[0], FROZEN(picks, 4), x[1], 0), ON(S(3, 0), S(4, 0)))
GRAPH(scatter_extreme(t, *x, choice | 128), .fits = FIT_FULL_AXIS, .domain = DISTINCT)
CALL(scatter_max, ad_scatter_max(o[A], o[L], o[B], 0), .uses = BIT(A) | BIT(L) | BIT(B))
BAD(scatter_max, ad_scatter_max(o[A], o[L], o[C], 0), AD_BAD_SHAPE)
BAD(scatter_max, ad_scatter_max(o[A], o[L], o[B], 2), AD_BAD_SHAPE)
ORACLE(scatter_max, ad_scatter_max(x[0], FROZEN(picks, 4), x[1], 0))

OP(ad_scatter_mul, .needs_axes = true)
CASE(scatter_mul, ad_scatter_mul(x[0], FROZEN(picks, 4), x[1], 0), ON(S(3, 2), S(4, 2)),
    .whole = complex_scatter_mul)
CASE(scatter_mul_on_equal_shapes, ad_scatter_mul(x[0], FROZEN(picks, 4), x[1], 0),
    ON(S(4, 2), S(4, 2)))
CASE(scatter_mul_columns, ad_scatter_mul(x[0], FROZEN(near_picks, 2), x[1], -1),
    ON(S(2, 4), S(2, 2)))
CASE(scatter_mul_by_matrix, ad_scatter_mul(x[0], FROZEN(far_picks, 2, 2), x[1], 1),
    ON(S(2, 3, 2), S(2, 2, 2, 2)))
CASE(scatter_mul_of_zeros, ad_scatter_mul(ad_relu(x[0]), FROZEN(far_picks, 6), ad_relu(x[1]), 0),
    ON(S(3, 2), S(6, 2)))
CASE(scatter_mul_nothing, ad_scatter_mul(x[0], FROZEN(far_picks, 0), x[1], 0), ON(S(3, 2), S(0, 2)))
CASE(scatter_mul_in_nothing, ad_scatter_mul(x[0], FROZEN(picks, 4), x[1], 0), ON(S(3, 0), S(4, 0)))
GRAPH(scatter(t, *x, choice, ad_scatter_mul), .fits = FIT_FULL_AXIS)
CALL(scatter_mul, ad_scatter_mul(o[A], o[L], o[B], 0), .uses = BIT(A) | BIT(L) | BIT(B))
BAD(scatter_mul, ad_scatter_mul(o[A], o[L], o[C], 0), AD_BAD_SHAPE)
BAD(scatter_mul, ad_scatter_mul(o[M], o[L], o[M], 0), AD_BAD_TYPE)
ORACLE(scatter_mul, ad_scatter_mul(x[0], FROZEN(picks, 4), x[1], 0))

OP(ad_one_hot)
VALUES(one_hot,
    ad_gather(ad_one_hot(ad_cast(x[0], AD_I32), 4, AD_F64), ad_constant(t, AD_I32, 1), 1), 1, 0, 0)
CALL(one_hot, ad_one_hot(o[L], 2, AD_F64), .uses = BIT(L))
BAD(one_hot, ad_one_hot(o[L], 1, AD_F64), AD_DOMAIN)
BAD(one_hot, ad_one_hot(o[L], 2, (ad_type)77), AD_BAD_TYPE)
BAD(one_hot, ad_one_hot(o[L], -1, AD_F64), AD_BAD_SHAPE)
ORACLE(one_hot, ad_one_hot(ad_cast(x[0], AD_I32), 5, AD_F64))
/* clang-format on */
#endif
