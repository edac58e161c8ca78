/* Reductions, and operations along an axis. rows.h says how a row reads. */
#ifndef ROWS
#define ROWS   "reduce.c"
#define FAMILY reduce_rows
#include "rows.h"

#include <math.h>

/* [[2, 2, 2], [1, 2, 3]] */
#define TURNED(x) ad_stack(2, (ad_tensor[]){(x)[1], (x)[0]}, 0)
#define AXIS      AD_AXES(axis_of(*x, choice))

static ad_tensor variance_over(ad_tensor x, ad_axes axes)
{
    return ad_variance_over(x, axes, 0);
}

static ad_tensor std_over(ad_tensor x, ad_axes axes)
{
    return ad_std_over(x, axes, 0);
}

static ad_tensor cumsum(ad_tensor x, int axis)
{
    return ad_cumsum(x, axis, 0);
}

static ad_tensor cumprod(ad_tensor x, int axis)
{
    return ad_cumprod(x, axis, 0);
}

static ad_tensor logcumsumexp(ad_tensor x, int axis)
{
    return ad_logcumsumexp(x, axis, 0);
}

static ad_tensor norm_1(ad_tensor x)
{
    return ad_norm(x, 1);
}

static ad_tensor norm_1_over(ad_tensor x, ad_axes axes)
{
    return ad_norm_over(x, axes, 1);
}

static ad_tensor norm_2(ad_tensor x)
{
    return ad_norm(x, 2);
}

static ad_tensor norm_2_over(ad_tensor x, ad_axes axes)
{
    return ad_norm_over(x, axes, 2);
}

static ad_tensor norm_3(ad_tensor x)
{
    return ad_norm(x, 3);
}

static ad_tensor norm_3_over(ad_tensor x, ad_axes axes)
{
    return ad_norm_over(x, axes, 3);
}

static ad_tensor norm_of_one_half(ad_tensor x)
{
    return ad_norm(x, 0.5);
}

static ad_tensor norm_of_one_half_over(ad_tensor x, ad_axes axes)
{
    return ad_norm_over(x, axes, 0.5);
}

/* Something flows into both of them. */
static ad_tensor both_moments(ad_tensor x, ad_axes axes)
{
    ad_moments_pair m = ad_moments_over(x, axes, 0);
    return ad_add(ad_mul(m.mean, 3), ad_square(m.variance));
}

static ad_tensor unbroadcast(ad_tensor x, uint64_t choice)
{
    ad_shape s = ad_shape_of(x), y = {.rank = s.rank - 1};
    for (int i = 0; i < y.rank; i++)
        y.dim[i] = choice >> i & 1 ? 1 : s.dim[i + 1];
    return ad_unbroadcast(x, y);
}

#include "read_rows.h"
#else

/* clang-format off */
REDUCTION(ad_sum, ad_sum_over, .linear = true, .fits = FIT_AXIS)
CASE(sum_of_a_number, ad_sum(x[0]), ON(NUMBER), .linear = true)
CASE(sum_of_nothing, ad_sum_over(x[0], AD_AXES(0)), ON(S(0, 3)), .linear = true)
ORACLE(sum, ad_sum_over(x[0], AD_AXES(0)))

REDUCTION(ad_mean, ad_mean_over, .linear = true)
CASE(mean_of_a_number, ad_mean(x[0]), ON(NUMBER), .linear = true)
ORACLE(mean, ad_mean_over(x[0], AD_AXES(-1)))

REDUCTION(ad_variance, variance_over, .list = complex_variance)
CASE(variance_of_a_number, ad_variance(x[0]), ON(NUMBER), OVER(complex_variance, 0))
CASE(variance_of_a_sample, ad_variance_over(x[0], AD_AXES(0), 1), ON(S(3, 4)),
    OVER(complex_sample_variance, 1))
CASE(variance_far_from_0, ad_variance(x[0]), ON(S(9)), .range = {999, 1001},
    OVER(complex_variance, 1))
ORACLE(variance, ad_variance(x[0]))

REDUCTION(ad_std, std_over, .list = complex_std, .domain = RESULT_OFF_ZERO)
CASE(std_of_a_number, ad_std(x[0]), ON(NUMBER))
CASE(std_of_a_sample, ad_std_over(x[0], AD_KEEP(1), 1), ON(S(3, 4)), OVER(complex_sample_std, 2))
ORACLE(std, ad_std_over(x[0], AD_AXES(), 1))

