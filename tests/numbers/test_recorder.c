/* The life of a recorder: resets, marks and rewinds, numbers that outlive them, errors that stick, and size. */
#include "numbers.h"

/* ---- stale numbers ------------------------------------------------------------------ */

/* All that may be done with a number finds out that it is stale. */
static void expect_stale(ad_real x)
{
    double out = 42;
    ad_recorder *r = x.on;
    ck_assert(isnan(ad_mul(x, 2).value));
    expect_failure(r, AD_STALE, "mul at " __FILE__);
    expect_failure(r, AD_STALE, "a number outlived a reset or rewind of its recorder");
    ck_assert_int_eq(ad_real_gradient(x, 1, &x, &out), AD_STALE);
    ck_assert_double_eq(out, 42);
}

START_TEST(numbers_from_before_a_reset_are_found_out)
{
    ad_recorder *r = recorder_with((unsigned)_i);
    ad_real old[3];
    for (int round = 0; round < 3; round++) {
        old[round] = ad_real_input(r, 1);
        ad_square(old[round]);
        ad_recorder_reset(r);
    }
    for (int round = 0; round < 3; round++) {
        ad_real x = ad_real_input(r, 3);
        expect_near(slope_by(ad_square(x), x), 6, 0);
        expect_stale(old[round]);
        ad_recorder_reset(r);
        expect_stale(x);
        ad_recorder_reset(r);
        expect_good(r);
    }
    ad_recorder_free(r);
}
END_TEST

/* Each way to use a number, of one operand and more, in place and by the library. */
static ad_real use(int k, ad_real stale, ad_real good)
{
    const ad_real x[] = {good, stale};
    double out[4] = {0};
    switch (k) {
    case 0:
        return ad_neg(stale);
    case 1:
        return ad_sin(stale);
    case 2:
        return ad_add(good, stale);
    case 3:
        return ad_pow(stale, good);
    case 4:
        return ad_muladd(good, good, stale);
    case 5:
        return ad_clamp(stale, 0, 1);
    case 6:
        return ad_sum_reals(2, x);
    case 7:
        return ad_powi(stale, 2);
    case 8:
        return ad_real_statement(1, 2, x, out);
    case 9:
        ad_real_gradient(good, 2, x, out);
        break;
    case 10:
        ad_real_jvp(1, &good, 1, out, 2, x, out);
        break;
    case 11:
        ad_real_jacobian(2, x, 1, &good, out);
        break;
    default:
        ad_real_vjp(2, x, out, 1, &good, out);
    }
    return ad_real_constant(NAN);
}
enum { USES = 13 };

START_TEST(every_use_of_a_stale_number_is_an_error)
{
    ad_recorder *r = recorder_with(0);
    for (int rewound = 0; rewound < 2; rewound++) {
        ad_recorder_reset(r);
        ad_real_input(r, 0); /* so that there is room in place */
        ad_recorder_mark mark = ad_recorder_here(r);
        ad_real stale = ad_real_input(r, 1);
        if (rewound)
            ad_recorder_rewind(mark);
        else
            ad_recorder_reset(r);
        ad_real good = ad_real_input(r, 2), y = use(_i, stale, ad_real_input(r, 3));
        ck_assert(isnan(y.value));
        expect_failure(r, AD_STALE, "a number outlived");
        ck_assert(isnan(ad_mul(good, 2).value));
    }
    ad_recorder_free(r);
}
END_TEST

START_TEST(every_use_of_two_recorders_is_an_error_of_both)
{
    ad_recorder *r = recorder_with(0), *other = recorder_with(0);
    ad_real x = ad_real_input(r, 2), y = ad_real_input(other, 2);
    ck_assert(isnan(use(_i, y, x).value) || _i == 0 || _i == 1 || _i == 5 || _i == 7);
    if (_i == 0 || _i == 1 || _i == 5 || _i == 7) { /* of one operand */
        expect_good(r);
        expect_good(other);
    } else {
        expect_failure(r, AD_FOREIGN, "numbers of two recorders");
        expect_failure(other, AD_FOREIGN, "numbers of two recorders");
    }
    ad_recorder_free(r);
    ad_recorder_free(other);
}
END_TEST

