/* Optimisers: one row each, against plain loops in long double; what they have in common; and a few steps by
 * hand. */
#include "allocator.h"
#include "models.h"
#include "optimiser_rows.h"
#include "suite.h"

#include "base/pool.h"

#include <math.h>
#include <stdatomic.h>

enum { MOST_NUMBERS = 6, STEPS = 20 };

/* ---- one of a user's own: slower with every gradient -------------------------------------- */

typedef struct slower_settings {
    double rate, epsilon;
} slower_settings;

static ad_status slower_prepare(const void *settings, int64_t step, void *plan, ad_error *error)
{
    const slower_settings *o = settings;
    (void)step;
    if (!(o->epsilon > 0))
        return ad_fail(error, AD_DOMAIN, "slower: epsilon %g is not positive", o->epsilon);
    memcpy(plan, o, sizeof *o);
    return AD_OK;
}

#define SLOWER(T)                                                      \
    {                                                                  \
        const T *g = c->g;                                             \
        T *sum = c->state[0], *x = c->x;                               \
        for (size_t i = 0; i < c->n; i++) {                            \
            sum[i] += g[i] * g[i];                                     \
            x[i] -= (T)(o->rate * g[i] / (sqrt(sum[i]) + o->epsilon)); \
        }                                                              \
    }

static void slower_kernel(const ad_step_args *c)
{
    const slower_settings *o = c->plan;
    if (c->type == AD_F32)
        SLOWER(float)
    else
        SLOWER(double)
}

static const ad_optimiser slower = {
    .size = sizeof slower,
    .name = "slower",
    .states = 1,
    .state = {"the sum of squares"},
    .settings_size = sizeof(slower_settings),
    .prepare = slower_prepare,
    .step = slower_kernel,
};

static const slower_settings slower_good[] = {{0.1, 1e-8}, {0.5, 1}};
static const slower_settings slower_bad[] = {{0.1, 0}, {0.1, NAN}};

static void slower_step(const void *settings, long double g, int t, oracle *n)
{
    const slower_settings *o = settings;
    (void)t;
    n->state[0] += g * g;
    n->x -= o->rate * g / (sqrtl(n->state[0]) + o->epsilon);
}

/* ---- another, which has no state: a step of one length for every number ---------------- */

static ad_status sign_prepare(const void *settings, int64_t step, void *plan, ad_error *error)
{
    double rate = *(const double *)settings;
    (void)step;
    if (!isfinite(rate))
        return ad_fail(error, AD_DOMAIN, "sign: rate %g is not finite", rate);
    memcpy(plan, &rate, sizeof rate);
    return AD_OK;
}

static void sign_kernel(const ad_step_args *c)
{
    double rate = *(const double *)c->plan;
    for (size_t i = 0; i < c->n; i++)
        if (c->type == AD_F32)
            ((float *)c->x)[i] -= copysignf((float)rate, ((const float *)c->g)[i]);
        else
            ((double *)c->x)[i] -= copysign(rate, ((const double *)c->g)[i]);
}

static const ad_optimiser sign = {
    .size = sizeof sign,
    .name = "sign",
    .settings_size = sizeof(double),
    .prepare = sign_prepare,
    .step = sign_kernel,
};

static const double sign_good[] = {0.125}, sign_bad[] = {NAN};

static void sign_step(const void *settings, long double g, int t, oracle *n)
{
    (void)t;
    n->x -= copysignl(*(const double *)settings, g);
}

/* ---- the table ---------------------------------------------------------------------- */

static const optimiser_row own_rows[] = {
    {"slower", .own = &slower, SETTINGS(slower_good), .step = slower_step,
     .bad = {{&slower_bad[0], "epsilon"}, {&slower_bad[1], "epsilon"}}},
    {"sign", .own = &sign, SETTINGS(sign_good), .step = sign_step, .bad = {{&sign_bad[0], "rate"}}},
};

static size_t row_count(void)
{
    return builtin_count + COUNT(own_rows);
}

static const optimiser_row *row_at(size_t i)
{
    i %= row_count();
    return i < builtin_count ? &builtin_rows[i] : &own_rows[i - builtin_count];
}

static ad_method method_of(const optimiser_row *r, const void *settings)
{
    return (ad_method){.optimiser = r->own ? r->own : ad_optimiser_named(r->name),
                       .settings = settings,
                       .settings_size = r->settings_size};
}

static const void *settings_of(const optimiser_row *r, size_t i)
{
    return (const char *)r->settings + i * r->settings_size;
}

/* ---- steps -------------------------------------------------------------------------- */

