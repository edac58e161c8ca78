/* Operations that pick elements by integers.
 *
 * An index tensor is of type i32, i64 or u8 and counts from 0. An index out of range is AD_DOMAIN.
 * Where an index is repeated, its contributions are added in the order of the indices. */
#ifndef ADZE_OPS_INDEX_H
#define ADZE_OPS_INDEX_H

#include "adze/tape.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- indices ------------------------------------------------------------------------ */

/* y[..., i..., ...] = x[..., index[i...], ...]: picks along an axis, which the axes of index
 * replace. */
AD_API ad_tensor ad_gather(ad_tensor x, ad_tensor index, int axis);

/* y[..., i, ...] = x[..., index[i], ...]: picks along an axis by an index of rank 1. */
AD_API ad_tensor ad_index_select(ad_tensor x, ad_tensor index, int axis);

/* Rows of a table: [n, ...] and an index [i...] -> [i..., ...]. */
AD_API ad_tensor ad_embedding(ad_tensor table, ad_tensor index);

/* ad_embedding, where row `padding` of the table counts as a constant: it gets no gradient, and has
 * no tangent. AD_DOMAIN unless padding is in [0, n). */
AD_API ad_tensor ad_embedding_padded(ad_tensor table, ad_tensor index, int64_t padding);

/* y[..., i, ...] = x[..., index[..., i, ...], ...]: index has the shape of x, but any extent along
 * the axis. */
AD_API ad_tensor ad_take_along_axis(ad_tensor x, ad_tensor index, int axis);

/* x, with updates added to the elements that ad_gather(x, index, axis) would pick. updates has the
 * shape of that gather's result. Any type but bool; integers wrap around. */
AD_API ad_tensor ad_scatter_add(ad_tensor x, ad_tensor index, ad_tensor updates, int axis);

/* x, with updates in the place of the elements that ad_gather(x, index, axis) would pick. Where an
 * index is repeated the last update stays, and the gradient goes to that one only. updates has the
 * shape of that gather's result. Any type. */
AD_API ad_tensor ad_scatter_set(ad_tensor x, ad_tensor index, ad_tensor updates, int axis);

/* x, with the least of each element that ad_gather(x, index, axis) would pick and of the updates
 * for it; NaN if one is NaN. Equal ones share the gradient evenly, as in ad_min. updates has the
 * shape of that gather's result. Any type but bool. */
AD_API ad_tensor ad_scatter_min(ad_tensor x, ad_tensor index, ad_tensor updates, int axis);

/* x, with the greatest of each element that ad_gather(x, index, axis) would pick and of the updates
 * for it; NaN if one is NaN. Equal ones share the gradient evenly, as in ad_max. updates has the
 * shape of that gather's result. Any type but bool. */
AD_API ad_tensor ad_scatter_max(ad_tensor x, ad_tensor index, ad_tensor updates, int axis);

/* x, with the elements that ad_gather(x, index, axis) would pick multiplied by the updates for
 * them. The gradient is exact even where factors are 0. updates has the shape of that gather's
 * result. Any type but bool; integers wrap around. */
AD_API ad_tensor ad_scatter_mul(ad_tensor x, ad_tensor index, ad_tensor updates, int axis);

/* Vectors with a 1 at the index and 0 elsewhere, of the given type: [...] -> [..., classes]. The
 * index must be in [0, classes). */
AD_API ad_tensor ad_one_hot(ad_tensor index, int64_t classes, ad_type type);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
