/* Functions that refuse what they are given before they apply an operation. */
#ifndef ADZE_OPS_REFUSE_H
#define ADZE_OPS_REFUSE_H

#include "adze/ops.h"

/* Fails as "op([2, 3], [4]): reason", with the shapes of the n operands. Returns a dead tensor. */
ad_tensor ad_refuse(ad_status status, const char *op, int n, const ad_tensor *x, const char *reason,
                    ...) AD_PRINTF(5, 6);

#endif
