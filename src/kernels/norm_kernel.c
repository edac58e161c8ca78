/* Normalisation on one thread, for one float type and one instruction set.
 *
 * The build compiles this file once for each pair and defines AD_NORMS, the kernel's name, and what row_vectors.h
 * needs. */
#include "kernels/norm_kernel.h"

#include "kernels/kernel.h"
#include "kernels/row_vectors.h"

#include <math.h>
#include <string.h>

enum { TAKEN = 64 * TILE, FLUSH = 32 }; /* numbers of a row, and rows, between sums in f64 */

/* What is left of a row, and after it what changes nothing. */
INLINE void fill_tile(const number *x, size_t n, number with, number *tile)
{
    for (size_t k = 0; k < TILE; k++)
        tile[k] = with;
    memcpy(tile, x, n * sizeof *x);
}

/* ---- along a row ----------------------------------------------------------------------- */

INLINE void add_deviations(const number *x, double mean, bool squared, doubles lanes[SUMS])
{
    for (int k = 0; k < SUMS; k++) {
        doubles d = load_doubles(x + k * AD_WIDE) - mean;
        lanes[k] += squared ? d * d : d;
    }
}

/* sum(x - mean), or that of the squares. x is `fill` where it does not matter. */
INLINE double sum_deviations(size_t n, const number *x, double mean, bool squared)
{
    doubles lanes[SUMS] = {{0}};
    size_t i = 0;
    for (; n - i >= TILE; i += TILE)
        add_deviations(x + i, mean, squared, lanes);
    if (i < n) {
        doubles rest[SUMS] = {{0}};
        double d[TILE] = {0};
        for (size_t k = 0; i + k < n; k++)
            d[k] = (double)x[i + k] - mean;
        memcpy(rest, d, sizeof d);
        for (int k = 0; k < SUMS; k++)
            lanes[k] += squared ? rest[k] * rest[k] : rest[k];
    }
    return total(lanes);
}

/* The first number and the mean distance from it: exact where all are equal. */
INLINE double mean_of(size_t n, const number *x)
{
    double first = (double)x[0];
    return first + sum_deviations(n, x, first, false) / (double)n;
}

ROUTINE void forward(const ad_norm_rows *q)
{
    const size_t n = q->length;
    const number *x = q->x, *gain = q->gain, *bias = q->bias;
    number *y = q->y;
    for (size_t r = 0; r < q->count; r++, x += n, y += n) {
        double mean = q->centred ? mean_of(n, x) : 0;
        double scale = 1 / sqrt(sum_deviations(n, x, mean, true) / q->divisor + q->epsilon);
        const number high = (number)mean, low = (number)(mean - (double)high), s = (number)scale;
        q->mean[r] = mean;
        q->scale[r] = scale;
        if (bias) {
            AD_LOOP_APART for (size_t i = 0; i < n; i++) y[i] =
                ((x[i] - high) - low) * s * gain[i] + bias[i];
        } else {
            AD_LOOP_APART for (size_t i = 0; i < n; i++) y[i] = x[i] * s * gain[i];
        }
    }
}

/* ---- and back ---------------------------------------------------------------------------- */

/* A row's mean and scale, and what is to be subtracted from each of its slopes: mean(h), mean(h xh). */
typedef struct row {
    const number *x, *dy, *gain;
    number high, low, scale, mean, along;
} row;

/* Sums of h = gain dy and of h xh. */
typedef struct row_sums {
    vec h[VECTORS], along[VECTORS];
} row_sums;

INLINE void add_slopes(const row *r, size_t i, number *gains, number *biases, row_sums *sums)
{
    for (int k = 0; k < VECTORS; k++, i += AD_LANES) {
        vec xh = ((load(r->x + i) - r->high) - r->low) * r->scale;
        vec dy = load(r->dy + i), gain = load(r->gain + i), p = dy * xh;
        sums->h[k] += gain * dy;
        sums->along[k] += gain * p;
        store(gains + i, load(gains + i) + p);
        store(biases + i, load(biases + i) + dy);
    }
}

