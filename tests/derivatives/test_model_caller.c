/* A user's function that resets, rewinds or frees the tape on which it is evaluated: every generated function
 * that runs one refuses, and what its caller had on the tape stays. */
#include "suite.h"

#include <adze.h>
#include <string.h>

AD_MODEL(pair, w, b);
AD_MODEL_DERIVATIVES(pair);
AD_MODEL_FUNCTIONS(pair);

/* ---- functions that try ------------------------------------------------------------- */

typedef enum deed { RESET, REWIND, FREE, DEEDS } deed;

typedef struct plan {
    deed what;
    ad_mark start; /* before everything */
} plan;

static void destroy(ad_tape *t, const plan *p)
{
    if (p->what == RESET)
        ad_tape_reset(t);
    else if (p->what == REWIND)
        ad_tape_rewind(p->start);
    else
        ad_tape_free(t);
}

static ad_tensor vandal(ad_tape *t, const pair_tensors *m, const void *env)
{
    destroy(t, env);
    return ad_sum(ad_mul(m->w, m->b));
}

static ad_tensor vandal_map(ad_tape *t, const pair_tensors *m, const ad_tensor *x, const void *env)
{
    destroy(t, env);
    return ad_sum(ad_mul(m->w, x[0]));
}

/* ---- those that run them ------------------------------------------------------------ */

typedef struct scene {
    ad_tape *tape;
    pair model, result;
    ad_array y, ty;
    plan plan;
} scene;

static void value_with_gradient(scene *s)
{
    pair_value_with_gradient(s->tape, vandal, &s->model, &s->plan, NULL, &s->result);
}
static void value_with_pullback(scene *s)
{
    pair_pullback p;
    pair_value_with_pullback(s->tape, vandal, &s->model, &s->plan, &p);
}
static void jvp(scene *s)
{
    pair_jvp(s->tape, vandal, &s->model, &s->model, &s->plan, &s->y, &s->ty);
}
static void hvp(scene *s)
{
    pair_hvp(s->tape, vandal, &s->model, &s->model, &s->plan, &s->result);
}
static void jacobian(scene *s)
{
    pair_jacobian(s->tape, vandal, &s->model, AD_MODE_AUTO, &s->plan, &s->result);
}
static void value_with_jacobian(scene *s)
{
    pair_value_with_jacobian(s->tape, vandal, &s->model, AD_MODE_AUTO, &s->plan, &s->y, &s->result);
}
static void hessian(scene *s)
{
    pair_hessian(s->tape, vandal, &s->model, &s->plan, &s->y);
}
static void value_with_hessian(scene *s)
{
    pair_value_with_hessian(s->tape, vandal, &s->model, &s->plan, NULL, &s->result, &s->y);
}
static void hessian_diagonal(scene *s)
{
    pair_hessian_diagonal(s->tape, vandal, &s->model, &s->plan, &s->result);
}

static void gradient_node(scene *s)
{
    pair_tensors m = pair_watch(s->tape, &s->model), g;
    pair_gradient_node(vandal, &m, &s->plan, &g);
}
static void input_gradient_node(scene *s)
{
    ad_tensor g;
    pair_tensors m = pair_watch(s->tape, &s->model);
    pair_input_gradient_node(vandal_map, &m, 1, &m.b, &s->plan, &g);
}
static void checkpoint(scene *s)
{
    pair_tensors m = pair_watch(s->tape, &s->model);
    pair_checkpoint(vandal_map, &m, 1, &m.b, &s->plan);
}

/* All but check_step, which resets the tape itself, and check_gradient, which has its own. */
static const struct {
    const char *name;
    void (*run)(scene *s);
    bool inside; /* evaluates on an inner tape, which bears more without an error */
} runners[] = {
    {"value_with_gradient", value_with_gradient, false},
    {"value_with_pullback", value_with_pullback, false},
    {"jvp", jvp, false},
    {"hvp", hvp, false},
    {"jacobian", jacobian, false},
    {"value_with_jacobian", value_with_jacobian, false},
    {"hessian", hessian, false},
    {"value_with_hessian", value_with_hessian, false},
    {"hessian_diagonal", hessian_diagonal, false},
    {"gradient_node", gradient_node, true},
    {"input_gradient_node", input_gradient_node, true},
    {"checkpoint", checkpoint, true},
};
enum { RUNNERS = sizeof runners / sizeof *runners };

/* ---- the test ----------------------------------------------------------------------- */

START_TEST(what_the_caller_has_on_the_tape_outlives_a_function_that_would_end_it)
{
    double numbers[] = {1, 2, 3, 4};
    for (deed what = RESET; what < DEEDS; what++) {
        scene s = {.tape = ad_tape_new(NULL)};
        s.model.w = (ad_array){numbers, AD_F64, AD_SHAPE(2), NULL};
        s.model.b = (ad_array){numbers + 2, AD_F64, AD_SHAPE(2), NULL};
        s.plan = (plan){what, ad_tape_mark(s.tape)};
        ad_tensor kept = ad_constant(s.tape, AD_F64, 3);
        runners[_i].run(&s);
        ck_assert_msg(ad_item(kept) == 3, "%s, deed %d: the caller's tensor is gone",
                      runners[_i].name, (int)what);
        ck_assert_msg((runners[_i].inside && what != RESET) || ad_tape_status(s.tape) != AD_OK,
                      "%s, deed %d: no error", runners[_i].name, (int)what);
        ck_assert_msg(!strstr(ad_tape_error(s.tape), "watched leaf"), "%s, deed %d: %s",
                      runners[_i].name, (int)what, ad_tape_error(s.tape));
        ck_assert(!s.result.w.data && !s.result.b.data && !s.y.data && !s.ty.data);
        ad_tape_free(s.tape);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("model caller");
    TCase *c = tcase_create("caller");
    tcase_add_loop_test(c, what_the_caller_has_on_the_tape_outlives_a_function_that_would_end_it, 0,
                        RUNNERS);
    suite_add_tcase(suite, c);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
