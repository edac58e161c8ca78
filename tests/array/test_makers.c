/* Arrays whose numbers follow a rule. */
#include "suite.h"

#include <adze.h>
#include <float.h>
#include <math.h>

static void expect_array(ad_array a, ad_type type, ad_shape shape, const double *wanted)
{
    ad_view v = ad_array_view(a);
    ck_assert_ptr_nonnull(a.data);
    ck_assert(a.type == type && ad_shape_equal(&a.shape, &shape));
    for (size_t i = 0; i < ad_view_count(&v); i++)
        ck_assert_msg(ad_view_get(&v, i) == wanted[i], "%zu is %.17g instead of %.17g", i,
                      ad_view_get(&v, i), wanted[i]);
    ad_array_free(&a);
}
#define LIST(...) ((const double[]){__VA_ARGS__})

START_TEST(full_is_one_number)
{
    expect_array(ad_full(AD_F32, AD_SHAPE(2, 2), 0.5), AD_F32, AD_SHAPE(2, 2),
                 LIST(0.5, 0.5, 0.5, 0.5));
    expect_array(ad_full(AD_I64, AD_SCALAR, -3), AD_I64, AD_SCALAR, LIST(-3));
    expect_array(ad_full(AD_F64, AD_SHAPE(2), INFINITY), AD_F64, AD_SHAPE(2),
                 LIST(INFINITY, INFINITY));
    expect_array(ad_full(AD_U8, AD_SHAPE(0, 3), 300), AD_U8, AD_SHAPE(0, 3), NULL);
}
END_TEST

START_TEST(eye_is_a_diagonal_of_ones)
{
    expect_array(ad_eye(AD_F64, 3), AD_F64, AD_SHAPE(3, 3), LIST(1, 0, 0, 0, 1, 0, 0, 0, 1));
    expect_array(ad_eye(AD_BOOL, 1), AD_BOOL, AD_SHAPE(1, 1), LIST(1));
    expect_array(ad_eye(AD_F32, 0), AD_F32, AD_SHAPE(0, 0), NULL);
}
END_TEST

START_TEST(arange_ends_before_its_end)
{
    expect_array(ad_arange(AD_I32, 0, 4, 1), AD_I32, AD_SHAPE(4), LIST(0, 1, 2, 3));
    expect_array(ad_arange(AD_F64, 1, 2, 0.25), AD_F64, AD_SHAPE(4), LIST(1, 1.25, 1.5, 1.75));
    expect_array(ad_arange(AD_I64, 5, 0, -2), AD_I64, AD_SHAPE(3), LIST(5, 3, 1));
    expect_array(ad_arange(AD_F32, 0, 1.1, 0.5), AD_F32, AD_SHAPE(3), LIST(0, 0.5, 1));
    expect_array(ad_arange(AD_F32, 3, 3, 1), AD_F32, AD_SHAPE(0), NULL);
    expect_array(ad_arange(AD_F32, 3, 1, 1), AD_F32, AD_SHAPE(0), NULL);
}
END_TEST

