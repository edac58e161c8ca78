/* Reductions by hand. The matrix is always read row by row. If rows are reduced, the sum goes to
 * one number of the row; if columns are, to a line of numbers, one for each column. */
#include "bare_reductions.h"

#include <math.h>

/* Runs a statement for all elements, with k the element's and at its row's or column's place. The
 * two orders are written out so that the compiler sees each loop as it is. */
#define EACH(g, statement)                                           \
    do {                                                             \
        if ((g)->by_columns) {                                       \
            for (int64_t i = 0; i < (g)->rows; i++)                  \
                for (int64_t at = (g)->begin; at < (g)->end; at++) { \
                    int64_t k = i * (g)->columns + at;               \
                    statement;                                       \
                }                                                    \
        } else {                                                     \
            for (int64_t at = (g)->begin; at < (g)->end; at++)       \
                for (int64_t j = 0; j < (g)->columns; j++) {         \
                    int64_t k = at * (g)->columns + j;               \
                    statement;                                       \
                }                                                    \
        }                                                            \
    } while (0)

#define PLACES(g, statement)                           \
    for (int64_t at = (g)->begin; at < (g)->end; at++) \
    statement

static int64_t places(const bare_grid *g)
{
    return g->by_columns ? g->columns : g->rows;
}

static float extent(const bare_grid *g)
{
    return (float)(g->by_columns ? g->rows : g->columns);
}

/* ---- sums and means ----------------------------------------------------------------- */

void bare_sum(const bare_grid *g, const float *restrict x, float *restrict y, float *scratch)
{
    (void)scratch;
    PLACES(g, y[at] = 0);
    EACH(g, y[at] += x[k]);
}

void bare_mean(const bare_grid *g, const float *restrict x, float *restrict y, float *scratch)
{
    bare_sum(g, x, y, scratch);
    PLACES(g, y[at] /= extent(g));
}

static void spread(const bare_grid *g, const float *restrict dy, float scale, float *restrict dx)
{
    EACH(g, dx[k] = scale * dy[at]);
}

void bare_sum_back(const bare_grid *g, const float *x, const float *y, const float *dy, float *dx,
                   float *scratch)
{
    (void)x, (void)y, (void)scratch;
    spread(g, dy, 1, dx);
}

void bare_mean_back(const bare_grid *g, const float *x, const float *y, const float *dy, float *dx,
                    float *scratch)
{
    (void)x, (void)y, (void)scratch;
    spread(g, dy, 1 / extent(g), dx);
}

/* ---- maxima: equal ones share ------------------------------------------------------- */

void bare_max(const bare_grid *g, const float *restrict x, float *restrict y, float *scratch)
{
    (void)scratch;
    PLACES(g, y[at] = -3e38f);
    EACH(g, y[at] = x[k] > y[at] ? x[k] : y[at]);
}

void bare_max_back(const bare_grid *g, const float *restrict x, const float *restrict y,
                   const float *restrict dy, float *restrict dx, float *restrict scratch)
{
    PLACES(g, scratch[at] = 0);
    EACH(g, scratch[at] += x[k] == y[at] ? 1.0f : 0.0f);
    EACH(g, dx[k] = x[k] == y[at] ? dy[at] / scratch[at] : 0);
}

/* ---- softmax and its kin ------------------------------------------------------------ */

/* The maximum and the sum of exp(x - maximum) at each place. */
static void statistics(const bare_grid *g, const float *restrict x, float *restrict max,
                       float *restrict sum)
{
    bare_max(g, x, max, sum);
    PLACES(g, sum[at] = 0);
    EACH(g, sum[at] += expf(x[k] - max[at]));
}

void bare_logsumexp(const bare_grid *g, const float *restrict x, float *restrict y,
                    float *restrict scratch)
{
    statistics(g, x, y, scratch);
    PLACES(g, y[at] += logf(scratch[at]));
}

void bare_logsumexp_back(const bare_grid *g, const float *restrict x, const float *restrict y,
                         const float *restrict dy, float *restrict dx, float *scratch)
{
    (void)scratch;
    EACH(g, dx[k] = dy[at] * expf(x[k] - y[at]));
}

void bare_softmax(const bare_grid *g, const float *restrict x, float *restrict y,
                  float *restrict scratch)
{
    float *restrict max = scratch, *restrict sum = scratch + places(g);
    bare_max(g, x, max, sum);
    PLACES(g, sum[at] = 0);
    EACH(g, y[k] = expf(x[k] - max[at]));
    EACH(g, sum[at] += y[k]);
    PLACES(g, sum[at] = 1 / sum[at]);
    EACH(g, y[k] *= sum[at]);
}

/* dx = y (dy - sum(dy y)) */
void bare_softmax_back(const bare_grid *g, const float *x, const float *restrict y,
                       const float *restrict dy, float *restrict dx, float *restrict scratch)
{
    (void)x;
    PLACES(g, scratch[at] = 0);
    EACH(g, scratch[at] += dy[k] * y[k]);
    EACH(g, dx[k] = y[k] * (dy[k] - scratch[at]));
}

void bare_log_softmax(const bare_grid *g, const float *restrict x, float *restrict y,
                      float *restrict scratch)
{
    float *restrict max = scratch, *restrict sum = scratch + places(g);
    statistics(g, x, max, sum);
    PLACES(g, max[at] += logf(sum[at]));
    EACH(g, y[k] = x[k] - max[at]);
}

/* dx = dy - exp(y) sum(dy) */
void bare_log_softmax_back(const bare_grid *g, const float *x, const float *restrict y,
                           const float *restrict dy, float *restrict dx, float *restrict scratch)
{
    (void)x;
    PLACES(g, scratch[at] = 0);
    EACH(g, scratch[at] += dy[k]);
    EACH(g, dx[k] = dy[k] - expf(y[k]) * scratch[at]);
}
