/* Training that survives its program: all that changes from step to step is saved in one file,
 * and a program that is started again goes on from there, to the same bits as one that was never
 * stopped.
 *
 *     resume --state run.safetensors --stop 120        ends at step 120
 *     resume --state run.safetensors                   goes on to the end
 *
 * Without --state it shows this by itself: it trains once without a stop, and once in three
 * pieces, each in a run of its own that knows the file alone. */
#define _POSIX_C_SOURCE 200809L
#include "common.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HIDDEN = 32, CLASSES = 10, STEPS = 300, SAVE_EVERY = 50, PARTS = 8 };

AD_MODEL(dense, w, b); /* [inputs, outputs], [outputs] */
AD_MODEL(network, (dense, hidden), (dense, output));
AD_MODEL_TRAINING(network);

/* ---- a run --------------------------------------------------------------------------- */

typedef struct run {
    ad_tape *tape;
    ad_adamw adamw;
    network model, gradient;
    network average;    /* of the weights of the last steps */
    ad_states states;   /* AdamW's */
    ad_random shuffle;  /* for the order of the images */
    ad_key key;         /* for dropout */
    ad_plateau plateau; /* lowers the rate where the loss does not fall any more */
    ad_array order;     /* i64 [n]: in which the images are taken */
    double loss;        /* of the last step */
} run;

static dense dense_new(int64_t inputs, int64_t outputs, ad_random *random)
{
    dense d = {ad_zeros(AD_F32, AD_SHAPE(inputs, outputs)), ad_zeros(AD_F32, AD_SHAPE(outputs))};
    if (ad_fill_kaiming(&d.w, random) != AD_OK || !d.b.data)
        fail("no memory for the weights");
    return d;
}

static run begin(const labelled *d, uint64_t seed, double rate)
{
    ad_random weights = ad_random_new(seed, 1);
    int64_t pixels = d->images.shape.dim[1] * d->images.shape.dim[2];
    return (run){
        .tape = ad_tape_new(NULL),
        .adamw = ad_adamw_new(rate, 0.01),
        .model = {dense_new(pixels, HIDDEN, &weights), dense_new(HIDDEN, CLASSES, &weights)},
        .shuffle = ad_random_new(seed, 0),
        .key = ad_key_new(seed),
        .plateau = ad_plateau_new(0.5, 20),
        .order = numbers_to(d->n),
        .loss = NAN};
}

static void end(run *r)
{
    network_free(&r->model);
    network_free(&r->gradient);
    network_free(&r->average);
    ad_states_free(&r->states);
    ad_array_free(&r->order);
    ad_tape_free(r->tape);
}

/* ---- a step -------------------------------------------------------------------------- */

/* x [n, pixels] -> logits [n, CLASSES] */
static ad_tensor apply(const network_tensors *m, ad_tensor x, ad_key key)
{
    ad_tensor h = ad_dense(x, m->hidden.w, m->hidden.b, AD_RELU);
    return ad_dense(ad_dropout(h, 0.2, key), m->output.w, m->output.b, AD_IDENTITY);
}

/* The next images, at the beginning of a round in a new order. What is left over at its end is
 * not taken. */
static ad_view next_images(run *r, int64_t n, int64_t batch)
{
    int64_t begin = r->states.steps % (n / batch) * batch;
    if (begin == 0)
        ad_random_shuffle(&r->shuffle, r->order.data, (size_t)n);
    return rows(r->order, begin, begin + batch);
}

static ad_status step(run *r, const labelled *d, int64_t batch, double rate, ad_error *error)
{
    ad_tape *t = r->tape;
    network_tensors m = network_watch(t, &r->model);
    ad_tensor index = ad_freeze(t, next_images(r, d->n, batch));
    ad_tensor x = ad_gather(ad_freeze(t, d->images), index, 0);
    x = ad_div(ad_cast(ad_reshape(x, AD_SHAPE(batch, -1)), AD_F32), 255);
    ad_tensor label = ad_gather(ad_freeze(t, d->labels), index, 0);
    ad_tensor logits = apply(&m, x, ad_key_split(r->key, (uint64_t)r->states.steps));
    ad_tensor loss = ad_softmax_cross_entropy(logits, label);
    if (network_gradient(loss, &m, &r->gradient) != AD_OK)
        return ad_fail(error, ad_tape_status(t), "%s", ad_tape_error(t));
    r->loss = ad_item(loss);
    ad_tape_reset(t);
    r->adamw.rate = rate * ad_schedule_plateau(&r->plateau, r->loss);
    network_step(ad_adamw_method(&r->adamw), &r->gradient, &r->states, &r->model, error);
    return network_average(1 - 0.98, &r->model, &r->average, error);
}

