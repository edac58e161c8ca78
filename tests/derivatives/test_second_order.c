/* Forward mode and second order beyond single operations (those have rows in tests/ops): functions made
 * of several, Hessians as such, and what happens where there is no rule. */
#include "adze/check.h"
#include "adze/op.h"

#include "measured.h"
#include "messages.h"
#include "probe_table.h"
#include "suite.h"

#include <math.h>
#include <string.h>

/* ---- functions of several operations ---------------------------------------------------- */

static const double points[] = {0.5, -1, 0.25, 1.5, -0.75, 1.25, -0.5, 0.125};
static const double targets[] = {1, -1, 0.5, 0};
static const bool chosen[] = {true, false, true};

#define FROZEN(numbers, ...) ad_freeze(t, AD_VIEW(numbers, __VA_ARGS__))
#define LIKE_X(numbers, ...) ad_cast(FROZEN(numbers, __VA_ARGS__), ad_read(x[0]).type)

/* A network of two layers: w1 [2, 3], b1 [3], w2 [3, 1], b2 []. */
static ad_tensor network(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)env;
    ad_tensor h = ad_tanh(ad_add(ad_matmul(LIKE_X(points, 4, 2), x[0]), x[1]));
    ad_tensor y = ad_add(ad_squeeze(ad_matmul(h, x[2]), -1), x[3]);
    return ad_mse(y, LIKE_X(targets, 4));
}

/* (1 - a)^2 + 100 (b - a^2)^2, for each pair. */
static ad_tensor rosenbrock(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor valley = ad_square(ad_sub(x[1], ad_square(x[0])));
    return ad_add(ad_square(ad_sub(1, x[0])), ad_mul(valley, 100));
}

/* Rows brought to mean 0 and variance 1. */
static ad_tensor normalised(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor centred = ad_sub(x[0], ad_mean_over(x[0], AD_KEEP(-1)));
    ad_tensor variance = ad_variance_over(x[0], AD_KEEP(-1), 0);
    return ad_mul(ad_div(centred, ad_sqrt(ad_add(variance, 0.1))), x[1]);
}

/* softmax(q k^T) v: q [3, 2], k [4, 2], v [4, 3]. */
static ad_tensor attention(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_matmul(ad_softmax(ad_matmul(x[0], ad_transpose(x[1])), -1), x[2]);
}

/* Every operand used in several ways, through views, parts and a choice. */
static ad_tensor entangled(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)env;
    ad_tensor rows =
        ad_concat(3, (ad_tensor[]){x[0], ad_exp(x[0]), ad_permute(x[1], AD_AXES(1, 0))}, 0);
    ad_tensor part = ad_mul(ad_slice(rows, 0, 1, 4), ad_slice(rows, 0, 0, 3));
    ad_tensor either = ad_where(FROZEN(chosen, 3, 1), ad_sin(part), ad_mul(x[0], part));
    return ad_div(ad_logsumexp_over(either, AD_AXES(0)), ad_add(ad_sum(ad_square(x[1])), 1));
}

#define S(...)                                              \
    {                                                       \
        sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), \
        {                                                   \
            __VA_ARGS__                                     \
        }                                                   \
    }

/* clang-format off */
static const gradient_case functions[] = {
    {.name = "network", .f = network, .n = 4, .shape = {S(2, 3), S(3), S(3, 1), {0, {0}}}},
    {.name = "rosenbrock", .f = rosenbrock, .n = 2, .shape = {S(4), S(4)}, .low = -1, .high = 1},
    {.name = "normalised", .f = normalised, .n = 2, .shape = {S(2, 4), S(4)}},
    {.name = "attention", .f = attention, .n = 3, .shape = {S(3, 2), S(4, 2), S(4, 3)}},
    {.name = "entangled", .f = entangled, .n = 2, .shape = {S(3, 2), S(2, 3)}, .low = -1, .high = 1},
};
/* clang-format on */
op_table the_table = {functions, sizeof functions / sizeof *functions, NULL, 0};

/* ---- Hessians --------------------------------------------------------------------------- */

static ad_tensor cubes_and_products(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_add(ad_pow(x[0], 3), ad_mul(x[0], ad_square(x[1]))));
}

