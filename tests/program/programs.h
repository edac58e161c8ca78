/* What tests of programs share. */
#ifndef ADZE_TESTS_PROGRAMS_H
#define ADZE_TESTS_PROGRAMS_H

#include "../numbers/numbers.h"

static inline void expect_same(double found, double expected, const char *what)
{
    ck_assert_msg(same_bits(found, expected), "%s: %.17g is not %.17g", what, found, expected);
}

/* A program of f at x, which must succeed. */
static inline ad_program *program_of(ad_real_function *f, size_t n, const double *x, size_t m,
                                     const void *env)
{
    ad_error error = {AD_OK, ""};
    ad_program *p = ad_program_of(f, n, x, m, env, NULL, &error);
    ck_assert_str_eq(error.text, "");
    ck_assert_ptr_nonnull(p);
    return p;
}

static inline void run_program(const ad_program *p, const double *x, double *y)
{
    ad_error error = {AD_OK, ""};
    ad_program_run(p, x, y, NULL, &error);
    ck_assert_str_eq(error.text, "");
}

#endif
