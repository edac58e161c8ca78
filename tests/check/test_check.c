/* ad_check_gradient: gradients of functions against differences. */
#include "flawed.h"
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <string.h>

static ad_error error;

static void setup(void)
{
    error = (ad_error){0};
}

/* ---- functions -------------------------------------------------------------------------- */

static const double left[] = {.5, -.25, 1.5, -1, .125, 2, -.75, .375, 1.25, -1.5, .625, .875};
static const double row[] = {1, -2, .5, .75};
static const float left32[] = {.5, -.25, 1.5, -1, .125, 2, -.75, .375, 1.25, -1.5, .625, .875};

static const ad_view operands[] = {
    {left, AD_F64, {2, {3, 4}}, {4, 1}},
    {row, AD_F64, {1, {4}}, {1}},
};

static ad_tensor right(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_mul(ad_tanh(x[0]), ad_exp(x[1])));
}

static ad_tensor wrong(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_mul(ad_exp(x[1]), flawed_tanh(x[0])));
}

static ad_tensor wrong_second(ad_tape *t, const ad_tensor *x, const void *env)
{
    return wrong(t, (ad_tensor[]){x[1], x[0]}, env);
}

static ad_tensor of_any_shape(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_mul(ad_sin(x[0]), x[1]);
}

static ad_tensor kinked(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_add(ad_relu(x[0]), ad_abs(x[0])));
}

/* With f32 numbers of its own, which become f64; and with an op that takes f32 alone. */
static ad_tensor with_f32(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)env;
    return ad_mean(ad_mul(ad_tanh(x[0]), ad_freeze(t, AD_VIEW(left32, 3, 4))));
}

static const char *f32_alone(const ad_type *x, const void *attr, ad_type *y)
{
    (void)attr;
    *y = x[0];
    return x[0] == AD_F32 ? NULL : "takes f32 alone";
}

static ad_tensor single_square(ad_tensor x)
{
    static ad_op op = {.size = sizeof op};
    op = *ad_builtin_op_named("square");
    op.type = f32_alone;
    return ad_apply(&op, &x, NULL);
}

static ad_tensor single_only(ad_tape *t, const ad_tensor *x, const void *env)
{
    return single_square(with_f32(t, x, env));
}

static ad_tensor wrong_single(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_mean(ad_mul(single_square(flawed_tanh(x[0])), 3));
}

static ad_tensor root(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_sqrt(x[0]));
}

START_TEST(a_right_gradient_passes)
{
    ad_check_report report = {.size = sizeof report};
    ad_check_options o = {.size = sizeof o, .report = &report};
    ck_assert_int_eq(ad_check_gradient(right, 2, operands, NULL, NULL, &error), AD_OK);
    ck_assert_int_eq(ad_check_gradient(of_any_shape, 2, operands, NULL, &o, &error), AD_OK);
    ck_assert_str_eq(error.text, "");
    ck_assert_uint_eq(report.numbers, 16);
    ck_assert_uint_eq(report.settled, 16);
    ck_assert_double_lt(report.worst, 1e-10);
}
END_TEST

START_TEST(the_worst_number_is_named_with_both_values)
{
    ck_assert_int_eq(ad_check_gradient(wrong, 2, operands, NULL, NULL, &error), AD_DIFFERENT);
    ck_assert_str_eq(error.text,
                     "check_gradient: x[0][1, 3]: the pullback gives 0.922567411, differences "
                     "give 1.84513482 (relative error 0.5, tolerance 1e-06)");
    ad_view swapped[] = {operands[1], operands[0]};
    error = (ad_error){0};
    ck_assert_int_eq(ad_check_gradient(wrong_second, 2, swapped, NULL, NULL, &error), AD_DIFFERENT);
    ck_assert_ptr_nonnull(strstr(error.text, "check_gradient: x[1][1, 3]: "));
}
END_TEST

