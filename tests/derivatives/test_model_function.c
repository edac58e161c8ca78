/* Functions of models: a value with its gradient, a value with its pullback. */
#include "adze/model_derivatives.h"
#include "adze/ops.h"

#include "allocator.h"
#include "measured.h"
#include "models.h"
#include "suite.h"

AD_MODEL(stack, (flat, layer, 2), (ad_array, gain, 2));
AD_MODEL_DERIVATIVES(stack);

static const double rows[3][2] = {{1, 2}, {3, -4}, {0.5, 8}};

/* gain[0] (x w0 + b0) + gain[1] (x w1 + b1), [3, 2]; env is x. */
static ad_tensor stack_apply(ad_tape *t, const stack_tensors *m, const void *env)
{
    ad_tensor x = ad_freeze(t, AD_VIEW((const double *)env, 3, 2));
    ad_tensor y0 = ad_add(ad_matmul(x, m->layer[0].w), m->layer[0].b);
    ad_tensor y1 = ad_add(ad_matmul(x, m->layer[1].w), m->layer[1].b);
    return ad_add(ad_mul(m->gain[0], y0), ad_mul(m->gain[1], y1));
}

static ad_tensor stack_total(ad_tape *t, const stack_tensors *m, const void *env)
{
    return ad_sum(stack_apply(t, m, env));
}

/* [2, 2] + [3, 2] */
static ad_tensor stack_wrong(ad_tape *t, const stack_tensors *m, const void *env)
{
    return ad_sum(ad_add(m->layer[0].w, ad_freeze(t, AD_VIEW((const double *)env, 3, 2))));
}

typedef struct scene {
    test_allocator memory;
    ad_tape *tape;
    stack model, gradient;
} scene;

/* Layer k has w = [[1, 2], [3, 4]] + k and b = [5, 6] + k, and gain k is k + 2. */
static void open_scene(scene *s)
{
    *s = (scene){0};
    test_allocator_init(&s->memory);
    const ad_allocator *memory = &s->memory.base;
    s->tape = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options), .allocator = memory});
    for (int k = 0; k < 2; k++) {
        const double w[] = {1 + k, 2 + k, 3 + k, 4 + k}, b[] = {5 + k, 6 + k}, gain = k + 2;
        s->model.layer[k].w = ad_array_copy(memory, AD_F64, AD_VIEW(w, 2, 2));
        s->model.layer[k].b = ad_array_copy(memory, AD_F64, AD_VIEW(b, 2));
        s->model.gain[k] = ad_array_copy(memory, AD_F64, AD_VIEW_SCALAR(&gain));
    }
}

static void close_scene(scene *s)
{
    ad_tape_free(s->tape);
    stack_free(&s->model);
    stack_free(&s->gradient);
    ck_assert_uint_eq(s->memory.live_blocks, 0);
}

/* Layer k's output for row i, column j. */
static double layer_output(int k, int i, int j)
{
    return rows[i][0] * (1 + j + k) + rows[i][1] * (3 + j + k) + 5 + j + k;
}

/* With cotangent dy of stack_apply, gain c and layer output y:
 * dw = c x^T dy, db = c (sum over rows of dy), dc = sum of dy y. */
static void expect_pulled(const stack *g, const double dy[3][2])
{
    for (int k = 0; k < 2; k++) {
        double dw[2][2] = {{0}}, db[2] = {0}, dc = 0;
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 2; j++) {
                dw[0][j] += (k + 2) * rows[i][0] * dy[i][j];
                dw[1][j] += (k + 2) * rows[i][1] * dy[i][j];
                db[j] += (k + 2) * dy[i][j];
                dc += dy[i][j] * layer_output(k, i, j);
            }
        for (int i = 0; i < 4; i++)
            ck_assert_double_eq_tol(((double *)g->layer[k].w.data)[i], dw[i / 2][i % 2], 1e-12);
        for (int j = 0; j < 2; j++)
            ck_assert_double_eq_tol(((double *)g->layer[k].b.data)[j], db[j], 1e-12);
        ck_assert_double_eq_tol(*(double *)g->gain[k].data, dc, 1e-12);
    }
}

static const double ones[3][2] = {{1, 1}, {1, 1}, {1, 1}};
static const double others[3][2] = {{1, -2}, {0, 3}, {0.25, 5}};

/* ---- a value with its gradient ------------------------------------------------------ */

START_TEST(a_value_comes_with_its_gradient)
{
    scene s;
    double value = 0, expected = 0;
    open_scene(&s);
    for (int i = 0; i < 6; i++)
        expected += 2 * layer_output(0, i / 2, i % 2) + 3 * layer_output(1, i / 2, i % 2);
    ck_assert_int_eq(
        stack_value_with_gradient(s.tape, stack_total, &s.model, rows, &value, &s.gradient), AD_OK);
    ck_assert_double_eq_tol(value, expected, 1e-12);
    expect_pulled(&s.gradient, ones);
    ck_assert_int_eq(
        stack_value_with_gradient(s.tape, stack_total, &s.model, rows, NULL, &s.gradient), AD_OK);
    close_scene(&s);
}
END_TEST

