/* Loops that are swept back with few of their states in memory, against the same steps on the tape. */
#include "functions/schedule.h"
#include "measured.h"
#include "messages.h"
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

static const double numbers[] = {0.5, -1, 0.25, 1.5, -0.75, 1.25};
static const double weights[] = {0.3, -0.8, 0.5, 0.6, -0.2, 0.4, -0.7, 0.1, 0.2};
static const double some[] = {1, -2, 0.5, 3, -1, 2, 0.25, -0.5, 1.5};

/* ---- steps ------------------------------------------------------------------------- */

/* What env leads to: a sequence, a key, and how often a step was taken. */
typedef struct world {
    double forces[64];
    ad_key key;
    int taken;
} world;

/* h' = tanh(h w + u_i). */
static void recur(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x,
                  const void *env, ad_tensor *next)
{
    world *w = (world *)(uintptr_t)env;
    w->taken++;
    ad_tensor u = ad_freeze(t, AD_VIEW_SCALAR(&w->forces[i % 64]));
    next[0] = ad_tanh(ad_add(ad_matmul(state[0], x[0]), u));
}

/* Position, velocity and the loss so far, of a damped spring with noise and dropout. */
static void swing(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x,
                  const void *env, ad_tensor *next)
{
    world *w = (world *)(uintptr_t)env;
    ad_key key = ad_key_split(w->key, (uint64_t)i);
    w->taken++;
    ad_tensor z = ad_normal(t, AD_F64, AD_SHAPE(3), 0, 0.1, ad_key_split(key, 0));
    ad_tensor a = ad_sub(z, ad_mul(ad_dropout(state[0], 0.25, ad_key_split(key, 1)), x[0]));
    ad_tensor v = ad_mul(ad_add(state[1], ad_mul(a, 0.1)), x[1]);
    next[0] = ad_add(state[0], ad_mul(v, 0.1));
    next[1] = v;
    next[2] = ad_add(state[2], ad_sum(ad_square(next[0])));
}

/* Its states come out as views: a row turned over, and one of the other. */
static void turn(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x, const void *env,
                 ad_tensor *next)
{
    (void)t, (void)i, (void)env;
    next[0] = ad_flip(ad_mul(state[1], x[0]), AD_AXES(0));
    next[1] = ad_sin(state[0]);
}

static ad_tensor inner_part(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_sin(ad_mul(x[0], x[1]));
}

/* States that are others before, or themselves, to the letter. */
static void swap(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x, const void *env,
                 ad_tensor *next)
{
    (void)t, (void)i, (void)env;
    next[0] = state[1];
    next[1] = ad_mul(ad_add(state[0], state[1]), x[0]);
    next[2] = state[2];
}

/* One state, which is its own view. */
static void spin(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x, const void *env,
                 ad_tensor *next)
{
    (void)t, (void)env, (void)x;
    next[0] = i % 3 == 0   ? state[0]
              : i % 3 == 1 ? ad_flip(state[0], AD_AXES(0))
                           : ad_mul(state[0], x[0]);
}

/* A checkpoint, and a loop of three steps, in each step. */
static void grind(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x,
                  const void *env, ad_tensor *next)
{
    ad_tensor pair[] = {state[0], x[0]};
    (void)i;
    pair[0] = ad_checkpoint(inner_part, 2, pair, NULL);
    next[0] = ad_mul(ad_checkpoint_loop(recur, 2, (ad_tensor[]){pair[0], x[1]}, 1, 3, 1, env, NULL),
                     1.25);
    (void)t;
}

static void plain_grind(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x,
                        const void *env, ad_tensor *next)
{
    (void)i;
    ad_tensor h = inner_part(t, (ad_tensor[]){state[0], x[0]}, env);
    for (int64_t k = 0; k < 3; k++)
        recur(t, k, &h, &x[1], env, &h);
    next[0] = ad_mul(h, 1.25);
}

#define VIEW_1(data)            \
    {                           \
        data, AD_F64, {1, {3}}, \
        {                       \
            1                   \
        }                       \
    }
#define VIEW_2(data, n)            \
    {                              \
        data, AD_F64, {2, {n, 3}}, \
        {                          \
            3, 1                   \
        }                          \
    }
#define A_NUMBER(data)          \
    {                           \
        data, AD_F64, {0, {0}}, \
        {                       \
            0                   \
        }                       \
    }

