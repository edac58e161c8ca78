/* Masks: comparisons, logic, and what kind of number it is. They have no derivative. */
#include "adze/op.h"
#include "ops/elementwise/elementwise.h"
#include "ops/families.h"

#include <math.h>

/* One kernel for each number type. */
typedef struct mask_kernels {
    ad_kernel of[AD_TYPE_COUNT];
} mask_kernels;

static const char *mask_type(const ad_type *x, const void *attr, ad_type *y)
{
    (void)x, (void)attr;
    *y = AD_BOOL;
    return NULL;
}

static void mask_forward(const ad_forward_args *c)
{
    const mask_kernels *k = c->op->kernels;
    ad_map(c->work, &c->y.shape, &k->of[c->x[0].type], c->arity, c->x, sizeof(bool), c->y.data,
           false);
}

#define MASK_OP(op, count, type_rule, shape_rule)     \
    static const ad_op op##_op = {                    \
        .name = #op,                                  \
        .arity = count,                               \
        .flags = AD_OP_STRIDED | AD_OP_NO_DERIVATIVE, \
        .type = type_rule,                            \
        .shape = shape_rule,                          \
        .forward = mask_forward,                      \
        .kernels = &op##_kernels,                     \
    };

#define OF_ONE(op, type_rule)                 \
    MASK_OP(op, 1, type_rule, ad_shape_first) \
    ad_tensor ad_##op(ad_tensor x)            \
    {                                         \
        return ad_apply(&op##_op, &x, NULL);  \
    }

#define OF_TWO(op, type_rule)                                 \
    MASK_OP(op, 2, type_rule, ad_shape_broadcast)             \
    ad_tensor(ad_##op)(ad_tensor a, ad_tensor b)              \
    {                                                         \
        return ad_apply(&op##_op, (ad_tensor[]){a, b}, NULL); \
    }

/* The kernels of any number type, each made by KERNEL(name, its C type, how). */
#define OF_ANY_TYPE(op, KERNEL, how)                                                     \
    KERNEL(op##_AD_F32, float, how)                                                      \
    KERNEL(op##_AD_F64, double, how)                                                     \
    KERNEL(op##_AD_I32, int32_t, how)                                                    \
    KERNEL(op##_AD_I64, int64_t, how)                                                    \
    KERNEL(op##_AD_U8, uint8_t, how)                                                     \
    KERNEL(op##_AD_BOOL, bool, how)                                                      \
    static const mask_kernels op##_kernels = {{AD_ALL(op##_AD_F32), AD_ALL(op##_AD_F64), \
                                               AD_ALL(op##_AD_I32), AD_ALL(op##_AD_I64), \
                                               AD_ALL(op##_AD_U8), AD_ALL(op##_AD_BOOL)}};

/* ---- comparisons ------------------------------------------------------------------- */

static const char *compare_type(const ad_type *x, const void *attr, ad_type *y)
{
    (void)mask_type(x, attr, y);
    return x[0] == x[1] ? NULL : "operands must have one type (ad_cast converts)";
}

#define COMPARE_KERNEL(name, T, relation) \
    AD_ASSIGNING_KERNEL(name, bool, AD_IN(T, 0) relation AD_IN(T, 1))

#define COMPARE(op, relation)                 \
    OF_ANY_TYPE(op, COMPARE_KERNEL, relation) \
    OF_TWO(op, compare_type)

COMPARE(equal, ==)
COMPARE(not_equal, !=)
COMPARE(less, <)
COMPARE(less_equal, <=)
COMPARE(greater, >)
COMPARE(greater_equal, >=)

/* ---- logic ------------------------------------------------------------------------- */

static const char *logic_type(const ad_type *x, const void *attr, ad_type *y)
{
    (void)mask_type(x, attr, y);
    return x[0] == AD_BOOL ? NULL : "operands must be masks (bool; comparisons make masks)";
}

static const char *logic_types(const ad_type *x, const void *attr, ad_type *y)
{
    const char *wrong = logic_type(x, attr, y);
    return wrong ? wrong : logic_type(x + 1, attr, y);
}

#define LOGIC(op, OPERANDS, type_rule, result)                                  \
    AD_ASSIGNING_KERNEL(op##_bool, bool, result)                                \
    static const mask_kernels op##_kernels = {{[AD_BOOL] = AD_ALL(op##_bool)}}; \
    OPERANDS(op, type_rule)

#define A AD_IN(bool, 0)
#define B AD_IN(bool, 1)

LOGIC(logical_not, OF_ONE, logic_type, !A)
LOGIC(logical_and, OF_TWO, logic_types, A &B)
LOGIC(logical_or, OF_TWO, logic_types, A | B)
LOGIC(logical_xor, OF_TWO, logic_types, A ^ B)

/* ---- kinds of numbers -------------------------------------------------------------- */

/* Integers are finite; f32 widens exactly. */
#define KIND_KERNEL(name, T, test) AD_ASSIGNING_KERNEL(name, bool, test((double)AD_IN(T, 0)))

#define KIND(op)                          \
    OF_ANY_TYPE(op, KIND_KERNEL, IS_##op) \
    OF_ONE(op, mask_type)
#define IS_isfinite(x) (fabs(x) < (double)INFINITY)
#define IS_isinf(x)    (fabs(x) == (double)INFINITY)
#define IS_isnan(x)    ((x) != (x))

KIND(isfinite)
KIND(isinf)
KIND(isnan)

const ad_op *const ad_compare_ops[] = {
    &equal_op,         &not_equal_op,   &less_op,        &less_equal_op, &greater_op,
    &greater_equal_op, &logical_not_op, &logical_and_op, &logical_or_op, &logical_xor_op,
    &isfinite_op,      &isinf_op,       &isnan_op,       NULL,
};
