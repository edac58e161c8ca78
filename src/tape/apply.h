/* Operands of functions composed of several operations. */
#ifndef ADZE_TAPE_APPLY_H
#define ADZE_TAPE_APPLY_H

#include "adze/op.h"
#include "base/sized.h"

/* The bytes of an op in its first version: where fewer are given, nobody has set the size. */
#define AD_OP_FIRST_SIZE AD_END_OF(ad_op, fast_path)

/* The form of such a function is an op without kernels: its name, arity (up to 4), and rules for
 * types (NULL: one float type) and shapes. */
#define AD_FORM(op, operands, type_rule, shape_rule) \
    static const ad_op op = {.size = sizeof(ad_op),  \
                             .name = #op,            \
                             .arity = operands,      \
                             .flags = AD_OP_STRIDED, \
                             .type = type_rule,      \
                             .shape = shape_rule};

/* Whether ad_apply would take these operands for an op of this form. If not, its error is on the
 * tape, under the name of the function that the user called. */
bool ad_fits(const ad_op *form, const ad_tensor *x, const void *attr);

#endif
