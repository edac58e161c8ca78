/* The circular and the hyperbolic functions, and their inverses. */
#include "adze/op.h"
#include "ops/elementwise/unary_rows.h"

enum { PIECE = 1024 }; /* numbers: a few times as many fit the first-level cache */

/* Only pieces of a run with an x beyond AD_NEAR take the slow path. */
#define BY_PIECES_FOR(isa, op, rule, operands, suffix, T)               \
    AD_BLOCK_FOR(                                                       \
        isa, op##_##rule##_##suffix, const void *from[operands];        \
        for (size_t i = 0, count; i < n; i += count) {                  \
            count = n - i < PIECE ? n - i : PIECE;                      \
            for (int k = 0; k < operands; k++)                          \
                from[k] = (const T *)in[k] + i;                         \
            ad_block *block = ad_near_##suffix(count, from[0])          \
                                  ? op##_near_##rule##_##suffix##_##isa \
                                  : op##_far_##rule##_##suffix##_##isa; \
            block(count, from, (T *)out_data + i, add);                 \
        })
#define BY_PIECES(op, rule, operands, suffix, T) \
    AD_EACH_ISA(BY_PIECES_FOR, op, rule, operands, suffix, T)

#define PERIODIC_KERNELS(op, suffix, T, f, df, d2f) \
    UNARY_FUNCTIONS(op, suffix, T, f, df, d2f, 1)   \
    UNARY_LOOPS(op, op##_near, suffix, T, false)    \
    UNARY_LOOPS(op, op##_far, suffix, T, true)      \
    UNARY_BEND(op, suffix, T)                       \
    BY_PIECES(op, forward, 1, suffix, T)            \
    BY_PIECES(op, slope, 3, suffix, T)

#define PERIODIC(op, f, df, d2f)                  \
    PERIODIC_KERNELS(op, f32, float, f, df, d2f)  \
    PERIODIC_KERNELS(op, f64, double, f, df, d2f) \
    UNARY_OP(op, 0, .formula = #f, .slope = {#df}, .bend = {{#d2f}})

#define SIN(x) (far ? AD_SIN_FAR(x) : AD_SIN(x))
#define COS(x) (far ? AD_COS_FAR(x) : AD_COS(x))

/* clang-format off */
/*   name, y, dy/dx, d2y/dx2 */
PERIODIC(ad_sin,   SIN(x),   COS(x),                      -y)
PERIODIC(ad_cos,   COS(x),   -SIN(x),                     -y)
UNARY(   ad_tan,   tan(x),   1 + y * y,                   2 * y * (1 + y * y))
SINGULAR(ad_asin,
         asin(x),
         1 / sqrt((1 - x) * (1 + x)),
         x / ((1 - x) * (1 + x) * sqrt((1 - x) * (1 + x))))
SINGULAR(ad_acos,
         acos(x),
         -1 / sqrt((1 - x) * (1 + x)),
         -x / ((1 - x) * (1 + x) * sqrt((1 - x) * (1 + x))))
UNARY(   ad_atan,  atan(x),  1 / (1 + x * x),             -2 * AD_BELL(x) / (1 + x * x))
UNARY(   ad_sinh,  sinh(x),  cosh(x),                     y)
UNARY(   ad_cosh,  cosh(x),  sinh(x),                     y)
UNARY(   ad_asinh, asinh(x), 1 / hypot(AD_LIKE(x, 1), x), -AD_BELL(x) / hypot(AD_LIKE(x, 1), x))
SINGULAR(ad_acosh,
         acosh(x),
         1 / (sqrt(x - 1) * sqrt(x + 1)),
         -1 / ((1 + 1 / x) * (x - 1) * sqrt(x - 1) * sqrt(x + 1)))
SINGULAR(ad_atanh,
         atanh(x),
         1 / ((1 - x) * (1 + x)),
         2 * x / ((1 - x) * (1 - x) * (1 + x) * (1 + x)))
/* clang-format on */

const ad_op *const ad_trigonometry_ops[] = {
    &ad_sin_op,  &ad_cos_op,  &ad_tan_op,   &ad_asin_op,  &ad_acos_op,  &ad_atan_op,
    &ad_sinh_op, &ad_cosh_op, &ad_asinh_op, &ad_acosh_op, &ad_atanh_op, NULL,
};