START_TEST(what_was_on_the_tape_before_stays)
{
    scene s;
    open_scene(&s);
    ad_tensor three = ad_constant(s.tape, AD_F64, 3);
    ck_assert_int_eq(
        stack_value_with_gradient(s.tape, stack_total, &s.model, rows, NULL, &s.gradient), AD_OK);
    ck_assert_uint_eq(measured(s.tape).nodes, 1);
    ck_assert_double_eq(ad_item(three), 3);
    close_scene(&s);
}
END_TEST

START_TEST(a_loop_over_values_with_gradients_allocates_nothing)
{
    scene s;
    size_t calls = 0;
    open_scene(&s);
    for (int step = 0; step < 10; step++) {
        if (step == 2)
            calls = s.memory.calls;
        ck_assert_int_eq(
            stack_value_with_gradient(s.tape, stack_total, &s.model, rows, NULL, &s.gradient),
            AD_OK);
    }
    ck_assert_uint_eq(s.memory.calls, calls);
    close_scene(&s);
}
END_TEST

START_TEST(a_function_that_fails_writes_neither_value_nor_gradient)
{
    stack_function *const failing[] = {stack_wrong, stack_apply /* of many elements */, NULL};
    for (int i = 0; i < 3; i++) {
        scene s;
        double value = 42;
        open_scene(&s);
        snapshot before = take_snapshot(&stack_tree, &s.gradient);
        ad_status status =
            stack_value_with_gradient(s.tape, failing[i], &s.model, rows, &value, &s.gradient);
        ck_assert_int_ne(status, AD_OK);
        ck_assert_int_eq(status, ad_tape_status(s.tape));
        ck_assert_double_eq(value, 42);
        ck_assert_uint_eq(measured(s.tape).nodes, 0);
        expect_unchanged(&stack_tree, &s.gradient, &before);
        close_scene(&s);
    }
}
END_TEST

static ad_tensor a_number(ad_tape *t, const stack_tensors *m, const void *env)
{
    (void)t, (void)m, (void)env;
    return ad_number(1);
}

/* env is a tensor of another tape. */
static ad_tensor a_foreigner(ad_tape *t, const stack_tensors *m, const void *env)
{
    (void)t, (void)m;
    return *(const ad_tensor *)env;
}

static void expect_refusal(const ad_tape *t, const char *name, bool of_number)
{
    char text[128];
    snprintf(text, sizeof text, "%sthe function's result is not on its tape%s", name,
             of_number ? ": it is a plain number" : "");
    ck_assert_str_eq(ad_tape_error(t), text);
}

START_TEST(a_result_that_is_not_on_the_tape_is_refused_by_name)
{
    scene s, elsewhere;
    stack_pullback p;
    stack_function *const f[] = {a_number, a_foreigner};
    open_scene(&s);
    open_scene(&elsewhere);
    ad_tensor other = ad_constant(elsewhere.tape, AD_F64, 1);
    ck_assert_int_eq(stack_value_with_gradient(s.tape, f[_i], &s.model, &other, NULL, &s.gradient),
                     AD_FOREIGN);
    expect_refusal(s.tape, "gradient: ", _i == 0);
    ck_assert_ptr_null(s.gradient.gain[0].data);
    ad_tape_reset(s.tape);
    ck_assert_int_eq(stack_value_with_pullback(s.tape, f[_i], &s.model, &other, &p), AD_FOREIGN);
    expect_refusal(s.tape, "value_with_pullback: ", _i == 0);
    ck_assert_int_eq(ad_tape_status(elsewhere.tape), AD_OK);
    close_scene(&s);
    close_scene(&elsewhere);
}
END_TEST

START_TEST(a_missing_tape_or_model_is_misuse)
{
    scene s;
    open_scene(&s);
    ck_assert_int_eq(
        stack_value_with_gradient(NULL, stack_total, &s.model, rows, NULL, &s.gradient), AD_MISUSE);
    ck_assert_int_eq(stack_value_with_gradient(s.tape, stack_total, NULL, rows, NULL, &s.gradient),
                     AD_MISUSE);
    ad_tape_reset(s.tape);
    ck_assert_int_eq(stack_value_with_gradient(s.tape, stack_total, &s.model, rows, NULL, NULL),
                     AD_MISUSE);
    close_scene(&s);
}
END_TEST

/* ---- a value with its pullback ------------------------------------------------------ */

