/* The forms of elementwise operations for single numbers (adze/number.h), from the same expressions. */
#ifndef ADZE_OPS_ELEMENTWISE_NUMBERS_H
#define ADZE_OPS_ELEMENTWISE_NUMBERS_H

#include "adze/ops.h"
#include "numbers/record.h"

/* A row whose expressions are a formula of adze/ops/elementwise.h. */
#define AD_ROW(ROW, ...) ROW(__VA_ARGS__)

/* The library is compiled so that nothing is fused by itself. */
#undef AD_TERM
#define AD_TERM(product) product

/* y and its derivative. */
typedef struct ad_number_pair {
    double y, slope;
} ad_number_pair;

#define AD_NUMBER_PAIR(op, value, slope_of)         \
    AD_INLINE ad_number_pair op##_pair(double x)    \
    {                                               \
        double y = value(x);                        \
        return (ad_number_pair){y, slope_of(x, y)}; \
    }

/* Whether r records a statement of these numbers in place. */
static inline bool ad_takes(const ad_recorder *r, ad_real x)
{
    return !x.on || (x.on == r && ad_surely_lives(r, x));
}

#define AD_NUMBER_OF_ONE(op)                                                              \
    static void op##_number(const double *x, double *y, double *slope, double *bend)      \
    {                                                                                     \
        ad_number_pair p = op##_pair(x[0]);                                               \
        *y = p.y;                                                                         \
        if (slope)                                                                        \
            slope[0] = p.slope;                                                           \
        if (bend)                                                                         \
            bend[0] = op##_bend_of_f64(x[0], p.y);                                        \
    }                                                                                     \
    ad_real_result op##_real_parts(AD_REAL_PARTS(x), const char *source_line)             \
    {                                                                                     \
        ad_real of_x = {on_x, x, place_x};                                                \
        if (AD_LIKELY(on_x && ad_surely_lives(on_x, of_x)) && ad_recorder_has(on_x, 1)) { \
            ad_number_pair p = op##_pair(x);                                              \
            return ad_result_of(ad_recorder_put_1(on_x, p.y, of_x, p.slope));             \
        }                                                                                 \
        return ad_result_of(ad_reals_by(&#op[3], op##_number, 1, &of_x, source_line));    \
    }

/* The third operand of derivatives is y. */
#define AD_NUMBER_OF_TWO(op)                                                                    \
    static void op##_number(const double *x, double *y, double *slope, double *bend)            \
    {                                                                                           \
        const double a = x[0], b = x[1], z = op##_value_f64(a, b);                              \
        *y = z;                                                                                 \
        if (slope) {                                                                            \
            slope[0] = op##_da_of_f64(a, b, z);                                                 \
            slope[1] = op##_db_of_f64(a, b, z);                                                 \
        }                                                                                       \
        if (bend) {                                                                             \
            bend[0] = op##_daa_of_f64(a, b, z);                                                 \
            bend[1] = op##_dab_of_f64(a, b, z);                                                 \
            bend[2] = op##_dbb_of_f64(a, b, z);                                                 \
        }                                                                                       \
    }                                                                                           \
    ad_real_result op##_real_parts(AD_REAL_PARTS(a), AD_REAL_PARTS(b), const char *source_line) \
    {                                                                                           \
        ad_real x[2] = {{on_a, a, place_a}, {on_b, b, place_b}};                                \
        ad_recorder *r = on_a ? on_a : on_b;                                                    \
        if (!r)                                                                                 \
            return (ad_real_result){op##_value_f64(a, b), 0};                                   \
        if (AD_LIKELY(ad_takes(r, x[0]) && ad_takes(r, x[1])) && ad_recorder_has(r, 2)) {       \
            double y = op##_value_f64(a, b);                                                    \
            if (!on_b)                                                                          \
                return ad_result_of(ad_recorder_put_1(r, y, x[0], op##_da_of_f64(a, b, y)));    \
            if (!on_a)                                                                          \
                return ad_result_of(ad_recorder_put_1(r, y, x[1], op##_db_of_f64(a, b, y)));    \
            return ad_result_of(ad_recorder_put_2(r, y, x[0], op##_da_of_f64(a, b, y), x[1],    \
                                                  op##_db_of_f64(a, b, y)));                    \
        }                                                                                       \
        return ad_result_of(ad_reals_by(&#op[3], op##_number, 2, x, source_line));              \
    }

/* They are linear in each operand by itself. */
#define AD_NUMBER_OF_THREE(op)                                                                     \
    static void op##_number(const double *x, double *y, double *slope, double *bend)               \
    {                                                                                              \
        const double a = x[0], b = x[1], c = x[2];                                                 \
        *y = op##_value_f64(a, b, c);                                                              \
        if (slope) {                                                                               \
            slope[0] = op##_da_of_f64(a, b, c);                                                    \
            slope[1] = op##_db_of_f64(a, b, c);                                                    \
            slope[2] = op##_dc_of_f64(a, b, c);                                                    \
        }                                                                                          \
        if (bend) {                                                                                \
            bend[0] = bend[2] = bend[5] = 0;                                                       \
            bend[1] = op##_dab_of_f64(a, b, c);                                                    \
            bend[3] = op##_dac_of_f64(a, b, c);                                                    \
            bend[4] = op##_dbc_of_f64(a, b, c);                                                    \
        }                                                                                          \
    }                                                                                              \
    ad_real_result op##_real_parts(AD_REAL_PARTS(a), AD_REAL_PARTS(b), AD_REAL_PARTS(c),           \
                                   const char *source_line)                                        \
    {                                                                                              \
        ad_real x[3] = {{on_a, a, place_a}, {on_b, b, place_b}, {on_c, c, place_c}};               \
        ad_recorder *r = on_a;                                                                     \
        if (AD_LIKELY(r && on_b && on_c && ad_takes(r, x[0]) && ad_takes(r, x[1]) &&               \
                      ad_takes(r, x[2])) &&                                                        \
            ad_recorder_has(r, 3))                                                                 \
            return ad_result_of(                                                                   \
                ad_recorder_put_3(r, op##_value_f64(a, b, c), x[0], op##_da_of_f64(a, b, c), x[1], \
                                  op##_db_of_f64(a, b, c), x[2], op##_dc_of_f64(a, b, c)));        \
        return ad_result_of(ad_reals_by(&#op[3], op##_number, 3, x, source_line));                 \
    }

#endif
