/* Loops over numbers that broadcast and lie at strides.
 *
 * A walk goes over the elements of a shape, row by row, and over the numbers of several views that
 * broadcast to it. It comes in runs: along one, the numbers of each view lie at a constant step. Axes
 * that lie together in all views become one, so that contiguous views of n numbers give one run of n.
 *
 *     ad_walk w;
 *     ad_walk_begin(c->work, &w, &c->y.shape, 2, (ad_view[]){c->x[0], ad_array_view(c->y)});
 *     while (ad_walk_next(&w)) {
 *         const double *x = w.data[0];
 *         double *y = w.data[1];
 *         for (int64_t i = 0; i < w.n; i++)
 *             y[i * w.step[1]] = sqrt(x[i * w.step[0]]);
 *     }
 *
 * adze/kernels.h has loops that need no walk. */
#ifndef ADZE_WALK_H
#define ADZE_WALK_H

#include "adze/array.h"
#include "adze/workspace.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { AD_MAX_VIEWS = 6 }; /* of one walk */

/* How a walk goes on. It is the walk's own: neither read nor write it. */
typedef struct ad_nest {
    int rank, streams;
    int64_t dim[AD_MAX_RANK];
    int64_t stride[AD_MAX_VIEWS][AD_MAX_RANK];
    /* the current row: */
    int64_t row;                  /* its length */
    int64_t step[AD_MAX_VIEWS];   /* from element to element */
    int64_t offset[AD_MAX_VIEWS]; /* of its first element */
    int64_t at[AD_MAX_RANK];
} ad_nest;

/* A plain value: copies of it go on from where it is, each by itself. */
typedef struct ad_walk {
    int64_t n;                  /* numbers in the current run */
    void *data[AD_MAX_VIEWS];   /* the first of them in each view. Write only to what is yours */
    int64_t step[AD_MAX_VIEWS]; /* from one to the next, in elements; 0 repeats */

    /* the walk's own */
    int64_t at, end;
    char *first[AD_MAX_VIEWS];
    size_t size[AD_MAX_VIEWS];
    ad_nest nest;
} ad_walk;

/* Sets w to stand before the first run. n: 1 to AD_MAX_VIEWS. work takes the failure; it may be NULL.
 * False, with a walk that has no runs: AD_MISUSE for a bad argument, or for a view without data;
 * AD_BAD_SHAPE where a view does not broadcast to the shape. */
AD_API bool ad_walk_begin(ad_workspace *work, ad_walk *w, const ad_shape *shape, int n,
                          const ad_view *views);

/* Sets w to stand before the elements from `begin` up to `end` - 1 of the shape, counted row by row,
 * and to end there. Both are cut to the elements that there are. */
AD_API void ad_walk_part(ad_walk *w, size_t begin, size_t end);

/* Goes to the next run. False at the end. */
AD_API bool ad_walk_next(ad_walk *w);

#ifdef __cplusplus
}
#endif

#endif
