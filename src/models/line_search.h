/* The search for a point on a line that fulfils the strong Wolfe conditions. */
#ifndef ADZE_MODELS_LINE_SEARCH_H
#define ADZE_MODELS_LINE_SEARCH_H

#include "adze/status.h"

/* A point of the line, with the function's value and its derivative along the line. */
typedef struct ad_line_point {
    double at, value, slope;
} ad_line_point;

typedef struct ad_line {
    ad_status (*evaluate)(void *user, double at, ad_line_point *p);
    void *user;
    ad_line_point start; /* at 0 */
    double decrease, curvature;
    double noise; /* of values: so much higher is no higher */
} ad_line;

/* Looks for a point, from `first` on. Where none is found that fulfils both conditions, the lowest that lies below the
 * start will do; at is 0 if there is none. The found point is the last one evaluated. */
ad_status ad_line_search(const ad_line *l, double first, ad_line_point *found);

#endif
