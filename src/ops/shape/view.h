/* Operations on shapes: how a view op is written, and those that are in files of their own. */
#ifndef ADZE_OPS_SHAPE_VIEW_H
#define ADZE_OPS_SHAPE_VIEW_H

#include "adze/op.h"

/* A view op from op_shape and op_view. */
#define VIEW_OP(op, attr_bytes, pull) static AD_VIEW_OP(op##_op, op, attr_bytes, pull)
#define AD_VIEW_OP(object, op, attr_bytes, pull) \
    const ad_op object = {                       \
        .name = #op,                             \
        .arity = 1,                              \
        .flags = AD_OP_ASSIGNS | AD_OP_LINEAR,   \
        .attr_size = attr_bytes,                 \
        .type = ad_type_first,                   \
        .shape = op##_shape,                     \
        .view = op##_view,                       \
        .pullback = pull,                        \
        .jvp = ad_view_jvp,                      \
    };

extern const ad_op ad_slice_op, ad_flip_op;
extern const ad_op ad_diagonal_op, ad_diag_op, ad_tril_op, ad_triu_op;

#endif
