/* A gradient in the loss: how far apart are two clouds of points?
 *
 * The earth mover's distance of two distributions is the most by which the mean of a function can differ
 * between them if the function is nowhere steeper than 1 (Kantorovich and Rubinstein). A network, the
 * critic, learns such a function by maximising the difference, with a penalty on slopes |df/dx| other than 1
 * between the clouds (Gulrajani et al. 2017, "Improved training of Wasserstein GANs"). The loss
 * contains df/dx, so its gradient contains second derivatives. Here the second cloud is the first one
 * moved by (1.5, 2), so the distance is 2.5. */
#include "common.h"

#include <math.h>
#include <stdio.h>

enum { POINTS = 128, WIDTH = 32, REPORT_EVERY = 100 };
#define PENALTY 100.0 /* the slope ends at 1 + 2.5 / (2 PENALTY) */

AD_MODEL(dense, w, b); /* [inputs, outputs], [outputs] */
AD_MODEL(critic, (dense, layer, 3));
AD_MODEL_FUNCTIONS(critic);
AD_MODEL_CHECKS(critic);

/* ---- the loss ------------------------------------------------------------------------ */

/* x [n, 2] -> [n, 1] */
static ad_tensor critic_apply(const critic_tensors *c, ad_tensor x)
{
    ad_tensor h = ad_dense(x, c->layer[0].w, c->layer[0].b, AD_TANH);
    h = ad_dense(h, c->layer[1].w, c->layer[1].b, AD_TANH);
    return ad_dense(h, c->layer[2].w, c->layer[2].b, AD_IDENTITY);
}

/* Each row of the result depends on its row of x alone, so that the gradient of the sum by x has the
 * slope at each point in its row. */
static ad_tensor critic_sum(ad_tape *t, const critic_tensors *c, const ad_tensor *x,
                            const void *env)
{
    (void)t, (void)env;
    return ad_sum(critic_apply(c, x[0]));
}

/* The mean of (|df/dx| - 1)^2 over the points x [n, 2]. */
static ad_tensor slope_penalty(const critic_tensors *c, ad_tensor x)
{
    ad_tensor slope;
    critic_input_gradient_node(critic_sum, c, 1, &x, NULL, &slope);
    return ad_mean(ad_square(ad_sub(ad_norm_over(slope, AD_AXES(-1), 2), 1)));
}

typedef struct batch {
    double here[POINTS * 2], there[POINTS * 2], between[POINTS * 2];
} batch;

typedef struct parts {
    ad_tensor distance, penalty;
} parts;

static parts parts_of(ad_tape *t, const critic_tensors *c, const batch *b)
{
    ad_tensor here = critic_apply(c, ad_freeze(t, AD_VIEW(b->here, POINTS, 2)));
    ad_tensor there = critic_apply(c, ad_freeze(t, AD_VIEW(b->there, POINTS, 2)));
    ad_tensor penalty = slope_penalty(c, ad_freeze(t, AD_VIEW(b->between, POINTS, 2)));
    return (parts){ad_sub(ad_mean(there), ad_mean(here)), penalty};
}

static ad_tensor loss_of(parts p)
{
    return ad_sub(ad_mul(p.penalty, PENALTY), p.distance);
}

/* The same for the check of its gradient. */
static ad_tensor critic_loss(ad_tape *t, const critic_tensors *c, const void *env)
{
    return loss_of(parts_of(t, c, env));
}

/* ---- training ------------------------------------------------------------------------ */

/* Points of a ring, the same ones moved, and points on the lines between pairs of them. */
static void draw(ad_random *r, batch *b)
{
    for (int i = 0; i < POINTS; i++) {
        double angle = 6.283185307179586 * ad_random_uniform(r),
               radius = 0.8 + 0.4 * ad_random_uniform(r);
        double along = ad_random_uniform(r);
        int k = 2 * i, other = 2 * (int)ad_random_below(r, (uint64_t)i + 1);
        b->here[k] = radius * cos(angle);
        b->here[k + 1] = radius * sin(angle);
        b->there[k] = b->here[k] + 1.5;
        b->there[k + 1] = b->here[k + 1] + 2;
        for (int axis = 0; axis < 2; axis++)
            b->between[k + axis] =
                b->here[k + axis] + along * (b->there[other + axis] - b->here[k + axis]);
    }
}

static critic new_critic(ad_random *r)
{
    critic c = {0};
    for (int i = 0; i < 3; i++) {
        int64_t inputs = i ? WIDTH : 2, outputs = i < 2 ? WIDTH : 1;
        dense *d = &c.layer[i];
        *d = (dense){ad_zeros(AD_F64, AD_SHAPE(inputs, outputs)),
                     ad_zeros(AD_F64, AD_SHAPE(outputs))};
        if (ad_fill_glorot(&d->w, r) != AD_OK || !d->b.data)
            fail("no memory for the weights");
    }
    return c;
}

static void train(ad_tape *tape, ad_random *r, int64_t steps, critic *model)
{
    static batch b;
    critic gradient = {0};
    ad_adam adam = ad_adam_new(2e-3);
    adam.beta1 = 0.5;
    ad_states states = {0};
    ad_error error = {0};
    for (int64_t step = 1; step <= steps; step++) {
        draw(r, &b);
        critic_tensors c = critic_watch(tape, model);
        parts p = parts_of(tape, &c, &b);
        if (critic_gradient(loss_of(p), &c, &gradient) != AD_OK) /* the one check */
            fail("%s", ad_tape_error(tape));
        if (step == 1 || step % REPORT_EVERY == 0 || step == steps)
            printf("step %4lld   distance %7.4f   penalty %.5f\n", (long long)step,
                   ad_item(p.distance), ad_item(p.penalty));
        ad_tape_reset(tape);
        if (critic_step(ad_adam_method(&adam), &gradient, &states, model, &error) != AD_OK)
            fail("%s", error.text);
    }
    critic_free(&gradient);
    ad_states_free(&states);
}

int main(int argc, char **argv)
{
    static batch b;
    settings s = {.epochs = 800, .seed = 1};
    read_options(argc, argv, "epochs seed", &s);
    ad_random r = ad_random_new((uint64_t)s.seed, 0);
    ad_tape *tape = ad_tape_new(NULL);
    check(tape);
    critic model = new_critic(&r);

    ad_error error = {0};
    ad_check_report report = {.size = sizeof report};
    ad_check_options options = {.size = sizeof options, .report = &report, .elements = 4};
    draw(&r, &b);
    if (critic_check_gradient(critic_loss, &model, &b, &options, &error) != AD_OK)
        fail("%s", error.text);
    printf("%zu numbers of the gradient agree with differences\n", report.numbers);

    train(tape, &r, s.epochs, &model);
    critic_free(&model);
    ad_tape_free(tape);
}
