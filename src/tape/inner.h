/* Tapes on which users' functions are evaluated: the one at hand, or its inner tape, for functions of tensors
 * that become one node. */
#ifndef ADZE_TAPE_INNER_H
#define ADZE_TAPE_INNER_H

#include "adze/tape.h"

/* Around the evaluation of a user's function on t itself: what t holds by then must stay, so that no reset,
 * rewind or end of t in there succeeds. hold's result is for let_go. t may be NULL. */
uint32_t ad_tape_hold(ad_tape *t);
void ad_tape_let_go(ad_tape *t, uint32_t held);

/* Around the evaluation of a user's function outside of kernels. In between t is busy: the function
 * has the empty inner tape that begin returns, and no other. NULL with an error on t, and nothing to end. */
ad_tape *ad_aside_begin(ad_tape *t, const char *name);

/* The source line that the caller of a public function noted, or NULL: for what the rules report later. */
const char *ad_aside_source_line(ad_tape *t);

/* Hands a failure of the inner tape over to t. True if there is none. What was computed stays there until
 * the inner tape is wanted again. */
bool ad_aside_end(ad_tape *t);

#endif
