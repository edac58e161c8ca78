/* exp(-x^2) to a few units of the last place.
 *
 * The rounding of x^2 would be multiplied by x^2 itself. With x = h + l, where h has few enough bits for
 * its square to be exact, x^2 = h^2 + l (x + h), and exp(-x^2) is a product of two. */
#ifndef ADZE_KERNELS_GAUSS_H
#define ADZE_KERNELS_GAUSS_H

#include "kernels/elementary.h"

#define AD_GAUSS(x) _Generic((x), float : ad_gauss_f32, double : ad_gauss_f64)(x)

AD_INLINE float ad_gauss_f32(float x)
{
    float a = fabsf(x) < 16 ? fabsf(x) : 16, h = ad_from_bits_f32(ad_bits_f32(a) & 0xfffff000);
    float y = ad_exp_f32(-h * h) * ad_exp_f32(-(a - h) * (a + h));
    return x != x ? x : y;
}

AD_INLINE double ad_gauss_f64(double x)
{
    double a = fabs(x) < 64 ? fabs(x) : 64;
    double h = ad_from_bits_f64(ad_bits_f64(a) & 0xfffffffff8000000);
    double y = ad_exp_f64(-h * h) * ad_exp_f64(-(a - h) * (a + h));
    return x != x ? x : y;
}

#endif
