/* Misuse is an error with a message, never undefined behaviour (RELIABILITY R11). Every exported function
 * has a row: operations in tests/ops, others here (misuse.h); the list of them is that of
 * tests/house/abi.txt. */
#include "measured.h"
#include "misuse.h"
#include "rows.h"
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static ad_tape *tape;
static ad_tensor o[SLOTS];

static void setup(void)
{
    tape = ad_tape_new(NULL);
    make_operands(tape, o);
    ck_assert_int_eq(ad_tape_status(tape), AD_OK);
}

static void teardown(void)
{
    ad_tape_free(tape);
}

/* ---- functions of tensors ------------------------------------------------------------------ */

/* A function of tensors and a good call of it: an operation's, or that of another row. */
typedef struct target {
    const char *function, *says;
    unsigned uses, any_type;
    const row_call *call;
    const function_row *row;
} target;

static size_t ops_count, bad_ops_count;
static const row_call *good_ops, *bad_ops;

static void find_rows(void)
{
    good_ops = good_calls(&ops_count);
    bad_ops = bad_calls(&bad_ops_count);
}

static target target_of(size_t i)
{
    if (i < ops_count)
        return (target){good_ops[i].function, good_ops[i].says, good_ops[i].uses,
                        good_ops[i].any_type, &good_ops[i],     NULL};
    const function_row *r = &function_rows[i - ops_count];
    return (target){r->function, r->says, r->uses, 0, NULL, r};
}

/* Rows that call a function through its address have no macro that notes their line: as a macro does. */
static void note_line(void)
{
    ad_tape_at_line(tape, "net.c:7");
}

static ad_tensor call(const target *g, const ad_tensor *x)
{
    note_line();
    return g->call ? make_call(g->call, x) : g->row->call(x);
}

/* The message begins "op([2, 3]) at net.c:7: ", with one line, that of the call. */
static void expect_line(const char *op, const char *message)
{
    const char *head = strstr(message, ": "), *line = strstr(message, " at ");
    ck_assert_msg(head && line && line < head, "%s: no source line: %s", op, message);
    const char *number = memchr(line, ':', (size_t)(head - line));
    size_t digits = number ? strspn(number + 1, "0123456789") : 0;
    ck_assert_msg(digits && number + 1 + digits == head && number[-2] == '.',
                  "%s: not one source line: %s", op, message);
}

/* y is a failure of op with that status, which later calls do not change; then all is well again. */
static void expect_failure(const char *op, ad_tensor y, ad_status status)
{
    char text[600];
    ck_assert_msg(ad_tape_status(tape) == status, "%s: %d %s", op, (int)ad_tape_status(tape),
                  ad_tape_error(tape));
    ck_assert_msg(strncmp(ad_tape_error(tape), op, strlen(op)) == 0, "%s: %s", op,
                  ad_tape_error(tape));
    expect_line(op, ad_tape_error(tape));
    ck_assert_ptr_null(ad_read(y).data);
    snprintf(text, sizeof text, "%s", ad_tape_error(tape));
    ck_assert_ptr_null(ad_read(ad_exp(y)).data);
    ck_assert_int_eq(ad_backward(y), status);
    ck_assert_str_eq(ad_tape_error(tape), text);
    ad_tape_reset(tape);
    make_operands(tape, o);
    ck_assert_int_eq(ad_tape_status(tape), AD_OK);
}

/* All values from this one on have a line, and the same. */
static void expect_one_line(const char *function, size_t first)
{
    char text[600], line[600] = "";
    for (size_t i = first; i < measured(tape).nodes; i++) {
        const char *at = strstr(ad_tape_describe(tape, i, text, sizeof text), " at ");
        ck_assert_msg(at && (i == first || strcmp(at, line) == 0), "%s: value %zu is %s%s",
                      function, i - first, text, line);
        snprintf(line, sizeof line, "%s", at);
    }
}

START_TEST(good_operands_are_taken) /* so that what follows fails for the reason given */
{
    target row = target_of((size_t)_i);
    size_t first = measured(tape).nodes;
    ad_tensor y = call(&row, o);
    expect_one_line(row.function, first);
    ck_assert_msg(ad_tape_status(tape) == AD_OK, "%s: %s", row.function, ad_tape_error(tape));
    ck_assert_ptr_nonnull(ad_read(y).data);
}
END_TEST

