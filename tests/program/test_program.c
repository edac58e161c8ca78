/* Programs that are recorded and run: the numbers are those of the function itself, to the bit. */
#include "number_operations.h"

static const double values[] = {
    0,      -0.0,  1,      -1,   2,   -3,    0.5, -0.75, INFINITY, -INFINITY, NAN,    4,      1e-30,
    -1e-30, 1e300, -1e300, 7.25, 100, -20.5, 1e6, 0.99,  12.5,     -7,        3e-310, 0.7071, 1e-8};
enum { VALUES = sizeof values / sizeof *values };

START_TEST(each_operation_replays_the_value_of_the_number_itself)
{
    const operation *o = &operations[_i];
    const double first[MOST] = {0.25, 0.5, 0.75};
    ad_program *p = program_of(apply_operation, (size_t)o->arity, first, 1, o);
    for (int i = 0; i < VALUES * VALUES; i++) {
        double x[MOST] = {values[i % VALUES], values[i / VALUES], values[(i * 7 + 3) % VALUES]}, y;
        ad_real numbers[MOST] = {ad_real_constant(x[0]), ad_real_constant(x[1]),
                                 ad_real_constant(x[2])};
        run_program(p, x, &y);
        char what[128];
        snprintf(what, sizeof what, "%s(%g, %g, %g)", o->name, x[0], x[1], x[2]);
        expect_same(y, o->apply(numbers).value, what);
    }
    ad_program_free(p);
}
END_TEST

/* ---- powers, lists, choices --------------------------------------------------------- */

static void powers(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)env;
    for (size_t j = 0; j < m; j++)
        y[j] = ad_powi(x[0], (int)j - 12);
}

START_TEST(powers_with_integers_are_those_of_the_number)
{
    enum { POWERS = 40 };
    const double first = 1.5;
    ad_program *p = program_of(powers, 1, &first, POWERS, NULL);
    for (int i = 0; i < VALUES; i++) {
        double y[POWERS];
        run_program(p, &values[i], y);
        for (int j = 0; j < POWERS; j++)
            expect_same(y[j], ad_powi(ad_real_constant(values[i]), j - 12).value, "powi");
    }
    ad_program_free(p);
}
END_TEST

static void lists(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    const double w[] = {0.5, -2, 3, 1.25};
    (void)m, (void)env;
    y[0] = ad_sum_reals(n, x);
    y[1] = ad_prod_reals(n, x);
    y[2] = ad_mean_reals(n, x);
    y[3] = ad_dot_reals(2, x, x + 2);
    y[4] = ad_squared_norm_reals(n, x);
    y[5] = ad_norm_reals(n, x);
    y[6] = ad_distance_reals(2, x, x + 2);
    y[7] = ad_weighted_sum_reals(n, w, x);
    y[8] = ad_polynomial_reals(n, x, x[0]);
    y[9] = ad_logsumexp_reals(n, x);
}

START_TEST(operations_on_lists_replay_to_rounding)
{
    enum { N = 4, M = 10 };
    const double first[N] = {1, 2, 3, 4}, x[N] = {0.3, -1.25, 800, 2.5};
    ad_program *p = program_of(lists, N, first, M, NULL);
    ad_real numbers[N], direct[M];
    double y[M];
    for (int i = 0; i < N; i++)
        numbers[i] = ad_real_constant(x[i]);
    lists(N, numbers, M, direct, NULL);
    run_program(p, x, y);
    for (int j = 0; j < M; j++)
        ck_assert_msg(fabs(y[j] - direct[j].value) <= 1e-14 * fabs(direct[j].value),
                      "list %d: %.17g is not %.17g", j, y[j], direct[j].value);
    ad_program_free(p);
}
END_TEST

static void choose(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_where_less_real(x[0], x[1], ad_sqrt(x[0]), ad_log(x[1]));
}

START_TEST(where_less_chooses_anew_in_each_run)
{
    const double first[] = {1, 2}, other[] = {5, 3};
    ad_program *p = program_of(choose, 2, first, 1, NULL);
    double y;
    run_program(p, first, &y);
    expect_same(y, 1, "where_less");
    run_program(p, other, &y);
    ck_assert(fabs(y - log(3)) < 1e-15);
    ad_program_free(p);
}
END_TEST

/* ---- guards ------------------------------------------------------------------------- */

static void branch(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_greater(x[0], 0) ? ad_sqrt(x[0]) : ad_neg(x[0]);
}

START_TEST(a_run_that_would_branch_otherwise_fails_with_the_line)
{
    const double first = 4, other = -1;
    double y = 7;
    ad_error error = {AD_OK, ""};
    ad_program *p = program_of(branch, 1, &first, 1, NULL);
    run_program(p, &first, &y);
    expect_same(y, 2, "branch");
    ck_assert_int_eq(ad_program_run(p, &other, &y, NULL, &error), AD_BRANCH);
    ck_assert_ptr_nonnull(strstr(error.text, "test_program.c:"));
    expect_same(y, 2, "what a failed run leaves");
    ad_program_free(p);
}
END_TEST

/* ---- what must not be simplified ---------------------------------------------------- */

static void exact_sums(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    ad_real s = ad_add(x[0], x[1]), t = ad_sub(s, x[0]);
    (void)n, (void)m, (void)env;
    y[0] = ad_add(ad_sub(x[0], ad_sub(s, t)), ad_sub(x[1], t)); /* TwoSum: what s has lost */
    y[1] = ad_sub(ad_add(x[0], 0x1.8p52), 0x1.8p52);            /* rounds to an integer */
    y[2] = ad_add(x[0], 0);
    y[3] = ad_mul(x[0], 0);
    y[4] = ad_div(x[0], 3);
    y[5] = ad_sub(x[0], x[0]);
}

