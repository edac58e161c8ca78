/* What a recorder with AD_KEEP_OPERATIONS writes: no partial derivatives, but what was computed from what. The
 * place of a number is that of its operation in the list. Programs are made of it. */
#ifndef ADZE_NUMBERS_OPERATIONS_H
#define ADZE_NUMBERS_OPERATIONS_H

#include "numbers/record.h"

enum {
    AD_OPERATION_INPUT, /* a: which of them */
    AD_OPERATION_THIRD, /* a: the third operand of the operation after it */
    AD_OPERATION_GUARD, /* the comparison a gave b, 0 or 1; its source line is the next of the list */
    AD_OPERATION_NAMED /* and so on: the name's place in the list of names is what is above it */
};

/* In an operand: it is a constant, and this is its place in the list of constants. */
#define AD_OPERATION_CONSTANT UINT32_C(0x80000000)

typedef struct ad_operation {
    uint32_t kind, a, b;
} ad_operation;

static inline bool ad_reals_keeps_operations(const ad_reals *r)
{
    return r->keep & AD_KEEP_OPERATIONS;
}

/* Writes an operation on n numbers, one to three, of r or constants. The name must stay. */
ad_real ad_reals_operation(ad_reals *r, const char *name, double value, size_t n, const ad_real *x);

/* The same for n numbers of any kind, with the line of the call, or NULL: one that was noted. */
ad_real ad_reals_by_operation(const char *name, double value, size_t n, const ad_real *x,
                              const char *source_line);

/* Writes that the comparison just written gave this outcome, with the line of the call. */
void ad_reals_operation_guard(ad_reals *r, ad_real comparison, bool outcome);

/* Writes an input. */
ad_real ad_reals_operation_input(ad_reals *r, double value);

/* Gives the memory back of what is forgotten. */
void ad_reals_shrink_operations(ad_reals *r);

/* ---- lists of numbers (lists.c), in operations of one to three numbers --------------- */

/* The sum of w[i] x[i], or of x[i] where w is NULL, times the factor. */
ad_real ad_operations_weigh(ad_reals *r, size_t n, const ad_real *x, const double *w,
                            double factor);
ad_real ad_operations_product(ad_reals *r, size_t n, const ad_real *x);
ad_real ad_operations_dot(ad_reals *r, size_t n, const ad_real *x, const ad_real *y);

/* The norm of x - y, or of x where y is NULL. */
ad_real ad_operations_length(ad_reals *r, size_t n, const ad_real *x, const ad_real *y);
ad_real ad_operations_polynomial(ad_reals *r, size_t n, const ad_real *c, ad_real x);
ad_real ad_operations_logsumexp(ad_reals *r, size_t n, const ad_real *x);

#endif
