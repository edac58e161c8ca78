/* Elementwise operations: an element of the result depends on one element of each operand.
 *
 * Formulas are those of one element. The shapes of two or more operands broadcast, and a plain
 * number may stand for an operand beside a tensor: ad_mul(x, 2), ad_sub(1, p). */
#ifndef ADZE_OPS_ELEMENTWISE_H
#define ADZE_OPS_ELEMENTWISE_H

#include "adze/tape.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- one operand -------------------------------------------------------------------- */

AD_API ad_tensor ad_neg(ad_tensor x);         /* -x */
AD_API ad_tensor ad_abs(ad_tensor x);         /* |x|; derivative 0 at 0 */
AD_API ad_tensor ad_sign(ad_tensor x);        /* -1, 0 or 1; derivative 0 */
AD_API ad_tensor ad_ceil(ad_tensor x);        /* the least integer >= x; derivative 0 */
AD_API ad_tensor ad_floor(ad_tensor x);       /* the greatest integer <= x; derivative 0 */
AD_API ad_tensor ad_round(ad_tensor x);       /* the nearest integer, the even one if two are
                                                 as near; derivative 0 */
AD_API ad_tensor ad_trunc(ad_tensor x);       /* x without its fraction; derivative 0 */
AD_API ad_tensor ad_square(ad_tensor x);      /* x^2 */
AD_API ad_tensor ad_sqrt(ad_tensor x);        /* the square root; derivative +inf at 0, where a
                                                 cotangent of 0 still gives 0 */
AD_API ad_tensor ad_rsqrt(ad_tensor x);       /* 1 / sqrt(x) */
AD_API ad_tensor ad_cbrt(ad_tensor x);        /* the cube root, negative for x < 0; derivative +inf
                                                 at 0, where a cotangent of 0 still gives 0 */
AD_API ad_tensor ad_reciprocal(ad_tensor x);  /* 1 / x */
AD_API ad_tensor ad_powi(ad_tensor x, int n); /* x^n, by multiplications; 1 for n = 0 */
AD_API ad_tensor ad_exp(ad_tensor x);         /* e^x */
AD_API ad_tensor ad_exp2(ad_tensor x);        /* 2^x */
AD_API ad_tensor ad_expm1(ad_tensor x);       /* exp(x) - 1, accurate for small x */
AD_API ad_tensor ad_log(ad_tensor x);         /* the natural logarithm; derivative +inf at 0, where
                                                 a cotangent of 0 still gives 0 */
AD_API ad_tensor ad_log2(ad_tensor x);        /* the logarithm to base 2 */
AD_API ad_tensor ad_log10(ad_tensor x);       /* the logarithm to base 10 */
AD_API ad_tensor ad_log1p(ad_tensor x);       /* log(1 + x), accurate for small x */
AD_API ad_tensor ad_log1mexp(ad_tensor x);    /* log(1 - exp(x)) for x <= 0, without cancellation:
                                                 from log(p) to log(1 - p); -inf at 0. (JAX's
                                                 function of that name takes -x.) */

/* ---- trigonometric and hyperbolic --------------------------------------------------- */

AD_API ad_tensor ad_sin(ad_tensor x);         /* the sine of x (radians) */
AD_API ad_tensor ad_cos(ad_tensor x);         /* the cosine of x (radians) */
AD_API ad_tensor ad_tan(ad_tensor x);         /* the tangent of x (radians) */
AD_API ad_tensor ad_asin(ad_tensor x);        /* the angle in [-pi/2, pi/2] with sine x; derivative
                                                 +inf at -1 and 1, where a cotangent of 0 still
                                                 gives 0 */
AD_API ad_tensor ad_acos(ad_tensor x);        /* the angle in [0, pi] with cosine x; derivative -inf
                                                 at -1 and 1, where a cotangent of 0 still
                                                 gives 0 */
AD_API ad_tensor ad_atan(ad_tensor x);        /* the angle in [-pi/2, pi/2] with tangent x */
AD_API ad_tensor ad_sinh(ad_tensor x);        /* (e^x - e^-x) / 2 */
AD_API ad_tensor ad_cosh(ad_tensor x);        /* (e^x + e^-x) / 2 */
AD_API ad_tensor ad_tanh(ad_tensor x);        /* sinh(x) / cosh(x) */
AD_API ad_tensor ad_asinh(ad_tensor x);       /* log(x + sqrt(x^2 + 1)) */
AD_API ad_tensor ad_acosh(ad_tensor x);       /* log(x + sqrt(x^2 - 1)) for x >= 1; derivative +inf
                                                 at 1, where a cotangent of 0 still gives 0 */
AD_API ad_tensor ad_atanh(ad_tensor x);       /* log((1 + x) / (1 - x)) / 2; infinite at -1 and 1 */

/* ---- special functions -------------------------------------------------------------- */

