/* Programs (program.h) as operations of tensors: a formula of numbers, applied to whole tensors at once as
 * one value of the tape.
 *
 *     static void smooth(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
 *     {
 *         y[0] = ad_mul(x[0], ad_exp(ad_neg(ad_mul(x[1], x[1]))));
 *     }
 *     ...
 *     ad_program *p = ad_program_of(smooth, 2, (double[]){1, 1}, 1, NULL, NULL, &error);
 *     ad_program_rules *f = ad_program_rules_new(p, &error);
 *     ...
 *     ad_tensor y, x[] = {a, b};                         a [1000, 64], b [64]
 *     ad_by_program_elements(f, 2, x, &y);                       y [1000, 64]
 *
 * All modes and orders of differentiation of a tape work. Derivatives are programs as well: a pullback
 * computes, from the operands alone, what it needs, so the tape keeps nothing but operands and results.
 * Operands have one float type; f32 numbers are computed in f64, which takes as long as for f64 ones, and
 * rounded in the end.
 *
 * What is computed is that of p (see ad_program_map), with the same bits for any number of threads.
 * Where operands are repeated to fit others, the derivatives of all copies are added up in f64.
 *
 * Errors of the tape: AD_BRANCH where a guard has another outcome than recorded, with the point, counted
 * row by row over the leading axes; AD_MISUSE if f is NULL or n does not fit;
 * AD_BAD_SHAPE, AD_BAD_TYPE; in a sweep, AD_NO_DERIVATIVE. */
#ifndef ADZE_PROGRAM_NODE_H
#define ADZE_PROGRAM_NODE_H

#include "adze/program/making.h"
#include "adze/tape.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A program with all rules of an operation. Threads may share it, each with a tape of its own. It
 * must outlive the tapes' use of it. */
typedef struct ad_program_rules ad_program_rules;

/* Of a copy of p. Derivative programs are made when a rule first needs them, and then kept. NULL where it
 * fails: AD_MISUSE if p is NULL; AD_MEMORY. */
AD_API AD_MUST_USE ad_program_rules *ad_program_rules_new(const ad_program *p, ad_error *error);
AD_API void ad_program_rules_free(ad_program_rules *f); /* f may be NULL */

/* Elementwise: n is the number of inputs, and operand i has the elements of input i. Operands broadcast.
 * Sets y[0], y[1], ... to the outputs, tensors of the shape to which the operands broadcast. Plain
 * numbers may be operands. */
AD_API void ad_by_program_elements(const ad_program_rules *f, int n, const ad_tensor *x, ad_tensor *y);

/* Row by row: operand i is [..., k[i]], and the k[i] add up to the inputs, one operand after another. The
 * leading axes broadcast. Returns [..., outputs]. */
AD_API ad_tensor ad_by_program_rows(const ad_program_rules *f, int n, const ad_tensor *x);

/* At one point: all elements of all operands, row by row and one operand after another, are the
 * inputs. Returns the outputs as a tensor of this shape. */
AD_API ad_tensor ad_by_program(const ad_program_rules *f, int n, const ad_tensor *x, ad_shape shape);

#if !defined(__cplusplus) && !defined(AD_NO_SOURCE_LINES)
static inline AD_UNUSED void ad_by_program_elements_at_line(const char *source_line,
                                                    const ad_program_rules *f, int n,
                                                    const ad_tensor *x, ad_tensor *y)
{
    ad_by_program_elements(f, n, ad_tensors_at_line(x, n, source_line), y);
}
static inline AD_UNUSED ad_tensor ad_by_program_rows_at_line(const char *source_line,
                                                     const ad_program_rules *f, int n,
                                                     const ad_tensor *x)
{
    return ad_by_program_rows(f, n, ad_tensors_at_line(x, n, source_line));
}
static inline AD_UNUSED ad_tensor ad_by_program_at_line(const char *source_line,
                                                        const ad_program_rules *f, int n,
                                                        const ad_tensor *x, ad_shape shape)
{
    return ad_by_program(f, n, ad_tensors_at_line(x, n, source_line), shape);
}
#define ad_by_program_elements(...) ad_by_program_elements_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_by_program_rows(...) ad_by_program_rows_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#define ad_by_program(...) ad_by_program_at_line(AD_SOURCE_LINE, __VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif

#endif
