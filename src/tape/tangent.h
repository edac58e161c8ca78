/* Tangents of the values of a tape. */
#ifndef ADZE_TAPE_TANGENT_H
#define ADZE_TAPE_TANGENT_H

#include "tape/rule.h"

/* Room for the tangents of the first `count` values. False with an error on the tape. */
bool ad_room_for_tangents(ad_tape *t, uint32_t count);

/* Gives back the tangents of values from an index on. */
void ad_release_tangents(ad_tape *t, uint32_t from);

/* Fills in the tangents of n's operands. False if all are zero. */
bool ad_frame_tangents(ad_frame *f, ad_tape *t, const ad_node *n);

/* After that, fills in the tangents in the next of several directions. */
void ad_frame_next_tangents(ad_frame *f, ad_tape *t, const ad_node *n);

#endif
