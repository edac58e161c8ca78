/* The gradient inside a function: its numbers, and what flows back through it. */
#include "suite.h"

#include <adze.h>
#include <math.h>
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

static const double points[] = {0.5, -1, 0.25, 1.5, -0.75, 1.25};
static const double weights[] = {0.3, -0.8, 1.1, 0.6, -0.2, 0.9};
static const double some[] = {1, -2, 0.5, 3, -1, 2};

static void expect_near(ad_view got, size_t n, const double *wanted, double tolerance)
{
    ck_assert_msg(got.data != NULL, "%s", ad_tape_error(tape));
    ck_assert_uint_eq(ad_view_count(&got), n);
    for (size_t i = 0; i < n; i++)
        ck_assert_msg(fabs(ad_view_get(&got, i) - wanted[i]) <= tolerance * (1 + fabs(wanted[i])),
                      "[%zu] is %.17g, not %.17g", i, ad_view_get(&got, i), wanted[i]);
}

/* ---- functions --------------------------------------------------------------------- */

/* sum a x^3, for x and a: gradients 3 a x^2 and x^3. */
static ad_tensor cubes(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_mul(x[1], ad_powi(x[0], 3)));
}

/* A critic of points x [n, 2]: sum tanh(x w + b) v, with w [2, 3], b [3], v [3]. */
static ad_tensor critic(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor h = ad_tanh(ad_add(ad_matmul(x[0], x[1]), x[2]));
    return ad_sum(ad_mul(h, x[3]));
}

/* The mean of (|df / dx| - 1)^2, for each row of x. */
static ad_tensor penalty(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor slope;
    ad_gradient_node(critic, 4, x, 1, NULL, &slope);
    ad_tensor norm = ad_sqrt(ad_sum_over(ad_square(slope), AD_AXES(-1)));
    return ad_mean(ad_square(ad_sub(norm, 1)));
}

/* The squared gradient by all operands, and the value. */
static ad_tensor all_of_it(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor g[4], y = ad_gradient_node(critic, 4, x, 4, NULL, g);
    for (int i = 0; i < 4; i++)
        y = ad_add(ad_mul(y, y), ad_sum(ad_mul(ad_square(g[i]), ad_sin(x[i]))));
    return y;
}

/* The loss after a step down the gradient of the same loss. */
static ad_tensor after_a_step(ad_tape *t, const ad_tensor *x, const void *env)
{
    ad_tensor g[3], moved[] = {x[0], x[1], x[2], x[3]};
    ad_gradient_node(critic, 4, x, 3, NULL, g);
    for (int i = 0; i < 3; i++)
        moved[i] = ad_sub(x[i], ad_mul(g[i], 0.1));
    return critic(t, moved, env);
}

static ad_tensor squared_slope(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t;
    ad_tensor g;
    ad_gradient_node(cubes, 2, x, 1, env, &g);
    return ad_sum(ad_square(g));
}

/* The rows of a table e [3, 2] that labels choose, and how well w [2] knows them. */
static ad_tensor labelled(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_mean(ad_log1p(ad_square(ad_matvec(ad_gather(x[0], x[2], 0), x[1]))));
}

static ad_tensor label_penalty(ad_tape *t, const ad_tensor *x, const void *env)
{
    ad_tensor g, all[] = {x[0], x[1], ad_freeze(t, *(const ad_view *)env)};
    ad_gradient_node(labelled, 3, all, 1, NULL, &g);
    return ad_sum(ad_square(g));
}

/* Each number to its own, by broadcasting. */
static ad_tensor spread(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_exp(ad_mul(ad_mul(x[0], x[1]), x[2])));
}

static ad_tensor spread_penalty(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor g[2], y = ad_gradient_node(spread, 3, x, 2, NULL, g);
    return ad_add(ad_sum(ad_mul(g[0], g[1])), ad_log(y));
}

/* ---- numbers ----------------------------------------------------------------------- */

START_TEST(a_gradient_is_a_value_like_others)
{
    double wanted[3], sum = 0;
    ad_tensor x[] = {ad_freeze(tape, AD_VIEW(points, 3)), ad_freeze(tape, AD_VIEW(weights, 3))};
    ad_tensor g[2], y = ad_gradient_node(cubes, 2, x, 2, NULL, g);
    for (int i = 0; i < 3; i++) {
        wanted[i] = 3 * weights[i] * points[i] * points[i];
        sum += weights[i] * points[i] * points[i] * points[i];
    }
    expect_near(ad_read(g[0]), 3, wanted, 1e-15);
    expect_near(ad_read(y), 1, &sum, 1e-15);
    for (int i = 0; i < 3; i++)
        wanted[i] = pow(points[i], 3);
    expect_near(ad_read(g[1]), 3, wanted, 1e-15);
    ck_assert_int_eq(ad_shape_of(y).rank, 0);
    ck_assert(!ad_is_tracked(g[0]) && !ad_is_tracked(y));
    ad_gradient_node(cubes, 2, x, 2, NULL, x); /* in the operands' place */
    expect_near(ad_read(x[1]), 3, wanted, 1e-15);
}
END_TEST

