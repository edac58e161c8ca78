/* The kernels of an elementwise operation of one operand, for ops that contain one. */
#ifndef ADZE_OPS_UNARY_H
#define ADZE_OPS_UNARY_H

#include "adze/ops.h"
#include "ops/map.h"

typedef struct ad_unary_kernels {
    ad_blocks forward; /* x -> y */
    ad_blocks slope;   /* x, y, t -> y' t */
    ad_blocks bend;    /* x, y, g, t -> g y'' t */
} ad_unary_kernels;

/* NULL for the identity. Slope and bend of an activation are right with y in the place of x, too. */
const ad_unary_kernels *ad_activation_kernels(ad_activation activation);

#endif
