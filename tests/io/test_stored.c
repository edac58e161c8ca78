/* Numbers of few bits: all of them, and what lies between. */
#include "io/stored.h"

#include "suite.h"

#include <math.h>

static double widened(ad_stored s, uint16_t word)
{
    const unsigned char bytes[] = {(unsigned char)word, (unsigned char)(word >> 8)};
    float x;
    ck_assert_uint_eq(ad_stored_decode(s, 1, bytes, &x), 1);
    return (double)x;
}

static uint16_t narrowed(ad_stored s, double x)
{
    unsigned char bytes[2];
    ad_stored_encode(s, AD_F64, 1, &x, bytes);
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

/* Every number comes back; between two neighbours the nearer is taken, and in the middle the even one. Before infinity
 * stands the number that would follow the largest. */
START_TEST(floats_are_rounded_to_the_nearest)
{
    ad_stored s = _i ? AD_STORED_BF16 : AD_STORED_F16;
    uint16_t infinity = _i ? 0x7f80 : 0x7c00;
    double beyond = _i ? 0x1p128 : 65536;
    ck_assert(widened(s, infinity) == INFINITY);
    for (uint16_t word = 0; word < infinity; word++) {
        double x = widened(s, word),
               next = word + 1 == infinity ? beyond : widened(s, (uint16_t)(word + 1));
        double middle = (x + next) / 2;
        ck_assert(next > x);
        ck_assert_uint_eq(narrowed(s, x), word);
        ck_assert_uint_eq(narrowed(s, -x), word | 0x8000u);
        ck_assert_uint_eq(narrowed(s, middle), word + (word & 1u));
        ck_assert_uint_eq(narrowed(s, nextafter(middle, 0)), word);
        ck_assert_uint_eq(narrowed(s, nextafter(middle, INFINITY)), word + 1u);
    }
    ck_assert_uint_eq(narrowed(s, INFINITY), infinity);
    ck_assert_uint_eq(narrowed(s, 1e300), infinity);
    ck_assert_uint_eq(narrowed(s, -1e-320), 0x8000);
    ck_assert_uint_gt(narrowed(s, NAN) & 0x7fff, infinity);
    for (unsigned word = infinity + 1u; word < 0x8000; word++)
        ck_assert(isnan(widened(s, (uint16_t)word)));
}
END_TEST

/* The definition of E5M2 and E4M3, by ldexp. */
START_TEST(floats_of_8_bits_are_what_the_definition_says)
{
    int mantissa = _i ? 3 : 2, bias = _i ? 7 : 15;
    for (int word = 0; word < 256; word++) {
        int low = word & ((1 << mantissa) - 1), exponent = (word & 0x7f) >> mantissa;
        double size = exponent ? ldexp((1 << mantissa) + low, exponent - bias - mantissa)
                               : ldexp(low, 1 - bias - mantissa);
        if (_i ? (word & 0x7f) == 0x7f : exponent == 31)
            size = _i || low ? NAN : INFINITY;
        unsigned char byte = (unsigned char)word;
        float x;
        ad_stored_decode(_i ? AD_STORED_F8_E4M3 : AD_STORED_F8_E5M2, 1, &byte, &x);
        ck_assert(size != size ? x != x : (double)x == (word & 0x80 ? -size : size));
    }
}
END_TEST

START_TEST(words_of_files_have_no_order_of_the_machine)
{
    static const unsigned char bytes[] = {1, 2, 3, 4, 5, 6, 7, 0x88};
    unsigned char back[8];
    int64_t wide;
    int32_t narrow;
    ad_stored_decode(AD_STORED_I64, 1, bytes, &wide);
    ck_assert_int_eq(wide, (int64_t)0x8807060504030201);
    ad_stored_decode(AD_STORED_I32, 1, bytes + 4, &narrow);
    ck_assert_int_eq(narrow, (int32_t)0x88070605);
    ad_stored_decode(AD_STORED_I16, 1, bytes + 6, &narrow);
    ck_assert_int_eq(narrow, (int16_t)0x8807);
    ad_stored_encode(AD_STORED_I64, AD_I64, 1, &wide, back);
    ck_assert_mem_eq(back, bytes, 8);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stored");
    TCase *all = tcase_create("stored");
    tcase_add_loop_test(all, floats_are_rounded_to_the_nearest, 0, 2);
    tcase_add_loop_test(all, floats_of_8_bits_are_what_the_definition_says, 0, 2);
    tcase_add_test(all, words_of_files_have_no_order_of_the_machine);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