INLINE void add_widened(const vec sums[VECTORS], doubles lanes[SUMS])
{
    number lane[TILE];
    memcpy(lane, sums, sizeof lane);
    for (int k = 0; k < SUMS; k++)
        lanes[k] += load_doubles(lane + k * AD_WIDE);
}

/* The same of what is left of the row. */
INLINE void add_last_slopes(const row *r, size_t i, size_t n, number *gains, number *biases,
                            row_sums *sums)
{
    number of[5][TILE];
    row last = {of[0], of[1], of[2], r->high, r->low, r->scale, 0, 0};
    fill_tile(r->x + i, n, r->high, of[0]);
    fill_tile(r->dy + i, n, 0, of[1]);
    fill_tile(r->gain + i, n, 0, of[2]);
    fill_tile(gains + i, n, 0, of[3]);
    fill_tile(biases + i, n, 0, of[4]);
    add_slopes(&last, 0, of[3], of[4], sums);
    memcpy(gains + i, of[3], n * sizeof(number));
    memcpy(biases + i, of[4], n * sizeof(number));
}

/* Finds the means of a row's slopes, and adds its part of the gradients of gain and bias. */
INLINE void find_slopes(const ad_norm_rows *q, row *r, number *gains, number *biases)
{
    doubles h[SUMS] = {{0}}, along[SUMS] = {{0}};
    for (size_t i = 0, n = q->length; i < n;) {
        size_t end = n - i < TAKEN ? n : i + TAKEN;
        row_sums sums = {{{0}}, {{0}}};
        for (; end - i >= TILE; i += TILE)
            add_slopes(r, i, gains, biases, &sums);
        if (i < end)
            add_last_slopes(r, i, end - i, gains, biases, &sums);
        i = end;
        add_widened(sums.h, h);
        add_widened(sums.along, along);
    }
    r->mean = q->centred ? (number)(total(h) / q->divisor) : 0;
    r->along = (number)(total(along) / q->divisor);
}

INLINE void put_slopes(const row *r, size_t n, number *dx, bool add)
{
    const number *x = r->x, *dy = r->dy, *gain = r->gain;
    const number high = r->high, low = r->low, scale = r->scale, mean = r->mean, along = r->along;
    AD_LOOP_APART for (size_t i = 0; i < n; i++)
    {
        number xh = ((x[i] - high) - low) * scale;
        number slope = ((gain[i] * dy[i] - mean) - xh * along) * scale;
        dx[i] = add ? dx[i] + slope : slope;
    }
}

INLINE void flush(size_t n, number *taken, double *sums)
{
    AD_LOOP_APART for (size_t i = 0; i < n; i++) sums[i] += (double)taken[i];
    memset(taken, 0, n * sizeof *taken);
}

ROUTINE void back(const ad_norm_rows *q)
{
    const size_t n = q->length;
    number *dx = q->dx, *gains = q->room, *biases = gains + n;
    row r = {.x = q->x, .dy = q->dy, .gain = q->gain};
    memset(gains, 0, 2 * n * sizeof *gains);
    for (size_t i = 0; i < q->count; i++, r.x += n, r.dy += n) {
        r.high = (number)q->mean[i];
        r.low = (number)(q->mean[i] - (double)r.high);
        r.scale = (number)q->scale[i];
        find_slopes(q, &r, gains, biases);
        if (dx && q->add)
            put_slopes(&r, n, dx + i * n, true);
        else if (dx)
            put_slopes(&r, n, dx + i * n, false);
        if (i % FLUSH == FLUSH - 1 || i + 1 == q->count) {
            flush(n, gains, q->dgain);
            flush(n, biases, q->dbias);
        }
    }
}

/* ---- down the columns -------------------------------------------------------------------- */

