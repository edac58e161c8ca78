/* The slope of a function of one number, by differences. */
#ifndef ADZE_CHECK_SLOPE_H
#define ADZE_CHECK_SLOPE_H

/* f(x + *h); *h becomes the offset that was really taken, after rounding. NaN out of f's domain. */
typedef double ad_curve(void *user, double *h);

typedef struct ad_slope_plan {
    ad_curve *f;
    void *user;
    double step;     /* the first; each of the others is half the one before */
    int levels;      /* steps at most */
    double goal;     /* the relative error at which to stop, */
    double floor;    /* or the absolute one */
    double rounding; /* relative, of f */
} ad_slope_plan;

typedef struct ad_slope {
    double value;
    double error; /* an estimate, rounding included; infinite where f could not be evaluated */
} ad_slope;

ad_slope ad_slope_find(const ad_slope_plan *plan);

/* Whether f has a kink at x, for which no central difference holds; sets the slopes of the
 * sides. */
typedef struct ad_sides {
    double low, high;
} ad_sides;

_Bool ad_slope_kink(const ad_slope_plan *plan, ad_sides *sides);

#endif
