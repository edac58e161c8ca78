/* L-BFGS: minima that are known, the conditions that each iteration promises, and what is refused. */
#include "allocator.h"
#include "models.h"
#include "suite.h"

#include "adze/lbfgs.h"
#include "adze/ops.h"

#include <math.h>

/* ---- functions ---------------------------------------------------------------------- */

AD_MODEL(point, x, y);
AD_MODEL_LBFGS(point);

/* Rosenbrock's valley of pairs x, y, whose minimum is 0 at ones. */
static ad_tensor valley(ad_tape *t, const point_tensors *p, const void *env)
{
    (void)t, (void)env;
    ad_tensor across = ad_sub(p->y, ad_square(p->x)), along = ad_sub(1, p->x);
    return ad_sum(ad_add(ad_mul(100, ad_square(across)), ad_square(along)));
}

/* x - log(x), which ends at 0. */
static ad_tensor barrier(ad_tape *t, const point_tensors *p, const void *env)
{
    (void)t, (void)env;
    return ad_add(ad_sum(ad_sub(p->x, ad_log(p->x))), ad_sum(ad_square(p->y)));
}

static point new_point(ad_type type, int64_t n, double x, double y)
{
    point p = {ad_full(type, AD_SHAPE(n), x), ad_full(type, AD_SHAPE(n), y)};
    return p;
}

static double number(const ad_array *a, size_t i)
{
    ad_view v = ad_array_view(*a);
    return ad_view_get(&v, i);
}

/* ---- minima ------------------------------------------------------------------------- */

static ad_lbfgs_report minimise(point_function *f, const ad_lbfgs *how, point *p)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_lbfgs_memory memory = {0};
    ad_lbfgs_report report;
    ck_assert_int_eq(point_lbfgs(t, f, NULL, how, &memory, p, &report, NULL), AD_OK);
    ad_lbfgs_free(&memory);
    ad_tape_free(t);
    return report;
}

START_TEST(the_valley_leads_to_ones)
{
    static const int histories[] = {1, 3, 10, 100};
    for (int k = 0; k < 4; k++) {
        ad_lbfgs how = ad_lbfgs_new();
        point p = new_point(AD_F64, 1 + 20 * _i, -1.2, 1);
        how.history = histories[k];
        how.tolerance = 1e-8;
        ad_lbfgs_report report = minimise(valley, &how, &p);
        ck_assert(report.converged && report.greatest <= 1e-8 && report.value < 1e-15);
        ck_assert_int_lt(report.evaluations, k ? 70 : 200);
        for (size_t i = 0; i < ad_array_count(&p.x); i++) {
            ck_assert_double_eq_tol(number(&p.x, i), 1, 1e-7);
            ck_assert_double_eq_tol(number(&p.y, i), 1, 1e-7);
        }
        point_free(&p);
    }
}
END_TEST

/* Down to what f32 can tell, and no longer. */
START_TEST(f32_is_enough_to_come_near)
{
    ad_lbfgs how = ad_lbfgs_new();
    point p = new_point(AD_F32, 3, -1.2, 1);
    how.tolerance = 0;
    ad_lbfgs_report report = minimise(valley, &how, &p);
    ck_assert_double_eq_tol(number(&p.x, 2), 1, 1e-4);
    ck_assert_int_lt(report.iterations, 1000);
    point_free(&p);
}
END_TEST

/* A step beyond the edge has no value, and is cut back. */
START_TEST(a_function_may_have_an_edge)
{
    ad_lbfgs how = ad_lbfgs_new();
    point p = new_point(AD_F64, 1, 1e-3, 3);
    ck_assert(minimise(barrier, &how, &p).converged);
    ck_assert_double_eq_tol(number(&p.x, 0), 1, 1e-5);
    point_free(&p);
}
END_TEST

/* ---- every iteration ---------------------------------------------------------------- */

enum { N = 4, HISTORY = 3 };

