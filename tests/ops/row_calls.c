/* Calls of the functions that rows are about, good and bad, for the tests of misuse. */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

/* ---- calls of an op in one row ----------------------------------------------------------------- */

static const ad_axes no_axes[] = {{.count = 1, .axis = {2}},
                                  {.count = 1, .axis = {-3}},
                                  {.count = 2, .axis = {0, -2}, .keep = true},
                                  {.count = 9},
                                  {.count = -1}};
static const int no_axis[] = {2, -3};

enum {
    GOOD,       /* operands that suit */
    GOOD_AXES,  /* a reduction over some axes */
    WRONG_SHAPE /* the last operand; or the first of no_axes, no_axis */
};

static bool takes(const row_fields *f, int slot)
{
    return f->uses >> slot & 1;
}

ad_tensor make_call(const row_call *c, const ad_tensor *o)
{
    const op_row *r = c->row;
    row_fields f = fields_of(r);
    ad_tensor a = takes(&f, M) ? o[M] : o[A], b = takes(&f, M) ? o[M] : o[B];
    bool wrong = c->way >= WRONG_SHAPE;
    switch (r->kind) {
    case ROW_UNARY:
        return r->unary(a);
    case ROW_BINARY:
        return r->binary(a, wrong ? o[C] : b);
    case ROW_LOSS:
        return r->binary(a, wrong ? o[V] : b);
    case ROW_TERNARY:
        return r->ternary(a, b, wrong ? o[C] : a);
    case ROW_REDUCTION:
        return c->way == GOOD        ? r->unary(a)
               : c->way == GOOD_AXES ? r->over(a, AD_AXES(0))
                                     : r->over(a, no_axes[c->way - WRONG_SHAPE]);
    case ROW_ALONG:
        return r->along(a, wrong ? no_axis[c->way - WRONG_SHAPE] : 1);
    default:
        return r->call(o);
    }
}

/* ---- the lists ---------------------------------------------------------------------------------- */

enum { MOST_CALLS = 800 };

static row_call good[MOST_CALLS], bad[MOST_CALLS];
static size_t good_count, bad_count;

static void add_good(row_call c)
{
    expect_rows(good_count < MOST_CALLS, "too many calls", c.function);
    good[good_count++] = c;
}

static void add_bad(const op_row *r, const char *says, int way, ad_status status)
{
    expect_rows(bad_count < MOST_CALLS, "too many calls", says);
    bad[bad_count++] = (row_call){.says = says, .row = r, .way = way, .status = status};
}

static const char *over_of(const char *name)
{
    size_t size = strlen(name) + sizeof "_over";
    char *text = malloc(size);
    expect_rows(text != NULL, "no memory", "rows");
    memcpy(text, name, size - sizeof "_over");
    memcpy(text + size - sizeof "_over", "_over", sizeof "_over");
    return text;
}

/* Calls of an op in one row. Masks have no operand of another shape. */
static void add_calls(const op_row *r, const row_fields *f)
{
    row_call c = {.function = r->name, .says = r->name, .row = r, .uses = f->uses};
    bool two = r->kind == ROW_BINARY || r->kind == ROW_LOSS || r->kind == ROW_TERNARY;
    c.uses = f->uses ? f->uses : two ? BIT(A) | BIT(B) : BIT(A);
    c.any_type = f->any_type;
    add_good(c);
    if (two && !takes(f, M))
        add_bad(r, r->name, WRONG_SHAPE, AD_BAD_SHAPE);
    for (int i = 0; r->kind == ROW_ALONG && i < 2; i++)
        add_bad(r, r->name, WRONG_SHAPE + i, AD_BAD_SHAPE);
    if (r->kind != ROW_REDUCTION)
        return;
    c.function = over_of(r->name);
    c.way = GOOD_AXES;
    add_good(c);
    for (int i = 0; i < 5; i++)
        add_bad(r, r->name, WRONG_SHAPE + i, i < 3 ? AD_BAD_SHAPE : AD_MISUSE);
}

static void add_row(void *user, const op_row *r, const char *op)
{
    row_fields f = fields_of(r);
    (void)user, (void)op;
    if (r->kind == ROW_CALL)
        add_good((row_call){.function = r->name,
                            .says = f.says ? f.says : r->name,
                            .row = r,
                            .uses = f.uses,
                            .any_type = f.any_type});
    else if (r->kind == ROW_BAD)
        add_bad(r, r->name, GOOD, r->status);
    else if (begins_op(r) && r->kind != ROW_OP)
        add_calls(r, &f);
}

const row_call *good_calls(size_t *count)
{
    if (!good_count)
        visit_rows(NULL, add_row, NULL);
    *count = good_count;
    return good;
}

const row_call *bad_calls(size_t *count)
{
    good_calls(count);
    *count = bad_count;
    return bad;
}