/* The gradient of step t: changes from step to step and with the field. */
static void set_gradient(const ad_tree *d, void *gradient, int t)
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
static void expect_oracles(const ad_tree *d, void *model, oracles o)
{
    model_list list = list_model(d);
    for (size_t i = 0; i < list.count; i++) {
        const ad_array *a = array_of(&list, model, i);
        double tolerance = STEPS * (a->type == AD_F32 ? 0x1p-22 : 0x1p-50);
        for (size_t j = 0; j < ad_array_count(a); j++)
            ck_assert_double_eq_tol(number_of(&list, model, i, j), (double)o[i][j].x, tolerance);
    }
}

static void step_oracles(const optimiser_row *r, const void *settings, const ad_tree *d, void *g,
                         int t, oracles o)
{
    model_list list = list_model(d);
    for (size_t i = 0; i < list.count; i++)
        for (size_t j = 0; j < ad_array_count(array_of(&list, g, i)); j++)
            r->step(settings, number_of(&list, g, i, j), t, &o[i][j]);
}

static void expect_steps(const optimiser_row *r, const void *settings, const ad_tree *d,
                         ad_type type)
{
    any_model m = {0}, g = {0};
    ad_states states = {0};
    ad_method method = method_of(r, settings);
    oracles o = {0};
    build_model(d, NULL, type, &m);
    build_model(d, NULL, type, &g);
    for (size_t i = 0; i < MOST_ARRAYS; i++)
        for (size_t j = 0; j < MOST_NUMBERS; j++)
            o[i][j].x = number_in_field(i, j);
    for (int t = 1; t <= STEPS; t++) {
        set_gradient(d, &g, t);
        ck_assert_int_eq(ad_model_step(d, &method, &g, &states, &m, NULL), AD_OK);
        ck_assert_int_eq(states.steps, t);
        step_oracles(r, settings, d, &g, t, o);
    }
    expect_oracles(d, &m, o);
    ad_states_free(&states);
    ad_model_free(d, &m);
    ad_model_free(d, &g);
}

START_TEST(an_optimiser_takes_the_steps_of_a_plain_loop)
{
    for (size_t k = 0; k < row_count(); k++)
        for (size_t i = 0; row_at(k)->step && i < row_at(k)->count; i++)
            expect_steps(row_at(k), settings_of(row_at(k), i), CASE_MODEL(_i), CASE_TYPE(_i));
}
END_TEST

/* ---- steps by hand ------------------------------------------------------------------ */

/* One f64 number as a model, with gradient g. */
typedef struct single {
    double x, g;
    ad_array model, gradient;
    ad_states states;
} single;

static void open_single(single *s, double x, double g)
{
    *s = (single){.x = x, .g = g};
    s->model = (ad_array){.data = &s->x, .type = AD_F64};
    s->gradient = (ad_array){.data = &s->g, .type = AD_F64};
}

static ad_status step_single(single *s, ad_method method)
{
    return ad_model_step(&ad_array_tree, &method, &s->gradient, &s->states, &s->model, NULL);
}

static double state_of(const single *s, int i)
{
    const ad_array *a = ad_states_at(&s->states, i);
    return *(const double *)a->data;
}

START_TEST(sgd_without_momentum_has_no_state)
{
    single s;
    open_single(&s, 1, 3);
    ck_assert_int_eq(step_single(&s, ad_sgd_method(&(ad_sgd){.rate = 2})), AD_OK);
    ck_assert_double_eq(s.x, -5);
    ck_assert_int_eq(s.states.count, 0);
    ck_assert_ptr_null(ad_states_at(&s.states, 0));
    ad_states_free(&s.states);
}
END_TEST

/* x = 1, g = 1, rate 1/4, momentum 1/2:  v = 1, 3/2;  plain: x = 3/4, 3/8;  nesterov:
 * x = 1 - 3/2/4 = 5/8, then 5/8 - 7/4/4 = 3/16. */
START_TEST(momentum_and_nesterov_by_hand)
{
    static const double expected[2][2] = {{0.75, 0.375}, {0.625, 0.1875}};
    single s;
    ad_sgd o = {.rate = 0.25, .momentum = 0.5, .nesterov = _i};
    open_single(&s, 1, 1);
    for (int t = 0; t < 2; t++) {
        ck_assert_int_eq(step_single(&s, ad_sgd_method(&o)), AD_OK);
        ck_assert_double_eq(s.x, expected[_i][t]);
    }
    ck_assert_double_eq(state_of(&s, 0), 1.5);
    ad_states_free(&s.states);
}
END_TEST

