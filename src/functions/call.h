/* A function of tensors as one node of a tape: it is evaluated on the inner tape, where the node's
 * operands are leaves. */
#ifndef ADZE_FUNCTIONS_CALL_H
#define ADZE_FUNCTIONS_CALL_H

#include "adze/functions.h"
#include "adze/op.h"
#include "tape/failure.h"

/* The head of the attr of such an op. */
typedef struct ad_call {
    ad_function *f;
    const void *env;
    int n;                /* operands */
    const ad_view *value; /* f's, for the rules of recording; dangles afterwards */
} ad_call;

/* The tape of n live tensors, which must have the same. NULL with an error on it, by name, or if
 * there is no tape; `complete`: no argument is NULL. */
ad_tape *ad_call_tape(const char *name, bool complete, int n, const ad_tensor *x);

/* Evaluates a call at frozen operands, and records its value as the result of op, whose attr it is.
 * The rules of recording are the three below. */
ad_tensor ad_call_record(const ad_op *op, ad_call *call, const ad_tensor *x);

const char *ad_call_type(const ad_type *x, const void *attr, ad_type *y);
const char *ad_call_shape(const ad_shape *x, const void *attr, ad_shape *y);
void ad_call_forward(const ad_forward_args *c);

/* For rules: leaves of the inner tape for the operands, watched where `watched` says so. The list
 * lies elsewhere: a user's function may do anything to its tape. NULL with an error on t, which may
 * be NULL, or a rejection. */
ad_tensor *ad_call_leaves(ad_workspace *work, ad_tape *t, int n, const ad_view *x,
                          const bool *watched);

/* The function's value at these leaves. It must be on t, and so must the leaves afterwards. */
ad_tensor ad_call_evaluate(ad_tape *t, const ad_call *call, const ad_tensor *leaves);

/* False, with an error on t, if a function has ended one of its operands. */
bool ad_call_spared(ad_tape *t, int n, const ad_tensor *leaves);

/* For rules: if something went wrong on the inner tape, the rule fails in the same way. */
void ad_call_finish(ad_workspace *work, const ad_tape *inner);

/* Room for the results of a call: `few`, or memory of the tape for more. NULL with an error on t. */
enum { AD_CALL_FEW = 8 };
ad_tensor *ad_call_results(ad_tape *t, int count, ad_tensor *few);

/* For rules: fails on the inner tape unless the value is the same as when the node was recorded. A
 * function that gives other numbers than before would have another derivative. */
bool ad_call_compare(ad_tape *t, const ad_view *value, const ad_view *before);

/* Copies numbers that lie row by row; zeros if `from` has no data. */
void ad_call_put(void *to, const void *from, size_t bytes);

/* to += alpha from, which have one type and shape and lie row by row. */
void ad_call_add(double alpha, ad_view from, ad_array to);

#endif
