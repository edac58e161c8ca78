/* A recorder that keeps operations: marks, rewinds, guards, what it refuses and at which line, and its memory.
 * What it has kept shows in the program that is made of it. */
#include "numbers.h"
#include "torture.h"

/* ---- programs of a recorder --------------------------------------------------------- */

static ad_program *program_on(ad_recorder *r, size_t m, const ad_real *y)
{
    ad_error error = {AD_OK, ""};
    ad_program *p = ad_program_new(r, m, y, NULL, &error);
    ck_assert_msg(p, "%s", error.text);
    return p;
}

static ad_program_info info_of(const ad_program *p)
{
    ad_program_info info = {.size = sizeof info};
    ck_assert_int_eq(ad_program_measure(p, &info), AD_OK);
    return info;
}

/* The program of y, run at x; as many guards as expected. */
static double run_at(ad_recorder *r, ad_real y, const double *x, size_t guards)
{
    double found = 42;
    ad_error error = {AD_OK, ""};
    ad_program *p = program_on(r, 1, &y);
    ck_assert_uint_eq(info_of(p).guards, guards);
    ad_program_run(p, x, &found, NULL, &error);
    ck_assert_str_eq(error.text, "");
    ad_program_free(p);
    return found;
}

/* What a run at x says. */
static void expect_branch(ad_recorder *r, ad_real y, const double *x, const char *text)
{
    double found = 42;
    ad_error error = {AD_OK, ""};
    ad_program *p = program_on(r, 1, &y);
    ck_assert_int_eq(ad_program_run(p, x, &found, NULL, &error), AD_BRANCH);
    ck_assert_msg(strstr(error.text, text), "%s", error.text);
    ck_assert_double_eq(found, 42);
    ad_program_free(p);
}

/* ---- marks -------------------------------------------------------------------------- */

START_TEST(a_rewind_forgets_operations_guards_constants_and_inputs)
{
    ad_recorder *r = recorder_with(AD_KEEP_OPERATIONS);
    const double at[] = {3, 5};
    ad_real x = ad_real_input(r, 2), y = ad_mul(ad_add(x, 4.5), x);
    ad_less(x, 10);
    ad_recorder_mark mark = ad_recorder_here(r);
    const ad_recorder_info before = size_of(r);
    for (int round = 0; round < 50; round++) {
        ad_real z = ad_real_input(r, 7);
        z = ad_clamp(ad_add(ad_mul(z, 0.25 + round), y), -1e9, 1e9);
        ck_assert(!ad_less(z, 0));
        ck_assert_uint_eq(size_of(r).statements - before.statements, 7);
        const double expected = 5 * (0.25 + round) + 22.5;
        ck_assert_double_eq(run_at(r, z, at, 2), expected);
        ck_assert_int_eq(ad_recorder_rewind(mark), AD_OK);
        ck_assert_uint_eq(size_of(r).statements, before.statements);
        ck_assert_uint_eq(size_of(r).bytes_used, before.bytes_used);
    }
    ck_assert_double_eq(run_at(r, y, at, 1), 22.5);
    ad_program *p = program_on(r, 1, &y);
    ck_assert_uint_eq(ad_program_inputs(p), 1);
    ad_program_free(p);
    ad_recorder_free(r);
}
END_TEST

/* Guards after a rewind have their own lines, not those that were forgotten. */
START_TEST(guards_after_a_rewind_have_their_lines)
{
    ad_recorder *r = recorder_with(AD_KEEP_OPERATIONS);
    const double at[] = {-1};
    ad_real x = ad_real_input(r, 2);
    ad_recorder_mark mark = ad_recorder_here(r);
#line 101
    ad_less(x, 5);
    ad_greater(x, -8);
    ad_recorder_rewind(mark);
    ck_assert_double_eq(run_at(r, x, at, 0), -1);
#line 201
    ad_greater(x, -4);
    ad_greater(x, 0);
    ad_recorder_mark second = ad_recorder_here(r);
    ad_greater(x, 1);
    ad_recorder_rewind(second);
    ck_assert_double_eq(run_at(r, x, &(double){2}, 2), 2);
    expect_branch(r, x, at, "test_recorder_operations.c:202 has another outcome");
    expect_branch(r, x, &(double){-5}, "test_recorder_operations.c:201");
    ad_recorder_free(r);
}
END_TEST

