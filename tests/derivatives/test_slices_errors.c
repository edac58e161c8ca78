/* What goes wrong in a slice of rows is told, with its rows, and leaves nothing behind. */
#include "slices.h"

#include "adze/functions.h"

#include "suite.h"

/* ---- functions that fail ------------------------------------------------------------- */

static ad_tensor wrong_shape(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_matmul(x[0], m->output.w));
}

static ad_tensor many(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return squares(m, x);
}

static ad_tensor whole_number(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)m, (void)x, (void)env;
    return ad_constant(t, AD_I32, 1);
}

static ad_tensor a_number(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)m, (void)x, (void)env;
    return ad_number(1);
}

static ad_tensor own_failure(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    ad_tape_fail(t, AD_FAILED, "no more");
    return mean_loss(t, m, x, env);
}

/* Of rows with a weight below -0.99, which few have. */
static ad_tensor rarely(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    ad_view v = ad_read(x[2]);
    for (size_t i = 0; i < ad_view_count(&v); i++)
        if (ad_view_get(&v, i) < -0.99)
            ad_tape_fail(t, AD_DOMAIN, "a weight of %g", ad_view_get(&v, i));
    return mean_loss(t, m, x, env);
}

static ad_tensor severed(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_add(ad_cast(ad_cast(m->output.b, AD_I32), AD_F64), ad_mean(x[0])));
}

static ad_tensor ended(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    ad_mark start = ad_tape_mark(t);
    ad_tensor y = mean_loss(t, m, x, env);
    ad_tape_rewind(start);
    return y;
}

static ad_tensor resetting(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    ad_tape_reset(t);
    return mean_loss(t, m, x, env);
}

static ad_tensor freeing(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    ad_tape_free(t);
    return mean_loss(t, m, x, env);
}

static ad_tensor dead(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)m, (void)env;
    return ad_dead(x[0]);
}

typedef struct failure {
    const char *name;
    net_map *map;
    ad_status status;
    const char *says;
} failure;

#define HERE "gradient_over_rows: rows 0 to 99: "
static const failure failures[] = {
    {"shapes", wrong_shape, AD_BAD_SHAPE, HERE "matmul([100, 5], [4, 1])"},
    {"many elements", many, AD_BAD_SHAPE, HERE "backward: the root must have one element"},
    {"an integer", whole_number, AD_BAD_TYPE, HERE "backward: the root"},
    {"a number", a_number, AD_FOREIGN,
     HERE "the function's result is not on its tape: it is a plain number"},
    {"its own", own_failure, AD_FAILED, HERE "no more"},
    {"no derivative", severed, AD_NO_DERIVATIVE, HERE "backward: "},
    {"a dead result", ended, AD_STALE, HERE "the function's result is gone"},
    {"a reset", resetting, AD_MISUSE, HERE "reset: a function is being evaluated"},
    {"a free", freeing, AD_MISUSE, HERE "free: a function is being evaluated"},
    {"a dead tensor", dead, AD_STALE, HERE "the function's result is dead (ad_dead)"},
};
enum { FAILURES = sizeof failures / sizeof *failures };

static const char *failure_name(int row)
{
    return failures[row].name;
}

/* Runs a call that must fail, alone and on threads, with results that hold numbers and without. */
static void expect_failure(scene *s, net_map *map, unsigned checks, ad_status status,
                           const char *says)
{
    ad_tape_free(s->tape);
    for (int way = 0; way < 4; way++) {
        s->tape = ad_tape_new(
            &(ad_tape_options){.size = sizeof(ad_tape_options), .pool = s->pool, .checks = checks});
        const ad_rows_options o = {.size = sizeof o, .slice = 128, .parallel = way & 1};
        outcome out = {.value = 42};
        if (way & 2)
            ck_assert_int_eq(net_copy(&s->model, &out.gradient, NULL), AD_OK);
        outcome before = out;
        ad_tensor outer = ad_watch(s->tape, ad_array_view(s->model.output.b));
        ad_status got = net_value_with_gradient_over_rows(s->tape, map, &s->model, 3, s->view, &o,
                                                          &s->tape, &out.value, &out.gradient);
        ck_assert_msg(got == status &&
                          strstr(ad_tape_error(s->tape), says) == ad_tape_error(s->tape),
                      "%s, %s", ad_status_text(got), ad_tape_error(s->tape));
        ck_assert_int_eq(memcmp(&out, &before, sizeof out), 0);
        outcome model = {.value = 42, .gradient = s->model};
        ck_assert(!(way & 2) || distance(&out, &model) == 0);
        ck_assert_uint_eq(measured(s->tape).nodes, 1);
        ck_assert(ad_read(outer).data);
        end_outcome(&out);
        if (way < 3)
            ad_tape_free(s->tape);
    }
}

