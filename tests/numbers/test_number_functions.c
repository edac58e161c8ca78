/* Functions of numbers as a part of a record: checkpoints, which are evaluated again, and parts that collapse
 * into their Jacobian. */
#include "numbers.h"

#include <stdint.h>

/* ---- a part to keep or not ---------------------------------------------------------- */

/* A step of a pendulum with friction env: two numbers in and out. */
static void swing(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    ad_real angle = x[0], speed = x[1], friction = n > 2 ? x[2] : ad_real_constant(0.1);
    (void)m, (void)env;
    for (int i = 0; i < 30; i++) {
        ad_real force = ad_neg(ad_add(ad_sin(angle), ad_mul(friction, speed)));
        angle = ad_muladd(speed, 0.01, angle);
        speed = ad_muladd(force, 0.01, speed);
    }
    y[0] = angle;
    y[1] = speed;
}

typedef void advance(ad_recorder *r, size_t n, const ad_real *x, ad_real *y);

static void plainly(ad_recorder *r, size_t n, const ad_real *x, ad_real *y)
{
    (void)r;
    swing(n, x, 2, y, NULL);
}

static void by_checkpoint(ad_recorder *r, size_t n, const ad_real *x, ad_real *y)
{
    (void)r;
    ck_assert_int_eq(ad_real_checkpoint(swing, n, x, 2, y, NULL), AD_OK);
}

static void swing_nested(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    ad_real middle[3] = {x[0], x[1], x[n - 1]};
    const int depth = *(const int *)env;
    static const int depths[] = {0, 1, 2};
    if (depth == 0) {
        swing(n, x, m, y, NULL);
        return;
    }
    ad_real_checkpoint(swing_nested, n, middle, 2, middle, &depths[depth - 1]);
    for (int j = 0; j < 2; j++)
        y[j] = middle[j];
}

static void by_nested_checkpoints(ad_recorder *r, size_t n, const ad_real *x, ad_real *y)
{
    static const int depth = 2;
    (void)r;
    ck_assert_int_eq(ad_real_checkpoint(swing_nested, n, x, 2, y, &depth), AD_OK);
}

static void by_collapse(ad_recorder *r, size_t n, const ad_real *x, ad_real *y)
{
    ad_recorder_mark mark = ad_recorder_here(r);
    swing(n, x, 2, y, NULL);
    ck_assert_int_eq(ad_recorder_collapse(mark, 2, y), AD_OK);
}

static void by_nested_collapse(ad_recorder *r, size_t n, const ad_real *x, ad_real *y)
{
    ad_recorder_mark mark = ad_recorder_here(r);
    ad_real state[3] = {x[0], x[1], x[n - 1]};
    by_collapse(r, n, state, y);
    ad_recorder_mark tried = ad_recorder_here(r);
    swing(2, y, 2, state, NULL); /* what was tried is given up */
    ck_assert_int_eq(ad_recorder_rewind(tried), AD_OK);
    ck_assert_int_eq(ad_recorder_collapse(mark, 2, y), AD_OK);
}

static void by_checkpoint_in_collapse(ad_recorder *r, size_t n, const ad_real *x, ad_real *y)
{
    ad_recorder_mark mark = ad_recorder_here(r);
    by_checkpoint(r, n, x, y);
    ck_assert_int_eq(ad_recorder_collapse(mark, 2, y), AD_OK);
}

static advance *const ways[] = {by_checkpoint, by_nested_checkpoints, by_collapse,
                                by_nested_collapse, by_checkpoint_in_collapse};
enum { WAYS = sizeof ways / sizeof *ways, TURNS = 40 };

typedef struct journey {
    ad_recorder *r;
    ad_real x[3], y[3];
} journey;

static journey travel(unsigned keep, advance *way, size_t n)
{
    journey j = {.r = recorder_with(keep)};
    ck_assert_int_eq(ad_real_inputs(j.r, 3, (double[]){0.5, 0.25, 0.1}, j.x), AD_OK);
    if (n == 2)
        j.x[2] = ad_real_constant(0.1);
    ad_real state[3] = {j.x[0], j.x[1], j.x[2]};
    for (int i = 0; i < TURNS; i++)
        way(j.r, n, state, state);
    j.y[0] = state[0];
    j.y[1] = state[1];
    j.y[2] = ad_mul(state[0], state[1]);
    expect_good(j.r);
    return j;
}

