/* Operations of one's own on numbers: statements by their partials, and calls whose derivative is computed late
 * by a pullback. */
#include "../../src/numbers/numbers.h"
#include "numbers.h"

#include <stdint.h>

/* ---- statements --------------------------------------------------------------------- */

START_TEST(a_statement_has_the_partials_it_was_given)
{
    static const size_t counts[] = {1, 2, 3, 4, 252, 253, 300};
    ad_recorder *r = recorder_with((unsigned)_i);
    ad_real x[300];
    double partials[300], found[300];
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        size_t n = counts[k];
        for (size_t i = 0; i < n; i++) {
            x[i] = i % 3 == 1 ? ad_real_constant(1) : ad_real_input(r, 1);
            partials[i] = (double)i - 7.5;
        }
        ad_real y = ad_real_statement(2.5, n, x, partials), z = ad_mul(ad_mul(y, y), 0.1);
        expect_near(y.value, 2.5, 0);
        ck_assert_int_eq(ad_real_gradient(z, n, x, found), AD_OK);
        for (size_t i = 0; i < n; i++)
            expect_near(found[i], i % 3 == 1 ? 0 : partials[i] * 0.5, 1e-15);
        ck_assert_int_eq(ad_real_jvp(n, x, 1, partials, 1, &y, found), AD_OK);
        double sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += i % 3 == 1 ? 0 : partials[i] * partials[i];
        expect_near(found[0], sum, 1e-14);
    }
    expect_good(r);
    ad_recorder_free(r);
}
END_TEST

START_TEST(a_statement_may_have_no_arguments)
{
    ad_recorder *r = recorder_with(0);
    ad_real x = ad_real_input(r, 1), constant = ad_real_constant(2);
    ck_assert(!ad_real_statement(3, 0, NULL, NULL).on);
    ck_assert(!ad_real_statement(3, 1, &constant, &(double){1}).on);
    ck_assert(isnan(ad_real_statement(3, 1, NULL, &(double){1}).value));
    ck_assert(isnan(ad_real_statement(3, 1, &constant, NULL).value));
    expect_good(r);
    ck_assert(isnan(ad_real_statement(3, 1, &x, NULL).value));
    expect_failure(r, AD_MISUSE, "statement at " __FILE__);
    expect_failure(r, AD_MISUSE, "there are no partials");
    ad_recorder_free(r);
}
END_TEST

/* ---- operations with a pullback ----------------------------------------------------- */

/* (radius, angle) -> (radius cos(angle), radius sin(angle)). env counts pullbacks. */
static void polar_forward(size_t n, const double *x, size_t m, double *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = x[0] * cos(x[1]);
    y[1] = x[0] * sin(x[1]);
}

static bool polar_pullback(size_t n, const double *x, size_t m, const double *y, const double *dy,
                           double *dx, const void *env)
{
    (void)n, (void)m;
    if (env)
        ++*(int *)(uintptr_t)env;
    dx[0] = dy[0] * cos(x[1]) + dy[1] * sin(x[1]);
    dx[1] = dy[1] * y[0] - dy[0] * y[1];
    return true;
}

static const ad_real_op polar = {sizeof polar, "polar", polar_forward, polar_pullback};

static void plain_polar(const ad_real *x, ad_real *y)
{
    y[0] = ad_mul(x[0], ad_cos(x[1]));
    y[1] = ad_mul(x[0], ad_sin(x[1]));
}

/* A few turns, by the operation or plainly; in place, if wanted. */
static void turn(ad_recorder *r, bool plain, int turns, ad_real *x, ad_real *y)
{
    ad_real state[2], next[2];
    state[0] = x[0] = ad_real_input(r, 1.25);
    state[1] = x[1] = ad_real_input(r, 0.75);
    for (int i = 0; i < turns; i++) {
        if (plain)
            plain_polar(state, next);
        else
            ck_assert_int_eq(ad_real_apply(&polar, 2, state, 2, i % 2 ? state : next, NULL), AD_OK);
        if (plain || i % 2 == 0)
            memcpy(state, next, sizeof state);
        state[0] = ad_add(ad_mul(state[0], 0.25), 1); /* so that it stays near where it is */
        state[1] = ad_mul(state[1], 0.5);
    }
    memcpy(y, state, sizeof state);
    y[2] = ad_mul(state[0], state[1]);
}

