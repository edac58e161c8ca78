/* Operations on lists of numbers: values against long double, derivatives against chains of elementary
 * operations; short lists, long ones, constants among them, and edges. */
#include "numbers.h"

enum { MOST = 300 };

/* An operation on two lists of n numbers, of which it may ignore the second. */
typedef struct list {
    const char *name;
    ad_real (*whole)(size_t n, const ad_real *x, const ad_real *y);
    ad_real (*chain)(size_t n, const ad_real *x, const ad_real *y);
    long double (*exact)(size_t n, const ad_real *x, const ad_real *y);
} list;

#define ALONE(name)                                                           \
    static ad_real whole_##name(size_t n, const ad_real *x, const ad_real *y) \
    {                                                                         \
        (void)y;                                                              \
        return ad_##name##_reals(n, x);                                       \
    }
#define CHAIN(name, begin, step, end)                                         \
    static ad_real chain_##name(size_t n, const ad_real *x, const ad_real *y) \
    {                                                                         \
        ad_real all = ad_real_constant(begin);                                \
        (void)y;                                                              \
        for (size_t i = 0; i < n; i++)                                        \
            all = step;                                                       \
        return end;                                                           \
    }
#define EXACT(name, begin, step, end)                                             \
    static long double exact_##name(size_t n, const ad_real *x, const ad_real *y) \
    {                                                                             \
        long double all = begin;                                                  \
        (void)y;                                                                  \
        for (size_t i = 0; i < n; i++) {                                          \
            const long double xi = x[i].value, yi = y[i].value;                   \
            (void)yi;                                                             \
            all = step;                                                           \
        }                                                                         \
        return end;                                                               \
    }

ALONE(sum)
CHAIN(sum, 0, ad_add(all, x[i]), all)
EXACT(sum, 0, all + xi, all)

ALONE(mean)
CHAIN(mean, 0, ad_add(all, x[i]), ad_mul(all, 1 / (double)n))
EXACT(mean, 0, all + xi, all / (long double)n)

ALONE(prod)
CHAIN(prod, 1, ad_mul(all, x[i]), all)
EXACT(prod, 1, all *xi, all)

static double weights[MOST];

static ad_real whole_weighted_sum(size_t n, const ad_real *x, const ad_real *y)
{
    (void)y;
    return ad_weighted_sum_reals(n, weights, x);
}
CHAIN(weighted_sum, 0, ad_muladd(x[i], weights[i], all), all)
EXACT(weighted_sum, 0, all + xi * (long double)weights[i], all)

static ad_real whole_dot(size_t n, const ad_real *x, const ad_real *y)
{
    return ad_dot_reals(n, x, y);
}
CHAIN(dot, 0, ad_muladd(x[i], y[i], all), all)
EXACT(dot, 0, all + xi * yi, all)

static ad_real whole_dot_with_itself(size_t n, const ad_real *x, const ad_real *y)
{
    (void)y;
    return ad_dot_reals(n, x, x);
}
ALONE(squared_norm)
CHAIN(squared_norm, 0, ad_add(all, ad_square(x[i])), all)
EXACT(squared_norm, 0, all + xi * xi, all)

ALONE(norm)
CHAIN(norm, 0, ad_add(all, ad_square(x[i])), n ? ad_sqrt(all) : all)
EXACT(norm, 0, all + xi * xi, sqrtl(all))

static ad_real whole_distance(size_t n, const ad_real *x, const ad_real *y)
{
    return ad_distance_reals(n, x, y);
}
CHAIN(distance, 0, ad_add(all, ad_square(ad_sub(x[i], y[i]))), n ? ad_sqrt(all) : all)
EXACT(distance, 0, all + (xi - yi) * (xi - yi), sqrtl(all))

/* At y[0], whose absolute value is below 1. */
static ad_real whole_polynomial(size_t n, const ad_real *x, const ad_real *y)
{
    return ad_polynomial_reals(n, x, y[0]);
}

static ad_real chain_polynomial(size_t n, const ad_real *x, const ad_real *y)
{
    ad_real all = ad_real_constant(0);
    for (size_t k = n; k-- > 0;)
        all = ad_muladd(all, y[0], x[k]);
    return all;
}

static long double exact_polynomial(size_t n, const ad_real *x, const ad_real *y)
{
    long double all = 0;
    for (size_t k = n; k-- > 0;)
        all = all * y[0].value + x[k].value;
    return all;
}

