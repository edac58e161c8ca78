/* What a tape holds, in an expression. */
#ifndef ADZE_TESTS_MEASURED_H
#define ADZE_TESTS_MEASURED_H

#include "adze/tape.h"

#include <check.h>

static inline ad_tape_info measured(const ad_tape *t)
{
    ad_tape_info info = {.size = sizeof info};
    ck_assert_int_eq(ad_tape_measure(t, &info), AD_OK);
    return info;
}

#endif