START_TEST(a_call_has_the_derivatives_of_its_formula)
{
    ad_recorder *r = recorder_with((unsigned)_i), *s = recorder_with((unsigned)_i);
    for (int turns = 1; turns < 200; turns = 2 * turns + 1) {
        ad_real x[2], y[3], plain_x[2], z[3];
        double got[18], want[18];
        turn(r, false, turns, x, y);
        turn(s, true, turns, plain_x, z);
        for (int j = 0; j < 3; j++) {
            expect_near(y[j].value, z[j].value, 1e-12);
            ck_assert_int_eq(ad_real_gradient(y[j], 2, x, got), AD_OK);
            ck_assert_int_eq(ad_real_gradient(z[j], 2, plain_x, want), AD_OK);
            for (int i = 0; i < 2; i++)
                expect_near(got[i], want[i], 1e-10);
        }
        for (size_t m = 1; m < 4; m++) { /* by roots, and by directions */
            ck_assert_int_eq(ad_real_jacobian(m, y, 2, x, got), AD_OK);
            ck_assert_int_eq(ad_real_jacobian(m, z, 2, plain_x, want), AD_OK);
            for (size_t i = 0; i < 2 * m; i++)
                expect_near(got[i], want[i], 1e-10);
        }
        for (size_t count = 1; count < 5; count += 3) {
            const double tx[] = {1, 2, -1, 0.5, 0, 1, 3, 3};
            ck_assert_int_eq(ad_real_jvp(2, x, count, tx, 3, y, got), AD_OK);
            ck_assert_int_eq(ad_real_jvp(2, plain_x, count, tx, 3, z, want), AD_OK);
            for (size_t i = 0; i < 3 * count; i++)
                expect_near(got[i], want[i], 1e-10);
        }
        ad_recorder_reset(r);
        ad_recorder_reset(s);
    }
    ad_recorder_free(r);
    ad_recorder_free(s);
}
END_TEST

START_TEST(results_of_a_call_may_be_roots_and_be_asked_for)
{
    int pullbacks = 0;
    double found[4];
    ad_recorder *r = recorder_with(0);
    ad_real x[2] = {ad_real_input(r, 2), ad_real_input(r, 0)}, y[2];
    ad_real_apply(&polar, 2, x, 2, y, &pullbacks);
    ad_real z = ad_mul(y[0], y[1]), unrelated = ad_square(x[0]);
    ck_assert_int_eq(ad_real_gradient(z, 2, y, found), AD_OK);
    ck_assert(found[0] == 0 && found[1] == 2);
    ck_assert_int_eq(ad_real_jvp(2, y, 1, (double[]){10, 1}, 1, &z, found), AD_OK);
    expect_near(found[0], 2, 0);
    ck_assert_int_eq(ad_real_vjp(2, y, (double[]){1, 10}, 2, x, found), AD_OK);
    ck_assert(found[0] == 1 && found[1] == 20);
    ck_assert_int_eq(ad_real_gradient(y[0], 1, &y[1], found), AD_OK);
    expect_near(found[0], 0, 0);
    /* What an earlier sweep has left for another result is none of this one's. */
    ck_assert_int_eq(ad_real_vjp(2, y, (double[]){7, 7}, 1, &unrelated, found), AD_OK);
    ck_assert_int_eq(ad_real_gradient(y[0], 2, x, found), AD_OK);
    ck_assert(found[0] == 1 && found[1] == 0);
    pullbacks = 0;
    ck_assert_int_eq(ad_real_gradient(unrelated, 2, x, found), AD_OK);
    ck_assert_int_eq(pullbacks, 0); /* nothing flows to it */
    ck_assert(found[0] == 4 && found[1] == 0);
    ad_recorder_free(r);
}
END_TEST

