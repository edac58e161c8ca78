/* Sweeps in slices, cancelled sweeps, and digests that tell where two runs part. */
#include "measured.h"
#include "messages.h"
#include "suite.h"

#include <adze.h>
#include <string.h>

static const double numbers[] = {.1, .4, .3, .2};
static ad_tape *tape;

static void setup(void)
{
    tape = ad_tape_new(NULL);
}

static void teardown(void)
{
    ad_tape_free(tape);
}

/* A chain of so many operations on x, each with a cotangent of its own. */
enum { LENGTH = 20 };

static ad_tensor chain(ad_tensor x)
{
    ad_tensor y = x;
    for (int i = 0; i < LENGTH - 1; i++)
        y = i % 3 ? ad_mul(ad_sin(y), x) : ad_exp(y);
    return ad_sum(y);
}

typedef struct numbers4 {
    double of[4];
} numbers4;

static numbers4 grad(ad_tensor x)
{
    numbers4 n;
    ad_view g = ad_grad(x);
    ck_assert_ptr_nonnull(g.data);
    memcpy(&n, g.data, sizeof n);
    return n;
}

static numbers4 whole_gradient(void)
{
    ad_tensor x = ad_watch(tape, AD_VIEW(numbers, 4));
    ck_assert_int_eq(ad_backward(chain(x)), AD_OK);
    numbers4 g = grad(x);
    ad_tape_reset(tape);
    return g;
}

static void expect_gradient(ad_tensor x, const numbers4 *wanted)
{
    numbers4 g = grad(x);
    ck_assert_mem_eq(&g, wanted, sizeof g);
}

/* ---- slices ------------------------------------------------------------------------ */

START_TEST(slices_of_any_size_give_the_bits_of_the_whole)
{
    numbers4 wanted = whole_gradient();
    for (size_t slice = 1; slice < 3 * LENGTH; slice++) {
        size_t steps = 0, left = SIZE_MAX;
        ad_tensor x = ad_watch(tape, AD_VIEW(numbers, 4)), y = chain(x);
        ck_assert_int_eq(ad_sweep_begin(y), AD_OK);
        for (; ad_sweep_step(tape, slice); steps++) {
            ck_assert_ptr_null(ad_grad(x).data);
            ck_assert_uint_lt(measured(tape).sweep_left, left);
            left = measured(tape).sweep_left;
        }
        ck_assert_uint_ge(steps + 1, LENGTH / slice);
        ck_assert_uint_eq(measured(tape).sweep_left, 0);
        ck_assert_int_eq(ad_tape_status(tape), AD_OK);
        expect_gradient(x, &wanted);
        ck_assert(ad_reached(x));
        ad_tape_reset(tape);
    }
}
END_TEST

START_TEST(a_cotangent_may_be_given_to_a_sweep_in_slices)
{
    ad_tensor x = ad_watch(tape, AD_VIEW(numbers, 4)), y = ad_square(x);
    ck_assert_int_eq(ad_sweep_begin_from(y, AD_VIEW(numbers, 4)), AD_OK);
    while (ad_sweep_step(tape, 1))
        continue;
    for (size_t i = 0; i < 4; i++)
        ck_assert_double_eq(grad(x).of[i], 2 * numbers[i] * numbers[i]);
    ck_assert_int_eq(ad_sweep_begin_from(y, AD_VIEW(numbers, 3)), AD_BAD_SHAPE);
}
END_TEST

START_TEST(what_is_recorded_in_between_is_no_part_of_the_sweep)
{
    numbers4 wanted = whole_gradient(), zeros = {{0}};
    ad_tensor x = ad_watch(tape, AD_VIEW(numbers, 4)), late = x, y = chain(x);
    ad_sweep_begin(y);
    for (int i = 0; ad_sweep_step(tape, 1); i++) {
        for (int j = 0; j < 100; j++) /* the list of nodes grows and moves */
            ad_exp(y);
        if (i == 2)
            late = ad_watch(tape, AD_VIEW(numbers, 4));
    }
    ck_assert_int_eq(ad_tape_status(tape), AD_OK);
    expect_gradient(x, &wanted);
    expect_gradient(late, &zeros);
    ck_assert(!ad_reached(late));
}
END_TEST

