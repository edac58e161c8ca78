/* Expressions for the rows of losses, besides the functions of kernels/elementary.h, as
 * ops/elementwise/expressions.h is for elementwise operations. All in f64. */
#ifndef ADZE_OPS_LOSS_LOSS_EXPRESSIONS_H
#define ADZE_OPS_LOSS_LOSS_EXPRESSIONS_H

#include "kernels/elementary.h"

AD_INLINE double sign_of(double x)
{
    return (x > 0) - (x < 0);
}

/* log(cosh(x)); cosh(x) - 1 = e^2 / (2 (1 + e)) with e = exp(|x|) - 1 */
AD_INLINE double log_cosh(double x)
{
    const double log_2 = 0.69314718055994530942;
    double size = fabs(x), e = AD_EXPM1(size);
    double far = size - log_2 + AD_LOG1P(AD_EXP(-2 * size));
    return size < 1 ? AD_LOG1P(e * e / (2 * (1 + e))) : far;
}

/* 1 / cosh(x)^2, which is also 4 s (1 - s) for s = sigmoid(2x) */
AD_INLINE double sech_squared(double x)
{
    double q = AD_EXP(-2 * fabs(x));
    return 4 * q / ((1 + q) * (1 + q));
}

/* log(a / b), exact where a is close to b, and where the ratio is out of the range */
AD_INLINE double log_ratio(double a, double b)
{
    const double least = DBL_MIN / DBL_EPSILON, most = 1 / least;
    double ratio = a / b, near = AD_LOG1P((a - b) / b);
    double far = ratio > least && ratio < most ? AD_LOG(ratio) : AD_LOG(a) - AD_LOG(b);
    return fabs(a - b) < 0.5 * fabs(b) ? near : far;
}

/* 1 - t / p, exact where t is close to p */
AD_INLINE double relative_gap(double p, double t)
{
    double near = (p - t) / p, far = 1 - t / p;
    return fabs(p - t) < 0.5 * fabs(p) ? near : far;
}

/* log(1 + x), with 0 in the place of what is below; its derivatives; and the difference of two */
AD_INLINE double not_negative(double x)
{
    return x < 0 ? 0 : x;
}

AD_INLINE double log1p_slope(double x)
{
    return x < 0 ? 0 : 1 / (1 + x);
}

AD_INLINE double log1p_bend(double x)
{
    return x < 0 ? 0 : -1 / ((1 + x) * (1 + x));
}

AD_INLINE double log1p_gap(double p, double t)
{
    double a = not_negative(p), b = not_negative(t);
    double low = a < b ? a : b, gap = AD_LOG1P(fabs(a - b) / (1 + low));
    return a < b ? -gap : gap;
}

/* log(1 + exp(x)) - x t with exp of negatives only, and its slope sigmoid(x) - t */
AD_INLINE double sigmoid_entropy(double x, double t)
{
    double rest = x > 0 ? 1 - t : t;
    return (rest == 0 ? 0 : (x > 0 ? x : -x) * rest) + AD_LOG1P(AD_EXP(-fabs(x)));
}

AD_INLINE double sigmoid_less(double x, double t)
{
    double s = AD_SIGMOID(-fabs(x));
    return x > 0 ? (1 - t) - s : s - t;
}

#endif