/* Two plain steps, then two with momentum 1/2, whose velocity starts at 0: v = 1, 3/2. And where momentum ends,
 * v = g, which is still its velocity. */
START_TEST(momentum_may_come_and_go)
{
    static const double momenta[] = {0, 0, 0.5, 0.5, 0}, expected[] = {3, 2, 1, -0.5, -1.5};
    single s;
    open_single(&s, 4, 1);
    for (int t = 0; t < 5; t++) {
        ad_sgd o = {.rate = 1, .momentum = momenta[t]};
        ck_assert_int_eq(step_single(&s, ad_sgd_method(&o)), AD_OK);
        ck_assert_double_eq(s.x, expected[t]);
        ck_assert_int_eq(s.states.count, t > 1);
    }
    ck_assert_double_eq(state_of(&s, 0), 1);
    ad_states_free(&s.states);
}
END_TEST

/* The first step is rate g / (|g| + epsilon): with epsilon 1 and g = 3, 3/4 of the rate. After it
 * mean = (1 - 1/2) 3 and square = (1 - 3/4) 9. */
START_TEST(adam_by_hand)
{
    single s;
    ad_adam o = {.rate = 0.5, .beta1 = 0.5, .beta2 = 0.75, .epsilon = 1};
    open_single(&s, 1, 3);
    ck_assert_int_eq(step_single(&s, ad_adam_method(&o)), AD_OK);
    ck_assert_double_eq(s.x, 0.625);
    ck_assert_double_eq(state_of(&s, 0), 1.5);
    ck_assert_double_eq(state_of(&s, 1), 2.25);
    ad_states_free(&s.states);
}
END_TEST

/* With beta = 0 nothing is left over of the gradients before, even of one that is so much larger that a
 * difference from it loses the new one; within the range and beyond it. */
START_TEST(adam_with_beta_0_forgets_all)
{
    static const double far[2] = {1e30, 1e200};
    ad_adam o = {.rate = 1, .epsilon = 1e-8};
    ad_states states = {0};
    ad_array x = ad_zeros(_i ? AD_F64 : AD_F32, AD_SCALAR), g = ad_zeros(x.type, AD_SCALAR);
    for (int t = 0; t < 3; t++) {
        double given[] = {1e10, 0.25, far[_i]};
        set_number(&g, 0, given[t]);
        ad_method method = ad_adam_method(&o);
        ck_assert_int_eq(ad_model_step(&ad_array_tree, &method, &g, &states, &x, NULL), AD_OK);
        ad_view mean = ad_array_view(*(ad_array *)ad_states_at(&states, 0));
        ad_view number = ad_array_view(x), own = ad_array_view(g);
        ck_assert_double_eq(ad_view_get(&mean, 0), ad_view_get(&own, 0));
        ck_assert_double_eq_tol(ad_view_get(&number, 0), -1 - t, _i ? 1e-7 : 1e-6);
    }
    ad_states_free(&states);
    ad_array_free(&x);
    ad_array_free(&g);
}
END_TEST

/* Nothing to go by is no step; and what is no number stays visible. */
START_TEST(lion_takes_no_step_along_0)
{
    single s;
    ad_lion o = ad_lion_new(0.5, 0);
    open_single(&s, 1, 0);
    ck_assert_int_eq(step_single(&s, ad_lion_method(&o)), AD_OK);
    ck_assert_double_eq(s.x, 1);
    s.g = NAN;
    ck_assert_int_eq(step_single(&s, ad_lion_method(&o)), AD_OK);
    ck_assert_double_nan(s.x);
    ad_states_free(&s.states);
}
END_TEST

/* Equal gradients have no variance, of which rounding must not take a root below 0. */
START_TEST(a_variance_is_never_below_0)
{
    ad_rmsprop o = ad_rmsprop_new(1e-3);
    o.centred = true;
    o.smoothing = 0.5;
    ad_method method = ad_rmsprop_method(&o);
    ad_states states = {0};
    float x[64] = {0}, g[64];
    ad_array model = AD_ARRAY(x, 64), gradient = AD_ARRAY(g, 64);
    for (int i = 0; i < 64; i++)
        g[i] = 1 + (float)i / 7;
    for (int t = 0; t < 100; t++)
        ck_assert_int_eq(ad_model_step(&ad_array_tree, &method, &gradient, &states, &model, NULL),
                         AD_OK);
    for (int i = 0; i < 64; i++)
        ck_assert(x[i] < 0);
    ad_states_free(&states);
}
END_TEST

START_TEST(the_usual_settings_of_adam)
{
    ad_adam o = ad_adam_new(0.5);
    ck_assert_double_eq(o.rate, 0.5);
    ck_assert_double_eq(o.beta1, 0.9);
    ck_assert_double_eq(o.beta2, 0.999);
    ck_assert_double_eq(o.epsilon, 1e-8);
}
END_TEST

