/* Common parts of reductions: the reduced axes, and the shapes on either side.
 *
 * A reduction's numbers lie in the *kept shape*: the shape of the operand with the reduced axes
 * at extent 1. It broadcasts to the operand, so sums and pullbacks are loops over streams (map.h),
 * whether the result drops those axes or not. */
#ifndef ADZE_OPS_REDUCE_REDUCE_H
#define ADZE_OPS_REDUCE_REDUCE_H

#include "adze/op.h"
#include "kernels/map.h"

#include "adze/ops.h"

typedef struct ad_reduction {
    unsigned reduced; /* bit i: axis i of the operand is reduced */
    unsigned dropped; /* and the result is without it */
    int ddof;         /* of variance and std */
} ad_reduction;

typedef struct ad_reduced {
    ad_shape kept;
    size_t count;  /* results */
    double length; /* elements behind each */
} ad_reduced;

ad_reduced ad_reduce_plan(const ad_shape *x, const void *attr);

/* The shape rule. */
const char *ad_reduce_shape(const ad_shape *x, const void *attr, ad_shape *y);

/* The same, but an empty list of elements has none to choose. */
const char *ad_extreme_shape(const ad_shape *x, const void *attr, ad_shape *y);

/* The axes of a reduction of x, dropped or kept. False with an error on the tape, by the name of op. */
bool ad_reduction_fits(const char *op, ad_tensor x, ad_axes axes, int ddof, ad_reduction *attr);

/* The public functions of ops with one result. */
ad_tensor ad_reduce(const ad_op *op, ad_tensor x, ad_axes axes, int ddof);

/* False, with AD_MISUSE on the tape, for a negative one. */
bool ad_ddof_fits(const char *op, ad_tensor x, int ddof);

/* The public functions of an op: over all axes, and over some. */
#define AD_REDUCTION_FORMS(over_all, over_axes, op) \
    ad_tensor over_all(ad_tensor x)                 \
    {                                               \
        return ad_reduce(&op, x, AD_AXES(), 0);     \
    }                                               \
    ad_tensor over_axes(ad_tensor x, ad_axes axes)  \
    {                                               \
        return ad_reduce(&op, x, axes, 0);          \
    }

/* Numbers that lie in the kept shape, as a stream. */
static inline ad_view ad_reduced_view(const ad_reduced *r, ad_type type, const void *numbers)
{
    return ad_view_of(type, numbers, r->kept);
}

/* The first element behind each result, as a stream; only where there is one. */
static inline ad_view ad_reduced_first(const ad_reduced *r, const ad_view *x)
{
    ad_view first = *x;
    first.shape = r->kept;
    return first;
}

/* The second of two saved lists with a number for each result. Without results there is no memory for them, and C
 * has no sum of NULL and 0. */
static inline const double *ad_reduced_second(const ad_reduced *r, const void *lists)
{
    return r->count ? (const double *)lists + r->count : lists;
}

/* How many numbers lie together behind each result: where x lies row by row and its last axes
 * are the reduced ones. Else 0. */
size_t ad_reduced_row(const ad_view *x, const void *attr);

/* A copy in f64, in scratch memory, of an array in the kept shape. NULL if memory ran out. */
double *ad_reduced_doubles(const ad_reduced *r, ad_workspace *work, const ad_view *numbers);

/* The greatest (or least) element behind each result, of x's type; a NaN wins. Every result must
 * have an element. */
void ad_fold(const ad_reduced *r, ad_workspace *work, const ad_view *x, bool greatest, void *y);

#endif
