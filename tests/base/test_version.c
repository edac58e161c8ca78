/* The version: one number in the headers, in the library and in the build. */
#include "suite.h"

#include <adze.h>

START_TEST(headers_library_and_build_tell_one_version)
{
    char text[32];
    ck_assert_int_eq(ad_version(), AD_VERSION);
    snprintf(text, sizeof text, "%d.%d.%d", AD_VERSION_MAJOR, AD_VERSION_MINOR, AD_VERSION_PATCH);
    ck_assert_str_eq(text, ADZE_BUILD_VERSION);
}
END_TEST

START_TEST(later_versions_are_greater_numbers)
{
    ck_assert_int_lt(AD_VERSION_OF(0, 1, 999), AD_VERSION_OF(0, 2, 0));
    ck_assert_int_lt(AD_VERSION_OF(0, 999, 999), AD_VERSION_OF(1, 0, 0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("version");
    TCase *all = tcase_create("version");
    tcase_add_test(all, headers_library_and_build_tell_one_version);
    tcase_add_test(all, later_versions_are_greater_numbers);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
