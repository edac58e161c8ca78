/* Where the greatest and the least element are: argmax, argmin. */
#include "adze/op.h"
#include "adze/ops.h"
#include "ops/families.h"
#include "ops/reduce/finding.h"

/* The first of equals; a NaN beats all numbers. */
#define ARG(name, T, beats)                            \
    static int64_t name(size_t n, const void *numbers) \
    {                                                  \
        const T *x = numbers;                          \
        size_t best = 0;                               \
        for (size_t i = 1; i < n; i++)                 \
            best = beats(x[i], x[best]) ? i : best;    \
        return (int64_t)best;                          \
    }

#define GREATER(a, b) ((a) > (b) || (NEW_NAN(a, b)))
#define LESS(a, b)    ((a) < (b) || (NEW_NAN(a, b)))
#define NEW_NAN(a, b) (!((a) <= (b)) && !((a) > (b)) && (b) >= (b))

#define ARGMAX(type, T, floating) ARG(argmax_##type, T, GREATER)
#define ARGMIN(type, T, floating) ARG(argmin_##type, T, LESS)
AD_TYPE_LIST(ARGMAX)
AD_TYPE_LIST(ARGMIN)

static const ad_findings ad_argmax_findings = AD_FINDINGS(argmax);
static const ad_findings ad_argmin_findings = AD_FINDINGS(argmin);

AD_FINDING_OP(ad_argmax, ad_argmax_over, ad_finding_type, ad_extreme_shape)
AD_FINDING_OP(ad_argmin, ad_argmin_over, ad_finding_type, ad_extreme_shape)

const ad_op *const ad_search_ops[] = {&ad_argmax_op, &ad_argmin_op, NULL};
