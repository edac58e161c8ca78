/* Derivatives of numbers: what users call. */
#include "numbers/lanes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is asked for -------------------------------------------------------------- */

/* A question of x and y on one recorder. */
typedef struct question {
    ad_reals *r;
    const char *name;
    size_t n, m;
    const ad_real *x, *y;
    bool good, any;       /* any: a root is no constant */
    bool holds;           /* some of x are results of operations */
    bool lost;            /* some of x or y were made without a recorder */
    uint32_t last, first; /* statements from the lowest of x to the highest of y */
} question;

static void find_range(question *q)
{
    const ad_statement_chunk *near = NULL;
    q->first = UINT32_MAX;
    for (size_t i = 0; i < q->n; i++)
        if (q->x[i].on) {
            uint32_t at = ad_real_index(q->x[i]);
            q->first = at < q->first ? at : q->first;
            q->holds = q->holds || !ad_reals_is_input(q->r, at, &near);
        } else
            q->lost = q->lost || ad_reals_is_lost(q->x[i]);
    for (size_t j = 0; j < q->m; j++)
        if (q->y[j].on) {
            q->any = true;
            q->last = ad_real_index(q->y[j]) > q->last ? ad_real_index(q->y[j]) : q->last;
        } else
            q->lost = q->lost || ad_reals_is_lost(q->y[j]);
    if (q->any)
        q->last = ad_reals_end_of_call(q->r, q->last);
}

/* r is NULL where all numbers are constants: then all derivatives are 0. */
static question ask(const char *name, size_t n, const ad_real *x, size_t m, const ad_real *y,
                    bool complete)
{
    question q = {.name = name, .n = n, .m = m, .x = x, .y = y, .good = complete};
    q.r = ad_reals_of_lists(name, m, y, n, x);
    if (q.r && !complete)
        ad_reals_fail(q.r, AD_MISUSE, name, "an argument is NULL");
    if (q.r && q.r->keep & AD_KEEP_OPERATIONS)
        ad_reals_fail(q.r, AD_MISUSE, name,
                      "the recorder keeps operations: make a program, and take its derivatives");
    q.good = complete && (!q.r || q.r->error.status == AD_OK);
    if (q.good)
        find_range(&q);
    if (q.lost && q.r)
        ad_reals_fail(q.r, AD_MISUSE, name, "a number was made without a recorder");
    q.good = q.good && !q.lost;
    return q;
}

/* Ends it, with its status. */
static ad_status answer(question *q, ad_status wrong)
{
    if (!q->r)
        return q->good ? AD_OK : wrong;
    q->r->head.source_line = NULL;
    return q->r->error.status;
}

/* What rows of lanes, one for each statement up to the last, hold for x: 0 where it is a constant or later. */
static double held_for(const question *q, ad_real x, const double *rows, size_t lanes, size_t lane)
{
    return x.on && ad_real_index(x) <= q->last ? rows[(size_t)ad_real_index(x) * lanes + lane] : 0;
}

/* ---- sweeps ------------------------------------------------------------------------- */

/* A reverse sweep over rows of lanes, one for each statement. */
typedef struct reverse {
    int lanes;
    double *rows;
    /* Of second order, whose rows are tangents of adjoints. Else NULL. */
    double *adjoint;
    const double *tangent;
    ad_statement_walk walk;
    uint32_t end; /* of the statements to come */
} reverse;

/* Down to statement `first`. */
static bool sweep_to(const question *q, reverse *s, uint32_t first)
{
    uint32_t last = s->end - 1;
    if (s->end <= first)
        return true;
    s->end = first;
    if (s->tangent)
        return ad_second_sweep(q->r, &s->walk, last, first, s->lanes, s->adjoint, s->tangent,
                               s->rows, q->name) == AD_OK;
    return (s->lanes == 1
                ? ad_adjoints_sweep(q->r, &s->walk, last, first, s->rows)
                : ad_lanes_sweep(q->r, &s->walk, last, first, s->lanes, s->rows)) == AD_OK;
}

static int from_the_end(const void *a, const void *b)
{
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    return (i < j) - (i > j);
}

