/* Parts of all operations that put updates along an axis where an index says. */
#ifndef ADZE_OPS_INDEX_SCATTER_H
#define ADZE_OPS_INDEX_SCATTER_H

#include "ops/index/picks.h"

/* Rules of their ops, whose operands are x, index, updates, and whose attr is the axis. The second
 * type rule refuses masks. */
const char *ad_scatter_type(const ad_type *x, const void *attr, ad_type *y);
const char *ad_scatter_numbers_type(const ad_type *x, const void *attr, ad_type *y);
const char *ad_scatter_shape(const ad_shape *x, const void *attr, ad_shape *y);

/* y = x, and zeros where x is a tangent without data. */
void ad_scatter_begin(const ad_view *x, const ad_array *y);

/* Combines each integer of y that the index names with the updates for it, one after another. */
typedef int64_t ad_combine(int64_t a, int64_t b);
void ad_scatter_integers(const ad_picks *p, ad_combine *combine, ad_type type, const void *updates,
                         void *y);

/* Such an op with its rules, and its public function. */
#define AD_SCATTER_OP(op, op_flags, type_rule, words, ...)                  \
    static const ad_op op##_op = {                                          \
        .size = sizeof(ad_op),                                              \
        .name = &#op[3],                                                    \
        .arity = 3,                                                         \
        .flags = op_flags,                                                  \
        .attr_size = sizeof(int),                                           \
        .type = type_rule,                                                  \
        .shape = ad_scatter_shape,                                          \
        .derivative = words,                                                \
        __VA_ARGS__,                                                        \
    };                                                                      \
    ad_tensor op(ad_tensor x, ad_tensor index, ad_tensor updates, int axis) \
    {                                                                       \
        return ad_scatter_by(&op##_op, x, index, updates, axis);            \
    }
ad_tensor ad_scatter_by(const ad_op *op, ad_tensor x, ad_tensor index, ad_tensor updates, int axis);

#endif
