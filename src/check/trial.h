/* One trial of an operation: random operands (cases.c), the operation as a function of them, and
 * messages that name the call. */
#ifndef ADZE_CHECK_TRIAL_H
#define ADZE_CHECK_TRIAL_H

#include "check/parts.h"

enum { AD_CHECK_RESULTS = 8 };

typedef struct ad_trial {
    const ad_op *op;
    const void *attr;
    const ad_check_options *o;
    ad_random r;
    size_t number;
    ad_check_operands x;
    int results;
    ad_shape y[AD_CHECK_RESULTS + 1]; /* the last is for rules that set more than the op has */
    ad_type y_type[AD_CHECK_RESULTS + 1];
    ad_array numbers[AD_CHECK_OPERANDS];
    ad_check_report found;
    bool lost; /* differences of some trial told nothing */
    ad_error *error;
} ad_trial;

/* Reports "check_op: mul([2, 3], [3]) -> [2, 3]: " and the reason; the tape's failure,
 * if it has one. */
ad_status ad_trial_report(const ad_trial *c, ad_status status, const char *format, ...)
    AD_PRINTF(3, 4);
ad_status ad_trial_report_tape(const ad_trial *c, const ad_tape *t);

/* ---- the operation as a function of its float operands --------------------------------- */

enum { AD_ALL_RESULTS = -1 };

typedef struct ad_usage {
    const ad_op *op;
    const void *attr;
    int n;
    ad_view x[AD_CHECK_OPERANDS];  /* all operands */
    int floats[AD_CHECK_OPERANDS]; /* which of them have a derivative */
    int count;                     /* of those */
    bool repeated;                 /* the first of them in the place of all */
    int results;
    int result; /* which of several results it is, or AD_ALL_RESULTS: all of them in one row */
} ad_usage;

/* The use of an op, or of a spy on it, with a trial's operands. */
ad_usage ad_usage_of(const ad_trial *c, const ad_op *op, const void *attr);

/* An ad_function; env is an ad_usage. */
ad_tensor ad_usage_apply(ad_tape *t, const ad_tensor *x, const void *env);
const ad_view *ad_usage_floats(const ad_usage *u, ad_view *x);

#endif
