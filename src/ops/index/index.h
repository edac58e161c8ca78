/* Picking places along an axis, for the files that do. */
#ifndef ADZE_OPS_INDEX_INDEX_H
#define ADZE_OPS_INDEX_INDEX_H

#include "adze/op.h"

/* A view's numbers as outer x extent x inner, and the places that are picked of the extent. */
typedef struct ad_picks {
    size_t outer, extent, inner, count;
    const int64_t *at; /* [count]; below 0: none. NULL when memory ran out */
} ad_picks;

/* Those of an integer index along an axis of a shape. */
ad_picks ad_picks_by(ad_workspace *work, const ad_shape *shape, int axis, const ad_view *index);

/* Rejects an index out of range. */
void ad_picks_check(ad_workspace *work, const ad_picks *p);

/* y[o, i, ...] = x[o, at[i], ...]; `none`, a number, where at is below 0. */
void ad_picks_copy(const ad_picks *p, size_t size, const void *x, const void *none, void *y);

/* x[o, at[i], ...] += y[o, i, ...], for floats, the sums of what repeats being in f64. */
void ad_picks_spread(ad_workspace *work, const ad_picks *p, ad_type type, const void *y, void *x);

/* The type rule and the shape rule of gather: attr begins with the axis, an int. */
const char *ad_gather_type(const ad_type *x, const void *attr, ad_type *y);
const char *ad_gather_shape(const ad_shape *x, const void *attr, ad_shape *y);

bool ad_is_index_type(ad_type type);

extern const ad_op ad_concat_op, ad_stack_op;
extern const ad_op ad_scatter_add_op, ad_take_along_axis_op, ad_one_hot_op;
extern const ad_op ad_roll_op, ad_tile_op, ad_repeat_op;
extern const ad_op ad_pad_op, ad_pad_reflect_op, ad_pad_edge_op;

/* What ops that pick by a rule share: their kernels are a places_rule. */
typedef ad_picks ad_places_rule(ad_workspace *work, const ad_view *x, const void *attr);
void ad_places_pullback(const ad_pullback_args *c);
void ad_places_jvp(const ad_jvp_args *c);

#endif
