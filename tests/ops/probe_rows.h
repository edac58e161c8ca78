/* How the rows of a table of operations are written:
 *
 *     ROW(what it shows, the op that it covers, f of x[0], x[1], ..., ON(their shapes),
 *         BETWEEN(their numbers; else -2 and 2), HOW(it is computed on complex numbers), if it is)
 *
 * A list of rows takes the macro ROW: FUNCTION makes the functions, CASE the table. Ops without
 * derivative have rows of values for FUNCTION and VALUE. An op without a row fails a test
 * (test_op_tables.c). */
#ifndef ADZE_TESTS_PROBE_ROWS_H
#define ADZE_TESTS_PROBE_ROWS_H

#include "probe_table.h"

#define S(...)                                              \
    {                                                       \
        sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), \
        {                                                   \
            __VA_ARGS__                                     \
        }                                                   \
    }
#define NUMBER \
    {          \
        0,     \
        {      \
            0  \
        }      \
    }
#define ON(...)       .n = sizeof((ad_shape[]){__VA_ARGS__}) / sizeof(ad_shape), .shape = {__VA_ARGS__}
#define BETWEEN(a, b) .low = a, .high = b
#define AROUND_0      BETWEEN(-2, 2)
#define ABOVE_0       BETWEEN(0.3, 2.5)
#define INSIDE_1      BETWEEN(-0.6, 0.6)
#define ABOVE_1       BETWEEN(1.5, 4)
#define FAR_APART     BETWEEN(-3000, 3000)
#define WIDE          BETWEEN(-30, 30) /* where close numbers would be ties for differences */

#define LINEAR           .form = {.linear = true}
#define EACH(f)          .form = {.unary = f}
#define BOTH(f)          .form = {.binary = f}
#define EACH_OF_THREE(f) .form = {.ternary = f}
#define OVER(f, axes_)   .form = {.list = f, .axes = axes_}
#define ALONG(f, axis)   .form = {.list = f, .axes = 1 << (axis), .same = true}
#define WHOLE(f)         .form = {.whole = f}
#define NOT_ANALYTIC     .form = {0}

/* Integers and masks are no operands of a row: they stay as they are. */
#define FROZEN(numbers, ...) ad_freeze(t, AD_VIEW(numbers, __VA_ARGS__))

#define FUNCTION(row, op, result, ...)                                          \
    static ad_tensor run_##row(ad_tape *t, const ad_tensor *x, const void *env) \
    {                                                                           \
        (void)t, (void)env;                                                     \
        return result;                                                          \
    }
#define CASE(row, op, result, ...)  {.name = #row, .covers = #op, .f = run_##row, __VA_ARGS__},
#define VALUE(row, op, result, ...) {#row, #op, run_##row, {__VA_ARGS__}},

#endif
