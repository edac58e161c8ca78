/* Every function that calls a user's function looks at what comes back: it must be a live tensor of the tape.
 * And functions that call each other without end meet a limit. */
#include "allocator.h"
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <string.h>

/* ---- what a function does with its result ------------------------------------------- */

typedef enum deed { NOTHING, REWINDS, RESETS, DEAD, ELSEWHERE, NUMBER, RECURS, DEEDS } deed;

static const char *const deed_name[] = {"nothing",   "rewinds", "resets", "dead",
                                        "elsewhere", "number",  "recurs"};

typedef struct runner runner;

typedef struct scene {
    deed what;
    const runner *runner;
    int depth, deepest; /* of calls within calls */
    ad_tape *tape, *other;
    ad_array x, tx, out[2]; /* what the runner delivers must not be there after a failure */
    ad_view at, along;      /* x and tx */
    double value;
    ad_error error; /* of runners whose tape is their own */
} scene;

struct runner {
    const char *name;
    ad_status (*run)(scene *s, ad_tape *t);
    bool own_tape; /* and so no tape to recur on */
};

static const double numbers[] = {1, 2, 3};

static ad_tensor outcome(ad_tape *t, ad_tensor x, scene *s)
{
    ad_mark start = ad_tape_mark(t);
    ad_tensor y = ad_sum(ad_square(x));
    if (s->what == REWINDS)
        ad_tape_rewind(start);
    else if (s->what == RESETS)
        ad_tape_reset(t);
    else if (s->what == DEAD)
        y = ad_dead(y);
    else if (s->what == ELSEWHERE)
        y = ad_sum(ad_watch(s->other, AD_VIEW(numbers, 3)));
    else if (s->what == NUMBER)
        y = ad_number(1);
    else if (s->what == RECURS) {
        s->depth++;
        s->deepest = s->depth > s->deepest ? s->depth : s->deepest;
        s->runner->run(s, t);
        s->depth--;
    }
    return y;
}

static ad_tensor function(ad_tape *t, const ad_tensor *x, const void *env)
{
    return outcome(t, x[0], (scene *)(uintptr_t)env);
}

static ad_tensor of_model(ad_tape *t, const void *tensors, const void *env)
{
    return function(t, tensors, *(void *const *)env);
}

static ad_tensor of_fields(ad_tape *t, const void *tensors, const void *env)
{
    return function(t, tensors, env);
}

static ad_tensor map(ad_tape *t, const void *tensors, const ad_tensor *x, const void *env)
{
    (void)x;
    return of_model(t, tensors, env);
}

static void step(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x, const void *env,
                 ad_tensor *next)
{
    (void)i, (void)x;
    next[0] = function(t, state, env);
    if (next[0].tape == t && ad_read(next[0]).data)
        next[0] = ad_add(state[0], next[0]);
}

static void pullback(ad_tape *t, const ad_tensor *x, ad_tensor y, ad_tensor dy, const void *env,
                     ad_tensor *dx)
{
    (void)y;
    dx[0] = outcome(t, x[0], (scene *)(uintptr_t)env);
    if (dx[0].tape == t && ad_read(dx[0]).data)
        dx[0] = ad_mul(dy, x[0]);
}

static ad_tensor plain(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sum(ad_square(x[0]));
}

/* ---- those that call it ------------------------------------------------------------- */

#define LIST  t, function, 1, &s->at
#define MODEL &ad_array_tree, t, of_fields, &s->x

#define RUNNER(name, call)                            \
    static ad_status run_##name(scene *s, ad_tape *t) \
    {                                                 \
        return call;                                  \
    }
/* A node; and its derivative, by a sweep. */
#define NODE(name, call)                              \
    static ad_status run_##name(scene *s, ad_tape *t) \
    {                                                 \
        ad_tensor x = ad_watch(t, s->x), g, y;        \
        (void)g;                                      \
        y = call;                                     \
        return ad_backward(ad_sum(y));                \
    }