/* P = sum (3 a x^2)^2 + 2 f: dP/dx = 36 a^2 x^3 + 6 a x^2, dP/da = 18 a x^4 + 2 x^3. */
START_TEST(what_flows_back_agrees_with_the_formulas)
{
    double dx[3], da[3];
    for (int i = 0; i < 3; i++) {
        double a = weights[i], p = points[i];
        dx[i] = 36 * a * a * p * p * p + 6 * a * p * p;
        da[i] = 18 * a * pow(p, 4) + 2 * pow(p, 3);
    }
    for (unsigned watched = 1; watched < 4; watched++) {
        ad_view at[] = {AD_VIEW(points, 3), AD_VIEW(weights, 3)};
        ad_tensor x[2], g;
        for (int i = 0; i < 2; i++)
            x[i] = watched >> i & 1 ? ad_watch(tape, at[i]) : ad_freeze(tape, at[i]);
        ad_tensor y = ad_gradient_node(cubes, 2, x, 1, NULL, &g);
        ad_backward(ad_add(ad_sum(ad_square(g)), ad_mul(y, 2)));
        if (watched & 1)
            expect_near(ad_grad(x[0]), 3, dx, 1e-14);
        if (watched & 2)
            expect_near(ad_grad(x[1]), 3, da, 1e-14);
        ad_tape_reset(tape);
    }
}
END_TEST

/* clang-format off */
#define S(...) {sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), {__VA_ARGS__}}
static const int32_t chosen[] = {2, 0, 2, 1};
static const ad_view labels = {chosen, AD_I32, S(4), {1}};
static const struct {
    const char *name;
    ad_function *f;
    int n;
    ad_shape shape[4];
    const void *env;
} formulas[] = {
    {"penalty", penalty, 4, {S(3, 2), S(2, 3), S(3), S(3)}, NULL},
    {"all of it", all_of_it, 4, {S(3, 2), S(2, 3), S(3), S(3)}, NULL},
    {"after a step", after_a_step, 4, {S(3, 2), S(2, 3), S(3), S(3)}, NULL},
    {"squared slope", squared_slope, 2, {S(4), S(4)}, NULL},
    {"labels", label_penalty, 2, {S(3, 2), S(2)}, &labels},
    {"broadcast", spread_penalty, 3, {S(2, 1), S(1, 3), {0, {0}}}, NULL},
};
/* clang-format on */
enum { FORMULAS = sizeof formulas / sizeof *formulas };

static void take_operands(int row, uint64_t seed, ad_type type, ad_array *x)
{
    ad_random r = ad_random_new(seed, 0);
    for (int i = 0; i < formulas[row].n; i++) {
        x[i] = ad_zeros(type, formulas[row].shape[i]);
        ad_fill_uniform(&x[i], &r, -1, 1);
    }
}

static void free_all(int n, ad_array *x)
{
    while (n > 0)
        ad_array_free(&x[--n]);
}

static ad_view *views_of(int n, const ad_array *x, ad_view *v)
{
    for (int i = 0; i < n; i++)
        v[i] = ad_array_view(x[i]);
    return v;
}

START_TEST(gradients_agree_with_differences)
{
    ad_array x[4];
    ad_view v[4];
    ad_error error = {0};
    ad_check_report report = {.size = sizeof report};
    ad_check_options o = {.size = sizeof o, .report = &report};
    for (int type = AD_F32; type <= AD_F64; type++) {
        int n = formulas[_i].n;
        take_operands(_i, 1, (ad_type)type, x);
        ad_status status =
            ad_check_gradient(formulas[_i].f, n, views_of(n, x, v), formulas[_i].env, &o, &error);
        ck_assert_msg(status == AD_OK, "%s: %s", formulas[_i].name, error.text);
        ck_assert_uint_gt(report.settled, report.numbers / 2);
        free_all(n, x);
    }
}
END_TEST

