/* Allocators: the library takes its memory from one of yours, or from the C library. */
#ifndef ADZE_MEMORY_H
#define ADZE_MEMORY_H

#include <stddef.h>

/* A source of memory. Any thread that uses an object made with the allocator may call both
 * functions. The struct must outlive all such objects. */
typedef struct ad_allocator {
    void *user;
    /* Returns at least `bytes` > 0 bytes, aligned for any number type, or NULL if there is no
     * memory. Memory aligned to `alignment`, a power of two up to 64, is the fastest. */
    void *(*allocate)(void *user, size_t bytes, size_t alignment);
    void (*release)(void *user, void *memory, size_t bytes);
} ad_allocator;

#endif
