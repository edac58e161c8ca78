/* How the headers of operations are made: functions of single numbers that are compiled into your
 * code; and macros that choose a function by the types of the operands. Nothing here is for direct
 * use: see elementwise.h and number.h. */
#ifndef ADZE_OPS_CHOICES_H
#define ADZE_OPS_CHOICES_H

#include "adze/number.h"
#include "adze/tape.h"

/* The last parameter of all: where the call stands. */
#define AD_AT const char *line

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

/* The library computes and records (op##_real_parts). */
#define AD_NUMBER_CALL_ONE(op)                                                                 \
    AD_IN_PLACE ad_real op##_real_at(ad_real x, const char *source_line)                       \
    {                                                                                          \
        ad_real_result y = op##_real_parts(AD_REAL_GIVEN(x), source_line);                       \
        return ad_real_from(x.on, y.value, y.place);                                           \
    }
#define AD_NUMBER_CALL_TWO(op)                                                                 \
    AD_IN_PLACE ad_real op##_real_at(ad_real a, ad_real b, const char *source_line)            \
    {                                                                                          \
        ad_real_result y = op##_real_parts(AD_REAL_GIVEN(a), AD_REAL_GIVEN(b), source_line);       \
        return ad_real_from(ad_recorder_any(a.on ? a.on : b.on), y.value, y.place);            \
    }
#define AD_NUMBER_CALL_THREE(op)                                                               \
    AD_IN_PLACE ad_real op##_real_at(ad_real a, ad_real b, ad_real c, const char *source_line) \
    {                                                                                          \
        ad_real_result y = op##_real_parts(AD_REAL_GIVEN(a), AD_REAL_GIVEN(b), AD_REAL_GIVEN(c),     \
                                           source_line);                                       \
        ad_recorder *on = a.on ? a.on : b.on ? b.on : c.on;                                    \
        return ad_real_from(ad_recorder_any(on), y.value, y.place);                            \
    }
#define AD_NUMBER_CALL_POWER(op)                                                               \
    AD_IN_PLACE ad_real op##_real_at(ad_real x, int n, const char *source_line)                \
    {                                                                                          \
        ad_real_result y = op##_real_parts(AD_REAL_GIVEN(x), n, source_line);                    \
        return ad_real_from(x.on, y.value, y.place);                                           \
    }
