/* What every test program shares: running its suite. */
#ifndef ADZE_TESTS_SUITE_H
#define ADZE_TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

/* Runs a suite and frees it. The exit status of the program. */
static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
