/* Inner loops of convolutions, for one float type and one instruction set.
 *
 * The build compiles this file once for each pair and defines
 *
 *     AD_T            float or double
 *     AD_CONVOLUTION  the name of the kernel
 *     AD_LANES        numbers in a vector
 *     AD_TILE         rows of a tile of two vectors: 14 with 32 registers, 6 with 16
 *
 * A tile is some pixels by up to two vectors of channels, which stay in registers while the terms are added. Each
 * number is one chain of fused multiply-adds in the order of the terms. */
#include "kernels/convolution_kernel.h"

#include "kernels/kernel.h"
#include "kernels/vector.h"

#include <string.h>

#if defined(__AVX512F__) && AD_TILE == 14
#define MASKS 1 /* whatever else this file is compiled for, too */
#include <immintrin.h>
#endif

enum { LANES = AD_LANES, TILE = AD_TILE, PIXELS = 8, TAPS = 9 };
enum { MOST_ROWS = TILE > PIXELS ? TILE : PIXELS };

/* ---- tiles ------------------------------------------------------------------------- */

INLINE void put(number *to, const vec *sum, int vectors, bool add)
{
    for (int j = 0; j < vectors; j++)
        store(to + j * LANES, add ? load(to + j * LANES) + sum[j] : sum[j]);
}

#if defined(MASKS)
#if AD_LANES == 16
#define LOAD_LANES(from, lanes)   _mm512_maskz_loadu_ps((__mmask16)(lanes), from)
#define STORE_LANES(to, lanes, v) _mm512_mask_storeu_ps(to, (__mmask16)(lanes), (__m512)(v))
#else
#define LOAD_LANES(from, lanes)   _mm512_maskz_loadu_pd((__mmask8)(lanes), from)
#define STORE_LANES(to, lanes, v) _mm512_mask_storeu_pd(to, (__mmask8)(lanes), (__m512d)(v))
#endif

/* Writes rows of a tile of which not all numbers are wanted. */
INLINE void put_some(number *c, int64_t c_row, vec sum[][2], int rows, int vectors, int64_t columns,
                     bool add)
{
    for (int j = 0; j < vectors; j++) {
        int64_t left = columns - j * LANES;
        unsigned lanes = (1U << (left < LANES ? left : LANES)) - 1;
        for (int i = 0; i < rows; i++) {
            number *to = c + i * c_row + j * LANES;
            STORE_LANES(to, lanes, add ? (vec)LOAD_LANES(to, lanes) + sum[i][j] : sum[i][j]);
        }
    }
}
#else
/* to (+)= the first of n numbers, and on behind them; n is known to the compiler. */
INLINE void put_part(number **to, const number **from, int n, bool add)
{
    number part[LANES];
    for (int i = 0; i < n; i++)
        part[i] = add ? (*to)[i] + (*from)[i] : (*from)[i];
    memcpy(*to, part, (size_t)n * sizeof *part);
    *to += n;
    *from += n;
}

__attribute__((noinline)) static void put_rows(number *c, int64_t c_row, const number *room,
                                               int64_t rows, int64_t columns, bool add)
{
    for (int64_t i = 0; i < rows; i++, c += c_row, room += 2 * LANES) {
        const number *from = room;
        number *to = c;
        if (columns & LANES)
            put_part(&to, &from, LANES, add);
#if AD_LANES > 4
        if (columns & 4)
            put_part(&to, &from, 4, add);
#endif
#if AD_LANES > 2
        if (columns & 2)
            put_part(&to, &from, 2, add);
#endif
        if (columns & 1)
            put_part(&to, &from, 1, add);
    }
}

/* Writes rows of a tile of which not all numbers are wanted, in halves of vectors. */
INLINE void put_some(number *c, int64_t c_row, vec sum[][2], int rows, int vectors, int64_t columns,
                     bool add)
{
    vec room[MOST_ROWS][2];
    AD_LOOP_UNROLLED
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < vectors; j++)
            room[i][j] = sum[i][j];
    put_rows(c, c_row, (const number *)room, rows, columns, add);
}
#endif

