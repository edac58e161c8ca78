/* Random numbers: known answers, what a number depends on, and that draws are unbiased. Statistics
 * of n numbers are held to five of their own standard deviations. */
#include "adze/random.h"

#include "suite.h"

#include <math.h>

enum { MANY = 400000 };

/* ---- Philox ------------------------------------------------------------------------- */

/* From the known answers of Random123, the reference implementation. */
static const struct {
    uint32_t counter[4], key[2], bits[4];
} answers[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

START_TEST(philox_gives_the_known_answers)
{
    uint32_t bits[4];
    ad_philox(answers[_i].counter, answers[_i].key, bits);
    ck_assert_mem_eq(bits, answers[_i].bits, sizeof bits);
}
END_TEST

START_TEST(philox_may_write_over_its_counter)
{
    uint32_t x[4] = {0, 0, 0, 0};
    ad_philox(x, answers[0].key, x);
    ck_assert_mem_eq(x, answers[0].bits, sizeof x);
}
END_TEST

START_TEST(position_stream_and_seed_are_the_words_of_counter_and_key)
{
    ad_random r = {
        .seed = 0x299f31d0a4093822, .stream = 0x0370734413198a2e, .position = 0x85a308d3243f6a88};
    ck_assert_uint_eq(ad_random_bits(&r), 0x94fdccebd16cfe09);
    ck_assert_uint_eq(r.position, 0x85a308d3243f6a89);
}
END_TEST

/* ---- draws -------------------------------------------------------------------------- */

START_TEST(a_copy_draws_the_same_numbers)
{
    ad_random r = ad_random_new(1, 2);
    for (int i = 0; i < 5; i++)
        ad_random_bits(&r);
    ad_random copy = r;
    for (int i = 0; i < 100; i++)
        ck_assert_uint_eq(ad_random_bits(&r), ad_random_bits(&copy));
}
END_TEST

/* The correlation of n pairs of independent normals has a standard deviation of 1 / sqrt(n). */
static double correlation(ad_random a, ad_random b)
{
    double sum = 0;
    for (int i = 0; i < MANY; i++)
        sum += ad_random_normal(&a) * ad_random_normal(&b);
    return sum / MANY;
}

START_TEST(streams_and_seeds_are_independent)
{
    ad_random a = ad_random_new(1, 0), other_stream = ad_random_new(1, 1);
    ad_random other_seed = ad_random_new(2, 0), far_stream = ad_random_new(1, (uint64_t)1 << 32);
    ck_assert_double_lt(fabs(correlation(a, other_stream)), 5 / sqrt(MANY));
    ck_assert_double_lt(fabs(correlation(a, other_seed)), 5 / sqrt(MANY));
    ck_assert_double_lt(fabs(correlation(a, far_stream)), 5 / sqrt(MANY));
}
END_TEST

/* Two 53-bit numbers of one block, u in (0, 1] and v in [0, 1): sqrt(-2 log u) cos(2 pi v). */
START_TEST(a_normal_is_that_of_box_and_muller)
{
    const uint32_t *bits = answers[0].bits;
    ad_random r = ad_random_new(0, 0);
    long double u = (((uint64_t)bits[1] << 32 | bits[0]) >> 11) + 1;
    long double v = ((uint64_t)bits[3] << 32 | bits[2]) >> 11;
    long double z = sqrtl(-2 * logl(u * 0x1p-53L)) * cosl(6.283185307179586477L * v * 0x1p-53L);
    ck_assert_double_eq_tol(ad_random_normal(&r), (double)z, 1e-14);
}
END_TEST

START_TEST(every_draw_takes_one_position)
{
    ad_random r = ad_random_new(3, 0);
    ad_random_bits(&r);
    ad_random_uniform(&r);
    ad_random_normal(&r);
    ck_assert_uint_eq(r.position, 3);
}
END_TEST

START_TEST(below_n_is_uniform_over_0_to_n_minus_1)
{
    enum { N = 7 };
    ad_random r = ad_random_new(4, 0);
    double count[N] = {0}, chi2 = 0, expected = (double)MANY / N;
    for (int i = 0; i < MANY; i++) {
        uint64_t x = ad_random_below(&r, N);
        ck_assert_uint_lt(x, N);
        count[x]++;
    }
    for (int i = 0; i < N; i++)
        chi2 += (count[i] - expected) * (count[i] - expected) / expected;
    ck_assert_double_lt(chi2, (N - 1) + 5 * sqrt(2.0 * (N - 1)));
}
END_TEST

/* For n = 3/4 of 2^64 the remainder alone would favour the lowest third two to one. */
START_TEST(below_a_large_n_is_unbiased)
{
    ad_random r = ad_random_new(5, 0);
    uint64_t n = (uint64_t)3 << 62;
    int low = 0, draws = MANY / 10;
    for (int i = 0; i < draws; i++) {
        uint64_t x = ad_random_below(&r, n);
        ck_assert_uint_lt(x, n);
        low += x < n / 3;
    }
    ck_assert_double_lt(fabs(low - draws / 3.0), 5 * sqrt(draws * 2 / 9.0));
}
END_TEST

START_TEST(below_0_and_1_are_0)
{
    ad_random r = ad_random_new(6, 0);
    ck_assert_uint_eq(ad_random_below(&r, 0), 0);
    ck_assert_uint_eq(ad_random_below(&r, 1), 0);
}
END_TEST

START_TEST(a_shuffle_keeps_all_and_favours_no_order)
{
    enum { N = 4, ORDERS = 24, ROUNDS = 24000 };
    ad_random r = ad_random_new(7, 0);
    double count[N * N * N * N] = {0}, chi2 = 0, expected = (double)ROUNDS / ORDERS;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t x[N] = {0, 1, 2, 3};
        ad_random_shuffle(&r, x, N);
        ck_assert_int_eq(1 << x[0] | 1 << x[1] | 1 << x[2] | 1 << x[3], 15);
        count[x[0] + N * (x[1] + N * (x[2] + N * x[3]))]++;
    }
    for (int i = 0; i < N * N * N * N; i++)
        if (count[i] > 0)
            chi2 += (count[i] - expected) * (count[i] - expected) / expected;
    ck_assert_double_lt(chi2, (ORDERS - 1) + 5 * sqrt(2.0 * (ORDERS - 1)));
}
END_TEST

