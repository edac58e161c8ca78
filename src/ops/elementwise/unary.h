/* The kernels of an elementwise operation of one operand, for ops that contain one. */
#ifndef ADZE_OPS_ELEMENTWISE_UNARY_H
#define ADZE_OPS_ELEMENTWISE_UNARY_H

#include "adze/op.h"
#include "adze/ops.h"
#include "kernels/map.h"

typedef struct ad_unary_kernels {
    ad_blocks forward; /* x -> y */
    ad_blocks slope;   /* x, y, t -> y' t */
    ad_blocks bend;    /* x, y, g, t -> g y'' t */
} ad_unary_kernels;

/* The rules of an op whose kernels are these. */
void ad_unary_forward(const ad_forward_args *c);
void ad_unary_pullback(const ad_pullback_args *c);
void ad_unary_jvp(const ad_jvp_args *c);
void ad_unary_curvature(const ad_curvature_args *c);

/* NULL for the identity. Slope and bend of an activation are right with y in the place
 * of x, too. */
const ad_unary_kernels *ad_activation_kernels(ad_activation activation);

#endif
