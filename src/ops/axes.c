/* Axes as users name them. */
#include "ops/axes.h"

#include <math.h>
#include <stdio.h>

static bool refuse(const char *op, ad_tensor x, int axis, const char *reason)
{
    char text[256];
    ad_shape shape = ad_shape_of(x);
    ad_tape_fail(x.tape, AD_BAD_SHAPE, "%s(%s): axis %d %s", op,
                 ad_shape_print(&shape, text, sizeof text), axis, reason);
    return false;
}

bool ad_axis_fix(const char *op, ad_tensor x, int *axis, int rank)
{
    if (ad_shape_of(x).rank < 0) {
        *axis = 0;
        return true;
    }
    if (*axis < -rank || *axis >= rank) {
        char reason[64];
        snprintf(reason, sizeof reason, "is out of range for rank %d", rank);
        return refuse(op, x, *axis, reason);
    }
    *axis += *axis < 0 ? rank : 0;
    return true;
}

bool ad_axes_fix(const char *op, ad_tensor x, ad_axes *axes, unsigned *mask)
{
    int rank = ad_shape_of(x).rank;
    *mask = 0;
    if (rank < 0)
        return true;
    if (axes->count < 0 || axes->count > AD_MAX_RANK) {
        ad_tape_fail(x.tape, AD_MISUSE, "%s: %d axes; there must be 0 (all) to %d", op, axes->count,
                     AD_MAX_RANK);
        return false;
    }
    if (axes->count == 0)
        *mask = (1u << rank) - 1;
    for (int i = 0; i < axes->count; i++) {
        int named = axes->axis[i];
        if (!ad_axis_fix(op, x, &axes->axis[i], rank))
            return false;
        unsigned bit = 1u << axes->axis[i];
        if (*mask & bit)
            return refuse(op, x, named, "is named twice");
        *mask |= bit;
    }
    return true;
}
