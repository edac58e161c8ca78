/* The parts of ad_check_op: an op that watches another, and random operands. */
#ifndef ADZE_CHECK_OP_H
#define ADZE_CHECK_OP_H

#include "check/parts.h"

/* An op that runs another with the same attr, and looks at what each of its rules reads and writes. What
 * it objects to becomes the tape's error, AD_DIFFERENT. */
typedef struct ad_spy {
    ad_op op; /* to be applied, with &spy as its attr */
    const ad_op *original;
    const void *attr;
} ad_spy;

void ad_spy_make(ad_spy *spy, const ad_op *original, const void *attr);

/* Operands for one trial: types and shapes that the op's rules take, or a sampler's. */
typedef struct ad_trial {
    const ad_op *op;
    const void *attr;
    const ad_check_options *o;
    ad_random r;
    size_t number;
    ad_check_operands x;
    ad_shape y; /* the result's */
    ad_array numbers[AD_CHECK_OPERANDS];
    ad_check_report found;
    bool lost; /* differences of some trial told nothing */
    ad_error *error;
} ad_trial;

ad_status ad_trial_begin(ad_trial *trial);
void ad_trial_end(ad_trial *trial);

/* The numbers of an array at strides of a random kind, with NaN between them: in memory of their own, to
 * be freed, whose data is NULL when memory ran out. */
ad_array ad_trial_scatter(ad_trial *trial, const ad_array *a, ad_view *v);

/* Reports "check_op: mul([2, 3], [3]) -> [2, 3]: " and what is wrong; the tape's failure, if any. */
ad_status ad_trial_report(const ad_trial *c, ad_status status, const char *format, ...)
    AD_PRINTF(3, 4);
ad_status ad_trial_report_tape(const ad_trial *c, const ad_tape *t);

/* ---- the operation as a function of its float operands --------------------------------- */

typedef struct ad_usage {
    const ad_op *op;
    const void *attr;
    int n;
    ad_view x[AD_CHECK_OPERANDS];  /* all operands */
    int floats[AD_CHECK_OPERANDS]; /* which of them have a derivative */
    int count;                     /* of those */
    bool repeated;                 /* the first of them in the place of all */
} ad_usage;

/* An ad_function; env is an ad_usage. */
ad_tensor ad_usage_apply(ad_tape *t, const ad_tensor *x, const void *env);
const ad_view *ad_usage_floats(const ad_usage *u, ad_view *x);

/* ---- checks; a failure is in c->error -------------------------------------------------- */

/* u is run on the tape; spied through a spy. */
ad_status ad_check_jvp(const ad_trial *c, ad_tape *t, const ad_usage *spied);
ad_status ad_check_curvature(const ad_trial *c, ad_tape *t, const ad_usage *spied,
                             const ad_usage *u);

/* Values and gradients of a against those of b, within a tolerance times the largest number. How says
 * what is special about a. AD_OK where the op refuses one of them as AD_BAD_TYPE. */
ad_status ad_check_same(const ad_trial *c, ad_tape *t[2], const char *how, const ad_usage *a,
                        const ad_usage *b, double tolerance);

/* From operands at strides, and in f32. */
ad_status ad_check_strides(ad_trial *c, ad_tape *t[2], const ad_usage *u);
ad_status ad_check_f32(const ad_trial *c, ad_tape *t[2], const ad_usage *u);

#endif
