/* Clipping by the norm of a whole model or of a list of arrays, by the norms of arrays, and by value. */
#include "models.h"
#include "suite.h"

#include <float.h>
#include <math.h>

#define TINY        DBL_TRUE_MIN
#define COUNT(list) (sizeof(list) / sizeof *(list))

/* ---- two numbers -------------------------------------------------------------------- */

typedef struct row {
    double x[2], max_norm, norm, y[2];
    bool wide; /* only in f64 */
} row;

static const row rows[] = {
    {{3, -4}, 1, 5, {0.6, -0.8}, false},
    {{3, -4}, 5, 5, {3, -4}, false},
    {{3, -4}, INFINITY, 5, {3, -4}, false},
    {{3, -4}, 0, 5, {0, 0}, false},
    {{0.6, 0}, 0.5, 0.6, {0.5, 0}, false},
    {{0, 0}, 1, 0, {0, 0}, false},
    {{0, -0.0}, 0, 0, {0, 0}, false},
    {{3e30, 4e30}, 1, 5e30, {0.6, 0.8}, false},
    {{3e-30, 4e-30}, 1, 5e-30, {3e-30, 4e-30}, false},
    {{3e-30, 4e-30}, 1e-30, 5e-30, {0.6e-30, 0.8e-30}, false},
    {{1e-30, 1e30}, 1e15, 1e30, {1e-45, 1e15}, false},
    {{3e200, 4e200}, 1, 5e200, {0.6, 0.8}, true},
    {{3e-200, 4e-200}, 1e-200, 5e-200, {0.6e-200, 0.8e-200}, true},
    {{3e307, 4e307}, 1e-5, 5e307, {0.6e-5, 0.8e-5}, true},
    {{3e307, 4e307}, 1e-300, 5e307, {0.6e-300, 0.8e-300}, true},
    {{1e-10, 1e305}, 1e300, 1e305, {1e-15, 1e300}, true},
    {{3 * TINY, 4 * TINY}, 5 * TINY, 5 * TINY, {3 * TINY, 4 * TINY}, true},
    {{3e8 * TINY, 4e8 * TINY}, 1e8 * TINY, 5e8 * TINY, {6e7 * TINY, 8e7 * TINY}, true},
    {{3 * TINY, 4 * TINY}, 0, 5 * TINY, {0, 0}, true},
    {{0, TINY}, 0, TINY, {0, 0}, true},
    {{1, 1e-170}, 0.5, 1, {0.5, 0.5e-170}, true},
    {{0, 1e308}, TINY, 1e308, {0, TINY}, true},
};

static void expect_near(double x, double wanted, ad_type type)
{
    double rounding = type == AD_F32 ? 2 * FLT_EPSILON : 4 * DBL_EPSILON;
    double least = type == AD_F32 ? FLT_TRUE_MIN : TINY; /* denormal numbers are rounded to it */
    ck_assert_msg(fabs(x - wanted) <= (wanted == 0 ? 0 : rounding * fabs(wanted) + least),
                  "%.17g instead of %.17g", x, wanted);
}

static void clip_row(const row *r, ad_type type)
{
    double norm = -1;
    ad_array a = ad_array_copy(NULL, type, AD_VIEW(r->x, 2));
    ck_assert_int_eq(ad_clip_global_norm(1, &a, r->max_norm, &norm, NULL), AD_OK);
    ad_view v = ad_array_view(a);
    expect_near(norm, r->norm, type);
    for (size_t i = 0; i < 2; i++)
        expect_near(ad_view_get(&v, i), r->y[i], type);
    ad_array_free(&a);
}

START_TEST(a_pair_is_scaled_to_the_norm)
{
    clip_row(&rows[_i], AD_F64);
    if (!rows[_i].wide)
        clip_row(&rows[_i], AD_F32);
}
END_TEST

/* ---- all fields --------------------------------------------------------------------- */

static double norm_of(const model_list *list, void *model)
{
    double sum = 0;
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = 0; j < ad_array_count(array_of(list, model, i)); j++)
            sum += number_of(list, model, i, j) * number_of(list, model, i, j);
    return sqrt(sum);
}

