/* Hessians against formulas and products with them; what can go wrong with all derivatives at once. */
#include "adze/op.h"

#include "allocator.h"
#include "derivatives.h"
#include "measured.h"
#include "suite.h"

#include <string.h>

static ad_tape *tape;

static void setup(void)
{
    tape = ad_tape_new(NULL);
}

static void teardown(void)
{
    ad_tape_free(tape);
}

/* ---- Hessians ---------------------------------------------------------------------- */

START_TEST(a_hessian_is_that_of_the_formula)
{
    const double *a = points, *b = points + 3;
    const ad_view x[] = {AD_VIEW(points, 3), AD_VIEW(points + 3, 3)};
    ad_array h[4] = {{0}}, g[2] = {{0}}, d[2] = {{0}};
    double value = 0, wanted = 0;
    ck_assert_int_eq(ad_value_with_hessian(tape, cubes, 2, x, NULL, &value, g, h), AD_OK);
    ck_assert_int_eq(ad_hessian_diagonal(tape, cubes, 2, x, NULL, d), AD_OK);
    for (size_t i = 0; i < 3; i++) {
        wanted += a[i] * b[i] * b[i] + a[i] * a[i] * a[i];
        ck_assert_double_eq_tol(at(&g[0], i), b[i] * b[i] + 3 * a[i] * a[i], 1e-14);
        ck_assert_double_eq_tol(at(&g[1], i), 2 * a[i] * b[i], 1e-14);
        ck_assert_double_eq_tol(at(&d[0], i), 6 * a[i], 1e-14);
        ck_assert_double_eq_tol(at(&d[1], i), 2 * a[i], 1e-14);
        for (size_t j = 0; j < 3; j++) {
            ck_assert_double_eq_tol(at(&h[0], 3 * i + j), i == j ? 6 * a[i] : 0, 1e-14);
            ck_assert_double_eq_tol(at(&h[1], 3 * i + j), i == j ? 2 * b[i] : 0, 1e-14);
            ck_assert_double_eq_tol(at(&h[2], 3 * i + j), i == j ? 2 * b[i] : 0, 1e-14);
            ck_assert_double_eq_tol(at(&h[3], 3 * i + j), i == j ? 2 * a[i] : 0, 1e-14);
        }
    }
    ck_assert_double_eq_tol(value, wanted, 1e-14);
    ck_assert_uint_eq(measured(tape).nodes, 0);
    free_all(4, h), free_all(2, g), free_all(2, d);
}
END_TEST

/* Its columns are Hessian-vector products, it is symmetric, and the diagonal is its own. */
START_TEST(a_hessian_is_symmetric_and_made_of_products)
{
    ad_array h[9] = {{0}}, d[3] = {{0}}, hvp[3] = {{0}};
    const size_t count[] = {6, 3, 1};
    ck_assert_int_eq(ad_hessian(tape, total, 3, entangled_at, NULL, h), AD_OK);
    ck_assert_int_eq(ad_hessian_diagonal(tape, total, 3, entangled_at, NULL, d), AD_OK);
    expect_shape(&h[0], AD_F64, AD_SHAPE(2, 3, 2, 3));
    expect_shape(&h[1], AD_F64, AD_SHAPE(2, 3, 3));
    expect_shape(&h[5], AD_F64, AD_SHAPE(3));
    expect_shape(&d[0], AD_F64, AD_SHAPE(2, 3));
    for (size_t j = 0; j < 3; j++)
        for (size_t c = 0; c < count[j]; c++) {
            double unit[6] = {0};
            ad_view tx[3] = {{0}, {0}, {0}};
            unit[c] = 1;
            tx[j] = entangled_at[j];
            tx[j].data = unit;
            ck_assert_int_eq(ad_hvp(tape, total, 3, entangled_at, tx, NULL, hvp), AD_OK);
            ck_assert_double_eq_tol(at(&d[j], c), at(&hvp[j], c), 1e-15);
            for (size_t i = 0; i < 3; i++)
                for (size_t r = 0; r < count[i]; r++) {
                    ck_assert_double_eq_tol(at(&h[3 * i + j], r * count[j] + c), at(&hvp[i], r),
                                            1e-14);
                    ck_assert_double_eq_tol(at(&h[3 * j + i], c * count[i] + r), at(&hvp[i], r),
                                            1e-14);
                }
        }
    free_all(9, h), free_all(3, d), free_all(3, hvp);
}
END_TEST