ALONE(logsumexp)
CHAIN(logsumexp, 0, ad_add(all, ad_exp(x[i])), ad_log(all))
EXACT(logsumexp, 0, all + expl(xi), logl(all))

static const list lists[] = {
    {"sum", whole_sum, chain_sum, exact_sum},
    {"mean", whole_mean, chain_mean, exact_mean},
    {"prod", whole_prod, chain_prod, exact_prod},
    {"weighted_sum", whole_weighted_sum, chain_weighted_sum, exact_weighted_sum},
    {"dot", whole_dot, chain_dot, exact_dot},
    {"dot_with_itself", whole_dot_with_itself, chain_squared_norm, exact_squared_norm},
    {"squared_norm", whole_squared_norm, chain_squared_norm, exact_squared_norm},
    {"norm", whole_norm, chain_norm, exact_norm},
    {"distance", whole_distance, chain_distance, exact_distance},
    {"polynomial", whole_polynomial, chain_polynomial, exact_polynomial},
    {"logsumexp", whole_logsumexp, chain_logsumexp, exact_logsumexp},
};

static const char *list_name(int row)
{
    return lists[row].name;
}

/* ---- at ordinary points ------------------------------------------------------------- */

/* Numbers in both lists: which of them are constants. */
enum { NONE, SOME, ALL, FIRST_LIST, KINDS };

static bool is_constant(int kinds, size_t i, bool second)
{
    return kinds == ALL || (kinds == SOME && (i + second) % 3 == 0) ||
           (kinds == FIRST_LIST && !second);
}

/* x is both lists, one after the other. Every seventh number is near 0, so that products have small factors. */
static void fill(ad_recorder *r, size_t n, int kinds, ad_real *x)
{
    ad_random random = ad_random_new(7, n);
    for (size_t i = 0; i < 2 * MOST; i++) {
        double value =
            (ad_random_uniform(&random) < 0.5 ? -1 : 1) * (0.5 + 0.9 * ad_random_uniform(&random));
        if (i >= MOST)
            value *= 0.6;
        if (i % 7 == 3)
            value *= 0.25;
        bool second = i >= MOST, used = i % MOST < (n ? n : 1);
        x[i] = !used || is_constant(kinds, i % MOST, second) ? ad_real_constant(value)
                                                             : ad_real_input(r, value);
        weights[i % MOST] = 1.5 - value;
    }
}

/* The numbers of the lists that are used. */
static size_t used(size_t n, const ad_real *x, ad_real *all)
{
    for (size_t i = 0; i < n; i++) {
        all[i] = x[i];
        all[n + i] = x[MOST + i];
    }
    return 2 * n;
}

static const size_t lengths[] = {0, 1, 2, 3, 7, 126, 252, 253, 300};
enum { LENGTHS = sizeof lengths / sizeof *lengths };

static double greatest(size_t n, const double *x)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fabs(x[i]) > most ? fabs(x[i]) : most;
    return most;
}

static void expect_all_near(const char *what, const list *l, size_t n, size_t count,
                            const double *got, const double *want)
{
    double most = greatest(count, want);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(fabs(got[i] - want[i]) <= 2e-13 * most, "%s: %s of %zu: [%zu] is %g, not %g",
                      l->name, what, n, i, got[i], want[i]);
}

static void compare_list(const list *l, size_t n, int kinds, unsigned keep)
{
    static double got[2 * MOST], want[2 * MOST];
    ad_recorder *r = recorder_with(keep);
    ad_real x[2 * MOST], all[2 * MOST];
    fill(r, n, kinds, x);
    size_t before = size_of(r).statements;
    ad_real y = l->whole(n, x, x + MOST);
    if (!(keep & AD_KEEP_SECOND))
        ck_assert_uint_le(size_of(r).statements, before + 1);
    ad_real z = l->chain(n, x, x + MOST);
    long double exact = l->exact(n, x, x + MOST);
    size_t count = used(n, x, all);
    if (n || !(isnan(z.value) || isnan(y.value)))
        ck_assert_msg(fabsl(y.value - exact) <= 1e-14 * fmaxl(1e-3L, fabsl(exact)) ||
                          y.value == exact,
                      "%s of %zu is %.17g, not %.17Lg", l->name, n, y.value, exact);
    ck_assert(kinds != ALL || !y.on);
    ck_assert_int_eq(ad_real_gradient(y, count, all, got), AD_OK);
    ck_assert_int_eq(ad_real_gradient(z, count, all, want), AD_OK);
    expect_all_near("the gradient", l, n, count, got, want);
    ad_recorder_free(r);
}

