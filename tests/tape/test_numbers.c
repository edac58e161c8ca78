/* AD_CHECK_NUMBERS: the first number that is infinite or NaN is reported where it arises, with the
 * operation, its source line, and what it worked on. */
#include "suite.h"

#include "tape/watch.h"

#include <adze.h>
#include <float.h>
#include <math.h>
#include <string.h>

static ad_tape *tape_with(unsigned checks)
{
    ad_tape *t = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .checks = checks});
    ck_assert_ptr_nonnull(t);
    return t;
}

static void expect_error(ad_tape *t, ad_status status, const char *message)
{
    ck_assert_str_eq(ad_tape_error(t), message);
    ck_assert_int_eq(ad_tape_status(t), status);
}

static const double some[] = {1, 4, 0, 2}, steep[] = {1e200, 1, 1, 1};
static const float halves[] = {.5f, .25f, 0, 3e38f};

/* An op of the user's, through the public macros as well. */
static void broken_pullback(const ad_pullback_args *c)
{
    double *dx = c->dx[0].data;
    for (size_t i = 0; i < ad_array_count(&c->dx[0]); i++)
        dx[i] += i == 2 ? NAN : 1;
}

static void copy_forward(const ad_forward_args *c)
{
    memcpy(c->y.data, c->x[0].data, ad_array_count(&c->y) * sizeof(double));
}

static const ad_op broken_op = {.size = sizeof(ad_op),
                                .name = "broken",
                                .arity = 1,
                                .shape = ad_shape_first,
                                .forward = copy_forward,
                                .pullback = broken_pullback};

static int log_of_zero(ad_tape *t)
{
    ad_tensor x = ad_label(ad_freeze(t, AD_VIEW(some, 4)), "ratio");
    int line = __LINE__ + 1;
    ad_log(x);
    return line;
}

static int row_over_column(ad_tape *t)
{
    ad_tensor x = ad_watch(t, AD_VIEW(some, 2, 2)), y = ad_watch(t, AD_VIEW(some + 1, 2, 1));
    int line = __LINE__ + 1;
    ad_div(x, y);
    return line;
}

static int too_large(ad_tape *t)
{
    int line = __LINE__ + 1;
    ad_mul(ad_watch(t, AD_VIEW(halves, 2, 2)), 2);
    return line;
}

static int sum_of_what_is_bad(ad_tape *t)
{
    static const double hole[] = {1, 2, 3, INFINITY};
    int line = __LINE__ + 1;
    ad_sum(ad_label(ad_freeze(t, AD_VIEW(hole, 2, 2)), "hole"));
    return line;
}

static int steep_square(ad_tape *t)
{
    ad_tensor x = ad_label(ad_watch(t, AD_VIEW(steep, 4)), "x");
    int line = __LINE__ + 1;
    ad_tensor y = ad_label(ad_mul(x, x), "y");
    ck_assert_int_eq(ad_tape_status(t), AD_NOT_FINITE);
    (void)y;
    return line;
}

static int slope_of_root(ad_tape *t)
{
    ad_tensor x = ad_label(ad_watch(t, AD_VIEW(some, 4)), "x");
    int line = __LINE__ + 1;
    ad_tensor y = ad_label(ad_sqrt(x), "root");
    ad_backward(ad_sum(y));
    return line;
}

static int broken(ad_tape *t)
{
    ad_tensor x = ad_watch(t, AD_VIEW(some, 4));
    int line = __LINE__ + 1;
    ad_tensor y = ad_apply(&broken_op, &x, NULL);
    ad_backward(ad_sum(ad_mul(y, 3)));
    return line;
}

static int tangent_of_root(ad_tape *t)
{
    ad_tensor x = ad_watch(t, AD_VIEW(some, 4));
    int line = __LINE__ + 1;
    ad_tensor y = ad_sqrt(x);
    ad_set_tangent(x, AD_VIEW(some + 1, 1));
    ck_assert_int_eq(ad_tape_status(t), AD_BAD_SHAPE);
    ad_tape_reset(t);
    x = ad_watch(t, AD_VIEW(some, 4));
    line = __LINE__ + 1;
    y = ad_sqrt(x);
    static const double tx[] = {1, 1, 1, 1};
    ad_set_tangent(x, AD_VIEW(tx, 4));
    ad_push_tangents(y);
    return line;
}

