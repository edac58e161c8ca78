/* How the headers of operations are made: functions of single numbers that are compiled into your
 * code; and macros that choose a function by the types of the operands. Nothing here is for direct
 * use: see elementwise.h and number.h. */
#ifndef ADZE_OPS_CHOICES_H
#define ADZE_OPS_CHOICES_H

#include "adze/number.h"
#include "adze/tape.h"

/* ---- single numbers ----------------------------------------------------------------- */

/* A product is rounded before it is a term of a sum, in your code as in the library, even where the
 * compiler may fuse the two. Else values would depend on which of both computes them. */
#if defined(__clang__)
#define AD_UNFUSED    _Pragma("STDC FP_CONTRACT OFF")
#define AD_ROUNDED(y) (void)0
#elif defined(__GNUC__) && defined(__FP_FAST_FMA)
#define AD_UNFUSED
#if defined(__x86_64__)
#define AD_ROUNDED(y) __asm__("" : "+x"(y))
#elif defined(__aarch64__)
#define AD_ROUNDED(y) __asm__("" : "+w"(y))
#else
#define AD_ROUNDED(y) __asm__("" : "+m"(y))
#endif
#else
#define AD_UNFUSED
#define AD_ROUNDED(y) (void)0
#endif
AD_IN_PLACE double ad_rounded(double y)
{
    AD_ROUNDED(y);
    return y;
}
#define AD_TERM(product) ad_rounded(product) /* of a sum in a formula */

/* The library computes (op##_pair, op##_number), and what is compiled into your code records. Where there
 * is no room, or something is wrong, the library goes on (op##_real_at). */
#define AD_NUMBER_CALL_ONE(op)                                                                \
    AD_IN_PLACE ad_real op##_real_here(ad_real x, const char *source_line)                    \
    {                                                                                         \
        if (AD_LIKELY(x.on && ad_real_lives(x.on, x) && ad_recorder_has(x.on, 1))) {          \
            ad_number_pair p = op##_pair(x.value);                                            \
            return ad_recorder_put(x.on, p.y, x, p.slope);                                    \
        }                                                                                     \
        return ad_real_aside(op##_real_at(ad_real_aside(x), source_line));                    \
    }                                                                                         \
    AD_NUMBER_CALL_HERE(op, (ad_real x), (x, NULL))
#define AD_NUMBER_CALL_TWO(op)                                                                \
    AD_IN_PLACE ad_real op##_real_here(ad_real a, ad_real b, const char *source_line)         \
    {                                                                                         \
        ad_recorder *r = a.on ? a.on : b.on;                                                  \
        if (AD_LIKELY(r && (!a.on || ad_real_lives(r, a)) &&                                  \
                      (!b.on || (b.on == r && ad_real_lives(r, b))) &&                        \
                      ad_recorder_has(r, 2))) {                                               \
            double y, slope[2], x[2];                                                         \
            x[0] = a.value;                                                                   \
            x[1] = b.value;                                                                   \
            op##_number(x, &y, slope, NULL);                                                  \
            return !b.on  ? ad_recorder_put(r, y, a, slope[0])                                \
                   : a.on ? ad_recorder_put_2(r, y, a, slope[0], b, slope[1])                 \
                          : ad_recorder_put(r, y, b, slope[1]);                               \
        }                                                                                     \
        return ad_real_aside(op##_real_at(ad_real_aside(a), ad_real_aside(b), source_line));  \
    }                                                                                         \
    AD_NUMBER_CALL_HERE(op, (ad_real a, ad_real b), (a, b, NULL))
#define AD_NUMBER_CALL_THREE(op)                                                              \
    AD_IN_PLACE ad_real op##_real_here(ad_real a, ad_real b, ad_real c,                       \
                                       const char *source_line)                               \
    {                                                                                         \
        return ad_real_aside(op##_real_at(ad_real_aside(a), ad_real_aside(b), ad_real_aside(c),\
                                          source_line));                                      \
    }                                                                                         \
    AD_NUMBER_CALL_HERE(op, (ad_real a, ad_real b, ad_real c), (a, b, c, NULL))
#define AD_NUMBER_POWER(op)                                             \
    static inline AD_UNUSED ad_real op##_real(ad_real x, int n)         \
    {                                                                   \
        return op##_real_at(x, n, NULL);                                \
    }