/* ---- marks -------------------------------------------------------------------------- */

START_TEST(a_rewind_keeps_what_was_before_the_mark)
{
    ad_recorder *r = recorder_with((unsigned)_i);
    ad_real x = ad_real_input(r, 3), y = ad_square(x);
    ad_recorder_mark mark = ad_recorder_here(r);
    size_t statements = size_of(r).statements;
    for (int round = 0; round < 1000; round++) {
        ad_real z = ad_mul(y, x);
        for (int i = 0; i < round; i++)
            z = ad_mul(z, 1);
        expect_near(slope_by(z, x), 27, 0);
        ck_assert_int_eq(ad_recorder_rewind(mark), AD_OK);
        ck_assert_uint_eq(size_of(r).statements, statements);
        ck_assert_uint_eq(size_of(r).arguments, 1);
    }
    expect_near(slope_by(y, x), 6, 0);
    ad_recorder_free(r);
}
END_TEST

enum { DEPTH = 40 };

/* Marks at all depths, in random order: a number or a mark lives if and only if all rewinds since went to after it. */
START_TEST(nested_rewinds_forget_what_is_after_them_and_nothing_else)
{
    ad_recorder *r = recorder_with(_i % 2 ? AD_KEEP_SECOND : 0);
    ad_random random = ad_random_new((uint64_t)_i, 0);
    ad_recorder_mark marks[DEPTH];
    ad_real x[DEPTH], forgotten = ad_real_constant(0);
    ad_recorder_mark lost = {.on = NULL};
    size_t depth = 0;
    for (int step = 0; step < 2000; step++) {
        if (depth < DEPTH && ad_random_below(&random, 5)) {
            marks[depth] = ad_recorder_here(r);
            x[depth] = depth && ad_random_below(&random, 2) ? ad_mul(x[depth - 1], 1)
                                                            : ad_real_input(r, 1);
            for (uint64_t k = ad_random_below(&random, 40); k-- > 0;)
                ad_square(x[depth]);
            depth++;
        } else if (depth) {
            size_t to = (size_t)ad_random_below(&random, depth);
            forgotten = x[to + ad_random_below(&random, depth - to)];
            lost = to + 1 < depth ? marks[to + 1] : (ad_recorder_mark){.on = NULL};
            ck_assert_int_eq(ad_recorder_rewind(marks[to]), AD_OK);
            depth = to;
        }
        for (size_t k = 0; k < depth; k++)
            expect_near(slope_by(x[k], x[k]), 1, 0);
        expect_good(r);
    }
    if (lost.on)
        ck_assert_int_eq(ad_recorder_rewind(lost), AD_STALE);
    else
        ad_sin(forgotten);
    ck_assert_int_eq(ad_recorder_status(r), AD_STALE);
    ad_recorder_free(r);
}
END_TEST

START_TEST(a_forgotten_mark_is_an_error)
{
    ad_recorder *r = recorder_with(0);
    ad_recorder_mark first = ad_recorder_here(r);
    ad_real_input(r, 1);
    ad_recorder_mark second = ad_recorder_here(r);
    ck_assert_int_eq(ad_recorder_rewind(second), AD_OK); /* to where it is */
    ck_assert_int_eq(ad_recorder_rewind(second), AD_OK);
    ck_assert_int_eq(ad_recorder_rewind(first), AD_OK);
    ck_assert_int_eq(ad_recorder_rewind(second), AD_STALE);
    expect_failure(r, AD_STALE, ": the mark was forgotten by a reset or a rewind");
    ad_recorder_reset(r);
    ck_assert_int_eq(ad_recorder_rewind(first), AD_STALE);
    ad_recorder_reset(r);
    for (int i = 0; i < 5; i++)
        ad_real_input(r, 1); /* as long again as it was */
    ck_assert_int_eq(ad_recorder_rewind(second), AD_STALE);
    ck_assert_int_eq(ad_recorder_rewind((ad_recorder_mark){.on = NULL}), AD_MISUSE);
    ad_recorder_free(r);
}
END_TEST

