/* Elementary functions of complex numbers that <complex.h> does not have. */
#include "complex_forms.h"

double complex complex_sigmoid(double complex x)
{
    return 1 / (1 + cexp(-x));
}

#define PI 3.14159265358979323846

/* 2 / sqrt(pi) exp(-x^2) sum(2^n x^(2n+1) / (2n+1)!!), whose terms have one sign. */
double complex complex_erf(double complex x)
{
    double complex term = x, sum = x;
    for (int n = 1; n < 80; n++) {
        term *= 2 * x * x / (2 * n + 1);
        sum += term;
    }
    return 2 / csqrt(PI) * cexp(-x * x) * sum;
}

/* Stirling's series, from 20 on; and its derivative. */
double complex complex_lgamma(double complex x)
{
    double complex sum = 0;
    for (; creal(x) < 20; x += 1)
        sum -= clog(x);
    double complex z = 1 / (x * x);
    double complex tail = (1.0 / 12 - z * (1.0 / 360 - z * (1.0 / 1260 - z / 1680))) / x;
    return sum + (x - 0.5) * clog(x) - x + 0.5 * clog(2 * PI) + tail;
}

double complex complex_digamma(double complex x)
{
    double complex sum = 0;
    for (; creal(x) < 30; x += 1)
        sum -= 1 / x;
    double complex z = 1 / (x * x);
    return sum + clog(x) - 0.5 / x - z * (1.0 / 12 - z * (1.0 / 120 - z * (1.0 / 252 - z / 240)));
}
