/* Recognises handwritten digits: 784 pixels, 50 hidden units, 10 classes. Softmax cross-entropy,
 * shuffled minibatches, Adam. With MNIST it gets at least 97 of 100 right in a few seconds. */
#include "common.h"

#include <stdio.h>

enum { HIDDEN = 50, CLASSES = 10 };

/* ---- the model ----------------------------------------------------------------------- */

AD_MODEL(dense, w, b);                                    /* [inputs, outputs], [outputs] */
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
    if (ad_fill_kaiming(&d.w, random) != AD_OK)
        fail("no memory for the weights");
    return d;
}

/* ---- data ---------------------------------------------------------------------------- */

/* Images u8 [n, rows, columns] and labels u8 [n]. */
typedef struct digits {
    ad_array images, labels;
    int64_t count;
} digits;

/* The images with the numbers in index, i64 [k] -> f32 [k, pixels], from 0 to 1. */
static ad_tensor images_at(const digits *d, ad_tensor index)
{
    const int64_t *extent = d->images.shape.dim;
    ad_tensor all = ad_freeze(index.tape, d->images);
    ad_tensor rows = ad_reshape(all, AD_SHAPE(extent[0], extent[1] * extent[2]));
    return ad_div(ad_cast(ad_gather(rows, index, 0), AD_F32), 255);
}

static ad_tensor labels_at(const digits *d, ad_tensor index)
{
    return ad_gather(ad_freeze(index.tape, d->labels), index, 0);
}

static ad_array order_of(const digits *d)
{
    ad_array order = ad_zeros(AD_I64, AD_SHAPE(d->count));
    int64_t *index = order.data;
    if (!index)
        fail("no memory for the order of %lld images", (long long)d->count);
    for (int64_t i = 0; i < d->count; i++)
        index[i] = i;
    return order;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* ---- training ------------------------------------------------------------------------ */

typedef struct training {
    ad_tape *tape;
    ad_adam adam;
    classifier gradient, mean, square;
    ad_random random;
} training;

/* One step of Adam on the images of index. Returns the loss. */
static double step(training *t, const digits *d, ad_view index, classifier *model)
{
    classifier_tensors m = classifier_watch(t->tape, model);
    ad_tensor batch = ad_freeze(t->tape, index);
    ad_tensor logits = classifier_apply(&m, images_at(d, batch));
    ad_tensor loss = ad_softmax_cross_entropy(logits, labels_at(d, batch));
    if (classifier_gradient(loss, &m, &t->gradient) != AD_OK)
        fail("%s", ad_tape_error(t->tape));
    double nats = ad_item(loss);
    ad_tape_reset(t->tape);
    classifier_adam(&t->adam, &t->gradient, &t->mean, &t->square, model);
    return nats;
}

/* All images once, in a new order. Returns the mean of the losses. */
static double train_epoch(training *t, const digits *d, int64_t size, ad_array order,
                          classifier *model)
{
    double sum = 0;
    ad_random_shuffle(&t->random, order.data, (size_t)d->count);
    for (int64_t begin = 0, end; begin < d->count; begin = end) {
        end = least(begin + size, d->count);
        sum += (double)(end - begin) * step(t, d, rows(order, begin, end), model);
        progress("training", end, d->count);
    }
    return sum / (double)d->count;
}

/* The share of images whose largest logit is that of their label. */
static double accuracy(ad_tape *tape, const digits *d, ad_array order, const classifier *model)
{
    const uint8_t *label = d->labels.data;
    int64_t right = 0;
    classifier_tensors m = classifier_freeze(tape, model);
    ad_view logits = ad_read(classifier_apply(&m, images_at(d, ad_freeze(tape, order))));
    check(tape);
    for (const float *row = logits.data; d->count; row += CLASSES) {
