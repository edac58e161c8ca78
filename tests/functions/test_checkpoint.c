/* Checkpoints against the same functions without: values, sweeps of every kind, failures. */
#include "measured.h"
#include "messages.h"
#include "suite.h"

#include <adze.h>
#include <float.h>
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

static const double numbers[] = {0.5, -1, 0.25, 1.5, -0.75, 1.25};
static const double others[] = {0.3, -0.8, 1.1, 0.6, -0.2, 0.9};
static const double some[] = {1, -2, 0.5, 3, -1, 2};
static const int32_t labels[] = {2, 0};

/* ---- functions --------------------------------------------------------------------- */

/* An operation of a user's own: x^2 / 2, to the third order right. */
static void half_forward(const ad_forward_args *c)
{
    for (size_t i = 0; i < ad_array_count(&c->y); i++)
        ((double *)c->y.data)[i] = ad_view_get(&c->x[0], i) * ad_view_get(&c->x[0], i) / 2;
}
static void half_pullback(const ad_pullback_args *c)
{
    for (size_t i = 0; i < ad_view_count(&c->dy); i++)
        ((double *)c->dx[0].data)[i] += ad_view_get(&c->dy, i) * ad_view_get(&c->x[0], i);
}
static void half_jvp(const ad_jvp_args *c)
{
    for (size_t i = 0; i < ad_array_count(&c->ty); i++)
        ((double *)c->ty.data)[i] = ad_view_get(&c->tx[0], i) * ad_view_get(&c->x[0], i);
}
static void half_curvature(const ad_curvature_args *c)
{
    for (size_t i = 0; i < ad_view_count(&c->dy); i++)
        ((double *)c->tdx[0].data)[i] += ad_view_get(&c->dy, i) * ad_view_get(&c->tx[0], i);
}
static const ad_op half_op = {.size = sizeof(ad_op),
                              .name = "half_square",
                              .arity = 1,
                              .shape = ad_shape_first,
                              .forward = half_forward,
                              .pullback = half_pullback,
                              .jvp = half_jvp,
                              .curvature = half_curvature};

static ad_tensor layer(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_tanh(ad_matmul(x[0], ad_matmul(ad_transpose(x[1]), x[1])));
}

static ad_tensor noisy(ad_tape *t, const ad_tensor *x, const void *env)
{
    const ad_key *key = env;
    ad_tensor z = ad_normal(t, AD_F64, AD_SHAPE(2, 3), 0, 0.1, ad_key_split(*key, 1));
    return ad_dropout(ad_add(ad_mul(x[0], x[1]), z), 0.4, ad_key_split(*key, 0));
}

static ad_tensor own_op(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_mul(ad_apply(&half_op, &x[0], NULL), ad_sin(x[1]));
}

/* Its value is a view, at strides. */
static ad_tensor view_of(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_transpose(ad_mul(x[0], x[1]));
}

static ad_tensor constant(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)x, (void)env;
    return ad_freeze(t, AD_VIEW(some, 2, 3));
}

static ad_tensor first_operand(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return x[0];
}

static ad_tensor one_number(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_logsumexp(ad_mul(x[0], ad_exp(x[1])));
}

static ad_tensor inner_checkpoint(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t;
    ad_tensor h[] = {ad_checkpoint(layer, 2, x, env), x[1]};
    return ad_mul(ad_checkpoint(own_op, 2, h, env), x[0]);
}

static ad_tensor three_deep(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t;
    ad_tensor h[] = {ad_checkpoint(inner_checkpoint, 2, x, env), ad_exp(x[1])};
    return ad_add(ad_checkpoint(inner_checkpoint, 2, h, env), x[1]);
}

/* The same without checkpoints. */
static ad_tensor plain_inner(ad_tape *t, const ad_tensor *x, const void *env)
{
    ad_tensor h[] = {layer(t, x, env), x[1]};
    return ad_mul(own_op(t, h, env), x[0]);
}

static ad_tensor plain_three(ad_tape *t, const ad_tensor *x, const void *env)
{
    ad_tensor h[] = {plain_inner(t, x, env), ad_exp(x[1])};
    return ad_add(plain_inner(t, h, env), x[1]);
}

static const struct pair {
    const char *name;
    ad_function *f, *plain;
} pairs[] = {
    {"a layer", layer, layer},
    {"noise", noisy, noisy},
    {"an operation of the user's", own_op, own_op},
    {"a view", view_of, view_of},
    {"a constant", constant, constant},
    {"its operand", first_operand, first_operand},
    {"one number", one_number, one_number},
    {"nested twice", inner_checkpoint, plain_inner},
    {"nested three times", three_deep, plain_three},
};
enum { PAIRS = sizeof pairs / sizeof *pairs };

static const ad_key a_key = {17, 4};

