/* The edges of reductions and of what runs along an axis (probe_edges.h says how to read a row; those
 * of the commonest are in test_edges.c): zeros among factors, ties, NaN, nothing at all. */
#include "probe_edges.h"
#include "suite.h"

#include <stdint.h>

static const bool mask[] = {true, false, true}, yes[] = {true, true};
static const int64_t integers[] = {3, INT64_MAX, -4, INT64_MAX, INT64_MIN};
static const uint8_t bytes[] = {0, 200, 255, 0, 255};

/* A result without derivative, in a's type and beside a path that has one. */
#define VALUES(x) \
    ad_add(ad_cast(x, ad_read(a).type), ad_mul(ad_sum(ad_where(ad_isfinite(a), a, 0)), 0))

/* clang-format off */
#define PRODUCTS(ROW) \
    ROW(prod_with_a_0, ad_prod(a), L(2, 0, 3), L(1), L(0), L(0, 6, 0)) \
    ROW(prod_with_two_0, ad_prod(a), L(2, 0, 3, 0), L(1), L(0), L(0, 0, 0, 0)) \
    ROW(prod_in_f64, ad_prod(a), L(1e30, 1e30, 1e-30, 1e-30), L(1), L(1), L(1e-30, 1e-30, 1e30, 1e30)) \
    ROW(prod_passes_nan_on, ad_prod(a), L(2, NAN), L(1), L(NAN), L(NAN, 2)) \
    ROW(cumprod_with_a_0, ad_cumprod(a, 0, 0), L(2, 0, 3), L(1, 1, 1), L(2, 0, 0), L(1, 8, 0)) \
    ROW(cumprod_with_two_0, ad_cumprod(a, 0, 0), L(0, 3, 0), L(1, 1, 1), L(0, 0, 0), L(4, 0, 0)) \
    ROW(cumprod_exclusive, ad_cumprod(a, 0, AD_EXCLUSIVE), L(2, 0, 3), L(1, 1, 1), L(1, 2, 0), L(1, 2, 0)) \
    ROW(cumprod_reverse, ad_cumprod(a, 0, AD_REVERSE), L(2, 0, 3), L(1, 1, 1), L(0, 0, 3), L(0, 9, 1)) \
    ROW(cumsum_exclusive, ad_cumsum(a, 0, AD_EXCLUSIVE), L(2, 5, 3), L(1, 10, 100), L(0, 2, 7), L(110, 100, 0)) \
    ROW(cumsum_reverse, ad_cumsum(a, 0, AD_REVERSE), L(2, 5, 3), L(1, 10, 100), L(10, 8, 3), L(1, 11, 111)) \
    ROW(cumsum_reverse_and_exclusive, ad_cumsum(a, 0, AD_REVERSE | AD_EXCLUSIVE), \
        L(2, 5, 3), L(1, 10, 100), L(8, 3, 0), L(0, 1, 11)) \
    SAYS("logcumsumexp of -inf", "-inf, with gradient 0; so is the first result with AD_EXCLUSIVE") \
    ROW(logcumsumexp_of_minus_inf, ad_logcumsumexp(a, 0, 0), \
        L(-INF, -INF, 2, -INF), L(1, 2, 4, 8), L(-INF, -INF, 2, 2), L(0, 0, 12, 0)) \
    ROW(logcumsumexp_exclusive, ad_logcumsumexp(a, 0, AD_EXCLUSIVE), \
        L(1, 1, 5), L(1, 2, 4), L(-INF, 1, 1.6931471805599453), L(4, 2, 0)) \
    ROW(logcumsumexp_reverse, ad_logcumsumexp(a, 0, AD_REVERSE), \
        L(-1e4, 1, 1), L(1, 2, 4), L(1.6931471805599453, 1.6931471805599453, 1), L(0, 1.5, 5.5)) \
    ROW(logcumsumexp_does_not_overflow, ad_logcumsumexp(a, 0, 0), \
        L(1e4, 1e4, -1e4, 1e5), L(1, 2, 4, 8), L(1e4, 10000.693147180560, 10000.693147180560, 1e5), L(4, 3, 0, 8)) \
    ROW(logcumsumexp_of_inf, ad_logcumsumexp(a, 0, 0), L(1, INF, 3), L(1, 0, 0), L(1, INF, INF), L(1, 0, 0)) \
    ROW(logcumsumexp_passes_nan_on, ad_logcumsumexp(a, 0, 0), L(1, NAN, INF), L(1, 0, 0), L(1, NAN, NAN), L(1, 0, 0))

#define NORMS(ROW) \
    ROW(norm_2_at_0, ad_norm(a, 2), L(0, 0), L(1), L(0), L(0, 0)) \
    ROW(norm_1_at_0, ad_norm(a, 1), L(0, -2), L(1), L(2), L(0, -1)) \
    ROW(norm_inf_at_0, ad_norm(a, INFINITY), L(0, 0), L(1), L(0), L(0, 0)) \
    ROW(norm_inf_shares_among_ties, ad_norm(a, INFINITY), L(3, -3, 1), L(1), L(3), L(0.5, -0.5, 0)) \
    ROW(norm_one_half_at_0, ad_norm(a, 0.5), L(0, 4), L(1), L(4), L(0, 1)) \
    ROW(norm_2_does_not_overflow, ad_norm(a, 2), L(3e30, -4e30), L(1), L(5e30), L(0.6, -0.8)) \
    ROW(norm_2_does_not_underflow, ad_norm(a, 2), L(3e-30, -4e-30), L(1), L(5e-30), L(0.6, -0.8)) \
    ROW(norm_passes_nan_on, ad_norm(a, 2), L(1, NAN), L(1), L(NAN), L(NAN, NAN)) \
    ROW(norm_inf_passes_nan_on, ad_norm(a, INFINITY), L(NAN, 1), L(1), L(NAN), L(NAN, 0)) \
    ROW(norm_of_infinity, ad_norm(a, 2), L(INF, 1), L(1), L(INF), L(NAN, 0))

