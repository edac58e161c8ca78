/* Losses: one number that says how far a prediction p is from a target t.
 *
 * They are a sum or a mean over all elements, differentiable in both operands. Shapes must be
 * equal: a [n, 1] against an [n] is an error. A mean over no elements is NaN. At a kink, and where
 * a hinge is met exactly, the derivative is 0. */
#ifndef ADZE_OPS_LOSS_H
#define ADZE_OPS_LOSS_H

#include "adze/tape.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- distances ---------------------------------------------------------------------- */

AD_API ad_tensor ad_l1_loss(ad_tensor prediction, ad_tensor target); /* sum |p - t| */
AD_API ad_tensor ad_l2_loss(ad_tensor prediction, ad_tensor target); /* sum (p - t)^2 */
AD_API ad_tensor ad_mae(ad_tensor prediction, ad_tensor target);     /* mean |p - t| */
AD_API ad_tensor ad_mse(ad_tensor prediction, ad_tensor target);     /* mean (p - t)^2 */
AD_API ad_tensor ad_mape(ad_tensor prediction, ad_tensor target);    /* mean 100 |(p - t) / t| */

/* mean (log(1 + p) - log(1 + t))^2, where negative numbers count as 0. */
AD_API ad_tensor ad_msle(ad_tensor prediction, ad_tensor target);

/* mean log(cosh(p - t)). */
AD_API ad_tensor ad_logcosh_loss(ad_tensor prediction, ad_tensor target);

/* The sum over all elements of d^2 / 2 for |d| <= delta, else delta (|d| - delta / 2), with d = p -
 * t. AD_MISUSE unless delta > 0. */
AD_API ad_tensor ad_huber_loss(ad_tensor prediction, ad_tensor target, double delta);

/* ---- hinges ------------------------------------------------------------------------- */

/* mean max(0, 1 - t p), for targets -1 and 1. */
AD_API ad_tensor ad_hinge_loss(ad_tensor prediction, ad_tensor target);

/* mean max(0, 1 - t p)^2, for targets -1 and 1. */
AD_API ad_tensor ad_squared_hinge_loss(ad_tensor prediction, ad_tensor target);

/* The mean over rows, along the last axis, of max(0, 1 + max((1 - t) p) - sum(t p)). Where the
 * inner maximum is reached more than once, its elements share the gradient evenly. */
AD_API ad_tensor ad_categorical_hinge_loss(ad_tensor prediction, ad_tensor target);

/* ---- likelihoods -------------------------------------------------------------------- */

/* mean (p - t log(p)), where 0 log(p) is 0. */
AD_API ad_tensor ad_poisson_loss(ad_tensor prediction, ad_tensor target);

/* sum t log(t / p), where an element with t = 0 counts as 0. */
AD_API ad_tensor ad_kl_divergence(ad_tensor prediction, ad_tensor target);

/* mean (log(1 + exp(x)) - x t), for logits x and targets t in [0, 1], without overflow or
 * cancellation. */
AD_API ad_tensor ad_sigmoid_cross_entropy(ad_tensor logits, ad_tensor target);

/* The mean over rows, along the last axis, of -sum(q log(softmax(x))), for logits x and
 * probabilities q. A q of 0 counts as 0 whatever its logit. */
AD_API ad_tensor ad_softmax_cross_entropy_probabilities(ad_tensor logits, ad_tensor probabilities);

/* The mean over rows i of -log(softmax(logits)[i, label[i]]), in nats: logits [n, classes], f32 or
 * f64; label [n], integers in [0, classes), i32, i64 or u8. Large logits do not overflow. n = 0
 * gives NaN. A label out of range is AD_DOMAIN. */
AD_API ad_tensor ad_softmax_cross_entropy(ad_tensor logits, ad_tensor label);

/* Which labels count, and how. Zeros mean that nothing is ignored, smoothed or weighted:
 *
 *     ad_cross_entropy_options o = {.size = sizeof o, .ignores = true, .ignored = -100};
 *     ad_tensor loss = ad_softmax_cross_entropy_with(logits, label, &o); */
typedef struct ad_cross_entropy_options {
    size_t size;       /* sizeof(ad_cross_entropy_options) */
    bool ignores;      /* whether rows with the label `ignored` do not count */
    int64_t ignored;   /* any integer, in [0, classes) or not: for example -100, or 255 in u8 */
    double smoothing;  /* in [0, 1]: the share of a label that is spread evenly over all classes */
    ad_tensor weights; /* of the classes, [classes], in the type of the logits, finite and not below
                          0; they count as constants. {0}: 1 for each class */
} ad_cross_entropy_options;

/* ad_softmax_cross_entropy with options, as PyTorch has it. A row that counts, with softmax p, adds
 * (1 - s) w[label] (-log(p[label])) + s / classes sum(w (-log(p))), for weights w and smoothing s.
 * The sum is divided by that of w[label]. A row that is ignored adds nothing, and its gradient is
 * an exact 0. If no row counts, or only rows of weight 0 do, the value is NaN and the gradient 0.
 * options may be NULL. AD_DOMAIN for a label or a weight out of range, AD_MISUSE for such a
 * smoothing. */
AD_API ad_tensor ad_softmax_cross_entropy_with(ad_tensor logits, ad_tensor label,
                                               const ad_cross_entropy_options *options);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
