/* Products xᵀ z of matrices with many rows, on one thread, for one float type and one instruction set.
 *
 * The build compiles this file once for each pair for which it pays and defines
 *
 *     AD_T        float or double
 *     AD_PRODUCT  the kernel's name
 *     AD_LANES    numbers in a vector
 *
 * They are for seven columns of z or more, and for 32 registers.
 *
 * A term is a row of x and a row of z. What decides is how x comes to the processor, for its rows lie far
 * apart, and there are too many for the cache. So the result is made turned, cᵀ [n, k], in tiles of some
 * columns of z by two vectors of x, which are whole lines of the cache. The terms come in pieces: while one
 * is used, panel after panel, for all columns of z, the next is fetched, in the order in which it lies and
 * at an even pace. Sums of pieces are added up in a room of their own, which is turned at the end.
 *
 * Each number of c is a chain of fused multiply-adds in the order of the terms, in pieces of the given
 * depth. Nothing else of the shape matters to it. */
#include "kernels/gemm_kernel.h"
#include "kernels/kernel.h"
#include "kernels/vector.h"

#include <string.h>

enum { LANES = AD_LANES, PANEL = 2 * LANES, COLUMNS = 14 };

INLINE void add_to(number *to, vec v)
{
    *(loose_vec *)to += v;
}

/* ---- fetching -------------------------------------------------------------------------- */

/* Where in the next piece of x the fetching is. Addresses are numbers, for in the end they point past it. */
typedef struct ahead {
    uintptr_t at, row_end;
    uintptr_t step;     /* for each term of a tile; up to two lines of the cache */
    uintptr_t gap, row; /* from the end of a row to the next, from row to row */
} ahead;

INLINE void fetch(ahead *next)
{
    __builtin_prefetch((const void *)next->at, 0, 2);
    __builtin_prefetch((const void *)(next->at + next->step / 2), 0, 2);
    next->at += next->step;
    bool over = next->at >= next->row_end;
    next->at += over ? next->gap : 0;
    next->row_end += over ? next->row : 0;
}

/* ---- tiles ----------------------------------------------------------------------------- */

/* Two vectors of columns of x, for some terms: one or more. */
typedef struct panel {
    const number *x;
    int64_t x_row, terms, sums_row;
    ahead *next;
} panel;

/* sums += zᵀ x; z is packed. */
INLINE void tile(const panel *q, const number *z, number *sums, int columns)
{
    vec sum[COLUMNS][2];
    ahead next = *q->next;
    const number *x = q->x;
    int64_t left = q->terms;
    for (int i = 0; i < columns; i++)
        sum[i][0] = sum[i][1] = (vec){0};
    do {
        vec low = load(x), high = load(x + LANES);
        fetch(&next);
        for (int i = 0; i < columns; i++) {
            sum[i][0] += z[i] * low;
            sum[i][1] += z[i] * high;
        }
        x += q->x_row;
        z += columns;
    } while (--left > 0);
    *q->next = next;
    AD_LOOP_UNROLLED
    for (int i = 0; i < columns; i++, sums += q->sums_row) {
        add_to(sums, sum[i][0]);
        add_to(sums + LANES, sum[i][1]);
    }
}

#define TILE(columns)                                                         \
    static void tile_##columns(const panel *q, const number *z, number *sums) \
    {                                                                         \
        tile(q, z, sums, columns);                                            \
    }
TILE(8)
TILE(10)
TILE(12)
TILE(14)

typedef void tile_kernel(const panel *q, const number *z, number *sums);
static tile_kernel *const tiles[] = {tile_8, tile_10, tile_12, tile_14};

/* ---- packing --------------------------------------------------------------------------- */

/* Two numbers of a row of which so many are left: a zero after the last. */
INLINE void pack_pair(const number *from, int64_t step, int64_t left, number *to)
{
    if (step == 1 && left >= 2) {
        memcpy(to, from, 2 * sizeof *to);
        return;
    }
    to[0] = from[0];
    to[1] = left >= 2 ? from[step] : 0;
}

/* Numbers row by row, each row from a place of its own. */
static void pack(const ad_matrix *m, int64_t to_row, number *to)
{
    const number *from = m->data;
    int64_t step = m->column_step;
    for (int64_t p = 0; p < m->rows; p++, from += m->row_step, to += to_row) {
        int64_t j = 0;
        for (; step == 1 && m->columns - j >= LANES; j += LANES)
            *(loose_vec *)(to + j) = load(from + j);
        AD_LOOP_ROLLED
        for (; j < m->columns; j += 2)
            pack_pair(from + j * step, step, m->columns - j, to + j);
    }
}

/* ---- the product ----------------------------------------------------------------------- */

/* The columns of z by groups, as even as pairs allow; and what a task has in its room. */
typedef struct plan {
    const ad_gemm_task *task;
    int64_t columns, groups; /* an even number, zeros included */
    int64_t width, wider;    /* columns of a group; so many groups have two more */
    number *sums, *x, *z;    /* cᵀ; the rest of x, and zeros; columns of z by groups */
    int64_t sums_row;
} plan;

static plan plan_task(const ad_gemm_task *s)
{
    plan l = {.task = s, .columns = (s->b.columns + 1) / 2 * 2, .z = s->room};
    l.groups = (l.columns + COLUMNS - 1) / COLUMNS;
    l.width = l.columns / 2 / l.groups * 2;
    l.wider = (l.columns - l.width * l.groups) / 2;
    l.sums_row = ad_tall_row(s->a.rows, sizeof(number)) / (int64_t)sizeof(number);
    l.x = l.z + l.columns * s->depth;
    l.sums = l.x + s->depth * PANEL;
    return l;
}