START_TEST(a_reset_forgets_all_and_numbers_from_before_are_stale)
{
    ad_recorder *r = recorder_with(AD_KEEP_OPERATIONS);
    ad_error error = {AD_OK, ""};
    ad_real old = ad_real_input(r, 1), lost = ad_exp(old);
    ad_less(old, lost);
    ad_recorder_reset(r);
    ck_assert_uint_eq(size_of(r).statements, 0);
    ck_assert_uint_eq(size_of(r).bytes_used, 0);
    ad_real x = ad_real_input(r, 3);
    ck_assert_double_eq(run_at(r, ad_neg(x), &(double){8}, 0), -8);
    ck_assert_ptr_null(ad_program_new(r, 1, &lost, NULL, &error));
    ck_assert_int_eq(error.status, AD_STALE);
    ad_recorder_reset(r);
    x = ad_real_input(r, 1);
    ck_assert(isnan(ad_add(x, old).value));
    expect_failure(r, AD_STALE, "add at " __FILE__);
    ad_recorder_free(r);
}
END_TEST

START_TEST(comparisons_of_stale_and_foreign_numbers_are_errors)
{
    ad_recorder *r = recorder_with(AD_KEEP_OPERATIONS), *other = recorder_with(AD_KEEP_OPERATIONS);
    ad_real old = ad_real_input(r, 1);
    ad_recorder_reset(r);
    ad_real x = ad_real_input(r, 1), z = ad_real_input(other, 2);
    if (_i) {
        ck_assert(ad_less(x, z));
        expect_failure(r, AD_FOREIGN, "less at " __FILE__);
        expect_failure(other, AD_FOREIGN, "less at " __FILE__);
        ck_assert(isnan(ad_where_less_real(x, x, x, x).value));
    } else {
        ck_assert(isnan(ad_where_less_real(old, x, x, x).value));
        expect_failure(r, AD_STALE, "where_less");
    }
    ad_recorder_free(other);
    ad_recorder_free(r);
}
END_TEST

/* ---- what is recorded as it is ------------------------------------------------------ */

static void product_of_sines(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_mul(ad_sin(x[0]), ad_sin(x[1]));
    if (ad_less(y[0], x[0]))
        y[0] = ad_neg(y[0]);
}

START_TEST(checkpoints_and_collapsed_parts_are_recorded_as_they_are)
{
    ad_recorder *r = recorder_with(AD_KEEP_OPERATIONS);
    const double at[] = {1.5, 0.5};
    ad_real x[] = {ad_real_input(r, 2), ad_real_input(r, 0.25)}, y;
    ad_recorder_mark mark = ad_recorder_here(r);
    ck_assert_int_eq(ad_real_checkpoint(product_of_sines, 2, x, 1, &y, NULL), AD_OK);
    const size_t statements = size_of(r).statements;
    ad_real z = ad_square(y);
    ck_assert_int_eq(ad_recorder_collapse(mark, 1, &z), AD_OK);
    ck_assert_uint_eq(size_of(r).statements, statements + 1);
    const double sines = ad_sin(ad_real_constant(1.5)).value * ad_sin(ad_real_constant(0.5)).value;
    ck_assert_double_eq(run_at(r, z, at, 1), sines * sines);
    ck_assert_double_eq(run_at(r, y, at, 1), -sines);
    expect_good(r);
    ad_recorder_free(r);
}
END_TEST

typedef ad_real list_function(size_t n, const ad_real *x);

static ad_real dot(size_t n, const ad_real *x)
{
    return ad_dot_reals(n / 2, x, x + n / 2);
}
static ad_real distance(size_t n, const ad_real *x)
{
    return ad_distance_reals(n / 2, x, x + n / 2);
}
static ad_real weighted_sum(size_t n, const ad_real *x)
{
    const double weights[] = {0.5, -2, 3, 0, 7, 1};
    return ad_weighted_sum_reals(n, weights, x);
}
static ad_real polynomial(size_t n, const ad_real *x)
{
    return n ? ad_polynomial_reals(n - 1, x, x[n - 1]) : ad_real_constant(0);
}

