/* Programs (program.h) of functions of tensors. */
#ifndef ADZE_PROGRAM_TENSORS_H
#define ADZE_PROGRAM_TENSORS_H

#include "adze/derivatives.h"
#include "adze/program/making.h"

#ifdef __cplusplus
extern "C" {
#endif

/* f recorded at x[0], ..., x[n - 1], element by element: for tensors of small, fixed shape, such as a
 * filter, a rotation or a small net, which thereby can be mapped or written as C. Inputs are the
 * elements of x[0], then of x[1], ..., row by row; outputs are those of the result. What f takes from
 * elsewhere (ad_constant, ad_freeze) is constant. Everything is computed in f64, as with ad_tape_widen;
 * elementwise operations have the bits of the tape's, sums and products of matrices are added up from
 * the first term to the last. Where several elements are the greatest, the first one receives the whole
 * gradient of ad_max.
 *
 * It knows: elementwise operations; views and whatever else moves elements (reshape, slice, concat,
 * pad, gather, ...); sum, mean, max, min, prod, logsumexp, softmax, log_softmax; matmul, dot, dense, and
 * what is made of these. f is called once, on a tape of its own. What it decides by ad_read or
 * ad_item cannot be seen.
 *
 * Errors: those of f, with its message; AD_NO_DERIVATIVE for another operation, by its name;
 * AD_MISUSE; AD_MEMORY. options may be NULL. */
AD_API AD_MUST_USE ad_program *ad_program_of_tensors(ad_function *f, int n, const ad_view *x,
                                                     const void *env,
                                                     const ad_program_options *options,
                                                     ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