/* The derivative along a direction t, forward, is the product of gradient and t. */
START_TEST(jvps_agree_with_gradients)
{
    ad_array x[4], t[4], g[4] = {{0}}, y = {0}, ty = {0};
    ad_view vx[4], vt[4];
    int n = formulas[_i].n;
    double sum = 0;
    take_operands(_i, 1, AD_F64, x);
    take_operands(_i, 2, AD_F64, t);
    views_of(n, x, vx);
    views_of(n, t, vt);
    ad_gradient(tape, formulas[_i].f, n, vx, formulas[_i].env, g);
    ad_jvp(tape, formulas[_i].f, n, vx, vt, formulas[_i].env, &y, &ty);
    ck_assert_msg(ad_tape_status(tape) == AD_OK, "%s", ad_tape_error(tape));
    for (int i = 0; i < n; i++)
        for (size_t k = 0; k < ad_array_count(&g[i]); k++)
            sum += ((double *)g[i].data)[k] * ((double *)t[i].data)[k];
    expect_near(ad_array_view(ty), 1, &sum, 1e-12);
    free_all(n, x);
    free_all(n, t);
    free_all(n, g);
    ad_array_free(&y);
    ad_array_free(&ty);
}
END_TEST

START_TEST(numbers_in_f32_are_those_of_f64)
{
    ad_array x[2][4], g[2][4] = {{{0}}};
    ad_view v[4];
    int n = formulas[_i].n;
    for (int wide = 0; wide < 2; wide++) {
        take_operands(_i, 1, AD_F32, x[wide]);
        ad_tape_widen(tape, wide);
        ad_gradient(tape, formulas[_i].f, n, views_of(n, x[wide], v), formulas[_i].env, g[wide]);
        ck_assert_msg(ad_tape_status(tape) == AD_OK, "%s", ad_tape_error(tape));
        ad_tape_reset(tape);
    }
    for (int i = 0; i < n; i++) {
        ck_assert(g[0][i].type == AD_F32 && g[1][i].type == AD_F64);
        expect_near(ad_array_view(g[0][i]), ad_array_count(&g[1][i]), g[1][i].data, 2e-5);
    }
    for (int wide = 0; wide < 2; wide++) {
        free_all(n, x[wide]);
        free_all(n, g[wide]);
    }
}
END_TEST

static ad_tensor slope_along(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor g[3], along = ad_constant(t, AD_F64, 0);
    ad_gradient_node(critic, 4, x, 3, NULL, g);
    for (int i = 0; i < 3; i++)
        along = ad_add(along, ad_sum(ad_mul(g[i], ad_freeze(t, ((const ad_view *)env)[i]))));
    return along;
}

/* The gradient of <g, v> is H v. */
START_TEST(the_gradient_of_a_gradient_is_a_hessian_vector_product)
{
    ad_array x[4], hvp[4] = {{0}}, double_gradient[4] = {{0}};
    ad_view v[4], tx[] = {AD_VIEW(some, 3, 2), AD_VIEW(weights, 2, 3), AD_VIEW(points, 3), {0}};
    take_operands(0, 1, AD_F64, x);
    views_of(4, x, v);
    ck_assert_int_eq(ad_hvp(tape, critic, 4, v, tx, NULL, hvp), AD_OK);
    ck_assert_int_eq(ad_gradient(tape, slope_along, 4, v, tx, double_gradient), AD_OK);
    for (int i = 0; i < 4; i++)
        expect_near(ad_array_view(double_gradient[i]), ad_array_count(&hvp[i]), hvp[i].data, 1e-14);
    free_all(4, x);
    free_all(4, hvp);
    free_all(4, double_gradient);
}
END_TEST

START_TEST(a_tensor_may_be_several_operands)
{
    double wanted[3];
    ad_tensor x = ad_watch(tape, AD_VIEW(points, 3)), g[2];
    ad_gradient_node(cubes, 2, (ad_tensor[]){x, x}, 2, NULL, g); /* x^4: 4 x^3 in all */
    ad_backward(ad_sum(ad_square(ad_add(g[0], g[1]))));
    for (int i = 0; i < 3; i++)
        wanted[i] = 6 * 16 * pow(points[i], 5);
    expect_near(ad_grad(x), 3, wanted, 1e-14);
}
END_TEST

START_TEST(operands_may_lie_at_strides_and_be_empty)
{
    double wanted[6];
    ad_tensor x = ad_watch(tape, AD_VIEW(points, 2, 3)),
              w = ad_freeze(tape, AD_VIEW(weights, 3, 2));
    ad_tensor none = ad_watch(tape, AD_VIEW(points, 0, 3)), g[2];
    ad_gradient_node(cubes, 2, (ad_tensor[]){ad_transpose(x), w}, 1, NULL, g);
    ad_backward(ad_sum(ad_square(g[0])));
    for (int i = 0; i < 6; i++)
        wanted[i] = 36 * pow(weights[i % 3 * 2 + i / 3], 2) * pow(points[i], 3);
    expect_near(ad_grad(x), 6, wanted, 1e-14);
    ad_tensor y = ad_gradient_node(cubes, 2, (ad_tensor[]){none, none}, 2, NULL, g);
    ck_assert_double_eq(ad_item(y), 0);
    ck_assert(ad_shape_of(g[1]).dim[0] == 0 && ad_shape_of(g[1]).dim[1] == 3);
    ck_assert_int_eq(ad_backward(ad_add(y, ad_sum(g[1]))), AD_OK);
}
END_TEST

