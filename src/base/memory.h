/* Taking and giving back memory through a user's allocator. */
#ifndef ADZE_BASE_MEMORY_H
#define ADZE_BASE_MEMORY_H

#include "adze/memory.h"

#include <stdbool.h>
#include <stdint.h>

enum { AD_ALIGNMENT = 64 }; /* of whatever may hold vectors */

/* Put it before a function that is rarely called, to keep it out of its caller; and small. */
#if defined(__GNUC__)
#define AD_APART __attribute__((noinline))
#define AD_RARE  __attribute__((noinline, cold))
#else
#define AD_APART
#define AD_RARE
#endif

/* Put it behind a variable, to call f with its address when the function returns. */
#define AD_ON_LEAVING(f) __attribute__((cleanup(f)))

/* allocator may be NULL: the C library's. NULL when memory ran out; bytes may be 0. */
void *ad_memory_take(const ad_allocator *allocator, size_t bytes);
void ad_memory_give(const ad_allocator *allocator, void *memory, size_t bytes);

/* n, a * b and a + b, or SIZE_MAX, which no allocation can satisfy, on overflow. */
size_t ad_size_of(uint64_t n);
size_t ad_size_mul(size_t a, size_t b);
size_t ad_size_add(size_t a, size_t b);

#endif
