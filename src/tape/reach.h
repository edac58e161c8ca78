/* The conditions for a sweep to start. */
#ifndef ADZE_TAPE_REACH_H
#define ADZE_TAPE_REACH_H

#include "tape/node.h"

/* Enters the tape for a sweep. The root: live, of one element if `single`. NULL with an error on
 * the tape, and nothing to leave. */
ad_node *ad_sweep_root(const char *name, ad_tensor y, bool single);

/* False, with an error by name, if a watched leaf matters to the root only through operations
 * without derivative, or on other grounds that the tape was asked to check. */
bool ad_sweep_allowed(ad_tape *t, const char *name, uint32_t root);

#endif