static const struct kind {
    const char *name;
    ad_step_function *step, *plain;
    int states, n;
    ad_view x[5], tx[5];
} kinds[] = {
    {"a recurrence",
     recur,
     recur,
     1,
     2,
     {VIEW_2(numbers, 2), VIEW_2(weights, 3)},
     {VIEW_2(some, 2), VIEW_2(some, 3)}},
    {"three states",
     swing,
     swing,
     3,
     5,
     {VIEW_1(numbers), VIEW_1(weights), A_NUMBER(numbers), VIEW_1(some), A_NUMBER(weights + 5)},
     {VIEW_1(some), VIEW_1(numbers), A_NUMBER(some), VIEW_1(weights), A_NUMBER(some)}},
    {"states that are views",
     turn,
     turn,
     2,
     3,
     {VIEW_1(numbers), VIEW_1(some), VIEW_1(weights)},
     {VIEW_1(some), VIEW_1(numbers), VIEW_1(some)}},
    {"states that are others",
     swap,
     swap,
     3,
     4,
     {VIEW_1(numbers), VIEW_1(some), VIEW_1(weights), VIEW_1(weights + 3)},
     {VIEW_1(some), VIEW_1(numbers), VIEW_1(weights), VIEW_1(some)}},
    {"a state that is itself",
     spin,
     spin,
     1,
     2,
     {VIEW_1(numbers), VIEW_1(weights)},
     {VIEW_1(some), VIEW_1(numbers)}},
    {"nested",
     grind,
     plain_grind,
     1,
     3,
     {VIEW_2(numbers, 2), VIEW_2(some, 2), VIEW_2(weights, 3)},
     {VIEW_2(some, 2), VIEW_2(numbers, 2), VIEW_2(some, 3)}},
};
enum { KINDS = sizeof kinds / sizeof *kinds, MOST = 5 };

/* ---- against the steps on the tape --------------------------------------------------- */

typedef struct formula {
    const struct kind *kind;
    int64_t steps, snapshots; /* snapshots < 0: on the tape */
    world *world;
} formula;

static ad_tensor run(ad_tape *t, const ad_tensor *x, const void *env)
{
    const formula *c = env;
    const struct kind *k = c->kind;
    ad_tensor y[MOST], next[MOST], sum = ad_constant(t, AD_F64, 0);
    for (int i = 0; i < k->n; i++)
        y[i] = x[i];
    if (c->snapshots >= 0)
        ad_checkpoint_loop(k->step, k->n, y, k->states, c->steps, c->snapshots, c->world, y);
    for (int64_t i = 0; c->snapshots < 0 && i < c->steps; i++) {
        k->plain(t, i, y, y + k->states, c->world, next);
        for (int s = 0; s < k->states; s++)
            y[s] = next[s];
    }
    for (int s = 0; s < k->states; s++)
        sum = ad_add(sum, ad_mul(ad_sum(ad_square(ad_add(y[s], 0.5))), 1 + s));
    return sum;
}

static world a_world(void)
{
    world w = {.key = ad_key_new(3)};
    for (int i = 0; i < 64; i++)
        w.forces[i] = sin(i);
    return w;
}

static void near(const formula *c, const ad_array *a, const ad_array *b, int n, double tolerance)
{
    ad_error error = {0};
    for (int i = 0; i < n; i++)
        ck_assert_msg(ad_test_same(ad_array_view(a[i]), ad_array_view(b[i]), tolerance, &error) ==
                          AD_OK,
                      "%s, %d steps, %d snapshots, [%d]: %s", c->kind->name, (int)c->steps,
                      (int)c->snapshots, i, error.text);
}

static void free_all(ad_array *a, int n)
{
    for (int i = 0; i < n; i++)
        ad_array_free(&a[i]);
}

static const int64_t lengths[] = {0, 1, 2, 3, 7, 20}, rooms[] = {0, 1, 2, 3, 5, 100};
enum { CASES = 36 };

/* Values have the same bits, and so have the gradients of states. Those of the other operands are sums over
 * the steps, in the same order, of what each step adds up by itself. */
