/* The gradient inside a function: whatever goes wrong in it is an error of the node that names what did. */
#define AD_NO_SOURCE_LINES /* messages are compared as they are */
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

static const double points[] = {0.5, -1, 0.25}, some[] = {1, -2, 0.5};
static const int32_t whole[] = {2, 0};

static void expect(ad_status status, const char *text)
{
    ck_assert_str_eq(ad_tape_error(tape), text);
    ck_assert_int_eq(ad_tape_status(tape), status);
    ad_tape_reset(tape);
}

/* ---- derivatives that are not there --------------------------------------------------- */

static ad_tensor slope_of(ad_function *f, const void *env)
{
    ad_tensor x = ad_watch(tape, AD_VIEW(points, 3)), g;
    ad_gradient_node(f, 1, &x, 1, env, &g);
    return ad_sum(ad_square(g));
}

static void old_pullback(const ad_pullback_args *c)
{
    for (size_t i = 0; i < ad_array_count(&c->dx[0]); i++)
        ((double *)c->dx[0].data)[i] += ((const double *)c->dy.data)[i];
}

static ad_op odd_op = {.size = sizeof odd_op};

static ad_tensor with_odd_op(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_square(ad_apply(&odd_op, x, NULL)));
}

START_TEST(an_operation_without_second_derivatives_is_named)
{
    ad_op_with_pullback(ad_builtin_op_named("exp"), "odd", old_pullback, &odd_op);
    ad_tensor y = slope_of(with_odd_op, NULL);
    ck_assert_int_eq(ad_tape_status(tape), AD_OK); /* the gradient itself is there */
    ad_backward(y);
    expect(AD_NO_DERIVATIVE, "pullback of gradient([3]): odd: there is no jvp (forward-mode rule)");
    odd_op.jvp = ad_builtin_op_named("exp")->jvp;
    ad_backward(slope_of(with_odd_op, NULL));
    expect(AD_NO_DERIVATIVE,
           "pullback of gradient([3]): odd: there is no second derivative (no curvature rule)");
}
END_TEST

START_TEST(the_line_of_the_call_is_told)
{
    ad_op_with_pullback(ad_builtin_op_named("exp"), "odd", old_pullback, &odd_op);
    ad_tensor x = ad_watch(tape, AD_VIEW(points, 3)), g;
    ad_gradient_node(with_odd_op, 1, ad_tensors_at_line(&x, 1, "net.c:12"), 1, NULL, &g);
    ad_backward(ad_sum(ad_square(g)));
    expect(AD_NO_DERIVATIVE,
           "pullback of gradient([3]) at net.c:12: odd: there is no jvp (forward-mode rule)");
}
END_TEST

/* Nothing of second order is asked of where only the value is used. */
START_TEST(the_value_alone_takes_first_derivatives)
{
    ad_op_with_pullback(ad_builtin_op_named("exp"), "odd", old_pullback, &odd_op);
    ad_tensor x = ad_watch(tape, AD_VIEW(points, 3)), g;
    ad_tensor y = ad_gradient_node(with_odd_op, 1, &x, 1, NULL, &g);
    ck_assert_int_eq(ad_backward(ad_mul(y, 2)), AD_OK);
    ad_view dx = ad_grad(x);
    for (size_t i = 0; i < 3; i++)
        ck_assert_double_eq_tol(ad_view_get(&dx, i), 4 * exp(points[i]), 1e-14);
}
END_TEST

static ad_tensor cube_of(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_powi(x[0], 3));
}

static ad_tensor slope_squared(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor g;
    ad_gradient_node(cube_of, 1, x, 1, NULL, &g);
    return ad_sum(ad_square(g));
}

