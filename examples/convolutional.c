/* Recognises handwritten digits by LeNet-5 (LeCun et al. 1998): two layers of filters with pooling, three of matrices;
 * softmax cross-entropy, shuffled minibatches, Adam. Of MNIST's test images it gets about 99 % right. At the end it
 * draws the filters that it has found, and what it takes for what. */
#include "common.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SIDE = 28, NARROW = 6, WIDE = 16, SEEN = 5 * 5 * WIDE, TAPS = 5, CLASSES = 10 };

/* ---- the model ----------------------------------------------------------------------- */

AD_MODEL(layer, w, b); /* filters [TAPS, TAPS, in, out] or a matrix [in, out]; and [out] */
AD_MODEL(lenet, (layer, strokes), (layer, shapes), (layer, hidden), (layer, last), (layer, output));

static ad_tensor halved(ad_tensor x)
{
    return ad_max_pool(x, (ad_pooling){.window = {2, 2}});
}

/* x [n, SIDE, SIDE, 1] -> logits [n, CLASSES] */
static ad_tensor lenet_apply(const lenet_tensors *m, ad_tensor x)
{
    int64_t n = ad_shape_of(x).dim[0];
    ad_convolution same = {.same = true}, valid = {0};
    x = halved(ad_convolve_layer(x, m->strokes.w, m->strokes.b, AD_RELU, same));
    x = halved(ad_convolve_layer(x, m->shapes.w, m->shapes.b, AD_RELU, valid));
    x = ad_dense(ad_reshape(x, AD_SHAPE(n, SEEN)), m->hidden.w, m->hidden.b, AD_RELU);
    x = ad_dense(x, m->last.w, m->last.b, AD_RELU);
    return ad_dense(x, m->output.w, m->output.b, AD_IDENTITY);
}

static layer layer_new(ad_shape w, ad_random *random)
{
    layer l = {ad_zeros(AD_F32, w), ad_zeros(AD_F32, AD_SHAPE(w.dim[w.rank - 1]))};
    if (ad_fill_kaiming(&l.w, random) != AD_OK || !l.b.data)
        fail("no memory for the weights");
    return l;
}

static lenet lenet_new(ad_random *random)
{
    return (lenet){layer_new(AD_SHAPE(TAPS, TAPS, 1, NARROW), random),
                   layer_new(AD_SHAPE(TAPS, TAPS, NARROW, WIDE), random),
                   layer_new(AD_SHAPE(SEEN, 120), random), layer_new(AD_SHAPE(120, 84), random),
                   layer_new(AD_SHAPE(84, CLASSES), random)};
}

/* ---- training ------------------------------------------------------------------------ */

typedef struct trainer {
    ad_tape *tape;
    ad_random random;
    ad_array order; /* i64 [n]: in which the images are taken */
    ad_adam adam;
    ad_pool *pool;
    ad_states states; /* Adam's */
    lenet gradient;
    progress bar;
} trainer;

/* Images of these numbers as one channel, from 0 to 1. */
static ad_tensor pixels(ad_tape *t, const labelled *d, ad_tensor index)
{
    ad_tensor bytes = ad_gather(ad_freeze(t, d->images), index, 0);
    return ad_div(ad_cast(ad_expand(bytes, 3), AD_F32), 255);
}

/* One step on the images of these numbers. Returns the loss. */
static double step(trainer *t, const labelled *d, ad_view numbers, lenet *model)
{
    lenet_tensors m = lenet_watch(t->tape, model);
    ad_tensor index = ad_freeze(t->tape, numbers);
    ad_tensor logits = lenet_apply(&m, pixels(t->tape, d, index));
    ad_tensor label = ad_gather(ad_freeze(t->tape, d->labels), index, 0);
    ad_tensor loss = ad_softmax_cross_entropy(logits, label);
    if (lenet_gradient(loss, &m, &t->gradient) != AD_OK)
        fail("%s", ad_tape_error(t->tape));
    double value = ad_item(loss);
    ad_tape_reset(t->tape);
    ad_method adam = ad_adam_method(&t->adam);
    ad_error error = {0};
    adam.pool = t->pool;
    if (lenet_step(adam, &t->gradient, &t->states, model, &error) != AD_OK)
        fail("%s", error.text);
    return value;
}

/* All images once, in a new order, while the rate falls from `from` towards `to`. Returns the mean loss. */
static double train_epoch(trainer *t, const labelled *d, int64_t batch, double from, double to,
                          lenet *model)
{
    double sum = 0;
    ad_random_shuffle(&t->random, t->order.data, (size_t)d->n);
    for (int64_t begin = 0; begin < d->n; begin += batch) {
        int64_t count = batch < d->n - begin ? batch : d->n - begin;
        t->adam.rate = from + (to - from) * (double)begin / (double)d->n;
        double loss = step(t, d, rows(t->order, begin, begin + count), model);
        sum += loss * (double)count;
        progress_step(&t->bar, count, loss);
    }
    return sum / (double)d->n;
}

/* ---- testing -------------------------------------------------------------------------- */

/* How often an image of a class was taken for one of another. */
typedef struct confusion {
    int64_t count[CLASSES][CLASSES], right, all;
} confusion;

