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

#define AD_NUMBER_PAIR(op, value, slope_of)         \
    ad_number_pair op##_pair(double x)              \
    {                                               \
        double y = value(x);                        \
        return (ad_number_pair){y, slope_of(x, y)}; \
    }

#define AD_NUMBER_OF_ONE(op)                                                         \
    static void op##_number(const double *x, double *y, double *slope, double *bend) \
    {                                                                                \
        ad_number_pair p = op##_pair(x[0]);                                          \
        *y = p.y;                                                                    \
        if (slope)                                                                   \
            slope[0] = p.slope;                                                      \
        if (bend)                                                                    \
            bend[0] = op##_bend_of_f64(x[0], p.y);                                   \
    }                                                                                \
    ad_real op##_real_at(ad_real x, const char *source_line)                         \
    {                                                                                \
        return ad_reals_by(&#op[3], op##_number, 1, &x, source_line);                \
    }

/* The third operand of derivatives is y. */
#define AD_NUMBER_OF_TWO(op)                                                         \
    void op##_number(const double *x, double *y, double *slope, double *bend)        \
    {                                                                                \
        const double a = x[0], b = x[1], z = op##_value_f64(a, b);                   \
        *y = z;                                                                      \
        if (slope) {                                                                 \
            slope[0] = op##_da_of_f64(a, b, z);                                      \
            slope[1] = op##_db_of_f64(a, b, z);                                      \
        }                                                                            \
        if (bend) {                                                                  \
            bend[0] = op##_daa_of_f64(a, b, z);                                      \
            bend[1] = op##_dab_of_f64(a, b, z);                                      \
            bend[2] = op##_dbb_of_f64(a, b, z);                                      \
        }                                                                            \
    }                                                                                \
    ad_real op##_real_at(ad_real a, ad_real b, const char *source_line)              \
    {                                                                                \
        return ad_reals_by(&#op[3], op##_number, 2, (ad_real[]){a, b}, source_line); \
    }

/* They are linear in each operand by itself. */
#define AD_NUMBER_OF_THREE(op)                                                          \
    static void op##_number(const double *x, double *y, double *slope, double *bend)    \
    {                                                                                   \
        const double a = x[0], b = x[1], c = x[2];                                      \
        *y = op##_value_f64(a, b, c);                                                   \
        if (slope) {                                                                    \
            slope[0] = op##_da_of_f64(a, b, c);                                         \
            slope[1] = op##_db_of_f64(a, b, c);                                         \
            slope[2] = op##_dc_of_f64(a, b, c);                                         \
        }                                                                               \
        if (bend) {                                                                     \
            bend[0] = bend[2] = bend[5] = 0;                                            \
            bend[1] = op##_dab_of_f64(a, b, c);                                         \
            bend[3] = op##_dac_of_f64(a, b, c);                                         \
            bend[4] = op##_dbc_of_f64(a, b, c);                                         \
        }                                                                               \
    }                                                                                   \
    ad_real op##_real_at(ad_real a, ad_real b, ad_real c, const char *source_line)      \
    {                                                                                   \
        return ad_reals_by(&#op[3], op##_number, 3, (ad_real[]){a, b, c}, source_line); \
    }

#endif
