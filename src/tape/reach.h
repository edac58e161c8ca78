/* The conditions for a sweep to start. */
#ifndef ADZE_TAPE_REACH_H
#define ADZE_TAPE_REACH_H

#include "tape/node.h"

/* Enters the tape for a sweep and returns the root: live, and of one element if `single`. NULL
 * with an error on the tape, and nothing to leave. */
ad_node *ad_sweep_root(const char *name, ad_tensor y, bool single);

/* False, with an error that names the operation, if the root depends on a watched leaf only
 * through operations without derivative, or fails another check that the tape was asked for. */
bool ad_sweep_allowed(ad_tape *t, const char *name, uint32_t root);

#endif
