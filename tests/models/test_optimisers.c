/* SGD and Adam: against steps by hand and against plain loops in long double. */
#include "allocator.h"
#include "models.h"
#include "suite.h"

#include <math.h>

enum { MOST_NUMBERS = 6, STEPS = 20 };

/* ---- oracles ------------------------------------------------------------------------ */

/* One number's state under either rule: v is the velocity, or the mean. */
typedef struct oracle {
    long double x, v, s;
} oracle;

static void oracle_sgd(const ad_sgd *o, long double g, oracle *n)
{
    n->v = o->momentum * n->v + g;
    n->x -= o->rate * (o->nesterov ? o->momentum * n->v + g : n->v);
}

static void oracle_adam(const ad_adam *o, long double g, int t, oracle *n)
{
    long double b1 = o->beta1 == 0 ? 0.9L : o->beta1, b2 = o->beta2 == 0 ? 0.999L : o->beta2;
    long double epsilon = o->epsilon == 0 ? 1e-8L : o->epsilon;
    n->v = b1 * n->v + (1 - b1) * g;
    n->s = b2 * n->s + (1 - b2) * g * g;
    long double mean = n->v / (1 - powl(b1, t)), square = n->s / (1 - powl(b2, t));
    n->x -= o->rate * mean / (sqrtl(square) + epsilon);
}

/* The gradient of step t: changes from step to step and with the field. */
static void set_gradient(const ad_model *d, void *gradient, int t)
{
    model_list list = list_model(d);
    for (size_t i = 0; i < list.count; i++) {
        ad_array *a = array_of(&list, gradient, i);
        for (size_t j = 0; j < ad_array_count(a); j++)
            set_number(a, j, number_in_field(i, j) * cos((double)t + (double)i) + 0.125);
    }
}

typedef oracle oracles[MOST_ARRAYS][MOST_NUMBERS];

/* All numbers are of order 1, so absolute errors will do: STEPS steps of a few roundings each. */
static void expect_oracles(const ad_model *d, void *model, oracles o)
{
    model_list list = list_model(d);
    for (size_t i = 0; i < list.count; i++) {
        const ad_array *a = array_of(&list, model, i);
        double tolerance = STEPS * (a->type == AD_F32 ? 0x1p-22 : 0x1p-50);
        for (size_t j = 0; j < ad_array_count(a); j++)
            ck_assert_double_eq_tol(number_of(&list, model, i, j), (double)o[i][j].x, tolerance);
    }
}

/* Takes all steps with one rule, the other being NULL, on the model and on the oracles. */
static void expect_steps(const ad_model *d, ad_type type, const ad_sgd *sgd, ad_adam *adam)
{
    any_model m = {0}, g = {0}, v = {0}, s = {0};
    model_list list = list_model(d);
    oracles o = {0};
    build_model(d, NULL, type, &m);
    build_model(d, NULL, type, &g);
    for (size_t i = 0; i < MOST_ARRAYS; i++)
        for (size_t j = 0; j < MOST_NUMBERS; j++)
            o[i][j].x = number_in_field(i, j);
    for (int t = 1; t <= STEPS; t++) {
        set_gradient(d, &g, t);
        ck_assert_int_eq(sgd ? ad_model_sgd(d, sgd, &g, &v, &m, NULL)
                             : ad_model_adam(d, adam, &g, &v, &s, &m, NULL),
                         AD_OK);
        ck_assert(sgd || adam->step == t);
        for (size_t i = 0; i < list.count; i++)
            for (size_t j = 0; j < ad_array_count(array_of(&list, &m, i)); j++)
                if (sgd)
                    oracle_sgd(sgd, number_of(&list, &g, i, j), &o[i][j]);
                else
                    oracle_adam(adam, number_of(&list, &g, i, j), t, &o[i][j]);
    }
    expect_oracles(d, &m, o);
    for (int i = 0; i < 4; i++)
        ad_model_free(d, (any_model *[]){&m, &g, &v, &s}[i]);
}

/* ---- sgd ---------------------------------------------------------------------------- */

static const ad_sgd sgd_rules[] = {
    {.rate = 0.1},
    {.rate = 0.1, .momentum = 0.9},
    {.rate = 0.1, .momentum = 0.9, .nesterov = true},
    {.rate = -0.02, .momentum = 0.5},
    {.rate = 0.1, .nesterov = true},
};
enum { SGD_RULES = sizeof sgd_rules / sizeof *sgd_rules };

START_TEST(sgd_takes_the_steps_of_a_plain_loop)
{
    for (int k = 0; k < SGD_RULES; k++)
        expect_steps(CASE_MODEL(_i), CASE_TYPE(_i), &sgd_rules[k], NULL);
}
END_TEST

