/* Long short-term memory: the adding problem, with which its inventors showed what it can do. Each row of a sequence has
 * a number in [0, 1) and a mark, which is 1 at two places and 0 elsewhere. At the end of the sequence the net says the
 * sum of the two marked numbers: it must see them, keep the first until the second comes, and ignore all others. Always
 * saying 1 has a mean squared error of 1/6 (Hochreiter and Schmidhuber 1997, section 5.4).
 *
 * Sequences have lengths of their own and go through the net as one batch. Gradients are clipped, the rate warms up and
 * falls. After the training the net also gets sequences that are longer than any it has learnt from. */
#include "common.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FEATURES = 2,
    SIZE = 32,     /* of the memory */
    SHORTEST = 20, /* sequences in training */
    LONGEST = 40,
    STEPS = 50,   /* of an epoch */
    TESTED = 500, /* sequences for each range of lengths */
    WIDTH = 41,   /* of the drawing */
    HEIGHT = 20
};

/* ---- the model ----------------------------------------------------------------------- */

AD_MODEL(lstm, w, u, b); /* [FEATURES, 4 SIZE], [SIZE, 4 SIZE], [4 SIZE]: gates i, f, g, o */
AD_MODEL(dense, w, b);   /* [SIZE, 1], [1] */
AD_MODEL(adder, (lstm, memory), (dense, sum));

static adder adder_new(ad_random *random)
{
    adder m = {.memory = {ad_zeros(AD_F32, AD_SHAPE(FEATURES, 4 * SIZE)),
                          ad_zeros(AD_F32, AD_SHAPE(SIZE, 4 * SIZE)),
                          ad_zeros(AD_F32, AD_SHAPE(4 * SIZE))},
               .sum = {ad_zeros(AD_F32, AD_SHAPE(SIZE, 1)), ad_zeros(AD_F32, AD_SHAPE(1))}};
    if (ad_fill_glorot(&m.memory.w, random) != AD_OK ||
        ad_fill_orthogonal(&m.memory.u, random, 1) != AD_OK ||
        ad_fill_glorot(&m.sum.w, random) != AD_OK || !m.memory.b.data || !m.sum.b.data)
        fail("no memory for the weights");
    for (size_t i = SIZE; i < 2 * SIZE; i++)
        ad_array_set(&m.memory.b, i, 1); /* the forget gates are open at first: it remembers */
    return m;
}

/* x [time, batch, FEATURES], lengths [batch] -> [batch, 1]. h is the state after each row's own end. */
static ad_tensor adder_apply(const adder_tensors *m, ad_tensor x, ad_tensor lengths)
{
    const lstm_tensors *l = &m->memory;
    ad_shape shape = {2, {ad_shape_of(x).dim[1], SIZE}};
    ad_tensor zeros = ad_broadcast_to(ad_constant(x.tape, AD_F32, 0), shape);
    ad_sequence_options options = {.lengths = lengths};
    ad_tensor h = ad_lstm(x, zeros, zeros, l->w, l->u, l->b, options).h;
    return ad_dense(h, m->sum.w, m->sum.b, AD_IDENTITY);
}

/* ---- the sequences ------------------------------------------------------------------- */

typedef struct sequences {
    int64_t time, batch;
    float *x;         /* [time, batch, FEATURES] */
    float *sums;      /* [batch] */
    int64_t *lengths; /* [batch] */
} sequences;

static sequences sequences_new(int64_t time, int64_t batch)
{
    size_t n = (size_t)batch;
    if (batch > INT32_MAX)
        fail("%lld sequences are too many for a batch", (long long)batch);
    sequences s = {time, batch, calloc(n, (size_t)time * FEATURES * sizeof *s.x),
                   calloc(n, sizeof *s.sums), calloc(n, sizeof *s.lengths)};
    if (!s.x || !s.sums || !s.lengths)
        fail("no memory for %lld sequences", (long long)batch);
    return s;
}

static void sequences_free(sequences *s)
{
    free(s->x);
    free(s->sums);
    free(s->lengths);
}

/* Marks are in the first and in the second half of each sequence. */
static void draw(ad_random *r, int64_t shortest, int64_t longest, sequences *s)
{
    memset(s->x, 0, (size_t)(s->time * s->batch * FEATURES) * sizeof *s->x);
    for (int64_t i = 0; i < s->batch; i++) {
        int64_t n = shortest + (int64_t)ad_random_below(r, (uint64_t)(longest - shortest + 1));
        int64_t first = (int64_t)ad_random_below(r, (uint64_t)n / 2);
        int64_t second = n / 2 + (int64_t)ad_random_below(r, (uint64_t)(n - n / 2));
        s->lengths[i] = n;
        s->sums[i] = 0;
        for (int64_t t = 0; t < n; t++) {
            float *at = s->x + (t * s->batch + i) * FEATURES;
            at[0] = (float)ad_random_uniform(r);
            at[1] = t == first || t == second;
            s->sums[i] += at[0] * at[1];
        }
    }
}

/* What the net says to them: [batch, 1]. */
static ad_tensor answers(ad_tape *t, const adder_tensors *m, const sequences *s)
{
    ad_tensor x = ad_freeze(t, AD_VIEW(s->x, s->time, s->batch, FEATURES));
    return adder_apply(m, x, ad_freeze(t, AD_VIEW(s->lengths, s->batch)));
}