/* Squares of gradients beyond the range, beside gradients within it, and the way back: against the formula
 * in long double, with gradients counted in units, since valgrind computes that in double. */
static void far_step(double g, double unit, int t, long double *m, long double *s, long double *x)
{
    long double u = (long double)g / unit;
    *m += 0.1L * (u - *m);
    *s += 0.001L * (u * u - *s);
    *x -= 1e-3L * *m / (1 - powl(0.9L, t)) / (sqrtl(*s / (1 - powl(0.999L, t))) + 1e-8L / unit);
}

START_TEST(adam_beyond_the_squares)
{
    static const double sizes[2][4] = {{1e20, -3e37, 2e-3, 1e17}, {1e200, -1e306, 2e-3, 1e150}};
    ad_adam o = ad_adam_new(1e-3);
    ad_method method = ad_adam_method(&o);
    ad_states states = {0};
    ad_array x = ad_zeros(_i ? AD_F64 : AD_F32, AD_SHAPE(4)), g = ad_zeros(x.type, AD_SHAPE(4));
    ad_view at = ad_array_view(x), given = ad_array_view(g);
    long double wanted[4] = {0}, m[4] = {0}, s[4] = {0};
    for (int t = 1; t <= 40; t++) {
        for (int i = 0; i < 4; i++) {
            set_number(&g, (size_t)i, t <= 20 ? sizes[_i][i] : 1e-2 * t);
            far_step(ad_view_get(&given, (size_t)i), fabs(sizes[_i][i]), t, &m[i], &s[i],
                     &wanted[i]);
        }
        ck_assert_int_eq(ad_model_step(&ad_array_tree, &method, &g, &states, &x, NULL), AD_OK);
        for (size_t i = 0; i < 4; i++)
            ck_assert_double_eq_tol(ad_view_get(&at, i), (double)wanted[i], _i ? 1e-14 : 1e-7);
        if (t == 10)
            ck_assert_double_eq_tol(ad_view_get(&at, 0), -0.01, _i ? 1e-14 : 1e-8);
    }
    ad_states_free(&states);
    ad_array_free(&x);
    ad_array_free(&g);
}
END_TEST

/* The same for all optimisers but SGD, by their formulas. Valgrind computes long double in double, so in f32 only. */
static void expect_far_steps(const optimiser_row *r, const void *settings)
{
    static const double sizes[4] = {1e20, -3e37, 2e-3, 1e17};
    ad_method method = method_of(r, settings);
    ad_states states = {0};
    ad_array x = ad_zeros(AD_F32, AD_SHAPE(4)), g = ad_zeros(AD_F32, AD_SHAPE(4));
    ad_view at = ad_array_view(x), given = ad_array_view(g);
    oracle wanted[4] = {0};
    double most[4] = {1, 1, 1, 1};
    for (int t = 1; t <= 40; t++) {
        for (size_t i = 0; i < 4; i++) {
            set_number(&g, i, t <= 20 ? sizes[i] : 1e-2 * t);
            r->step(settings, ad_view_get(&given, i), t, &wanted[i]);
            most[i] = fmax(most[i], fabs((double)wanted[i].x));
        }
        ck_assert_int_eq(ad_model_step(&ad_array_tree, &method, &g, &states, &x, NULL), AD_OK);
        for (size_t i = 0; i < 4; i++)
            ck_assert_double_eq_tol(ad_view_get(&at, i), (double)wanted[i].x, 2e-5 * most[i]);
    }
    ad_states_free(&states);
    ad_array_free(&x);
    ad_array_free(&g);
}

START_TEST(no_square_is_lost_beyond_the_range)
{
    const optimiser_row *r = row_at((size_t)_i);
    for (size_t i = 0; r->step && i < r->count; i++)
        expect_far_steps(r, settings_of(r, i));
}
END_TEST

/* 100,000 gradients of 1 must keep the mean and the square at 1, to a few roundings of f32. */
START_TEST(adam_in_f32_has_no_drift)
{
    float x = 0, one = 1;
    ad_array m = {.data = &x}, g = {.data = &one};
    ad_states states = {0};
    ad_adam o = ad_adam_new(0);
    ad_method adam = ad_adam_method(&o);
    for (int t = 0; t < 100000; t++)
        ck_assert_int_eq(ad_model_step(&ad_array_tree, &adam, &g, &states, &m, NULL), AD_OK);
    const ad_array *mean = ad_states_at(&states, 0), *square = ad_states_at(&states, 1);
    ck_assert_double_eq_tol(*(float *)mean->data, 1, 1e-6);
    ck_assert_double_eq_tol(*(float *)square->data, 1, 5e-5);
    ad_states_free(&states);
}
END_TEST

