/* Buffers of cotangents: the functions that are rarely called. */
#include "tape/cotangent.h"

#include "tape/failure.h"

void ad_release_gradients(ad_tape *t, uint32_t from)
{
    for (uint32_t i = t->last_watched; i != AD_NO_NODE && i >= from; i = t->nodes[i]->watched) {
        ad_give_cotangents(t, i);
        t->nodes[i]->flags &= (uint16_t)~AD_NODE_REACHED;
    }
}

bool ad_no_cotangent(ad_tape *t, const ad_node *n, size_t bytes)
{
    ad_tape_fail(t, AD_MEMORY, "backward: memory ran out (%zu bytes for the cotangent of %s%s%s)",
                 bytes, ad_node_name(n), AD_ITS_LINE(n->source_line));
    return false;
}

bool ad_flows_into_further(ad_tape *t, uint32_t first, ad_order which)
{
    uint32_t i = first + 1, last = ad_last_result(t, first);
    while (i < last && !*ad_cotangent_slot(t, i, which))
        i++;
    return *ad_cotangent_slot(t, i, which);
}