REDUCTION(ad_max, ad_max_over, .range = {-30, 30}, .domain = DISTINCT, .not_analytic = true, .any_type = BIT(A))
CASE(max_of_a_number, ad_max(x[0]), ON(NUMBER))
BAD(max, ad_max(ad_slice(o[A], 0, 1, 1)), AD_BAD_SHAPE)
ORACLE(max, ad_max_over(x[0], AD_AXES(-1)))

REDUCTION(ad_min, ad_min_over, .range = {-30, 30}, .domain = DISTINCT, .not_analytic = true, .any_type = BIT(A))
CASE(min_of_a_number, ad_min(x[0]), ON(NUMBER))
ORACLE(min, ad_min_over(x[0], AD_AXES(0)))

OP(ad_unbroadcast)
CASE(unbroadcast_number, ad_unbroadcast(x[0], AD_SCALAR), ON(NUMBER), .linear = true)
CASE(unbroadcast, ad_unbroadcast(x[0], AD_SHAPE(3, 1)), ON(S(2, 3, 4)), .linear = true)
CASE(unbroadcast_to_number, ad_unbroadcast(x[0], AD_SCALAR), ON(S(2, 3)), .linear = true)
CASE(unbroadcast_to_itself, ad_unbroadcast(x[0], AD_SHAPE(2, 3)), ON(S(2, 3)), .linear = true)
CASE(unbroadcast_nothing, ad_unbroadcast(x[0], AD_SHAPE(1, 3)), ON(S(0, 3)), .linear = true)
GRAPH(unbroadcast(*x, choice), .fits = FIT_AXIS)
CALL(unbroadcast, ad_unbroadcast(o[A], AD_SHAPE(3)), .uses = BIT(A))
BAD(unbroadcast, ad_unbroadcast(o[A], AD_SHAPE(2)), AD_BAD_SHAPE)
BAD(unbroadcast, ad_unbroadcast(o[A], AD_SHAPE(1, 2, 3)), AD_BAD_SHAPE)
ORACLE(unbroadcast, ad_unbroadcast(x[0], AD_SHAPE(1, 1)))

REDUCTION(ad_prod, ad_prod_over, .list = complex_prod)
CASE(prod_of_a_number, ad_prod(x[0]), ON(NUMBER), .linear = true)
CASE(prod_of_nothing, ad_prod_over(x[0], AD_AXES(0)), ON(S(0, 3)), OVER(complex_prod, 1))
CASE(prod_of_a_view, ad_prod_over(ad_transpose(x[0]), AD_AXES(0)), ON(S(2, 3)))
CASE(prod_of_zeros, ad_prod_over(ad_relu(x[0]), AD_AXES(1)), ON(S(5, 3)))
ORACLE(prod, ad_prod_over(x[0], AD_AXES(-1)))

OP(ad_cumsum, .needs_axes = true)
ALONG_CASES(cumsum, cumsum, .list = complex_cumsum)
CASE(cumsum_exclusive, ad_cumsum(x[0], 1, AD_EXCLUSIVE), ON(S(3, 4)),
    BY_LISTS(complex_cumsum_exclusive, 1))
CASE(cumsum_reverse, ad_cumsum(x[0], 0, AD_REVERSE), ON(S(4, 3)),
    BY_LISTS(complex_cumsum_reverse, 0))
CASE(cumsum_both, ad_cumsum(x[0], 0, AD_EXCLUSIVE | AD_REVERSE), ON(S(5)),
    BY_LISTS(complex_cumsum_both, 0))
GRAPH(ad_cumsum(*x, axis_of(*x, choice), (unsigned)(choice >> 8 & 3)), .fits = FIT_FULL_AXIS)
CALL(cumsum, ad_cumsum(o[A], 1, AD_REVERSE), .uses = BIT(A))
BAD(cumsum, ad_cumsum(o[A], 2, 0), AD_BAD_SHAPE)
BAD(cumsum, ad_cumsum(o[A], 0, 4), AD_MISUSE)
ORACLE(cumsum, ad_cumsum(x[0], 1, 0))
ORACLE(cumsum_exclusive, ad_cumsum(x[0], 1, AD_EXCLUSIVE))
ORACLE(cumsum_reverse, ad_cumsum(x[0], 0, AD_REVERSE))