#define AD_NUMBERS_COMPARED(op, relation)                               \
    static inline AD_UNUSED bool op##_real(ad_real a, ad_real b)        \
    {                                                                   \
        return a.value relation b.value;                                \
    }
#define AD_NUMBER_TESTED(op, condition)                                 \
    static inline AD_UNUSED bool op##_real(ad_real x)                   \
    {                                                                   \
        return condition;                                               \
    }

/* The same, with the formula in place (elementwise.h). The operands are `x`, or `a`, `b` and `c` in it,
 * and the result is y. Where there is no room, or something is wrong, the library goes on. */
#define AD_NUMBER_HERE_ONE(op, ...) AD_NUMBER_HERE_ONE_BY(op, __VA_ARGS__, 0)
#define AD_NUMBER_HERE_ONE_BY(op, f, df, ...)                                                 \
    AD_IN_PLACE ad_real op##_real_here(ad_real of_x, const char *source_line)                 \
    {                                                                                         \
        AD_UNFUSED                                                                            \
        const double x = of_x.value;                                                          \
        double y = (f);                                                                       \
        AD_ROUNDED(y);                                                                        \
        (void)x;                                                                              \
        if (!of_x.on)                                                                         \
            return ad_real_constant(y);                                                       \
        if (AD_LIKELY(ad_real_lives(of_x.on, of_x) && ad_recorder_has(of_x.on, 1)))           \
            return ad_recorder_put(of_x.on, y, of_x, (df));                                   \
        return ad_real_aside(op##_real_at(ad_real_aside(of_x), source_line));                 \
    }                                                                                         \
    AD_NUMBER_CALL_HERE(op, (ad_real x), (x, NULL))
#define AD_NUMBER_HERE_TWO(op, ...) AD_NUMBER_HERE_TWO_BY(op, __VA_ARGS__, 0)
#define AD_NUMBER_HERE_TWO_BY(op, f, da, db, ...)                                             \
    AD_IN_PLACE ad_real op##_real_here(ad_real of_a, ad_real of_b,                            \
                                       const char *source_line)                               \
    {                                                                                         \
        AD_UNFUSED                                                                            \
        const double a = of_a.value, b = of_b.value;                                          \
        double y = (f);                                                                       \
        AD_ROUNDED(y);                                                                        \
        if (of_a.on && of_b.on) {                                                             \
            ad_recorder *r = of_a.on;                                                         \
            if (AD_LIKELY(of_b.on == r && ad_real_lives(r, of_a) && ad_real_lives(r, of_b) && \
                          ad_recorder_has(r, 2)))                                             \
                return ad_recorder_put_2(r, y, of_a, (da), of_b, (db));                       \
        } else if (of_a.on) {                                                                 \
            if (AD_LIKELY(ad_real_lives(of_a.on, of_a) && ad_recorder_has(of_a.on, 1)))       \
                return ad_recorder_put(of_a.on, y, of_a, (da));                               \
        } else if (of_b.on) {                                                                 \
            if (AD_LIKELY(ad_real_lives(of_b.on, of_b) && ad_recorder_has(of_b.on, 1)))       \
                return ad_recorder_put(of_b.on, y, of_b, (db));                               \
        } else {                                                                              \
            return ad_real_constant(y);                                                       \
        }                                                                                     \
        return ad_real_aside(                                                                 \
            op##_real_at(ad_real_aside(of_a), ad_real_aside(of_b), source_line));             \
    }                                                                                         \
    AD_NUMBER_CALL_HERE(op, (ad_real a, ad_real b), (a, b, NULL))
#define AD_NUMBER_HERE_THREE(op, ...) AD_NUMBER_HERE_THREE_BY(op, __VA_ARGS__, 0)
#define AD_NUMBER_HERE_THREE_BY(op, f, da, db, dc, ...)                                       \
    AD_IN_PLACE ad_real op##_real_here(ad_real of_a, ad_real of_b, ad_real of_c,              \
                                       const char *source_line)                               \
    {                                                                                         \
        AD_UNFUSED                                                                            \
        const double a = of_a.value, b = of_b.value, c = of_c.value;                          \
        double y = (f);                                                                       \
        AD_ROUNDED(y);                                                                        \
        ad_recorder *r = of_a.on;                                                             \
        (void)c;                                                                              \
        if (AD_LIKELY(r && of_b.on == r && of_c.on == r && ad_real_lives(r, of_a) &&          \
                      ad_real_lives(r, of_b) && ad_real_lives(r, of_c) &&                     \
                      ad_recorder_has(r, 3)))                                                 \
            return ad_recorder_put_3(r, y, of_a, (da), of_b, (db), of_c, (dc));               \
        if (r && !of_b.on && of_c.on == r && ad_real_lives(r, of_a) &&                        \
            ad_real_lives(r, of_c) && ad_recorder_has(r, 2))                                  \
            return ad_recorder_put_2(r, y, of_a, (da), of_c, (dc));                           \
        return ad_real_aside(                                                                 \
            op##_real_at(ad_real_aside(of_a), ad_real_aside(of_b),                            \
                         ad_real_aside(of_c), source_line));                                  \
    }                                                                                         \
    AD_NUMBER_CALL_HERE(op, (ad_real a, ad_real b, ad_real c), (a, b, c, NULL))
