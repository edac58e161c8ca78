/* The circular and the hyperbolic functions, and their inverses. */
#include "adze/op.h"
#include "ops/elementwise/unary_rows.h"

/* ---- sin and cos beyond AD_NEAR ------------------------------------------------------
 *
 * There the C library's result takes the place of the expression's, at the pace of the library. It is
 * that of its f64 function, also in f32, where rounding hides nearly all differences between
 * libraries. */

typedef double far_function(double x);

static double minus_sin(double x)
{
    return -sin(x);
}

/* Next to 0; -0 stays. */
AD_INLINE double sin_inside(double x)
{
    return copysign(ad_sin_inside_f64(fabs(x)), x);
}

AD_INLINE double minus_sin_inside(double x)
{
    return -sin_inside(x);
}

#define PI_4 0x1.921fb54442d18p-1

enum { PIECE = 256 }; /* numbers: in short pieces, what is read from memory is waited for less */

/* Mends results f(x), or g f(x), of numbers beyond AD_NEAR. */
#define MEND(s, T)                                                                  \
    static void mend_##s(size_t n, const T *x, const T *g, far_function *f, T *out) \
    {                                                                               \
        for (size_t i = 0; i < n; i++) {                                            \
            if (fabs(x[i]) <= AD_NEAR(x[i]))                                        \
                continue;                                                           \
            T y = (T)f((double)x[i]);                                               \
            out[i] = g ? AD_TIMES(g[i], y) : y;                                     \
        }                                                                           \
    }
MEND(f32, float)
MEND(f64, double)

/* A kernel of near numbers, mended piece by piece; g is the stream of the factor, or NULL. */
#define MENDED(isa, name, near, s, T, g, f)                                                \
    AD_TARGET_##isa static void name##_##isa(size_t from, size_t n, const void *const *in, \
                                             void *to)                                     \
    {                                                                                      \
        T *out = to;                                                                       \
        for (size_t end = from + n, some; from < end; from += some, out += some) {         \
            const T *x = (const T *)in[0] + from;                                          \
            some = end - from < PIECE ? end - from : PIECE;                                \
            near##_##isa(from, some, in, out);                                             \
            if (!ad_near_##s(some, x))                                                     \
                mend_##s(some, x, g, f, out);                                              \
        }                                                                                  \
    }

#define PERIODIC_KERNELS(op, s, T, f, df, d2f, far_f, far_df)               \
    UNARY_FUNCTIONS(op, s, T, f, df, d2f)                                   \
    AD_KERNEL(op##_near_##s, T, UNARY_VALUE(op, s, T))                      \
    AD_KERNEL(op##_near_slope_##s, T, UNARY_SLOPE(op, s, T))                \
    AD_KERNEL(op##_bend_##s, T, UNARY_BEND(op, s, T))                       \
    AD_EACH_ISA(MENDED, op##_forward_##s, op##_near_##s, s, T, NULL, far_f) \
    AD_EACH_ISA(MENDED, op##_slope_##s, op##_near_slope_##s, s, T, (const T *)in[2] + from, far_df)

/* The same choice for a single number; next to 0 there is nothing to reduce. */
#define PERIODIC_NUMBER(op, inside_f, inside_df, far_f, far_df)  \
    AD_INLINE double op##_number_value(double x)                 \
    {                                                            \
        return fabs(x) <= PI_4         ? inside_f(x)             \
               : fabs(x) <= AD_NEAR(x) ? op##_value_f64(x)       \
                                       : far_f(x);               \
    }                                                            \
    AD_INLINE double op##_number_slope(double x, double y)       \
    {                                                            \
        return fabs(x) <= PI_4         ? inside_df(x)            \
               : fabs(x) <= AD_NEAR(x) ? op##_slope_of_f64(x, y) \
                                       : far_df(x);              \
    }                                                            \
    AD_NUMBER_PAIR(op, op##_number_value, op##_number_slope)

#define PERIODIC(op, f, df, d2f, inside_f, inside_df, far_f, far_df) \
    PERIODIC_KERNELS(op, f32, float, f, df, d2f, far_f, far_df)      \
    PERIODIC_KERNELS(op, f64, double, f, df, d2f, far_f, far_df)     \
    PERIODIC_NUMBER(op, inside_f, inside_df, far_f, far_df)          \
    static const ad_unary_kernels op##_kernels = {                   \
        AD_BLOCKS(op##_forward),                                     \
        AD_BLOCKS(op##_slope),                                       \
        AD_BLOCKS(op##_bend),                                        \
    };                                                               \
    UNARY_OP(op, 0, .formula = #f, .slope = {#df}, .bend = {{#d2f}})

/* ---- the table --------------------------------------------------------------------- */

/* clang-format off */
/*   name, y, dy/dx, d2y/dx2 (, y and dy/dx far away) */
PERIODIC(     ad_sin,  AD_SIN(x), AD_COS(x),       -y, sin_inside, ad_cos_inside_f64, sin, cos)
PERIODIC(     ad_cos,  AD_COS(x), -AD_SIN(x),      -y, ad_cos_inside_f64, minus_sin_inside, cos, minus_sin)
UNARY(        ad_tan,  tan(x),    1 + y * y,       2 * y * (1 + y * y))
LONG(ad_asin,
              asin(x),
              1 / sqrt((1 - x) * (1 + x)),
              x / ((1 - x) * (1 + x) * sqrt((1 - x) * (1 + x))))
LONG(ad_acos,
              acos(x),
              -1 / sqrt((1 - x) * (1 + x)),
              -x / ((1 - x) * (1 + x) * sqrt((1 - x) * (1 + x))))
LONG(         ad_atan, atan(x),   1 / (1 + x * x), -2 * AD_BELL(x) / (1 + x * x))
LONG(         ad_sinh, sinh(x),   cosh(x),         y)
LONG(         ad_cosh, cosh(x),   sinh(x),         y)
LONG(         ad_asinh,
              asinh(x),
              1 / hypot(AD_LIKE(x, 1), x),
              -AD_BELL(x) / hypot(AD_LIKE(x, 1), x))
LONG(ad_acosh,
              acosh(x),
              1 / (sqrt(x - 1) * sqrt(x + 1)),
              -1 / ((1 + 1 / x) * (x - 1) * sqrt(x - 1) * sqrt(x + 1)))
LONG(ad_atanh,
              atanh(x),
              1 / ((1 - x) * (1 + x)),
              2 * x / ((1 - x) * (1 - x) * (1 + x) * (1 + x)))
/* clang-format on */

const ad_op *const ad_trigonometry_ops[] = {
    &ad_sin_op,  &ad_cos_op,  &ad_tan_op,   &ad_asin_op,  &ad_acos_op,  &ad_atan_op,
    &ad_sinh_op, &ad_cosh_op, &ad_asinh_op, &ad_acosh_op, &ad_atanh_op, NULL,
};
