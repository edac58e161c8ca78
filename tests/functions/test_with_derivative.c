/* Functions with a derivative of the user's: all rules that follow from it, and what goes wrong in it. */
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

static const double points[] = {0.5, -1, 0.25, 1.5, -0.75, 1.25};
static const double weights[] = {0.3, -0.8, 1.1, 0.6, -0.2, 0.9};
static const double some[] = {1, -2, 0.5, 3, -1, 2};

static void expect(ad_status status, const char *text)
{
    ck_assert_str_eq(ad_tape_error(tape), text);
    ck_assert_int_eq(ad_tape_status(tape), status);
    ad_tape_reset(tape);
}

static void expect_near(ad_view got, const double *wanted, double tolerance)
{
    ck_assert_msg(got.data != NULL, "%s", ad_tape_error(tape));
    for (size_t i = 0; i < ad_view_count(&got); i++)
        ck_assert_msg(fabs(ad_view_get(&got, i) - wanted[i]) <= tolerance * (1 + fabs(wanted[i])),
                      "[%zu] is %.17g, not %.17g", i, ad_view_get(&got, i), wanted[i]);
}

/* ---- functions, by their operations and with a derivative written out ----------------- */

/* exp(a) sin(b), [2, 3] with [3]; its pullback needs the value. */
static ad_tensor waves(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_mul(ad_exp(x[0]), ad_sin(x[1]));
}

static void waves_pullback(ad_tape *t, const ad_tensor *x, ad_tensor y, ad_tensor dy,
                           const void *env, ad_tensor *dx)
{
    (void)t, (void)env;
    dx[0] = ad_mul(dy, y);
    dx[1] = ad_unbroadcast(ad_mul(dy, ad_mul(ad_exp(x[0]), ad_cos(x[1]))), ad_shape_of(x[1]));
}

/* A product with what env points to; its pullback gives strided numbers. */
static ad_tensor product(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_matmul(x[0], ad_square(x[1]));
}

static void product_pullback(ad_tape *t, const ad_tensor *x, ad_tensor y, ad_tensor dy,
                             const void *env, ad_tensor *dx)
{
    (void)t, (void)y, (void)env;
    dx[0] = ad_transpose(ad_matmul(ad_square(x[1]), ad_transpose(dy)));
    dx[1] = ad_mul(ad_mul(ad_matmul(ad_transpose(x[0]), dy), x[1]), 2);
}

typedef struct rewritten {
    ad_function *f;
    ad_pullback_function *pullback;
    bool replace;
} rewritten;

/* A function of either, which puts it in the middle. */
static ad_tensor around(ad_tape *t, const ad_tensor *x, const void *env)
{
    const rewritten *r = env;
    ad_tensor in[] = {ad_sin(x[0]), ad_mul(x[1], x[1])};
    ad_tensor y =
        r->replace ? ad_with_derivative(r->f, r->pullback, 2, in, NULL) : r->f(t, in, NULL);
    return ad_sum(ad_square(y));
}

/* The squared slope of the same. */
static ad_tensor slope_of_it(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t;
    ad_tensor g[2], y = ad_gradient_node(around, 2, x, 2, env, g);
    return ad_add(ad_add(ad_sum(ad_square(g[0])), ad_sum(ad_mul(g[1], x[1]))), y);
}

/* clang-format off */
#define WIDE(numbers) {numbers, AD_F64, {2, {2, 3}}, {3, 1}}
#define TALL(numbers) {numbers, AD_F64, {2, {3, 2}}, {2, 1}}
#define ROW(numbers) {numbers, AD_F64, {1, {3}}, {1}}
static const struct {
    const char *name;
    ad_function *f;
    ad_pullback_function *pullback;
    ad_view x[2], tx[2];
} rewrites[] = {
    {"waves", waves, waves_pullback, {WIDE(points), ROW(weights)}, {WIDE(some), ROW(points)}},
    {"product", product, product_pullback, {WIDE(points), TALL(weights)}, {WIDE(some), TALL(points)}},
    {"one tangent", product, product_pullback, {WIDE(points), TALL(weights)}, {WIDE(some), {0}}},
    {"the other", waves, waves_pullback, {WIDE(points), ROW(weights)}, {{0}, ROW(some)}},
};
/* clang-format on */
enum { REWRITES = sizeof rewrites / sizeof *rewrites };