OP(ad_cumprod, .needs_axes = true)
ALONG_CASES(cumprod, cumprod, .range = {-0.6, 0.6}, .list = complex_cumprod)
CASE(cumprod_exclusive, ad_cumprod(x[0], 1, AD_EXCLUSIVE), ON(S(3, 4)),
    BY_LISTS(complex_cumprod_exclusive, 1))
CASE(cumprod_reverse, ad_cumprod(x[0], 0, AD_REVERSE), ON(S(4, 3)),
    BY_LISTS(complex_cumprod_reverse, 0))
CASE(cumprod_both, ad_cumprod(x[0], 0, AD_EXCLUSIVE | AD_REVERSE), ON(S(5)),
    BY_LISTS(complex_cumprod_both, 0))
CASE(cumprod_of_zeros, ad_cumprod(ad_relu(x[0]), 1, 0), ON(S(4, 4)))
GRAPH(ad_cumprod(*x, axis_of(*x, choice), (unsigned)(choice >> 8 & 3)), .fits = FIT_FULL_AXIS)
CALL(cumprod, ad_cumprod(o[A], 1, AD_REVERSE), .uses = BIT(A))
BAD(cumprod, ad_cumprod(o[A], -3, 0), AD_BAD_SHAPE)
BAD(cumprod, ad_cumprod(o[A], 0, AD_REVERSE | 1u << 31), AD_MISUSE)
ORACLE(cumprod, ad_cumprod(x[0], 1, 0))
ORACLE(cumprod_exclusive, ad_cumprod(x[0], 1, AD_EXCLUSIVE))
ORACLE(cumprod_reverse, ad_cumprod(x[0], 0, AD_REVERSE))

OP(ad_logcumsumexp, .needs_axes = true)
ALONG_CASES(logcumsumexp, logcumsumexp, .list = complex_logcumsumexp)
CASE(logcumsumexp_exclusive,
    ad_slice(ad_logcumsumexp(x[0], 1, AD_EXCLUSIVE), 1, 1, 4), ON(S(3, 4)))
CASE(logcumsumexp_reverse, ad_logcumsumexp(x[0], 0, AD_REVERSE), ON(S(4, 3)),
    BY_LISTS(complex_logcumsumexp_reverse, 0))
CASE(logcumsumexp_both, ad_slice(ad_logcumsumexp(x[0], 0, AD_EXCLUSIVE | AD_REVERSE), 0, 0, 4), ON(S(5)))
CASE(logcumsumexp_far_apart, ad_logcumsumexp(ad_mul(x[0], 20), 1, 0), ON(S(4, 5)))
GRAPH(ad_logcumsumexp(*x, axis_of(*x, choice), (unsigned)(choice >> 8 & 1) * AD_REVERSE),
    .fits = FIT_FULL_AXIS)
CALL(logcumsumexp, ad_logcumsumexp(o[A], 1, AD_REVERSE), .uses = BIT(A))
BAD(logcumsumexp, ad_logcumsumexp(o[A], 2, 0), AD_BAD_SHAPE)
BAD(logcumsumexp, ad_logcumsumexp(o[A], 0, 4), AD_MISUSE)
ORACLE(logcumsumexp, ad_logcumsumexp(x[0], 1, 0))
ORACLE(logcumsumexp_reverse, ad_logcumsumexp(x[0], 0, AD_REVERSE))

OP(ad_norm)
REDUCTION_CASES(norm_1, norm_1, norm_1_over, .list = complex_norm_1)
CASE(norm_1_of_a_number, ad_norm(x[0], 1), ON(NUMBER), OVER(complex_norm_1, 0))
CASE(norm_1_of_no_rows, ad_norm_over(x[0], AD_KEEP(0), 1), ON(S(0, 3)))
REDUCTION_CASES(norm_2, norm_2, norm_2_over, .list = complex_norm_2)
CASE(norm_2_of_a_number, ad_norm(x[0], 2), ON(NUMBER), OVER(complex_norm_2, 0))
CASE(norm_2_of_no_rows, ad_norm_over(x[0], AD_KEEP(0), 2), ON(S(0, 3)))
REDUCTION_CASES(norm_3, norm_3, norm_3_over, .list = complex_norm_3)
CASE(norm_3_of_a_number, ad_norm(x[0], 3), ON(NUMBER), OVER(complex_norm_3, 0))
CASE(norm_3_of_no_rows, ad_norm_over(x[0], AD_KEEP(0), 3), ON(S(0, 3)))
REDUCTION_CASES(norm_of_one_half, norm_of_one_half, norm_of_one_half_over, .range = {1.5, 4},
    .list = complex_norm_one_half)
