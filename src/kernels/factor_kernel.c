/* Small matrices of f64, and blocks of large ones, for one instruction set.
 *
 * The build compiles this file once for each set and defines
 *
 *     AD_FACTORS  the name of its kernels
 *     AD_T        double
 *     AD_LANES    numbers in a vector */
#include "kernels/factor_kernel.h"

#include "kernels/factor.h"
#include "kernels/kernel.h"
#include "kernels/transpose.h"
#include "kernels/vector.h"

#include <math.h>
#include <string.h>

enum { LANES = AD_LANES, SIDE = AD_SMALL * AD_SMALL };

INLINE vec pick(MASK m, vec yes, vec no)
{
    return (vec)(((MASK)yes & m) | ((MASK)no & ~m));
}

INLINE vec root(vec x)
{
    for (int k = 0; k < LANES; k++)
        x[k] = sqrt(x[k]);
    return x;
}

INLINE void transpose(vec v[LANES])
{
    AD_TRANSPOSE(vec, AD_LANES, v)
}

/* ---- steps for numbers and for vectors ------------------------------------------------- */

/* The lower factor in the place of the lower triangle of a: column by column, each taken from all that follow. */
#define CHOLESKY(NUMBER, root)                                         \
    {                                                                  \
        NUMBER column[AD_BASE];                                        \
        for (int64_t k = 0; k < n; k++) {                              \
            NUMBER pivot = root(a[k * step + k]), inverse = 1 / pivot; \
            a[k * step + k] = pivot;                                   \
            for (int64_t i = k + 1; i < n; i++)                        \
                column[i] = a[i * step + k] *= inverse;                \
            for (int64_t i = k + 1; i < n; i++)                        \
                for (int64_t j = k + 1; j <= i; j++)                   \
                    a[i * step + j] -= column[i] * column[j];          \
        }                                                              \
    }

/* The same backwards (Murray 2016, 3.1): the rows from the last on, each with its diagonal and what is below. */
#define CHOLESKY_BACK(NUMBER)                                              \
    for (int64_t j = n - 1; j >= 0; j--) {                                 \
        const NUMBER *row = l + j * step;                                  \
        NUMBER *to = g + j * step, inverse = 1 / row[j], diagonal = to[j]; \
        for (int64_t i = j + 1; i < n; i++) {                              \
            g[i * step + j] *= inverse;                                    \
            diagonal -= l[i * step + j] * g[i * step + j];                 \
        }                                                                  \
        diagonal *= inverse;                                               \
        for (int64_t k = 0; k < j; k++)                                    \
            to[k] -= diagonal * row[k];                                    \
        for (int64_t i = j + 1; i < n; i++) {                              \
            NUMBER below = g[i * step + j];                                \
            for (int64_t k = 0; k < j; k++) {                              \
                to[k] -= below * l[i * step + k];                          \
                g[i * step + k] -= below * row[k];                         \
            }                                                              \
        }                                                                  \
        to[j] = diagonal / 2;                                              \
    }

INLINE void vec_cholesky(vec *a, int64_t n, int64_t step)
{
    CHOLESKY(vec, root)
}

static void cholesky_block(double *a, int64_t n, int64_t step){CHOLESKY(double, sqrt)}

INLINE void vec_cholesky_back(const vec *l, vec *g, int64_t n, int64_t step)
{
    CHOLESKY_BACK(vec)
}

static void cholesky_back_block(const double *l, double *g, int64_t n, int64_t step)
{
    CHOLESKY_BACK(double)
}

/* ---- in and out of lanes ------------------------------------------------------------- */

/* The numbers of up to LANES matrices, `size` each, that begin `each` apart: to[i] has number i of all. Where matrices are
 * missing, the last goes into more lanes than one. */
static void spread(const double *from, int64_t each, int64_t size, int64_t count, vec *to)
{
    int64_t i = 0;
    for (; count >= LANES && size - i >= LANES; i += LANES) {
        vec v[LANES];
        for (int k = 0; k < LANES; k++)
            v[k] = load(from + k * each + i);
        transpose(v);
        for (int k = 0; k < LANES; k++)
            to[i + k] = v[k];
    }
    for (; i < size; i++)
        for (int k = 0; k < LANES; k++)
            to[i][k] = from[(k < count ? k : count - 1) * each + i];
}