typedef ad_status way(ad_function *f, const void *env, const ad_view *x, const ad_view *tx,
                      ad_array *results);

static ad_status by_gradient(ad_function *f, const void *env, const ad_view *x, const ad_view *tx,
                             ad_array *results)
{
    (void)tx;
    return ad_gradient(tape, f, 2, x, env, results);
}

static ad_status by_jvp(ad_function *f, const void *env, const ad_view *x, const ad_view *tx,
                        ad_array *results)
{
    return ad_jvp(tape, f, 2, x, tx, env, &results[0], &results[1]);
}

static ad_status by_hvp(ad_function *f, const void *env, const ad_view *x, const ad_view *tx,
                        ad_array *results)
{
    return ad_hvp(tape, f, 2, x, tx, env, results);
}

static const struct {
    way *run;
    ad_function *f;
} ways[] = {
    {by_gradient, around},      {by_jvp, around},      {by_hvp, around},
    {by_gradient, slope_of_it}, {by_jvp, slope_of_it},
};
enum { WAYS = sizeof ways / sizeof *ways };

START_TEST(a_right_pullback_gives_all_derivatives_of_the_function)
{
    ad_tape_free(tape);
    tape = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options),
                                          .checks = AD_CHECK_BOUNDS | AD_CHECK_NUMBERS |
                                                    AD_CHECK_REACHED | AD_CHECK_BORROWED |
                                                    AD_CHECK_THREADS});
    for (int k = 0; k < WAYS; k++) {
        ad_array results[2][2] = {{{0}}};
        for (int replace = 0; replace < 2; replace++) {
            rewritten r = {rewrites[_i].f, rewrites[_i].pullback, replace};
            ways[k].run(ways[k].f, &r, rewrites[_i].x, rewrites[_i].tx, results[replace]);
            ck_assert_msg(ad_tape_status(tape) == AD_OK, "%s", ad_tape_error(tape));
        }
        for (int i = 0; i < 2; i++) {
            expect_near(ad_array_view(results[1][i]), results[0][i].data, 1e-13);
            ad_array_free(&results[0][i]);
            ad_array_free(&results[1][i]);
        }
    }
}
END_TEST

START_TEST(a_right_pullback_agrees_with_differences)
{
    ad_error error = {0};
    rewritten r = {rewrites[_i].f, rewrites[_i].pullback, true};
    ad_status status = ad_check_gradient(around, 2, rewrites[_i].x, &r, NULL, &error);
    ck_assert_msg(status == AD_OK, "%s", error.text);
}
END_TEST

/* ---- why one would ------------------------------------------------------------------- */

/* log(1 + exp(x)), whose own derivative is 0 inf at 1000, which counts as 0 (the example of JAX's
 * custom_vjp). */
static ad_tensor log_one_plus_exp(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_log(ad_add(1, ad_exp(x[0])));
}

static void stable_pullback(ad_tape *t, const ad_tensor *x, ad_tensor y, ad_tensor dy,
                            const void *env, ad_tensor *dx)
{
    (void)t, (void)y, (void)env;
    dx[0] = ad_mul(dy, ad_sub(1, ad_reciprocal(ad_add(1, ad_exp(x[0])))));
}

START_TEST(a_stable_derivative_replaces_one_that_is_not)
{
    const float at[] = {0, 1000};
    ad_tensor x = ad_watch(tape, AD_VIEW(at, 2));
    ad_backward(ad_sum(log_one_plus_exp(tape, &x, NULL)));
    ad_view g = ad_grad(x);
    expect_near(g, (double[]){0.5, 0}, 0);
    ad_tensor y = ad_with_derivative(log_one_plus_exp, stable_pullback, 1, &x, NULL);
    ck_assert_int_eq(ad_read(y).type, AD_F32);
    ad_backward(ad_sum(y));
    expect_near(ad_grad(x), (double[]){0.5, 1}, 0);
}
END_TEST

static ad_tensor looked_up(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_mul(ad_gather(x[0], x[1], 0), x[2]);
}

