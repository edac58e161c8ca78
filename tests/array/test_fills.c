/* Fills of arrays with random numbers: the shape of the distributions, what an element depends on,
 * ends that rounding must not overstep. Statistics of n numbers are held to five of their own
 * standard deviations. */
#include "adze/random.h"

#include "allocator.h"
#include "suite.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { MANY = 400000 };

/* ---- fills -------------------------------------------------------------------------- */

typedef struct moments {
    double mean, variance, least, greatest;
} moments;

static moments measure(ad_array a)
{
    ad_view v = ad_array_view(a);
    size_t n = ad_view_count(&v);
    moments m = {.least = INFINITY, .greatest = -INFINITY};
    for (size_t i = 0; i < n; i++) {
        double x = ad_view_get(&v, i);
        m.mean += x / (double)n;
        m.least = fmin(m.least, x);
        m.greatest = fmax(m.greatest, x);
    }
    for (size_t i = 0; i < n; i++) {
        double d = ad_view_get(&v, i) - m.mean;
        m.variance += d * d / (double)n;
    }
    return m;
}

static const ad_type float_types[] = {AD_F32, AD_F64};

/* Of a uniform distribution of width w: variance w^2/12, and its own variance w^4/180 over n. */
START_TEST(a_uniform_fill_has_the_mean_variance_and_range_of_one)
{
    ad_array a = ad_zeros(float_types[_i], AD_SHAPE(MANY));
    ad_random r = ad_random_new(8, 0);
    double w = 5;
    ck_assert_int_eq(ad_fill_uniform(&a, &r, -2, 3), AD_OK);
    moments m = measure(a);
    ck_assert_double_lt(fabs(m.mean - 0.5), 5 * w / sqrt(12.0 * MANY));
    ck_assert_double_lt(fabs(m.variance - w * w / 12), 5 * w * w / sqrt(180.0 * MANY));
    ck_assert_double_ge(m.least, -2);
    ck_assert_double_lt(m.greatest, 3);
    ck_assert_double_lt(m.least, -2 + 20 * w / MANY);
    ck_assert_double_gt(m.greatest, 3 - 20 * w / MANY);
    ck_assert_uint_eq(r.position, MANY);
    ad_array_free(&a);
}
END_TEST

/* Of a normal distribution: the sample variance has the variance 2 s^4 / n, and 68.27, 95.45 and
 * 99.73 per cent lie within one, two and three deviations. */
START_TEST(a_normal_fill_has_the_mean_variance_and_tails_of_one)
{
    static const double within[] = {0.682689492, 0.954499736, 0.997300204};
    ad_array a = ad_zeros(float_types[_i], AD_SHAPE(MANY));
    ad_random r = ad_random_new(9, 0);
    ck_assert_int_eq(ad_fill_normal(&a, &r, 10, 2), AD_OK);
    moments m = measure(a);
    ck_assert_double_lt(fabs(m.mean - 10), 5 * 2 / sqrt(MANY));
    ck_assert_double_lt(fabs(m.variance - 4), 5 * 4 * sqrt(2.0 / MANY));
    ad_view v = ad_array_view(a);
    for (int k = 0; k < 3; k++) {
        double count = 0, p = within[k];
        for (size_t i = 0; i < MANY; i++)
            count += fabs(ad_view_get(&v, i) - 10) <= 2 * (k + 1);
        ck_assert_double_lt(fabs(count - p * MANY), 5 * sqrt(p * (1 - p) * MANY));
    }
    ad_array_free(&a);
}
END_TEST

typedef ad_status fill(ad_array *a, ad_random *r);

static ad_status fill_uniform(ad_array *a, ad_random *r)
{
    return ad_fill_uniform(a, r, -1, 1);
}

static ad_status fill_normal(ad_array *a, ad_random *r)
{
    return ad_fill_normal(a, r, 0, 1);
}

