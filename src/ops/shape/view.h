/* How an operation on shapes is written. */
#ifndef ADZE_OPS_SHAPE_VIEW_H
#define ADZE_OPS_SHAPE_VIEW_H

#include "adze/op.h"

/* A view op from op_shape and op_view, with its derivative in words. */
#define AD_VIEW_OP(op, attr_bytes, pull, words) \
    static const ad_op op##_op = {              \
        .size = sizeof(ad_op),                  \
        .name = #op,                            \
        .arity = 1,                             \
        .flags = AD_OP_ASSIGNS | AD_OP_LINEAR,  \
        .attr_size = attr_bytes,                \
        .type = ad_type_first,                  \
        .shape = op##_shape,                    \
        .view = op##_view,                      \
        .pullback = pull,                       \
        .jvp = ad_view_jvp,                     \
        .derivative = words,                    \
    };

#endif