START_TEST(a_list_is_a_chain_in_one_statement)
{
    for (int k = 0; k < LENGTHS; k++)
        for (int kinds = 0; kinds < KINDS; kinds++)
            compare_list(&lists[_i], lengths[k], kinds, 0);
}
END_TEST

START_TEST(a_list_is_a_chain_where_second_derivatives_are_kept)
{
    for (int k = 0; k < LENGTHS; k++)
        for (int kinds = 0; kinds < KINDS; kinds++)
            compare_list(&lists[_i], lengths[k], kinds, AD_KEEP_SECOND);
}
END_TEST

static void compare_hessians(const list *l, size_t n, int kinds)
{
    static double got[60 * 60], want[60 * 60];
    ad_recorder *r = recorder_with(AD_KEEP_SECOND);
    ad_real x[2 * MOST], all[2 * MOST];
    fill(r, n, kinds, x);
    ad_real y = l->whole(n, x, x + MOST), z = l->chain(n, x, x + MOST);
    size_t count = used(n, x, all);
    ck_assert_int_eq(ad_real_hessian(y, count, all, got), AD_OK);
    ck_assert_int_eq(ad_real_hessian(z, count, all, want), AD_OK);
    expect_all_near("the Hessian", l, n, count * count, got, want);
    ad_recorder_free(r);
}

START_TEST(a_list_has_the_hessian_of_a_chain)
{
    static const size_t few[] = {0, 1, 2, 3, 7, 30};
    for (size_t k = 0; k < sizeof few / sizeof *few; k++)
        for (int kinds = 0; kinds < KINDS; kinds++)
            compare_hessians(&lists[_i], few[k], kinds);
}
END_TEST

/* ---- at edges ----------------------------------------------------------------------- */

/* Up to three numbers, the value, the gradient, and the diagonal of the Hessian. */
typedef struct edge {
    const char *name;
    ad_real (*whole)(size_t n, const ad_real *x, const ad_real *y);
    size_t n;
    double x[3], value, gradient[3], bend[3];
} edge;

#define INF INFINITY

static ad_real whole_distance_from_1(size_t n, const ad_real *x, const ad_real *y)
{
    const ad_real ones[] = {ad_real_constant(1), ad_real_constant(1), ad_real_constant(1)};
    (void)y;
    return ad_distance_reals(n, x, ones);
}

static const edge edges[] = {
    {"one zero in a product", whole_prod, 3, {2, 0, 5}, 0, {0, 10, 0}, {0}},
    {"two zeros in a product", whole_prod, 3, {0, 0, 5}, 0, {0, 0, 0}, {0}},
    {"an infinite factor", whole_prod, 2, {INF, 3}, INF, {3, INF}, {0}},
    {"an infinite term", whole_sum, 3, {1, -INF, 2}, -INF, {1, 1, 1}, {0}},
    {"NaN in a sum", whole_sum, 2, {NAN, 1}, NAN, {1, 1}, {0}},
    {"a norm of zeros", whole_norm, 3, {0, -0.0, 0}, 0, {0, 0, 0}, {0, 0, 0}},
    {"a norm that begins with 0", whole_norm, 3, {0, 3, 4}, 5, {0, .6, .8}, {.2, .128, .072}},
    {"a norm that ends with 0", whole_norm, 3, {3, 4, 0}, 5, {.6, .8, 0}, {.128, .072, .2}},
    {"a norm of one", whole_norm, 1, {-3}, 3, {-1}, {0}},
    {"a norm that would overflow", whole_norm, 2, {3e300, 4e300}, 5e300, {.6, .8}, {0}},
    {"a norm that would underflow", whole_norm, 2, {0, 3e-310}, 3e-310, {0, 1}, {INF, 0}},
    {"a norm of the least numbers", whole_norm, 2, {0, 5e-324}, 5e-324, {0, 1}, {INF, 0}},
    {"a distance of 0", whole_distance_from_1, 2, {1, 1}, 0, {0, 0}, {0}},
    {"a distance that begins with 0", whole_distance_from_1, 2, {1, 5}, 4, {0, 1}, {.25, 0}},
    {"logsumexp of far numbers", whole_logsumexp, 3, {-1e300, 1000, 0}, 1000, {0, 1, 0}, {0}},
    {"logsumexp of -inf", whole_logsumexp, 2, {-INF, -INF}, -INF, {0, 0}, {0}},
    {"logsumexp with -inf", whole_logsumexp, 2, {-INF, 3}, 3, {0, 1}, {0}},
    {"logsumexp with inf", whole_logsumexp, 2, {INF, 3}, INF, {1, 0}, {0}},
    {"logsumexp with inf and -inf", whole_logsumexp, 2, {-INF, INF}, INF, {0, 1}, {0}},
    {"a squared norm that overflows", whole_squared_norm, 1, {1e200}, INF, {2e200}, {2}},
};

