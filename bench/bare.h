/* The work without a tape, as somebody would write it who knows BLIS, and the derivative
 * by heart. */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <adze/pool.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- threads ------------------------------------------------------------------------ */

typedef void bare_part(void *user, int part, int parts);

/* Calls work(user, part, parts) for every part, on the threads that adze is lent: those of a second
 * set, waiting awake for work, would take the first one's cores. */
void bare_run(ad_pool *pool, int parts, bare_part *work, void *user);

/* Rows of a part: begin to end - 1. */
static inline void bare_share(int64_t n, int part, int parts, int64_t *begin, int64_t *end)
{
    *begin = n * part / parts;
    *end = n * (part + 1) / parts;
}

/* ---- products ----------------------------------------------------------------------- */

typedef struct bare_matrix {
    const void *data;
    int64_t rows, columns, row_step, column_step;
} bare_matrix;

static inline bare_matrix bare_rows(const void *data, int64_t rows, int64_t columns)
{
    return (bare_matrix){data, rows, columns, columns, 1};
}

static inline bare_matrix bare_transposed(bare_matrix a)
{
    return (bare_matrix){a.data, a.columns, a.rows, a.column_step, a.row_step};
}

/* c [m, n] = a [m, k] b [k, n] in f32, c row by row. Loops or BLIS, whichever suits the shape. */
void bare_product(bare_matrix a, bare_matrix b, float *c);

/* By BLIS on the calling thread, whatever the shape; c's rows lie c_step apart. In f32 or f64, as
 * the size of a number says. */
void bare_blis(bare_matrix a, bare_matrix b, void *c, int64_t c_step, size_t size);

/* "generic", "skx", ...: the kernels that BLIS chose, and its version. */
const char *bare_blis_arch(void);
const char *bare_blis_version(void);

#endif