RUNNER(gradient, ad_gradient(LIST, s, s->out))
RUNNER(value_with_gradient, ad_value_with_gradient(LIST, s, &s->value, s->out))
RUNNER(value_with_gradient_over_rows,
       ad_value_with_gradient_over_rows(LIST, 1, &s->along, NULL, s, &s->value, s->out))
RUNNER(jvp, ad_jvp(LIST, &s->along, s, &s->out[1], s->out))
RUNNER(jvp_many, ad_jvp_many(LIST, 1, &s->along, s, &s->out[1], s->out))
RUNNER(hvp, ad_hvp(LIST, &s->along, s, s->out))
RUNNER(hvp_many, ad_hvp_many(LIST, 1, &s->along, s, s->out))
RUNNER(jacobian, ad_jacobian(LIST, AD_MODE_AUTO, s, s->out))
RUNNER(jacobian_forward, ad_jacobian(LIST, AD_MODE_FORWARD, s, s->out))
RUNNER(jacobian_reverse, ad_jacobian(LIST, AD_MODE_REVERSE, s, s->out))
RUNNER(value_with_jacobian, ad_value_with_jacobian(LIST, AD_MODE_REVERSE, s, &s->out[1], s->out))
RUNNER(hessian, ad_hessian(LIST, s, s->out))
RUNNER(value_with_hessian, ad_value_with_hessian(LIST, s, &s->value, &s->out[1], s->out))
RUNNER(hessian_diagonal, ad_hessian_diagonal(LIST, s, s->out))
RUNNER(model_value_with_gradient, ad_model_value_with_gradient(MODEL, s, &s->value, s->out))
RUNNER(model_value_with_gradient_over_rows,
       ad_model_value_with_gradient_over_rows(&ad_array_tree, t, map, &s->x, 1, &s->along, NULL, &s,
                                              &s->value, s->out))
RUNNER(model_jvp, ad_model_jvp(MODEL, &s->tx, s, &s->out[1], s->out))
RUNNER(model_hvp, ad_model_hvp(MODEL, &s->tx, s, s->out))
RUNNER(model_value_with_jacobian,
       ad_model_value_with_jacobian(MODEL, AD_MODE_AUTO, s, &s->out[1], s->out))
RUNNER(model_value_with_hessian,
       ad_model_value_with_hessian(MODEL, s, &s->value, &s->out[1], s->out))
RUNNER(model_hessian_diagonal, ad_model_hessian_diagonal(MODEL, s, s->out))
RUNNER(check_gradient, (t ? ad_check_gradient(function, 1, &s->at, s, NULL, &s->error) : AD_OK))
RUNNER(model_check_gradient,
       (t ? ad_model_check_gradient(&ad_array_tree, of_fields, &s->x, s, NULL, &s->error) : AD_OK))
NODE(gradient_node, ad_gradient_node(function, 1, &x, 1, s, &g))
NODE(with_derivative, ad_with_derivative(function, pullback, 1, &x, s))
NODE(pullback, ad_with_derivative(plain, pullback, 1, &x, s))
NODE(checkpoint, ad_checkpoint(function, 1, &x, s))
NODE(checkpoint_loop, ad_checkpoint_loop(step, 1, &x, 1, 3, 1, s, &g))
NODE(model_gradient_node, ad_model_gradient_node(&ad_array_tree, of_model, &x, &s, sizeof s, &g))
NODE(model_input_gradient_node,
     ad_model_input_gradient_node(&ad_array_tree, map, &x, 1, &x, &s, sizeof s, &g))
NODE(model_checkpoint, ad_model_checkpoint(&ad_array_tree, map, &x, 1, &x, &s, sizeof s))

static ad_status run_value_with_pullback(scene *s, ad_tape *t)
{
    ad_pullback p;
    if (ad_value_with_pullback(LIST, s, &p) == AD_OK)
        ad_pull(&p, AD_VIEW_SCALAR(numbers), s->out);
    return ad_tape_status(t);
}

static ad_status run_model_value_with_pullback(scene *s, ad_tape *t)
{
    ad_tensor value, x;
    if (ad_model_value_with_pullback(MODEL, s, &value, &x) == AD_OK)
        ad_model_gradient(&ad_array_tree, value, NULL, &x, s->out);
    return ad_tape_status(t);
}

