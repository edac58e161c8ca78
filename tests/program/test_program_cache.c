/* Programs of functions that branch: each point has the results of the function at this point, whichever way it
 * goes. */
#include "programs.h"

/* ---- functions that branch ---------------------------------------------------------- */

/* Steps until it is small: a way for each number of steps. */
static void halving(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)env;
    ad_real a = x[0];
    while (ad_less(1, a))
        a = ad_mul(ad_sqrt(a), 0.8);
    y[0] = ad_mul(a, ad_exp(x[1]));
    for (size_t j = 1; j < m; j++)
        y[j] = ad_sin(ad_mul(a, x[1]));
}

/* Eight ways, by signs. */
static void signs(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)m, (void)env;
    y[0] = ad_real_constant(1);
    for (size_t i = 0; i < n; i++)
        y[0] = ad_less(x[i], 0) ? ad_sub(y[0], ad_exp(x[i])) : ad_mul(y[0], ad_add(x[i], 2));
}

static void fails_beyond_10(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_mul(x[0], 2);
    if (ad_less(10, x[0]))
        ad_recorder_fail(x[0].on, AD_DOMAIN, "beyond 10");
}

enum { N = 3, POINTS = 300 };

typedef struct row {
    const char *name;
    ad_real_function *f;
    size_t n, m;
    ad_program_derivative derive;
    size_t count;
    size_t by[N];
    size_t outputs;
} row;

static const row rows[] = {
    {"value", halving, 2, 1, AD_DERIVE_NONE, 0, {0}, 1},
    {"values", halving, 2, 3, AD_DERIVE_NONE, 0, {0}, 3},
    {"gradient", signs, 3, 1, AD_DERIVE_GRADIENT, 0, {0}, 4},
    {"gradient by one", signs, 3, 1, AD_DERIVE_GRADIENT, 1, {2}, 2},
    {"jacobian", halving, 2, 3, AD_DERIVE_JACOBIAN, 0, {0}, 9},
    {"jacobian by one", halving, 2, 3, AD_DERIVE_JACOBIAN, 1, {1}, 6},
    {"hessian", signs, 3, 1, AD_DERIVE_HESSIAN, 0, {0}, 10},
    {"hessian by two", signs, 3, 1, AD_DERIVE_HESSIAN, 2, {2, 0}, 6},
};
enum { ROWS = sizeof rows / sizeof *rows };

static const char *name_of(int r)
{
    return rows[r].name;
}

static ad_program_cache *cache_of(const row *r, size_t limit, const ad_allocator *allocator)
{
    ad_error error = {AD_OK, ""};
    ad_program_cache_options options = {.size = sizeof options,
                                        .allocator = allocator,
                                        .derive = r->derive,
                                        .count = r->count,
                                        .by = r->count ? r->by : NULL,
                                        .limit = limit};
    ad_program_cache *c = ad_program_cache_new(r->f, r->n, r->m, NULL, &options, &error);
    ck_assert_str_eq(error.text, "");
    return c;
}

static void draw_points(size_t n, double *x)
{
    ad_random random = ad_random_new(5, 0);
    for (size_t i = 0; i < POINTS * n; i++)
        x[i] = 8 * ad_random_uniform(&random) - 3;
}

/* The same by a program that is recorded at the point. */
static void expected_at(const row *r, const double *x, double *y)
{
    ad_error error = {AD_OK, ""};
    const size_t *by = r->count ? r->by : NULL, count = r->count ? r->count : r->n;
    ad_program *p = program_of(r->f, r->n, x, r->m, NULL), *derived = NULL;
    if (r->derive == AD_DERIVE_HESSIAN)
        derived = ad_program_hessian(p, count, by, &error);
    else if (r->derive != AD_DERIVE_NONE)
        derived = ad_program_jacobian(p, count, by, &error);
    ck_assert_str_eq(error.text, "");
    run_program(derived ? derived : p, x, y);
    ad_program_free(derived);
    ad_program_free(p);
}

static ad_program_cache_info info_of(const ad_program_cache *c)
{
    ad_program_cache_info info = {.size = sizeof info};
    ck_assert_int_eq(ad_program_cache_measure(c, &info), AD_OK);
    return info;
}

