/* Custom ops: a user's forward and pullback through ad_apply, replaced derivatives, declared
 * non-differentiability, and everything a user's kernel can do wrong. */
#include "messages.h"
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <string.h>

static ad_tape *tape;
static const double residuals[] = {0.5, 1.0, -4.0};

static void setup(void)
{
    tape = ad_tape_new(NULL);
}

static void teardown(void)
{
    ad_tape_free(tape);
}

static void expect(ad_status status, const char *text)
{
    ck_assert_int_eq(ad_tape_status(tape), status);
    ck_assert_str_eq(message_of(tape), text);
    ad_tape_reset(tape);
}

static void expect_grad(ad_tensor x, const double *wanted)
{
    ad_view g = ad_grad(x);
    ck_assert_ptr_nonnull(g.data);
    for (size_t i = 0; i < ad_view_count(&g); i++)
        ck_assert_double_eq(ad_view_get(&g, i), wanted[i]);
}

/* ---- an op of one's own ------------------------------------------------------------ */

typedef struct huber_attr {
    double delta;
} huber_attr;

static void huber_forward(const ad_forward_args *c)
{
    double delta = ((const huber_attr *)c->attr)->delta, *y = c->y.data;
    const double *x = c->x[0].data;
    for (size_t i = 0; i < ad_array_count(&c->y); i++)
        y[i] = fabs(x[i]) <= delta ? x[i] * x[i] / 2 : delta * (fabs(x[i]) - delta / 2);
}

static void huber_pullback(const ad_pullback_args *c)
{
    double delta = ((const huber_attr *)c->attr)->delta, *dx = c->dx[0].data;
    const double *x = c->x[0].data, *dy = c->dy.data;
    for (size_t i = 0; i < ad_array_count(&c->dx[0]); i++)
        dx[i] += dy[i] * fmax(-delta, fmin(x[i], delta));
}

static const ad_op huber_op = {
    .size = sizeof(ad_op),
    .name = "huber",
    .arity = 1,
    .attr_size = sizeof(huber_attr),
    .shape = ad_shape_first,
    .forward = huber_forward,
    .pullback = huber_pullback,
};

START_TEST(a_users_op_is_like_a_built_in_one)
{
    ad_tensor x = ad_watch(tape, AD_VIEW(residuals, 3));
    ad_tensor y = ad_sum(ad_apply(&huber_op, &x, &(huber_attr){1}));
    ck_assert_double_eq(ad_item(y), 0.125 + 0.5 + 3.5);
    ck_assert_int_eq(ad_backward(y), AD_OK);
    expect_grad(x, (double[]){0.5, 1, -1});
}
END_TEST

START_TEST(a_users_op_sees_contiguous_operands)
{
    const double wide[] = {0.5, 9, 1.0, 9, -4.0, 9};
    ad_view v = AD_VIEW(wide, 3);
    v.stride[0] = 2;
    ad_tensor x = ad_watch(tape, v);
    ad_backward(ad_sum(ad_apply(&huber_op, &x, &(huber_attr){1})));
    expect_grad(x, (double[]){0.5, 1, -1});
}
END_TEST

START_TEST(an_op_without_jvp_or_curvature_says_so)
{
    ad_tensor x = ad_watch(tape, AD_VIEW(residuals, 3));
    ad_tensor y = ad_sum(ad_apply(&huber_op, &x, &(huber_attr){1}));
    ad_set_tangent(x, AD_VIEW(residuals, 3));
    ad_push_tangents(y);
    expect(AD_NO_DERIVATIVE, "huber: there is no jvp (forward-mode rule)");
}
END_TEST

/* ---- replaced derivatives ---------------------------------------------------------- */

static void straight_through(const ad_pullback_args *c)
{
    double *dx = c->dx[0].data;
    for (size_t i = 0; i < ad_array_count(&c->dx[0]); i++)
        dx[i] += ((const double *)c->dy.data)[i];
}

