/* What vanishes beats what grows without bound, through whole functions: Jacobians are the same by both
 * modes, Hessians have zeros where nothing depends on anything, and a tangent of 0 is no tangent. (Every op by
 * itself: tests/ops/probe_vanishing.c.) */
#include "derivatives.h"
#include "suite.h"

#include <math.h>

#define INF INFINITY

typedef struct zeros_row {
    const char *name;
    ad_tensor (*f)(ad_tensor x);
    double x[2], wanted[4]; /* a Jacobian, or a Hessian, of two numbers */
} zeros_row;

static ad_tensor run(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t;
    return ((const zeros_row *)env)->f(x[0]);
}

static void expect_matrix(const zeros_row *r, const char *what, const ad_array *got)
{
    double most = got->type == AD_F32 ? 1e-6 : 1e-14;
    for (size_t i = 0; i < 4; i++) {
        double x = at(got, i), y = r->wanted[i];
        ck_assert_msg(x == y || (isfinite(y) && y != 0 && fabs(x - y) <= most * fabs(y)),
                      "%s: %s [%zu][%zu] is %.9g, not %.9g", r->name, what, i / 2, i % 2, x, y);
    }
}

static ad_array operand(const zeros_row *r, ad_type type)
{
    ad_array x = ad_array_copy(NULL, type, AD_VIEW(r->x, 2));
    ck_assert_ptr_nonnull(x.data);
    return x;
}

/* ---- Jacobians ------------------------------------------------------------------------- */

#define FUNCTION(name, y)              \
    static ad_tensor name(ad_tensor x) \
    {                                  \
        return y;                      \
    }
FUNCTION(inverse, ad_div(1, x))
FUNCTION(root_of_a_product, ad_sqrt(ad_mul(x, x)))
FUNCTION(root_of_a_square, ad_sqrt(ad_square(x)))
FUNCTION(none_of_a_root, ad_mul(0, ad_sqrt(x)))
FUNCTION(root_of_relu, ad_sqrt(ad_relu(x)))
FUNCTION(acos_of_clamp, ad_acos(ad_clamp(x, -1, 1)))
FUNCTION(log_of_maximum, ad_log(ad_div(1, ad_maximum(x, 1e-20))))
FUNCTION(guarded_inverse, ad_where(ad_not_equal(x, 0), ad_div(1, x), 0))
FUNCTION(guarded_power, ad_where(ad_greater(x, 0), ad_pow(x, 0.5), 0))
FUNCTION(guarded_exp, ad_where(ad_greater(x, 0), 0, ad_exp(x)))
FUNCTION(guarded_entropy, ad_where(ad_greater(x, 0), ad_mul(x, ad_log(x)), 0))
FUNCTION(logs, ad_log(x))

/* The base's power, and the base. */
static ad_tensor power(ad_tensor x)
{
    ad_tensor base = ad_slice(x, 0, 0, 1), exponent = ad_slice(x, 0, 1, 2);
    return ad_concat(2, (ad_tensor[]){ad_pow(base, exponent), base}, 0);
}

static const zeros_row jacobians[] = {
    {"1 / x", inverse, {0, 2}, {-INF, 0, 0, -0.25}},
    {"log(x)", logs, {0, 2}, {INF, 0, 0, 0.5}},
    {"sqrt(x x)", root_of_a_product, {0, -3}, {0, 0, 0, -1}},
    {"sqrt(x^2)", root_of_a_square, {0, 3}, {0, 0, 0, 1}},
    {"0 sqrt(x)", none_of_a_root, {0, 4}, {0, 0, 0, 0}},
    {"sqrt(relu(x))", root_of_relu, {-1, 4}, {0, 0, 0, 0.25}},
    {"acos(clamp(x, -1, 1))", acos_of_clamp, {2, 0}, {0, 0, 0, -1}},
    {"log(1 / maximum(x, 1e-20))", log_of_maximum, {0, 2}, {0, 0, 0, -0.5}},
    {"where(x != 0, 1 / x, 0)", guarded_inverse, {0, 2}, {0, 0, 0, -0.25}},
    {"where(x > 0, x^0.5, 0)", guarded_power, {0, 4}, {0, 0, 0, 0.25}},
    {"where(x > 0, 0, exp(x))", guarded_exp, {5000, 0}, {0, 0, 0, 1}},
    {"where(x > 0, x log(x), 0)", guarded_entropy, {0, 1}, {0, 0, 0, 1}},
    {"pow(x[0], x[1]), x[0]", power, {0, 0.5}, {INF, 0, 1, 0}},
};

