/* Random shapes that broadcast, and views at strides of all kinds. */
#ifndef ADZE_TESTS_RANDOM_VIEWS_H
#define ADZE_TESTS_RANDOM_VIEWS_H

#include <adze.h>

/* A shape that broadcasts to s. */
static inline ad_shape shape_below(ad_random *r, const ad_shape *s)
{
    int gone = (int)ad_random_below(r, (uint64_t)s->rank + 1);
    ad_shape part = {.rank = s->rank - gone};
    for (int i = 0; i < part.rank; i++)
        part.dim[i] = ad_random_below(r, 3) ? s->dim[i + gone] : 1;
    return part;
}

/* Any axes backwards or with gaps, or that repeat, in numbers that hold them all. */
static inline ad_view scattered(ad_random *r, const double *numbers, const ad_shape *s)
{
    ad_view v = ad_view_of(AD_F64, numbers, *s);
    int64_t step = 1, first = 0;
    for (int i = s->rank - 1; i >= 0; i--) {
        uint64_t way = ad_random_below(r, 4);
        v.stride[i] = way == 0 ? 0 : way == 1 ? -step : step;
        first += way == 1 && s->dim[i] ? (s->dim[i] - 1) * step : 0;
        step *= s->dim[i] ? s->dim[i] + (int64_t)ad_random_below(r, 2) : 1;
    }
    v.data = numbers + first;
    return v;
}

#endif
