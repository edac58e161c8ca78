/* Recorders of single numbers (adze/number.h) that belong to a tape: nodes keep the record of their
 * computation there. */
#ifndef ADZE_TAPE_RECORDERS_H
#define ADZE_TAPE_RECORDERS_H

#include "tape/node.h"

/* An empty recorder for the node that comes next, until that is forgotten. NULL if memory ran out. */
ad_recorder *ad_node_recorder(ad_tape *t);

/* One that keeps second derivatives, for a rule at work. NULL if memory ran out. */
ad_recorder *ad_rule_recorder(ad_tape *t);

/* Ends the use of recorders by nodes from `count` on. */
void ad_recorders_return(ad_tape *t, uint32_t count);

/* Frees those that no node uses. */
void ad_recorders_trim(ad_tape *t);

/* Bytes in use, and taken from the allocator. */
void ad_recorders_measure(const ad_tape *t, size_t *used, size_t *reserved);

#endif