START_TEST(constants_of_a_call_have_no_derivative)
{
    double found[2];
    ad_recorder *r = recorder_with(0);
    ad_real x[2] = {ad_real_constant(2), ad_real_input(r, 0)}, y[2];
    ck_assert_int_eq(ad_real_apply(&polar, 2, x, 2, y, NULL), AD_OK);
    ck_assert_int_eq(ad_real_gradient(y[1], 2, x, found), AD_OK);
    ck_assert(found[0] == 0 && found[1] == 2);
    ck_assert_int_eq(ad_real_jvp(2, x, 1, (double[]){1, 1}, 1, &y[1], found), AD_OK);
    expect_near(found[0], 2, 0);
    x[1] = ad_real_constant(0);
    size_t statements = size_of(r).statements;
    ck_assert_int_eq(ad_real_apply(&polar, 2, x, 2, x, NULL), AD_OK);
    ck_assert(!x[0].on && !x[1].on && x[0].value == 2 && x[1].value == 0);
    ck_assert_uint_eq(size_of(r).statements, statements);
    ad_recorder_free(r);
}
END_TEST

/* y[j] = (j + 1) sum x. */
static void spread_forward(size_t n, const double *x, size_t m, double *y, const void *env)
{
    double sum = 0;
    (void)env;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    for (size_t j = 0; j < m; j++)
        y[j] = (double)(j + 1) * sum;
}

static bool spread_pullback(size_t n, const double *x, size_t m, const double *y, const double *dy,
                            double *dx, const void *env)
{
    double sum = 0;
    (void)x, (void)y, (void)env;
    for (size_t j = 0; j < m; j++)
        sum += (double)(j + 1) * dy[j];
    for (size_t i = 0; i < n; i++)
        dx[i] = sum;
    return true;
}

static const ad_real_op spread = {sizeof spread, "spread", spread_forward, spread_pullback};

START_TEST(calls_may_be_longer_than_a_chunk)
{
    static double found[600];
    static ad_real x[700], y[700];
    ad_recorder *r = recorder_with(0);
    for (size_t before = 0; before < 260; before += 51)
        for (size_t n = 1; n < 700; n = 3 * n + 60)
            for (size_t m = 1; m < 700; m = 3 * m + 60) {
                ad_recorder_reset(r);
                ad_real a = ad_real_input(r, 2), b = a;
                for (size_t i = 0; i < before; i++)
                    b = ad_mul(b, 1);
                for (size_t i = 0; i < n; i++)
                    x[i] = i % 2 ? a : b;
                ck_assert_int_eq(ad_real_apply(&spread, n, x, m, y, NULL), AD_OK);
                ad_real z = ad_add(y[m - 1], ad_mul(y[m / 2], 1));
                const double want = (double)(n * (m + m / 2 + 1));
                expect_near(slope_by(z, a), want, 1e-15);
                ck_assert_int_eq(ad_real_jvp(1, &a, 1, &(double){1}, 1, &z, found), AD_OK);
                expect_near(found[0], want, 1e-15);
                const ad_real nine[9] = {z, a, z, b, z, a, z, b, y[0]};
                ck_assert_int_eq(ad_real_jacobian(9, nine, 1, &a, found), AD_OK);
                expect_near(found[4], want, 1e-15);
                expect_near(found[8], (double)n, 1e-15);
                const ad_real ten[10] = {a, a, a, a, a, a, a, a, a, a};
                ck_assert_int_eq(ad_real_jacobian(9, nine, 10, ten, found), AD_OK);
                expect_near(found[40], want, 1e-15);
            }
    ad_recorder_free(r);
}
END_TEST