START_TEST(a_rewind_keeps_the_error)
{
    ad_recorder *r = recorder_with(0), *other = recorder_with(0);
    ad_real x = ad_real_input(r, 1);
    ad_recorder_mark mark = ad_recorder_here(r);
    ad_add(x, ad_real_input(other, 1));
    ck_assert_int_eq(ad_recorder_rewind(mark), AD_FOREIGN);
    ck_assert(isnan(ad_square(x).value));
    expect_failure(r, AD_FOREIGN, "add");
    ad_recorder_free(r);
    ad_recorder_free(other);
}
END_TEST

/* Epochs that are about to wrap around. */
START_TEST(more_resets_than_can_be_counted_do_no_harm)
{
    ad_recorder *r = recorder_with(0);
    r->first_epoch = UINT32_MAX - 7;
    r->next = ad_place(0, r->first_epoch);
    for (int round = 0; round < 5; round++) {
        ad_real x = ad_real_input(r, 3), y = ad_square(x);
        ad_recorder_mark mark = ad_recorder_here(r);
        ad_real z = ad_mul(y, x);
        expect_near(slope_by(z, x), 27, 0);
        ck_assert_int_eq(ad_recorder_rewind(mark), AD_OK);
        expect_near(slope_by(ad_mul(y, x), x), 27, 0);
        ck_assert_int_eq(ad_recorder_rewind(mark), AD_OK);
        expect_near(slope_by(y, x), 6, 0);
        ad_real_input(r, 1);
        ad_recorder_mark inner = ad_recorder_here(r);
        ck_assert_int_eq(ad_recorder_rewind(inner), AD_OK);
        expect_near(slope_by(y, x), 6, 0);
        expect_stale(z);
        ad_recorder_reset(r);
        expect_stale(x);
        ad_recorder_reset(r);
    }
    ad_recorder_free(r);
}
END_TEST

START_TEST(more_rewinds_than_can_be_counted_are_an_error)
{
    ad_recorder *r = recorder_with(0);
    ad_real x = ad_real_input(r, 3);
    ad_recorder_mark mark = ad_recorder_here(r);
    r->next = ad_place((uint32_t)r->next, r->first_epoch - 3);
    for (int round = 0; round < 2; round++) {
        expect_near(slope_by(ad_square(x), x), 6, 0);
        ck_assert_int_eq(ad_recorder_rewind(mark), AD_OK);
    }
    ck_assert_int_eq(ad_recorder_rewind(mark), AD_TOO_LARGE);
    expect_failure(r, AD_TOO_LARGE, ": 2^32 - 1 rewinds without a reset");
    ad_recorder_reset(r);
    x = ad_real_input(r, 3);
    expect_near(slope_by(ad_square(x), x), 6, 0);
    ad_recorder_free(r);
}
END_TEST

/* ---- errors ------------------------------------------------------------------------- */

START_TEST(the_first_failure_sticks_with_its_line)
{
    char place[300];
    ad_recorder *r = recorder_with((unsigned)_i), *other = recorder_with(0);
    for (int round = 0; round < 3; round++) {
        ad_real x = ad_real_input(r, 1), y = ad_real_input(other, 1), z;
        z = ad_atan2(x, y), snprintf(place, sizeof place, "atan2 at %s:%d: ", __FILE__, __LINE__);
        expect_failure(r, AD_FOREIGN, place);
        ck_assert_ptr_eq(z.on, r);
        ad_real later[] = {
            z, ad_mul(x, 2), ad_sqrt(x), ad_sum_reals(1, &x), ad_real_input(r, 4), ad_powi(x, 3)};
        for (size_t i = 0; i < sizeof later / sizeof *later; i++)
            ck_assert(isnan(later[i].value));
        double out = 42;
        ck_assert_int_eq(ad_real_gradient(x, 1, &x, &out), AD_FOREIGN);
        ck_assert_int_eq(ad_real_inputs(r, 1, &out, &x), AD_FOREIGN);
        ck_assert(isnan(x.value) && out == 42);
        expect_failure(r, AD_FOREIGN, place);
        ad_recorder_reset(r);
        ad_recorder_reset(other);
        expect_good(r);
    }
    ad_recorder_free(r);
    ad_recorder_free(other);
}
END_TEST