START_TEST(each_point_has_the_results_of_the_way_it_goes)
{
    const row *r = &rows[_i];
    static double x[POINTS * N];
    ad_program_cache *c = cache_of(r, 0, NULL);
    ad_error error = {AD_OK, ""};
    ck_assert_uint_eq(ad_program_cache_outputs(c), r->outputs);
    draw_points(r->n, x);
    for (size_t i = 0; i < POINTS; i++) {
        double y[16], expected[16];
        expected_at(r, x + i * r->n, expected);
        ck_assert_int_eq(ad_program_cache_run(c, x + i * r->n, y, &error), AD_OK);
        for (size_t j = 0; j < r->outputs; j++)
            expect_same(y[j], expected[j], r->name);
    }
    ad_program_cache_info info = info_of(c);
    ck_assert_uint_eq(info.hits + info.misses, POINTS);
    ck_assert_uint_eq(info.programs, info.misses);
    ck_assert_uint_ge(info.programs, 4);
    ck_assert_uint_le(info.programs, 20);
    ck_assert_uint_gt(info.tries, 0);
    ad_program_cache_free(c);
}
END_TEST

START_TEST(many_points_at_once_have_the_same_bits)
{
    const row *r = &rows[_i];
    static double x[POINTS * N], y[2][POINTS * 16];
    ad_error error = {AD_OK, ""};
    ad_program_cache *one = cache_of(r, 0, NULL), *many = cache_of(r, 0, NULL);
    ad_pool *pool = ad_pool_new(NULL, 3);
    draw_points(r->n, x);
    for (size_t i = 0; i < POINTS; i++)
        ck_assert_int_eq(ad_program_cache_run(one, x + i * r->n, y[0] + i * r->outputs, &error),
                         AD_OK);
    ck_assert_int_eq(ad_program_cache_map(many, POINTS, x, y[1], pool, &error), AD_OK);
    for (size_t i = 0; i < POINTS * r->outputs; i++)
        expect_same(y[1][i], y[0][i], r->name);
    ad_program_cache_info a = info_of(one), b = info_of(many);
    ck_assert_uint_eq(a.misses, b.misses);
    ck_assert_uint_eq(b.hits + b.misses, POINTS);
    ck_assert_int_eq(ad_program_cache_map(many, 0, NULL, NULL, pool, &error), AD_OK);
    ad_pool_free(pool);
    ad_program_cache_free(one);
    ad_program_cache_free(many);
}
END_TEST

START_TEST(the_program_that_was_not_used_for_longest_goes)
{
    const double x[][N] = {{1, 1, 1}, {-1, 1, 1}, {1, -1, 1}};
    ad_error error = {AD_OK, ""};
    ad_program_cache *c = cache_of(&rows[2], 2, NULL);
    static const struct {
        int at;
        uint64_t misses, dropped;
    } steps[] = {{0, 1, 0}, {1, 2, 0}, {0, 2, 0}, {2, 3, 1}, {0, 3, 1}, {1, 4, 2}, {2, 5, 3}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        double y[4], expected[4];
        ck_assert_int_eq(ad_program_cache_run(c, x[steps[i].at], y, &error), AD_OK);
        expected_at(&rows[2], x[steps[i].at], expected);
        expect_same(y[3], expected[3], "derivative");
        ad_program_cache_info info = info_of(c);
        ck_assert_msg(info.misses == steps[i].misses && info.dropped == steps[i].dropped,
                      "step %zu", i);
        ck_assert_uint_le(info.programs, 2);
    }
    ad_program_cache_free(c);
}
END_TEST

START_TEST(a_guard_that_flips_leads_to_the_program_that_fits)
{
    const double x[][N] = {{-1, 1, 1}, {1, 1, 1}, {1, -1, 1}, {-1, 1, 2}};
    double y[4];
    ad_program_cache *c = cache_of(&rows[2], 0, NULL);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(ad_program_cache_run(c, x[i], y, NULL), AD_OK);
    const uint64_t before = info_of(c).tries;
    ck_assert_int_eq(ad_program_cache_run(c, x[3], y, NULL), AD_OK);
    ck_assert_uint_eq(info_of(c).tries, before + 1);
    ad_program_cache_free(c);
}
END_TEST

START_TEST(results_may_lie_over_operands)
{
    double x[] = {5, 0.5, 0}, expected[3];
    ad_program_cache *c = cache_of(&rows[1], 0, NULL);
    for (int i = 0; i < 2; i++) {
        expected_at(&rows[1], (double[]){5, 0.5}, expected);
        x[0] = 5, x[1] = 0.5;
        ck_assert_int_eq(ad_program_cache_run(c, x, x, NULL), AD_OK);
        ck_assert_mem_eq(x, expected, sizeof x);
    }
    ad_program_cache_free(c);
}
END_TEST