#define AD_NUMBER_CALL_HERE(op, taken, given)                                                 \
    AD_IN_PLACE ad_real op##_real taken                                                       \
    {                                                                                         \
        return op##_real_here given;                                                          \
    }

/* ---- by types, in C ----------------------------------------------------------------- */

#ifndef __cplusplus

#ifdef AD_NO_SOURCE_LINES
#define AD_CALL_LINE NULL
#else
#define AD_CALL_LINE AD_SOURCE_LINE
#endif

/* The kind of an operand; and of two or three of them, as the type of a pointer. Each operand stands
 * twice in what a macro becomes, not more, since calls are nested. */
#define AD_KIND(x) _Generic((x), ad_real: 2, ad_tensor: 1, default: 0)
#define AD_KINDS_2(a, b) ((char (*)[1 + 3 * AD_KIND(a) + AD_KIND(b)])NULL)
#define AD_KINDS_3(a, b, c) ((char (*)[1 + 9 * AD_KIND(a) + 3 * AD_KIND(b) + AD_KIND(c)])NULL)
#define AD_KINDS(number) char (*)[1 + (number)]

/* What the compiler shows for an operation of a tensor and a number of a recorder. */
extern const int ad_tensors_and_reals_do_not_mix;

static inline AD_UNUSED ad_tensor ad_noted(ad_tensor x, const char *source_line)
{
    return source_line ? ad_tensor_at_line(x, source_line) : x;
}

/* Functions of tensors (t), reals (r) and plain numbers (d), by the letters of their operands. */
#define AD_CALL(op, result, kinds, taken, given)                                  \
    AD_IN_PLACE result op##_##kinds taken                             \
    {                                                                             \
        return given;                                                             \
    }

#define AD_CALLS_ONE(op, of_reals)                                                \
    AD_CALL(op, ad_tensor, t, (ad_tensor x, const char *line), (op)(ad_noted(x, line))) \
    AD_CALL(op, ad_real, r, (ad_real x, const char *line), of_reals(x, line))
