/* Schedules by hand: where they begin and end, and arguments that make no sense. */
#include "suite.h"

#include "adze/schedules.h"

#include <math.h>

/* From 1 at 0, and before, to their end and on. */
START_TEST(schedules_begin_and_end_where_they_say)
{
    static const int64_t before[] = {0, -1, INT64_MIN}, after[] = {10, 11, INT64_MAX};
    for (int i = 0; i < 3; i++) {
        ck_assert_double_eq(ad_schedule_steps(before[i], 10, .5), 1);
        ck_assert_double_eq(ad_schedule_exponential(before[i], 10, .5), 1);
        ck_assert_double_eq(ad_schedule_cosine(before[i], 10, .25), 1);
        ck_assert_double_eq(ad_schedule_polynomial(before[i], 10, 2, .25), 1);
        ck_assert_double_eq(ad_schedule_one_cycle(before[i], 10, 4, .25, .125), .25);
        ck_assert_double_eq(ad_schedule_warm_up(before[i], 10), .1);
        ck_assert_double_eq(ad_schedule_cosine(after[i], 10, .25), .25);
        ck_assert_double_eq(ad_schedule_polynomial(after[i], 10, 2, .25), .25);
        ck_assert_double_eq(ad_schedule_one_cycle(after[i], 10, 4, .25, .125), .125);
        ck_assert_double_eq(ad_schedule_warm_up(after[i] - 1, 10), 1);
    }
}
END_TEST

START_TEST(schedules_by_hand)
{
    ck_assert_double_eq(ad_schedule_steps(9, 10, .5), 1);
    ck_assert_double_eq(ad_schedule_steps(10, 10, .5), .5);
    ck_assert_double_eq(ad_schedule_steps(39, 10, .5), .125);
    ck_assert_double_eq_tol(ad_schedule_exponential(20, 10, .5), .25, 1e-15);
    ck_assert_double_eq_tol(ad_schedule_cosine(5, 10, .5), .75, 1e-15);
    ck_assert_double_eq(ad_schedule_polynomial(5, 10, 1, 0), .5);
    ck_assert_double_eq(ad_schedule_polynomial(5, 10, 2, .5), .625);
    ck_assert_double_eq(ad_schedule_one_cycle(4, 10, 4, .25, .125), 1);
    ck_assert_double_eq_tol(ad_schedule_one_cycle(2, 10, 4, .25, .125), .625, 1e-15);
    ck_assert_double_eq(ad_schedule_one_cycle(0, 10, 0, .25, .125), 1);
    ck_assert_double_eq(ad_schedule_one_cycle(9, 10, 10, 1, .125), 1);
}
END_TEST

START_TEST(a_schedule_that_makes_no_sense_is_nan)
{
    ck_assert_double_nan(ad_schedule_steps(1, 0, .5));
    ck_assert_double_nan(ad_schedule_steps(1, 10, INFINITY));
    ck_assert_double_nan(ad_schedule_exponential(1, -1, .5));
    ck_assert_double_nan(ad_schedule_exponential(1, 10, NAN));
    ck_assert_double_nan(ad_schedule_cosine(1, 0, .5));
    ck_assert_double_nan(ad_schedule_cosine(1, 10, NAN));
    ck_assert_double_nan(ad_schedule_polynomial(1, 0, 1, 0));
    ck_assert_double_nan(ad_schedule_polynomial(1, 10, 0, 0));
    ck_assert_double_nan(ad_schedule_polynomial(1, 10, NAN, 0));
    ck_assert_double_nan(ad_schedule_polynomial(1, 10, 1, INFINITY));
    ck_assert_double_nan(ad_schedule_warm_up(1, 0));
    ck_assert_double_nan(ad_schedule_one_cycle(1, 0, 0, .5, .5));
    ck_assert_double_nan(ad_schedule_one_cycle(1, 10, -1, .5, .5));
    ck_assert_double_nan(ad_schedule_one_cycle(1, 10, 11, .5, .5));
    ck_assert_double_nan(ad_schedule_one_cycle(1, 10, 4, NAN, .5));
    ck_assert_double_nan(ad_schedule_one_cycle(1, 10, 4, .5, NAN));
}
END_TEST

/* Patience 1: the second loss in a row that is no better counts. A saved plateau goes on as if nothing had been. */
START_TEST(a_plateau_waits_for_a_better_loss)
{
    static const double losses[] = {4, 3, 3, 3, 2, NAN, 2, -1, -1.05, -2, -2, -2};
    static const double wanted[] = {1, 1, 1, .5, .5, .5, .25, .25, .25, .25, .25, .125};
    ad_plateau p = ad_plateau_new(.5, 1);
    p.threshold = .1;
    for (int i = 0; i < 12; i++) {
        ad_plateau saved = p;
        ck_assert_double_eq(ad_schedule_plateau(&p, losses[i]), wanted[i]);
        ck_assert_double_eq(ad_schedule_plateau(&saved, losses[i]), wanted[i]);
    }
}
END_TEST

START_TEST(a_plateau_that_makes_no_sense_is_nan)
{
    ad_plateau p[5];
    for (int i = 0; i < 5; i++)
        p[i] = ad_plateau_new(.5, 1);
    p[0].factor = NAN;
    p[1].factor = -1;
    p[2].patience = -1;
    p[3].threshold = 1;
    p[4].threshold = NAN;
    for (int i = 0; i < 5; i++)
        ck_assert_double_nan(ad_schedule_plateau(&p[i], 1));
    ck_assert_double_nan(ad_schedule_plateau(NULL, 1));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schedules");
    TCase *c = tcase_create("schedules");
    tcase_add_test(c, schedules_begin_and_end_where_they_say);
    tcase_add_test(c, schedules_by_hand);
    tcase_add_test(c, a_schedule_that_makes_no_sense_is_nan);
    tcase_add_test(c, a_plateau_waits_for_a_better_loss);
    tcase_add_test(c, a_plateau_that_makes_no_sense_is_nan);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
