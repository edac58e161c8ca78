/* Where the time of training goes: a profile of some steps of a network, by operation and source
 * line, as a table and as stacks for a flame graph.
 *
 *     profile --stacks FILE && flamegraph.pl FILE >profile.svg        (or open FILE in speedscope)
 *
 * The middle layers are a checkpoint, so what a sweep evaluates again stands within its pullback. */
#include "common.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PIXELS = 784, WIDTH = 128, CLASSES = 10, LAYERS = 3 };

AD_MODEL(dense, w, b); /* [inputs, outputs], [outputs] */
AD_MODEL(network, (dense, first), (dense, middle, LAYERS), (dense, last));

static dense dense_new(int64_t inputs, int64_t outputs, ad_random *random)
{
    dense d = {ad_zeros(AD_F32, AD_SHAPE(inputs, outputs)), ad_zeros(AD_F32, AD_SHAPE(outputs))};
    if (ad_fill_kaiming(&d.w, random) != AD_OK || !d.b.data)
        fail("no memory for the weights");
    return d;
}

/* x, then w and b of each layer. */
static ad_tensor middle_layers(ad_tape *t, const ad_tensor *x, const void *env)
{
    (void)t, (void)env;
    ad_tensor h = x[0];
    for (int i = 0; i < LAYERS; i++)
        h = ad_tanh(ad_add(ad_matmul(h, x[1 + 2 * i]), x[2 + 2 * i]));
    return h;
}

static ad_tensor network_apply(const network_tensors *m, ad_tensor x)
{
    ad_tensor operands[1 + 2 * LAYERS] = {ad_dense(x, m->first.w, m->first.b, AD_TANH)};
    for (int i = 0; i < LAYERS; i++) {
        operands[1 + 2 * i] = m->middle[i].w;
        operands[2 + 2 * i] = m->middle[i].b;
    }
    ad_tensor h = ad_checkpoint(middle_layers, 1 + 2 * LAYERS, operands, NULL);
    return ad_dense(h, m->last.w, m->last.b, AD_IDENTITY);
}

static void step(ad_tape *t, ad_view images, ad_view labels, network *model)
{
    network gradient = {0};
    network_tensors m = network_watch(t, model);
    ad_tensor y = network_apply(&m, ad_freeze(t, images));
    ad_tensor loss = ad_softmax_cross_entropy(y, ad_freeze(t, labels));
    if (network_gradient(loss, &m, &gradient) != AD_OK)
        fail("%s", ad_tape_error(t));
    ad_tape_reset(t);
    network_axpy(-0.01, &gradient, model, NULL); /* which are alike */
    network_free(&gradient);
}

static void write_stacks(const ad_profile *profile, const char *path)
{
    FILE *file = fopen(path, "w");
    ad_status status = file ? ad_profile_print_stacks(profile, file) : AD_FILE;
    if (file && fclose(file) != 0)
        status = AD_FILE;
    if (status != AD_OK)
        fail("%s cannot be written: %s", path, strerror(errno));
}

int main(int argc, char **argv)
{
    settings s = {.epochs = 20, .batch = 64, .seed = 1, .threads = 1};
    ad_pool *pool;
    read_options(argc, argv, "epochs batch seed threads stacks", &s);
    ad_tape *tape = new_tape(&s, &pool);
    ad_random random = ad_random_new((uint64_t)s.seed, 0);
    network model = {.first = dense_new(PIXELS, WIDTH, &random),
                     .last = dense_new(WIDTH, CLASSES, &random)};
    for (int i = 0; i < LAYERS; i++)
        model.middle[i] = dense_new(WIDTH, WIDTH, &random);
    ad_array images = ad_zeros(AD_F32, AD_SHAPE(s.batch, PIXELS));
    ad_array labels = ad_zeros(AD_I32, AD_SHAPE(s.batch));
    ad_profile *profile = ad_profile_new(NULL);
    if (!profile || !labels.data || ad_fill_normal(&images, &random, 0, 1) != AD_OK)
        fail("memory ran out");

    ad_tape_profile(tape, profile);
    for (int64_t i = 0; i < s.epochs; i++)
        step(tape, ad_array_view(images), ad_array_view(labels), &model);
    ad_tape_profile(tape, NULL);

    ad_profile_print(profile, stdout);
    if (s.stacks)
        write_stacks(profile, s.stacks);

    ad_profile_free(profile);
    ad_tape_free(tape);
    ad_pool_free(pool);
    network_free(&model);
    ad_array_free(&images);
    ad_array_free(&labels);
}