/* On a tape that is reset first. */
static ad_status run_model_check_step(scene *s, ad_tape *t)
{
    double slopes[] = {2, 4, 6};
    ad_array gradient = {slopes, AD_F64, AD_SHAPE(3), NULL};
    return ad_model_check_step(&ad_array_tree, t, of_fields, &s->x, &gradient, 0, s, NULL,
                               &s->error);
}

static ad_status run_derivative(scene *s, ad_tape *t)
{
    (void)t;
    return isnan(ad_derivative(function, 1, s)) ? AD_FAILED : AD_OK;
}

#define ROW(name)                \
    {                            \
#name, run_##name, false \
    }
#define OWN(name)               \
    {                           \
#name, run_##name, true \
    }
static const runner runners[] = {
    ROW(gradient),
    ROW(value_with_gradient),
    ROW(value_with_gradient_over_rows),
    ROW(value_with_pullback),
    ROW(jvp),
    ROW(jvp_many),
    ROW(hvp),
    ROW(hvp_many),
    ROW(jacobian),
    ROW(jacobian_forward),
    ROW(jacobian_reverse),
    ROW(value_with_jacobian),
    ROW(hessian),
    ROW(value_with_hessian),
    ROW(hessian_diagonal),
    ROW(model_value_with_gradient),
    ROW(model_value_with_gradient_over_rows),
    ROW(model_value_with_pullback),
    ROW(model_jvp),
    ROW(model_hvp),
    ROW(model_value_with_jacobian),
    ROW(model_value_with_hessian),
    ROW(model_hessian_diagonal),
    ROW(gradient_node),
    ROW(with_derivative),
    ROW(pullback),
    ROW(checkpoint),
    ROW(checkpoint_loop),
    ROW(model_gradient_node),
    ROW(model_input_gradient_node),
    ROW(model_checkpoint),
    OWN(derivative),
    OWN(check_gradient),
    OWN(model_check_gradient),
    OWN(model_check_step),
};
enum { RUNNERS = sizeof runners / sizeof *runners };

static const char *runner_name(int row)
{
    return runners[row].name;
}

/* ---- the tests ---------------------------------------------------------------------- */

static scene scene_of(const runner *r, deed what)
{
    scene s = {.what = what, .runner = r, .value = -1};
    s.tape = ad_tape_new(NULL);
    s.other = ad_tape_new(NULL);
    s.at = s.along = AD_VIEW(numbers, 3);
    s.x = ad_array_copy(NULL, AD_F64, s.at);
    s.tx = ad_array_copy(NULL, AD_F64, s.at);
    return s;
}

static void end_scene(scene *s)
{
    ad_array *arrays[] = {&s->x, &s->tx, &s->out[0], &s->out[1]};
    for (int i = 0; i < 4; i++)
        ad_array_free(arrays[i]);
    ad_tape_free(s->tape);
    ad_tape_free(s->other);
}

static const char *message(const scene *s)
{
    return s->error.status != AD_OK ? s->error.text : ad_tape_error(s->tape);
}

static void expect_nothing_written(const scene *s)
{
    ck_assert_msg(!s->out[0].data && !s->out[1].data && s->value == -1, "%s: %s: results",
                  s->runner->name, deed_name[s->what]);
}

START_TEST(a_result_that_is_not_alive_on_its_tape_is_an_error)
{
    for (deed what = NOTHING; what < RECURS; what++) {
        scene s = scene_of(&runners[_i], what);
        ad_status status = s.runner->run(&s, s.tape);
        ck_assert_msg((status == AD_OK) == (what == NOTHING), "%s: %s: %s %s", s.runner->name,
                      deed_name[what], ad_status_text(status), message(&s));
        if (what != NOTHING)
            expect_nothing_written(&s);
        if (what == ELSEWHERE && status != AD_FAILED)
            ck_assert_msg(status == AD_FOREIGN && strstr(message(&s), " is not on its tape"),
                          "%s: %s", s.runner->name, message(&s));
        if ((what == REWINDS || what == DEAD) && status != AD_FAILED)
            ck_assert_msg(status == AD_STALE &&
                              strstr(message(&s), what == DEAD ? " is dead" : " is gone"),
                          "%s: %s", s.runner->name, message(&s));
        end_scene(&s);
    }
}
END_TEST

