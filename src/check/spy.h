/* An op that watches another. */
#ifndef ADZE_CHECK_SPY_H
#define ADZE_CHECK_SPY_H

#include "adze/op.h"

/* An op that runs another with the same attr and watches the reads and writes of each of its
 * rules. Its objections become the tape's error, AD_DIFFERENT. */
typedef struct ad_spy {
    ad_op op; /* to be applied, with &spy as its attr */
    const ad_op *original;
    const void *attr;
} ad_spy;

void ad_spy_make(ad_spy *spy, const ad_op *original, const void *attr);

#endif