static void begin_half(ad_tensor *x, ad_tensor *y)
{
    *x = ad_watch(tape, AD_VIEW(numbers, 4));
    *y = chain(*x);
    ck_assert_int_eq(ad_sweep_begin(*y), AD_OK);
    ck_assert(ad_sweep_step(tape, LENGTH / 2));
}

START_TEST(another_sweep_takes_the_place_of_a_suspended_one)
{
    numbers4 wanted = whole_gradient();
    ad_tensor x, y;
    begin_half(&x, &y);
    ck_assert_int_eq(ad_backward(y), AD_OK);
    expect_gradient(x, &wanted);
    ck_assert(!ad_sweep_step(tape, 1));
    expect_gradient(x, &wanted);
}
END_TEST

START_TEST(a_cancelled_sweep_leaves_nothing)
{
    numbers4 wanted = whole_gradient();
    ad_tensor x, y;
    begin_half(&x, &y);
    size_t used = measured(tape).bytes_used;
    ad_sweep_cancel(tape);
    ck_assert_uint_lt(measured(tape).bytes_used, used);
    ck_assert(!ad_sweep_step(tape, 1));
    ck_assert_ptr_null(ad_grad(x).data);
    ck_assert_int_eq(ad_tape_status(tape), AD_OK);
    ck_assert_int_eq(ad_backward(y), AD_OK);
    expect_gradient(x, &wanted);
    ad_sweep_cancel(tape); /* there is none */
    expect_gradient(x, &wanted);
    ad_sweep_cancel(NULL);
    ck_assert(!ad_sweep_step(NULL, 1));
}
END_TEST

START_TEST(a_reset_or_rewind_below_the_root_ends_a_suspended_sweep)
{
    ad_tensor x, y;
    ad_mark bottom = ad_tape_mark(tape);
    begin_half(&x, &y);
    ad_mark above = ad_tape_mark(tape);
    ad_exp(y);
    ad_tape_rewind(above);
    ck_assert(ad_sweep_step(tape, 1));
    ad_tape_rewind(bottom);
    ck_assert(!ad_sweep_step(tape, 1));
    begin_half(&x, &y);
    ad_tape_reset(tape);
    ck_assert(!ad_sweep_step(tape, 1));
    ck_assert_uint_eq(measured(tape).bytes_used, 0);
}
END_TEST

START_TEST(a_failure_ends_a_suspended_sweep)
{
    numbers4 wanted = whole_gradient();
    ad_tensor x, y;
    begin_half(&x, &y);
    ad_matmul(x, x);
    ck_assert(!ad_sweep_step(tape, 1));
    ck_assert_int_eq(ad_tape_status(tape), AD_BAD_SHAPE);
    ck_assert_ptr_null(ad_grad(x).data);
    ad_tape_reset(tape);
    numbers4 again = whole_gradient();
    ck_assert_mem_eq(&again, &wanted, sizeof again);
}
END_TEST

AD_MODEL(pair, a, b);

START_TEST(a_models_gradient_is_collected_when_the_sweep_has_ended)
{
    pair m = {ad_zeros(AD_F64, AD_SHAPE(3)), ad_zeros(AD_F64, AD_SCALAR)}, g = {0};
    pair_tensors x = pair_watch(tape, &m);
    ad_tensor y = ad_mul(ad_sum(ad_exp(x.a)), ad_exp(x.b));
    ad_sweep_begin(y);
    ck_assert_int_eq(pair_collect(tape, &x, &g), AD_MISUSE);
    ck_assert_str_eq(message_of(tape), "gradient: the sweep has not ended");
    ck_assert_ptr_null(g.a.data);
    ad_tape_reset(tape);
    x = pair_watch(tape, &m);
    y = ad_mul(ad_sum(ad_exp(x.a)), ad_exp(x.b));
    ad_sweep_begin(y);
    while (ad_sweep_step(tape, 1))
        continue;
    ck_assert_int_eq(pair_collect(tape, &x, &g), AD_OK);
    ck_assert_double_eq(((double *)g.a.data)[2], 1);
    ck_assert_double_eq(*(double *)g.b.data, 3);
    pair_free(&m);
    pair_free(&g);
}
END_TEST