/* A layer whose pullback would spoil dy. */
static int steep_layer(ad_tape *t)
{
    static const double weight = 1e300, bias = 0.5, input = 0;
    ad_tensor x = ad_watch(t, AD_VIEW(&input, 1, 1)), w = ad_watch(t, AD_VIEW(&weight, 1, 1));
    ad_tensor b = ad_watch(t, AD_VIEW(&bias, 1));
    int line = __LINE__ + 1;
    ad_tensor y = ad_dense(x, w, b, AD_TANH);
    ad_backward(ad_sum(ad_mul(y, 1e10)));
    return line;
}

static int under_the_macro(ad_tape *t)
{
    (ad_log)(ad_freeze(t, AD_VIEW(some, 4)));
    return 0;
}

static const struct story {
    int (*run)(ad_tape *t); /* returns the line that the message should name; 0: none */
    const char *before, *after;
} stories[] = {
    {log_of_zero, "log([4])", ": the result at [2] is -inf; x[0] \"ratio\" there is 0"},
    {row_over_column, "div([2, 2], [2, 1])",
     ": the result at [1, 0] is nan; x[0] there is 0; x[1] there is 0"},
    {too_large, "mul([2, 2], [])",
     ": the result at [1, 1] is inf; x[0] there is 3e+38; x[1] there is 2"},
    {sum_of_what_is_bad, "sum([2, 2])",
     ": the result at [] is inf; x[0] \"hole\" is inf at [1, 1]"},
    {steep_square, "mul([4], [4])",
     ": the result at [0] is inf; x[0] \"x\" there is 1e+200; x[1] \"x\" there is 1e+200"},
    {slope_of_root, "pullback of sqrt([4]) \"root\"",
     ": the cotangent of x[0] at [2] is inf; x[0] \"x\" there is 0; dy there is 1"},
    {broken, "pullback of broken([4])",
     ": the cotangent of x[0] at [2] is nan; x[0] there is 0; dy there is 3"},
    {tangent_of_root, "jvp of sqrt([4])", ": the tangent at [2] is inf; x[0] there is 0"},
    {steep_layer, "pullback of dense([1, 1], [1, 1], [1])",
     ": the cotangent of x[0] at [0, 0] is inf; x[0] there is 0; x[1] there is 1e+300; x[2] there "
     "is 0.5; dy there is 1e+10"},
    {under_the_macro, "log([4])", ": the result at [2] is -inf; x[0] there is 0"},
};

START_TEST(the_first_bad_number_is_reported_where_it_arises)
{
    char message[512];
    const struct story *s = &stories[_i];
    ad_tape *t = tape_with(AD_CHECK_NUMBERS);
    for (int round = 0; round < 2; round++) {
        int line = s->run(t);
        char place[256] = "";
        if (line)
            snprintf(place, sizeof place, " at %s:%d", __FILE__, line);
        snprintf(message, sizeof message, "%s%s%s", s->before, place, s->after);
        expect_error(t, AD_NOT_FINITE, message);
        ad_tape_reset(t);
    }
    ad_tape_free(t);
}
END_TEST

START_TEST(without_the_check_bad_numbers_are_numbers)
{
    ad_tape *t = tape_with(0);
    if (stories[_i].run != steep_square)
        stories[_i].run(t);
    ck_assert_int_eq(ad_tape_status(t), AD_OK);
    ad_tape_free(t);
}
END_TEST

START_TEST(a_source_line_serves_for_one_value)
{
    char what[128];
    ad_tape *t = tape_with(0);
    ad_tensor x = ad_freeze(t, AD_VIEW(some, 2, 2));
    for (int failed = 0; failed < 2; failed++) {
        if (failed)
            ad_matmul(x, ad_freeze(t, AD_VIEW(some, 1, 4)));
        ad_tape_reset(t);
        ad_exp(ad_mul((ad_freeze)(t, AD_VIEW(some, 4)), 2));
        ck_assert_str_eq(ad_tape_describe(t, 0, what, sizeof what), "freeze([4])");
        for (size_t i = 1; i < 4; i++) /* the number 2, and two operations */
            ck_assert_ptr_nonnull(strstr(ad_tape_describe(t, i, what, sizeof what), ") at "));
        ck_assert_str_eq(ad_tape_describe(t, 4, what, sizeof what), "");
    }
    ck_assert_ptr_null(ad_tape_describe(t, 0, NULL, 0));
    ck_assert_str_eq(ad_tape_describe(NULL, 0, what, sizeof what), "");
    ad_tape_free(t);
}
END_TEST

