/* Elementary functions for loops over numbers: exp, expm1, log, log1p, tanh, sigmoid. (sin and cos
 * are in kernels/trigonometric.h.)
 *
 * Each is a straight line of + - * /, integer operations and selections, so that a compiler turns
 * a loop of calls into vectors of whatever width the machine has, and so that the bits are the
 * same on every machine: IEEE 754 fixes those operations, as long as no a * b + c is fused
 * (-ffp-contract=off). Only a NaN's sign and payload are the machine's. Nothing here is a table
 * or a branch. For denormals, signed zeros, infinities and NaN, Annex F of C holds.
 *
 * Largest errors, in units of the last place: f32 over all 2^32 numbers, f64 over 10^8 of every
 * kind.
 *
 *           exp   expm1  log   log1p  tanh  sigmoid
 *     f32   0.79  1.25   0.84  1.24   1.93  1.68
 *     f64   0.78  1.22   0.81  1.15   1.90  1.72
 *
 * The polynomials are minimax approximations; scripts/minimax derives them. Their errors, as
 * stated, are relative to the function's result. */
#ifndef ADZE_KERNELS_ELEMENTARY_H
#define ADZE_KERNELS_ELEMENTARY_H

#include "base/cpu.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#define AD_EXP(x)     _Generic((x), float : ad_exp_f32, double : ad_exp_f64)(x)
#define AD_EXPM1(x)   _Generic((x), float : ad_expm1_f32, double : ad_expm1_f64)(x)
#define AD_LOG(x)     _Generic((x), float : ad_log_f32, double : ad_log_f64)(x)
#define AD_LOG1P(x)   _Generic((x), float : ad_log1p_f32, double : ad_log1p_f64)(x)
#define AD_TANH(x)    _Generic((x), float : ad_tanh_f32, double : ad_tanh_f64)(x)
#define AD_SIGMOID(x) _Generic((x), float : ad_sigmoid_f32, double : ad_sigmoid_f64)(x)

/* ---- bits -------------------------------------------------------------------------- */

