/* The slope of a function of one number: central differences at steps h, h/2, h/4, ..., each an
 * even series in h, extrapolated to h = 0 by Neville's scheme. The answer is the entry of the table
 * that differs least from those that it was made of (Ridders 1982, "Accurate computation of F'(x)
 * and F'(x) F''(x)"): large steps suffer from higher derivatives and kinks, small ones from
 * rounding. */
#include "check/slope.h"

#include <math.h>

enum { COLUMNS = 3 }; /* extrapolations; with more, rounding grows faster than the order helps */

typedef struct quotient {
    double value, noise;
} quotient;

static double value_at(const ad_slope_plan *p, double *h)
{
    return p->f(p->user, h);
}

static quotient central(const ad_slope_plan *p, double h)
{
    double right = h, left = -h;
    double above = value_at(p, &right), below = value_at(p, &left), width = right - left;
    return (quotient){(above - below) / width, p->rounding * (fabs(above) + fabs(below)) / width};
}

/* Adds a row to the table, and keeps its best entry. NaN compares as worse than anything. */
static void extend(double row[COLUMNS], quotient q, ad_slope *best)
{
    double entry = q.value, power = 1;
    for (int k = 0; k < COLUMNS; k++) {
        double older = row[k];
        row[k] = entry;
        power *= 4;
        double next = (power * entry - older) / (power - 1);
        double error = fmax(fabs(next - entry), fabs(next - older)) + q.noise;
        if (isfinite(next) && error < best->error)
            *best = (ad_slope){next, error};
        entry = next;
    }
}

ad_slope ad_slope_find(const ad_slope_plan *p)
{
    ad_slope best = {NAN, INFINITY};
    double row[COLUMNS] = {NAN, NAN, NAN}, h = p->step;
    for (int level = 0; level < p->levels; level++, h /= 2) {
        extend(row, central(p, h), &best);
        if (best.error <= fmax(p->goal * fabs(best.value), p->floor))
            break;
    }
    return best;
}

/* right + left - 2 centre over h: of the order of h where f is smooth, the same for all h at a
 * kink. */
static double jump(const ad_slope_plan *p, double h, ad_sides *s, double *noise)
{
    double none = 0, right = h, left = -h, centre = value_at(p, &none);
    double above = value_at(p, &right), below = value_at(p, &left);
    double up = (above - centre) / right, down = (below - centre) / left;
    *s = (ad_sides){fmin(up, down), fmax(up, down)};
    *noise = p->rounding * (fabs(above) + fabs(below) + 2 * fabs(centre)) / h;
    return fabs(up - down);
}

_Bool ad_slope_kink(const ad_slope_plan *p, ad_sides *sides)
{
    double noise, h = ldexp(p->step, 1 - p->levels);
    double wide = jump(p, 2 * h, sides, &noise), narrow = jump(p, h, sides, &noise);
    return narrow > 0.75 * wide && narrow > 8 * noise;
}