START_TEST(the_program_used_last_can_be_looked_at)
{
    double y;
    ad_program_cache *c = cache_of(&rows[0], 0, NULL);
    ck_assert_ptr_null(ad_program_cache_last(c));
    ck_assert_int_eq(ad_program_cache_run(c, (double[]){0.5, 1}, &y, NULL), AD_OK);
    ck_assert_uint_eq(ad_program_count(ad_program_cache_last(c), "sqrt"), 0);
    ck_assert_int_eq(ad_program_cache_run(c, (double[]){1.5, 1}, &y, NULL), AD_OK);
    ck_assert_uint_eq(ad_program_count(ad_program_cache_last(c), "sqrt"), 1);
    ck_assert_ptr_null(ad_program_cache_last(NULL));
    ad_program_cache_free(c);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------- */

START_TEST(a_point_whose_program_is_there_takes_no_memory)
{
    static double x[POINTS * N];
    double y[16];
    test_allocator memory;
    test_allocator_init(&memory);
    ad_program_cache *c = cache_of(&rows[2], 0, &memory.base);
    draw_points(3, x);
    for (size_t i = 0; i < POINTS; i++)
        ck_assert_int_eq(ad_program_cache_run(c, x + i * 3, y, NULL), AD_OK);
    const size_t calls = memory.calls, plain = plain_calls;
    for (size_t i = 0; i < POINTS; i++)
        ck_assert_int_eq(ad_program_cache_run(c, x + i * 3, y, NULL), AD_OK);
    ck_assert_uint_eq(memory.calls, calls);
    ck_assert_uint_eq(plain_calls, plain);
    ck_assert_uint_le(info_of(c).bytes, memory.live_bytes + 64 * 8);
    ck_assert_uint_ge(info_of(c).bytes, memory.live_bytes / 2);
    ad_program_cache_free(c);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

static ad_status visit(test_allocator *memory, double *y, ad_program_cache **c)
{
    static const double x[] = {0.5, 1, 1.5, 1, 40, 1, 3, -1};
    ad_program_cache_options options = {
        .size = sizeof options, .allocator = &memory->base, .derive = AD_DERIVE_JACOBIAN};
    *c = ad_program_cache_new(halving, 2, 3, NULL, &options, NULL);
    ad_status status = *c ? AD_OK : AD_MEMORY;
    for (int i = 0; status == AD_OK && i < 4; i++)
        status = ad_program_cache_run(*c, x + 2 * i, y, NULL);
    return status == AD_OK ? ad_program_cache_map(*c, 4, x, y, NULL, NULL) : status;
}

START_TEST(memory_that_runs_out_is_an_error_and_the_cache_lives_on)
{
    double y[4 * 9], again[9];
    for (size_t fail_at = 1, calls = 2; fail_at < calls; fail_at++) {
        test_allocator memory;
        ad_program_cache *c;
        test_allocator_init(&memory);
        ck_assert_int_eq(visit(&memory, y, &c), AD_OK);
        calls = memory.calls;
        ad_program_cache_free(c);
        test_allocator_init(&memory);
        memory.fail_at = fail_at;
        ck_assert_int_eq(visit(&memory, y, &c), AD_MEMORY);
        if (c) {
            ck_assert_int_eq(ad_program_cache_run(c, (double[]){40, 1}, y, NULL), AD_OK);
            expected_at(&rows[4], (double[]){40, 1}, again);
            ck_assert_mem_eq(y, again, sizeof again);
        }
        ad_program_cache_free(c);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
}
END_TEST

/* ---- what goes wrong ---------------------------------------------------------------- */

START_TEST(a_failure_of_the_function_writes_nothing_and_keeps_the_programs)
{
    ad_error error = {AD_OK, ""};
    double y = 42;
    const row r = {"", fails_beyond_10, 1, 1, AD_DERIVE_NONE, 0, {0}, 1};
    ad_program_cache *c = cache_of(&r, 0, NULL);
    ck_assert_int_eq(ad_program_cache_run(c, (double[]){11}, &y, &error), AD_DOMAIN);
    ck_assert_msg(strstr(error.text, "beyond 10"), "%s", error.text);
    ck_assert_double_eq(y, 42);
    ck_assert_int_eq(ad_program_cache_run(c, (double[]){3}, &y, NULL), AD_OK);
    ck_assert_double_eq(y, 6);
    ck_assert_int_eq(ad_program_cache_map(c, 2, (double[]){4, 12}, (double[2]){0}, NULL, NULL),
                     AD_DOMAIN);
    ck_assert_int_eq(ad_program_cache_run(c, (double[]){4}, &y, NULL), AD_OK);
    ck_assert_uint_eq(info_of(c).programs, 1);
    ad_program_cache_free(c);
}
END_TEST

static void cancels(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = ad_sub(ad_mul(x[0], x[0]), 1 + 0x1p-29);
    if (ad_less(0, y[0]))
        y[0] = ad_sqrt(y[0]);
}

START_TEST(a_number_that_options_change_may_be_an_error)
{
    const double x = 1 + 0x1p-30;
    double y = 42;
    ad_error error = {AD_OK, ""};
    ad_program_cache_options options = {.size = sizeof options, .allow = AD_ALLOW_FMA};
    ad_program_cache *c = ad_program_cache_new(cancels, 1, 1, NULL, &options, &error);
    ad_status status = ad_program_cache_run(c, &x, &y, &error);
    ck_assert(status == AD_OK ? y == 0 : status == AD_BRANCH && y == 42);
    ad_program_cache_free(c);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
    ad_error error;
    double y[3];
    ad_program_cache_options o;
    ad_program_cache_info info = {.size = 0};
    ad_program_cache *c = cache_of(&rows[0], 0, NULL);
#define EXPECT_REFUSED(f, m, part, ...)                                  \
    error = (ad_error){AD_OK, ""};                                       \
    o = (ad_program_cache_options){__VA_ARGS__};                         \
    ck_assert_ptr_null(ad_program_cache_new(f, 2, m, NULL, &o, &error)); \
    ck_assert_int_eq(error.status, AD_MISUSE);                           \
    ck_assert_msg(strstr(error.text, part), "%s", error.text);
    EXPECT_REFUSED(NULL, 1, "f is NULL", .size = sizeof o)
    EXPECT_REFUSED(halving, 1, "size", .limit = 3)
    EXPECT_REFUSED(halving, 2, "of 2 results", .size = sizeof o, .derive = AD_DERIVE_GRADIENT)
    EXPECT_REFUSED(halving, 2, "of 2 results", .size = sizeof o, .derive = AD_DERIVE_HESSIAN)
    EXPECT_REFUSED(halving, 2, "no such", .size = sizeof o, .derive = (ad_program_derivative)4)
    EXPECT_REFUSED(halving, 2, "1 are not all 2 inputs", .size = sizeof o, .count = 1)
    EXPECT_REFUSED(halving, 2, "by input 2 of 2", .size = sizeof o, .count = 1, .by = (size_t[]){2})
#undef EXPECT_REFUSED
    ck_assert_int_eq(ad_program_cache_run(NULL, y, y, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_cache_run(c, NULL, y, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_cache_run(c, y, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_cache_map(NULL, 1, y, y, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_cache_map(c, 1, NULL, y, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_cache_map(c, 1, y, NULL, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_program_cache_measure(c, &info), AD_MISUSE);
    ck_assert_int_eq(ad_program_cache_measure(c, NULL), AD_MISUSE);
    ck_assert_uint_eq(info_of(NULL).bytes, 0);
    ck_assert_uint_eq(ad_program_cache_outputs(NULL), 0);
    ad_program_cache_free(NULL);
    ad_program_cache_free(c);
}
END_TEST

int main(void)
{
    TCase *cache = tcase_create("cache");
    add_row_tests(cache, each_point_has_the_results_of_the_way_it_goes, ROWS, name_of);
    add_row_tests(cache, many_points_at_once_have_the_same_bits, ROWS, name_of);
    tcase_add_test(cache, the_program_that_was_not_used_for_longest_goes);
    tcase_add_test(cache, a_guard_that_flips_leads_to_the_program_that_fits);
    tcase_add_test(cache, results_may_lie_over_operands);
    tcase_add_test(cache, the_program_used_last_can_be_looked_at);
    tcase_add_test(cache, a_point_whose_program_is_there_takes_no_memory);
    tcase_add_test(cache, memory_that_runs_out_is_an_error_and_the_cache_lives_on);
    tcase_add_test(cache, a_failure_of_the_function_writes_nothing_and_keeps_the_programs);
    tcase_add_test(cache, a_number_that_options_change_may_be_an_error);
    tcase_add_test(cache, what_makes_no_sense_is_refused);
    Suite *suite = suite_create("program cache");
    suite_add_tcase(suite, cache);
    return run_suite(suite);
}
