/* Arrays whose numbers follow a rule. */
#include "adze/array.h"

#include <math.h>

/* An array of numbers from 0 on, or none where the type cannot hold one of them. */
typedef double rule(size_t i, const double *by);

static ad_array make(ad_type type, ad_shape shape, rule *number, const double *by)
{
    ad_array a = ad_zeros(type, shape);
    size_t count = ad_array_count(&a);
    for (size_t i = 0; i < count; i++)
        if (ad_array_set(&a, i, number(i, by)) != AD_OK) {
            ad_array_free(&a);
            return a;
        }
    return a;
}

static double same(size_t i, const double *by)
{
    (void)i;
    return by[0];
}

ad_array ad_full(ad_type type, ad_shape shape, double value)
{
    return make(type, shape, same, &value);
}

/* by: columns + 1 */
static double diagonal(size_t i, const double *by)
{
    return fmod((double)i, by[0]) == 0;
}

ad_array ad_eye(ad_type type, int64_t n)
{
    double apart = (double)n + 1;
    return make(type, AD_SHAPE(n, n), diagonal, &apart);
}

/* by: begin, step */
static double progression(size_t i, const double *by)
{
    return by[0] + (double)i * by[1];
}

ad_array ad_arange(ad_type type, double begin, double end, double step)
{
    double by[] = {begin, step}, count = ceil((end - begin) / step);
    if (!(count < 0x1p62) || !isfinite(begin) || !isfinite(step) || step == 0)
        return (ad_array){0};
    return make(type, AD_SHAPE(count > 0 ? (int64_t)count : 0), progression, by);
}

/* by: first, last, n - 1. Weights are whole numbers, unless their products overflow. Where the ends
 * are near to each other, rounding might lead beyond them. */
static double between(size_t i, const double *by)
{
    double above = (double)i, below = by[2] - above;
    double x = (by[0] * below + by[1] * above) / by[2];
    if (above == 0 || below == 0)
        return by[above != 0];
    if (!isfinite(x))
        x = by[0] * (below / by[2]) + by[1] * (above / by[2]);
    return fmin(fmax(x, fmin(by[0], by[1])), fmax(by[0], by[1]));
}

ad_array ad_linspace(ad_type type, double first, double last, int64_t n)
{
    double by[] = {first, last, n > 1 ? (double)n - 1 : 1};
    if (!isfinite(first) || !isfinite(last))
        return (ad_array){0};
    return make(type, AD_SHAPE(n), between, by);
}