static const char *edge_name(int row)
{
    return edges[row].name;
}

static ad_real at_edge(ad_recorder *r, const edge *e, ad_real *x)
{
    ck_assert_int_eq(ad_real_inputs(r, e->n, e->x, x), AD_OK);
    ad_real y = e->whole(e->n, x, x);
    ck_assert_msg(same_number(y.value, e->value) || near(y.value / e->value, 1, 1e-15), "%.17g",
                  y.value);
    return y;
}

START_TEST(at_an_edge_values_and_gradients_are_what_the_documents_say)
{
    const edge *e = &edges[_i];
    for (unsigned keep = 0; keep < 2; keep++) {
        ad_recorder *r = recorder_with(keep ? AD_KEEP_SECOND : 0);
        ad_real x[3], y = at_edge(r, e, x);
        double gradient[3];
        ck_assert_int_eq(ad_real_gradient(y, e->n, x, gradient), AD_OK);
        for (size_t i = 0; i < e->n; i++)
            ck_assert_msg(near(gradient[i], e->gradient[i], 1e-15), "%s: %g, not %g",
                          keep ? "in pieces" : "in one", gradient[i], e->gradient[i]);
        ad_recorder_free(r);
    }
}
END_TEST

START_TEST(at_an_edge_second_derivatives_are_finite_where_they_are)
{
    const edge *e = &edges[_i];
    ad_recorder *r = recorder_with(AD_KEEP_SECOND);
    ad_real x[3], y = at_edge(r, e, x);
    double hessian[9];
    ck_assert_int_eq(ad_real_hessian(y, e->n, x, hessian), AD_OK);
    for (size_t i = 0; i < e->n; i++)
        ck_assert_msg(near(hessian[i * e->n + i], e->bend[i], 1e-15), "[%zu, %zu] is %g, not %g", i,
                      i, hessian[i * e->n + i], e->bend[i]);
    ad_recorder_free(r);
}
END_TEST

START_TEST(empty_lists_are_constants)
{
    ad_recorder *r = recorder_with((unsigned)_i);
    ad_real x = ad_real_input(r, 2);
    double hessian;
    ad_real nothing[] = {ad_sum_reals(0, NULL),        ad_prod_reals(0, NULL),
                         ad_mean_reals(0, NULL),       ad_dot_reals(0, NULL, NULL),
                         ad_squared_norm_reals(0, &x), ad_norm_reals(0, &x),
                         ad_distance_reals(0, &x, &x), ad_weighted_sum_reals(0, NULL, NULL),
                         ad_logsumexp_reals(0, NULL),  ad_polynomial_reals(0, NULL, x)};
    static const double values[] = {0, 1, NAN, 0, 0, 0, 0, 0, -INFINITY, 0};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        ck_assert_msg(same_bits(nothing[i].value, values[i]), "list %zu: %g", i, nothing[i].value);
        ck_assert_int_eq(ad_real_hessian(ad_mul(nothing[i], x), 1, &x, &hessian),
                         _i & AD_KEEP_SECOND ? AD_OK : AD_MISUSE);
        if (!(_i & AD_KEEP_SECOND))
            break;
    }
    ad_recorder_free(r);
}
END_TEST

START_TEST(a_missing_list_is_an_error)
{
    ad_recorder *r = recorder_with(0);
    for (int k = 0; k < 5; k++) {
        ad_real x = ad_real_input(r, 2);
        ad_real y = k == 0   ? ad_dot_reals(1, &x, NULL)
                    : k == 1 ? ad_distance_reals(1, NULL, &x)
                    : k == 2 ? ad_weighted_sum_reals(1, NULL, &x)
                    : k == 3 ? ad_polynomial_reals(1, NULL, x)
                             : ad_dot_reals(1, NULL, &x);
        ck_assert(isnan(y.value));
        expect_failure(r, AD_MISUSE, "a list is NULL");
        expect_failure(r, AD_MISUSE, "at " __FILE__);
        ad_recorder_reset(r);
    }
    ck_assert(isnan(ad_sum_reals(1, NULL).value) && isnan(ad_logsumexp_reals(2, NULL).value));
    ad_recorder_free(r);
}
END_TEST

