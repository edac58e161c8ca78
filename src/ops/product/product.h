/* Operations that are products. */
#ifndef ADZE_OPS_PRODUCT_PRODUCT_H
#define ADZE_OPS_PRODUCT_PRODUCT_H

#include "adze/op.h"
#include "kernels/product.h"

/* How a product is to be written. */
static inline unsigned ad_into(bool assign)
{
    return assign ? AD_ASSIGN : AD_ADD;
}

#endif
