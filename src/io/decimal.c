/* A number is an integer, times a power of ten, times a power of two. Both directions compute it as
 * a large integer, exactly but for what a shift or a division cuts off, of which it is remembered
 * whether it was zero. So half a unit is told from a little more, and the result is the nearest.
 * Usual numbers take two to four limbs. */
#include "io/decimal.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum {
    BASE = 1000000000, /* digits are taken nine at a time */
    BASE_DIGITS = 9,
    /* Halfway between two f64 lie numbers of up to 767 digits; what follows only breaks a tie. */
    MOST_DIGITS = 800,
    /* 10^309 overflows, and below 10^-324 there is no f64. */
    MOST_TENS = 310,
    LEAST_TENS = -400,
    /* 66 bits are to be left of what is divided by 10^1200, which has 3987. */
    LIMBS = 160,
};

typedef struct large {
    size_t n; /* limbs in use, the lowest first; the highest is not 0 */
    bool cut; /* more than zero was cut off below */
    uint32_t limb[LIMBS];
} large;

static void set(large *a, uint64_t value)
{
    a->limb[0] = (uint32_t)value;
    a->limb[1] = (uint32_t)(value >> 32);
    a->n = a->limb[1] ? 2 : a->limb[0] ? 1 : 0;
    a->cut = false;
}

