/* Attention as one operation (kernels/attention.h). Each query's greatest score and sum of powers are kept for the
 * other rules, which compute the probabilities again. */
#include "kernels/attention.h"

#include "adze/op.h"
#include "adze/ops.h"
#include "array/strided.h"
#include "kernels/axis.h"
#include "ops/families.h"
#include "ops/refuse.h"
#include "tape/failure.h"

#include <math.h>

enum { Q, K, V, MASK, OPERANDS };

typedef struct attention_attr {
    bool causal, masked;
    double scale;
} attention_attr;

static int64_t extent(const ad_shape *s, int from_the_end)
{
    return s->dim[s->rank - from_the_end];
}

static bool same_heads(const ad_shape *a, const ad_shape *b)
{
    for (int i = 0; i < a->rank - 2; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

static ad_shape scores_of(const ad_shape *x)
{
    ad_shape s = x[Q];
    s.dim[s.rank - 1] = extent(&x[K], 2);
    return s;
}

static const char *attention_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const attention_attr *a = attr;
    if (x[Q].rank < 2 || x[K].rank != x[Q].rank || x[V].rank != x[Q].rank)
        return "needs q [..., queries, size], k [..., keys, size] and v [..., keys, width]";
    if (!same_heads(&x[Q], &x[K]) || !same_heads(&x[Q], &x[V]))
        return "the axes before the last two must be equal";
    if (extent(&x[Q], 1) != extent(&x[K], 1) || extent(&x[Q], 1) == 0)
        return "rows of q and k must have equal sizes, 1 or more";
    if (extent(&x[K], 2) != extent(&x[V], 2))
        return "there must be as many keys as values";
    ad_shape scores = scores_of(x);
    if (a->masked && !ad_shape_broadcasts(&x[MASK], &scores))
        return "the mask must broadcast to [..., queries, keys]";
    *y = x[Q];
    y->dim[y->rank - 1] = extent(&x[V], 1);
    return NULL;
}

static const char *attention_type(const ad_type *x, const void *attr, ad_type *y)
{
    *y = x[Q];
    if ((x[Q] != AD_F32 && x[Q] != AD_F64) || x[K] != x[Q] || x[V] != x[Q])
        return "q, k and v must be f32, or all f64 (ad_cast converts)";
    return ((const attention_attr *)attr)->masked && x[MASK] != AD_BOOL ? "the mask must be bool"
                                                                        : NULL;
}

static size_t attention_saved(const ad_type *type, const ad_shape *x, const void *attr)
{
    (void)type, (void)attr;
    return ad_extent_of(&x[Q], 0, x[Q].rank - 1) * 2 * sizeof(double);
}

/* The mask as it broadcasts to the scores. */
static ad_view spread_mask(const ad_view *mask, const ad_shape *scores)
{
    ad_view v = *mask;
    int missing = scores->rank - mask->shape.rank;
    v.shape = *scores;
    for (int i = 0; i < scores->rank; i++)
        v.stride[i] =
            i < missing || mask->shape.dim[i - missing] == 1 ? 0 : mask->stride[i - missing];
    return v;
}

static ad_attention_heads attention_of(const ad_view *x, const void *attr, const void *saved)
{
    const attention_attr *o = attr;
    ad_shape shapes[] = {x[Q].shape, x[K].shape}, scores = scores_of(shapes);
    ad_attention_heads a = {.type = x[Q].type,
                            .heads = ad_extent_of(&x[Q].shape, 0, x[Q].shape.rank - 2),
                            .queries = extent(&x[Q].shape, 2),
                            .keys = extent(&x[K].shape, 2),
                            .size = extent(&x[Q].shape, 1),
                            .width = extent(&x[V].shape, 1),
                            .scale = o->scale,
                            .causal = o->causal,
                            .q = x[Q].data,
                            .k = x[K].data,
                            .v = x[V].data,
                            .saved = (void *)(uintptr_t)saved};
    if (o->scale == 0)
        a.scale = 1 / sqrt((double)a.size);
    if (o->masked)
        a.mask = spread_mask(&x[MASK], &scores);
    return a;
}

static void *wanted(const ad_array *dx, const bool *flags, int i)
{
    return flags[i] ? dx[i].data : NULL;
}

static void attention_forward(const ad_forward_args *c)
{
    ad_attention_heads a = attention_of(c->x, c->attr, c->saved);
    ad_attention_forward(c->work, &a, c->y.data);
}

static void attention_pullback(const ad_pullback_args *c)
{
    ad_attention_heads a = attention_of(c->x, c->attr, c->saved);
    ad_attention_pull(c->work, &a, c->y.data, c->dy.data, wanted(c->dx, c->wanted, Q),
                      wanted(c->dx, c->wanted, K), wanted(c->dx, c->wanted, V));
}

static void attention_jvp(const ad_jvp_args *c)
{
    ad_attention_heads a = attention_of(c->x, c->attr, c->saved);
    ad_attention_push(c->work, &a, c->y.data, c->tx[Q].data, c->tx[K].data, c->tx[V].data,
                      c->ty.data);
}

static void attention_curvature(const ad_curvature_args *c)
{
    ad_attention_heads a = attention_of(c->x, c->attr, c->saved);
    ad_attention_bend(c->work, &a, c->y.data, c->dy.data, c->tx[Q].data, c->tx[K].data,
                      c->tx[V].data, wanted(c->tdx, c->wanted, Q), wanted(c->tdx, c->wanted, K),
                      wanted(c->tdx, c->wanted, V));
}

#define ATTENTION_OP(op, operands_count)                                                          \
    static const ad_op op##_op = {                                                                \
        .size = sizeof(ad_op),                                                                    \
        .name = #op,                                                                              \
        .arity = operands_count,                                                                  \
        .attr_size = sizeof(attention_attr),                                                      \
        .type = attention_type,                                                                   \
        .shape = attention_shape,                                                                 \
        .saved = attention_saved,                                                                 \
        .forward = attention_forward,                                                             \
        .pullback = attention_pullback,                                                           \
        .jvp = attention_jvp,                                                                     \
        .curvature = attention_curvature,                                                         \
        .derivative = "with p = softmax(scale q k^T) and s = p (g v^T - sum(g y)): dq = scale s " \
                      "k, dk = scale s^T q, dv = p^T g",                                          \
    };
ATTENTION_OP(attention, MASK)
ATTENTION_OP(masked_attention, OPERANDS)

static ad_tensor attend(const ad_op *op, const ad_tensor *x, ad_attention_options options)
{
    attention_attr attr = {options.causal, op->arity > MASK, options.scale};
    AD_DOOR(x[Q].tape, op->name, ad_dead(x[Q]));
    if (!isfinite(options.scale))
        return ad_refuse(AD_MISUSE, op->name, op->arity, x, "the scale must be finite, not %g",
                         options.scale);
    return ad_apply(op, x, &attr);
}

ad_tensor ad_attention(ad_tensor q, ad_tensor k, ad_tensor v, ad_attention_options options)
{
    return attend(&attention_op, (ad_tensor[]){q, k, v}, options);
}

ad_tensor ad_masked_attention(ad_tensor q, ad_tensor k, ad_tensor v, ad_tensor mask,
                              ad_attention_options options)
{
    return attend(&masked_attention_op, (ad_tensor[]){q, k, v, mask}, options);
}

const ad_op *const ad_attention_ops[] = {&attention_op, &masked_attention_op, NULL};
