/* The fast path of elementwise operations on few numbers.
 *
 * To compute one number takes a nanosecond; to look at views, types and shapes, and to fill in the arguments
 * of rules, takes fifty. So an operation on few floats that lie row by row, all of one type and shape, is
 * recorded in one piece and pulled back in one piece; so is one of such a tensor and a plain number. What comes
 * out is the same to the bit. Wherever anything is unlike this, nothing is done, and the call goes its usual
 * way. */
#ifndef ADZE_TAPE_FAST_PATH_H
#define ADZE_TAPE_FAST_PATH_H

#include "base/sized.h"
#include "kernels/map.h"
#include "tape/cotangent.h"

/* How the kernels of an op begin whose .fast_path is the op itself. */
typedef struct ad_fast_kernels {
    ad_blocks value;   /* x, or a and b -> y */
    ad_blocks slope[]; /* x or a and b, y, t -> t dy/dx; for two operands one for each */
} ad_fast_kernels;

/* Whether an op is one of them. */
static inline bool ad_is_fast_op(const ad_op *op)
{
    return op->size >= AD_END_OF(ad_op, fast_path) && op->fast_path == op;
}

/* Whether nothing is checked and nobody looks on. A tape with checks may be another thread's: of it nothing else is
 * read. */
static inline bool ad_fast_allowed(const ad_tape *t)
{
    return !t->checks && !t->looked_on && !t->profile;
}

/* Records op on x, and sets *y. False, with nothing done, where the fast path is not for it. */
bool ad_fast_apply(const ad_op *op, const ad_tensor *x, ad_tensor *y);

/* Pulls the one cotangent of a node back that was recorded so (AD_NODE_FAST), in a sweep of first order, and gives
 * it back unless it is retained. False with an error on the tape when memory ran out. */
bool ad_fast_pull(ad_tape *t, ad_node *n);

#endif