/* A program repeats what it sees compared. */
#define AD_NUMBERS_COMPARED(op, relation)                                                      \
    AD_IN_PLACE bool op##_real_at(ad_real a, ad_real b, const char *source_line)               \
    {                                                                                          \
        const bool outcome = a.value relation b.value;                                         \
        const ad_recorder *r = a.on ? a.on : b.on;                                             \
        return AD_LIKELY(!r || !(r->keep & AD_KEEP_OPERATIONS))                                \
                   ? outcome                                                                   \
                   : ad_recorder_compared(#op, a, b, outcome, source_line);                    \
    }                                                                                          \
    static inline AD_UNUSED bool op##_real(ad_real a, ad_real b)                               \
    {                                                                                          \
        return op##_real_at(a, b, NULL);                                                       \
    }
#define AD_NUMBER_TESTED(op, condition)                                                        \
    AD_IN_PLACE bool op##_real_at(ad_real x, const char *source_line)                          \
    {                                                                                          \
        const bool outcome = condition;                                                        \
        return AD_LIKELY(!x.on || !(x.on->keep & AD_KEEP_OPERATIONS))                          \
                   ? outcome                                                                   \
                   : ad_recorder_compared(#op, x, ad_real_constant(0), outcome, source_line);  \
    }                                                                                          \
    static inline AD_UNUSED bool op##_real(ad_real x)                                          \
    {                                                                                          \
        return op##_real_at(x, NULL);                                                          \
    }

/* The same, with the formula in place (elementwise.h) where nothing is in the way. The operands are
 * `x`, or `a`, `b` and `c` in it, and the result is y. An operand that is seen to be a constant
 * takes no room. */
#ifdef AD_NUMBERS_BY_CALLS
#define AD_NUMBER_HERE_ONE(op, ...) AD_NUMBER_CALL_HERE(op, ONE, (ad_real x, AD_AT), (x, line))
#define AD_NUMBER_HERE_TWO(op, ...)                                                            \
    AD_NUMBER_CALL_HERE(op, TWO, (ad_real a, ad_real b, AD_AT), (a, b, line))
#define AD_NUMBER_HERE_THREE(op, ...)                                                          \
    AD_NUMBER_CALL_HERE(op, THREE, (ad_real a, ad_real b, ad_real c, AD_AT), (a, b, c, line))
#else
#define AD_NUMBER_HERE_ONE(op, ...)   AD_NUMBER_HERE_ONE_BY(op, __VA_ARGS__, 0)
#define AD_NUMBER_HERE_TWO(op, ...)   AD_NUMBER_HERE_TWO_BY(op, __VA_ARGS__, 0)
#define AD_NUMBER_HERE_THREE(op, ...) AD_NUMBER_HERE_THREE_BY(op, __VA_ARGS__, 0)
#endif
#define AD_NUMBER_CALL_HERE(op, amount, taken, given)                                          \
    AD_NUMBER_CALL_##amount(op)                                                                \
    AD_IN_PLACE ad_real op##_real_here taken                                                   \
    {                                                                                          \
        return op##_real_at given;                                                             \
    }
#define AD_NUMBER_HERE_ONE_BY(op, f, df, ...)                                                  \
    AD_NUMBER_CALL_ONE(op)                                                                     \
    AD_IN_PLACE ad_real op##_real_here(ad_real of_x, AD_AT)                                    \
    {                                                                                          \
        AD_UNFUSED                                                                             \
        ad_recorder *r = of_x.on;                                                              \
        const double x = of_x.value;                                                           \
        double y = (f);                                                                        \
        AD_ROUNDED(y);                                                                         \
        (void)x;                                                                               \
        if (AD_LIKELY(r) && AD_LIKELY(ad_recorder_made(r, of_x)) && ad_recorder_has(r, 1))     \
            return ad_recorder_put_1(r, y, of_x, (df));                                        \
        return op##_real_at(of_x, line);                                                       \
    }
#define AD_NUMBER_HERE_TWO_BY(op, f, da, db, ...)                                              \
    AD_NUMBER_CALL_TWO(op)                                                                     \
    AD_IN_PLACE ad_real op##_real_here(ad_real of_a, ad_real of_b, AD_AT)                      \
    {                                                                                          \
        AD_UNFUSED                                                                             \
        ad_recorder *r = AD_KNOWN(!of_a.on) ? of_b.on : of_a.on;                               \
        const double a = of_a.value, b = of_b.value;                                           \
        double y = (f);                                                                        \
        AD_ROUNDED(y);                                                                         \
        if (AD_KNOWN(!of_b.on)) {                                                              \
            if (AD_LIKELY(r) && AD_LIKELY(ad_recorder_made(r, of_a)) && ad_recorder_has(r, 1)) \
                return ad_recorder_put_1(r, y, of_a, (da));                                    \
        } else if (AD_KNOWN(!of_a.on)) {                                                       \
            if (AD_LIKELY(r) && AD_LIKELY(ad_recorder_made(r, of_b)) && ad_recorder_has(r, 1)) \
                return ad_recorder_put_1(r, y, of_b, (db));                                    \
        } else if (AD_LIKELY(r) && AD_LIKELY(of_b.on == r) &&                                  \
                   AD_LIKELY(ad_recorder_made_2(r, of_a, of_b)) && ad_recorder_has(r, 2)) {    \
            return ad_recorder_put_2(r, y, of_a, (da), of_b, (db));                            \
        }                                                                                      \
        return op##_real_at(of_a, of_b, line);                                                 \
    }
#define AD_NUMBER_HERE_THREE_BY(op, f, da, db, dc, ...)                                        \
    AD_NUMBER_CALL_THREE(op)                                                                   \
    AD_IN_PLACE ad_real op##_real_here(ad_real of_a, ad_real of_b, ad_real of_c, AD_AT)        \
    {                                                                                          \
        AD_UNFUSED                                                                             \
        ad_recorder *r = of_a.on;                                                              \
        const double a = of_a.value, b = of_b.value, c = of_c.value;                           \
        double y = (f);                                                                        \
        AD_ROUNDED(y);                                                                         \
        (void)c;                                                                               \
        if (AD_KNOWN(!of_b.on)) {                                                              \
            if (AD_LIKELY(r) && AD_LIKELY(of_c.on == r) &&                                     \
                AD_LIKELY(ad_recorder_made_2(r, of_a, of_c)) && ad_recorder_has(r, 2))         \
                return ad_recorder_put_2(r, y, of_a, (da), of_c, (dc));                        \
        } else if (AD_LIKELY(r) && AD_LIKELY(of_b.on == r) && AD_LIKELY(of_c.on == r) &&       \
                   AD_LIKELY(ad_recorder_made_3(r, of_a, of_b, of_c)) &&                       \
                   ad_recorder_has(r, 3)) {                                                    \
            return ad_recorder_put_3(r, y, of_a, (da), of_b, (db), of_c, (dc));                \
        }                                                                                      \
        return op##_real_at(of_a, of_b, of_c, line);                                           \
    }

/* ---- by types, in C ----------------------------------------------------------------- */

#ifndef __cplusplus

#ifdef AD_NO_SOURCE_LINES
#define AD_CALL_LINE NULL
#else
#define AD_CALL_LINE AD_SOURCE_LINE
#endif

/* An operand stands once in what a macro becomes: calls are nested, and two copies would be four in
 * the level around them, and so on. What asks for its type several times asks a variable (GNU C). */
#ifdef __GNUC__
#define AD_ONCE_1(choose, with, x)          AD_ONCE_1_BY(choose, with, x, __COUNTER__)
#define AD_ONCE_1_BY(choose, with, x, n)    AD_ONCE_1_AS(choose, with, x, n)
#define AD_ONCE_1_AS(choose, with, x, n)                                       \
    __extension__({                                                               \
        __auto_type ad_x##n = (x);                                                   \
        choose(with, ad_x##n);                                                       \
    })
#define AD_ONCE_2(choose, with, a, b)       AD_ONCE_2_BY(choose, with, a, b, __COUNTER__)
#define AD_ONCE_2_BY(choose, with, a, b, n) AD_ONCE_2_AS(choose, with, a, b, n)
#define AD_ONCE_2_AS(choose, with, a, b, n)                                       \
    __extension__({                                                               \
        __auto_type ad_a##n = (a);                                                \
        __auto_type ad_b##n = (b);                                                \
        choose(with, ad_a##n, ad_b##n);                                           \
    })
#define AD_ONCE_3(choose, with, a, b, c)       AD_ONCE_3_BY(choose, with, a, b, c, __COUNTER__)
#define AD_ONCE_3_BY(choose, with, a, b, c, n) AD_ONCE_3_AS(choose, with, a, b, c, n)
#define AD_ONCE_3_AS(choose, with, a, b, c, n)                                    \
    __extension__({                                                               \
        __auto_type ad_a##n = (a);                                                \
        __auto_type ad_b##n = (b);                                                \
        __auto_type ad_c##n = (c);                                                \
        choose(with, ad_a##n, ad_b##n, ad_c##n);                                  \
    })
#else
#define AD_ONCE_1(choose, with, x)       choose(with, (x))
#define AD_ONCE_2(choose, with, a, b)    choose(with, (a), (b))
#define AD_ONCE_3(choose, with, a, b, c) choose(with, (a), (b), (c))
#endif

/* The kind of an operand; and of two or three of them, as the type of a pointer. */
#define AD_KIND(x) _Generic((x), ad_real: 2, ad_tensor: 1, default: 0)
#define AD_KINDS_2(a, b) ((char (*)[1 + 3 * AD_KIND(a) + AD_KIND(b)])NULL)
#define AD_KINDS_3(a, b, c) ((char (*)[1 + 9 * AD_KIND(a) + 3 * AD_KIND(b) + AD_KIND(c)])NULL)
#define AD_KINDS(number) char (*)[1 + (number)]

/* What the compiler says of operands that do not fit; nothing is evaluated. */
#define AD_EXPECT(condition, text) (void)sizeof(struct { int it; _Static_assert(condition, text); })
#define AD_EXPECT_OPERAND(op, x) \
    AD_EXPECT(AD_KIND(x) != 0, #op ": the operand is neither a tensor (ad_tensor) nor a number (ad_real)")
#define AD_EXPECT_LIKE(op, a, b) \
    AD_EXPECT(AD_KIND(a) * AD_KIND(b) != 2, #op ": tensors (ad_tensor) and numbers (ad_real) do not mix")

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
#define AD_CHOOSE_ONE(op, x) AD_ONCE_1(AD_CHOOSE_ONE_OF, op, x)
#define AD_CHOOSE_ONE_OF(op, x)                                                   \
    (AD_EXPECT_OPERAND(op, x),                                                    \
     _Generic((x), ad_real: op##_r, default: op##_t)(x, AD_CALL_LINE))

#define AD_CALLS_POWER(op)                                                        \
    AD_CALL(op, ad_tensor, t, (ad_tensor x, int n, const char *line), (op)(ad_noted(x, line), n))
#define AD_CHOOSE_POWER(op, x, n) AD_ONCE_2(AD_CHOOSE_POWER_OF, op, x, n)
#define AD_CHOOSE_POWER_OF(op, x, n)                                              \
    (AD_EXPECT_OPERAND(op, x),                                                    \
     AD_EXPECT(_Generic((n), float: 0, double: 0, long double: 0, default: 1),    \
               #op ": the power is not an integer; ad_pow takes any power"),      \
     _Generic((x), ad_real: op##_real_at, default: op##_t)(x, n, AD_CALL_LINE))

#define AD_CALLS_TEST(op)                                                         \
    AD_CALL(op, ad_tensor, t, (ad_tensor x, const char *line), (op)(ad_noted(x, line))) \
    AD_CALL(op, bool, r, (ad_real x, const char *line), op##_real_at(x, line))
#define AD_CHOOSE_TEST(op, x) AD_CHOOSE_ONE(op, x)

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
    AD_CALL(op, bool, rr, (ad_real a, ad_real b, const char *line), op##_real_at(a, b, line)) \
    AD_CALL(op, bool, rd, (ad_real a, double b, const char *line),                \
            op##_real_at(a, ad_real_constant(b), line))                           \
    AD_CALL(op, bool, dr, (double a, ad_real b, const char *line),                \
            op##_real_at(ad_real_constant(a), b, line))
#define AD_CHOOSE_TWO(op, a, b) AD_ONCE_2(AD_CHOOSE_TWO_OF, op, a, b)
#define AD_CHOOSE_TWO_OF(op, a, b)                                                \
    (AD_EXPECT_LIKE(op, a, b),                                                    \
     _Generic(AD_KINDS_2(a, b), AD_KINDS(0): op##_dd, AD_KINDS(1): op##_dt,       \
              AD_KINDS(2): op##_dr, AD_KINDS(3): op##_td, AD_KINDS(4): op##_tt,   \
              AD_KINDS(6): op##_rd, AD_KINDS(8): op##_rr)(a, b, AD_CALL_LINE))

#define AD_CALLS_THREE(op, of_reals)                                              \
    AD_CALL(op, ad_tensor, ttt, (ad_tensor a, ad_tensor b, ad_tensor c, AD_AT), \
            (op)(ad_noted(a, line), ad_noted(b, line), ad_noted(c, line)))        \
    AD_CALL(op, ad_tensor, ttd, (ad_tensor a, ad_tensor b, double c, AD_AT),  \
            op##_ttt(a, b, ad_number(c), line))                                   \
    AD_CALL(op, ad_tensor, tdt, (ad_tensor a, double b, ad_tensor c, AD_AT),  \
            op##_ttt(a, ad_number(b), c, line))                                   \
    AD_CALL(op, ad_tensor, tdd, (ad_tensor a, double b, double c, AD_AT),     \
            op##_ttt(a, ad_number(b), ad_number(c), line))                        \
    AD_CALL(op, ad_tensor, dtt, (double a, ad_tensor b, ad_tensor c, AD_AT),  \
            op##_ttt(ad_number(a), b, c, line))                                   \
    AD_CALL(op, ad_tensor, dtd, (double a, ad_tensor b, double c, AD_AT),     \
            op##_ttt(ad_number(a), b, ad_number(c), line))                        \
    AD_CALL(op, ad_tensor, ddt, (double a, double b, ad_tensor c, AD_AT),     \
            op##_ttt(ad_number(a), ad_number(b), c, line))                        \
    AD_CALL(op, ad_tensor, ddd, (double a, double b, double c, AD_AT),        \
            op##_ttt(ad_number(a), ad_number(b), ad_number(c), line))             \
    AD_CALL(op, ad_real, rrr, (ad_real a, ad_real b, ad_real c, AD_AT), of_reals(a, b, c, line)) \
    AD_CALL(op, ad_real, rrd, (ad_real a, ad_real b, double c, AD_AT),        \
            of_reals(a, b, ad_real_constant(c), line))                            \
    AD_CALL(op, ad_real, rdr, (ad_real a, double b, ad_real c, AD_AT),        \
            of_reals(a, ad_real_constant(b), c, line))                            \
    AD_CALL(op, ad_real, rdd, (ad_real a, double b, double c, AD_AT),         \
            of_reals(a, ad_real_constant(b), ad_real_constant(c), line))          \
    AD_CALL(op, ad_real, drr, (double a, ad_real b, ad_real c, AD_AT),        \
            of_reals(ad_real_constant(a), b, c, line))                            \
    AD_CALL(op, ad_real, drd, (double a, ad_real b, double c, AD_AT),         \
            of_reals(ad_real_constant(a), b, ad_real_constant(c), line))          \
    AD_CALL(op, ad_real, ddr, (double a, double b, ad_real c, AD_AT),         \
            of_reals(ad_real_constant(a), ad_real_constant(b), c, line))
#define AD_CHOOSE_THREE(op, a, b, c) AD_ONCE_3(AD_CHOOSE_THREE_OF, op, a, b, c)
#define AD_CHOOSE_THREE_OF(op, a, b, c)                                           \
    (AD_EXPECT_LIKE(op, a, b), AD_EXPECT_LIKE(op, a, c), AD_EXPECT_LIKE(op, b, c), \
     _Generic(AD_KINDS_3(a, b, c), AD_KINDS(0): op##_ddd, AD_KINDS(1): op##_ddt,  \
              AD_KINDS(2): op##_ddr, AD_KINDS(3): op##_dtd, AD_KINDS(4): op##_dtt, \
              AD_KINDS(6): op##_drd, AD_KINDS(8): op##_drr, AD_KINDS(9): op##_tdd, \
              AD_KINDS(10): op##_tdt, AD_KINDS(12): op##_ttd, AD_KINDS(13): op##_ttt, \
              AD_KINDS(18): op##_rdd, AD_KINDS(20): op##_rdr, AD_KINDS(24): op##_rrd, \
              AD_KINDS(26): op##_rrr)(a, b, c, AD_CALL_LINE))

/* A condition is a mask for tensors, and any truth for numbers. */
#define AD_CALLS_WHERE                                                            \
    AD_CALL(ad_where, ad_tensor, ttt, (ad_tensor m, ad_tensor a, ad_tensor b, AD_AT), \
            (ad_where)(ad_noted(m, line), ad_noted(a, line), ad_noted(b, line)))  \
    AD_CALL(ad_where, ad_tensor, ttd, (ad_tensor m, ad_tensor a, double b, AD_AT), \
            ad_where_ttt(m, a, ad_number(b), line))                               \
    AD_CALL(ad_where, ad_tensor, tdt, (ad_tensor m, double a, ad_tensor b, AD_AT), \
            ad_where_ttt(m, ad_number(a), b, line))                               \
    AD_CALL(ad_where, ad_tensor, tdd, (ad_tensor m, double a, double b, AD_AT), \
            ad_where_ttt(m, ad_number(a), ad_number(b), line))                    \
    AD_CALL(ad_where, ad_real, drr, (bool m, ad_real a, ad_real b, AD_AT),    \
            ((void)line, ad_where_real(m, a, b)))                                 \
    AD_CALL(ad_where, ad_real, drd, (bool m, ad_real a, double b, AD_AT),     \
            ad_where_drr(m, a, ad_real_constant(b), line))                        \
    AD_CALL(ad_where, ad_real, ddr, (bool m, double a, ad_real b, AD_AT),     \
            ad_where_drr(m, ad_real_constant(a), b, line))
#define AD_CHOOSE_WHERE(m, a, b) AD_ONCE_2(AD_CHOOSE_WHERE_OF, (m), a, b)
#define AD_CHOOSE_WHERE_OF(m, a, b)                                               \
    (AD_EXPECT(AD_KIND(m) != 2, "ad_where: the condition is a number (ad_real); " \
                                "compare it, as in ad_greater(x, 0)"),            \
     AD_EXPECT(AD_KIND(m) + AD_KIND(a) + AD_KIND(b) != 0,                                      \
               "ad_where: neither a nor b is a tensor (ad_tensor) or a number (ad_real)"), \
     AD_EXPECT(AD_KIND(a) != 1 + AD_KIND(m) && AD_KIND(b) != 1 + AD_KIND(m),      \
               "ad_where: the condition of tensors (ad_tensor) is a mask, that of numbers " \
               "(ad_real) is plain C"),                                           \
     _Generic(AD_KINDS_3(m, a, b), AD_KINDS(2): ad_where_ddr, AD_KINDS(6): ad_where_drd, \
              AD_KINDS(8): ad_where_drr, AD_KINDS(9): ad_where_tdd, AD_KINDS(10): ad_where_tdt, \
              AD_KINDS(12): ad_where_ttd, AD_KINDS(13): ad_where_ttt)(m, a, b, AD_CALL_LINE))

#endif

#endif
