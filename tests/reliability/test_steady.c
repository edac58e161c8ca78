/* The steady state: after its first step a training loop takes no memory, from anywhere in the
 * process, and 1e5 steps leave the memory flat (RELIABILITY R2, R15). */
#include "figure.h"
#include "measured.h"
#include "sanitizer.h"
#include "suite.h"

#include <adze.h>
#include <stdio.h>

/* Every allocation of the process comes by here, those of BLIS included; a sanitizer has its own
 * idea of malloc, and there only the tape's memory is watched. */
static size_t mallocs;

#if defined(__GLIBC__) && !HAS_ADDRESS_SANITIZER
void *__libc_malloc(size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

void *malloc(size_t bytes)
{
    mallocs++;
    return __libc_malloc(bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    mallocs++;
    return __libc_memalign(alignment, bytes);
}

int posix_memalign(void **memory, size_t alignment, size_t bytes);
int posix_memalign(void **memory, size_t alignment, size_t bytes)
{
    mallocs++;
    *memory = __libc_memalign(alignment, bytes);
    return *memory ? 0 : 12;
}
#define COUNTED 1
#else
#define COUNTED 0
#endif

AD_MODEL(mlp, w1, b1, w2, b2);
AD_MODEL_FUNCTIONS(mlp);

enum { ROWS = 64, INPUTS = 40, HIDDEN = 30 };

static float pixels[ROWS * INPUTS], targets[ROWS];

typedef struct training {
    ad_tape *tape;
    mlp model, gradient;
    ad_states states;
    ad_adam adam;
} training;

static void begin(training *run)
{
    ad_random r = ad_random_new(1, 0);
    *run = (training){.tape = ad_tape_new(NULL), .adam = ad_adam_new(1e-3)};
    run->model = (mlp){
        ad_zeros(AD_F32, AD_SHAPE(INPUTS, HIDDEN)),
        ad_zeros(AD_F32, AD_SHAPE(HIDDEN)),
        ad_zeros(AD_F32, AD_SHAPE(HIDDEN, 1)),
        ad_zeros(AD_F32, AD_SHAPE(1)),
    };
    ad_fill_kaiming(&run->model.w1, &r);
    ad_fill_kaiming(&run->model.w2, &r);
    for (int i = 0; i < ROWS * INPUTS; i++)
        pixels[i] = (float)ad_random_normal(&r);
    for (int i = 0; i < ROWS; i++)
        targets[i] = (float)ad_random_uniform(&r);
}

/* Without check's assertions, which call malloc. */
static bool step(training *run, int64_t rows)
{
    mlp_tensors m = mlp_watch(run->tape, &run->model);
    ad_tensor x = ad_freeze(run->tape, AD_VIEW(pixels, rows, INPUTS));
    ad_tensor y = ad_freeze(run->tape, AD_VIEW(targets, rows));
    ad_tensor h = ad_relu(ad_add(ad_matmul(x, m.w1), m.b1));
    ad_tensor out = ad_squeeze(ad_add(ad_matmul(h, m.w2), m.b2), -1);
    ad_tensor loss = ad_mean(ad_square(ad_sub(out, y)));
    bool good = mlp_gradient(loss, &m, &run->gradient) == AD_OK &&
                mlp_step(ad_adam_method(&run->adam), &run->gradient, &run->states, &run->model,
                         NULL) == AD_OK;
    ad_tape_reset(run->tape);
    return good;
}

/* Functions inside functions: a penalty on a gradient, a step down another, a derivative of one's own. */
static ad_tensor critic(ad_tape *t, const mlp_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor h = ad_tanh(ad_add(ad_matmul(x[0], m->w1), m->b1));
    return ad_sum(ad_add(ad_matmul(h, m->w2), m->b2));
}

static ad_tensor critic_loss(ad_tape *t, const mlp_tensors *m, const void *env)
{
    ad_tensor x = ad_freeze(t, AD_VIEW(pixels, *(const int64_t *)env, INPUTS));
    return ad_square(critic(t, m, &x, NULL));
}

static ad_tensor own_square(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    return ad_square(x[0]);
}

static void own_pullback(ad_tape *t, const ad_tensor *x, ad_tensor y, ad_tensor dy, const void *env,
                         ad_tensor *dx)
{
    (void)t, (void)y, (void)env;
    dx[0] = ad_mul(ad_mul(dy, x[0]), 2);
}

static bool inside_step(training *run, int64_t rows)
{
    mlp_tensors m = mlp_watch(run->tape, &run->model), g;
    ad_tensor x = ad_freeze(run->tape, AD_VIEW(pixels, rows, INPUTS)), slope;
    mlp_gradient_node(critic_loss, &m, &rows, &g);
    mlp_tensors moved = mlp_tensors_axpy(-1e-3, &g, &m);
    mlp_input_gradient_node(critic, &moved, 1, &x, NULL, &slope);
    ad_tensor loss = ad_mean(ad_with_derivative(own_square, own_pullback, 1, &slope, NULL));
    bool good = mlp_gradient(loss, &m, &run->gradient) == AD_OK &&
                mlp_axpy(-1e-3, &run->gradient, &run->model, NULL) == AD_OK;
    ad_tape_reset(run->tape);
    return good;
}

/* Checkpoints: a layer with dropout, and a loop of states that are added up. */
static ad_tensor hidden(ad_tape *t, const mlp_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t;
    ad_tensor h = ad_relu(ad_add(ad_matmul(x[0], m->w1), m->b1));
    return ad_dropout(h, 0.5, *(const ad_key *)env);
}

static void turn(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x, const void *env,
                 ad_tensor *next)
{
    (void)t, (void)i, (void)env;
    next[0] = ad_tanh(ad_mul(state[0], x[0]));
    next[1] = ad_add(state[1], ad_mean(ad_square(next[0])));
}

static bool checkpoint_step(training *run, int64_t rows)
{
    ad_key key = ad_key_new(1);
    mlp_tensors m = mlp_watch(run->tape, &run->model);
    ad_tensor x = ad_freeze(run->tape, AD_VIEW(pixels, rows, INPUTS)), y[3];
    y[0] = mlp_checkpoint(hidden, &m, 1, &x, &key);
    y[1] = ad_constant(run->tape, AD_F32, 0);
    y[2] = m.b1;
    ad_checkpoint_loop(turn, 3, y, 2, 12, 3, NULL, y);
    bool good = mlp_gradient(y[1], &m, &run->gradient) == AD_OK &&
                mlp_axpy(-1e-3, &run->gradient, &run->model, NULL) == AD_OK;
    ad_tape_reset(run->tape);
    return good;
}

static ad_tensor slice_loss(ad_tape *t, const mlp_tensors *m, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor h = ad_dense(x[0], m->w1, m->b1, AD_RELU);
    return ad_mse(ad_squeeze(ad_dense(h, m->w2, m->b2, AD_IDENTITY), -1), x[1]);
}

static bool sliced_step(training *run, int64_t rows)
{
    const ad_view data[] = {AD_VIEW(pixels, rows, INPUTS), AD_VIEW(targets, rows)};
    const ad_rows_options slices = {.size = sizeof slices, .slice = 7};
    return mlp_value_with_gradient_over_rows(run->tape, slice_loss, &run->model, 2, data, &slices,
                                             NULL, NULL, &run->gradient) == AD_OK &&
           mlp_axpy(-1e-3, &run->gradient, &run->model, NULL) == AD_OK;
}

static void end(training *run)
{
    mlp_free(&run->model);
    mlp_free(&run->gradient);
    ad_states_free(&run->states);
    ad_tape_free(run->tape);
}

static bool (*const steps[])(training *run, int64_t rows) = {step, inside_step, checkpoint_step,
                                                             sliced_step};

START_TEST(no_step_after_the_first_calls_malloc)
{
    training run;
    begin(&run);
    ck_assert(steps[_i](&run, ROWS));
    size_t reserved = measured(run.tape).bytes_reserved, before = mallocs;
    bool good = true;
    for (int i = 0; i < 100; i++)
        good = steps[_i](&run, ROWS) && good;
    size_t after = mallocs;
    ck_assert(good && (!COUNTED || before > 0)); /* the counter counts */
    ck_assert_uint_eq(after, before);
    ck_assert_uint_eq(measured(run.tape).bytes_reserved, reserved);
    if (_i == 0)
        figure("%zu allocations in 100 steps", after - before);
    end(&run);
}
END_TEST

static long resident_pages(void)
{
    long all = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%ld %ld", &all, &resident) != 2)
        resident = 0;
    if (f)
        fclose(f);
    return resident;
}

START_TEST(a_hundred_thousand_steps_leave_memory_flat)
{
    training run;
    begin(&run);
    for (int i = 0; i < 100; i++)
        step(&run, 2);
    long pages = resident_pages();
    size_t reserved = measured(run.tape).bytes_reserved;
    bool good = true;
    for (int i = 0; i < 100000; i++)
        good = step(&run, 2) && good;
    ck_assert(good);
    ck_assert_uint_eq(measured(run.tape).bytes_reserved, reserved);
    long grown = resident_pages() - pages;
    ck_assert(!COUNTED || grown <= 64); /* a sanitizer keeps books of its own */
    figure("%ld pages more after 1e5 steps", grown);
    end(&run);
}
END_TEST

START_TEST(steps_of_changing_size_settle)
{
    training run;
    begin(&run);
    for (int round = 0; round < 3; round++)
        for (int rows = 1; rows <= ROWS; rows++)
            step(&run, rows);
    size_t before = mallocs;
    for (int rows = ROWS; rows >= 1; rows--)
        step(&run, rows);
    size_t after = mallocs;
    ck_assert_uint_eq(after, before);
    end(&run);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("steady state");
    TCase *all = tcase_create("steady state");
    tcase_set_timeout(all, 300);
    tcase_add_loop_test(all, no_step_after_the_first_calls_malloc, 0, sizeof steps / sizeof *steps);
    tcase_add_test(all, steps_of_changing_size_settle);
    suite_add_tcase(suite, all);
    TCase *many = tcase_create("many steps");
    tcase_set_timeout(many, 300);
    tcase_set_tags(many, "long");
    tcase_add_test(many, a_hundred_thousand_steps_leave_memory_flat);
    suite_add_tcase(suite, many);
    return suite;
}

int main(void)
{
    return run_suite(make_suite());
}
