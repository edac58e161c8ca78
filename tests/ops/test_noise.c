/* Random numbers on a tape: they are functions of key and place alone. Statistics of n numbers are held to
 * five of their own standard deviations. */
#include "messages.h"
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <string.h>

enum { MANY = 100000 };

static ad_tape *new_tape(ad_pool *pool)
{
    ad_tape_options options = {.size = sizeof options, .pool = pool};
    return ad_tape_new(&options);
}

/* ---- dropout ------------------------------------------------------------------------ */

/* The definition, one number at a time: 32 counters make 128 random words, and each block of 1024 numbers
 * takes those of 256. */
static bool is_kept(ad_key key, double rate, uint64_t i)
{
    uint64_t block = i / 1024, bit = i % 1024 / 32, lane = i % 32;
    uint64_t n = block * 256 + bit / 4 * 32 + lane;
    uint32_t counter[] = {(uint32_t)n, (uint32_t)(n >> 32), (uint32_t)key.stream,
                          (uint32_t)(key.stream >> 32)};
    uint32_t words[] = {(uint32_t)key.seed, (uint32_t)(key.seed >> 32)}, bits[4];
    ad_philox(counter, words, bits);
    return bits[bit % 4] < (1 - rate) * 0x1p32;
}

static const int64_t lengths[] = {1, 31, 32, 33, 127, 1023, 1024, 1025, 5000, 70001};

static void check_kept(ad_tape *t, ad_type type, int64_t n, double rate)
{
    ad_key key = {0x123456789abcdef0, 0xfedcba9876543210};
    ad_array ones = ad_zeros(type, AD_SHAPE(n));
    for (int64_t i = 0; i < n; i++)
        if (type == AD_F32)
            ((float *)ones.data)[i] = 1;
        else
            ((double *)ones.data)[i] = 1;
    ad_tensor x = ad_watch(t, ones), y = ad_dropout(x, rate, key);
    ck_assert_int_eq(ad_backward_from(y, ad_array_view(ones)), AD_OK);
    ad_view numbers = ad_read(y), g = ad_grad(x);
    double kept = type == AD_F32 ? (double)(float)(1 / (1 - rate)) : 1 / (1 - rate);
    for (size_t i = 0; i < (size_t)n; i++) {
        double wanted = is_kept(key, rate, i) ? kept : 0;
        ck_assert_msg(ad_view_get(&numbers, i) == wanted, "element %zu of %d", i, (int)n);
        ck_assert(ad_view_get(&g, i) == wanted);
    }
    ad_tape_reset(t);
    ad_array_free(&ones);
}

START_TEST(an_element_is_kept_by_its_key_and_place)
{
    ad_tape *t = new_tape(NULL);
    check_kept(t, AD_F32, lengths[_i], 0.3);
    check_kept(t, AD_F64, lengths[_i], 0.75);
    ad_tape_free(t);
}
END_TEST

START_TEST(threads_drop_the_same_elements)
{
    ad_pool *pool = ad_pool_new(NULL, 3);
    ad_tape *t = new_tape(pool);
    check_kept(t, AD_F32, 200003, 0.5);
    ad_tape_free(t);
    ad_pool_free(pool);
}
END_TEST

/* Sums and sums of squares of the numbers, as shares of their count. */
static void measure(ad_tensor y, double *mean, double *square)
{
    ad_view v = ad_read(y);
    size_t n = ad_view_count(&v);
    *mean = *square = 0;
    for (size_t i = 0; i < n; i++) {
        double x = ad_view_get(&v, i);
        *mean += x / (double)n;
        *square += x * x / (double)n;
    }
}