START_TEST(functions_that_call_themselves_without_end_meet_a_limit)
{
    const runner *r = &runners[_i];
    if (r->own_tape) /* whose functions are deep in nobody's */
        return;
    scene s = scene_of(r, RECURS);
    ck_assert_int_eq(r->run(&s, s.tape), AD_MISUSE);
    ck_assert_msg(strstr(message(&s), "functions call functions more than 100 deep"), "%s: %s",
                  r->name, message(&s));
    ck_assert_int_eq(s.deepest, 100);
    expect_nothing_written(&s);
    s.what = NOTHING;
    ad_tape_reset(s.tape);
    ck_assert_int_eq(r->run(&s, s.tape), AD_OK);
    end_scene(&s);
}
END_TEST

/* ---- what functions leave behind ----------------------------------------------------- */

static ad_tensor leaves_a_hold(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)env;
    ad_tape_hold(t);
    return ad_sum(x[0]);
}

static ad_tensor leaves_an_inner_tape(ad_tape *t, const ad_tensor *x, const void *env)
{
    ad_tensor y = ad_sum(x[0]);
    (void)env;
    ad_inner_begin(t, "careless");
    return y;
}

START_TEST(what_a_function_leaves_begun_ends_with_it)
{
    test_allocator memory;
    test_allocator_init(&memory);
    ad_function *careless[] = {leaves_a_hold, leaves_an_inner_tape};
    const ad_view at = AD_VIEW(numbers, 3);
    for (int i = 0; i < 2; i++) {
        ad_array slope = {0};
        ad_tape *t = ad_tape_new(&(ad_tape_options){.size = sizeof(ad_tape_options),
                                                    .allocator = &memory.base,
                                                    .checks = AD_CHECK_THREADS});
        for (int again = 0; again < 2; again++) {
            ad_tape_reset(t);
            ad_tensor x = ad_watch(t, at);
            ad_tensor y = ad_checkpoint(careless[i], 1, &x, NULL);
            ck_assert_double_eq(ad_item(y), 6);
            ck_assert_int_eq(ad_backward(y), i == 0 ? AD_OK : AD_BUSY);
        }
        ad_tape_reset(t);
        ad_status status = ad_gradient(t, careless[i], 1, &at, NULL, &slope);
        ck_assert_int_eq(status, i == 0 ? AD_OK : AD_MISUSE);
        if (i == 1)
            ck_assert_str_eq(ad_tape_error(t),
                             "a function has begun an inner tape and not ended it");
        ad_array_free(&slope);
        ad_tape_reset(t);
        ck_assert_int_eq(ad_tape_status(t), AD_OK);
        ad_tape_free(t);
        ck_assert_uint_eq(memory.live_blocks, 0);
    }
}
END_TEST

START_TEST(an_empty_tape_that_is_held_can_be_reset_but_not_freed)
{
    ad_tape *t = ad_tape_new(NULL);
    uint32_t held = ad_tape_hold(t);
    ad_tape_reset(t);
    ck_assert_int_eq(ad_tape_status(t), AD_OK);
    ad_tape_free(t);
    ck_assert_int_eq(ad_tape_status(t), AD_MISUSE);
    ck_assert_ptr_nonnull(strstr(ad_tape_error(t), "free: a function is being evaluated"));
    ad_tape_let_go(t, held);
    ad_tape_free(t);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("callers");
    TCase *c = tcase_create("callers");
    add_row_tests(c, a_result_that_is_not_alive_on_its_tape_is_an_error, RUNNERS, runner_name);
    add_row_tests(c, functions_that_call_themselves_without_end_meet_a_limit, RUNNERS, runner_name);
    tcase_add_test(c, what_a_function_leaves_begun_ends_with_it);
    tcase_add_test(c, an_empty_tape_that_is_held_can_be_reset_but_not_freed);
    suite_add_tcase(suite, c);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
