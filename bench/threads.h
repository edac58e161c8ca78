/* How adze gets its threads here: the one place that knows. */
#ifndef BENCH_THREADS_H
#define BENCH_THREADS_H

#include "memory.h"

#include <adze.h>

static inline ad_tape *bench_tape(int threads)
{
    (void)threads;
    return ad_tape_new(
        &(ad_tape_options){.size = sizeof(ad_tape_options), .allocator = &counting_allocator});
}

#endif
