/* What patterns need to know of operations: where their derivatives are 0 everywhere. It is read off the
 * derivatives themselves. */
#ifndef ADZE_PROGRAM_LINEARITY_H
#define ADZE_PROGRAM_LINEARITY_H

#include "program/slopes.h"

typedef struct ad_linearity {
    bool knows_first[AD_PROGRAM_OP_COUNT], knows_second[AD_PROGRAM_OP_COUNT];
    uint8_t first[AD_PROGRAM_OP_COUNT];     /* bit k: the derivative by operand k is not 0 */
    uint8_t second[AD_PROGRAM_OP_COUNT][3]; /* [k], bit l: that by operands k and l is not 0 */
} ad_linearity;

void ad_linearity_read_first(ad_linearity *l, uint32_t op);
void ad_linearity_read_second(ad_linearity *l, uint32_t op);

static inline uint8_t ad_first_of(ad_linearity *l, uint32_t op)
{
    if (!l->knows_first[op])
        ad_linearity_read_first(l, op);
    return l->first[op];
}

static inline const uint8_t *ad_second_of(ad_linearity *l, uint32_t op)
{
    if (!l->knows_second[op])
        ad_linearity_read_second(l, op);
    return l->second[op];
}

#endif
