/* Functions of single numbers as nodes of a tape: all rules against the same function by tensors, what they
 * compose with, and what goes wrong in them. */
#include "allocator.h"
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <string.h>

enum { N = 3, M = 2 };

static ad_tape *tape;

static void setup(void)
{
    tape = ad_tape_new(NULL);
}

static void teardown(void)
{
    ad_tape_free(tape);
}

static const double a_values[N] = {0.5, -1.25, 2}, b_values[M] = {1.5, 0.75};

/* ---- one function, twice ------------------------------------------------------------ */

/* y[j] = sum over i of sin(a[i] b[j]) exp(a[i]), with a loop and a branch. */
static void waves(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)env;
    ck_assert_uint_eq(n, N + M);
    for (size_t j = 0; j < m; j++) {
        y[j] = ad_real_constant(0);
        for (size_t i = 0; i < N; i++)
            y[j] = ad_add(y[j], ad_mul(ad_sin(ad_mul(x[i], x[N + j])), ad_exp(x[i])));
        if (y[j].value < 0)
            y[j] = ad_mul(y[j], 3);
    }
}

static ad_tensor by_numbers(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t;
    return ad_by_numbers(waves, 2, x, AD_SHAPE(M), env);
}

static ad_tensor by_tensors(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor a = ad_reshape(x[0], AD_SHAPE(N, 1));
    ad_tensor y = ad_sum_over(ad_mul(ad_sin(ad_mul(a, x[1])), ad_exp(a)), AD_AXES(0));
    return ad_where(ad_less(y, 0), ad_mul(y, 3), y);
}

static ad_tensor loss(ad_tape *t, const ad_tensor *x, ad_function *f)
{
    return ad_mean(ad_square(f(t, x, NULL)));
}

static ad_tensor loss_by_numbers(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)env;
    return loss(t, x, by_numbers);
}

static ad_tensor loss_by_tensors(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)env;
    return loss(t, x, by_tensors);
}

static void operands(ad_view *x)
{
    x[0] = AD_VIEW((double *)(uintptr_t)a_values, N);
    x[1] = AD_VIEW((double *)(uintptr_t)b_values, M);
}

static void expect_near(size_t n, const double *got, const double *wanted)
{
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(fabs(got[i] - wanted[i]) <= 1e-12 * (1 + fabs(wanted[i])),
                      "[%zu] is %.17g, not %.17g", i, got[i], wanted[i]);
}

START_TEST(values_and_gradients_are_those_of_the_tensors)
{
    ad_view x[2];
    double value[2], got[2][N + M];
    operands(x);
    for (int by = 0; by < 2; by++) {
        ad_array gradient[] = {AD_ARRAY(got[by], N), AD_ARRAY(got[by] + N, M)};
        ad_function *f = by ? loss_by_tensors : loss_by_numbers;
        ck_assert_int_eq(ad_value_with_gradient(tape, f, 2, x, NULL, &value[by], gradient), AD_OK);
    }
    expect_near(1, &value[0], &value[1]);
    expect_near(N + M, got[0], got[1]);
}
END_TEST

START_TEST(jacobians_agree_in_both_modes)
{
    ad_view x[2];
    operands(x);
    double got[3][M * N], other[M * M];
    ad_function *const f[] = {by_numbers, by_numbers, by_tensors};
    const ad_mode mode[] = {AD_MODE_FORWARD, AD_MODE_REVERSE, AD_MODE_REVERSE};
    for (int k = 0; k < 3; k++) {
        ad_array jacobian[] = {AD_ARRAY(got[k], M, N), AD_ARRAY(other, M, M)};
        ck_assert_int_eq(ad_jacobian(tape, f[k], 2, x, mode[k], NULL, jacobian), AD_OK);
    }
    expect_near(M * N, got[0], got[2]);
    expect_near(M * N, got[1], got[2]);
}
END_TEST

START_TEST(second_derivatives_are_those_of_the_tensors)
{
    ad_view x[2], t[2];
    double ta[N] = {1, -0.5, 2}, tb[M] = {0.25, 3}, got[2][N + M];
    operands(x);
    t[0] = AD_VIEW(ta, N);
    t[1] = AD_VIEW(tb, M);
    for (int by = 0; by < 2; by++) {
        ad_array product[] = {AD_ARRAY(got[by], N), AD_ARRAY(got[by] + N, M)};
        ad_function *f = by ? loss_by_tensors : loss_by_numbers;
        ck_assert_int_eq(ad_hvp(tape, f, 2, x, t, NULL, product), AD_OK);
    }
    expect_near(N + M, got[0], got[1]);
}
END_TEST

