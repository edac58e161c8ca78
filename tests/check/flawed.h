/* An operation with a wrong pullback, for checks to find. */
#ifndef ADZE_TESTS_FLAWED_H
#define ADZE_TESTS_FLAWED_H

#include "adze/op.h"

/* tanh, whose pullback is wrong at [1, 3] of [3, 4], and less so elsewhere. */
static inline void flawed_pullback(const ad_pullback_args *c)
{
    for (size_t i = 0; i < ad_view_count(&c->y); i++) {
        double y = ad_view_get(&c->y, i), slope = (1 - y * y) * (i == 7   ? 0.5
                                                                 : i == 3 ? 1.1
                                                                 : i > 11 ? 0.7
                                                                          : 1);
        double dx = slope * ad_view_get(&c->dy, i);
        if (c->dx[0].type == AD_F32)
            ((float *)c->dx[0].data)[i] += (float)dx;
        else
            ((double *)c->dx[0].data)[i] += dx;
    }
}

static inline ad_tensor flawed_tanh(ad_tensor x)
{
    static ad_op op = {.size = sizeof op};
    ad_op_with_pullback(ad_builtin_op_named("tanh"), "flawed_tanh", flawed_pullback, &op);
    return ad_apply(&op, &x, NULL);
}

#endif
