/* Borrowed numbers that must not change (AD_CHECK_BORROWED). */
#ifndef ADZE_TAPE_DIGEST_H
#define ADZE_TAPE_DIGEST_H

#include "tape/node.h"

/* Remembers a digest of a leaf's numbers; false with an error when memory ran out. Then, whether
 * all numbers still have theirs: false with an error that names the leaf. */
bool ad_remember_numbers(ad_tape *t, ad_node *leaf);
bool ad_numbers_unchanged(ad_tape *t, const char *name);

#endif