START_TEST(a_part_has_its_derivatives_however_it_is_kept)
{
    for (unsigned keep = 0; keep < 2; keep++)
        for (size_t n = 2; n < 4; n++) {
            journey plain = travel(keep, plainly, n), j = travel(keep, ways[_i], n);
            double got[9], want[9];
            for (size_t k = 0; k < 3; k++) {
                ck_assert(same_bits(j.y[k].value, plain.y[k].value));
                ck_assert_int_eq(ad_real_gradient(j.y[k], 3, j.x, got), AD_OK);
                ck_assert_int_eq(ad_real_gradient(plain.y[k], 3, plain.x, want), AD_OK);
                for (int i = 0; i < 3; i++)
                    expect_near(got[i], want[i], 1e-13);
            }
            for (size_t m = 2; m < 4; m++) {
                ck_assert_int_eq(ad_real_jacobian(m, j.y, n, j.x, got), AD_OK);
                ck_assert_int_eq(ad_real_jacobian(m, plain.y, n, plain.x, want), AD_OK);
                for (size_t i = 0; i < m * n; i++)
                    expect_near(got[i], want[i], 1e-13);
            }
            if (keep) {
                ck_assert_int_eq(ad_real_hessian(j.y[2], 3, j.x, got), AD_OK);
                ck_assert_int_eq(ad_real_hessian(plain.y[2], 3, plain.x, want), AD_OK);
                for (int i = 0; i < 9; i++)
                    expect_near(got[i], want[i], 1e-12);
            } else {
                ck_assert_uint_le(size_of(j.r).statements, 3 * TURNS + 8);
            }
            ad_recorder_free(j.r);
            ad_recorder_free(plain.r);
        }
}
END_TEST

/* ---- checkpoints -------------------------------------------------------------------- */

static void square(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)env;
    for (size_t j = 0; j < m; j++)
        y[j] = ad_square(x[j]);
}

static void add_and_multiply(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_add(x[0], x[1]);
    y[1] = ad_mul(x[0], x[1]);
}

/* Results may stand where the arguments were: with second derivatives and of constants, too. */
START_TEST(a_checkpoint_may_work_in_place)
{
    static const unsigned keeps[] = {0, AD_KEEP_SECOND, AD_KEEP_LINES};
    for (size_t k = 0; k < 4; k++) {
        ad_recorder *r = recorder_with(keeps[k % 3]);
        ad_real a = k == 3 ? ad_real_constant(2) : ad_real_input(r, 2);
        ad_real b = k == 3 ? ad_real_constant(5) : ad_real_input(r, 5);
        ad_real state[3] = {a, b, a};
        ck_assert_int_eq(ad_real_checkpoint(add_and_multiply, 2, state, 2, state, NULL), AD_OK);
        ck_assert(state[0].value == 7 && state[1].value == 10);
        ck_assert_int_eq(ad_real_checkpoint(add_and_multiply, 2, state, 2, state + 1, NULL), AD_OK);
        ck_assert(state[1].value == 17 && state[2].value == 70);
        if (k < 3) {
            expect_near(slope_by(state[1], a), 1 + 5, 0);
            expect_near(slope_by(state[2], b), 10 + 7 * 2, 0);
        }
        ad_recorder_free(r);
    }
}
END_TEST

static void keep_some(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = x[0];                 /* an argument */
    y[1] = ad_real_constant(42); /* nothing of the arguments */
    y[2] = y[3] = ad_mul(x[0], x[1]);
}

