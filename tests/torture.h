/* Whatever allocation fails, no call leaks, crashes or leaves a half-built state (RELIABILITY R1): a scenario is
 * run again and again, failing the first, second, third ... allocation, once or from there on, until it
 * succeeds. */
#ifndef ADZE_TESTS_TORTURE_H
#define ADZE_TESTS_TORTURE_H

#include "allocator.h"

#include <check.h>

typedef struct scenario {
    const char *name;
    ad_status (*run)(test_allocator *memory); /* AD_MEMORY where memory ran out, or else AD_OK */
} scenario;

static inline void torture(const scenario *s, bool sticky)
{
    for (size_t k = 1;; k++) {
        test_allocator memory;
        test_allocator_init(&memory);
        memory.fail_at = k;
        memory.sticky = sticky;
        ad_status status = s->run(&memory);
        ck_assert_msg(memory.live_blocks == 0, "%s: %zu blocks leak when allocation %zu fails",
                      s->name, memory.live_blocks, k);
        bool failed = memory.calls >= k;
        ck_assert_msg(status == (failed ? AD_MEMORY : AD_OK), "%s, allocation %zu: %s", s->name, k,
                      ad_status_text(status));
        if (!failed)
            return;
    }
}

#endif
