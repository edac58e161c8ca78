/* Running sums and products of a list of f64 numbers, and their derivatives. */
#ifndef ADZE_OPS_REDUCE_RUNNING_H
#define ADZE_OPS_REDUCE_RUNNING_H

#include <stdbool.h>
#include <stddef.h>

/* Numbers x with tangents t, and cotangents g of their running sums or products. A rule reads what it
 * needs of them and writes out. */
typedef struct ad_running {
    size_t n;
    bool exclusive; /* y[i] is without x[i] */
    double *x, *t, *g, *out;
} ad_running;

/* y, and its derivative along the tangents. */
void ad_run_product(const ad_running *l);
void ad_run_tangent(const ad_running *l);
void ad_run_sum(const ad_running *l);
void ad_run_sum_of_tangents(const ad_running *l);

/* The cotangents of x. */
void ad_pull_product(const ad_running *l);
void ad_pull_sum(const ad_running *l);

/* Their derivative along the tangents. Needs room for n more numbers behind out. */
void ad_bend_product(const ad_running *l);

#endif