START_TEST(third_derivatives_are_refused_by_name)
{
    double wanted[3];
    ad_tensor x = ad_watch(tape, AD_VIEW(points, 3)), g; /* (3 x^2)^2, 36 x^3 */
    ad_gradient_node(slope_squared, 1, &x, 1, NULL, &g);
    for (int i = 0; i < 3; i++)
        wanted[i] = 36 * pow(points[i], 3);
    ck_assert_int_eq(ad_test_same(ad_read(g), AD_VIEW(wanted, 3), 1e-13, NULL), AD_OK);
    ad_backward(ad_sum(g));
    expect(AD_NO_DERIVATIVE, "pullback of gradient([3]): curvature of gradient([3]): third "
                             "derivatives of a function are not computed");
    ad_array hvp = {0};
    ad_hvp(tape, slope_squared, 1, (ad_view[]){AD_VIEW(points, 3)}, (ad_view[]){AD_VIEW(some, 3)},
           NULL, &hvp);
    expect(AD_NO_DERIVATIVE,
           "curvature of gradient([3]): third derivatives of a function are not computed");
    ck_assert_ptr_null(hvp.data);
}
END_TEST

static ad_tensor rounded(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_cast(ad_greater(x[0], 0), AD_F64));
}
static ad_tensor many(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_square(x[0]);
}
static ad_tensor narrow(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_cast(ad_sum(x[0]), AD_F32);
}
static ad_tensor nothing(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)x, (void)env;
    return (ad_tensor){0};
}
static ad_tensor forgets(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)env;
    ad_tensor y = ad_sum(x[0]);
    ad_tape_reset(t);
    return y;
}
static ad_tensor begins_again(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)x, (void)env;
    ad_tape_reset(t);
    return ad_sum(ad_square(ad_watch(t, AD_VIEW(some, 3))));
}
static ad_tensor outer_operand(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t;
    return ad_sum(ad_mul(x[0], *(const ad_tensor *)env));
}
static ad_tensor outer_first(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t;
    return ad_sum(ad_mul(*(const ad_tensor *)env, x[0]));
}
static ad_tensor gives_up(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)env;
    ad_tape_fail(t, AD_FAILED, "no convergence");
    return x[0];
}
static ad_tensor bad_shapes(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)env;
    return ad_sum(ad_add(x[0], ad_freeze(t, AD_VIEW(some, 2))));
}

static const struct {
    ad_function *f;
    ad_status status;
    const char *text;
} failures[] = {
    {rounded, AD_NO_DERIVATIVE,
     "gradient([3]): backward: the root depends on a watched leaf only through greater, "
     "which has no derivative"},
    {many, AD_BAD_SHAPE, "gradient([3]): the function's value must have one element, not [3]"},
    {narrow, AD_BAD_TYPE,
     "gradient([3]): the function's value is f32, but its first operand is f64"},
    {nothing, AD_FOREIGN,
     "gradient([3]): the function's result is not on its tape: it is a plain number"},
    {forgets, AD_STALE, "gradient([3]): the function's result is gone: a reset or rewind ended it"},
    {begins_again, AD_STALE,
     "gradient([3]): the function has reset its tape, and with it its operands"},
    {outer_operand, AD_FOREIGN,
     "gradient([3]): mul: operand 1 belongs to the outer tape: make it an operand of the function"},
    {outer_first, AD_BUSY,
     "mul: the tape is in use by a kernel of gradient (tensors that its function needs must be its "
     "operands)"},
    {gives_up, AD_FAILED, "gradient([3]): no convergence"},
    {bad_shapes, AD_BAD_SHAPE,
     "gradient([3]): add([3], [2]): shapes do not broadcast: aligned at "
     "the end, extents must be equal or 1"},
};
enum { FAILURES = sizeof failures / sizeof *failures };

START_TEST(a_failure_inside_is_one_of_the_node)
{
    ad_tensor outside = ad_watch(tape, AD_VIEW(points, 3));
    ad_tensor y = slope_of(failures[_i].f, &outside);
    ck_assert_ptr_null(ad_read(y).data);
    expect(failures[_i].status, failures[_i].text);
    ck_assert_int_eq(ad_backward(slope_of(cube_of, NULL)), AD_OK); /* the tape serves again */
}
END_TEST

static ad_tensor scaled(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t;
    return ad_mul(ad_sum(ad_square(x[0])), *(const double *)env);
}

START_TEST(a_function_that_changes_is_refused)
{
    double factor = 2;
    ad_tensor y = slope_of(scaled, &factor);
    factor = 3;
    ad_backward(y);
    expect(AD_CHANGED,
           "pullback of gradient([3]): the function gave 2.625 and now gives 3.9375: it "
           "must depend on its operands and unchanged numbers only");
}
END_TEST