START_TEST(at_a_kink_any_slope_between_the_sides_is_right)
{
    const double at[] = {0, 1, 0.01, -1e-3, -1, 1e-6, -1e-6};
    ad_view x = AD_VIEW(at, 7);
    ck_assert_int_eq(ad_check_gradient(kinked, 1, &x, NULL, NULL, &error), AD_OK);
}
END_TEST

static void relu_pullback(const ad_pullback_args *c)
{
    for (size_t i = 0; i < ad_view_count(&c->y); i++)
        ((double *)c->dx[0].data)[i] += ad_view_get(&c->x[0], i) > 0 ? ad_view_get(&c->dy, i) : 2;
}

static ad_tensor flawed_relu(ad_tape *t, const ad_tensor *x, const void *env)
{
    static ad_op op = {.size = sizeof op};
    (void)t, (void)env;
    ad_op_with_pullback(ad_builtin_op_named("relu"), "flawed_relu", relu_pullback, &op);
    return ad_apply(&op, x, NULL);
}

START_TEST(at_a_kink_a_slope_outside_is_wrong)
{
    const double at[] = {1, 0};
    ad_view x = AD_VIEW(at, 2);
    ck_assert_int_eq(ad_check_gradient(flawed_relu, 1, &x, NULL, NULL, &error), AD_DIFFERENT);
    ck_assert_ptr_nonnull(strstr(error.text, "x[0][1]: the pullback gives 2"));
}
END_TEST

START_TEST(f32_operands_are_checked_in_f64_where_the_function_allows)
{
    ad_check_report report = {.size = sizeof report};
    ad_check_options o = {.size = sizeof o, .report = &report};
    ad_view x = AD_VIEW(left32, 3, 4);
    ad_view both[] = {x, operands[1]};
    ck_assert_int_eq(ad_check_gradient(right, 2, both, NULL, &o, &error), AD_OK);
    ck_assert_double_lt(report.worst, 1e-10);
    ck_assert_int_eq(ad_check_gradient(with_f32, 1, &x, NULL, &o, &error), AD_OK);
    ck_assert_uint_eq(report.settled, 12);
    ck_assert_double_lt(report.worst, 1e-10);
    ck_assert_int_eq(ad_check_gradient(single_only, 1, &x, NULL, &o, &error), AD_OK);
    ck_assert_uint_eq(report.settled, 12);
    ck_assert_double_gt(report.worst, 1e-9);
    ck_assert_double_lt(report.worst, 1e-2);
    ck_assert_int_eq(ad_check_gradient(wrong_single, 1, &x, NULL, &o, &error), AD_DIFFERENT);
    ck_assert_ptr_nonnull(strstr(error.text, "x[0][1, 3]"));
}
END_TEST

START_TEST(a_tape_that_widens_makes_f64_of_f32)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_view turned = {left32, AD_F32, {2, {4, 3}}, {1, 4}};
    const int32_t whole[] = {3};
    ad_tape_widen(t, true);
    ad_tensor x[] = {ad_watch(t, AD_VIEW(left32, 3, 4)), ad_freeze(t, turned),
                     ad_constant(t, AD_F32, 0.1), ad_cast(ad_freeze(t, AD_VIEW(whole, 1)), AD_F32)};
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(ad_read(x[i]).type, AD_F64);
    ad_view wide = ad_read(x[1]);
    for (size_t i = 0; i < 12; i++)
        ck_assert_double_eq(ad_view_get(&wide, i), ad_view_get(&turned, i));
    ck_assert_int_eq(ad_backward(ad_sum(ad_mul(x[0], x[0]))), AD_OK);
    ck_assert_int_eq(ad_grad(x[0]).type, AD_F64);
    ad_tape_reset(t);
    ad_tape_widen(t, false);
    ad_tape_widen(NULL, true);
    ck_assert_int_eq(ad_read(ad_watch(t, AD_VIEW(left32, 3))).type, AD_F32);
    ad_tape_free(t);
}
END_TEST