/* ---- polls ------------------------------------------------------------------------- */

typedef struct polling {
    size_t calls, last, stop_at; /* 0: never */
} polling;

static bool count_down(void *user, size_t left)
{
    polling *p = user;
    ck_assert(p->calls++ == 0 || left < p->last);
    p->last = left;
    return p->calls != p->stop_at;
}

START_TEST(a_poll_is_asked_before_each_pullback_and_may_cancel)
{
    numbers4 wanted = whole_gradient();
    size_t all = 0;
    for (size_t stop = 0; stop == 0 || stop <= all; stop++) {
        polling p = {.stop_at = stop};
        char message[64];
        ad_tape_poll(tape, count_down, &p);
        ad_tensor x = ad_watch(tape, AD_VIEW(numbers, 4)), y = chain(x);
        ad_status status = ad_backward(y);
        if (stop == 0) {
            all = p.calls;
            ck_assert_uint_ge(all, LENGTH);
            expect_gradient(x, &wanted);
        } else {
            ck_assert_int_eq(status, AD_CANCELLED);
            snprintf(message, sizeof message, "backward: cancelled with %zu values to go", p.last);
            ck_assert_str_eq(message_of(tape), message);
            ck_assert_uint_eq(p.calls, stop);
            ck_assert_ptr_null(ad_grad(x).data);
        }
        ad_tape_reset(tape);
    }
    ad_tape_poll(tape, NULL, NULL);
    whole_gradient();
    ad_tape_poll(NULL, NULL, NULL);
}
END_TEST

static bool use_the_tape(void *user, size_t left)
{
    ad_exp(*(ad_tensor *)user);
    ad_tape_reset(tape);
    ad_sweep_cancel(tape);
    ck_assert(!ad_sweep_step(tape, 1));
    return left > 0;
}

START_TEST(a_poll_must_not_use_the_tape)
{
    ad_tensor x = ad_watch(tape, AD_VIEW(numbers, 4)), y = chain(x);
    ad_tape_poll(tape, use_the_tape, &y);
    ck_assert_int_eq(ad_backward(y), AD_BUSY);
    ck_assert_str_eq(message_of(tape), "exp: the tape is in use by a kernel of the poll");
}
END_TEST

/* ---- digests ----------------------------------------------------------------------- */

enum { MOST = 64 };

typedef struct run {
    size_t nodes;
    uint64_t whole, digest[MOST];
} run;

/* An op that computes exp, and on request one bit of one number wrong. */
static size_t wrong_at = MOST;

static void planted_forward(const ad_forward_args *c)
{
    const double *x = c->x[0].data;
    double *y = c->y.data;
    for (size_t i = 0; i < ad_array_count(&c->y); i++)
        y[i] = 1 / (1 + x[i] * x[i]);
    if (wrong_at < ad_array_count(&c->y))
        ((unsigned char *)&y[wrong_at])[0] ^= 1;
}

static void planted_pullback(const ad_pullback_args *c)
{
    const double *x = c->x[0].data, *y = c->y.data, *dy = c->dy.data;
    double *dx = c->dx[0].data;
    for (size_t i = 0; i < ad_array_count(&c->dx[0]); i++)
        dx[i] -= dy[i] * 2 * x[i] * y[i] * y[i];
}

static const ad_op planted_op = {.size = sizeof(ad_op),
                                 .name = "planted",
                                 .arity = 1,
                                 .shape = ad_shape_first,
                                 .forward = planted_forward,
                                 .pullback = planted_pullback};

