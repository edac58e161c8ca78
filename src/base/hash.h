/* uthash, with memory from an allocator.
 *
 * Its macros stand between AD_HASH_BEGIN and AD_HASH_END, in functions where `allocator` is the one to take
 * memory from. Where there is no memory, an added element is not in the table: ad_hashed is false. */
#ifndef ADZE_BASE_HASH_H
#define ADZE_BASE_HASH_H

#include "base/memory.h"

#define uthash_malloc(bytes)       ad_memory_take(allocator, bytes)
#define uthash_free(memory, bytes) ad_memory_give(allocator, memory, bytes)
#define HASH_NONFATAL_OOM          1

#include <uthash.h>

#define ad_hashed(element) ((element)->hh.tbl != NULL)

/* Its arithmetic mixes signs and widths. */
#if defined(__GNUC__)
#define AD_HASH_BEGIN                                                                 \
    _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wconversion\"") \
        _Pragma("GCC diagnostic ignored \"-Wsign-conversion\"")
#define AD_HASH_END _Pragma("GCC diagnostic pop")
#else
#define AD_HASH_BEGIN
#define AD_HASH_END
#endif

#endif
