/* Derivatives of numbers by numbers: which x and y may be asked for, what is 0, what is infinite, and what is
 * refused. */
#include "numbers.h"

/* ---- what may be asked for ---------------------------------------------------------- */

/* Three inputs, what depends on them, and a constant. */
typedef struct scene {
    ad_recorder *r;
    ad_real a, b, c, product, sum, late, five;
} scene;

static scene begin(unsigned keep)
{
    scene s = {.r = recorder_with(keep), .five = ad_real_constant(5)};
    s.a = ad_real_input(s.r, 2);
    s.b = ad_real_input(s.r, 3);
    s.product = ad_mul(s.a, s.b);
    s.c = ad_real_input(s.r, 7);
    s.sum = ad_add(s.product, ad_square(s.c)); /* 55 */
    s.late = ad_sin(s.sum);
    return s;
}

/* The derivatives of y by x in all ways. */
static void expect_derivatives(ad_real y, size_t n, const ad_real *x, const double *want)
{
    double found[8], rows[8 * 9], unit[8 * 8] = {0};
    const ad_real many[9] = {y, y, y, y, y, y, y, y, y};
    ck_assert_int_eq(ad_real_gradient(y, n, x, found), AD_OK);
    for (size_t i = 0; i < n; i++)
        expect_near(found[i], want[i], 1e-15);
    ck_assert_int_eq(ad_real_vjp(1, &y, &(double){-2}, n, x, found), AD_OK);
    for (size_t i = 0; i < n; i++)
        expect_near(found[i], -2 * want[i], 1e-15);
    for (size_t m = 1; m < 10; m += 8) { /* by roots where n >= m, else by directions */
        ck_assert_int_eq(ad_real_jacobian(m, many, n, x, rows), AD_OK);
        for (size_t i = 0; i < m * n; i++)
            expect_near(rows[i], want[i % n], 1e-15);
    }
    for (size_t i = 0; i < n; i++)
        unit[i * n + i] = 3;
    ck_assert_int_eq(ad_real_jvp(n, x, n, unit, 1, &y, found), AD_OK);
    for (size_t i = 0; i < n; i++)
        expect_near(found[i], 3 * want[i], 1e-15);
}

START_TEST(any_numbers_may_be_asked_for)
{
    scene s = begin((unsigned)_i);
    const double slope = cos(55);
    expect_derivatives(s.sum, 3, (ad_real[]){s.a, s.b, s.c}, (double[]){3, 2, 14});
    expect_derivatives(s.sum, 3, (ad_real[]){s.c, s.b, s.a}, (double[]){14, 2, 3});
    expect_derivatives(s.late, 1, &s.sum, &slope); /* an intermediate value */
    expect_derivatives(s.sum, 2, (ad_real[]){s.c, s.product}, (double[]){14, 1}); /* one of each */
    expect_derivatives(s.sum, 2, (ad_real[]){s.five, s.a}, (double[]){0, 3});     /* a constant */
    expect_derivatives(s.five, 2, (ad_real[]){s.b, s.a}, (double[]){0, 0}); /* of a constant */
    expect_derivatives(s.five, 1, &s.five, &(double){0});
    expect_derivatives(s.sum, 1, &s.sum, &(double){1}); /* y itself */
    expect_derivatives(s.a, 1, &s.a, &(double){1});
    expect_derivatives(s.a, 2, (ad_real[]){s.b, s.late}, (double[]){0, 0}); /* y before x */
    expect_derivatives(s.product, 3, (ad_real[]){s.sum, s.a, s.c}, (double[]){0, 3, 0});
    expect_derivatives(s.b, 3, (ad_real[]){s.a, s.b, s.c}, (double[]){0, 1, 0});
    expect_good(s.r);
    ad_recorder_free(s.r);
}
END_TEST

