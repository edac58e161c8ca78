/* Arrays: numbers set one by one, and arrays over a caller's memory. */
#include "suite.h"

#include <adze.h>
#include <math.h>

#define TYPE(name, ctype, floating) name,
static const ad_type types[] = {AD_TYPE_LIST(TYPE)};
#undef TYPE

START_TEST(a_number_that_is_set_is_read_again)
{
    ad_array a = ad_zeros(types[_i], AD_SHAPE(2, 3));
    ad_view v = ad_array_view(a);
    ck_assert_int_eq(ad_array_set(&a, 4, 1), AD_OK);
    for (size_t i = 0; i < 6; i++)
        ck_assert_double_eq(ad_view_get(&v, i), i == 4);
    ad_array_free(&a);
}
END_TEST

/* A row: a number that no element of a type is. */
static const struct {
    ad_type type;
    double number;
} unfit[] = {{AD_I32, 0.5}, {AD_I32, 3e9}, {AD_I32, NAN},       {AD_I64, 1e19},  {AD_U8, 256},
             {AD_U8, -1},   {AD_BOOL, 2},  {AD_I64, -INFINITY}, {AD_I64, 0x1p63}};

START_TEST(a_number_that_the_type_cannot_hold_is_refused)
{
    ad_array a = ad_zeros(unfit[_i].type, AD_SHAPE(1));
    ad_view v = ad_array_view(a);
    ad_array_set(&a, 0, 1);
    ck_assert_int_eq(ad_array_set(&a, 0, unfit[_i].number), AD_DOMAIN);
    ck_assert_double_eq(ad_view_get(&v, 0), 1); /* nothing was written */
    ad_array_free(&a);
}
END_TEST

START_TEST(floats_hold_what_is_infinite_and_what_is_rounded)
{
    ad_array a = ad_zeros(AD_F32, AD_SHAPE(3));
    ad_view v = ad_array_view(a);
    const double numbers[] = {0.1, 1e300, NAN};
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(ad_array_set(&a, i, numbers[i]), AD_OK);
    ck_assert(ad_view_get(&v, 0) == (double)(float)0.1 && isinf(ad_view_get(&v, 1)));
    ck_assert(isnan(ad_view_get(&v, 2)));
    ad_array_free(&a);
}
END_TEST

/* ---- a caller's memory ---------------------------------------------------------------------- */

START_TEST(results_are_written_into_a_callers_memory)
{
    double numbers[2][3] = {{0}}, one = 0;
    const double given[] = {1, 2, 3, 4, 5, 6};
    ad_array a = AD_ARRAY(&numbers[0][0], 2, 3), scalar = AD_ARRAY_SCALAR(&one);
    ck_assert_int_eq(ad_array_write(&a, AD_VIEW(given, 2, 3), NULL), AD_OK);
    ck_assert_int_eq(ad_array_write(&scalar, AD_VIEW_SCALAR(given), NULL), AD_OK);
    ck_assert(numbers[1][2] == 6 && one == 1);
    ad_array_free(&a);
    ad_array_free(&scalar);
    ck_assert(!a.data && numbers[1][2] == 6 && one == 1); /* the memory stays as it is */
}
END_TEST

START_TEST(arrays_of_any_type_can_lie_in_a_callers_memory)
{
    int64_t numbers[4] = {0};
    ad_array a = ad_array_of(types[_i], numbers, AD_SHAPE(4));
    ck_assert(a.data == (void *)numbers && a.type == types[_i] && ad_array_count(&a) == 4);
    ad_array_free(&a);
    ck_assert_ptr_null(a.data);
}
END_TEST

/* Its allocator gives no memory, so what is made like it comes from the C library. */
START_TEST(an_array_made_like_a_borrowed_one_owns_its_memory)
{
    float numbers[] = {1, 2, 3};
    ad_array a = AD_ARRAY(numbers, 3), like = ad_array_new(a.allocator, a.type, a.shape);
    ck_assert(like.data && like.data != (void *)numbers);
    ad_array_free(&like); /* under a sanitizer: nothing leaks */
    ad_array_free(&a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("array");
    TCase *set = tcase_create("set"), *borrowed = tcase_create("borrowed");
    tcase_add_loop_test(set, a_number_that_is_set_is_read_again, 0, AD_TYPE_COUNT);
    tcase_add_loop_test(set, a_number_that_the_type_cannot_hold_is_refused, 0,
                        (int)(sizeof unfit / sizeof *unfit));
    tcase_add_test(set, floats_hold_what_is_infinite_and_what_is_rounded);
    tcase_add_test(borrowed, results_are_written_into_a_callers_memory);
    tcase_add_loop_test(borrowed, arrays_of_any_type_can_lie_in_a_callers_memory, 0, AD_TYPE_COUNT);
    tcase_add_test(borrowed, an_array_made_like_a_borrowed_one_owns_its_memory);
    suite_add_tcase(suite, set);
    suite_add_tcase(suite, borrowed);
    return run_suite(suite);
}