/* A plain function: sum of cosh(c_i (x_i - b_i)) + (sum of x)^2 / 2. */
static ad_status bowl(const void *user, const void *model, double *value, void *gradient,
                      ad_error *error)
{
    static const double c[N] = {1, 2, 0.5, 1.5}, b[N] = {1, -1, 0, 0.5};
    const double *x = ((const ad_array *)model)->data;
    double *g = ((ad_array *)gradient)->data, sum = 0;
    int *left = (int *)(uintptr_t)user;
    if (left && (*left)-- <= 0)
        return ad_fail(error, AD_FAILED, "bowl: that is enough");
    for (int i = 0; i < N; i++)
        sum += x[i];
    *value = sum * sum / 2;
    for (int i = 0; i < N; i++) {
        *value += cosh(c[i] * (x[i] - b[i]));
        g[i] = c[i] * sinh(c[i] * (x[i] - b[i])) + sum;
    }
    return AD_OK;
}

typedef struct trace {
    double x[N], g[N], value;
} trace;

static trace trace_at(const double *x)
{
    trace r;
    ad_array at = {.data = r.x, .type = AD_F64, .shape = AD_SHAPE(N)}, g = at;
    memcpy(r.x, x, sizeof r.x);
    g.data = r.g;
    bowl(NULL, &at, &r.value, &g, NULL);
    return r;
}

static long double inner(const long double *x, const long double *y)
{
    long double sum = 0;
    for (int i = 0; i < N; i++)
        sum += x[i] * y[i];
    return sum;
}

/* One more pair: H = (I - s y^T / s^T y) H (I - y s^T / s^T y) + s s^T / s^T y, (6.17) of the book. */
static void update(long double h[N][N], const long double *s, const long double *y)
{
    long double hy[N], product = inner(s, y), square;
    for (int i = 0; i < N; i++)
        hy[i] = inner(h[i], y);
    square = inner(y, hy);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++)
            h[i][j] += (1 + square / product) * s[i] * s[j] / product -
                       (s[i] * hy[j] + hy[i] * s[j]) / product;
}

/* -H g after iteration `now`, from the last pairs. */
static void dense_direction(const trace *all, int now, long double *d)
{
    long double h[N][N] = {{0}}, s[N], y[N];
    int first = now > HISTORY ? now - HISTORY : 0;
    for (int i = 0; i < N; i++)
        h[i][i] = 1;
    if (now > 0) {
        for (int i = 0; i < N; i++) {
            s[i] = (long double)all[now].x[i] - all[now - 1].x[i];
            y[i] = (long double)all[now].g[i] - all[now - 1].g[i];
        }
        for (int i = 0; i < N; i++)
            h[i][i] = inner(s, y) / inner(y, y);
    }
    for (int k = first; k < now; k++) {
        for (int i = 0; i < N; i++) {
            s[i] = (long double)all[k + 1].x[i] - all[k].x[i];
            y[i] = (long double)all[k + 1].g[i] - all[k].g[i];
        }
        update(h, s, y);
    }
    for (int i = 0; i < N; i++) {
        d[i] = 0;
        for (int j = 0; j < N; j++)
            d[i] -= h[i][j] * all[now].g[j];
    }
}

static void expect_iteration(const trace *all, int now, const ad_lbfgs *how)
{
    long double d[N], step[N], slope = 0, new_slope = 0;
    const trace *from = &all[now], *to = &all[now + 1];
    dense_direction(all, now, d);
    for (int i = 0; i < N; i++) {
        step[i] = (long double)to->x[i] - from->x[i];
        slope += step[i] * from->g[i];
        new_slope += step[i] * to->g[i];
    }
    long double length = inner(step, d) / inner(d, d);
    ck_assert(length > 0 && slope < 0);
    for (int i = 0; i < N; i++)
        ck_assert_double_eq_tol((double)(length * d[i]), (double)step[i], 1e-9);
    ck_assert(to->value <= from->value + how->decrease * (double)slope);
    ck_assert(fabsl(new_slope) <= -how->curvature * slope * (1 + 1e-9));
}

