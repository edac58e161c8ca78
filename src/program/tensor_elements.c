/* Elements of tensors on a tape that is read as a program. */
#include "program/tensors.h"

uint32_t ad_node_element(ad_tensor_reading *d, uint32_t at, size_t i)
{
    ad_view v;
    if (d->element[at])
        return d->element[at][i];
    ad_node_look(d->tape->nodes[at], &v);
    return ad_build_constant(&d->build, ad_view_get(&v, i));
}

size_t ad_broadcast_place(const ad_shape *shape, size_t i, const ad_shape *other)
{
    size_t place = 0, step = 1;
    for (int k = shape->rank - 1, m = other->rank - 1; m >= 0; k--, m--) {
        size_t dim = (size_t)shape->dim[k], at = i % dim;
        i /= dim;
        place += other->dim[m] == 1 ? 0 : at * step;
        step *= (size_t)other->dim[m];
    }
    return place;
}
