/* Buffers of cotangents: what is not often called. */
#include "tape/cotangent.h"

void ad_release_gradients(ad_tape *t, uint32_t from)
{
    for (uint32_t i = t->last_watched; i != AD_NO_NODE && i >= from; i = t->nodes[i]->watched) {
        ad_give_cotangents(t, i);
        t->nodes[i]->flags &= (uint16_t)~AD_NODE_REACHED;
    }
}

bool ad_no_cotangent(ad_tape *t, const ad_node *n, size_t bytes)
{
    ad_tape_fail(t, AD_MEMORY, "backward: memory ran out (%zu bytes for the cotangent of %s)",
                 bytes, ad_node_name(n));
    return false;
}