START_TEST(the_derivative_of_a_built_in_op_can_be_replaced)
{
    ad_op op = {.size = sizeof op};
    ad_op_with_pullback(ad_builtin_op_named("sign"), "binarise", straight_through, &op);
    ad_tensor x = ad_watch(tape, AD_VIEW(residuals, 3)), y = ad_apply(&op, &x, NULL);
    ck_assert_int_eq(ad_backward(ad_sum(ad_square(y))), AD_OK);
    expect_grad(x, (double[]){2, 2, -2});
    ad_set_tangent(x, AD_VIEW(residuals, 3));
    ad_push_tangents(y); /* the old op's second derivatives are gone with the first */
    expect(AD_NO_DERIVATIVE, "binarise: there is no jvp (forward-mode rule)");
}
END_TEST

START_TEST(stop_gradient_makes_a_straight_through_estimator)
{
    ad_tensor x = ad_watch(tape, AD_VIEW(residuals, 3));
    ad_tensor y = ad_add(x, ad_stop_gradient(ad_sub(ad_sign(x), x)));
    ck_assert_int_eq(ad_backward(ad_sum(ad_square(y))), AD_OK);
    expect_grad(x, (double[]){2, 2, -2});
}
END_TEST

/* ---- what goes wrong --------------------------------------------------------------- */

static void gives_up(const ad_pullback_args *c)
{
    ((double *)c->dx[0].data)[0] = 1;
    ad_reject(c->work, AD_FAILED, "no convergence after %d iterations", 7);
}

START_TEST(a_pullback_can_report_failure)
{
    ad_op op = {.size = sizeof op};
    ad_op_with_pullback(&huber_op, "solver", gives_up, &op);
    ad_tensor x = ad_watch(tape, AD_VIEW(residuals, 3));
    ad_tensor y = ad_sum(ad_apply(&op, &x, &(huber_attr){1}));
    ck_assert_int_eq(ad_backward(y), AD_FAILED);
    ck_assert_ptr_null(ad_grad(x).data);
    expect(AD_FAILED, "pullback of solver([3]): no convergence after 7 iterations");
}
END_TEST

static void writes_nan(const ad_pullback_args *c)
{
    for (size_t i = 0; i < ad_array_count(&c->dx[0]); i++)
        ((double *)c->dx[0].data)[i] = NAN;
}

/* NaN is a number like others, and stays where it belongs. */
START_TEST(a_pullback_that_writes_nan_spoils_its_own_operands_only)
{
    ad_op op = {.size = sizeof op};
    ad_op_with_pullback(&huber_op, "undefined", writes_nan, &op);
    ad_tensor x = ad_watch(tape, AD_VIEW(residuals, 3)), z = ad_watch(tape, AD_VIEW(residuals, 3));
    ad_tensor y = ad_apply(&op, &x, &(huber_attr){1});
    ck_assert_int_eq(ad_backward(ad_add(ad_sum(y), ad_sum(ad_square(z)))), AD_OK);
    ad_view g = ad_grad(x);
    for (size_t i = 0; i < 3; i++)
        ck_assert(isnan(ad_view_get(&g, i)));
    expect_grad(z, (double[]){1, 2, -8});
    ad_tape_reset(tape);
    x = ad_watch(tape, AD_VIEW(residuals, 3));
    ck_assert_int_eq(ad_backward(ad_sum(ad_square(x))), AD_OK);
    expect_grad(x, (double[]){1, 2, -8});
}
END_TEST

static void reenters(const ad_pullback_args *c)
{
    const ad_tensor *x = *(const ad_tensor *const *)c->attr;
    ad_tape_reset(x->tape);
    ck_assert_int_eq(ad_tape_rewind(ad_tape_mark(x->tape)), AD_BUSY);
    ad_exp(*x);
}

START_TEST(a_pullback_must_not_use_the_tape)
{
    ad_tensor x = ad_watch(tape, AD_VIEW(residuals, 3));
    const ad_tensor *pointer = &x;
    ad_op op = {.size = sizeof op};
    ad_op_with_pullback(&huber_op, "meddler", reenters, &op);
    op.attr_size = sizeof pointer;
    op.forward = ad_builtin_op_named("square")->forward;
    op.kernels = ad_builtin_op_named("square")->kernels;
    ad_backward(ad_sum(ad_apply(&op, &x, &pointer)));
    expect(AD_BUSY, "reset: the tape is in use by a kernel of meddler");
}
END_TEST

static void refuses_negatives(const ad_forward_args *c)
{
    for (size_t i = 0; i < ad_view_count(&c->x[0]); i++)
        if (((const double *)c->x[0].data)[i] < 0)
            ad_reject(c->work, AD_DOMAIN, "x[%zu] is negative", i);
}

