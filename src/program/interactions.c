/* The pattern of a program's Hessian: an operation that is not linear in two of its operands makes entries of all
 * that one depends on with all that the other depends on (Walther 2008, "Computing sparse Hessians with automatic
 * differentiation"). Only operations on the way to the output count. */
#include "program/columns.h"

#include "base/memory.h"

#include <string.h>

enum { LATEST = 1024 }; /* pairs of lists that are remembered */

/* Rows are given lists of columns, by two passes: one counts them, the other writes them. */
typedef struct interactions {
    ad_columns *c;
    const bool *needed; /* [values] */
    size_t *begin;      /* [rows + 1]: of the rows' lists; then where the next one goes */
    uint32_t *lists;    /* places in the pool; NULL in the first pass */
    uint64_t *latest;   /* [LATEST] */
} interactions;

/* ---- operations --------------------------------------------------------------------- */

static void give_list(interactions *d, uint32_t rows, uint32_t list)
{
    const uint32_t *row, length = ad_columns_of(d->c, rows, &row);
    for (uint32_t i = 0; i < length; i++) {
        size_t *at = &d->begin[row[i] + 1];
        if (d->lists)
            d->lists[*at] = list;
        ++*at;
    }
}

/* Whether the pair came just before; it is remembered. */
static bool is_latest(interactions *d, uint32_t a, uint32_t b)
{
    const uint64_t pair = (uint64_t)a << 32 | b;
    uint64_t *at = &d->latest[(pair * UINT64_C(0x9e3779b97f4a7c15)) >> 54];
    bool is = *at == pair;
    *at = pair;
    return is;
}

static void interact(interactions *d, uint32_t a, uint32_t b)
{
    if (is_latest(d, a, b))
        return;
    give_list(d, a, b);
    if (a != b)
        give_list(d, b, a);
}

/* False with an error. */
static bool read_node(interactions *d, const ad_program_node *n)
{
    for (uint32_t k = 0; k < ad_program_ops[n->op].arity; k++)
        for (uint32_t l = 0; l <= k; l++) {
            if (!(ad_second_of(d->c->linearity, n->op, k) >> l & 1) ||
                d->c->list[n->of[k]] == AD_EMPTY_LIST || d->c->list[n->of[l]] == AD_EMPTY_LIST)
                continue;
            if (!ad_columns_complete(d->c, n->of[k]) || !ad_columns_complete(d->c, n->of[l]))
                return false;
            interact(d, d->c->list[n->of[k]], d->c->list[n->of[l]]);
        }
    return true;
}

static bool read_nodes(interactions *d)
{
    const ad_program *p = d->c->program;
    const bool *needed = d->needed + ad_program_first_node(p);
    memset(d->latest, 0, LATEST * sizeof *d->latest);
    for (uint32_t i = 0; i < p->nodes; i++)
        if (needed[i] && !ad_is_linear(d->c->linearity, p->node[i].op) &&
            !read_node(d, &p->node[i]))
            return false;
    return true;
}

/* ---- entries ------------------------------------------------------------------------ */

/* Columns of all rows, as they are found. */
typedef struct entries {
    const ad_allocator *allocator;
    uint32_t *seen; /* [pool] by list, the last row that had it, from 1 on */
    ad_largest set;
    uint32_t *column; /* descending in each row */
    size_t used, room;
} entries;

static bool widen(entries *e, size_t more)
{
    if (e->used + more <= e->room)
        return true;
    size_t room = 2 * (e->used + more);
    uint32_t *wider = ad_memory_take(e->allocator, ad_size_mul(room, sizeof *wider));
    if (!wider)
        return false;
    if (e->used)
        memcpy(wider, e->column, e->used * sizeof *wider);
    if (e->column)
        ad_memory_give(e->allocator, e->column, e->room * sizeof *wider);
    e->column = wider;
    e->room = room;
    return true;
}

/* Finds the columns of a row up to the diagonal. */
static void merge_row(const interactions *d, uint32_t row, entries *e)
{
    for (size_t i = d->begin[row]; i < d->begin[row + 1]; i++) {
        const uint32_t list = d->lists[i];
        const uint32_t *column, length = ad_columns_of(d->c, list, &column);
        if (e->seen[list] == row + 1)
            continue;
        e->seen[list] = row + 1;
        for (uint32_t j = 0; j < length && column[j] <= row; j++)
            ad_largest_add(&e->set, column[j]);
    }
    while (ad_largest_take(&e->set, &e->column[e->used]))
        e->used++;
}

/* Finds the columns of all rows; begin[i + 1] becomes where those of row i end. */
static bool merge_rows(const interactions *d, entries *e)
{
    size_t begin = 0;
    for (uint32_t row = 0; row < d->c->columns; row++) {
        if (!widen(e, (size_t)row + 2))
            return false;
        merge_row(d, row, e);
        d->begin[row] = begin; /* no row looks at it any more */
        begin = e->used;
    }
    d->begin[d->c->columns] = begin;
    return true;
}

