/* Borrowed numbers that must not change (AD_CHECK_BORROWED). */
#ifndef ADZE_TAPE_DIGEST_H
#define ADZE_TAPE_DIGEST_H

#include "tape/node.h"

/* Keeps a digest of a leaf's numbers. False with an error if memory ran out. */
bool ad_remember_numbers(ad_tape *t, ad_node *leaf);

/* Whether all numbers still have their digests. False with an error that names the leaf. */
bool ad_numbers_unchanged(ad_tape *t, const char *name);

#endif
