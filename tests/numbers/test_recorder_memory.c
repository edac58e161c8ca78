/* A recorder's memory: allocations that fail, one after the other; its limit; none in the steady state; and what
 * is given back. */
#include "base/memory.h"
#include "numbers.h"
#include "torture.h"

/* ---- scenarios ---------------------------------------------------------------------- */

static void product_forward(size_t n, const double *x, size_t m, double *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = x[0] * x[1];
    y[1] = x[0] + x[1];
}

static bool product_pullback(size_t n, const double *x, size_t m, const double *y, const double *dy,
                             double *dx, const void *env)
{
    (void)n, (void)m, (void)y, (void)env;
    dx[0] = dy[0] * x[1] + dy[1];
    dx[1] = dy[0] * x[0] + dy[1];
    return true;
}

static const ad_real_op product = {sizeof product, "product", product_forward, product_pullback};

static void chain(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = x[0];
    for (int i = 0; i < 300; i++)
        y[0] = ad_muladd(y[0], x[1], 0.5);
    y[1] = ad_sin(y[0]);
}

static void chain_twice(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    ad_real middle[2];
    ad_real_checkpoint(chain, n, x, 2, middle, env);
    chain(n, middle, m, y, env);
}

/* Everything that takes memory. Results are written only where all is well. */
static ad_status record(ad_recorder *r, unsigned keep)
{
    ad_real x[20], y[12];
    double out[12 * 20], tx[9 * 20] = {1};
    for (int i = 0; i < 20; i++)
        x[i] = ad_real_input(r, 0.5 + 0.01 * i);
    ad_recorder_mark mark = ad_recorder_here(r);
    chain(2, x, 2, y, NULL);
    ad_recorder_rewind(mark);
    chain(2, x, 2, y, NULL);
    ad_recorder_collapse(mark, 2, y);
    if (!(keep & AD_KEEP_SECOND))
        ad_real_apply(&product, 2, y, 2, y, NULL);
    ad_real_checkpoint(chain_twice, 2, y, 2, y, NULL);
    ad_real many[600];
    for (int i = 0; i < 600; i++)
        many[i] = x[i % 20];
    y[2] = ad_dot_reals(300, many, many + 300);
    y[3] = ad_logsumexp_reals(600, many);
    for (int j = 4; j < 12; j++)
        y[j] = ad_mul(y[j - 4], y[j - 1]);
    out[0] = 42;
    bool good = ad_real_gradient(y[11], 20, x, out) == AD_OK &&
                ad_real_jvp(20, x, 9, tx, 12, y, out) == AD_OK &&
                ad_real_jacobian(12, y, 20, x, out) == AD_OK &&
                ad_real_jacobian(12, y, 2, x, out) == AD_OK &&
                ad_real_gradient(y[11], 10, y, out) == AD_OK && /* results, which are held */
                ad_real_jacobian(10, y, 11, y, out) == AD_OK;
    if (good && keep & AD_KEEP_SECOND && ad_real_hvp(y[11], 20, x, 9, tx, out) == AD_OK)
        ad_real_hvp(y[11], 11, y, 9, tx, out);
    return ad_recorder_status(r);
}

static ad_status run(test_allocator *memory, unsigned keep)
{
    ad_recorder *r = recorder_in(memory, keep);
    ad_status status = r ? record(r, keep) : AD_MEMORY;
    if (r && status != AD_OK) { /* it can be used again, as if nothing had been */
        memory->fail_at = 0;
        memory->sticky = false;
        ad_recorder_reset(r);
        ck_assert_int_eq(record(r, keep), AD_OK);
        ad_recorder_reset(r);
        ad_recorder_trim(r);
        ck_assert_int_eq(record(r, keep), AD_OK);
    }
    ad_recorder_free(r);
    return status;
}

static ad_status plain_scenario(test_allocator *memory)
{
    size_t fails = memory->fail_at;
    ad_status status = run(memory, 0);
    memory->fail_at = fails;
    return status;
}

static ad_status second_scenario(test_allocator *memory)
{
    size_t fails = memory->fail_at;
    ad_status status = run(memory, AD_KEEP_SECOND);
    memory->fail_at = fails;
    return status;
}

static ad_status lines_scenario(test_allocator *memory)
{
    size_t fails = memory->fail_at;
    ad_status status = run(memory, AD_KEEP_LINES | AD_KEEP_FINITE);
    memory->fail_at = fails;
    return status;
}

/* A reset or a trim between failures forgets nothing that is still there. */
static ad_status rewind_scenario(test_allocator *memory)
{
    ad_recorder *r = recorder_in(memory, 0);
    ad_recorder_mark marks[20];
    ad_status status = AD_OK;
    for (int i = 0; r && i < 20; i++) {
        ad_real x = ad_real_input(r, 1);
        marks[i] = ad_recorder_here(r);
        for (int k = 0; k < 50 * i; k++)
            x = ad_mul(x, x);
        if (i % 3 == 2)
            ad_recorder_rewind(marks[i - 1]);
        ad_recorder_trim(r);
    }
    status = r ? ad_recorder_status(r) : AD_MEMORY;
    ad_recorder_free(r);
    return status;
}

