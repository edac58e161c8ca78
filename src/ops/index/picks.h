/* Picking along an axis, by an index or by a rule. */
#ifndef ADZE_OPS_INDEX_PICKS_H
#define ADZE_OPS_INDEX_PICKS_H

#include "adze/op.h"
#include "kernels/axis.h"

/* Which numbers of an axis are picked. */
typedef struct ad_picks {
    ad_axis_split axis;
    size_t count;
    const int64_t *at; /* [count] indices along the axis; below 0: none. NULL when memory ran out,
                          or after a rejection */
} ad_picks;

/* Those of an integer index along an axis of a shape. Rejects an index out of range: every rule looks,
 * in the place of a check, because an index is borrowed, and it leads into memory. */
ad_picks ad_picks_by(ad_workspace *work, const ad_shape *shape, int axis, const ad_view *index);

/* Those of ops whose operands begin with x and the index, and whose attr begins with the axis, an int. */
ad_picks ad_index_picks(ad_workspace *work, const ad_view *x, const void *attr);

/* y[o, i, ...] = x[o, at[i], ...]; `none`, a number, where at is below 0. */
void ad_picks_copy(const ad_picks *p, size_t size, const void *x, const void *none, void *y);

/* x[o, at[i], ...] += y[o, i, ...], for floats, the sums of what repeats being in f64. */
void ad_picks_spread(ad_workspace *work, const ad_picks *p, ad_type type, const void *y, void *x);

/* The type rule and the shape rule of gather. */
const char *ad_gather_type(const ad_type *x, const void *attr, ad_type *y);
const char *ad_gather_shape(const ad_shape *x, const void *attr, ad_shape *y);

bool ad_is_index_type(ad_type type);

/* Common parts of ops that pick by a rule: their kernels are an ad_picks_rule. */
typedef ad_picks ad_picks_rule(ad_workspace *work, const ad_view *x, const void *attr);
void ad_picks_pullback(const ad_pullback_args *c);
void ad_picks_jvp(const ad_jvp_args *c);

#endif
