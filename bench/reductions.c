/* Reductions of a matrix over its rows (each row becomes a number) and over its columns;
 * softmax and its logarithm along the same axes. Forward on a frozen leaf; backward is a sweep
 * by itself. */
#include "bench.h"

#include "bare_reductions.h"

#include <stdlib.h>

enum { ROWS = 10000, COLUMNS = 1000, SMOKE_ROWS = 100 };

typedef struct reduce_op {
    ad_tensor (*apply)(ad_tensor x, int axis);
    bare_reduce *forward;
    bare_reduce_back *back;
    bool keeps_shape;
} reduce_op;

typedef struct reduce_spec {
    const reduce_op *op;
    bool by_columns, backward;
} reduce_spec;

typedef struct reduction {
    reduce_spec spec;
    int64_t rows;
    ad_pool *pool;
    ad_tape *tape;
    ad_view x_view, dy_view;
    ad_tensor leaf, root;
    float *x, *y, *dy, *dx, *scratch; /* scratch: 2 numbers for each row or column */
} reduction;

/* ---- by adze ------------------------------------------------------------------------ */

#define SQUEEZE(op)                                    \
    static ad_tensor op##_along(ad_tensor x, int axis) \
    {                                                  \
        return ad_##op##_over(x, AD_AXES(axis));       \
    }

SQUEEZE(sum)
SQUEEZE(mean)
SQUEEZE(max)
SQUEEZE(logsumexp)

static void reduce_adze(void *state)
{
    reduction *r = state;
    int axis = r->spec.by_columns ? 0 : 1;
    if (r->spec.backward) {
        if (ad_backward_from(r->root, r->dy_view) != AD_OK)
            check(r->tape);
        return;
    }
    ad_tape_reset(r->tape); /* at the start, so that the result can be looked at */
    r->root = r->spec.op->apply(ad_freeze(r->tape, r->x_view), axis);
    check(r->tape);
}

/* ---- bare --------------------------------------------------------------------------- */

static void reduce_grid(const reduction *r, const bare_grid *g)
{
    if (r->spec.backward)
        r->spec.op->back(g, r->x, r->y, r->dy, r->dx, r->scratch);
    else
        r->spec.op->forward(g, r->x, r->y, r->scratch);
}

/* Row after row, each of which stays in the cache for all its passes; columns all at once. */
static void reduce_part(void *user, int part, int parts)
{
    const reduction *r = user;
    bare_grid g = {r->rows, COLUMNS, r->spec.by_columns, 0, 0};
    int64_t begin, end;
    bare_share(g.by_columns ? COLUMNS : r->rows, part, parts, &begin, &end);
    int64_t step = g.by_columns ? end - begin : 1;
    for (; begin < end; begin += step) {
        g.begin = begin;
        g.end = begin + step;
        reduce_grid(r, &g);
    }
}

static void reduce_without_tape(void *state)
{
    reduction *r = state;
    bare_run(r->pool, ad_pool_threads(r->pool), reduce_part, r);
}

static double reduce_difference(void *state)
{
    const reduction *r = state;
    return r->spec.backward ? difference(ad_grad(r->leaf), r->dx)
                            : difference(ad_read(r->root), r->y);
}

/* ---- setup -------------------------------------------------------------------------- */

static bench_work reduce_setup(const bench_case *c, const bench_setting *s)
{
    reduction *r = take(1, sizeof *r);
    const reduce_spec *is = c->spec;
    r->spec = *is;
    r->rows = s->smoke ? SMOKE_ROWS : ROWS;
    r->pool = s->pool;
    size_t n = (size_t)(r->rows * COLUMNS);
    size_t left = is->op->keeps_shape ? n : (size_t)(is->by_columns ? COLUMNS : r->rows);
    r->x = take(n, sizeof(float));
    r->dx = take(n, sizeof(float));
    r->y = take(left, sizeof(float));
    r->dy = take(left, sizeof(float));
    r->scratch = take((size_t)(2 * (r->rows + COLUMNS)), sizeof(float));
    fill(AD_F32, r->x, n, 1, -2, 2);
    fill(AD_F32, r->dy, left, 2, -1, 1);
    r->x_view = AD_VIEW(r->x, r->rows, COLUMNS);
    r->dy_view =
        is->op->keeps_shape ? AD_VIEW(r->dy, r->rows, COLUMNS) : AD_VIEW(r->dy, (int64_t)left);
    r->tape = bench_tape(s->pool);
    if (is->backward) {
        r->leaf = ad_watch(r->tape, r->x_view);
        r->root = is->op->apply(r->leaf, is->by_columns ? 0 : 1);
        check(r->tape);
        bare_grid all = {r->rows, COLUMNS, is->by_columns, 0, is->by_columns ? COLUMNS : r->rows};
        is->op->forward(&all, r->x, r->y, r->scratch);
    }
    double numbers = (double)(n + left) + (is->backward ? (double)(n + left) : 0);
    return (bench_work){r, r->tape, 1, (double)n, numbers * sizeof(float), NULL};
}

static void reduce_teardown(void *state)
{
    reduction *r = state;
    ad_tape_free(r->tape);
    free(r->x);
    free(r->y);
    free(r->dx);
    free(r->dy);
    free(r->scratch);
    free(r);
}

static const bench_kind reduce_kind = {.setup = reduce_setup,
                                       .adze = reduce_adze,
                                       .bare = reduce_without_tape,
                                       .difference = reduce_difference,
                                       .teardown = reduce_teardown};

/* ---- cases -------------------------------------------------------------------------- */

static const reduce_op sum_op = {sum_along, bare_sum, bare_sum_back, false};
static const reduce_op mean_op = {mean_along, bare_mean, bare_mean_back, false};
static const reduce_op max_op = {max_along, bare_max, bare_max_back, false};
static const reduce_op logsumexp_op = {logsumexp_along, bare_logsumexp, bare_logsumexp_back, false};
static const reduce_op softmax_op = {ad_softmax, bare_softmax, bare_softmax_back, true};
static const reduce_op log_softmax_op = {ad_log_softmax, bare_log_softmax, bare_log_softmax_back,
                                         true};

#define REDUCE(name, what, ...)                        \
    {                                                  \
        name, what, &reduce_kind, &(const reduce_spec) \
        {                                              \
            __VA_ARGS__                                \
        }                                              \
    }
#define FOUR(op)                                                                             \
    REDUCE(#op "_rows", #op " over rows of [10000, 1000]", &op##_op, false, false),          \
        REDUCE(#op "_rows_back", "the sweep through it", &op##_op, false, true),             \
        REDUCE(#op "_columns", #op " over columns of [10000, 1000]", &op##_op, true, false), \
        REDUCE(#op "_columns_back", "the sweep through it", &op##_op, true, true)

static const bench_case cases[] = {
    FOUR(sum), FOUR(mean), FOUR(max), FOUR(logsumexp), FOUR(softmax), FOUR(log_softmax),
};

const bench_table reductions_table = BENCH_TABLE(cases);
