/* Programs (program.h): derivatives, which are programs.
 *
 * Their inputs are those of p, x[0], ..., x[n - 1], and more where it is said. Their outputs begin
 * with those of p, y[0], ..., y[m - 1]; ad_program_choose takes the derivatives alone. `by` has the
 * places of `count` inputs: the derivatives are by these. With by = NULL and count = n they are by
 * all. An input may be named twice, and has its derivative twice then.
 *
 * Derivatives at kinks and poles are those of the operations of ops.h: a choice (relu, maximum,
 * ad_where_less_real) that was not taken gives exactly 0, even beside an infinite derivative. Guards
 * are constant. Values and first derivatives have the bits of a recorder's wherever the terms are added
 * in the same order; elsewhere they agree to rounding.
 *
 * Errors: AD_MISUSE if p is NULL, or an input or output does not exist; AD_NO_DERIVATIVE;
 * AD_TOO_LARGE, AD_MEMORY. */
#ifndef ADZE_PROGRAM_DERIVATIVES_H
#define ADZE_PROGRAM_DERIVATIVES_H

#include "adze/program/making.h"

#ifdef __cplusplus
extern "C" {
#endif

/* y[0], and dy[0] / dx[by[i]] for each i, by one reverse sweep. AD_MISUSE unless p has one output. */
AD_API AD_MUST_USE ad_program *ad_program_gradient(const ad_program *p, size_t count,
                                                   const size_t *by, ad_error *error);

/* y, and dy[j] / dx[by[i]], [m, count] row by row: by all inputs at once where there are fewer of them
 * than outputs, else output by output. Entries that do not depend on an input are 0. */
AD_API AD_MUST_USE ad_program *ad_program_jacobian(const ad_program *p, size_t count,
                                                   const size_t *by, ad_error *error);

/* Inputs x, and dy[0], ..., dy[m - 1] after them. Outputs y, and dx[i] = sum over j of dy[j]
 * dy[j]/dx[by[i]]. */
AD_API AD_MUST_USE ad_program *ad_program_vjp(const ad_program *p, size_t count, const size_t *by,
                                              ad_error *error);

/* Inputs x, and tx, [directions, count] row by row, after them. Outputs y, and ty[k][j] = sum over i of
 * dy[j]/dx[by[i]] tx[k][i], [directions, m]. */
AD_API AD_MUST_USE ad_program *ad_program_jvp(const ad_program *p, size_t count, const size_t *by,
                                              size_t directions, ad_error *error);

/* y[0], the gradient, and the lower triangle of the Hessian, row by row: d2y[0] / dx[by[i]] dx[by[j]]
 * for i = 0, 1, ... and j = 0, ..., i. AD_MISUSE unless p has one output. */
AD_API AD_MUST_USE ad_program *ad_program_hessian(const ad_program *p, size_t count,
                                                  const size_t *by, ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
