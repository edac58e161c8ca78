/* sin and cos for loops over numbers, after the manner of kernels/elementary.h.
 *
 * |x| = n pi/2 + r with |r| <= pi/4, after Cody and Waite: pi/2 is in parts, of which n times each
 * but the last is exact. So are the differences from x next to a multiple of pi/2; elsewhere, what
 * is lost to a rounding is made good. n mod 4 says which of +-sin(r) and +-cos(r) it is.
 *
 * That holds for |x| <= AD_NEAR. Loops ask ad_near about a piece of their numbers, and where it
 * says no they take the results of larger ones from the C library.
 *
 * Largest errors, in units of the last place: f32, over all numbers up to AD_NEAR, sin 1.57 and
 * cos 1.56; f64, over 10^8, sin 1.58 and cos 1.57. */
#ifndef ADZE_KERNELS_TRIGONOMETRIC_H
#define ADZE_KERNELS_TRIGONOMETRIC_H

#include "kernels/elementary.h"

#include <stdbool.h>
#include <stddef.h>

#define AD_SIN(x) _Generic((x), float : ad_sin_f32, double : ad_sin_f64)(x)
#define AD_COS(x) _Generic((x), float : ad_cos_f32, double : ad_cos_f64)(x)

/* The largest |x| for which AD_SIN and AD_COS hold, by the type of its argument. */
#define AD_NEAR(x) _Generic((x), float : 2048.f, double : 131072.)

/* sin(a + quarters pi/2) for a >= 0. Errors of the polynomials 2^-26.9 and 2^-32.3. */
AD_INLINE float ad_sin_from_f32(float a, uint32_t quarters)
{
    const float round = 0x1.8p23f;
    float t = a * 0x1.45f306p-1f + round, n = t - round;
    float first = (a - n * 0x1.922p+0f) - n * -0x1.2cp-18f, step = n * 0x1.111p-26f;
    float near = first - step, lost = (first - near) - step;
    float r = near - (n * -0x1.2e7b96p-40f - lost);
    float z = r * r;
    float s = -0x1.555544p-3f + z * (0x1.110726p-7f + z * -0x1.993ce2p-13f);
    float c = 0x1.55554ap-5f + z * (-0x1.6c0c1ep-10f + z * 0x1.99e538p-16f);
    s = r + r * z * s;
    c = (1 - 0.5f * z) + z * z * c;
    uint32_t q = ad_bits_f32(t) + quarters, odd = 0 - (q & 1);
    uint32_t y = (ad_bits_f32(c) & odd) | (ad_bits_f32(s) & ~odd);
    return ad_from_bits_f32(y ^ (q & 2) << 30);
}

/* sin and cos of |r| <= pi/4, from the polynomials; errors 2^-57.5 and 2^-59.0. */
AD_INLINE double ad_sin_inside_f64(double r)
{
    double z = r * r, z2 = z * z, z4 = z2 * z2;
    double s = (-0x1.5555555555548p-3 + z * 0x1.111111110f74dp-7) +
               z2 * (-0x1.a01a019becf02p-13 + z * 0x1.71de355896153p-19) +
               z4 * (-0x1.ae5e4e4595758p-26 + z * 0x1.5d8c27ab9a522p-33);
    return r + r * z * s;
}

AD_INLINE double ad_cos_inside_f64(double r)
{
    double z = r * r, z2 = z * z, z4 = z2 * z2;
    double c = (0x1.555555555554ap-5 + z * -0x1.6c16c16c14efcp-10) +
               z2 * (0x1.a01a019c7555cp-16 + z * -0x1.27e4f7dfafd6ep-22) +
               z4 * (0x1.1ee9d000959c1p-29 + z * -0x1.8fa086eab1716p-37);
    return (1 - 0.5 * z) + z2 * c;
}

/* The same. */
AD_INLINE double ad_sin_from_f64(double a, uint64_t quarters)
{
    const double round = 0x1.8p52;
    double t = a * 0x1.45f306dc9c883p-1 + round, n = t - round;
    double first = a - n * 0x1.921fb5444p+0, step = n * 0x1.68c234c4cp-39;
    double near = first - step, lost = (first - near) - step;
    double r = near - (n * 0x1.98a2e03707345p-77 - lost);
    double s = ad_sin_inside_f64(r), c = ad_cos_inside_f64(r);
    uint64_t q = ad_bits_f64(t) + quarters, odd = 0 - (q & 1);
    uint64_t y = (ad_bits_f64(c) & odd) | (ad_bits_f64(s) & ~odd);
    return ad_from_bits_f64(y ^ (q & 2) << 62);
}

AD_INLINE float ad_sin_f32(float x)
{
    uint32_t sign = ad_bits_f32(x) & 0x80000000;
    return ad_from_bits_f32(ad_bits_f32(ad_sin_from_f32(fabsf(x), 0)) ^ sign);
}

AD_INLINE double ad_sin_f64(double x)
{
    uint64_t sign = ad_bits_f64(x) & 0x8000000000000000;
    return ad_from_bits_f64(ad_bits_f64(ad_sin_from_f64(fabs(x), 0)) ^ sign);
}

AD_INLINE float ad_cos_f32(float x)
{
    return ad_sin_from_f32(fabsf(x), 1);
}

AD_INLINE double ad_cos_f64(double x)
{
    return ad_sin_from_f64(fabs(x), 1);
}

/* Whether AD_SIN and AD_COS hold for all of n numbers; false if there is a NaN. */
AD_INLINE bool ad_near_f32(size_t n, const float *x)
{
    uint32_t far = 0;
    for (size_t i = 0; i < n; i++)
        far |= fabsf(x[i]) <= AD_NEAR(x[i]) ? 0 : 1;
    return !far;
}

AD_INLINE bool ad_near_f64(size_t n, const double *x)
{
    uint64_t far = 0;
    for (size_t i = 0; i < n; i++)
        far |= fabs(x[i]) <= AD_NEAR(x[i]) ? 0 : 1;
    return !far;
}

#endif
