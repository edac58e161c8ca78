/* The tables that end the family files: each lists its ops and closes with NULL. */
#ifndef ADZE_OPS_FAMILIES_H
#define ADZE_OPS_FAMILIES_H

#include "adze/op.h"

extern const ad_op *const ad_unary_ops[];
extern const ad_op *const ad_trigonometry_ops[];
extern const ad_op *const ad_activation_ops[];
extern const ad_op *const ad_special_ops[]; /* erf, lgamma and the like */
extern const ad_op *const ad_power_ops[];   /* with integers */
extern const ad_op *const ad_binary_ops[];
extern const ad_op *const ad_ternary_ops[];
extern const ad_op *const ad_compare_ops[];   /* whatever makes masks */
extern const ad_op *const ad_select_ops[];    /* where, cast, stop_gradient */
extern const ad_op *const ad_cotangent_ops[]; /* scaling, clipping, hooks */
extern const ad_op *const ad_product_ops[];   /* matmul, dot, dense */
extern const ad_op *const ad_reduce_ops[];
extern const ad_op *const ad_accumulate_ops[]; /* prod, cumsum, cumprod */
extern const ad_op *const ad_norm_ops[];
extern const ad_op *const ad_search_ops[]; /* argmax, all and the like */
extern const ad_op *const ad_sort_ops[];
extern const ad_op *const ad_softmax_ops[];
extern const ad_op *const ad_shape_ops[];
extern const ad_op *const ad_index_ops[]; /* concat, stack, gather */
extern const ad_op *const ad_loss_ops[];
extern const ad_op *const ad_noise_ops[]; /* dropout */

#endif
