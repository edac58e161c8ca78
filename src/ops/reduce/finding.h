/* Reductions without derivative: what is found in the list of numbers behind each result. */
#ifndef ADZE_OPS_REDUCE_FINDING_H
#define ADZE_OPS_REDUCE_FINDING_H

#include "adze/op.h"
#include "ops/reduce/reduce.h"

/* What a list of n numbers gives. */
typedef int64_t ad_finding(size_t n, const void *numbers);

/* One for each number type; NULL where there is none. */
typedef struct ad_findings {
    ad_finding *of[AD_TYPE_COUNT];
} ad_findings;

#define AD_FINDINGS(name)                                                                 \
    {                                                                                     \
        {                                                                                 \
            [AD_F32] = name##_AD_F32, [AD_F64] = name##_AD_F64, [AD_I32] = name##_AD_I32, \
            [AD_I64] = name##_AD_I64, [AD_U8] = name##_AD_U8, [AD_BOOL] = name##_AD_BOOL  \
        }                                                                                 \
    }

/* The rules: findings, as i64 numbers, or as a mask. */
void ad_find(const ad_forward_args *c);
const char *ad_finding_type(const ad_type *x, const void *attr, ad_type *y);

#define AD_FINDING_OP(op, over_axes, type_rule, shape_rule) \
    static const ad_op op##_op = {                          \
        .size = sizeof(ad_op),                              \
        .name = &#op[3],                                    \
        .arity = 1,                                         \
        .flags = AD_OP_STRIDED | AD_OP_NO_DERIVATIVE,       \
        .attr_size = sizeof(ad_reduction),                  \
        .type = type_rule,                                  \
        .shape = shape_rule,                                \
        .forward = ad_find,                                 \
        .kernels = &op##_findings,                          \
    };                                                      \
    AD_REDUCTION_FORMS(op, over_axes, op##_op)

#endif
