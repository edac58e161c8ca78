/* Programs of the entries of sparse matrices of derivatives: in reverse, through those operations that an output
 * depends on, output by output; or forward, with as many tangents of a value as it depends on columns. Rows whose
 * list of columns is too long to be made are done in reverse; the others together as is cheaper. */
#include "program/entries.h"

#include "base/memory.h"

#include <string.h>

typedef struct entries_making {
    const ad_rows_wanted *wanted;
    const ad_sparsity *s;
    ad_columns columns;
    ad_linearity linearity;
    bool *needed;    /* [values] */
    bool *forward;   /* [rows] */
    ad_largest cone; /* values that are still to be gone through */
    ad_transform t;
    uint32_t *entry; /* [entries] of s */
} entries_making;

static const ad_flow nothing = {AD_NO_VALUE, false};

static size_t rows_of(const ad_rows_wanted *w)
{
    return w->program->outputs - w->first;
}

static uint32_t value_of_row(const entries_making *m, size_t row)
{
    return m->wanted->program->output[m->wanted->first + row];
}

/* Whether a derivative of the row flows to operand k. */
static bool flows(const entries_making *m, const ad_program_node *n, uint32_t k, size_t row)
{
    const ad_columns *c = &m->columns;
    if (!ad_columns_passes(c, n, k))
        return false;
    const uint32_t list = c->list[n->of[k]];
    return !m->wanted->triangle || list == AD_LONG_LIST || c->pool[list + 1] <= row;
}

/* Inputs, and nodes that depend on some, in the set. */
static void add_operands(entries_making *m, const ad_program_node *n, size_t row)
{
    for (uint32_t k = 0; k < ad_program_ops[n->op].arity; k++)
        if (flows(m, n, k, row))
            ad_largest_add(&m->cone, n->of[k]);
}

/* ---- the choice --------------------------------------------------------------------- */

static bool is_long(const entries_making *m, size_t row)
{
    return m->columns.list[value_of_row(m, row)] == AD_LONG_LIST;
}

/* The steps of reverse sweeps for all long rows, or all others; at least `limit` if there are as many. */
static uint64_t count_reverse(entries_making *m, bool of_long, uint64_t limit)
{
    const ad_program *p = m->wanted->program;
    uint64_t steps = 0;
    uint32_t v;
    for (size_t row = 0; row < rows_of(m->wanted) && steps < limit; row++) {
        if (is_long(m, row) == of_long)
            ad_largest_add(&m->cone, value_of_row(m, row));
        while (ad_largest_take(&m->cone, &v) && ++steps)
            if (v >= ad_program_first_node(p) && steps < limit)
                add_operands(m, ad_value_node(p, v), row);
    }
    return steps;
}

/* Finds what is needed for rows that are not long, or for all. */
static void find_needed(entries_making *m, bool all)
{
    const ad_program *p = m->wanted->program;
    memset(m->needed, 0, ad_program_values(p));
    for (size_t row = 0; row < rows_of(m->wanted); row++)
        if (all || !is_long(m, row))
            m->needed[value_of_row(m, row)] = true;
    ad_columns_find_needed(p, &m->linearity, m->needed);
}

/* The tangents of all values that are needed. */
static uint64_t count_forward(const entries_making *m)
{
    const ad_columns *c = &m->columns;
    const uint32_t values = ad_program_values(c->program);
    uint64_t tangents = 0;
    for (uint32_t v = 0; v < values; v++)
        if (m->needed[v])
            tangents += c->pool[c->list[v]];
    return tangents;
}

/* Makes lists, ever longer ones while long rows would take more steps. False with an error. */
static bool make_lists(entries_making *m, ad_error *error)
{
    const ad_rows_wanted *w = m->wanted;
    uint64_t limit = 8 * ad_columns_limit(w->program);
    find_needed(m, true);
    for (;; limit *= 8) {
        if (!ad_columns_begin(&m->columns, w->program, &m->linearity, w->count, w->by, m->needed,
                              limit, error))
            return false;
        if (count_reverse(m, true, limit) < limit || limit > UINT64_MAX / 64)
            return true;
        ad_columns_end(&m->columns);
    }
}

static void choose(entries_making *m)
{
    find_needed(m, false);
    const uint64_t tangents = count_forward(m);
    const bool forward = count_reverse(m, false, tangents) >= tangents;
    for (size_t row = 0; row < rows_of(m->wanted); row++)
        m->forward[row] = forward && !is_long(m, row);
}

/* ---- in reverse --------------------------------------------------------------------- */