AD_API ad_tensor ad_erf(ad_tensor x);         /* 2 / sqrt(pi) times the integral of exp(-t^2) from
                                                 0 to x */
AD_API ad_tensor ad_erfc(ad_tensor x);        /* 1 - erf(x), without cancellation */
AD_API ad_tensor ad_lgamma(ad_tensor x);      /* log |gamma(x)| */
AD_API ad_tensor ad_digamma(ad_tensor x);     /* the derivative of log |gamma(x)|; NaN at negative
                                                 integers */

/* ---- activations -------------------------------------------------------------------- */
/* None overflows. At a kink the derivative is 0, unless the formula says otherwise. A NaN stays
 * NaN. */

AD_API ad_tensor ad_sigmoid(ad_tensor x);      /* 1 / (1 + exp(-x)) */
AD_API ad_tensor ad_log_sigmoid(ad_tensor x);  /* log(sigmoid(x)) = min(x, 0) - log1p(exp(-|x|)) */
AD_API ad_tensor ad_softplus(ad_tensor x);     /* log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|)) */
AD_API ad_tensor ad_softsign(ad_tensor x);     /* x / (1 + |x|) */
AD_API ad_tensor ad_relu(ad_tensor x);         /* max(x, 0) */
AD_API ad_tensor ad_relu6(ad_tensor x);        /* min(max(x, 0), 6) */
AD_API ad_tensor ad_elu(ad_tensor x);          /* x for x > 0, else exp(x) - 1; derivative 1 at 0 */
AD_API ad_tensor ad_selu(ad_tensor x);         /* s x for x > 0, else s alpha (exp(x) - 1), with
                                                  s = 1.0507... and alpha = 1.6732... */
AD_API ad_tensor ad_silu(ad_tensor x);         /* x sigmoid(x), also known as swish */
AD_API ad_tensor ad_gelu(ad_tensor x);         /* x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2 */
AD_API ad_tensor ad_gelu_erf(ad_tensor x);     /* x (1 + erf(x / sqrt(2))) / 2 */
AD_API ad_tensor ad_mish(ad_tensor x);         /* x tanh(softplus(x)) */
AD_API ad_tensor ad_hard_sigmoid(ad_tensor x); /* min(max(x + 3, 0), 6) / 6 */
AD_API ad_tensor ad_hard_tanh(ad_tensor x);    /* min(max(x, -1), 1) */
AD_API ad_tensor ad_hard_swish(ad_tensor x);   /* x hard_sigmoid(x); derivative 1 at 3 */

/* ---- two operands ------------------------------------------------------------------- */

AD_API ad_tensor ad_add(ad_tensor a, ad_tensor b);   /* a + b */
AD_API ad_tensor ad_sub(ad_tensor a, ad_tensor b);   /* a - b */
AD_API ad_tensor ad_mul(ad_tensor a, ad_tensor b);   /* a b */
AD_API ad_tensor ad_div(ad_tensor a, ad_tensor b);   /* a / b; for b = 0 inf or NaN (IEEE 754) */
AD_API ad_tensor ad_pow(ad_tensor a, ad_tensor b);   /* a^b; da = b a^(b-1), 0 at b = 0;
                                                        db = y log a, 0 for a <= 0 */

AD_API ad_tensor ad_xlogy(ad_tensor a, ad_tensor b);   /* a log(b), but 0 where a is 0, even at
                                                          b = 0; da = log(b), db = a / b */
AD_API ad_tensor ad_xlog1py(ad_tensor a, ad_tensor b); /* a log(1 + b), accurate for small b, but 0
                                                          where a is 0, even at b = -1;
                                                          da = log(1 + b), db = a / (1 + b) */

AD_API ad_tensor ad_hypot(ad_tensor a, ad_tensor b); /* sqrt(a^2 + b^2), without overflow; gradient
                                                        0 where both are 0 */
AD_API ad_tensor ad_atan2(ad_tensor a, ad_tensor b); /* the angle of the point (b, a), in radians;
                                                        gradient 0 where both are 0 */
AD_API ad_tensor ad_fmod(ad_tensor a, ad_tensor b);  /* a - b trunc(a / b), exact, with a's sign */

AD_API ad_tensor ad_maximum(ad_tensor a, ad_tensor b); /* the greater of a and b; a receives the
                                                          whole gradient where they are equal;
                                                          NaN if one is NaN */
AD_API ad_tensor ad_minimum(ad_tensor a, ad_tensor b); /* the lesser of a and b; a receives the
                                                          whole gradient where they are equal;
                                                          NaN if one is NaN */

AD_API ad_tensor ad_leaky_relu(ad_tensor a, ad_tensor b); /* a for a > 0, else b a: b is the slope,
                                                             often a plain number */