static ad_sparsity *write_entries(const interactions *d, const entries *e)
{
    const size_t rows = d->c->columns;
    ad_sparsity *s = ad_sparsity_take(rows, rows, e->used, e->allocator, d->c->error);
    if (!s)
        return NULL;
    size_t *to = ad_sparsity_columns(s);
    memcpy(ad_sparsity_begins(s), d->begin, (rows + 1) * sizeof *d->begin);
    for (size_t row = 0; row < rows; row++)
        for (size_t i = d->begin[row + 1]; i-- > d->begin[row];)
            *to++ = e->column[i];
    return s;
}

static ad_sparsity *merge_and_write(const interactions *d)
{
    entries e = {.allocator = d->c->program->options.allocator};
    const size_t bytes = d->c->used * sizeof *e.seen;
    ad_sparsity *s = NULL;
    e.seen = ad_memory_take(e.allocator, bytes);
    bool good = e.seen && ad_largest_begin(&e.set, d->c->columns, e.allocator);
    if (good) {
        memset(e.seen, 0, bytes);
        good = merge_rows(d, &e);
    }
    if (good)
        s = write_entries(d, &e);
    else
        ad_fail(d->c->error, AD_MEMORY, "sparsity: memory ran out: %zu bytes", bytes);
    if (e.column)
        ad_memory_give(e.allocator, e.column, e.room * sizeof *e.column);
    if (e.seen)
        ad_memory_give(e.allocator, e.seen, bytes);
    ad_largest_end(&e.set);
    return s;
}

/* ---- both passes -------------------------------------------------------------------- */

/* The second pass, after one that has counted. */
static ad_sparsity *write_lists(interactions *d)
{
    const ad_allocator *allocator = d->c->program->options.allocator;
    const size_t lists = ad_sparsity_add_up(d->c->columns, d->begin);
    const size_t bytes = ad_size_mul(lists, sizeof *d->lists);
    d->lists = ad_memory_take(allocator, bytes);
    if (!d->lists) {
        ad_fail(d->c->error, AD_MEMORY, "sparsity: memory ran out: %zu bytes", bytes);
        return NULL;
    }
    ad_sparsity *s = read_nodes(d) ? merge_and_write(d) : NULL;
    ad_memory_give(allocator, d->lists, bytes);
    return s;
}

static ad_sparsity *find_interactions(ad_columns *c, const bool *needed)
{
    const ad_allocator *allocator = c->program->options.allocator;
    const size_t rows = c->columns + 1;
    const size_t bytes = ad_size_mul(rows + LATEST, sizeof(size_t) + sizeof(uint64_t));
    interactions d = {.c = c, .needed = needed, .latest = ad_memory_take(allocator, bytes)};
    if (!d.latest) {
        ad_fail(c->error, AD_MEMORY, "sparsity: memory ran out: %zu bytes", bytes);
        return NULL;
    }
    d.begin = (size_t *)(void *)(d.latest + LATEST);
    memset(d.begin, 0, rows * sizeof *d.begin);
    ad_sparsity *s = read_nodes(&d) ? write_lists(&d) : NULL;
    ad_memory_give(allocator, d.latest, bytes);
    return s;
}

static ad_sparsity *find_hessian(const ad_program *p, size_t count, const size_t *by, bool *needed,
                                 ad_error *error)
{
    ad_columns c;
    ad_linearity linearity = {.first = {0}};
    ad_sparsity *s = NULL;
    memset(needed, 0, ad_program_values(p));
    needed[p->output[0]] = true;
    ad_columns_find_needed(p, &linearity, needed);
    if (ad_columns_begin(&c, p, &linearity, count, by, needed, ad_columns_limit(p), error))
        s = find_interactions(&c, needed);
    ad_columns_end(&c);
    return s;
}

ad_sparsity *ad_program_hessian_sparsity(const ad_program *p, size_t count, const size_t *by,
                                         ad_error *error)
{
    if (!ad_columns_check(p, count, by, "program_hessian_sparsity", error))
        return NULL;
    if (p->outputs != 1) {
        ad_fail(error, AD_MISUSE, "program_hessian_sparsity: the program has %u outputs, not one",
                p->outputs);
        return NULL;
    }
    const size_t values = ad_program_values(p);
    bool *needed = ad_memory_take(p->options.allocator, values);
    if (!needed) {
        ad_fail(error, AD_MEMORY, "program_hessian_sparsity: memory ran out: %zu bytes", values);
        return NULL;
    }
    ad_sparsity *s = find_hessian(p, count, by, needed, error);
    ad_memory_give(p->options.allocator, needed, values);
    return s;
}