/* Passes the adjoint of a node on. */
static void pass_back(entries_making *m, uint32_t v, ad_flow *adjoint, size_t row)
{
    ad_transform *t = &m->t;
    const ad_program_node *n = ad_value_node(t->program, v);
    for (uint32_t k = 0; k < ad_program_ops[n->op].arity; k++)
        if (flows(m, n, k, row)) {
            ad_flow *to = &adjoint[n->of[k]];
            ad_flow term = ad_flow_multiply(&t->build, adjoint[v], ad_transform_slope(t, v, k));
            *to = ad_flow_add(&t->build, *to, term);
            ad_largest_add(&m->cone, n->of[k]);
        }
}

/* Writes a row's entries. All adjoints are nothing before and after. */
static void write_row_in_reverse(entries_making *m, size_t row, ad_flow *adjoint)
{
    const ad_rows_wanted *w = m->wanted;
    const ad_program *p = w->program;
    uint32_t v = value_of_row(m, row);
    bool more;
    if (m->s->row_begin[row] == m->s->row_begin[row + 1])
        return;
    adjoint[v] = (ad_flow){ad_build_constant(&m->t.build, 1), false};
    ad_largest_add(&m->cone, v);
    while ((more = ad_largest_take(&m->cone, &v)) && v >= ad_program_first_node(p)) {
        if (adjoint[v].value != AD_NO_VALUE)
            pass_back(m, v, adjoint, row);
        adjoint[v] = nothing;
    }
    for (size_t e = m->s->row_begin[row]; e < m->s->row_begin[row + 1]; e++)
        m->entry[e] =
            ad_transform_value(&m->t, adjoint[p->constants + ad_by(w->by, m->s->column[e])]);
    for (; more; more = ad_largest_take(&m->cone, &v))
        adjoint[v] = nothing;
}

static void write_in_reverse(entries_making *m)
{
    const size_t values = ad_program_values(m->wanted->program);
    ad_flow *adjoint = ad_transform_take(&m->t, values);
    for (size_t row = 0; adjoint && row < m->s->rows && m->t.build.status == AD_OK; row++)
        if (!m->forward[row])
            write_row_in_reverse(m, row, adjoint);
    ad_transform_give(&m->t, adjoint, values);
}

/* ---- forward ------------------------------------------------------------------------ */

/* The tangents of a value, one for each column of its list. */
typedef struct tangents {
    const size_t *begin; /* [values] */
    ad_flow *flow;
} tangents;

/* Adds the tangents of operand k to those of the node. */
static void pass_on(entries_making *m, const ad_program_node *n, uint32_t v, uint32_t k,
                    const tangents *d)
{
    ad_transform *t = &m->t;
    const uint32_t *from, *to, *column = NULL;
    const uint32_t count = ad_columns_of(&m->columns, m->columns.list[n->of[k]], &from);
    ad_flow *flow = d->flow + d->begin[v], *other = d->flow + d->begin[n->of[k]];
    const uint32_t slope = ad_transform_slope(t, v, k);
    ad_columns_of(&m->columns, m->columns.list[v], &to);
    column = to;
    for (uint32_t i = 0; i < count; i++) {
        while (*column < from[i])
            column++;
        ad_flow term = ad_flow_multiply(&t->build, other[i], slope);
        ad_flow *sum = &flow[column - to];
        *sum = ad_flow_add(&t->build, *sum, term);
    }
}

static void pass_all_on(entries_making *m, const tangents *d)
{
    const ad_program *p = m->wanted->program;
    const ad_flow one = {ad_build_constant(&m->t.build, 1), false};
    for (size_t i = 0; i < m->wanted->count; i++) {
        const uint32_t input = p->constants + ad_by(m->wanted->by, i);
        if (m->needed[input])
            d->flow[d->begin[input]] = one;
    }
    for (uint32_t i = 0; i < p->nodes && m->t.build.status == AD_OK; i++)
        for (uint32_t k = 0; k < ad_program_ops[p->node[i].op].arity; k++)
            if (m->needed[ad_program_first_node(p) + i] &&
                ad_columns_passes(&m->columns, &p->node[i], k))
                pass_on(m, &p->node[i], ad_program_first_node(p) + i, k, d);
}