START_TEST(no_operation_is_simplified_at_the_cost_of_bits)
{
    enum { M = 6 };
    const double first[] = {1, 2}, points[][2] = {{1, 1e-20},    {-0.0, 0}, {2.5, 1e16},
                                                  {INFINITY, 1}, {NAN, 0},  {0.1, 0.2}};
    ad_program *p = program_of(exact_sums, 2, first, M, NULL);
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        volatile double a = points[i][0], b = points[i][1], s = a + b, t = s - a, u = s - t,
                        v = a + 0x1.8p52;
        double expected[M] = {(a - u) + (b - t), v - 0x1.8p52, a + 0, a * 0, a / 3, a - a}, y[M];
        run_program(p, points[i], y);
        for (int j = 0; j < M; j++)
            expect_same(y[j], expected[j], "exact sums");
    }
    ad_program_free(p);
}
END_TEST

/* ---- programs without much in them -------------------------------------------------- */

static void trivial(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    const ad_real all[] = {ad_real_constant(3), x[1], x[1]};
    (void)n, (void)env;
    for (size_t j = 0; j < m; j++)
        y[j] = all[j];
}

START_TEST(constants_and_inputs_can_be_outputs)
{
    const double x[] = {1, 2};
    double y[3];
    ad_program *p = program_of(trivial, 2, x, 3, NULL);
    run_program(p, x, y);
    ck_assert(y[0] == 3 && y[1] == 2 && y[2] == 2);
    ck_assert_uint_eq(ad_program_inputs(p), 2);
    ck_assert_uint_eq(ad_program_outputs(p), 3);
    ad_program *none = program_of(trivial, 2, x, 0, NULL);
    run_program(none, x, NULL);
    ad_program_free(none);
    ad_program_free(p);
}
END_TEST

START_TEST(chosen_outputs_leave_out_what_they_do_not_need)
{
    const double x[] = {1, 2, 3, 4};
    const size_t which[] = {1, 1};
    double y[2];
    ad_error error = {AD_OK, ""};
    ad_program *p = program_of(lists, 4, x, 10, NULL);
    ad_program *q = ad_program_choose(p, 2, which, &error);
    ad_program_info info = {.size = sizeof info};
    run_program(q, x, y);
    ck_assert(y[0] == 24 && y[1] == 24);
    ck_assert_int_eq(ad_program_measure(q, &info), AD_OK);
    ck_assert_uint_eq(info.operations, 3);
    ad_program_free(q);
    ck_assert_ptr_null(ad_program_choose(p, 1, (size_t[]){10}, &error));
    ck_assert_int_eq(error.status, AD_MISUSE);
    ad_program_free(p);
}
END_TEST

/* ---- programs with much in them ----------------------------------------------------- */

enum { LONG_CHAIN = 1000000, TERMS = 20000 };

static void chain(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    ad_real z = x[0];
    (void)n, (void)m, (void)env;
    for (int i = 0; i < LONG_CHAIN; i++)
        z = i % 2 ? ad_mul(z, x[1]) : ad_add(z, x[0]);
    y[0] = z;
}

START_TEST(a_million_operations_replay)
{
    const double x[] = {0.5, 0.5};
    double y, expected = x[0];
    for (int i = 0; i < LONG_CHAIN; i++)
        expected = i % 2 ? expected * x[1] : expected + x[0];
    ad_program *p = program_of(chain, 2, x, 1, NULL);
    run_program(p, x, &y);
    expect_same(y, expected, "chain");
    ad_program_free(p);
}
END_TEST

/* All products have one operand in common, and each stands there twice. */
static void many_of_one(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)env;
    for (size_t j = 0; j < m; j++)
        y[j] = ad_mul(x[0], 2.0 + (double)(j % TERMS));
}

START_TEST(what_is_known_is_found_among_many_users_of_one_number)
{
    static double y[2 * TERMS];
    const double x = 0.5;
    ad_program *p = program_of(many_of_one, 1, &x, 2 * TERMS, NULL);
    ad_program_info info = {.size = sizeof info};
    ck_assert_int_eq(ad_program_measure(p, &info), AD_OK);
    ck_assert_uint_eq(info.operations, TERMS);
    run_program(p, &x, y);
    for (int j = 0; j < 2 * TERMS; j++)
        ck_assert(y[j] == 0.5 * (2 + j % TERMS));
    ad_program_free(p);
}
END_TEST

int main(void)
{
    TCase *values_of = tcase_create("values");
    add_row_tests(values_of, each_operation_replays_the_value_of_the_number_itself, OPERATIONS,
                  operation_name);
    tcase_add_test(values_of, powers_with_integers_are_those_of_the_number);
    tcase_add_test(values_of, operations_on_lists_replay_to_rounding);
    tcase_add_test(values_of, where_less_chooses_anew_in_each_run);
    tcase_add_test(values_of, a_run_that_would_branch_otherwise_fails_with_the_line);
    tcase_add_test(values_of, no_operation_is_simplified_at_the_cost_of_bits);
    tcase_add_test(values_of, constants_and_inputs_can_be_outputs);
    tcase_add_test(values_of, chosen_outputs_leave_out_what_they_do_not_need);
    tcase_add_test(values_of, a_million_operations_replay);
    tcase_add_test(values_of, what_is_known_is_found_among_many_users_of_one_number);
    Suite *suite = suite_create("program");
    suite_add_tcase(suite, values_of);
    return run_suite(suite);
}
