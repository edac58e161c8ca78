/* The tables of operations, seen together: no built-in op is missing from them. The build says which
 * there are: TABLES is TABLE(rows_...) for each. */
#include "check_table.h"
#include "suite.h"

#include "adze/op.h"

#include <string.h>

#define TABLE(rows) extern const op_table rows;
TABLES
#undef TABLE

#define TABLE(rows) &rows,
static const op_table *const tables[] = {TABLES};
#undef TABLE

enum { TABLE_COUNT = sizeof tables / sizeof *tables };

static bool is_constant(const ad_op *op)
{
    return op->flags & (AD_OP_NO_DERIVATIVE | AD_OP_STOPS);
}

static bool has_form(const gradient_case *c)
{
    const complex_form *f = &c->form;
    return f->linear || f->unary || f->binary || f->list || f->whole;
}

/* Rows of an op: of values where it has no derivative; or only those with a complex form. */
static int rows_of(const ad_op *op, bool with_form)
{
    int rows = 0;
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        const op_table *t = tables[i];
        for (int k = 0; k < t->case_count && !is_constant(op); k++)
            rows +=
                strcmp(t->cases[k].covers, op->name) == 0 && (!with_form || has_form(&t->cases[k]));
        for (int k = 0; k < t->value_count && is_constant(op); k++)
            rows += strcmp(t->values[k].covers, op->name) == 0;
    }
    return rows;
}

START_TEST(every_op_has_a_row)
{
    const ad_op *op;
    for (size_t i = 0; (op = ad_builtin_op(i)); i++)
        ck_assert_msg(rows_of(op, false) > 0, "%s has no %s in the tables", op->name,
                      is_constant(op) ? "row of values" : "row");
}
END_TEST

START_TEST(every_op_that_is_analytic_has_a_complex_form)
{
    static const char *const others[] = {"abs",
                                         "sign",
                                         "relu",
                                         "maximum",
                                         "minimum",
                                         "max",
                                         "min",
                                         "l1_loss",
                                         "mae",
                                         "mape",
                                         "huber_loss",
                                         "hinge_loss",
                                         "squared_hinge_loss",
                                         "categorical_hinge_loss"};
    const ad_op *op;
    for (size_t i = 0; (op = ad_builtin_op(i)); i++) {
        bool found = is_constant(op) || rows_of(op, true) > 0;
        for (size_t k = 0; k < sizeof others / sizeof *others; k++)
            found = found || strcmp(op->name, others[k]) == 0;
        ck_assert_msg(found, "%s has no row with a complex form", op->name);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tables of operations");
    TCase *complete = tcase_create("complete");
    tcase_add_test(complete, every_op_has_a_row);
    tcase_add_test(complete, every_op_that_is_analytic_has_a_complex_form);
    suite_add_tcase(suite, complete);
    return run_suite(suite);
}