START_TEST(all_fields_together_get_the_norm)
{
    const ad_tree *d = CASE_MODEL(_i);
    ad_type type = CASE_TYPE(_i);
    model_list list = list_model(d);
    any_model g = {0}, before = {0};
    double norm;
    build_model(d, NULL, type, &g);
    build_model(d, NULL, type, &before);
    double whole = norm_of(&list, &before);
    ck_assert_int_eq(ad_model_clip_global_norm(d, &g, whole / 4, &norm, NULL), AD_OK);
    expect_near(norm, whole, AD_F64);
    expect_near(norm_of(&list, &g), whole / 4, type);
    for (size_t i = 0; i < list.count; i++)
        for (size_t j = 0; j < ad_array_count(array_of(&list, &g, i)); j++)
            expect_near(number_of(&list, &g, i, j), number_of(&list, &before, i, j) / 4, type);
    snapshot clipped = take_snapshot(d, &g);
    ck_assert_int_eq(ad_model_clip_global_norm(d, &g, whole, NULL, NULL), AD_OK);
    expect_unchanged(d, &g, &clipped);
    ad_model_free(d, &g);
    ad_model_free(d, &before);
}
END_TEST

START_TEST(a_list_may_have_both_float_types)
{
    double d[] = {3e200, 0}, norm = -1;
    float f[] = {3, 4};
    ad_array both[] = {AD_ARRAY(d, 2), AD_ARRAY(f, 2)};
    ck_assert_int_eq(ad_clip_global_norm(2, both, 3, &norm, NULL), AD_OK);
    ck_assert_double_eq(norm, 3e200);
    ck_assert(fabs(d[0] - 3) < 1e-15 && d[1] == 0 && f[0] == 0 && f[1] == 0);
}
END_TEST

/* In f32 the sum of so many equal squares would be off in the third digit. */
START_TEST(many_numbers_are_added_up_in_f64)
{
    double norm;
    const float tenth = 0.1F; /* with the x87, a constant has more digits */
    ad_array a = ad_zeros(AD_F32, AD_SHAPE(1000003));
    for (size_t i = 0; i < ad_array_count(&a); i++)
        set_number(&a, i, 0.1);
    ck_assert_int_eq(ad_clip_global_norm(1, &a, INFINITY, &norm, NULL), AD_OK);
    ck_assert_double_eq_tol(norm, (double)tenth * sqrt(1000003), 1e-9);
    ad_array_free(&a);
}
END_TEST

/* ---- each array, each number -------------------------------------------------------- */

AD_MODEL(couple, x, y);

START_TEST(each_array_gets_the_norm)
{
    double x[] = {3e200, 4e200}, small[] = {0.3, 0.4};
    float y[] = {6, 8};
    couple g = {AD_ARRAY(x, 2), AD_ARRAY(y, 2)}, fits = {AD_ARRAY(small, 2), AD_ARRAY(y, 2)};
    ck_assert_int_eq(couple_clip_norm(&g, 5, NULL), AD_OK);
    ck_assert_double_eq_tol(x[0], 3, 1e-14);
    ck_assert_double_eq_tol(x[1], 4, 1e-14);
    ck_assert(y[0] == 3 && y[1] == 4);
    ck_assert_int_eq(couple_clip_norm(&fits, 5, NULL), AD_OK);
    ck_assert(small[0] == 0.3 && small[1] == 0.4);
}
END_TEST

START_TEST(each_number_is_bounded)
{
    double x[] = {-2, 0.25, INFINITY, 1e300, -0.0};
    float y[] = {-2, 0.25F, -INFINITY, 1, FLT_MAX};
    couple g = {AD_ARRAY(x, 5), AD_ARRAY(y, 5)};
    ck_assert_int_eq(couple_clip_value(&g, INFINITY, NULL), AD_OK);
    ck_assert(isinf(x[2]) && isinf(y[2]));
    ck_assert_int_eq(couple_clip_value(&g, 1e301, NULL), AD_OK);
    ck_assert(x[2] == 1e301 && x[3] == 1e300 && y[2] == -FLT_MAX && y[4] == FLT_MAX);
    ck_assert_int_eq(couple_clip_value(&g, 0.5, NULL), AD_OK);
    ck_assert(x[0] == -0.5 && x[1] == 0.25 && x[2] == 0.5 && x[3] == 0.5 && x[4] == 0);
    ck_assert(y[0] == -0.5F && y[1] == 0.25F && y[2] == -0.5F && y[3] == 0.5F && y[4] == 0.5F);
    ck_assert_int_eq(couple_clip_value(&g, 0, NULL), AD_OK);
    ck_assert(x[0] == 0 && y[4] == 0);
}
END_TEST

/* ---- failures ----------------------------------------------------------------------- */

static void expect_refusal(nested *g, double max_norm, ad_status status, const char *text)
{
    ad_error error = {0};
    double norm = 7;
    snapshot before = take_snapshot(&nested_tree, g);
    ck_assert_int_eq(nested_clip_global_norm(g, max_norm, &norm, &error), status);
    ck_assert_str_eq(error.text, text);
    ck_assert_double_eq(norm, 7);
    expect_unchanged(&nested_tree, g, &before);
}