/* The statements of those x that are results of operations, from the last to the first. NULL with an error. */
static const uint32_t *list_held(const question *q, size_t *count)
{
    ad_reals *r = q->r;
    const ad_statement_chunk *near = NULL;
    if (!ad_reals_grow(r, &r->held, q->n, sizeof(uint32_t), false))
        return NULL;
    uint32_t *held = r->held.at;
    size_t found = 0;
    for (size_t i = 0; i < q->n; i++)
        if (q->x[i].on && ad_real_index(q->x[i]) <= q->last &&
            !ad_reals_is_input(r, ad_real_index(q->x[i]), &near))
            held[found++] = ad_real_index(q->x[i]);
    qsort(held, found, sizeof *held, from_the_end);
    *count = 0;
    for (size_t k = 0; k < found; k++)
        if (k == 0 || held[k] != held[k - 1])
            held[(*count)++] = held[k];
    return held;
}

/* Sweeps in parts: each x is held where it is while others move, even if it was computed from them. So the
 * adjoint that has reached it is laid aside, and nothing flows further. */
static bool sweep_by_parts(const question *q, reverse *s)
{
    ad_reals *r = q->r;
    size_t count, lanes = (size_t)s->lanes, bytes = lanes * sizeof(double);
    const uint32_t *held = list_held(q, &count);
    if (!held || !ad_reals_grow(r, &r->aside, ad_size_mul(count, lanes), sizeof(double), false))
        return false;
    double *aside = r->aside.at;
    const bool checks = r->keep & AD_KEEP_FINITE && !s->tangent && lanes == 1;
    for (size_t k = 0; k < count; k++) {
        double *row = s->rows + held[k] * lanes;
        if (!sweep_to(q, s, held[k] + 1) || (checks && !ad_adjoint_passes(r, held[k], *row)))
            return false;
        memcpy(aside + k * lanes, row, bytes);
        memset(row, 0, bytes);
        if (s->adjoint)
            s->adjoint[held[k]] = 0;
    }
    bool good = sweep_to(q, s, count && held[count - 1] == q->first ? q->first + 1 : q->first);
    for (size_t k = 0; k < count; k++)
        memcpy(s->rows + held[k] * lanes, aside + k * lanes, bytes);
    return good;
}

/* From the last root to the first x. Rows hold the adjoints of the roots. */
static bool sweep(const question *q, reverse s)
{
    s.walk = ad_statement_walk_at(q->r, ad_reals_index(q->r));
    s.end = q->last + 1;
    return q->holds ? sweep_by_parts(q, &s) : sweep_to(q, &s, q->first);
}

/* ---- reverse ------------------------------------------------------------------------ */

/* The adjoints of all statements, or NULL with an error. */
static double *pull(const question *q, const double *dy)
{
    double *adjoint = ad_adjoints_begin(q->r, q->last);
    for (size_t j = 0; adjoint && j < q->m; j++)
        if (q->y[j].on)
            adjoint[ad_real_index(q->y[j])] += dy[j];
    return adjoint && sweep(q, (reverse){.lanes = 1, .rows = adjoint}) ? adjoint : NULL;
}

static ad_status vjp(question *q, const double *dy, double *dx)
{
    double *adjoint = q->good && q->any ? pull(q, dy) : NULL;
    if (q->good && q->any && !adjoint)
        return answer(q, AD_MISUSE);
    for (size_t i = 0; q->good && i < q->n; i++)
        dx[i] = adjoint ? held_for(q, q->x[i], adjoint, 1, 0) : 0;
    return answer(q, AD_MISUSE);
}

ad_status ad_real_gradient(ad_real y, size_t n, const ad_real *x, double *gradient)
{
    question q = ask("gradient", n, x, 1, &y, !n || (x && gradient));
    return vjp(&q, &(double){1}, gradient);
}

ad_status ad_real_vjp(size_t m, const ad_real *y, const double *dy, size_t n, const ad_real *x,
                      double *dx)
{
    question q = ask("vjp", n, x, m, y, (!m || (y && dy)) && (!n || (x && dx)));
    return vjp(&q, dy, dx);
}

/* ---- forward ------------------------------------------------------------------------ */

static int by_index(const void *a, const void *b)
{
    uint32_t i = ((const ad_seed *)a)->index, j = ((const ad_seed *)b)->index;
    return (i > j) - (i < j);
}

/* The statements of x, sorted. NULL with an error. */
static ad_seed *sort_seeds(question *q, size_t *count)
{
    ad_reals *r = q->r;
    if (!ad_reals_grow(r, &r->seeds, ad_size_add(q->n, 1), sizeof(ad_seed), false))
        return NULL;
    ad_seed *seed = r->seeds.at;
    *count = 0;
    for (size_t i = 0; i < q->n; i++)
        if (q->x[i].on)
            seed[(*count)++] = (ad_seed){ad_real_index(q->x[i]), i};
    for (size_t k = 1; k < *count; k++)
        if (seed[k - 1].index > seed[k].index) {
            qsort(seed, *count, sizeof *seed, by_index);
            break;
        }
    return seed;
}