/* ---- against functions without ------------------------------------------------------ */

typedef struct formula {
    ad_function *f;
    bool checkpoint;
} formula;

/* The sum of w f(x)^2, with weights that differ. */
static ad_tensor weigh(ad_tape *t, const ad_tensor *x, const void *env)
{
    const formula *c = env;
    ad_tensor y = c->checkpoint ? ad_checkpoint(c->f, 2, x, &a_key) : c->f(t, x, &a_key);
    ad_tensor w = ad_cumsum(ad_add(ad_mul(ad_stop_gradient(ad_flatten(y, 0, -1)), 0), 1), 0, 0);
    return ad_sum(ad_mul(w, ad_square(ad_flatten(y, 0, -1))));
}

static const ad_view operands[] = {{numbers, AD_F64, {2, {2, 3}}, {3, 1}},
                                   {others, AD_F64, {2, {2, 3}}, {3, 1}}};
static const ad_view tangents[] = {{some, AD_F64, {2, {2, 3}}, {3, 1}},
                                   {numbers, AD_F64, {2, {2, 3}}, {3, 1}}};

static void same(const char *name, ad_array a, ad_array b, double tolerance)
{
    ad_error error = {0};
    ck_assert_msg(ad_test_same(ad_array_view(a), ad_array_view(b), tolerance, &error) == AD_OK,
                  "%s: %s", name, error.text);
    ad_array_free(&a);
    ad_array_free(&b);
}

/* f is the only user of x: nothing is added up in another order, so that the bits are the same. */
START_TEST(values_and_gradients_have_the_same_bits)
{
    const struct pair *p = &pairs[_i];
    ad_array g[2][2] = {{{0}, {0}}, {{0}, {0}}};
    double value[2];
    for (int k = 0; k < 2; k++) {
        formula c = {k ? p->f : p->plain, k};
        ck_assert_msg(ad_value_with_gradient(tape, weigh, 2, operands, &c, &value[k], g[k]) ==
                          AD_OK,
                      "%s: %s", p->name, message_of(tape));
    }
    ck_assert(memcmp(&value[0], &value[1], sizeof *value) == 0);
    bool nested = p->f != p->plain; /* gradients of the parts are added up by part */
    for (int i = 0; i < 2; i++) {
        same(p->name, g[0][i], g[1][i], nested ? 1e-13 : DBL_MIN); /* -0 is 0 */
    }
}
END_TEST

/* Both operands have tangents, or the first, or the second. */
START_TEST(tangents_and_second_derivatives_are_the_same)
{
    const struct pair *p = &pairs[_i / 3];
    ad_view tx[2] = {tangents[0], tangents[1]};
    ad_array y[2] = {{0}, {0}}, ty[2] = {{0}, {0}}, h[2][2] = {{{0}, {0}}, {{0}, {0}}};
    if (_i % 3)
        tx[2 - _i % 3].data = NULL;
    for (int k = 0; k < 2; k++) {
        formula c = {k ? p->f : p->plain, k};
        ck_assert_msg(ad_jvp(tape, weigh, 2, operands, tx, &c, &y[k], &ty[k]) == AD_OK &&
                          ad_hvp(tape, weigh, 2, operands, tx, &c, h[k]) == AD_OK,
                      "%s: %s", p->name, message_of(tape));
    }
    same(p->name, y[0], y[1], 1e-15);
    same(p->name, ty[0], ty[1], 1e-12);
    same(p->name, h[0][0], h[1][0], 1e-10);
    same(p->name, h[0][1], h[1][1], 1e-10);
}
END_TEST

/* One tangent of two, one watched of two, and the same operand twice. */
START_TEST(frozen_and_repeated_operands)
{
    const struct pair *p = &pairs[_i];
    for (int way = 0; way < 3; way++) {
        double g[2][2][6] = {{{0}}};
        for (int k = 0; k < 2; k++) {
            formula c = {k ? p->f : p->plain, k};
            ad_tensor x[] = {way == 0 ? ad_freeze(tape, operands[0]) : ad_watch(tape, operands[0]),
                             way == 1 ? ad_freeze(tape, operands[1]) : ad_watch(tape, operands[1])};
            x[1] = way == 2 ? x[0] : x[1];
            ck_assert_msg(ad_backward(weigh(tape, x, &c)) == AD_OK, "%s", message_of(tape));
            for (int i = 0; i < 2; i++)
                if (ad_grad(x[i]).data)
                    memcpy(g[k][i], ad_grad(x[i]).data, sizeof g[k][i]);
            ad_tape_reset(tape);
        }
        for (int i = 0; i < 2; i++)
            for (int j = 0; j < 6; j++)
                ck_assert_msg(fabs(g[0][i][j] - g[1][i][j]) < 1e-13 * (1 + fabs(g[0][i][j])),
                              "%s, way %d: %.17g against %.17g", p->name, way, g[0][i][j],
                              g[1][i][j]);
    }
}
END_TEST

