/* What patterns need to know of operations: where their derivatives are 0 everywhere. It is read off the
 * derivatives themselves, once for each operation that there is. */
#ifndef ADZE_PROGRAM_LINEARITY_H
#define ADZE_PROGRAM_LINEARITY_H

#include "program/slopes.h"

enum { AD_LINEARITY_KNOWN = 0x80 };

/* Begins with zeros. Private: see the functions below. */
typedef struct ad_linearity {
    uint8_t first[AD_PROGRAM_OP_COUNT]; /* AD_LINEARITY_KNOWN, and */
    uint8_t second[AD_PROGRAM_OP_COUNT][3];
    uint8_t any_second[AD_PROGRAM_OP_COUNT]; /* AD_LINEARITY_KNOWN, and whether one is not 0 */
} ad_linearity;

uint8_t ad_linearity_read_first(ad_linearity *l, uint32_t op);
uint8_t ad_linearity_read_second(ad_linearity *l, uint32_t op);

/* Bit k: the derivative by operand k is not 0 everywhere. */
static inline uint8_t ad_first_of(ad_linearity *l, uint32_t op)
{
    uint8_t first = l->first[op];
    return (first ? first : ad_linearity_read_first(l, op)) & 7;
}

static inline bool ad_is_linear(ad_linearity *l, uint32_t op)
{
    uint8_t any = l->any_second[op];
    return (any ? any : ad_linearity_read_second(l, op)) == AD_LINEARITY_KNOWN;
}

/* Bit l: the derivative by operands k and l is not 0 everywhere. Ask ad_is_linear before. */
static inline uint8_t ad_second_of(const ad_linearity *l, uint32_t op, uint32_t k)
{
    return l->second[op][k];
}

#endif
