/* Source lines in messages: each names the line of the call that is wrong, once, or none. The walk over all
 * operations is in tests/misuse. */
#include "allocator.h"
#include "suite.h"

#include <adze.h>
#include <string.h>

static const double some[] = {1, 2, 3, 4, 5, 6};
static ad_tape *tape;
static int line; /* of the call in question */

/* Notes the line on which it stands. */
#define HERE(...) (line = __LINE__, __VA_ARGS__)

static void setup(void)
{
    tape = ad_tape_new(NULL);
}

static void teardown(void)
{
    ad_tape_free(tape);
}

static ad_tensor watched(void)
{
    return ad_watch(tape, AD_VIEW(some, 2, 3));
}

static ad_tensor list(void)
{
    return ad_watch(tape, AD_VIEW(some, 6));
}

/* The tape's message is this text, with the place for each @; and all is well afterwards. */
static void expect(ad_status status, const char *wanted)
{
    char text[1024] = "";
    for (size_t at = 0; *wanted; wanted++, at = strlen(text))
        if (*wanted == '@')
            snprintf(text + at, sizeof text - at, "%s:%d", __FILE__, line);
        else
            text[at] = *wanted;
    ck_assert_str_eq(ad_tape_error(tape), text);
    ck_assert_int_eq(ad_tape_status(tape), status);
    ad_tape_reset(tape);
}

/* ---- recording --------------------------------------------------------------------- */

START_TEST(a_call_that_is_refused_names_its_line)
{
    ad_tensor x = watched();
    HERE(ad_matmul(x, x));
    expect(AD_BAD_SHAPE,
           "matmul([2, 3], [2, 3]) at @: columns of the left must equal rows of the right");
    x = watched();
    HERE(ad_matmul(x, ad_add(x, list())));
    expect(AD_BAD_SHAPE, "add([2, 3], [6]) at @: shapes do not broadcast: aligned at the end, "
                         "extents must be equal or 1");
}
END_TEST

START_TEST(a_kernel_that_rejects_names_the_line_of_its_call)
{
    const int32_t far = 7;
    ad_tensor x = watched(), index = ad_freeze(tape, AD_VIEW_SCALAR(&far));
    HERE(ad_gather(x, index, 0));
    ck_assert_ptr_nonnull(strstr(ad_tape_error(tape), "gather([2, 3], []) at "));
    ad_tape_reset(tape);
}
END_TEST

START_TEST(a_leaf_that_is_refused_names_its_line)
{
    const int32_t whole[] = {1, 2};
    HERE(ad_watch(tape, AD_VIEW(whole, 2)));
    expect(AD_BAD_TYPE, "watch at @: numbers of type i32 have no derivative; freeze them");
    HERE(ad_constant(tape, AD_U8, -1));
    expect(AD_DOMAIN, "constant at @: -1 is not a value of type u8");
}
END_TEST

/* Of a call that has none. */
static void expect_no_line(void)
{
    ad_tensor x = (ad_watch)(tape, AD_VIEW(some, 2, 3));
    (ad_matmul)(x, x);
    expect(AD_BAD_SHAPE,
           "matmul([2, 3], [2, 3]): columns of the left must equal rows of the right");
}

/* A diagonal and its sum. */
static void expect_two_of_one_line(void)
{
    ad_tape_reset(tape);
    ad_tensor x = watched();
    HERE(ad_trace(x));
    for (size_t i = 1; i < 3; i++) {
        char text[256], place[128];
        snprintf(place, sizeof place, " at %s:%d", __FILE__, line);
        ad_tape_describe(tape, i, text, sizeof text);
        ck_assert_msg(strstr(text, place), "value %zu is %s", i, text);
    }
}

START_TEST(a_call_of_several_operations_keeps_its_line)
{
    expect_two_of_one_line();
    expect_no_line();
}
END_TEST

START_TEST(a_line_serves_for_one_call_though_it_records_nothing)
{
    ad_tensor x = watched();
    ck_assert_ptr_null(ad_tape_source_line(tape));
    ck_assert(ad_cast(x, AD_F64).bits == x.bits);
    ck_assert_ptr_null(ad_tape_source_line(tape));
    ad_constant(tape, AD_F64, 1);
    ck_assert_ptr_null(ad_tape_source_line(tape));
    expect_no_line();
    (ad_backward)(ad_tensor_at_line(HERE(ad_exp(watched())), "net.c:1"));
    expect(AD_BAD_SHAPE,
           "backward at net.c:1: the root must have one element, exp at @ gave [2, 3] (reduce "
           "it, or use ad_backward_from)");
}
END_TEST

