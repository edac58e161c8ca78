/* Factorisations of matrices, many at once, and what is made with them. */
#include "kernels/factor.h"

#include "kernels/factor_kernel.h"
#include "kernels/gemm.h"

#include <string.h>

/* ---- matrices ------------------------------------------------------------------------ */

ad_matrices ad_matrices_new(ad_workspace *work, int64_t count, int64_t rows, int64_t columns)
{
    ad_shape shape = AD_SHAPE(count, rows, columns);
    ad_array a = ad_scratch_array(work, AD_F64, shape);
    return (ad_matrices){a.data, count, rows, columns};
}

ad_matrices ad_matrices_copy(ad_workspace *work, const ad_matrices *m)
{
    ad_matrices copy = *m;
    if (m->data)
        copy = ad_matrices_new(work, m->count, m->rows, m->columns);
    if (copy.data)
        memcpy(copy.data, m->data, ad_matrices_size(m) * sizeof *m->data);
    return copy;
}

ad_matrices ad_matrices_zeros(ad_workspace *work, int64_t count, int64_t rows, int64_t columns)
{
    ad_matrices m = ad_matrices_new(work, count, rows, columns);
    if (m.data)
        memset(m.data, 0, ad_matrices_size(&m) * sizeof *m.data);
    return m;
}

ad_matrices ad_matrices_identity(ad_workspace *work, int64_t count, int64_t n)
{
    ad_matrices m = ad_matrices_zeros(work, count, n, n);
    for (int64_t k = 0; m.data && k < count; k++)
        for (int64_t i = 0; i < n; i++)
            ad_matrices_at(&m, k)[i * (n + 1)] = 1;
    return m;
}

/* A block: n rows that lie `step` apart. */
static ad_matrix block_of(const double *at, int64_t rows, int64_t columns, int64_t step)
{
    return (ad_matrix){at, rows, columns, step, 1};
}

static ad_matrix whole_of(const ad_matrices *m, int64_t k)
{
    return block_of(ad_matrices_at(m, k), m->rows, m->columns, m->columns);
}

/* c -= a b. The lesser factor is copied with the other sign. */
static void subtract_product(ad_workspace *work, ad_matrix a, ad_matrix b, double *c, int64_t step)
{
    ad_arena_mark start = ad_arena_here(work->arena);
    ad_matrix *less = a.rows < b.columns ? &a : &b;
    double *negative =
        ad_scratch(work, (size_t)(less->rows * less->columns + 1) * sizeof *negative);
    const double *from = less->data;
    if (!negative)
        return;
    for (int64_t i = 0; i < less->rows; i++)
        for (int64_t j = 0; j < less->columns; j++)
            negative[i * less->columns + j] = -from[i * less->row_step + j * less->column_step];
    *less = block_of(negative, less->rows, less->columns, less->columns);
    ad_gemm_add(work, AD_F64, a, b, c, step);
    ad_arena_return(work->arena, start);
}

/* Half of n, in whole blocks. */
static int64_t half_of(int64_t n)
{
    return (n / 2 + AD_BASE - 1) / AD_BASE * AD_BASE;
}

/* ---- across the lanes ------------------------------------------------------------------ */

#define FACTORS(isa) [AD_ISA_##isa] = &ad_factors_##isa,
static const ad_factor_kernel *kernels_of(const ad_workspace *work)
{
    static const ad_factor_kernel *const of[AD_ISA_COUNT] = {AD_ISA_LIST(FACTORS)};
    return of[ad_work_isa(work)];
}

/* Whether so many matrices go across the lanes: one alone has better use of them. */
static bool is_for_lanes(const ad_matrices *m)
{
    enum { FEW = 2 };
    return m->count > FEW && m->rows <= AD_SMALL && m->columns <= AD_SMALL;
}

typedef struct lanes_job {
    ad_small_kernel *kernel;
    ad_small_task whole;
    int64_t chunk;
    char *room; /* for each thread */
} lanes_job;

static void run_lanes(void *user, size_t task, int worker)
{
    const lanes_job *j = user;
    ad_small_task t = j->whole;
    int64_t begin = (int64_t)task * j->chunk, left = t.count - begin;
    t.count = left < j->chunk ? left : j->chunk;
    t.a += t.a ? begin * t.a_rows * t.a_columns : 0;
    t.b += t.b ? begin * t.b_rows * t.b_columns : 0;
    t.c += begin * t.c_rows * t.c_columns;
    t.order += t.order ? begin * t.c_rows : 0;
    t.room = j->room + (size_t)worker * AD_SMALL_ROOM;
    j->kernel(&t);
}

