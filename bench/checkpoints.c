/* Savings and costs of checkpoints: a deep network in pieces, and a long loop with few of its
 * states in memory. The bare form is also adze, recording everything on a tape: its ratio is the
 * time paid for the memory that is saved. */
#include "bench.h"

#include <math.h>
#include <stdlib.h>

AD_MODEL(dense, w, b);

enum { DEPTH = 64, WIDTH = 64, ROWS = 512, LOOP_WIDTH = 16, LOOP_ROWS = 8 };

/* loop 0: a network of `size` layers in so many pieces; else a loop of `size` steps with so many
 * snapshots. kept < 0: recorded as it is. */
typedef struct checkpoint_spec {
    int64_t size, smoke_size, kept;
    bool loop;
} checkpoint_spec;

typedef struct work {
    const checkpoint_spec *spec;
    int64_t size;
    ad_tape *tape, *plain;
    dense layer[DEPTH], gradient[2][DEPTH];
    float *x;
} work;

/* ---- a deep network ----------------------------------------------------------------- */

static int layers_of(const work *w)
{
    return w->spec->loop ? 1 : (int)w->size;
}

/* A piece of the network: x, then w and b of its layers, of which env tells how many there are. */
static ad_tensor piece(ad_tape *t, const ad_tensor *x, const void *env)
{
    ad_tensor h = x[0];
    (void)t;
    for (int i = 0; i < *(const int *)env; i++)
        h = ad_dense(h, x[1 + 2 * i], x[2 + 2 * i], AD_TANH);
    return h;
}

static ad_tensor network(const work *w, ad_tape *t, const dense_tensors *layer, int64_t pieces)
{
    ad_tensor x[1 + 2 * DEPTH] = {ad_freeze(t, AD_VIEW(w->x, ROWS, WIDTH))};
    int *layers = ad_tape_memory(t, sizeof *layers);
    if (layers)
        *layers = (int)(w->size / (pieces < 1 ? 1 : pieces));
    for (int begin = 0; layers && begin < w->size; begin += *layers) {
        for (int i = 0; i < *layers; i++) {
            x[1 + 2 * i] = layer[begin + i].w;
            x[2 + 2 * i] = layer[begin + i].b;
        }
        x[0] = pieces < 0 ? piece(t, x, layers) : ad_checkpoint(piece, 1 + 2 * *layers, x, layers);
    }
    return x[0];
}

/* ---- a long loop -------------------------------------------------------------------- */

static void turn(ad_tape *t, int64_t i, const ad_tensor *state, const ad_tensor *x, const void *env,
                 ad_tensor *next)
{
    (void)t, (void)i, (void)env;
    next[0] = ad_dense(state[0], x[0], x[1], AD_TANH);
}

static ad_tensor recurrence(const work *w, ad_tape *t, const dense_tensors *layer,
                            int64_t snapshots)
{
    ad_tensor x[] = {ad_freeze(t, AD_VIEW(w->x, LOOP_ROWS, LOOP_WIDTH)), layer->w, layer->b};
    if (snapshots >= 0)
        return ad_checkpoint_loop(turn, 3, x, 1, w->size, snapshots, NULL, NULL);
    for (int64_t i = 0; i < w->size; i++)
        turn(t, i, x, x + 1, NULL, x);
    return x[0];
}

/* ---- the case ----------------------------------------------------------------------- */

static void run(work *w, ad_tape *t, int64_t kept, dense *gradient)
{
    dense_tensors layer[DEPTH];
    for (int i = 0; i < layers_of(w); i++)
        layer[i] = dense_watch(t, &w->layer[i]);
    ad_tensor y = (w->spec->loop ? recurrence : network)(w, t, layer, kept);
    ad_backward(ad_mean(ad_square(y)));
    for (int i = 0; i < layers_of(w); i++)
        dense_collect(t, &layer[i], &gradient[i]);
    check(t);
    ad_tape_reset(t);
}

static void with_checkpoints(void *state)
{
    work *w = state;
    run(w, w->tape, w->spec->kept, w->gradient[0]);
}

static void without(void *state)
{
    work *w = state;
    run(w, w->plain, -1, w->gradient[1]);
}

static double work_difference(void *state)
{
    const work *w = state;
    double most = 0;
    for (int i = 0; i < layers_of(w); i++)
        most = fmax(most, difference(ad_array_view(w->gradient[0][i].w), w->gradient[1][i].w.data));
    return most;
}

static bench_work work_setup(const bench_case *c, const bench_setting *s)
{
    work *w = take(1, sizeof *w);
    w->spec = c->spec;
    w->size = s->smoke ? w->spec->smoke_size : w->spec->size;
    w->tape = bench_tape(s->pool);
    w->plain = bench_tape(s->pool);
    int64_t width = w->spec->loop ? LOOP_WIDTH : WIDTH, rows = w->spec->loop ? LOOP_ROWS : ROWS;
    w->x = take((size_t)(rows * width), sizeof *w->x);
    fill(AD_F32, w->x, (size_t)(rows * width), 1, -1, 1);
    ad_random r = ad_random_new(1, 2);
    for (int i = 0; i < layers_of(w); i++) {
        w->layer[i] =
            (dense){ad_zeros(AD_F32, AD_SHAPE(width, width)), ad_zeros(AD_F32, AD_SHAPE(width))};
        if (!w->layer[i].b.data || ad_fill_glorot(&w->layer[i].w, &r) != AD_OK)
            fail("no memory for a layer of %lld", (long long)width);
        for (int k = 0; k < 2; k++)
            if (dense_like(&w->layer[i], &w->gradient[k][i], NULL) != AD_OK)
                fail("no memory for the gradient of a layer");
    }
    double steps = (double)w->size, product = 2.0 * (double)(rows * width * width);
    return (bench_work){w,   w->tape, 1, 3 * steps * product, 6.0 * steps * (double)(rows * width),
                        NULL};
}

static void work_teardown(void *state)
{
    work *w = state;
    for (int i = 0; i < layers_of(w); i++) {
        dense_free(&w->layer[i]);
        dense_free(&w->gradient[0][i]);
        dense_free(&w->gradient[1][i]);
    }
    ad_tape_free(w->tape);
    ad_tape_free(w->plain);
    free(w->x);
    free(w);
}

static const bench_kind kind = {
    .setup = work_setup,
    .adze = with_checkpoints,
    .bare = without,
    .difference = work_difference,
    .teardown = work_teardown,
};

#define DEEP(name, what, pieces)                                                    \
    {                                                                               \
        "checkpoints_deep_" name, "64 layers of 64 on 512, gradient, " what, &kind, \
            &(const checkpoint_spec)                                                \
        {                                                                           \
            DEPTH, 8, pieces, false                                                 \
        }                                                                           \
    }
#define LOOP(name, what, snapshots)                                                      \
    {                                                                                    \
        "checkpoints_loop_" name, "a recurrence of 10000 steps, gradient, " what, &kind, \
            &(const checkpoint_spec)                                                     \
        {                                                                                \
            10000, 50, snapshots, true                                                   \
        }                                                                                \
    }

static const bench_case cases[] = {
    DEEP("plain", "recorded as it is", -1), DEEP("4", "in 4 checkpoints", 4),
    DEEP("8", "in 8 checkpoints", 8),       LOOP("plain", "recorded as it is", -1),
    LOOP("10", "with 10 snapshots", 10),    LOOP("30", "with 30 snapshots", 30),
    LOOP("100", "with 100 snapshots", 100),
};

const bench_table checkpoints_table = BENCH_TABLE(cases);