START_TEST(each_iteration_is_what_the_book_says)
{
    double x[N] = {3, 2, -4, -1};
    ad_array model = AD_ARRAY(x, N);
    ad_lbfgs how = ad_lbfgs_new();
    ad_lbfgs_memory memory = {0};
    ad_lbfgs_report report;
    trace all[9];
    how.history = HISTORY;
    how.iterations = 1;
    how.curvature = _i ? 0.1 : 0.9;
    all[0] = trace_at(x);
    for (int k = 0; k < 8; k++) {
        ck_assert_int_eq(
            ad_model_lbfgs(&ad_array_tree, bowl, NULL, &how, &memory, &model, &report, NULL),
            AD_OK);
        ck_assert_int_eq(report.iterations, 1);
        all[k + 1] = trace_at(x);
        expect_iteration(all, k, &how);
        ck_assert_double_eq(report.value, all[k + 1].value);
    }
    ad_lbfgs_free(&memory);
}
END_TEST

START_TEST(ten_calls_of_one_iteration_are_one_call_of_ten)
{
    double x[2][N] = {{3, 2, -4, -1}, {3, 2, -4, -1}};
    for (int way = 0; way < 2; way++) {
        ad_array model = AD_ARRAY(x[way], N);
        ad_lbfgs how = ad_lbfgs_new();
        ad_lbfgs_memory memory = {0};
        how.iterations = way ? 1 : 6;
        for (int i = 0; i < (way ? 6 : 1); i++)
            ck_assert_int_eq(
                ad_model_lbfgs(&ad_array_tree, bowl, NULL, &how, &memory, &model, NULL, NULL),
                AD_OK);
        ad_lbfgs_free(&memory);
    }
    ck_assert_mem_eq(x[0], x[1], sizeof *x);
}
END_TEST

START_TEST(no_iterations_only_evaluate)
{
    double x[N] = {3, 2, -4, -1};
    ad_array model = AD_ARRAY(x, N);
    ad_lbfgs how = ad_lbfgs_new();
    ad_lbfgs_memory memory = {0};
    ad_lbfgs_report report;
    how.iterations = 0;
    ck_assert_int_eq(
        ad_model_lbfgs(&ad_array_tree, bowl, NULL, &how, &memory, &model, &report, NULL), AD_OK);
    ck_assert(x[0] == 3 && report.evaluations == 1 && report.iterations == 0 && !report.converged);
    ck_assert_double_eq(report.value, trace_at(x).value);
    ad_lbfgs_free(&memory);
}
END_TEST

/* ---- failures ----------------------------------------------------------------------- */

/* After k evaluations: the model stands where an iteration came to, which is lower than where it was. */
START_TEST(a_function_that_fails_ends_the_search)
{
    for (int k = 0; k < 6; k++) {
        double x[N] = {3, 2, -4, -1}, before = trace_at(x).value;
        int left = k;
        ad_array model = AD_ARRAY(x, N);
        ad_lbfgs how = ad_lbfgs_new();
        ad_lbfgs_memory memory = {0};
        ad_lbfgs_report report;
        ad_error error = {0};
        ck_assert_int_eq(
            ad_model_lbfgs(&ad_array_tree, bowl, &left, &how, &memory, &model, &report, &error),
            AD_FAILED);
        ck_assert_str_eq(error.text, "bowl: that is enough");
        ck_assert(report.iterations ? trace_at(x).value < before : x[0] == 3);
        ad_lbfgs_free(&memory);
    }
}
END_TEST

static ad_tensor wrong(ad_tape *t, const point_tensors *p, const void *env)
{
    (void)t, (void)env;
    return ad_matmul(p->x, p->y);
}

START_TEST(errors_of_the_tape_are_said)
{
    ad_tape *t = ad_tape_new(NULL);
    ad_lbfgs how = ad_lbfgs_new();
    ad_lbfgs_memory memory = {0};
    ad_error error = {0};
    point p = new_point(AD_F64, 2, 1, 1);
    ck_assert_int_eq(point_lbfgs(t, wrong, NULL, &how, &memory, &p, NULL, &error), AD_BAD_SHAPE);
    ck_assert_msg(strstr(error.text, "matmul("), "%s", error.text);
    ad_lbfgs_free(&memory);
    point_free(&p);
    ad_tape_free(t);
}
END_TEST

