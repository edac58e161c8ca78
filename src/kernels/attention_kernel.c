/* Pieces of attention on one thread, for one float type and one instruction set. The build defines
 * AD_PRODUCT, the kernel's name, AD_ROWS, rows of a tile, and what row_vectors.h needs. */
#include "kernels/attention_kernel.h"

#include "kernels/elementary.h"
#include "kernels/kernel.h"
#include "kernels/row_vectors.h"

#include <math.h>
#include <string.h>

enum { LANES = AD_LANES, ROWS = AD_ROWS, PANEL = 2 * LANES };

/* ---- products --------------------------------------------------------------------------- */

/* A tile of ROWS rows by some vectors of c (+)= a b, of one term or more. */
INLINE void tile(const number *a, int64_t a_row, int64_t a_term, const number *b, int64_t b_term,
                 int64_t terms, number *c, int64_t c_row, int vectors, bool add)
{
    vec sum[ROWS][2];
    AD_LOOP_UNROLLED
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < vectors; j++)
            sum[i][j] = (vec){0};
    do {
        vec term[2];
        for (int j = 0; j < vectors; j++)
            term[j] = load(b + j * LANES);
        AD_LOOP_UNROLLED
        for (int i = 0; i < ROWS; i++)
            for (int j = 0; j < vectors; j++)
                sum[i][j] += a[i * a_row] * term[j];
        a += a_term;
        b += b_term;
    } while (--terms > 0);
    AD_LOOP_UNROLLED
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < vectors; j++) {
            number *to = c + i * c_row + j * LANES;
            store(to, add ? load(to) + sum[i][j] : sum[i][j]);
        }
}

ROUTINE void scores(const ad_score_block *s, int64_t terms, const void *rows, const void *keys,
                    bool add)
{
    const number *b = keys;
    for (int64_t j = 0; j < s->columns; j += PANEL, b += terms * PANEL) {
        const number *a = rows;
        number *c = (number *)s->numbers + j;
        for (int64_t i = 0; i < s->rows; i += ROWS, a += terms * ROWS, c += ROWS * AD_KEYS)
            if (add)
                tile(a, 1, ROWS, b, PANEL, terms, c, AD_KEYS, 2, true);
            else
                tile(a, 1, ROWS, b, PANEL, terms, c, AD_KEYS, 2, false);
    }
}

ROUTINE void add_rows(const ad_score_block *s, int64_t keys, const void *b, int64_t step, void *out)
{
    for (int64_t i = 0; i < s->rows; i += ROWS) {
        const number *a = (const number *)s->numbers + i * AD_KEYS, *from = b;
        number *c = (number *)out + i * step;
        int64_t j = 0;
        for (; step - j >= PANEL; j += PANEL)
            tile(a, AD_KEYS, 1, from + j, step, keys, c + j, step, 2, true);
        for (; j < step; j += LANES)
            tile(a, AD_KEYS, 1, from + j, step, keys, c + j, step, 1, true);
    }
}

ROUTINE void add_columns(const ad_score_block *s, const void *b, int64_t step, void *out)
{
    for (int64_t i = 0; i < s->columns; i += ROWS) {
        const number *a = (const number *)s->numbers + i, *from = b;
        number *c = (number *)out + i * step;
        int64_t j = 0;
        for (; step - j >= PANEL; j += PANEL)
            tile(a, 1, AD_KEYS, from + j, step, s->rows, c + j, step, 2, true);
        for (; j < step; j += LANES)
            tile(a, 1, AD_KEYS, from + j, step, s->rows, c + j, step, 1, true);
    }
}

/* ---- packing ------------------------------------------------------------------------------ */

ROUTINE void pack(int64_t rows, int64_t terms, const number *x, number scale, int width,
                  number *panels)
{
    for (int64_t i = 0; i < rows; i += width, panels += width * terms) {
        int64_t some = rows - i < width ? rows - i : width;
        if (some < width)
            memset(panels, 0, (size_t)(width * terms) * sizeof *panels);
        for (int64_t r = 0; r < some; r++)
            for (int64_t p = 0; p < terms; p++)
                panels[p * width + r] = x[(i + r) * terms + p] * scale;
    }
}

ROUTINE void pack_rows(int64_t rows, int64_t terms, const void *x, double scale, void *panels)
{
    pack(rows, terms, x, (number)scale, ROWS, panels);
}

ROUTINE void pack_keys(int64_t keys, int64_t terms, const void *x, void *panels)
{
    pack(keys, terms, x, 1, PANEL, panels);
}

/* ---- rows of scores -------------------------------------------------------------------------- */

