/* Sweeps over several directions or roots at once. */
#ifndef ADZE_NUMBERS_LANES_H
#define ADZE_NUMBERS_LANES_H

#include "numbers/numbers.h"

/* Roots are taken four or eight at a time; directions one, eight or 16 at a time; those of second
 * order one or eight. */
enum { AD_FEW_LANES = 4, AD_NUMBER_LANES = 8, AD_MANY_LANES = 16 };

/* The tangents of chosen statements: columns of a matrix of directions, row by row. */
typedef struct ad_seed {
    uint32_t index;
    size_t column;
} ad_seed;

typedef struct ad_seeds {
    const ad_seed *of; /* by increasing index */
    size_t count;
    const double *rows;  /* [directions, stride]; NULL: unit vectors */
    size_t stride, unit; /* the column of the first of these */
    int directions;      /* up to the number of lanes */
} ad_seeds;

/* Carries tangents forward to statement `last`: tangent is [last + 1, lanes], uninitialised. */
ad_status ad_tangents_push(ad_reals *r, uint32_t last, const ad_seeds *seeds, int lanes,
                           double *tangent);

/* As ad_adjoints_sweep, over rows of lanes: AD_FEW_LANES or more. One row before them can be read. */
ad_status ad_lanes_sweep(ad_reals *r, ad_statement_walk *w, uint32_t last, uint32_t first,
                         int lanes, double *adjoint);

/* The same of second order: over adjoints and the tangents of these, rows of 1 or AD_NUMBER_LANES
 * lanes, with the tangents of values. The name is that of the call, for errors. */
ad_status ad_second_sweep(ad_reals *r, ad_statement_walk *w, uint32_t last, uint32_t first,
                          int lanes, double *adjoint, const double *tangent,
                          double *adjoint_tangent, const char *name);

#endif
