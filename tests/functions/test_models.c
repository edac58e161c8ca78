/* Models inside functions: gradients by their fields and their inputs, steps of training in a formula. */
#include "messages.h"
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <string.h>

AD_MODEL(layer, w, b);
AD_MODEL(net, (layer, hidden, 2), scale);
AD_MODEL_FUNCTIONS(net);
AD_MODEL_CHECKS(net);

enum { ROWS = 5, INPUTS = 2, WIDTH = 3 };

static ad_tape *tape;
static net model;
static double points[ROWS * INPUTS], targets[ROWS];

static void setup(void)
{
    tape = ad_tape_new(NULL);
    ad_random r = ad_random_new(3, 0);
    model = (net){{{ad_zeros(AD_F64, AD_SHAPE(INPUTS, WIDTH)), ad_zeros(AD_F64, AD_SHAPE(WIDTH))},
                   {ad_zeros(AD_F64, AD_SHAPE(WIDTH, 1)), ad_zeros(AD_F64, AD_SHAPE(1))}},
                  ad_zeros(AD_F64, AD_SCALAR)};
    ad_array *fields[] = {&model.hidden[0].w, &model.hidden[0].b, &model.hidden[1].w,
                          &model.hidden[1].b, &model.scale};
    for (int i = 0; i < 5; i++)
        ad_fill_uniform(fields[i], &r, -1, 1);
    for (int i = 0; i < ROWS * INPUTS; i++)
        points[i] = ad_random_normal(&r);
    for (int i = 0; i < ROWS; i++)
        targets[i] = ad_random_normal(&r);
}

static void teardown(void)
{
    net_free(&model);
    ad_tape_free(tape);
}

/* x [n, 2] -> [n] */
static ad_tensor net_apply(const net_tensors *m, ad_tensor x)
{
    ad_tensor h = ad_tanh(ad_add(ad_matmul(x, m->hidden[0].w), m->hidden[0].b));
    ad_tensor y = ad_add(ad_matmul(h, m->hidden[1].w), m->hidden[1].b);
    return ad_mul(ad_squeeze(y, -1), m->scale);
}

static ad_tensor net_loss(ad_tape *t, const net_tensors *m, const void *env)
{
    (void)env;
    return ad_mse(net_apply(m, ad_freeze(t, AD_VIEW(points, ROWS, INPUTS))),
                  ad_freeze(t, AD_VIEW(targets, ROWS)));
}

static ad_tensor net_sum(ad_tape *t, const net_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t;
    return ad_mul(ad_sum(net_apply(m, x[0])), env ? *(const double *)env : 1);
}

static net gradient_of(net_function *f, const void *env)
{
    net g = {0};
    ck_assert_msg(net_value_with_gradient(tape, f, &model, env, NULL, &g) == AD_OK, "%s",
                  message_of(tape));
    return g;
}

static ad_status no_larger(void *user, const char *path, ad_array *a)
{
    for (size_t i = 0; i < ad_array_count(a); i++)
        ck_assert_msg(fabs(((double *)a->data)[i]) <= *(double *)user, "%s[%zu] differs by %g",
                      path, i, ((double *)a->data)[i]);
    return AD_OK;
}

/* Leaves a with the difference. */
static void expect_same(net *a, const net *b, double tolerance)
{
    ck_assert_int_eq(net_axpy(-1, b, a, NULL), AD_OK);
    net_visit(a, no_larger, &tolerance);
}

START_TEST(gradients_by_the_fields_are_those_of_a_sweep)
{
    double value;
    net g = {0};
    ck_assert_int_eq(net_value_with_gradient(tape, net_loss, &model, NULL, &value, &g), AD_OK);
    net_tensors m = net_watch(tape, &model), inside;
    ck_assert(ad_item(net_gradient_node(net_loss, &m, NULL, &inside)) == value);
    const ad_tensor *tensors[] = {&inside.hidden[0].w, &inside.hidden[0].b, &inside.hidden[1].w,
                                  &inside.hidden[1].b, &inside.scale};
    const ad_array *arrays[] = {&g.hidden[0].w, &g.hidden[0].b, &g.hidden[1].w, &g.hidden[1].b,
                                &g.scale};
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(
            ad_test_same(ad_read(*tensors[i]), ad_array_view(*arrays[i]), 1e-300, NULL), AD_OK);
    net_free(&g);
}
END_TEST

/* ---- formulas of them ----------------------------------------------------------------- */

/* Model-agnostic meta-learning (Finn, Abbeel, Levine 2017): the loss after steps of training. */
static ad_tensor trained(ad_tape *t, const net_tensors *m, const void *env)
{
    net_tensors w = *m, g;
    for (int i = 0; i < *(const int *)env; i++) {
        net_gradient_node(net_loss, &w, NULL, &g);
        w = net_tensors_axpy(-0.1, &g, &w);
    }
    return net_loss(t, &w, NULL);
}

/* The env of the call inside lives no longer than this function. */
static ad_tensor slope_penalty(ad_tape *t, const net_tensors *m, const void *env)
{
    ad_tensor x = ad_freeze(t, AD_VIEW(points, ROWS, INPUTS)), g;
    net_input_gradient_node(net_sum, m, 1, &x, env, &g);
    return ad_mean(ad_square(ad_sub(ad_sqrt(ad_sum_over(ad_square(g), AD_AXES(-1))), 1)));
}