START_TEST(failures_of_ones_own_stick_too)
{
    ad_recorder *r = recorder_with(0);
    ad_real x = ad_real_input(r, 1);
    ck_assert_int_eq(ad_recorder_fail(r, AD_OK, "nothing"), AD_OK);
    expect_good(r);
    ck_assert_int_eq(ad_recorder_fail(r, AD_DOMAIN, "step %d is negative", 7), AD_DOMAIN);
    ck_assert_int_eq(ad_recorder_fail(r, AD_MISUSE, "another"), AD_DOMAIN);
    ck_assert_str_eq(ad_recorder_error(r), "step 7 is negative");
    ck_assert(isnan(ad_square(x).value));
    ck_assert_int_eq(ad_recorder_fail(NULL, AD_DOMAIN, "nowhere"), AD_MISUSE);
    ad_recorder_reset(r);
    expect_good(r);
    ad_recorder_free(r);
}
END_TEST

START_TEST(no_recorder_is_refused)
{
    double value = 1;
    ad_real x;
    ck_assert(isnan(ad_real_input(NULL, 1).value) && !ad_real_input(NULL, 1).on);
    ck_assert_int_eq(ad_real_inputs(NULL, 1, &value, &x), AD_MISUSE);
    ck_assert_int_eq(ad_recorder_status(NULL), AD_MISUSE);
    ck_assert_str_ne(ad_recorder_error(NULL), "");
    ad_recorder_reset(NULL);
    ad_recorder_trim(NULL);
    ad_recorder_free(NULL);
    ck_assert_ptr_null(ad_recorder_here(NULL).on);
    ck_assert_uint_eq(size_of(NULL).bytes_reserved, 0);
    ad_recorder *r = recorder_with(0);
    ck_assert_int_eq(ad_recorder_measure(r, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_recorder_measure(r, &(ad_recorder_info){.size = 0}), AD_MISUSE);
    ck_assert_int_eq(ad_real_inputs(r, 0, NULL, NULL), AD_OK);
    ck_assert_int_eq(ad_real_inputs(r, 1, NULL, &x), AD_MISUSE);
    ck_assert(isnan(x.value));
    ad_recorder_reset(r);
    ck_assert_int_eq(ad_real_inputs(r, 1, &value, NULL), AD_MISUSE);
    ad_recorder_free(r);
}
END_TEST

/* Where memory ran out and nobody looked, the one check at the end finds it. */
START_TEST(derivatives_by_inputs_of_no_recorder_are_refused)
{
    double out[4] = {42, 42, 42, 42}, ones[] = {1, 1};
    ad_recorder *r = _i ? recorder_with(AD_KEEP_SECOND) : NULL;
    ad_real x[2] = {ad_real_input(NULL, 2), ad_real_input(r, 3)}, y = ad_mul(x[0], ad_sin(x[1]));
    ck_assert(isnan(y.value));
    for (int k = 0; k < 7; k++) {
        ck_assert_int_eq(k == 0   ? ad_real_gradient(y, 2, x, out)
                         : k == 1 ? ad_real_vjp(1, &y, ones, 2, x, out)
                         : k == 2 ? ad_real_jvp(2, x, 1, ones, 1, &y, out)
                         : k == 3 ? ad_real_jacobian(1, &y, 2, x, out)
                         : k == 4 ? ad_real_hvp(y, 2, x, 1, ones, out)
                         : k == 5 ? ad_real_hessian(y, 2, x, out)
                                  : ad_real_gradient(x[0], 0, NULL, out),
                         AD_MISUSE);
        ck_assert_double_eq(out[0], 42);
        if (!r || k == 6) /* of that one alone */
            continue;
        expect_failure(r, AD_MISUSE, "a number was made without a recorder");
        ad_recorder_reset(r);
        x[1] = ad_real_input(r, 3);
        y = ad_mul(x[0], ad_sin(x[1]));
    }
    ck_assert_int_eq(ad_real_inputs(NULL, 2, ones, x), AD_MISUSE);
    ck_assert(isnan(x[0].value) && isnan(x[1].value));
    ck_assert_int_eq(ad_real_gradient(ad_add(x[0], x[1]), 2, x, out), AD_MISUSE);
    ck_assert_int_eq(ad_real_inputs(NULL, 2, ones, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_real_gradient(ad_sum_reals(1, NULL), 0, NULL, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_real_gradient(ad_real_statement(1, 1, NULL, ones), 0, NULL, NULL),
                     AD_MISUSE);
    ad_recorder_free(r);
}
END_TEST

START_TEST(bad_options_are_an_error_from_the_start)
{
    const ad_recorder_options bad[] = {{.keep = 0}, {.size = sizeof *bad, .keep = 64}, {.size = 3}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ad_recorder *r = ad_recorder_new(&bad[i]);
        ck_assert_ptr_nonnull(r);
        for (int round = 0; round < 2; round++) {
            expect_failure(r, AD_MISUSE, "options without their size, or unknown bits in keep");
            ck_assert(isnan(ad_real_input(r, 1).value));
            ad_recorder_reset(r);
        }
        ad_recorder_free(r);
    }
}
END_TEST

static ad_real infinite_value(ad_real x)
{
    return ad_log(x);
}

static ad_real infinite_slope(ad_real x)
{
    return ad_sqrt(x);
}

static ad_real infinite_in_place(ad_real x)
{
    return ad_div(1, x);
}

static ad_real infinite_list(ad_real x)
{
    return ad_weighted_sum_reals(1, &(double){NAN}, &x);
}

static ad_real (*const infinite[])(ad_real) = {infinite_value, infinite_slope, infinite_in_place,
                                               infinite_list};

START_TEST(the_first_number_that_is_not_finite_is_reported)
{
    ad_recorder *r = recorder_with(AD_KEEP_FINITE);
    ad_real x = ad_real_input(r, 0), y = infinite[_i](x);
    ck_assert(isnan(y.value));
    expect_failure(r, AD_NOT_FINITE, " at " __FILE__);
    expect_failure(r, AD_NOT_FINITE,
                   _i == 1 ? "the derivative by argument 1 of 1, at 0, is inf" : " is ");
    ad_recorder_reset(r);
    x = ad_real_input(r, 1);
    ad_mul(ad_real_constant(INFINITY), 2); /* nobody's */
    ad_where(ad_less(x, 0), ad_sqrt(x), x);
    expect_near(slope_by(ad_sqrt(x), x), 0.5, 0);
    double out;
    ck_assert_int_eq(ad_real_vjp(1, &x, &(double){INFINITY}, 1, &x, &out), AD_NOT_FINITE);
    expect_failure(r, AD_NOT_FINITE, "the adjoint of statement 0 is inf");
    ad_recorder_free(r);
    r = recorder_with(0);
    infinite[_i](ad_real_input(r, 0));
    expect_good(r);
    ad_recorder_free(r);
}
END_TEST

START_TEST(the_first_partial_that_is_not_finite_is_reported)
{
    ad_recorder *r = recorder_with(AD_KEEP_FINITE);
    const ad_real x[] = {ad_real_input(r, 1), ad_real_constant(2), ad_real_input(r, 3)};
    ad_real_statement(1, 3, x, (double[]){1, NAN, INFINITY});
    expect_failure(r, AD_NOT_FINITE, "the derivative by argument 3 of 3, at 3, is inf");
    ad_recorder_free(r);
}
END_TEST

/* Nobody has so many here; the recorder is told that it has. */
START_TEST(more_statements_than_can_be_counted_are_an_error)
{
    ad_recorder *r = recorder_with(0);
    ad_real_input(r, 1);
    r->next = ad_place(UINT32_MAX - (1 << 16), (uint32_t)(r->next >> 32));
    r->index_end = UINT32_MAX - (1 << 16);
    ck_assert(isnan(ad_real_input(r, 1).value));
    expect_failure(r, AD_TOO_LARGE, "a recorder has room for 2^32 - 2^16 statements");
    ad_recorder_reset(r);
    expect_near(slope_by(ad_real_input(r, 1), ad_real_input(r, 1)), 0, 0);
    ad_recorder_free(r);
}
END_TEST

/* ---- size --------------------------------------------------------------------------- */

START_TEST(a_statement_takes_as_many_bytes_as_is_said)
{
    enum { LINE = sizeof(char *) };
    static const struct {
        unsigned keep;
        size_t input, one, two, three;
    } rows[] = {{0, 9, 21, 33, 45},
                {AD_KEEP_SECOND, 9, 29, 57, 93},
                {AD_KEEP_LINES, 9 + LINE, 21 + LINE, 33 + LINE, 45 + LINE}};
    ad_recorder *r = recorder_with(rows[_i].keep);
    size_t bytes = size_of(r).bytes_used;
    ck_assert_uint_eq(bytes, 0);
#define TAKES(expression, more)                                   \
    do {                                                          \
        expression;                                               \
        ck_assert_uint_eq(size_of(r).bytes_used - bytes, (more)); \
        bytes = size_of(r).bytes_used;                            \
    } while (0)
    ad_real x, y;
    TAKES(x = ad_real_input(r, 1), rows[_i].input);
    TAKES(y = ad_sin(x), rows[_i].one);
    TAKES(y = ad_mul(x, y), rows[_i].two);
    TAKES(ad_mul(x, 2), rows[_i].one);
    TAKES(ad_muladd(x, y, x), rows[_i].three);
    TAKES(ad_mul(ad_real_constant(1), 2), 0);
    ad_real many[252];
    for (int i = 0; i < 252; i++)
        many[i] = i % 2 ? x : y;
    if (_i == 0)
        for (size_t n = 1; n <= 252; n += 251)
            TAKES(ad_sum_reals(n, many), 12 * n + 9);
    ck_assert_uint_eq(size_of(r).statements, _i == 0 ? 7 : 5);
    ck_assert_uint_ge(size_of(r).bytes_reserved, bytes - 8 * size_of(r).statements);
    ad_recorder_free(r);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("recorder");
    TCase *tests = tcase_create("recorder");
    tcase_add_loop_test(tests, numbers_from_before_a_reset_are_found_out, 0, 3);
    tcase_add_loop_test(tests, every_use_of_a_stale_number_is_an_error, 0, USES);
    tcase_add_loop_test(tests, every_use_of_two_recorders_is_an_error_of_both, 0, USES);
    tcase_add_loop_test(tests, a_rewind_keeps_what_was_before_the_mark, 0, 3);
    tcase_add_loop_test(tests, nested_rewinds_forget_what_is_after_them_and_nothing_else, 0, 12);
    tcase_add_test(tests, a_forgotten_mark_is_an_error);
    tcase_add_test(tests, a_rewind_keeps_the_error);
    tcase_add_test(tests, more_resets_than_can_be_counted_do_no_harm);
    tcase_add_test(tests, more_rewinds_than_can_be_counted_are_an_error);
    tcase_add_loop_test(tests, the_first_failure_sticks_with_its_line, 0, 3);
    tcase_add_test(tests, failures_of_ones_own_stick_too);
    tcase_add_test(tests, no_recorder_is_refused);
    tcase_add_loop_test(tests, derivatives_by_inputs_of_no_recorder_are_refused, 0, 2);
    tcase_add_test(tests, bad_options_are_an_error_from_the_start);
    tcase_add_loop_test(tests, the_first_number_that_is_not_finite_is_reported, 0,
                        sizeof infinite / sizeof *infinite);
    tcase_add_test(tests, the_first_partial_that_is_not_finite_is_reported);
    tcase_add_test(tests, more_statements_than_can_be_counted_are_an_error);
    tcase_add_loop_test(tests, a_statement_takes_as_many_bytes_as_is_said, 0, 3);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