START_TEST(merely_evaluated_it_saves_nothing)
{
    ad_tensor x[] = {ad_freeze(tape, operands[0]), ad_freeze(tape, operands[1])};
    ad_tensor y = ad_checkpoint(layer, 2, x, NULL);
    ck_assert(ad_read(y).data && !ad_is_tracked(y));
}
END_TEST

/* Labels are operands, too, and frozen inside. */
static ad_tensor entropy(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_softmax_cross_entropy(x[0], x[1]);
}

START_TEST(integer_operands_are_frozen)
{
    ad_tensor x[] = {ad_watch(tape, operands[0]), ad_freeze(tape, AD_VIEW(labels, 2))};
    ck_assert_int_eq(ad_backward(ad_checkpoint(entropy, 2, x, NULL)), AD_OK);
    double inside[6];
    memcpy(inside, ad_grad(x[0]).data, sizeof inside);
    ck_assert_int_eq(ad_backward(entropy(tape, x, NULL)), AD_OK);
    ck_assert_mem_eq(inside, ad_grad(x[0]).data, sizeof inside);
}
END_TEST

START_TEST(empty_tensors_pass)
{
    ad_tensor x[] = {ad_watch(tape, AD_VIEW(numbers, 0, 3)), ad_watch(tape, AD_VIEW(others, 0, 3))};
    ad_tensor y = ad_checkpoint(own_op, 2, x, NULL);
    ck_assert_int_eq(ad_backward_from(y, AD_VIEW(some, 0, 3)), AD_OK);
    ck_assert_int_eq((int)ad_shape_of(y).dim[1], 3);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------- */

enum { LAYERS = 24, WIDTH = 1 << 17 };

static ad_tensor deep(ad_tape *t, const ad_tensor *x, const void *env)
{
    ad_tensor y = x[0];
    (void)t;
    for (int i = 0; i < *(const int *)env; i++)
        y = ad_sin(ad_mul(y, 1.0625));
    return y;
}

static size_t memory_of(int pieces)
{
    static double x[WIDTH];
    const int layers = LAYERS / pieces;
    ad_tensor y = ad_watch(tape, AD_VIEW(x, WIDTH));
    for (int i = 0; i < pieces; i++)
        y = pieces == 1 ? deep(tape, &y, &layers) : ad_checkpoint(deep, 1, &y, &layers);
    ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK);
    size_t used = measured(tape).bytes_reserved;
    ad_tape_reset(tape);
    ad_tape_trim(tape);
    return used;
}

/* 48 values, plain; 6 and 8 inside with 6 checkpoints. Cotangents and what blocks leave unused besides. */
START_TEST(a_deep_function_takes_less_memory)
{
    size_t plain = memory_of(1), pieces = memory_of(6), value = WIDTH * sizeof(double);
    ck_assert_msg(plain > 48 * value && 5 * pieces < 2 * plain, "%g and %g",
                  (double)plain / (double)value, (double)pieces / (double)value);
}
END_TEST

/* ---- sweeps ------------------------------------------------------------------------- */

START_TEST(sweeps_repeat_and_go_in_slices)
{
    ad_tensor x[] = {ad_watch(tape, operands[0]), ad_watch(tape, operands[1])};
    ad_tensor y = ad_checkpoint(layer, 2, x, NULL), z = ad_sum(ad_square(y));
    double first[6];
    ck_assert_int_eq(ad_backward(z), AD_OK);
    memcpy(first, ad_grad(x[0]).data, sizeof first);
    ck_assert_int_eq(ad_sweep_begin(z), AD_OK);
    int slices = 0;
    while (ad_sweep_step(tape, 1))
        slices++;
    ck_assert(slices == 2 || slices == 3);
    ck_assert_mem_eq(first, ad_grad(x[0]).data, sizeof first);
    ad_sweep_begin(z);
    ad_sweep_step(tape, 1);
    ad_sweep_cancel(tape);
    ck_assert_int_eq(ad_backward(z), AD_OK);
    ck_assert_mem_eq(first, ad_grad(x[0]).data, sizeof first);
}
END_TEST

static bool count_down(void *user, size_t left)
{
    (void)left;
    return --*(int *)user > 0;
}

START_TEST(a_poll_cancels_inside)
{
    int left = 4;
    ad_tensor x[] = {ad_watch(tape, operands[0]), ad_watch(tape, operands[1])};
    ad_tensor y = ad_sum(ad_square(ad_checkpoint(layer, 2, x, NULL)));
    ad_tape_poll(tape, count_down, &left);
    ck_assert_int_eq(ad_backward(y), AD_CANCELLED);
    ck_assert_int_eq(left, 0);
    ck_assert_ptr_null(ad_grad(x[0]).data);
}
END_TEST

