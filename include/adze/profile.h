/* Profiles: where the time of a computation goes, by operation and source line.
 *
 *     ad_profile *profile = ad_profile_new(NULL);
 *     ad_tape_profile(tape, profile);                 from here on
 *     ... record, sweep, reset, as often as you like ...
 *     ad_tape_profile(tape, NULL);                    the end
 *     ad_profile_print(profile, stdout);              a table
 *     ad_profile_print_stacks(profile, file);         for a flame graph
 *     ad_profile_free(profile);
 *
 * A profile counts and times calls of rules (op.h): forward kernels, pullbacks, jvps, curvatures. It
 * outlives resets, and the tape. Its time is that of a clock, with the work of a pool's threads.
 * An operation that only makes a view of its operand runs no forward kernel and has no time then.
 *
 * A profile belongs to one thread at a time, as tapes do; several tapes of a thread may share it.
 * Profiling takes about 0.1 microseconds a call of a rule. A tape without a profile pays nothing; and it
 * records elementwise operations on few numbers, and pulls back those on many, in about half the time,
 * since it need not call their rules one by one. */
#ifndef ADZE_PROFILE_H
#define ADZE_PROFILE_H

#include "adze/tape.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_profile ad_profile;

/* NULL if memory ran out. The allocator may be NULL: the C library's. */
AD_API AD_MUST_USE ad_profile *ad_profile_new(const ad_allocator *allocator);

/* p may be NULL. No tape may still use it. */
AD_API void ad_profile_free(ad_profile *p);

/* Adds the tape's calls of rules to p from now on, those of functions inside functions
 * (functions.h) included. Borrows p until it is called with another one, or with NULL, which ends
 * profiling, or until the tape's end. */
AD_API void ad_tape_profile(ad_tape *t, ad_profile *p);

typedef enum ad_rule {
    AD_RULE_FORWARD,   /* computes results */
    AD_RULE_PULLBACK,  /* cotangents of operands, in reverse sweeps */
    AD_RULE_JVP,       /* tangents of results */
    AD_RULE_CURVATURE, /* second derivatives */
    AD_RULE_COUNT
} ad_rule;

/* All calls of an operation's rules at one source line. */
typedef struct ad_profile_row {
    size_t size;
    const char *op;
    const char *source_line;             /* where it was recorded, "net.c:12", or NULL */
    const struct ad_profile_row *within; /* the row whose rule evaluated the function that recorded
                                            it, such as that of a checkpoint; or NULL */
    ad_rule within_rule;                 /* which of that row's rules */
    uint64_t calls[AD_RULE_COUNT];
    double seconds[AD_RULE_COUNT]; /* without those of rows within this one */
    uint64_t bytes;                /* of all results that forward kernels have computed */
} ad_profile_row;

/* The i-th row, in the order of first calls; NULL if there are no more. Rows stay where they are,
 * and count on, until the profile is freed. If memory for rows runs out, calls go into a last row
 * whose op is "others", and nothing fails. */
AD_API const ad_profile_row *ad_profile_at(const ad_profile *p, size_t i);

/* Writes a table, the longest row first. AD_MEMORY if there is none for sorting; AD_FILE if the
 * stream reports an error. */
AD_API ad_status ad_profile_print(const ad_profile *p, FILE *out);

/* Writes folded stacks, which programs that draw flame graphs read: a line for each row and rule,
 * its frames from the outside in, then nanoseconds.
 *
 *     forward;net.c:12;matmul 51234
 *     pullback;net.c:20;checkpoint;forward;net.c:15;exp 730 */
AD_API ad_status ad_profile_print_stacks(const ad_profile *p, FILE *out);

#ifdef __cplusplus
}
#endif

#endif