static int64_t group_width(const plan *l, int64_t group)
{
    return l->width + (group < l->wider ? 2 : 0);
}

/* The columns of z of some terms. */
static void pack_groups(const plan *l, int64_t first, int64_t terms)
{
    const ad_matrix *b = &l->task->b;
    const number *z = (const number *)b->data + first * b->row_step;
    int64_t begin = 0, width;
    for (int64_t g = 0; g < l->groups; g++, begin += width) {
        width = group_width(l, g);
        int64_t left = b->columns - begin;
        ad_matrix some = {z + begin * b->column_step, terms, left < width ? left : width,
                          b->row_step, b->column_step};
        pack(&some, width, l->z + begin * terms);
    }
}

static void add_panel(const plan *l, const panel *q, number *sums)
{
    const number *z = l->z;
    for (int64_t g = 0; g < l->groups; g++) {
        int64_t width = group_width(l, g);
        tiles[(width / 2 - 4) & 3](q, z, sums); /* & 3: for analysers */
        z += width * q->terms;
        sums += width * l->sums_row;
    }
}

/* The piece after the one that begins at a term, at such a pace that it is there with the last tile. After the last
 * piece nothing moves. */
static ahead look_ahead(const plan *l, int64_t first)
{
    const ad_matrix *a = &l->task->a;
    int64_t begin = first + l->task->depth, size = sizeof(number);
    int64_t bytes = a->rows * size, steps = (a->rows + PANEL - 1) / PANEL * l->groups;
    if (begin >= a->columns)
        return (ahead){(uintptr_t)a->data, UINTPTR_MAX, 0, 0, 0};
    uintptr_t at = (uintptr_t)((const number *)a->data + begin * a->column_step);
    return (ahead){.at = at,
                   .row_end = at + (uintptr_t)bytes,
                   .step = (uintptr_t)((bytes + steps - 1) / steps),
                   .gap = (uintptr_t)(a->column_step * size - bytes),
                   .row = (uintptr_t)(a->column_step * size)};
}

/* Adds the terms of the piece that begins at one. */
static void add_piece(const plan *l, int64_t first)
{
    const ad_gemm_task *s = l->task;
    int64_t left = s->a.columns - first, terms = left < s->depth ? left : s->depth;
    const number *x = (const number *)s->a.data + first * s->a.column_step;
    ahead next = look_ahead(l, first);
    panel q = {x, s->a.column_step, terms, l->sums_row, &next};
    int64_t i = 0, k = s->a.rows;
    pack_groups(l, first, terms);
    for (; k - i >= PANEL; i += PANEL, q.x += PANEL)
        add_panel(l, &q, l->sums + i);
    if (i < k) {
        ad_matrix rest = {q.x, terms, k - i, q.x_row, 1};
        pack(&rest, PANEL, l->x);
        q.x = l->x;
        q.x_row = PANEL;
        add_panel(l, &q, l->sums + i);
    }
}

/* ---- turning --------------------------------------------------------------------------- */

enum { SIDE = 4 }; /* of the squares that are turned in registers */

typedef number four __attribute__((vector_size(SIDE * sizeof(AD_T))));
typedef number loose_four
    __attribute__((vector_size(SIDE * sizeof(AD_T)), aligned(sizeof(AD_T)), may_alias));

/* Shuffles the rows twice like two halves of a pack of cards. */
INLINE void turn_square(const number *from, int64_t from_row, number *to, int64_t to_row, bool add)
{
    four v[SIDE], t[SIDE];
    for (int i = 0; i < SIDE; i++)
        v[i] = *(const loose_four *)(from + i * from_row);
    for (int i = 0; i < SIDE / 2; i++) {
        t[2 * i] = __builtin_shufflevector(v[i], v[i + 2], 0, 4, 1, 5);
        t[2 * i + 1] = __builtin_shufflevector(v[i], v[i + 2], 2, 6, 3, 7);
    }
    for (int i = 0; i < SIDE / 2; i++) {
        v[2 * i] = __builtin_shufflevector(t[i], t[i + 2], 0, 4, 1, 5);
        v[2 * i + 1] = __builtin_shufflevector(t[i], t[i + 2], 2, 6, 3, 7);
    }
    for (int i = 0; i < SIDE; i++) {
        loose_four *c = (loose_four *)(to + i * to_row);
        if (add)
            v[i] += *c;
        *c = v[i];
    }
}

/* c (+)= the sums, turned. */
static void turn(const plan *l)
{
    const ad_gemm_task *s = l->task;
    int64_t k = s->a.rows, n = s->b.columns, step = s->c_step;
    for (int64_t i = 0; i < k; i += SIDE) {
        int64_t j = 0, height = k - i < SIDE ? k - i : SIDE;
        number *c = (number *)s->c + i * step;
        const number *sums = l->sums + i;
        for (; height == SIDE && n - j >= SIDE; j += SIDE)
            turn_square(sums + j * l->sums_row, l->sums_row, c + j, step, s->add);
        for (; j < n; j++)
            for (int64_t r = 0; r < height; r++)
                c[r * step + j] = sums[j * l->sums_row + r] + (s->add ? c[r * step + j] : 0);
    }
}

void AD_PRODUCT(const ad_gemm_task *s)
{
    plan l = plan_task(s);
    memset(l.sums, 0, (size_t)(l.columns * l.sums_row) * sizeof(number));
    memset(l.x, 0, (size_t)(s->depth * PANEL) * sizeof(number));
    for (int64_t first = 0; first < s->a.columns; first += s->depth)
        add_piece(&l, first);
    turn(&l);
}
