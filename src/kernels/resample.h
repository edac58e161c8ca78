/* Sums of weighted rows: what resizing along an axis is, and its way back. */
#ifndef ADZE_KERNELS_RESAMPLE_H
#define ADZE_KERNELS_RESAMPLE_H

#include "adze/array.h"
#include "base/workspace.h"

/* Row i of the result is the sum over k from begin[i] to begin[i + 1] - 1 of weight[k] times row from[k]. */
typedef struct ad_mixture {
    int64_t rows, *begin, *from;
    double *weight;
} ad_mixture;

/* The same the other way round, for so many rows, in scratch memory. begin is NULL when memory ran out. */
ad_mixture ad_mixture_transposed(ad_workspace *work, const ad_mixture *m, int64_t rows);

/* y (+)= x mixed: x [outer, rows of x, inner], y [outer, rows, inner]. */
void ad_mix(ad_workspace *work, const ad_mixture *m, ad_type type, int64_t outer, int64_t x_rows,
            int64_t inner, const void *x, bool add, void *y);

#endif
