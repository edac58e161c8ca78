/* The rules of normalisation that are rarely wanted, and the pullback where numbers are not finite: plain loops in
 * f64, with products by the rule of kernels/vanishing.h. */
#ifndef ADZE_OPS_NEURAL_NORM_RULES_H
#define ADZE_OPS_NEURAL_NORM_RULES_H

#include "adze/array.h"
#include "kernels/norms.h"

/* What the rules see. Views without data are of zeros. */
typedef struct ad_norm_rule {
    const ad_norm_layout *l;
    ad_norm_statistics s;
    ad_view x, gain, dy, dmean, dvariance, tx, tgain, tbias;
} ad_norm_rule;

/* Results without data are not wanted. Sums, which are added to, are of each column. */
void ad_norm_pull_apart(const ad_norm_rule *n, const ad_array *dx, bool add, double *dgain,
                        double *dbias);
void ad_norm_push(const ad_norm_rule *n, const ad_array *ty, const ad_array *tmean,
                  const ad_array *tvariance);
void ad_norm_bend(const ad_norm_rule *n, const ad_array *tdx, double *tdgain);

#endif
