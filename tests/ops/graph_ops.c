/* The operations of random graphs: a way to use a built-in op is a row that says it, or an op in one row. */
#include "rows.h"

#include "adze/op.h"

#include <stdlib.h>
#include <string.h>

int axis_of(ad_tensor x, uint64_t choice)
{
    return (int)(choice % (uint64_t)ad_shape_of(x).rank);
}

/* Some extent of x along an axis. */
int64_t extent_of(ad_tensor x, int axis)
{
    return ad_shape_of(x).dim[axis];
}

ad_tensor number_list(ad_tape *t, ad_type type, int64_t n, uint64_t choice, int64_t below)
{
    int64_t *numbers = ad_tape_memory(t, (size_t)n * sizeof *numbers);
    for (int64_t i = 0; numbers && i < n; i++)
        numbers[i] = (int64_t)((choice >> (3 * (i % 16) + 8)) % (uint64_t)below);
    return ad_cast(ad_freeze(t, ad_view_of(AD_I64, numbers, AD_SHAPE(n))), type);
}

/* ---- an op in one row ------------------------------------------------------------------------- */

/* x between two numbers, smoothly. */
static ad_tensor into(ad_tensor x, double low, double high)
{
    return ad_add(ad_mul(ad_sigmoid(x), high - low), low);
}

/* An op with a range takes numbers brought into it, unless it chooses its operands by their values. */
static ad_tensor operand(const row_fields *f, ad_tensor x)
{
    if (f->in_graphs.low < f->in_graphs.high)
        return into(x, f->in_graphs.low, f->in_graphs.high);
    if (f->range.low < f->range.high && f->domain == EVERYWHERE)
        return into(x, f->range.low, f->range.high);
    return x;
}

static ad_tensor reduced(const op_row *r, ad_tensor x, uint64_t choice)
{
    return choice >> 9 & 1   ? r->over(x, AD_KEEP(axis_of(x, choice)))
           : choice >> 8 & 1 ? r->over(x, AD_AXES(axis_of(x, choice)))
                             : r->unary(x);
}

static ad_tensor build_row(const op_row *r, const ad_tensor *x, uint64_t choice)
{
    row_fields f = fields_of(r);
    ad_tensor a = operand(&f, x[0]);
    switch (r->kind) {
    case ROW_UNARY:
        return r->unary(a);
    case ROW_BINARY:
    case ROW_LOSS:
        return r->binary(a, operand(&f, x[1]));
    case ROW_TERNARY:
        return r->ternary(a, operand(&f, x[1]), a);
    case ROW_REDUCTION:
        return reduced(r, a, choice);
    default:
        return r->along(a, axis_of(a, choice));
    }
}

ad_tensor graph_build(const graph_op *op, ad_tape *t, const ad_tensor *x, uint64_t choice)
{
    return op->build ? op->build(t, x, choice) : build_row(op->row, x, choice);
}

/* ---- the list ----------------------------------------------------------------------------------- */

static const struct {
    int arity;
    fitting fits;
} usual[ROW_END] = {
    [ROW_UNARY] = {1, FIT_ANY},           [ROW_BINARY] = {2, FIT_BROADCAST},
    [ROW_TERNARY] = {2, FIT_BROADCAST},   [ROW_LOSS] = {2, FIT_EQUAL},
    [ROW_REDUCTION] = {1, FIT_FULL_AXIS}, [ROW_ALONG] = {1, FIT_AXIS},
    [ROW_GRAPH] = {1, FIT_ANY},
};

enum { MOST_OPS = 400 };

static graph_op ops[MOST_OPS];
static int op_count;

/* Of an op in one row, whether the rows that follow do not say it otherwise. */
static bool stands_for_itself(const op_row *r)
{
    if (!begins_op(r) || r->kind == ROW_OP)
        return false;
    for (const op_row *next = r + 1; next->kind != ROW_END && !begins_op(next); next++)
        if (next->kind == ROW_GRAPH)
            return false;
    return true;
}

/* Depends on nothing but the name, and on which of the op's own rows it is. */
static uint64_t seed_of(const char *name)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (int i = 0; i < op_count; i++)
        hash += strcmp(ops[i].name, name) == 0;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 1099511628211u;
    return hash;
}

static void add_op(void *user, const op_row *r, const char *op)
{
    (void)user;
    const ad_op *known = ad_builtin_op_named(op);
    if (known->flags & (AD_OP_NO_DERIVATIVE | AD_OP_STOPS) ||
        (r->kind != ROW_GRAPH && !stands_for_itself(r)))
        return;
    row_fields f = fields_of(r);
    expect_rows(op_count < MOST_OPS, "too many rows", op);
    ops[op_count] = (graph_op){.name = op,
                               .arity = f.arity ? f.arity : usual[r->kind].arity,
                               .fits = f.fits ? f.fits : usual[r->kind].fits,
                               .domain = f.domain,
                               .build = r->build,
                               .row = r,
                               .seed = seed_of(op)};
    op_count++;
}

const graph_op *graph_ops(int *count)
{
    if (!op_count)
        visit_rows(NULL, add_op, NULL);
    *count = op_count;
    return ops;
}
