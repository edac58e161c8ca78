/* Loops of a user's own kernel in parts (ad_parallel of adze/kernels.h). */
#include "in_kernel.h"
#include "suite.h"

#include <stdatomic.h>

/* ---- parts ------------------------------------------------------------------------- */

enum { LONG = 1000, GRAIN = 64, PARTS = (LONG + GRAIN - 1) / GRAIN };

typedef struct tally {
    atomic_int seen[LONG];
    size_t begin[PARTS], end[PARTS];
    ad_workspace *work;
} tally;

static void count_part(void *user, size_t begin, size_t end)
{
    tally *t = user;
    t->begin[begin / GRAIN] = begin;
    t->end[begin / GRAIN] = end;
    for (size_t i = begin; i < end; i++)
        atomic_fetch_add(&t->seen[i], 1);
}

static void count_all(const ad_forward_args *c)
{
    ck_assert(ad_parallel(c->work, LONG, GRAIN, count_part, user_of(c)));
}

START_TEST(parts_depend_on_length_and_grain_alone)
{
    static tally t;
    memset(&t, 0, sizeof t);
    ck_assert_int_eq(probe(count_all, &t, thread_counts[_i], NULL, 0), AD_OK);
    for (size_t i = 0; i < LONG; i++)
        ck_assert_int_eq(atomic_load(&t.seen[i]), 1);
    for (size_t k = 0; k < PARTS; k++) {
        ck_assert_uint_eq(t.begin[k], k * GRAIN);
        ck_assert_uint_eq(t.end[k], k + 1 < PARTS ? (k + 1) * GRAIN : LONG);
    }
}
END_TEST

static void nested_part(void *user, size_t begin, size_t end)
{
    tally *t = user;
    (void)end;
    if (begin == 0) /* of ten parts, each of which walks all over again; one counts */
        ad_parallel(t->work, LONG, GRAIN, count_part, t);
}

static void nest_parts(const ad_forward_args *c)
{
    tally *t = user_of(c);
    t->work = c->work;
    ck_assert(ad_parallel(c->work, 10, 1, nested_part, t));
}

START_TEST(parts_may_have_parts)
{
    static tally t;
    memset(&t, 0, sizeof t);
    ck_assert_int_eq(probe(nest_parts, &t, thread_counts[_i], NULL, 0), AD_OK);
    for (size_t i = 0; i < LONG; i++)
        ck_assert_int_eq(atomic_load(&t.seen[i]), 1);
}
END_TEST

static void rejecting_part(void *user, size_t begin, size_t end)
{
    (void)end;
    ad_reject(user, AD_DOMAIN, "part %zu is wrong", begin);
}

static void reject_in_parts(const ad_forward_args *c)
{
    ck_assert(!ad_parallel(c->work, 500, 1, rejecting_part, c->work));
}

static void greedy_part(void *user, size_t begin, size_t end)
{
    (void)begin, (void)end;
    ck_assert_ptr_null(ad_scratch(user, 8));
    ck_assert_ptr_null(ad_inner_tape(user));
}

static void take_in_parts(const ad_forward_args *c)
{
    ad_parallel(c->work, 500, 1, greedy_part, c->work);
}

START_TEST(parts_may_fail)
{
    char text[600];
    ck_assert_int_eq(probe(reject_in_parts, NULL, thread_counts[_i], text, sizeof text), AD_DOMAIN);
    ck_assert_ptr_nonnull(strstr(text, "probe([2, 3]): part "));
    ck_assert_ptr_nonnull(strstr(text, " is wrong"));
    ck_assert_int_eq(probe(take_in_parts, NULL, thread_counts[_i], text, sizeof text), AD_MISUSE);
    ck_assert_ptr_nonnull(strstr(text, "a part of a parallel loop cannot take "));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("parallel");
    TCase *all = tcase_create("parallel");
    tcase_add_loop_test(all, parts_depend_on_length_and_grain_alone, 0, COUNTS);
    tcase_add_loop_test(all, parts_may_have_parts, 0, COUNTS);
    tcase_add_loop_test(all, parts_may_fail, 0, COUNTS);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