START_TEST(a_failure_of_the_users_own_stays_as_it_is)
{
    ad_exp(watched());
    ad_tape_fail(tape, AD_FAILED, "net: too deep");
    expect(AD_FAILED, "net: too deep");
}
END_TEST

START_TEST(a_long_line_is_cut_and_nothing_else_is_hurt)
{
    char path[2000];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    ad_tensor x = watched();
    (ad_matmul)(ad_tensor_at_line(x, path), x);
    const char *text = ad_tape_error(tape);
    ck_assert_uint_eq(strlen(text), sizeof(ad_error) - sizeof(ad_status) - 1);
    ck_assert(strncmp(text, "matmul([2, 3], [2, 3]) at pppp", 29) == 0);
    ck_assert_int_eq(ad_tape_status(tape), AD_BAD_SHAPE);
}
END_TEST

/* ---- sweeps ------------------------------------------------------------------------ */

static void give_up(const ad_pullback_args *c)
{
    ad_reject(c->work, AD_FAILED, "no");
}

static ad_op op_without(const char *rule)
{
    ad_op op = {.size = sizeof op};
    ad_op_with_pullback(ad_builtin_op_named("exp"), "odd", give_up, &op);
    if (strcmp(rule, "pullback") != 0)
        op.pullback = ad_builtin_op_named("exp")->pullback;
    if (strcmp(rule, "curvature") == 0)
        op.jvp = ad_builtin_op_named("exp")->jvp;
    return op;
}

START_TEST(a_sweep_names_the_line_of_the_operation_that_stops_it)
{
    ad_op op = op_without("pullback");
    ad_tensor x = watched();
    ad_tensor y = HERE(ad_apply(&op, &x, NULL));
    ad_backward(ad_sum(y));
    expect(AD_FAILED, "pullback of odd([2, 3]) at @: no");

    op = op_without("jvp");
    x = watched();
    y = HERE(ad_apply(&op, &x, NULL));
    ad_set_tangent(x, AD_VIEW(some, 2, 3));
    ad_push_tangents(y);
    expect(AD_NO_DERIVATIVE, "odd at @: there is no jvp (forward-mode rule)");

    op = op_without("curvature");
    x = watched();
    y = ad_sum(HERE(ad_apply(&op, &x, NULL)));
    ad_set_tangent(x, AD_VIEW(some, 2, 3));
    ad_push_tangents(y);
    ad_backward_tangents(y);
    expect(AD_NO_DERIVATIVE, "odd at @: there is no second derivative (no curvature rule)");
}
END_TEST

START_TEST(a_root_that_will_not_do_is_named_with_its_line)
{
    HERE(ad_backward(ad_exp(watched())));
    expect(AD_BAD_SHAPE,
           "backward at @: the root must have one element, exp at @ gave [2, 3] (reduce "
           "it, or use ad_backward_from)");
    HERE(ad_backward(ad_argmax(watched())));
    expect(AD_BAD_TYPE,
           "backward at @: the root argmax[] at @ is of type i64, which has no derivative");
    HERE(ad_backward(ad_sum(ad_cast(ad_greater(ad_floor(watched()), 2), AD_F64))));
    expect(AD_NO_DERIVATIVE,
           "backward at @: the root depends on a watched leaf only through greater at "
           "@, which has no derivative");
}
END_TEST

static bool never(void *user, size_t left)
{
    (void)user, (void)left;
    return false;
}

START_TEST(what_no_operation_is_to_blame_for_names_the_line_of_the_sweep)
{
    ad_tape_poll(tape, never, NULL);
    HERE(ad_backward(ad_sum(watched())));
    expect(AD_CANCELLED, "backward at @: cancelled with 2 values to go");
    ad_tape_poll(tape, NULL, NULL);
    HERE(ad_backward_from(ad_exp(watched()), AD_VIEW(some, 2)));
    expect(AD_BAD_SHAPE, "backward at @: the cotangent has shape [2], the root has [2, 3]");
    HERE(ad_backward_from(ad_exp(watched()), AD_VIEW(some, -2)));
    expect(AD_BAD_SHAPE, "backward at @: the cotangent: extent -2 is negative");
    HERE(ad_backward_many(ad_exp(watched()), 0, NULL));
    expect(AD_MISUSE, "backward at @: there must be at least one cotangent");
    HERE(ad_sweep_begin_from(ad_exp(watched()), AD_VIEW(some, 2)));
    expect(AD_BAD_SHAPE, "backward at @: the cotangent has shape [2], the root has [2, 3]");
}
END_TEST

