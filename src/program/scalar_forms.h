/* The instructions of scalar code: their names, and what they compute.
 *
 * A, B and C are the numbers in the slots of an instruction's operands; R is the result of the one before, in a
 * register. STORED writes the result to the instruction's slot, KEPT leaves it in the register alone.
 *
 *     FORM(name, value, STORED or KEPT) */
#ifndef ADZE_PROGRAM_SCALAR_FORMS_H
#define ADZE_PROGRAM_SCALAR_FORMS_H

#include "program/operations.h"

/* ---- hot forms ----------------------------------------------------------------------
 *
 * Of one or two operands, and pairs: two operations, each of which rounds. They come with all operands in slots,
 * then with one of them in the register. Where the first two may change places, the register is the first. */

#define AD_FORM_ADD(x, y)  ((x) + (y))
#define AD_FORM_SUB(x, y)  ((x) - (y))
#define AD_FORM_MUL(x, y)  ((x) * (y))
#define AD_FORM_DIV(x, y)  ((x) / (y))
#define AD_FORM_NEG(x)     (-(x))
#define AD_FORM_INVERSE(x) (1 / (x))
#define AD_FORM_SQRT(x)    sqrt(x)
#define AD_FORM_ABS(x)     fabs(x)
#define AD_FORM_FROM(x, y) ((y) - (x))