/* f = a^3 + a b^2 has the Hessian [6 a, 2 b; 2 b, 2 a]. */
START_TEST(a_hessian_by_hand)
{
    static const double a[] = {1, -2, 0}, b[] = {3, 0.5, -1}, ta[] = {1, 2, -1}, tb[] = {-1, 1, 4};
    ad_view x[] = {AD_VIEW(a, 3), AD_VIEW(b, 3)}, tx[] = {AD_VIEW(ta, 3), AD_VIEW(tb, 3)};
    ad_array hvp[2] = {{0}, {0}};
    ad_tape *t = ad_tape_new(NULL);
    ck_assert_int_eq(ad_hvp(t, cubes_and_products, 2, x, tx, NULL, hvp), AD_OK);
    for (int i = 0; i < 3; i++) {
        double *h[] = {hvp[0].data, hvp[1].data};
        ck_assert_double_eq_tol(h[0][i], 6 * a[i] * ta[i] + 2 * b[i] * tb[i], 1e-14);
        ck_assert_double_eq_tol(h[1][i], 2 * b[i] * ta[i] + 2 * a[i] * tb[i], 1e-14);
    }
    ck_assert_uint_eq(measured(t).nodes, 0);
    ad_array_free(&hvp[0]);
    ad_array_free(&hvp[1]);
    ad_tape_free(t);
}
END_TEST

enum { WEIGHTS = 13 }; /* of the network */

/* A row of the network's Hessian: its product with a unit vector. */
static void hessian_row(ad_tape *t, const double *w, int row, double *out)
{
    double unit[WEIGHTS] = {0};
    unit[row] = 1;
#define PARTS(p) \
    {AD_VIEW(p, 2, 3), AD_VIEW((p) + 6, 3), AD_VIEW((p) + 9, 3, 1), AD_VIEW_SCALAR((p) + 12)}
    ad_view x[] = PARTS(w), tx[] = PARTS((const double *)unit);
#undef PARTS
    ad_array hvp[4] = {{0}, {0}, {0}, {0}};
    ck_assert_int_eq(ad_hvp(t, network, 4, x, tx, NULL, hvp), AD_OK);
    for (int i = 0; i < 4; i++) {
        ad_view v = ad_array_view(hvp[i]);
        for (size_t k = 0; k < ad_view_count(&v); k++)
            *out++ = ad_view_get(&v, k);
        ad_array_free(&hvp[i]);
    }
}

START_TEST(a_hessian_is_symmetric)
{
    double w[WEIGHTS], hessian[WEIGHTS][WEIGHTS];
    ad_tape *t = ad_tape_new(NULL);
    for (int i = 0; i < WEIGHTS; i++)
        w[i] = sin(3.0 * i + 1);
    for (int i = 0; i < WEIGHTS; i++)
        hessian_row(t, w, i, hessian[i]);
    double largest = 0;
    for (int i = 0; i < WEIGHTS; i++)
        for (int k = 0; k < WEIGHTS; k++) {
            ck_assert_double_eq_tol(hessian[i][k], hessian[k][i], 1e-14);
            largest = fmax(largest, fabs(hessian[i][k]));
        }
    ck_assert_double_gt(largest, 0.1);
    ad_tape_free(t);
}
END_TEST

static ad_tensor linear(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)env;
    return ad_sum(ad_matmul(LIKE_X(points, 4, 2), ad_transpose(x[0])));
}

START_TEST(a_linear_function_has_a_hessian_of_zeros)
{
    static const double a[] = {1, 2, 3, 4}, ta[] = {5, 6, 7, 8};
    ad_view x = AD_VIEW(a, 2, 2), tx = AD_VIEW(ta, 2, 2);
    ad_array hvp = {0};
    ad_tape *t = ad_tape_new(NULL);
    ck_assert_int_eq(ad_hvp(t, linear, 1, &x, &tx, NULL, &hvp), AD_OK);
    ck_assert_int_eq(ad_test_near_zero(ad_array_view(hvp), 1e-300, NULL), AD_OK);
    ad_array_free(&hvp);
    ad_tape_free(t);
}
END_TEST

