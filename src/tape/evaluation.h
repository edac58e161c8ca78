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

/* The calls of a function have source lines of their own. Call begin before, and end after,
 * evaluating it; end gives its caller back the line that the caller had. */
typedef struct ad_lines {
    const char *source_line;
    uint32_t calls;
} ad_lines;

ad_lines ad_lines_begin(ad_tape *t);
void ad_lines_end(ad_tape *t, ad_lines of_caller);

/* The same for a function on the tape that its caller uses. In between, it cannot destroy what the
 * tape holds. False with an error, and nothing to end. */
typedef struct ad_evaluation {
    uint32_t held;
    ad_lines lines;
} ad_evaluation;

bool ad_evaluation_begin(ad_tape *t, const char *name, ad_evaluation *e);
void ad_evaluation_end(ad_tape *t, const ad_evaluation *e);

/* An inner tape of t after another one: for threads that evaluate a function at a time. Its numbers
 * go with those of t. Call it between ad_inner_begin and ad_inner_end. NULL with an error on t. */
ad_tape *ad_inner_next(ad_tape *t, ad_tape *inner);

/* Gives an inner tape the settings of its outer tape once more: a function may have changed them. */
void ad_inner_inherit(ad_tape *inner);

/* Ends what functions have begun on an inner tape and left so: a hold, an inner tape. */
void ad_evaluation_undo(ad_tape *inner);

/* Whether a user's function has returned a live tensor of its tape. If not, or if the tape has
 * failed, false with an error: "name: the function's result is gone". name may be NULL. */
bool ad_result_lives(ad_tape *t, const char *name, const char *what, ad_tensor y);

#endif
