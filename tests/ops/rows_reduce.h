/* Rows of the table of operations (test_ops.c says how to read them): reductions, and what runs along an
 * axis. */
#ifndef ADZE_TESTS_ROWS_REDUCE_H
#define ADZE_TESTS_ROWS_REDUCE_H

#include "probe_rows.h"

#include <math.h>

/* clang-format off */
/* A reduction over all axes, and over some: CALL(op, axes), with HOW(bits) the complex form
 * over the axes whose bits are set. */
#define REDUCTIONS(ROW, op, range, CALL, HOW) \
    ROW(op##_over_all, op, ad_##op(x[0]), ON(S(3, 4)), range, HOW(3)) \
    ROW(op##_over_a_vector, op, ad_##op(x[0]), ON(S(7)), range, HOW(1)) \
    ROW(op##_over_first, op, CALL(op, AD_AXES(0)), ON(S(3, 4)), range, HOW(1)) \
    ROW(op##_over_last, op, CALL(op, AD_AXES(-1)), ON(S(3, 4)), range, HOW(2)) \
    ROW(op##_over_middle, op, CALL(op, AD_AXES(1)), ON(S(2, 3, 4)), range, HOW(2)) \
    ROW(op##_over_outer_two, op, CALL(op, AD_AXES(-1, 0)), ON(S(2, 3, 4)), range, HOW(5)) \
    ROW(op##_keeping_first, op, CALL(op, AD_KEEP(0)), ON(S(3, 4)), range, HOW(1)) \
    ROW(op##_keeping_two, op, CALL(op, AD_KEEP(1, -1)), ON(S(2, 3, 4)), range, HOW(6)) \
    ROW(op##_keeping_all, op, CALL(op, AD_KEEP()), ON(S(3, 4)), range, HOW(3)) \
    ROW(op##_over_long_rows, op, CALL(op, AD_AXES(1)), ON(S(2, 300)), range, HOW(2)) \
    ROW(op##_over_long_columns, op, CALL(op, AD_AXES(0)), ON(S(300, 2)), range, HOW(1)) \
    ROW(op##_of_no_columns, op, CALL(op, AD_AXES(0)), ON(S(3, 0)), range, HOW(1))

#define PLAIN(op, axes)        ad_##op##_over(x[0], axes)
#define DDOF_0(op, axes)       ad_##op##_over(x[0], axes, 0)
#define LINEAR_OVER(axes)      LINEAR
#define NOT_OVER(axes)         NOT_ANALYTIC
#define VARIANCE_OVER(axes)    OVER(complex_variance, axes)
#define STD_OVER(axes)         OVER(complex_std, axes)
#define LOGSUMEXP_OVER(axes)   OVER(complex_logsumexp, axes)

#define PROD_OVER(axes)        OVER(complex_prod, axes)
#define NORM(ROW, name, p, range, how) \
    ROW(name##_over_all, norm, ad_norm(x[0], p), ON(S(3, 4)), range, OVER(how, 3)) \
    ROW(name##_over_first, norm, ad_norm_over(x[0], AD_AXES(0), p), ON(S(3, 4)), range, OVER(how, 1)) \
    ROW(name##_over_outer_two, norm, ad_norm_over(x[0], AD_AXES(-1, 0), p), ON(S(2, 3, 4)), range, OVER(how, 5)) \
    ROW(name##_keeping, norm, ad_norm_over(x[0], AD_KEEP(1), p), ON(S(3, 4)), range, OVER(how, 2)) \
    ROW(name##_over_long_rows, norm, ad_norm_over(x[0], AD_KEEP(1), p), ON(S(2, 300)), range, OVER(how, 2)) \
    ROW(name##_of_a_number, norm, ad_norm(x[0], p), ON(NUMBER), range, OVER(how, 0)) \
    ROW(name##_of_no_columns, norm, ad_norm_over(x[0], AD_KEEP(0), p), ON(S(3, 0)), range, OVER(how, 1)) \
    ROW(name##_of_no_rows, norm, ad_norm_over(x[0], AD_KEEP(0), p), ON(S(0, 3)))

#define ad_cumsum_of(x, axis)  ad_cumsum(x, axis, 0)
#define ad_cumprod_of(x, axis) ad_cumprod(x, axis, 0)
#define SCANS(ROW, op) \
    ROW(op##_exclusive, op, ad_##op(x[0], 1, AD_EXCLUSIVE), ON(S(3, 4)), ALONG(complex_##op##_exclusive, 1)) \
    ROW(op##_reverse, op, ad_##op(x[0], 0, AD_REVERSE), ON(S(4, 3)), ALONG(complex_##op##_reverse, 0)) \
    ROW(op##_both, op, ad_##op(x[0], 0, AD_EXCLUSIVE | AD_REVERSE), ON(S(5)), ALONG(complex_##op##_both, 0))
#define TURNED(x) ad_stack(2, (ad_tensor[]){(x)[1], (x)[0]}, 0) /* [[2, 2, 2], [1, 2, 3]] */

#define ALONG_AXES(ROW, op, call, range, form) \
    ROW(op##_along_last, op, call(x[0], -1), ON(S(3, 4)), range, ALONG(form, 1)) \
    ROW(op##_along_first, op, call(x[0], 0), ON(S(3, 4)), range, ALONG(form, 0)) \
    ROW(op##_along_middle, op, call(x[0], 1), ON(S(2, 3, 4)), range, ALONG(form, 1)) \
    ROW(op##_of_a_vector, op, call(x[0], 0), ON(S(5)), range, ALONG(form, 0)) \
    ROW(op##_along_wide_columns, op, call(x[0], 0), ON(S(3, 70)), range, ALONG(form, 0)) \
    ROW(op##_along_long_rows, op, call(x[0], 1), ON(S(2, 300)), range, ALONG(form, 1)) \
    ROW(op##_along_one, op, call(x[0], 1), ON(S(3, 1)), range, ALONG(form, 1)) \
    ROW(op##_of_no_rows, op, call(x[0], 1), ON(S(0, 3)), range, ALONG(form, 1)) \
    ROW(op##_along_nothing, op, call(x[0], 1), ON(S(3, 0)), range, ALONG(form, 1))

#define REDUCE_ROWS(ROW) \
    REDUCTIONS(ROW, sum, AROUND_0, PLAIN, LINEAR_OVER) \
    REDUCTIONS(ROW, mean, AROUND_0, PLAIN, LINEAR_OVER) \
    REDUCTIONS(ROW, variance, AROUND_0, DDOF_0, VARIANCE_OVER) \
    REDUCTIONS(ROW, std, AROUND_0, DDOF_0, STD_OVER) \
    REDUCTIONS(ROW, max, WIDE, PLAIN, NOT_OVER) \
    REDUCTIONS(ROW, min, WIDE, PLAIN, NOT_OVER) \
    REDUCTIONS(ROW, logsumexp, AROUND_0, PLAIN, LOGSUMEXP_OVER) \
    ROW(sum_of_a_number, sum, ad_sum(x[0]), ON(NUMBER), LINEAR) \
    ROW(sum_of_nothing, sum, ad_sum_over(x[0], AD_AXES(0)), ON(S(0, 3)), LINEAR) \
    ROW(mean_of_a_number, mean, ad_mean(x[0]), ON(NUMBER), LINEAR) \
    ROW(max_of_a_number, max, ad_max(x[0]), ON(NUMBER)) \
    ROW(min_of_a_number, min, ad_min(x[0]), ON(NUMBER)) \
    ROW(variance_of_a_number, variance, ad_variance(x[0]), ON(NUMBER), OVER(complex_variance, 0)) \
    ROW(std_of_a_number, std, ad_std(x[0]), ON(NUMBER)) \
    ROW(unbroadcast_number, unbroadcast, ad_unbroadcast(x[0], AD_SCALAR), ON(NUMBER), LINEAR) \
    ROW(logsumexp_of_a_number, logsumexp, ad_logsumexp(x[0]), \
        ON(NUMBER), OVER(complex_logsumexp, 0)) \
    ROW(variance_of_a_sample, variance, ad_variance_over(x[0], AD_AXES(0), 1), \
        ON(S(3, 4)), OVER(complex_sample_variance, 1)) \
    ROW(std_of_a_sample, std, ad_std_over(x[0], AD_KEEP(1), 1), \
        ON(S(3, 4)), OVER(complex_sample_std, 2)) \
    ROW(variance_far_from_0, variance, ad_variance(x[0]), \
        ON(S(9)), BETWEEN(999, 1001), OVER(complex_variance, 1)) \
    ROW(unbroadcast, unbroadcast, ad_unbroadcast(x[0], AD_SHAPE(3, 1)), ON(S(2, 3, 4)), LINEAR) \
    ROW(unbroadcast_to_number, unbroadcast, ad_unbroadcast(x[0], AD_SCALAR), ON(S(2, 3)), LINEAR) \
    ROW(unbroadcast_to_itself, unbroadcast, ad_unbroadcast(x[0], AD_SHAPE(2, 3)), \
        ON(S(2, 3)), LINEAR) \
    ROW(unbroadcast_nothing, unbroadcast, ad_unbroadcast(x[0], AD_SHAPE(1, 3)), \
        ON(S(0, 3)), LINEAR) \
    REDUCTIONS(ROW, prod, AROUND_0, PLAIN, PROD_OVER) \
    ROW(prod_of_a_number, prod, ad_prod(x[0]), ON(NUMBER), LINEAR) \
    ROW(prod_of_nothing, prod, ad_prod_over(x[0], AD_AXES(0)), ON(S(0, 3)), OVER(complex_prod, 1)) \
    ROW(prod_of_a_view, prod, ad_prod_over(ad_transpose(x[0]), AD_AXES(0)), ON(S(2, 3))) \
    ROW(prod_of_zeros, prod, ad_prod_over(ad_relu(x[0]), AD_AXES(1)), ON(S(5, 3))) \
    NORM(ROW, norm_1, 1, AROUND_0, complex_norm_1) \
    NORM(ROW, norm_2, 2, AROUND_0, complex_norm_2) \
    NORM(ROW, norm_3, 3, AROUND_0, complex_norm_3) \
    NORM(ROW, norm_of_one_half, 0.5, ABOVE_1, complex_norm_one_half) \
    ROW(norm_infinite, norm, ad_norm(x[0], INFINITY), ON(S(3, 4)), WIDE) \
    ROW(norm_infinite_over_first, norm, ad_norm_over(x[0], AD_AXES(0), INFINITY), ON(S(3, 4)), WIDE) \
    ALONG_AXES(ROW, softmax, ad_softmax, AROUND_0, complex_softmax) \
    ALONG_AXES(ROW, log_softmax, ad_log_softmax, AROUND_0, complex_log_softmax) \
    ALONG_AXES(ROW, cumsum, ad_cumsum_of, AROUND_0, complex_cumsum) \
    ALONG_AXES(ROW, cumprod, ad_cumprod_of, INSIDE_1, complex_cumprod) \
    SCANS(ROW, cumsum) \
    SCANS(ROW, cumprod) \
    ROW(cumprod_of_zeros, cumprod, ad_cumprod(ad_relu(x[0]), 1, 0), ON(S(4, 4))) \
    ROW(sort, sort, ad_sort(x[0], -1, false).values, ON(S(3, 4))) \
    ROW(sort_first_axis, sort, ad_sort(x[0], 0, false).values, ON(S(5, 3))) \
    ROW(sort_descending, sort, ad_sort(x[0], 1, true).values, ON(S(2, 3, 4))) \
    ROW(sort_many, sort, ad_sort(x[0], 0, false).values, ON(S(100)), BETWEEN(-300, 300)) \
    ROW(sort_nothing, sort, ad_sort(x[0], 1, false).values, ON(S(3, 0))) \
    ROW(top_2, sort, ad_top_k(x[0], -1, 2).values, ON(S(3, 4))) \
    ROW(top_3_of_first_axis, sort, ad_top_k(x[0], 0, 3).values, ON(S(5, 3))) \
    ROW(top_0, sort, ad_top_k(x[0], 1, 0).values, ON(S(3, 4))) \
    ROW(mean_of_moments, mean, ad_moments_over(x[0], AD_KEEP(1), 0).mean, ON(S(3, 4)), LINEAR) \
    ROW(variance_of_moments, variance, ad_moments(x[0]).variance, ON(S(3, 4)), OVER(complex_variance, 3)) \
    ROW(sample_moments, variance, ad_moments_over(x[0], AD_AXES(0), 1).variance, \
        ON(S(3, 4)), OVER(complex_sample_variance, 1))

/* Of a = [1, 2, 3] and b = [2, 2, 2], as MASK_VALUES. */
#define FOUND_VALUES(ROW) \
    ROW(argmax, argmax, ad_argmax_over(TURNED(x), AD_AXES(0)), 0, 0, 1) \
    ROW(argmin, argmin, ad_argmin_over(TURNED(x), AD_AXES(0)), 1, 0, 0) \
    ROW(argmax_over_all, argmax, ad_broadcast_to(ad_argmax(x[0]), AD_SHAPE(3)), 2, 2, 2) \
    ROW(argmin_keeping, argmin, ad_broadcast_to(ad_argmin_over(x[0], AD_KEEP(0)), AD_SHAPE(3)), 0, 0, 0) \
    ROW(argsort, argsort, ad_argsort(ad_square(ad_sub(x[0], 2.25)), 0, false), 1, 2, 0) \
    ROW(argsort_descending, argsort, ad_argsort(x[0], 0, true), 2, 1, 0) \
    ROW(indices_of_sort, argsort, ad_sort(x[0], 0, true).indices, 2, 1, 0) \
    ROW(count_nonzero, count_nonzero, ad_count_nonzero_over(ad_sub(TURNED(x), 2), AD_AXES(0)), 1, 0, 1) \
    ROW(all, all, ad_all_over(ad_greater(TURNED(x), 1), AD_AXES(0)), 0, 1, 1) \
    ROW(any, any, ad_any_over(ad_less(TURNED(x), 2), AD_AXES(0)), 1, 0, 0)
/* clang-format on */

#endif