static ad_status fill_truncated(ad_array *a, ad_random *r)
{
    return ad_fill_truncated_normal(a, r, 0, 1);
}

static ad_status fill_orthogonal(ad_array *a, ad_random *r)
{
    return ad_fill_orthogonal(a, r, 1);
}

/* First those of single numbers, then those of weights. */
static fill *const fills[] = {
    fill_uniform,  fill_normal,           fill_truncated, ad_fill_kaiming, ad_fill_kaiming_uniform,
    ad_fill_lecun, ad_fill_lecun_uniform, ad_fill_glorot, ad_fill_pytorch, fill_orthogonal};
enum { FILLS = sizeof fills / sizeof *fills, OF_NUMBERS = 3 };

START_TEST(two_half_fills_give_the_numbers_of_one)
{
    float whole[100], halves[100];
    ad_random r = ad_random_new(10, 3), s = r;
    ad_array a = {.data = whole, .shape = AD_SHAPE(100)};
    ad_array b = {.data = halves, .shape = AD_SHAPE(37)};
    ad_array c = {.data = halves + 37, .shape = AD_SHAPE(63)};
    ck_assert_int_eq(fills[_i](&a, &r), AD_OK);
    ck_assert_int_eq(fills[_i](&b, &s), AD_OK);
    ck_assert_int_eq(fills[_i](&c, &s), AD_OK);
    ck_assert_mem_eq(whole, halves, sizeof whole);
    ck_assert_uint_eq(r.position, s.position);
}
END_TEST

START_TEST(an_element_of_a_fill_is_the_draw_at_its_position)
{
    double x[50];
    ad_array a = {.data = x, .type = AD_F64, .shape = AD_SHAPE(5, 10)};
    ad_random r = ad_random_new(11, 0), s = r;
    ck_assert_int_eq(ad_fill_uniform(&a, &r, 0, 1), AD_OK);
    for (int i = 0; i < 50; i++)
        ck_assert_double_eq(x[i], ad_random_uniform(&s));
    ck_assert_int_eq(ad_fill_normal(&a, &r, 0, 1), AD_OK);
    for (int i = 0; i < 50; i++)
        ck_assert_double_eq(x[i], ad_random_normal(&s));
}
END_TEST

/* Between these ends lie only a few numbers of the type, so rounding alone would overstep. */
static const struct {
    ad_type type;
    double low, high;
} narrow[] = {
    {AD_F32, 1, 1 + 4 * FLT_EPSILON},   {AD_F32, 0.1, 0.10000002},
    {AD_F32, -1 - 4 * FLT_EPSILON, -1}, {AD_F32, 16777216, 16777217.5},
    {AD_F32, -FLT_MAX, FLT_MAX},        {AD_F64, 1, 1 + 4 * DBL_EPSILON},
    {AD_F64, -1 - 4 * DBL_EPSILON, -1}, {AD_F64, -DBL_MAX, DBL_MAX},
    {AD_F64, 0, DBL_TRUE_MIN},
};
enum { NARROW = sizeof narrow / sizeof *narrow };

START_TEST(uniform_numbers_stay_below_high_after_rounding)
{
    ad_array a = ad_zeros(narrow[_i].type, AD_SHAPE(2000));
    ad_random r = ad_random_new(12, 0);
    ck_assert_int_eq(ad_fill_uniform(&a, &r, narrow[_i].low, narrow[_i].high), AD_OK);
    moments m = measure(a);
    ck_assert_double_ge(m.least, narrow[_i].low);
    ck_assert_double_lt(m.greatest, narrow[_i].high);
    ad_array_free(&a);
}
END_TEST