static double *room_for_tangents(question *q, int lanes)
{
    ad_reals *r = q->r;
    size_t count = ad_size_mul((size_t)q->last + 1, (size_t)lanes);
    return ad_reals_grow(r, &r->tangents, count, sizeof(double), false) ? r->tangents.at : NULL;
}

/* Directions are taken in groups, of as many as there are lanes. tx NULL: the unit vectors. */
typedef struct directions {
    ad_seeds seeds;
    const double *tx;
    size_t count, from, some; /* all; of the group at work */
    size_t most;              /* of a group */
    int lanes;
} directions;

static bool begin_directions(question *q, size_t count, const double *tx, size_t most,
                             directions *d)
{
    *d = (directions){.seeds = {.stride = q->n}, .tx = tx, .count = count, .most = most};
    d->seeds.of = sort_seeds(q, &d->seeds.count);
    return d->seeds.of;
}

static bool next_group(const question *q, directions *d)
{
    d->from += d->some;
    d->some = d->count - d->from;
    if (d->some > d->most)
        d->some = d->most;
    d->lanes = d->some == 1 ? 1 : d->some <= AD_NUMBER_LANES ? AD_NUMBER_LANES : AD_MANY_LANES;
    d->seeds.rows = d->tx ? d->tx + d->from * q->n : NULL;
    d->seeds.unit = d->from;
    d->seeds.directions = (int)d->some;
    return d->some > 0;
}

/* The tangents of the group, or NULL with an error. */
static const double *push(question *q, const directions *d)
{
    double *tangent = room_for_tangents(q, d->lanes);
    bool good = tangent && ad_tangents_push(q->r, q->last, &d->seeds, d->lanes, tangent) == AD_OK;
    return good ? tangent : NULL;
}

/* Results are gathered apart, and written once all is well. */
static double *begin_results(question *q, size_t rows, size_t columns)
{
    ad_reals *r = q->r;
    size_t count = ad_size_mul(rows, columns);
    bool good = r && ad_reals_grow(r, &r->results, count ? count : 1, sizeof(double), false);
    return good ? r->results.at : NULL;
}

static ad_status write_results(question *q, const double *results, bool good, size_t count,
                               double *out)
{
    if (good && results && count)
        memcpy(out, results, count * sizeof *out);
    return answer(q, AD_MISUSE);
}

/* Nothing depends on x. */
static ad_status write_zeros(question *q, size_t rows, size_t columns, double *out)
{
    if (q->good && rows && columns)
        memset(out, 0, rows * columns * sizeof *out);
    return answer(q, AD_MISUSE);
}

/* More directions at a time read the record less often, as long as their tangents stay in the cache. */
static size_t directions_at_once(const question *q)
{
    const size_t cache = 1 << 20, row = AD_MANY_LANES * sizeof(double);
    return (size_t)q->last < cache / row ? AD_MANY_LANES : AD_NUMBER_LANES;
}

/* ty[k][j], with the strides of k and of j. */
static bool push_all(question *q, size_t count, const double *tx, size_t by_k, size_t by_j,
                     double *ty)
{
    directions d;
    if (!begin_directions(q, count, tx, directions_at_once(q), &d))
        return false;
    while (next_group(q, &d)) {
        const double *tangent = push(q, &d);
        if (!tangent)
            return false;
        for (size_t j = 0; j < q->m; j++)
            for (size_t l = 0; l < d.some; l++)
                ty[(d.from + l) * by_k + j * by_j] =
                    held_for(q, q->y[j], tangent, (size_t)d.lanes, l);
    }
    return true;
}

ad_status ad_real_jvp(size_t n, const ad_real *x, size_t count, const double *tx, size_t m,
                      const ad_real *y, double *ty)
{
    bool complete = (!n || (x && (tx || !count))) && (!m || (y && (ty || !count)));
    question q = ask("jvp", n, x, m, y, complete);
    if (!q.good || !q.any)
        return write_zeros(&q, count, m, ty);
    double *results = begin_results(&q, count, m);
    return write_results(&q, results, results && push_all(&q, count, tx, m, 1, results), count * m,
                         ty);
}

/* ---- Jacobians ---------------------------------------------------------------------- */