static const struct {
    const char *name;
    list_function *f;
} lists[] = {
    {"sum", ad_sum_reals},
    {"prod", ad_prod_reals},
    {"mean", ad_mean_reals},
    {"dot", dot},
    {"squared_norm", ad_squared_norm_reals},
    {"norm", ad_norm_reals},
    {"distance", distance},
    {"weighted_sum", weighted_sum},
    {"polynomial", polynomial},
    {"logsumexp", ad_logsumexp_reals},
};
enum { LISTS = sizeof lists / sizeof *lists, LONGEST = 6 };

/* Of all lengths, at values where overflow threatens, and with some of the numbers constant. */
START_TEST(lists_are_recorded_as_operations)
{
    static const double points[][LONGEST] = {
        {0.3, -1.25, 2.5, 4, -0.75, 1}, {700, 710, -5, 1e150, 2, 0.5}, {1, 1, 1, 1, 1, 1}};
    for (size_t n = 0; n <= LONGEST; n += 2)
        for (int constants = 0; constants < 3; constants++) {
            ad_recorder *r = recorder_with(AD_KEEP_OPERATIONS);
            ad_real x[LONGEST], plain[LONGEST];
            for (size_t i = 0; i < n; i++)
                x[i] = ad_real_input(r, points[2][i]);
            for (size_t i = 0; i < n && constants; i += (size_t)constants)
                x[i] = ad_real_constant(points[0][i]);
            ad_real y = lists[_i].f(n, x);
            for (size_t k = 0; k < sizeof points / sizeof *points; k++) {
                for (size_t i = 0; i < n; i++)
                    plain[i] = ad_real_constant(x[i].on ? points[k][i] : x[i].value);
                const double expected = lists[_i].f(n, plain).value;
                const double found = run_at(r, y, points[k], 0);
                ck_assert_msg(same_number(found, expected) ||
                                  fabs(found - expected) <= 1e-14 * fabs(expected),
                              "%s of %zu at %zu: %.17g is not %.17g", lists[_i].name, n, k, found,
                              expected);
            }
            expect_good(r);
            ad_recorder_free(r);
        }
}
END_TEST

static const char *list_name(int i)
{
    return lists[i].name;
}

/* ---- what is refused ---------------------------------------------------------------- */

static void twice(size_t n, const double *x, size_t m, double *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = 2 * x[0];
}
static bool twice_back(size_t n, const double *x, size_t m, const double *y, const double *dy,
                       double *dx, const void *env)
{
    (void)n, (void)x, (void)m, (void)y, (void)env;
    dx[0] = 2 * dy[0];
    return true;
}
static const ad_real_op twice_op = {sizeof twice_op, "twice", twice, twice_back};

/* What cannot be a part of a program: each gives NaN, and nothing where it would write. */
static void ask_too_much(int k, ad_real x, ad_real *y)
{
    double out[4] = {42, 42, 42, 42};
    switch (k) {
    case 0:
        *y = ad_real_statement(1, 1, &x, &(double){2});
        break;
    case 1:
        ad_real_apply(&twice_op, 1, &x, 1, y, NULL);
        break;
    case 2:
        ad_real_gradient(x, 1, &x, out);
        break;
    case 3:
        ad_real_vjp(1, &x, out, 1, &x, out + 1);
        break;
    case 4:
        ad_real_jvp(1, &x, 1, out, 1, &x, out + 1);
        break;
    case 5:
        ad_real_jacobian(1, &x, 1, &x, out);
        break;
    case 6:
        ad_real_hvp(x, 1, &x, 1, out, out + 1);
        break;
    default:
        ad_real_hessian(x, 1, &x, out);
    }
    for (int i = 0; i < 4; i++)
        ck_assert_double_eq(out[i], 42);
}

static const struct {
    const char *name, *text;
    ad_status status;
} refusals[] = {
    {"statement", "a program cannot repeat it", AD_NO_DERIVATIVE},
    {"twice", "a program cannot repeat an operation of your own", AD_NO_DERIVATIVE},
    {"gradient", "make a program, and take its derivatives", AD_MISUSE},
    {"vjp", "make a program", AD_MISUSE},
    {"jvp", "make a program", AD_MISUSE},
    {"jacobian", "make a program", AD_MISUSE},
    {"hvp", "make a program", AD_MISUSE},
    {"hessian", "make a program", AD_MISUSE},
};
enum { REFUSALS = sizeof refusals / sizeof *refusals };

