/* Where the library takes its memory from. */
#ifndef ADZE_MEMORY_H
#define ADZE_MEMORY_H

#include <stddef.h>

/* Where memory comes from. Both functions may be called from any thread that uses
 * an object made with the allocator; the struct must outlive all such objects. */
typedef struct ad_allocator {
    void *user;
    /* At least `bytes` > 0 bytes, aligned for any number type; `alignment` (a power of
     * two, up to 64) is what runs fastest. NULL when there is no memory. */
    void *(*allocate)(void *user, size_t bytes, size_t alignment);
    void (*release)(void *user, void *memory, size_t bytes);
} ad_allocator;

#endif
