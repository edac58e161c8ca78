/* Averages of models: means of several, means that fade, and what is refused. */
#include "allocator.h"
#include "models.h"
#include "suite.h"

#include <math.h>

static void fill(const ad_tree *d, void *model, double shift)
{
    model_list list = list_model(d);
    for (size_t i = 0; i < list.count; i++)
        for (size_t j = 0; j < ad_array_count(array_of(&list, model, i)); j++)
            set_number(array_of(&list, model, i), j, number_in_field(i, j) + shift);
}

static void expect_shift(const ad_tree *d, void *model, double shift)
{
    model_list list = list_model(d);
    for (size_t i = 0; i < list.count; i++)
        for (size_t j = 0; j < ad_array_count(array_of(&list, model, i)); j++)
            ck_assert_double_eq_tol(number_of(&list, model, i, j), number_in_field(i, j) + shift,
                                    1e-6);
}

/* The mean of shifts 0, 1, 2, 3, into a struct that is empty at first. */
START_TEST(shares_of_1_2_3_make_a_mean)
{
    const ad_tree *d = CASE_MODEL(_i);
    any_model x = {0}, mean = {0};
    build_model(d, NULL, CASE_TYPE(_i), &x);
    for (int i = 0; i < 4; i++) {
        fill(d, &x, i);
        ck_assert_int_eq(ad_model_average(d, 1. / (i + 1), &x, &mean, NULL), AD_OK);
    }
    expect_shift(d, &mean, 1.5);
    fill(d, &x, 5.5);
    ck_assert_int_eq(ad_model_average(d, 0.25, &x, &mean, NULL), AD_OK);
    expect_shift(d, &mean, 2.5);
    ck_assert_int_eq(ad_model_average(d, 0, &x, &mean, NULL), AD_OK);
    expect_shift(d, &mean, 2.5);
    ad_model_free(d, &x);
    ad_model_free(d, &mean);
}
END_TEST

/* Also of what cannot be subtracted. */
START_TEST(a_share_of_1_leaves_nothing)
{
    double x[] = {0.1, 1}, mean[] = {1e300, NAN};
    ad_array from = AD_ARRAY(x, 2), to = AD_ARRAY(mean, 2);
    ck_assert_int_eq(ad_model_average(&ad_array_tree, 1, &from, &to, NULL), AD_OK);
    ck_assert(mean[0] == 0.1 && mean[1] == 1);
}
END_TEST

/* An array that is missing in the mean is a copy; the others are averaged. */
START_TEST(missing_arrays_are_copied)
{
    flat x = {0}, mean = {0};
    build_model(&flat_tree, NULL, AD_F64, &x);
    mean.w = ad_zeros(AD_F64, x.w.shape);
    ck_assert_int_eq(flat_average(0.5, &x, &mean, NULL), AD_OK);
    for (size_t j = 0; j < 3; j++) {
        ck_assert_double_eq(((double *)mean.w.data)[j], number_in_field(0, j) / 2);
        ck_assert_double_eq(((double *)mean.b.data)[j], number_in_field(1, j));
    }
    flat_free(&x);
    flat_free(&mean);
}
END_TEST

static void expect_refusal(double share, nested *x, nested *mean, ad_status status,
                           const char *reason)
{
    ad_error error = {0};
    snapshot before = take_snapshot(&nested_tree, mean);
    ck_assert_int_eq(nested_average(share, x, mean, &error), status);
    ck_assert_msg(strstr(error.text, reason), "%s", error.text);
    expect_unchanged(&nested_tree, mean, &before);
}

START_TEST(averages_that_make_no_sense_are_refused)
{
    nested x = {0}, mean = {0}, nothing = {0};
    build_model(&nested_tree, NULL, AD_F64, &x);
    build_model(&nested_tree, NULL, AD_F64, &mean);
    expect_refusal(-0.1, &x, &mean, AD_DOMAIN, "average: the share -0.1 is not in [0, 1]");
    expect_refusal(1.1, &x, &mean, AD_DOMAIN, "is not in [0, 1]");
    expect_refusal(NAN, &x, &mean, AD_DOMAIN, "is not in [0, 1]");
    expect_refusal(0.5, &nothing, &mean, AD_MISUSE, "nested.hidden.w holds no numbers");
    x.scale.type = AD_I64;
    expect_refusal(0.5, &x, &mean, AD_BAD_TYPE, "nested.scale is i64");
    x.scale.type = AD_F64;
    ad_array saved = mean.scale;
    mean.scale.type = AD_F32;
    expect_refusal(0.5, &x, &mean, AD_BAD_TYPE, "nested.scale is f64, but f32 in the mean");
    mean.scale = saved;
    nested_free(&x);
    nested_free(&mean);
}
END_TEST

START_TEST(an_average_without_memory_leaves_nothing)
{
    test_allocator memory;
    nested x = {0};
    test_allocator_init(&memory);
    build_model(&nested_tree, &memory.base, AD_F64, &x);
    size_t blocks = memory.live_blocks;
    for (size_t k = 1; k <= 6; k++) {
        nested mean = {0};
        memory.fail_at = memory.calls + k;
        ck_assert_int_eq(nested_average(1, &x, &mean, NULL), AD_MEMORY);
        ck_assert_uint_eq(memory.live_blocks, blocks);
        ck_assert_ptr_null(mean.hidden.w.data);
    }
    nested_free(&x);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("average");
    TCase *c = tcase_create("average");
    tcase_add_loop_test(c, shares_of_1_2_3_make_a_mean, 0, CASES);
    tcase_add_test(c, a_share_of_1_leaves_nothing);
    tcase_add_test(c, missing_arrays_are_copied);
    tcase_add_test(c, averages_that_make_no_sense_are_refused);
    tcase_add_test(c, an_average_without_memory_leaves_nothing);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
