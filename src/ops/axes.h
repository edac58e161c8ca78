/* Axes as users name them: negative ones count from the end. Here they become plain numbers, or
 * an error on the tape that names the operation, the operand's shape and the axis.
 *
 * A tensor without a shape (dead, stale, a plain number) passes: ad_apply reports it. */
#ifndef ADZE_OPS_AXES_H
#define ADZE_OPS_AXES_H

#include "adze/ops.h"

/* Makes *axis one of 0 to rank - 1. The rank is x's own, or that of the result where the axis
 * counts there. False with AD_BAD_SHAPE on the tape. */
bool ad_axis_fix(const char *op, ad_tensor x, int *axis, int rank);

/* The same for a list over x's own axes, which may name none twice. Bit i of *mask is set where
 * axis i is named; an empty list names all of them and stays as it is. */
bool ad_axes_fix(const char *op, ad_tensor x, ad_axes *axes, unsigned *mask);

#endif
