/* Profiles: what is counted, timed, kept and printed. */
#define _POSIX_C_SOURCE 200809L
#include "allocator.h"
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <regex.h>
#include <string.h>
#include <time.h>

static const double numbers[] = {1, 2, 3, 4, 5, 6};
static ad_tape *tape;
static ad_profile *profile;

static void setup(void)
{
    tape = ad_tape_new(NULL);
    profile = ad_profile_new(NULL);
    ck_assert(tape && profile);
    ad_tape_profile(tape, profile);
}

static void teardown(void)
{
    ad_tape_free(tape);
    ad_profile_free(profile);
}

/* The row of an operation, within that of another or of none; NULL if there is none. */
static const ad_profile_row *row_of(const ad_profile *p, const char *op, const char *within)
{
    const ad_profile_row *r, *found = NULL;
    for (size_t i = 0; (r = ad_profile_at(p, i)); i++) {
        const char *outer = r->within ? r->within->op : "";
        if (strcmp(r->op, op) == 0 && strcmp(outer, within) == 0) {
            ck_assert_msg(!found, "%s has two rows", op);
            found = r;
        }
    }
    return found;
}

static void expect_calls(const ad_profile_row *r, int forward, int pullback, int jvp, int curvature)
{
    const int wanted[AD_RULE_COUNT] = {forward, pullback, jvp, curvature};
    ck_assert_ptr_nonnull(r);
    for (int rule = 0; rule < AD_RULE_COUNT; rule++) {
        ck_assert_msg(r->calls[rule] == (uint64_t)wanted[rule], "%s, rule %d: %d calls, not %d",
                      r->op, rule, (int)r->calls[rule], wanted[rule]);
        ck_assert(r->seconds[rule] >= 0 && (r->calls[rule] || r->seconds[rule] == 0));
    }
}

static ad_tensor watched(void)
{
    return ad_watch(tape, AD_VIEW(numbers, 2, 3));
}

static size_t count_of(const ad_profile *p)
{
    size_t n = 0;
    while (ad_profile_at(p, n))
        n++;
    return n;
}

/* ---- counts ------------------------------------------------------------------------ */

START_TEST(rows_count_the_calls_of_each_rule)
{
    for (int i = 0; i < 3; i++) {
        ad_tensor x = watched(), y = ad_sum(ad_exp(x));
        ck_assert_int_eq(ad_backward(y), AD_OK);
        ck_assert_int_eq(ad_set_tangent(x, AD_VIEW(numbers, 2, 3)), AD_OK);
        ck_assert_int_eq(ad_push_tangents(y), AD_OK);
        ck_assert_int_eq(ad_backward_tangents(y), AD_OK);
        ad_tape_reset(tape);
    }
    const ad_profile_row *exp = row_of(profile, "exp", ""), *sum = row_of(profile, "sum", "");
    expect_calls(exp, 3, 6, 3, 3); /* of the second order, only the curvature has a cotangent */
    expect_calls(sum, 3, 6, 3, 0); /* which is linear */
    ck_assert_uint_eq(exp->bytes, 3 * sizeof numbers);
    ck_assert_uint_eq(sum->bytes, 3 * sizeof(double));
    ck_assert_uint_eq(count_of(profile), 2);
    ck_assert_uint_eq(exp->size, sizeof(ad_profile_row));
}
END_TEST

START_TEST(each_source_line_has_its_row)
{
    ad_tensor x = watched();
    for (int i = 0; i < 2; i++)
        ad_exp(x);
    int line = __LINE__ - 1;
    ad_exp(x);
    (ad_exp)(x); /* without a line */
    const int calls[] = {2, 1, 1};
    for (size_t i = 0; i < 3; i++) {
        const ad_profile_row *r = ad_profile_at(profile, i);
        ck_assert_ptr_nonnull(r);
        ck_assert_str_eq(r->op, "exp");
        expect_calls(r, calls[i], 0, 0, 0);
    }
    char place[512];
    snprintf(place, sizeof place, "%s:%d", __FILE__, line);
    ck_assert_str_eq(ad_profile_at(profile, 0)->source_line, place);
    ck_assert_ptr_null(ad_profile_at(profile, 2)->source_line);
    ck_assert_ptr_null(ad_profile_at(profile, 3));
}
END_TEST

