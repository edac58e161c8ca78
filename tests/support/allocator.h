/* An allocator for tests: it counts, fails on request, and checks what is given back.
 *
 *     test_allocator memory;
 *     test_allocator_init(&memory);
 *     memory.fail_at = 3;                          the third allocation from now fails
 *     ad_array a = ad_array_new(&memory.base, AD_F32, AD_SHAPE(2, 3));
 *     ...
 *     ck_assert_uint_eq(memory.live_blocks, 0);    nothing leaked
 *
 * Releasing a block with another size than it was taken with, releasing it twice, or
 * having written past its end fails the running test. Not for use by several threads. */
#ifndef ADZE_TESTS_ALLOCATOR_H
#define ADZE_TESTS_ALLOCATOR_H

#include "adze/array.h"

typedef struct test_allocator {
    ad_allocator base;  /* base.user points to this struct: do not copy it */
    size_t calls;       /* of allocate, the failed ones included */
    size_t live_blocks; /* taken and not yet given back */
    size_t live_bytes, peak_bytes;
    size_t fail_at; /* the number of the call that fails, counted like `calls`; 0: never */
    bool sticky;    /* the calls after it fail, too */
} test_allocator;

void test_allocator_init(test_allocator *a);

/* Memory that is taken without an allocator: whether it has run out. In guard.c. */
extern bool no_plain_memory;

/* Calls that take such memory, and the number of the one that fails; 0: none. Not for several threads. In guard.c. */
extern size_t plain_calls, plain_fail_at;

#endif
