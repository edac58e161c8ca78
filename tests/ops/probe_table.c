/* The tests that walk a table of operations. */
#include "probe_table.h"

#include "adze/op.h"
#include "ops/elementwise/elementwise.h"

#include "suite.h"

#include <stdio.h>
#include <string.h>

/* ---- the table ------------------------------------------------------------------------- */

START_TEST(names_of_rows_are_unique) /* their numbers depend on them */
{
    for (int i = 0; i < the_table.case_count; i++)
        for (int k = 0; k < i; k++)
            ck_assert_str_ne(the_table.cases[i].name, the_table.cases[k].name);
}
END_TEST

/* ---- its rows --------------------------------------------------------------------------- */

static const char *case_name(int row)
{
    return the_table.cases[row].name;
}

/* Several checks in each test: under a sanitizer, a test's process costs more than they do. */

START_TEST(gradients_agree_with_differences_and_complex_steps)
{
    const gradient_case *c = &the_table.cases[_i];
    check_covers(c);
    check_differences(c);
    check_complex_step(c);
    check_repeated_operand(c);
}
END_TEST

START_TEST(types_strides_sharing_and_freezing_of_operands_do_not_matter)
{
    const gradient_case *c = &the_table.cases[_i];
    check_layouts(c);
    check_no_memory(c);
    check_accumulation(c);
    check_frozen_operands(c);
}
END_TEST

START_TEST(tangents_and_second_derivatives_agree_with_the_gradients)
{
    const gradient_case *c = &the_table.cases[_i];
    check_jvp(c);
    check_hvp(c);
    check_cells(c);
}
END_TEST

START_TEST(what_vanishes_beats_what_grows_without_bound)
{
    check_vanishing(&the_table.cases[_i]);
}
END_TEST

enum { BATCHES = 8 }; /* of rows: this takes less time than the processes would */

START_TEST(memory_may_run_out_at_any_allocation)
{
    for (int i = _i; i < the_table.case_count; i += BATCHES)
        if (row_is_wanted(case_name(i)))
            check_out_of_memory(&the_table.cases[i]);
}
END_TEST

TCase *row_checks(void)
{
    TCase *rows = tcase_create("rows");
    int n = the_table.case_count;
    add_row_tests(rows, gradients_agree_with_differences_and_complex_steps, n, case_name);
    add_row_tests(rows, types_strides_sharing_and_freezing_of_operands_do_not_matter, n, case_name);
    add_row_tests(rows, tangents_and_second_derivatives_agree_with_the_gradients, n, case_name);
    add_row_tests(rows, what_vanishes_beats_what_grows_without_bound, n, case_name);
    return rows;
}

/* ---- ops without derivative -------------------------------------------------------------- */

typedef struct two_vectors {
    double a[3], b[3];
    ad_tensor x[2];
} two_vectors;

static const char *value_name(int row)
{
    return the_table.values[row].name;
}

static ad_tensor run_values(const value_case *c, ad_tape *t, two_vectors *v)
{
    *v = (two_vectors){{1, 2, 3}, {2, 2, 2}, {{0}, {0}}};
    v->x[0] = ad_watch(t, AD_VIEW(v->a, 3));
    v->x[1] = ad_watch(t, AD_VIEW(v->b, 3));
    return c->f(t, v->x, NULL);
}

START_TEST(ops_without_derivative_give_these_values)
{
    const value_case *c = &the_table.values[_i];
    two_vectors v;
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor y = run_values(c, t, &v);
    ad_view view = ad_read(y);
    ck_assert_msg(ad_tape_status(t) == AD_OK, "%s: %s", c->name, ad_tape_error(t));
    ck_assert_uint_eq(ad_view_count(&view), 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert_msg(ad_view_get(&view, i) == c->y[i], "%s: element %zu", c->name, i);
    ck_assert_msg(!ad_is_tracked(y), "%s", c->name);
    ad_tape_free(t);
}
END_TEST

/* Then the comparison that made its masks is named. */
static bool takes_masks(const char *op)
{
    return strncmp(op, "logical_", 8) == 0 || strcmp(op, "all") == 0 || strcmp(op, "any") == 0;
}

START_TEST(a_gradient_through_them_alone_is_an_error_or_a_declared_zero)
{
    const value_case *c = &the_table.values[_i];
    two_vectors v;
    ad_tape *t = ad_tape_new(NULL);
    ad_status status = ad_backward(ad_sum(ad_cast(run_values(c, t, &v), AD_F64)));
    if (ad_builtin_op_named(c->covers)->flags & AD_OP_STOPS) {
        ck_assert_int_eq(status, AD_OK);
        ck_assert(!ad_reached(v.x[0]) && !ad_reached(v.x[1]));
        ad_view zeros = ad_grad(v.x[0]);
        ck_assert_int_eq(ad_test_near_zero(zeros, 1e-300, NULL), AD_OK);
    } else {
        ck_assert_int_eq(status, AD_NO_DERIVATIVE);
        bool cast = takes_masks(c->covers) ||
                    strstr(ad_tape_error(t), "cast_discrete"); /* to an op's integers */
        ck_assert_msg(cast || strstr(ad_tape_error(t), c->covers), "%s: %s", c->name,
                      ad_tape_error(t));
    }
    ad_tape_free(t);
}
END_TEST

Suite *table_suite(void)
{
    Suite *suite = suite_create("ops");
    TCase *table = tcase_create("the table"), *constants = tcase_create("without derivative");
    tcase_add_test(table, names_of_rows_are_unique);
    add_row_tests(constants, ops_without_derivative_give_these_values, the_table.value_count,
                  value_name);
    add_row_tests(constants, a_gradient_through_them_alone_is_an_error_or_a_declared_zero,
                  the_table.value_count, value_name);
    suite_add_tcase(suite, table);
    suite_add_tcase(suite, row_checks());
    TCase *memory = tcase_create("out of memory");
    tcase_set_timeout(memory, 300);
    add_table_test(memory, memory_may_run_out_at_any_allocation, 0, BATCHES);
    suite_add_tcase(suite, memory);
    suite_add_tcase(suite, constants);
    return suite;
}
