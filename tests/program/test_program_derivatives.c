/* Derivatives of programs: those of the recorder, of any order, and exact zeros. */
#include "number_operations.h"

#include "../numbers/random_formula.h"

#include <limits.h>

static bool is_near(double a, double b, double tolerance)
{
    return a == b || (a != a && b != b) ||
           fabs(a - b) <= tolerance * fmax(1, fmax(fabs(a), fabs(b)));
}

static void expect_close(double found, double expected, double tolerance, const char *what)
{
    ck_assert_msg(is_near(found, expected, tolerance), "%s: %.17g is not %.17g", what, found,
                  expected);
}

/* ---- operation by operation --------------------------------------------------------- */

static const double points[] = {0.3, -0.7, 1.9, -2.6, 0.0, 5.5, -5.5, 3, -3, 1, -1};
enum { POINTS = sizeof points / sizeof *points };

/* What a recorder says of an operation: the gradient, then the lower triangle. */
static void ask_recorder(const operation *o, const double *x, double *gradient, double *triangle)
{
    size_t n = (size_t)o->arity;
    ad_recorder *r = recorder_with(AD_KEEP_SECOND);
    ad_real numbers[MOST], y;
    double hessian[MOST * MOST];
    ck_assert_int_eq(ad_real_inputs(r, n, x, numbers), AD_OK);
    y = o->apply(numbers);
    ck_assert_int_eq(ad_real_gradient(y, n, numbers, gradient), AD_OK);
    ck_assert_int_eq(ad_real_hessian(y, n, numbers, hessian), AD_OK);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            *triangle++ = hessian[i * n + j];
    ad_recorder_free(r);
}

/* Where there is a second derivative: not at a pole or kink of the first, nor for powers of negative numbers,
 * where the two orders of differentiation differ. */
static bool has_curvature(const operation *o, const double *x)
{
    const char *name = o->name;
    if (strcmp(name, "cbrt") == 0 || strcmp(name, "softsign") == 0)
        return x[0] != 0;
    if (strcmp(name, "xlogy") == 0)
        return x[1] != 0;
    if (strcmp(name, "xlog1py") == 0)
        return x[1] != -1;
    return strcmp(name, "pow") != 0 || x[0] > 0;
}

START_TEST(each_operation_has_the_derivatives_of_the_recorder)
{
    const operation *o = &operations[_i];
    const size_t n = (size_t)o->arity, all = 1 + n + n * (n + 1) / 2;
    const double first[MOST] = {0.25, 0.5, 0.75};
    ad_error error = {AD_OK, ""};
    ad_program *p = program_of(apply_operation, n, first, 1, o);
    ad_program *h = ad_program_hessian(p, n, NULL, &error);
    ck_assert_str_eq(error.text, "");
    for (int i = 0; i < POINTS * POINTS; i++) {
        double x[MOST] = {points[i % POINTS], points[i / POINTS], points[(i * 7 + 3) % POINTS]};
        double y[1 + MOST + 6], expected[MOST + 6];
        char what[128];
        run_program(h, x, y);
        ask_recorder(o, x, expected, expected + n);
        const size_t orders = isnan(y[0]) ? 0 : has_curvature(o, x) ? all : 1 + n;
        for (size_t k = 1; k < orders; k++) {
            snprintf(what, sizeof what, "%s(%g, %g, %g), derivative %zu", o->name, x[0], x[1], x[2],
                     k);
            expect_close(y[k], expected[k - 1], 1e-13, what);
        }
    }
    ad_program_free(h);
    ad_program_free(p);
}
END_TEST

/* ---- formulas ----------------------------------------------------------------------- */

enum { SHORT = 200, ROOTS = 3 };

static void follow(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    static ad_real all[INPUTS + STEPS];
    const formula *f = env;
    for (size_t i = 0; i < n; i++)
        all[i] = x[i];
    record_formula(f, all);
    for (size_t j = 0; j < m; j++)
        y[j] = all[INPUTS + f->steps - 1 - 5 * (int)j];
}

typedef struct from_recorder {
    double jacobian[ROOTS * INPUTS], hessian[INPUTS * INPUTS], vjp[INPUTS], jvp[2 * ROOTS];
} from_recorder;

static const double seeds[ROOTS] = {0.5, -1, 2};
static const double directions[2 * INPUTS] = {1, 0, 0.5, -1, 2, 0, 0.25, 1, 0, 0, -3, 1};

static void ask_recorder_of(const formula *f, from_recorder *found)
{
    ad_recorder *r = recorder_with(AD_KEEP_SECOND);
    ad_real x[INPUTS], y[ROOTS];
    ad_real_inputs(r, INPUTS, f->x, x);
    follow(INPUTS, x, ROOTS, y, f);
    ad_real_jacobian(ROOTS, y, INPUTS, x, found->jacobian);
    ad_real_vjp(ROOTS, y, seeds, INPUTS, x, found->vjp);
    ad_real_jvp(INPUTS, x, 2, directions, ROOTS, y, found->jvp);
    ad_real_hessian(y[0], INPUTS, x, found->hessian);
    expect_good(r);
    ad_recorder_free(r);
}