START_TEST(linspace_has_its_ends)
{
    expect_array(ad_linspace(AD_F64, 0, 10, 11), AD_F64, AD_SHAPE(11),
                 LIST(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
    expect_array(ad_linspace(AD_F64, 1, -1, 5), AD_F64, AD_SHAPE(5), LIST(1, 0.5, 0, -0.5, -1));
    expect_array(ad_linspace(AD_I32, 2, 8, 3), AD_I32, AD_SHAPE(3), LIST(2, 5, 8));
    expect_array(ad_linspace(AD_F64, 7, 9, 1), AD_F64, AD_SHAPE(1), LIST(7));
    expect_array(ad_linspace(AD_F64, 7, 9, 0), AD_F64, AD_SHAPE(0), NULL);
    expect_array(ad_linspace(AD_F64, 1e308, 1.5e308, 3), AD_F64, AD_SHAPE(3),
                 LIST(1e308, 1.25e308, 1.5e308));
    expect_array(ad_linspace(AD_F64, -DBL_MAX, DBL_MAX, 3), AD_F64, AD_SHAPE(3),
                 LIST(-DBL_MAX, 0, DBL_MAX));
}
END_TEST

/* Ends and steps that are no binary fractions. */
START_TEST(ends_of_linspace_are_exact)
{
    for (int64_t n = 2; n < 200; n++) {
        double first = 0.1 * (double)n, last = 1 / (3 * (double)n);
        ad_array a = ad_linspace(AD_F64, first, last, n);
        const double *x = a.data;
        ck_assert(x[0] == first && x[n - 1] == last);
        for (int64_t i = 1; i < n; i++)
            ck_assert_double_eq_tol(x[i] - x[i - 1], (last - first) / (double)(n - 1), 1e-14);
        ad_array_free(&a);
    }
}
END_TEST

/* Ends so near to each other that rounding is as wide as the steps, or wider. */
START_TEST(linspace_stays_between_its_ends)
{
    for (int64_t n = 2; n < 200; n++) {
        double first = 0.1 * (double)n, last = first * (1 + (double)(n % 5 - 2) * DBL_EPSILON);
        ad_array a = ad_linspace(AD_F64, first, last, n);
        ad_view v = ad_array_view(a);
        for (size_t i = 0; i < ad_view_count(&v); i++) {
            double x = ad_view_get(&v, i);
            ck_assert_msg(x >= fmin(first, last) && x <= fmax(first, last),
                          "%.17g is not in %.17g to %.17g", x, first, last);
        }
        ad_array_free(&a);
    }
}
END_TEST

static ad_array refused(int way)
{
    switch (way) {
    case 0:
        return ad_full(AD_U8, AD_SHAPE(2), 256);
    case 1:
        return ad_full(AD_I32, AD_SHAPE(2), 0.5);
    case 2:
        return ad_full(AD_F32, AD_SHAPE(-1), 1);
    case 3:
        return ad_full(AD_TYPE_COUNT, AD_SHAPE(2), 1);
    case 4:
        return ad_eye(AD_F32, -1);
    case 5:
        return ad_eye(AD_F32, INT64_MAX);
    case 6:
        return ad_arange(AD_F32, 0, 1, 0);
    case 7:
        return ad_arange(AD_F32, 0, 0, 0);
    case 8:
        return ad_arange(AD_F32, 0, INFINITY, 1);
    case 9:
        return ad_arange(AD_F32, -INFINITY, 0, 1);
    case 10:
        return ad_arange(AD_F32, 0, 1, NAN);
    case 11:
        return ad_arange(AD_F32, 0, 1, 1e-300);
    case 12:
        return ad_arange(AD_F32, 0, 1, INFINITY);
    case 13:
        return ad_arange(AD_I32, 0, 1, 0.5);
    case 14:
        return ad_linspace(AD_I32, 0, 1, 3);
    case 15:
        return ad_linspace(AD_F32, 0, 1, -1);
    case 16:
        return ad_linspace(AD_F32, NAN, 1, 2);
    case 17:
        return ad_arange(AD_F32, 1, 0, 0);
    case 18:
        return ad_arange(AD_F32, 0, 1, -0.0);
    default:
        return ad_linspace(AD_F32, 0, INFINITY, 2);
    }
}

START_TEST(what_makes_no_sense_gives_no_array)
{
    ck_assert_ptr_null(refused(_i).data);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("makers");
    TCase *c = tcase_create("makers");
    tcase_add_test(c, full_is_one_number);
    tcase_add_test(c, eye_is_a_diagonal_of_ones);
    tcase_add_test(c, arange_ends_before_its_end);
    tcase_add_test(c, linspace_has_its_ends);
    tcase_add_test(c, ends_of_linspace_are_exact);
    tcase_add_test(c, linspace_stays_between_its_ends);
    tcase_add_loop_test(c, what_makes_no_sense_gives_no_array, 0, 20);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