/* a * factor + more */
static void multiply(large *a, uint32_t factor, uint32_t more)
{
    uint64_t carry = more;
    for (size_t i = 0; i < a->n; i++) {
        carry += (uint64_t)a->limb[i] * factor;
        a->limb[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry)
        a->limb[a->n++] = (uint32_t)carry;
}

static void divide(large *a, uint32_t divisor)
{
    uint64_t rest = 0;
    for (size_t i = a->n; i-- > 0;) {
        rest = rest << 32 | a->limb[i];
        a->limb[i] = (uint32_t)(rest / divisor);
        rest %= divisor;
    }
    a->cut |= rest != 0;
    while (a->n > 0 && a->limb[a->n - 1] == 0)
        a->n--;
}

static void shift_left(large *a, size_t bits)
{
    size_t limbs = bits / 32, rest = bits % 32;
    multiply(a, (uint32_t)1 << rest, 0);
    if (a->n == 0)
        return;
    memmove(a->limb + limbs, a->limb, a->n * sizeof *a->limb);
    memset(a->limb, 0, limbs * sizeof *a->limb);
    a->n += limbs;
}

static void shift_right(large *a, size_t bits)
{
    size_t limbs = bits / 32 < a->n ? bits / 32 : a->n;
    for (size_t i = 0; i < limbs; i++)
        a->cut |= a->limb[i] != 0;
    a->n -= limbs;
    memmove(a->limb, a->limb + limbs, a->n * sizeof *a->limb);
    divide(a, (uint32_t)1 << bits % 32);
}

/* a * 2^bits */
static void scale_by_twos(large *a, int bits)
{
    if (bits >= 0)
        shift_left(a, (size_t)bits);
    else
        shift_right(a, (size_t)-bits);
}

/* a * 10^tens * 2^twos. What is to be divided is shifted before, so that it has bits enough. */
static void scale(large *a, int tens, int twos)
{
    static const uint32_t powers[] = {1,      10,      100,      1000,     10000,
                                      100000, 1000000, 10000000, 100000000};
    for (; tens >= BASE_DIGITS; tens -= BASE_DIGITS)
        multiply(a, BASE, 0);
    if (tens > 0)
        multiply(a, powers[tens], 0);
    scale_by_twos(a, twos);
    for (; tens <= -BASE_DIGITS; tens += BASE_DIGITS)
        divide(a, BASE);
    if (tens < 0)
        divide(a, powers[-tens]);
}

static int bits_of(const large *a)
{
    int bits = 32 * (int)a->n;
    for (uint32_t top = a->n ? a->limb[a->n - 1] : UINT32_MAX; !(top >> 31); top <<= 1)
        bits--;
    return bits;
}

/* a / 2, which fits a word, to the nearest even: the lowest bit of a is the half. */
static uint64_t round_half(const large *a, bool *exact)
{
    uint64_t word = (a->n > 0 ? a->limb[0] : 0) | (a->n > 1 ? (uint64_t)a->limb[1] << 32 : 0);
    *exact = !(word & 1) && !a->cut;
    return word / 2 + ((word & 1) && (a->cut || (word & 2)));
}

/* ---- from decimal ----------------------------------------------------------------------- */

/* a * 10^tens as a float. a is lost. */
static ad_decimal nearest(large *a, int tens, ad_type type, double *value)
{
    const int precision = type == AD_F32 ? FLT_MANT_DIG : DBL_MANT_DIG;
    const int lowest = type == AD_F32 ? FLT_MIN_EXP - FLT_MANT_DIG : DBL_MIN_EXP - DBL_MANT_DIG;
    int below =
        tens < 0 ? 67 - tens * 3322 / 1000 - bits_of(a) : 0; /* log2(10) is less than 3.322 */
    below = below > 0 ? below : 0;
    scale(a, tens, below);
    int unit = bits_of(a) - below - precision; /* 2^unit is what the last bit of the float counts */
    unit = unit > lowest ? unit : lowest;
    scale_by_twos(a, 1 - below - unit);
    bool exact;
    *value = ldexp((double)round_half(a, &exact), unit);
    if (*value > (type == AD_F32 ? (double)FLT_MAX : DBL_MAX))
        return AD_DECIMAL_TOO_LARGE;
    return exact ? AD_DECIMAL_EXACT : AD_DECIMAL_ROUNDED;
}

/* What is left of a text. */
typedef struct rest {
    const char *at, *end;
} rest;

static int digit(const rest *r)
{
    return r->at < r->end && *r->at >= '0' && *r->at <= '9' ? *r->at - '0' : -1;
}

static bool take(rest *r, char small, char capital)
{
    bool is = r->at < r->end && (*r->at == small || *r->at == capital);
    r->at += is;
    return is;
}

/* Digits are gathered in words of nine. */
typedef struct digits {
    large all;
    uint32_t word, power; /* the last few, and ten to the power of their number */
    int count;            /* those kept, without zeros in front */
    int64_t tens;         /* the number is all of them times 10^tens */
    bool any;
} digits;

static void flush(digits *d)
{
    multiply(&d->all, d->power, d->word);
    d->word = 0;
    d->power = 1;
}

static void add_digit(digits *d, int next)
{
    if (d->count == 0 && next == 0)
        return;
    if (d->count == MOST_DIGITS) {
        d->all.cut |= next != 0;
        d->tens++;
        return;
    }
    d->count++;
    d->word = d->word * 10 + (uint32_t)next;
    d->power *= 10;
    if (d->power == BASE)
        flush(d);
}

static void take_digits(rest *r, digits *d, bool behind_point)
{
    for (int next; (next = digit(r)) >= 0; r->at++) {
        add_digit(d, next);
        d->tens -= behind_point;
        d->any = true;
    }
}

/* False if there is an e without a number. */
static bool take_exponent(rest *r, int64_t *tens)
{
    static const int64_t enough = INT64_MAX / 100; /* beyond it only zeros of that number help */
    if (!take(r, 'e', 'E'))
        return true;
    bool minus = take(r, '-', '-');
    if (!minus)
        take(r, '+', '+');
    if (digit(r) < 0)
        return false;
    int64_t exponent = 0;
    for (int next; (next = digit(r)) >= 0; r->at++)
        if (exponent < enough)
            exponent = exponent * 10 + next;
    *tens += minus ? -exponent : exponent;
    return true;
}

static ad_decimal read_digits(rest r, char point, ad_type type, double *value)
{
    digits d;
    d.word = 0;
    d.power = 1;
    d.count = 0;
    d.tens = 0;
    d.any = false;
    set(&d.all, 0);
    take_digits(&r, &d, false);
    if (take(&r, point, point))
        take_digits(&r, &d, true);
    if (!d.any || !take_exponent(&r, &d.tens) || r.at < r.end)
        return AD_DECIMAL_NONE;
    flush(&d);
    *value = 0;
    if (d.count == 0)
        return AD_DECIMAL_EXACT;
    if (d.tens + d.count > MOST_TENS)
        return AD_DECIMAL_TOO_LARGE;
    if (d.tens + d.count < LEAST_TENS)
        return AD_DECIMAL_ROUNDED;
    return nearest(&d.all, (int)d.tens, type, value);
}

/* Without tolower, which depends on the locale: to a Turkish one the capital of i is not I. */
bool ad_is_word(const char *text, size_t n, const char *small)
{
    rest r = {text, text + n};
    for (; *small; small++)
        if (!take(&r, *small, *small >= 'a' ? (char)(*small - 'a' + 'A') : *small))
            return false;
    return r.at == r.end;
}

ad_decimal ad_decimal_read(const char *text, size_t n, char point, ad_type type, double *value)
{
    rest r = {text, text + n};
    bool minus = take(&r, '-', '-');
    if (!minus)
        take(&r, '+', '+');
    double size;
    size_t left = (size_t)(r.end - r.at);
    ad_decimal how = AD_DECIMAL_EXACT;
    if (ad_is_word(r.at, left, "inf") || ad_is_word(r.at, left, "infinity"))
        size = (double)INFINITY;
    else if (ad_is_word(r.at, left, "nan"))
        size = (double)NAN;
    else
        how = read_digits(r, point, type, &size);
    if (how >= AD_DECIMAL_ROUNDED)
        *value = minus ? -size : size;
    return how;
}

/* ---- to decimal ------------------------------------------------------------------------- */

/* Decimal digits d1 d2 ... as an integer: the number is d1.d2... * 10^exponent. */
typedef struct decimal {
    uint64_t digits;
    int count, exponent;
} decimal;

static uint64_t power_of_ten(int n)
{
    uint64_t power = 1;
    while (n-- > 0)
        power *= 10;
    return power;
}

/* The nearest number of so many digits. The exponent of 2^(bits - 1), which is not above the value,
 * is that of the value or less by one. */
static decimal round_to(int count, uint64_t mantissa, int bits)
{
    int tens = (bits - 1) * 30103; /* log10(2) */
    decimal d = {.count = count, .exponent = tens / 100000 - (tens % 100000 < 0)};
    for (;; d.exponent++) {
        large a;
        bool exact;
        set(&a, mantissa);
        scale(&a, count - 1 - d.exponent, bits - DBL_MANT_DIG + 1);
        d.digits = round_half(&a, &exact);
        if (d.digits < power_of_ten(count))
            return d;
    }
}

static bool reads_back(const decimal *d, ad_type type, double value)
{
    large a;
    double back = 0;
    set(&a, d->digits);
    if (nearest(&a, d->exponent - d->count + 1, AD_F64, &back) < AD_DECIMAL_ROUNDED)
        return false;
    if (type == AD_F64)
        return back == value;
    set(&a, d->digits);
    return (double)(float)back == value &&
           nearest(&a, d->exponent - d->count + 1, AD_F32, &back) >= AD_DECIMAL_ROUNDED &&
           back == value;
}

/* Any decimal of DBL_DIG digits survives the way through a f64, so fewer need no trial, except
 * below the normal numbers: there f64 has fewer digits. */
static decimal shortest(ad_type type, double value)
{
    int bits;
    uint64_t mantissa = (uint64_t)ldexp(frexp(value, &bits), DBL_MANT_DIG);
    bool single = type == AD_F32, normal = value >= (single ? (double)FLT_MIN : DBL_MIN);
    int least = single ? FLT_DIG : DBL_DIG, most = single ? FLT_DECIMAL_DIG : DBL_DECIMAL_DIG;
    decimal d = round_to(normal ? least : 1, mantissa, bits);
    while (d.count < most && !reads_back(&d, type, value))
        d = round_to(d.count + 1, mantissa, bits);
    for (; d.digits % 10 == 0; d.count--)
        d.digits /= 10;
    return d;
}

/* Digits from `at` with a mark before the digit number `point`; zeros where there are none. */
static char *put_digits(char *at, const decimal *d, int point, char mark)
{
    int first = point < 1 ? point - 1 : 0, last = d->count > point ? d->count : point;
    for (int i = first; i < last; i++) {
        if (i == point)
            *at++ = mark;
        bool given = i >= 0 && i < d->count;
        *at++ = (char)('0' + (given ? d->digits / power_of_ten(d->count - 1 - i) % 10 : 0));
    }
    return at;
}

static char *put_exponent(char *at, int exponent)
{
    *at++ = 'e';
    if (exponent < 0)
        *at++ = '-';
    exponent = exponent < 0 ? -exponent : exponent;
    for (int power = exponent >= 100 ? 100 : exponent >= 10 ? 10 : 1; power > 0; power /= 10)
        *at++ = (char)('0' + exponent / power % 10);
    return at;
}

size_t ad_decimal_print(ad_type type, double value, char point, char text[AD_DECIMAL_SIZE])
{
    char *at = text;
    if (signbit(value) && !isnan(value))
        *at++ = '-';
    if (isnan(value) || isinf(value) || value == 0) {
        const char *word = isnan(value) ? "NaN" : isinf(value) ? "Inf" : "0";
        strcpy(at, word);
        return strlen(text);
    }
    decimal d = shortest(type, fabs(value));
    bool plain = d.exponent > -5 && d.exponent < 16;
    at = put_digits(at, &d, plain ? d.exponent + 1 : 1, point);
    if (!plain)
        at = put_exponent(at, d.exponent);
    *at = '\0';
    return (size_t)(at - text);
}