/* Runs a program at these inputs and compares its outputs after the first `skip`; frees it. */
static void expect_outputs(ad_program *p, const double *x, size_t skip, size_t count,
                           const double *expected, const char *what)
{
    double y[64];
    ck_assert_ptr_nonnull(p);
    ck_assert_uint_eq(ad_program_outputs(p), skip + count);
    run_program(p, x, y);
    for (size_t i = 0; i < count; i++)
        expect_close(y[skip + i], expected[i], 1e-11, what);
    ad_program_free(p);
}

START_TEST(random_formulas_have_the_derivatives_of_the_recorder)
{
    static long double all[INPUTS + STEPS];
    formula *f = random_formula((uint64_t)_i, SHORT, all);
    ad_error error = {AD_OK, ""};
    from_recorder expected;
    double x[INPUTS + 2 * INPUTS];
    memcpy(x, f->x, sizeof f->x);
    ask_recorder_of(f, &expected);
    ad_program *p = program_of(follow, INPUTS, x, ROOTS, f),
               *one = program_of(follow, INPUTS, x, 1, f);
    expect_outputs(ad_program_gradient(one, INPUTS, NULL, &error), x, 1, INPUTS, expected.jacobian,
                   "gradient");
    expect_outputs(ad_program_jacobian(p, INPUTS, NULL, &error), x, ROOTS, ROOTS * INPUTS,
                   expected.jacobian, "jacobian");
    const size_t by[] = {4, 1};
    const double some[] = {expected.jacobian[4],
                           expected.jacobian[1],
                           expected.jacobian[INPUTS + 4],
                           expected.jacobian[INPUTS + 1],
                           expected.jacobian[2 * INPUTS + 4],
                           expected.jacobian[2 * INPUTS + 1]};
    expect_outputs(ad_program_jacobian(p, 2, by, &error), x, ROOTS, 6, some,
                   "jacobian by two, forward");
    memcpy(x + INPUTS, seeds, sizeof seeds);
    expect_outputs(ad_program_vjp(p, INPUTS, NULL, &error), x, ROOTS, INPUTS, expected.vjp, "vjp");
    memcpy(x + INPUTS, directions, sizeof directions);
    expect_outputs(ad_program_jvp(p, INPUTS, NULL, 2, &error), x, ROOTS, 2 * ROOTS, expected.jvp,
                   "jvp");
    double triangle[INPUTS * (INPUTS + 1) / 2], *to = triangle;
    for (int i = 0; i < INPUTS; i++)
        for (int j = 0; j <= i; j++)
            *to++ = expected.hessian[i * INPUTS + j];
    expect_outputs(ad_program_hessian(one, INPUTS, NULL, &error), x, 1 + INPUTS,
                   INPUTS * (INPUTS + 1) / 2, triangle, "hessian");
    ck_assert_str_eq(error.text, "");
    ad_program_free(one);
    ad_program_free(p);
    free(f);
}
END_TEST

/* ---- high orders -------------------------------------------------------------------- */

typedef struct high_order {
    const char *name;
    ad_real (*f)(ad_real x);
    double x;
    double derivative[5]; /* of orders 0, 1, ... */
} high_order;

static ad_real fifth_power(ad_real x)
{
    return ad_powi(x, 5);
}
static ad_real exp_of_sin(ad_real x)
{
    return ad_exp(ad_sin(x));
}
static ad_real inverse(ad_real x)
{
    return ad_reciprocal(x);
}
static ad_real log_gamma(ad_real x)
{
    return ad_lgamma(x);
}
static ad_real tanh_of(ad_real x)
{
    return ad_tanh(x);
}
static ad_real power_of_ten(ad_real x)
{
    return ad_powi(x, 10);
}

static const high_order high_orders[] = {
    {"x^5", fifth_power, 2, {32, 80, 160, 240, 240}},
    {"x^10", power_of_ten, 1, {1, 10, 90, 720, 5040}},
    {"exp(sin(x))", exp_of_sin, 0, {1, 1, 1, 0, -3}},
    {"1 / x", inverse, 2, {0.5, -0.25, 0.25, -0.375, 0.75}},
    {"lgamma(x)",
     log_gamma,
     1,
     {0, -0.57721566490153286, 1.6449340668482264, -2.4041138063191886, 6.4939394022668291}},
    {"tanh(x)", tanh_of, 0, {0, 1, 0, -2, 0}},
};

static const char *high_order_name(int row)
{
    return high_orders[row].name;
}

static void apply_high(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m;
    y[0] = ((const high_order *)env)->f(x[0]);
}