START_TEST(without_a_tape_nothing_happens)
{
    target row = target_of((size_t)_i);
    ad_tensor none[SLOTS];
    memset(none, 0, sizeof none);
    ad_tensor y = call(&row, none);
    ck_assert(!y.tape && !ad_read(y).data);
    for (int i = 0; i < SLOTS; i++)
        none[i] = ad_number(i);
    ck_assert_ptr_null(call(&row, none).tape);
}
END_TEST

START_TEST(stale_and_foreign_operands_are_refused)
{
    target row = target_of((size_t)_i);
    ad_tape *elsewhere = ad_tape_new(NULL);
    ad_tensor old[SLOTS], foreign[SLOTS], spoilt[SLOTS];
    bool first = true;
    make_operands(elsewhere, foreign);
    memcpy(old, o, sizeof o);
    ad_tape_reset(tape);
    make_operands(tape, o);
    for (int i = 0; i < SLOTS; i++) {
        if (!(row.uses & BIT(i)))
            continue;
        memcpy(spoilt, o, sizeof o);
        spoilt[i] = old[i];
        expect_failure(row.says, call(&row, spoilt), AD_STALE);
        if (row.uses == BIT(i))
            continue;
        memcpy(spoilt, o, sizeof o);
        spoilt[i] = foreign[i];
        ad_tensor y = call(&row, spoilt);
        if (y.tape == tape)
            expect_failure(row.says, y, AD_FOREIGN);
        else /* whose tape the first operand names */
            ck_assert(first || ad_tape_status(elsewhere) == AD_FOREIGN);
        ad_tape_reset(elsewhere);
        make_operands(elsewhere, foreign);
        first = false;
    }
    ad_tape_free(elsewhere);
}
END_TEST

START_TEST(wrong_types_are_refused)
{
    target row = target_of((size_t)_i);
    for (int i = 0; i < SLOTS; i++) {
        ad_tensor spoilt[SLOTS];
        memcpy(spoilt, o, sizeof o);
        spoilt[i] = mistyped(tape, i);
        if (row.uses & ~row.any_type & BIT(i))
            expect_failure(row.says, call(&row, spoilt), AD_BAD_TYPE);
        else if (row.uses & BIT(i))
            ck_assert_msg(ad_read(call(&row, spoilt)).data, "%s: %s", row.function,
                          ad_tape_error(tape));
    }
}
END_TEST

START_TEST(impossible_arguments_are_refused)
{
    const row_call *op = (size_t)_i < bad_ops_count ? &bad_ops[_i] : NULL;
    const bad_row *row = op ? NULL : &bad_rows[(size_t)_i - bad_ops_count];
    ad_status status = op ? op->status : row->status;
    note_line();
    ad_tensor y = op ? make_call(op, o) : row->call(o);
    if (status != AD_OK)
        expect_failure(op ? op->says : row->says, y, status);
    else { /* no tape to put the failure on */
        ck_assert(!y.tape && isnan(ad_item(y)) && ad_tape_status(y.tape) == AD_MISUSE);
        ck_assert_str_eq(ad_tape_error(y.tape), "there is no tape");
    }
}
END_TEST

/* An op whose kernel calls the row under test. */
typedef struct meddling {
    const target *row;
    const ad_tensor *o;
} meddling;

static void meddle(const ad_forward_args *c)
{
    const meddling *m = c->attr;
    ad_tensor y = call(m->row, m->o);
    ck_assert_ptr_null(ad_read(y).data);
}

START_TEST(kernels_cannot_use_their_tape)
{
    ad_op op = {.size = sizeof(ad_op),
                .name = "meddler",
                .arity = 1,
                .flags = AD_OP_NO_DERIVATIVE,
                .attr_size = sizeof(meddling),
                .shape = ad_shape_first,
                .forward = meddle};
    target row = target_of((size_t)_i);
    meddling m = {&row, o};
    ad_tensor y = ad_apply(&op, &o[A], &m);
    expect_failure(row.says, y, AD_BUSY);
}
END_TEST

/* ---- all others ---------------------------------------------------------------------------- */

static const struct call_table {
    const call_row *rows;
    const size_t *count;
} call_tables[] = {{object_rows, &object_row_count},         {sweep_rows, &sweep_row_count},
                   {check_rows, &check_row_count},           {model_rows, &model_row_count},
                   {dlpack_rows, &dlpack_row_count},         {file_rows, &file_row_count},
                   {model_file_rows, &model_file_row_count}, {table_rows, &table_row_count},
                   {operator_rows, &operator_row_count},     {program_rows, &program_row_count},
                   {sparse_rows, &sparse_row_count}};
enum { CALL_TABLES = sizeof call_tables / sizeof *call_tables };

