/* Options of operations in space, and windows along an axis. */
#include "ops/spatial/space.h"

#include "ops/refuse.h"

void ad_space_fill(int64_t entry[AD_MAX_SPACE], int64_t usual)
{
    for (int k = 0; k < AD_MAX_SPACE; k++)
        if (entry[k] == 0)
            entry[k] = usual;
}

bool ad_space_check(const char *op, int n, const ad_tensor *x, const char *what,
                    const int64_t entry[AD_MAX_SPACE], int64_t least)
{
    for (int k = 0; k < AD_MAX_SPACE; k++)
        if (entry[k] < least || entry[k] > INT32_MAX) {
            ad_refuse(AD_MISUSE, op, n, x, "%s is %lld, it must be %s", what, (long long)entry[k],
                      least == 0 ? "from 0 to 2^31 - 1" : "between -2^31 and 2^31");
            return false;
        }
    return true;
}

bool ad_padding_check(const char *op, int n, const ad_tensor *x, const int64_t before[AD_MAX_SPACE],
                      const int64_t after[AD_MAX_SPACE], bool same)
{
    if (!ad_space_check(op, n, x, "the padding before", before, -INT32_MAX) ||
        !ad_space_check(op, n, x, "the padding after", after, -INT32_MAX))
        return false;
    for (int k = 0; same && k < AD_MAX_SPACE; k++)
        if (before[k] != 0 || after[k] != 0) {
            ad_refuse(AD_MISUSE, op, n, x, "same and other padding exclude each other");
            return false;
        }
    return true;
}

static int64_t pad_same(const ad_windows *o, int axis, int64_t span, ad_window *w)
{
    int64_t missing = (w->small - 1) * o->stride[axis] + span - w->big;
    return missing > 0 ? missing / 2 : 0;
}

bool ad_window_over(const ad_windows *o, int axis, int64_t extent, int64_t taps, ad_window *w)
{
    int64_t stride = o->stride[axis], span = (taps - 1) * o->dilation[axis] + 1;
    *w = (ad_window){extent, 0, taps, stride, o->dilation[axis], o->before[axis]};
    if (o->same) {
        w->small = (extent + stride - 1) / stride;
        w->before = pad_same(o, axis, span, w);
        return true;
    }
    int64_t left = extent + o->before[axis] + o->after[axis] - span;
    w->small = left < 0 ? 0 : left / stride + 1;
    return left >= 0;
}

bool ad_window_spread(const ad_windows *o, int axis, int64_t extent, int64_t taps, ad_window *w)
{
    int64_t stride = o->stride[axis], span = (taps - 1) * o->dilation[axis] + 1;
    *w = (ad_window){0, extent, taps, stride, o->dilation[axis], o->before[axis]};
    if (o->same) {
        w->big = extent * stride;
        w->before = pad_same(o, axis, span, w);
        return true;
    }
    w->big = (extent - 1) * stride + span - o->before[axis] - o->after[axis];
    return extent > 0 && w->big >= 0;
}
