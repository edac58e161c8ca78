/* The cases of derivatives that rows give: those that they write out, and those of ops in one row, of
 * every kind of operands. */
#include "rows.h"

#include "adze/op.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- cases of an op in one row --------------------------------------------------------------- */

typedef struct pattern {
    const char *suffix;
    int n;
    ad_shape shape[3];
    bool no_form;
    bool transposed; /* the first operand */
    bool over;       /* some axes, not all */
    ad_axes axes;
    unsigned bits; /* of those axes */
    int axis;
} pattern;

static const pattern of_one[] = {
    {"", ON(S(3, 4))}, {"_of_a_number", ON(NUMBER)}, {"_of_nothing", ON(S(0, 3))}};

/* Every way of broadcasting. */
static const pattern of_two[] = {{"_of_equal_shapes", ON(S(3, 4), S(3, 4))},
                                 {"_row_on_the_right", ON(S(3, 4), S(4))},
                                 {"_row_on_the_left", ON(S(4), S(3, 4))},
                                 {"_column", ON(S(3, 4), S(3, 1))},
                                 {"_outer", ON(S(3, 1), S(1, 4))},
                                 {"_number_on_the_right", ON(S(3, 4), NUMBER)},
                                 {"_number_on_the_left", ON(NUMBER, S(3, 4))},
                                 {"_of_numbers", ON(NUMBER, NUMBER)},
                                 {"_of_ranks_3_and_2", ON(S(2, 3, 4), S(3, 1))},
                                 {"_both_broadcast", ON(S(2, 1, 4), S(1, 3, 1))},
                                 {"_long_rows", ON(S(2, 300), S(2, 1))},
                                 {"_of_nothing", ON(S(0, 3), S(3))},
                                 {"_row_of_nothing", ON(S(3, 0), S(3, 1))},
                                 {"_one_on_nothing", ON(S(1), S(0))}};

static const pattern of_three[] = {{"_of_equal_shapes", ON(S(3, 4), S(3, 4), S(3, 4))},
                                   {"_row_and_column", ON(S(3, 4), S(4), S(3, 1))},
                                   {"_first_broadcasts", ON(S(4), S(2, 3, 1), S(3, 4))},
                                   {"_all_broadcast", ON(S(3, 1, 1), S(2, 1), S(4))},
                                   {"_by_numbers", ON(S(3, 4), NUMBER, NUMBER)},
                                   {"_of_numbers", ON(NUMBER, NUMBER, NUMBER)},
                                   {"_of_many", ON(S(2, 300), S(2, 1), S(2, 1))},
                                   {"_of_nothing", ON(S(0, 3), S(3), NUMBER)}};

static const pattern of_losses[] = {
    {"_of_vectors", ON(S(5), S(5))},
    {"_of_matrices", ON(S(3, 4), S(3, 4))},
    {"_of_numbers", ON(NUMBER, NUMBER)},
    {"_of_many", ON(S(30, 20), S(30, 20))},
    {"_of_views", ON(S(3, 4), S(4, 3)), .no_form = true, .transposed = true},
    {"_of_nothing", ON(S(0, 3), S(0, 3)), .no_form = true}};

#define AXES(...)     .count = sizeof((int[]){__VA_ARGS__}) / sizeof(int), .axis = {__VA_ARGS__}
#define SOME(is, ...) .over = true, .axes = {__VA_ARGS__}, .bits = is

static const pattern of_reductions[] = {
    {"_over_all", ON(S(3, 4)), .bits = 3},
    {"_over_a_vector", ON(S(7)), .bits = 1},
    {"_over_first", ON(S(3, 4)), SOME(1, AXES(0))},
    {"_over_last", ON(S(3, 4)), SOME(2, AXES(-1))},
    {"_over_middle", ON(S(2, 3, 4)), SOME(2, AXES(1))},
    {"_over_outer_two", ON(S(2, 3, 4)), SOME(5, AXES(-1, 0))},
    {"_keeping_first", ON(S(3, 4)), SOME(1, AXES(0), .keep = true)},
    {"_keeping_two", ON(S(2, 3, 4)), SOME(6, AXES(1, -1), .keep = true)},
    {"_keeping_all", ON(S(3, 4)), SOME(3, .keep = true)},
    {"_over_long_rows", ON(S(2, 300)), SOME(2, AXES(1))},
    {"_over_long_columns", ON(S(300, 2)), SOME(1, AXES(0))},
    {"_of_no_columns", ON(S(3, 0)), SOME(1, AXES(0))}};

#define ALONG_AXIS(argument, is) .axis = argument, .bits = 1 << (is)

static const pattern of_axes[] = {{"_along_last", ON(S(3, 4)), ALONG_AXIS(-1, 1)},
                                  {"_along_first", ON(S(3, 4)), ALONG_AXIS(0, 0)},
                                  {"_along_middle", ON(S(2, 3, 4)), ALONG_AXIS(1, 1)},
                                  {"_of_a_vector", ON(S(5)), ALONG_AXIS(0, 0)},
                                  {"_along_wide_columns", ON(S(3, 70)), ALONG_AXIS(0, 0)},
                                  {"_along_long_rows", ON(S(2, 300)), ALONG_AXIS(1, 1)},
                                  {"_along_one", ON(S(3, 1)), ALONG_AXIS(1, 1)},
                                  {"_of_no_rows", ON(S(0, 3)), ALONG_AXIS(1, 1)},
                                  {"_along_nothing", ON(S(3, 0)), ALONG_AXIS(1, 1)}};

