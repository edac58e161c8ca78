/* Checks of numbers (AD_CHECK_NUMBERS). */
#ifndef ADZE_TAPE_WATCH_H
#define ADZE_TAPE_WATCH_H

#include "tape/rule.h"

/* Numbers that a rule of n has computed, row by row: its result, or the cotangent or tangent
 * of one of its values. */
typedef struct ad_outcome {
    ad_rule rule;
    const char *what;         /* the result, ... */
    int operand;              /* the operand that the numbers belong to, or -1 */
    int result;               /* the number of the result that they belong to, or -1 */
    const ad_node *n;         /* the first result */
    const uint32_t *operands; /* [arity] nodes */
    const ad_view *x;         /* [arity] */
    ad_view numbers;
    const ad_view *dys; /* [results], or NULL */
} ad_outcome;

bool ad_all_finite(ad_isa isa, unsigned type, const void *numbers, size_t count);

/* Always false, with an error that describes the first bad number. */
bool ad_not_finite(ad_tape *t, const ad_outcome *o);

#endif