static void collect(const vec *from, int64_t each, int64_t size, int64_t count, double *to)
{
    int64_t i = 0;
    for (; count >= LANES && size - i >= LANES; i += LANES) {
        vec v[LANES];
        for (int k = 0; k < LANES; k++)
            v[k] = from[i + k];
        transpose(v);
        for (int k = 0; k < LANES; k++)
            store(to + k * each + i, v[k]);
    }
    for (; i < size; i++)
        for (int k = 0; k < LANES && k < count; k++)
            to[k * each + i] = from[i][k];
}

/* What a kernel does with LANES matrices, or those that are left. */
typedef void group(const ad_small_task *t, vec *a, vec *b, vec *c);

INLINE void each_group(const ad_small_task *t, bool reads, group *work)
{
    vec *a = (vec *)(((uintptr_t)t->room + 63) & ~(uintptr_t)63), *b = a + SIDE, *c = b + SIDE;
    int64_t a_size = t->a_rows * t->a_columns, b_size = t->b_rows * t->b_columns;
    int64_t c_size = t->c_rows * t->c_columns;
    ad_small_task s = *t;
    for (int64_t left = t->count; left > 0; left -= LANES) {
        s.count = left < LANES ? left : LANES;
        if (s.a)
            spread(s.a, a_size, a_size, s.count, a);
        if (s.b)
            spread(s.b, b_size, b_size, s.count, b);
        if (reads)
            spread(s.c, c_size, c_size, s.count, c);
        work(&s, a, b, c);
        collect(c, c_size, c_size, s.count, s.c);
        s.a += s.a ? LANES * a_size : 0;
        s.b += s.b ? LANES * b_size : 0;
        s.c += LANES * c_size;
        s.order += s.order ? LANES * t->c_rows : 0;
    }
}

/* ---- across the lanes ------------------------------------------------------------------ */

INLINE void multiply_group(const ad_small_task *t, vec *a, vec *b, vec *c)
{
    bool a_turns = t->flags & AD_TRANSPOSE_A, b_turns = t->flags & AD_TRANSPOSE_B;
    int64_t terms = a_turns ? t->a_rows : t->a_columns;
    int64_t a_row = a_turns ? 1 : t->a_columns, a_term = a_turns ? t->a_columns : 1;
    int64_t b_term = b_turns ? 1 : t->b_columns, b_column = b_turns ? t->b_columns : 1;
    for (int64_t i = 0; i < t->c_rows; i++)
        for (int64_t j = 0; j < t->c_columns; j++) {
            const vec *x = a + i * a_row, *y = b + j * b_column;
            vec sum = {0}, *to = c + i * t->c_columns + j;
            for (int64_t p = 0; p < terms; p++)
                sum += x[p * a_term] * y[p * b_term];
            *to = t->flags & AD_SUBTRACT ? *to - sum : t->flags & AD_ADD ? *to + sum : sum;
        }
}

/* Where rows go backwards, an upper triangle is a lower one. From the right it is the transposed from the left. */
INLINE void substitute_group(const ad_small_task *t, vec *a, vec *b, vec *c)
{
    bool right = t->flags & AD_FROM_RIGHT, unit = t->flags & AD_OF_UNIT;
    bool turned = !(t->flags & AD_TURNED) == right, upper = !(t->flags & AD_OF_UPPER) == turned;
    int64_t n = t->a_rows, m = right ? t->c_rows : t->c_columns;
    int64_t row = turned ? 1 : n, column = turned ? n : 1;
    int64_t x_row = right ? 1 : t->c_columns, x_column = right ? t->c_columns : 1;
    (void)b;
    if (upper) {
        a += (n - 1) * (row + column);
        c += (n - 1) * x_row;
        row = -row;
        column = -column;
        x_row = -x_row;
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++) {
            vec *x = c + j * x_column, sum = x[i * x_row];
            for (int64_t k = 0; k < i; k++)
                sum -= a[i * row + k * column] * x[k * x_row];
            x[i * x_row] = unit ? sum : sum / a[i * (row + column)];
        }
}

INLINE void cholesky_group(const ad_small_task *t, vec *a, vec *b, vec *c)
{
    (void)a, (void)b;
    vec_cholesky(c, t->c_rows, t->c_rows);
    for (int64_t i = 0; i < t->c_rows; i++)
        for (int64_t j = i + 1; j < t->c_rows; j++)
            c[i * t->c_rows + j] = (vec){0};
}

INLINE void cholesky_back_group(const ad_small_task *t, vec *a, vec *b, vec *c)
{
    (void)b;
    vec_cholesky_back(a, c, t->c_rows, t->c_rows);
}