START_TEST(results_of_a_checkpoint_may_be_arguments_constants_and_the_same)
{
    for (unsigned keep = 0; keep < 2; keep++) {
        ad_recorder *r = recorder_with(keep);
        ad_real x[2] = {ad_real_input(r, 2), ad_real_input(r, 5)}, y[4];
        static const double want[] = {1, 0, 0, 0, 5, 2, 5, 2};
        double found[8];
        ck_assert_int_eq(ad_real_checkpoint(keep_some, 2, x, 4, y, NULL), AD_OK);
        ck_assert_int_eq(ad_real_jacobian(4, y, 2, x, found), AD_OK);
        for (int i = 0; i < 8; i++)
            expect_near(found[i], want[i], 0);
        ck_assert_int_eq(ad_real_vjp(4, y, (double[]){1, 1, 1, 1}, 2, x, found), AD_OK);
        ck_assert(found[0] == 11 && found[1] == 4);
        ad_recorder_free(r);
    }
}
END_TEST

static void scaled(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m;
    y[0] = ad_mul(x[0], *(const double *)env);
}

START_TEST(a_function_that_gives_other_values_is_found_out)
{
    ad_recorder *r = recorder_with(0);
    double factor = 2, slope = 42, tangent = 42;
    ad_real x = ad_real_input(r, 3), y;
    ck_assert_int_eq(ad_real_checkpoint(scaled, 1, &x, 1, &y, &factor), AD_OK);
    expect_near(slope_by(y, x), 2, 0);
    factor = 2.5;
    ck_assert_int_eq(ad_real_gradient(y, 1, &x, &slope), AD_CHANGED);
    expect_failure(r, AD_CHANGED, "result 0 was 6 and now is 7.5");
    ck_assert_int_eq(ad_real_jvp(1, &x, 1, &factor, 1, &y, &tangent), AD_CHANGED);
    ck_assert(slope == 42 && tangent == 42);
    ad_recorder_reset(r);
    x = ad_real_input(r, 3);
    ck_assert_int_eq(ad_real_checkpoint(scaled, 1, &x, 1, &y, &factor), AD_OK);
    expect_near(slope_by(y, x), 2.5, 0);
    ad_recorder_free(r);
}
END_TEST

static void use_outer(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m;
    y[0] = ad_mul(x[0], *(const ad_real *)env);
}

static void return_outer(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)x, (void)m;
    y[0] = *(const ad_real *)env;
}

static void reset_inner(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_square(x[0]);
    ad_recorder_reset(x[0].on);
}

static void free_inner(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_square(x[0]);
    ad_recorder_free(x[0].on);
}

static void fail_inner(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_square(x[0]);
    ad_recorder_fail(x[0].on, AD_DOMAIN, "not here");
}

static void set_nothing(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)x, (void)m, (void)y, (void)env;
}

START_TEST(what_a_checkpoint_must_not_do_is_an_error)
{
    ad_recorder *r = recorder_with(0);
    ad_real x = ad_real_input(r, 3), outer = ad_real_input(r, 2), y;
    double slope = 42;
    ck_assert_int_eq(ad_real_checkpoint(use_outer, 1, &x, 1, &y, &outer), AD_BUSY);
    ck_assert(isnan(y.value));
    ad_recorder_reset(r);
    x = ad_real_input(r, 3), outer = ad_real_input(r, 2);
    ck_assert_int_eq(ad_real_checkpoint(return_outer, 1, &x, 1, &y, &outer), AD_FOREIGN);
    expect_failure(r, AD_FOREIGN, "result 0 is a number of a recorder that does not come from");
    ad_recorder_reset(r);
    x = ad_real_input(r, 3);
    ck_assert_int_eq(ad_real_checkpoint(reset_inner, 1, &x, 1, &y, NULL), AD_OK);
    ck_assert_int_eq(ad_real_gradient(y, 1, &x, &slope), AD_STALE);
    ad_recorder_reset(r);
    x = ad_real_input(r, 3);
    ck_assert_int_eq(ad_real_checkpoint(free_inner, 1, &x, 1, &y, NULL), AD_OK);
    ck_assert_int_eq(ad_real_gradient(y, 1, &x, &slope), AD_MISUSE);
    expect_failure(r, AD_MISUSE, "the recorder belongs to a tape or to another recorder");
    ad_recorder_reset(r);
    x = ad_real_input(r, 3);
    ck_assert_int_eq(ad_real_checkpoint(fail_inner, 1, &x, 1, &y, NULL), AD_OK);
    ck_assert_int_eq(ad_real_gradient(y, 1, &x, &slope), AD_DOMAIN);
    expect_failure(r, AD_DOMAIN, ": not here");
    ck_assert(slope == 42);
    ad_recorder_reset(r);
    x = ad_real_input(r, 3);
    ck_assert_int_eq(ad_real_checkpoint(set_nothing, 1, &x, 1, &y, NULL), AD_OK);
    ck_assert(isnan(y.value));
    ad_recorder_free(r);
}
END_TEST