START_TEST(a_sweep_names_its_line_and_that_of_its_root)
{
    char text[600];
    ad_tensor y = HERE(ad_exp(watched()));
    int root = line;
    HERE(ad_backward(y));
    snprintf(text, sizeof text,
             "backward at @: the root must have one element, exp at %s:%d gave [2, 3] (reduce it, "
             "or use ad_backward_from)",
             __FILE__, root);
    expect(AD_BAD_SHAPE, text);
    y = HERE(ad_exp(watched()));
    root = line;
    HERE(ad_sweep_begin(y));
    snprintf(text, sizeof text,
             "backward at @: the root must have one element, exp at %s:%d gave [2, 3] (reduce it, "
             "or use ad_backward_from)",
             __FILE__, root);
    expect(AD_BAD_SHAPE, text);
}
END_TEST

START_TEST(a_tangent_that_will_not_do_is_shown_with_its_line)
{
    const double one = 1;
    const float single = 1;
    HERE(ad_set_tangent(watched(), AD_VIEW(some, 3)));
    expect(AD_BAD_SHAPE, "set_tangent at @: the tangent has shape [3], the leaf has [2, 3]");
    HERE(ad_set_tangent(ad_watch(tape, AD_VIEW_SCALAR(&one)), AD_VIEW_SCALAR(&single)));
    expect(AD_BAD_SHAPE, "set_tangent at @: the tangent has type f32, the leaf has f64");
    HERE(ad_set_tangent(watched(), AD_VIEW((double *)NULL, 2, 3)));
    expect(AD_MISUSE, "set_tangent at @: the tangent: there are no numbers, data is NULL");
    HERE(ad_set_tangent_many(watched(), 1, (ad_view[]){AD_SHAPED(AD_SHAPE(2, 3), some)}));
    ck_assert_int_eq(ad_tape_status(tape), AD_OK);
    HERE(ad_set_tangent_many(watched(), 1, (ad_view[]){AD_SHAPED(AD_SHAPE(2, 2), some)}));
    expect(AD_BAD_SHAPE, "set_tangent at @: the tangent: 6 numbers do not fill [2, 2]");
    HERE(ad_set_tangent(ad_exp(watched()), AD_VIEW(some, 2, 3)));
    expect(AD_MISUSE, "set_tangent at @: this is not a watched leaf of the tape");
    HERE(ad_backward_tangents(ad_sum(watched())));
    expect(AD_MISUSE,
           "backward_tangents at @: first carry the tangents to the root (ad_push_tangents)");
}
END_TEST

START_TEST(no_line_stays_behind_after_a_sweep)
{
    ad_tensor x = watched(), y = ad_sum(x);
    ad_retain(x);
    ck_assert_ptr_null(ad_tape_source_line(tape));
    ad_backward(y);
    ck_assert_ptr_null(ad_tape_source_line(tape));
    ad_sweep_begin(y);
    ck_assert_ptr_null(ad_tape_source_line(tape));
    while (ad_sweep_step(tape, 1))
        ck_assert_ptr_null(ad_tape_source_line(tape));
    ad_set_tangent(x, AD_VIEW(some, 2, 3));
    ck_assert_ptr_null(ad_tape_source_line(tape));
    ad_push_tangents(y);
    ck_assert_ptr_null(ad_tape_source_line(tape));
    ad_backward_tangents(y);
    ck_assert_ptr_null(ad_tape_source_line(tape));
    ck_assert_int_eq(ad_tape_status(tape), AD_OK);
}
END_TEST

START_TEST(memory_that_runs_out_names_the_value_and_its_line)
{
    static const double many[64];
    test_allocator memory;
    test_allocator_init(&memory);
    ad_tape_free(tape);
    tape = ad_tape_new(&(ad_tape_options){
        .size = sizeof(ad_tape_options), .allocator = &memory.base, .checks = AD_CHECK_BOUNDS});
    ad_tensor y = HERE(ad_exp(ad_watch(tape, AD_VIEW(many, 64))));
    ad_tensor z = ad_sum(y);
    memory.fail_at = memory.calls + 2;
    (ad_backward)(z);
    expect(AD_MEMORY, "backward: memory ran out (512 bytes for the cotangent of exp at @)");
    ad_tape_free(tape);
    ck_assert_uint_eq(memory.live_blocks, 0);
    tape = NULL;
}
END_TEST

/* ---- functions inside functions ------------------------------------------------------ */

static int inner_line;

static ad_tensor multiplied(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    inner_line = __LINE__ + 1;
    return ad_matmul(x[0], x[0]);
}