/* In f64, from numbers. */
INLINE void sum_column_tile(const ad_norm_columns *c, size_t j, size_t width, bool squared)
{
    const number *x = (const number *)c->x + j, *high = (const number *)c->high + j;
    const number *low = (const number *)c->low + j;
    double mean[TILE] = {0}, sum[TILE] = {0};
    for (size_t k = 0; k < width; k++)
        mean[k] = (double)high[k] + (double)low[k];
    for (size_t i = 0; i < c->count; i++, x += c->length)
        AD_LOOP_APART for (size_t k = 0; k < width; k++)
        {
            double d = (double)x[k] - mean[k];
            sum[k] += squared ? d * d : d;
        }
    memcpy(c->sums[0] + j, sum, width * sizeof *sum);
}

ROUTINE ad_norm_columns_routine sum, squares;
#define COLUMN_SUMS(name, squared)                 \
    ROUTINE void name(const ad_norm_columns *c)    \
    {                                              \
        size_t j = 0, n = c->length;               \
        for (; n - j >= TILE; j += TILE)           \
            sum_column_tile(c, j, TILE, squared);  \
        if (j < n)                                 \
            sum_column_tile(c, j, n - j, squared); \
    }
COLUMN_SUMS(sum, false)
COLUMN_SUMS(squares, true)

/* Rows between sums in f64 are few: then they add up in the numbers' own type. */
INLINE void add_both(const ad_norm_columns *c, size_t first, size_t rows, size_t j, size_t width)
{
    const number *x = (const number *)c->x + first * c->length + j;
    const number *dy = (const number *)c->dy + first * c->length + j;
    const number *high = (const number *)c->high + j, *low = (const number *)c->low + j;
    const number *a = (const number *)c->factor[0] + j;
    number plain[TILE] = {0}, along[TILE] = {0};
    for (size_t i = 0; i < rows; i++, x += c->length, dy += c->length)
        AD_LOOP_APART for (size_t k = 0; k < width; k++)
        {
            plain[k] += dy[k];
            along[k] += dy[k] * (((x[k] - high[k]) - low[k]) * a[k]);
        }
    for (size_t k = 0; k < width; k++) {
        c->sums[0][j + k] += (double)plain[k];
        c->sums[1][j + k] += (double)along[k];
    }
}

ROUTINE void both(const ad_norm_columns *c)
{
    size_t n = c->length;
    memset(c->sums[0], 0, n * sizeof(double));
    memset(c->sums[1], 0, n * sizeof(double));
    for (size_t i = 0; i < c->count; i += FLUSH) {
        size_t rows = c->count - i < FLUSH ? c->count - i : FLUSH, j = 0;
        for (; n - j >= TILE; j += TILE)
            add_both(c, i, rows, j, TILE);
        if (j < n)
            add_both(c, i, rows, j, n - j);
    }
}

ROUTINE void apply(const ad_norm_columns *c)
{
    const size_t n = c->length;
    const number *x = c->x, *high = c->high, *low = c->low, *a = c->factor[0], *b = c->factor[1];
    number *y = c->out;
    for (size_t r = 0; r < c->count; r++, x += n, y += n)
        AD_LOOP_APART for (size_t i = 0; i < n; i++) y[i] =
            ((x[i] - high[i]) - low[i]) * a[i] + b[i];
}

INLINE void put_column_slopes(const ad_norm_columns *q, bool add)
{
    const size_t n = q->length;
    const number *x = q->x, *dy = q->dy, *high = q->high, *low = q->low;
    const number *a = q->factor[0], *b = q->factor[1], *c = q->factor[2];
    number *dx = q->out;
    for (size_t r = 0; r < q->count; r++, x += n, dy += n, dx += n)
        AD_LOOP_APART for (size_t i = 0; i < n; i++)
        {
            number slope = (dy[i] * a[i] - ((x[i] - high[i]) - low[i]) * b[i]) - c[i];
            dx[i] = add ? dx[i] + slope : slope;
        }
}

ROUTINE void slope(const ad_norm_columns *q)
{
    if (q->add)
        put_column_slopes(q, true);
    else
        put_column_slopes(q, false);
}

const ad_norm_kernel AD_NORMS = {forward, back, sum, squares, both, apply, slope};