/* Calls alone, across the ends of chunks, and swept where what they worked with was given back. */
static ad_status calls_scenario(test_allocator *memory)
{
    ad_recorder *r = recorder_in(memory, 0);
    ad_real x[2] = {ad_real_input(r, 0.5), ad_real_input(r, 0.25)}, y[2] = {x[0], x[1]};
    double slope[2];
    for (int i = 0; i < 300; i++)
        ad_real_apply(&product, 2, y, 2, y, NULL);
    ad_real_checkpoint(chain, 2, y, 2, y, NULL);
    ad_recorder_trim(r);
    ad_status status = r ? ad_real_gradient(y[1], 2, x, slope) : AD_MEMORY;
    ad_recorder_trim(r);
    if (status == AD_OK)
        status = ad_real_jvp(2, x, 1, slope, 1, y, slope);
    ad_recorder_free(r);
    return status;
}

static const scenario scenarios[] = {
    {"first order", plain_scenario}, {"second order", second_scenario}, {"lines", lines_scenario},
    {"rewinds", rewind_scenario},    {"calls", calls_scenario},
};

/* ---- the limit, the steady state, what is given back -------------------------------- */

START_TEST(a_recorder_takes_no_more_than_its_limit)
{
    for (size_t limit = 2000; limit < 1000000; limit = 2 * limit + 1) {
        char limit_text[60];
        snprintf(limit_text, sizeof limit_text, "are beyond the limit of %zu", limit);
        ad_recorder_options options = {.size = sizeof options, .limit = limit};
        ad_recorder *r = ad_recorder_new(&options);
        for (int round = 0; round < 3; round++) {
            ad_real x = ad_real_input(r, 1), y = x;
            for (int i = 0; i < 100000 && ad_recorder_status(r) == AD_OK; i++)
                y = ad_mul(y, x);
            ck_assert(isnan(y.value));
            expect_failure(r, AD_MEMORY, limit_text);
            ck_assert_uint_le(size_of(r).bytes_reserved, limit);
            ad_recorder_reset(r);
            if (limit > 20000) {
                x = ad_real_input(r, 3);
                expect_near(slope_by(ad_square(x), x), 6, 0);
                ad_recorder_trim(r);
            }
            ad_recorder_reset(r);
        }
        ad_recorder_free(r);
    }
}
END_TEST

/* What checkpoints take for their own counts, too. */
START_TEST(the_limit_is_one_for_a_recorder_and_its_checkpoints)
{
    int good = 0, bad = 0;
    for (size_t limit = 2000; limit < 200000; limit += 1500) {
        ad_recorder_options options = {.size = sizeof options, .limit = limit};
        ad_recorder *r = ad_recorder_new(&options);
        for (int round = 0; round < 3; round++) {
            ad_status status = record(r, 0);
            ck_assert_msg(status == AD_OK || status == AD_MEMORY, "%s", ad_recorder_error(r));
            *(status == AD_OK ? &good : &bad) += 1;
            ck_assert_uint_le(size_of(r).bytes_reserved, limit);
            ad_recorder_reset(r);
        }
        ad_recorder_free(r);
    }
    ck_assert(good && bad);
}
END_TEST

/* Where the recorder of a checkpoint itself is too much. */
START_TEST(a_checkpoint_may_be_beyond_the_limit)
{
    for (int k = 0; k < 2; k++) {
        static size_t limit;
        ad_recorder_options options = {.size = sizeof options, .limit = k ? limit + 200 : 0};
        ad_recorder *r = ad_recorder_new(&options);
        ad_real x[2] = {ad_real_input(r, 1), ad_real_input(r, 2)}, y[2];
        ad_mul(x[0], x[1]);
        limit = size_of(r).bytes_reserved;
        ck_assert_int_eq(ad_real_checkpoint(chain, 2, x, 2, y, NULL), k ? AD_MEMORY : AD_OK);
        ck_assert(isnan(y[0].value) == k);
        if (k)
            expect_failure(r, AD_MEMORY, "are beyond the limit");
        ad_recorder_free(r);
    }
}
END_TEST

START_TEST(operations_of_constants_take_memory_too)
{
    ad_real x[2] = {ad_real_constant(1), ad_real_constant(2)}, y[2] = {x[0], x[1]};
    for (int k = 0; k < 2; k++) {
        no_plain_memory = k; /* where the linker can do that */
        void *probe = ad_memory_take(NULL, 8);
        bool none = !probe;
        ad_memory_give(NULL, probe, 8);
        ck_assert_int_eq(ad_real_apply(&product, 2, x, 2, y, NULL), none ? AD_MEMORY : AD_OK);
        ck_assert(isnan(y[0].value) == none && isnan(y[1].value) == none);
        ck_assert_int_eq(ad_real_gradient(y[0], 0, NULL, NULL), none ? AD_MISUSE : AD_OK);
        no_plain_memory = false;
    }
}
END_TEST