#define AD_BOTH(FORM, name, value) \
    FORM(name, value, STORED)      \
    FORM(name##_kept, value, KEPT)

#define AD_ONE(FORM, name, OF) \
    AD_BOTH(FORM, name, OF(A)) \
    AD_BOTH(FORM, name##_r, OF(R))

#define AD_TWO(FORM, name, OF)    \
    AD_BOTH(FORM, name, OF(A, B)) \
    AD_BOTH(FORM, name##_r_b, OF(R, B))
#define AD_TWO_IN_ORDER(FORM, name, OF) \
    AD_TWO(FORM, name, OF)              \
    AD_BOTH(FORM, name##_a_r, OF(A, R))

#define AD_PAIR_FIRST(FORM, name, IN, OUT) \
    AD_BOTH(FORM, name, OUT(IN(A, B), C))  \
    AD_BOTH(FORM, name##_r_b_c, OUT(IN(R, B), C))
#define AD_PAIR(FORM, name, IN, OUT)   \
    AD_PAIR_FIRST(FORM, name, IN, OUT) \
    AD_BOTH(FORM, name##_a_b_r, OUT(IN(A, B), R))
#define AD_PAIR_IN_ORDER(FORM, name, IN, OUT)     \
    AD_PAIR_FIRST(FORM, name, IN, OUT)            \
    AD_BOTH(FORM, name##_a_r_c, OUT(IN(A, R), C)) \
    AD_BOTH(FORM, name##_a_b_r, OUT(IN(A, B), R))

/* The result of the first two operands meets the third. */
#define AD_PAIRS_OF(FORM, PAIR, name, IN)     \
    PAIR(FORM, name##_add, IN, AD_FORM_ADD)   \
    PAIR(FORM, name##_sub, IN, AD_FORM_SUB)   \
    PAIR(FORM, name##_from, IN, AD_FORM_FROM) \
    PAIR(FORM, name##_mul, IN, AD_FORM_MUL)

#define AD_HOT_ROWS(FORM)                                 \
    AD_TWO(FORM, add, AD_FORM_ADD)                        \
    AD_TWO_IN_ORDER(FORM, sub, AD_FORM_SUB)               \
    AD_TWO(FORM, mul, AD_FORM_MUL)                        \
    AD_TWO_IN_ORDER(FORM, div, AD_FORM_DIV)               \
    AD_ONE(FORM, neg, AD_FORM_NEG)                        \
    AD_ONE(FORM, reciprocal, AD_FORM_INVERSE)             \
    AD_ONE(FORM, sqrt, AD_FORM_SQRT)                      \
    AD_ONE(FORM, abs, AD_FORM_ABS)                        \
    AD_PAIRS_OF(FORM, AD_PAIR, add, AD_FORM_ADD)          \
    AD_PAIRS_OF(FORM, AD_PAIR_IN_ORDER, sub, AD_FORM_SUB) \
    AD_PAIRS_OF(FORM, AD_PAIR, mul, AD_FORM_MUL)

/* ---- plain forms --------------------------------------------------------------------
 *
 * Of operands in slots, and stored: operations by their names. */

#define AD_PLAIN_ROWS(FORM)                                \
    FORM(maximum, A >= B || A != A ? A : B, STORED)        \
    FORM(minimum, A <= B || A != A ? A : B, STORED)        \
    FORM(exp, exp_value(A), STORED)                        \
    FORM(expm1, expm1_value(A), STORED)                    \
    FORM(log, log_value(A), STORED)                        \
    FORM(log1p, log1p_value(A), STORED)                    \
    FORM(sin, sin_value(A), STORED)                        \
    FORM(cos, cos_value(A), STORED)                        \
    FORM(tanh, tanh_value(A), STORED)                      \
    FORM(sigmoid, sigmoid_value(A), STORED)                \
    FORM(powi, ad_powi_value(A, (int)B), STORED)           \
    FORM(less, A < B, STORED)                              \
    FORM(less_equal, A <= B, STORED)                       \
    FORM(equal, A == B, STORED)                            \
    FORM(not_equal, A != B, STORED)                        \
    FORM(both, A != 0 && B != 0, STORED)                   \
    FORM(either, A != 0 || B != 0, STORED)                 \
    FORM(negation, A == 0, STORED)                         \
    FORM(where, A != 0 ? B : C, STORED)                    \
    FORM(vanishing, ad_times_f64(A, B), STORED)            \
    FORM(copysign, copysign(A, B), STORED)                 \
    FORM(gauss, gauss_value(A), STORED)                    \
    FORM(polygamma, ad_polygamma_value((int)B, A), STORED) \
    FORM(finite_shift, isfinite(A) ? A : 0, STORED)        \
    FORM(fma, fma(A, B, C), STORED)

/* ---- guards -------------------------------------------------------------------------
 *
 * GUARD(name, flipped). A truth in a slot; and comparisons, in the order of their operations. */

#define AD_GUARD_ROWS(GUARD)          \
    GUARD(true, A == 0)               \
    GUARD(false, A != 0)              \
    GUARD(less_true, !(A < B))        \
    GUARD(less_false, A < B)          \
    GUARD(less_equal_true, !(A <= B)) \
    GUARD(less_equal_false, A <= B)   \
    GUARD(equal_true, A != B)         \
    GUARD(equal_false, A == B)        \
    GUARD(not_equal_true, A == B)     \
    GUARD(not_equal_false, A != B)

/* ---- joints -------------------------------------------------------------------------
 *
 * A first and a second form, one after the other, are one, with the fields of two instructions. They are the commonest
 * forms of sums of products, and of their derivatives. */

/* clang-format off */
#define AD_FIRST_ROWS(JOINT)                 \
    JOINT(mul, A * B, STORED)                \
    JOINT(mul_add, A * B + C, STORED)        \
    JOINT(mul_from, C - A * B, STORED)       \
    JOINT(add_r_b, R + B, STORED)            \
    JOINT(mul_r_b, R * B, STORED)            \
    JOINT(mul_add_r_b_c, R * B + C, STORED)  \
    JOINT(mul_add_a_b_r, A * B + R, STORED)  \
    JOINT(mul_sub_a_b_r, A * B - R, STORED)  \
    JOINT(mul_from_r_b_c, C - R * B, STORED) \
    JOINT(mul_from_a_b_r, R - A * B, STORED)

/* Before those that take it from the register. */
#define AD_FIRST_KEPT_ROWS(JOINT)    \
    JOINT(mul_kept, A * B, KEPT)     \
    JOINT(mul_r_b_kept, R * B, KEPT) \
    JOINT(mul_add_a_b_r_kept, A * B + R, KEPT)

#define AD_SECOND_ROWS_OF_R(JOINT, ...)                   \
    JOINT(add_r_b, R + B, STORED, __VA_ARGS__)            \
    JOINT(mul_r_b, R * B, STORED, __VA_ARGS__)            \
    JOINT(mul_add_r_b_c, R * B + C, STORED, __VA_ARGS__)  \
    JOINT(mul_add_a_b_r, A * B + R, STORED, __VA_ARGS__)  \
    JOINT(mul_sub_a_b_r, A * B - R, STORED, __VA_ARGS__)  \
    JOINT(mul_from_r_b_c, C - R * B, STORED, __VA_ARGS__) \
    JOINT(mul_from_a_b_r, R - A * B, STORED, __VA_ARGS__) \
    JOINT(mul_r_b_kept, R * B, KEPT, __VA_ARGS__)         \
    JOINT(mul_add_a_b_r_kept, A * B + R, KEPT, __VA_ARGS__)
#define AD_SECOND_ROWS(JOINT, ...)                 \
    AD_SECOND_ROWS_OF_R(JOINT, __VA_ARGS__)        \
    JOINT(mul_kept, A * B, KEPT, __VA_ARGS__)      \
    JOINT(mul, A * B, STORED, __VA_ARGS__)         \
    JOINT(mul_add, A * B + C, STORED, __VA_ARGS__) \
    JOINT(mul_from, C - A * B, STORED, __VA_ARGS__)
/* clang-format on */

#define AD_FIRST_NAME(name, ...)  AD_FIRST_##name,
#define AD_SECOND_NAME(name, ...) AD_SECOND_##name,
enum { AD_FIRST_ROWS(AD_FIRST_NAME) AD_FIRST_KEPT_ROWS(AD_FIRST_NAME) AD_FIRSTS };
enum { AD_SECOND_ROWS(AD_SECOND_NAME, ) AD_SECONDS };
#undef AD_FIRST_NAME
#undef AD_SECOND_NAME

/* ---- numbers ------------------------------------------------------------------------ */

#define AD_FORM_CODE(name, ...)  AD_FORM_##name,
#define AD_GUARD_CODE(name, ...) AD_GUARD_##name,
typedef enum ad_form {
    AD_FORM_end,
    AD_HOT_ROWS(AD_FORM_CODE) AD_PLAIN_ROWS(AD_FORM_CODE) AD_GUARD_ROWS(AD_GUARD_CODE)
        AD_FORM_joined,                                     /* + AD_JOINTS * first + second */
    AD_FORM_call = AD_FORM_joined + AD_FIRSTS * AD_SECONDS, /* + an operation, by its kernel */
    AD_FORM_COUNT = AD_FORM_call + AD_PROGRAM_powi,
    AD_FORM_HOT_END = AD_FORM_maximum
} ad_form;
#undef AD_FORM_CODE
#undef AD_GUARD_CODE

#endif
