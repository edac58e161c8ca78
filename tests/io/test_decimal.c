/* Decimal text to floats and back, beside the C library, whose strtod and printf are right here:
 * the tests run in the locale "C" and round to the nearest. */
#include "io/decimal.h"

#include "suite.h"

#include <fenv.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ------------------------------------------------------------------------- */

typedef struct reading {
    const char *text;
    ad_decimal how; /* as f64 */
    double value;
} reading;

#define ZEROS_50  "00000000000000000000000000000000000000000000000000"
#define ZEROS_400 ZEROS_50 ZEROS_50 ZEROS_50 ZEROS_50 ZEROS_50 ZEROS_50 ZEROS_50 ZEROS_50

#define NONE    AD_DECIMAL_NONE
#define LARGE   AD_DECIMAL_TOO_LARGE
#define ROUNDED AD_DECIMAL_ROUNDED
#define EXACT   AD_DECIMAL_EXACT

static const reading readings[] = {
    {"0", EXACT, 0},
    {"-0", EXACT, -0.0},
    {"1", EXACT, 1},
    {"+1", EXACT, 1},
    {"-1.5", EXACT, -1.5},
    {"1.", EXACT, 1},
    {".5", EXACT, 0.5},
    {"007", EXACT, 7},
    {"1e3", EXACT, 1000},
    {"1E+3", EXACT, 1000},
    {"25e-2", EXACT, 0.25},
    {"0.1", ROUNDED, 0.1},
    {"1e22", EXACT, 1e22},
    {"1e23", ROUNDED, 1e23},
    {"9007199254740993", ROUNDED, 9007199254740992},
    {"9007199254740995", ROUNDED, 9007199254740996},
    {"9007199254740993.0000000000000000000000000000001", ROUNDED, 9007199254740994},
    {"0.000000000000000000000000000000000000001e39", EXACT, 1},
    {"1" ZEROS_400 "e-400", EXACT, 1},
    {"0." ZEROS_400 "1e401", EXACT, 1},
    {"0." ZEROS_400 ZEROS_400 "1e801", EXACT, 1},
    {"0e999999999999999999999", EXACT, 0},
    {"1e-999999999999999999999", ROUNDED, 0},
    {"1e999999999999999999999", LARGE, 0},
    {"1.7976931348623157e308", ROUNDED, DBL_MAX},
    {"1.7976931348623158e308", ROUNDED, DBL_MAX},
    {"1.7976931348623159e308", LARGE, 0},
    {"1e309", LARGE, 0},
    {"-1e400", LARGE, 0},
    {"2.2250738585072014e-308", ROUNDED, DBL_MIN},
    {"2.2250738585072011e-308", ROUNDED, 0x1.ffffffffffffep-1023},
    {"4.9406564584124654e-324", ROUNDED, 0x1p-1074},
    {"2.4703282292062327e-324", ROUNDED, 0},
    {"2.4703282292062328e-324", ROUNDED, 0x1p-1074},
    {"1e-400", ROUNDED, 0},
    {"-1e-400", ROUNDED, -0.0},
    {"inf", EXACT, (double)INFINITY},
    {"-Infinity", EXACT, -(double)INFINITY},
    {"+INF", EXACT, (double)INFINITY},
    {"nan", EXACT, (double)NAN},
    {"-NaN", EXACT, (double)NAN},
    {"", NONE, 0},
    {"-", NONE, 0},
    {"+-1", NONE, 0},
    {".", NONE, 0},
    {"-.", NONE, 0},
    {"e5", NONE, 0},
    {"1e", NONE, 0},
    {"1e+", NONE, 0},
    {"1e5.", NONE, 0},
    {"1 ", NONE, 0},
    {" 1", NONE, 0},
    {"1,5", NONE, 0},
    {"1_000", NONE, 0},
    {"0x10", NONE, 0},
    {"0x1p3", NONE, 0},
    {"1d5", NONE, 0},
    {"1f", NONE, 0},
    {"infin", NONE, 0},
    {"infinityx", NONE, 0},
    {"nan(1)", NONE, 0},
    {"1.#INF", NONE, 0},
    {"1.2.3", NONE, 0},
    {"\xd9\xa1", NONE, 0},
};
enum { READINGS = sizeof readings / sizeof *readings };

static bool same_bits(double a, double b)
{
    return isnan(a) ? isnan(b) : a == b && signbit(a) == signbit(b);
}

START_TEST(texts_are_read_as_the_nearest_number_or_refused)
{
    const reading *r = &readings[_i];
    double value = 77;
    ad_decimal how = ad_decimal_read(r->text, strlen(r->text), '.', AD_F64, &value);
    ck_assert_msg(how == r->how, "%s: %d", r->text, how);
    double expected = how >= AD_DECIMAL_ROUNDED ? r->value : 77;
    ck_assert_msg(same_bits(value, expected), "%s: %a, not %a", r->text, value, expected);
}
END_TEST