static const struct {
    const pattern *patterns;
    size_t count;
} patterns_of[ROW_END] = {
    [ROW_UNARY] = {of_one, sizeof of_one / sizeof *of_one},
    [ROW_BINARY] = {of_two, sizeof of_two / sizeof *of_two},
    [ROW_TERNARY] = {of_three, sizeof of_three / sizeof *of_three},
    [ROW_LOSS] = {of_losses, sizeof of_losses / sizeof *of_losses},
    [ROW_REDUCTION] = {of_reductions, sizeof of_reductions / sizeof *of_reductions},
    [ROW_ALONG] = {of_axes, sizeof of_axes / sizeof *of_axes},
};

/* ---- how they are run ------------------------------------------------------------------------ */

typedef struct recipe {
    const op_row *row;
    const pattern *pattern;
} recipe;

static ad_tensor run_recipe(ad_tape *t, const ad_tensor *x, const void *env)
{
    const recipe *how = env;
    const op_row *r = how->row;
    (void)t;
    switch (r->kind) {
    case ROW_UNARY:
        return r->unary(x[0]);
    case ROW_BINARY:
    case ROW_LOSS:
        return r->binary(how->pattern->transposed ? ad_transpose(x[0]) : x[0], x[1]);
    case ROW_TERNARY:
        return r->ternary(x[0], x[1], x[2]);
    case ROW_REDUCTION:
        return how->pattern->over ? r->over(x[0], how->pattern->axes) : r->unary(x[0]);
    default:
        return r->along(x[0], how->pattern->axis);
    }
}

static double _Complex each_number(const void *row_, const double _Complex *x)
{
    const op_row *r = row_;
    return r->fields(x[0], x[1], x[2]).complex;
}

/* ---- lists ----------------------------------------------------------------------------------- */

typedef struct lists {
    gradient_case *cases;
    value_case *values;
    int case_count, value_count;
} lists;

/* Room for one more: lists grow to powers of 2. */
static void *with_room(void *items, int count, size_t size)
{
    if (count & (count - 1))
        return items;
    items = realloc(items, 2 * (size_t)(count ? count : 1) * size);
    expect_rows(items != NULL, "no memory", "rows");
    return items;
}

static gradient_case *new_case(lists *l)
{
    l->cases = with_room(l->cases, l->case_count, sizeof *l->cases);
    return &l->cases[l->case_count++];
}

/* What both kinds of cases take from their fields. */
static gradient_case case_of(const op_row *r, const char *op, const row_fields *f)
{
    return (gradient_case){.name = r->name,
                           .covers = op,
                           .f = r->result,
                           .low = f->range.low,
                           .high = f->range.high,
                           .form = {.linear = f->linear, .row = r, .mean = f->mean}};
}

static void add_case(lists *l, const op_row *r, const char *op)
{
    row_fields f = fields_of(r);
    gradient_case *c = new_case(l);
    *c = case_of(r, op, &f);
    c->n = f.n;
    memcpy(c->shape, f.shape, sizeof f.shape);
    c->form.each = f.each ? each_number : NULL;
    c->form.list = f.list;
    c->form.axes = f.axes;
    c->form.same = f.same;
    c->form.whole = f.whole;
}

static const char *joined(const char *a, const char *b)
{
    size_t size = strlen(a) + strlen(b) + 1;
    char *text = malloc(size);
    expect_rows(text != NULL, "no memory", "rows");
    snprintf(text, size, "%s%s", a, b);
    return text;
}

static void add_pattern(lists *l, const op_row *r, const char *op, const pattern *p)
{
    row_fields f = fields_of(r);
    gradient_case *c = new_case(l);
    recipe *how = malloc(sizeof *how);
    expect_rows(how != NULL, "no memory", "rows");
    *how = (recipe){r, p};
    *c = case_of(r, op, &f);
    c->name = joined(r->name, p->suffix);
    c->f = run_recipe;
    c->env = how;
    c->n = p->n;
    memcpy(c->shape, p->shape, sizeof p->shape);
    if (p->no_form || f.not_analytic) {
        c->form = (complex_form){0};
        return;
    }
    bool lists_of = r->kind == ROW_REDUCTION || r->kind == ROW_ALONG;
    c->form.each = lists_of || f.linear ? NULL : each_number;
    c->form.sum = r->kind == ROW_LOSS;
    c->form.list = f.list;
    c->form.axes = p->bits;
    c->form.same = r->kind == ROW_ALONG;
}

static bool is_constant(const char *op)
{
    const ad_op *known = ad_builtin_op_named(op);
    return known->flags & (AD_OP_NO_DERIVATIVE | AD_OP_STOPS);
}

static void add_row(void *user, const op_row *r, const char *op)
{
    lists *l = user;
    if (r->kind == ROW_CASE)
        add_case(l, r, op);
    if (r->kind == ROW_VALUES) {
        l->values = with_room(l->values, l->value_count, sizeof *l->values);
        l->values[l->value_count++] =
            (value_case){r->name, op, r->result, {r->y[0], r->y[1], r->y[2]}};
    }
    for (size_t i = 0; i < patterns_of[r->kind].count && !is_constant(op); i++)
        add_pattern(l, r, op, &patterns_of[r->kind].patterns[i]);
}

op_table table_of(const char *family)
{
    lists l = {0};
    visit_rows(family, add_row, &l);
    expect_rows(l.case_count + l.value_count > 0, "there is no such family", family);
    return (op_table){l.cases, l.case_count, l.values, l.value_count};
}