static int call_count(void)
{
    size_t n = 0;
    for (int k = 0; k < CALL_TABLES; k++)
        n += *call_tables[k].count;
    return (int)n;
}

static const call_row *call_at(int row)
{
    const struct call_table *table = call_tables;
    size_t i = (size_t)row;
    while (i >= *table->count)
        i -= *table++->count;
    return &table->rows[i];
}

START_TEST(all_others_survive_misuse)
{
    call_at(_i)->run();
}
END_TEST

/* ---- the tables are complete --------------------------------------------------------------- */

static bool has_row(const char *function)
{
    bool found = false;
    for (size_t i = 0; i < ops_count + function_row_count; i++)
        found = found || strcmp(target_of(i).function, function) == 0;
    for (int k = 0; k < CALL_TABLES; k++)
        for (size_t i = 0; i < *call_tables[k].count; i++)
            found = found || strcmp(call_tables[k].rows[i].function, function) == 0;
    return found;
}

static bool ends_in(const char *text, const char *end)
{
    size_t n = strlen(text), k = strlen(end);
    return n >= k && strcmp(text + n - k, end) == 0;
}

/* Functions of single numbers and recorders know no tensors; they have tests of their own (tests/numbers). */
static bool is_of_numbers(const char *function)
{
    return strncmp(function, "ad_real_", 8) == 0 || strncmp(function, "ad_recorder_", 12) == 0 ||
           ends_in(function, "_reals") || ends_in(function, "_real") ||
           ends_in(function, "_real_parts");
}

START_TEST(every_exported_function_has_a_row)
{
    char line[128];
    FILE *file = open_test_file("house/abi.txt");
    ck_assert_ptr_nonnull(file);
    size_t functions = 0;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = '\0';
        if (is_of_numbers(line))
            continue;
        ck_assert_msg(strncmp(line, "ad_", 3) == 0 && has_row(line + 3),
                      "%s has no row in tests/ops or tests/misuse", line);
        functions++;
    }
    fclose(file);
    ck_assert_uint_eq(functions, ops_count + function_row_count + (size_t)call_count());
}
END_TEST

/* ---- each status is produced --------------------------------------------------------------- */

static ad_status memory_runs_out(void)
{
    ck_assert_ptr_null(ad_tape_memory(tape, SIZE_MAX));
    return ad_tape_status(tape);
}
static ad_status too_large(void)
{
    ad_freeze(tape, ((ad_view){.data = o, .shape = {1, {INT64_MAX}}}));
    return ad_tape_status(tape);
}
static ad_status bad_shape(void)
{
    return ad_backward(ad_add(o[A], o[C]));
}
static ad_status bad_type(void)
{
    return ad_backward(ad_add(o[A], o[L]));
}
static ad_status out_of_domain(void)
{
    ad_gather(o[A], ad_constant(tape, AD_I32, 7), 0);
    return ad_tape_status(tape);
}
static ad_status stale(void)
{
    ad_tape_reset(tape);
    return ad_backward(o[A]);
}
static ad_status foreign(void)
{
    ad_tape *other = ad_tape_new(NULL);
    ad_add(o[A], ad_constant(other, AD_F64, 1));
    ad_tape_free(other);
    return ad_tape_status(tape);
}
static void use_tape(void *user, const ad_event *event)
{
    (void)event;
    ad_exp(*(ad_tensor *)user);
}
static ad_status busy(void)
{
    ad_tape_trace(tape, use_tape, &o[A]);
    ad_exp(o[A]);
    return ad_tape_status(tape);
}
static ad_status no_derivative(void)
{
    return ad_backward(ad_sum(ad_cast(ad_greater(o[A], o[B]), AD_F64)));
}
static ad_status misuse(void)
{
    return ad_array_write(NULL, ad_read(o[A]), NULL);
}
static void give_up(const ad_pullback_args *c)
{
    ad_reject(c->work, AD_FAILED, "no");
}
static ad_status failed(void)
{
    ad_op op = {.size = sizeof op};
    ad_op_with_pullback(ad_builtin_op_named("exp"), "solver", give_up, &op);
    return ad_backward(ad_sum(ad_apply(&op, &o[A], NULL)));
}
static ad_status file(void)
{
    ad_array a;
    return ad_idx_read("/no/such/file", NULL, &a, NULL);
}
static ad_status format(void)
{
    ad_array a;
    return ad_idx_parse("P5", 2, "image", NULL, &a, NULL);
}
static ad_status different(void)
{
    return ad_test_same(ad_read(o[A]), ad_read(o[C]), 1, NULL);
}
/* With what a tape can be asked to check. */
static void use_checks(unsigned checks)
{
    ad_tape_free(tape);
    tape = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .checks = checks});
    make_operands(tape, o);
}
static ad_status not_finite(void)
{
    use_checks(AD_CHECK_NUMBERS);
    return ad_backward(ad_sum(ad_div(o[A], 0)));
}
static ad_status unreached(void)
{
    use_checks(AD_CHECK_REACHED);
    return ad_backward(ad_sum(o[A]));
}
static ad_status changed(void)
{
    double numbers[] = {1, 2};
    use_checks(AD_CHECK_BORROWED);
    ad_tensor x = ad_watch(tape, AD_VIEW(numbers, 2));
    numbers[1] = 3;
    return ad_backward(ad_sum(x));
}
static bool never(void *user, size_t left)
{
    (void)user, (void)left;
    return false;
}
static ad_status cancelled(void)
{
    ad_tape_poll(tape, never, NULL);
    return ad_backward(ad_sum(ad_exp(o[A])));
}
/* By libadze-mpi alone; its own tests lose ranks. */
static ad_status network(void)
{
    return ad_fail(NULL, AD_NETWORK, NULL);
}
static void ask(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_real_constant(ad_less(x[0], 2));
}
static ad_status branch(void)
{
    double y;
    ad_program *p = ad_program_of(ask, 1, &(double){1}, 1, NULL, NULL, NULL);
    ad_status status = ad_program_run(p, &(double){3}, &y, NULL, NULL);
    ad_program_free(p);
    return status;
}
static ad_status success(void)
{
    return ad_backward(ad_sum(o[A]));
}