START_TEST(the_widest_range_does_not_overflow)
{
    ad_array a = ad_zeros(AD_F64, AD_SHAPE(1000));
    ad_random r = ad_random_new(20, 0);
    ck_assert_int_eq(ad_fill_uniform(&a, &r, -DBL_MAX, DBL_MAX), AD_OK);
    const double *x = a.data;
    int low = 0, high = 0;
    for (int i = 0; i < 1000; i++) {
        low += x[i] < -DBL_MAX / 2;
        high += x[i] > DBL_MAX / 2;
    }
    ck_assert_double_lt(fabs(low - 250.0), 5 * sqrt(1000 * 3 / 16.0));
    ck_assert_double_lt(fabs(high - 250.0), 5 * sqrt(1000 * 3 / 16.0));
    ad_array_free(&a);
}
END_TEST

static bool all_are(const float x[3], float wanted)
{
    return x[0] == wanted && x[1] == wanted && x[2] == wanted;
}

START_TEST(equal_ends_and_no_deviation_give_a_constant)
{
    float x[3];
    ad_array a = {.data = x, .shape = AD_SHAPE(3)};
    ad_random r = ad_random_new(13, 0);
    ck_assert_int_eq(ad_fill_uniform(&a, &r, 0.1, 0.1), AD_OK);
    ck_assert(all_are(x, (float)0.1)); /* which is above 0.1 */
    ck_assert_int_eq(ad_fill_uniform(&a, &r, 0.7, 0.7), AD_OK);
    ck_assert(all_are(x, (float)0.7)); /* which is below 0.7 */
    ck_assert_int_eq(ad_fill_normal(&a, &r, 0.2, 0), AD_OK);
    ck_assert(all_are(x, (float)0.2));
}
END_TEST

/* ---- cut at two deviations ---------------------------------------------------------- */

/* Variance 1 - 2 (2 phi(2)) / (2 Phi(2) - 1), and so much of it within one deviation: the 68.27 of 95.45 per
 * cent. */
START_TEST(a_truncated_normal_fill_ends_at_two_deviations)
{
    double variance = 0.77374130, p = 0.682689492 / 0.954499736, count = 0;
    ad_array a = ad_zeros(float_types[_i], AD_SHAPE(MANY));
    ad_random r = ad_random_new(19, 0);
    ck_assert_int_eq(ad_fill_truncated_normal(&a, &r, 10, 2), AD_OK);
    moments m = measure(a);
    ad_view v = ad_array_view(a);
    ck_assert_double_lt(fabs(m.mean - 10), 5 * 2 / sqrt(MANY));
    ck_assert_double_lt(fabs(m.variance - 4 * variance), 5 * 4 * sqrt(2.0 / MANY));
    ck_assert(m.least >= 6 && m.greatest <= 14 && m.least < 6.01 && m.greatest > 13.99);
    for (size_t i = 0; i < MANY; i++)
        count += fabs(ad_view_get(&v, i) - 10) <= 2;
    ck_assert_double_lt(fabs(count - p * MANY), 5 * sqrt(p * (1 - p) * MANY));
    ad_array_free(&a);
}
END_TEST

/* The share of normal numbers below each one is that of the uniform number at its position. */
START_TEST(truncated_normal_numbers_are_quantiles)
{
    double x[1000], all = erf(sqrt(2));
    ad_array a = {.data = x, .type = AD_F64, .shape = AD_SHAPE(1000)};
    ad_random r = ad_random_new(21, 0), s = r;
    ck_assert_int_eq(ad_fill_truncated_normal(&a, &r, 0, 1), AD_OK);
    for (int i = 0; i < 1000; i++)
        ck_assert_double_eq_tol(erf(x[i] * sqrt(0.5)), (2 * ad_random_uniform(&s) - 1) * all,
                                1e-15);
}
END_TEST

/* ---- initial weights ---------------------------------------------------------------- */

/* [2, 3, 100, 300]: each output sums 6 x 100 numbers, each input feeds 6 x 300. */
static const struct {
    fill *f;
    bool uniform;
    double variance; /* of uniform numbers, a third of the bound's square */
} weights[] = {{ad_fill_kaiming, false, 2.0 / 600}, {ad_fill_kaiming_uniform, true, 2.0 / 600},
               {ad_fill_lecun, false, 1.0 / 600},   {ad_fill_lecun_uniform, true, 1.0 / 600},
               {ad_fill_glorot, true, 2.0 / 2400},  {ad_fill_pytorch, true, 1.0 / 1800}};