START_TEST(bytes_are_those_of_all_results)
{
    ad_tensor x = watched();
    ad_moments(x);
    ad_sort(x, 1, false);
    ck_assert_uint_eq(row_of(profile, "moments", "")->bytes, 2 * sizeof(double));
    ck_assert_uint_eq(row_of(profile, "sort", "")->bytes, sizeof numbers + 6 * sizeof(int64_t));
}
END_TEST

START_TEST(a_profile_serves_several_tapes_and_outlives_them)
{
    char name[] = "mine", line[] = "net.c:1";
    ad_op mine = {.size = sizeof mine};
    const ad_op *exp = ad_builtin_op_named("exp");
    ck_assert_int_eq(ad_op_with_pullback(exp, name, exp->pullback, &mine), AD_OK);
    for (int i = 0; i < 2; i++) {
        ad_tape *t = ad_tape_new(NULL);
        ad_tape_profile(t, profile);
        ad_tensor x = ad_watch(t, AD_VIEW(numbers, 6));
        (ad_apply)(&mine, ad_tensors_at_line(&x, 1, line), NULL);
        ad_tape_free(t);
    }
    memset(name, '?', 4);
    memset(line, '?', 7);
    expect_calls(row_of(profile, "mine", ""), 2, 0, 0, 0);
    ck_assert_str_eq(row_of(profile, "mine", "")->source_line, "net.c:1");
}
END_TEST

START_TEST(nothing_is_counted_before_or_after)
{
    ad_tape_profile(tape, NULL);
    ad_tensor y = ad_sum(ad_exp(watched()));
    ad_tape_profile(tape, profile);
    ck_assert_int_eq(ad_backward(y), AD_OK);
    ad_tape_profile(tape, NULL);
    ck_assert_int_eq(ad_backward(y), AD_OK);
    expect_calls(row_of(profile, "exp", ""), 0, 1, 0, 0);
    ck_assert_uint_eq(row_of(profile, "exp", "")->bytes, 0);
}
END_TEST

START_TEST(a_rule_that_fails_is_counted_and_the_next_stands_alone)
{
    const int32_t far = 7;
    ad_gather(watched(), ad_freeze(tape, AD_VIEW_SCALAR(&far)), 0);
    ck_assert_int_eq(ad_tape_status(tape), AD_DOMAIN);
    ad_tape_reset(tape);
    ad_exp(watched());
    expect_calls(row_of(profile, "gather", ""), 1, 0, 0, 0);
    expect_calls(row_of(profile, "exp", ""), 1, 0, 0, 0);
}
END_TEST

/* ---- time, and functions within rules ------------------------------------------------ */

enum { NAP = 5000000 }; /* nanoseconds */

static void sleepy_forward(const ad_forward_args *c)
{
    nanosleep(&(struct timespec){.tv_nsec = NAP}, NULL);
    memcpy(c->y.data, c->x[0].data, ad_array_count(&c->y) * sizeof(double));
}
static void sleepy_pullback(const ad_pullback_args *c)
{
    for (size_t i = 0; i < ad_array_count(&c->dx[0]); i++)
        ((double *)c->dx[0].data)[i] += ad_view_get(&c->dy, i);
}
static const ad_op sleepy_op = {.size = sizeof(ad_op),
                                .name = "sleepy",
                                .arity = 1,
                                .shape = ad_shape_first,
                                .forward = sleepy_forward,
                                .pullback = sleepy_pullback};

static ad_tensor sleepy(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_apply(&sleepy_op, x, NULL));
}

static double clock_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

START_TEST(time_is_that_of_the_rule_without_what_runs_within_it)
{
    ad_tensor x = watched();
    double start = clock_now(), all = 0;
    ck_assert_int_eq(ad_backward(ad_checkpoint(sleepy, 1, &x, NULL)), AD_OK);
    double passed = clock_now() - start;
    const ad_profile_row *r = row_of(profile, "sleepy", "checkpoint");
    const ad_profile_row *first = row_of(profile, "sleepy", "");
    expect_calls(first, 1, 0, 0, 0); /* before the checkpoint is recorded */
    expect_calls(r, 1, 1, 0, 0);
    expect_calls(row_of(profile, "checkpoint", ""), 1, 1, 0, 0);
    ck_assert_int_eq(r->within_rule, AD_RULE_PULLBACK);
    ck_assert_ptr_eq(r->within, row_of(profile, "checkpoint", ""));
    ck_assert_double_ge(r->seconds[AD_RULE_FORWARD], 1e-9 * NAP);
    for (size_t i = 0; (r = ad_profile_at(profile, i)); i++)
        for (int rule = 0; rule < AD_RULE_COUNT; rule++)
            all += r->seconds[rule];
    ck_assert_double_ge(all, 2e-9 * NAP);
    ck_assert_msg(all <= passed, "%g seconds in %g", all, passed); /* none counts twice */
}
END_TEST