AD_INLINE uint32_t ad_bits_f32(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

AD_INLINE float ad_from_bits_f32(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

AD_INLINE uint64_t ad_bits_f64(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

AD_INLINE double ad_from_bits_f64(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* ---- exp --------------------------------------------------------------------------- *
 *
 * exp(x) = 2^n exp(r) with n the integer nearest to x / ln 2, so that |r| <= ln 2 / 2. Adding
 * 1.5 2^52 (2^23 in f32) rounds to an integer, and leaves it in the low bits of the sum. ln 2 is
 * in two parts, of which n times the first is exact.
 *
 * exp(r) = 1 + r + r^2 q(r) comes as a sum of two numbers, hi = 1 + r rounded, and lo: what the
 * rounding left, and the rest. What is computed from it rounds only then. */

typedef struct ad_exp_parts_f32 {
    float hi, lo;
    uint32_t k; /* n + 254 in the low bits */
} ad_exp_parts_f32;

typedef struct ad_exp_parts_f64 {
    double hi, lo;
    uint64_t k; /* n + 2046 in the low bits */
} ad_exp_parts_f64;

/* Error of the polynomial 2^-28. */
AD_INLINE ad_exp_parts_f32 ad_exp_split_f32(float x)
{
    const float round = 0x1.8p23f + 254;
    float sum = x * 0x1.715476p+0f + round, n = sum - round;
    float near = x - n * 0x1.62e4p-1f, rest = n * 0x1.7f7d1cp-20f;
    float r = near - rest, r2 = r * r;
    float q = (0x1.fffffcp-2f + r * 0x1.555492p-3f) +
              r2 * ((0x1.5558f2p-5f + r * 0x1.123a2p-7f) + r2 * 0x1.6a23d2p-10f);
    float hi = 1 + near, lost = near - (hi - 1);
    return (ad_exp_parts_f32){hi, (lost - rest) + r2 * q, ad_bits_f32(sum)};
}

/* Error of the polynomial 2^-56.3. */
AD_INLINE ad_exp_parts_f64 ad_exp_split_f64(double x)
{
    const double round = 0x1.8p52 + 2046;
    double sum = x * 0x1.71547652b82fep+0 + round, n = sum - round;
    double near = x - n * 0x1.62e42fefa4p-1, rest = n * -0x1.8432a1b0e2634p-43;
    double r = near - rest, r2 = r * r, r4 = r2 * r2;
    double q = (0x1.000000000000ap-1 + r * 0x1.55555555554f9p-3) +
               r2 * (0x1.555555555083ep-5 + r * 0x1.1111111127d1cp-7);
    double tail = (0x1.6c16c18438b1p-10 + r * 0x1.a01a012a0b31ap-13) +
                  r2 * (0x1.a01999e260265p-16 + r * 0x1.71df25bb87cp-19);
    q += r4 * (tail + r4 * (0x1.28ad9b8867f6cp-22 + r * 0x1.ad7f31ed9ab51p-26));
    double hi = 1 + near, lost = near - (hi - 1);
    return (ad_exp_parts_f64){hi, (lost - rest) + r2 * q, ad_bits_f64(sum)};
}

/* 2^n is applied as two factors, since it may itself be out of range: the rounding of a denormal
 * result is the last step. With n + 254 in the low bits (n + 2046), half of them is the first
 * factor's biased exponent, and the rest the second's. For -105 <= x <= 89 (-746, 710). */
AD_INLINE float ad_exp_inside_f32(float x)
{
    ad_exp_parts_f32 e = ad_exp_split_f32(x);
    uint32_t half = e.k >> 1;
    return (e.hi + e.lo) * ad_from_bits_f32(half << 23) * ad_from_bits_f32((e.k - half) << 23);
}

AD_INLINE double ad_exp_inside_f64(double x)
{
    ad_exp_parts_f64 e = ad_exp_split_f64(x);
    uint64_t half = e.k >> 1;
    return (e.hi + e.lo) * ad_from_bits_f64(half << 52) * ad_from_bits_f64((e.k - half) << 52);
}

AD_INLINE float ad_exp_f32(float x)
{
    float y = ad_exp_inside_f32(x);
    y = x > 89 ? INFINITY : y;
    return x < -105 ? 0 : y;
}

AD_INLINE double ad_exp_f64(double x)
{
    double y = ad_exp_inside_f64(x);
    y = x > 710 ? (double)INFINITY : y;
    return x < -746 ? 0 : y;
}

/* ---- expm1, tanh, sigmoid ---------------------------------------------------------- */

/* (2^n hi - 1) + 2^n lo, where 1 is taken from hi exactly while it matters. With half of 2^n, which
 * does not overflow. */
AD_INLINE float ad_expm1_f32(float x)
{
    ad_exp_parts_f32 e = ad_exp_split_f32(x);
    float half = ad_from_bits_f32((e.k - 128) << 23);
    float y = 2 * ((half * e.hi - 0.5f) + half * e.lo);
    y = fabsf(x) < 0x1p-25f ? x : y;
    y = x > 89 ? INFINITY : y;
    return x < -20 ? -1 : y;
}

AD_INLINE double ad_expm1_f64(double x)
{
    ad_exp_parts_f64 e = ad_exp_split_f64(x);
    double half = ad_from_bits_f64((e.k - 1024) << 52);
    double y = 2 * ((half * e.hi - 0.5) + half * e.lo);
    y = fabs(x) < 0x1p-54 ? x : y;
    y = x > 710 ? (double)INFINITY : y;
    return x < -40 ? -1 : y;
}

/* With e = exp(2 |x|) - 1 and q = e / (e + 2), tanh(|x|) is q. More exactly, it is (e - e q) / 2 up
 * to e = 2, where an error of q matters less, and 1 - 2 / (e + 2) from there. */
AD_INLINE float ad_tanh_f32(float x)
{
    float a = fabsf(x);
    ad_exp_parts_f32 p = ad_exp_split_f32(2 * a);
    float power = ad_from_bits_f32((p.k - 127) << 23);
    float e = (power * p.hi - 1) + power * p.lo;
    float q = (e > 2 ? 2 : e) / (e + 2);
    float y = e > 2 ? 1 - q : 0.5f * (e - e * q);
    return copysignf(a > 10 ? 1 : y, x);
}

AD_INLINE double ad_tanh_f64(double x)
{
    double a = fabs(x);
    ad_exp_parts_f64 p = ad_exp_split_f64(2 * a);
    double power = ad_from_bits_f64((p.k - 1023) << 52);
    double e = (power * p.hi - 1) + power * p.lo;
    double q = (e > 2 ? 2 : e) / (e + 2);
    double y = e > 2 ? 1 - q : 0.5 * (e - e * q);
    return copysign(a > 20 ? 1 : y, x);
}

/* With e = exp(-|x|) and q = e / (1 + e): 1 / (1 + exp(-x)) = 1 - q, or q where x < 0; better than q,
 * e - e q. */
AD_INLINE float ad_sigmoid_f32(float x)
{
    float a = -fabsf(x), e = ad_exp_inside_f32(a);
    e = a < -105 ? 0 : e;
    float whole = x < 0 ? e : 1;
    return whole - whole * (e / (1 + e));
}

AD_INLINE double ad_sigmoid_f64(double x)
{
    double a = -fabs(x), e = ad_exp_inside_f64(a);
    e = a < -746 ? 0 : e;
    double whole = x < 0 ? e : 1;
    return whole - whole * (e / (1 + e));
}

/* ---- log --------------------------------------------------------------------------- *
 *
 * x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2), and log(x) = k ln 2 + log(1 + f). With
 * s = f / (2 + f), log(1 + f) = 2 atanh(s) = 2s + s R(s^2). Since 2s = f - s f and
 * s f = f^2/2 - s f^2/2, that is f - (f^2/2 - s (f^2/2 + R)): f itself, which is exact, less
 * something small. */

/* log(1 + f) + k ln 2; error of R 2^-30. */
AD_INLINE float ad_log_part_f32(float f, float k)
{
    float s = f / (2 + f), z = s * s, h = 0.5f * f * f;
    float R = z * (0x1.55557ap-1f + z * (0x1.995eaap-2f + z * 0x1.31e4b4p-2f));
    return k * 0x1.62e4p-1f - ((h - (s * (h + R) + k * 0x1.7f7d1cp-20f)) - f);
}

/* The same; error of R 2^-58.9. */
AD_INLINE double ad_log_part_f64(double f, double k)
{
    double s = f / (2 + f), z = s * s, z2 = z * z, h = 0.5 * f * f;
    double R =
        (0x1.5555555555593p-1 + z * 0x1.999999997fc75p-2) +
        z2 * ((0x1.24924942045d9p-2 + z * 0x1.c71c51f8acdacp-3) +
              z2 * ((0x1.7466428a4762p-3 + z * 0x1.39a157da78e4ap-3) + z2 * 0x1.2f0979744d02p-3));
    R *= z;
    return k * 0x1.62e42fefa4p-1 - ((h - (s * (h + R) + k * -0x1.8432a1b0e2634p-43)) - f);
}

/* The exponent is taken from the bits after a shift that makes it change at sqrt(1/2). That of a denormal
 * number is found from a larger one, and may be negative in f32; in f64, 64 keeps it positive. */
AD_INLINE float ad_log_f32(float x)
{
    const uint32_t root = 0x3f3504f3, one = 0x3f800000; /* the bits of sqrt(1/2) and of 1 */
    uint32_t bits =
        (x < FLT_MIN ? ad_bits_f32(x * 0x1p25f) - ((uint32_t)25 << 23) : ad_bits_f32(x)) +
        (one - root);
    float k = (float)((int32_t)bits >> 23) - 127;
    float y = ad_log_part_f32(ad_from_bits_f32((bits & 0x7fffff) + root) - 1, k);
    y = x < INFINITY ? y : x;
    return x > 0 ? y : x == 0 ? -INFINITY : NAN;
}

/* OR-ing an integer below 2^52 into the bits of 2^52 adds it. */
AD_INLINE double ad_log_f64(double x)
{
    const uint64_t root = 0x3fe6a09e667f3bcd, one = 0x3ff0000000000000;
    uint64_t bits = x < DBL_MIN ? ad_bits_f64(x * 0x1p54) - ((uint64_t)54 << 52) : ad_bits_f64(x);
    bits += (one - root) + ((uint64_t)64 << 52);
    double k = ad_from_bits_f64((bits >> 52) | ad_bits_f64(0x1p52)) - (0x1p52 + 1023 + 64);
    double y = ad_log_part_f64(ad_from_bits_f64((bits & 0xfffffffffffff) + root) - 1, k);
    y = x < (double)INFINITY ? y : x;
    return x > 0 ? y : x == 0 ? -(double)INFINITY : (double)NAN;
}

/* ---- log1p ------------------------------------------------------------------------- *
 *
 * With u = 1 + x rounded, and d what the rounding left, log(1 + x) = log(u) + d / u. Where u needs
 * no scaling, f is x itself. */

AD_INLINE float ad_log1p_f32(float x)
{
    const uint32_t root = 0x3f3504f3, one = 0x3f800000;
    float u = 1 + x, d = x > 1 ? 1 - (u - x) : x - (u - 1);
    uint32_t bits = ad_bits_f32(u) + (one - root);
    float k = (float)(int32_t)(bits >> 23) - 127;
    float f = ad_from_bits_f32((bits & 0x7fffff) + root) - 1;
    f = k == 0 ? x : f;
    d = k == 0 ? 0 : d / u;
    float y = ad_log_part_f32(f, k) + d;
    y = x < INFINITY ? y : x;
    y = x > -1 ? y : x == -1 ? -INFINITY : NAN;
    return fabsf(x) < 0x1p-25f ? x : y;
}

AD_INLINE double ad_log1p_f64(double x)
{
    const uint64_t root = 0x3fe6a09e667f3bcd, one = 0x3ff0000000000000;
    double u = 1 + x, d = x > 1 ? 1 - (u - x) : x - (u - 1);
    uint64_t bits = ad_bits_f64(u) + (one - root);
    double k = ad_from_bits_f64((bits >> 52) | ad_bits_f64(0x1p52)) - (0x1p52 + 1023);
    double f = ad_from_bits_f64((bits & 0xfffffffffffff) + root) - 1;
    f = k == 0 ? x : f;
    d = k == 0 ? 0 : d / u;
    double y = ad_log_part_f64(f, k) + d;
    y = x < (double)INFINITY ? y : x;
    y = x > -1 ? y : x == -1 ? -(double)INFINITY : (double)NAN;
    return fabs(x) < 0x1p-54 ? x : y;
}

#endif