/* ---- training ------------------------------------------------------------------------ */

typedef struct trainer {
    ad_tape *tape;
    ad_random random;
    double rate; /* the greatest */
    int64_t steps;
    ad_states states;
    adder model, gradient;
} trainer;

/* One step; returns the mean squared error before it. */
static double step(trainer *t, sequences *s)
{
    ad_error error = {AD_OK, ""};
    ad_adamw adamw = ad_adamw_new(t->rate, 1e-4);
    adamw.rate *= ad_schedule_warm_up(t->states.steps, 20);
    adamw.rate *= ad_schedule_cosine(t->states.steps, t->steps, 0.01);
    draw(&t->random, SHORTEST, LONGEST, s);
    adder_tensors m = adder_watch(t->tape, &t->model);
    ad_tensor sums = ad_freeze(t->tape, AD_VIEW(s->sums, s->batch, 1));
    ad_tensor loss = ad_mse(answers(t->tape, &m, s), sums);
    if (adder_gradient(loss, &m, &t->gradient) != AD_OK)
        fail("%s", ad_tape_error(t->tape));
    double value = ad_item(loss);
    ad_tape_reset(t->tape);
    if (adder_clip_global_norm(&t->gradient, 1, NULL, &error) != AD_OK ||
        adder_step(ad_adamw_method(&adamw), &t->gradient, &t->states, &t->model, &error) != AD_OK)
        fail("%s", error.text);
    return value;
}

static void train(trainer *t, int64_t batch, int64_t epochs, cJSON *out)
{
    sequences s = sequences_new(LONGEST, batch);
    for (int64_t epoch = 0; epoch < epochs; epoch++) {
        double mean = 0;
        for (int i = 0; i < STEPS; i++)
            mean += step(t, &s) / STEPS;
        printf("steps %4lld   squared error %.5f\n", (long long)t->states.steps, mean);
        fflush(stdout);
        if (epoch == 0)
            cJSON_AddNumberToObject(out, "first_error", mean);
    }
    sequences_free(&s);
}

/* ---- a test ---------------------------------------------------------------------------- */

/* Truth from left to right, answers upwards; right ones lie on the line. */
static void picture(const sequences *s, ad_view said)
{
    char rows[HEIGHT + 1][WIDTH];
    memset(rows, ' ', sizeof rows);
    for (int k = 0; k < WIDTH; k++)
        rows[k * HEIGHT / (WIDTH - 1)][k] = '.';
    for (int64_t i = 0; i < s->batch; i++) {
        double answer = fmin(fmax(ad_view_get(&said, (size_t)i), 0), 2);
        rows[(int)(answer / 2 * HEIGHT + 0.5)][(int)(s->sums[i] / 2 * (WIDTH - 1) + 0.5F)] = 'o';
    }
    for (int row = HEIGHT; row >= 0; row--)
        printf("%4.1f |%.*s\n", 2.0 * row / HEIGHT, WIDTH, rows[row]);
    printf("      0 the sum itself %*s\n", WIDTH - 17, "2");
}

/* The mean squared error on fresh sequences of these lengths. */
static double test(trainer *t, int64_t shortest, int64_t longest, bool drawn)
{
    sequences s = sequences_new(longest, TESTED);
    draw(&t->random, shortest, longest, &s);
    adder_tensors m = adder_freeze(t->tape, &t->model);
    ad_tensor said = answers(t->tape, &m, &s);
    double error = ad_item(ad_mse(said, ad_freeze(t->tape, AD_VIEW(s.sums, s.batch, 1))));
    check(t->tape);
    if (drawn)
        picture(&s, ad_read(said));
    printf("lengths %lld to %lld: squared error %.5f; always saying 1: %.3f\n", (long long)shortest,
           (long long)longest, error, 1.0 / 6);
    ad_tape_reset(t->tape);
    sequences_free(&s);
    return error;
}

int main(int argc, char **argv)
{
    settings s = {.epochs = 20, .batch = 32, .rate = 0.01, .seed = 1, .threads = 1};
    ad_pool *pool;
    read_options(argc, argv, "epochs batch rate seed threads json", &s);
    if (s.epochs > INT32_MAX)
        fail("--epochs: %lld are too many", (long long)s.epochs);
    ad_tape *tape = new_tape(&s, &pool);
    ad_random random = ad_random_new((uint64_t)s.seed, 1);
    trainer t = {.tape = tape,
                 .random = ad_random_new((uint64_t)s.seed, 0),
                 .rate = s.rate,
                 .steps = s.epochs * STEPS,
                 .model = adder_new(&random)};
    cJSON *out = cJSON_CreateObject();
    double start = now();
    train(&t, s.batch, s.epochs, out);
    double seconds = now() - start;
    printf("after %.1f seconds it says to sequences that it has never seen:\n\n", seconds);
    cJSON_AddNumberToObject(out, "error", test(&t, SHORTEST, LONGEST, true));
    cJSON_AddNumberToObject(out, "longer_error", test(&t, LONGEST + 1, 2 * LONGEST, false));
    cJSON_AddNumberToObject(out, "seconds", seconds);
    write_json(out, s.json);

    adder_free(&t.model);
    adder_free(&t.gradient);
    ad_states_free(&t.states);
    ad_tape_free(tape);
    ad_pool_free(pool);
}
