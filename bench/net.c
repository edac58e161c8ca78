/* Networks by adze, as a user would write them: one call a layer, one check a step. The number of
 * layers differs from case to case, so the description of the model is made here. AD_MODEL(net,
 * (dense, layer, N)) would declare the same. */
#include "net.h"

#include <math.h>
#include <stdlib.h>

AD_MODEL(dense, w, b);

typedef struct net {
    net_spec spec;
    ad_pool *pool;
    ad_tape *tape;
    ad_field field;
    ad_tree tree; /* of the layers */
    ad_states states;
    dense layer[NET_LAYERS], gradient[NET_LAYERS];
    ad_view x, y; /* [batch, inputs]; [batch], labels i32 or numbers f32 */
    float *images;
    void *target;
    net_bare *bare[NET_FORMS];
} net;

int64_t net_inputs(const net_spec *spec, int layer)
{
    return layer == 0 ? spec->inputs : spec->width;
}

int64_t net_outputs(const net_spec *spec, int layer)
{
    return layer + 1 < spec->layers ? spec->width : spec->outputs;
}

/* ---- by adze ------------------------------------------------------------------------ */

/* x [batch, inputs] -> [batch, outputs] */
static ad_tensor apply(const net *n, const dense_tensors *layer, ad_tensor x)
{
    int last = n->spec.layers - 1;
    for (int i = 0; i < last; i++)
        x = ad_dense(x, layer[i].w, layer[i].b, AD_RELU);
    return ad_dense(x, layer[last].w, layer[last].b, AD_IDENTITY);
}

static ad_tensor loss_of(const net *n, ad_tensor out, ad_tensor y)
{
    return n->spec.classify ? ad_softmax_cross_entropy(out, y) : ad_mse(ad_squeeze(out, -1), y);
}

static void forward(net *n)
{
    dense_tensors layer[NET_LAYERS];
    ad_model_freeze(&n->tree, n->tape, n->layer, layer);
    apply(n, layer, ad_freeze(n->tape, n->x));
    check(n->tape);
    ad_tape_reset(n->tape);
}

/* Of a slice of images x[0] and their numbers x[1]. */
static ad_tensor slice_loss(ad_tape *t, const void *layer, const ad_tensor *x, const void *env)
{
    (void)t;
    return loss_of(env, apply(env, layer, x[0]), x[1]);
}

static void gradient_in_slices(net *n)
{
    const ad_view data[] = {n->x, n->y};
    const int64_t slice =
        n->spec.batch > 1024 ? 0 : n->spec.batch / 8; /* so that threads have a few */
    const ad_rows_options options = {.size = sizeof options, .slice = slice, .parallel = true};
    ad_model_value_with_gradient_over_rows(&n->tree, n->tape, slice_loss, n->layer, 2, data,
                                           &options, n, NULL, n->gradient);
    check(n->tape);
}

static void net_adze(void *state)
{
    net *n = state;
    if (n->spec.work == NET_FORWARD) {
        forward(n);
        return;
    }
    if (n->spec.work == NET_SLICES) {
        gradient_in_slices(n);
        return;
    }
    const ad_sgd settings = {.rate = NET_RATE};
    ad_method sgd = ad_sgd_method(&settings);
    sgd.pool = n->pool;
    dense_tensors layer[NET_LAYERS];
    ad_model_watch(&n->tree, n->tape, n->layer, layer);
    ad_tensor out = apply(n, layer, ad_freeze(n->tape, n->x));
    ad_tensor loss = loss_of(n, out, ad_freeze(n->tape, n->y));
    if (ad_model_gradient(&n->tree, loss, NULL, layer, n->gradient) != AD_OK)
        check(n->tape);
    if (n->spec.work == NET_STEP)
        ad_model_step(&n->tree, &sgd, n->gradient, &n->states, n->layer, NULL);
    ad_tape_reset(n->tape);
}

static void net_without_tape(void *state)
{
    net_bare_run(((net *)state)->bare[NET_BY_BLIS]);
}

static void net_on_same_kernels(void *state)
{
    net_bare_run(((net *)state)->bare[NET_BY_KERNELS]);
}

static double output_difference(net *n, const net_bare *bare)
{
    dense_tensors layer[NET_LAYERS];
    ad_model_freeze(&n->tree, n->tape, n->layer, layer);
    ad_tensor out = apply(n, layer, ad_freeze(n->tape, n->x));
    double result = difference(ad_read(out), net_bare_output(bare));
    ad_tape_reset(n->tape);
    return result;
}

static double gradient_difference(const net *n, const net_bare *bare)
{
    double worst = 0;
    for (int i = 0; i < n->spec.layers; i++) {
        const float *dw = net_bare_gradient(bare, i);
        const float *db = dw + ad_array_count(&n->gradient[i].w);
        worst = fmax(worst, difference(ad_array_view(n->gradient[i].w), dw));
        worst = fmax(worst, difference(ad_array_view(n->gradient[i].b), db));
    }
    return worst;
}

/* Of the gradients; of the outputs where there are none. */
static double net_difference(void *state)
{
    net *n = state;
    double worst = 0;
    for (int form = 0; form < NET_FORMS; form++)
        worst = fmax(worst, n->spec.work == NET_FORWARD ? output_difference(n, n->bare[form])
                                                        : gradient_difference(n, n->bare[form]));
    return worst;
}

/* ---- the amount of work ------------------------------------------------------------- */