enum { WEIGHTS = sizeof weights / sizeof *weights };

START_TEST(weights_have_the_variance_and_range_that_their_fans_give)
{
    double variance = weights[_i / 2].variance, bound = sqrt(3 * variance);
    ad_array w = ad_zeros(float_types[_i % 2], AD_SHAPE(2, 3, 100, 300));
    ad_random r = ad_random_new(14, (uint64_t)_i);
    ck_assert_int_eq(weights[_i / 2].f(&w, &r), AD_OK);
    moments m = measure(w);
    double n = (double)ad_array_count(&w);
    ck_assert_double_lt(fabs(m.mean), 5 * sqrt(variance / n));
    ck_assert_double_lt(fabs(m.variance - variance), 5 * variance * sqrt(2 / n));
    if (weights[_i / 2].uniform)
        ck_assert(m.greatest < bound && m.greatest > bound * (1 - 20 / n) && m.least >= -bound);
    else
        ck_assert_double_gt(m.greatest, 3 * sqrt(variance));
    ad_array_free(&w);
}
END_TEST

static double dot_of(ad_view v, size_t i, size_t j, size_t n, size_t apart, size_t step)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += ad_view_get(&v, i * apart + k * step) * ad_view_get(&v, j * apart + k * step);
    return sum;
}

/* Wide, tall, square, a row, a column, and a receptive field, whose axes are rows. */
static const ad_shape orthogonal[] = {{2, {7, 30}}, {2, {30, 7}}, {2, {40, 40}},
                                      {2, {1, 5}},  {2, {5, 1}},  {3, {3, 4, 9}}};
enum { ORTHOGONAL = sizeof orthogonal / sizeof *orthogonal };

START_TEST(orthogonal_weights_are_orthonormal_times_the_gain)
{
    ad_shape shape = orthogonal[_i / 2];
    ad_array w = ad_zeros(float_types[_i % 2], shape);
    ad_random r = ad_random_new(22, 0);
    ck_assert_int_eq(ad_fill_orthogonal(&w, &r, -3), AD_OK);
    size_t columns = (size_t)shape.dim[shape.rank - 1], rows = ad_array_count(&w) / columns;
    bool wide = rows < columns;
    size_t count = wide ? rows : columns, n = wide ? columns : rows;
    ad_view v = ad_array_view(w);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            ck_assert_double_eq_tol(dot_of(v, i, j, n, wide ? columns : 1, wide ? 1 : columns),
                                    i == j ? 9 : 0, _i % 2 ? 1e-14 : 2e-6);
    ck_assert_uint_eq(r.position, ad_array_count(&w));
    ad_array_free(&w);
}
END_TEST

/* Orthogonal matrices of 2 x 2 are rotations by any angle, or reflections: the first number is a cosine of a
 * uniform angle, with variance 1/2. */
START_TEST(orthogonal_weights_have_no_preferred_direction)
{
    double sum = 0, squares = 0, determinants = 0, x[4];
    ad_array w = {.data = x, .type = AD_F64, .shape = AD_SHAPE(2, 2)};
    ad_random r = ad_random_new(23, 0);
    enum { TIMES = 10000 };
    for (int i = 0; i < TIMES; i++) {
        ck_assert_int_eq(ad_fill_orthogonal(&w, &r, 1), AD_OK);
        sum += x[0] / TIMES;
        squares += x[0] * x[0] / TIMES;
        determinants += (x[0] * x[3] - x[1] * x[2]) / TIMES;
    }
    ck_assert_double_lt(fabs(sum), 5 * sqrt(0.5 / TIMES));
    ck_assert_double_lt(fabs(squares - 0.5), 5 * sqrt(0.125 / TIMES));
    ck_assert_double_lt(fabs(determinants), 5 / sqrt(TIMES));
}
END_TEST

