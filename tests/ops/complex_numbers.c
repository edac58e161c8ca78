/* The elementwise operations on complex numbers. Where one is made of pieces, the real part says which
 * piece it is; each is analytic by itself. */
#include "complex_forms.h"

/* clang-format off: it takes these products for pointers */
#define UNARY(op, result)                         \
    double complex complex_##op(double complex x) \
    {                                             \
        return result;                            \
    }

UNARY(neg, -x)
UNARY(square, x *x)
UNARY(sigmoid, 1 / (1 + cexp(-x)))
UNARY(one_minus, 1 - x)
UNARY(cube, x *x *x)
UNARY(power_of_2, cexp(x *clog(2)))

/* ---- powers, exponentials, logarithms ---- */

UNARY(rsqrt, 1 / csqrt(x))
UNARY(cbrt, cexp(clog(x) / 3))
UNARY(reciprocal, 1 / x)
UNARY(expm1, cexp(x) - 1)
UNARY(log2, clog(x) / clog(2))
UNARY(log10, clog(x) / clog(10))
UNARY(log1p, clog(1 + x))

/* ---- special functions ---- */

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

UNARY(erfc, 1 - complex_erf(x))

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

/* ---- activations ---- */

#define BELOW(limit) (creal(x) < (limit))

UNARY(log_sigmoid, -clog(1 + cexp(-x)))
UNARY(softplus, clog(1 + cexp(x)))
UNARY(softsign, x / (1 + (BELOW(0) ? -x : x)))
UNARY(relu, BELOW(0) ? 0 : x)
UNARY(relu6, BELOW(0) ? 0 : BELOW(6) ? x : 6)
UNARY(elu, BELOW(0) ? cexp(x) - 1 : x)
UNARY(selu, 1.0507009873554804934 * (BELOW(0) ? 1.6732632423543772848 * (cexp(x) - 1) : x))
UNARY(silu, x *complex_sigmoid(x))
UNARY(gelu, 0.5 * x * (1 + ctanh(csqrt(2 / PI) * (x + 0.044715 * x * x * x))))
UNARY(gelu_erf, 0.5 * x * (1 + complex_erf(x / csqrt(2))))
UNARY(mish, x *ctanh(complex_softplus(x)))
UNARY(hard_sigmoid, BELOW(-3) ? 0 : BELOW(3) ? (x + 3) / 6 : 1)
UNARY(hard_tanh, BELOW(-1) ? -1 : BELOW(1) ? x : 1)

/* ---- two and three operands ---- */

#define BINARY(op, result)                                          \
    double complex complex_##op(double complex a, double complex b) \
    {                                                               \
        return result;                                              \
    }

BINARY(add, a + b)
BINARY(sub, a - b)
BINARY(mul, a *b)
BINARY(div, a / b)
BINARY(pow, cexp(b *clog(a)))
BINARY(hypot, csqrt(a *a + b * b))
BINARY(atan2, 2 * catan(a / (csqrt(a * a + b * b) + b)))
BINARY(leaky_relu, creal(a) > 0 ? a : a * b)
BINARY(celu_below, b *(cexp(-a / b) - 1))

#define TERNARY(op, result)                                                           \
    double complex complex_##op(double complex a, double complex b, double complex c) \
    {                                                                                 \
        return result;                                                                \
    }

static double complex least(double complex a, double complex b)
{
    return creal(a) <= creal(b) ? a : b;
}

static double complex greatest(double complex a, double complex b)
{
    return creal(a) >= creal(b) ? a : b;
}

TERNARY(clamp, least(greatest(a, b), c))
TERNARY(lerp, a + c * (b - a))
TERNARY(muladd, a *b + c)
/* clang-format on */
