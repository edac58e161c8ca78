/* Values for a single number of operations that are no plain expressions. */
#ifndef ADZE_OPS_ELEMENTWISE_VALUES_H
#define ADZE_OPS_ELEMENTWISE_VALUES_H

/* x^n, as ad_powi has it. */
double ad_powi_value(double x, int n);

/* The derivative of digamma of order n, for n >= 1; NaN for n >= 3 and x < -4096. */
double ad_polygamma_value(int n, double x);

#endif