AD_API ad_tensor ad_celu(ad_tensor a, ad_tensor b);       /* a for a > 0, else b (exp(a / b) - 1),
                                                             for b > 0 */

/* ---- integers ----------------------------------------------------------------------- */
/* ad_neg, ad_add, ad_sub, ad_mul, ad_maximum and ad_minimum take i32, i64 and u8 as well. Results
 * that do not fit wrap around. Integers have no derivative. */

AD_API ad_tensor ad_floor_div(ad_tensor a, ad_tensor b); /* floor(a / b) of integers: 7 by -2 is -4;
                                                            AD_DOMAIN for b = 0 */
AD_API ad_tensor ad_floor_mod(ad_tensor a, ad_tensor b); /* a - b floor(a / b) of integers, with the
                                                            sign of b; AD_DOMAIN for b = 0 */

/* ---- three operands ----------------------------------------------------------------- */

/* min(max(x, low), high); at a bound x receives the whole gradient. */
AD_API ad_tensor ad_clamp(ad_tensor x, ad_tensor low, ad_tensor high);

/* a + t (b - a), exactly a at t = 0 and exactly b at t = 1. */
AD_API ad_tensor ad_lerp(ad_tensor a, ad_tensor b, ad_tensor t);

/* a b + c, rounded after the product and again after the sum. */
AD_API ad_tensor ad_muladd(ad_tensor a, ad_tensor b, ad_tensor c);

/* a where the mask is true, else b. The branch that is not taken receives an exact 0, whatever its
 * derivative is. a and b may be of any one number type. */
AD_API ad_tensor ad_where(ad_tensor mask, ad_tensor a, ad_tensor b);

/* ---- masks -------------------------------------------------------------------------- */
/* A mask is of type bool. Masks have no derivative. */

AD_API ad_tensor ad_isfinite(ad_tensor x); /* true where x is neither infinite nor NaN */
AD_API ad_tensor ad_isinf(ad_tensor x);    /* true where x is infinite */
AD_API ad_tensor ad_isnan(ad_tensor x);    /* true where x is NaN */

AD_API ad_tensor ad_equal(ad_tensor a, ad_tensor b);         /* true where a == b */
AD_API ad_tensor ad_not_equal(ad_tensor a, ad_tensor b);     /* true where a != b */
AD_API ad_tensor ad_less(ad_tensor a, ad_tensor b);          /* true where a < b */
AD_API ad_tensor ad_less_equal(ad_tensor a, ad_tensor b);    /* true where a <= b */
AD_API ad_tensor ad_greater(ad_tensor a, ad_tensor b);       /* true where a > b */
AD_API ad_tensor ad_greater_equal(ad_tensor a, ad_tensor b); /* true where a >= b */

AD_API ad_tensor ad_logical_not(ad_tensor mask);             /* true where the mask is false */
AD_API ad_tensor ad_logical_and(ad_tensor a, ad_tensor b);   /* true where both masks are */
AD_API ad_tensor ad_logical_or(ad_tensor a, ad_tensor b);    /* true where at least one mask is */
AD_API ad_tensor ad_logical_xor(ad_tensor a, ad_tensor b);   /* true where exactly one mask is */

/* ---- number types ------------------------------------------------------------------- */

/* x in another number type. To integers: rounded towards zero, a number out of range becomes the
 * nearest that fits, NaN becomes 0. To bool: x != 0. Differentiable between f32 and f64. */
AD_API ad_tensor ad_cast(ad_tensor x, ad_type type);

/* ---- formulas ----------------------------------------------------------------------- */
/* Those that are compiled into your code with single numbers (number.h), and into the library with
 * tensors. */

/* of x: y, dy/dx, d2y/dx2 */
#define AD_NEG_FORMULA    -x, -1, 0
#define AD_SQUARE_FORMULA x * x, 2 * x, 2

/* of a and b: y, dy/da, dy/db, and d2y/da2, d2y/dadb, d2y/db2 unless they are 0 */
#define AD_ADD_FORMULA    a + b, 1, 1
#define AD_SUB_FORMULA    a - b, 1, -1
#define AD_MUL_FORMULA    a * b, b, a, 0, 1, 0
#define AD_DIV_FORMULA    a / b, 1 / b, -(y / b), 0, -1 / b / b, 2 * (y / b) / b

/* of a, b and c: y, dy/da, dy/db, dy/dc, d2y/dadb, d2y/dadc, d2y/dbdc */
#define AD_MULADD_FORMULA AD_TERM(a * b) + c, b, a, 1, 1, 0, 0

#ifdef __cplusplus
} /* extern "C" */
#else
/* A tensor stays as it is; a number becomes an operand. */
static inline AD_UNUSED ad_tensor ad_tensor_itself(ad_tensor x)
{
    return x;
}
#define AD_OF(x) _Generic((x), ad_tensor: ad_tensor_itself, default: ad_number)(x)
#endif

#endif
