/* Jacobians against formulas, and both modes against each other; several directions against each. */
#include "derivatives.h"
#include "measured.h"
#include "suite.h"

static ad_tape *tape;

static void setup(void)
{
    tape = ad_tape_new(NULL);
}

static void teardown(void)
{
    ad_tape_free(tape);
}

static ad_tensor cut(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_stop_gradient(x[0]);
}

static ad_tensor widened(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_mul(ad_cast(ad_square(x[0]), AD_F64), x[1]);
}

/* ---- Jacobians --------------------------------------------------------------------- */

START_TEST(a_jacobian_is_that_of_the_formula)
{
    const ad_view x[] = {AD_VIEW(points, 3), AD_VIEW(points + 3, 2, 3)};
    ad_array y = {0}, j[2] = {{0}, {0}};
    ck_assert_int_eq(ad_value_with_jacobian(tape, scaled_squares, 2, x, (ad_mode)_i, NULL, &y, j),
                     AD_OK);
    expect_shape(&y, AD_F64, AD_SHAPE(2, 3));
    expect_shape(&j[0], AD_F64, AD_SHAPE(2, 3, 3));
    expect_shape(&j[1], AD_F64, AD_SHAPE(2, 3, 2, 3));
    for (size_t r = 0; r < 6; r++) {
        double v = points[r % 3], a = points[3 + r];
        ck_assert_double_eq_tol(at(&y, r), a * v * v, 1e-15);
        for (size_t c = 0; c < 3; c++)
            ck_assert_double_eq_tol(at(&j[0], 3 * r + c), c == r % 3 ? 2 * a * v : 0, 1e-15);
        for (size_t c = 0; c < 6; c++)
            ck_assert_double_eq_tol(at(&j[1], 6 * r + c), c == r ? v * v : 0, 1e-15);
    }
    ck_assert_uint_eq(measured(tape).nodes, 0);
    ad_array_free(&y);
    free_all(2, j);
}
END_TEST

static ad_tensor turned(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_transpose(x[0]);
}

/* The value is a view of the operand, whose memory is that of the result. */
START_TEST(a_value_may_take_the_place_of_its_operand)
{
    double numbers[] = {1, 2, 3, 4};
    const double transposed[] = {1, 3, 2, 4}, ones[] = {1, 1, 1, 1};
    ad_array y = AD_ARRAY(numbers, 2, 2), j = {0}, ty = {0};
    const ad_view x = AD_VIEW(numbers, 2, 2), tx = AD_VIEW(ones, 2, 2);
    ck_assert_int_eq(ad_value_with_jacobian(tape, turned, 1, &x, (ad_mode)_i, NULL, &y, &j), AD_OK);
    ck_assert_mem_eq(numbers, transposed, sizeof numbers);
    ck_assert_int_eq(ad_jvp(tape, turned, 1, &x, &tx, NULL, &y, &ty), AD_OK);
    ck_assert_double_eq(numbers[1], 2);
    ad_array_free(&j);
    ad_array_free(&ty);
}
END_TEST

START_TEST(forward_and_reverse_agree)
{
    ad_array j[3][3] = {{{0}}};
    for (int mode = 0; mode < 3; mode++)
        ck_assert_int_eq(
            ad_jacobian(tape, entangled, 3, entangled_at, (ad_mode)mode, NULL, j[mode]), AD_OK);
    for (int mode = 1; mode < 3; mode++)
        for (int i = 0; i < 3; i++)
            ck_assert_int_eq(
                ad_test_same(ad_array_view(j[mode][i]), ad_array_view(j[0][i]), 1e-12, NULL),
                AD_OK);
    for (int mode = 0; mode < 3; mode++)
        free_all(3, j[mode]);
}
END_TEST

START_TEST(types_are_those_of_the_operands)
{
    const ad_view x[] = {AD_VIEW(narrow, 2, 3), AD_VIEW(points, 3)};
    ad_array j[2] = {{0}, {0}};
    ck_assert_int_eq(ad_jacobian(tape, widened, 2, x, (ad_mode)_i, NULL, j), AD_OK);
    expect_shape(&j[0], AD_F32, AD_SHAPE(2, 3, 2, 3));
    expect_shape(&j[1], AD_F64, AD_SHAPE(2, 3, 3));
    for (size_t r = 0; r < 6; r++) {
        double v = (double)narrow[r];
        ck_assert_double_eq_tol(at(&j[0], 6 * r + r), 2 * v * points[r % 3], 1e-6);
        ck_assert_double_eq_tol(at(&j[1], 3 * r + r % 3), v * v, 1e-6);
    }
    free_all(2, j);
}
END_TEST

START_TEST(numbers_and_nothing_have_jacobians)
{
    const ad_view number[] = {AD_VIEW_SCALAR(points)}, none[] = {AD_VIEW(points, 0, 3)};
    ad_array j = {0};
    ck_assert_int_eq(ad_jacobian(tape, first, 1, number, (ad_mode)_i, NULL, &j), AD_OK);
    expect_shape(&j, AD_F64, AD_SCALAR);
    ck_assert_double_eq(at(&j, 0), 1);
    ck_assert_int_eq(ad_jacobian(tape, cut, 1, number, (ad_mode)_i, NULL, &j), AD_OK);
    ck_assert_double_eq(at(&j, 0), 0);
    ad_array_free(&j);
    ck_assert_int_eq(ad_jacobian(tape, first, 1, none, (ad_mode)_i, NULL, &j), AD_OK);
    expect_shape(&j, AD_F64, AD_SHAPE(0, 3, 0, 3));
    ad_array_free(&j);
}
END_TEST