START_TEST(orthogonal_weights_without_memory_are_refused)
{
    test_allocator memory;
    test_allocator_init(&memory);
    ad_array w = ad_array_new(&memory.base, AD_F32, AD_SHAPE(3, 3));
    ad_random r = ad_random_new(24, 0);
    memory.fail_at = memory.calls + 1;
    ck_assert_int_eq(ad_fill_orthogonal(&w, &r, 1), AD_MEMORY);
    ck_assert(r.position == 0 && ((float *)w.data)[0] == 0);
    ad_array_free(&w);
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

/* ---- errors ------------------------------------------------------------------------- */

static ad_status fill_crossed(ad_array *a, ad_random *r)
{
    return ad_fill_uniform(a, r, 1, -1);
}

static ad_status fill_to_infinity(ad_array *a, ad_random *r)
{
    return ad_fill_uniform(a, r, 0, INFINITY);
}

static ad_status fill_from_nan(ad_array *a, ad_random *r)
{
    return ad_fill_uniform(a, r, NAN, 1);
}

static ad_status fill_beyond_floats(ad_array *a, ad_random *r)
{
    return ad_fill_uniform(a, r, 0, 1e39);
}

static ad_status fill_between_floats(ad_array *a, ad_random *r)
{
    return ad_fill_uniform(a, r, 1 + 1e-9, 1 + 2e-9);
}

static ad_status fill_around_infinity(ad_array *a, ad_random *r)
{
    return ad_fill_normal(a, r, INFINITY, 1);
}

static ad_status fill_with_negative_deviation(ad_array *a, ad_random *r)
{
    return ad_fill_normal(a, r, 0, -1);
}

static ad_status fill_with_nan_deviation(ad_array *a, ad_random *r)
{
    return ad_fill_normal(a, r, 0, NAN);
}

static ad_status fill_truncated_around_nan(ad_array *a, ad_random *r)
{
    return ad_fill_truncated_normal(a, r, NAN, 1);
}

static ad_status fill_truncated_with_negative_deviation(ad_array *a, ad_random *r)
{
    return ad_fill_truncated_normal(a, r, 0, -1);
}

static ad_status fill_orthogonal_to_infinity(ad_array *a, ad_random *r)
{
    return ad_fill_orthogonal(a, r, INFINITY);
}

static fill *const bad_fills[] = {fill_truncated_around_nan,
                                  fill_truncated_with_negative_deviation,
                                  fill_orthogonal_to_infinity,
                                  fill_crossed,
                                  fill_to_infinity,
                                  fill_from_nan,
                                  fill_beyond_floats,
                                  fill_between_floats,
                                  fill_around_infinity,
                                  fill_with_negative_deviation,
                                  fill_with_nan_deviation};
enum { BAD_FILLS = sizeof bad_fills / sizeof *bad_fills };

/* A failed fill leaves array and generator as they were. */
static void expect_refusal(fill *f, ad_status expected, ad_array a, void *data, size_t bytes)
{
    unsigned char before[64];
    ad_random r = ad_random_new(16, 0);
    ck_assert_uint_le(bytes, sizeof before);
    memcpy(before, data, bytes);
    ck_assert_int_eq(f(&a, &r), expected);
    ck_assert_mem_eq(before, data, bytes);
    ck_assert_uint_eq(r.position, 0);
}

START_TEST(bounds_without_numbers_between_them_are_a_domain_error)
{
    float x[4] = {1, 2, 3, 4};
    ad_array a = {.data = x, .type = AD_F32, .shape = AD_SHAPE(2, 2)};
    expect_refusal(bad_fills[_i], AD_DOMAIN, a, x, sizeof x);
}
END_TEST

START_TEST(a_fill_of_integers_is_a_bad_type)
{
    int32_t x[4] = {1, 2, 3, 4};
    ad_array a = {.data = x, .type = AD_I32, .shape = AD_SHAPE(2, 2)};
    expect_refusal(fills[_i], AD_BAD_TYPE, a, x, sizeof x);
}
END_TEST

START_TEST(a_fill_of_nothing_is_misuse)
{
    ad_random r = ad_random_new(17, 0);
    ad_array nothing = {0};
    float x[4] = {0};
    ad_array a = {.data = x, .shape = AD_SHAPE(2, 2)};
    ck_assert_int_eq(fills[_i](&nothing, &r), AD_MISUSE);
    ck_assert_int_eq(fills[_i](NULL, &r), AD_MISUSE);
    ck_assert_int_eq(fills[_i](&a, NULL), AD_MISUSE);
}
END_TEST

START_TEST(an_empty_array_is_filled_with_nothing)
{
    ad_array a = ad_zeros(AD_F32, AD_SHAPE(0, 0)), b = ad_zeros(AD_F32, AD_SHAPE(0, 3));
    ad_random r = ad_random_new(18, 0);
    ck_assert_int_eq(fills[_i](&a, &r), AD_OK);
    ck_assert_int_eq(fills[_i](&b, &r), AD_OK);
    ck_assert_uint_eq(r.position, 0);
    ad_array_free(&a);
    ad_array_free(&b);
}
END_TEST

START_TEST(initial_weights_need_two_axes)
{
    float x[4] = {1, 2, 3, 4};
    ad_array a = {.data = x, .type = AD_F32, .shape = AD_SHAPE(4)};
    expect_refusal(fills[_i], AD_BAD_SHAPE, a, x, sizeof x);
}
END_TEST

/* ---- the suite ---------------------------------------------------------------------- */

static Suite *make_suite(void)
{
    Suite *suite = suite_create("fills");
    TCase *c = tcase_create("fills"), *errors = tcase_create("errors");
    tcase_add_loop_test(c, a_uniform_fill_has_the_mean_variance_and_range_of_one, 0, 2);
    tcase_add_loop_test(c, a_normal_fill_has_the_mean_variance_and_tails_of_one, 0, 2);
    tcase_add_loop_test(c, two_half_fills_give_the_numbers_of_one, 0, OF_NUMBERS);
    tcase_add_test(c, an_element_of_a_fill_is_the_draw_at_its_position);
    tcase_add_loop_test(c, uniform_numbers_stay_below_high_after_rounding, 0, NARROW);
    tcase_add_test(c, the_widest_range_does_not_overflow);
    tcase_add_test(c, equal_ends_and_no_deviation_give_a_constant);
    tcase_add_loop_test(c, a_truncated_normal_fill_ends_at_two_deviations, 0, 2);
    tcase_add_test(c, truncated_normal_numbers_are_quantiles);
    tcase_add_loop_test(c, weights_have_the_variance_and_range_that_their_fans_give, 0,
                        2 * WEIGHTS);
    tcase_add_loop_test(c, orthogonal_weights_are_orthonormal_times_the_gain, 0, 2 * ORTHOGONAL);
    tcase_add_test(c, orthogonal_weights_have_no_preferred_direction);
    tcase_add_loop_test(errors, bounds_without_numbers_between_them_are_a_domain_error, 0,
                        BAD_FILLS);
    tcase_add_loop_test(errors, a_fill_of_integers_is_a_bad_type, 0, FILLS);
    tcase_add_loop_test(errors, a_fill_of_nothing_is_misuse, 0, FILLS);
    tcase_add_loop_test(errors, an_empty_array_is_filled_with_nothing, 0, FILLS);
    tcase_add_loop_test(errors, initial_weights_need_two_axes, OF_NUMBERS, FILLS);
    tcase_add_test(errors, orthogonal_weights_without_memory_are_refused);
    suite_add_tcase(suite, c);
    suite_add_tcase(suite, errors);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