START_TEST(the_mean_stays_and_keys_differ)
{
    static const double rates[] = {0.1, 0.5, 0.9};
    double mean, square, rate = rates[_i], sigma = sqrt(rate / (1 - rate) / MANY);
    ad_tape *t = new_tape(NULL);
    ad_tensor ones = ad_broadcast_to(ad_constant(t, AD_F64, 1), AD_SHAPE(MANY));
    ad_key key = ad_key_new(7);
    ad_tensor a = ad_dropout(ones, rate, ad_key_split(key, 0));
    ad_tensor b = ad_dropout(ones, rate, ad_key_split(key, 1));
    measure(a, &mean, &square);
    ck_assert(fabs(mean - 1) < 5 * sigma);
    measure(ad_mul(ad_sub(a, 1), ad_sub(b, 1)), &mean, &square); /* their covariance */
    ck_assert(fabs(mean) < 5 * sigma * sigma * sqrt(MANY));
    ad_tape_free(t);
}
END_TEST

START_TEST(what_is_dropped_is_0_whatever_it_was)
{
    float hot[600];
    for (int i = 0; i < 600; i++)
        hot[i] = i % 2 ? NAN : INFINITY;
    ad_tape *t = new_tape(NULL);
    ad_tensor x = ad_freeze(t, AD_VIEW(hot, 600));
    ad_view none = ad_read(ad_dropout(x, 1, ad_key_new(1)));
    ad_view all = ad_read(ad_dropout(x, 0, ad_key_new(1)));
    for (size_t i = 0; i < 600; i++)
        ck_assert(ad_view_get(&none, i) == 0);
    ck_assert_mem_eq(all.data, hot, sizeof hot);
    ad_tape_free(t);
}
END_TEST

static const double bad_rates[] = {-0.1, 1.5, NAN};

START_TEST(a_rate_out_of_range_is_an_error)
{
    ad_tape *t = new_tape(NULL);
    ad_dropout(ad_constant(t, AD_F32, 1), bad_rates[_i], ad_key_new(1));
    ck_assert_int_eq(ad_tape_status(t), AD_DOMAIN);
    ck_assert(strstr(message_of(t), "dropout([]): the rate must be in [0, 1], not "));
    ad_tape_free(t);
}
END_TEST

/* ---- leaves ------------------------------------------------------------------------- */

START_TEST(leaves_are_what_the_fills_draw)
{
    ad_tape *t = new_tape(NULL);
    ad_key key = ad_key_split(ad_key_new(3), 5);
    for (int type = AD_F32; type <= AD_F64; type++) {
        ad_array a = ad_zeros((ad_type)type, AD_SHAPE(4, 25));
        ad_random r = ad_random_new(key.seed, key.stream), again = r;
        ad_tensor u = ad_uniform(t, (ad_type)type, AD_SHAPE(4, 25), -1, 2, key);
        ad_tensor z = ad_normal(t, (ad_type)type, AD_SHAPE(4, 25), 1, 0.5, key);
        ad_fill_uniform(&a, &r, -1, 2);
        ck_assert_mem_eq(ad_read(u).data, a.data, 100 * ad_type_size((ad_type)type));
        ad_fill_normal(&a, &again, 1, 0.5);
        ck_assert_mem_eq(ad_read(z).data, a.data, 100 * ad_type_size((ad_type)type));
        ck_assert(!ad_is_tracked(u) && !ad_is_tracked(z));
        ad_array_free(&a);
    }
    ad_tape_free(t);
}
END_TEST

/* In f64 a function that was written for f32 sees the same numbers, and not those that f64 would draw. */
START_TEST(a_widened_tape_draws_the_numbers_of_the_type)
{
    ad_tape *t = new_tape(NULL);
    ad_tensor narrow = ad_normal(t, AD_F32, AD_SHAPE(50), 0, 1, ad_key_new(1));
    ad_tape_widen(t, true);
    ad_tensor wide = ad_normal(t, AD_F32, AD_SHAPE(50), 0, 1, ad_key_new(1));
    ad_view a = ad_read(narrow), b = ad_read(wide);
    ck_assert_int_eq(b.type, AD_F64);
    for (size_t i = 0; i < 50; i++)
        ck_assert(ad_view_get(&a, i) == ad_view_get(&b, i));
    ad_tape_free(t);
}
END_TEST

