/* Counts allocations. A program's own malloc replaces the C library's in all libraries that it
 * loads, BLIS among them; glibc keeps its own within reach under another name. */
#define _POSIX_C_SOURCE 200809L
#include "memory.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static atomic_uint_fast64_t count;

uint64_t allocations(void)
{
    return atomic_load(&count);
}

static void count_one(void)
{
    atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
}

#ifdef REPLACE_MALLOC
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *memory, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    count_one();
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    count_one();
    return __libc_calloc(n, size);
}

void *realloc(void *memory, size_t size)
{
    count_one();
    return __libc_realloc(memory, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    count_one();
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size)
{
    count_one();
    void *piece = __libc_memalign(alignment, size);
    if (!piece)
        return ENOMEM;
    *memory = piece;
    return 0;
}
#endif

static void *allocate(void *user, size_t bytes, size_t alignment)
{
    (void)user;
    void *memory = NULL;
#ifndef REPLACE_MALLOC
    count_one();
#endif
    if (alignment < sizeof(void *))
        alignment = sizeof(void *);
    return posix_memalign(&memory, alignment, bytes) ? NULL : memory;
}

static void release(void *user, void *memory, size_t bytes)
{
    (void)user, (void)bytes;
    free(memory);
}

const ad_allocator counting_allocator = {.allocate = allocate, .release = release};

/* ---- peaks ------------------------------------------------------------------------- */

/* A row of /proc/self/status in bytes; 0 if there is no such row. */
static int64_t status_row(const char *name)
{
    char line[256];
    long long kilobytes = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, name, strlen(name)) == 0)
            sscanf(line + strlen(name), "%lld", &kilobytes);
    if (file)
        fclose(file);
    return (int64_t)kilobytes * 1024;
}

peak peak_begin(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    bool cleared = file && fputs("5\n", file) >= 0; /* 5: the peak starts from here */
    if (file)
        cleared &= fclose(file) == 0;
    return (peak){cleared ? status_row("VmRSS:") : 0};
}

int64_t peak_end(peak p)
{
    int64_t growth = status_row("VmHWM:") - p.before;
    return p.before && growth > 0 ? growth : 0;
}