START_TEST(a_norm_that_is_not_finite_is_said)
{
    static const double bad[] = {INFINITY, -INFINITY, NAN};
    static const char *const words[] = {"inf", "-inf", "nan"};
    for (int i = 0; i < 6; i++) {
        nested g = {0};
        char text[100];
        build_model(&nested_tree, NULL, i < 3 ? AD_F32 : AD_F64, &g);
        set_number(&g.scale, 4, bad[i % 3]);
        snprintf(text, sizeof text, "clip_global_norm: number 4 of nested.scale is %s",
                 words[i % 3]);
        expect_refusal(&g, 1, AD_NOT_FINITE, text);
        nested_free(&g);
    }
}
END_TEST

START_TEST(a_norm_beyond_the_range_is_said)
{
    nested g = {0};
    build_model(&nested_tree, NULL, AD_F64, &g);
    set_number(&g.hidden.w, 0, 1.5e308);
    set_number(&g.output.w, 0, 1.5e308);
    expect_refusal(&g, 1, AD_NOT_FINITE, "clip_global_norm: the norm is beyond the range of f64");
    nested_free(&g);
}
END_TEST

START_TEST(arguments_that_make_no_sense_are_refused)
{
    nested g = {0}, nothing = {0};
    ad_error error = {0};
    build_model(&nested_tree, NULL, AD_F64, &g);
    expect_refusal(&g, -1, AD_MISUSE, "clip_global_norm: max_norm must not be negative, and is -1");
    ck_assert_int_eq(nested_clip_global_norm(&g, NAN, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(nested_clip_global_norm(&nothing, 1, NULL, &error), AD_MISUSE);
    ck_assert_msg(strstr(error.text, "clip_global_norm: nested.hidden.w holds no numbers in the "
                                     "gradient") == error.text,
                  "%s", error.text);
    g.hidden.b.type = AD_I64;
    ck_assert_int_eq(nested_clip_global_norm(&g, 1, NULL, NULL), AD_BAD_TYPE);
    g.hidden.b.type = AD_F64;
    nested_free(&g);
}
END_TEST

static void expect_both_refuse(nested *g, double most, ad_status status, const char *text)
{
    ad_error errors[2] = {{0}, {0}};
    snapshot before = take_snapshot(&nested_tree, g);
    ck_assert_int_eq(nested_clip_norm(g, most, &errors[0]), status);
    ck_assert_int_eq(nested_clip_value(g, most, &errors[1]), status);
    for (int i = 0; i < 2; i++)
        ck_assert_msg(strstr(errors[i].text, text), "%s", errors[i].text);
    expect_unchanged(&nested_tree, g, &before);
}

/* The arrays before the bad one are not clipped, either. */
START_TEST(clipping_by_norm_and_by_value_refuse_what_makes_no_sense)
{
    nested g = {0}, nothing = {0};
    build_model(&nested_tree, NULL, AD_F64, &g);
    expect_both_refuse(&g, -1, AD_MISUSE, "must not be negative, and is -1");
    expect_both_refuse(&g, NAN, AD_MISUSE, "must not be negative");
    expect_both_refuse(&nothing, 1, AD_MISUSE, "nested.hidden.w holds no numbers in the gradient");
    set_number(&g.scale, 4, NAN);
    expect_both_refuse(&g, 1e-3, AD_NOT_FINITE, "of nested.scale is ");
    g.scale.type = AD_I64;
    expect_both_refuse(&g, 1, AD_BAD_TYPE, "nested.scale is i64");
    g.scale.type = AD_F64;
    set_number(&g.scale, 4, INFINITY);
    ck_assert_int_eq(nested_clip_norm(&g, 1, NULL), AD_NOT_FINITE);
    nested_free(&g);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("clip");
    TCase *c = tcase_create("clip");
    tcase_add_loop_test(c, a_pair_is_scaled_to_the_norm, 0, COUNT(rows));
    tcase_add_loop_test(c, all_fields_together_get_the_norm, 0, CASES);
    tcase_add_test(c, a_list_may_have_both_float_types);
    tcase_add_test(c, many_numbers_are_added_up_in_f64);
    tcase_add_test(c, each_array_gets_the_norm);
    tcase_add_test(c, each_number_is_bounded);
    tcase_add_test(c, clipping_by_norm_and_by_value_refuse_what_makes_no_sense);
    tcase_add_test(c, a_norm_that_is_not_finite_is_said);
    tcase_add_test(c, a_norm_beyond_the_range_is_said);
    tcase_add_test(c, arguments_that_make_no_sense_are_refused);
    suite_add_tcase(suite, c);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
