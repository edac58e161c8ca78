/* Learning to learn: weights from which a few steps on a few points suffice.
 *
 * A task is a sine wave of some amplitude and phase, known at ten points. Training on a task is plain
 * gradient descent, w' = w - a dL/dw, a few times. Model-agnostic meta-learning (Finn, Abbeel and Levine
 * 2017) trains the w to start from: its loss is that after training, at other points of the task, so
 * its gradient goes through the steps, with the second derivatives of L. */
#include "common.h"

#include <math.h>
#include <stdio.h>

enum { POINTS = 10, WIDTH = 24, TASKS = 8, STEPS = 2, TESTS = 100, REPORT_EVERY = 200 };
#define RATE 0.05 /* of the steps inside */

AD_MODEL(dense, w, b); /* [inputs, outputs], [outputs] */
AD_MODEL(network, (dense, layer, 3));
AD_MODEL_FUNCTIONS(network);

typedef struct points {
    double x[POINTS], y[POINTS];
} points;

typedef struct task {
    points seen, unseen;
} task;

/* ---- the loss ------------------------------------------------------------------------ */

/* x [n, 1] -> [n, 1] */
static ad_tensor network_apply(const network_tensors *w, ad_tensor x)
{
    ad_tensor h = ad_dense(x, w->layer[0].w, w->layer[0].b, AD_TANH);
    h = ad_dense(h, w->layer[1].w, w->layer[1].b, AD_TANH);
    return ad_dense(h, w->layer[2].w, w->layer[2].b, AD_IDENTITY);
}

static ad_tensor loss_at(ad_tape *t, const network_tensors *w, const void *env)
{
    const points *p = env;
    return ad_mse(network_apply(w, ad_freeze(t, AD_VIEW(p->x, POINTS, 1))),
                  ad_freeze(t, AD_VIEW(p->y, POINTS, 1)));
}

/* The weights after some steps of training on a task. */
static network_tensors train_on(const task *one, network_tensors w)
{
    network_tensors g;
    for (int i = 0; i < STEPS; i++) {
        network_gradient_node(loss_at, &w, &one->seen, &g);
        w = network_tensors_axpy(-RATE, &g, &w);
    }
    return w;
}

/* The mean over the tasks of the loss after training. */
static ad_tensor meta_loss(ad_tape *t, const network_tensors *w, const void *env)
{
    const task *tasks = env;
    ad_tensor losses[TASKS];
    for (int i = 0; i < TASKS; i++) {
        network_tensors trained = train_on(&tasks[i], *w);
        losses[i] = loss_at(t, &trained, &tasks[i].unseen);
    }
    return ad_mean(ad_stack(TASKS, losses, 0));
}

/* ---- training ------------------------------------------------------------------------ */

static void draw_points(ad_random *r, double amplitude, double phase, points *p)
{
    for (int i = 0; i < POINTS; i++) {
        p->x[i] = 4 * ad_random_uniform(r) - 2;
        p->y[i] = amplitude * sin(2 * p->x[i] + phase);
    }
}

static void draw(ad_random *r, task *tasks)
{
    for (int i = 0; i < TASKS; i++) {
        double amplitude = 0.5 + ad_random_uniform(r),
               phase = 3.141592653589793 * ad_random_uniform(r);
        draw_points(r, amplitude, phase, &tasks[i].seen);
        draw_points(r, amplitude, phase, &tasks[i].unseen);
    }
}

static network new_network(ad_random *r)
{
    network n = {0};
    for (int i = 0; i < 3; i++) {
        int64_t inputs = i ? WIDTH : 1, outputs = i < 2 ? WIDTH : 1;
        dense *d = &n.layer[i];
        *d = (dense){ad_zeros(AD_F64, AD_SHAPE(inputs, outputs)),
                     ad_zeros(AD_F64, AD_SHAPE(outputs))};
        if (ad_fill_glorot(&d->w, r) != AD_OK || !d->b.data)
            fail("no memory for the weights");
    }
    return n;
}

static void meta_train(ad_tape *tape, ad_random *r, int64_t steps, network *model)
{
    static task tasks[TASKS];
    network gradient = {0};
    ad_adam adam = ad_adam_new(3e-3);
    ad_states states = {0};
    ad_error error = {0};
    for (int64_t step = 1; step <= steps; step++) {
        double loss;
        draw(r, tasks);
        if (network_value_with_gradient(tape, meta_loss, model, tasks, &loss, &gradient) != AD_OK)
            fail("%s", ad_tape_error(tape));
        if (step == 1 || step % REPORT_EVERY == 0)
            printf("step %4lld   loss after training %.4f\n", (long long)step, loss);
        if (network_step(ad_adam_method(&adam), &gradient, &states, model, &error) != AD_OK)
            fail("%s", error.text);
    }
    network_free(&gradient);
    ad_states_free(&states);
}

/* The mean loss on new tasks, before training on them and after. */
static void show_losses(ad_tape *tape, const char *when, const network *model)
{
    static task tasks[TASKS];
    ad_random r = ad_random_new(99, 0);
    double before = 0, after = 0;
    for (int i = 0; i < TESTS; i++) {
        draw(&r, tasks);
        network_tensors w = network_freeze(tape, model), trained = train_on(tasks, w);
        before += ad_item(loss_at(tape, &w, &tasks->unseen)) / TESTS;
        after += ad_item(loss_at(tape, &trained, &tasks->unseen)) / TESTS;
        check(tape);
        ad_tape_reset(tape);
    }
    printf("%s: %d steps on a new task take the loss from %.4f to %.4f\n", when, STEPS, before,
           after);
}

int main(int argc, char **argv)
{
    settings s = {.epochs = 1000, .seed = 1};
    read_options(argc, argv, "epochs seed", &s);
    ad_random r = ad_random_new((uint64_t)s.seed, 0);
    ad_tape *tape = ad_tape_new(NULL);
    check(tape);
    network model = new_network(&r);
    show_losses(tape, "at first", &model);
    meta_train(tape, &r, s.epochs, &model);
    show_losses(tape, "at last", &model);
    network_free(&model);
    ad_tape_free(tape);
}