static const int one_step = 1, three_steps = 3;
static const double factor = 2;
static const struct {
    const char *name;
    net_function *f;
    const void *env;
} formulas[] = {
    {"one step", trained, &one_step},
    {"three steps", trained, &three_steps},
    {"penalty", slope_penalty, NULL},
    {"scaled penalty", slope_penalty, &factor},
};
enum { FORMULAS = sizeof formulas / sizeof *formulas };

START_TEST(formulas_agree_with_differences)
{
    ad_error error = {0};
    ad_check_report report = {.size = sizeof report};
    ad_check_options o = {.size = sizeof o, .report = &report};
    net_check_gradient(formulas[_i].f, &model, formulas[_i].env, &o, &error);
    ck_assert_msg(error.status == AD_OK, "%s: %s", formulas[_i].name, error.text);
    ck_assert_uint_gt(report.settled, report.numbers / 2);
}
END_TEST

/* L(w - a g), with its gradient written out: (I - a H) g', a product with the Hessian. */
START_TEST(a_step_pulls_back_as_the_formula_says)
{
    net wanted = {0}, moved = {0}, hvp = {0}, g = gradient_of(net_loss, NULL);
    net got = gradient_of(trained, &one_step);
    ck_assert_int_eq(net_copy(&model, &moved, NULL), AD_OK);
    ck_assert_int_eq(net_axpy(-0.1, &g, &moved, NULL), AD_OK);
    ck_assert_int_eq(net_value_with_gradient(tape, net_loss, &moved, NULL, NULL, &wanted), AD_OK);
    net_tensors m = net_watch(tape, &model);
    ad_tensor y = net_loss(tape, &m, NULL);
    const ad_tensor x[] = {m.hidden[0].w, m.hidden[0].b, m.hidden[1].w, m.hidden[1].b, m.scale};
    const ad_array *v[] = {&wanted.hidden[0].w, &wanted.hidden[0].b, &wanted.hidden[1].w,
                           &wanted.hidden[1].b, &wanted.scale};
    ck_assert_int_eq(net_like(&model, &hvp, NULL), AD_OK);
    ad_array *to[] = {&hvp.hidden[0].w, &hvp.hidden[0].b, &hvp.hidden[1].w, &hvp.hidden[1].b,
                      &hvp.scale};
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(ad_set_tangent(x[i], ad_array_view(*v[i])), AD_OK);
    ck_assert_int_eq(ad_push_tangents(y), AD_OK);
    ck_assert_int_eq(ad_backward_tangents(y), AD_OK);
    for (int i = 0; i < 5; i++)
        ad_array_write(to[i], ad_grad_tangent(x[i]), NULL);
    net_axpy(-0.1, &hvp, &wanted, NULL);
    expect_same(&got, &wanted, 1e-13);
    net *all[] = {&wanted, &moved, &hvp, &g, &got};
    for (int i = 0; i < 5; i++)
        net_free(all[i]);
}
END_TEST

START_TEST(a_frozen_model_has_gradients_to_look_at)
{
    net_tensors m = net_freeze(tape, &model), g, sum;
    ad_tensor y = net_gradient_node(net_loss, &m, NULL, &g);
    sum = net_tensors_axpy(2, &g, &m);
    ad_view w = ad_read(m.hidden[1].w), dw = ad_read(g.hidden[1].w), s = ad_read(sum.hidden[1].w);
    ck_assert(!ad_is_tracked(y) && !ad_is_tracked(sum.scale));
    for (size_t i = 0; i < WIDTH; i++)
        ck_assert_double_eq_tol(ad_view_get(&s, i), ad_view_get(&w, i) + 2 * ad_view_get(&dw, i),
                                1e-15);
}
END_TEST

static ad_tensor fails(ad_tape *t, const net_tensors *m, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_matmul(m->hidden[0].w, m->hidden[0].w));
}

START_TEST(failures_leave_dead_tensors)
{
    net_tensors m = net_watch(tape, &model), g;
    ad_tensor y = net_gradient_node(fails, &m, NULL, &g);
    ck_assert(!ad_read(y).data && !ad_read(g.hidden[0].w).data && !ad_read(g.scale).data);
    ck_assert_int_eq(ad_tape_status(tape), AD_BAD_SHAPE);
    ck_assert_str_eq(
        message_of(tape),
        "gradient([2, 3], [3], [3, 1], [1], []): matmul([2, 3], [2, 3]): columns of the "
        "left must equal rows of the right");
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("models inside functions");
    TCase *all = tcase_create("models inside functions");
    tcase_add_checked_fixture(all, setup, teardown);
    tcase_add_test(all, gradients_by_the_fields_are_those_of_a_sweep);
    tcase_add_loop_test(all, formulas_agree_with_differences, 0, FORMULAS);
    tcase_add_test(all, a_step_pulls_back_as_the_formula_says);
    tcase_add_test(all, a_frozen_model_has_gradients_to_look_at);
    tcase_add_test(all, failures_leave_dead_tensors);
    suite_add_tcase(suite, all);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
