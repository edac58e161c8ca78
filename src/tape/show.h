/* Telling of nodes as they come, and in messages. */
#ifndef ADZE_TAPE_SHOW_H
#define ADZE_TAPE_SHOW_H

#include "array/text.h"
#include "tape/node.h"

/* Adds ' "label" at net.c:12', as far as there are such. */
void ad_node_add_names(ad_text *text, const ad_node *n);

/* Tells the tracer of a node, the first of its op's results. */
void ad_trace_event(ad_tape *t, ad_event_kind kind, uint32_t first);

#endif
