/* Buffers of cotangents. A value gets one when its first cotangent arrives, and gives it back
 * after its op has been pulled back. */
#ifndef ADZE_TAPE_COTANGENT_H
#define ADZE_TAPE_COTANGENT_H

#include "tape/node.h"

/* Which of a node's cotangents: the first, or its derivative along the tangents. */
typedef enum ad_order { AD_FIRST_ORDER, AD_SECOND_ORDER } ad_order;

static inline void **ad_cotangent_slot(ad_tape *t, uint32_t index, ad_order which)
{
    return which == AD_FIRST_ORDER ? &t->nodes[index]->cotangent : &t->tangents[index].tdx;
}

/* Bytes of all cotangents of a node. It cannot overflow: ad_sweep_start has checked that. */
static inline size_t ad_cotangent_bytes(const ad_tape *t, const ad_node *n, ad_order which)
{
    return ad_node_bytes(n) * (which == AD_FIRST_ORDER ? t->cotangents : t->directions);
}

/* Always false, with an error on the tape. */
bool ad_no_cotangent(ad_tape *t, const ad_node *n, size_t bytes);

static inline void *ad_take_cotangent_buffer(ad_tape *t, const ad_node *n, size_t bytes)
{
    void *buffer = ad_recycler_take(&t->buffers, bytes);
    if (!buffer)
        ad_no_cotangent(t, n, bytes);
    return buffer;
}

/* Makes sure that there is a buffer. NULL with an error on the tape. */
static inline void *ad_take_cotangent(ad_tape *t, uint32_t index, ad_order which)
{
    const ad_node *n = t->nodes[index];
    size_t bytes = ad_cotangent_bytes(t, n, which);
    return *ad_cotangent_slot(t, index, which) = ad_take_cotangent_buffer(t, n, bytes);
}

static inline void ad_give_cotangent(ad_tape *t, uint32_t index, ad_order which)
{
    void **slot = ad_cotangent_slot(t, index, which);
    if (*slot)
        ad_recycler_give(&t->buffers, *slot, ad_cotangent_bytes(t, t->nodes[index], which));
    *slot = NULL;
}

/* Those of both orders. */
static inline void ad_give_cotangents(ad_tape *t, uint32_t index)
{
    ad_give_cotangent(t, index, AD_FIRST_ORDER);
    if (index < t->tangents_count)
        ad_give_cotangent(t, index, AD_SECOND_ORDER);
}

/* Gives back the cotangents of watched leaves and retained values from an index on. */
void ad_release_gradients(ad_tape *t, uint32_t from);

/* Whether a cotangent has arrived at a result of an op, or at one of its later results. */
bool ad_flows_into_further(ad_tape *t, uint32_t first, ad_order which);

static inline bool ad_flows_in(ad_tape *t, uint32_t first, ad_order which)
{
    return *ad_cotangent_slot(t, first, which) ||
           (ad_node_results(t->nodes[first]) > 1 && ad_flows_into_further(t, first, which));
}

#endif