typedef ad_tensor maker(ad_tape *t);
static ad_tensor integers(ad_tape *t)
{
    return ad_uniform(t, AD_I32, AD_SHAPE(2), 0, 1, ad_key_new(1));
}
static ad_tensor disorder(ad_tape *t)
{
    return ad_uniform(t, AD_F32, AD_SHAPE(2), 1, 0, ad_key_new(1));
}
static ad_tensor negative(ad_tape *t)
{
    return ad_normal(t, AD_F32, AD_SHAPE(2), 0, -1, ad_key_new(1));
}
static ad_tensor impossible(ad_tape *t)
{
    return ad_normal(t, AD_F32, AD_SHAPE(2, -1), 0, 1, ad_key_new(1));
}
static ad_tensor huge(ad_tape *t)
{
    return ad_normal(t, AD_F32, AD_SHAPE(INT64_MAX, 2), 0, 1, ad_key_new(1));
}

static const struct {
    maker *make;
    ad_status status;
    const char *message;
} bad_leaves[] = {
    {integers, AD_BAD_TYPE, "uniform([2]): random numbers are f32 or f64"},
    {disorder, AD_DOMAIN, "uniform([2]): the parameters, 1 and 0, must be finite and in order"},
    {negative, AD_DOMAIN, "normal([2]): the parameters, 0 and -1, must be finite and in order"},
    {impossible, AD_BAD_SHAPE, "normal([2, -1]): extent -1 is negative"},
    {huge, AD_TOO_LARGE,
     "normal([9223372036854775807, 2]): so many elements do not fit the address space"},
};

START_TEST(leaves_that_cannot_be_are_errors)
{
    ad_tape *t = new_tape(NULL);
    ck_assert_ptr_null(ad_read(bad_leaves[_i].make(t)).data);
    ck_assert_int_eq(ad_tape_status(t), bad_leaves[_i].status);
    ck_assert_str_eq(message_of(t), bad_leaves[_i].message);
    ck_assert_ptr_null(ad_read(bad_leaves[_i].make(NULL)).data);
    ad_tape_free(t);
}
END_TEST

/* ---- keys --------------------------------------------------------------------------- */

START_TEST(keys_split_into_others)
{
    ad_key key = ad_key_new(9), parts[64];
    for (uint64_t i = 0; i < 64; i++) {
        parts[i] = i < 32 ? ad_key_split(key, i) : ad_key_split(parts[i - 32], 0);
        ad_key same = i < 32 ? ad_key_split(key, i) : ad_key_split(parts[i - 32], 0);
        ck_assert_mem_eq(&same, &parts[i], sizeof same);
        ck_assert_mem_ne(&parts[i], &key, sizeof key);
        for (uint64_t j = 0; j < i; j++)
            ck_assert(parts[i].seed != parts[j].seed && parts[i].stream != parts[j].stream);
    }
    ad_random r = ad_random_new(9, 0); /* what is drawn with the key itself is no part of it */
    ck_assert(ad_random_bits(&r) != parts[0].seed);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("noise");
    TCase *tests = tcase_create("noise");
    tcase_add_loop_test(tests, an_element_is_kept_by_its_key_and_place, 0,
                        sizeof lengths / sizeof *lengths);
    tcase_add_test(tests, threads_drop_the_same_elements);
    tcase_add_loop_test(tests, the_mean_stays_and_keys_differ, 0, 3);
    tcase_add_test(tests, what_is_dropped_is_0_whatever_it_was);
    tcase_add_loop_test(tests, a_rate_out_of_range_is_an_error, 0, 3);
    tcase_add_test(tests, leaves_are_what_the_fills_draw);
    tcase_add_test(tests, a_widened_tape_draws_the_numbers_of_the_type);
    tcase_add_loop_test(tests, leaves_that_cannot_be_are_errors, 0,
                        sizeof bad_leaves / sizeof *bad_leaves);
    tcase_add_test(tests, keys_split_into_others);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
