/* What operators are made of: a function of n operands put on the tape, and its results copied to where the
 * user wants them. */
#ifndef ADZE_DERIVATIVES_PARTS_H
#define ADZE_DERIVATIVES_PARTS_H

#include "trees/list.h"

/* Whether an operator may begin, on n operands in so many directions or with so many results for each;
 * `complete`: no argument is NULL. An error is on the tape, by name. */
bool ad_good_call(ad_tape *t, const char *name, bool complete, int n, int count);

/* f at watched leaves for the operands. Writes *pullback if all went well. */
bool ad_record(ad_tape *t, const char *name, ad_function *f, const void *env, int n,
               const ad_view *x, ad_pullback *pullback);

/* The i-th tangent of a value; zeros, on the tape, where there is none. */
ad_view ad_tangent_or_zeros(ad_tape *t, ad_tensor y, int i);

/* Copies n views to arrays, all or none. */
ad_status ad_deliver(ad_tape *t, const char *name, int n, const ad_view *from, ad_array *to);

/* The same, the first `first` of them to one list of arrays and the rest to another. */
ad_status ad_deliver_two(ad_tape *t, const char *name, const ad_view *from, int first, ad_array *to,
                         int second, ad_array *to_second);

/* The same for what is read of p's n operands, to[i * count + j] from the j-th of operand i. */
typedef ad_view ad_reader(ad_tensor x, int j);
ad_status ad_deliver_read(ad_tape *t, const char *name, const ad_pullback *p, int count,
                          ad_reader *read, ad_array *to);

#endif