static ad_tensor record(ad_tape *t, const double *own)
{
    ad_tensor x = ad_watch(t, AD_VIEW(own, 2, 2)), y = x;
    static int round;
    memset(ad_tape_memory(t, 100), round++, 100); /* what is in it does not count */
    for (int i = 0; i < 5; i++)
        y = ad_add(ad_sin(y), ad_transpose(x));
    y = ad_label(ad_apply(&planted_op, &y, NULL), "suspect");
    return ad_sum(ad_mul(y, y));
}

static run record_run(ad_tape *t, bool sweep, double first)
{
    run r;
    double own[] = {first, .4, .3, .2};
    ad_tensor y = record(t, own);
    if (sweep)
        ck_assert_int_eq(ad_backward(y), AD_OK);
    r.nodes = ad_tape_digests(t, MOST, r.digest);
    r.whole = ad_tape_digest(t, SIZE_MAX);
    ck_assert_uint_eq(r.nodes, measured(t).nodes);
    ck_assert_uint_ne(r.whole, ad_tape_digest(t, r.nodes - 1));
    ck_assert_uint_eq(r.whole, ad_tape_digest(t, r.nodes));
    ad_tape_reset(t);
    return r;
}

START_TEST(the_same_work_has_the_same_digest_on_any_tape)
{
    ad_tape *other =
        ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .checks = AD_CHECK_BOUNDS});
    run a = record_run(tape, true, .1), b = record_run(other, true, .1);
    ck_assert_uint_eq(a.whole, b.whole);
    ck_assert_uint_eq(ad_digest_difference(a.nodes, a.digest, b.digest), a.nodes);
    ck_assert_uint_ne(a.whole, record_run(tape, false, .1).whole); /* gradients count */
    ck_assert_uint_eq(ad_tape_digests(NULL, 1, a.digest), 0);
    ck_assert_uint_eq(ad_tape_digest(NULL, 1), 0);
    ad_tape_free(other);
}
END_TEST

START_TEST(a_bit_that_differs_is_found_where_it_first_does)
{
    char what[128];
    run good = record_run(tape, false, .1);
    ck_assert_uint_eq(ad_digest_difference(good.nodes, good.digest,
                                           record_run(tape, false, .1000000000000001).digest),
                      0);
    for (wrong_at = 0; wrong_at < 4; wrong_at++) {
        run bad = record_run(tape, false, .1);
        size_t at = ad_digest_difference(good.nodes, good.digest, bad.digest);
        ck_assert_uint_ne(bad.whole, good.whole);
        record(tape, numbers);
        ad_tape_describe(tape, at, what, sizeof what);
        ck_assert_ptr_eq(strstr(what, "planted([2, 2]) \"suspect\" at "), what);
        ad_tape_reset(tape);
    }
    wrong_at = MOST;
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("slices");
    TCase *slices = tcase_create("slices"), *digests = tcase_create("digests");
    tcase_add_checked_fixture(slices, setup, teardown);
    tcase_add_checked_fixture(digests, setup, teardown);
    tcase_add_test(slices, slices_of_any_size_give_the_bits_of_the_whole);
    tcase_add_test(slices, a_cotangent_may_be_given_to_a_sweep_in_slices);
    tcase_add_test(slices, what_is_recorded_in_between_is_no_part_of_the_sweep);
    tcase_add_test(slices, another_sweep_takes_the_place_of_a_suspended_one);
    tcase_add_test(slices, a_cancelled_sweep_leaves_nothing);
    tcase_add_test(slices, a_reset_or_rewind_below_the_root_ends_a_suspended_sweep);
    tcase_add_test(slices, a_failure_ends_a_suspended_sweep);
    tcase_add_test(slices, a_models_gradient_is_collected_when_the_sweep_has_ended);
    tcase_add_test(slices, a_poll_is_asked_before_each_pullback_and_may_cancel);
    tcase_add_test(slices, a_poll_must_not_use_the_tape);
    tcase_add_test(digests, the_same_work_has_the_same_digest_on_any_tape);
    tcase_add_test(digests, a_bit_that_differs_is_found_where_it_first_does);
    suite_add_tcase(suite, slices);
    suite_add_tcase(suite, digests);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