START_TEST(a_failure_within_a_slice_is_told_with_its_rows_and_writes_nothing)
{
    const failure *f = &failures[_i];
    scene s;
    open_scene(&s, AD_F64, 400, 2);
    expect_failure(&s, f->map, 0, f->status, f->says);
    close_scene(&s);
}
END_TEST

/* Calls on the tape of the caller, which count how often they were made. */
typedef struct intruder {
    ad_tape *outer;
    ad_mark start;
    void (*call)(const struct intruder *i);
    int *calls;
} intruder;

static void records(const intruder *i)
{
    ad_constant(i->outer, AD_F64, 1);
}

static void resets(const intruder *i)
{
    ad_tape_reset(i->outer);
}

static void rewinds(const intruder *i)
{
    ck_assert_int_eq(ad_tape_rewind(i->start), AD_BUSY);
}

static void trims(const intruder *i)
{
    ad_tape_trim(i->outer);
}

static void frees(const intruder *i)
{
    ad_tape_free(i->outer);
}

static const struct {
    void (*call)(const intruder *i);
    const char *name;
} intrusions[] = {
    {records, "constant"}, {resets, "reset"}, {rewinds, "rewind"}, {trims, "trim"}, {frees, "free"},
};
enum { INTRUSIONS = sizeof intrusions / sizeof *intrusions };

static const char *intrusion_name(int row)
{
    return intrusions[row].name;
}

static ad_tensor on_the_outer_tape(ad_tape *t, const net_tensors *m, const ad_tensor *x,
                                   const void *env)
{
    const intruder *i = env;
    i->call(i);
    ++*i->calls;
    return mean_loss(t, m, x, NULL);
}

START_TEST(the_tape_is_busy_meanwhile)
{
    scene s;
    outcome o = {0};
    const char *name = intrusions[_i].name;
    int calls = 0;
    open_scene(&s, AD_F64, 400, 1);
    const intruder i = {s.tape, ad_tape_mark(s.tape), intrusions[_i].call, &calls};
    const ad_rows_options one_row = {.size = sizeof one_row, .slice = 1};
    ck_assert_int_eq(net_value_with_gradient_over_rows(s.tape, on_the_outer_tape, &s.model, 3,
                                                       s.view, &one_row, &i, NULL, &o.gradient),
                     AD_BUSY);
    ck_assert_ptr_eq(strstr(ad_tape_error(s.tape), name), ad_tape_error(s.tape));
    ck_assert_ptr_nonnull(
        strstr(ad_tape_error(s.tape), ": the tape is in use by a kernel of gradient_over_rows"));
    ck_assert_int_lt(calls, 400);
    ck_assert_ptr_null(o.gradient.output.b.data);
    close_scene(&s);
}
END_TEST

/* However threads meet, the first slice that fails is told of. */
START_TEST(the_first_of_several_failures_is_told)
{
    char wanted[512] = "";
    for (int again = 0; again < 20; again++) {
        scene s;
        outcome o = {0};
        const ad_rows_options way = {.size = sizeof way, .slice = 3, .parallel = again > 0};
        open_scene(&s, AD_F64, MOST_ROWS, 1 + again % 5);
        ck_assert_int_eq(net_value_with_gradient_over_rows(s.tape, rarely, &s.model, 3, s.view,
                                                           &way, NULL, NULL, &o.gradient),
                         AD_DOMAIN);
        if (again == 0)
            strcpy(wanted, ad_tape_error(s.tape));
        ck_assert_str_eq(ad_tape_error(s.tape), wanted);
        close_scene(&s);
    }
    ck_assert_ptr_nonnull(strstr(wanted, "a weight of -0.99"));
    ck_assert_ptr_null(strstr(wanted, "rows 0 to"));
}
END_TEST

/* Not all fields. */
static ad_tensor output_only(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_mean(ad_mul(ad_sum(m->output.b), x[1]));
}

/* ---- functions that leave something behind --------------------------------------------- */

static const float ones[] = {1, 1}, six[] = {1, 2, 3, 4, 5, 6};

/* Over six rows, one a slice, by so many threads. */
static ad_status over_six(int threads, unsigned checks, ad_function *f, ad_array *gradient,
                          ad_error *error)
{
    ad_view x = AD_VIEW(ones, 2), data = AD_VIEW(six, 6);
    ad_rows_options o = {.size = sizeof o, .slice = 1, .parallel = true};
    ad_pool *pool = ad_pool_new(NULL, threads);
    ad_tape *t = ad_tape_new(
        &(ad_tape_options){.size = sizeof(ad_tape_options), .pool = pool, .checks = checks});
    ad_status status =
        ad_value_with_gradient_over_rows(t, f, 1, &x, 1, &data, &o, NULL, NULL, gradient);
    error->status = ad_tape_status(t);
    snprintf(error->text, sizeof error->text, "%s", ad_tape_error(t));
    ad_tape_free(t);
    ad_pool_free(pool);
    return status;
}

