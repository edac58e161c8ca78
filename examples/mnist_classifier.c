/* Recognises handwritten digits: 784 pixels, 50 hidden units, 10 classes; softmax cross-entropy,
 * shuffled minibatches, Adam. Of MNIST's test images it gets more than 97 % right. */
#include "common.h"

#include <math.h>
#include <stdio.h>

enum { HIDDEN = 50, CLASSES = 10 };

/* ---- the model ----------------------------------------------------------------------- */

AD_MODEL(dense, w, b); /* [inputs, outputs], [outputs] */
AD_MODEL(classifier, (dense, hidden), (dense, output));

/* x [n, pixels] -> logits [n, CLASSES] */
static ad_tensor classifier_apply(const classifier_tensors *m, ad_tensor x)
{
    ad_tensor h = ad_dense(x, m->hidden.w, m->hidden.b, AD_RELU);
    return ad_dense(h, m->output.w, m->output.b, AD_IDENTITY);
}

static dense dense_new(int64_t inputs, int64_t outputs, ad_random *random)
{
    dense d = {ad_zeros(AD_F32, AD_SHAPE(inputs, outputs)), ad_zeros(AD_F32, AD_SHAPE(outputs))};
    if (ad_fill_kaiming(&d.w, random) != AD_OK || !d.b.data)
        fail("no memory for the weights");
    return d;
}

/* ---- the data ------------------------------------------------------------------------ */

/* Bytes of ink [n, rows, columns] to numbers from 0 to 1 [n, pixels]. */
static ad_tensor pixels(ad_tensor images)
{
    ad_shape s = ad_shape_of(images);
    return ad_div(ad_cast(ad_reshape(images, AD_SHAPE(s.dim[0], s.dim[1] * s.dim[2])), AD_F32),
                  255);
}

/* ---- training ------------------------------------------------------------------------ */

typedef struct trainer {
    ad_tape *tape;
    ad_pool *pool; /* the tape's, or NULL */
    ad_random random;
    ad_array order; /* i64 [n]: in which the images are taken */
    ad_adam adam;
    ad_states states; /* Adam's */
    classifier gradient;
    progress bar;
} trainer;

/* One step on the images of these numbers. Returns the loss. */
static double step(trainer *t, const labelled *d, ad_view numbers, classifier *model)
{
    classifier_tensors m = classifier_watch(t->tape, model);
    ad_tensor index = ad_freeze(t->tape, numbers);
    ad_tensor x = pixels(ad_gather(ad_freeze(t->tape, d->images), index, 0));
    ad_tensor label = ad_gather(ad_freeze(t->tape, d->labels), index, 0);
    ad_tensor loss = ad_softmax_cross_entropy(classifier_apply(&m, x), label);
    if (classifier_gradient(loss, &m, &t->gradient) != AD_OK)
        fail("%s", ad_tape_error(t->tape));
    double value = ad_item(loss);
    ad_tape_reset(t->tape);
    ad_error error = {0};
    ad_method adam = ad_adam_method(&t->adam);
    adam.pool = t->pool;
    if (classifier_step(adam, &t->gradient, &t->states, model, &error) != AD_OK)
        fail("%s", error.text);
    return value;
}

/* All images once, in a new order. Returns the mean loss. */
static double train_epoch(trainer *t, const labelled *d, int64_t batch, classifier *model)
{
    double sum = 0;
    ad_random_shuffle(&t->random, t->order.data, (size_t)d->n);
    for (int64_t begin = 0, end; begin < d->n; begin = end) {
        end = batch < d->n - begin ? begin + batch : d->n;
        double loss = step(t, d, rows(t->order, begin, end), model);
        sum += (double)(end - begin) * loss;
        progress_step(&t->bar, end - begin, loss);
    }
    return sum / (double)d->n;
}

/* The share of images that the model gets right. Nothing is watched, so nothing is recorded. */
static double accuracy(ad_tape *tape, const labelled *d, const classifier *model)
{
    classifier_tensors m = classifier_freeze(tape, model);
    ad_view logits = ad_read(classifier_apply(&m, pixels(ad_freeze(tape, d->images))));
    check(tape);
    int64_t right = 0;
    for (int64_t i = 0; i < d->n; i++) {
        const uint8_t *label = d->labels.data;
        right += largest(CLASSES, (const float *)logits.data + i * CLASSES) == label[i];
    }
    ad_tape_reset(tape);
    return (double)right / (double)d->n;
}

int main(int argc, char **argv)
{
    settings s = {.train = 60000,
                  .test = 10000,
                  .epochs = 10,
                  .batch = 64,
                  .rate = 0.002,
                  .seed = 1,
                  .threads = 1};
    ad_pool *pool;
    read_options(argc, argv, "data train test epochs batch rate seed threads json", &s);
    ad_dataset data = load_data(&s);
    labelled train = labelled_of(data.train_images, data.train_labels);
    labelled test = labelled_of(data.test_images, data.test_labels);

    ad_tape *tape = new_tape(&s, &pool);
    trainer t = {.tape = tape,
                 .pool = pool,
                 .random = ad_random_new((uint64_t)s.seed, 0),
                 .order = numbers_to(train.n),
                 .adam = ad_adam_new(s.rate)};
    ad_random weights = ad_random_new((uint64_t)s.seed, 1);
    classifier model = {
        dense_new(train.images.shape.dim[1] * train.images.shape.dim[2], HIDDEN, &weights),
        dense_new(HIDDEN, CLASSES, &weights)};

    t.bar = progress_begin(s.epochs * train.n);
    double share = 0;
    for (int64_t epoch = 0; epoch < s.epochs; epoch++) {
        t.adam.rate = s.rate * (double)(s.epochs - epoch) / (double)s.epochs; /* to settle */
        double loss = train_epoch(&t, &train, s.batch, &model);
        progress_hide(&t.bar);
        if (!isfinite(loss))
            fail("no finite loss in epoch %lld: try a lower --rate", (long long)epoch + 1);
        share = accuracy(t.tape, &test, &model);
        printf("  epoch %3lld   loss %.4f   right in the test set %.2f %%\n", (long long)epoch + 1,
               loss, 100 * share);
        fflush(stdout);
    }
    double seconds = now() - t.bar.start;
    printf("  after %.1f seconds\n", seconds);
    cJSON *out = cJSON_CreateObject();
    cJSON_AddNumberToObject(out, "test_accuracy", share);
    cJSON_AddNumberToObject(out, "seconds", seconds);
    write_json(out, s.json);

    classifier_free(&model);
    classifier_free(&t.gradient);
    ad_states_free(&t.states);
    ad_array_free(&t.order);
    ad_tape_free(t.tape);
    ad_pool_free(pool);
    ad_dataset_free(&data);
}
