/* Reductions over axes, and operations along one axis.
 *
 * ad_sum(x) reduces over all axes. ad_sum_over(x, AD_AXES(-1)) reduces over the last axis and drops
 * it; ad_sum_over(x, AD_KEEP(-1)) keeps it at extent 1. The other reductions have the same two
 * forms. Sums are accumulated in f64 whatever the type. */
#ifndef ADZE_OPS_REDUCE_H
#define ADZE_OPS_REDUCE_H

#include "adze/axes.h"
#include "adze/tape.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- reductions --------------------------------------------------------------------- */

/* The sum; 0 when empty. */
AD_API ad_tensor ad_sum(ad_tensor x);
AD_API ad_tensor ad_sum_over(ad_tensor x, ad_axes axes);

/* The mean; NaN when empty. */
AD_API ad_tensor ad_mean(ad_tensor x);
AD_API ad_tensor ad_mean_over(ad_tensor x, ad_axes axes);

/* sum((x - mean)^2) / (n - ddof), in two passes. ddof 0, as in ad_variance, is the variance of a
 * population; ddof 1 is the unbiased estimate from a sample. ddof < 0 is AD_MISUSE. */
AD_API ad_tensor ad_variance(ad_tensor x);
AD_API ad_tensor ad_variance_over(ad_tensor x, ad_axes axes, int ddof);

/* The square root of the variance sum((x - mean)^2) / (n - ddof), with ddof 0 in ad_std. The
 * gradient is 0 where all elements are equal. ddof < 0 is AD_MISUSE. */
AD_API ad_tensor ad_std(ad_tensor x);
AD_API ad_tensor ad_std_over(ad_tensor x, ad_axes axes, int ddof);

typedef struct ad_moments_pair {
    ad_tensor mean, variance;
} ad_moments_pair;

/* The mean and the variance sum((x - mean)^2) / (n - ddof), with ddof 0 in ad_moments. */
AD_API ad_moments_pair ad_moments(ad_tensor x);
AD_API ad_moments_pair ad_moments_over(ad_tensor x, ad_axes axes, int ddof);

/* The product; 1 when empty. The gradient is exact even where factors are 0, because no factor is
 * divided by. */
AD_API ad_tensor ad_prod(ad_tensor x);
AD_API ad_tensor ad_prod_over(ad_tensor x, ad_axes axes);

/* (sum |x|^p)^(1/p) for p > 0, without overflow. With p = INFINITY it is the greatest |x|, and
 * equal ones share the gradient. Where all x are 0, the gradient is 0, and so is the second derivative:
 * that of norm(x)^2 comes out as 0 there, not 2 I, without an error. For squared norms take
 * ad_sum(ad_square(x)). Any other p is AD_MISUSE. */
AD_API ad_tensor ad_norm(ad_tensor x, double p);
AD_API ad_tensor ad_norm_over(ad_tensor x, ad_axes axes, double p);

/* The greatest element, of any number type; NaN if there is one. Equal elements share the gradient
 * evenly. AD_BAD_SHAPE when empty. */
AD_API ad_tensor ad_max(ad_tensor x);
AD_API ad_tensor ad_max_over(ad_tensor x, ad_axes axes);

/* The least element, of any number type; NaN if there is one. Equal elements share the gradient
 * evenly. AD_BAD_SHAPE when empty. */
AD_API ad_tensor ad_min(ad_tensor x);
AD_API ad_tensor ad_min_over(ad_tensor x, ad_axes axes);

/* The index (i64) of the greatest element: of the first NaN if there is one, else of the first of
 * equal ones. Over several axes indices count row by row. Any number type; no derivative.
 * AD_BAD_SHAPE when empty. */
AD_API ad_tensor ad_argmax(ad_tensor x);
AD_API ad_tensor ad_argmax_over(ad_tensor x, ad_axes axes);

/* The index (i64) of the least element: of the first NaN if there is one, else of the first of
 * equal ones. Over several axes indices count row by row. Any number type; no derivative.
 * AD_BAD_SHAPE when empty. */
AD_API ad_tensor ad_argmin(ad_tensor x);
AD_API ad_tensor ad_argmin_over(ad_tensor x, ad_axes axes);

/* Whether all elements of a mask are true (bool); true when empty. No derivative. */
AD_API ad_tensor ad_all(ad_tensor mask);
AD_API ad_tensor ad_all_over(ad_tensor mask, ad_axes axes);

/* Whether any element of a mask is true (bool); false when empty. No derivative. */
AD_API ad_tensor ad_any(ad_tensor mask);
AD_API ad_tensor ad_any_over(ad_tensor mask, ad_axes axes);

/* How many elements are not 0 (i64), of any number type. No derivative. */
AD_API ad_tensor ad_count_nonzero(ad_tensor x);
AD_API ad_tensor ad_count_nonzero_over(ad_tensor x, ad_axes axes);

/* log(sum(exp(x))), without overflow. When x is empty or all -inf, it is -inf and the gradient is
 * 0. */
AD_API ad_tensor ad_logsumexp(ad_tensor x);
AD_API ad_tensor ad_logsumexp_over(ad_tensor x, ad_axes axes);

/* ---- along an axis ------------------------------------------------------------------ */

/* exp(x) / sum(exp(x)) along an axis, without overflow. */
AD_API ad_tensor ad_softmax(ad_tensor x, int axis);

/* The logarithm of the softmax along an axis, x - log(sum(exp(x))), without overflow. */
AD_API ad_tensor ad_log_softmax(ad_tensor x, int axis);

/* How a running sum or product goes: 0, one of these, or both. */
enum {
    AD_EXCLUSIVE = 1, /* without the element itself: the first result is 0 (or 1, or -inf) */
    AD_REVERSE = 2    /* from the end of the axis to its beginning */
};

/* Running sums along an axis. how is 0, AD_EXCLUSIVE, AD_REVERSE or both; other bits are
 * AD_MISUSE. */
AD_API ad_tensor ad_cumsum(ad_tensor x, int axis, unsigned how);

/* Running products along an axis. how is 0, AD_EXCLUSIVE, AD_REVERSE or both; other bits are
 * AD_MISUSE. The gradient is exact even where factors are 0. */
AD_API ad_tensor ad_cumprod(ad_tensor x, int axis, unsigned how);

/* Running log(sum(exp(x))) along an axis, without overflow. how is 0, AD_EXCLUSIVE, AD_REVERSE or
 * both; other bits are AD_MISUSE. Of nothing, and of elements that are all -inf, it is -inf, and
 * the gradient is 0. */
AD_API ad_tensor ad_logcumsumexp(ad_tensor x, int axis, unsigned how);

typedef struct ad_ranked {
    ad_tensor values, indices;
} ad_ranked;

/* The elements along an axis in ascending or descending order, and the indices (i64) that they had.
 * Equal elements keep their order, and a NaN counts as greater than any number. Any number type;
 * the values are differentiable. */
AD_API ad_ranked ad_sort(ad_tensor x, int axis, bool descending);

/* The indices (i64) that sort the elements along an axis. Equal elements keep their order, and a
 * NaN counts as greater than any number. Any number type; no derivative. */
AD_API ad_tensor ad_argsort(ad_tensor x, int axis, bool descending);

/* The k greatest elements along an axis in descending order, and the indices (i64) that they had.
 * AD_BAD_SHAPE if the axis has fewer, AD_MISUSE for k < 0. */
AD_API ad_ranked ad_top_k(ad_tensor x, int axis, int64_t k);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
