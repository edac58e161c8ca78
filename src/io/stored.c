/* Numbers are made of their bytes and taken apart into them by arithmetic, so it does not matter in which order the
 * machine keeps them. */
#include "io/stored.h"

#include "array/convert.h"

#include <math.h>
#include <string.h>

typedef struct format {
    const char *name;
    int bits;
    ad_type type, carrier;
} format;

static const format formats[] = {
#define FORMAT(name, bits, type, carrier) {#name, bits, type, carrier},
    AD_STORED_LIST(FORMAT)
#undef FORMAT
};

const char *ad_stored_text(ad_stored s)
{
    return formats[s].name;
}

int ad_stored_bits(ad_stored s)
{
    return formats[s].bits;
}

ad_type ad_stored_type(ad_stored s)
{
    return formats[s].type;
}

ad_type ad_stored_carrier(ad_stored s)
{
    return formats[s].carrier;
}

ad_stored ad_stored_named(const char *name)
{
    unsigned s = 0;
    while (s < AD_STORED_COUNT && strcmp(formats[s].name, name) != 0)
        s++;
    return (ad_stored)s;
}

ad_stored ad_stored_of(ad_type type)
{
    unsigned s = 0;
    while (formats[s].type != type)
        s++;
    return (ad_stored)s;
}

bool ad_stored_as_in_memory(void)
{
    const uint16_t one = 1;
    unsigned char first;
    memcpy(&first, &one, 1);
    return first == 1;
}

/* ---- small floats -------------------------------------------------------------------- */

/* A sign, then exponent, then mantissa. */
typedef struct layout {
    int exponent, mantissa; /* bits */
    bool infinite; /* the largest exponent stands for infinity and NaN; else all ones are NaN */
} layout;

static layout layout_of(ad_stored s)
{
    switch ((int)s) {
    case AD_STORED_F16:
        return (layout){5, 10, true};
    case AD_STORED_BF16:
        return (layout){8, 7, true};
    case AD_STORED_F8_E5M2:
        return (layout){5, 2, true};
    default: /* F8_E4M3 */
        return (layout){4, 3, false};
    }
}

static double power_of_two(int n)
{
    uint64_t bits = (uint64_t)(n + 1023) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

static float widened(layout l, uint64_t word)
{
    int bias = (1 << (l.exponent - 1)) - 1, last = (1 << l.exponent) - 1,
        ones = (1 << l.mantissa) - 1;
    int exponent = (int)(word >> l.mantissa) & last, mantissa = (int)word & ones;
    double size;
    if (exponent == last && (l.infinite || mantissa == ones))
        size = l.infinite && mantissa == 0 ? INFINITY : NAN;
    else if (exponent == 0)
        size = mantissa * power_of_two(1 - bias - l.mantissa);
    else
        size = (mantissa + ones + 1) * power_of_two(exponent - bias - l.mantissa);
    bool negative = word >> (l.exponent + l.mantissa) & 1;
    return (float)(negative ? -size : size);
}

/* x / 2^n, rounded to the nearest, ties to even. x is below 2^54, n above 0. */
static uint64_t divided(uint64_t x, int n)
{
    if (n > 54)
        return 0;
    return (x + ((uint64_t)1 << (n - 1)) - 1 + (x >> n & 1)) >> n;
}

/* A carry out of the mantissa raises the exponent, as it should, up to infinity. */
static uint64_t narrowed(layout l, double x)
{
    uint64_t bits, infinity = (((uint64_t)1 << l.exponent) - 1) << l.mantissa;
    memcpy(&bits, &x, sizeof bits);
    uint64_t sign = bits >> 63 << (l.exponent + l.mantissa);
    if (x != x)
        return sign | infinity | (uint64_t)1 << (l.mantissa - 1);
    uint64_t significand = (bits & (((uint64_t)1 << 52) - 1)) | (uint64_t)1 << 52;
    int bias = (1 << (l.exponent - 1)) - 1, exponent = (int)(bits >> 52 & 0x7ff) - 1023 + bias;
    int beyond = exponent < 1 ? 1 - exponent : 0; /* how far it is below the least normal number */
    uint64_t size = divided(significand, 52 - l.mantissa + beyond);
    if (exponent > 1)
        size += (uint64_t)(exponent - 1) << l.mantissa;
    return sign | (size < infinity ? size : infinity);
}

/* ---- from bytes ---------------------------------------------------------------------- */

static uint64_t word_at(const unsigned char *from, int bytes)
{
    uint64_t word = 0;
    for (int i = bytes; i-- > 0;)
        word = word << 8 | from[i];
    return word;
}

/* Whether the type has negative numbers, which are then extended to all 64 bits. */
static bool is_signed(ad_stored s)
{
    return s == AD_STORED_I8 || s == AD_STORED_I16 || s == AD_STORED_I32;
}

static void put(size_t size, void *to, size_t i, uint64_t word)
{
    unsigned char byte = (unsigned char)word;
    uint32_t half = (uint32_t)word;
    memcpy((char *)to + i * size,
           size == 8   ? (void *)&word
           : size == 4 ? (void *)&half
                       : &byte,
           size);
}

size_t ad_stored_decode(ad_stored s, size_t n, const unsigned char *from, void *to)
{
    const format *f = &formats[s];
    int bytes = f->bits / 8;
    bool small = f->carrier == AD_F32 && s != AD_STORED_F32;
    uint64_t most = s == AD_STORED_BOOL ? 1 : s == AD_STORED_U64 ? INT64_MAX : UINT64_MAX;
    uint64_t sign = is_signed(s) ? (uint64_t)1 << (f->bits - 1) : 0;
    layout l = layout_of(s);
    for (size_t i = 0; i < n; i++) {
        uint64_t word = word_at(from + i * (size_t)bytes, bytes);
        if (word > most)
            return i;
        if (small)
            ((float *)to)[i] = widened(l, word);
        else
            put(ad_type_size(f->carrier), to, i, (word ^ sign) - sign);
    }
    return n;
}

/* ---- into bytes ---------------------------------------------------------------------- */

static uint64_t word_of(ad_type type, const void *from, size_t i)
{
    uint32_t half;
    uint64_t word;
    if (ad_type_size(type) == 1)
        return ((const unsigned char *)from)[i];
    memcpy(&half, (const char *)from + 4 * i, 4);
    if (ad_type_size(type) == 4)
        return half;
    memcpy(&word, (const char *)from + 8 * i, 8);
    return word;
}

void ad_stored_encode(ad_stored s, ad_type type, size_t n, const void *from, unsigned char *to)
{
    int bytes = formats[s].bits / 8;
    bool narrows = formats[s].type != type;
    layout l = layout_of(s);
    for (size_t i = 0; i < n; i++) {
        uint64_t word = narrows ? narrowed(l, ad_float_at(type, from, i)) : word_of(type, from, i);
        for (int k = 0; k < bytes; k++, word >>= 8)
            *to++ = (unsigned char)word;
    }
}