START_TEST(values_and_gradients_are_the_same)
{
    const struct kind *k = &kinds[_i];
    for (int i = 0; i < CASES; i++) {
        world w = a_world();
        formula c = {k, lengths[i / 6], -1, &w}, d = {k, c.steps, rooms[i % 6], &w};
        ad_array g[MOST] = {{0}}, h[MOST] = {{0}};
        double a, b;
        ck_assert_int_eq(ad_value_with_gradient(tape, run, k->n, k->x, &c, &a, g), AD_OK);
        ad_value_with_gradient(tape, run, k->n, k->x, &d, &b, h);
        ck_assert_msg(ad_tape_status(tape) == AD_OK, "%s: %s", k->name, message_of(tape));
        ck_assert_msg(memcmp(&a, &b, sizeof a) == 0, "%s: %.17g against %.17g", k->name, a, b);
        for (int s = 0; s < k->states && k->step == k->plain; s++)
            ck_assert_mem_eq(g[s].data, h[s].data, ad_array_count(&g[s]) * sizeof(double));
        near(&d, g, h, k->n, 1e-12);
        free_all(g, k->n);
        free_all(h, k->n);
    }
}
END_TEST

START_TEST(tangents_and_second_derivatives_are_the_same)
{
    const struct kind *k = &kinds[_i];
    for (int i = 0; i < CASES; i++) {
        world w = a_world();
        formula c = {k, lengths[i / 6], -1, &w}, d = {k, c.steps, rooms[i % 6], &w};
        ad_array y[4] = {{0}}, g[MOST] = {{0}}, h[MOST] = {{0}};
        ad_view tx[MOST];
        for (int j = 0; j < k->n; j++) /* not all have one */
            tx[j] = j == i % (k->n + 1) ? (ad_view){.data = NULL} : k->tx[j];
        ad_jvp(tape, run, k->n, k->x, tx, &c, &y[0], &y[1]);
        ad_jvp(tape, run, k->n, k->x, tx, &d, &y[2], &y[3]);
        ad_hvp(tape, run, k->n, k->x, tx, &c, g);
        ad_hvp(tape, run, k->n, k->x, tx, &d, h);
        ck_assert_msg(ad_tape_status(tape) == AD_OK, "%s: %s", k->name, message_of(tape));
        near(&d, y, y + 2, 2, 1e-9);
        near(&d, g, h, k->n, 1e-8);
        free_all(y, 4);
        free_all(g, k->n);
        free_all(h, k->n);
    }
}
END_TEST

/* ---- how many steps ------------------------------------------------------------------ */

/* Once for the value, once to sweep each, and what the schedule takes to come to those, except for the
 * steps between states that were kept on the first way. */
static int64_t steps_taken(int64_t n, int64_t room)
{
    int64_t kept = 0;
    for (int64_t r = room; r > 0 && n - kept > 1; r--)
        kept += ad_schedule_next(n - kept, r);
    return n + n + ad_schedule_cost(n, room) - kept;
}

START_TEST(steps_are_taken_as_the_schedule_says)
{
    for (int64_t n = 1; n <= 60; n++)
        for (int64_t s = 0; s <= 6; s++) {
            world w = a_world();
            ad_tensor x[] = {ad_watch(tape, kinds[0].x[0]), ad_watch(tape, kinds[0].x[1])};
            ad_tensor y = ad_sum(ad_checkpoint_loop(recur, 2, x, 1, n, s, &w, NULL));
            ck_assert_int_eq(w.taken, (int)n);
            ck_assert_int_eq(ad_backward(y), AD_OK);
            ck_assert_msg(w.taken == (int)steps_taken(n, s), "%d steps, %d kept: %d, not %d",
                          (int)n, (int)s, w.taken, (int)steps_taken(n, s));
            ad_tape_reset(tape);
        }
}
END_TEST

START_TEST(sweeps_repeat)
{
    world w = a_world();
    ad_tensor x[] = {ad_watch(tape, kinds[0].x[0]), ad_watch(tape, kinds[0].x[1])};
    ad_tensor y = ad_sum(ad_checkpoint_loop(recur, 2, x, 1, 30, 3, &w, NULL));
    double first[9];
    ck_assert_int_eq(ad_backward(y), AD_OK);
    memcpy(first, ad_grad(x[1]).data, sizeof first);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(ad_backward(y), AD_OK);
        ck_assert_mem_eq(first, ad_grad(x[1]).data, sizeof first);
    }
}
END_TEST

static bool count_down(void *user, size_t left)
{
    (void)left;
    return --*(int *)user > 0;
}

