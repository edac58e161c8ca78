/* A step of an optimiser by itself, on 10^6 parameters. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>

enum { NUMBERS = 1000000, SMOKE_NUMBERS = 1000 };
static const double RATE = 1e-3;

AD_MODEL(weights, w);

/* x, its gradient, and the states of the bare form. */
typedef struct adam {
    ad_tape *tape; /* not used, but looked at */
    ad_pool *pool;
    weights x, gradient;
    ad_adam how;
    ad_states states;
    int64_t n, step; /* steps: of the bare form */
    float *bare[3];  /* x, mean, square */
} adam;

static void adam_adze(void *state)
{
    adam *a = state;
    if (weights_step(ad_adam_method(&a->how), &a->gradient, &a->states, &a->x, NULL) != AD_OK)
        fail("adam refuses a step");
}

/* ---- bare --------------------------------------------------------------------------- */

static void part_of_step(void *user, int part, int parts)
{
    const adam *a = user;
    const float beta1 = 0.9F, beta2 = 0.999F, epsilon = 1e-8F;
    float rate = (float)(RATE / (1 - pow(0.9, (double)a->step)));
    float unbias = (float)(1 / (1 - pow(0.999, (double)a->step)));
    float *restrict x = a->bare[0], *restrict mean = a->bare[1], *restrict square = a->bare[2];
    const float *restrict g = a->gradient.w.data;
    int64_t begin, end;
    bare_share(a->n, part, parts, &begin, &end);
    for (int64_t i = begin; i < end; i++) {
        mean[i] = beta1 * mean[i] + (1 - beta1) * g[i];
        square[i] = beta2 * square[i] + (1 - beta2) * g[i] * g[i];
        x[i] -= rate * mean[i] / (sqrtf(square[i] * unbias) + epsilon);
    }
}

static void adam_bare(void *state)
{
    adam *a = state;
    a->step++;
    bare_run(a->pool, ad_pool_threads(a->pool), part_of_step, a);
}

static double adam_difference(void *state)
{
    const adam *a = state;
    return difference(ad_array_view(a->x.w), a->bare[0]);
}

/* ---- setup -------------------------------------------------------------------------- */

static bench_work adam_setup(const bench_case *c, const bench_setting *s)
{
    adam *a = take(1, sizeof *a);
    (void)c;
    a->n = s->smoke ? SMOKE_NUMBERS : NUMBERS;
    a->pool = s->pool;
    a->tape = bench_tape(s->pool);
    a->how = ad_adam_new(RATE);
    weights *all[] = {&a->x, &a->gradient};
    for (int i = 0; i < 2; i++)
        if (!(all[i]->w = ad_zeros(AD_F32, AD_SHAPE(a->n))).data)
            fail("no memory for %lld parameters", (long long)a->n);
    fill(AD_F32, a->gradient.w.data, (size_t)a->n, 1, 0.5, 1);
    for (int i = 0; i < 3; i++)
        a->bare[i] = take((size_t)a->n, sizeof(float));
    /* Four arrays are read and three written. */
    return (bench_work){a, a->tape, 1, 13 * (double)a->n, 7 * (double)a->n * sizeof(float), NULL};
}

static void adam_teardown(void *state)
{
    adam *a = state;
    ad_tape_free(a->tape);
    weights_free(&a->x);
    weights_free(&a->gradient);
    ad_states_free(&a->states);
    for (int i = 0; i < 3; i++)
        free(a->bare[i]);
    free(a);
}

static const bench_kind adam_kind = {.setup = adam_setup,
                                     .adze = adam_adze,
                                     .bare = adam_bare,
                                     .difference = adam_difference,
                                     .teardown = adam_teardown};

static const bench_case cases[] = {
    {"adam_1e6", "a step of Adam on 1e6 parameters", &adam_kind, NULL},
};

const bench_table optimisers_table = BENCH_TABLE(cases);