START_TEST(a_function_names_its_line_behind_that_of_the_call)
{
    char text[600];
    ad_tensor x = watched();
    HERE(ad_checkpoint(multiplied, 1, &x, NULL));
    snprintf(
        text, sizeof text,
        "checkpoint at @: matmul([2, 3], [2, 3]) at %s:%d: columns of the left must equal rows "
        "of the right",
        __FILE__, inner_line);
    expect(AD_BAD_SHAPE, text);
}
END_TEST

static ad_tensor odd_of(ad_tape *t, const ad_tensor *x, const void *op)
{
    (void)t;
    inner_line = __LINE__ + 1;
    return ad_sum(ad_apply(op, x, NULL));
}

START_TEST(a_sweep_within_a_rule_names_both_lines)
{
    char text[600];
    ad_op op = op_without("pullback");
    ad_tensor x = watched(), y = HERE(ad_checkpoint(odd_of, 1, &x, &op));
    ad_backward(y);
    snprintf(text, sizeof text,
             "pullback of checkpoint([2, 3]) at @: pullback of odd([2, 3]) at %s:%d: no", __FILE__,
             inner_line);
    expect(AD_FAILED, text);
}
END_TEST

/* Uses a macro, which would leave its line behind, and then none. */
static ad_tensor lineless(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return (ad_matmul)(ad_exp(x[0]), x[0]);
}

START_TEST(lines_of_a_function_do_not_reach_other_calls)
{
    const ad_view x = AD_VIEW(some, 2, 3);
    ad_tensor y = watched();
    HERE(ad_checkpoint(lineless, 1, &y, NULL));
    expect(AD_BAD_SHAPE, "checkpoint at @: matmul([2, 3], [2, 3]): columns of the left must equal "
                         "rows of the right");
    ad_array gradient = {0};
    ad_gradient(tape, lineless, 1, &x, NULL, &gradient);
    expect(AD_BAD_SHAPE,
           "matmul([2, 3], [2, 3]): columns of the left must equal rows of the right");
    expect_two_of_one_line(); /* doors open and close as before */
    expect_no_line();
}
END_TEST

/* ---- numbers ----------------------------------------------------------------------- */

START_TEST(numbers_that_are_not_finite_have_a_line_in_the_same_place)
{
    ad_tape_free(tape);
    tape = ad_tape_new(
        &(ad_tape_options){.size = sizeof(ad_tape_options), .checks = AD_CHECK_NUMBERS});
    HERE(ad_log(ad_sub(list(), 1)));
    expect(AD_NOT_FINITE, "log([6]) at @: the result at [0] is -inf; x[0] there is 0");
    ad_tensor y = HERE(ad_sqrt(ad_label(ad_sub(list(), 1), "a: b")));
    ad_backward(ad_sum(ad_label(y, "c: d")));
    expect(AD_NOT_FINITE,
           "pullback of sqrt([6]) \"c: d\" at @: the cotangent of x[0] at [0] is inf; "
           "x[0] \"a: b\" there is 0; dy there is 1");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lines");
    TCase *all = tcase_create("lines");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, a_call_that_is_refused_names_its_line);
    tcase_add_test(all, a_kernel_that_rejects_names_the_line_of_its_call);
    tcase_add_test(all, a_leaf_that_is_refused_names_its_line);
    tcase_add_test(all, a_call_of_several_operations_keeps_its_line);
    tcase_add_test(all, a_line_serves_for_one_call_though_it_records_nothing);
    tcase_add_test(all, a_failure_of_the_users_own_stays_as_it_is);
    tcase_add_test(all, a_long_line_is_cut_and_nothing_else_is_hurt);
    tcase_add_test(all, a_sweep_names_the_line_of_the_operation_that_stops_it);
    tcase_add_test(all, a_root_that_will_not_do_is_named_with_its_line);
    tcase_add_test(all, what_no_operation_is_to_blame_for_names_the_line_of_the_sweep);
    tcase_add_test(all, a_sweep_names_its_line_and_that_of_its_root);
    tcase_add_test(all, a_tangent_that_will_not_do_is_shown_with_its_line);
    tcase_add_test(all, no_line_stays_behind_after_a_sweep);
    tcase_add_test(all, memory_that_runs_out_names_the_value_and_its_line);
    tcase_add_test(all, a_function_names_its_line_behind_that_of_the_call);
    tcase_add_test(all, a_sweep_within_a_rule_names_both_lines);
    tcase_add_test(all, lines_of_a_function_do_not_reach_other_calls);
    tcase_add_test(all, numbers_that_are_not_finite_have_a_line_in_the_same_place);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