START_TEST(in_the_steady_state_nothing_is_allocated)
{
    static const unsigned keeps[] = {0, AD_KEEP_SECOND, AD_KEEP_LINES};
    test_allocator memory;
    test_allocator_init(&memory);
    ad_recorder *r = recorder_in(&memory, keeps[_i]);
    for (int round = 0; round < 50; round++) {
        size_t calls = memory.calls, reserved = size_of(r).bytes_reserved;
        ck_assert_int_eq(record(r, keeps[_i]), AD_OK);
        ck_assert_uint_eq(memory.live_bytes, size_of(r).bytes_reserved);
        ad_recorder_reset(r);
        if (round > 1 && _i != 1) {
            ck_assert_uint_eq(memory.calls, calls);
            ck_assert_uint_eq(size_of(r).bytes_reserved, reserved);
        }
        if (round > 1 && _i == 1) /* a copy of a checkpoint's arguments, where it works in place */
            ck_assert_uint_eq(memory.calls, calls + 1);
    }
    ad_recorder_free(r);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

START_TEST(a_rewind_in_a_loop_allocates_nothing)
{
    test_allocator memory;
    test_allocator_init(&memory);
    ad_recorder *r = recorder_in(&memory, 0);
    ad_real x = ad_real_input(r, 1);
    ad_recorder_mark mark = ad_recorder_here(r);
    size_t calls = 0;
    for (int round = 0; round < 1000; round++) {
        ad_real y = x, pair[2] = {x, x};
        ck_assert_int_eq(ad_real_apply(&product, 2, pair, 2, pair, NULL), AD_OK);
        for (int i = 0; i < 1000; i++)
            y = ad_mul(y, x);
        if (round % 2) {
            ck_assert_int_eq(ad_recorder_collapse(mark, 1, &y), AD_OK);
            expect_near(slope_by(y, x), 1001, 0);
        }
        ad_recorder_rewind(mark);
        if (round == 3)
            calls = memory.calls;
    }
    ck_assert_uint_eq(memory.calls, calls);
    ad_recorder_free(r);
}
END_TEST

START_TEST(what_is_unused_is_given_back)
{
    test_allocator memory;
    test_allocator_init(&memory);
    ad_recorder *r = recorder_in(&memory, 0);
    size_t least = memory.live_bytes;
    for (int round = 0; round < 3; round++) {
        ck_assert_int_eq(record(r, 0), AD_OK);
        ck_assert_uint_gt(memory.live_bytes, 4 * least);
        ad_real x = ad_real_input(r, 2), y = ad_square(x);
        ad_recorder_trim(r); /* the record stays */
        expect_near(slope_by(y, x), 4, 0);
        ad_recorder_reset(r);
        ad_recorder_trim(r);
        /* The recorder, and those of its checkpoints and of theirs. */
        ck_assert_uint_le(memory.live_bytes, 3 * least);
        ck_assert_uint_eq(memory.live_bytes, size_of(r).bytes_reserved);
    }
    ad_recorder_free(r);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

/* A chunk holds up to 2^16, and is as large as all before it until then. */
START_TEST(memory_is_in_proportion_to_what_is_used)
{
    ad_recorder *r = recorder_with(0);
    ad_real x = ad_real_input(r, 1), y = x;
    for (int i = 0; i < 1000000; i++) {
        y = ad_mul(y, x);
        if (i % 9973 == 0)
            ck_assert_uint_le(size_of(r).bytes_reserved, 2 * size_of(r).bytes_used + 8192);
    }
    expect_near(slope_by(y, x), 1000001, 0);
    ad_recorder_free(r);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = torture_suite("memory of recorders", scenarios,
                                 (int)(sizeof scenarios / sizeof *scenarios));
    TCase *tests = tcase_create("limits");
    tcase_add_test(tests, a_recorder_takes_no_more_than_its_limit);
    tcase_add_test(tests, the_limit_is_one_for_a_recorder_and_its_checkpoints);
    tcase_add_test(tests, a_checkpoint_may_be_beyond_the_limit);
    tcase_add_test(tests, operations_of_constants_take_memory_too);
    tcase_add_loop_test(tests, in_the_steady_state_nothing_is_allocated, 0, 3);
    tcase_add_test(tests, a_rewind_in_a_loop_allocates_nothing);
    tcase_add_test(tests, what_is_unused_is_given_back);
    tcase_add_test(tests, memory_is_in_proportion_to_what_is_used);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
