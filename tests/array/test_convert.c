/* Numbers of every type go to every other: those that it cannot hold to the nearest end of its range,
 * NaN to 0, and to bool whether they are not 0. */
#include "adze/array.h"

#include "suite.h"

#include <math.h>

/* Around the ends of the ranges; those that a type cannot hold go into it by the rule under test. */
static const double candidates[] = {
    0,          1,           -1,           2.5,          127,  128,  -128,  255, 256,   1e6,
    2147483647, 2147483648., -2147483648., -2147483649., 4e18, 1e19, -1e19, 0.5, -0.25, 300};
enum { COUNT = sizeof candidates / sizeof *candidates };

static double within(double x, double low, double high)
{
    double whole = trunc(x);
    return whole < low ? low : whole > high ? high : whole;
}

/* What x is in a type, as a double. */
static double held(double x, ad_type type)
{
    switch (type) {
    case AD_F32:
        return (float)x;
    case AD_I32:
        return within(x, INT32_MIN, INT32_MAX);
    case AD_I64:
        return within(x, -0x1p63, 0x1p63);
    case AD_U8:
        return within(x, 0, UINT8_MAX);
    case AD_BOOL:
        return x != 0;
    default:
        return x;
    }
}

START_TEST(any_type_goes_to_any)
{
    ad_type from = (ad_type)(_i / AD_TYPE_COUNT), to = (ad_type)(_i % AD_TYPE_COUNT);
    ad_view v = AD_VIEW(candidates, COUNT);
    ad_array first = ad_array_copy(NULL, from, v);
    ad_array second = ad_array_copy(NULL, to, ad_array_view(first));
    ad_view a = ad_array_view(first), b = ad_array_view(second);
    ck_assert(first.data && second.data);
    for (size_t i = 0; i < COUNT; i++) {
        double x = held(candidates[i], from), y = held(x, to);
        ck_assert_msg(ad_view_get(&a, i) == x, "%g in %s is %.17g", candidates[i],
                      ad_type_text(from), ad_view_get(&a, i));
        ck_assert_msg(ad_view_get(&b, i) == y, "%g from %s in %s is %.17g", candidates[i],
                      ad_type_text(from), ad_type_text(to), ad_view_get(&b, i));
    }
    ad_array_free(&first);
    ad_array_free(&second);
}
END_TEST

START_TEST(nan_is_0_in_integers)
{
    static const double nan_alone[] = {NAN};
    ad_array a = ad_array_copy(NULL, (ad_type)_i, AD_VIEW(nan_alone, 1));
    ad_view v = ad_array_view(a);
    double x = ad_view_get(&v, 0);
    ck_assert(ad_type_is_float(a.type) ? isnan(x) : x == (a.type == AD_BOOL));
    ad_array_free(&a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("convert");
    TCase *all = tcase_create("convert");
    tcase_add_loop_test(all, any_type_goes_to_any, 0, AD_TYPE_COUNT * AD_TYPE_COUNT);
    tcase_add_loop_test(all, nan_is_0_in_integers, 0, AD_TYPE_COUNT);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