START_TEST(numbers_and_nothing_have_hessians)
{
    const ad_view number[] = {AD_VIEW_SCALAR(points), AD_VIEW_SCALAR(points + 3)};
    const ad_view none[] = {AD_VIEW(points, 0), AD_VIEW(points, 0)};
    const ad_view f32[] = {AD_VIEW(narrow, 2), AD_VIEW(narrow + 2, 2)};
    ad_array h[4] = {{0}}, g[2] = {{0}};
    double value = 7;
    ck_assert_int_eq(ad_hessian(tape, cubes, 2, number, NULL, h), AD_OK);
    expect_shape(&h[1], AD_F64, AD_SCALAR);
    ck_assert_double_eq_tol(at(&h[2], 0), 2 * points[3], 1e-15);
    free_all(4, h);
    ck_assert_int_eq(ad_value_with_hessian(tape, cubes, 2, none, NULL, &value, g, h), AD_OK);
    expect_shape(&h[3], AD_F64, AD_SHAPE(0, 0));
    expect_shape(&g[1], AD_F64, AD_SHAPE(0));
    ck_assert_double_eq(value, 0);
    free_all(4, h), free_all(2, g);
    ck_assert_int_eq(ad_hessian(tape, cubes, 2, f32, NULL, h), AD_OK);
    expect_shape(&h[1], AD_F32, AD_SHAPE(2, 2));
    ck_assert_double_eq_tol(at(&h[1], 3), 2 * (double)narrow[3], 1e-6);
    free_all(4, h);
}
END_TEST

/* ---- what can go wrong ------------------------------------------------------------- */

static void plain_shift(const ad_forward_args *c)
{
    for (size_t i = 0; i < ad_array_count(&c->y); i++)
        ((double *)c->y.data)[i] = ((const double *)c->x[0].data)[i] + 1;
}

static void plain_pullback(const ad_pullback_args *c)
{
    for (size_t i = 0; i < ad_array_count(&c->dx[0]); i++)
        ((double *)c->dx[0].data)[i] += ((const double *)c->dy.data)[i];
}

static void plain_jvp(const ad_jvp_args *c)
{
    memcpy(c->ty.data, c->tx[0].data, ad_array_count(&c->ty) * sizeof(double));
}

/* Without a jvp; with one, without curvature. */
static const ad_op shift_op = {.size = sizeof(ad_op),
                               .name = "shift",
                               .arity = 1,
                               .shape = ad_shape_first,
                               .forward = plain_shift,
                               .pullback = plain_pullback};
static const ad_op bend_op = {.size = sizeof(ad_op),
                              .name = "bend",
                              .arity = 1,
                              .shape = ad_shape_first,
                              .forward = plain_shift,
                              .pullback = plain_pullback,
                              .jvp = plain_jvp};

static ad_tensor shifted(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t;
    return ad_square(ad_apply((const ad_op *)env, x, NULL));
}

static ad_tensor shifted_total(ad_tape *t, const ad_tensor *x, const void *env)
{
    return ad_sum(shifted(t, x, env));
}

START_TEST(too_many_axes_are_an_error_with_the_shapes)
{
    const ad_view x = {points, AD_F64, {5, {1, 1, 1, 2, 1}}, {2, 2, 2, 1, 1}};
    ad_array j = {0};
    ck_assert_int_eq(ad_jacobian(tape, first, 1, &x, AD_MODE_AUTO, NULL, &j), AD_BAD_SHAPE);
    ck_assert_str_eq(ad_tape_error(tape),
                     "jacobian: [1, 1, 1, 2, 1] by [1, 1, 1, 2, 1] has 10 axes, "
                     "the most are 8");
    ad_tape_reset(tape);
    ck_assert_int_eq(ad_hessian(tape, shifted_total, 1, &x, &bend_op, &j), AD_BAD_SHAPE);
    ck_assert_ptr_null(j.data);
}
END_TEST

