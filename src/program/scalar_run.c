/* The interpreter of scalar code.
 *
 * The build compiles this file once for short and once for long instructions, and defines AD_RUN, the function's
 * name, and AD_INSTRUCTION. Each form jumps to the next by itself, so that the processor predicts each jump from where
 * it stands; the build keeps gcc from joining these jumps. */
#include "program/scalar_code.h"

#include "kernels/gauss.h"
#include "kernels/trigonometric.h"
#include "kernels/vanishing.h"
#include "ops/elementwise/values.h"

#include <math.h>

/* ---- functions: the bits of the kernels --------------------------------------------- */

/* Both loops may stand in one file, as in the amalgamation. */
#define PASTED(name, loop) name##_of_##loop
#define OWN(name, loop)    PASTED(name, loop)
#define exp_value          OWN(exp, AD_RUN)
#define expm1_value        OWN(expm1, AD_RUN)
#define log_value          OWN(log, AD_RUN)
#define log1p_value        OWN(log1p, AD_RUN)
#define sin_value          OWN(sin, AD_RUN)
#define cos_value          OWN(cos, AD_RUN)
#define tanh_value         OWN(tanh, AD_RUN)
#define sigmoid_value      OWN(sigmoid, AD_RUN)
#define gauss_value        OWN(gauss, AD_RUN)

#define FUNCTION(name, value)                     \
    static AD_APART double name##_value(double x) \
    {                                             \
        return value;                             \
    }
FUNCTION(exp, ad_exp_f64(x))
FUNCTION(expm1, ad_expm1_f64(x))
FUNCTION(log, ad_log_f64(x))
FUNCTION(log1p, ad_log1p_f64(x))
FUNCTION(sin, fabs(x) <= AD_NEAR(x) ? ad_sin_f64(x) : sin(x))
FUNCTION(cos, fabs(x) <= AD_NEAR(x) ? ad_cos_f64(x) : cos(x))
FUNCTION(tanh, ad_tanh_f64(x))
FUNCTION(sigmoid, ad_sigmoid_f64(x))
FUNCTION(gauss, ad_gauss_f64(x))

static AD_APART double call_kernel(ad_block *block, double a, double b, double c)
{
    const void *in[] = {&a, &b, &c};
    double y;
    block(0, 1, in, &y);
    return y;
}

/* ---- the loop ----------------------------------------------------------------------- */

#define A      slot[i->a]
#define B      slot[i->b]
#define C      slot[i->c]
#define R      r
#define STORED slot[i->d] = r
#define KEPT   (void)0

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic" /* computed goto */

#define NEXT goto *at[(++i)->form]

#define ADDRESS(name, ...)          [AD_FORM_##name] = &&at_##name,
#define GUARD_ADDRESS(name, ...)    [AD_GUARD_##name] = &&guard_##name,
#define JOINT_ADDRESSES(first, ...) AD_SECOND_ROWS(JOINT_ADDRESS, first)
#define KEPT_ADDRESSES(first, ...)  AD_SECOND_ROWS_OF_R(JOINT_ADDRESS, first)
#define JOINT_ADDRESS(second, value, store, first)                          \
    [AD_FORM_joined + AD_SECONDS * AD_FIRST_##first + AD_SECOND_##second] = \
        &&at_##first##_then_##second,

#define DO(name, value, store) \
    at_##name : r = (value);   \
    store;                     \
    NEXT;
#define DO_GUARD(name, flipped)                                               \
    guard_##name : if (flipped) return (uint32_t)i->c | (uint32_t)i->d << 16; \
    NEXT;
#define DO_JOINTS(first, ...)      AD_SECOND_ROWS(DO_JOINT, first, __VA_ARGS__)
#define DO_KEPT_JOINTS(first, ...) AD_SECOND_ROWS_OF_R(DO_JOINT, first, __VA_ARGS__)
#define DO_JOINT(second, second_value, second_store, first, value, store) \
    at_##first##_then_##second : r = (value);                             \
    store;                                                                \
    i++;                                                                  \
    r = (second_value);                                                   \
    second_store;                                                         \
    NEXT;

uint32_t AD_RUN(const ad_scalar_code *code, double *slot)
{
    static const void *const labels[AD_FORM_COUNT] = {
        [AD_FORM_end] = &&at_end,
        AD_HOT_ROWS(ADDRESS) AD_PLAIN_ROWS(ADDRESS) AD_GUARD_ROWS(GUARD_ADDRESS)
            AD_FIRST_ROWS(JOINT_ADDRESSES)
                AD_FIRST_KEPT_ROWS(KEPT_ADDRESSES)[AD_FORM_call... AD_FORM_COUNT - 1] = &&at_call};
    const AD_INSTRUCTION *i = code->instruction;
    const void *const *at = labels;
    double r = 0;
    __asm__("" : "+r"(at)); /* else each form makes the address anew */
    goto *at[i->form];
    AD_HOT_ROWS(DO)
    AD_PLAIN_ROWS(DO)
    AD_GUARD_ROWS(DO_GUARD)
    AD_FIRST_ROWS(DO_JOINTS)
    AD_FIRST_KEPT_ROWS(DO_KEPT_JOINTS)
at_call:
    r = call_kernel(code->call[i->form - AD_FORM_call], A, B, C);
    STORED;
    NEXT;
at_end:
    return AD_NO_GUARD;
}

#pragma GCC diagnostic pop