START_TEST(a_jacobian_is_the_same_by_both_modes)
{
    const zeros_row *r = &jacobians[_i];
    for (int k = 0; k < 2; k++) {
        ad_array x = operand(r, k ? AD_F64 : AD_F32), forward = {0}, reverse = {0};
        ad_view v = ad_array_view(x);
        ad_tape *t = ad_tape_new(NULL);
        ck_assert_int_eq(ad_jacobian(t, run, 1, &v, AD_MODE_FORWARD, r, &forward), AD_OK);
        ck_assert_int_eq(ad_jacobian(t, run, 1, &v, AD_MODE_REVERSE, r, &reverse), AD_OK);
        expect_matrix(r, "the Jacobian by columns", &forward);
        expect_matrix(r, "the Jacobian by rows", &reverse);
        ad_tape_free(t);
        ad_array_free(&x);
        ad_array_free(&forward);
        ad_array_free(&reverse);
    }
}
END_TEST

/* ---- Hessians -------------------------------------------------------------------------- */

FUNCTION(sum_of_powers, ad_sum(ad_pow(x, 1.5)))
FUNCTION(sum_of_roots, ad_sum(ad_sqrt(x)))
FUNCTION(sum_of_inverses, ad_sum(ad_div(1, x)))
FUNCTION(sum_of_cube_roots, ad_sum(ad_cbrt(x)))
FUNCTION(sum_of_guarded_roots, ad_sum(ad_where(ad_greater(x, 0), ad_sqrt(x), 0)))
FUNCTION(sum_of_roots_of_relu, ad_sum(ad_sqrt(ad_relu(x))))

static const zeros_row hessians[] = {
    {"sum(x^1.5)", sum_of_powers, {4, 0}, {0.375, 0, 0, INF}},
    {"sum(sqrt(x))", sum_of_roots, {4, 0}, {-1. / 32, 0, 0, -INF}},
    {"sum(1 / x)", sum_of_inverses, {2, 0}, {0.25, 0, 0, INF}},
    {"sum(cbrt(x))", sum_of_cube_roots, {8, 0}, {-1. / 144, 0, 0, -INF}},
    {"sum(where(x > 0, sqrt(x), 0))", sum_of_guarded_roots, {4, 0}, {-1. / 32, 0, 0, 0}},
    {"sum(sqrt(relu(x)))", sum_of_roots_of_relu, {4, -1}, {-1. / 32, 0, 0, 0}},
};

static void expect_hessian(const zeros_row *r, ad_type type)
{
    ad_array x = operand(r, type), h = {0};
    ad_view v = ad_array_view(x);
    ad_tape *t = ad_tape_new(NULL);
    ck_assert_int_eq(ad_hessian(t, run, 1, &v, r, &h), AD_OK);
    expect_matrix(r, "the Hessian", &h);
    ad_tape_free(t);
    ad_array_free(&x);
    ad_array_free(&h);
}

START_TEST(a_hessian_is_0_where_nothing_depends_on_anything)
{
    expect_hessian(&hessians[_i], AD_F32);
    expect_hessian(&hessians[_i], AD_F64);
}
END_TEST

FUNCTION(sum_of_logs, ad_sum(ad_log(x)))

START_TEST(a_second_derivative_that_overflows_stays_where_it_is)
{
    const zeros_row logs_in_f32 = {"sum(log(x))", sum_of_logs, {0.5, 1e-20}, {-4, 0, 0, -INF}};
    expect_hessian(&logs_in_f32, AD_F32);
}
END_TEST

/* ---- tangents of 0 ------------------------------------------------------------------------ */

static ad_tensor power_of_two(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_pow(x[0], x[1]);
}

START_TEST(a_tangent_of_0_is_no_tangent)
{
    const double base = 0, exponent = 0.5, zero = 0, one = 1;
    const ad_view x[] = {AD_VIEW_SCALAR(&base), AD_VIEW_SCALAR(&exponent)};
    const ad_view with[] = {AD_VIEW_SCALAR(&zero), AD_VIEW_SCALAR(&one)};
    const ad_view without[] = {{0}, AD_VIEW_SCALAR(&one)};
    for (int k = 0; k < 2; k++) {
        ad_array y = {0}, ty = {0};
        ad_tape *t = ad_tape_new(NULL);
        ck_assert_int_eq(ad_jvp(t, power_of_two, 2, x, k ? with : without, NULL, &y, &ty), AD_OK);
        ck_assert_double_eq(at(&ty, 0), 0);
        ad_array_free(&y);
        ad_array_free(&ty);
        ad_tape_free(t);
    }
}
END_TEST

static const char *jacobian_name(int row)
{
    return jacobians[row].name;
}

static const char *hessian_name(int row)
{
    return hessians[row].name;
}

int main(void)
{
    Suite *suite = suite_create("zeros");
    TCase *all = tcase_create("all");
    add_row_tests(all, a_jacobian_is_the_same_by_both_modes, sizeof jacobians / sizeof *jacobians,
                  jacobian_name);
    add_row_tests(all, a_hessian_is_0_where_nothing_depends_on_anything,
                  sizeof hessians / sizeof *hessians, hessian_name);
    tcase_add_test(all, a_second_derivative_that_overflows_stays_where_it_is);
    tcase_add_test(all, a_tangent_of_0_is_no_tangent);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