START_TEST(it_composes_with_checkpoints)
{
    double gradient[2][N];
    for (int k = 0; k < 2; k++) {
        ad_view v[2];
        operands(v);
        ad_tensor x[] = {ad_watch(tape, v[0]), ad_watch(tape, v[1])};
        ad_tensor y = k ? ad_checkpoint(by_numbers, 2, x, NULL) : by_numbers(tape, x, NULL);
        ck_assert_int_eq(ad_backward(ad_sum(ad_square(y))), AD_OK);
        memcpy(gradient[k], ad_grad(x[0]).data, sizeof gradient[k]);
        ad_tape_reset(tape);
    }
    expect_near(N, gradient[1], gradient[0]);
}
END_TEST

/* ---- types, and what is tracked ----------------------------------------------------- */

static void products(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)env;
    for (size_t j = 0; j < m; j++)
        y[j] = ad_mul(x[j], x[n - 1]);
}

START_TEST(f32_and_frozen_operands)
{
    float a[] = {1.5f, 2, -3};
    float count[] = {4};
    ad_tensor x[] = {ad_watch(tape, AD_VIEW(a, 3)), ad_freeze(tape, AD_VIEW(count, 1))};
    ad_tensor y = ad_by_numbers(products, 2, x, AD_SHAPE(3, 1), NULL);
    ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK);
    ck_assert_int_eq(ad_read(y).type, AD_F32);
    ck_assert_int_eq(ad_shape_of(y).rank, 2);
    ad_view g = ad_grad(x[0]), v = ad_read(y);
    for (size_t i = 0; i < 3; i++) {
        ck_assert_float_eq((float)ad_view_get(&g, i), 4);
        ck_assert_float_eq((float)ad_view_get(&v, i), 4 * a[i]);
    }
}
END_TEST

START_TEST(a_strided_operand_is_read_row_by_row)
{
    double a[] = {1, 2, 3, 4, 5, 6};
    ad_tensor x = ad_watch(tape, AD_VIEW(a, 2, 3)), t = ad_transpose(x);
    ad_tensor y = ad_by_numbers(products, 1, &t, AD_SHAPE(2), NULL);
    ad_view v = ad_read(y);
    ck_assert_double_eq(ad_view_get(&v, 1), 4 * 6);
    ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK);
    ad_view g = ad_grad(x);
    ck_assert_double_eq(ad_view_get(&g, 3), 6);
    ck_assert_double_eq(ad_view_get(&g, 5), 1 + 4);
}
END_TEST

START_TEST(operands_and_results_may_be_empty)
{
    double a[] = {2, 3};
    ad_tensor x[] = {ad_watch(tape, AD_VIEW(a, 0)), ad_watch(tape, AD_VIEW(a, 2))};
    ad_tensor y = ad_by_numbers(products, 2, x, AD_SHAPE(1), NULL);
    ad_tensor none = ad_by_numbers(products, 2, x, AD_SHAPE(0), NULL);
    ck_assert_int_eq(ad_backward(ad_add(ad_sum(y), ad_sum(none))), AD_OK);
    ad_view g = ad_grad(x[1]);
    ck_assert_double_eq(ad_view_get(&g, 0), 3);
    ck_assert_double_eq(ad_view_get(&g, 1), 2);
}
END_TEST

START_TEST(a_call_is_one_node)
{
    double a[] = {1, 2, 3};
    ad_tape_info before = {.size = sizeof before}, after = before;
    ad_tensor x = ad_watch(tape, AD_VIEW(a, 3));
    ck_assert_int_eq(ad_tape_measure(tape, &before), AD_OK);
    ad_by_numbers(products, 1, &x, AD_SHAPE(2), NULL);
    ck_assert_int_eq(ad_tape_measure(tape, &after), AD_OK);
    ck_assert_uint_eq(after.nodes, before.nodes + 1);
}
END_TEST

START_TEST(without_a_tracked_operand_nothing_is_recorded)
{
    double a[] = {1, 2, 3};
    ad_tensor x = ad_freeze(tape, AD_VIEW(a, 3));
    ad_tensor y = ad_by_numbers(products, 1, &x, AD_SHAPE(2), NULL);
    ck_assert(!ad_is_tracked(y));
    ck_assert_int_eq(ad_tape_status(tape), AD_OK);
}
END_TEST

/* ---- life --------------------------------------------------------------------------- */

