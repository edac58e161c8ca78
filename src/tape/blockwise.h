/* Pulls long elementwise values back block by block.
 *
 * Pulled back one after another, each of them would write its operands' cotangents to memory and the next would
 * read them from there. So several are pulled back for a block of numbers that stays in the cache, and
 * then for the next block. The cotangent of a value that only they use never exists as a whole. Each
 * number goes through the same operations in the same order as before: no bit changes. */
#ifndef ADZE_TAPE_BLOCKWISE_H
#define ADZE_TAPE_BLOCKWISE_H

#include "tape/cotangent.h"

enum { AD_BLOCKWISE_LEAST = 4096 }; /* numbers of a value that this pays for */

/* Pulls back the value `top`, into which a cotangent flows, and such values below it as fit, up to `most`
 * in all: in a sweep of first order that carries one cotangent and may take the fast path. Returns how many
 * they were; 0, with nothing done, where the top is not elementwise. *lowest becomes the lowest of them. If memory ran
 * out, an error is on the tape. */
size_t ad_blockwise_pull(ad_tape *t, uint32_t top, size_t most, uint32_t *lowest);

#endif