/* ---- states ------------------------------------------------------------------------- */

/* A nested model in one allocator, and the second settings of a row, which need all its states. */
typedef struct scene {
    test_allocator memory;
    nested model, gradient;
    ad_states states;
    ad_method method;
    ad_error error;
} scene;

static void open_scene(scene *s, const optimiser_row *r)
{
    *s = (scene){.method = method_of(r, settings_of(r, r->count > 1))};
    test_allocator_init(&s->memory);
    build_model(&nested_tree, &s->memory.base, AD_F32, &s->model);
    build_model(&nested_tree, &s->memory.base, AD_F32, &s->gradient);
}

static void close_scene(scene *s)
{
    nested_free(&s->model);
    nested_free(&s->gradient);
    ad_states_free(&s->states);
    ck_assert_uint_eq(s->memory.live_blocks, 0);
}

static ad_status take_step(scene *s)
{
    return nested_step(s->method, &s->gradient, &s->states, &s->model, &s->error);
}

/* A second run that goes on from copies of the first one's states takes the same steps. */
START_TEST(states_can_be_saved_and_restored)
{
    scene a, b;
    open_scene(&a, row_at((size_t)_i));
    open_scene(&b, row_at((size_t)_i));
    for (int t = 0; t < 3; t++)
        ck_assert_int_eq(take_step(&a), AD_OK);
    ck_assert_int_eq(ad_model_states(&nested_tree, &b.method, &b.model, &b.states, NULL), AD_OK);
    ck_assert_int_eq(b.states.steps, 0);
    ck_assert_int_eq(nested_copy(&a.model, &b.model, NULL), AD_OK);
    for (int i = 0; i < a.states.count; i++)
        ck_assert_int_eq(
            nested_copy(nested_states_at(&a.states, i), nested_states_at(&b.states, i), NULL),
            AD_OK);
    b.states.steps = a.states.steps;
    ck_assert_int_eq(take_step(&a), AD_OK);
    ck_assert_int_eq(take_step(&b), AD_OK);
    ck_assert_uint_eq(take_snapshot(&nested_tree, &a.model).digest,
                      take_snapshot(&nested_tree, &b.model).digest);
    close_scene(&a);
    close_scene(&b);
}
END_TEST

START_TEST(after_its_first_step_an_optimiser_allocates_nothing)
{
    scene s;
    open_scene(&s, row_at((size_t)_i));
    ck_assert_int_eq(take_step(&s), AD_OK);
    size_t calls = s.memory.calls;
    ck_assert_int_eq(take_step(&s), AD_OK);
    ck_assert_uint_eq(s.memory.calls, calls);
    close_scene(&s);
}
END_TEST

/* ---- failures ----------------------------------------------------------------------- */

static void expect_failure(scene *s, ad_status status, const char *reason)
{
    nested *const structs[] = {&s->model, &s->gradient};
    snapshot before[2];
    ad_states states = s->states;
    for (int i = 0; i < 2; i++)
        before[i] = take_snapshot(&nested_tree, structs[i]);
    size_t blocks = s->memory.live_blocks;
    ck_assert_int_eq(take_step(s), status);
    ck_assert_int_eq(s->error.status, status);
    ck_assert_msg(strstr(s->error.text, reason) != NULL, "%s", s->error.text);
    ck_assert_msg(strstr(s->error.text, s->method.optimiser->name) == s->error.text, "%s",
                  s->error.text);
    for (int i = 0; i < 2; i++)
        expect_unchanged(&nested_tree, structs[i], &before[i]);
    ck_assert_int_eq(s->states.steps, states.steps);
    ck_assert_int_eq(s->states.count, states.count);
    ck_assert_ptr_eq(s->states.room.data, states.room.data);
    ck_assert_uint_eq(s->memory.live_blocks, blocks);
    s->error = (ad_error){0};
}

static size_t calls_of_first_step(const optimiser_row *r)
{
    scene s;
    open_scene(&s, r);
    size_t before = s.memory.calls;
    ck_assert_int_eq(take_step(&s), AD_OK);
    size_t calls = s.memory.calls - before;
    close_scene(&s);
    return calls;
}