/* What a cancelled sweep leaves on the shelf serves the next. */
START_TEST(a_cancelled_sweep_leaves_the_next_one_right)
{
    enum { POLLS = 38 }; /* of a sweep that is not cancelled */
    double whole[9] = {0};
    for (int left = POLLS + 1; left > 0; left--) {
        world w = a_world();
        int polls = left;
        ad_mark mark = ad_tape_mark(tape);
        ad_tensor x[] = {ad_watch(tape, kinds[0].x[0]), ad_watch(tape, kinds[0].x[1])};
        ad_tensor y = ad_sum(ad_checkpoint_loop(recur, 2, x, 1, 12, 3, &w, NULL));
        ad_tape_poll(tape, count_down, &polls);
        ad_status status = ad_backward(y);
        ad_tape_poll(tape, NULL, NULL);
        if (left > POLLS)
            memcpy(whole, ad_grad(x[1]).data, sizeof whole);
        ck_assert_int_eq(status, left > POLLS ? AD_OK : AD_CANCELLED);
        ad_tape_rewind(mark);
        ad_tape_reset(tape);
    }
}
END_TEST

START_TEST(some_operands_are_frozen)
{
    const struct kind *k = &kinds[1];
    for (int bits = 0; bits < 32; bits++) {
        ad_tensor x[2][MOST];
        for (int way = 0; way < 2; way++) {
            world w = a_world();
            formula c = {k, 9, way ? 2 : -1, &w};
            for (int i = 0; i < 5; i++)
                x[way][i] = bits >> i & 1 ? ad_watch(tape, k->x[i]) : ad_freeze(tape, k->x[i]);
            ck_assert_int_eq(ad_backward(run(tape, x[way], &c)), AD_OK);
            for (int i = 0; way && i < 5; i++)
                ck_assert(ad_grad(x[1][i]).data || !(bits >> i & 1));
        }
        ad_tape_reset(tape);
    }
}
END_TEST

/* Large enough for kernels to share their work. */
START_TEST(threads_change_no_bits)
{
    enum { MANY = 70000 };
    static double state[MANY], first[MANY];
    double factor = 1.0625;
    ad_pool *pool = ad_pool_new(NULL, 3);
    for (int i = 0; i < MANY; i++)
        state[i] = sin(i);
    for (int way = 0; way < 2; way++) {
        ad_tape *t = ad_tape_new(
            &(ad_tape_options){.size = sizeof(ad_tape_options), .pool = way ? pool : NULL});
        ad_tensor x[] = {ad_watch(t, AD_VIEW(state, MANY)), ad_watch(t, AD_VIEW_SCALAR(&factor))};
        ad_tensor y = ad_checkpoint_loop(spin, 2, x, 1, 8, 2, NULL, NULL);
        ck_assert_int_eq(ad_backward(ad_sum(ad_square(y))), AD_OK);
        if (way)
            ck_assert_mem_eq(first, ad_grad(x[0]).data, sizeof first);
        memcpy(first, ad_grad(x[0]).data, sizeof first);
        ad_tape_free(t);
    }
    ad_pool_free(pool);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------- */

static void widen(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x,
                  const void *env, ad_tensor *next)
{
    (void)t, (void)i, (void)env;
    next[0] = ad_sin(ad_mul(state[0], x[0]));
}

START_TEST(a_long_loop_takes_the_memory_of_its_snapshots)
{
    static double state[4096];
    double one = 1.0625;
    ad_tensor x[] = {ad_watch(tape, AD_VIEW(state, 4096)), ad_watch(tape, AD_VIEW_SCALAR(&one))};
    ad_tensor y = ad_checkpoint_loop(widen, 2, x, 1, 1000, 10, NULL, NULL);
    ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK);
    ck_assert_uint_lt(measured(tape).bytes_reserved, 64 * sizeof state); /* of 2000 */
}
END_TEST

/* ---- failures ----------------------------------------------------------------------- */

static void no_state(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x,
                     const void *env, ad_tensor *next)
{
    (void)t, (void)x, (void)env;
    if (i < 3)
        next[0] = state[0];
}
static void other_shape(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x,
                        const void *env, ad_tensor *next)
{
    (void)t, (void)x, (void)env;
    next[0] = i < 2 ? state[0] : ad_transpose(state[0]);
}
static void other_type(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x,
                       const void *env, ad_tensor *next)
{
    (void)t, (void)i, (void)x, (void)env;
    next[0] = ad_cast(state[0], AD_F32);
}
static void gone(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x, const void *env,
                 ad_tensor *next)
{
    (void)i, (void)x, (void)env;
    ad_mark mark = ad_tape_mark(t);
    next[0] = ad_exp(state[0]);
    ad_tape_rewind(mark);
}
static void reset(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x,
                  const void *env, ad_tensor *next)
{
    (void)x, (void)env;
    if (i == 4)
        ad_tape_reset(t);
    next[0] = i == 4 ? ad_broadcast_to(ad_constant(t, AD_F64, 1), AD_SHAPE(2, 3)) : state[0];
}
static void outer(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x,
                  const void *env, ad_tensor *next)
{
    (void)t, (void)i, (void)state, (void)x;
    next[0] = *(const ad_tensor *)env;
}
static void bad_product(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x,
                        const void *env, ad_tensor *next)
{
    (void)t, (void)x, (void)env;
    next[0] = i < 5 ? ad_exp(state[0]) : ad_matmul(state[0], state[0]);
}

