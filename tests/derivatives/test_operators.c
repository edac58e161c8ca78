/* Functions of functions: gradient, pullback, derivative, jvp, hvp, and the tests of numbers. */
#include "measured.h"
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <string.h>

static ad_tape *tape;

static void setup(void)
{
    tape = ad_tape_new(NULL);
}

static void teardown(void)
{
    ad_tape_free(tape);
}

static void expect_numbers(const ad_array *a, size_t n, const double *wanted, double tolerance)
{
    ad_view v = ad_array_view(*a);
    ck_assert_uint_eq(ad_view_count(&v), n);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(fabs(ad_view_get(&v, i) - wanted[i]) <= tolerance,
                      "[%zu] is %.17g, not %.17g", i, ad_view_get(&v, i), wanted[i]);
}

/* ---- functions --------------------------------------------------------------------- */

static ad_tensor do_thing(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor q = ad_square(x[0]);
    return ad_add(ad_sin(q), ad_cos(q));
}

static ad_tensor mse_inner(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_mean(ad_square(x[0]));
}

static ad_tensor own_product(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_mul(x[0], x[0]);
}

/* a b + env sin a */
static ad_tensor of_two(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t;
    return ad_add(ad_mul(x[0], x[1]), ad_mul(*(const double *)env, ad_sin(x[0])));
}

static ad_tensor sum_of_cubes(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_mul(ad_square(x[0]), x[0]));
}

static ad_tensor fails(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)env;
    ad_tape_fail(t, AD_FAILED, "the function gave up");
    return x[0];
}

static ad_tensor nowhere(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)x, (void)env;
    return (ad_tensor){0};
}

/* ---- reverse ----------------------------------------------------------------------- */

START_TEST(derivatives_of_scalar_functions_are_right_to_the_last_bit)
{
    for (int i = 0; i < 10; i++) {
        double x = i * 0.1, slope = ad_derivative(own_product, x, NULL), next = nextafter(2 * x, 2);
        ck_assert_msg(fabs(slope - 2 * x) <= next - 2 * x, "%.17g at %g", slope, x);
    }
    ck_assert_double_eq_tol(ad_derivative(do_thing, 3.14, NULL), -3.0501709745384, 1e-12);
    ck_assert(isnan(ad_derivative(fails, 1, NULL)));
    ck_assert(isnan(ad_derivative(NULL, 1, NULL)));
}
END_TEST

START_TEST(an_f32_derivative_has_f32_rounding)
{
    float at = 3.14f;
    ad_array g = {0};
    ck_assert_int_eq(ad_gradient(tape, do_thing, 1, (ad_view[]){AD_VIEW_SCALAR(&at)}, NULL, &g),
                     AD_OK);
    expect_numbers(&g, 1, (double[]){-3.0501623}, 1e-6);
    ad_array_free(&g);
}
END_TEST

START_TEST(value_and_gradient_leave_the_tape_as_it_was)
{
    const float x[] = {1, 2, 3, 4};
    double value;
    ad_array g = {0};
    ad_tensor before = ad_freeze(tape, AD_VIEW(x, 4));
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ad_value_with_gradient(tape, mse_inner, 1, (ad_view[]){AD_VIEW(x, 4)},
                                                NULL, &value, &g),
                         AD_OK);
    ck_assert_double_eq(value, 7.5);
    expect_numbers(&g, 4, (double[]){0.5, 1, 1.5, 2}, 0);
    ck_assert_uint_eq(measured(tape).nodes, 1);
    ck_assert_ptr_nonnull(ad_read(before).data);
    ad_array_free(&g);
}
END_TEST

START_TEST(gradients_of_several_tensors_see_the_environment)
{
    double a = 2, b = 5, factor = 3;
    ad_array g[2] = {{0}};
    const ad_view x[] = {AD_VIEW_SCALAR(&a), AD_VIEW_SCALAR(&b)};
    ck_assert_int_eq(ad_gradient(tape, of_two, 2, x, &factor, g), AD_OK);
    expect_numbers(&g[0], 1, (double[]){b + factor * cos(a)}, 1e-15);
    expect_numbers(&g[1], 1, &a, 0);
    ad_array_free(&g[0]);
    ad_array_free(&g[1]);
}
END_TEST