/* Of a group of roots. */
static bool sweep_roots(question *q, size_t from, size_t some, double *results)
{
    ad_reals *r = q->r;
    size_t lanes = some <= AD_FEW_LANES ? AD_FEW_LANES : AD_NUMBER_LANES;
    size_t count = ad_size_mul((size_t)q->last + 2, lanes);
    if (!ad_reals_grow(r, &r->adjoints, count, sizeof(double), false))
        return false;
    double *adjoint = (double *)r->adjoints.at + lanes; /* a row before it may be read */
    memset(r->adjoints.at, 0, count * sizeof *adjoint);
    for (size_t l = 0; l < some; l++)
        if (q->y[from + l].on)
            adjoint[(size_t)ad_real_index(q->y[from + l]) * lanes + l] = 1;
    if (!sweep(q, (reverse){.lanes = (int)lanes, .rows = adjoint}))
        return false;
    for (size_t i = 0; i < q->n; i++)
        for (size_t l = 0; l < some; l++)
            results[(from + l) * q->n + i] = held_for(q, q->x[i], adjoint, lanes, l);
    return true;
}

static bool sweep_all(question *q, double *results)
{
    bool good = true;
    for (size_t from = 0, some; good && from < q->m; from += some) {
        some = q->m - from < AD_NUMBER_LANES ? q->m - from : AD_NUMBER_LANES;
        good = sweep_roots(q, from, some, results);
    }
    return good;
}

ad_status ad_real_jacobian(size_t m, const ad_real *y, size_t n, const ad_real *x, double *jacobian)
{
    question q = ask("jacobian", n, x, m, y, (!n || x) && (!m || y) && (!n || !m || jacobian));
    if (!q.good || !q.any)
        return write_zeros(&q, m, n, jacobian);
    double *results = begin_results(&q, m, n);
    bool good = results && (n < m ? push_all(&q, n, NULL, 1, n, results) : sweep_all(&q, results));
    return write_results(&q, results, good, m * n, jacobian);
}

/* ---- second order ------------------------------------------------------------------- */

/* The products of a group, with the tangents of values. */
static bool sweep_second(question *q, const directions *d, const double *tangent, double *product)
{
    ad_reals *r = q->r;
    size_t count = (size_t)q->last + 1, lanes = (size_t)d->lanes;
    size_t all = ad_size_mul(count, lanes + 1);
    if (!ad_reals_grow(r, &r->adjoints, all, sizeof(double), false))
        return false;
    double *rows = r->adjoints.at, *adjoint = rows + count * lanes;
    memset(rows, 0, all * sizeof *rows);
    adjoint[ad_real_index(q->y[0])] = 1;
    if (!sweep(q,
               (reverse){.lanes = d->lanes, .rows = rows, .adjoint = adjoint, .tangent = tangent}))
        return false;
    for (size_t i = 0; i < q->n; i++)
        for (size_t l = 0; l < d->some; l++)
            product[(d->from + l) * q->n + i] = held_for(q, q->x[i], rows, lanes, l);
    return true;
}

static bool multiply(question *q, size_t count, const double *tx, double *product)
{
    directions d;
    if (!begin_directions(q, count, tx, AD_NUMBER_LANES, &d))
        return false;
    while (next_group(q, &d)) {
        const double *tangent = push(q, &d);
        if (!tangent || !sweep_second(q, &d, tangent, product))
            return false;
    }
    return true;
}

static ad_status hessian_times(question *q, size_t count, const double *tx, double *product)
{
    if (q->r && q->good && !ad_reals_second(q->r)) {
        ad_reals_fail(q->r, AD_MISUSE, q->name, "the recorder was made without AD_KEEP_SECOND");
        q->good = false;
    }
    if (!q->good || !q->any)
        return write_zeros(q, count, q->n, product);
    double *results = begin_results(q, count, q->n);
    return write_results(q, results, results && multiply(q, count, tx, results), count * q->n,
                         product);
}

ad_status ad_real_hvp(ad_real y, size_t n, const ad_real *x, size_t count, const double *tx,
                      double *product)
{
    question q = ask("hvp", n, x, 1, &y, !n || !count || (x && tx && product));
    return hessian_times(&q, count, tx, product);
}

ad_status ad_real_hessian(ad_real y, size_t n, const ad_real *x, double *hessian)
{
    question q = ask("hessian", n, x, 1, &y, !n || (x && hessian));
    return hessian_times(&q, n, NULL, hessian);
}