START_TEST(a_pullback_may_be_pulled_with_one_cotangent_after_another)
{
    scene s;
    stack_pullback p;
    open_scene(&s);
    ck_assert_int_eq(stack_value_with_pullback(s.tape, stack_apply, &s.model, rows, &p), AD_OK);
    ad_view value = ad_read(p.value);
    for (int i = 0; i < 6; i++)
        ck_assert_double_eq_tol(
            ad_view_get(&value, (size_t)i),
            2 * layer_output(0, i / 2, i % 2) + 3 * layer_output(1, i / 2, i % 2), 1e-12);
    ck_assert_int_eq(stack_pull(&p, AD_VIEW(&others[0][0], 3, 2), &s.gradient), AD_OK);
    expect_pulled(&s.gradient, others);
    ck_assert_int_eq(stack_pull(&p, AD_VIEW(&ones[0][0], 3, 2), &s.gradient), AD_OK);
    expect_pulled(&s.gradient, ones);
    close_scene(&s);
}
END_TEST

START_TEST(a_cotangent_that_does_not_fit_leaves_the_gradient_as_it_was)
{
    const float singles[6] = {0};
    const ad_view bad[] = {AD_VIEW(&ones[0][0], 2, 3), AD_VIEW(singles, 3, 2), {0}};
    for (int i = 0; i < 3; i++) {
        scene s;
        stack_pullback p;
        open_scene(&s);
        ck_assert_int_eq(stack_value_with_pullback(s.tape, stack_apply, &s.model, rows, &p), AD_OK);
        snapshot before = take_snapshot(&stack_tree, &s.gradient);
        ad_status status = stack_pull(&p, bad[i], &s.gradient);
        ck_assert_int_ne(status, AD_OK);
        ck_assert_int_eq(status, ad_tape_status(s.tape));
        expect_unchanged(&stack_tree, &s.gradient, &before);
        close_scene(&s);
    }
}
END_TEST

START_TEST(a_missing_pullback_or_function_is_misuse)
{
    scene s;
    stack_pullback p;
    ad_view dy = AD_VIEW(&ones[0][0], 3, 2);
    open_scene(&s);
    ck_assert_int_eq(stack_pull(NULL, dy, &s.gradient), AD_MISUSE);
    ck_assert_int_eq(stack_value_with_pullback(s.tape, stack_apply, &s.model, rows, NULL),
                     AD_MISUSE);
    ad_tape_reset(s.tape);
    ck_assert_int_eq(stack_value_with_pullback(s.tape, NULL, &s.model, rows, &p), AD_MISUSE);
    close_scene(&s);
}
END_TEST

/* ---- training ----------------------------------------------------------------------- */

/* (w - 3)^2 + (b + 1)^2, whose least value is 0 at w = 3, b = -1. */
static ad_tensor bowl(ad_tape *t, const flat_tensors *m, const void *env)
{
    (void)t, (void)env;
    return ad_add(ad_square(ad_sub(m->w, 3)), ad_square(ad_add(m->b, 1)));
}

START_TEST(both_optimisers_find_the_bottom_of_a_bowl)
{
    flat m = {ad_zeros(AD_F32, AD_SCALAR), ad_zeros(AD_F32, AD_SCALAR)}, g = {0};
    ad_states states = {0};
    ad_tape *t = ad_tape_new(NULL);
    ad_sgd sgd = {.rate = 0.05, .momentum = 0.8};
    ad_adam adam = ad_adam_new(0.05);
    ad_method method = _i ? ad_adam_method(&adam) : ad_sgd_method(&sgd);
    for (int step = 0; step < 2000; step++) {
        ck_assert_int_eq(flat_value_with_gradient(t, bowl, &m, NULL, NULL, &g), AD_OK);
        ck_assert_int_eq(flat_step(method, &g, &states, &m, NULL), AD_OK);
    }
    ck_assert_double_eq_tol(*(float *)m.w.data, 3, 1e-3);
    ck_assert_double_eq_tol(*(float *)m.b.data, -1, 1e-3);
    ad_tape_free(t);
    flat_free(&m);
    flat_free(&g);
    ad_states_free(&states);
}
END_TEST

/* ---- the suite ---------------------------------------------------------------------- */

static Suite *make_suite(void)
{
    Suite *suite = suite_create("model_function");
    TCase *c = tcase_create("functions");
    tcase_add_test(c, a_value_comes_with_its_gradient);
    tcase_add_test(c, what_was_on_the_tape_before_stays);
    tcase_add_test(c, a_loop_over_values_with_gradients_allocates_nothing);
    tcase_add_test(c, a_function_that_fails_writes_neither_value_nor_gradient);
    tcase_add_loop_test(c, a_result_that_is_not_on_the_tape_is_refused_by_name, 0, 2);
    tcase_add_test(c, a_missing_tape_or_model_is_misuse);
    tcase_add_test(c, a_pullback_may_be_pulled_with_one_cotangent_after_another);
    tcase_add_test(c, a_cotangent_that_does_not_fit_leaves_the_gradient_as_it_was);
    tcase_add_test(c, a_missing_pullback_or_function_is_misuse);
    tcase_add_loop_test(c, both_optimisers_find_the_bottom_of_a_bowl, 0, 2);
    suite_add_tcase(suite, c);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
