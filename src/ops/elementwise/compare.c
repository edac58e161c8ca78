/* Masks: comparisons, logic, and tests for infinite and NaN. They have no derivative. */
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

#define MASK_OP(op, count, type_rule, shape_rule, ...) \
    static const ad_op op##_op = {                     \
        .size = sizeof(ad_op),                         \
        .name = &#op[3],                               \
        .arity = count,                                \
        .flags = AD_OP_STRIDED | AD_OP_NO_DERIVATIVE,  \
        .type = type_rule,                             \
        .shape = shape_rule,                           \
        .forward = mask_forward,                       \
        .kernels = &op##_kernels,                      \
        __VA_ARGS__,                                   \
    };

#define OF_ONE(op, type_rule, text)                                               \
    MASK_OP(op, 1, type_rule, ad_shape_first, .operands = "x", .formula = (text)) \
    ad_tensor(op)(ad_tensor x)                                                    \
    {                                                                             \
        return ad_apply(&op##_op, &x, NULL);                                      \
    }

#define OF_TWO(op, type_rule, text)                                                      \
    MASK_OP(op, 2, type_rule, ad_shape_broadcast, .operands = "a, b", .formula = (text)) \
    ad_tensor(op)(ad_tensor a, ad_tensor b)                                              \
    {                                                                                    \
        return ad_apply(&op##_op, (ad_tensor[]){a, b}, NULL);                            \
    }

/* The kernels of any number type, each made by KERNEL(name, its C type, how). */
#define OF_ANY_TYPE(op, KERNEL, how)                                                       \
    KERNEL(op##_AD_F32, float, how)                                                        \
    KERNEL(op##_AD_F64, double, how)                                                       \
    KERNEL(op##_AD_I32, int32_t, how)                                                      \
    KERNEL(op##_AD_I64, int64_t, how)                                                      \
    KERNEL(op##_AD_U8, uint8_t, how)                                                       \
    KERNEL(op##_AD_BOOL, bool, how)                                                        \
    static const mask_kernels op##_kernels = {{AD_ONLY(op##_AD_F32), AD_ONLY(op##_AD_F64), \
                                               AD_ONLY(op##_AD_I32), AD_ONLY(op##_AD_I64), \
                                               AD_ONLY(op##_AD_U8), AD_ONLY(op##_AD_BOOL)}};

/* ---- comparisons ------------------------------------------------------------------- */

static const char *compare_type(const ad_type *x, const void *attr, ad_type *y)
{
    (void)mask_type(x, attr, y);
    return x[0] == x[1] ? NULL : "operands must have one type (ad_cast converts)";
}

#define COMPARE_KERNEL(name, T, relation) AD_KERNEL(name, bool, AD_IN(T, 0) relation AD_IN(T, 1))

#define COMPARE(op, relation)                 \
    OF_ANY_TYPE(op, COMPARE_KERNEL, relation) \
    OF_TWO(op, compare_type, "a " #relation " b")

COMPARE(ad_equal, ==)
COMPARE(ad_not_equal, !=)
COMPARE(ad_less, <)
COMPARE(ad_less_equal, <=)
COMPARE(ad_greater, >)
COMPARE(ad_greater_equal, >=)

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

#define LOGIC_KERNELS(op, result)      \
    AD_KERNEL(op##_bool, bool, result) \
    static const mask_kernels op##_kernels = {{[AD_BOOL] = AD_ONLY(op##_bool)}};

#define LOGIC(op, relation)                                   \
    LOGIC_KERNELS(op, AD_IN(bool, 0) relation AD_IN(bool, 1)) \
    OF_TWO(op, logic_types, "a " #relation " b")

LOGIC_KERNELS(ad_logical_not, !AD_IN(bool, 0))
OF_ONE(ad_logical_not, logic_type, "!x")
LOGIC(ad_logical_and, &)
LOGIC(ad_logical_or, |)
LOGIC(ad_logical_xor, ^)

/* ---- kinds of numbers -------------------------------------------------------------- */

/* Integers are finite; f32 widens exactly. */
#define KIND_KERNEL(name, T, test) AD_KERNEL(name, bool, test((double)AD_IN(T, 0)))

#define KIND(op, test)                    \
    AD_INLINE bool op##_of(double x)      \
    {                                     \
        return test;                      \
    }                                     \
    OF_ANY_TYPE(op, KIND_KERNEL, op##_of) \
    OF_ONE(op, mask_type, #test)

KIND(ad_isfinite, fabs(x) < INFINITY)
KIND(ad_isinf, fabs(x) == INFINITY)
KIND(ad_isnan, x != x)

const ad_op *const ad_compare_ops[] = {
    &ad_equal_op,       &ad_not_equal_op,
    &ad_less_op,        &ad_less_equal_op,
    &ad_greater_op,     &ad_greater_equal_op,
    &ad_logical_not_op, &ad_logical_and_op,
    &ad_logical_or_op,  &ad_logical_xor_op,
    &ad_isfinite_op,    &ad_isinf_op,
    &ad_isnan_op,       NULL,
};