/* ---- failures ----------------------------------------------------------------------- */

static ad_tensor bad_shapes(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_matmul(x[0], ad_square(x[1]));
}

static ad_tensor uses_outer(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t;
    return ad_mul(x[0], *(const ad_tensor *)env);
}

static ad_tensor gives_outer(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)x;
    return *(const ad_tensor *)env;
}

/* Another function each time. */
static ad_tensor impure(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t;
    return ad_mul(x[0], *(const double *)env);
}

static void expect_failure(ad_status status, const char *message)
{
    ck_assert_msg(ad_tape_status(tape) == status && strstr(message_of(tape), message), "%s: %s",
                  ad_status_text(ad_tape_status(tape)), message_of(tape));
    ad_tape_reset(tape);
}

START_TEST(failures_name_the_operation_inside)
{
    ad_tensor x[] = {ad_watch(tape, operands[0]), ad_watch(tape, operands[1])};
    ck_assert_ptr_null(ad_read(ad_checkpoint(bad_shapes, 2, x, NULL)).data);
    expect_failure(AD_BAD_SHAPE, "checkpoint: matmul([2, 3], [2, 3]): columns of the left");
    x[0] = ad_watch(tape, operands[0]);
    ad_checkpoint(uses_outer, 1, x, &x[0]);
    expect_failure(AD_FOREIGN,
                   "checkpoint: mul: operand 1 belongs to the outer tape: make it an operand");
    x[0] = ad_watch(tape, operands[0]);
    ad_checkpoint(gives_outer, 1, x, &x[0]);
    expect_failure(AD_FOREIGN, "checkpoint: the function's result is not on its tape");
}
END_TEST

START_TEST(an_impure_function_is_found_out)
{
    double factor = 2;
    ad_tensor x = ad_watch(tape, operands[0]);
    ad_tensor y = ad_sum(ad_checkpoint(impure, 1, &x, &factor));
    ck_assert_int_eq(ad_backward(y), AD_OK);
    factor = 3;
    ck_assert_int_eq(ad_backward(y), AD_CHANGED);
    expect_failure(AD_CHANGED, "the function gave other numbers when it was evaluated again");
}
END_TEST

/* ---- models ------------------------------------------------------------------------- */

AD_MODEL(dense, w, b);
AD_MODEL_FUNCTIONS(dense);

static ad_tensor dense_apply(ad_tape *t, const dense_tensors *m, const ad_tensor *x,
                             const void *env)
{
    (void)t, (void)env;
    return ad_tanh(ad_add(ad_matmul(x[0], m->w), m->b));
}

START_TEST(a_models_layer_is_a_checkpoint)
{
    dense model = {ad_zeros(AD_F64, AD_SHAPE(3, 3)), ad_zeros(AD_F64, AD_SHAPE(3))};
    dense g[2] = {{{0}, {0}}, {{0}, {0}}};
    ad_random r = ad_random_new(1, 1);
    ad_fill_uniform(&model.w, &r, -1, 1);
    for (int k = 0; k < 2; k++) {
        dense_tensors m = dense_watch(tape, &model);
        ad_tensor x = ad_freeze(tape, operands[0]);
        for (int i = 0; i < 3; i++)
            x = k ? dense_checkpoint(dense_apply, &m, 1, &x, NULL)
                  : dense_apply(tape, &m, &x, NULL);
        ck_assert_msg(dense_gradient(ad_sum(ad_square(x)), &m, &g[k]) == AD_OK, "%s",
                      message_of(tape));
        ad_tape_reset(tape);
    }
    same("w", g[0].w, g[1].w, 1e-13);
    same("b", g[0].b, g[1].b, 1e-13);
    dense_free(&model);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("checkpoint");
    TCase *tests = tcase_create("checkpoint");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, values_and_gradients_have_the_same_bits, 0, PAIRS);
    tcase_add_loop_test(tests, tangents_and_second_derivatives_are_the_same, 0, 3 * PAIRS);
    tcase_add_loop_test(tests, frozen_and_repeated_operands, 0, PAIRS);
    tcase_add_test(tests, merely_evaluated_it_saves_nothing);
    tcase_add_test(tests, integer_operands_are_frozen);
    tcase_add_test(tests, empty_tensors_pass);
    tcase_add_test(tests, a_deep_function_takes_less_memory);
    tcase_add_test(tests, sweeps_repeat_and_go_in_slices);
    tcase_add_test(tests, a_poll_cancels_inside);
    tcase_add_test(tests, failures_name_the_operation_inside);
    tcase_add_test(tests, an_impure_function_is_found_out);
    tcase_add_test(tests, a_models_layer_is_a_checkpoint);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
