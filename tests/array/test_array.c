/* Arrays: numbers set one by one, and arrays over a caller's memory. */
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <string.h>

#define TYPE(name, ctype, floating) name,
static const ad_type types[] = {AD_TYPE_LIST(TYPE)};
#undef TYPE

START_TEST(an_array_of_c_is_a_vector_of_its_length)
{
    double x[] = {1, 2, 3};
    const float y[2][3] = {{0}};
    ad_view v = AD_VECTOR(x), literal = AD_VECTOR((int32_t[]){7, 8});
    ck_assert(v.type == AD_F64 && v.data == x && v.shape.rank == 1 && v.shape.dim[0] == 3);
    ck_assert(literal.type == AD_I32 && literal.shape.dim[0] == 2 && ad_view_get(&literal, 1) == 8);
    ck_assert(AD_VECTOR(y[1]).data == y[1] && AD_VECTOR(y[1]).shape.dim[0] == 3);
}
END_TEST

START_TEST(an_array_of_c_has_a_shape_if_its_length_fits)
{
    ad_view v = AD_SHAPED(AD_SHAPE(2, 2), (double[]){1, 2, 3, 4});
    ck_assert(v.type == AD_F64 && v.shape.rank == 2 && v.shape.dim[1] == 2 && v.stride[0] == 2);
    ck_assert_double_eq(ad_view_get(&v, 3), 4);
    float x[6] = {0};
    ck_assert(AD_SHAPED(AD_SHAPE(3, 2), x).data == x);
    ck_assert_ptr_null(AD_SHAPED(AD_SHAPE(3, 1), x).data);
    ck_assert_ptr_null(AD_SHAPED(AD_SHAPE(3, 3), x).data);
    ck_assert_ptr_null(AD_SHAPED(AD_SHAPE(-1, 6), x).data);
}
END_TEST

START_TEST(literals_with_commas_are_leaves)
{
    const float x[] = {1, 2};
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor a = ad_watch(t, (ad_view){.data = x, .type = AD_F32, .shape = {1, {2}}});
    ad_tensor b = ad_freeze(t, (ad_array){.data = (float[]){3, 4}, .shape = {1, {2}}});
    ad_tensor c = ad_freeze(t, AD_SHAPED(AD_SHAPE(2), (float[]){5, 6}));
    ad_view y = ad_read(ad_add(ad_add(a, b), c));
    ck_assert_int_eq(ad_tape_status(t), AD_OK);
    ck_assert_double_eq(ad_view_get(&y, 0), 1 + 3 + 5);
    ad_tape_free(t);
}
END_TEST

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
START_TEST(a_borrowed_arrays_allocator_gives_no_memory)
{
    double x[2] = {1, 2};
    ad_array a = AD_ARRAY(x, 2);
    ck_assert_ptr_null(a.allocator->allocate(a.allocator->user, 8, 8));
}
END_TEST

START_TEST(an_array_made_like_a_borrowed_one_owns_its_memory)
{
    float numbers[] = {1, 2, 3};
    ad_array a = AD_ARRAY(numbers, 3), like = ad_array_new(a.allocator, a.type, a.shape);
    ck_assert(like.data && like.data != (void *)numbers);
    ad_array_free(&like); /* under a sanitizer: nothing leaks */
    ad_array_free(&a);
}
END_TEST

START_TEST(numbers_of_the_array_itself_are_moved_or_refused)
{
    ad_error error = {0};
    double numbers[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, after[] = {1, 1, 2, 3, 5, 6, 7, 8, 9};
    ad_array a = ad_array_of(AD_F64, numbers, AD_SHAPE(3, 3)),
             row = ad_array_of(AD_F64, numbers + 1, AD_SHAPE(3));
    ck_assert_int_eq(ad_array_write(&a, ad_array_view(a), NULL), AD_OK);
    ck_assert_int_eq(ad_array_write(&row, AD_VIEW(numbers, 3), NULL), AD_OK);
    ck_assert_mem_eq(numbers, after, sizeof numbers);
    ad_view turned = ad_array_view(a), back = ad_view_of(AD_F64, numbers + 8, AD_SHAPE(3, 3)),
            elsewhere = AD_VIEW(after, 3, 3);
    turned.stride[0] = elsewhere.stride[0] = 1, turned.stride[1] = elsewhere.stride[1] = 3;
    back.stride[0] = -3, back.stride[1] = -1;
    ck_assert_int_eq(ad_array_write(&a, turned, &error), AD_MISUSE);
    ck_assert_ptr_nonnull(strstr(error.text, "shares memory with the array"));
    ck_assert_int_eq(ad_array_write(&a, back, NULL), AD_MISUSE);
    ck_assert_mem_eq(numbers, after, sizeof numbers);
    ck_assert_int_eq(ad_array_write(&a, elsewhere, NULL), AD_OK);
    ck_assert_double_eq(numbers[1], after[3]);
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
    tcase_add_test(borrowed, an_array_of_c_is_a_vector_of_its_length);
    tcase_add_test(borrowed, an_array_of_c_has_a_shape_if_its_length_fits);
    tcase_add_test(borrowed, literals_with_commas_are_leaves);
    tcase_add_test(borrowed, results_are_written_into_a_callers_memory);
    tcase_add_loop_test(borrowed, arrays_of_any_type_can_lie_in_a_callers_memory, 0, AD_TYPE_COUNT);
    tcase_add_test(borrowed, numbers_of_the_array_itself_are_moved_or_refused);
    tcase_add_test(borrowed, a_borrowed_arrays_allocator_gives_no_memory);
    tcase_add_test(borrowed, an_array_made_like_a_borrowed_one_owns_its_memory);
    suite_add_tcase(suite, set);
    suite_add_tcase(suite, borrowed);
    return run_suite(suite);
}