static const reading narrow_readings[] = {
    {"0.1", ROUNDED, 0.1F},
    {"16777217", ROUNDED, 16777216},
    {"16777216", EXACT, 16777216},
    {"3.4028235e38", ROUNDED, FLT_MAX},
    {"3.4028236e38", LARGE, 0},
    {"1e39", LARGE, 0},
    {"1e-46", ROUNDED, 0},
    {"1.4e-45", ROUNDED, 0x1p-149},
    /* more than halfway between two f32, but as f64 halfway, and by way of f64 the lower */
    {"1.00000005960464477540", ROUNDED, 1.00000011920928955},
};
enum { NARROW_READINGS = sizeof narrow_readings / sizeof *narrow_readings };

START_TEST(f32_is_rounded_once)
{
    const reading *r = &narrow_readings[_i];
    double value = 0;
    ad_decimal how = ad_decimal_read(r->text, strlen(r->text), '.', AD_F32, &value);
    ck_assert_msg(how == r->how && value == r->value, "%s: %d, %a", r->text, how, value);
}
END_TEST

START_TEST(the_point_may_be_another_character)
{
    double value;
    char text[AD_DECIMAL_SIZE];
    ck_assert_int_eq(ad_decimal_read("1,5", 3, ',', AD_F64, &value), AD_DECIMAL_EXACT);
    ck_assert_double_eq(value, 1.5);
    ck_assert_int_eq(ad_decimal_read("1.5", 3, ',', AD_F64, &value), AD_DECIMAL_NONE);
    ck_assert_uint_eq(ad_decimal_print(AD_F64, 0.25, ',', text), 4);
    ck_assert_str_eq(text, "0,25");
}
END_TEST

/* ---- printing ------------------------------------------------------------------------ */

typedef struct printing {
    ad_type type;
    double value;
    const char *text;
} printing;

static const printing printings[] = {
    {AD_F64, 0, "0"},
    {AD_F64, -0.0, "-0"},
    {AD_F64, 1, "1"},
    {AD_F64, -1.5, "-1.5"},
    {AD_F64, 0.1, "0.1"},
    {AD_F64, 100, "100"},
    {AD_F64, 1e15, "1000000000000000"},
    {AD_F64, 1e16, "1e16"},
    {AD_F64, 1234567890123456, "1234567890123456"},
    {AD_F64, 0.0001, "0.0001"},
    {AD_F64, 0.00001, "1e-5"},
    {AD_F64, 0.000012345, "1.2345e-5"},
    {AD_F64, 1.0 / 3, "0.3333333333333333"},
    {AD_F64, 0.1 + 0.2, "0.30000000000000004"},
    {AD_F64, 9007199254740992, "9007199254740992"},
    {AD_F64, 1e22, "1e22"},
    {AD_F64, 1e23, "1e23"},
    {AD_F64, DBL_MAX, "1.7976931348623157e308"},
    {AD_F64, -DBL_MAX, "-1.7976931348623157e308"},
    {AD_F64, DBL_MIN, "2.2250738585072014e-308"},
    {AD_F64, 0x1p-1074, "5e-324"},
    {AD_F64, 0x1.8p-1073, "1.5e-323"},
    {AD_F64, 0x1p-1070, "8e-323"},
    {AD_F64, 0.9999999999999999, "0.9999999999999999"},
    {AD_F64, -0.00012345678901234567, "-0.00012345678901234567"},
    {AD_F64, (double)NAN, "NaN"},
    {AD_F64, -(double)NAN, "NaN"},
    {AD_F64, (double)INFINITY, "Inf"},
    {AD_F64, -(double)INFINITY, "-Inf"},
    {AD_F32, 0.1F, "0.1"},
    {AD_F32, 16777216, "16777216"},
    {AD_F32, FLT_MAX, "3.4028235e38"},
    {AD_F32, 1.0F / 3, "0.33333334"},
    {AD_F32, 0x1p-149, "1e-45"},
    {AD_F32, FLT_MIN, "1.1754944e-38"},
};
enum { PRINTINGS = sizeof printings / sizeof *printings };

START_TEST(numbers_are_printed_with_few_digits)
{
    const printing *p = &printings[_i];
    char text[AD_DECIMAL_SIZE];
    ck_assert_uint_eq(ad_decimal_print(p->type, p->value, '.', text), strlen(p->text));
    ck_assert_str_eq(text, p->text);
}
END_TEST

/* ---- many numbers -------------------------------------------------------------------- */