START_TEST(a_number_twice_in_x_or_y_counts_twice)
{
    scene s = begin(AD_KEEP_SECOND);
    const ad_real x[] = {s.a, s.b, s.a}, y[] = {s.sum, s.product, s.sum};
    double found[9], product[3], hessian[9];
    expect_derivatives(s.sum, 3, x, (double[]){3, 2, 3});
    ck_assert_int_eq(ad_real_vjp(3, y, (double[]){1, 10, 100}, 3, x, found), AD_OK);
    expect_near(found[0], 333, 0);
    expect_near(found[1], 222, 0);
    expect_near(found[2], 333, 0);
    /* Tangents of one number are added. */
    ck_assert_int_eq(ad_real_jvp(3, x, 1, (double[]){1, 10, 100}, 3, y, found), AD_OK);
    for (int j = 0; j < 3; j++)
        expect_near(found[j], 303 + 20, 0);
    ck_assert_int_eq(ad_real_hvp(s.sum, 3, x, 1, (double[]){1, 10, 100}, product), AD_OK);
    expect_near(product[0], 10, 0);
    expect_near(product[1], 101, 0);
    expect_near(product[2], 10, 0);
    ck_assert_int_eq(ad_real_hessian(s.sum, 3, x, hessian), AD_OK);
    for (int i = 0; i < 9; i++)
        expect_near(hessian[i], i % 2, 0);
    ad_recorder_free(s.r);
}
END_TEST

START_TEST(jacobians_have_roots_of_all_kinds)
{
    scene s = begin(0);
    const ad_real y[] = {s.late, s.a, s.five, s.product, s.sum, s.c}, x[] = {s.c, s.five, s.b, s.a};
    const double k = cos(55);
    const double want[] = {14 * k, 0, 2 * k, 3 * k, 0,  0, 0, 1, 0, 0, 0, 0,
                           0,      0, 2,     3,     14, 0, 2, 3, 1, 0, 0, 0};
    double found[24];
    ck_assert_int_eq(ad_real_jacobian(6, y, 4, x, found), AD_OK); /* by directions */
    for (int i = 0; i < 24; i++)
        expect_near(found[i], want[i], 1e-15);
    for (size_t m = 1; m < 5; m++) { /* by roots */
        ck_assert_int_eq(ad_real_jacobian(m, y, 4, x, found), AD_OK);
        for (size_t i = 0; i < 4 * m; i++)
            expect_near(found[i], want[i], 1e-15);
    }
    ad_recorder_free(s.r);
}
END_TEST

/* Sweeps take four neighbours at once, but for the statement just before. */
START_TEST(lists_of_neighbours_may_end_anywhere_before_the_statement)
{
    for (size_t n = 1; n <= 8; n++)
        for (size_t between = 0; between < 5; between++) {
            double want[8] = {2, 3, 5, 7, 11, 13, 17, 19};
            ad_recorder *r = recorder_with(0);
            ad_real x[8], unused = ad_real_constant(0);
            ad_real_inputs(r, n, want, x);
            for (size_t i = 0; i < between; i++)
                unused = ad_add(x[0], 1);
            ad_real sum = ad_weighted_sum_reals(n, want, x);
            expect_derivatives(sum, n, x, want);
            want[n - 1] += 1; /* something flows there already */
            want[0] += between > 0;
            expect_derivatives(ad_add(ad_add(sum, x[n - 1]), unused), n, x, want);
            ad_recorder_free(r);
        }
}
END_TEST

START_TEST(hessians_by_intermediate_values_and_constants)
{
    scene s = begin(AD_KEEP_SECOND);
    const ad_real x[] = {s.product, s.five, s.c};
    const double bend = -sin(55), slope = cos(55);
    const double want[] = {bend, 0, 14 * bend, 0, 0, 0, 14 * bend, 0, 196 * bend + 2 * slope};
    double found[9];
    ck_assert_int_eq(ad_real_hessian(s.late, 3, x, found), AD_OK);
    for (int i = 0; i < 9; i++)
        expect_near(found[i], want[i], 1e-14);
    ck_assert_int_eq(ad_real_hessian(s.a, 3, x, found), AD_OK);
    ck_assert_int_eq(ad_real_hessian(s.five, 1, &s.five, found + 3), AD_OK);
    for (int i = 0; i < 9; i++)
        expect_near(found[i], 0, 0);
    ad_recorder_free(s.r);
}
END_TEST

