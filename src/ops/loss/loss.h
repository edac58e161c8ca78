/* Common parts of losses. */
#ifndef ADZE_OPS_LOSS_LOSS_H
#define ADZE_OPS_LOSS_LOSS_H

#include "adze/op.h"
#include "kernels/map.h"

/* The number of a view that has one. */
static inline double ad_number_of(const ad_view *v)
{
    return v->type == AD_F32 ? (double)*(const float *)v->data : *(const double *)v->data;
}

/* The shape rule of losses: a number, from two operands of one shape. */
const char *ad_loss_shape(const ad_shape *x, const void *attr, ad_shape *y);

#endif
