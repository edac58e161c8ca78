/* The tables of operations, seen together: no built-in op is missing from them. The build says which
 * there are: TABLES is TABLE(rows_...) for each. */
#include "check_table.h"
#include "suite.h"

#include "adze/op.h"
#include "ops/elementwise.h"

#include <stdio.h>
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
    return f->linear || f->unary || f->binary || f->ternary || f->list || f->whole;
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
                                         "ceil",
                                         "floor",
                                         "round",
                                         "trunc",
                                         "fmod",
                                         "sort",
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

/* ---- the first of them is without holes ------------------------------------------------------------------- */

typedef bool row_trait(const gradient_case *c);

static size_t operands_of_rank(const gradient_case *c, int rank)
{
    size_t n = 0;
    for (int i = 0; i < c->n; i++)
        n += c->shape[i].rank == rank;
    return n;
}

static size_t empty_operands(const gradient_case *c)
{
    size_t n = 0;
    for (int i = 0; i < c->n; i++)
        n += shape_count(&c->shape[i]) == 0;
    return n;
}

static bool has_one_shape(const gradient_case *c)
{
    for (int i = 1; i < c->n; i++)
        if (!ad_shape_equal(&c->shape[0], &c->shape[i]))
            return false;
    return true;
}

/* Every row that is plain is tried with operands at strides, too. */
static bool is_plain(const gradient_case *c)
{
    return !empty_operands(c) && !operands_of_rank(c, 0);
}

static bool is_empty(const gradient_case *c)
{
    return empty_operands(c) > 0;
}

static bool is_of_rank_0(const gradient_case *c)
{
    return operands_of_rank(c, 0) > 0;
}

static bool broadcasts(const gradient_case *c)
{
    return is_plain(c) && !has_one_shape(c);
}

/* Every such row is tried with one tensor in the place of all operands. */
static bool can_repeat(const gradient_case *c)
{
    return c->n > 1 && is_plain(c) && has_one_shape(c);
}

static bool is_any(const gradient_case *c)
{
    return c->n > 0;
}

static bool has_row(const ad_op *op, row_trait *trait)
{
    const op_table *t = tables[0];
    for (int k = 0; k < t->case_count; k++)
        if (strcmp(t->cases[k].covers, op->name) == 0 && trait(&t->cases[k]))
            return true;
    return false;
}

static bool takes_two(const gradient_case *c)
{
    return c->n > 1;
}

/* Names, between blanks. */
static bool among(const char *names, const char *name)
{
    char word[64];
    snprintf(word, sizeof word, " %s ", name);
    return strstr(names, word) != NULL;
}

START_TEST(rows_of_every_op_are_plain_empty_of_rank_0_broadcast_and_repeated)
{
    static const char *const need_axes =
        " matmul dot dense softmax log_softmax cumsum cumprod sort squeeze transpose permute slice"
        " concat gather softmax_cross_entropy ";
    const ad_op *op;
    for (size_t i = 0; (op = ad_builtin_op(i)); i++) {
        bool broadcasting = op->shape == ad_shape_broadcast || op->shape == ad_shape_broadcast_3;
        if (is_constant(op) || !has_row(op, is_any))
            continue;
        ck_assert_msg(has_row(op, is_plain), "%s has no plain row", op->name);
        ck_assert_msg(has_row(op, is_empty), "%s has no row with an empty operand", op->name);
        ck_assert_msg(has_row(op, is_of_rank_0) || among(need_axes, op->name),
                      "%s has no row with an operand of rank 0", op->name);
        ck_assert_msg(!broadcasting || has_row(op, broadcasts), "%s has no row that broadcasts",
                      op->name);
        ck_assert_msg(!has_row(op, takes_two) || has_row(op, can_repeat) ||
                          among(" dense ", op->name),
                      "%s has no row whose operands could be the same", op->name);
    }
}
END_TEST

START_TEST(every_op_has_a_jvp_and_a_second_order_rule_or_is_linear)
{
    static const char *const missing = " dense ";
    const ad_op *op;
    for (size_t i = 0; (op = ad_builtin_op(i)); i++) {
        if (op->flags & (AD_OP_NO_DERIVATIVE | AD_OP_STOPS) || among(missing, op->name))
            continue;
        ck_assert_msg(op->jvp, "%s has no jvp", op->name);
        ck_assert_msg(op->curvature || op->flags & AD_OP_LINEAR,
                      "%s has no second-order rule and is not declared linear", op->name);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tables of operations");
    TCase *complete = tcase_create("complete");
    tcase_add_test(complete, every_op_has_a_row);
    tcase_add_test(complete, every_op_that_is_analytic_has_a_complex_form);
    tcase_add_test(complete, rows_of_every_op_are_plain_empty_of_rank_0_broadcast_and_repeated);
    tcase_add_test(complete, every_op_has_a_jvp_and_a_second_order_rule_or_is_linear);
    suite_add_tcase(suite, complete);
    return run_suite(suite);
}