START_TEST(numbers_that_depend_on_each_other_are_held)
{
    scene s = begin((unsigned)_i);
    const double slope = cos(55);
    expect_derivatives(s.sum, 2, (ad_real[]){s.a, s.product}, (double[]){0, 1});
    expect_derivatives(s.sum, 3, (ad_real[]){s.product, s.c, s.a}, (double[]){1, 14, 0});
    expect_derivatives(s.late, 3, (ad_real[]){s.late, s.sum, s.a}, (double[]){1, 0, 0});
    expect_derivatives(s.late, 3, (ad_real[]){s.a, s.sum, s.sum}, (double[]){0, slope, slope});
    ad_real y = ad_mul(s.product, s.a); /* a b a: beside the product, a moves it, too */
    expect_derivatives(y, 2, (ad_real[]){s.product, s.a}, (double[]){2, 6});
    expect_derivatives(y, 2, (ad_real[]){s.b, s.a}, (double[]){4, 12});
    ad_real z = ad_mul(y, ad_mul(s.a, y));
    expect_derivatives(z, 3, (ad_real[]){s.a, y, s.b}, (double[]){144, 48, 0});
    expect_good(s.r);
    ad_recorder_free(s.r);
}
END_TEST

static void product_and_sum(size_t n, const double *x, size_t m, double *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = x[0] * x[1];
    y[1] = x[0] + x[1];
}

static bool pull_product_and_sum(size_t n, const double *x, size_t m, const double *y,
                                 const double *dy, double *dx, const void *env)
{
    (void)n, (void)m, (void)y, (void)env;
    dx[0] = dy[0] * x[1] + dy[1];
    dx[1] = dy[0] * x[0] + dy[1];
    return true;
}

static const ad_real_op both = {sizeof both, "both", product_and_sum, pull_product_and_sum};

static void both_of_numbers(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_mul(x[0], x[1]);
    y[1] = ad_add(x[0], x[1]);
}

/* The results of a call have one pullback, which must not see adjoints of those that are held. */
START_TEST(results_of_a_call_are_held_one_by_one)
{
    ad_recorder *r = recorder_with(0);
    ad_real x[2] = {ad_real_input(r, 2), ad_real_input(r, 3)}, y[2];
    if (_i)
        ck_assert_int_eq(ad_real_checkpoint(both_of_numbers, 2, x, 2, y, NULL), AD_OK);
    else
        ck_assert_int_eq(ad_real_apply(&both, 2, x, 2, y, NULL), AD_OK);
    ad_real z = ad_mul(ad_mul(y[0], y[1]), x[0]); /* 6 5 2 */
    expect_derivatives(z, 2, x, (double[]){2 * (3 * 5 + 6) + 30, 2 * (2 * 5 + 6)});
    expect_derivatives(z, 2, (ad_real[]){x[0], y[0]}, (double[]){2 * 6 + 30, 10});
    expect_derivatives(z, 2, (ad_real[]){y[1], x[0]}, (double[]){12, 2 * 3 * 5 + 30});
    expect_derivatives(z, 3, (ad_real[]){y[1], x[1], y[0]}, (double[]){12, 0, 10});
    expect_derivatives(z, 4, (ad_real[]){x[0], x[1], y[0], y[1]}, (double[]){30, 0, 10, 12});
    expect_derivatives(z, 2, y, (double[]){10, 12});
    expect_derivatives(y[0], 2, y, (double[]){1, 0});
    expect_good(r);
    ad_recorder_free(r);
}
END_TEST