#define ORDER(ROW) \
    ROW(sort_puts_nan_last, ad_sort(a, 0, false).values, \
        L(3, NAN, -INF, 1), L(1, 2, 3, 4), L(-INF, 1, 3, NAN), L(3, 4, 1, 2)) \
    ROW(sort_descending_puts_nan_first, ad_sort(a, 0, true).values, \
        L(3, NAN, INF, 1), L(1, 2, 3, 4), L(NAN, INF, 3, 1), L(3, 1, 2, 4)) \
    ROW(sort_keeps_the_order_of_equals, ad_sort(a, 0, false).values, \
        L(2, 1, 2, 1), L(1, 10, 100, 1000), L(1, 1, 2, 2), L(100, 1, 1000, 10)) \
    ROW(sort_descending_keeps_it_too, ad_sort(a, 0, true).values, \
        L(1, 2, 1, 2), L(1, 10, 100, 1000), L(2, 2, 1, 1), L(100, 1, 1000, 10)) \
    ROW(top_k_leaves_the_rest_0, ad_top_k(a, 0, 2).values, L(1, 4, 4, 3), L(1, 10), L(4, 4), L(0, 1, 10, 0)) \
    ROW(argsort_of_ties_and_nan, VALUES(ad_argsort(a, 0, false)), \
        L(2, NAN, 1, NAN, 1), L(1, 1, 1, 1, 1), L(2, 4, 0, 1, 3), L(0, 0, 0, 0, 0)) \
    ROW(argmax_is_the_first_of_equals, VALUES(ad_argmax(a)), L(1, 3, 3, 2), L(1), L(1), L(0, 0, 0, 0)) \
    ROW(argmin_is_the_first_of_equals, VALUES(ad_argmin(a)), L(3, 1, 1, 2), L(1), L(1), L(0, 0, 0, 0)) \
    ROW(argmax_is_the_first_nan, VALUES(ad_argmax(a)), L(INF, NAN, NAN), L(1), L(1), L(0, 0, 0)) \
    ROW(argmin_is_the_first_nan, VALUES(ad_argmin(a)), L(-INF, 2, NAN), L(1), L(2), L(0, 0, 0)) \
    ROW(argmax_of_minus_inf, VALUES(ad_argmax(a)), L(-INF, -INF), L(1), L(0), L(0, 0)) \
    ROW(argmax_of_integers, VALUES(ad_argmax(WITH(integers, 5))), L(1), L(1), L(1), L(0)) \
    ROW(argmin_of_integers, VALUES(ad_argmin(WITH(integers, 5))), L(1), L(1), L(4), L(0)) \
    ROW(argmax_of_bytes, VALUES(ad_argmax(WITH(bytes, 5))), L(1), L(1), L(2), L(0)) \
    ROW(sort_of_bytes, VALUES(ad_sort(WITH(bytes, 5), 0, true).values), L(1), L(1, 1, 1, 1, 1), L(255, 255, 200, 0, 0), L(0)) \
    ROW(argsort_of_integers, VALUES(ad_argsort(WITH(integers, 5), 0, false)), L(1), L(1, 1, 1, 1, 1), L(4, 2, 0, 1, 3), L(0)) \
    ROW(argmax_of_a_mask, VALUES(ad_argmin(WITH(mask, 3))), L(1), L(1), L(1), L(0)) \
    ROW(nan_is_not_zero, VALUES(ad_count_nonzero(a)), L(NAN, 0, -0.0, INF, 2), L(1), L(3), L(0, 0, 0, 0, 0)) \
    ROW(count_of_bytes, VALUES(ad_count_nonzero(WITH(bytes, 5))), L(1), L(1), L(3), L(0)) \
    ROW(not_all_hold, VALUES(ad_all(WITH(mask, 3))), L(1), L(1), L(0), L(0)) \
    ROW(all_hold, VALUES(ad_all(WITH(yes, 2))), L(1), L(1), L(1), L(0)) \
    ROW(some_hold, VALUES(ad_any(WITH(mask, 3))), L(1), L(1), L(1), L(0)) \
    ROW(all_of_nothing_hold, VALUES(ad_all(WITH(mask, 0))), L(1), L(1), L(1), L(0)) \
    ROW(none_of_nothing_hold, VALUES(ad_any(WITH(mask, 0))), L(1), L(1), L(0), L(0)) \
    ROW(none_of_nothing_are_counted, VALUES(ad_count_nonzero(WITH(bytes, 0))), L(1), L(1), L(0), L(0))

#define EDGES_OF_NOTHING(ROW) \
    ROW(prod_of_nothing, ad_prod(a), 1) \
    ROW(norm_of_nothing, ad_norm(a, 2), 0) \
    ROW(norm_inf_of_nothing, ad_norm(a, INFINITY), 0)
/* clang-format on */

#define EDGES(ROW) \
    PRODUCTS(ROW)  \
    NORMS(ROW)     \
    ORDER(ROW)

EDGES(FUNCTION)
EDGES_OF_NOTHING(FUNCTION)

static const edge edges[] = {EDGES(ONE) EDGES_OF_NOTHING(NONE)};
const edge_table the_edges = {edges, sizeof edges / sizeof *edges};

int main(void)
{
    Suite *suite = suite_create("edges of reductions");
    suite_add_tcase(suite, edge_rows());
    return run_suite(suite);
}
