/* Recognises handwritten digits, as mnist_classifier.c does, by as many processes as mpirun starts:
 *
 *     mpirun -n 4 build/examples/distributed_mnist
 *
 * All have the images. Each takes some of those of a batch, and all take the same step. So every
 * digit that is printed is the same with any number of processes; only the times differ. */
#include "common.h"

#include <adze/mpi.h>
#include <mpi.h>
#include <stdio.h>

enum { HIDDEN = 50, CLASSES = 10, SLICE = 64 };

AD_MODEL(dense, w, b); /* [inputs, outputs], [outputs] */
AD_MODEL(classifier, (dense, hidden), (dense, output));
AD_MODEL_MPI(classifier);

/* ---- the model ----------------------------------------------------------------------- */

/* Bytes of ink [n, rows, columns] -> logits [n, CLASSES] */
static ad_tensor apply(const classifier_tensors *m, ad_tensor images)
{
    ad_shape s = ad_shape_of(images);
    ad_tensor x = ad_reshape(images, AD_SHAPE(s.dim[0], s.dim[1] * s.dim[2]));
    ad_tensor h = ad_dense(ad_div(ad_cast(x, AD_F32), 255), m->hidden.w, m->hidden.b, AD_RELU);
    return ad_dense(h, m->output.w, m->output.b, AD_IDENTITY);
}

/* Of the images with the numbers x[0]. */
static ad_tensor loss(ad_tape *t, const classifier_tensors *m, const ad_tensor *x, const void *env)
{
    const labelled *d = env;
    ad_tensor images = ad_gather(ad_freeze(t, d->images), x[0], 0);
    ad_tensor labels = ad_gather(ad_freeze(t, d->labels), x[0], 0);
    return ad_softmax_cross_entropy(apply(m, images), labels);
}

static dense dense_new(int64_t inputs, int64_t outputs, ad_random *random)
{
    dense d = {ad_zeros(AD_F32, AD_SHAPE(inputs, outputs)), ad_zeros(AD_F32, AD_SHAPE(outputs))};
    if (ad_fill_kaiming(&d.w, random) != AD_OK || !d.b.data)
        fail("no memory for the weights");
    return d;
}

/* ---- training ------------------------------------------------------------------------ */

typedef struct trainer {
    ad_mpi *ranks;
    ad_tape *tape;
    ad_random random; /* the same on all ranks, and so is the order */
    ad_array order;   /* i64 [n]: in which the images are taken */
    ad_adam adam;
    ad_states states;
    classifier gradient;
    ad_error error;
} trainer;

/* All images once, in a new order. Returns the mean loss. */
static double train_epoch(trainer *t, const labelled *d, int64_t batch, classifier *model)
{
    double sum = 0;
    const ad_rows_options o = {.size = sizeof o, .slice = SLICE, .parallel = true};
    ad_random_shuffle(&t->random, t->order.data, (size_t)d->n);
    for (int64_t begin = 0, end; begin < d->n && t->error.status == AD_OK; begin = end) {
        end = batch < d->n - begin ? begin + batch : d->n;
        double value = 0;
        const ad_view numbers = rows(t->order, begin, end);
        if (classifier_mpi_value_with_gradient(t->ranks, t->tape, loss, model, 1, &numbers, &o, d,
                                               &value, &t->gradient, &t->error) == AD_OK)
            classifier_step(ad_adam_method(&t->adam), &t->gradient, &t->states, model, &t->error);
        sum += (double)(end - begin) * value;
    }
    return sum / (double)d->n;
}

/* The share of images that the model gets right. Each rank looks at some, and counts are exact. */
static double accuracy(trainer *t, const labelled *d, const classifier *model)
{
    const ad_rows_options o = {.size = sizeof o, .slice = 1};
    ad_rows_cut cut = {0};
    int64_t first, count;
    double right = 0;
    ad_cut_rows(1, &d->images, &o, &cut, &t->error);
    ad_mpi_share(t->ranks, &cut, &first, &count);
    classifier_tensors m = classifier_freeze(t->tape, model);
    ad_view mine = d->images;
    mine.data = (const uint8_t *)mine.data + first * mine.stride[0];
    mine.shape.dim[0] = count;
    ad_view logits = ad_read(apply(&m, ad_freeze(t->tape, mine)));
    if (ad_tape_status(t->tape) != AD_OK)
        ad_fail(&t->error, ad_tape_status(t->tape), "%s", ad_tape_error(t->tape));
    for (int64_t i = 0; i < count && t->error.status == AD_OK; i++)
        right += largest(CLASSES, (const float *)logits.data + i * CLASSES) ==
                 ((const uint8_t *)d->labels.data)[first + i];
    ad_tape_reset(t->tape);
    ad_mpi_sum(t->ranks, 1, &right, &t->error);
    return right / (double)d->n;
}

