/* Floats of 16 bits, which files and other libraries have and adze has not. f32 holds each of them exactly. */
#ifndef ADZE_ARRAY_HALF_H
#define ADZE_ARRAY_HALF_H

#include <stdint.h>
#include <string.h>

static inline float ad_float_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* bfloat16: the upper half of an f32. */
static inline float ad_float_of_bfloat16(uint16_t bits)
{
    return ad_float_of_bits((uint32_t)bits << 16);
}

/* float16 (IEEE 754 binary16): a sign, 5 bits of exponent, 10 of fraction. */
static inline float ad_float_of_float16(uint16_t bits)
{
    uint32_t sign = (uint32_t)(bits >> 15) << 31, exponent = bits >> 10 & 31,
             fraction = bits & 1023;
    if (exponent == 0) /* 0 and subnormal numbers */
        return (sign ? -0x1p-24f : 0x1p-24f) * (float)fraction;
    uint32_t wide = exponent == 31 ? 255 : exponent + (127 - 15); /* 31: infinity, NaN */
    return ad_float_of_bits(sign | wide << 23 | fraction << 13);
}

#endif