START_TEST(null_generators_do_nothing)
{
    int64_t index[2] = {0, 1};
    uint32_t words[4] = {0};
    ck_assert_uint_eq(ad_random_bits(NULL), 0);
    ck_assert_double_eq(ad_random_uniform(NULL), 0);
    ck_assert_double_eq(ad_random_normal(NULL), 0);
    ck_assert_uint_eq(ad_random_below(NULL, 5), 0);
    ad_random_shuffle(NULL, index, 2);
    ck_assert(index[0] == 0 && index[1] == 1);
    ad_random r = ad_random_new(19, 0);
    ad_random_shuffle(&r, NULL, 2);
    ad_philox(NULL, words, words);
    ad_philox(words, NULL, words);
    ad_philox(words, words, NULL);
}
END_TEST

/* ---- the suite ---------------------------------------------------------------------- */

static Suite *make_suite(void)
{
    Suite *suite = suite_create("random");
    TCase *c = tcase_create("random");
    tcase_add_loop_test(c, philox_gives_the_known_answers, 0, 3);
    tcase_add_test(c, philox_may_write_over_its_counter);
    tcase_add_test(c, position_stream_and_seed_are_the_words_of_counter_and_key);
    tcase_add_test(c, a_copy_draws_the_same_numbers);
    tcase_add_test(c, streams_and_seeds_are_independent);
    tcase_add_test(c, a_normal_is_that_of_box_and_muller);
    tcase_add_test(c, every_draw_takes_one_position);
    tcase_add_test(c, below_n_is_uniform_over_0_to_n_minus_1);
    tcase_add_test(c, below_a_large_n_is_unbiased);
    tcase_add_test(c, below_0_and_1_are_0);
    tcase_add_test(c, a_shuffle_keeps_all_and_favours_no_order);
    tcase_add_test(c, null_generators_do_nothing);
    suite_add_tcase(suite, c);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