/* Chunks are worth another thread. Each matrix has its bits from its lane alone. */
static void across_lanes(ad_workspace *work, ad_small_kernel *kernel, const ad_matrices *a,
                         const ad_matrices *b, const ad_matrices *c, unsigned flags, int64_t *order)
{
    enum { CHUNK = 128 };
    static const ad_matrices none = {NULL, 0, 0, 0};
    a = a ? a : &none;
    b = b ? b : &none;
    ad_arena_mark start = ad_arena_here(work->arena);
    lanes_job j = {kernel,
                   {c->count, a->data, b->data, c->data, a->rows, a->columns, b->rows, b->columns,
                    c->rows, c->columns, flags, order, NULL},
                   CHUNK,
                   ad_scratch(work, (size_t)ad_work_threads(work) * AD_SMALL_ROOM)};
    if (j.room && ad_matrices_size(c))
        ad_work_share(work, (size_t)((c->count + CHUNK - 1) / CHUNK), run_lanes, &j);
    ad_arena_return(work->arena, start);
}

/* ---- products ------------------------------------------------------------------------ */

void ad_matrices_multiply(ad_workspace *work, const ad_matrices *a, const ad_matrices *b,
                          const ad_matrices *c, unsigned flags)
{
    if (is_for_lanes(a) && is_for_lanes(b) && is_for_lanes(c)) {
        across_lanes(work, kernels_of(work)->multiply, a, b, c, flags, NULL);
        return;
    }
    for (int64_t k = 0; k < c->count; k++) {
        ad_matrix x = whole_of(a, k), y = whole_of(b, k);
        x = flags & AD_TRANSPOSE_A ? ad_matrix_transposed(x) : x;
        y = flags & AD_TRANSPOSE_B ? ad_matrix_transposed(y) : y;
        if (flags & AD_SUBTRACT)
            subtract_product(work, x, y, ad_matrices_at(c, k), c->columns);
        else
            ad_gemm(work, AD_F64, x, y, flags & AD_ADD, ad_matrices_at(c, k), NULL);
    }
}

/* ---- substitution ---------------------------------------------------------------------- */

/* The part of a triangle from row i and column j on. */
static ad_matrix part_of(const ad_triangle *t, int64_t i, int64_t j, int64_t rows, int64_t columns)
{
    return (ad_matrix){t->at + i * t->row + j * t->column, rows, columns, t->row, t->column};
}

static ad_triangle triangle_from(const ad_triangle *t, int64_t i, int64_t n)
{
    ad_triangle part = *t;
    part.at += i * (t->row + t->column);
    part.n = n;
    return part;
}

/* x with t x = b in the place of b: first the half whose rows need no other. */
static void substitute_left(ad_workspace *work, const ad_triangle *t, double *x, int64_t columns,
                            int64_t step)
{
    if (t->n <= AD_BASE) {
        kernels_of(work)->left_block(t, x, columns, step);
        return;
    }
    int64_t k = half_of(t->n), rest = t->n - k;
    ad_triangle top = triangle_from(t, 0, k), bottom = triangle_from(t, k, rest);
    double *below = x + k * step;
    substitute_left(work, t->upper ? &bottom : &top, t->upper ? below : x, columns, step);
    if (t->upper)
        subtract_product(work, part_of(t, 0, k, k, rest), block_of(below, rest, columns, step), x,
                         step);
    else
        subtract_product(work, part_of(t, k, 0, rest, k), block_of(x, k, columns, step), below,
                         step);
    substitute_left(work, t->upper ? &top : &bottom, t->upper ? x : below, columns, step);
}

/* x with x t = b in the place of b. */
static void substitute_right(ad_workspace *work, const ad_triangle *t, double *x, int64_t rows,
                             int64_t step)
{
    if (t->n <= AD_BASE) {
        kernels_of(work)->right_block(t, x, rows, step);
        return;
    }
    int64_t k = half_of(t->n), rest = t->n - k;
    ad_triangle top = triangle_from(t, 0, k), bottom = triangle_from(t, k, rest);
    double *beside = x + k;
    substitute_right(work, t->upper ? &top : &bottom, t->upper ? x : beside, rows, step);
    if (t->upper)
        subtract_product(work, block_of(x, rows, k, step), part_of(t, 0, k, k, rest), beside, step);
    else
        subtract_product(work, block_of(beside, rows, rest, step), part_of(t, k, 0, rest, k), x,
                         step);
    substitute_right(work, t->upper ? &bottom : &top, t->upper ? beside : x, rows, step);
}

