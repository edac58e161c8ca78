/* The numbers behind each result of a reduction, as lists that lie one after another: for
 * reductions that need them in order. */
#ifndef ADZE_OPS_REDUCE_LISTS_H
#define ADZE_OPS_REDUCE_LISTS_H

#include "ops/reduce/reduce.h"

typedef struct ad_lists {
    size_t count, length; /* of lists, of each */
    ad_view view;         /* of the operand, the reduced axes last */
} ad_lists;

/* x's lists over the axes of an ad_reduction. */
ad_lists ad_lists_of(const ad_view *x, const void *attr);

/* Their numbers, list by list: where they lie if they lie so, else in scratch memory. NULL
 * when memory ran out. */
const void *ad_lists_read(const ad_lists *l, ad_workspace *work);

/* A copy of them in f64, in scratch memory. NULL when memory ran out. */
double *ad_lists_doubles(const ad_lists *l, ad_workspace *work);

/* Adds numbers in the order of the lists to a float array that the lists are of. */
void ad_lists_add(const ad_lists *l, ad_workspace *work, const double *numbers);

#endif