/* ---- constants and missing rules --------------------------------------------------------- */

static ad_tensor stopped(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_mul(x[0], ad_stop_gradient(ad_square(x[0])));
}

/* y = x [x^2], with the brackets held constant: ty = x^2 tx. */
START_TEST(tangents_do_not_pass_stop_gradient)
{
    static const double a[] = {3, -2}, ta[] = {1, 10};
    ad_view x = AD_VIEW(a, 2), tx = AD_VIEW(ta, 2);
    ad_array y = {0}, ty = {0};
    ad_tape *t = ad_tape_new(NULL);
    ck_assert_int_eq(ad_jvp(t, stopped, 1, &x, &tx, NULL, &y, &ty), AD_OK);
    ck_assert_double_eq(((double *)y.data)[0], 27);
    ck_assert_double_eq(((double *)ty.data)[0], 9);
    ck_assert_double_eq(((double *)ty.data)[1], 40);
    ad_array_free(&y);
    ad_array_free(&ty);
    ad_tape_free(t);
}
END_TEST

static ad_tensor compared(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)env;
    return ad_sum(ad_where(ad_greater(x[0], 0), FROZEN(points, 2), 0));
}

static void halve(const ad_forward_args *c)
{
    for (size_t i = 0; i < ad_array_count(&c->y); i++)
        ((double *)c->y.data)[i] = ad_view_get(&c->x[0], i) / 2;
}

static void halve_pullback(const ad_pullback_args *c)
{
    for (size_t i = 0; i < ad_array_count(&c->dx[0]); i++)
        ((double *)c->dx[0].data)[i] += ad_view_get(&c->dy, i) / 2;
}

static void halve_jvp(const ad_jvp_args *c)
{
    for (size_t i = 0; i < ad_array_count(&c->ty); i++)
        ((double *)c->ty.data)[i] = ad_view_get(&c->tx[0], i) / 2;
}

/* A user's ops, of which the first has a pullback alone. */
static const ad_op half_known = {.size = sizeof(ad_op),
                                 .name = "half_known",
                                 .arity = 1,
                                 .shape = ad_shape_first,
                                 .forward = halve,
                                 .pullback = halve_pullback};
static const ad_op half_bent = {.size = sizeof(ad_op),
                                .name = "half_bent",
                                .arity = 1,
                                .shape = ad_shape_first,
                                .forward = halve,
                                .pullback = halve_pullback,
                                .jvp = halve_jvp};

/* sum(square(x[0]) op(x[1])): the op, from env, sees x[1] only. */
static ad_tensor through(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t;
    return ad_sum(ad_mul(ad_square(x[0]), ad_apply(env, &x[1], NULL)));
}

typedef struct lack {
    ad_function *f;
    const ad_op *op;
    const char *jvp_message, *hvp_message; /* "": there is no error */
} lack;

static const lack lacks[] = {
    {through, &half_known, "half_known: there is no jvp (forward-mode rule)",
     "half_known: there is no jvp (forward-mode rule)"},
    {through, &half_bent, "", "half_bent: there is no second derivative (no curvature rule)"},
    {compared, NULL,
     "push_tangents: the root depends on a watched leaf only through greater, which has no "
     "derivative",
     "push_tangents: the root depends on a watched leaf only through greater, which has no "
     "derivative"},
};

START_TEST(a_missing_rule_is_an_error_that_names_the_op_and_leaves_the_results_alone)
{
    static const double a[] = {1, 2}, ta[] = {1, 1};
    const lack *l = &lacks[_i];
    int n = l->op ? 2 : 1;
    ad_view x[] = {AD_VIEW(a, 2), AD_VIEW(a, 2)}, tx[] = {AD_VIEW(ta, 2), AD_VIEW(ta, 2)};
    ad_array y = {0}, ty = {0}, hvp[2] = {{0}, {0}};
    ad_tape *t = ad_tape_new(NULL);
    bool fails = *l->jvp_message;
    ck_assert_int_eq(ad_jvp(t, l->f, n, x, tx, l->op, &y, &ty), fails ? AD_NO_DERIVATIVE : AD_OK);
    ck_assert_str_eq(message_of(t), l->jvp_message);
    ck_assert(!y.data == fails && !ty.data == fails);
    ad_tape_reset(t);
    ck_assert_int_eq(ad_hvp(t, l->f, n, x, tx, l->op, hvp), AD_NO_DERIVATIVE);
    ck_assert_str_eq(message_of(t), l->hvp_message);
    ck_assert(!hvp[0].data && !hvp[1].data);
    ad_array_free(&y);
    ad_array_free(&ty);
    ad_tape_free(t);
}
END_TEST

