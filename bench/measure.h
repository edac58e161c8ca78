/* Running a case: adze and the bare forms in turn, with a clock beside them. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "bench.h"

/* Nanoseconds for one unit of work, over all repeats. */
typedef struct bench_times {
    double median, min;
    double spread; /* (90th - 10th percentile) / median */
} bench_times;

typedef struct bench_result {
    const bench_case *is;
    int threads;
    bench_times adze, bare;
    bench_times same_kernels; /* zeros where the kind has no such form */
    double flops, bytes;      /* for one unit */
    double mallocs;           /* for one call of adze, a step */
    double peak_bytes;        /* of adze's first call, over what the data takes */
} bench_result;

bench_result measure(const bench_case *c, const bench_setting *s);

double now(void); /* in nanoseconds */

#endif