START_TEST(a_check_stands_before_the_kernel)
{
    ad_op op = huber_op;
    op.check = refuses_negatives;
    ad_tensor x = ad_watch(tape, AD_VIEW(residuals, 3));
    ad_apply(&op, &x, &(huber_attr){1});
    expect(AD_DOMAIN, "huber([3]): x[2] is negative");
}
END_TEST

START_TEST(a_discrete_op_must_be_declared)
{
    ad_op op = huber_op;
    op.name = "rank";
    op.pullback = NULL;
    ad_tensor x = ad_label(ad_watch(tape, AD_VIEW(residuals, 3)), "x");
    ad_apply(&op, &x, &(huber_attr){1});
    expect(AD_MISUSE, "rank: the op has no pullback and does not declare AD_OP_NO_DERIVATIVE");
    op.flags = AD_OP_NO_DERIVATIVE;
    x = ad_label(ad_watch(tape, AD_VIEW(residuals, 3)), "x");
    ad_backward(ad_sum(ad_apply(&op, &x, &(huber_attr){1})));
    expect(AD_NO_DERIVATIVE, "backward: the root depends on the watched leaf x only through rank, "
                             "which has no derivative");
}
END_TEST

START_TEST(half_an_op_is_refused)
{
    ad_op ops[] = {huber_op, huber_op, huber_op};
    ops[0].shape = NULL;
    ops[1].forward = NULL;
    ops[2].arity = 2;
    ops[2].name = NULL;
    ad_tensor x[] = {ad_watch(tape, AD_VIEW(residuals, 3)), ad_watch(tape, AD_VIEW(residuals, 3))};
    for (int i = 0; i < 3; i++) {
        x[0] = x[1] = ad_watch(tape, AD_VIEW(residuals, 3));
        ad_apply(&ops[i], x, &(huber_attr){1});
        ck_assert_int_eq(ad_tape_status(tape), AD_MISUSE);
        ad_tape_reset(tape);
    }
    ops[1] = huber_op;
    ops[1].size = sizeof(ad_op) - 1;
    x[0] = ad_watch(tape, AD_VIEW(residuals, 3));
    ad_apply(&ops[1], x, &(huber_attr){1});
    expect(AD_MISUSE, "huber: the op must begin with .size = sizeof(ad_op)");
    x[0] = ad_watch(tape, AD_VIEW(residuals, 3));
    ad_apply(&huber_op, x, NULL);
    expect(AD_MISUSE, "huber: the op needs an attr");
    x[0] = ad_watch(tape, AD_VIEW(residuals, 3));
    ad_apply_n(&huber_op, 2, (ad_tensor[]){x[0], x[0]}, &(huber_attr){1});
    expect(AD_MISUSE, "huber: the call gives 2 operands, but the op takes 1");
}
END_TEST

/* Made by a program that knows later versions of the structs, which are longer. */
START_TEST(longer_structs_are_read_as_far_as_they_are_known)
{
    struct {
        ad_op op;
        double later[4];
    } longer = {huber_op, {1, 2, 3, 4}};
    struct {
        ad_tape_info info;
        double later[4];
    } info = {{.size = sizeof info}, {1, 2, 3, 4}};
    longer.op.size = sizeof longer;
    ad_tensor x = ad_watch(tape, AD_VIEW(residuals, 3));
    ck_assert_int_eq(ad_backward(ad_sum(ad_apply(&longer.op, &x, &(huber_attr){1}))), AD_OK);
    ck_assert_int_eq(ad_tape_measure(tape, &info.info), AD_OK);
    ck_assert(info.info.size == sizeof info && info.info.nodes == 3 && info.later[3] == 0);
}
END_TEST

static void takes_everything(const ad_forward_args *c)
{
    if (ad_scratch(c->work, SIZE_MAX / 2))
        memset(c->y.data, 0, sizeof(double));
}

static bool see_nothing(const ad_view *x, const void *attr, ad_view *y)
{
    (void)x, (void)attr, (void)y;
    return false;
}