START_TEST(an_operation_without_a_rule_is_named)
{
    const ad_view x = AD_VIEW(points, 3);
    double kept[9] = {7, 7, 7, 7, 7, 7, 7, 7, 7};
    ad_array j = {.data = kept, .type = AD_F64, .shape = AD_SHAPE(3, 3)};
    ck_assert_int_eq(ad_jacobian(tape, shifted, 1, &x, AD_MODE_FORWARD, &shift_op, &j),
                     AD_NO_DERIVATIVE);
    ck_assert_ptr_nonnull(strstr(ad_tape_error(tape), "shift"));
    ad_tape_reset(tape);
    ck_assert_int_eq(ad_hessian(tape, shifted_total, 1, &x, &bend_op, &j), AD_NO_DERIVATIVE);
    ck_assert_ptr_nonnull(strstr(ad_tape_error(tape), "bend"));
    ad_tape_reset(tape);
    for (int i = 0; i < 9; i++)
        ck_assert_double_eq(kept[i], 7);
    ck_assert_int_eq(ad_jacobian(tape, shifted, 1, &x, AD_MODE_REVERSE, &shift_op, &j), AD_OK);
    ck_assert_double_eq_tol(kept[4], 2 * (points[1] + 1), 1e-15);
}
END_TEST

START_TEST(results_are_written_all_or_none)
{
    double kept[3] = {7, 7, 7}, value = 7;
    const ad_view x[] = {AD_VIEW(points, 3), AD_VIEW(points + 3, 3)};
    ad_array h[4] = {{.data = kept, .type = AD_F64, .shape = AD_SHAPE(3)}};
    ad_array j[2] = {{0}, {.data = kept, .type = AD_F64, .shape = AD_SHAPE(3)}}, g[2] = {{0}};
    ck_assert_int_eq(ad_value_with_hessian(tape, cubes, 2, x, NULL, &value, g, h), AD_BAD_SHAPE);
    ck_assert(!h[1].data && !g[0].data && value == 7 && kept[0] == 7);
    ad_tape_reset(tape);
    ck_assert_int_eq(ad_jacobian(tape, scaled_squares, 2, x, AD_MODE_AUTO, NULL, j), AD_BAD_SHAPE);
    ck_assert(!j[0].data && kept[0] == 7);
    ad_tape_reset(tape);
    ck_assert_int_eq(ad_hessian(tape, scaled_squares, 2, x, NULL, h + 1), AD_BAD_SHAPE);
    ck_assert_ptr_null(h[1].data); /* of three elements */
}
END_TEST

START_TEST(jacobians_and_hessians_after_the_first_take_no_memory)
{
    test_allocator memory;
    test_allocator_init(&memory);
    ad_tape_options o = {.size = sizeof o, .allocator = &memory.base};
    ad_array h[9] = {{0}}, g[3] = {{0}}, d[3] = {{0}}, j[3] = {{0}};
    double value;
    size_t calls = 0;
    teardown();
    tape = ad_tape_new(&o);
    for (int step = 0; step < 5; step++) {
        for (int mode = AD_MODE_FORWARD; mode <= AD_MODE_REVERSE; mode++)
            ad_jacobian(tape, entangled, 3, entangled_at, (ad_mode)mode, NULL, j);
        ad_value_with_hessian(tape, total, 3, entangled_at, NULL, &value, g, h);
        ad_hessian_diagonal(tape, total, 3, entangled_at, NULL, d);
        ck_assert_int_eq(ad_tape_status(tape), AD_OK);
        ck_assert(step < 2 || memory.calls == calls);
        ad_tape_reset(tape);
        calls = memory.calls;
    }
    free_all(9, h), free_all(3, g), free_all(3, d), free_all(3, j);
    ad_tape_free(tape);
    tape = NULL;
    ck_assert_uint_eq(memory.live_blocks, 0);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("hessian");
    TCase *all = tcase_create("hessian");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, a_hessian_is_that_of_the_formula);
    tcase_add_test(all, a_hessian_is_symmetric_and_made_of_products);
    tcase_add_test(all, numbers_and_nothing_have_hessians);
    tcase_add_test(all, too_many_axes_are_an_error_with_the_shapes);
    tcase_add_test(all, an_operation_without_a_rule_is_named);
    tcase_add_test(all, results_are_written_all_or_none);
    tcase_add_test(all, jacobians_and_hessians_after_the_first_take_no_memory);
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
