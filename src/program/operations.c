/* What the operations of programs compute. */
#include "program/operations.h"

#include "kernels/elementary.h"
#include "kernels/gauss.h"
#include "kernels/vanishing.h"
#include "ops/elementwise/values.h"

#include <math.h>
#include <string.h>

#define OP_ROW(name, arity) [AD_PROGRAM_##name] = {#name, arity},
const ad_program_op ad_program_ops[AD_PROGRAM_OP_COUNT] = {AD_PROGRAM_ROWS(OP_ROW)};
#undef OP_ROW

uint32_t ad_program_op_named(const char *name)
{
    for (uint32_t op = 0; op < AD_PROGRAM_OP_COUNT; op++)
        if (strcmp(ad_program_ops[op].name, name) == 0)
            return op;
    return AD_PROGRAM_OP_COUNT;
}

const ad_kernel *ad_program_kernel(uint32_t op)
{
    if (op >= AD_PROGRAM_powi)
        return NULL;
    const ad_op *of_tensors = ad_builtin_op_named(ad_program_ops[op].name);
    const ad_blocks *forward =
        of_tensors ? of_tensors->kernels : NULL; /* the first of its kernels */
    return forward ? &forward->of[AD_F64] : NULL;
}

static double by_kernel(uint32_t op, double a, double b, double c)
{
    const void *in[] = {&a, &b, &c};
    double y = (double)NAN;
    const ad_kernel *kernel = ad_program_kernel(op);
    if (kernel)
        kernel->of[AD_ISA_base](0, 1, in, &y);
    return y;
}

double ad_program_value(uint32_t op, double a, double b, double c)
{
    switch ((ad_program_op_code)op) {
    case AD_PROGRAM_neg:
        return -a;
    case AD_PROGRAM_add:
        return a + b;
    case AD_PROGRAM_sub:
        return a - b;
    case AD_PROGRAM_mul:
        return a * b;
    case AD_PROGRAM_div:
        return a / b;
    case AD_PROGRAM_reciprocal:
        return 1 / a;
    case AD_PROGRAM_sqrt:
        return sqrt(a);
    case AD_PROGRAM_abs:
        return fabs(a);
    case AD_PROGRAM_maximum:
        return a >= b || a != a ? a : b;
    case AD_PROGRAM_minimum:
        return a <= b || a != a ? a : b;
    case AD_PROGRAM_powi:
        return ad_powi_value(a, (int)b);
    case AD_PROGRAM_less:
        return a < b;
    case AD_PROGRAM_less_equal:
        return a <= b;
    case AD_PROGRAM_equal:
        return a == b;
    case AD_PROGRAM_not_equal:
        return a != b;
    case AD_PROGRAM_both:
        return a != 0 && b != 0;
    case AD_PROGRAM_either:
        return a != 0 || b != 0;
    case AD_PROGRAM_negation:
        return a == 0;
    case AD_PROGRAM_where:
        return a != 0 ? b : c;
    case AD_PROGRAM_vanishing:
        return ad_times_f64(a, b);
    case AD_PROGRAM_copysign:
        return copysign(a, b);
    case AD_PROGRAM_gauss:
        return ad_gauss_f64(a);
    case AD_PROGRAM_polygamma:
        return ad_polygamma_value((int)b, a);
    case AD_PROGRAM_detach:
        return a;
    case AD_PROGRAM_finite_shift:
        return isfinite(a) ? a : 0;
    case AD_PROGRAM_fma:
        return fma(a, b, c);
    default:
        return by_kernel(op, a, b, c);
    }
}
