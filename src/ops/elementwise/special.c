/* The error function and the gamma function's logarithm, with their relatives.
 *
 * The derivatives of log(gamma(x)) are psi = digamma, psi' and psi''. From 12 on, each is an
 * asymptotic series in 1 / x^2 with the Bernoulli numbers B (Abramowitz and Stegun 6.3.18, 6.4.12
 * to 14):
 *
 *     psi(x) ~ log(x) - 1 / (2 x) - sum(B[2k] / (2k x^2k))
 *
 * below, the recurrence psi(x) = psi(x + 1) - 1 / x leads there; and for x < 0, the reflection
 * psi(1 - x) - psi(x) = pi / tan(pi x). f32 is computed in f64. */
#define _DEFAULT_SOURCE /* for lgamma_r: lgamma writes a global */

#include "adze/op.h"
#include "ops/elementwise/unary_rows.h"
#include "ops/elementwise/values.h"

#define PI 3.14159265358979323846

static AD_APART double log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

enum { LARGE = 12 }; /* where the series begin */

/* x - nearest integer, exact: for functions of pi x that have the period 1. */
static double in_period(double x)
{
    return x - rint(x);
}

static AD_APART double digamma(double x)
{
    if (x < 0 && x > -(double)INFINITY)
        return x == rint(x) ? (double)NAN : digamma(1 - x) - PI / tan(PI * in_period(x));
    double sum = 0, lost = 0; /* to roundings: the sum cancels with the logarithm */
    for (; x < LARGE && x > -1; x++) {
        double before = sum, term = -1 / x;
        sum += term;
        lost += fabs(term) > fabs(before) ? before - (sum - term) : term - (sum - before);
    }
    double z = 1 / (x * x);
    double tail =
        1.0 / 12 -
        z * (1.0 / 120 -
             z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 - z / 12)))));
    return (log(x) + sum) + (isfinite(lost) ? lost : 0) - (0.5 / x + z * tail);
}

static AD_APART double trigamma(double x)
{
    if (x < 0 && x > -(double)INFINITY) {
        double s = sin(PI * in_period(x));
        return PI / s * (PI / s) - trigamma(1 - x);
    }
    double sum = 0;
    for (; x < LARGE && x > -1; x++)
        sum += 1 / x / x;
    double z = 1 / (x * x);
    double tail =
        1.0 / 6 -
        z * (1.0 / 30 -
             z * (1.0 / 42 - z * (1.0 / 30 - z * (5.0 / 66 - z * (691.0 / 2730 - z * 7 / 6)))));
    return sum + (1 + 0.5 / x + z * tail) / x;
}

static AD_APART double tetragamma(double x)
{
    if (x < 0 && x > -(double)INFINITY) {
        double r = in_period(x), s = PI / sin(PI * r);
        double cosine = sin(PI * (0.5 - fabs(r))); /* exactly 0 at halves */
        return tetragamma(1 - x) - 2 * cosine * s * s * s;
    }
    double sum = 0;
    for (; x < LARGE && x > -1; x++)
        sum -= 2 / x / x / x;
    double z = 1 / (x * x);
    double tail =
        1.0 / 2 -
        z * (1.0 / 6 -
             z * (1.0 / 6 - z * (3.0 / 10 - z * (5.0 / 6 - z * (691.0 / 210 - z * 35 / 2)))));
    return sum - (1 + 1 / x + z * tail) / x / x; /* z may have underflowed */
}

/* The coefficients of the series of higher orders: B[2k] / (2k)!. */
static const double bernoulli[] = {1.0 / 12,          -1.0 / 720,
                                   1.0 / 30240,       -1.0 / 1209600,
                                   1.0 / 47900160,    -691.0 / 1307674368000,
                                   1.0 / 74724249600, -3617.0 / 10670622842880000};

/* The sum over k >= 0 of n! / (x + k)^(n + 1): up to where the series holds, then by it. */
static double higher_gamma(int n, double x)
{
    double sum = 0, factorial = tgamma((double)n + 1);
    for (; x < LARGE + n; x++)
        sum += factorial / pow(x, n + 1);
    double term = factorial / n * pow(x, -n), tail = term + term * n / (2 * x);
    for (size_t k = 0; k < sizeof bernoulli / sizeof *bernoulli; k++) {
        double j = 2 * (double)k;
        term *= (n + j) * (n + j + 1) / (x * x);
        tail += bernoulli[k] * term;
    }
    return sum + tail;
}

double ad_polygamma_value(int n, double x)
{
    const double lowest = -4096; /* from there it is so many terms */
    if (n < 3)
        return n == 2 ? tetragamma(x) : n == 1 ? trigamma(x) : (double)NAN;
    if (!(x > lowest) || x == (double)INFINITY)
        return x > 0 ? 0 : (double)NAN;
    return n % 2 ? higher_gamma(n, x) : -higher_gamma(n, x);
}

/* clang-format off */
/*   name, y, dy/dx, d2y/dx2 */
LONG(         ad_erf,
              erf(x),
              AD_2_BY_ROOT_PI * AD_GAUSS(x),
              AD_VANISHING(AD_2_BY_ROOT_PI * AD_GAUSS(x), -2 * x))
LONG(         ad_erfc,
              erfc(x),
              -AD_2_BY_ROOT_PI * AD_GAUSS(x),
              AD_VANISHING(AD_2_BY_ROOT_PI * AD_GAUSS(x), 2 * x))
RARE(ad_lgamma,  log_gamma(x), digamma(x),  trigamma(x))
RARE(ad_digamma, digamma(x),   trigamma(x), tetragamma(x))
/* clang-format on */

const ad_op *const ad_special_ops[] = {&ad_erf_op, &ad_erfc_op, &ad_lgamma_op, &ad_digamma_op,
                                       NULL};