INLINE void put_tile(number *c, int64_t c_row, vec sum[][2], int rows, int vectors, int64_t columns,
                     bool add)
{
    if (columns != vectors * LANES) {
        put_some(c, c_row, sum, rows, vectors, columns, add);
        return;
    }
    AD_LOOP_UNROLLED
    for (int i = 0; i < rows; i++)
        put(c + i * c_row, sum[i], vectors, add);
}

/* One flat loop over all terms of all runs: of two nested ones gcc would keep the sums in memory between runs. */
INLINE void tile(const ad_tile_product *q, int64_t row, int rows, int vectors)
{
    vec sum[TILE][2];
    const number *first = (const number *)q->a + row * q->a_row, *b = q->b;
    const int64_t *run = q->run;
    const number *a = first + *run;
    int64_t left = q->length, terms = q->length * q->runs;
    number *c = (number *)q->c + row * q->c_row;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < vectors; j++)
            sum[i][j] = (vec){0};
    do {
        vec term[2];
        for (int j = 0; j < vectors; j++)
            term[j] = load(b + j * LANES);
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < vectors; j++)
                sum[i][j] += a[i * q->a_row] * term[j];
        a += q->a_term;
        b += q->b_term;
        if (--left == 0) {
            a = first + *++run;
            left = q->length;
        }
    } while (--terms > 0);
    put_tile(c, q->c_row, sum, rows, vectors, q->columns, q->add);
}

/* Few sums, each of which would wait for its last term: every other term goes to sums of its own. */
INLINE void thin_tile(const ad_tile_product *q, int64_t row, int rows)
{
    vec sum[TILE][2];
    const number *b = q->b;
    for (int i = 0; i < rows; i++)
        sum[i][0] = sum[i][1] = (vec){0};
    for (int64_t r = 0; r < q->runs; r++) {
        const number *a = (const number *)q->a + row * q->a_row + q->run[r];
        for (int64_t left = q->length; left > 1; left -= 2) {
            vec even = load(b), odd = load(b + q->b_term);
            for (int i = 0; i < rows; i++) {
                sum[i][0] += a[i * q->a_row] * even;
                sum[i][1] += a[i * q->a_row + q->a_term] * odd;
            }
            a += 2 * q->a_term;
            b += 2 * q->b_term;
        }
        for (int i = 0; i < rows && q->length % 2; i++)
            sum[i][0] += a[i * q->a_row] * load(b);
        b += q->length % 2 * q->b_term;
    }
    for (int i = 0; i < rows; i++)
        sum[i][0] += sum[i][1];
    put_tile((number *)q->c + row * q->c_row, q->c_row, sum, rows, 1, q->columns, q->add);
}

#define TILE_OF(rows)                                                \
    static void tile_##rows##_1(const ad_tile_product *q, int64_t i) \
    {                                                                \
        tile(q, i, rows, 1);                                         \
    }                                                                \
    static void tile_##rows##_2(const ad_tile_product *q, int64_t i) \
    {                                                                \
        tile(q, i, rows, 2);                                         \
    }
#define NAMES_OF(rows) {tile_##rows##_1, tile_##rows##_2},

#if AD_TILE == 14
#define TILE_LIST(ROW) \
    ROW(1)             \
    ROW(2) ROW(3) ROW(4) ROW(5) ROW(6) ROW(7) ROW(8) ROW(9) ROW(10) ROW(11) ROW(12) ROW(13) ROW(14)
#else
#define TILE_LIST(ROW) ROW(1) ROW(2) ROW(3) ROW(4) ROW(5) ROW(6)
#endif
TILE_LIST(TILE_OF)

enum { THIN = 6, LONG = 8 }; /* rows, terms of a run */
static void thin(const ad_tile_product *q, int64_t row, int64_t rows)
{
    switch (rows) {
    case 1:
        thin_tile(q, row, 1);
        break;
    case 2:
        thin_tile(q, row, 2);
        break;
    case 3:
        thin_tile(q, row, 3);
        break;
    case 4:
        thin_tile(q, row, 4);
        break;
    case 5:
        thin_tile(q, row, 5);
        break;
    default:
        thin_tile(q, row, 6);
    }
}