static ad_tensor endless(ad_tape *t, const ad_tensor *x, const void *env)
{
    ad_view v = ad_read(x[0]);
    ad_array g = {0};
    ad_gradient(t, endless, 1, &v, env, &g);
    ad_array_free(&g);
    return ad_sum(x[0]);
}

START_TEST(recursion_ends_for_any_number_of_threads)
{
    for (int threads = 1; threads <= 4; threads++) {
        ad_array g = {0};
        ad_error error;
        ck_assert_int_eq(over_six(threads, AD_CHECK_THREADS, endless, &g, &error), AD_MISUSE);
        ck_assert_int_eq(error.status, AD_MISUSE);
        ck_assert_msg(strstr(error.text, "rows 0 to 0") && strstr(error.text, "100 deep"), "%s",
                      error.text);
        ck_assert_ptr_null(g.data);
    }
}
END_TEST

/* From the second slice on, data in f64 would meet operands in f32. */
static ad_tensor widening(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)env;
    ad_tensor y = ad_sum(ad_mul(x[0], x[1]));
    ad_tape_widen(t, true);
    return y;
}

START_TEST(each_slice_begins_with_the_settings_of_the_tape)
{
    for (int threads = 1; threads <= 4; threads++) {
        ad_array g = {0};
        ad_error error;
        ck_assert_msg(over_six(threads, 0, widening, &g, &error) == AD_OK, "%s", error.text);
        ck_assert_double_eq_tol((double)((const float *)g.data)[1], 3.5, 1e-6);
        ad_array_free(&g);
    }
}
END_TEST

START_TEST(checks_hold_within_slices)
{
    scene s;
    open_scene(&s, AD_F64, 400, 2);
    expect_failure(&s, output_only, AD_CHECK_REACHED, AD_UNREACHED,
                   HERE "backward: the root does not reach");
    ((double *)s.data[0].data)[200 * INPUTS] = INFINITY;
    ((double *)s.data[0].data)[200 * INPUTS + 1] = -INFINITY;
    expect_failure(&s, mean_loss, AD_CHECK_NUMBERS, AD_NOT_FINITE,
                   "gradient_over_rows: rows 200 to 299: dense(");
    close_scene(&s);
}
END_TEST

static ad_tensor first_of_two(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_square(x[0]);
}

/* A checkpoint need not reach all its operands; a mean over rows must, if that is checked. */
START_TEST(checks_of_slices_end_with_them)
{
    scene s;
    double number = 2;
    open_scene(&s, AD_F64, 400, 1);
    ad_tape_free(s.tape);
    s.tape = ad_tape_new(
        &(ad_tape_options){.size = sizeof(ad_tape_options), .checks = AD_CHECK_REACHED});
    outcome o = sliced(&s, mean_loss, (ad_rows_options){.slice = 128});
    ad_tensor x[] = {ad_watch(s.tape, AD_VIEW_SCALAR(&number)), ad_constant(s.tape, AD_F64, 1)};
    x[1] = ad_mul(x[0], x[1]);
    ck_assert_int_eq(ad_backward(ad_checkpoint(first_of_two, 2, x, NULL)), AD_OK);
    end_outcome(&o);
    close_scene(&s);
}
END_TEST

static bool stop(void *user, size_t left)
{
    (void)left;
    return --*(int *)user > 0;
}

START_TEST(a_poll_cancels_between_slices)
{
    scene s;
    outcome o = {.value = 42};
    int left = 20;
    const ad_rows_options way = {.size = sizeof way, .slice = 1};
    open_scene(&s, AD_F64, 400, 1);
    ad_tape_poll(s.tape, stop, &left);
    ck_assert_int_eq(net_value_with_gradient_over_rows(s.tape, mean_loss, &s.model, 3, s.view, &way,
                                                       NULL, &o.value, &o.gradient),
                     AD_CANCELLED);
    ck_assert_ptr_nonnull(strstr(ad_tape_error(s.tape), "backward: cancelled"));
    ck_assert_double_eq(o.value, 42);
    ck_assert_ptr_null(o.gradient.output.b.data);
    close_scene(&s);
}
END_TEST

/* ---- calls that make no sense -------------------------------------------------------- */

typedef struct misuse {
    const char *name;
    int inputs;
    ad_view second;      /* after [4, 2] */
    ad_rows_options way; /* with a size, except in one */
    ad_status status;
    const char *says;
} misuse;