START_TEST(a_pullback_may_be_applied_as_often_as_one_likes)
{
    const double x[] = {1, 2, 3};
    ad_pullback p;
    ad_array dx = {0};
    ck_assert_int_eq(
        ad_value_with_pullback(tape, own_product, 1, (ad_view[]){AD_VIEW(x, 3)}, NULL, &p), AD_OK);
    for (int i = 0; i < 3; i++) {
        double dy[3] = {0}, wanted[3] = {0};
        dy[i] = i + 1;
        wanted[i] = 2 * x[i] * dy[i];
        ck_assert_int_eq(ad_pull(&p, AD_VIEW(dy, 3), &dx), AD_OK);
        expect_numbers(&dx, 3, wanted, 0);
    }
    ad_array_free(&dx);
}
END_TEST

START_TEST(results_are_written_only_if_all_went_well)
{
    const double x[] = {1, 2, 3};
    double kept[] = {7, 7, 7};
    ad_array g = {.data = kept, .type = AD_F64, .shape = AD_SHAPE(3)};
    ad_gradient(tape, own_product, 1, (ad_view[]){AD_VIEW(x, 3)}, NULL,
                &g); /* three elements, no scalar */
    ck_assert_int_eq(ad_tape_status(tape), AD_BAD_SHAPE);
    ad_tape_reset(tape);
    ck_assert_int_eq(ad_gradient(tape, fails, 1, (ad_view[]){AD_VIEW(x, 3)}, NULL, &g), AD_FAILED);
    ck_assert_str_eq(ad_tape_error(tape), "the function gave up");
    ad_tape_reset(tape);
    ck_assert_int_eq(ad_gradient(tape, nowhere, 1, (ad_view[]){AD_VIEW(x, 3)}, NULL, &g),
                     AD_FOREIGN);
    ad_tape_reset(tape);
    g.shape = AD_SHAPE(2);
    ck_assert_int_eq(ad_gradient(tape, sum_of_cubes, 1, (ad_view[]){AD_VIEW(x, 3)}, NULL, &g),
                     AD_BAD_SHAPE);
    ck_assert_ptr_nonnull(strstr(ad_tape_error(tape), "[2]"));
    ck_assert(kept[0] == 7 && kept[1] == 7 && kept[2] == 7);
}
END_TEST

/* ---- forward ----------------------------------------------------------------------- */

START_TEST(jvp_and_hvp_agree_with_the_formulas)
{
    const double x[] = {1, 2, 3}, tx[] = {1, -1, 2};
    ad_array y = {0}, ty = {0}, hvp = {0};
    ck_assert_int_eq(ad_jvp(tape, sum_of_cubes, 1, (ad_view[]){AD_VIEW(x, 3)},
                            (ad_view[]){AD_VIEW(tx, 3)}, NULL, &y, &ty),
                     AD_OK);
    expect_numbers(&y, 1, (double[]){36}, 0);
    expect_numbers(&ty, 1, (double[]){3 - 12 + 54}, 1e-13);
    ck_assert_int_eq(ad_hvp(tape, sum_of_cubes, 1, (ad_view[]){AD_VIEW(x, 3)},
                            (ad_view[]){AD_VIEW(tx, 3)}, NULL, &hvp),
                     AD_OK);
    expect_numbers(&hvp, 3, (double[]){6, -12, 36}, 1e-13);
    ck_assert_uint_eq(measured(tape).nodes, 0);
    ad_array_free(&y);
    ad_array_free(&ty);
    ad_array_free(&hvp);
}
END_TEST

START_TEST(no_tangent_means_zeros)
{
    const double x[] = {1, 2, 3};
    ad_view none = {0};
    ad_array y = {0}, ty = {0};
    ck_assert_int_eq(ad_jvp(tape, own_product, 1, (ad_view[]){AD_VIEW(x, 3)}, &none, NULL, &y, &ty),
                     AD_OK);
    expect_numbers(&ty, 3, (double[3]){0}, 0);
    ad_array_free(&y);
    ad_array_free(&ty);
}
END_TEST

START_TEST(missing_arguments_are_misuse)
{
    double x = 1;
    ad_array g = {0};
    ad_view v = AD_VIEW_SCALAR(&x);
    ck_assert_int_eq(ad_gradient(NULL, do_thing, 1, &v, NULL, &g), AD_MISUSE);
    ck_assert_int_eq(ad_pull(NULL, v, &g), AD_MISUSE);
    const struct {
        ad_function *f;
        const ad_view *x;
        ad_array *g;
        int n;
    } calls[] = {
        {NULL, &v, &g, 1}, {do_thing, NULL, &g, 1}, {do_thing, &v, NULL, 1}, {do_thing, &v, &g, 0}};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        ck_assert_int_eq(ad_gradient(tape, calls[i].f, calls[i].n, calls[i].x, NULL, calls[i].g),
                         AD_MISUSE);
        ad_tape_reset(tape);
        ck_assert_int_eq(
            ad_hvp(tape, calls[i].f, calls[i].n, calls[i].x, calls[i].x, NULL, calls[i].g),
            AD_MISUSE);
        ad_tape_reset(tape);
    }
}
END_TEST