/* An operation whose rule runs itself again on a tape of its own, as often as its attribute says. */
static void nested_forward(const ad_forward_args *c)
{
    int64_t left = *(const int64_t *)c->attr;
    ad_tape *t = ad_tape_new(NULL);
    ad_tape_profile(t, profile);
    ad_tensor x = ad_watch(t, c->x[0]);
    if (left > 0)
        (ad_apply)(c->op, &x, &(int64_t){left - 1});
    ck_assert_int_eq(ad_tape_status(t), AD_OK);
    ad_tape_free(t);
}
static const ad_op nested_op = {.size = sizeof(ad_op),
                                .name = "nested",
                                .arity = 1,
                                .attr_size = sizeof(int64_t),
                                .flags = AD_OP_NO_DERIVATIVE,
                                .shape = ad_shape_first,
                                .forward = nested_forward};

START_TEST(rules_within_rules_have_rows_until_some_depth)
{
    enum { DEEP = 1000 };
    ad_apply(&nested_op, (ad_tensor[]){watched()}, &(int64_t){DEEP});
    size_t rows = count_of(profile);
    ck_assert(rows >= 100 && rows < DEEP);
    for (size_t i = 0; i < rows; i++)
        expect_calls(ad_profile_at(profile, i), 1, 0, 0, 0);
    ad_exp(watched()); /* and afterwards all is as it was */
    ck_assert_ptr_nonnull(row_of(profile, "exp", ""));
}
END_TEST

/* ---- memory ------------------------------------------------------------------------ */

/* The calls of 200 rows, the first of which has a name that fills a piece of memory by itself. */
static uint64_t use(ad_profile *p)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_tape_profile(t, p);
    ad_tensor x = ad_watch(t, AD_VIEW(numbers, 6));
    for (int i = 0; i < 400; i++) {
        static char line[1 << 16];
        snprintf(line, sizeof line, "net.c:%0*d", i < 2 ? (int)sizeof line - 100 : 1, i / 2);
        (ad_exp)(ad_tensor_at_line(x, line));
    }
    ck_assert_int_eq(ad_tape_status(t), AD_OK);
    ad_tape_free(t);
    uint64_t calls = 0;
    const ad_profile_row *r;
    for (size_t i = 0; (r = ad_profile_at(p, i)); i++)
        calls += r->calls[AD_RULE_FORWARD];
    return calls;
}

START_TEST(where_memory_runs_out_calls_go_to_others)
{
    for (size_t k = 1, failed = 1; failed; k++)
        for (int sticky = 0; sticky < 2; sticky++) {
            test_allocator memory;
            test_allocator_init(&memory);
            memory.fail_at = k;
            memory.sticky = sticky;
            ad_profile *p = ad_profile_new(&memory.base);
            ck_assert(!p == (k == 1));
            if (p) {
                ck_assert_uint_eq(use(p), 400);
                ck_assert(count_of(p) <= 201);
                failed = memory.calls >= k;
                ck_assert(!row_of(p, "others", "") == !failed || !sticky);
            }
            ad_profile_free(p);
            ck_assert_uint_eq(memory.live_blocks, 0);
        }
}
END_TEST

