/* The rules of elementwise operations of two or three operands, which broadcast. */
#include "ops/elementwise/elementwise.h"

#include "adze/op.h"
#include "base/workspace.h"

const char *ad_shape_broadcast_3(const ad_shape *x, const void *attr, ad_shape *y)
{
    ad_shape pair[2] = {x[0]};
    const char *wrong = ad_shape_broadcast(x + 1, attr, &pair[1]);
    return wrong ? wrong : ad_shape_broadcast(pair, attr, y);
}

/* The operands of derivatives' kernels after a and b. */
static inline const ad_view *third(int arity, const ad_view *x, const ad_view *y)
{
    return arity == 3 ? &x[2] : y;
}

void ad_elementwise_forward(const ad_forward_args *c)
{
    const ad_elementwise_kernels *k = c->op->kernels;
    if (c->y.type > AD_F64) {
        ad_integers_forward(c, k->integers);
        return;
    }
    const ad_kernel *kernel = &k->forward.of[c->y.type];
    const void *run[] = {c->x[0].data, c->x[1].data, third(c->arity, c->x, c->x)->data};
    size_t size = ad_float_size(c->y.type);
    if (!ad_map_run(c->work, kernel, size, c->run, run, c->y.data, false))
        ad_map(c->work, &c->y.shape, kernel, c->arity, c->x, size, c->y.data, false);
}

static void map_slope(const ad_pullback_args *c, int i)
{
    const ad_elementwise_kernels *k = c->op->kernels;
    ad_view in[] = {c->x[0], c->x[1], *third(c->arity, c->x, &c->y), c->dy};
    ad_map_into(c->work, &c->y.shape, &k->slope[i], 4, in, &c->dx[i], !c->assign[i]);
}

/* The loop for a number of operands that the compiler knows: small operations feel the
 * difference. */
AD_INLINE void pull_each(const ad_pullback_args *c, int arity)
{
    const ad_elementwise_kernels *k = c->op->kernels;
    const void *run[] = {c->x[0].data, c->x[1].data, third(arity, c->x, &c->y)->data, c->dy.data};
    size_t size = ad_float_size(c->y.type);
    for (int i = 0; i < arity; i++)
        if (c->wanted[i] && !ad_map_run(c->work, &k->slope[i].of[c->y.type], size, c->run, run,
                                        c->dx[i].data, !c->assign[i]))
            map_slope(c, i);
}

void ad_elementwise_pullback(const ad_pullback_args *c)
{
    if (c->arity == 3)
        pull_each(c, 3);
    else
        pull_each(c, 2);
}

void ad_elementwise_jvp(const ad_jvp_args *c)
{
    const ad_elementwise_kernels *k = c->op->kernels;
    bool add = false;
    for (int i = 0; i < c->arity; i++) {
        if (!c->tx[i].data)
            continue;
        ad_view in[] = {c->x[0], c->x[1], *third(c->arity, c->x, &c->y), c->tx[i]};
        ad_map_into(c->work, &c->y.shape, &k->slope[i], 4, in, &c->ty, add);
        add = true;
    }
}

void ad_elementwise_curvature(const ad_curvature_args *c)
{
    const ad_elementwise_kernels *k = c->op->kernels;
    for (int i = 0; i < c->arity; i++)
        for (int j = 0; j < c->arity; j++) {
            if (!c->wanted[i] || !c->tx[j].data)
                continue;
            ad_view in[] = {c->x[0], c->x[1], *third(c->arity, c->x, &c->y), c->dy, c->tx[j]};
            ad_map_into(c->work, &c->y.shape, &k->bend[i][j], 5, in, &c->tdx[i], true);
        }
}
