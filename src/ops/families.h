/* The tables that end the family files: each lists its ops and closes with NULL. */
#ifndef ADZE_OPS_FAMILIES_H
#define ADZE_OPS_FAMILIES_H

#include "adze/op.h"

extern const ad_op *const ad_unary_ops[];
extern const ad_op *const ad_binary_ops[];
extern const ad_op *const ad_select_ops[];  /* where, cast, stop_gradient */
extern const ad_op *const ad_product_ops[]; /* matmul, dot, dense */
extern const ad_op *const ad_reduce_ops[];
extern const ad_op *const ad_softmax_ops[];
extern const ad_op *const ad_shape_ops[];
extern const ad_op *const ad_index_ops[]; /* concat, stack, gather */
extern const ad_op *const ad_loss_ops[];

#endif
