/* The rows of operations, seen together: no built-in op is missing from them, and each is tried in
 * {f32, f64} x {pullback, jvp, second derivative} x {plain, broadcast, strided, repeated, empty operands,
 * operands of rank 0}. */
#include "probe_cells.h"
#include "rows.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

op_table the_table; /* of all families */

static bool is_constant(const ad_op *op)
{
    return op->flags & (AD_OP_NO_DERIVATIVE | AD_OP_STOPS);
}

/* Of an op: values where it has no derivative, else cases; or only those with a complex form. */
static int cases_of(const ad_op *op, bool with_form)
{
    int cases = 0;
    const op_table *t = &the_table;
    for (int k = 0; k < t->case_count && !is_constant(op); k++)
        cases += strcmp(t->cases[k].covers, op->name) == 0 &&
                 (!with_form || has_form(&t->cases[k].form));
    for (int k = 0; k < t->value_count && is_constant(op); k++)
        cases += strcmp(t->values[k].covers, op->name) == 0;
    return cases;
}

START_TEST(every_op_has_a_row)
{
    const ad_op *op;
    row_fields f;
    for (size_t i = 0; (op = ad_builtin_op(i)); i++) {
        ck_assert_msg(find_op(op->name, &f), "%s has no row in tests/ops", op->name);
        ck_assert_msg(cases_of(op, false) > 0, "%s has no row of %s in tests/ops", op->name,
                      is_constant(op) ? "VALUES" : "a CASE");
    }
}
END_TEST

START_TEST(every_op_that_is_analytic_has_a_complex_form)
{
    const ad_op *op;
    row_fields f;
    for (size_t i = 0; (op = ad_builtin_op(i)); i++) {
        bool found = find_op(op->name, &f) && f.not_analytic;
        ck_assert_msg(is_constant(op) || found || cases_of(op, true) > 0,
                      "%s has no case with a complex form, and does not say .not_analytic",
                      op->name);
    }
}
END_TEST

/* ---- they are without holes ------------------------------------------------------------------ */

static const char *const type_names[] = {"f32", "f64"};
static const char *const derivative_names[] = {"pullback", "jvp", "second derivative"};
static const char *const trait_names[] = {"plain operands",   "an operand that broadcasts",
                                          "strided operands", "an operand that is there twice",
                                          "an empty operand", "an operand of rank 0"};

/* Whether the operands of an op can be like this. */
static bool is_possible(const ad_op *op, trait what)
{
    row_fields f = {0};
    find_op(op->name, &f);
    return what == BROADCAST          ? can_broadcast(op)
           : what == REPEATED_OPERAND ? most_operands_of(op) > 1 && !f.apart
           : what == RANK_0           ? !f.needs_axes
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
    for (int k = 0; k < the_table.case_count; k++)
        check_cells(&the_table.cases[k]);
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
    the_table = table_of(NULL);
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
