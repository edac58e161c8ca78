/* Checks of an operation's derivatives, from one description of a case.
 *
 * All of them look at L = sum(w f(x)^2) with fixed, unequal weights w: a constant cotangent would
 * hide pullbacks that permute. The numbers of a case depend on its name only; they are
 * multiples of 2^-12, exact in f32, all different, and kept away from 0, so that
 * central differences do not step over a kink. */
#ifndef ADZE_TESTS_PROBE_GRADIENT_H
#define ADZE_TESTS_PROBE_GRADIENT_H

#include "adze/check.h"
#include "adze/derivatives.h"
#include "adze/ops.h"

#include "complex_forms.h"

enum { MOST_OPERANDS = 6 };

typedef struct gradient_case {
    const char *name;
    const char *covers; /* the name of the op that it is there for, or NULL */
    ad_function *f;     /* of n float operands; whatever else it needs is its own */
    const void *env;
    int n;
    ad_shape shape[MOST_OPERANDS];
    double low, high; /* between which the operands' numbers lie; 0 and 0: -2 and 2 */
    complex_form form;
} gradient_case;

/* The op that it covers is among those that f runs. */
void check_covers(const gradient_case *c);

/* The gradient of L against central differences in f64, for every element; the second with one
 * tensor in the place of all operands, if their shapes allow. */
void check_differences(const gradient_case *c);
void check_repeated_operand(const gradient_case *c);

/* The value against the complex form, and the gradient against its complex step. */
void check_complex_step(const gradient_case *c);

/* Values and gradients from operands in other layouts: by columns, with gaps, backwards,
 * repeated by a stride of 0; all operands and one at a time. */
void check_layouts(const gradient_case *c);

/* The same from empty operands whose data is NULL. */
void check_no_memory(const gradient_case *c);

/* Pullbacks add: f, or its result, used twice gives twice the gradient. */
void check_accumulation(const gradient_case *c);

/* A frozen operand has no gradient, and those of the others are the same to the bit. */
void check_frozen_operands(const gradient_case *c);

/* <dy, J tx> = <J^T dy, tx>, for tangents of all operands and of each alone; and the Hessian-vector
 * product of L against differences of gradients. Where an op on the way has no such rule, the call
 * must fail with that op's name. */
void check_jvp(const gradient_case *c);
void check_hvp(const gradient_case *c);

/* Values, gradients, jvp and Hessian-vector products in both float types, from operands in several
 * layouts and from one in the place of all, against those in f64, row by row: in f32 within 32 epsilons
 * of the largest number. */
void check_cells(const gradient_case *c);

/* A cotangent or tangent of 0 gives exactly 0, and so does a slope of 0, in all rules, both types, at
 * ordinary numbers and at special ones. */
void check_vanishing(const gradient_case *c);

/* Gradient, jvp and Hessian-vector product with each allocation failing in turn. */
void check_out_of_memory(const gradient_case *c);

#endif