static const struct {
    ad_step_function *step;
    ad_status status;
    const char *message;
} failures[] = {
    {no_state, AD_MISUSE, "step 3: the function does not set state 0"},
    {other_shape, AD_BAD_SHAPE, "step 2: state 0 has shape [2, 3] and must not get [3, 2]"},
    {other_type, AD_BAD_TYPE, "step 0: state 0 is f64 and must not become f32"},
    {gone, AD_STALE, "step 0: state 0 is gone"},
    {reset, AD_STALE, "step 4: the function has reset its tape"},
    {outer, AD_FOREIGN, "step 0: state 0 is not on its tape"},
    {bad_product, AD_BAD_SHAPE, "step 5: matmul([2, 3], [2, 3]): columns of the left"},
};

START_TEST(failures_name_the_step)
{
    ad_tensor x = ad_watch(tape, kinds[0].x[0]);
    ad_tensor y = ad_checkpoint_loop(failures[_i].step, 1, &x, 1, 9, 2, &x, NULL);
    ck_assert_ptr_null(ad_read(y).data);
    ck_assert_msg(ad_tape_status(tape) == failures[_i].status &&
                      strstr(message_of(tape), failures[_i].message) &&
                      strncmp(message_of(tape), "checkpoint_loop([2, 3]): step ", 30) == 0,
                  "%s", message_of(tape));
}
END_TEST

START_TEST(an_impure_step_is_found_out)
{
    world w = a_world();
    ad_tensor x[] = {ad_watch(tape, kinds[0].x[0]), ad_watch(tape, kinds[0].x[1])};
    ad_tensor y = ad_sum(ad_checkpoint_loop(recur, 2, x, 1, 9, 2, &w, NULL));
    w.forces[8] = 0;
    ck_assert_int_eq(ad_backward(y), AD_CHANGED);
    ck_assert(strstr(message_of(tape), "step 8: the function gave other numbers"));
}
END_TEST

START_TEST(what_cannot_be_a_loop_is_misuse)
{
    static const struct {
        int64_t steps, snapshots;
        int n, states;
    } bad[] = {{-1, 2, 2, 1}, {3, -1, 2, 1}, {3, 2, 2, 0}, {3, 2, 2, -1}, {3, 2, 1, 2}};
    world w = a_world();
    for (int i = 0; i < 5; i++) {
        ad_tensor x[] = {ad_watch(tape, kinds[0].x[0]), ad_watch(tape, kinds[0].x[1])}, y[2];
        ad_checkpoint_loop(recur, bad[i].n, x, bad[i].states, bad[i].steps, bad[i].snapshots, &w,
                           y);
        ck_assert_int_eq(ad_tape_status(tape), AD_MISUSE);
        ad_tape_reset(tape);
    }
    ad_tensor x[] = {ad_watch(tape, kinds[0].x[0]),
                     ad_freeze(tape, AD_VIEW((const float[]){1}, 1))};
    ad_checkpoint_loop(turn, 2, x, 2, 2, 2, &w, NULL);
    ck_assert_int_eq(ad_tape_status(tape), AD_BAD_TYPE);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("checkpoint_loop");
    TCase *tests = tcase_create("checkpoint_loop");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, values_and_gradients_are_the_same, 0, KINDS);
    tcase_add_loop_test(tests, tangents_and_second_derivatives_are_the_same, 0, KINDS);
    tcase_add_test(tests, steps_are_taken_as_the_schedule_says);
    tcase_add_test(tests, sweeps_repeat);
    tcase_add_test(tests, a_cancelled_sweep_leaves_the_next_one_right);
    tcase_add_test(tests, some_operands_are_frozen);
    tcase_add_test(tests, threads_change_no_bits);
    tcase_add_test(tests, a_long_loop_takes_the_memory_of_its_snapshots);
    tcase_add_loop_test(tests, failures_name_the_step, 0, sizeof failures / sizeof *failures);
    tcase_add_test(tests, an_impure_step_is_found_out);
    tcase_add_test(tests, what_cannot_be_a_loop_is_misuse);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