/* The list of the states' arrays, five arrays for each state, and scratch memory. */
START_TEST(a_step_that_runs_out_of_memory_changes_nothing)
{
    const optimiser_row *r = row_at((size_t)_i);
    size_t states = (size_t)method_of(r, NULL).optimiser->states, calls = calls_of_first_step(r);
    ck_assert_uint_ge(calls, states ? 1 + 5 * states : 0);
    for (size_t k = 1; k <= calls; k++) {
        scene s;
        open_scene(&s, r);
        s.memory.fail_at = s.memory.calls + k;
        expect_failure(&s, AD_MEMORY, "memory ran out");
        ck_assert_int_eq(take_step(&s), AD_OK);
        close_scene(&s);
    }
}
END_TEST

static void with_array(scene *s, ad_array *place, ad_array other, ad_status status,
                       const char *reason)
{
    ad_array saved = *place;
    *place = other;
    expect_failure(s, status, reason);
    *place = saved;
}

START_TEST(fields_that_do_not_fit_are_refused_by_name)
{
    float numbers[8] = {0};
    ad_array nothing = {0}, integers = {.data = numbers, .type = AD_I32, .shape = AD_SHAPE(3)};
    ad_array doubles = {.data = numbers, .type = AD_F64, .shape = AD_SHAPE(3)};
    ad_array longer = {.data = numbers, .type = AD_F32, .shape = AD_SHAPE(4)};
    scene s;
    open_scene(&s, row_at((size_t)_i));
    ad_array *m = &s.model.hidden.b, *g = &s.gradient.hidden.b;
    with_array(&s, m, nothing, AD_MISUSE, "nested.hidden.b holds no numbers in the model");
    with_array(&s, g, nothing, AD_MISUSE, "nested.hidden.b holds no numbers in the gradient");
    with_array(&s, m, integers, AD_BAD_TYPE, "nested.hidden.b is i32");
    with_array(&s, g, doubles, AD_BAD_TYPE, "nested.hidden.b is f32, but f64 in the gradient");
    with_array(&s, g, longer, AD_BAD_SHAPE, "nested.hidden.b is [3], but [4] in the gradient");
    ck_assert_int_eq(take_step(&s), AD_OK);
    for (int i = 0; i < s.states.count; i++) {
        char text[100];
        snprintf(text, sizeof text, "nested.hidden.b is [3], but [4] in %s",
                 s.method.optimiser->state[i]);
        ad_array *v = &nested_states_at(&s.states, i)->hidden.b;
        with_array(&s, v, longer, AD_BAD_SHAPE, text);
        with_array(&s, v, nothing, AD_MISUSE, "nested.hidden.b holds no numbers in ");
    }
    close_scene(&s);
}
END_TEST

START_TEST(settings_that_make_no_sense_are_a_domain_error)
{
    const optimiser_row *r = row_at((size_t)_i);
    scene s;
    open_scene(&s, r);
    for (int i = 0; i < MOST_SETTINGS && r->bad[i].settings; i++) {
        s.method.settings = r->bad[i].settings;
        expect_failure(&s, AD_DOMAIN, r->bad[i].word);
    }
    close_scene(&s);
}
END_TEST

START_TEST(steps_are_counted_from_zero)
{
    scene s;
    open_scene(&s, row_at((size_t)_i));
    s.states.steps = -1;
    expect_failure(&s, AD_DOMAIN, "is not a number of steps");
    s.states.steps = INT64_MAX;
    expect_failure(&s, AD_DOMAIN, "is not a number of steps");
    close_scene(&s);
}
END_TEST

START_TEST(states_of_another_optimiser_or_model_are_refused)
{
    scene s;
    flat m = {0}, g = {0};
    open_scene(&s, row_at((size_t)_i));
    ck_assert_int_eq(take_step(&s), AD_OK);
    build_model(&flat_tree, NULL, AD_F32, &m);
    build_model(&flat_tree, NULL, AD_F32, &g);
    ck_assert_int_eq(flat_step(s.method, &g, &s.states, &m, &s.error), AD_MISUSE);
    ck_assert_ptr_nonnull(strstr(s.error.text, "another model"));
    s.error = (ad_error){0};
    const optimiser_row *other = row_at((size_t)_i + 1);
    s.method = method_of(other, settings_of(other, 0));
    expect_failure(&s, AD_MISUSE, "the states are those of ");
    flat_free(&m);
    flat_free(&g);
    close_scene(&s);
}
END_TEST

START_TEST(a_gradient_that_is_the_model_is_misuse)
{
    scene s;
    open_scene(&s, row_at((size_t)_i));
    ck_assert_int_eq(nested_step(s.method, &s.model, &s.states, &s.model, NULL), AD_MISUSE);
    close_scene(&s);
}
END_TEST