START_TEST(operands_that_do_not_fit_are_refused)
{
    ad_tensor x[2], g[2];
#define TRY(a, b, wrt) (x[0] = (a), x[1] = (b), ad_gradient_node(cube_of, 2, x, wrt, NULL, g))
    TRY(ad_watch(tape, AD_VIEW(points, 2)), ad_freeze(tape, AD_VIEW(whole, 2)), 2);
    expect(AD_BAD_TYPE, "gradient([2], [2]): operands to differentiate by must be f32 or f64 "
                        "(ad_cast converts)");
    TRY(ad_watch(tape, AD_VIEW(points, 2)), ad_number(2), 1);
    expect(AD_MISUSE, "gradient: operand 1 is a number, not a tensor (see ad_constant)");
    TRY(ad_watch(tape, AD_VIEW(points, 2)), ad_watch(tape, AD_VIEW(points, 2)), 3);
    ck_assert_ptr_null(ad_read(g[1]).data);
    expect(AD_MISUSE, "gradient: cannot differentiate by 3 of 2 operands");
#undef TRY
}
END_TEST

/* Where the gradient fails, nobody's results are touched. */
START_TEST(failures_leave_results_as_they_were)
{
    double kept[] = {7, 7, 7};
    ad_array g = {.data = kept, .type = AD_F64, .shape = AD_SHAPE(3)};
    ad_op_with_pullback(ad_builtin_op_named("exp"), "odd", old_pullback, &odd_op);
    ad_tensor x = ad_watch(tape, AD_VIEW(points, 3)), slope;
    ad_gradient_node(with_odd_op, 1, &x, 1, NULL, &slope);
    ad_model_gradient(&ad_array_tree, ad_sum(ad_square(slope)), NULL, &x, &g);
    ck_assert_int_eq(ad_tape_status(tape), AD_NO_DERIVATIVE);
    ck_assert(kept[0] == 7 && kept[1] == 7 && kept[2] == 7);
}
END_TEST

static bool a_few(void *user, size_t left)
{
    (void)left;
    return --*(int *)user > 0;
}

START_TEST(a_sweep_can_be_cancelled_inside)
{
    int polls = 4; /* sum, square, the node, and within it the sum */
    ad_tensor y = slope_of(cube_of, NULL);
    ad_tape_poll(tape, a_few, &polls);
    ad_backward(y);
    expect(AD_CANCELLED, "pullback of gradient([3]): backward: cancelled with 3 values to go");
}
END_TEST

static ad_tensor logarithm(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_log(x[0]));
}

START_TEST(a_number_that_is_not_finite_is_found_inside)
{
    ad_tape_options o = {.size = sizeof o, .checks = AD_CHECK_NUMBERS};
    ad_tape *careful = ad_tape_new(&o);
    ad_tensor x = ad_watch(careful, AD_VIEW(points, 3)), g;
    ad_gradient_node(logarithm, 1, &x, 1, NULL, &g);
    ck_assert_int_eq(ad_tape_status(careful), AD_NOT_FINITE);
    ck_assert_ptr_eq(strstr(ad_tape_error(careful), "gradient([3]): log([3])"),
                     ad_tape_error(careful));
    ad_tape_free(careful);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("errors of gradient nodes");
    TCase *all = tcase_create("errors of gradient nodes");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, an_operation_without_second_derivatives_is_named);
    tcase_add_test(all, the_line_of_the_call_is_told);
    tcase_add_test(all, the_value_alone_takes_first_derivatives);
    tcase_add_test(all, third_derivatives_are_refused_by_name);
    tcase_add_loop_test(all, a_failure_inside_is_one_of_the_node, 0, FAILURES);
    tcase_add_test(all, a_function_that_changes_is_refused);
    tcase_add_test(all, operands_that_do_not_fit_are_refused);
    tcase_add_test(all, failures_leave_results_as_they_were);
    tcase_add_test(all, a_sweep_can_be_cancelled_inside);
    tcase_add_test(all, a_number_that_is_not_finite_is_found_inside);
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