static ad_status (*const producers[AD_STATUS_COUNT])(void) = {
    [AD_NOT_FINITE] = not_finite,
    [AD_UNREACHED] = unreached,
    [AD_CHANGED] = changed,
    [AD_CANCELLED] = cancelled,
    [AD_OK] = success,
    [AD_MEMORY] = memory_runs_out,
    [AD_TOO_LARGE] = too_large,
    [AD_BAD_SHAPE] = bad_shape,
    [AD_BAD_TYPE] = bad_type,
    [AD_DOMAIN] = out_of_domain,
    [AD_STALE] = stale,
    [AD_FOREIGN] = foreign,
    [AD_BUSY] = busy,
    [AD_MISUSE] = misuse,
    [AD_FAILED] = failed,
    [AD_NO_DERIVATIVE] = no_derivative,
    [AD_FILE] = file,
    [AD_FORMAT] = format,
    [AD_DIFFERENT] = different,
    [AD_NETWORK] = network,
    [AD_BRANCH] = branch,
};

START_TEST(each_status_is_produced)
{
    ck_assert_msg(producers[_i] != NULL, "nothing here produces \"%s\"",
                  ad_status_text((ad_status)_i));
    ck_assert_int_eq(producers[_i](), _i);
}
END_TEST

static const char *op_name(int row)
{
    return target_of((size_t)row).function;
}

static const char *bad_name(int row)
{
    size_t i = (size_t)row;
    return i < bad_ops_count ? bad_ops[i].says : bad_rows[i - bad_ops_count].says;
}

static const char *call_name(int row)
{
    return call_at(row)->function;
}

int main(void)
{
    Suite *suite = suite_create("misuse");
    TCase *ops = tcase_create("functions of tensors"), *others = tcase_create("all others");
    TCase *whole = tcase_create("completeness");
    find_rows();
    int rows = (int)(ops_count + function_row_count);
    tcase_add_checked_fixture(ops, setup, teardown);
    add_row_tests(ops, good_operands_are_taken, rows, op_name);
    add_row_tests(ops, without_a_tape_nothing_happens, rows, op_name);
    add_row_tests(ops, stale_and_foreign_operands_are_refused, rows, op_name);
    add_row_tests(ops, wrong_types_are_refused, rows, op_name);
    add_row_tests(ops, kernels_cannot_use_their_tape, rows, op_name);
    add_row_tests(ops, impossible_arguments_are_refused, (int)(bad_ops_count + bad_row_count),
                  bad_name);
    suite_add_tcase(suite, ops);
    add_row_tests(others, all_others_survive_misuse, call_count(), call_name);
    suite_add_tcase(suite, others);
    tcase_add_checked_fixture(whole, setup, teardown);
    tcase_add_test(whole, every_exported_function_has_a_row);
    tcase_add_loop_test(whole, each_status_is_produced, 0, AD_STATUS_COUNT);
    suite_add_tcase(suite, whole);
    return run_suite(suite);
}