static void substitute(ad_workspace *work, const ad_triangle *t, ad_matrices b, int64_t k,
                       bool right)
{
    if (right)
        substitute_right(work, t, ad_matrices_at(&b, k), b.rows, b.columns);
    else
        substitute_left(work, t, ad_matrices_at(&b, k), b.columns, b.columns);
}

void ad_matrices_substitute(ad_workspace *work, const ad_matrices *t, const ad_matrices *b,
                            unsigned how)
{
    if (is_for_lanes(t) && is_for_lanes(b)) {
        across_lanes(work, kernels_of(work)->substitute, t, NULL, b, how, NULL);
        return;
    }
    bool turned = how & AD_TURNED, upper = how & AD_OF_UPPER;
    int64_t n = t->rows;
    for (int64_t k = 0; k < b->count; k++) {
        ad_triangle one = {ad_matrices_at(t, k), n, turned ? 1 : n, turned ? n : 1, turned != upper,
                           how & AD_OF_UNIT};
        substitute(work, &one, *b, k, how & AD_FROM_RIGHT);
    }
}

/* ---- Cholesky's factor ------------------------------------------------------------------- */

/* c -= x y^T in the lower triangle of c, by blocks of rows, which reach a little beyond it. */
static void subtract_lower(ad_workspace *work, ad_matrix x, ad_matrix y, double *c, int64_t step)
{
    enum { ROWS = 2 * AD_BASE };
    for (int64_t i = 0; i < x.rows; i += ROWS) {
        int64_t rows = x.rows - i < ROWS ? x.rows - i : ROWS;
        ad_matrix some = x, others = y;
        some.data = (const double *)x.data + i * x.row_step;
        some.rows = rows;
        others.rows = i + rows;
        subtract_product(work, some, ad_matrix_transposed(others), c + i * step, step);
    }
}

/* The factor of A is that of its first rows; what follows from it in the others; and the factor of what these
 * leave. */
static void cholesky(ad_workspace *work, double *a, int64_t n, int64_t step)
{
    if (n <= AD_BASE) {
        kernels_of(work)->cholesky_block(a, n, step);
        return;
    }
    int64_t k = half_of(n);
    double *below = a + k * step, *last = below + k;
    cholesky(work, a, k, step);
    substitute_right(work, &(ad_triangle){a, k, 1, step, true, false}, below, n - k, step);
    ad_matrix rows = block_of(below, n - k, k, step);
    subtract_lower(work, rows, rows, last, step);
    cholesky(work, last, n - k, step);
}

static void clear_above(double *a, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        memset(a + i * n + i + 1, 0, (size_t)(n - i - 1) * sizeof *a);
}

void ad_matrices_cholesky(ad_workspace *work, const ad_matrices *a)
{
    if (is_for_lanes(a)) {
        across_lanes(work, kernels_of(work)->cholesky, NULL, NULL, a, 0, NULL);
        return;
    }
    for (int64_t k = 0; k < a->count; k++) {
        cholesky(work, ad_matrices_at(a, k), a->rows, a->rows);
        clear_above(ad_matrices_at(a, k), a->rows);
    }
}

/* The lower triangle of n rows and what lies above it, from its mirror. */
static double *mirrored(ad_workspace *work, const double *g, int64_t n, int64_t step)
{
    double *both = ad_scratch(work, (size_t)(n * n) * sizeof *both);
    for (int64_t i = 0; both && i < n; i++) {
        for (int64_t j = 0; j < i; j++)
            both[i * n + j] = both[j * n + i] = g[i * step + j];
        both[i * n + i] = 2 * g[i * step + i];
    }
    return both;
}