#define EACH_ROW(s)    for (int64_t r = 0; r < (s)->rows; r++)
#define EACH_NUMBER(s) AD_LOOP_APART for (int64_t i = 0; i < (s)->columns; i++)
#define ROW(s)         ((number *)(s)->numbers + r * AD_KEYS)

/* Lanes in four vectors and then of halves: no NaN is the greatest, if there is another number. */
INLINE number greatest(int64_t n, const number *x)
{
    number lane[LANES];
    for (int k = 0; k < LANES; k++)
        lane[k] = x[k];
    for (int64_t i = LANES; i < n; i += LANES)
        AD_LOOP_APART for (int k = 0; k < LANES; k++) lane[k] =
            x[i + k] > lane[k] ? x[i + k] : lane[k];
    number top = lane[0];
    for (int k = 1; k < LANES; k++)
        top = lane[k] > top ? lane[k] : top;
    return top;
}

INLINE double sum(int64_t n, const number *x)
{
    vec lanes[2] = {{0}};
    for (int64_t i = 0; i < n; i += PANEL) {
        lanes[0] += load(x + i);
        lanes[1] += load(x + i + LANES);
    }
    lanes[0] += lanes[1];
    double s = 0;
    for (int k = 0; k < LANES; k++)
        s += (double)lanes[0][k];
    return s;
}

ROUTINE void soften(const ad_score_block *s, ad_score_rows *q)
{
    EACH_ROW(s)
    {
        number *x = ROW(s);
        double top = (double)greatest(s->columns, x);
        top = top > q->top[r] ? top : q->top[r];
        const number least = top == -(double)INFINITY ? 0 : (number)top;
        EACH_NUMBER(s) x[i] = AD_EXP(x[i] - least);
        q->factor[r] = q->top[r] == top ? 1 : exp(q->top[r] - top);
        q->top[r] = top;
        q->share[r] = q->share[r] * q->factor[r] + sum(s->columns, x);
    }
}

ROUTINE void shrink(int64_t rows, int64_t step, const double *factor, void *numbers)
{
    number *x = numbers;
    for (int64_t r = 0; r < rows; r++, x += step) {
        const number f = (number)factor[r];
        if (factor[r] == 1)
            continue;
        AD_LOOP_APART for (int64_t i = 0; i < step; i++) x[i] *= f;
    }
}

ROUTINE void weigh(const ad_score_block *s, const ad_score_rows *q)
{
    EACH_ROW(s)
    {
        number *x = ROW(s);
        const number top = (number)q->top[r], share = (number)q->share[r];
        EACH_NUMBER(s) x[i] = AD_EXP(x[i] - top) * share;
    }
}

ROUTINE void move(const ad_score_block *p, const ad_score_block *t, ad_score_rows *q)
{
    EACH_ROW(p)
    {
        const number *x = ROW(p);
        number *y = ROW(t);
        EACH_NUMBER(p) y[i] *= x[i];
        q->moved[r] += sum(p->columns, y);
    }
}

ROUTINE void slope(const ad_score_block *p, const ad_score_block *g, const ad_score_rows *q,
                   double scale)
{
    const number c = (number)scale;
    EACH_ROW(p)
    {
        const number *x = ROW(p), d = (number)q->slope[r];
        number *y = ROW(g);
        EACH_NUMBER(p) y[i] = x[i] * (y[i] - d) * c;
    }
}

ROUTINE void bend(const ad_score_block *p, const ad_score_block *t, const ad_score_block *g,
                  const ad_score_block *tg, const ad_score_rows *q, double scale)
{
    const number c = (number)scale;
    EACH_ROW(p)
    {
        const number *x = ROW(p), d = (number)q->slope[r], td = (number)q->bend[r];
        const number m = (number)q->moved[r];
        number *tx = ROW(t), *y = ROW(g), *ty = ROW(tg);
        EACH_NUMBER(p)
        {
            number moved = x[i] * (tx[i] - m), from = y[i] - d;
            ty[i] = (moved * from + x[i] * (ty[i] - td)) * c;
            tx[i] = moved;
            y[i] = x[i] * from * c;
        }
    }
}

ROUTINE void dot(int64_t rows, int64_t step, const void *a, const void *b, double *found)
{
    const number *x = a, *y = b;
    for (int64_t r = 0; r < rows; r++, x += step, y += step) {
        double s = 0;
        for (int64_t i = 0; i < step; i += LANES) {
            vec v = load(x + i) * load(y + i);
            for (int k = 0; k < LANES; k++)
                s += (double)v[k];
        }
        found[r] = s;
    }
}

const ad_attention_kernel AD_PRODUCT = {PANEL,    LANES,       pack_rows, pack_keys, scores,
                                        add_rows, add_columns, soften,    shrink,    weigh,
                                        move,     slope,       bend,      dot};
