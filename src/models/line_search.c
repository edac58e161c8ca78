/* The strong Wolfe conditions by algorithms 3.5 and 3.6 of Nocedal and Wright: points go out until some interval
 * must hold a good one; then the interval shrinks around it. */
#include "models/line_search.h"

#include <math.h>
#include <stdbool.h>

enum { MOST = 30 }; /* evaluations of either part */

static bool too_high(const ad_line *l, const ad_line_point *p)
{
    return !(p->value <= l->start.value + l->decrease * p->at * l->start.slope + l->noise);
}

static bool flat(const ad_line *l, const ad_line_point *p)
{
    return fabs(p->slope) <= -l->curvature * l->start.slope;
}

/* Where the cubic through values and slopes of two points has its minimum: (3.59) of the book. NaN if nowhere. */
static double minimum_of_cubic(const ad_line_point *a, const ad_line_point *b)
{
    double d = a->slope + b->slope - 3 * (a->value - b->value) / (a->at - b->at);
    double root = copysign(sqrt(d * d - a->slope * b->slope), b->at - a->at);
    return b->at - (b->at - a->at) * ((b->slope + root - d) / (b->slope - a->slope + 2 * root));
}

/* A point between, and at least a tenth of the interval from its ends. */
static double between(const ad_line_point *low, const ad_line_point *high)
{
    double left = fmin(low->at, high->at), width = fabs(high->at - low->at);
    double at = minimum_of_cubic(low, high), middle = left + width / 2;
    if (!isfinite(at))
        return middle;
    return fmin(fmax(at, left + width / 10), left + width - width / 10);
}

/* The best of an interval: low is its lower end, where the function falls into the interval. */
static ad_status zoom(const ad_line *l, ad_line_point low, ad_line_point high, ad_line_point *found)
{
    ad_status status = AD_OK;
    ad_line_point p = high;
    for (int i = 0; i < MOST && status == AD_OK; i++) {
        double at = between(&low, &high);
        if (at == low.at || at == high.at)
            break;
        status = l->evaluate(l->user, at, &p);
        if (too_high(l, &p) || p.value >= low.value) {
            high = p;
            continue;
        }
        if (flat(l, &p)) {
            *found = p;
            return status;
        }
        if (p.slope * (high.at - low.at) >= 0)
            high = low;
        low = p;
    }
    if (status == AD_OK && low.at != p.at && low.at > 0)
        status = l->evaluate(l->user, low.at, &low);
    *found = low;
    return status;
}

ad_status ad_line_search(const ad_line *l, double first, ad_line_point *found)
{
    ad_line_point before = l->start, p = l->start;
    double at = first;
    for (int i = 0; i < MOST; i++) {
        ad_status status = l->evaluate(l->user, at, &p);
        if (status != AD_OK)
            return status;
        if (too_high(l, &p) || (i > 0 && p.value >= before.value))
            return zoom(l, before, p, found);
        if (flat(l, &p))
            break;
        if (p.slope >= 0)
            return zoom(l, p, before, found);
        double guess = minimum_of_cubic(&before, &p);
        before = p;
        at = guess > 1.5 * at ? fmin(guess, 10 * at) : 1.5 * at;
    }
    *found = p;
    return AD_OK;
}
