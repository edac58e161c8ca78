/* The tables of operations, seen together: no built-in op is missing from them, and each is tried in
 * {f32, f64} x {pullback, jvp, second derivative} x {plain, broadcast, strided, repeated, empty operands,
 * operands of rank 0}. The build says which tables there are: TABLES is TABLE(rows_...) for each. */
#include "probe_cells.h"
#include "probe_table.h"
#include "suite.h"

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

/* ---- they are without holes ------------------------------------------------------------------ */

static const char *const type_names[] = {"f32", "f64"};
static const char *const derivative_names[] = {"pullback", "jvp", "second derivative"};
static const char *const trait_names[] = {"plain operands",   "an operand that broadcasts",
                                          "strided operands", "an operand that is there twice",
                                          "an empty operand", "an operand of rank 0"};

/* Names, between blanks. */
static bool among(const char *names, const char *name)
{
    char word[64];
    snprintf(word, sizeof word, " %s ", name);
    return strstr(names, word) != NULL;
}

/* Whether the operands of an op can be like this. */
static bool is_possible(const ad_op *op, trait what)
{
    static const char *const need_axes =
        " matmul dot dense softmax log_softmax cumsum cumprod sort squeeze transpose permute slice "
        "concat gather index_select embedding take_along_axis scatter_add diag diagonal tril triu "
        "roll tile repeat pad pad_reflect pad_edge categorical_hinge_loss softmax_cross_entropy "
        "softmax_cross_entropy_probabilities ";
    return what == BROADCAST          ? can_broadcast(op)
           : what == REPEATED_OPERAND ? most_operands_of(op) > 1
           : what == RANK_0           ? !among(need_axes, op->name)
                                      : true;
}

/* Adds the holes of an op to the text, a line each. */
static void add_holes(const ad_op *op, char *text, size_t size)
{
    for (int i = 0; i < 2 * DERIVATIVE_COUNT * TRAIT_COUNT; i++) {
        trait what = (trait)(i % TRAIT_COUNT);
        derivative d = (derivative)(i / TRAIT_COUNT % DERIVATIVE_COUNT);
        ad_type type = i / TRAIT_COUNT / DERIVATIVE_COUNT ? AD_F64 : AD_F32;
        size_t length = strlen(text);
        if (seen_with(op, type, d, what) != is_possible(op, what))
            snprintf(text + length, size - length, "%s: %s of %s in %s%s\n", op->name,
                     derivative_names[d], trait_names[what], type_names[type == AD_F64],
                     is_possible(op, what) ? "" : " should not be possible");
    }
}

START_TEST(every_op_is_tried_in_every_type_and_derivative_on_every_kind_of_operands)
{
    static char holes[4000];
    const ad_op *op;
    for (size_t i = 0; i < TABLE_COUNT; i++)
        for (int k = 0; k < tables[i]->case_count; k++)
            check_cells(&tables[i]->cases[k]);
    for (size_t i = 0; (op = ad_builtin_op(i)); i++)
        if (!is_constant(op))
            add_holes(op, holes, sizeof holes);
    ck_assert_msg(!*holes, "no row has\n%s", holes);
}
END_TEST

START_TEST(every_op_has_a_jvp_and_a_second_order_rule_or_is_linear)
{
    const ad_op *op;
    for (size_t i = 0; (op = ad_builtin_op(i)); i++) {
        if (is_constant(op))
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
    tcase_add_test(complete,
                   every_op_is_tried_in_every_type_and_derivative_on_every_kind_of_operands);
    tcase_add_test(complete, every_op_has_a_jvp_and_a_second_order_rule_or_is_linear);
    tcase_set_timeout(complete, 300);
    suite_add_tcase(suite, complete);
    return run_suite(suite);
}