START_TEST(a_view_rule_must_take_contiguous_numbers)
{
    ad_op op = {.size = sizeof(ad_op),
                .name = "blind",
                .arity = 1,
                .shape = ad_shape_first,
                .view = see_nothing};
    op.flags = AD_OP_NO_DERIVATIVE;
    ad_tensor x = ad_watch(tape, AD_VIEW(residuals, 3));
    ad_apply(&op, &x, NULL);
    expect(AD_MISUSE, "blind([3]): the view rule failed on contiguous numbers");
}
END_TEST

START_TEST(flags_that_do_not_exist_are_refused)
{
    ad_op op = huber_op;
    op.flags |= 1u << 9;
    ad_tensor x = ad_watch(tape, AD_VIEW(residuals, 3));
    ad_apply(&op, &x, &(huber_attr){1});
    expect(AD_MISUSE, "huber: the op has flags that do not exist");
}
END_TEST

/* Sees its operand as often as the attr says, and then no more. */
static bool see_for_a_while(const ad_view *x, const void *attr, ad_view *y)
{
    int *times = *(int *const *)attr;
    (void)x, (void)y;
    return (*times)-- > 0;
}

static ad_tensor seen_for_a_while(ad_tensor x, int *times)
{
    const ad_op op = {.size = sizeof(ad_op),
                      .name = "tired",
                      .arity = 1,
                      .flags = AD_OP_LINEAR,
                      .attr_size = sizeof times,
                      .shape = ad_shape_first,
                      .view = see_for_a_while,
                      .pullback = ad_view_pullback,
                      .jvp = ad_view_jvp};
    static ad_op kept;
    kept = op;
    return ad_apply(&kept, &x, &times);
}

START_TEST(a_view_rule_that_fails_later_fails_the_sweep_by_name)
{
    int times = 1;
    ad_tensor y = seen_for_a_while(ad_watch(tape, AD_VIEW(residuals, 3)), &times);
    ck_assert_int_eq(ad_tape_status(tape), AD_OK);
    ad_backward(ad_sum(y));
    expect(AD_MISUSE, "pullback of tired([3]): the view rule failed on contiguous numbers");
}
END_TEST

START_TEST(a_view_rule_that_fails_later_fails_the_push_by_name)
{
    int times = 1;
    ad_tensor x = ad_watch(tape, AD_VIEW(residuals, 3)), y = seen_for_a_while(x, &times);
    ad_set_tangent(x, AD_VIEW(residuals, 3));
    ad_push_tangents(y);
    expect(AD_MISUSE, "jvp of tired([3]): the view rule failed on contiguous numbers");
}
END_TEST

START_TEST(scratch_that_cannot_be_had_fails_by_name)
{
    ad_op op = huber_op;
    op.forward = takes_everything;
    ad_tensor x = ad_watch(tape, AD_VIEW(residuals, 3));
    ad_apply(&op, &x, &(huber_attr){1});
    ck_assert_int_eq(ad_tape_status(tape), AD_MEMORY);
    ck_assert_ptr_eq(strstr(message_of(tape), "huber([3]): memory ran out"), message_of(tape));
}
END_TEST

/* ---- look-up ----------------------------------------------------------------------- */

/* The identity, which spoils the cotangent that nobody needs any more. */
static void spoil_forward(const ad_forward_args *c)
{
    memcpy(c->y.data, c->x[0].data, ad_array_count(&c->y) * sizeof(double));
}

static void spoil_pullback(const ad_pullback_args *c)
{
    double *dx = c->dx[0].data, *spare = c->spare;
    ck_assert_int_eq(spare != NULL, *(const bool *)c->attr);
    ck_assert(!spare || spare == c->dy.data);
    for (size_t i = 0; i < ad_array_count(&c->dx[0]); i++) {
        dx[i] += ((const double *)c->dy.data)[i];
        if (spare)
            spare[i] = NAN;
    }
}

static void spoil_jvp(const ad_jvp_args *c)
{
    memcpy(c->ty.data, c->tx[0].data, ad_array_count(&c->ty) * sizeof(double));
}

static const ad_op spoil_op = {
    .size = sizeof(ad_op),
    .name = "spoil",
    .arity = 1,
    .flags = AD_OP_LINEAR,
    .attr_size = sizeof(bool),
    .shape = ad_shape_first,
    .forward = spoil_forward,
    .pullback = spoil_pullback,
    .jvp = spoil_jvp,
};

static ad_tensor spoil(ad_tensor x, bool spare)
{
    return ad_apply(&spoil_op, &x, &spare);
}