/* Each lane has a row of its own that its row k is swapped with. */
INLINE void choose_pivots(vec *c, vec *order, int64_t n, int64_t k)
{
    vec best = {0}, at = {0};
    for (int64_t i = k; i < n; i++) {
        vec x = c[i * n + k], size = pick(x < 0, -x, x);
        MASK more = size > best;
        best = pick(more, size, best);
        at = pick(more, (vec){0} + (double)i, at);
    }
    for (int64_t i = k + 1; i < n; i++) {
        MASK here = at == (vec){0} + (double)i;
        for (int64_t j = 0; j < n; j++) {
            vec x = c[k * n + j], y = c[i * n + j];
            c[k * n + j] = pick(here, y, x);
            c[i * n + j] = pick(here, x, y);
        }
        vec x = order[k], y = order[i];
        order[k] = pick(here, y, x);
        order[i] = pick(here, x, y);
    }
}

INLINE void lu_group(const ad_small_task *t, vec *a, vec *b, vec *c)
{
    int64_t n = t->c_rows;
    (void)a;
    for (int64_t i = 0; i < n; i++)
        b[i] = (vec){0} + (double)i;
    for (int64_t k = 0; k < n; k++) {
        choose_pivots(c, b, n, k);
        vec pivot = c[k * n + k], below = pick(pivot == 0, (vec){0} + 1, pivot);
        for (int64_t i = k + 1; i < n; i++) {
            vec l = c[i * n + k] /= below;
            for (int64_t j = k + 1; j < n; j++)
                c[i * n + j] -= l * c[k * n + j];
        }
    }
    for (int64_t k = 0; k < t->count; k++)
        for (int64_t i = 0; i < n; i++)
            t->order[k * n + i] = (int64_t)b[i][k];
}

/* ---- eigenvalues, by Jacobi's rotations -------------------------------------------------- */

/* The sine and cosine that turn rows p and q of a symmetric matrix so that [p, q] becomes 0. */
INLINE void find_angle(vec pp, vec qq, vec pq, vec *sine, vec *cosine)
{
    vec d = qq - pp, h = 2 * pq, r = root(d * d + h * h), none = {0};
    MASK turns = r > 0;
    vec t = pick(turns, h / pick(turns, pick(d < 0, d - r, d + r), none + 1), none);
    *cosine = 1 / root(1 + t * t);
    *sine = t * *cosine;
}

/* Two rows, or two columns. */
INLINE void turn(vec *p, vec *q, int64_t n, int64_t step, vec sine, vec cosine)
{
    for (int64_t k = 0; k < n * step; k += step) {
        vec x = p[k], y = q[k];
        p[k] = cosine * x - sine * y;
        q[k] = sine * x + cosine * y;
    }
}

/* All pairs once: a tends to a diagonal of eigenvalues, and the rows of v to their vectors. */
static void sweep(vec *a, vec *v, int64_t n)
{
    for (int64_t p = 0; p < n; p++)
        for (int64_t q = p + 1; q < n; q++) {
            vec sine, cosine;
            find_angle(a[p * n + p], a[q * n + q], a[p * n + q], &sine, &cosine);
            turn(a + p * n, a + q * n, n, 1, sine, cosine);
            turn(a + p, a + q, n, n, sine, cosine);
            turn(v + p * n, v + q * n, n, 1, sine, cosine);
            a[p * n + q] = a[q * n + p] = (vec){0};
        }
}

/* Whether all lanes have next to nothing beside their diagonals. */
static bool is_diagonal(const vec *a, int64_t n)
{
    vec on = {0}, beside = {0};
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            *(i == j ? &on : &beside) += a[i * n + j] * a[i * n + j];
    for (int k = 0; k < LANES; k++)
        if (beside[k] > 1e-36 * on[k])
            return false;
    return true;
}

INLINE void eigh_group(const ad_small_task *t, vec *a, vec *b, vec *c)
{
    enum { MOST_SWEEPS = 30 };
    int64_t n = t->c_rows;
    (void)b;
    for (int64_t i = 0; i < n * n; i++)
        a[i] = (vec){0} + (i % (n + 1) == 0);
    for (int s = 0; s < MOST_SWEEPS && !is_diagonal(c, n); s++)
        sweep(c, a, n);
    collect(a, n * n, n * n, t->count, (double *)(uintptr_t)t->a);
}

static void multiply(const ad_small_task *t)
{
    each_group(t, t->flags & (AD_ADD | AD_SUBTRACT), multiply_group);
}

static void substitute(const ad_small_task *t)
{
    each_group(t, true, substitute_group);
}

static void cholesky(const ad_small_task *t)
{
    each_group(t, true, cholesky_group);
}

