/* Memory that is given back all at once.
 *
 * A chain of blocks is filled from first to last. Going back to an earlier mark keeps the blocks
 * for the next round, so a loop that repeats itself stops allocating. In exact mode every piece
 * is a block of its own, and going back frees it. This is slow, but a guard-page or sanitizing
 * allocator then sees the bounds of each piece. */
#ifndef ADZE_BASE_ARENA_H
#define ADZE_BASE_ARENA_H

#include "base/memory.h"

enum { AD_BLOCK_HEADER = AD_ALIGNMENT };

typedef struct ad_arena_block {
    struct ad_arena_block *next;
    size_t size; /* bytes after the header */
} ad_arena_block;

typedef struct ad_arena {
    const ad_allocator *allocator;
    bool exact;
    ad_arena_block *first, *current; /* current is NULL before the first piece */
    size_t used;                     /* bytes of current */
    size_t reserved;                 /* bytes of all blocks */
    size_t passed;                   /* bytes of the blocks before current */
} ad_arena;

typedef struct ad_arena_mark {
    ad_arena_block *block;
    size_t used;
} ad_arena_mark;

/* The rare cases of the functions below: the current block is full, or every piece has a block of
 * its own; the mark is in another block. */
void *ad_arena_take_block(ad_arena *a, size_t bytes);
void ad_arena_return_block(ad_arena *a, ad_arena_mark mark);

/* Whether the current block has room for a piece. alignment is a power of two up to AD_ALIGNMENT. */
static inline bool ad_arena_has(const ad_arena *a, size_t bytes, size_t alignment)
{
    size_t start = (a->used + alignment - 1) & ~(alignment - 1);
    return a->current && !a->exact && start <= a->current->size &&
           bytes <= a->current->size - start;
}

/* A piece for which there is room. */
static inline void *ad_arena_cut(ad_arena *a, size_t bytes, size_t alignment)
{
    size_t start = (a->used + alignment - 1) & ~(alignment - 1);
    a->used = start + bytes;
    return (char *)a->current + AD_BLOCK_HEADER + start;
}

/* NULL when memory ran out. */
static inline void *ad_arena_take(ad_arena *a, size_t bytes, size_t alignment)
{
    return ad_arena_has(a, bytes, alignment) ? ad_arena_cut(a, bytes, alignment)
                                             : ad_arena_take_block(a, bytes);
}

static inline ad_arena_mark ad_arena_here(const ad_arena *a)
{
    return (ad_arena_mark){a->current, a->used};
}

static inline void ad_arena_return(ad_arena *a, ad_arena_mark mark)
{
    if (a->current == mark.block && !a->exact)
        a->used = mark.used;
    else
        ad_arena_return_block(a, mark);
}

/* The mark before a piece. */
ad_arena_mark ad_arena_find(const ad_arena *a, const void *piece);

/* Whether an address lies in one of its blocks. */
bool ad_arena_holds(const ad_arena *a, const void *address);

size_t ad_arena_used(const ad_arena *a);

/* Frees the empty blocks. */
void ad_arena_trim(ad_arena *a);

#endif