static void add_answers(ad_tape *t, const labelled *d, ad_view numbers, const lenet *model,
                        confusion *c)
{
    lenet_tensors m = lenet_freeze(t, model);
    ad_view y = ad_read(lenet_apply(&m, pixels(t, d, ad_freeze(t, numbers))));
    check(t);
    const int64_t *number = numbers.data;
    for (int64_t i = 0; i < numbers.shape.dim[0]; i++) {
        int label = ((const uint8_t *)d->labels.data)[number[i]];
        int answer = largest(CLASSES, (const float *)y.data + i * CLASSES);
        if (label >= CLASSES)
            fail("label %d is no digit", label);
        c->count[label][answer]++;
        c->right += label == answer;
        c->all++;
    }
    ad_tape_reset(t);
}

/* Nothing is watched, so nothing is recorded. */
static confusion test_model(ad_tape *t, const labelled *d, ad_array order, const lenet *model)
{
    enum { SOME = 500 };
    confusion c = {0};
    for (int64_t begin = 0; begin < d->n; begin += SOME)
        add_answers(t, d, rows(order, begin, begin + SOME < d->n ? begin + SOME : d->n), model, &c);
    return c;
}

static void show_confusion(const confusion *c)
{
    printf("\n  digit  taken for");
    for (int k = 0; k < CLASSES; k++)
        printf("%*d", k ? 6 : 2, k);
    printf("\n");
    for (int i = 0; i < CLASSES; i++) {
        printf("  %5d           ", i);
        for (int k = 0; k < CLASSES; k++)
            if (c->count[i][k])
                printf("%*lld", k ? 6 : 2, (long long)c->count[i][k]);
            else
                printf("%*s", k ? 6 : 2, ".");
        printf("\n");
    }
}

/* The first layer's filters side by side: dark where ink speaks against them, light where it speaks for them. */
static void show_filters(const lenet *m)
{
    static const char shades[] = " .:-=+*#%@";
    const float *w = m->strokes.w.data;
    float most = 0;
    for (int i = 0; i < TAPS * TAPS * NARROW; i++)
        most = fmaxf(most, fabsf(w[i]));
    printf("\n  the filters of the first layer, from %.2f (blank) to %.2f (@)\n", -(double)most,
           (double)most);
    for (int row = 0; row < TAPS; row++) {
        for (int k = 0; k < NARROW; k++) {
            printf("   ");
            for (int column = 0; column < TAPS; column++) {
                float x = w[(row * TAPS + column) * NARROW + k] / (most > 0 ? most : 1);
                char shade = shades[(int)lroundf((x + 1) / 2 * (sizeof shades - 2))];
                printf("%c%c", shade, shade);
            }
        }
        printf("\n");
    }
}

/* ---- the program ----------------------------------------------------------------------- */

static labelled checked(ad_array images, ad_array labels)
{
    labelled d = labelled_of(images, labels);
    if (d.images.shape.dim[1] != SIDE || d.images.shape.dim[2] != SIDE)
        fail("images must be %d by %d pixels, not %lld by %lld", SIDE, SIDE,
             (long long)d.images.shape.dim[1], (long long)d.images.shape.dim[2]);
    return d;
}

static void report(const lenet *model, const confusion *c, double seconds, const char *path)
{
    show_confusion(c);
    show_filters(model);
    printf("\n  after %.1f seconds\n", seconds);
    cJSON *out = cJSON_CreateObject();
    cJSON_AddNumberToObject(out, "test_accuracy", (double)c->right / (double)c->all);
    cJSON_AddNumberToObject(out, "seconds", seconds);
    write_json(out, path);
}

int main(int argc, char **argv)
{
    settings s = {.train = 60000,
                  .test = 10000,
                  .epochs = 8,
                  .batch = 64,
                  .rate = 0.002,
                  .seed = 1,
                  .threads = 2};
    read_options(argc, argv, "data train test epochs batch rate seed threads json", &s);
    ad_dataset data = load_data(&s);
    labelled train = checked(data.train_images, data.train_labels);
    labelled test = checked(data.test_images, data.test_labels);

    ad_random weights = ad_random_new((uint64_t)s.seed, 1);
    lenet model = lenet_new(&weights);
    trainer t = {.random = ad_random_new((uint64_t)s.seed, 0),
                 .order = numbers_to(train.n),
                 .adam = ad_adam_new(s.rate)};
    ad_array in_order = numbers_to(test.n);
    t.tape = new_tape(&s, &t.pool);
    t.bar = progress_begin(s.epochs * train.n);
    confusion c = {0};
    for (int64_t epoch = 0; epoch < s.epochs; epoch++) {
        double from = s.rate * (double)(s.epochs - epoch) / (double)s.epochs;
        double loss =
            train_epoch(&t, &train, s.batch, from, from - s.rate / (double)s.epochs, &model);
        progress_hide(&t.bar);
        if (!isfinite(loss))
            fail("no finite loss in epoch %lld: try a lower --rate", (long long)epoch + 1);
        c = test_model(t.tape, &test, in_order, &model);
        printf("  epoch %3lld   loss %.4f   right in the test set %.2f %%\n", (long long)epoch + 1,
               loss, 100 * (double)c.right / (double)c.all);
        fflush(stdout);
    }
    report(&model, &c, now() - t.bar.start, s.json);

    lenet_free(&model);
    lenet_free(&t.gradient);
    ad_states_free(&t.states);
    ad_array_free(&t.order);
    ad_array_free(&in_order);
    ad_tape_free(t.tape);
    ad_pool_free(t.pool);
    ad_dataset_free(&data);
}
