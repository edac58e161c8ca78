/* What tests of single numbers share: recorders, and comparisons. */
#ifndef ADZE_TESTS_NUMBERS_H
#define ADZE_TESTS_NUMBERS_H

#include "allocator.h"
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <string.h>

static inline ad_recorder *recorder_with(unsigned keep)
{
    ad_recorder_options options = {.size = sizeof options, .keep = keep};
    ad_recorder *r = ad_recorder_new(&options);
    ck_assert_ptr_nonnull(r);
    return r;
}

static inline ad_recorder *recorder_in(test_allocator *memory, unsigned keep)
{
    ad_recorder_options options = {
        .size = sizeof options, .allocator = &memory->base, .keep = keep};
    return ad_recorder_new(&options);
}

static inline ad_recorder_info size_of(const ad_recorder *r)
{
    ad_recorder_info info = {.size = sizeof info};
    ck_assert_int_eq(ad_recorder_measure(r, &info), AD_OK);
    return info;
}

static inline void expect_good(const ad_recorder *r)
{
    ck_assert_str_eq(ad_recorder_error(r), "");
    ck_assert_int_eq(ad_recorder_status(r), AD_OK);
}

/* A failure whose message has this in it. */
static inline void expect_failure(const ad_recorder *r, ad_status status, const char *text)
{
    ck_assert_msg(strstr(ad_recorder_error(r), text), "\"%s\" is not in \"%s\"", text,
                  ad_recorder_error(r));
    ck_assert_msg(ad_recorder_status(r) == status, "%s", ad_recorder_error(r));
}

/* All NaNs are the same number. */
static inline bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (a != a && b != b);
}

/* Both zeros are the same number, too. */
static inline bool same_number(double a, double b)
{
    return a == b || (a != a && b != b);
}

/* Whether they differ by no more than this part of the greater one, or by less than this part of 1. */
static inline bool near(double a, double b, double part)
{
    return same_number(a, b) ||
           (isfinite(a) && isfinite(b) && fabs(a - b) <= part * fmax(1, fmax(fabs(a), fabs(b))));
}

#define expect_near(a, b, part)                                                        \
    do {                                                                               \
        double a_ = (a), b_ = (b);                                                     \
        ck_assert_msg(near(a_, b_, part), "%s is %.17g, %s is %.17g", #a, a_, #b, b_); \
    } while (0)

static inline double slope_by(ad_real y, ad_real x)
{
    double slope = 42;
    ck_assert_int_eq(ad_real_gradient(y, 1, &x, &slope), AD_OK);
    return slope;
}

#endif