CASE(norm_of_one_half_of_a_number, ad_norm(x[0], 0.5), ON(NUMBER), .range = {1.5, 4},
    OVER(complex_norm_one_half, 0))
CASE(norm_of_one_half_of_no_rows, ad_norm_over(x[0], AD_KEEP(0), 0.5), ON(S(0, 3)))
CASE(norm_infinite, ad_norm(x[0], INFINITY), ON(S(3, 4)), .range = {-30, 30})
CASE(norm_infinite_over_first, ad_norm_over(x[0], AD_AXES(0), INFINITY), ON(S(3, 4)),
    .range = {-30, 30})
GRAPH(choice & 1 ? ad_norm(*x, 3) : ad_norm_over(*x, AXIS, 2), .fits = FIT_FULL_AXIS,
    .domain = POSITIVE)
CALL(norm, ad_norm(o[A], 2), .uses = BIT(A))
CALL(norm_over, ad_norm_over(o[A], AD_AXES(0), 1), .says = "norm", .uses = BIT(A))
BAD(norm, ad_norm_over(o[A], AD_AXES(-3), 2), AD_BAD_SHAPE)
BAD(norm, ad_norm_over(o[A], AD_KEEP(0, 0), 2), AD_BAD_SHAPE)
BAD(norm, ad_norm(o[A], NAN), AD_MISUSE)
BAD(norm, ad_norm(o[A], 0), AD_MISUSE)
ORACLE(norm, ad_norm_over(x[0], AD_AXES(-1), 2))
ORACLE(norm_1, ad_norm_over(x[0], AD_AXES(-1), 1))
ORACLE(norm_3, ad_norm_over(x[0], AD_AXES(-1), 3))
ORACLE(norm_half, ad_norm_over(x[0], AD_AXES(-1), 0.5))
ORACLE(norm_inf, ad_norm_over(x[0], AD_AXES(-1), INFINITY))

REDUCTION(ad_argmax, ad_argmax_over, .any_type = BIT(A))
VALUES(argmax, ad_argmax_over(TURNED(x), AD_AXES(0)), 0, 0, 1)
VALUES(argmax_over_all, ad_broadcast_to(ad_argmax(x[0]), AD_SHAPE(3)), 2, 2, 2)
BAD(argmax, ad_argmax(ad_slice(o[A], 0, 1, 1)), AD_BAD_SHAPE)
ORACLE(argmax, ad_argmax_over(x[0], AD_AXES(-1)))

REDUCTION(ad_argmin, ad_argmin_over, .any_type = BIT(A))
VALUES(argmin, ad_argmin_over(TURNED(x), AD_AXES(0)), 1, 0, 0)
VALUES(argmin_keeping, ad_broadcast_to(ad_argmin_over(x[0], AD_KEEP(0)), AD_SHAPE(3)), 0, 0, 0)
ORACLE(argmin, ad_argmin_over(x[0], AD_AXES(0)))

REDUCTION(ad_count_nonzero, ad_count_nonzero_over, .any_type = BIT(A))
VALUES(count_nonzero, ad_count_nonzero_over(ad_sub(TURNED(x), 2), AD_AXES(0)), 1, 0, 1)
ORACLE(count_nonzero, ad_count_nonzero_over(x[0], AD_AXES(-1)))

REDUCTION(ad_all, ad_all_over, .uses = BIT(M))
VALUES(all, ad_all_over(ad_greater(TURNED(x), 1), AD_AXES(0)), 0, 1, 1)
ORACLE(all, ad_all_over(ad_not_equal(x[0], 0), AD_AXES(-1)))

REDUCTION(ad_any, ad_any_over, .uses = BIT(M))
VALUES(any, ad_any_over(ad_less(TURNED(x), 2), AD_AXES(0)), 1, 0, 0)
ORACLE(any, ad_any_over(ad_not_equal(x[0], 0), AD_AXES(-1)))

OP(ad_argsort)
VALUES(argsort, ad_argsort(ad_square(ad_sub(x[0], 2.25)), 0, false), 1, 2, 0)
VALUES(argsort_descending, ad_argsort(x[0], 0, true), 2, 1, 0)
CALL(argsort, ad_argsort(o[A], 0, true), .uses = BIT(A), .any_type = BIT(A))
BAD(argsort, ad_argsort(o[A], -3, false), AD_BAD_SHAPE)
ORACLE(argsort, ad_argsort(x[0], 1, false))