START_TEST(missing_arguments_are_misuse)
{
    scene s;
    open_scene(&s, row_at((size_t)_i));
    for (int k = 0; k < 7; k++) {
        ad_method m = s.method;
        m.optimiser = k == 5 ? NULL : m.optimiser;
        m.settings = k == 6 ? NULL : m.settings;
        ck_assert_int_eq(ad_model_step(k == 0 ? NULL : &nested_tree, k == 1 ? NULL : &m,
                                       k == 2 ? NULL : &s.gradient, k == 3 ? NULL : &s.states,
                                       k == 4 ? NULL : &s.model, NULL),
                         AD_MISUSE);
        if (k != 2)
            ck_assert_int_eq(ad_model_states(k == 0 ? NULL : &nested_tree, k == 1 ? NULL : &m,
                                             k == 4 ? NULL : &s.model, k == 3 ? NULL : &s.states,
                                             NULL),
                             AD_MISUSE);
    }
    close_scene(&s);
}
END_TEST

/* ---- optimisers of one's own ------------------------------------------------------------ */

START_TEST(an_optimiser_that_cannot_be_used_says_why)
{
    static const char *const reasons[] = {"its size is not sizeof(ad_optimiser)",
                                          "it needs a name",
                                          "it needs a name",
                                          "it needs a name",
                                          "it has too many states",
                                          "its settings are too large"};
    ad_optimiser bad[6];
    for (int i = 0; i < 6; i++)
        bad[i] = slower;
    bad[0].size = 0;
    bad[1].name = NULL;
    bad[2].prepare = NULL;
    bad[3].step = NULL;
    bad[4].states = AD_MAX_STATES + 1;
    bad[5].settings_size = AD_MAX_SETTINGS + 1;
    scene s;
    open_scene(&s, &own_rows[0]);
    for (int i = 0; i < 6; i++) {
        s.method.optimiser = &bad[i];
        ck_assert_int_eq(take_step(&s), AD_MISUSE);
        ck_assert_msg(strstr(s.error.text, reasons[i]) != NULL, "%s", s.error.text);
        s.error = (ad_error){0};
    }
    close_scene(&s);
}
END_TEST

/* ---- threads ---------------------------------------------------------------------------- */

enum { LONG_ARRAY = 70001, SHORT_ARRAY = 5 };

typedef struct pair {
    ad_array x, y;
} pair;

static const ad_field pair_fields[] = {{sizeof(ad_field), "x", &ad_array_tree, 1},
                                       {sizeof(ad_field), "y", &ad_array_tree, 1}};
static const ad_tree pair_tree = {sizeof(ad_tree), "pair", 2, pair_fields, 2};

static pair new_pair(double shift)
{
    pair p = {ad_array_new(NULL, AD_F32, AD_SHAPE(LONG_ARRAY)),
              ad_array_new(NULL, AD_F64, AD_SHAPE(SHORT_ARRAY))};
    for (size_t i = 0; i < LONG_ARRAY; i++)
        set_number(&p.x, i, sin((double)i + shift));
    for (size_t i = 0; i < SHORT_ARRAY; i++)
        set_number(&p.y, i, cos((double)i + shift));
    return p;
}

static void do_nothing(void *job, size_t task, int worker)
{
    (void)job, (void)task, (void)worker;
}

/* Before each step threads share a job, as in a sweep: only then do they share a step of so few numbers. */
static pair after_steps(ad_method method, ad_pool *pool)
{
    pair model = new_pair(0), gradient = new_pair(1);
    ad_states states = {0};
    method.pool = pool;
    for (int t = 0; t < 3; t++) {
        ad_pool_run(pool, 2, do_nothing, NULL);
        ck_assert_int_eq(ad_model_step(&pair_tree, &method, &gradient, &states, &model, NULL),
                         AD_OK);
    }
    ad_states_free(&states);
    ad_model_free(&pair_tree, &gradient);
    return model;
}

START_TEST(no_bit_of_a_step_depends_on_threads)
{
    const optimiser_row *r = row_at((size_t)_i);
    pair alone = after_steps(method_of(r, settings_of(r, 0)), NULL);
    for (int threads = 1; threads <= 5; threads++) {
        ad_pool *pool = ad_pool_new(NULL, threads);
        pair shared = after_steps(method_of(r, settings_of(r, 0)), pool);
        ck_assert_int_eq(memcmp(shared.x.data, alone.x.data, LONG_ARRAY * sizeof(float)), 0);
        ck_assert_int_eq(memcmp(shared.y.data, alone.y.data, SHORT_ARRAY * sizeof(double)), 0);
        ad_model_free(&pair_tree, &shared);
        ad_pool_free(pool);
    }
    ad_model_free(&pair_tree, &alone);
}
END_TEST