static void print_profile(const trainer *t, double seconds)
{
    ad_mpi_info i = {.size = sizeof i};
    ad_mpi_measure(t->ranks, &i);
    double share = 100 / seconds;
    printf(
        "  of rank 0's time: computing %.1f %%, waiting for slower ranks %.1f %%, sending %.1f %%, "
        "adding up %.1f %%\n",
        100 - share * (i.waiting + i.sending + i.adding), share * i.waiting, share * i.sending,
        share * i.adding);
    printf("  %.1f kB sent a call\n", (double)i.bytes / (double)i.calls / 1000);
}

static void train(trainer *t, const settings *s, const labelled *training, const labelled *test,
                  classifier *model)
{
    int rank = ad_mpi_rank(t->ranks), ranks = ad_mpi_ranks(t->ranks);
    double start = now();
    classifier_mpi_broadcast(t->ranks, 0, model, &t->error);
    for (int64_t epoch = 0; epoch < s->epochs && t->error.status == AD_OK; epoch++) {
        t->adam.rate = s->rate * (double)(s->epochs - epoch) / (double)s->epochs; /* to settle */
        double mean = train_epoch(t, training, s->batch, model);
        double share = accuracy(t, test, model);
        if (rank == 0 && t->error.status == AD_OK)
            printf("  epoch %3lld   loss %.17g   right in the test set %.2f %%\n",
                   (long long)epoch + 1, mean, 100 * share);
    }
    classifier_mpi_compare(t->ranks, model, &t->error);
    double seconds = now() - start;
    if (rank == 0 && t->error.status == AD_OK) {
        printf("  %d processes: %.2f seconds, %.0f images a second\n", ranks, seconds,
               (double)(s->epochs * training->n) / seconds);
        print_profile(t, seconds);
    }
}

int main(int argc, char **argv)
{
    settings s = {.train = 6000,
                  .test = 1000,
                  .epochs = 5,
                  .batch = 512,
                  .rate = 0.005,
                  .seed = 1,
                  .threads = 1};
    ad_pool *pool;
    int level;
    trainer t = {.error = {AD_OK, ""}};
    MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &level);
    read_options(argc, argv, "data train test epochs batch rate seed threads", &s);
    t.ranks = ad_mpi_new(NULL, &(ad_mpi_options){.size = sizeof(ad_mpi_options), .patience = 60},
                         &t.error);
    if (ad_mpi_rank(t.ranks) > 0 && !freopen("/dev/null", "w", stdout)) /* one speaks for all */
        fail("there is no /dev/null");
    ad_dataset data = load_data(&s);
    labelled training = labelled_of(data.train_images, data.train_labels);
    labelled test = labelled_of(data.test_images, data.test_labels);
    ad_random weights = ad_random_new((uint64_t)s.seed, 1);
    classifier model = {
        dense_new(training.images.shape.dim[1] * training.images.shape.dim[2], HIDDEN, &weights),
        dense_new(HIDDEN, CLASSES, &weights)};
    t.tape = new_tape(&s, &pool);
    t.random = ad_random_new((uint64_t)s.seed, 0);
    t.order = numbers_to(training.n);
    t.adam = ad_adam_new(s.rate);
    train(&t, &s, &training, &test, &model);
    if (t.error.status != AD_OK && ad_mpi_rank(t.ranks) == 0)
        fprintf(stderr, "error: %s\n", t.error.text);

    classifier_free(&model);
    classifier_free(&t.gradient);
    ad_states_free(&t.states);
    ad_array_free(&t.order);
    ad_tape_free(t.tape);
    ad_pool_free(pool);
    ad_dataset_free(&data);
    ad_mpi_free(t.ranks);
    MPI_Finalize();
    return t.error.status != AD_OK;
}
