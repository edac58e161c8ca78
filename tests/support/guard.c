/* A guard-page allocator under all tests that leave memory to the C library (RELIABILITY R10).
 *
 * The linker sends the library's own calls of ad_memory_take, ad_memory_give and ad_tape_new through here
 * (ld's --wrap). With ADZE_GUARD=above each piece ends where a forbidden page begins, with
 * ADZE_GUARD=below it begins where one ends; the bytes on its other side hold a pattern, which is looked at
 * when the piece comes back. Tapes then take every piece by itself (AD_CHECK_BOUNDS). What comes back
 * is unmapped, so that a late use faults as well. Without ADZE_GUARD all is as ever. */
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#include "allocator.h"
#include "base/memory.h"

#include "adze/tape.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LEAST_ALIGNMENT = 8, FRESH = 0xa5 };

void *__real_ad_memory_take(const ad_allocator *allocator, size_t bytes);
void *__wrap_ad_memory_take(const ad_allocator *allocator, size_t bytes);
void __real_ad_memory_give(const ad_allocator *allocator, void *memory, size_t bytes);
void __wrap_ad_memory_give(const ad_allocator *allocator, void *memory, size_t bytes);
ad_tape *__real_ad_tape_new(const ad_tape_options *options);
ad_tape *__wrap_ad_tape_new(const ad_tape_options *options);

/* 'a', 'b', or 0 for none. */
static char guard_side(void)
{
    const char *side = getenv("ADZE_GUARD");
    return side ? side[0] : 0;
}

/* A piece of `bytes` numbers: the pages around it, and where it lies between them. */
typedef struct piece {
    size_t page, inner, offset; /* of the piece, in its pages */
} piece;

static piece place(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), inner = (bytes + page - 1) / page * page;
    size_t rounded = (bytes + LEAST_ALIGNMENT - 1) / LEAST_ALIGNMENT * LEAST_ALIGNMENT;
    return (piece){page, inner, guard_side() == 'a' ? inner - rounded : 0};
}

/* As the system gives malloc no more than there is. */
static bool is_there(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (size_t)sysconf(_SC_PHYS_PAGES);
    return bytes / page < pages;
}

static void *guarded_take(size_t bytes)
{
    if (!is_there(bytes))
        return NULL;
    piece p = place(bytes);
    char *pages = mmap(NULL, p.inner + 2 * p.page, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED)
        return NULL;
    char *inner = pages + p.page;
    if (mprotect(inner, p.inner, PROT_READ | PROT_WRITE) != 0) {
        munmap(pages, p.inner + 2 * p.page);
        return NULL;
    }
    if (bytes <= 1 << 20) /* hostile sizes stay sparse */
        memset(inner, FRESH, p.inner);
    return inner + p.offset;
}

static void check_pattern(const char *from, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if ((unsigned char)from[i] != FRESH)
            abort();
}

static void guarded_give(void *memory, size_t bytes)
{
    piece p = place(bytes);
    char *inner = (char *)memory - p.offset;
    if (bytes <= 1 << 20) {
        check_pattern(inner, p.offset);
        check_pattern((char *)memory + bytes, p.inner - p.offset - bytes);
    }
    munmap(inner - p.page, p.inner + 2 * p.page);
}

bool no_plain_memory;
size_t plain_memory_fails_at;

void *__wrap_ad_memory_take(const ad_allocator *allocator, size_t bytes)
{
    bool fails = plain_memory_fails_at && !allocator && --plain_memory_fails_at == 0;
    if (fails || (no_plain_memory && !allocator))
        return NULL;
    return allocator || !guard_side() ? __real_ad_memory_take(allocator, bytes)
                                      : guarded_take(bytes ? bytes : 1);
}

void __wrap_ad_memory_give(const ad_allocator *allocator, void *memory, size_t bytes)
{
    if (allocator || !guard_side())
        __real_ad_memory_give(allocator, memory, bytes);
    else if (memory)
        guarded_give(memory, bytes ? bytes : 1);
}

ad_tape *__wrap_ad_tape_new(const ad_tape_options *options)
{
    ad_tape_options o = {.size = sizeof o};
    if (options && options->size != sizeof o) /* the library refuses it */
        return __real_ad_tape_new(options);
    if (options)
        o = *options;
    if (guard_side() && !o.allocator)
        o.checks |= AD_CHECK_BOUNDS;
    return __real_ad_tape_new(&o);
}
