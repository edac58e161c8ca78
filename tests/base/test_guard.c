/* The guard of a tape. Threads that meet in it stand in reliability/test_doors.c; here is what is too short to be
 * met there. */
#include "suite.h"

#include "base/guard.h"

/* An owner that comes while others read refuses, and leaves the guard to nobody. */
START_TEST(nobody_takes_what_is_read)
{
    static ad_guard g;
    bool entered;
    ck_assert(ad_guard_read(&g, "count", &entered) && entered);
    ck_assert(!ad_guard_take(&g, "reset"));
    ck_assert_str_eq(ad_guard_text(&g), "reset: the tape is in use by another thread, for reading");
    ad_guard_stop_reading(&g);
    ck_assert(ad_guard_take(&g, "reset"));
    ad_guard_clear(&g);
    ad_guard_leave(&g);
    ck_assert(!ad_guard_broken(&g) && ad_guard_enter(&g, "reset"));
    ad_guard_leave(&g);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guard");
    TCase *tests = tcase_create("guard");
    tcase_add_test(tests, nobody_takes_what_is_read);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