/* The steps of cholesky, backwards. */
static void cholesky_back(ad_workspace *work, const double *l, double *g, int64_t n, int64_t step)
{
    if (n <= AD_BASE) {
        kernels_of(work)->cholesky_back_block(l, g, n, step);
        return;
    }
    int64_t k = half_of(n), rest = n - k;
    const double *l_below = l + k * step;
    double *below = g + k * step;
    ad_arena_mark start = ad_arena_here(work->arena);
    cholesky_back(work, l_below + k, below + k, rest, step);
    const double *both = mirrored(work, below + k, rest, step);
    if (!both)
        return;
    ad_matrix rows = block_of(l_below, rest, k, step);
    subtract_product(work, block_of(both, rest, rest, rest), rows, below, step);
    substitute_right(work, &(ad_triangle){l, k, step, 1, false, false}, below, rest, step);
    subtract_lower(work, ad_matrix_transposed(block_of(below, rest, k, step)),
                   ad_matrix_transposed(rows), g, step);
    ad_arena_return(work->arena, start);
    cholesky_back(work, l, g, k, step);
}

void ad_matrices_cholesky_back(ad_workspace *work, const ad_matrices *l, const ad_matrices *g)
{
    if (is_for_lanes(g)) {
        across_lanes(work, kernels_of(work)->cholesky_back, l, NULL, g, 0, NULL);
        return;
    }
    for (int64_t k = 0; k < g->count; k++)
        cholesky_back(work, ad_matrices_at(l, k), ad_matrices_at(g, k), g->rows, g->rows);
}

/* ---- L and U --------------------------------------------------------------------------- */

/* Columns `from` to `to`, once all before them are done. Rows are swapped whole. */
static void lu(ad_workspace *work, double *a, int64_t n, int64_t from, int64_t to, int64_t *order)
{
    enum { PANEL = 16 };
    if (to - from <= PANEL) {
        kernels_of(work)->lu_panel(a, n, from, to, order);
        return;
    }
    int64_t half = from + ((to - from) / 2 + PANEL - 1) / PANEL * PANEL;
    double *first = a + from * n + from, *beside = a + from * n + half, *below = a + half * n;
    lu(work, a, n, from, half, order);
    substitute_left(work, &(ad_triangle){first, half - from, n, 1, false, true}, beside, to - half,
                    n);
    subtract_product(work, block_of(below + from, n - half, half - from, n),
                     block_of(beside, half - from, to - half, n), below + half, n);
    lu(work, a, n, half, to, order);
}

void ad_matrices_lu(ad_workspace *work, const ad_matrices *a, int64_t *order)
{
    int64_t n = a->rows;
    if (is_for_lanes(a)) {
        across_lanes(work, kernels_of(work)->lu, NULL, NULL, a, 0, order);
        return;
    }
    for (int64_t k = 0; k < a->count; k++, order += n) {
        for (int64_t i = 0; i < n; i++)
            order[i] = i;
        lu(work, ad_matrices_at(a, k), n, 0, n, order);
    }
}

/* Row i of each matrix of `to` is row order[i] of `from`, or the other way round. */
static void reorder(const ad_matrices *from, const int64_t *order, const ad_matrices *to, bool back)
{
    int64_t n = to->columns;
    for (int64_t r = 0; r < to->count * to->rows; r++) {
        int64_t other = r / to->rows * to->rows + order[r];
        memcpy(to->data + (back ? other : r) * n, from->data + (back ? r : other) * n,
               (size_t)n * sizeof *to->data);
    }
}

void ad_matrices_lu_solve(ad_workspace *work, const ad_matrices *lu, const int64_t *order,
                          const ad_matrices *b, const ad_matrices *x, bool transposed)
{
    if (work->rejected.status != AD_OK) /* there may be no order */
        return;
    if (!transposed) {
        reorder(b, order, x, false);
        ad_matrices_substitute(work, lu, x, AD_OF_UNIT);
        ad_matrices_substitute(work, lu, x, AD_OF_UPPER);
        return;
    }
    ad_matrices y = ad_matrices_copy(work, b);
    if (!y.data)
        return;
    ad_matrices_substitute(work, lu, &y, AD_OF_UPPER | AD_TURNED);
    ad_matrices_substitute(work, lu, &y, AD_OF_UNIT | AD_TURNED);
    reorder(&y, order, x, true);
}

/* ---- eigenvalues ------------------------------------------------------------------------- */

void ad_matrices_rotate(ad_workspace *work, const ad_matrices *a, const ad_matrices *v)
{
    across_lanes(work, kernels_of(work)->eigh, v, NULL, a, 0, NULL);
}
