/* Every block has a header in front, which remembers its size, and a guard behind, which must
 * still be whole when the block comes back. AddressSanitizer is the better guard: with it,
 * the block ends where its memory ends. */
#define _POSIX_C_SOURCE 200809L
#include "allocator.h"

#include "sanitizer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const size_t guard = HAS_ADDRESS_SANITIZER ? 0 : 32;
enum { HEADER = 64, FRESH = 0xa5, GONE = 0x5a };

/* An assertion of check writes a file each time that it holds. */
#define REQUIRE(condition, ...)        \
    do                                 \
        if (!(condition))              \
            ck_abort_msg(__VA_ARGS__); \
    while (0)

static const uint64_t live_mark = 0x6c697665626c6f63, dead_mark = 0x64656164626c6f63;

typedef struct block_header {
    uint64_t mark;
    size_t bytes;
} block_header;

static bool fails(const test_allocator *a)
{
    return a->fail_at != 0 && (a->calls == a->fail_at || (a->sticky && a->calls > a->fail_at));
}

static void *test_allocate(void *user, size_t bytes, size_t alignment)
{
    test_allocator *a = user;
    void *start;
    a->calls++;
    REQUIRE(bytes > 0, "an allocator was asked for no bytes");
    REQUIRE(alignment > 0 && alignment <= HEADER && (alignment & (alignment - 1)) == 0,
            "an allocator was asked for an alignment of %zu", alignment);
    if (fails(a) || bytes > PTRDIFF_MAX - HEADER - guard ||
        posix_memalign(&start, HEADER, HEADER + bytes + guard) != 0)
        return NULL;
    memset(start, FRESH, HEADER + bytes + guard); /* fresh memory is not zero */
    *(block_header *)start = (block_header){live_mark, bytes};
    a->live_blocks++;
    a->live_bytes += bytes;
    if (a->live_bytes > a->peak_bytes)
        a->peak_bytes = a->live_bytes;
    return (unsigned char *)start + HEADER;
}

static void test_release(void *user, void *memory, size_t bytes)
{
    test_allocator *a = user;
    REQUIRE(memory != NULL, "NULL was released");
    unsigned char *start = (unsigned char *)memory - HEADER;
    block_header *header = (block_header *)(void *)start;
    REQUIRE(header->mark == live_mark, "released twice, or never allocated");
    REQUIRE(header->bytes == bytes, "allocated with %zu bytes, released with %zu", header->bytes,
            bytes);
    for (size_t i = 0; i < guard; i++)
        REQUIRE(start[HEADER + bytes + i] == FRESH, "written past the end of %zu bytes", bytes);
    header->mark = dead_mark;
    memset(memory, GONE, bytes); /* whoever reads it still reads nonsense */
    a->live_blocks--;
    a->live_bytes -= bytes;
    free(start);
}

void test_allocator_init(test_allocator *a)
{
    *a = (test_allocator){.base = {a, test_allocate, test_release}};
}
