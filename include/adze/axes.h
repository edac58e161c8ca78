/* Lists of axes.
 *
 * AD_AXES(0, -1) names the first axis and the last, AD_AXES() all axes. A reduction drops the axes
 * of AD_AXES, and keeps those of AD_KEEP at extent 1. An axis that is out of range or named twice
 * is AD_BAD_SHAPE; more than AD_MAX_RANK axes are AD_MISUSE. */
#ifndef ADZE_AXES_H
#define ADZE_AXES_H

#include "adze/array.h"

typedef struct ad_axes {
    int count; /* 0: all axes */
    int axis[AD_MAX_RANK];
    bool keep; /* only reductions read it */
} ad_axes;

static inline AD_UNUSED ad_axes ad_axes_kept(ad_axes axes)
{
    axes.keep = true;
    return axes;
}

#ifdef __cplusplus
template <typename... Axes> constexpr ad_axes ad_axes_of(Axes... axes)
{
    static_assert(sizeof...(axes) <= AD_MAX_RANK, "too many axes");
    return ad_axes{(int)sizeof...(axes), {(int)axes...}, false};
}
#define AD_AXES(...) ad_axes_of(__VA_ARGS__)
#else
/* list[0] does not count: C has no empty list, so AD_AXES puts a 0 before the axes. */
static inline AD_UNUSED ad_axes ad_axes_of(size_t length, const int *list)
{
    ad_axes axes = {.count = (int)length - 1};
    for (size_t i = 1; i < length && i <= AD_MAX_RANK; i++)
        axes.axis[i - 1] = list[i];
    return axes;
}
#define AD_AXES(...) \
    ad_axes_of(sizeof((int[]){0, __VA_ARGS__}) / sizeof(int), (int[]){0, __VA_ARGS__})
#endif
#define AD_KEEP(...) ad_axes_kept(AD_AXES(__VA_ARGS__))

#endif