/* ---- functions that would end their own operands ------------------------------------ */

static ad_tensor resets(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)env;
    ad_tape_reset(t);
    return ad_sum(ad_mul(x[0], x[1]));
}
static ad_tensor rewinds(ad_tape *t, const ad_tensor *x, const void *env)
{
    ad_tape_rewind((ad_mark){.tape = t});
    return resets(t, x, env);
}
static ad_tensor frees(ad_tape *t, const ad_tensor *x, const void *env)
{
    ad_tape_free(t);
    return rewinds(t, x, env);
}

static ad_status run_pullback(ad_function *f, const ad_view *x, ad_array *result)
{
    ad_pullback p;
    (void)result;
    return ad_value_with_pullback(tape, f, 2, x, NULL, &p);
}
static ad_status run_gradient(ad_function *f, const ad_view *x, ad_array *result)
{
    return ad_gradient(tape, f, 2, x, NULL, result);
}
static ad_status run_jvp(ad_function *f, const ad_view *x, ad_array *result)
{
    return ad_jvp(tape, f, 2, x, x, NULL, &result[0], &result[1]);
}
static ad_status run_hessian(ad_function *f, const ad_view *x, ad_array *result)
{
    return ad_hessian(tape, f, 2, x, NULL, result);
}
static ad_status run_check(ad_function *f, const ad_view *x, ad_array *result)
{
    (void)result;
    ad_error error = {0};
    ad_status status = ad_check_gradient(f, 2, x, NULL, NULL, &error);
    return ad_tape_fail(tape, status, "%s", error.text);
}

START_TEST(a_function_cannot_end_what_it_is_given)
{
    static const double numbers[] = {1, 2};
    static const struct {
        ad_function *f;
        const char *message;
    } functions[] = {{resets, "reset: a function is"},
                     {rewinds, "rewind: a function is"},
                     {frees, "free: a function is"}};
    ad_status (*const operators[])(ad_function *, const ad_view *, ad_array *) = {
        run_pullback, run_gradient, run_jvp, run_hessian, run_check};
    ad_view x[] = {AD_VIEW(numbers, 2), AD_VIEW(numbers, 2)};
    ad_array result[4] = {{0}, {0}, {0}, {0}};
    for (size_t i = 0; i < 3; i++) {
        ad_tape_reset(tape);
        ck_assert_int_eq(operators[_i](functions[i].f, x, result), AD_MISUSE);
        ck_assert_ptr_nonnull(strstr(ad_tape_error(tape), functions[i].message));
        ck_assert(!result[0].data && !result[1].data);
    }
    ad_tape_reset(tape);
    ck_assert_uint_eq(measured(tape).nodes, 0); /* which is possible again */
}
END_TEST

/* Takes back the gradients that the tape had. */
static ad_tensor cubes_after_a_gradient(ad_tape *t, const ad_tensor *x, const void *env)
{
    ad_view at = ad_read(x[0]);
    ad_array slope = {0};
    ck_assert_int_eq(ad_gradient(t, sum_of_cubes, 1, &at, NULL, &slope), AD_OK);
    ad_array_free(&slope);
    return sum_of_cubes(t, x, env);
}