static uint64_t next_bits(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Those of all magnitudes, one in eight below the normal ones, and one in eight a power of two. */
static double draw(uint64_t *state)
{
    double value;
    uint64_t bits = next_bits(state);
    do {
        bits = next_bits(state);
        memcpy(&value, &bits, sizeof value);
    } while (!isfinite(value));
    if (bits % 8 == 1)
        return value * 0x1p-1022 / 8;
    return bits % 8 == 2 ? ldexp(1, (int)(bits / 8 % 2090) - 1072) : value;
}

static void expect_strtod(const char *text)
{
    double wide = 0, narrow = 0;
    ad_decimal how = ad_decimal_read(text, strlen(text), '.', AD_F64, &wide);
    ck_assert_msg(how == AD_DECIMAL_TOO_LARGE ? isinf(strtod(text, NULL))
                                              : same_bits(wide, strtod(text, NULL)),
                  "%s is %a", text, wide);
    how = ad_decimal_read(text, strlen(text), '.', AD_F32, &narrow);
    ck_assert_msg(how == AD_DECIMAL_TOO_LARGE ? isinf(strtof(text, NULL))
                                              : same_bits(narrow, (double)strtof(text, NULL)),
                  "%s is %a as f32", text, narrow);
}

enum { DRAWS = 20000 };

START_TEST(numbers_of_all_magnitudes_and_digits_are_read_as_by_strtod)
{
    char text[1200];
    uint64_t state = 1;
    for (int i = 0; i < DRAWS; i++) {
        double value = draw(&state);
        snprintf(text, sizeof text, "%.*e", i % 25, value);
        expect_strtod(text);
        float f = (float)ldexp(frexp(value, &(int){0}), i % 60 - 30);
        snprintf(text, sizeof text, "%.60g", ((double)f + (double)nextafterf(f, 1e30F)) / 2);
        expect_strtod(text); /* halfway between two f32 */
    }
}
END_TEST

/* Halfway between a f64 and the next one lie two more bits, which nine digits of a sum print
 * exactly. */
START_TEST(halfway_between_two_numbers_the_last_of_800_digits_counts)
{
    char text[1200];
    uint64_t state = 2;
    for (int i = 0; i < DRAWS / 20; i++) {
        double value = ldexp(fabs(frexp(draw(&state), &(int){0})), -(i % 1000));
        double above = nextafter(value, 2);
        snprintf(text, sizeof text, "%.1100f",
                 value + (above - value)); /* of more digits than are needed */
        expect_strtod(text);
        long double half = ((long double)value + (long double)above) / 2;
        snprintf(text, sizeof text, "%.1100Lf", half);
        expect_strtod(text);
        text[strlen(text) - 1]++;
        expect_strtod(text);
    }
}
END_TEST

static void expect_back(ad_type type, double value)
{
    double back = 0, wide = 0;
    char text[AD_DECIMAL_SIZE];
    size_t n = ad_decimal_print(type, value, '.', text);
    ck_assert_int_ne(ad_decimal_read(text, n, '.', type, &back), AD_DECIMAL_NONE);
    ck_assert_int_ne(ad_decimal_read(text, n, '.', AD_F64, &wide), AD_DECIMAL_NONE);
    ck_assert_msg(same_bits(back, value), "%a is printed as %s", value, text);
    ck_assert_msg(type == AD_F64 || same_bits((double)(float)wide, value), "%a: %s", value, text);
    ck_assert_msg(same_bits(strtod(text, NULL), wide), "%a is printed as %s", value, text);
}

START_TEST(what_is_printed_reads_back_the_same)
{
    uint64_t state = 3;
    expect_back(
        AD_F32,
        0x1.5c87fap-84); /* 7.038531e-26 is nearest to it, but by way of f64 its neighbour is read */
    for (int i = 0; i < DRAWS; i++) {
        float narrow;
        uint32_t bits = (uint32_t)next_bits(&state);
        memcpy(&narrow, &bits, sizeof narrow);
        expect_back(AD_F64, draw(&state));
        expect_back(AD_F64, (double)(bits >> 8) / 1000);
        if (isfinite(narrow))
            expect_back(AD_F32, (double)narrow);
    }
}
END_TEST

START_TEST(the_mode_of_rounding_does_not_count)
{
    double value = 0;
    char text[AD_DECIMAL_SIZE];
    const double third = 1.0 / 3, tenth = 0.1;
    static const int modes[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    for (int i = 0; i < 3; i++) {
        fesetround(modes[i]);
        ad_decimal_read("0.1", 3, '.', AD_F64, &value);
        ad_decimal_print(AD_F64, third, '.', text);
        fesetround(FE_TONEAREST);
        ck_assert_double_eq(value, tenth);
        ck_assert_str_eq(text, "0.3333333333333333");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("decimal");
    TCase *all = tcase_create("decimal");
    tcase_add_loop_test(all, texts_are_read_as_the_nearest_number_or_refused, 0, READINGS);
    tcase_add_loop_test(all, f32_is_rounded_once, 0, NARROW_READINGS);
    tcase_add_test(all, the_point_may_be_another_character);
    tcase_add_loop_test(all, numbers_are_printed_with_few_digits, 0, PRINTINGS);
    tcase_add_test(all, numbers_of_all_magnitudes_and_digits_are_read_as_by_strtod);
    tcase_add_test(all, halfway_between_two_numbers_the_last_of_800_digits_counts);
    tcase_add_test(all, what_is_printed_reads_back_the_same);
    tcase_add_test(all, the_mode_of_rounding_does_not_count);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