START_TEST(what_no_program_can_repeat_is_refused)
{
    ad_recorder *r = recorder_with(AD_KEEP_OPERATIONS);
    ad_error error = {AD_OK, ""};
    ad_real x = ad_real_input(r, 1), y = ad_real_constant(NAN);
    ask_too_much(_i, x, &y);
    expect_failure(r, refusals[_i].status, refusals[_i].text);
    expect_failure(r, refusals[_i].status, refusals[_i].name);
    ck_assert(isnan(y.value));
    ck_assert_ptr_null(ad_program_new(r, 1, &x, NULL, &error));
    ck_assert_int_eq(error.status, refusals[_i].status);
    ck_assert_str_eq(error.text, ad_recorder_error(r));
    ad_recorder_reset(r);
    expect_good(r);
    ad_recorder_free(r);
}
END_TEST

static const char *refusal_name(int i)
{
    return refusals[i].name;
}

START_TEST(second_derivatives_and_operations_do_not_go_together)
{
    ad_recorder *r = recorder_with(AD_KEEP_OPERATIONS | AD_KEEP_SECOND);
    for (int round = 0; round < 2; round++) {
        expect_failure(r, AD_MISUSE, "second derivatives beside operations");
        ck_assert(isnan(ad_real_input(r, 1).value));
        ad_recorder_reset(r);
    }
    ad_recorder_free(r);
}
END_TEST

START_TEST(a_recorder_without_operations_makes_no_program)
{
    ad_recorder *r = recorder_with(0);
    ad_error error = {AD_OK, ""};
    ad_real x = ad_real_input(r, 1);
    ck_assert_ptr_null(ad_program_new(r, 1, &x, NULL, &error));
    ck_assert_int_eq(error.status, AD_MISUSE);
    ck_assert_ptr_nonnull(strstr(error.text, "AD_KEEP_OPERATIONS"));
    ad_recorder_free(r);
}
END_TEST

/* With the line of the operation. */
START_TEST(the_first_value_that_is_not_finite_is_an_error)
{
    ad_recorder *r = recorder_with(AD_KEEP_OPERATIONS | AD_KEEP_FINITE);
    ad_real x = ad_real_input(r, -1);
    ck_assert(isnan(ad_add(ad_log(x), 1).value));
    expect_failure(r, AD_NOT_FINITE, "log at " __FILE__);
    expect_failure(r, AD_NOT_FINITE, "the value is ");
    ad_recorder_reset(r);
    x = ad_real_input(r, 1e200);
    const ad_real all[] = {x, x};
    ck_assert(isnan(ad_prod_reals(2, all).value));
    expect_failure(r, AD_NOT_FINITE, "the value is inf");
    ad_recorder_reset(r);
    ad_sqrt(ad_real_input(r, 0)); /* its derivative is infinite, but nobody has it */
    expect_good(r);
    ad_recorder_free(r);
}
END_TEST

/* ---- size --------------------------------------------------------------------------- */

START_TEST(an_operation_takes_12_bytes_and_a_constant_8)
{
    enum { MANY = 1000 };
    ad_recorder *r = recorder_with(AD_KEEP_OPERATIONS);
    ad_real x = ad_real_input(r, 1), y = x;
    for (int i = 0; i < MANY; i++)
        y = ad_mul(y, x);
    ck_assert_uint_eq(size_of(r).bytes_used, 12 * (MANY + 1));
    ck_assert_uint_eq(size_of(r).arguments, 0);
    for (int i = 0; i < MANY; i++)
        y = ad_add(y, 0.5);
    ck_assert_uint_eq(size_of(r).bytes_used, 12 * (2 * MANY + 1) + 8 * MANY);
    ck_assert_uint_eq(size_of(r).statements, 2 * MANY + 1);
    ck_assert_uint_le(size_of(r).bytes_reserved, 2 * size_of(r).bytes_used + 4096);
    ad_recorder_free(r);
}
END_TEST

