/* A step of an optimiser by itself, on 10^6 parameters. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>

enum { NUMBERS = 1000000, SMOKE_NUMBERS = 1000, MOST_STATES = 2 };
static const double RATE = 1e-3, DECAY = 0.01;

AD_MODEL(weights, w);

/* The settings of all; each case uses one of them. */
typedef struct settings {
    ad_adam adam;
    ad_adamw adamw;
    ad_rmsprop rmsprop;
    ad_lion lion;
} settings;

/* One optimiser: its method; its step on x[begin] to x[end - 1] by hand; and how much that is for a number. */
typedef struct kind {
    ad_method (*method)(const settings *s);
    void (*step)(int64_t t, int64_t begin, int64_t end, const float *g, float *x,
                 float *const *state);
    int states, flops;
} kind;

/* x, its gradient, and the states of the bare form. */
typedef struct work {
    const kind *kind;
    ad_tape *tape; /* not used, but looked at */
    ad_pool *pool;
    weights x, gradient;
    settings settings;
    ad_states states;
    int64_t n, step; /* steps: of the bare form */
    float *bare, *state[MOST_STATES];
} work;

static void step_adze(void *state)
{
    work *w = state;
    ad_method method = w->kind->method(&w->settings);
    method.pool = w->pool;
    if (weights_step(method, &w->gradient, &w->states, &w->x, NULL) != AD_OK)
        fail("%s refuses a step", method.optimiser->name);
}

/* ---- bare --------------------------------------------------------------------------- */

static void adam_bare(int64_t t, double decay, int64_t begin, int64_t end, const float *restrict g,
                      float *restrict x, float *restrict mean, float *restrict square)
{
    const float beta1 = 0.9F, beta2 = 0.999F, epsilon = 1e-8F, keep = (float)(1 - RATE * decay);
    float rate = (float)(RATE / (1 - pow(0.9, (double)t)));
    float unbias = (float)(1 / (1 - pow(0.999, (double)t)));
    for (int64_t i = begin; i < end; i++) {
        mean[i] = beta1 * mean[i] + (1 - beta1) * g[i];
        square[i] = beta2 * square[i] + (1 - beta2) * g[i] * g[i];
        x[i] = keep * x[i] - rate * mean[i] / (sqrtf(square[i] * unbias) + epsilon);
    }
}

static void adam_step(int64_t t, int64_t begin, int64_t end, const float *g, float *x,
                      float *const *state)
{
    adam_bare(t, 0, begin, end, g, x, state[0], state[1]);
}

static void adamw_step(int64_t t, int64_t begin, int64_t end, const float *g, float *x,
                       float *const *state)
{
    adam_bare(t, DECAY, begin, end, g, x, state[0], state[1]);
}

static void rmsprop_step(int64_t t, int64_t begin, int64_t end, const float *restrict g,
                         float *restrict x, float *const *state)
{
    const float smoothing = 0.99F, rate = (float)RATE, epsilon = 1e-8F;
    float *restrict square = state[0];
    (void)t;
    for (int64_t i = begin; i < end; i++) {
        square[i] = smoothing * square[i] + (1 - smoothing) * g[i] * g[i];
        x[i] -= rate * g[i] / (sqrtf(square[i]) + epsilon);
    }
}

static void lion_step(int64_t t, int64_t begin, int64_t end, const float *restrict g,
                      float *restrict x, float *const *state)
{
    const float beta1 = 0.9F, beta2 = 0.99F, rate = (float)RATE, keep = (float)(1 - RATE * DECAY);
    float *restrict mean = state[0];
    (void)t;
    for (int64_t i = begin; i < end; i++) {
        float way = beta1 * mean[i] + (1 - beta1) * g[i];
        x[i] = keep * x[i] - (way > 0 ? rate : way < 0 ? -rate : way);
        mean[i] = beta2 * mean[i] + (1 - beta2) * g[i];
    }
}

static void part_of_step(void *user, int part, int parts)
{
    const work *w = user;
    int64_t begin, end;
    bare_share(w->n, part, parts, &begin, &end);
    w->kind->step(w->step, begin, end, w->gradient.w.data, w->bare, w->state);
}

static void step_bare(void *state)
{
    work *w = state;
    w->step++;
    bare_run(w->pool, ad_pool_threads(w->pool), part_of_step, w);
}

static double step_difference(void *state)
{
    const work *w = state;
    return difference(ad_array_view(w->x.w), w->bare);
}

/* ---- setup -------------------------------------------------------------------------- */

static bench_work step_setup(const bench_case *c, const bench_setting *s)
{
    work *w = take(1, sizeof *w);
    w->kind = c->spec;
    w->n = s->smoke ? SMOKE_NUMBERS : NUMBERS;
    w->pool = s->pool;
    w->tape = bench_tape(s->pool);
    w->settings = (settings){ad_adam_new(RATE), ad_adamw_new(RATE, DECAY), ad_rmsprop_new(RATE),
                             ad_lion_new(RATE, DECAY)};
    weights *all[] = {&w->x, &w->gradient};
    for (int i = 0; i < 2; i++)
        if (!(all[i]->w = ad_zeros(AD_F32, AD_SHAPE(w->n))).data)
            fail("no memory for %lld parameters", (long long)w->n);
    fill(AD_F32, w->gradient.w.data, (size_t)w->n, 1, 0.5, 1);
    w->bare = take((size_t)w->n, sizeof(float));
    for (int i = 0; i < w->kind->states; i++)
        w->state[i] = take((size_t)w->n, sizeof(float));
    /* All but the gradient is read and written. */
    double arrays = 3 + 2 * w->kind->states;
    return (bench_work){
        w, w->tape, 1, w->kind->flops * (double)w->n, arrays * (double)w->n * sizeof(float), NULL};
}

static void step_teardown(void *state)
{
    work *w = state;
    ad_tape_free(w->tape);
    weights_free(&w->x);
    weights_free(&w->gradient);
    ad_states_free(&w->states);
    free(w->bare);
    for (int i = 0; i < MOST_STATES; i++)
        free(w->state[i]);
    free(w);
}

static const bench_kind step_kind = {.setup = step_setup,
                                     .adze = step_adze,
                                     .bare = step_bare,
                                     .difference = step_difference,
                                     .teardown = step_teardown};

#define METHOD(name)                                  \
    static ad_method name##_method(const settings *s) \
    {                                                 \
        return ad_##name##_method(&s->name);          \
    }
METHOD(adam)
METHOD(adamw)
METHOD(rmsprop)
METHOD(lion)

static const kind adam = {adam_method, adam_step, 2, 13}, adamw = {adamw_method, adamw_step, 2, 14};
static const kind rmsprop = {rmsprop_method, rmsprop_step, 1, 9},
                  lion = {lion_method, lion_step, 1, 9};

static const bench_case cases[] = {
    {"adam_1e6", "a step of Adam on 1e6 parameters", &step_kind, &adam},
    {"adamw_1e6", "a step of AdamW on 1e6 parameters", &step_kind, &adamw},
    {"rmsprop_1e6", "a step of RMSProp on 1e6 parameters", &step_kind, &rmsprop},
    {"lion_1e6", "a step of Lion on 1e6 parameters", &step_kind, &lion},
};

const bench_table optimisers_table = BENCH_TABLE(cases);