START_TEST(not_all_elements_of_a_large_operand_are_looked_at)
{
    static double many[600];
    for (int i = 0; i < 600; i++)
        many[i] = sin(i);
    ad_check_report report = {.size = sizeof report};
    ad_check_options o = {.size = sizeof o, .report = &report};
    ad_view x[] = {AD_VIEW(many, 150, 4), operands[1]};
    ck_assert_int_eq(ad_check_gradient(right, 2, x, NULL, &o, &error), AD_OK);
    ck_assert_uint_eq(report.numbers, 64 + 4);
    o.elements = 10;
    ck_assert_int_eq(ad_check_gradient(right, 2, x, NULL, &o, &error), AD_OK);
    ck_assert_uint_eq(report.numbers, 10 + 4);
    o.elements = SIZE_MAX; /* all, the two wrong ones among them */
    ck_assert_int_eq(ad_check_gradient(wrong, 2, x, NULL, &o, &error), AD_DIFFERENT);
    ck_assert_uint_eq(report.numbers, 604);
    ck_assert_ptr_nonnull(strstr(error.text, "x[0][1, 3]"));
}
END_TEST

START_TEST(operands_with_strides_empty_ones_and_numbers_are_fine)
{
    ad_view turned[] = {{left, AD_F64, {2, {3, 4}}, {1, 3}}, {row, AD_F64, {1, {4}}, {0}}};
    ad_view empty[] = {AD_VIEW(left, 0, 4), operands[1]};
    ad_view number[] = {AD_VIEW_SCALAR(left), AD_VIEW_SCALAR(row)};
    ck_assert_int_eq(ad_check_gradient(right, 2, turned, NULL, NULL, &error), AD_OK);
    ck_assert_int_eq(ad_check_gradient(right, 2, number, NULL, NULL, &error), AD_OK);
    ck_assert_int_eq(ad_check_gradient(of_any_shape, 2, number, NULL, NULL, &error), AD_OK);
    ad_status status = ad_check_gradient(right, 2, empty, NULL, NULL, &error);
    ck_assert_msg(status == AD_OK, "%s", error.text);
}
END_TEST

START_TEST(steps_do_not_leave_the_domain)
{
    const double at[] = {1e-3, 0.5, 4};
    ad_check_report report = {.size = sizeof report};
    ad_check_options o = {.size = sizeof o, .report = &report};
    ad_view x = AD_VIEW(at, 3);
    ck_assert_int_eq(ad_check_gradient(root, 1, &x, NULL, &o, &error), AD_OK);
    ck_assert_uint_eq(report.settled, 3);
    const double below = -1;
    x = AD_VIEW_SCALAR(&below);
    ck_assert_int_eq(ad_check_gradient(root, 1, &x, NULL, NULL, &error), AD_DOMAIN);
    ck_assert_ptr_nonnull(strstr(error.text, "the function's value is"));
}
END_TEST

static void refuse_negatives(const ad_forward_args *c)
{
    for (size_t i = 0; i < ad_view_count(&c->x[0]); i++)
        if (ad_view_get(&c->x[0], i) < 0)
            ad_reject(c->work, AD_DOMAIN, "x[%zu] is negative", i);
}

static ad_tensor strict_root(ad_tape *t, const ad_tensor *x, const void *env)
{
    static ad_op op = {.size = sizeof op};
    (void)t, (void)env;
    op = *ad_builtin_op_named("sqrt");
    op.check = refuse_negatives;
    return ad_apply(&op, x, NULL);
}

START_TEST(steps_that_an_operation_refuses_are_made_smaller)
{
    const double at[] = {1e-3, 0.5, 4};
    ad_check_report report = {.size = sizeof report};
    ad_check_options o = {.size = sizeof o, .report = &report};
    ad_view x = AD_VIEW(at, 3);
    ad_status status = ad_check_gradient(strict_root, 1, &x, NULL, &o, &error);
    ck_assert_msg(status == AD_OK, "%s", error.text);
    ck_assert_uint_eq(report.settled, 3);
}
END_TEST

static ad_tensor drowned(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_add(ad_mul(ad_sum(x[0]), 1e-3), 1e9);
}

