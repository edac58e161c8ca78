/* Evaluating a user's function on a tape: how deep such functions may call each other, what they
 * must leave alone, and what they must return. */
#ifndef ADZE_TAPE_EVALUATION_H
#define ADZE_TAPE_EVALUATION_H

#include "tape/node.h"

/* Functions within functions, at most. Each takes some kilobytes of the stack. */
enum { AD_DEEPEST = 100 };

/* Whether a function may begin at this depth. If not, the error is on the tape and on all tapes
 * around it, because the prefixes of so many calls would leave no room for the reason. */
bool ad_depth_allows(ad_tape *t, const char *name, uint32_t depth);

/* Call begin before, and end after, evaluating a function on the tape that its caller uses. In
 * between, the function cannot destroy what the tape holds. False with an error, and nothing to
 * end. */
bool ad_evaluation_begin(ad_tape *t, const char *name, uint32_t *held);
void ad_evaluation_end(ad_tape *t, uint32_t held);

/* Ends what functions have begun on an inner tape and left so: a hold, an inner tape. */
void ad_evaluation_undo(ad_tape *inner);

/* Whether a user's function has returned a live tensor of its tape. If not, or if the tape has
 * failed, false with an error: "name: the function's result is gone". name may be NULL. */
bool ad_result_lives(ad_tape *t, const char *name, const char *what, ad_tensor y);

#endif
