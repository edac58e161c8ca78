/* Checkpoints: y = f(x) as one node that keeps only y. When a sweep needs the values in between,
 * f is evaluated again on the inner tape, which all checkpoints of a tape share. Each rule of the
 * node is that of the whole recomputed tape: a sweep from dy, a push of the tangents, or both. */
#include "adze/ops.h"
#include "functions/call.h"
#include "ops/axes.h"

#include <math.h>

/* Evaluates f again on the inner tape. Its earlier result is kept. */
typedef struct inner {
    ad_tape *tape;
    ad_tensor *x; /* [n] */
    ad_tensor y;
} inner;

static bool evaluate(ad_workspace *work, const ad_call *call, const ad_view *x, const bool *watched,
                     const ad_view *kept, inner *in)
{
    in->tape = ad_inner_tape(work);
    in->x = in->tape ? ad_call_leaves(work, in->tape, call->n, x, watched) : NULL;
    if (!in->x)
        return false;
    in->y = ad_call_evaluate(in->tape, call, in->x);
    ad_view y = ad_read(in->y);
    return ad_call_compare(in->tape, &y, kept);
}

/* Carries the tangents of the watched operands to y. */
static bool push(const inner *in, int n, const ad_view *tx)
{
    for (int i = 0; i < n; i++)
        if (tx[i].data)
            ad_set_tangent(in->x[i], tx[i]);
    return ad_push_tangents(in->y) == AD_OK;
}

/* ---- rules ------------------------------------------------------------------------- */

static void checkpoint_pullback(const ad_pullback_args *c)
{
    inner in = {.tape = NULL};
    bool *watched = ad_scratch(c->work, (size_t)c->arity * sizeof *watched);
    if (!watched)
        return;
    for (int i = 0; i < c->arity; i++)
        watched[i] = c->wanted[i];
    if (evaluate(c->work, c->attr, c->x, watched, &c->y, &in) &&
        ad_backward_from(in.y, c->dy) == AD_OK)
        for (int i = 0; i < c->arity; i++)
            if (watched[i])
                ad_call_add(1, ad_grad(in.x[i]), c->dx[i]);
    ad_call_finish(c->work, in.tape);
}

static void checkpoint_jvp(const ad_jvp_args *c)
{
    inner in = {.tape = NULL};
    bool *watched = ad_scratch(c->work, (size_t)c->arity * sizeof *watched);
    if (!watched)
        return;
    for (int i = 0; i < c->arity; i++)
        watched[i] = c->tx[i].data;
    if (evaluate(c->work, c->attr, c->x, watched, &c->y, &in) && push(&in, c->arity, c->tx)) {
        ad_view ty = ad_tangent(in.y); /* none where f is a constant */
        ad_call_put(c->ty.data, ty.data, ad_array_count(&c->ty) * ad_type_size(c->ty.type));
    }
    ad_call_finish(c->work, in.tape);
}

static void checkpoint_curvature(const ad_curvature_args *c)
{
    inner in = {.tape = NULL};
    bool *watched = ad_scratch(c->work, (size_t)c->arity * sizeof *watched);
    if (!watched)
        return;
    for (int i = 0; i < c->arity; i++)
        watched[i] = c->tx[i].data || c->wanted[i];
    if (evaluate(c->work, c->attr, c->x, watched, &c->y, &in) && push(&in, c->arity, c->tx) &&
        ad_backward_tangents_from(in.y, c->dy, (ad_view){.data = NULL}) == AD_OK)
        for (int i = 0; i < c->arity; i++)
            if (c->wanted[i])
                ad_call_add(1, ad_grad_tangent(in.x[i]), c->tdx[i]);
    ad_call_finish(c->work, in.tape);
}

static const ad_op checkpoint_op = {
    .size = sizeof(ad_op),
    .name = "checkpoint",
    .arity = AD_VARIADIC,
    .flags = AD_OP_STRIDED, /* f gets the same views again: products have other bits from copies */
    .attr_size = sizeof(ad_call),
    .type = ad_call_type,
    .shape = ad_call_shape,
    .forward = ad_call_forward,
    .pullback = checkpoint_pullback,
    .jvp = checkpoint_jvp,
    .curvature = checkpoint_curvature,
};

ad_tensor(ad_checkpoint)(ad_function *f, int n, const ad_tensor *x, const void *env)
{
    AD_DOOR(ad_tape_of(x, n), "checkpoint", ad_dead(x[0]));
    ad_tape *t = ad_call_tape("checkpoint", f, n, x);
    ad_call call = {.f = f, .env = env, .n = n};
    if (t)
        return ad_call_record(&checkpoint_op, &call, x);
    return x && n > 0 ? ad_dead(x[0]) : ad_number(NAN);
}