START_TEST(sgd_without_momentum_needs_no_velocity)
{
    flat m = {0}, g = {0};
    ad_sgd o = {.rate = 2};
    build_model(&flat_model, NULL, AD_F64, &m);
    build_model(&flat_model, NULL, AD_F64, &g);
    ck_assert_int_eq(flat_sgd(&o, &g, NULL, &m), AD_OK);
    ck_assert_double_eq(((double *)m.b.data)[2], -number_in_field(1, 2));
    flat_free(&m);
    flat_free(&g);
}
END_TEST

/* x = 1, g = 1, rate 1/4, momentum 1/2:  v = 1, 3/2;  plain: x = 3/4, 3/8;  nesterov:
 * x = 1 - 3/2/4 = 5/8, then 5/8 - 7/4/4 = 3/16. */
START_TEST(momentum_and_nesterov_by_hand)
{
    static const double expected[2][2] = {{0.75, 0.375}, {0.625, 0.1875}};
    float x = 1, one = 1, velocity = 0;
    ad_array m = {.data = &x}, g = {.data = &one}, v = {.data = &velocity};
    ad_sgd o = {.rate = 0.25, .momentum = 0.5, .nesterov = _i};
    for (int t = 0; t < 2; t++) {
        ck_assert_int_eq(ad_model_sgd(&ad_array_model, &o, &g, &v, &m, NULL), AD_OK);
        ck_assert(x == (float)expected[_i][t]);
    }
    ck_assert(velocity == 1.5F);
}
END_TEST

START_TEST(a_rate_that_is_no_number_is_still_a_rate)
{
    float x = 1, one = 1;
    ad_array m = {.data = &x}, g = {.data = &one};
    ck_assert_int_eq(ad_model_sgd(&ad_array_model, &(ad_sgd){.rate = NAN}, &g, NULL, &m, NULL),
                     AD_OK);
    ck_assert(isnan(x));
}
END_TEST

/* ---- Adam --------------------------------------------------------------------------- */

static const ad_adam adam_rules[] = {
    {.rate = 0.01},
    {.rate = 0.1, .beta1 = 0.5, .beta2 = 0.75, .epsilon = 0.125},
    {.rate = 0.01, .beta1 = 0.95},
    {.rate = 0.01, .beta2 = 0.99},
    {.rate = 0.01, .epsilon = 1},
};
enum { ADAM_RULES = sizeof adam_rules / sizeof *adam_rules };

START_TEST(adam_takes_the_steps_of_a_plain_loop)
{
    for (int k = 0; k < ADAM_RULES; k++) {
        ad_adam rule = adam_rules[k];
        expect_steps(CASE_MODEL(_i), CASE_TYPE(_i), NULL, &rule);
    }
}
END_TEST

/* The first step is rate g / (|g| + epsilon): with epsilon 1 and g = 3, 3/4 of the rate. After it
 * mean = (1 - 1/2) 3 and square = (1 - 3/4) 9. */
START_TEST(adam_by_hand)
{
    double x = 1, three = 3, first = 0, second = 0;
    ad_array m = {.data = &x, .type = AD_F64}, g = {.data = &three, .type = AD_F64};
    ad_array mean = {.data = &first, .type = AD_F64}, square = {.data = &second, .type = AD_F64};
    ad_adam o = {.rate = 0.5, .beta1 = 0.5, .beta2 = 0.75, .epsilon = 1};
    ck_assert_int_eq(ad_model_adam(&ad_array_model, &o, &g, &mean, &square, &m, NULL), AD_OK);
    ck_assert_double_eq(x, 0.625);
    ck_assert_double_eq(first, 1.5);
    ck_assert_double_eq(second, 2.25);
}
END_TEST

/* 100,000 gradients of 1 must keep the mean and the square at 1, to a few roundings of f32. */
START_TEST(adam_in_f32_has_no_drift)
{
    float x = 0, one = 1, first = 0, second = 0;
    ad_array m = {.data = &x}, g = {.data = &one};
    ad_array mean = {.data = &first}, square = {.data = &second};
    ad_adam o = {.rate = 0};
    for (int t = 0; t < 100000; t++)
        ck_assert_int_eq(ad_model_adam(&ad_array_model, &o, &g, &mean, &square, &m, NULL), AD_OK);
    ck_assert_double_eq_tol(first, 1, 1e-6);
    ck_assert_double_eq_tol(second, 1, 5e-5);
}
END_TEST

/* ---- failures ----------------------------------------------------------------------- */

/* Both optimisers on a nested model whose states are to be made. */
typedef struct scene {
    test_allocator memory;
    nested model, gradient, state[2];
    ad_adam adam;
    ad_sgd sgd;
    ad_error error;
} scene;