START_TEST(nothing_may_be_asked_for)
{
    scene s = begin(AD_KEEP_SECOND);
    double untouched = 42;
    ck_assert_int_eq(ad_real_gradient(s.sum, 0, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_real_vjp(0, NULL, NULL, 0, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_real_jvp(1, &s.a, 0, NULL, 1, &s.sum, NULL), AD_OK);
    ck_assert_int_eq(ad_real_jvp(1, &s.a, 1, &(double){1}, 0, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_real_jacobian(0, NULL, 1, &s.a, NULL), AD_OK);
    ck_assert_int_eq(ad_real_jacobian(1, &s.sum, 0, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_real_hvp(s.sum, 1, &s.a, 0, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_real_hvp(s.sum, 0, NULL, 3, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_real_hessian(s.sum, 0, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_real_jvp(0, NULL, 1, NULL, 1, &s.sum, &untouched), AD_OK);
    expect_near(untouched, 0, 0);
    ck_assert_int_eq(ad_real_vjp(0, NULL, NULL, 1, &s.a, &untouched), AD_OK);
    expect_near(untouched, 0, 0);
    expect_good(s.r);
    ad_recorder_free(s.r);
}
END_TEST

/* ---- what vanishes, and what grows without bound ------------------------------------ */

/* A function of x at a point, and its slope there. */
typedef struct point {
    const char *name;
    ad_real (*f)(ad_real x);
    double x, slope;
} point;

static ad_real root_by_zero(ad_real x)
{
    return ad_mul(ad_sqrt(x), 0);
}

static ad_real root_then_square(ad_real x)
{
    return ad_square(ad_sqrt(x));
}

static ad_real square_then_root(ad_real x)
{
    return ad_sqrt(ad_square(x));
}

static ad_real root_of_root(ad_real x)
{
    return ad_sqrt(ad_sqrt(x));
}

static ad_real not_taken(ad_real x)
{
    return ad_add(ad_relu(ad_log(x)), x);
}

static ad_real infinite_by_x(ad_real x)
{
    return ad_mul(x, INFINITY);
}

static ad_real nan_by_zero(ad_real x)
{
    return ad_mul(ad_mul(x, NAN), 0);
}

static ad_real nan_plus_zero(ad_real x)
{
    return ad_add(ad_mul(ad_mul(x, NAN), 0), ad_mul(x, 3));
}

static ad_real infinity_twice(ad_real x)
{
    ad_real y = ad_sqrt(x);
    return ad_sub(y, ad_cbrt(x));
}

static ad_real opaque_infinity(ad_real x)
{
    return ad_mul(ad_real_statement(1, 2, (ad_real[]){x, x}, (double[]){INFINITY, NAN}), 0);
}

static ad_real infinity_of_many(ad_real x)
{
    ad_real many[300];
    for (int i = 0; i < 300; i++)
        many[i] = ad_sqrt(x);
    return ad_mul(ad_sum_reals(300, many), 0);
}

static const point points[] = {
    {"sqrt(x) 0 at 0", root_by_zero, 0, 0},
    {"sqrt(x)^2 at 0", root_then_square, 0, 0},
    {"sqrt(x^2) at 0", square_then_root, 0, 0},
    {"sqrt(sqrt(x)) at 0", root_of_root, 0, INFINITY},
    {"relu(log x) + x at 0", not_taken, 0, 1},
    {"inf x", infinite_by_x, 1, INFINITY},
    {"NaN x 0", nan_by_zero, 1, 0},
    {"NaN x 0 + 3 x", nan_plus_zero, 1, 3},
    {"sqrt(x) - cbrt(x) at 0", infinity_twice, 0, NAN},
    {"a statement with infinite partials by 0", opaque_infinity, 1, 0},
    {"a sum of 300 sqrt(x) by 0", infinity_of_many, 0, 0},
};

static const char *point_name(int row)
{
    return points[row].name;
}

START_TEST(what_vanishes_beats_what_grows_without_bound)
{
    const point *p = &points[_i];
    for (unsigned keep = 0; keep < 3; keep++) {
        ad_recorder *r = recorder_with(keep);
        ad_real x = ad_real_input(r, p->x), y = p->f(x), others[9];
        for (int k = 0; k < 9; k++)
            others[k] = k == 4 ? y : x;
        double slope = slope_by(y, x), rows[81];
        expect_near(slope, p->slope, 1e-15);
        ck_assert_int_eq(ad_real_jacobian(9, others, 1, &x, rows), AD_OK); /* forward */
        expect_near(rows[4], p->slope, 1e-15);
        expect_near(rows[3], 1, 0);
        ck_assert_int_eq(ad_real_jvp(1, &x, 1, &(double){1}, 1, &y, rows), AD_OK);
        expect_near(rows[0], p->slope, 1e-15);
        ck_assert_int_eq(ad_real_jvp(1, &x, 9, (double[9]){0, 1}, 1, &y, rows), AD_OK);
        expect_near(rows[0], 0, 0); /* beside a lane that grows */
        expect_near(rows[1], p->slope, 1e-15);
        const ad_real many[9] = {x, x, x, x, x, x, x, x, x};
        ck_assert_int_eq(ad_real_jacobian(9, others, 9, many, rows), AD_OK); /* by roots */
        expect_near(rows[4 * 9], p->slope, 1e-15);
        expect_near(rows[3 * 9], 1, 0);
        ck_assert_int_eq(ad_real_vjp(1, &y, &(double){0}, 1, &x, &slope), AD_OK);
        expect_near(slope, 0, 0);
        ad_recorder_free(r);
    }
}
END_TEST

START_TEST(cotangents_may_be_infinite)
{
    scene s = begin(0);
    double found[3];
    ck_assert_int_eq(
        ad_real_vjp(1, &s.sum, &(double){INFINITY}, 3, (ad_real[]){s.a, s.b, s.late}, found),
        AD_OK);
    ck_assert(isinf(found[0]) && isinf(found[1]) && found[2] == 0);
    ck_assert_int_eq(
        ad_real_vjp(1, &s.product, &(double){NAN}, 3, (ad_real[]){s.a, s.b, s.c}, found), AD_OK);
    ck_assert(isnan(found[0]) && isnan(found[1]) && found[2] == 0);
    ad_recorder_free(s.r);
}
END_TEST

/* Back from one root, from four and from eight at a time. */
static void expect_slope_back(ad_real y, ad_real x, double slope)
{
    expect_near(slope_by(y, x), slope, 1e-15);
    for (size_t n = 1; n < 9; n += 7) {
        const ad_real many_x[] = {x, x, x, x, x, x, x, x}, many_y[] = {y, y, y, y, y, y, y, y};
        double rows[64];
        ck_assert_int_eq(ad_real_jacobian(n, many_y, n, many_x, rows), AD_OK);
        expect_near(rows[n * n - 1], slope, 1e-15);
    }
}

/* The sum of two partials may overflow where their products with an adjoint do not. */
START_TEST(a_chain_does_not_overflow_where_its_derivatives_do_not)
{
    ad_recorder *r = recorder_with(0);
    ad_real x = ad_real_input(r, 1), middle = ad_mul(x, 2);
    ad_real y = ad_real_statement(1, 2, (ad_real[]){middle, middle}, (double[]){1.5e308, 1.5e308});
    expect_slope_back(ad_mul(y, 1e-300), x, 6e8);
    middle = ad_mul(x, 2);
    y = ad_real_statement(1, 3, (ad_real[]){middle, middle, middle},
                          (double[]){1.5e308, 1.5e308, -1.5e308});
    expect_slope_back(ad_mul(y, 1e-300), x, 3e8);
    ad_recorder_free(r);
}
END_TEST

/* ---- refusals ----------------------------------------------------------------------- */

START_TEST(hessians_need_what_is_kept_for_them)
{
    scene s = begin(0);
    double found = 42;
    ck_assert_int_eq(ad_real_hessian(s.sum, 1, &s.a, &found), AD_MISUSE);
    expect_failure(s.r, AD_MISUSE, "hessian at " __FILE__);
    expect_failure(s.r, AD_MISUSE, "without AD_KEEP_SECOND");
    ck_assert_double_eq(found, 42);
    ad_recorder_reset(s.r);
    s.a = ad_real_input(s.r, 1);
    ck_assert_int_eq(ad_real_hvp(s.a, 1, &s.a, 1, &found, &found), AD_MISUSE);
    expect_failure(s.r, AD_MISUSE, "hvp at ");
    ad_recorder_free(s.r);
}
END_TEST

START_TEST(a_statement_without_second_derivatives_is_refused_where_it_matters)
{
    ad_recorder *r = recorder_with(AD_KEEP_SECOND | AD_KEEP_LINES);
    ad_real x = ad_real_input(r, 2), cube = ad_mul(ad_square(x), x);
    ad_real given = ad_real_statement(8, 1, &x, &(double){12}), all = ad_add(cube, given);
    double found = 42;
    expect_near(slope_by(given, x), 12, 0);
    ck_assert_int_eq(ad_real_jvp(1, &x, 1, &(double){1}, 1, &given, &found), AD_OK);
    expect_near(found, 12, 0);
    /* It is in the record, but y does not depend on it. */
    ck_assert_int_eq(ad_real_hessian(ad_mul(cube, 1), 1, &x, &found), AD_OK);
    expect_near(found, 12, 0);
    found = 42;
    ck_assert_int_eq(_i ? ad_real_hvp(all, 1, &x, 1, &(double){1}, &found)
                        : ad_real_hessian(all, 1, &x, &found),
                     AD_NO_DERIVATIVE);
    expect_failure(r, AD_NO_DERIVATIVE, "has no second derivative");
    expect_failure(r, AD_NO_DERIVATIVE, _i ? "hvp at " __FILE__ : "hessian at " __FILE__);
    ck_assert_double_eq(found, 42);
    ad_recorder_free(r);
}
END_TEST

/* What an x was computed from does not matter, nor what was there before all of them. */
START_TEST(a_statement_without_second_derivatives_may_be_what_is_asked_for)
{
    ad_recorder *r = recorder_with(AD_KEEP_SECOND);
    ad_real a = ad_real_input(r, 2), given = ad_real_statement(3, 1, &a, &(double){12});
    ad_real b = ad_real_input(r, 5), y = ad_mul(ad_mul(given, given), ad_square(b));
    const ad_real x[] = {b, given, a};
    const double want[] = {18, 60, 0, 60, 50, 0, 0, 0, 0};
    double found[9];
    ck_assert_int_eq(ad_real_hessian(y, 3, x, found), AD_OK);
    for (int i = 0; i < 9; i++)
        expect_near(found[i], want[i], 1e-15);
    ck_assert_int_eq(ad_real_hessian(y, 1, &b, found), AD_OK);
    expect_near(found[0], 18, 1e-15);
    ck_assert_int_eq(ad_real_hessian(y, 2, (ad_real[]){a, b}, found), AD_NO_DERIVATIVE);
    ad_recorder_free(r);
}
END_TEST

START_TEST(adjoints_that_are_held_are_finite_too)
{
    ad_recorder *r = recorder_with(AD_KEEP_FINITE);
    ad_real a = ad_real_input(r, 2), b = ad_mul(a, 2);
    double out;
    ck_assert_int_eq(ad_real_vjp(1, &b, &(double){INFINITY}, 1, &b, &out), AD_NOT_FINITE);
    expect_failure(r, AD_NOT_FINITE, "the adjoint of statement 1 is inf");
    ad_recorder_free(r);
}
END_TEST

typedef ad_status incomplete(ad_real y, ad_real x, double *out);

static ad_status no_x(ad_real y, ad_real x, double *out)
{
    (void)x;
    return ad_real_gradient(y, 1, NULL, out);
}

static ad_status no_gradient(ad_real y, ad_real x, double *out)
{
    (void)out;
    return ad_real_gradient(y, 1, &x, NULL);
}

static ad_status no_y(ad_real y, ad_real x, double *out)
{
    (void)y;
    return ad_real_vjp(1, NULL, out, 1, &x, out);
}

static ad_status no_cotangents(ad_real y, ad_real x, double *out)
{
    return ad_real_vjp(1, &y, NULL, 1, &x, out);
}

static ad_status no_tangents(ad_real y, ad_real x, double *out)
{
    return ad_real_jvp(1, &x, 1, NULL, 1, &y, out);
}

static ad_status no_tangents_out(ad_real y, ad_real x, double *out)
{
    return ad_real_jvp(1, &x, 1, out, 1, &y, NULL);
}

static ad_status no_jacobian(ad_real y, ad_real x, double *out)
{
    (void)out;
    return ad_real_jacobian(1, &y, 1, &x, NULL);
}

static ad_status no_roots(ad_real y, ad_real x, double *out)
{
    (void)y;
    return ad_real_jacobian(1, NULL, 1, &x, out);
}

static ad_status no_directions(ad_real y, ad_real x, double *out)
{
    return ad_real_hvp(y, 1, &x, 1, NULL, out);
}

static ad_status no_product(ad_real y, ad_real x, double *out)
{
    return ad_real_hvp(y, 1, &x, 1, out, NULL);
}

static ad_status no_hessian(ad_real y, ad_real x, double *out)
{
    (void)out;
    return ad_real_hessian(y, 1, &x, NULL);
}

static incomplete *const questions[] = {
    no_x,        no_gradient, no_y,          no_cotangents, no_tangents, no_tangents_out,
    no_jacobian, no_roots,    no_directions, no_product,    no_hessian,
};
enum { QUESTIONS = sizeof questions / sizeof *questions };

START_TEST(a_question_that_lacks_something_is_refused)
{
    scene s = begin(AD_KEEP_SECOND);
    double out = 42;
    ck_assert_int_eq(questions[_i](s.sum, s.a, &out), AD_MISUSE);
    if (questions[_i] != no_y && questions[_i] != no_roots) /* y has the line */
        expect_failure(s.r, AD_MISUSE, " at " __FILE__);
    expect_failure(s.r, AD_MISUSE, "an argument is NULL");
    ck_assert_int_eq(questions[_i](s.five, s.five, &out), AD_MISUSE);
    ck_assert_double_eq(out, 42);
    ad_recorder_free(s.r);
}
END_TEST

START_TEST(a_question_of_two_recorders_fails_on_both)
{
    for (int k = 0; k < 4; k++) {
        scene s = begin(AD_KEEP_SECOND), other = begin(AD_KEEP_SECOND);
        const ad_real x[] = {s.a, other.a};
        double out[4] = {42, 42, 42, 42};
        ck_assert_int_eq(k == 0   ? ad_real_gradient(s.sum, 1, &other.a, out)
                         : k == 1 ? ad_real_gradient(s.sum, 2, x, out)
                         : k == 2 ? ad_real_jvp(1, &s.a, 1, out, 2, x, out)
                                  : ad_real_hessian(s.sum, 2, x, out),
                         AD_FOREIGN);
        expect_failure(s.r, AD_FOREIGN, "numbers of two recorders");
        expect_failure(other.r, AD_FOREIGN, "numbers of two recorders");
        ck_assert_double_eq(out[0], 42);
        ad_recorder_free(s.r);
        ad_recorder_free(other.r);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("derivatives of numbers");
    TCase *tests = tcase_create("derivatives");
    tcase_add_loop_test(tests, any_numbers_may_be_asked_for, 0, 3);
    tcase_add_test(tests, a_number_twice_in_x_or_y_counts_twice);
    tcase_add_test(tests, jacobians_have_roots_of_all_kinds);
    tcase_add_test(tests, lists_of_neighbours_may_end_anywhere_before_the_statement);
    tcase_add_test(tests, hessians_by_intermediate_values_and_constants);
    tcase_add_loop_test(tests, numbers_that_depend_on_each_other_are_held, 0, 3);
    tcase_add_loop_test(tests, results_of_a_call_are_held_one_by_one, 0, 2);
    tcase_add_test(tests, nothing_may_be_asked_for);
    add_row_tests(tests, what_vanishes_beats_what_grows_without_bound,
                  (int)(sizeof points / sizeof *points), point_name);
    tcase_add_test(tests, cotangents_may_be_infinite);
    tcase_add_test(tests, a_chain_does_not_overflow_where_its_derivatives_do_not);
    tcase_add_test(tests, hessians_need_what_is_kept_for_them);
    tcase_add_loop_test(tests, a_statement_without_second_derivatives_is_refused_where_it_matters,
                        0, 2);
    tcase_add_test(tests, a_statement_without_second_derivatives_may_be_what_is_asked_for);
    tcase_add_test(tests, adjoints_that_are_held_are_finite_too);
    tcase_add_loop_test(tests, a_question_that_lacks_something_is_refused, 0, QUESTIONS);
    tcase_add_test(tests, a_question_of_two_recorders_fails_on_both);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
