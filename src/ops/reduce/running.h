/* Running sums, products and log-sum-exps of a list of f64 numbers, and their derivatives. */
#ifndef ADZE_OPS_REDUCE_RUNNING_H
#define ADZE_OPS_REDUCE_RUNNING_H

#include <stdbool.h>
#include <stddef.h>

/* Numbers x with tangents t, and cotangents g of what runs over them. A rule reads what it needs of
 * them and writes out. */
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
void ad_run_logsumexp(const ad_running *l);
void ad_run_logsumexp_tangent(const ad_running *l);

/* The cotangents of x, and their derivative along the tangents. The products need room for n more
 * numbers behind out, the log-sum-exps for 2 n. */
void ad_pull_product(const ad_running *l);
void ad_pull_sum(const ad_running *l);
void ad_pull_logsumexp(const ad_running *l);
void ad_bend_product(const ad_running *l);
void ad_bend_logsumexp(const ad_running *l);

/* g of what has run over x[i], too. */
double ad_running_cotangent(const ad_running *l, size_t i);

#endif
