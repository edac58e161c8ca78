/* Reductions of a matrix and their derivatives, written by hand. */
#ifndef BENCH_BARE_REDUCTIONS_H
#define BENCH_BARE_REDUCTIONS_H

#include <stdbool.h>
#include <stdint.h>

/* A part of a matrix: the rows begin to end - 1 where each row is reduced, else the columns. */
typedef struct bare_grid {
    int64_t rows, columns;
    bool by_columns;
    int64_t begin, end;
} bare_grid;

/* x, dx [rows, columns]; y and dy, as the operation has it, the same or a number for each row or
 * column; scratch: two numbers for each of those. */
typedef void bare_reduce(const bare_grid *g, const float *x, float *y, float *scratch);
typedef void bare_reduce_back(const bare_grid *g, const float *x, const float *y, const float *dy,
                              float *dx, float *scratch);

bare_reduce bare_sum, bare_mean, bare_max, bare_logsumexp, bare_softmax, bare_log_softmax;
bare_reduce_back bare_sum_back, bare_mean_back, bare_max_back, bare_logsumexp_back,
    bare_softmax_back, bare_log_softmax_back;

#endif
