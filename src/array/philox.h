/* A round of Philox4x32 (Salmon, Moraes, Dror, Shaw 2011), for loops over many counters at once. */
#ifndef ADZE_ARRAY_PHILOX_H
#define ADZE_ARRAY_PHILOX_H

#include "base/cpu.h"

#include <stdint.h>

enum { AD_PHILOX_ROUNDS = 10 };

/* Multiplies two of the counter's words and mixes the halves of the products with the other two and
 * the round's key. */
AD_INLINE void ad_philox_round(uint32_t *x0, uint32_t *x1, uint32_t *x2, uint32_t *x3,
                               uint32_t key0, uint32_t key1)
{
    uint64_t a = (uint64_t)0xD2511F53 * *x0;
    uint64_t b = (uint64_t)0xCD9E8D57 * *x2;
    uint32_t y0 = (uint32_t)(b >> 32) ^ *x1 ^ key0, y2 = (uint32_t)(a >> 32) ^ *x3 ^ key1;
    *x0 = y0;
    *x1 = (uint32_t)b;
    *x2 = y2;
    *x3 = (uint32_t)a;
}

/* The increments of the key's words from round to round. */
#define AD_PHILOX_RISE_0 0x9E3779B9u /* the golden ratio */
#define AD_PHILOX_RISE_1 0xBB67AE85u /* sqrt(3) - 1 */

#endif
