/* Parts of shapes; and rows along an axis: numbers that lie row by row, seen as outer x extent x inner. */
#ifndef ADZE_KERNELS_AXIS_H
#define ADZE_KERNELS_AXIS_H

#include "adze/array.h"

/* The product of the extents from one axis up to another. */
static inline size_t ad_extent_of(const ad_shape *shape, int from, int to)
{
    size_t n = 1;
    for (int i = from; i < to; i++)
        n *= (size_t)shape->dim[i];
    return n;
}

/* The axes before the last two, which are those of a matrix. */
static inline ad_shape ad_batch_of(const ad_shape *shape)
{
    ad_shape batch = *shape;
    batch.rank -= 2;
    return batch;
}

/* An axis, and what stands before and behind it: number i of the axis is [outer, i, inner]. */
typedef struct ad_axis_split {
    size_t outer, extent, inner;
} ad_axis_split;

static inline ad_axis_split ad_split_axis(const ad_shape *shape, int axis)
{
    return (ad_axis_split){ad_extent_of(shape, 0, axis), (size_t)shape->dim[axis],
                           ad_extent_of(shape, axis + 1, shape->rank)};
}

#endif