START_TEST(memory_is_kept_for_the_next_time_and_given_back_on_demand)
{
    test_allocator memory;
    test_allocator_init(&memory);
    ad_recorder *r = recorder_in(&memory, AD_KEEP_OPERATIONS);
    const size_t own = size_of(r).bytes_reserved;
    size_t calls = 0;
    for (int round = 0; round < 4; round++) {
        ad_real x = ad_real_input(r, 1);
        for (int i = 0; i < 3000; i++)
            x = ad_clamp(ad_add(x, 0.5 + i), -1e9, 1e9);
        for (int i = 0; i < 300; i++)
            ad_less(x, 1e9 + i);
        ck_assert(round < 1 || memory.calls == calls);
        calls = memory.calls;
        ad_recorder_trim(r); /* what is in use stays */
        ck_assert_double_eq(run_at(r, x, &(double){0}, 300), 4.5e6);
        ad_recorder_reset(r);
    }
    ad_recorder_trim(r);
    ck_assert_uint_eq(size_of(r).bytes_reserved, own);
    ck_assert_uint_eq(memory.live_blocks, 1);
    ad_recorder_free(r);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(the_limit_is_never_exceeded)
{
    for (size_t limit = 3000; limit < 60000; limit += 1777) {
        test_allocator memory;
        test_allocator_init(&memory);
        ad_recorder *r = ad_recorder_new(&(ad_recorder_options){.size = sizeof(ad_recorder_options),
                                                                .allocator = &memory.base,
                                                                .keep = AD_KEEP_OPERATIONS,
                                                                .limit = limit});
        ad_real x = ad_real_input(r, 1);
        for (int i = 0; i < 3000 && ad_recorder_status(r) == AD_OK; i++)
            x = ad_add(ad_mul(x, x), 0.5);
        ck_assert(isnan(x.value));
        expect_failure(r, AD_MEMORY, "are beyond the limit of");
        ck_assert_uint_le(memory.peak_bytes, limit);
        ad_recorder_free(r);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
}
END_TEST

/* Everything that takes memory: operations, names, constants, lines, rewinds; and a program of it. */
static ad_status record_and_run(test_allocator *memory)
{
    ad_error error = {AD_OK, ""};
    ad_recorder *r = recorder_in(memory, AD_KEEP_OPERATIONS);
    const ad_program_options options = {.size = sizeof options, .allocator = &memory->base};
    double y = 42;
    ad_real x = ad_real_input(r, 0.5), z = x, all[] = {x, ad_real_input(r, 2)};
    ad_recorder_mark mark = ad_recorder_here(r);
    for (int round = 0; round < 2; round++) {
        ad_recorder_rewind(mark);
        for (int i = 0; i < 40; i++)
            z = ad_lerp(ad_sin(ad_add(x, i)), 0.5, ad_tanh(x));
        ad_less(z, 8);
    }
    z = ad_add(z, ad_logsumexp_reals(2, all));
    ck_assert(!r || ad_recorder_status(r) == AD_OK || isnan(z.value));
    ad_program *p = ad_program_new(r, 1, &z, &options, &error);
    ad_recorder_free(r);
    ad_status status = p ? ad_program_run(p, (double[]){1, 2}, &y, NULL, &error) : error.status;
    ck_assert((status == AD_OK) == (y != 42));
    ad_program_free(p);
    return r ? status : AD_MEMORY;
}

static const scenario recordings[] = {{"operations", record_and_run}};

int main(void)
{
    Suite *suite = torture_suite("recorder_operations", recordings, 1);
    TCase *all = tcase_create("operations");
    tcase_add_test(all, a_rewind_forgets_operations_guards_constants_and_inputs);
    tcase_add_test(all, guards_after_a_rewind_have_their_lines);
    tcase_add_test(all, a_reset_forgets_all_and_numbers_from_before_are_stale);
    tcase_add_loop_test(all, comparisons_of_stale_and_foreign_numbers_are_errors, 0, 2);
    tcase_add_test(all, checkpoints_and_collapsed_parts_are_recorded_as_they_are);
    add_row_tests(all, lists_are_recorded_as_operations, LISTS, list_name);
    add_row_tests(all, what_no_program_can_repeat_is_refused, REFUSALS, refusal_name);
    tcase_add_test(all, second_derivatives_and_operations_do_not_go_together);
    tcase_add_test(all, a_recorder_without_operations_makes_no_program);
    tcase_add_test(all, the_first_value_that_is_not_finite_is_an_error);
    tcase_add_test(all, an_operation_takes_12_bytes_and_a_constant_8);
    tcase_add_test(all, memory_is_kept_for_the_next_time_and_given_back_on_demand);
    tcase_add_test(all, the_limit_is_never_exceeded);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