START_TEST(a_rewind_forgets_calls)
{
    ad_recorder *r = recorder_with(0);
    ad_real x[2] = {ad_real_input(r, 2), ad_real_input(r, 0)}, y[2], z[2];
    ad_real_apply(&polar, 2, x, 2, y, NULL);
    ad_recorder_mark mark = ad_recorder_here(r);
    for (int round = 0; round < 100; round++) {
        for (int k = 0; k <= round % 5; k++)
            ck_assert_int_eq(ad_real_apply(&polar, 2, y, 2, z, NULL), AD_OK);
        double slope = slope_by(z[0], x[0]);
        expect_near(slope, 1, 1e-15);
        ck_assert_int_eq(ad_recorder_rewind(mark), AD_OK);
        expect_near(slope_by(y[1], x[1]), 2, 0);
    }
    ad_recorder_free(r);
}
END_TEST

START_TEST(a_call_has_no_second_derivative)
{
    ad_recorder *r = recorder_with(AD_KEEP_SECOND);
    ad_real x[2] = {ad_real_input(r, 2), ad_real_input(r, 0)}, y[2];
    double found[4] = {42};
    ad_real_apply(&polar, 2, x, 2, y, NULL);
    ad_real z = ad_square(x[0]);
    expect_near(slope_by(y[1], x[1]), 2, 0);
    ck_assert_int_eq(ad_real_hessian(z, 1, x, found), AD_OK); /* does not depend on the call */
    expect_near(found[0], 2, 0);
    for (int j = 0; j < 2; j++) {
        found[0] = 42;
        ck_assert_int_eq(ad_real_hessian(ad_mul(y[j], z), 2, x, found), AD_NO_DERIVATIVE);
        ck_assert(found[0] == 42);
        ad_recorder_reset(r);
        x[0] = ad_real_input(r, 2);
        x[1] = ad_real_input(r, 0);
        ad_real_apply(&polar, 2, x, 2, y, NULL);
        z = ad_square(x[0]);
    }
    ad_recorder_free(r);
}
END_TEST

/* ---- what goes wrong in a call ------------------------------------------------------ */

/* What a caller's function does with the recorder while it is in use. env is the number to do it with. */
typedef void intrusion(ad_real x);

static void record_more(ad_real x)
{
    ad_square(ad_sin(x));
}

static void add_an_input(ad_real x)
{
    ad_real_input(x.on, 1);
}

static void add_a_list(ad_real x)
{
    const ad_real many[] = {x, x, x};
    ad_sum_reals(3, many);
    ad_logsumexp_reals(3, many);
}

static void reset_it(ad_real x)
{
    ad_recorder_reset(x.on);
}

static void free_it(ad_real x)
{
    ad_recorder_free(x.on);
}

static void rewind_it(ad_real x)
{
    ad_recorder_rewind(ad_recorder_here(x.on));
}

static void collapse_it(ad_real x)
{
    ad_recorder_collapse(ad_recorder_here(x.on), 1, &x);
}

static void sweep_it(ad_real x)
{
    double out[1] = {1};
    ad_real_gradient(x, 1, &x, out);
    ad_real_jvp(1, &x, 1, out, 1, &x, out);
}

static void call_again(ad_real x)
{
    ad_real y[2] = {x, x};
    ad_real_apply(&polar, 2, y, 2, y, NULL);
}

static void fail_it(ad_real x)
{
    ad_recorder_fail(x.on, AD_BUSY, "the recorder is in use, says its user");
}

static intrusion *const intrusions[] = {record_more, add_an_input, add_a_list, reset_it,   free_it,
                                        rewind_it,   collapse_it,  sweep_it,   call_again, fail_it};

typedef struct intruder {
    intrusion *intrude;
    ad_real x;
    bool in_forward;
} intruder;

static void intrude_if(const intruder *i, bool forward)
{
    if (i->in_forward == forward)
        i->intrude(i->x);
    ad_recorder_trim(i->x.on); /* does nothing now */
}

static void intruding_forward(size_t n, const double *x, size_t m, double *y, const void *env)
{
    intrude_if(env, true);
    spread_forward(n, x, m, y, NULL);
}

static bool intruding_pullback(size_t n, const double *x, size_t m, const double *y,
                               const double *dy, double *dx, const void *env)
{
    intrude_if(env, false);
    return spread_pullback(n, x, m, y, dy, dx, NULL);
}