START_TEST(slopes_that_drown_in_rounding_are_not_called_right)
{
    ad_check_report report = {.size = sizeof report};
    ad_check_options o = {.size = sizeof o, .report = &report};
    ck_assert_int_eq(ad_check_gradient(drowned, 1, operands, NULL, &o, &error), AD_DOMAIN);
    ck_assert_ptr_nonnull(strstr(error.text, "no differences settle"));
    ck_assert_uint_eq(report.settled, 0);
    ck_assert_uint_eq(report.numbers, 12);
}
END_TEST

static ad_tensor elsewhere(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)x;
    return ad_constant(*(ad_tape *const *)env, AD_F64, 1);
}

/* With a period of 1/64, all halves of a step of 1/64 see a slope of 0 at 1: so does one who claims 0. */
static ad_tensor without_slope(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor wave = ad_sin(ad_mul(ad_stop_gradient(x[0]), 128 * 3.14159265358979323846));
    return ad_add(ad_mul(x[0], 0), wave);
}

START_TEST(steps_that_disagree_are_not_conclusive)
{
    static const double one[] = {1};
    ad_view x = AD_VIEW(one, 1);
    ad_check_report report = {.size = sizeof report};
    ad_check_options o = {.size = sizeof o, .report = &report};
    error = (ad_error){0};
    ck_assert_int_eq(ad_check_gradient(without_slope, 1, &x, NULL, &o, &error), AD_DOMAIN);
    ck_assert_ptr_nonnull(strstr(error.text, "not conclusive"));
    ck_assert_uint_eq(report.numbers, 1);
    ck_assert_uint_eq(report.settled, 0);
}
END_TEST

START_TEST(misuse_is_an_error)
{
    ad_tape *other = ad_tape_new(NULL);
    const int32_t whole[] = {1, 2};
    ad_view integers = AD_VIEW(whole, 2), nothing = {NULL, AD_F64, {1, {3}}, {1}};
    ck_assert_int_eq(ad_check_gradient(NULL, 2, operands, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_check_gradient(right, 2, NULL, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_check_gradient(right, 0, operands, NULL, NULL, NULL), AD_MISUSE);
    ad_error disorder = {0};
    ad_check_options empty = {.size = sizeof empty, .low = 3, .high = 1};
    ck_assert_int_eq(ad_check_gradient(right, 2, operands, NULL, &empty, &disorder), AD_MISUSE);
    ck_assert_str_eq(disorder.text, "check_gradient: low = 3 is not less than high = 1");
    ck_assert_int_eq(ad_check_gradient(root, 1, &integers, NULL, NULL, NULL), AD_BAD_TYPE);
    ck_assert_int_eq(ad_check_gradient(root, 1, &nothing, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_check_gradient(elsewhere, 2, operands, &other, NULL, &error), AD_FOREIGN);
    ck_assert_str_eq(error.text, "check_gradient: the function's result is not on its tape");
    ad_tape_free(other);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("check");
    TCase *all = tcase_create("check");
    tcase_add_checked_fixture(all, setup, NULL);
    tcase_add_test(all, a_right_gradient_passes);
    tcase_add_test(all, the_worst_number_is_named_with_both_values);
    tcase_add_test(all, at_a_kink_any_slope_between_the_sides_is_right);
    tcase_add_test(all, at_a_kink_a_slope_outside_is_wrong);
    tcase_add_test(all, f32_operands_are_checked_in_f64_where_the_function_allows);
    tcase_add_test(all, a_tape_that_widens_makes_f64_of_f32);
    tcase_add_test(all, not_all_elements_of_a_large_operand_are_looked_at);
    tcase_add_test(all, operands_with_strides_empty_ones_and_numbers_are_fine);
    tcase_add_test(all, steps_do_not_leave_the_domain);
    tcase_add_test(all, steps_that_an_operation_refuses_are_made_smaller);
    tcase_add_test(all, slopes_that_drown_in_rounding_are_not_called_right);
    tcase_add_test(all, steps_that_disagree_are_not_conclusive);
    tcase_add_test(all, misuse_is_an_error);
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