/* Each row that was looked up gets all of dy; the factor gets nothing. */
static void looked_up_pullback(ad_tape *t, const ad_tensor *x, ad_tensor y, ad_tensor dy,
                               const void *env, ad_tensor *dx)
{
    (void)t, (void)y;
    ad_tensor none = ad_mul(x[0], 0);
    dx[0] = ad_mul(ad_scatter_add(none, x[1], dy, 0), *(const double *)env);
    dx[2] = ad_number(0);
}

START_TEST(operands_may_be_integers_and_get_nothing)
{
    const int32_t rows[] = {2, 0, 2};
    double factor = 0.5;
    ad_tensor x[] = {ad_watch(tape, AD_VIEW(points, 3)), ad_freeze(tape, AD_VIEW(rows, 3)),
                     ad_watch(tape, AD_VIEW(weights, 3))};
    ad_tensor y = ad_with_derivative(looked_up, looked_up_pullback, 3, x, &factor);
    ck_assert_int_eq(ad_set_tangent(x[2], AD_VIEW(some, 3)), AD_OK);
    ck_assert_int_eq(ad_backward_from(y, AD_VIEW(some, 3)), AD_OK);
    expect_near(ad_grad(x[0]), (double[]){-1, 0, 0.75}, 1e-15);
    expect_near(ad_grad(x[2]), (double[3]){0}, 0);
    ck_assert_int_eq(ad_push_tangents(y), AD_OK);
    expect_near(ad_tangent(y), (double[3]){0}, 0);
}
END_TEST

START_TEST(nothing_is_asked_where_nothing_is_watched)
{
    ad_tensor x[] = {ad_freeze(tape, rewrites[0].x[0]), ad_freeze(tape, rewrites[0].x[1])};
    ad_tensor y = ad_with_derivative(waves, waves_pullback, 2, x, NULL);
    ck_assert(ad_read(y).data && !ad_is_tracked(y));
    ad_tensor plain = waves(tape, x, NULL);
    ck_assert_int_eq(ad_test_same(ad_read(y), ad_read(plain), 1e-300, NULL), AD_OK);
}
END_TEST

/* ---- what goes wrong ----------------------------------------------------------------- */

enum { FORGETS, SHAPE, TYPE, ELSEWHERE, GONE, FAILS };

static void wrong_pullback(ad_tape *t, const ad_tensor *x, ad_tensor y, ad_tensor dy,
                           const void *env, ad_tensor *dx)
{
    (void)x;
    int kind = *(const int *)env;
    if (kind == SHAPE)
        dx[0] = ad_sum(dy);
    if (kind == TYPE)
        dx[0] = ad_cast(dy, AD_F32);
    if (kind == ELSEWHERE)
        dx[0] = (ad_tensor){.tape = tape};
    if (kind == GONE)
        dx[0] = dy, ad_tape_reset(t);
    if (kind == FAILS)
        dx[0] = ad_add(ad_sum(y), ad_reshape(dy, AD_SHAPE(7)));
}

static ad_tensor squares(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_square(x[0]);
}

static const struct {
    ad_status status;
    const char *text;
} wrongs[] = {
    [FORGETS] = {AD_MISUSE, "the pullback does not set the cotangent of operand 0"},
    [SHAPE] = {AD_BAD_SHAPE, "the cotangent of operand 0 has shape [], not [3]"},
    [TYPE] = {AD_BAD_TYPE, "the cotangent of operand 0 is f32, not f64"},
    [ELSEWHERE] = {AD_FOREIGN, "the cotangent of operand 0 is not on its tape"},
    [GONE] = {AD_STALE, "the function has reset its tape, and with it its operands"},
    [FAILS] = {AD_BAD_SHAPE, "reshape([3]): cannot become [7]: the number of elements differs"},
};

START_TEST(a_wrong_pullback_is_refused)
{
    double kept[] = {7, 7, 7};
    ad_array g = {.data = kept, .type = AD_F64, .shape = AD_SHAPE(3)};
    ad_tensor x = ad_watch(tape, AD_VIEW(points, 3));
    ad_tensor y = ad_with_derivative(squares, wrong_pullback, 1, &x, &_i);
    ad_model_gradient(&ad_array_tree, ad_sum(y), NULL, &x, &g);
    ck_assert(kept[0] == 7 && kept[1] == 7 && kept[2] == 7);
    char text[256] = "pullback of with_derivative([3]): ";
    expect(wrongs[_i].status, strcat(text, wrongs[_i].text));
}
END_TEST

