/* Reductions without derivative: where the greatest and the least element are, whether all or any of
 * a mask hold, how many numbers are not 0. */
#include "adze/op.h"
#include "adze/ops.h"
#include "ops/families.h"
#include "ops/reduce/lists.h"

/* What a list of n numbers gives. */
typedef int64_t finding(size_t n, const void *numbers);

/* For each number type; NULL where there is none. */
typedef struct findings {
    finding *of[AD_TYPE_COUNT];
} findings;

static void find(const ad_forward_args *c)
{
    const findings *f = c->op->kernels;
    ad_lists l = ad_lists_of(&c->x[0], c->attr);
    const char *numbers = ad_lists_read(&l, c->work);
    size_t bytes = l.length * ad_type_size(l.view.type);
    for (size_t k = 0; (numbers || !bytes) && k < l.count; k++) {
        int64_t found = f->of[l.view.type](l.length, bytes ? numbers + k * bytes : NULL);
        if (c->y.type == AD_BOOL)
            ((bool *)c->y.data)[k] = found != 0;
        else
            ((int64_t *)c->y.data)[k] = found;
    }
}

static const char *index_type(const ad_type *x, const void *attr, ad_type *y)
{
    (void)x, (void)attr;
    *y = AD_I64;
    return NULL;
}

static const char *mask_type(const ad_type *x, const void *attr, ad_type *y)
{
    (void)attr;
    *y = AD_BOOL;
    return x[0] == AD_BOOL ? NULL : "the operand must be a mask (bool; comparisons make masks)";
}

#define FINDING_OP(op, type_rule, shape_rule)         \
    static const ad_op op##_op = {                    \
        .name = #op,                                  \
        .arity = 1,                                   \
        .flags = AD_OP_STRIDED | AD_OP_NO_DERIVATIVE, \
        .attr_size = sizeof(ad_reduction),            \
        .type = type_rule,                            \
        .shape = shape_rule,                          \
        .forward = find,                              \
        .kernels = &op##_findings,                    \
    };                                                \
    AD_REDUCTION_FORMS(op, op##_op)

#define IN_ROW(type, ctype, floating) [type] = WHAT(type),

/* ---- argmax and argmin ------------------------------------------------------------- */

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

#define WHAT(type) argmax_##type
static const findings argmax_findings = {{AD_TYPE_LIST(IN_ROW)}};
#undef WHAT
#define WHAT(type) argmin_##type
static const findings argmin_findings = {{AD_TYPE_LIST(IN_ROW)}};
#undef WHAT

FINDING_OP(argmax, index_type, ad_extreme_shape)
FINDING_OP(argmin, index_type, ad_extreme_shape)

/* ---- count_nonzero, all and any ---------------------------------------------------- */

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

#define WHAT(type) count_nonzero_##type
static const findings count_nonzero_findings = {{AD_TYPE_LIST(IN_ROW)}};
static const findings any_findings = {{[AD_BOOL] = count_nonzero_AD_BOOL}};
static const findings all_findings = {{[AD_BOOL] = whether_all}};

FINDING_OP(count_nonzero, index_type, ad_reduce_shape)
FINDING_OP(all, mask_type, ad_reduce_shape)
FINDING_OP(any, mask_type, ad_reduce_shape)

const ad_op *const ad_search_ops[] = {&argmax_op, &argmin_op, &count_nonzero_op,
                                      &all_op,    &any_op,    NULL};
