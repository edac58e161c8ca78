/* Matrix products on one thread, for one float type and one instruction set.
 *
 * The build compiles this file once for each pair and defines
 *
 *     AD_T        float or double
 *     AD_PRODUCT  the kernel's name
 *     AD_LANES    numbers in a vector
 *     AD_ROWS     rows of a tile: 4 or 8
 *
 * c is made in tiles of AD_ROWS rows by up to three vectors, which stay in registers while the
 * terms are added: each term is a row of b, as vectors, times a number of a for each row. a is read
 * where it lies; b is packed into a panel of the tile's width, unless few rows would use it.
 *
 * Columns that do not fill a vector go one of three ways: as dot products along the rows of a, with
 * vectors along the columns of a, or in a vector padded with zeros; whichever multiplies least.
 *
 * Each number of c is one chain of fused multiply-adds in the order of the terms (the dot products:
 * AD_LANES chains), in pieces of the given depth. Nothing else of the shape matters to it. */
#include "kernels/gemm_kernel.h"
#include "kernels/kernel.h"
#include "kernels/transpose.h"
#include "kernels/vector.h"

#include <string.h>

enum { LANES = AD_LANES, ROWS = AD_ROWS, VECTORS = 3, PANEL = VECTORS * LANES };

INLINE void put(number *to, number value, bool add)
{
    *to = add ? *to + value : value;
}

/* Some terms of the product for some of its columns: c (+)= a b. */
typedef struct piece {
    int64_t rows, terms;
    const number *a, *b; /* b: rows of the columns at hand, or what a tail makes of them */
    number *c;
    int64_t a_row, a_term, b_term, c_row;
    int64_t ahead, ahead_row; /* where a will be wanted soon, from where it is; a hint */
    bool add;
} piece;

/* ---- tiles ------------------------------------------------------------------------- */

/* Of one term or more: gcc keeps the sums in memory, too, if there may be none. */
INLINE void tile(const piece *q, int64_t row, int rows, int vectors)
{
    vec sum[ROWS][VECTORS];
    const number *a = q->a + row * q->a_row, *b = q->b;
    number *c = q->c + row * q->c_row;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < vectors; j++)
            sum[i][j] = (vec){0};
    int64_t p = 0;
    do {
        vec term[VECTORS];
        __builtin_prefetch(a + q->ahead + (p & (ROWS - 1)) * q->ahead_row, 0, 2);
        for (int j = 0; j < vectors; j++)
            term[j] = load(b + j * LANES);
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < vectors; j++)
                sum[i][j] += a[i * q->a_row] * term[j];
        a += q->a_term;
        b += q->b_term;
    } while (++p < q->terms);
    AD_LOOP_UNROLLED
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < vectors; j++) {
            number *to = c + i * q->c_row + j * LANES;
            store(to, q->add ? load(to) + sum[i][j] : sum[i][j]);
        }
}

#define TILES(vectors)                          \
    static void tiles_##vectors(const piece *q) \
    {                                           \
        int64_t i = 0, m = q->rows;             \
        for (; m - i >= ROWS; i += ROWS)        \
            tile(q, i, ROWS, vectors);          \
        for (; ROWS > 4 && m - i >= 4; i += 4)  \
            tile(q, i, 4, vectors);             \
        for (; m - i >= 2; i += 2)              \
            tile(q, i, 2, vectors);             \
        if (m - i >= 1)                         \
            tile(q, i, 1, vectors);             \
    }
TILES(1)
TILES(2)
TILES(3)

/* ---- packing b --------------------------------------------------------------------- */

INLINE void transpose(vec v[LANES])
{
    AD_TRANSPOSE(vec, AD_LANES, v)
}

static void pack_columns(const number *b, int64_t column, int64_t terms, int width, number *panel)
{
    int64_t p = 0;
    for (; terms - p >= LANES; p += LANES)
        for (int j = 0; j < width; j += LANES) {
            vec v[LANES];
            for (int i = 0; i < LANES; i++)
                v[i] = load(b + (j + i) * column + p);
            transpose(v);
            for (int i = 0; i < LANES; i++)
                store(panel + (p + i) * width + j, v[i]);
        }
    for (; p < terms; p++)
        for (int j = 0; j < width; j++)
            panel[p * width + j] = b[j * column + p];
}

/* The numbers of `width` columns, row by row. */
static void pack(const number *b, int64_t row, int64_t column, int64_t terms, int width,
                 number *panel)
{
    if (column != 1 && row == 1 && width % LANES == 0) {
        pack_columns(b, column, terms, width, panel);
        return;
    }
    for (int64_t p = 0; p < terms; p++, b += row, panel += width)
        if (column == 1 && width == PANEL)
            memcpy(panel, b, PANEL * sizeof *panel);
        else
            for (int j = 0; j < width; j++)
                panel[j] = b[j * column];
}

