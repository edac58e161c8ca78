/* Measures memory: the number of allocations, and the peak. */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <adze.h>

/* The C library's memory, each piece of it counted. */
extern const ad_allocator counting_allocator;

/* Allocations of the whole process until now, on all threads: malloc and its kin where the C
 * library lets a program replace them, else those of the counting allocator. */
uint64_t allocations(void);

/* The growth of the resident memory since peak_begin, at its peak, in bytes; 0 if the system
 * is not Linux. */
typedef struct peak {
    int64_t before;
} peak;

peak peak_begin(void);
int64_t peak_end(peak p);

#endif
