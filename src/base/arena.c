/* Memory that is given back all at once. */
#include "base/arena.h"

enum { HEADER = AD_BLOCK_HEADER, LEAST_BLOCK = 1 << 16, MOST_GROWTH = 1 << 20 };

static char *base_of(const ad_arena_block *b)
{
    return (char *)(uintptr_t)b + HEADER;
}

static void enter(ad_arena *a, ad_arena_block *b)
{
    a->passed += a->current ? a->current->size : 0;
    a->current = b;
    a->used = 0;
}

/* Puts a block after the current one. */
static ad_arena_block *insert_block(ad_arena *a, size_t size)
{
    ad_arena_block *b = ad_memory_take(a->allocator, ad_size_add(HEADER, size));
    if (!b)
        return NULL;
    ad_arena_block **link = a->current ? &a->current->next : &a->first;
    *b = (ad_arena_block){*link, size};
    *link = b;
    a->reserved += size;
    return b;
}

static ad_arena_block *next_block(ad_arena *a)
{
    return a->current ? a->current->next : a->first;
}

/* The size of a block for a piece. A large piece leaves room for the small ones that come before
 * the next large one. Otherwise they would begin a block of their own. */
static size_t block_size(const ad_arena *a, size_t bytes)
{
    size_t growth = a->reserved < LEAST_BLOCK   ? LEAST_BLOCK
                    : a->reserved < MOST_GROWTH ? a->reserved
                                                : MOST_GROWTH;
    return bytes > growth / 2 ? ad_size_add(bytes, growth / 16) : growth;
}

static bool make_room(ad_arena *a, size_t bytes)
{
    if (!a->exact)
        for (ad_arena_block *b = next_block(a); b; b = next_block(a)) {
            enter(a, b);
            if (bytes <= b->size)
                return true;
        }
    ad_arena_block *b = insert_block(a, a->exact ? bytes : block_size(a, bytes));
    if (b)
        enter(a, b);
    return b;
}

void *ad_arena_take_block(ad_arena *a, size_t bytes)
{
    if (!make_room(a, bytes))
        return NULL;
    a->used = bytes;
    return base_of(a->current);
}

static void free_from(ad_arena *a, ad_arena_block **link)
{
    for (ad_arena_block *b = *link, *next; b; b = next) {
        next = b->next;
        a->reserved -= b->size;
        ad_memory_give(a->allocator, b, HEADER + b->size);
    }
    *link = NULL;
}

void ad_arena_return_block(ad_arena *a, ad_arena_mark mark)
{
    if (a->current != mark.block) {
        a->passed = 0;
        for (ad_arena_block *b = a->first; mark.block && b != mark.block; b = b->next)
            a->passed += b->size;
    }
    a->current = mark.block;
    a->used = mark.used;
    if (a->exact)
        ad_arena_trim(a);
}

ad_arena_mark ad_arena_find(const ad_arena *a, const void *piece)
{
    uintptr_t at = (uintptr_t)piece;
    for (ad_arena_block *b = a->first; b; b = b->next) {
        uintptr_t base = (uintptr_t)base_of(b);
        if (at == base && a->exact)
            break; /* the mark is the end of the block before */
        if (at >= base && at < base + b->size)
            return (ad_arena_mark){b, at - base};
    }
    ad_arena_block *before = NULL;
    for (ad_arena_block *b = a->first; b && (uintptr_t)base_of(b) != at; b = b->next)
        before = b;
    return (ad_arena_mark){before, before ? before->size : 0};
}

bool ad_arena_holds(const ad_arena *a, const void *address)
{
    for (const ad_arena_block *b = a->first; b; b = b->next)
        if ((uintptr_t)address - (uintptr_t)base_of(b) < b->size)
            return true;
    return false;
}

size_t ad_arena_used(const ad_arena *a)
{
    return a->passed + a->used;
}

void ad_arena_trim(ad_arena *a)
{
    free_from(a, a->current ? &a->current->next : &a->first);
}