/* sum(a^3 b^2), of an a in f64 and a b in f32. */
static ad_tensor of_both_types(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_mul(ad_mul(ad_square(x[0]), x[0]), ad_square(ad_cast(x[1], AD_F64))));
}

START_TEST(operands_of_both_float_types_have_gradients_of_their_own)
{
    const double a[] = {0.5, -1.5, 2};
    const float b[] = {2, 0.25, -1};
    double da[3], db[3];
    ad_tensor x[] = {ad_watch(tape, AD_VIEW(a, 3)), ad_watch(tape, AD_VIEW(b, 3))}, g[2];
    ad_gradient_node(of_both_types, 2, x, 2, NULL, g);
    ck_assert(ad_read(g[0]).type == AD_F64 && ad_read(g[1]).type == AD_F32);
    ck_assert_int_eq(ad_backward(ad_sum(ad_mul(g[0], ad_cast(g[1], AD_F64)))), AD_OK);
    for (int i = 0; i < 3; i++) { /* 3 a^2 b^2 times 2 a^3 b */
        da[i] = 30 * pow(a[i], 4) * pow((double)b[i], 3);
        db[i] = 18 * pow(a[i], 5) * pow((double)b[i], 2);
    }
    expect_near(ad_grad(x[0]), 3, da, 1e-5);
    expect_near(ad_grad(x[1]), 3, db, 1e-5);
}
END_TEST

static ad_tensor constant(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)x, (void)env;
    return ad_constant(t, AD_F64, 5);
}

START_TEST(the_gradient_of_a_constant_is_zero)
{
    ad_tensor x = ad_watch(tape, AD_VIEW(points, 2)), g;
    ad_tensor y = ad_gradient_node(constant, 1, &x, 1, NULL, &g);
    ck_assert_double_eq(ad_item(y), 5);
    expect_near(ad_read(g), 2, (double[2]){0}, 0);
    ck_assert_int_eq(ad_backward(ad_add(ad_sum(ad_exp(g)), y)), AD_OK);
    expect_near(ad_grad(x), 2, (double[2]){0}, 0);
    ad_set_tangent(x, AD_VIEW(some, 2));
    ck_assert_int_eq(ad_push_tangents(y), AD_OK);
    expect_near(ad_tangent(y), 1, (double[1]){0}, 0);
}
END_TEST

START_TEST(all_checks_together_let_right_things_pass)
{
    ad_array x[4], g[2][4] = {{{0}}};
    ad_view v[4];
    int n = formulas[_i].n;
    ad_tape_options o = {.size = sizeof o,
                         .checks = AD_CHECK_BOUNDS | AD_CHECK_NUMBERS | AD_CHECK_REACHED |
                                   AD_CHECK_BORROWED | AD_CHECK_THREADS};
    ad_tape *tapes[] = {tape, ad_tape_new(&o)};
    take_operands(_i, 1, AD_F64, x);
    for (int k = 0; k < 2; k++) {
        ad_gradient(tapes[k], formulas[_i].f, n, views_of(n, x, v), formulas[_i].env, g[k]);
        ck_assert_msg(ad_tape_status(tapes[k]) == AD_OK, "%s", ad_tape_error(tapes[k]));
    }
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(memcmp(g[0][i].data, g[1][i].data, ad_array_count(&x[i]) * sizeof(double)),
                         0);
    free_all(n, x);
    free_all(n, g[0]);
    free_all(n, g[1]);
    ad_tape_free(tapes[1]);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("gradient nodes");
    TCase *all = tcase_create("gradient nodes");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, a_gradient_is_a_value_like_others);
    tcase_add_test(all, what_flows_back_agrees_with_the_formulas);
    tcase_add_loop_test(all, gradients_agree_with_differences, 0, FORMULAS);
    tcase_add_loop_test(all, jvps_agree_with_gradients, 0, FORMULAS);
    tcase_add_loop_test(all, numbers_in_f32_are_those_of_f64, 0, FORMULAS);
    tcase_add_test(all, the_gradient_of_a_gradient_is_a_hessian_vector_product);
    tcase_add_test(all, a_tensor_may_be_several_operands);
    tcase_add_test(all, operands_may_lie_at_strides_and_be_empty);
    tcase_add_test(all, operands_of_both_float_types_have_gradients_of_their_own);
    tcase_add_test(all, the_gradient_of_a_constant_is_zero);
    tcase_add_loop_test(all, all_checks_together_let_right_things_pass, 0, FORMULAS);
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