/* What the tape has of x = (1, 2): its gradient (3, 12), or its tangent (3, 12). */
START_TEST(a_direction_may_be_a_gradient_or_tangent_that_the_function_takes_back)
{
    const double numbers[] = {1, 2}, direction[] = {3, 12}, slope = 153, bend[] = {18, 144};
    ad_array y = {0}, ty = {0}, hv[2] = {{0}, {0}};
    ad_view at = AD_VIEW(numbers, 2), tx[2];
    for (int many = 1; many <= 2; many++) {
        ad_tensor x = ad_watch(tape, at);
        ck_assert_int_eq(ad_set_tangent(x, AD_VIEW(direction, 2)), AD_OK);
        ck_assert_int_eq(ad_backward(sum_of_cubes(tape, &x, NULL)), AD_OK);
        tx[0] = _i ? ad_tangent(x) : ad_grad(x);
        tx[1] = tx[0];
        ad_status status = many == 1
                               ? ad_hvp(tape, cubes_after_a_gradient, 1, &at, tx, NULL, hv)
                               : ad_hvp_many(tape, cubes_after_a_gradient, 1, &at, 2, tx, NULL, hv);
        ck_assert_int_eq(status, AD_OK);
        for (int j = 0; j < many; j++)
            expect_numbers(&hv[j], 2, bend, 0);
        ad_tape_reset(tape);
    }
    ad_tensor x = ad_watch(tape, at);
    ck_assert_int_eq(ad_set_tangent(x, AD_VIEW(direction, 2)), AD_OK);
    ck_assert_int_eq(ad_backward(sum_of_cubes(tape, &x, NULL)), AD_OK);
    tx[0] = _i ? ad_tangent(x) : ad_grad(x);
    ck_assert_int_eq(ad_jvp(tape, cubes_after_a_gradient, 1, &at, tx, NULL, &y, &ty), AD_OK);
    expect_numbers(&ty, 1, &slope, 0);
    ad_array_free(&y);
    ad_array_free(&ty);
    ad_array_free(&hv[0]);
    ad_array_free(&hv[1]);
}
END_TEST

/* ---- tests of numbers -------------------------------------------------------------- */

START_TEST(near_zero_reports_the_worst_element)
{
    ad_error error = {0};
    const float a[] = {1e-4f, -0.5f, 0.25f}, nan[] = {0, NAN, 9};
    ck_assert_int_eq(ad_test_near_zero(AD_VIEW(a, 3), 1, &error), AD_OK);
    ck_assert_int_eq(ad_test_near_zero(AD_VIEW(a, 3), 0.5, &error), AD_DIFFERENT);
    ck_assert_str_eq(error.text, "near zero: element 1 of [3] is -0.5, tolerance 0.5");
    ck_assert_int_eq(ad_test_near_zero(AD_VIEW(nan, 3), 100, NULL), AD_DIFFERENT);
    ck_assert_int_eq(ad_test_near_zero((ad_view){0}, 1, NULL), AD_MISUSE);
}
END_TEST

START_TEST(same_compares_types_and_shapes_first)
{
    ad_error error = {0};
    const float a[] = {1, 2, 3}, b[] = {1, 2, 3.5f};
    const double d[] = {1, 2, 3};
    ck_assert_int_eq(ad_test_same(AD_VIEW(a, 3), AD_VIEW(b, 3), 1, NULL), AD_OK);
    ck_assert_int_eq(ad_test_same(AD_VIEW(a, 3), AD_VIEW(a, 3, 1), 1, &error), AD_DIFFERENT);
    ck_assert_str_eq(error.text, "same: shape [3] against [3, 1]");
    ck_assert_int_eq(ad_test_same(AD_VIEW(a, 3), AD_VIEW(d, 3), 1, NULL), AD_DIFFERENT);
    error = (ad_error){0};
    ck_assert_int_eq(ad_test_same(AD_VIEW(a, 3), AD_VIEW(b, 3), 0.1, &error), AD_DIFFERENT);
    ck_assert_str_eq(error.text, "same: element 2 of [3] is 3 against 3.5, tolerance 0.1");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("operators");
    TCase *all = tcase_create("operators");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, derivatives_of_scalar_functions_are_right_to_the_last_bit);
    tcase_add_test(all, an_f32_derivative_has_f32_rounding);
    tcase_add_test(all, value_and_gradient_leave_the_tape_as_it_was);
    tcase_add_test(all, gradients_of_several_tensors_see_the_environment);
    tcase_add_test(all, a_pullback_may_be_applied_as_often_as_one_likes);
    tcase_add_test(all, results_are_written_only_if_all_went_well);
    tcase_add_test(all, jvp_and_hvp_agree_with_the_formulas);
    tcase_add_test(all, no_tangent_means_zeros);
    tcase_add_test(all, missing_arguments_are_misuse);
    tcase_add_loop_test(all, a_function_cannot_end_what_it_is_given, 0, 5);
    tcase_add_test(all, near_zero_reports_the_worst_element);
    tcase_add_loop_test(all, a_direction_may_be_a_gradient_or_tangent_that_the_function_takes_back,
                        0, 2);
    tcase_add_test(all, same_compares_types_and_shapes_first);
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