/* ---- columns that do not fill a vector ---------------------------------------------- */

/* Halves are added to halves. */
typedef number vec_2 __attribute__((vector_size(2 * sizeof(AD_T))));
INLINE number sum_2(vec_2 v)
{
    return v[0] + v[1];
}
#if AD_LANES >= 4
typedef number vec_4 __attribute__((vector_size(4 * sizeof(AD_T))));
INLINE number sum_4(vec_4 v)
{
    return sum_2(__builtin_shufflevector(v, v, 0, 1) + __builtin_shufflevector(v, v, 2, 3));
}
#endif
#if AD_LANES >= 8
typedef number vec_8 __attribute__((vector_size(8 * sizeof(AD_T))));
INLINE number sum_8(vec_8 v)
{
    return sum_4(__builtin_shufflevector(v, v, 0, 1, 2, 3) +
                 __builtin_shufflevector(v, v, 4, 5, 6, 7));
}
#endif
#if AD_LANES >= 16
typedef number vec_16 __attribute__((vector_size(16 * sizeof(AD_T))));
INLINE number sum_16(vec_16 v)
{
    return sum_8(__builtin_shufflevector(v, v, 0, 1, 2, 3, 4, 5, 6, 7) +
                 __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15));
}
#endif
#if AD_LANES == 2
#define sum_of sum_2
#elif AD_LANES == 4
#define sum_of sum_4
#elif AD_LANES == 8
#define sum_of sum_8
#else
#define sum_of sum_16
#endif

/* b holds whole columns, one after another. */
INLINE void dot(const piece *q, int64_t row, int64_t column, int rows, int columns)
{
    vec sum[ROWS][2];
    const number *a = q->a + row * q->a_row, *b = q->b + column * q->terms;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++)
            sum[i][j] = (vec){0};
    int64_t p = 0;
    for (; q->terms - p >= LANES; p += LANES)
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++)
                sum[i][j] += load(a + i * q->a_row + p) * load(b + j * q->terms + p);
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            number s = sum_of(sum[i][j]);
            for (int64_t r = p; r < q->terms; r++)
                s += a[i * q->a_row + r] * b[j * q->terms + r];
            put(q->c + (row + i) * q->c_row + column + j, s, q->add);
        }
}

static void dots(const piece *q, int64_t columns)
{
    int64_t i = 0;
    for (; q->rows - i >= ROWS; i += ROWS) {
        int64_t j = 0;
        for (; columns - j >= 2; j += 2)
            dot(q, i, j, ROWS, 2);
        if (columns - j >= 1)
            dot(q, i, j, ROWS, 1);
    }
    for (; i < q->rows; i++)
        for (int64_t j = 0; j < columns; j++)
            dot(q, i, j, 1, 1);
}

/* b's rows lie together; so do the columns of a. */
INLINE void along(const piece *q, int64_t row, int64_t column, int vectors, int columns)
{
    vec sum[2][4];
    const number *a = q->a + row, *b = q->b + column;
    for (int j = 0; j < columns; j++)
        for (int i = 0; i < vectors; i++)
            sum[j][i] = (vec){0};
    for (int64_t p = 0; p < q->terms; p++, a += q->a_term, b += q->b_term)
        for (int i = 0; i < vectors; i++) {
            vec x = load(a + i * LANES);
            for (int j = 0; j < columns; j++)
                sum[j][i] += b[j] * x;
        }
    number c[4 * LANES];
    for (int j = 0; j < columns; j++) {
        for (int i = 0; i < vectors; i++)
            store(c + i * LANES, sum[j][i]);
        for (int i = 0; i < vectors * LANES; i++)
            put(q->c + (row + i) * q->c_row + column + j, c[i], q->add);
    }
}

static void along_rest(const piece *q, int64_t row, int64_t columns)
{
    for (; row < q->rows; row++)
        for (int64_t j = 0; j < columns; j++) {
            number sum = 0;
            for (int64_t p = 0; p < q->terms; p++)
                sum += q->b[p * q->b_term + j] * q->a[row + p * q->a_term];
            put(q->c + row * q->c_row + j, sum, q->add);
        }
}

static void alongs(const piece *q, int64_t columns)
{
    int64_t i = 0, j = 0;
    for (; q->rows - i >= 4 * LANES; i += 4 * LANES) {
        for (j = 0; columns - j >= 2; j += 2)
            along(q, i, j, 4, 2);
        if (columns - j >= 1)
            along(q, i, j, 4, 1);
    }
    for (; q->rows - i >= LANES; i += LANES)
        for (j = 0; j < columns; j++)
            along(q, i, j, 1, 1);
    along_rest(q, i, columns);
}

