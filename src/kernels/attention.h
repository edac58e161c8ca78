/* Attention: y = softmax(scale q k^T) v, head by head, in blocks of queries and keys, so that memory grows with the
 * number of queries and of keys and not with their product. */
#ifndef ADZE_KERNELS_ATTENTION_H
#define ADZE_KERNELS_ATTENTION_H

#include "adze/array.h"
#include "base/workspace.h"

typedef struct ad_attention_heads {
    ad_type type;
    size_t heads;
    int64_t queries, keys, size,
        width; /* q [queries, size], k [keys, size], v [keys, width] of each head */
    double scale;
    bool causal; /* query i sees keys up to i + keys - queries */
    ad_view
        mask; /* bool, with axes and strides of all heads: [heads..., queries, keys]; or no data */
    const void *q, *k, *v;
    void *saved; /* f64 [heads, queries, 2] */
} ad_attention_heads;

void ad_attention_forward(ad_workspace *work, const ad_attention_heads *a, void *y);

/* Adds to those of dq, dk and dv that are not NULL. */
void ad_attention_pull(ad_workspace *work, const ad_attention_heads *a, const void *y,
                       const void *dy, void *dq, void *dk, void *dv);

/* Tangents may be NULL: they are 0. */
void ad_attention_push(ad_workspace *work, const ad_attention_heads *a, const void *y,
                       const void *tq, const void *tk, const void *tv, void *ty);
void ad_attention_bend(ad_workspace *work, const ad_attention_heads *a, const void *y,
                       const void *dy, const void *tq, const void *tk, const void *tv, void *tdq,
                       void *tdk, void *tdv);

#endif