typedef void tile_kernel(const ad_tile_product *q, int64_t row);
static tile_kernel *const tiles[TILE][2] = {TILE_LIST(NAMES_OF)};

/* Tiles as even as can be. */
static void multiply(const ad_tile_product *q)
{
    int64_t count = (q->rows + TILE - 1) / TILE, vectors = q->columns > LANES ? 2 : 1;
    for (int64_t i = 0, row = 0; i < count; i++) {
        int64_t rows = (q->rows - row + count - i - 1) / (count - i);
        if (vectors == 1 && rows <= THIN && q->length >= LONG)
            thin(q, row, rows);
        else
            tiles[rows - 1][vectors - 1](q, row);
        row += rows;
    }
}

/* ---- few columns --------------------------------------------------------------------- */

/* A vector's halves are added to each other until one number is left. */
INLINE number sum_of(vec v)
{
#if defined(MASKS) && AD_LANES == 16
    return _mm512_reduce_add_ps((__m512)v);
#elif defined(MASKS)
    return _mm512_reduce_add_pd((__m512d)v);
#else
    number part[LANES];
    memcpy(part, &v, sizeof v);
    for (int n = LANES / 2; n > 0; n /= 2)
        for (int i = 0; i < n; i++)
            part[i] += part[i + n];
    return part[0];
#endif
}

enum { DOT_ROWS = TILE > 8 ? 4 : 2, DOT_COLUMNS = 6 };

/* Vectors along the terms: no lane is idle, and each number is summed across the lanes at the end. b holds a vector of
 * terms for each column in turn. */
INLINE void dot_tile(const ad_tile_product *q, int64_t row, int64_t column, int rows, int columns)
{
    vec sum[DOT_ROWS][DOT_COLUMNS];
    const number *b = (const number *)q->b + column * LANES;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            sum[i][j] = (vec){0};
    for (int64_t r = 0; r < q->runs; r++) {
        const number *a = (const number *)q->a + row * q->a_row + q->run[r];
        for (int64_t p = 0; p < q->length; p += LANES, a += LANES, b += q->columns * LANES)
            for (int j = 0; j < columns; j++) {
                vec term = load(b + j * LANES);
                for (int i = 0; i < rows; i++)
                    sum[i][j] += load(a + i * q->a_row) * term;
            }
    }
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            number *to = (number *)q->c + (row + i) * q->c_row + column + j, s = sum_of(sum[i][j]);
            *to = q->add ? *to + s : s;
        }
}

static void dot_columns(const ad_tile_product *q, int64_t column, int64_t columns)
{
    int64_t i = 0;
    for (; columns == DOT_COLUMNS && q->rows - i >= DOT_ROWS; i += DOT_ROWS)
        dot_tile(q, i, column, DOT_ROWS, DOT_COLUMNS);
    for (; i < q->rows; i++)
        for (int64_t j = 0; j < columns; j++)
            dot_tile(q, i, column + j, 1, 1);
}

static void multiply_dots(const ad_tile_product *q)
{
    for (int64_t j = 0; j < q->columns; j += DOT_COLUMNS)
        dot_columns(q, j, q->columns - j < DOT_COLUMNS ? q->columns - j : DOT_COLUMNS);
}

/* ---- channels by themselves ----------------------------------------------------------- */

INLINE void channel_tile(const ad_channel_product *q, int64_t row, int64_t column, int rows)
{
    vec sum[PIXELS][2];
    const number *a = (const number *)q->a + row * q->a_row + column;
    const number *b = (const number *)q->b + column;
    number *c = (number *)q->c + row * q->c_row + column;
    int64_t columns = q->columns - column;
    for (int i = 0; i < rows; i++)
        sum[i][0] = (vec){0};
    for (int64_t r = 0; r < q->runs; r++) {
        vec term = load(b + r * q->b_row);
        const number *at = a + q->run[r];
        for (int i = 0; i < rows; i++)
            sum[i][0] += load(at + i * q->a_row) * term;
    }
    put_tile(c, q->c_row, sum, rows, 1, columns < LANES ? columns : LANES, q->add);
}