/* Products only: 2 m n k each. Backward there is one for the weights and, above the first
 * layer, one for the input. */
static double net_flops(const net_spec *s)
{
    double sum = 0;
    for (int i = 0; i < s->layers; i++) {
        double product =
            2.0 * (double)s->batch * (double)net_inputs(s, i) * (double)net_outputs(s, i);
        sum += product * (s->work == NET_FORWARD ? 1 : i == 0 ? 2 : 3);
    }
    return sum;
}

/* Forward each layer reads its input and weights and writes its output. Backward it reads all
 * three's cotangents or values again, once for each product, and a step reads and writes the
 * weights. */
static double net_bytes(const net_spec *s)
{
    double sum = 0;
    for (int i = 0; i < s->layers; i++) {
        double x = (double)s->batch * (double)net_inputs(s, i);
        double y = (double)s->batch * (double)net_outputs(s, i);
        double w = (double)(net_inputs(s, i) + 1) * (double)net_outputs(s, i);
        sum += x + w + y;
        if (s->work != NET_FORWARD)
            sum += (x + y + w) + (i > 0 ? x + y + w : 0);
        if (s->work == NET_STEP)
            sum += 3 * w;
    }
    return sum * sizeof(float);
}

/* ---- setup -------------------------------------------------------------------------- */

static dense new_layer(const net *n, int i)
{
    int64_t inputs = net_inputs(&n->spec, i), outputs = net_outputs(&n->spec, i);
    dense d = {ad_zeros(AD_F32, AD_SHAPE(inputs, outputs)), ad_zeros(AD_F32, AD_SHAPE(outputs))};
    ad_random random = ad_random_new(2, (uint64_t)i);
    if (!d.b.data || ad_fill_kaiming(&d.w, &random) != AD_OK)
        fail("no memory for a layer of %lld by %lld", (long long)inputs, (long long)outputs);
    return d;
}

static void make_target(net *n)
{
    int64_t batch = n->spec.batch;
    ad_random random = ad_random_new(3, 0);
    int32_t *label = take((size_t)batch, sizeof *label);
    float *number = take((size_t)batch, sizeof *number);
    for (int64_t i = 0; i < batch; i++) {
        label[i] = (int32_t)ad_random_below(&random, 10) % (int32_t)n->spec.outputs;
        number[i] = (float)ad_random_below(&random, 10);
    }
    n->target = n->spec.classify ? (void *)label : (void *)number;
    n->y = n->spec.classify ? AD_VIEW(label, batch) : AD_VIEW(number, batch);
    free(n->spec.classify ? (void *)number : (void *)label);
}

/* Rows of the lesson's images where they fit, else numbers of its own. */
static const float *make_input(net *n, const bench_setting *s)
{
    size_t count = (size_t)(n->spec.batch * n->spec.inputs);
    if (n->spec.inputs == 784 && n->spec.batch <= s->images)
        return s->image;
    n->images = take(count, sizeof *n->images);
    fill(AD_F32, n->images, count, 1, -1, 1);
    return n->images;
}

static void copy_layer(const net *n, int i, net_bare *to)
{
    size_t weights = ad_array_count(&n->layer[i].w), biases = ad_array_count(&n->layer[i].b);
    const float *w = n->layer[i].w.data, *b = n->layer[i].b.data;
    for (size_t j = 0; j < weights; j++)
        net_bare_weights(to, i)[j] = w[j];
    for (size_t j = 0; j < biases; j++)
        net_bare_biases(to, i)[j] = b[j];
}

static bench_work net_setup(const bench_case *c, const bench_setting *s)
{
    net *n = take(1, sizeof *n);
    n->spec = *(const net_spec *)c->spec;
    if (s->smoke && n->spec.batch > 256)
        n->spec.batch = 256;
    n->field = (ad_field){sizeof n->field, "layer", &dense_tree, (size_t)n->spec.layers};
    n->tree = (ad_tree){sizeof n->tree, "net", n->field.count * dense_tree.arrays, &n->field, 1};
    const float *x = make_input(n, s);
    n->x = AD_VIEW(x, n->spec.batch, n->spec.inputs);
    make_target(n);
    for (int i = 0; i < n->spec.layers; i++)
        n->layer[i] = new_layer(n, i);
    for (int form = 0; form < NET_FORMS; form++) {
        n->bare[form] = net_bare_new(&n->spec, (net_form)form, s->pool, x, n->target);
        for (int i = 0; i < n->spec.layers; i++)
            copy_layer(n, i, n->bare[form]);
    }
    ad_model_like(&n->tree, n->layer, n->gradient, NULL);
    n->pool = s->pool;
    n->tape = bench_tape(s->pool);
    return (bench_work){n, n->tape, 1, net_flops(&n->spec), net_bytes(&n->spec), NULL};
}

static void net_teardown(void *state)
{
    net *n = state;
    ad_tape_free(n->tape);
    ad_model_free(&n->tree, n->gradient);
    ad_model_free(&n->tree, n->layer);
    ad_states_free(&n->states);
    for (int form = 0; form < NET_FORMS; form++)
        net_bare_free(n->bare[form]);
    free(n->images);
    free(n->target);
    free(n);
}

const bench_kind net_kind = {.setup = net_setup,
                             .adze = net_adze,
                             .bare = net_without_tape,
                             .same_kernels = net_on_same_kernels,
                             .difference = net_difference,
                             .teardown = net_teardown};