START_TEST(steady_loops_and_rewinds_take_no_memory)
{
    test_allocator memory;
    test_allocator_init(&memory);
    ad_tape *t =
        ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .allocator = &memory.base});
    size_t calls = 0;
    for (int round = 0; round < 20; round++) {
        ad_view v[2];
        operands(v);
        ad_tensor x[] = {ad_watch(t, v[0]), ad_watch(t, v[1])}, y[4];
        ad_mark mark = ad_tape_mark(t);
        for (int again = 0; again < 3; again++) {
            ck_assert_int_eq(ad_tape_rewind(mark), AD_OK);
            for (int k = 0; k < 4; k++)
                y[k] = by_numbers(t, x, NULL);
            ck_assert_int_eq(ad_backward(ad_sum(ad_add(y[0], y[3]))), AD_OK);
        }
        ad_tape_reset(t);
        if (round == 1)
            calls = memory.calls;
    }
    ck_assert_uint_eq(memory.calls, calls);
    ad_tape_free(t);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(the_tape_measures_its_recorders)
{
    ad_view v[2];
    ad_tape_info before = {.size = sizeof before}, after = before;
    operands(v);
    ad_tensor x[] = {ad_watch(tape, v[0]), ad_watch(tape, v[1])};
    ck_assert_int_eq(ad_tape_measure(tape, &before), AD_OK);
    by_numbers(tape, x, NULL);
    ck_assert_int_eq(ad_tape_measure(tape, &after), AD_OK);
    ck_assert_uint_gt(after.bytes_used, before.bytes_used + 20 * 30);
    ck_assert_uint_gt(after.bytes_reserved, before.bytes_reserved + 20 * 30);
}
END_TEST

static ad_status scenario(const ad_allocator *allocator, unsigned checks)
{
    ad_tape *t = ad_tape_new(&(ad_tape_options){
        .size = sizeof(ad_tape_options), .allocator = allocator, .checks = checks});
    if (!t)
        return AD_MEMORY;
    ad_view v[2];
    operands(v);
    ad_tensor x[] = {ad_watch(t, v[0]), ad_watch(t, v[1])};
    ad_tensor y = ad_sum(by_numbers(t, x, NULL));
    ad_set_tangent(x[0], v[0]);
    if (ad_backward(y) == AD_OK && ad_push_tangents(y) == AD_OK)
        ad_backward_tangents(y);
    ad_status status = ad_tape_status(t);
    ad_tape_free(t);
    return status;
}

START_TEST(memory_that_runs_out_is_an_error_and_nothing_leaks)
{
    const unsigned checks = _i ? AD_CHECK_BOUNDS : 0; /* then each piece is an allocation */
    for (size_t fail_at = 1, calls = 2; fail_at < calls; fail_at++) {
        test_allocator memory;
        test_allocator_init(&memory);
        ck_assert_int_eq(scenario(&memory.base, checks), AD_OK);
        calls = memory.calls;
        test_allocator_init(&memory);
        memory.fail_at = fail_at;
        ck_assert_int_eq(scenario(&memory.base, checks), AD_MEMORY);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
}
END_TEST

/* ---- what goes wrong ---------------------------------------------------------------- */

static void logs(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_log(x[0]); /* the line of the messages */
}

enum { LOG_LINE = __LINE__ - 3 };

static void resets(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_mul(x[0], 2);
    ad_recorder_reset(x[0].on);
}

/* The recorder begins anew, with numbers of f's own where the operands were. */
static void begins_anew(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    ad_recorder *r = x[0].on;
    ad_recorder_reset(r);
    ad_real own = ad_real_input(r, 3);
    y[0] = ad_mul(own, own);
}

static void rewinds(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    ad_recorder_mark mark = ad_recorder_here(x[0].on);
    mark.index = 0;
    mark.argument = 0;
    ad_recorder_rewind(mark);
    y[0] = ad_real_input(mark.on, 3);
}

/* Another function at each call. */
static void counts(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m;
    y[0] = ad_mul(ad_square(x[0]), ++**(int *const *)env);
}

static void frees(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)y, (void)env;
    ad_recorder_free(x[0].on);
}

static void keeps_others(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)x, (void)m;
    y[0] = *(const ad_real *)env;
}

static void fails(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)y, (void)env;
    ad_recorder_fail(x[0].on, AD_DOMAIN, "the orbit decays");
}

static void sets_nothing(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)x, (void)m, (void)y, (void)env;
}

static void expect(ad_status status, const char *text)
{
    ck_assert_msg(strstr(ad_tape_error(tape), text) != NULL, "\"%s\" does not say \"%s\"",
                  ad_tape_error(tape), text);
    ck_assert_int_eq(ad_tape_status(tape), status);
    ad_tape_reset(tape);
}

static ad_tensor zero(void)
{
    static double value[] = {0};
    return ad_watch(tape, AD_VIEW(value, 1));
}