static const double some[12];

#define SECOND(rows)               \
    {                              \
        some, AD_F64, {1, {rows}}, \
        {                          \
            1                      \
        }                          \
    }
static const misuse misuses[] = {
    {"no data", 0, SECOND(4), {.slice = 1}, AD_MISUSE, "there must be data, but inputs is 0"},
    {"fewer than none",
     -1,
     SECOND(4),
     {.slice = 1},
     AD_MISUSE,
     "there must be data, but inputs is -1"},
    {"other rows",
     2,
     SECOND(3),
     {.slice = 1},
     AD_BAD_SHAPE,
     "data[1] is [3], data[0] [4, 2]: they differ in their rows"},
    {"a number",
     2,
     {some, AD_F64, {0, {0}}, {0}},
     {.slice = 1},
     AD_BAD_SHAPE,
     "data[1] is a number: it has no rows"},
    {"no numbers", 2, {NULL, AD_F64, {1, {4}}, {1}}, {.slice = 1}, AD_MISUSE, "data[1]: "},
    {"no type", 2, {some, (ad_type)77, {1, {4}}, {1}}, {.slice = 1}, AD_BAD_TYPE, "data[1]: "},
    {"a negative extent", 2, SECOND(-4), {.slice = 1}, AD_BAD_SHAPE, "data[1]: "},
    {"a negative slice", 2, SECOND(4), {.slice = -1}, AD_MISUSE, "a slice of -1 rows"},
    {"no size",
     2,
     SECOND(4),
     {.slice = 0},
     AD_MISUSE,
     "the options need .size = sizeof(ad_rows_options)"},
};
enum { MISUSES = sizeof misuses / sizeof *misuses };

static const char *misuse_name(int row)
{
    return misuses[row].name;
}

START_TEST(calls_that_make_no_sense_are_refused)
{
    const misuse *m = &misuses[_i];
    scene s;
    open_scene(&s, AD_F64, 4, 1);
    outcome out = {.value = 42};
    ad_rows_options way = m->way;
    way.size = m->way.slice ? sizeof way : 0;
    const ad_view data[] = {AD_VIEW(some, 4, 2), m->second};
    ck_assert_int_eq(net_value_with_gradient_over_rows(s.tape, mean_loss, &s.model, m->inputs, data,
                                                       &way, NULL, &out.value, &out.gradient),
                     m->status);
    const char *says = ad_tape_error(s.tape);
    ck_assert_msg(strncmp(says, "gradient_over_rows: ", 20) == 0 && strstr(says + 20, m->says),
                  "%s", says);
    ck_assert(out.value == 42 && !out.gradient.hidden.w.data);
    ck_assert_uint_eq(measured(s.tape).nodes, 0);
    close_scene(&s);
}
END_TEST

START_TEST(a_gradient_of_another_shape_is_refused_and_stays)
{
    scene s;
    open_scene(&s, AD_F64, 300, 1);
    outcome out = {.value = 42};
    out.gradient.output.b = ad_full(AD_F64, AD_SHAPE(2), 7);
    ck_assert_int_eq(net_value_with_gradient_over_rows(s.tape, mean_loss, &s.model, 3, s.view, NULL,
                                                       NULL, &out.value, &out.gradient),
                     AD_BAD_SHAPE);
    ck_assert_str_eq(ad_tape_error(s.tape),
                     "gradient_over_rows: net.output.b is [1], but [2] in the result");
    ck_assert(out.value == 42 && !out.gradient.hidden.w.data);
    ck_assert_double_eq(*(const double *)out.gradient.output.b.data, 7);
    end_outcome(&out);
    close_scene(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("slices, errors");
    TCase *c = tcase_create("slices, errors");
    tcase_set_timeout(c, 60);
    add_row_tests(c, a_failure_within_a_slice_is_told_with_its_rows_and_writes_nothing, FAILURES,
                  failure_name);
    add_row_tests(c, the_tape_is_busy_meanwhile, INTRUSIONS, intrusion_name);
    tcase_add_test(c, the_first_of_several_failures_is_told);
    tcase_add_test(c, recursion_ends_for_any_number_of_threads);
    tcase_add_test(c, each_slice_begins_with_the_settings_of_the_tape);
    tcase_add_test(c, checks_hold_within_slices);
    tcase_add_test(c, checks_of_slices_end_with_them);
    tcase_add_test(c, a_poll_cancels_between_slices);
    add_row_tests(c, calls_that_make_no_sense_are_refused, MISUSES, misuse_name);
    tcase_add_test(c, a_gradient_of_another_shape_is_refused_and_stays);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