static void look_at_place(void *user, const ad_event *event)
{
    *(const char **)user = event->source_line;
}

START_TEST(a_tracer_is_told_the_source_line)
{
    const char *place = NULL;
    ad_tape *t = tape_with(0);
    ad_tape_trace(t, look_at_place, &place);
    ad_tensor x = ad_exp(ad_freeze(t, AD_VIEW(some, 4)));
    ck_assert_ptr_nonnull(place);
    ck_assert_ptr_nonnull(strstr(place, "test_numbers.c:"));
    (ad_exp)(x);
    ck_assert_ptr_null(place);
    ad_tape_free(t);
}
END_TEST

/* Every position of arrays of many lengths, so that no lane of a loop is left out. */
START_TEST(a_bad_number_is_found_at_every_place)
{
    static const double bad[] = {INFINITY, -INFINITY, NAN, -NAN};
    float numbers32[70] = {FLT_MAX, -FLT_MAX, FLT_MIN};
    double numbers64[70] = {DBL_MAX, -DBL_MAX, DBL_MIN};
    ad_tape *t = tape_with(AD_CHECK_NUMBERS);
    for (int n = 1; n <= 70; n++)
        for (int i = 0; i < n; i++) {
            float kept32 = numbers32[i];
            double kept64 = numbers64[i];
            ad_neg(ad_freeze(t, AD_VIEW(numbers32, n)));
            ad_neg(ad_freeze(t, AD_VIEW(numbers64, n)));
            ck_assert_int_eq(ad_tape_status(t), AD_OK);
            if (_i)
                numbers32[i] = (float)bad[i % 4];
            else
                numbers64[i] = bad[i % 4];
            ad_neg(ad_freeze(t, AD_VIEW(numbers32, n)));
            ad_neg(ad_freeze(t, AD_VIEW(numbers64, n)));
            ck_assert_int_eq(ad_tape_status(t), AD_NOT_FINITE);
            numbers32[i] = kept32;
            numbers64[i] = kept64;
            ad_tape_reset(t);
        }
    ad_tape_free(t);
}
END_TEST

/* What the loop above cannot choose. */
START_TEST(every_instruction_set_finds_a_bad_number_at_every_place)
{
    float numbers32[70] = {0};
    double numbers64[70] = {0};
    for (ad_isa isa = 0; isa <= ad_cpu_isa(); isa++)
        for (size_t i = 0; i < 70; i++) {
            numbers32[i] = -INFINITY;
            numbers64[i] = NAN;
            ck_assert(ad_all_finite(isa, AD_F32, numbers32, i));
            ck_assert(ad_all_finite(isa, AD_F64, numbers64, i));
            ck_assert(!ad_all_finite(isa, AD_F32, numbers32, 70));
            ck_assert(!ad_all_finite(isa, AD_F64, numbers64, 70));
            ck_assert(ad_all_finite(isa, AD_I32, numbers32, 70));
            numbers32[i] = FLT_MAX;
            numbers64[i] = -DBL_MAX;
        }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("numbers");
    TCase *all = tcase_create("numbers");
    int count = (int)(sizeof stories / sizeof *stories);
    tcase_add_loop_test(all, the_first_bad_number_is_reported_where_it_arises, 0, count);
    tcase_add_loop_test(all, without_the_check_bad_numbers_are_numbers, 0, count);
    tcase_add_test(all, a_source_line_serves_for_one_value);
    tcase_add_test(all, a_tracer_is_told_the_source_line);
    tcase_add_loop_test(all, a_bad_number_is_found_at_every_place, 0, 2);
    tcase_add_test(all, every_instruction_set_finds_a_bad_number_at_every_place);
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
