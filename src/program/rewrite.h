/* The passes of the builder: what an operation becomes, and what is left of it all at the end. */
#ifndef ADZE_PROGRAM_REWRITE_H
#define ADZE_PROGRAM_REWRITE_H

#include "program/build.h"

/* Whether the node's value is known otherwise: then *value is it. Else the node may have been put in another
 * form. */
bool ad_rewrite(ad_builder *b, ad_program_node *n, uint32_t *value);

/* The program of these outputs, or NULL with an error. Constants, inputs and nodes keep their order. */
ad_program *ad_finish(ad_builder *b, size_t count, const uint32_t *output);

#endif