START_TEST(an_incomplete_checkpoint_is_refused)
{
    ad_recorder *r = recorder_with((unsigned)_i);
    for (int k = 0; k < 2; k++) {
        ad_real x = ad_real_input(r, 1), y = x;
        ck_assert_int_eq(ad_real_checkpoint(k ? square : NULL, 1, &x, 1, k ? NULL : &y, NULL),
                         AD_MISUSE);
        expect_failure(r, AD_MISUSE, "checkpoint at " __FILE__);
        ad_recorder_reset(r);
    }
    ad_real y = ad_real_constant(1);
    ck_assert_int_eq(ad_real_checkpoint(square, 1, NULL, 1, &y, NULL), AD_MISUSE);
    ck_assert(isnan(y.value));
    ad_recorder_free(r);
}
END_TEST

static void ignore(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)x, (void)m, (void)y, (void)env;
}

START_TEST(a_checkpoint_may_have_no_results_or_no_arguments)
{
    ad_recorder *r = recorder_with((unsigned)_i);
    ad_real x = ad_real_input(r, 3), constant = ad_real_constant(1), y = ad_square(x);
    ck_assert_int_eq(ad_real_checkpoint(ignore, 1, &x, 0, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_real_checkpoint(ignore, 1, &constant, 0, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_real_checkpoint(ignore, 0, NULL, 0, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_real_checkpoint(ignore, 0, NULL, 1, &constant, NULL), AD_OK);
    ck_assert(isnan(constant.value) && !constant.on);
    ck_assert_uint_eq(size_of(r).statements, 2);
    expect_near(slope_by(y, x), 6, 0);
    ad_recorder_free(r);
}
END_TEST

/* ---- collapse ----------------------------------------------------------------------- */

START_TEST(a_part_collapses_into_its_jacobian)
{
    ad_recorder *r = recorder_with(0);
    ad_real a = ad_real_input(r, 2), b = ad_real_input(r, 5), c = ad_real_input(r, 1);
    ad_recorder_mark mark = ad_recorder_here(r);
    ad_recorder_info before = size_of(r);
    ad_real inner = ad_mul(a, b), input = ad_real_input(r, 3), gone = ad_exp(c);
    ad_real y[] = {ad_square(inner),
                   a,
                   ad_real_constant(7),
                   inner,
                   ad_square(inner),
                   ad_sub(inner, ad_mul(b, 2)),
                   input};
    y[4] = y[0];
    ck_assert_int_eq(ad_recorder_collapse(mark, 7, y), AD_OK);
    /* y[0] of a and b, y[3], y[4], y[5] of a alone, since what it has of b is 0. */
    ck_assert_uint_eq(size_of(r).statements, before.statements + 4);
    ck_assert_uint_eq(size_of(r).arguments, before.arguments + 7);
    ck_assert(y[1].place == a.place && !y[2].on && !y[6].on && y[6].value == 3);
    static const double want[7][3] = {{100, 40, 0}, {1, 0, 0},    {0},
                                      {5, 2, 0},    {100, 40, 0}, {5, 0, 0}};
    double found[21];
    ck_assert_int_eq(ad_real_jacobian(7, y, 3, (ad_real[]){a, b, c}, found), AD_OK);
    for (int i = 0; i < 21; i++)
        expect_near(found[i], want[i / 3][i % 3], 0);
    expect_near(y[0].value, 100, 0);
    ad_square(gone);
    expect_failure(r, AD_STALE, "outlived");
    ad_recorder_free(r);
}
END_TEST

START_TEST(a_part_may_have_long_lists_and_special_partials)
{
    ad_recorder *r = recorder_with(0);
    ad_real x[300], zero = ad_real_input(r, 0);
    double found[300];
    for (int i = 0; i < 300; i++)
        x[i] = ad_real_input(r, i % 5);
    for (int round = 0; round < 20; round++) {
        ad_recorder_mark mark = ad_recorder_here(r);
        ad_real y[] = {ad_dot_reals(300, x, x), ad_mul(ad_sqrt(zero), 0), ad_sqrt(zero),
                       ad_mul(ad_sum_reals(300, x), 2)};
        ck_assert_int_eq(ad_recorder_collapse(mark, 4, y), AD_OK);
        ck_assert_int_eq(ad_real_gradient(y[0], 300, x, found), AD_OK);
        for (int i = 0; i < 300; i++)
            expect_near(found[i], 2 * (i % 5), 0);
        ck_assert_int_eq(ad_real_gradient(y[3], 300, x, found), AD_OK);
        for (int i = 0; i < 300; i++)
            expect_near(found[i], 2, 0);
        ck_assert(!y[1].on && slope_by(y[2], zero) == INFINITY);
        if (round % 2)
            ad_recorder_rewind(mark);
    }
    expect_good(r);
    ad_recorder_free(r);
}
END_TEST

START_TEST(what_cannot_collapse_is_an_error)
{
    ad_recorder *r = recorder_with(0), *other = recorder_with(0);
    for (int k = 0; k < 5; k++) {
        ad_real x = ad_real_input(r, 2), z = ad_real_input(other, 2);
        ad_recorder_mark mark = ad_recorder_here(r), after;
        ad_real y[2] = {ad_square(x), x};
        after = ad_recorder_here(r);
        if (k == 0)
            ad_recorder_rewind(mark); /* y[0] is stale */
        else if (k == 1)
            y[1] = z;
        else if (k == 2) {
            ad_recorder_rewind(mark);
            y[0] = x;
            mark = after;
        }
        ad_status want = k == 1 ? AD_FOREIGN : k == 3 ? AD_MISUSE : k == 4 ? AD_OK : AD_STALE;
        ck_assert_int_eq(ad_recorder_collapse(mark, 2, k == 3 ? NULL : y), want);
        if (k < 3)
            ck_assert(isnan(y[0].value) && isnan(y[1].value));
        ck_assert_int_eq(ad_recorder_status(other), k == 1 ? AD_FOREIGN : AD_OK);
        ad_recorder_reset(r);
        ad_recorder_reset(other);
    }
    ck_assert_int_eq(ad_recorder_collapse((ad_recorder_mark){.on = NULL}, 0, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_recorder_collapse(ad_recorder_here(r), 0, NULL), AD_OK);
    ad_real foreign = ad_real_input(other, 1); /* alone */
    ck_assert_int_eq(ad_recorder_collapse(ad_recorder_here(r), 1, &foreign), AD_FOREIGN);
    expect_failure(other, AD_FOREIGN, "numbers of two recorders");
    ad_recorder_free(r);
    ad_recorder_free(other);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("functions of numbers");
    TCase *tests = tcase_create("functions");
    tcase_add_loop_test(tests, a_part_has_its_derivatives_however_it_is_kept, 0, WAYS);
    tcase_add_test(tests, a_checkpoint_may_work_in_place);
    tcase_add_test(tests, results_of_a_checkpoint_may_be_arguments_constants_and_the_same);
    tcase_add_test(tests, a_function_that_gives_other_values_is_found_out);
    tcase_add_test(tests, what_a_checkpoint_must_not_do_is_an_error);
    tcase_add_loop_test(tests, an_incomplete_checkpoint_is_refused, 0, 2);
    tcase_add_loop_test(tests, a_checkpoint_may_have_no_results_or_no_arguments, 0, 2);
    tcase_add_test(tests, a_part_collapses_into_its_jacobian);
    tcase_add_test(tests, a_part_may_have_long_lists_and_special_partials);
    tcase_add_test(tests, what_cannot_collapse_is_an_error);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