/* b holds vectors with zeros after the columns. */
static void padded(const piece *q, int64_t columns)
{
    number room[ROWS * LANES];
    piece part = *q;
    part.c = room;
    part.c_row = LANES;
    part.add = false;
    for (int64_t i = 0; i < q->rows; i += ROWS, part.a += ROWS * q->a_row) {
        part.rows = q->rows - i < ROWS ? q->rows - i : ROWS;
        tiles_1(&part);
        for (int64_t r = 0; r < part.rows; r++)
            for (int64_t j = 0; j < columns; j++)
                put(q->c + (i + r) * q->c_row + j, room[r * LANES + j], q->add);
    }
}

/* ---- the product -------------------------------------------------------------------- */

typedef void ways(const piece *q, int64_t columns);

/* Packs the columns that do not fill a vector, and returns the way that they go. Which way it is does
 * not depend on the rows, as far as bits are concerned: only dots add in another order. */
static ways *plan_tail(piece *q, const ad_gemm_task *s, const number *b, int64_t columns)
{
    int64_t row = s->b.row_step, column = s->b.column_step;
    number *room = (number *)s->room + s->depth * PANEL;
    bool along_rows = s->a.column_step == 1 && columns * (q->terms / LANES + 8) < q->terms;
    bool along_columns = s->a.row_step == 1 && q->rows >= LANES && 2 * columns <= LANES;
    int64_t to_term = along_rows ? 1 : along_columns ? columns : LANES;
    int64_t to_column = along_rows ? q->terms : 1;
    q->b = room;
    q->b_term = to_term;
    if (!along_rows && !along_columns)
        memset(room, 0, (size_t)q->terms * sizeof(vec));
    for (int64_t p = 0; p < q->terms; p++)
        for (int64_t j = 0; j < columns; j++)
            room[p * to_term + j * to_column] = b[p * row + j * column];
    return along_rows ? dots : along_columns ? alongs : padded;
}

static void plan_panel(piece *q, const ad_gemm_task *s, const number *b, int vectors)
{
    int width = vectors * LANES;
    bool as_it_lies = s->b.column_step == 1 && q->rows <= 4 * ROWS;
    q->b = as_it_lies ? b : s->room;
    q->b_term = as_it_lies ? s->b.row_step : width;
    if (!as_it_lies)
        pack(b, s->b.row_step, s->b.column_step, q->terms, width, s->room);
}

static void tiles(const piece *q, int vectors)
{
    if (vectors == 3)
        tiles_3(q);
    else if (vectors == 2)
        tiles_2(q);
    else if (vectors == 1)
        tiles_1(q);
}

/* A panel of columns and, with the last, those that do not fill a vector: both for some rows at a
 * time, so that a comes from the cache the second time. */
static void group(const piece *q, const ad_gemm_task *s, const number *b, int vectors, int64_t left)
{
    enum { BLOCK = 128 };
    piece main = *q, rest = *q;
    ways *way = NULL;
    plan_panel(&main, s, b, vectors);
    rest.c += vectors * LANES;
    if (left)
        way = plan_tail(&rest, s, b + vectors * LANES * s->b.column_step, left);
    for (int64_t i = 0; i < q->rows; i += BLOCK) {
        main.rows = rest.rows = q->rows - i < BLOCK ? q->rows - i : BLOCK;
        tiles(&main, vectors);
        if (left)
            way(&rest, left);
        main.a = rest.a += BLOCK * q->a_row;
        main.c += BLOCK * q->c_row;
        rest.c += BLOCK * q->c_row;
    }
}

/* What to bring to the cache: the same of the next piece where terms lie far apart, else rows that
 * come a few tiles later. */
static void look_ahead(piece *q, const ad_gemm_task *s, int64_t left)
{
    enum { TILES = 4 };
    bool hop = s->a.column_step != 1;
    q->ahead_row = hop ? 0 : q->a_row;
    if (!hop)
        q->ahead = TILES * ROWS * q->a_row;
    else if (left >= 2 * s->depth)
        q->ahead = s->depth * q->a_term;
}

void AD_PRODUCT(const ad_gemm_task *s)
{
    int64_t k = s->a.columns, n = s->b.columns;
    for (int64_t p = 0; p < k; p += s->depth) {
        const number *b = (const number *)s->b.data + p * s->b.row_step;
        piece q = {.rows = s->a.rows,
                   .terms = k - p < s->depth ? k - p : s->depth,
                   .a = (const number *)s->a.data + p * s->a.column_step,
                   .a_row = s->a.row_step,
                   .a_term = s->a.column_step,
                   .c_row = s->c_step,
                   .add = s->add || p > 0};
        look_ahead(&q, s, k - p);
        for (int64_t j = 0, left, vectors; (left = n - j) > 0; j += vectors * LANES) {
            vectors = left / LANES < VECTORS ? left / LANES : VECTORS;
            bool last = left - vectors * LANES < LANES;
            q.c = (number *)s->c + j;
            group(&q, s, b + j * s->b.column_step, (int)vectors, last ? left - vectors * LANES : 0);
            if (last)
                break;
        }
    }
}