#define AD_CHOOSE_ONE(op, ...)                                                    \
    _Generic((__VA_ARGS__), ad_real: op##_r, default: op##_t)((__VA_ARGS__), AD_CALL_LINE)

#define AD_CALLS_POWER(op)                                                        \
    AD_CALL(op, ad_tensor, t, (ad_tensor x, int n, const char *line), (op)(ad_noted(x, line), n))
#define AD_CHOOSE_POWER(op, x, n)                                                 \
    _Generic((x), ad_real: op##_real_at, default: op##_t)((x), (n), AD_CALL_LINE)

#define AD_CALLS_TEST(op)                                                         \
    AD_CALL(op, ad_tensor, t, (ad_tensor x, const char *line), (op)(ad_noted(x, line))) \
    AD_CALL(op, bool, r, (ad_real x, const char *line), ((void)line, op##_real(x)))
#define AD_CHOOSE_TEST(op, ...) AD_CHOOSE_ONE(op, __VA_ARGS__)

#define AD_CALLS_OF_TENSORS(op)                                                   \
    AD_CALL(op, ad_tensor, tt, (ad_tensor a, ad_tensor b, const char *line),      \
            (op)(ad_noted(a, line), ad_noted(b, line)))                           \
    AD_CALL(op, ad_tensor, td, (ad_tensor a, double b, const char *line),         \
            (op)(ad_noted(a, line), ad_number(b)))                                \
    AD_CALL(op, ad_tensor, dt, (double a, ad_tensor b, const char *line),         \
            (op)(ad_number(a), ad_noted(b, line)))                                \
    AD_CALL(op, ad_tensor, dd, (double a, double b, const char *line),            \
            ((void)line, (op)(ad_number(a), ad_number(b))))
#define AD_CALLS_TWO(op, of_reals)                                                \
    AD_CALLS_OF_TENSORS(op)                                                       \
    AD_CALL(op, ad_real, rr, (ad_real a, ad_real b, const char *line), of_reals(a, b, line)) \
    AD_CALL(op, ad_real, rd, (ad_real a, double b, const char *line),             \
            of_reals(a, ad_real_constant(b), line))                               \
    AD_CALL(op, ad_real, dr, (double a, ad_real b, const char *line),             \
            of_reals(ad_real_constant(a), b, line))
#define AD_CALLS_COMPARE(op)                                                      \
    AD_CALLS_OF_TENSORS(op)                                                       \
    AD_CALL(op, bool, rr, (ad_real a, ad_real b, const char *line), ((void)line, op##_real(a, b))) \
    AD_CALL(op, bool, rd, (ad_real a, double b, const char *line),                \
            ((void)line, op##_real(a, ad_real_constant(b))))                      \
    AD_CALL(op, bool, dr, (double a, ad_real b, const char *line),                \
            ((void)line, op##_real(ad_real_constant(a), b)))
#define AD_CHOOSE_TWO(op, a, b)                                                   \
    _Generic(AD_KINDS_2(a, b), AD_KINDS(0): op##_dd, AD_KINDS(1): op##_dt,        \
             AD_KINDS(2): op##_dr, AD_KINDS(3): op##_td, AD_KINDS(4): op##_tt,    \
             AD_KINDS(6): op##_rd, AD_KINDS(8): op##_rr,                          \
             default: ad_tensors_and_reals_do_not_mix)((a), (b), AD_CALL_LINE)

#define AD_LINE_3 const char *line
#define AD_CALLS_THREE(op, of_reals)                                              \
    AD_CALL(op, ad_tensor, ttt, (ad_tensor a, ad_tensor b, ad_tensor c, AD_LINE_3), \
            (op)(ad_noted(a, line), ad_noted(b, line), ad_noted(c, line)))        \
    AD_CALL(op, ad_tensor, ttd, (ad_tensor a, ad_tensor b, double c, AD_LINE_3),  \
            op##_ttt(a, b, ad_number(c), line))                                   \
    AD_CALL(op, ad_tensor, tdt, (ad_tensor a, double b, ad_tensor c, AD_LINE_3),  \
            op##_ttt(a, ad_number(b), c, line))                                   \
    AD_CALL(op, ad_tensor, tdd, (ad_tensor a, double b, double c, AD_LINE_3),     \
            op##_ttt(a, ad_number(b), ad_number(c), line))                        \
    AD_CALL(op, ad_tensor, dtt, (double a, ad_tensor b, ad_tensor c, AD_LINE_3),  \
            op##_ttt(ad_number(a), b, c, line))                                   \
    AD_CALL(op, ad_tensor, dtd, (double a, ad_tensor b, double c, AD_LINE_3),     \
            op##_ttt(ad_number(a), b, ad_number(c), line))                        \
    AD_CALL(op, ad_tensor, ddt, (double a, double b, ad_tensor c, AD_LINE_3),     \
            op##_ttt(ad_number(a), ad_number(b), c, line))                        \
    AD_CALL(op, ad_tensor, ddd, (double a, double b, double c, AD_LINE_3),        \
            op##_ttt(ad_number(a), ad_number(b), ad_number(c), line))             \
    AD_CALL(op, ad_real, rrr, (ad_real a, ad_real b, ad_real c, AD_LINE_3), of_reals(a, b, c, line)) \
    AD_CALL(op, ad_real, rrd, (ad_real a, ad_real b, double c, AD_LINE_3),        \
            of_reals(a, b, ad_real_constant(c), line))                            \
    AD_CALL(op, ad_real, rdr, (ad_real a, double b, ad_real c, AD_LINE_3),        \
            of_reals(a, ad_real_constant(b), c, line))                            \
    AD_CALL(op, ad_real, rdd, (ad_real a, double b, double c, AD_LINE_3),         \
            of_reals(a, ad_real_constant(b), ad_real_constant(c), line))          \
    AD_CALL(op, ad_real, drr, (double a, ad_real b, ad_real c, AD_LINE_3),        \
            of_reals(ad_real_constant(a), b, c, line))                            \
    AD_CALL(op, ad_real, drd, (double a, ad_real b, double c, AD_LINE_3),         \
            of_reals(ad_real_constant(a), b, ad_real_constant(c), line))          \
    AD_CALL(op, ad_real, ddr, (double a, double b, ad_real c, AD_LINE_3),         \
            of_reals(ad_real_constant(a), ad_real_constant(b), c, line))
#define AD_CHOOSE_THREE(op, a, b, c)                                              \
    _Generic(AD_KINDS_3(a, b, c), AD_KINDS(0): op##_ddd, AD_KINDS(1): op##_ddt,   \
             AD_KINDS(2): op##_ddr, AD_KINDS(3): op##_dtd, AD_KINDS(4): op##_dtt, \
             AD_KINDS(6): op##_drd, AD_KINDS(8): op##_drr, AD_KINDS(9): op##_tdd, \
             AD_KINDS(10): op##_tdt, AD_KINDS(12): op##_ttd, AD_KINDS(13): op##_ttt, \
             AD_KINDS(18): op##_rdd, AD_KINDS(20): op##_rdr, AD_KINDS(24): op##_rrd, \
             AD_KINDS(26): op##_rrr,                                              \
             default: ad_tensors_and_reals_do_not_mix)((a), (b), (c), AD_CALL_LINE)

/* A condition is a mask for tensors, and any truth for numbers. */
#define AD_CALLS_WHERE                                                            \
    AD_CALL(ad_where, ad_tensor, ttt, (ad_tensor m, ad_tensor a, ad_tensor b, AD_LINE_3), \
            (ad_where)(ad_noted(m, line), ad_noted(a, line), ad_noted(b, line)))  \
    AD_CALL(ad_where, ad_tensor, ttd, (ad_tensor m, ad_tensor a, double b, AD_LINE_3), \
            ad_where_ttt(m, a, ad_number(b), line))                               \
    AD_CALL(ad_where, ad_tensor, tdt, (ad_tensor m, double a, ad_tensor b, AD_LINE_3), \
            ad_where_ttt(m, ad_number(a), b, line))                               \
    AD_CALL(ad_where, ad_tensor, tdd, (ad_tensor m, double a, double b, AD_LINE_3), \
            ad_where_ttt(m, ad_number(a), ad_number(b), line))                    \
    AD_CALL(ad_where, ad_real, drr, (bool m, ad_real a, ad_real b, AD_LINE_3),    \
            ((void)line, ad_where_real(m, a, b)))                                 \
    AD_CALL(ad_where, ad_real, drd, (bool m, ad_real a, double b, AD_LINE_3),     \
            ad_where_drr(m, a, ad_real_constant(b), line))                        \
    AD_CALL(ad_where, ad_real, ddr, (bool m, double a, ad_real b, AD_LINE_3),     \
            ad_where_drr(m, ad_real_constant(a), b, line))
#define AD_CHOOSE_WHERE(m, a, b)                                                  \
    _Generic(AD_KINDS_3(m, a, b), AD_KINDS(2): ad_where_ddr, AD_KINDS(6): ad_where_drd, \
             AD_KINDS(8): ad_where_drr, AD_KINDS(9): ad_where_tdd, AD_KINDS(10): ad_where_tdt, \
             AD_KINDS(12): ad_where_ttd, AD_KINDS(13): ad_where_ttt,              \
             default: ad_tensors_and_reals_do_not_mix)((m), (a), (b), AD_CALL_LINE)

#endif

#endif