START_TEST(failures_in_the_function_are_the_tapes)
{
    char line[300];
    ad_recorder *other = ad_recorder_new(NULL);
    ad_real foreign = ad_real_input(other, 1);
    ad_tensor x = zero();
    ad_by_numbers(fails, 1, &x, AD_SCALAR, NULL);
    expect(AD_DOMAIN, "by_numbers([1]) at");
    x = zero();
    ad_by_numbers(fails, 1, &x, AD_SCALAR, NULL);
    expect(AD_DOMAIN, ": the orbit decays");
    x = zero();
    ad_by_numbers(resets, 1, &x, AD_SCALAR, NULL);
    expect(AD_STALE, "the function has reset or rewound its recorder");
    x = zero();
    ad_by_numbers(begins_anew, 1, &x, AD_SCALAR, NULL);
    expect(AD_STALE, "the function has reset or rewound its recorder");
    x = zero();
    ad_by_numbers(rewinds, 1, &x, AD_SCALAR, NULL);
    expect(AD_STALE, "the function has reset or rewound its recorder");
    x = zero();
    ad_by_numbers(frees, 1, &x, AD_SCALAR, NULL);
    expect(AD_MISUSE, "free: the recorder belongs to a tape or to another recorder");
    x = zero();
    ad_by_numbers(keeps_others, 1, &x, AD_SCALAR, &foreign);
    expect(AD_FOREIGN, "numbers of two recorders");
    ad_recorder_free(other);

    ad_tape_free(tape);
    tape = ad_tape_new(
        &(ad_tape_options){.size = sizeof(ad_tape_options), .checks = AD_CHECK_NUMBERS});
    x = zero();
    ad_by_numbers(logs, 1, &x, AD_SCALAR, NULL);
    snprintf(line, sizeof line, "log at %s:%d: the value is -inf", __FILE__, LOG_LINE);
    expect(AD_NOT_FINITE, line);
}
END_TEST

START_TEST(a_function_that_changes_is_found_out_by_second_order)
{
    int calls = 0, *at = &calls;
    double point[] = {2};
    ad_tensor x = ad_watch(tape, AD_VIEW(point, 1));
    ad_tensor y = ad_by_numbers(counts, 1, &x, AD_SCALAR, &at);
    ad_set_tangent(x, AD_VIEW(point, 1));
    ck_assert_int_eq(ad_push_tangents(y), AD_OK);
    ck_assert_int_eq(ad_backward_tangents(y), AD_CHANGED);
    expect(AD_CHANGED, "the function gave other numbers when it was evaluated again");
}
END_TEST

START_TEST(results_that_are_not_set_are_nan)
{
    ad_tensor x = zero(), y = ad_by_numbers(sets_nothing, 1, &x, AD_SHAPE(2), NULL);
    ad_view v = ad_read(y);
    ck_assert(isnan(ad_view_get(&v, 0)) && isnan(ad_view_get(&v, 1)));
    ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK);
}
END_TEST

START_TEST(calls_that_make_no_sense_are_refused)
{
    ad_tensor x = zero();
    ad_by_numbers(NULL, 1, &x, AD_SCALAR, NULL);
    expect(AD_MISUSE, "an argument is NULL");
    x = zero();
    ad_by_numbers(logs, 1, &x, (ad_shape){.rank = 1, .dim = {-1}}, NULL);
    expect(AD_BAD_SHAPE, "the result's shape makes no sense");
    ck_assert(isnan(ad_item(ad_by_numbers(logs, 0, NULL, AD_SCALAR, NULL))));
    x = ad_number(1);
    ck_assert(isnan(ad_item(ad_by_numbers(logs, 1, &x, AD_SCALAR, NULL))));
    int32_t whole[] = {1};
    x = ad_freeze(tape, AD_VIEW(whole, 1));
    ad_by_numbers(logs, 1, &x, AD_SCALAR, NULL);
    expect(AD_BAD_TYPE, "operands must be f32 or f64");
    x = zero();
    ad_tape_reset(tape);
    ad_by_numbers(logs, 1, &x, AD_SCALAR, NULL);
    expect(AD_STALE, "operand 0 is gone");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("by_numbers");
    TCase *c = tcase_create("by_numbers");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, values_and_gradients_are_those_of_the_tensors);
    tcase_add_test(c, jacobians_agree_in_both_modes);
    tcase_add_test(c, second_derivatives_are_those_of_the_tensors);
    tcase_add_test(c, it_composes_with_checkpoints);
    tcase_add_test(c, f32_and_frozen_operands);
    tcase_add_test(c, a_strided_operand_is_read_row_by_row);
    tcase_add_test(c, operands_and_results_may_be_empty);
    tcase_add_test(c, a_call_is_one_node);
    tcase_add_test(c, without_a_tracked_operand_nothing_is_recorded);
    tcase_add_test(c, steady_loops_and_rewinds_take_no_memory);
    tcase_add_test(c, the_tape_measures_its_recorders);
    tcase_add_loop_test(c, memory_that_runs_out_is_an_error_and_nothing_leaks, 0, 2);
    tcase_add_test(c, failures_in_the_function_are_the_tapes);
    tcase_add_test(c, a_function_that_changes_is_found_out_by_second_order);
    tcase_add_test(c, results_that_are_not_set_are_nan);
    tcase_add_test(c, calls_that_make_no_sense_are_refused);
    suite_add_tcase(s, c);
    return run_suite(s);
}