/* ---- the numbers of a list ---------------------------------------------------------- */

START_TEST(a_number_may_stand_in_a_list_many_times)
{
    ad_recorder *r = recorder_with((unsigned)_i);
    ad_real x = ad_real_input(r, 3), many[300];
    for (int i = 0; i < 300; i++)
        many[i] = x;
    expect_near(slope_by(ad_sum_reals(300, many), x), 300, 0);
    expect_near(slope_by(ad_prod_reals(5, many), x), 5 * 81, 0);
    expect_near(slope_by(ad_dot_reals(300, many, many), x), 300 * 6, 1e-15);
    expect_near(slope_by(ad_dot_reals(299, many, many + 1), x), 299 * 6, 1e-15);
    expect_near(slope_by(ad_polynomial_reals(3, many, x), x), 1 + 2 * 3 + 3 * 9, 1e-15);
    expect_near(slope_by(ad_distance_reals(300, many, many), x), 0, 0);
    expect_near(slope_by(ad_norm_reals(300, many), x), sqrt(300), 1e-14);
    expect_near(slope_by(ad_logsumexp_reals(300, many), x), 1, 1e-14);
    ad_recorder_free(r);
}
END_TEST

START_TEST(a_list_of_two_recorders_fails_on_both)
{
    ad_recorder *a = recorder_with(0), *b = recorder_with(0);
    for (int k = 0; k < 5; k++) {
        ad_real x[] = {ad_real_input(a, 1), ad_real_input(b, 2)};
        ad_real y = k == 0   ? ad_sum_reals(2, x)
                    : k == 1 ? ad_dot_reals(1, x, x + 1)
                    : k == 2 ? ad_distance_reals(1, x + 1, x)
                    : k == 3 ? ad_polynomial_reals(1, x, x[1])
                             : ad_norm_reals(2, x);
        ck_assert(isnan(y.value));
        expect_failure(a, AD_FOREIGN, "numbers of two recorders");
        expect_failure(b, AD_FOREIGN, "numbers of two recorders");
        ad_recorder_reset(a);
        ad_recorder_reset(b);
    }
    ad_recorder_free(a);
    ad_recorder_free(b);
}
END_TEST

/* A line that was noted for a list belongs to it alone. */
START_TEST(the_line_of_a_list_serves_once)
{
    ad_recorder *r = recorder_with((unsigned)_i);
    ad_real x = ad_real_input(r, 1), stale = x;
    for (int k = 0; k < 6; k++) {
        ad_recorder_reset(r);
        x = ad_real_input(r, 0.5);
        k == 0   ? ad_polynomial_reals(1, &x, x)
        : k == 1 ? ad_polynomial_reals(0, &x, x)
        : k == 2 ? ad_sum_reals(1, &x)
        : k == 3 ? ad_norm_reals(1, &x)
        : k == 4 ? ad_logsumexp_reals(1, &x)
                 : ad_prod_reals(1, &x);
        expect_good(r);
        (ad_sum_reals)(1, &stale);
        expect_failure(r, AD_STALE, "");
        ck_assert_ptr_null(strstr(ad_recorder_error(r), " at "));
    }
    ad_recorder_free(r);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("lists of numbers");
    TCase *all = tcase_create("lists");
    int count = (int)(sizeof lists / sizeof *lists),
        edge_count = (int)(sizeof edges / sizeof *edges);
    add_row_tests(all, a_list_is_a_chain_in_one_statement, count, list_name);
    add_row_tests(all, a_list_is_a_chain_where_second_derivatives_are_kept, count, list_name);
    add_row_tests(all, a_list_has_the_hessian_of_a_chain, count, list_name);
    add_row_tests(all, at_an_edge_values_and_gradients_are_what_the_documents_say, edge_count,
                  edge_name);
    add_row_tests(all, at_an_edge_second_derivatives_are_finite_where_they_are, edge_count,
                  edge_name);
    suite_add_tcase(suite, all);
    TCase *others = tcase_create("any lists");
    tcase_add_loop_test(others, empty_lists_are_constants, 0, 2);
    tcase_add_test(others, a_missing_list_is_an_error);
    tcase_add_loop_test(others, a_number_may_stand_in_a_list_many_times, 0, 2);
    tcase_add_test(others, a_list_of_two_recorders_fails_on_both);
    tcase_add_loop_test(others, the_line_of_a_list_serves_once, 0, 2);
    suite_add_tcase(suite, others);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
