/* Training inside an event loop: a program that learns and answers meanwhile.
 *
 * The loop looks after a clock and the lines that come in. What time is left it spends on training,
 * a little at a time: one layer forward, or a few operations of the sweep back. So nobody
 * waits for longer than that, however long a step takes. A line asks how far it is; q ends it. */
#define _POSIX_C_SOURCE 200809L
#include "common.h"

#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

enum { DEPTH = 6, WIDTH = 128, BATCH = 256, SLICE = 2, PERIOD = 100 /* ms */ };

AD_MODEL(dense, w, b); /* [inputs, outputs], [outputs] */
AD_MODEL(network, (dense, layer, DEPTH));

/* ---- training, in pieces ------------------------------------------------------------- */

typedef struct trainer {
    ad_tape *tape;
    network model, gradient;
    ad_adam adam;
    ad_states states;
    float x[BATCH], y[BATCH]; /* points of a curve */
    network_tensors m;
    ad_tensor h, loss;
    int layer; /* the next one forward; DEPTH: sweeping back */
    int64_t step;
    double first_loss, last_loss;
} trainer;

static void forward(trainer *t)
{
    if (t->layer == 0) {
        t->m = network_watch(t->tape, &t->model);
        t->h = ad_freeze(t->tape, AD_VIEW(t->x, BATCH, 1));
    }
    const dense_tensors *d = &t->m.layer[t->layer++];
    t->h = ad_dense(t->h, d->w, d->b, t->layer < DEPTH ? AD_TANH : AD_IDENTITY);
    if (t->layer < DEPTH)
        return;
    t->loss = ad_mse(t->h, ad_freeze(t->tape, AD_VIEW(t->y, BATCH, 1)));
    ad_sweep_begin(t->loss); /* whether that went well shows at the end of the step */
}

static void finish_step(trainer *t)
{
    if (network_collect(t->tape, &t->m, &t->gradient) != AD_OK) /* the one check */
        fail("%s", ad_tape_error(t->tape));
    t->last_loss = ad_item(t->loss);
    if (t->step++ == 0)
        t->first_loss = t->last_loss;
    ad_tape_reset(t->tape);
    ad_error error = {0};
    if (network_step(ad_adam_method(&t->adam), &t->gradient, &t->states, &t->model, &error) !=
        AD_OK)
        fail("%s", error.text);
    t->layer = 0;
}

static void train_a_little(trainer *t)
{
    if (t->layer < DEPTH)
        forward(t);
    else if (!ad_sweep_step(t->tape, SLICE))
        finish_step(t);
}

/* ---- the loop ------------------------------------------------------------------------ */

static void report(const trainer *t, const char *event)
{
    printf("%s: step %lld, loss %.5f\n", event, (long long)t->step, t->last_loss);
    fflush(stdout);
}

/* Serves what has come in. False if that was the end. */
static bool answer(const trainer *t, struct pollfd *input)
{
    char text[64];
    ssize_t length = read(input->fd, text, sizeof text);
    if (length <= 0)
        input->fd = -1; /* nobody is there any more: poll looks away */
    for (ssize_t i = 0; i < length; i++)
        if (text[i] == 'q')
            return false;
        else if (text[i] == '\n')
            report(t, "asked");
    return true;
}

/* Returns the longest time, in seconds, for which nobody was served. */
static double run(trainer *t, int64_t steps)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    double longest = 0, tick = now() + 1e-3 * PERIOD;
    while (t->step < steps) {
        if (poll(&input, 1, 0) > 0 && !answer(t, &input)) /* there is work: do not wait */
            break;
        double begin = now();
        if (begin >= tick) {
            report(t, "tick");
            tick = begin + 1e-3 * PERIOD;
        }
        train_a_little(t);
        longest = fmax(longest, now() - begin);
    }
    return longest;
}

/* ---- the program --------------------------------------------------------------------- */

static void initialise(trainer *t, uint64_t seed)
{
    ad_random random = ad_random_new(seed, 0);
    for (int i = 0; i < DEPTH; i++) {
        int64_t inputs = i ? WIDTH : 1, outputs = i < DEPTH - 1 ? WIDTH : 1;
        dense *d = &t->model.layer[i];
        *d = (dense){ad_zeros(AD_F32, AD_SHAPE(inputs, outputs)),
                     ad_zeros(AD_F32, AD_SHAPE(outputs))};
        if (ad_fill_glorot(&d->w, &random) != AD_OK || !d->b.data)
            fail("no memory for the weights");
    }
    for (int i = 0; i < BATCH; i++) {
        t->x[i] = 2 * (float)i / BATCH - 1;
        t->y[i] = sinf(5 * t->x[i]);
    }
}

int main(int argc, char **argv)
{
    static trainer t;
    t.adam = ad_adam_new(1e-3);
    settings s = {.epochs = 100, .seed = 1};
    read_options(argc, argv, "epochs seed", &s);
    t.tape = ad_tape_new(NULL);
    check(t.tape);
    initialise(&t, (uint64_t)s.seed);

    double start = now(), longest = run(&t, s.epochs), all = now() - start;
    printf("%lld steps of %.3f ms; nobody waited for longer than %.3f ms\n", (long long)t.step,
           1e3 * all / (double)(t.step ? t.step : 1), 1e3 * longest);
    printf("loss from %.5f to %.5f\n", t.first_loss, t.last_loss);

    ad_tape_free(t.tape);
    network_free(&t.model);
    network_free(&t.gradient);
    ad_states_free(&t.states);
}
