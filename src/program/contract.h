/* Sums of products that are rounded once, where a user allows it (AD_ALLOW_FMA). */
#ifndef ADZE_PROGRAM_CONTRACT_H
#define ADZE_PROGRAM_CONTRACT_H

#include "program/build.h"

/* Products that have one use, in a sum or difference, become part of it. uses[i] is how often the node i is used, or
 * AD_NO_VALUE: it is not needed. */
void ad_contract(ad_builder *b, uint32_t *uses);

#endif
