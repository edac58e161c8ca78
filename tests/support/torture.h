/* Whatever allocation fails, no call leaks, crashes or leaves a half-built state (RELIABILITY R1): a scenario is
 * run again and again, failing the first, second, third ... allocation, once or from there on, until it
 * succeeds. */
#ifndef ADZE_TESTS_TORTURE_H
#define ADZE_TESTS_TORTURE_H

#include "allocator.h"
#include "suite.h"

typedef struct scenario {
    const char *name;
    ad_status (*run)(test_allocator *memory); /* AD_MEMORY where memory ran out, or else AD_OK */
} scenario;

static inline void torture(const scenario *s, bool sticky)
{
    for (size_t k = 1;; k++) {
        test_allocator memory;
        test_allocator_init(&memory);
        memory.fail_at = k;
        memory.sticky = sticky;
        ad_status status = s->run(&memory);
        ck_assert_msg(memory.live_blocks == 0, "%s: %zu blocks leak when allocation %zu fails",
                      s->name, memory.live_blocks, k);
        bool failed = memory.calls >= k;
        ck_assert_msg(status == (failed ? AD_MEMORY : AD_OK), "%s, allocation %zu: %s", s->name, k,
                      ad_status_text(status));
        if (!failed)
            return;
    }
}

static const scenario *tortured;

START_TEST(no_failed_allocation_leaks_or_crashes)
{
    torture(&tortured[_i], false);
}
END_TEST

START_TEST(no_allocations_failing_from_one_on_leak_or_crash)
{
    torture(&tortured[_i], true);
}
END_TEST

static const char *scenario_name(int row)
{
    return tortured[row].name;
}

static inline Suite *torture_suite(const char *name, const scenario *scenarios, int count)
{
    Suite *suite = suite_create(name);
    TCase *all = tcase_create(name);
    tortured = scenarios;
    tcase_set_timeout(all, 300);
    add_row_tests(all, no_failed_allocation_leaks_or_crashes, count, scenario_name);
    add_row_tests(all, no_allocations_failing_from_one_on_leak_or_crash, count, scenario_name);
    suite_add_tcase(suite, all);
    return suite;
}

#endif
