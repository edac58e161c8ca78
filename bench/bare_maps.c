/* One line is one operation: y and its derivatives as expressions of the operands a
 * and b, and y.
 *
 * This file is compiled three times, with T and TABLE. Where -ffast-math is on, gcc calls
 * glibc's vectorised functions. To compare with adze's own vectorised functions in bare
 * loops, put them here. */
#include "bare_maps.h"

#include <stddef.h>
#include <tgmath.h>

#define UNARY(op, f, df)                                                                         \
    static void op##_forward(const void *const x[2], void *result, int64_t begin, int64_t end)   \
    {                                                                                            \
        const T *restrict as = x[0];                                                             \
        T *restrict ys = result;                                                                 \
        for (int64_t i = begin; i < end; i++) {                                                  \
            T a = as[i];                                                                         \
            ys[i] = f;                                                                           \
        }                                                                                        \
    }                                                                                            \
    static void op##_backward(const void *const x[2], const void *result, const void *cotangent, \
                              void *const dx[2], int64_t begin, int64_t end)                     \
    {                                                                                            \
        const T *restrict as = x[0], *restrict ys = result, *restrict dy = cotangent;            \
        T *restrict da = dx[0];                                                                  \
        for (int64_t i = begin; i < end; i++) {                                                  \
            T a = as[i], y = ys[i];                                                              \
            (void)a, (void)y;                                                                    \
            da[i] = dy[i] * (df);                                                                \
        }                                                                                        \
    }

#define BINARY(op, f, dfa, dfb)                                                                  \
    static void op##_forward(const void *const x[2], void *result, int64_t begin, int64_t end)   \
    {                                                                                            \
        const T *restrict as = x[0], *restrict bs = x[1];                                        \
        T *restrict ys = result;                                                                 \
        for (int64_t i = begin; i < end; i++) {                                                  \
            T a = as[i], b = bs[i];                                                              \
            ys[i] = f;                                                                           \
        }                                                                                        \
    }                                                                                            \
    static void op##_backward(const void *const x[2], const void *result, const void *cotangent, \
                              void *const dx[2], int64_t begin, int64_t end)                     \
    {                                                                                            \
        const T *restrict as = x[0], *restrict bs = x[1], *restrict dy = cotangent;              \
        T *restrict da = dx[0], *restrict db = dx[1];                                            \
        (void)result;                                                                            \
        for (int64_t i = begin; i < end; i++) {                                                  \
            T a = as[i], b = bs[i];                                                              \
            (void)a, (void)b;                                                                    \
            da[i] = dy[i] * (dfa);                                                               \
            db[i] = dy[i] * (dfb);                                                               \
        }                                                                                        \
    }

/* clang-format off */
/*    name      y                          dy/da                  dy/db */
UNARY(axpb,     a * (T)1.5 + (T)0.25,      (T)1.5)
UNARY(relu,     a > 0 ? a : 0,             a > 0 ? (T)1 : (T)0)
UNARY(sqrt,     sqrt(a),                   (T)0.5 / y)
UNARY(exp,      exp(a),                    y)
UNARY(log,      log(a),                    1 / a)
UNARY(tanh,     tanh(a),                   1 - y * y)
UNARY(sigmoid,  1 / (1 + exp(-a)),         y * (1 - y))
UNARY(sin,      sin(a),                    cos(a))
UNARY(cos,      cos(a),                    -sin(a))
BINARY(add,     a + b,                     1,                     1)
BINARY(mul,     a * b,                     b,                     a)
BINARY(div,     a / b,                     1 / b,                 -a / (b * b))
UNARY(axpb_tanh_exp, exp(tanh(a * (T)1.5 + (T)0.25)),
      y * (1 - log(y) * log(y)) * (T)1.5)
/* clang-format on */

/* Where tanh need not be found again from y. */
static void axpb_tanh_exp_both(const void *const x[2], void *result, const void *cotangent,
                               void *const dx[2], int64_t begin, int64_t end)
{
    const T *restrict as = x[0], *restrict dy = cotangent;
    T *restrict ys = result, *restrict da = dx[0];
    for (int64_t i = begin; i < end; i++) {
        T t = tanh(as[i] * (T)1.5 + (T)0.25), y = exp(t);
        ys[i] = y;
        da[i] = dy[i] * y * (1 - t * t) * (T)1.5;
    }
}

/* clang-format off */
#define ROW(op, both) {#op, op##_forward, op##_backward, both}

const bare_map TABLE[] = {
    ROW(axpb, NULL), ROW(relu, NULL), ROW(sqrt, NULL), ROW(exp, NULL), ROW(log, NULL),
    ROW(tanh, NULL), ROW(sigmoid, NULL), ROW(sin, NULL), ROW(cos, NULL),
    ROW(add, NULL), ROW(mul, NULL), ROW(div, NULL),
    ROW(axpb_tanh_exp, axpb_tanh_exp_both),
    {NULL, NULL, NULL, NULL},
};
/* clang-format on */