OP(ad_sort, .not_analytic = true, .needs_axes = true)
CASE(sort, ad_sort(x[0], -1, false).values, ON(S(3, 4)))
CASE(sort_first_axis, ad_sort(x[0], 0, false).values, ON(S(5, 3)))
CASE(sort_descending, ad_sort(x[0], 1, true).values, ON(S(2, 3, 4)))
CASE(sort_many, ad_sort(x[0], 0, false).values, ON(S(100)), .range = {-300, 300})
CASE(sort_nothing, ad_sort(x[0], 1, false).values, ON(S(3, 0)))
VALUES(indices_of_sort, ad_sort(x[0], 0, true).indices, 2, 1, 0)
GRAPH(ad_sort(*x, axis_of(*x, choice), choice >> 8 & 1).values, .fits = FIT_FULL_AXIS,
    .domain = DISTINCT)
CALL(sort, ad_sort(o[A], 0, true).values, .uses = BIT(A), .any_type = BIT(A))
BAD(sort, ad_sort(o[A], 2, false).values, AD_BAD_SHAPE)
ORACLE(sort, ad_sort(x[0], 1, false).values)

REDUCTION(ad_logsumexp, ad_logsumexp_over, .list = complex_logsumexp)
CASE(logsumexp_of_a_number, ad_logsumexp(x[0]), ON(NUMBER), OVER(complex_logsumexp, 0))
ORACLE(logsumexp, ad_logsumexp_over(x[0], AD_AXES(-1)))

ALONG(ad_softmax, .list = complex_softmax, .needs_axes = true)
ORACLE(softmax, ad_softmax(x[0], -1))
ALONG(ad_log_softmax, .list = complex_log_softmax, .needs_axes = true)
ORACLE(log_softmax, ad_log_softmax(x[0], -1))

OP(ad_moments)
CASE(mean_of_moments, ad_moments_over(x[0], AD_KEEP(1), 0).mean, ON(S(3, 4)), .linear = true)
CASE(variance_of_moments, ad_moments(x[0]).variance, ON(S(3, 4)), OVER(complex_variance, 3))
CASE(sample_moments, ad_moments_over(x[0], AD_AXES(0), 1).variance, ON(S(3, 4)),
    OVER(complex_sample_variance, 1))
CASE(both_moments, both_moments(x[0], AD_AXES(-1)), ON(S(3, 4)))
CASE(moments_of_a_number, both_moments(x[0], AD_AXES()), ON(NUMBER))
CASE(moments_of_nothing, both_moments(x[0], AD_AXES(0)), ON(S(3, 0)))
CASE(moments_of_columns, both_moments(x[0], AD_AXES(0)), ON(S(4, 3)))
GRAPH(both_moments(*x, AD_KEEP(axis_of(*x, choice))), .fits = FIT_FULL_AXIS)
CALL(moments, ad_moments(o[A]).variance, .uses = BIT(A))
CALL(moments_over, ad_moments_over(o[A], AD_AXES(0), 1).variance, .says = "moments", .uses = BIT(A))
BAD(moments, ad_moments_over(o[A], AD_AXES(2), 0).mean, AD_BAD_SHAPE)
BAD(moments, ad_moments_over(o[A], AD_KEEP(0, -2), 0).variance, AD_BAD_SHAPE)
BAD(moments, ad_moments_over(o[A], AD_KEEP(0), -1).mean, AD_MISUSE)
ORACLE(moments, ad_moments(x[0]).variance)

OP(ad_top_k, .covers = "sort")
CASE(top_2, ad_top_k(x[0], -1, 2).values, ON(S(3, 4)))
CASE(top_3_of_first_axis, ad_top_k(x[0], 0, 3).values, ON(S(5, 3)))
CASE(top_0, ad_top_k(x[0], 1, 0).values, ON(S(3, 4)))
CALL(top_k, ad_top_k(o[A], 0, 1).values, .uses = BIT(A), .any_type = BIT(A))
BAD(top_k, ad_top_k(o[A], 0, 3).values, AD_BAD_SHAPE)
BAD(top_k, ad_top_k(o[A], 0, -1).indices, AD_MISUSE)
ORACLE(top_k, ad_top_k(x[0], 1, 2).values)
/* clang-format on */
#endif