static _Atomic int parts_seen;

static void count_part(const ad_step_args *c)
{
    atomic_fetch_add(&parts_seen, 1);
    ck_assert_uint_gt(c->n, 0);
}

START_TEST(only_steps_by_numbers_are_given_parts_of_arrays)
{
    ad_optimiser counter = slower;
    ad_pool *pool = ad_pool_new(NULL, 4);
    counter.step = count_part;
    counter.by_numbers = _i;
    ad_method method = method_of(&own_rows[0], settings_of(&own_rows[0], 0));
    method.optimiser = &counter;
    parts_seen = 0; /* programs may run all tests in one process */
    pair model = after_steps(method, pool);
    ck_assert_int_eq(parts_seen, 3 * (_i ? 4 + 1 : 2));
    ad_method few = method;
    few.pool = pool;
    pair gradient = new_pair(1);
    ad_states states = {0};
    parts_seen = 0;
    for (int t = 0; t < 2; t++)
        ck_assert_int_eq(ad_model_step(&pair_tree, &few, &gradient, &states, &model, NULL), AD_OK);
    ck_assert_int_eq(parts_seen, 2 * 2);
    ad_states_free(&states);
    ad_model_free(&pair_tree, &gradient);
    ad_model_free(&pair_tree, &model);
    ad_pool_free(pool);
}
END_TEST

/* A caller that was compiled when it had no epsilon gives less, and the rest is zeros. */
START_TEST(settings_that_the_caller_does_not_know_are_zeros)
{
    scene s;
    open_scene(&s, &own_rows[0]);
    s.method.settings_size = offsetof(slower_settings, epsilon);
    expect_failure(&s, AD_DOMAIN, "epsilon 0 is not positive");
    close_scene(&s);
}
END_TEST

/* ---- the suite ---------------------------------------------------------------------- */

static Suite *make_suite(void)
{
    Suite *suite = suite_create("optimisers");
    TCase *steps = tcase_create("steps"), *failures = tcase_create("failures");
    tcase_add_loop_test(steps, an_optimiser_takes_the_steps_of_a_plain_loop, 0, CASES);
    tcase_add_test(steps, sgd_without_momentum_has_no_state);
    tcase_add_loop_test(steps, momentum_and_nesterov_by_hand, 0, 2);
    tcase_add_test(steps, momentum_may_come_and_go);
    tcase_add_test(steps, adam_by_hand);
    tcase_add_test(steps, lion_takes_no_step_along_0);
    tcase_add_test(steps, a_variance_is_never_below_0);
    tcase_add_test(steps, the_usual_settings_of_adam);
    tcase_add_loop_test(steps, adam_with_beta_0_forgets_all, 0, 2);
    tcase_add_loop_test(steps, adam_beyond_the_squares, 0, 2);
    tcase_add_loop_test(steps, no_square_is_lost_beyond_the_range, 1, (int)builtin_count);
    tcase_add_test(steps, adam_in_f32_has_no_drift);
    tcase_add_loop_test(steps, states_can_be_saved_and_restored, 0, (int)row_count());
    tcase_add_loop_test(steps, after_its_first_step_an_optimiser_allocates_nothing, 0,
                        (int)row_count());
    tcase_add_loop_test(steps, no_bit_of_a_step_depends_on_threads, 0, (int)row_count());
    tcase_add_loop_test(steps, only_steps_by_numbers_are_given_parts_of_arrays, 0, 2);
    tcase_add_loop_test(failures, a_step_that_runs_out_of_memory_changes_nothing, 0,
                        (int)row_count());
    tcase_add_loop_test(failures, fields_that_do_not_fit_are_refused_by_name, 0, (int)row_count());
    tcase_add_loop_test(failures, settings_that_make_no_sense_are_a_domain_error, 0,
                        (int)row_count());
    tcase_add_loop_test(failures, steps_are_counted_from_zero, 0, (int)row_count());
    tcase_add_loop_test(failures, states_of_another_optimiser_or_model_are_refused, 0,
                        (int)row_count());
    tcase_add_loop_test(failures, a_gradient_that_is_the_model_is_misuse, 0, (int)row_count());
    tcase_add_loop_test(failures, missing_arguments_are_misuse, 0, (int)row_count());
    tcase_add_test(failures, an_optimiser_that_cannot_be_used_says_why);
    tcase_add_test(failures, settings_that_the_caller_does_not_know_are_zeros);
    suite_add_tcase(suite, steps);
    suite_add_tcase(suite, failures);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