START_TEST(derivatives_of_derivatives_go_to_any_order)
{
    const high_order *o = &high_orders[_i];
    const double first = 0.5;
    ad_error error = {AD_OK, ""};
    ad_program *p = program_of(apply_high, 1, &first, 1, o);
    for (int order = 0; order < 5; order++) {
        double y;
        char what[64];
        run_program(p, &o->x, &y);
        snprintf(what, sizeof what, "%s, order %d", o->name, order);
        expect_close(y, o->derivative[order], 1e-13, what);
        ad_program *both = ad_program_gradient(p, 1, NULL, &error);
        ad_program_free(p);
        p = ad_program_choose(both, 1, (size_t[]){1}, &error);
        ad_program_free(both);
    }
    ck_assert_str_eq(error.text, "");
    ad_program_free(p);
}
END_TEST

/* ---- zeros -------------------------------------------------------------------------- */

static void guarded_root(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_where_less_real(ad_real_constant(0), x[0], ad_sqrt(x[0]), ad_mul(x[0], 3));
}

static void rectified_log(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_relu(ad_log(x[0]));
}

static void vanishing_product(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_maximum(ad_sqrt(x[0]), ad_add(x[0], 1));
}

START_TEST(a_choice_not_taken_gives_exactly_0_beside_an_infinity)
{
    static const struct {
        ad_real_function *f;
        double x, derivative;
    } rows[] = {{guarded_root, 0, 3},
                {guarded_root, 4, 0.25},
                {rectified_log, 0, 0},
                {vanishing_product, 0, 1}};
    ad_error error = {AD_OK, ""};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double y[3];
        ad_program *p = program_of(rows[i].f, 1, (double[]){1}, 1, NULL);
        ad_program *g = ad_program_gradient(p, 1, NULL, &error),
                   *t = ad_program_jvp(p, 1, NULL, 1, &error);
        run_program(g, &rows[i].x, y);
        expect_same(y[1], rows[i].derivative, "in reverse");
        run_program(t, (double[]){rows[i].x, 1}, y);
        expect_same(y[1], rows[i].derivative, "forward");
        ad_program_free(t);
        ad_program_free(g);
        ad_program_free(p);
    }
}
END_TEST

/* ---- what cannot be ----------------------------------------------------------------- */

static void lowest_power(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_powi(x[0], INT_MIN);
}

/* The exponent of the derivative is no int. */
START_TEST(the_lowest_power_has_derivatives)
{
    const double at[] = {-1, 1, 2, 0.5};
    const double expected[][2] = {
        {1, -(double)INT_MIN}, {1, INT_MIN}, {0, -0.0}, {INFINITY, -INFINITY}};
    ad_error error = {AD_OK, ""};
    ad_program *p = program_of(lowest_power, 1, at, 1, NULL);
    ad_program *g = ad_program_gradient(p, 1, NULL, &error);
    ck_assert_str_eq(error.text, "");
    for (int i = 0; i < 4; i++) {
        double y[2];
        run_program(g, &at[i], y);
        expect_same(y[0], expected[i][0], "power");
        expect_same(y[1], expected[i][1], "slope");
    }
    ad_program_free(g);
    ad_program_free(p);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
    const high_order *o = &high_orders[0];
    ad_program *p = program_of(apply_high, 1, (double[]){1}, 1, o),
               *two = ad_program_choose(p, 2, (size_t[]){0, 0}, NULL);
    ad_error error;
#define EXPECT_REFUSED(call, part)             \
    error = (ad_error){AD_OK, ""};             \
    ck_assert_ptr_null(call);                  \
    ck_assert_int_eq(error.status, AD_MISUSE); \
    ck_assert_msg(strstr(error.text, part), "%s", error.text);
    EXPECT_REFUSED(ad_program_gradient(NULL, 1, NULL, &error), "program is NULL")
    EXPECT_REFUSED(ad_program_gradient(two, 1, NULL, &error), "2 outputs")
    EXPECT_REFUSED(ad_program_gradient(p, 2, NULL, &error),
                   "program_gradient: by is NULL, and 2 are not all 1 inputs")
    EXPECT_REFUSED(ad_program_jacobian(p, 1, (size_t[]){1}, &error),
                   "program_jacobian: by input 1 of 1")
    EXPECT_REFUSED(ad_program_hessian(two, 1, NULL, &error), "2 outputs")
    EXPECT_REFUSED(ad_program_vjp(NULL, 1, NULL, &error), "program is NULL")
#undef EXPECT_REFUSED
    ad_program_free(two);
    ad_program_free(p);
}
END_TEST

int main(void)
{
    TCase *derivatives = tcase_create("derivatives");
    add_row_tests(derivatives, each_operation_has_the_derivatives_of_the_recorder, OPERATIONS,
                  operation_name);
    tcase_add_loop_test(derivatives, random_formulas_have_the_derivatives_of_the_recorder, 0, 60);
    add_row_tests(derivatives, derivatives_of_derivatives_go_to_any_order,
                  sizeof high_orders / sizeof *high_orders, high_order_name);
    tcase_add_test(derivatives, a_choice_not_taken_gives_exactly_0_beside_an_infinity);
    tcase_add_test(derivatives, the_lowest_power_has_derivatives);
    tcase_add_test(derivatives, what_makes_no_sense_is_refused);
    Suite *suite = suite_create("program derivatives");
    suite_add_tcase(suite, derivatives);
    return run_suite(suite);
}