/* ---- a run that goes on ---------------------------------------------------------------- */

/* Goes on from the file, if there is one, up to step `stop`. Without a path nothing is loaded or
 * saved. */
static void train(run *r, const labelled *d, const settings *s, const char *path, int64_t stop)
{
    ad_training_part parts[PARTS] = {
        network_part("model", &r->model),
        network_part("average", &r->average),
        network_states_part("adamw", ad_adamw_method(&r->adamw), &r->states, &r->model),
        ad_random_part("shuffle", &r->shuffle),
        ad_key_part("key", &r->key),
        ad_plateau_part("plateau", &r->plateau),
        ad_array_part("order", &r->order),
        ad_number_part("loss", &r->loss),
    };
    ad_error error = {AD_OK, ""};
    ad_training_load_options resume = {.size = sizeof resume, .may_be_missing = true};
    ad_status status = path ? ad_training_load(path, PARTS, parts, &resume, &error) : AD_OK;
    while (status == AD_OK && r->states.steps < stop) {
        status = step(r, d, s->batch, s->rate, &error);
        bool pause = r->states.steps == stop || r->states.steps % SAVE_EVERY == 0;
        if (status == AD_OK && path && pause)
            status = ad_training_save(path, PARTS, parts, NULL, &error);
    }
    if (error.status != AD_OK)
        fail("%s", error.text);
}

static ad_status add_bytes(void *digest, const char *path, ad_array *a)
{
    (void)path;
    const unsigned char *bytes = a->data;
    for (size_t i = 0; i < ad_array_count(a) * ad_type_size(a->type); i++)
        *(uint64_t *)digest = (*(uint64_t *)digest ^ bytes[i]) * 0x100000001b3;
    return AD_OK;
}

/* Of all bits of the weights and of their averages. */
static uint64_t report(run *r, const char *what)
{
    uint64_t digest = 0xcbf29ce484222325;
    network_visit(&r->model, add_bytes, &digest);
    network_visit(&r->average, add_bytes, &digest);
    printf("%-22s step %lld  loss %.4f  digest %016llx\n", what, (long long)r->states.steps,
           r->loss, (unsigned long long)digest);
    return digest;
}

/* ---- the program --------------------------------------------------------------------- */

static void compare(const labelled *d, const settings *s)
{
    char folder[] = "/tmp/adze-resume-XXXXXX", path[sizeof folder + 32];
    if (!mkdtemp(folder))
        fail("there can be no folder in /tmp");
    snprintf(path, sizeof path, "%s/run.safetensors", folder);
    run whole = begin(d, (uint64_t)s->seed, s->rate);
    train(&whole, d, s, NULL, STEPS);
    uint64_t wanted = report(&whole, "without a stop:"), digest = 0;
    end(&whole);
    for (int i = 1; i <= 3; i++) {
        run piece = begin(d, (uint64_t)s->seed, s->rate);
        train(&piece, d, s, path, i * STEPS / 3);
        digest = report(&piece, i < 3 ? "stopped:" : "resumed to the end:");
        end(&piece);
    }
    remove(path);
    rmdir(folder);
    if (digest != wanted)
        fail("the bits are not the same");
    puts("the same bits");
}

int main(int argc, char **argv)
{
    settings s = {.train = 1000, .test = 1, .batch = 50, .rate = 0.01, .seed = 1, .stop = STEPS};
    read_options(argc, argv, "data train batch rate seed state stop", &s);
    if (s.stop > STEPS)
        fail("--stop: there are %d steps", STEPS);
    ad_dataset data = load_data(&s);
    labelled images = labelled_of(data.train_images, data.train_labels);
    if (s.batch > images.n)
        fail("--batch: there are %lld images", (long long)images.n);
    if (s.state) {
        run r = begin(&images, (uint64_t)s.seed, s.rate);
        train(&r, &images, &s, s.state, s.stop);
        report(&r, r.states.steps < STEPS ? "stopped:" : "at the end:");
        end(&r);
    } else {
        compare(&images, &s);
    }
    ad_dataset_free(&data);
}