/* With f = sum(a^2 b / 2) and a tangent of a alone: (b ta, a ta). */
START_TEST(an_op_that_no_tangent_comes_to_needs_no_rule)
{
    static const double a[] = {1, 2}, b[] = {3, 5}, ta[] = {1, 10};
    ad_view x[] = {AD_VIEW(a, 2), AD_VIEW(b, 2)}, tx[] = {AD_VIEW(ta, 2), {0}};
    ad_array hvp[2] = {{0}, {0}};
    ad_tape *t = ad_tape_new(NULL);
    ck_assert_int_eq(ad_hvp(t, through, 2, x, tx, &half_known, hvp), AD_OK);
    ck_assert_double_eq(((double *)hvp[0].data)[1], 50);
    ck_assert_double_eq(((double *)hvp[1].data)[1], 20);
    ad_array_free(&hvp[0]);
    ad_array_free(&hvp[1]);
    ad_tape_free(t);
}
END_TEST

static ad_tensor squares(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_square(x[0]);
}

START_TEST(a_hessian_is_of_one_number_and_tangents_have_their_operands_shape)
{
    static const double a[] = {1, 2};
    ad_view x = AD_VIEW(a, 2), longer = AD_VIEW(points, 3);
    ad_array hvp = {0}, y = {0}, ty = {0};
    ad_tape *t = ad_tape_new(NULL);
    ck_assert_int_eq(ad_hvp(t, squares, 1, &x, &x, NULL, &hvp), AD_BAD_SHAPE);
    ck_assert_ptr_nonnull(strstr(message_of(t), "the root must have one element, square gave [2]"));
    ad_tape_reset(t);
    ck_assert_int_eq(ad_jvp(t, squares, 1, &x, &longer, NULL, &y, &ty), AD_BAD_SHAPE);
    ck_assert(!hvp.data && !y.data && !ty.data);
    ad_tape_free(t);
}
END_TEST

START_TEST(a_tangent_stays_while_the_tape_grows)
{
    static const double a[] = {1, 2}, ta[] = {3, -5};
    ad_tape *t = ad_tape_new(NULL);
    ad_tensor x = ad_watch(t, AD_VIEW(a, 2)), y = x;
    ck_assert_int_eq(ad_set_tangent(x, AD_VIEW(ta, 2)), AD_OK);
    for (int i = 0; i < 1000; i++)
        y = ad_neg(y);
    ck_assert_int_eq(ad_push_tangents(y), AD_OK);
    ad_view ty = ad_tangent(y);
    ck_assert(ad_view_get(&ty, 0) == 3 && ad_view_get(&ty, 1) == -5);
    ad_tape_free(t);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("second order");
    TCase *hessians = tcase_create("hessians"), *rules = tcase_create("rules");
    tcase_add_test(hessians, a_hessian_by_hand);
    tcase_add_test(hessians, a_hessian_is_symmetric);
    tcase_add_test(hessians, a_linear_function_has_a_hessian_of_zeros);
    tcase_add_test(hessians, a_hessian_is_of_one_number_and_tangents_have_their_operands_shape);
    tcase_add_test(rules, tangents_do_not_pass_stop_gradient);
    tcase_add_test(rules, a_tangent_stays_while_the_tape_grows);
    tcase_add_loop_test(rules,
                        a_missing_rule_is_an_error_that_names_the_op_and_leaves_the_results_alone,
                        0, sizeof lacks / sizeof *lacks);
    tcase_add_test(rules, an_op_that_no_tangent_comes_to_needs_no_rule);
    suite_add_tcase(suite, row_checks());
    suite_add_tcase(suite, hessians);
    suite_add_tcase(suite, rules);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