static ad_tensor fails(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_add(x[0], ad_slice(x[0], 0, 0, 2));
}

static ad_tensor elsewhere(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)x, (void)env;
    return (ad_tensor){0};
}

static ad_tensor outer_operand(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t;
    return ad_mul(x[0], *(const ad_tensor *)env);
}

static ad_tensor begins_again(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)x, (void)env;
    ad_tape_reset(t);
    return ad_constant(t, AD_F64, 1);
}

START_TEST(a_wrong_function_is_refused)
{
    ad_tensor x = ad_watch(tape, AD_VIEW(points, 3));
    ad_with_derivative(fails, stable_pullback, 1, &x, NULL);
    expect(AD_BAD_SHAPE,
           "with_derivative: add([3], [2]): shapes do not broadcast: aligned at the end, "
           "extents must be equal or 1");
    x = ad_watch(tape, AD_VIEW(points, 3));
    ad_with_derivative(elsewhere, stable_pullback, 1, &x, NULL);
    expect(AD_FOREIGN,
           "with_derivative: the function's result is not on its tape: it is a plain number");
    x = ad_watch(tape, AD_VIEW(points, 3));
    ad_with_derivative(begins_again, stable_pullback, 1, &x, NULL);
    expect(AD_STALE, "with_derivative: the function has reset its tape, and with it its operands");
    x = ad_watch(tape, AD_VIEW(points, 3));
    ad_with_derivative(outer_operand, stable_pullback, 1, &x, &x);
    expect(AD_FOREIGN,
           "with_derivative: mul: operand 1 belongs to the outer tape: make it an operand "
           "of the function");
}
END_TEST

/* A pullback without derivatives of its own serves first order. */
static void rough_pullback(ad_tape *t, const ad_tensor *x, ad_tensor y, ad_tensor dy,
                           const void *env, ad_tensor *dx)
{
    (void)t, (void)y, (void)env;
    dx[0] = ad_mul(dy, ad_cast(ad_greater(x[0], 0), AD_F64));
}

START_TEST(a_second_derivative_that_the_pullback_has_not_is_refused_by_name)
{
    ad_array hvp = {0};
    rewritten r = {squares, rough_pullback, true};
    ad_tensor x = ad_watch(tape, AD_VIEW(points, 3));
    ad_backward(ad_sum(ad_with_derivative(r.f, r.pullback, 1, &x, NULL)));
    expect_near(ad_grad(x), (double[]){1, 0, 1}, 0);
    ad_tape_reset(tape);
    ad_hvp(tape, around, 2, rewrites[0].x, rewrites[0].tx, &r, &hvp);
    ck_assert_int_eq(ad_tape_status(tape), AD_MISUSE); /* one cotangent is missing */
    ad_tape_reset(tape);
    x = ad_watch(tape, AD_VIEW(points, 3));
    ad_tensor y = ad_sum(ad_with_derivative(r.f, r.pullback, 1, &x, NULL));
    ad_set_tangent(x, AD_VIEW(some, 3));
    ck_assert_int_eq(ad_push_tangents(y), AD_OK);
    ad_backward_tangents(y);
    expect(
        AD_NO_DERIVATIVE,
        "curvature of with_derivative([3]): push_tangents: the root depends on a watched leaf only "
        "through greater, which has no derivative");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("replaced derivatives");
    TCase *all = tcase_create("replaced derivatives");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_loop_test(all, a_right_pullback_gives_all_derivatives_of_the_function, 0, REWRITES);
    tcase_add_loop_test(all, a_right_pullback_agrees_with_differences, 0, REWRITES);
    tcase_add_test(all, a_stable_derivative_replaces_one_that_is_not);
    tcase_add_test(all, operands_may_be_integers_and_get_nothing);
    tcase_add_test(all, nothing_is_asked_where_nothing_is_watched);
    tcase_add_loop_test(all, a_wrong_pullback_is_refused, 0, FAILS + 1);
    tcase_add_test(all, a_wrong_function_is_refused);
    tcase_add_test(all, a_second_derivative_that_the_pullback_has_not_is_refused_by_name);
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