static void cholesky_back(const ad_small_task *t)
{
    each_group(t, true, cholesky_back_group);
}

static void lu(const ad_small_task *t)
{
    each_group(t, true, lu_group);
}

static void eigh(const ad_small_task *t)
{
    each_group(t, true, eigh_group);
}

/* ---- one block ------------------------------------------------------------------------- */

/* Some columns of x, which stay in registers. */
INLINE void left_columns(const ad_triangle *t, double *x, int64_t step, int vectors)
{
    for (int64_t s = 0; s < t->n; s++) {
        int64_t i = t->upper ? t->n - 1 - s : s, first = t->upper ? i + 1 : 0;
        vec sum[4];
        for (int j = 0; j < vectors; j++)
            sum[j] = load(x + i * step + j * LANES);
        for (int64_t k = first; k < first + s; k++)
            for (int j = 0; j < vectors; j++)
                sum[j] -= t->at[i * t->row + k * t->column] * load(x + k * step + j * LANES);
        for (int j = 0; j < vectors; j++)
            store(x + i * step + j * LANES,
                  t->unit ? sum[j] : sum[j] / t->at[i * (t->row + t->column)]);
    }
}

static void left_block(const ad_triangle *t, double *x, int64_t columns, int64_t step)
{
    int64_t c = 0;
    for (; columns - c >= 4 * LANES; c += 4 * LANES)
        left_columns(t, x + c, step, 4);
    for (; columns - c >= LANES; c += LANES)
        left_columns(t, x + c, step, 1);
    for (; c < columns; c++)
        for (int64_t s = 0; s < t->n; s++) {
            int64_t i = t->upper ? t->n - 1 - s : s, first = t->upper ? i + 1 : 0;
            double sum = x[i * step + c];
            for (int64_t k = first; k < first + s; k++)
                sum -= t->at[i * t->row + k * t->column] * x[k * step + c];
            x[i * step + c] = t->unit ? sum : sum / t->at[i * (t->row + t->column)];
        }
}

/* Rows go across the lanes, LANES at a time: number i of each, once it is there, is taken from those that are left. */
static void right_block(const ad_triangle *t, double *x, int64_t rows, int64_t step)
{
    vec row[AD_BASE];
    for (int64_t left = rows; left > 0; left -= LANES, x += LANES * step) {
        spread(x, step, t->n, left < LANES ? left : LANES, row);
        for (int64_t s = 0; s < t->n; s++) {
            int64_t i = t->upper ? s : t->n - 1 - s, first = t->upper ? i + 1 : 0;
            const double *of = t->at + i * t->row;
            vec found = row[i] = t->unit ? row[i] : row[i] / of[i * t->column];
            for (int64_t j = first; j < first + t->n - 1 - s; j++)
                row[j] -= found * of[j * t->column];
        }
        collect(row, step, t->n, left < LANES ? left : LANES, x);
    }
}

static int64_t choose_pivot(const double *a, int64_t n, int64_t k)
{
    int64_t at = k;
    for (int64_t i = k + 1; i < n; i++)
        if (fabs(a[i * n + k]) > fabs(a[at * n + k]))
            at = i;
    return at;
}

static void swap_rows(double *a, int64_t n, int64_t i, int64_t j, int64_t *order)
{
    int64_t kept = order[i];
    order[i] = order[j];
    order[j] = kept;
    for (int64_t k = 0; k < n; k++) {
        double x = a[i * n + k];
        a[i * n + k] = a[j * n + k];
        a[j * n + k] = x;
    }
}

static void lu_panel(double *a, int64_t n, int64_t from, int64_t to, int64_t *order)
{
    for (int64_t k = from; k < to; k++) {
        int64_t at = choose_pivot(a, n, k);
        if (at != k)
            swap_rows(a, n, at, k, order);
        double pivot = a[k * n + k], below = pivot == 0 ? 1 : pivot;
        const double *row = a + k * n;
        for (int64_t i = k + 1; i < n; i++) {
            double *x = a + i * n, l = x[k] /= below;
            for (int64_t j = k + 1; j < to; j++)
                x[j] -= l * row[j];
        }
    }
}

const ad_factor_kernel AD_FACTORS = {.multiply = multiply,
                                     .substitute = substitute,
                                     .cholesky = cholesky,
                                     .cholesky_back = cholesky_back,
                                     .lu = lu,
                                     .eigh = eigh,
                                     .cholesky_block = cholesky_block,
                                     .cholesky_back_block = cholesky_back_block,
                                     .left_block = left_block,
                                     .right_block = right_block,
                                     .lu_panel = lu_panel};