START_TEST(a_pullback_may_overwrite_a_cotangent_that_nobody_needs)
{
    const double ones[] = {1, 1, 1};
    ad_tensor x = ad_watch(tape, AD_VIEW(residuals, 3)), a = spoil(ad_square(x), true);
    ad_tensor y = spoil(ad_add(a, spoil(a, true)), true);
    for (int sweeps = 0; sweeps < 2; sweeps++) {
        ck_assert_int_eq(ad_backward_from(y, AD_VIEW(ones, 3)), AD_OK);
        expect_grad(x, (double[]){2, 4, -16});
    }
    ck_assert_double_eq(ones[0], 1);
}
END_TEST

START_TEST(a_cotangent_of_a_second_order_sweep_stays_as_it_is)
{
    const double t[] = {1, 2, 3};
    ad_tensor x = ad_watch(tape, AD_VIEW(residuals, 3));
    ad_tensor y = ad_sum(spoil(ad_square(spoil(x, false)), false));
    ck_assert_int_eq(ad_set_tangent(x, AD_VIEW(t, 3)), AD_OK);
    ck_assert_int_eq(ad_push_tangents(y), AD_OK);
    ck_assert_int_eq(ad_backward_tangents(y), AD_OK);
    expect_grad(x, (double[]){1, 2, -8});
    ad_view h = ad_grad_tangent(x);
    ck_assert_int_eq(ad_test_same(h, AD_VIEW(((double[]){2, 4, 6}), 3), 1e-15, NULL), AD_OK);
}
END_TEST

START_TEST(ops_are_found_by_name)
{
    ad_registry *r = ad_registry_new(NULL);
    for (size_t i = 0; ad_builtin_op(i); i++)
        ck_assert_ptr_eq(ad_registry_find(r, ad_builtin_op(i)->name), ad_builtin_op(i));
    ck_assert_ptr_null(ad_registry_find(r, "huber"));
    ck_assert_int_eq(ad_registry_add(r, &huber_op), AD_OK);
    ck_assert_ptr_eq(ad_registry_find(r, "huber"), &huber_op);
    ck_assert_int_eq(ad_registry_add(r, &huber_op), AD_MISUSE);
    ck_assert_int_eq(ad_registry_add(r, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_registry_add(NULL, &huber_op), AD_MISUSE);
    ck_assert_ptr_null(ad_registry_find(NULL, "tanh"));
    ck_assert_ptr_null(ad_registry_find(r, NULL));
    ck_assert_ptr_null(ad_builtin_op_named(NULL));
    ad_registry_free(r);
    ad_registry_free(NULL);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("custom ops");
    TCase *all = tcase_create("custom ops");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, a_users_op_is_like_a_built_in_one);
    tcase_add_test(all, a_users_op_sees_contiguous_operands);
    tcase_add_test(all, an_op_without_jvp_or_curvature_says_so);
    tcase_add_test(all, the_derivative_of_a_built_in_op_can_be_replaced);
    tcase_add_test(all, stop_gradient_makes_a_straight_through_estimator);
    tcase_add_test(all, a_pullback_can_report_failure);
    tcase_add_test(all, a_pullback_that_writes_nan_spoils_its_own_operands_only);
    tcase_add_test(all, a_pullback_must_not_use_the_tape);
    tcase_add_test(all, a_check_stands_before_the_kernel);
    tcase_add_test(all, a_discrete_op_must_be_declared);
    tcase_add_test(all, half_an_op_is_refused);
    tcase_add_test(all, longer_structs_are_read_as_far_as_they_are_known);
    tcase_add_test(all, a_view_rule_must_take_contiguous_numbers);
    tcase_add_test(all, flags_that_do_not_exist_are_refused);
    tcase_add_test(all, a_view_rule_that_fails_later_fails_the_sweep_by_name);
    tcase_add_test(all, a_view_rule_that_fails_later_fails_the_push_by_name);
    tcase_add_test(all, scratch_that_cannot_be_had_fails_by_name);
    tcase_add_test(all, a_pullback_may_overwrite_a_cotangent_that_nobody_needs);
    tcase_add_test(all, a_cotangent_of_a_second_order_sweep_stays_as_it_is);
    tcase_add_test(all, ops_are_found_by_name);
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
