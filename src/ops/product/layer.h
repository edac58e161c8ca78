/* What layers share: the rules of f(x w + b), where x w is any product that is linear in both operands, and b is added
 * to each row along the last axis. */
#ifndef ADZE_OPS_PRODUCT_LAYER_H
#define ADZE_OPS_PRODUCT_LAYER_H

#include "adze/op.h"
#include "adze/ops.h"
#include "kernels/gemm.h"

/* What an op's attributes begin with. */
typedef struct ad_layer_attr {
    ad_activation activation;
} ad_layer_attr;

/* The product; an op's `kernels` point to it. Results are written, or added to with add. */
typedef struct ad_layer_product {
    void (*multiply)(ad_workspace *work, const void *attr, const ad_view *x, const ad_view *w,
                     bool add, const ad_array *z, const ad_epilogue *then);
    void (*pull_x)(ad_workspace *work, const void *attr, const ad_view *dz, const ad_view *w,
                   bool add, const ad_array *dx);
    void (*pull_w)(ad_workspace *work, const void *attr, const ad_view *x, const ad_view *dz,
                   bool add, const ad_array *dw);
} ad_layer_product;

/* For operands x, w and b; or x and w alone, with the identity. */
void ad_layer_forward(const ad_forward_args *c);
void ad_layer_pullback(const ad_pullback_args *c);
void ad_layer_jvp(const ad_jvp_args *c);
void ad_layer_curvature(const ad_curvature_args *c);

#endif
