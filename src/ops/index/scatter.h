/* Parts of all operations that put updates along an axis where an index says. */
#ifndef ADZE_OPS_INDEX_SCATTER_H
#define ADZE_OPS_INDEX_SCATTER_H

#include "ops/index/picks.h"

/* Rules of their ops, whose operands are x, index, updates, and whose attr is the axis. The second
 * type rule refuses masks. */
const char *ad_scatter_type(const ad_type *x, const void *attr, ad_type *y);
const char *ad_scatter_numbers_type(const ad_type *x, const void *attr, ad_type *y);
const char *ad_scatter_shape(const ad_shape *x, const void *attr, ad_shape *y);
void ad_scatter_check(const ad_forward_args *c);

/* Where the index says. */
ad_picks ad_scatter_picks(ad_workspace *work, const ad_view *x, const void *attr);

/* y = x, and zeros where x is a tangent without data. */
void ad_scatter_begin(const ad_view *x, const ad_array *y);

/* Combines each integer of y that the index names with the updates for it, one after another. */
typedef int64_t ad_combine(int64_t a, int64_t b);
void ad_scatter_integers(const ad_picks *p, ad_combine *combine, ad_type type, const void *updates,
                         void *y);

/* The public function of such an op. */
ad_tensor ad_scatter_by(const ad_op *op, ad_tensor x, ad_tensor index, ad_tensor updates, int axis);

#endif