static const ad_real_op intruding = {sizeof intruding, "intruding", intruding_forward,
                                     intruding_pullback};

START_TEST(a_recorder_in_use_refuses_to_be_used)
{
    ad_recorder *r = recorder_with(0);
    for (int k = 0; k < 4; k++) {
        double out[40];
        ad_real x = ad_real_input(r, 1), y[2] = {x, x};
        intruder env = {intrusions[_i], x, k == 0};
        ad_status status = ad_real_apply(&intruding, 1, &x, 2, y, &env);
        ck_assert_int_eq(status, k == 0 ? AD_BUSY : AD_OK);
        const ad_real many[9] = {y[0], y[1], y[0], y[1], y[0], y[1], y[0], y[1], x};
        out[0] = 42;
        if (k == 1)
            ck_assert_int_eq(ad_real_gradient(y[1], 1, &x, out), AD_BUSY);
        else if (k == 2)
            ck_assert_int_eq(ad_real_jacobian(9, many, 1, &x, out), AD_BUSY);
        else if (k == 3)
            ck_assert_int_eq(ad_real_jacobian(2, y, 2, many + 8 - 1, out), AD_BUSY);
        else
            ck_assert(isnan(y[0].value) && isnan(y[1].value));
        expect_failure(r, AD_BUSY, "the recorder is in use");
        ck_assert(out[0] == 42);
        ad_recorder_reset(r);
        expect_good(r);
    }
    ad_recorder_free(r);
}
END_TEST

static bool failing_pullback(size_t n, const double *x, size_t m, const double *y, const double *dy,
                             double *dx, const void *env)
{
    (void)n, (void)x, (void)m, (void)y, (void)dy, (void)dx, (void)env;
    return false;
}

static void silent_forward(size_t n, const double *x, size_t m, double *y, const void *env)
{
    (void)n, (void)x, (void)m, (void)y, (void)env;
}

START_TEST(a_pullback_may_fail)
{
    static const ad_real_op failing = {sizeof failing, "failing", spread_forward, failing_pullback};
    ad_recorder *r = recorder_with(0);
    for (int k = 0; k < 3; k++) {
        ad_real x = ad_real_input(r, 1), y[2];
        double out[2] = {42, 42};
        ck_assert_int_eq(ad_real_apply(&failing, 1, &x, 2, y, NULL), AD_OK);
        ck_assert_int_eq(k == 0   ? ad_real_gradient(y[1], 1, &x, out)
                         : k == 1 ? ad_real_jvp(1, &x, 1, &(double){1}, 2, y, out)
                                  : ad_real_jacobian(1, y, 1, &x, out),
                         AD_FAILED);
        expect_failure(r, AD_FAILED, "failing");
        expect_failure(r, AD_FAILED, "the pullback reported failure");
        ck_assert(out[0] == 42 && out[1] == 42);
        ad_recorder_reset(r);
    }
    ad_recorder_free(r);
}
END_TEST

START_TEST(an_incomplete_call_is_refused)
{
    static const ad_real_op bad[] = {
        {0, "bad", spread_forward, spread_pullback},
        {sizeof *bad, NULL, spread_forward, spread_pullback},
        {sizeof *bad, "bad", NULL, spread_pullback},
        {sizeof *bad, "bad", spread_forward, NULL},
    };
    ad_recorder *r = recorder_with(0);
    for (int k = 0; k < 6; k++) {
        ad_real x = ad_real_input(r, 1), y = x, constant = ad_real_constant(1);
        const ad_real_op *op = k < 4 ? &bad[k] : k == 4 ? NULL : &spread;
        ck_assert_int_eq(ad_real_apply(op, 1, &x, 1, k == 5 ? NULL : &y, NULL), AD_MISUSE);
        ck_assert(k == 5 || isnan(y.value));
        expect_failure(r, AD_MISUSE, "apply at " __FILE__);
        ck_assert_int_eq(ad_real_apply(op, 1, &constant, 1, k == 5 ? NULL : &y, NULL), AD_MISUSE);
        ad_recorder_reset(r);
    }
    ad_real y;
    ck_assert_int_eq(ad_real_apply(&spread, 1, NULL, 1, &y, NULL), AD_MISUSE);
    ck_assert(isnan(y.value));
    ck_assert_int_eq(ad_real_apply(&spread, 0, NULL, 1, &y, NULL), AD_OK);
    ck_assert(!y.on && y.value == 0);
    ad_recorder_free(r);
}
END_TEST

