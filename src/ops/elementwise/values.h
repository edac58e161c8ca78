/* Values for a single number of operations that are no plain expressions. */
#ifndef ADZE_OPS_ELEMENTWISE_VALUES_H
#define ADZE_OPS_ELEMENTWISE_VALUES_H

#include "kernels/map.h"

/* x^n, as ad_powi has it; and its kernel of f64 numbers: the exponent, an int32_t, and x. */
double ad_powi_value(double x, int n);
const ad_kernel *ad_powi_kernel(void);

/* The derivative of digamma of order n, for n >= 1; NaN for n >= 3 and x < -4096. */
double ad_polygamma_value(int n, double x);

#endif