static void open_scene(scene *s)
{
    *s = (scene){.adam = {.rate = 0.1, .step = 4}, .sgd = {.rate = 0.1, .momentum = 0.9}};
    test_allocator_init(&s->memory);
    build_model(&nested_model, &s->memory.base, AD_F32, &s->model);
    build_model(&nested_model, &s->memory.base, AD_F32, &s->gradient);
    s->state[0].scale = ad_array_new(&s->memory.base, AD_F32, AD_SHAPE(2, 3));
    s->state[1].hidden.b = (ad_array){.type = AD_U8, .shape = AD_SHAPE(5)};
}

static void close_scene(scene *s)
{
    nested_free(&s->model);
    nested_free(&s->gradient);
    nested_free(&s->state[0]);
    nested_free(&s->state[1]);
    ck_assert_uint_eq(s->memory.live_blocks, 0);
}

/* A step of SGD or, if which is 1, of Adam. */
static ad_status take_step(scene *s, int which)
{
    const ad_model *d = &nested_model;
    nested *m = &s->model, *g = &s->gradient, *v = s->state;
    return which ? ad_model_adam(d, &s->adam, g, &v[0], &v[1], m, &s->error)
                 : ad_model_sgd(d, &s->sgd, g, &v[0], m, &s->error);
}

static void expect_failure(scene *s, int which, ad_status status, const char *reason)
{
    nested *const structs[] = {&s->model, &s->gradient, &s->state[0], &s->state[1]};
    snapshot before[4];
    int64_t step = s->adam.step;
    for (int i = 0; i < 4; i++)
        before[i] = take_snapshot(&nested_model, structs[i]);
    size_t blocks = s->memory.live_blocks;
    ck_assert_int_eq(take_step(s, which), status);
    ck_assert_int_eq(s->error.status, status);
    ck_assert_msg(strstr(s->error.text, reason) != NULL, "%s", s->error.text);
    ck_assert_msg(strstr(s->error.text, which ? "adam: " : "sgd: ") == s->error.text, "%s",
                  s->error.text);
    for (int i = 0; i < 4; i++)
        expect_unchanged(&nested_model, structs[i], &before[i]);
    ck_assert_uint_eq(s->memory.live_blocks, blocks);
    ck_assert_int_eq(s->adam.step, step);
    s->error = (ad_error){0};
}

/* SGD makes a list of what is missing and four arrays; Adam twice that, five in the square. */
START_TEST(a_step_that_runs_out_of_memory_changes_nothing)
{
    for (size_t k = 1; k <= (_i ? 1 + 4 + 1 + 5 : 1 + 4); k++) {
        scene s;
        open_scene(&s);
        s.memory.fail_at = s.memory.calls + k;
        expect_failure(&s, _i, AD_MEMORY, "memory ran out");
        ck_assert_int_eq(take_step(&s, _i), AD_OK);
        close_scene(&s);
    }
}
END_TEST

START_TEST(after_its_first_step_an_optimiser_allocates_nothing)
{
    scene s;
    open_scene(&s);
    ck_assert_int_eq(take_step(&s, _i), AD_OK);
    size_t calls = s.memory.calls;
    ck_assert_int_eq(take_step(&s, _i), AD_OK);
    ck_assert_uint_eq(s.memory.calls, calls);
    close_scene(&s);
}
END_TEST

static void with_array(scene *s, ad_array *place, ad_array other, int which, ad_status status,
                       const char *reason)
{
    ad_array saved = *place;
    *place = other;
    expect_failure(s, which, status, reason);
    *place = saved;
}

START_TEST(fields_that_do_not_fit_are_refused_by_name)
{
    float numbers[8] = {0};
    ad_array nothing = {0}, integers = {.data = numbers, .type = AD_I32, .shape = AD_SHAPE(3)};
    ad_array doubles = {.data = numbers, .type = AD_F64, .shape = AD_SHAPE(3)};
    ad_array longer = {.data = numbers, .type = AD_F32, .shape = AD_SHAPE(4)};
    scene s;
    open_scene(&s);
    ad_array *m = &s.model.hidden.b, *g = &s.gradient.hidden.b, *v = &s.state[0].hidden.b;
    with_array(&s, m, nothing, _i, AD_MISUSE, "nested.hidden.b holds no numbers in the model");
    with_array(&s, g, nothing, _i, AD_MISUSE, "nested.hidden.b holds no numbers in the gradient");
    with_array(&s, m, integers, _i, AD_BAD_TYPE, "nested.hidden.b is i32");
    with_array(&s, g, doubles, _i, AD_BAD_TYPE, "nested.hidden.b is f32, but f64 in the gradient");
    with_array(&s, g, longer, _i, AD_BAD_SHAPE, "nested.hidden.b is [3], but [4] in the gradient");
    with_array(&s, v, doubles, _i, AD_BAD_TYPE, "nested.hidden.b is f32, but f64 in the ");
    with_array(&s, v, longer, _i, AD_BAD_SHAPE, "nested.hidden.b is [3], but [4] in the ");
    v = &s.state[1].output.w;
    if (_i)
        with_array(&s, v, longer, _i, AD_BAD_SHAPE, "nested.output.w is [], but [4] in the square");
    close_scene(&s);
}
END_TEST