/* Nobody has so many here; none is read or written. */
START_TEST(an_operation_may_have_too_many_results)
{
    ad_recorder *r = recorder_with(0);
    ad_reals_call(ad_reals_of(r), (ad_number_call){.name = "spread"}, 0, NULL, UINT32_MAX, NULL);
    expect_failure(r, AD_TOO_LARGE, "spread: 0 arguments, 4294967295 results");
    ad_recorder_free(r);
}
END_TEST

START_TEST(an_operation_may_have_no_results)
{
    ad_recorder *r = recorder_with((unsigned)_i);
    ad_real x = ad_real_input(r, 3), constant = ad_real_constant(1), y = ad_square(x);
    ck_assert_int_eq(ad_real_apply(&spread, 1, &x, 0, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_real_apply(&spread, 1, &constant, 0, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_real_apply(&spread, 0, NULL, 0, NULL, NULL), AD_OK);
    ck_assert_uint_eq(size_of(r).statements, 2);
    expect_near(slope_by(y, x), 6, 0);
    ad_recorder_free(r);
}
END_TEST

START_TEST(results_that_are_not_finite_are_reported_if_wanted)
{
    static const ad_real_op silent = {sizeof silent, "silent", silent_forward, spread_pullback};
    for (unsigned keep = 0; keep <= AD_KEEP_FINITE; keep += AD_KEEP_FINITE) {
        ad_recorder *r = recorder_with(keep);
        ad_real x = ad_real_input(r, INFINITY), y[2];
        ck_assert_int_eq(ad_real_apply(&spread, 1, &x, 2, y, NULL), keep ? AD_NOT_FINITE : AD_OK);
        ck_assert(keep ? isnan(y[1].value) : isinf(y[1].value));
        if (keep)
            expect_failure(r, AD_NOT_FINITE, "spread at " __FILE__);
        ad_recorder_reset(r);
        x = ad_real_input(r, 1);
        ad_status status = ad_real_apply(&silent, 1, &x, 2, y, NULL); /* sets nothing */
        ck_assert_int_eq(status, keep ? AD_NOT_FINITE : AD_OK);
        ck_assert(isnan(y[0].value) && isnan(y[1].value));
        ad_recorder_free(r);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("calls");
    TCase *tests = tcase_create("calls");
    tcase_add_loop_test(tests, a_statement_has_the_partials_it_was_given, 0, 4);
    tcase_add_test(tests, a_statement_may_have_no_arguments);
    tcase_add_loop_test(tests, a_call_has_the_derivatives_of_its_formula, 0, 3);
    tcase_add_test(tests, results_of_a_call_may_be_roots_and_be_asked_for);
    tcase_add_test(tests, constants_of_a_call_have_no_derivative);
    tcase_add_test(tests, calls_may_be_longer_than_a_chunk);
    tcase_add_test(tests, a_rewind_forgets_calls);
    tcase_add_test(tests, a_call_has_no_second_derivative);
    tcase_add_loop_test(tests, a_recorder_in_use_refuses_to_be_used, 0,
                        sizeof intrusions / sizeof *intrusions);
    tcase_add_test(tests, a_pullback_may_fail);
    tcase_add_test(tests, an_incomplete_call_is_refused);
    tcase_add_loop_test(tests, an_operation_may_have_no_results, 0, 2);
    tcase_add_test(tests, an_operation_may_have_too_many_results);
    tcase_add_test(tests, results_that_are_not_finite_are_reported_if_wanted);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