START_TEST(settings_that_make_no_sense_are_a_domain_error)
{
    static const char *const words[] = {"history 0",    "history 101",   "iterations",
                                        "tolerance -1", "tolerance nan", "decrease",
                                        "decrease",     "decrease"};
    ad_lbfgs bad[8];
    double x[N] = {3, 2, -4, -1};
    ad_array model = AD_ARRAY(x, N);
    for (int i = 0; i < 8; i++)
        bad[i] = ad_lbfgs_new();
    bad[0].history = 0;
    bad[1].history = 101;
    bad[2].iterations = -1;
    bad[3].tolerance = -1;
    bad[4].tolerance = NAN;
    bad[5].decrease = 0.95;
    bad[6].curvature = 1;
    bad[7].decrease = 0;
    for (int i = 0; i < 8; i++) {
        ad_lbfgs_memory memory = {0};
        ad_error error = {0};
        ck_assert_int_eq(
            ad_model_lbfgs(&ad_array_tree, bowl, NULL, &bad[i], &memory, &model, NULL, &error),
            AD_DOMAIN);
        ck_assert_msg(strstr(error.text, words[i]), "%s", error.text);
        ck_assert(!memory.room.data && x[0] == 3);
    }
}
END_TEST

START_TEST(a_first_point_without_value_is_refused)
{
    double x[N] = {INFINITY, 2, -4, -1};
    ad_array model = AD_ARRAY(x, N), integers = {.data = x, .type = AD_I64, .shape = AD_SHAPE(N)};
    ad_array nothing = {0};
    ad_lbfgs how = ad_lbfgs_new();
    ad_lbfgs_memory memory = {0};
    ck_assert_int_eq(ad_model_lbfgs(&ad_array_tree, bowl, NULL, &how, &memory, &model, NULL, NULL),
                     AD_NOT_FINITE);
    ck_assert_int_eq(
        ad_model_lbfgs(&ad_array_tree, bowl, NULL, &how, &memory, &integers, NULL, NULL),
        AD_BAD_TYPE);
    ck_assert_int_eq(
        ad_model_lbfgs(&ad_array_tree, bowl, NULL, &how, &memory, &nothing, NULL, NULL), AD_MISUSE);
    ad_lbfgs_free(&memory);
}
END_TEST

START_TEST(a_search_without_memory_leaves_nothing)
{
    size_t calls = 1;
    for (size_t k = 0; k <= calls; k++) {
        test_allocator memory;
        test_allocator_init(&memory);
        ad_lbfgs how = ad_lbfgs_new();
        ad_lbfgs_memory history = {0};
        ad_array x = ad_array_new(&memory.base, AD_F64, AD_SHAPE(N));
        size_t before = memory.calls;
        memory.fail_at = k ? memory.calls + k : 0;
        ad_status status =
            ad_model_lbfgs(&ad_array_tree, bowl, NULL, &how, &history, &x, NULL, NULL);
        ck_assert_int_eq(status, k ? AD_MEMORY : AD_OK);
        ck_assert(!k || number(&x, 0) == 0);
        calls = k ? calls : memory.calls - before;
        ad_lbfgs_free(&history);
        ad_array_free(&x);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
    ck_assert_uint_ge(calls, 5);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lbfgs");
    TCase *c = tcase_create("lbfgs");
    tcase_add_loop_test(c, the_valley_leads_to_ones, 0, 2);
    tcase_add_test(c, f32_is_enough_to_come_near);
    tcase_add_test(c, a_function_may_have_an_edge);
    tcase_add_loop_test(c, each_iteration_is_what_the_book_says, 0, 2);
    tcase_add_test(c, ten_calls_of_one_iteration_are_one_call_of_ten);
    tcase_add_test(c, no_iterations_only_evaluate);
    tcase_add_test(c, a_function_that_fails_ends_the_search);
    tcase_add_test(c, errors_of_the_tape_are_said);
    tcase_add_test(c, settings_that_make_no_sense_are_a_domain_error);
    tcase_add_test(c, a_first_point_without_value_is_refused);
    tcase_add_test(c, a_search_without_memory_leaves_nothing);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}