static const double bad_betas[] = {1, 1.5, -0.1, NAN, INFINITY};

START_TEST(averages_that_do_not_decay_are_a_domain_error)
{
    scene s;
    open_scene(&s);
    s.sgd.momentum = s.adam.beta1 = bad_betas[_i];
    expect_failure(&s, 0, AD_DOMAIN, "momentum");
    expect_failure(&s, 1, AD_DOMAIN, "beta1");
    s.adam.beta1 = 0.5;
    s.adam.beta2 = bad_betas[_i];
    expect_failure(&s, 1, AD_DOMAIN, "beta2");
    close_scene(&s);
}
END_TEST

START_TEST(epsilon_and_step_have_domains_too)
{
    scene s;
    open_scene(&s);
    s.adam.epsilon = _i ? NAN : -1e-8;
    expect_failure(&s, 1, AD_DOMAIN, "epsilon");
    s.adam.epsilon = 0;
    s.adam.step = _i ? INT64_MAX : -1;
    expect_failure(&s, 1, AD_DOMAIN, "is no number of steps");
    close_scene(&s);
}
END_TEST

START_TEST(one_struct_in_two_roles_is_misuse)
{
    const ad_model *d = &nested_model;
    scene s;
    open_scene(&s);
    nested *m = &s.model, *g = &s.gradient, *v = &s.state[0];
    ck_assert_int_eq(ad_model_sgd(d, &s.sgd, g, m, m, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_sgd(d, &s.sgd, g, g, m, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_adam(d, &s.adam, g, v, v, m, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_adam(d, &s.adam, g, v, g, m, NULL), AD_MISUSE);
    ck_assert_int_eq(ad_model_adam(d, &s.adam, g, m, v, m, NULL), AD_MISUSE);
    close_scene(&s);
}
END_TEST

START_TEST(missing_arguments_are_misuse)
{
    scene s;
    open_scene(&s);
    for (int k = 0; k < 11; k++) {
        const ad_model *d = k == 0 || k == 5 ? NULL : &nested_model;
        void *p[] = {&s.sgd, &s.gradient, &s.state[0], &s.state[1], &s.model, &s.adam, &s};
        const int null[] = {6, 0, 1, 2, 4, 6, 5, 1, 2, 3, 4}; /* in turn: sgd's, then adam's */
        p[null[k]] = NULL;
        ck_assert_int_eq(k < 5 ? ad_model_sgd(d, p[0], p[1], p[2], p[4], NULL)
                               : ad_model_adam(d, p[5], p[1], p[2], p[3], p[4], NULL),
                         AD_MISUSE);
    }
    close_scene(&s);
}
END_TEST

/* ---- the suite ---------------------------------------------------------------------- */

static Suite *make_suite(void)
{
    Suite *suite = suite_create("optimisers");
    TCase *steps = tcase_create("steps"), *failures = tcase_create("failures");
    tcase_add_loop_test(steps, sgd_takes_the_steps_of_a_plain_loop, 0, CASES);
    tcase_add_test(steps, sgd_without_momentum_needs_no_velocity);
    tcase_add_loop_test(steps, momentum_and_nesterov_by_hand, 0, 2);
    tcase_add_test(steps, a_rate_that_is_no_number_is_still_a_rate);
    tcase_add_loop_test(steps, adam_takes_the_steps_of_a_plain_loop, 0, CASES);
    tcase_add_test(steps, adam_by_hand);
    tcase_add_test(steps, adam_in_f32_has_no_drift);
    tcase_add_loop_test(steps, after_its_first_step_an_optimiser_allocates_nothing, 0, 2);
    tcase_add_loop_test(failures, a_step_that_runs_out_of_memory_changes_nothing, 0, 2);
    tcase_add_loop_test(failures, fields_that_do_not_fit_are_refused_by_name, 0, 2);
    tcase_add_loop_test(failures, averages_that_do_not_decay_are_a_domain_error, 0, 5);
    tcase_add_loop_test(failures, epsilon_and_step_have_domains_too, 0, 2);
    tcase_add_test(failures, one_struct_in_two_roles_is_misuse);
    tcase_add_test(failures, missing_arguments_are_misuse);
    suite_add_tcase(suite, steps);
    suite_add_tcase(suite, failures);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
