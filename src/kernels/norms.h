/* Normalisation: numbers in sets, each with a mean and a scale of its own. */
#ifndef ADZE_KERNELS_NORMS_H
#define ADZE_KERNELS_NORMS_H

#include "adze/array.h"
#include "base/workspace.h"

/* Numbers lie as [outer, rows, columns], and the columns make `groups` of neighbours: a set is the numbers of one
 * outer place and one group. Gain and bias are numbers for each column. */
typedef struct ad_norm_layout {
    size_t outer, rows, columns, groups;
    bool centred; /* else the mean is 0 */
    double divisor,
        epsilon; /* scale = 1 / sqrt(sum((x - mean)^2) / divisor + epsilon), or 0 for 1 / 0 where
                                zero_scale says so */
    bool zero_scale;
} ad_norm_layout;

/* Of each set. */
typedef struct ad_norm_statistics {
    double *mean, *scale; /* [outer, groups] */
    double *variance; /* sum((x - mean)^2) / divisor, where sets are columns; NULL: not wanted */
} ad_norm_statistics;

static inline size_t ad_norm_sets(const ad_norm_layout *l)
{
    return l->outer * l->groups;
}

/* y = xh gain + bias; bias may be NULL. Finds the statistics. */
void ad_norm_forward(ad_workspace *work, const ad_norm_layout *l, ad_type type, const void *x,
                     const void *gain, const void *bias, void *y, ad_norm_statistics s);

/* What flows back. dx = scale (h - mean(h) - xh mean(h xh)), h = gain dy, and besides dx +=
 * dmean / divisor + 2 dvariance (x - mean) / divisor. */
typedef struct ad_norm_back {
    const void *x, *gain, *dy;
    const void *dmean, *dvariance; /* of each set, or NULL */
    void *dx;                      /* or NULL */
    bool add;                      /* to dx */
    double *dgain, *dbias;         /* [columns], are assigned */
} ad_norm_back;

/* False if memory ran out. */
bool ad_norm_pull(ad_workspace *work, const ad_norm_layout *l, ad_type type, ad_norm_statistics s,
                  const ad_norm_back *b);

#endif
