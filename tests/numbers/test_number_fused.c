/* Programs that may fuse a product and a sum into one operation get the values of the library nevertheless:
 * compiled so that the compiler may. */
#include "numbers.h"

/* As the library computes them, which fuses nothing. */
static void by_library(const ad_real *x, double *y)
{
    ad_real product = ad_mul_real_at(x[0], x[1], NULL);
    y[0] = ad_muladd_real_at(x[0], x[1], x[2], NULL).value;
    y[1] = ad_add_real_at(product, x[2], NULL).value;
    y[2] = ad_sub_real_at(x[2], product, NULL).value;
    y[3] = ad_add_real_at(ad_square_real_at(x[0], NULL), x[2], NULL).value;
}

static void in_place(const ad_real *x, double *y)
{
    y[0] = ad_muladd(x[0], x[1], x[2]).value;
    y[1] = ad_add(ad_mul(x[0], x[1]), x[2]).value;
    y[2] = ad_sub(x[2], ad_mul(x[0], x[1])).value;
    y[3] = ad_add(ad_square(x[0]), x[2]).value;
}

START_TEST(values_in_place_are_those_of_the_library)
{
    ad_recorder *r = recorder_with(0);
    ad_random random = ad_random_new(1, 0);
    for (int round = 0; round < 1000; round++) {
        double values[3], got[4], want[4];
        ad_real x[3];
        for (int i = 0; i < 3; i++)
            values[i] = ad_random_normal(&random);
        ad_recorder_reset(r);
        ck_assert_int_eq(ad_real_inputs(r, 3, values, x), AD_OK);
        if (_i)
            for (int i = 0; i < 3; i++)
                x[i] = ad_real_constant(values[i]);
        by_library(x, want);
        in_place(x, got);
        for (int i = 0; i < 4; i++)
            ck_assert_msg(same_bits(got[i], want[i]), "%d: %.17g, not %.17g", i, got[i], want[i]);
    }
    ad_recorder_free(r);
}
END_TEST

static void formula(size_t n, const ad_real *x, size_t m, ad_real *y, const void *env)
{
    (void)n, (void)m, (void)env;
    y[0] = x[0];
    for (int i = 0; i < 20; i++)
        y[0] = ad_muladd(y[0], x[1], ad_add(ad_mul(y[0], x[1]), x[0]));
}

START_TEST(a_checkpoint_gives_what_it_gave)
{
    ad_recorder *r = recorder_with(0);
    ad_real x[2] = {ad_real_input(r, 1.1), ad_real_input(r, 0.7)}, y;
    double gradient[2];
    ck_assert_int_eq(ad_real_checkpoint(formula, 2, x, 1, &y, NULL), AD_OK);
    ck_assert_int_eq(ad_real_gradient(y, 2, x, gradient), AD_OK);
    ad_recorder_free(r);
}
END_TEST

static bool machine_can_fuse(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("fma");
#else
    return true;
#endif
}

static Suite *make_suite(void)
{
    Suite *suite = suite_create("fused operations");
    TCase *tests = tcase_create("fused operations");
    if (machine_can_fuse()) {
        tcase_add_loop_test(tests, values_in_place_are_those_of_the_library, 0, 2);
        tcase_add_test(tests, a_checkpoint_gives_what_it_gave);
    }
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