/* More directions than a block has; and what each mode visits. */
typedef struct counted {
    size_t pullbacks;
} counted;

static void count_pullback(void *user, const ad_event *e)
{
    ((counted *)user)->pullbacks += e->kind == AD_EVENT_PULLBACK;
}

static ad_tensor one_by_many(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_mul(x[0], x[0]);
}

static ad_tensor spread(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_square(ad_broadcast_to(x[0], AD_SHAPE(5)));
}

START_TEST(many_directions_go_in_blocks)
{
    enum { LONG = 150 };
    double v[LONG];
    for (int i = 0; i < LONG; i++)
        v[i] = i - 70.5;
    const ad_view x = AD_VIEW(v, LONG);
    ad_array j = {0};
    ck_assert_int_eq(ad_jacobian(tape, one_by_many, 1, &x, (ad_mode)_i, NULL, &j), AD_OK);
    for (size_t r = 0; r < LONG; r++)
        for (size_t c = 0; c < LONG; c++)
            ck_assert_double_eq(at(&j, r * LONG + c), r == c ? 2 * v[r] : 0);
    ad_array_free(&j);
}
END_TEST

START_TEST(the_mode_is_chosen_by_the_counts)
{
    counted count = {0};
    ad_array j = {0};
    ad_tape_trace(tape, count_pullback, &count);
    ad_view number = AD_VIEW_SCALAR(points), many = AD_VIEW(points, 5);
    ck_assert_int_eq(ad_jacobian(tape, spread, 1, &number, AD_MODE_AUTO, NULL, &j), AD_OK);
    ck_assert_uint_eq(count.pullbacks, 0);
    ck_assert_int_eq(ad_jacobian(tape, spread, 1, &number, AD_MODE_REVERSE, NULL, &j), AD_OK);
    ck_assert_uint_gt(count.pullbacks, 0);
    ad_array_free(&j);
    count.pullbacks = 0;
    ck_assert_int_eq(ad_jacobian(tape, one_by_many, 1, &many, AD_MODE_AUTO, NULL, &j), AD_OK);
    ck_assert_uint_gt(count.pullbacks, 0);
    ad_array_free(&j);
}
END_TEST

/* ---- several directions ------------------------------------------------------------ */

enum { MANY = 3 };

START_TEST(several_jvps_vjps_and_hvps_are_those_of_each)
{
    ad_view tx[3 * MANY], one[3], dy[MANY];
    ad_array y = {0}, ty[MANY] = {{0}}, y1 = {0}, ty1 = {0}, h[3 * MANY] = {{0}}, h1[3] = {{0}};
    ad_array dx[3 * MANY] = {{0}}, dx1[3] = {{0}};
    ad_pullback p;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < MANY; j++) {
            tx[i * MANY + j] = entangled_at[i];
            tx[i * MANY + j].data = points + i + j;
        }
    tx[1].data = NULL; /* zeros */
    ck_assert_int_eq(ad_jvp_many(tape, entangled, 3, entangled_at, MANY, tx, NULL, &y, ty), AD_OK);
    ck_assert_int_eq(ad_hvp_many(tape, total, 3, entangled_at, MANY, tx, NULL, h), AD_OK);
    ck_assert_int_eq(ad_value_with_pullback(tape, entangled, 3, entangled_at, NULL, &p), AD_OK);
    for (int j = 0; j < MANY; j++)
        dy[j] = AD_VIEW(points + 2 * j, 2, 3);
    ck_assert_int_eq(ad_pull_many(&p, MANY, dy, dx), AD_OK);
#define SAME(a, b) \
    ck_assert_int_eq(ad_test_same(ad_array_view(a), ad_array_view(b), 1e-300, NULL), AD_OK)
    for (int j = 0; j < MANY; j++) {
        for (int i = 0; i < 3; i++)
            one[i] = tx[i * MANY + j];
        ck_assert_int_eq(ad_pull(&p, dy[j], dx1), AD_OK);
        ck_assert_int_eq(ad_jvp(tape, entangled, 3, entangled_at, one, NULL, &y1, &ty1), AD_OK);
        ck_assert_int_eq(ad_hvp(tape, total, 3, entangled_at, one, NULL, h1), AD_OK);
        SAME(ty[j], ty1);
        SAME(y, y1);
        for (int i = 0; i < 3; i++) {
            SAME(h[i * MANY + j], h1[i]);
            SAME(dx[i * MANY + j], dx1[i]);
        }
    }
#undef SAME
    free_all(1, &y), free_all(1, &y1), free_all(1, &ty1), free_all(MANY, ty);
    free_all(3 * MANY, h), free_all(3, h1), free_all(3 * MANY, dx), free_all(3, dx1);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("jacobian");
    TCase *all = tcase_create("jacobian");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_loop_test(all, a_jacobian_is_that_of_the_formula, 0, 3);
    tcase_add_loop_test(all, a_value_may_take_the_place_of_its_operand, 0, 3);
    tcase_add_test(all, forward_and_reverse_agree);
    tcase_add_loop_test(all, types_are_those_of_the_operands, 0, 3);
    tcase_add_loop_test(all, numbers_and_nothing_have_jacobians, 0, 3);
    tcase_add_loop_test(all, many_directions_go_in_blocks, 0, 3);
    tcase_add_test(all, the_mode_is_chosen_by_the_counts);
    tcase_add_test(all, several_jvps_vjps_and_hvps_are_those_of_each);
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