/* Of a row, the columns of the pattern. */
static void write_row_of_tangents(entries_making *m, size_t row, const tangents *d)
{
    const ad_sparsity *s = m->s;
    const uint32_t value = value_of_row(m, row), *column;
    const uint32_t count = ad_columns_of(&m->columns, m->columns.list[value], &column);
    const ad_flow *flow = d->flow + d->begin[value];
    uint32_t i = 0;
    for (size_t e = s->row_begin[row]; e < s->row_begin[row + 1]; e++) {
        while (i < count && column[i] < s->column[e])
            i++;
        const bool there = i < count && column[i] == s->column[e];
        m->entry[e] = ad_transform_value(&m->t, there ? flow[i] : nothing);
    }
}

/* Where the tangents of each value begin. How many there are. */
static size_t begin_tangents(const entries_making *m, size_t *begin)
{
    const uint32_t values = ad_program_values(m->wanted->program);
    size_t sum = 0;
    for (uint32_t v = 0; v < values; v++) {
        begin[v] = sum;
        sum += m->needed[v] ? m->columns.pool[m->columns.list[v]] : 0;
    }
    return sum;
}

static void write_forward(entries_making *m)
{
    const ad_allocator *allocator = m->wanted->program->options.allocator;
    const size_t bytes = ad_size_mul(ad_program_values(m->wanted->program), sizeof(size_t));
    size_t *begin = ad_memory_take(allocator, bytes);
    if (!begin) {
        ad_build_fail(&m->t.build, AD_MEMORY, "program: memory ran out: %zu bytes", bytes);
        return;
    }
    const size_t count = begin_tangents(m, begin);
    tangents d = {begin, ad_transform_take(&m->t, count)};
    if (d.flow) {
        pass_all_on(m, &d);
        for (size_t row = 0; row < m->s->rows; row++)
            if (m->forward[row])
                write_row_of_tangents(m, row, &d);
    }
    ad_transform_give(&m->t, d.flow, count);
    ad_memory_give(allocator, begin, bytes);
}

/* ---- the program -------------------------------------------------------------------- */

static void write_outputs(entries_making *m, uint32_t *output)
{
    const ad_program *p = m->wanted->program;
    bool forward = false;
    for (uint32_t j = 0; j < p->outputs; j++)
        output[j] = m->t.place[p->output[j]];
    m->entry = output + p->outputs;
    for (size_t row = 0; row < m->s->rows; row++)
        forward = forward || m->forward[row];
    if (forward)
        write_forward(m);
    write_in_reverse(m);
}

static ad_program *transform(entries_making *m, ad_error *error)
{
    const ad_rows_wanted *w = m->wanted;
    const ad_allocator *allocator = w->program->options.allocator;
    const size_t outputs = ad_size_add(w->program->outputs, m->s->entries);
    const size_t bytes = ad_size_mul(outputs, sizeof(uint32_t));
    uint32_t *output = NULL;
    if (ad_transform_begin(&m->t, w->name, w->program, 0, w->count, w->by, error)) {
        output = ad_memory_take(allocator, bytes);
        if (!output)
            ad_build_fail(&m->t.build, AD_MEMORY, "program: memory ran out: %zu outputs", outputs);
        else
            write_outputs(m, output);
    }
    ad_program *made = ad_build_end(&m->t.build, output ? outputs : 0, output);
    if (output)
        ad_memory_give(allocator, output, bytes);
    ad_transform_end(&m->t);
    return made;
}

static ad_program *choose_and_transform(entries_making *m, ad_sparsity **found, ad_error *error)
{
    ad_sparsity *own = NULL;
    ad_program *made = NULL;
    if (!make_lists(m, error))
        return NULL;
    choose(m);
    if (!m->s)
        m->s = own = ad_columns_pattern(&m->columns);
    if (m->s)
        made = transform(m, error);
    if (made && found)
        *found = own;
    else
        ad_sparsity_free(own);
    return made;
}

ad_program *ad_entries_program(const ad_rows_wanted *wanted, const ad_sparsity *s,
                               ad_sparsity **found, ad_error *error)
{
    const ad_program *p = wanted->program;
    const ad_allocator *allocator = p->options.allocator;
    const size_t values = ad_program_values(p), bytes = values + rows_of(wanted);
    entries_making m = {.wanted = wanted, .s = s, .needed = ad_memory_take(allocator, bytes)};
    ad_program *made = NULL;
    m.forward = m.needed ? m.needed + values : NULL;
    if (m.needed && ad_largest_begin(&m.cone, values, allocator))
        made = choose_and_transform(&m, found, error);
    else
        ad_fail(error, AD_MEMORY, "program: memory ran out: %zu bytes", bytes);
    ad_columns_end(&m.columns);
    ad_largest_end(&m.cone);
    if (m.needed)
        ad_memory_give(allocator, m.needed, bytes);
    return made;
}
