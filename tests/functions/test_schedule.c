/* The schedule of a loop with few states in memory, against a dynamic programme over all schedules. */
#include "functions/schedule.h"
#include "suite.h"

enum { MOST_STEPS = 200, MOST_FREE = 20 };

/* best[f][n]: the fewest steps taken to sweep n of them back, with room for f states. From the one that
 * is kept, either m steps are taken and that state is kept, for what is behind it first; or, where there
 * is no room, all but the last. */
static int64_t best[MOST_FREE + 1][MOST_STEPS + 1];

static void fill_best(void)
{
    for (int64_t n = 2; n <= MOST_STEPS; n++)
        best[0][n] = best[0][n - 1] + n - 1;
    for (int f = 1; f <= MOST_FREE; f++)
        for (int64_t n = 2; n <= MOST_STEPS; n++) {
            best[f][n] = INT64_MAX;
            for (int64_t m = 1; m < n; m++) {
                int64_t taken = m + best[f - 1][n - m] + best[f][m];
                best[f][n] = taken < best[f][n] ? taken : best[f][n];
            }
        }
}

START_TEST(the_cost_is_the_least_there_is)
{
    fill_best();
    for (int f = 0; f <= MOST_FREE; f++)
        for (int64_t n = 0; n <= MOST_STEPS; n++)
            ck_assert_msg(ad_schedule_cost(n, f) == best[f][n], "%d steps, room for %d: %d, not %d",
                          (int)n, f, (int)ad_schedule_cost(n, f), (int)best[f][n]);
}
END_TEST

START_TEST(the_schedule_has_that_cost)
{
    fill_best();
    for (int f = 1; f <= MOST_FREE; f++)
        for (int64_t n = 2; n <= MOST_STEPS; n++) {
            int64_t m = ad_schedule_next(n, f);
            ck_assert(m >= 1 && m < n);
            ck_assert_int_eq(m + best[f - 1][n - m] + best[f][m], best[f][n]);
        }
}
END_TEST

/* The known bound: (s + r)! / (s! r!) steps, s states with the first, are each taken r times at most. */
START_TEST(long_loops_are_split_within_their_bounds)
{
    ck_assert_int_eq(ad_schedule_cost(184756, 9),
                     10 * 184756 - 167960); /* 20 over 10; 20 over 11 */
    ck_assert_int_eq(ad_schedule_cost(1000000, 1000000), 999999);
    ck_assert_int_eq(ad_schedule_cost(INT64_MAX, 0), INT64_MAX);
    ck_assert_int_eq(ad_schedule_next(1000000, 1000000), 1);
    int64_t m = ad_schedule_next(INT64_MAX, 1);
    ck_assert(m > INT64_MAX - 5000000000 && m < INT64_MAX);
    m = ad_schedule_next(INT64_MAX, 100);
    ck_assert(m > 0 && m < INT64_MAX);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("schedule");
    TCase *tests = tcase_create("schedule");
    tcase_add_test(tests, the_cost_is_the_least_there_is);
    tcase_add_test(tests, the_schedule_has_that_cost);
    tcase_add_test(tests, long_loops_are_split_within_their_bounds);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