static void multiply_channels(const ad_channel_product *q)
{
    for (int64_t j = 0; j < q->columns; j += LANES) {
        int64_t i = 0;
        for (; q->rows - i >= PIXELS; i += PIXELS)
            channel_tile(q, i, j, PIXELS);
        for (; q->rows - i >= 4; i += 4)
            channel_tile(q, i, j, 4);
        for (; i < q->rows; i++)
            channel_tile(q, i, j, 1);
    }
}

INLINE void sum_tile(const ad_channel_sum *q, int64_t tap, int64_t column, int taps)
{
    vec sum[TAPS];
    const number *a[TAPS], *b = (const number *)q->b + column;
    number *c = (number *)q->c + tap * q->c_row + column;
    for (int r = 0; r < taps; r++) {
        a[r] = (const number *)q->a + q->run[tap + r] + column;
        sum[r] = (vec){0};
    }
    for (int64_t i = 0; i < q->rows; i++) {
        vec term = load(b + i * q->b_row);
        for (int r = 0; r < taps; r++)
            sum[r] += load(a[r] + i * q->a_row) * term;
    }
    for (int r = 0; r < taps; r++)
        store(c + r * q->c_row, load(c + r * q->c_row) + sum[r]);
}

static void sum_channels(const ad_channel_sum *q)
{
    for (int64_t j = 0; j < q->columns; j += LANES) {
        int64_t r = 0;
        for (; q->runs - r >= TAPS; r += TAPS)
            sum_tile(q, r, j, TAPS);
        for (; q->runs - r >= 3; r += 3)
            sum_tile(q, r, j, 3);
        for (; r < q->runs; r++)
            sum_tile(q, r, j, 1);
    }
}

/* ---- copies ---------------------------------------------------------------------------- */

static void copy(int64_t n, const void *from_data, int64_t from_step, void *to_data,
                 int64_t to_step, bool add)
{
    const number *from = from_data;
    number *to = to_data;
    for (int64_t i = 0; i < n; i++)
        to[i * to_step] = add ? to[i * to_step] + from[i * from_step] : from[i * from_step];
}

/* Whole vectors where the numbers after a pixel's are there, too. */
static void widen(int64_t n, int64_t channels, const void *from_data, int64_t from_step,
                  void *to_data, int64_t to_step)
{
    const number *from = from_data;
    number *to = to_data;
    int64_t i = 0, whole = 0;
    if (channels < LANES && to_step == LANES)
        whole = ((n - 1) * from_step + channels - LANES) / from_step;
    for (; i < whole; i++, from += from_step, to += to_step) {
        number pixel[LANES];
        memcpy(pixel, from, sizeof pixel);
        for (int k = 0; k < LANES; k++)
            to[k] = k < channels ? pixel[k] : 0;
    }
    for (; i < n; i++, from += from_step, to += to_step)
        for (int64_t k = 0; k < to_step; k++)
            to[k] = k < channels ? from[k] : 0;
}

static void fold(int64_t n, int64_t each, const void *from_data, void *to_data, bool add)
{
    const number *from = from_data;
    number *to = to_data;
    for (int64_t i = 0; i < n; i++, from += each) {
        number sum = from[0];
        for (int64_t j = 1; j < each; j++)
            sum += from[j];
        to[i] = add ? to[i] + sum : sum;
    }
}

const ad_convolution_kernel AD_CONVOLUTION = {
    .lanes = LANES,
    .multiply = multiply,
    .multiply_dots = multiply_dots,
    .multiply_channels = multiply_channels,
    .sum_channels = sum_channels,
    .copy = copy,
    .widen = widen,
    .fold = fold,
};
