/* What options allow: sums of products that are rounded once, and shared reciprocals; else bits stay. */
#include "programs.h"

enum { INPUTS = 3, OUTPUTS = 8 };

static void sums(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    const ad_real a = x[0], b = x[1], c = x[2], twice = ad_mul(c, b), late = ad_sub(b, a);
    (void)n, (void)m, (void)env;
    y[0] = ad_add(ad_mul(a, b), c);
    y[1] = ad_sub(c, ad_mul(a, a));
    y[2] = ad_sub(ad_mul(a, c), b);
    y[3] = ad_add(ad_mul(b, b), ad_mul(c, c));
    y[4] = ad_add(twice, a); /* a product that is used again is rounded */
    y[5] = ad_sub(a, twice);
    y[6] = ad_sub(ad_mul(late, c), 0.1);
    y[7] = ad_mul(ad_add(ad_mul(late, a), 3), b);
}

static void expected(const double *x, bool once, double *y)
{
    const double a = x[0], b = x[1], c = x[2];
    volatile double ab = a * b, aa = a * a, ac = a * c, bb = b * b, cc = c * c, cb = c * b,
                    late = b - a, late_c = late * c, late_a = late * a;
    const double all[OUTPUTS] = {once ? fma(a, b, c) : ab + c,
                                 once ? fma(-a, a, c) : c - aa,
                                 once ? fma(a, c, -b) : ac - b,
                                 once ? fma(c, c, bb) : bb + cc,
                                 cb + a,
                                 a - cb,
                                 once ? fma(late, c, -0.1) : late_c - 0.1,
                                 b * (once ? fma(late, a, 3) : late_a + 3)};
    memcpy(y, all, sizeof all);
}

START_TEST(sums_of_products_are_rounded_once_where_it_is_allowed)
{
    for (unsigned allow = 0; allow < 2; allow++) {
        const ad_program_options options = {.size = sizeof options, .allow = allow};
        const double first[INPUTS] = {1, 2, 3};
        ad_error error = {AD_OK, ""};
        ad_program *p = ad_program_of(sums, INPUTS, first, OUTPUTS, NULL, &options, &error);
        ck_assert_str_eq(error.text, "");
        for (int i = 1; i < 200; i++) {
            const double x[INPUTS] = {1.0 / i, i / 7.0, -3.1 * i};
            double y[OUTPUTS], right[OUTPUTS];
            expected(x, allow & AD_ALLOW_FMA, right);
            run_program(p, x, y);
            for (int j = 0; j < OUTPUTS; j++)
                expect_same(y[j], right[j], "sum");
        }
        ad_program_free(p);
    }
}
END_TEST

START_TEST(derivatives_of_contracted_programs_agree_to_rounding)
{
    const double x[INPUTS] = {0.3, 1.7, -0.4};
    double found[2][OUTPUTS + OUTPUTS * INPUTS];
    for (unsigned allow = 0; allow < 2; allow++) {
        const ad_program_options options = {.size = sizeof options, .allow = allow};
        ad_error error = {AD_OK, ""};
        ad_program *p = ad_program_of(sums, INPUTS, x, OUTPUTS, NULL, &options, &error);
        ad_program *slopes = ad_program_jacobian(p, INPUTS, NULL, &error);
        ck_assert_str_eq(error.text, "");
        run_program(slopes, x, found[allow]);
        ad_program_free(slopes);
        ad_program_free(p);
    }
    for (int j = 0; j < OUTPUTS + OUTPUTS * INPUTS; j++)
        ck_assert_double_eq_tol(found[0][j], found[1][j], 1e-14);
}
END_TEST

/* ---- reciprocals -------------------------------------------------------------------- */

enum { QUOTIENTS = 5 };

static void quotients(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    const ad_real a = x[0], b = x[1], c = x[2];
    (void)n, (void)m, (void)env;
    y[0] = ad_div(a, c);
    y[1] = ad_div(ad_add(b, a), c);
    y[2] = ad_div(c, b); /* the only division by b */
    y[3] = ad_div(b, 49);
    y[4] = ad_div(c, 49);
}

START_TEST(several_divisions_by_one_number_are_products_where_it_is_allowed)
{
    const double first[INPUTS] = {1, 2, 3};
    int other = 0;
    for (unsigned allow = 0; allow <= AD_ALLOW_RECIPROCALS; allow += AD_ALLOW_RECIPROCALS) {
        const ad_program_options options = {.size = sizeof options, .allow = allow};
        ad_error error = {AD_OK, ""};
        ad_program *p = ad_program_of(quotients, INPUTS, first, QUOTIENTS, NULL, &options, &error);
        ad_program *j = ad_program_jacobian(p, INPUTS, NULL, &error);
        ck_assert_str_eq(error.text, "");
        for (int i = 1; i < 200; i++) {
            const double x[INPUTS] = {1.0 / i, i / 7.0, -3.1 * i};
            const double a = x[0], b = x[1], c = x[2], over_c = 1 / c, over_49 = 1.0 / 49;
            const double plain[] = {a / c, (b + a) / c, c / b, b / 49, c / 49},
                         shared[] = {a * over_c, (b + a) * over_c, c / b, b * over_49, c * over_49};
            double y[QUOTIENTS], all[QUOTIENTS * (1 + INPUTS)];
            run_program(p, x, y);
            run_program(j, x, all);
            for (int k = 0; k < QUOTIENTS; k++) {
                expect_same(y[k], allow ? shared[k] : plain[k], "quotient");
                other += plain[k] != shared[k];
            }
            ck_assert(fabs(all[QUOTIENTS + 2] + a / (c * c)) <= 1e-15 * fabs(a / (c * c)));
        }
        ad_program_free(j);
        ad_program_free(p);
    }
    ck_assert_int_gt(other, 0); /* the points tell the two apart */
}
END_TEST

int main(void)
{
    TCase *fused = tcase_create("fma");
    tcase_add_test(fused, sums_of_products_are_rounded_once_where_it_is_allowed);
    tcase_add_test(fused, several_divisions_by_one_number_are_products_where_it_is_allowed);
    tcase_add_test(fused, derivatives_of_contracted_programs_agree_to_rounding);
    Suite *suite = suite_create("program_fma");
    suite_add_tcase(suite, fused);
    return run_suite(suite);
}
