/* Whether all or any of a mask hold, and how many numbers are not 0. */
#include "adze/op.h"
#include "adze/ops.h"
#include "ops/families.h"
#include "ops/reduce/finding.h"

#define COUNT(type, T, floating)                                       \
    static int64_t count_nonzero_##type(size_t n, const void *numbers) \
    {                                                                  \
        const T *x = numbers;                                          \
        int64_t count = 0;                                             \
        for (size_t i = 0; i < n; i++)                                 \
            count += x[i] != 0;                                        \
        return count;                                                  \
    }
AD_TYPE_LIST(COUNT)

static int64_t whether_all(size_t n, const void *mask)
{
    return count_nonzero_AD_BOOL(n, mask) == (int64_t)n;
}

static const ad_findings ad_count_nonzero_findings = AD_FINDINGS(count_nonzero);
static const ad_findings ad_any_findings = {{[AD_BOOL] = count_nonzero_AD_BOOL}};
static const ad_findings ad_all_findings = {{[AD_BOOL] = whether_all}};

static const char *mask_type(const ad_type *x, const void *attr, ad_type *y)
{
    (void)attr;
    *y = AD_BOOL;
    return x[0] == AD_BOOL ? NULL : "the operand must be a mask (bool; comparisons make masks)";
}

AD_FINDING_OP(ad_count_nonzero, ad_count_nonzero_over, ad_finding_type, ad_reduce_shape)
AD_FINDING_OP(ad_all, ad_all_over, mask_type, ad_reduce_shape)
AD_FINDING_OP(ad_any, ad_any_over, mask_type, ad_reduce_shape)

const ad_op *const ad_mask_ops[] = {&ad_count_nonzero_op, &ad_all_op, &ad_any_op, NULL};