START_TEST(a_table_needs_memory)
{
    test_allocator memory;
    test_allocator_init(&memory);
    ad_profile *p = ad_profile_new(&memory.base);
    use(p);
    FILE *out = tmpfile();
    memory.fail_at = memory.calls + 1;
    ck_assert_int_eq(ad_profile_print(p, out), AD_MEMORY);
    ck_assert_int_eq(ad_profile_print(p, out), AD_OK);
    fclose(out);
    ad_profile_free(p);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

/* ---- printing ---------------------------------------------------------------------- */

static char *printed(ad_status (*print)(const ad_profile *, FILE *))
{
    static char text[4096];
    FILE *out = tmpfile();
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(print(profile, out), AD_OK);
    rewind(out);
    text[fread(text, 1, sizeof text - 1, out)] = '\0';
    fclose(out);
    return text;
}

/* The text consists of lines of these forms, in this order. */
static void expect_lines(char *text, int count, const char *const *forms)
{
    for (int i = 0; i < count; i++) {
        regex_t form;
        char *end = strchr(text, '\n');
        ck_assert_msg(end != NULL, "there is no line %d", i);
        *end = '\0';
        ck_assert_int_eq(regcomp(&form, forms[i], REG_EXTENDED | REG_NOSUB), 0);
        ck_assert_msg(regexec(&form, text, 0, NULL, 0) == 0, "line %d is not %s: %s", i, forms[i],
                      text);
        regfree(&form);
        text = end + 1;
    }
    ck_assert_str_eq(text, "");
}

static void compute_at_lines(void)
{
    ad_tensor x = watched();
    ad_tensor y = (ad_apply)(&sleepy_op, ad_tensors_at_line(&x, 1, "a;b.c:1"), NULL);
    ck_assert_int_eq(ad_backward((ad_sum)(y)), AD_OK);
}

START_TEST(the_table_has_the_longest_row_first)
{
    compute_at_lines();
    expect_lines(
        printed(ad_profile_print), 4,
        (const char *[]){
            "^ share    forward ms     calls   pullback ms     calls          MB  operation$",
            "^ *[0-9.]+%( +[0-9]+\\.[0-9]{3} +1){2} +0\\.00  sleepy at a;b\\.c:1$",
            "^ *[0-9.]+%( +[0-9]+\\.[0-9]{3} +1){2} +0\\.00  sum$",
            "^100\\.0%( +[0-9]+\\.[0-9]{3} +2){2} +0\\.00  all$"});
}
END_TEST

START_TEST(the_table_says_what_did_not_run_and_within_what)
{
    ad_tensor x = watched();
    ad_tensor y = (ad_checkpoint)(sleepy, 1, &x, NULL);
    ck_assert_int_eq(ad_backward(y), AD_OK);
    char *text = printed(ad_profile_print);
    const char *within = strstr(text, "  sleepy at ");
    ck_assert_msg(within && strstr(within, ", within pullback of checkpoint\n"), "%s", text);
    const char *line = strstr(text, "- ");
    ck_assert_msg(line != NULL, "%s", text);
}
END_TEST

START_TEST(an_empty_profile_is_a_table_too)
{
    expect_lines(
        printed(ad_profile_print), 2,
        (const char *[]){"^ share          MB  operation$", "^  0\\.0%        0\\.00  all$"});
    ck_assert_str_eq(printed(ad_profile_print_stacks), "");
}
END_TEST

START_TEST(stacks_are_lines_of_frames_and_nanoseconds)
{
    compute_at_lines();
    ad_tensor x = watched();
    ck_assert_int_eq(ad_backward((ad_checkpoint)(sleepy, 1, &x, NULL)), AD_OK);
    char *text = printed(ad_profile_print_stacks);
    ck_assert_ptr_nonnull(strstr(text, "forward;a,b.c:1;sleepy "));
    ck_assert_ptr_nonnull(strstr(text, "pullback;checkpoint;forward;"));
    for (char *end; *text; text = end + 1) {
        end = strchr(text, '\n');
        const char *space = memchr(text, ' ', (size_t)(end - text));
        ck_assert(end && space && strspn(space + 1, "0123456789") == (size_t)(end - space - 1));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("profile");
    TCase *all = tcase_create("profile");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, rows_count_the_calls_of_each_rule);
    tcase_add_test(all, each_source_line_has_its_row);
    tcase_add_test(all, bytes_are_those_of_all_results);
    tcase_add_test(all, a_profile_serves_several_tapes_and_outlives_them);
    tcase_add_test(all, nothing_is_counted_before_or_after);
    tcase_add_test(all, a_rule_that_fails_is_counted_and_the_next_stands_alone);
    tcase_add_test(all, time_is_that_of_the_rule_without_what_runs_within_it);
    tcase_add_test(all, rules_within_rules_have_rows_until_some_depth);
    tcase_add_test(all, where_memory_runs_out_calls_go_to_others);
    tcase_add_test(all, a_table_needs_memory);
    tcase_add_test(all, the_table_has_the_longest_row_first);
    tcase_add_test(all, the_table_says_what_did_not_run_and_within_what);
    tcase_add_test(all, an_empty_profile_is_a_table_too);
    tcase_add_test(all, stacks_are_lines_of_frames_and_nanoseconds);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
