/* An op that watches another. */
#ifndef ADZE_CHECK_SPY_H
#define ADZE_CHECK_SPY_H

#include "adze/op.h"

/* An op that runs another with the same attr, and looks at what each of its rules reads and writes.
 * What it objects to becomes the tape's error, AD_DIFFERENT. */
typedef struct ad_spy {
    ad_op op; /* to be applied, with &spy as its attr */
    const ad_op *original;
    const void *attr;
} ad_spy;

void ad_spy_make(ad_spy *spy, const ad_op *original, const void *attr);

#endif
