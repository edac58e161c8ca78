/* Layers with weights of PyTorch and of Keras give the outputs that these give: the layouts and the orders of gates are
 * those that docs/nets.md has in its table. peer-layers has written the outputs. */
#include "peer_layers.h"
#include "suite.h"

#include <adze.h>
#include <math.h>
#include <string.h>

/* The k-th array of a layer, by the formula of peer-layers. The 0th is its input. */
static ad_tensor given(ad_tape *t, int k, ad_shape shape)
{
    static double numbers[12][64];
    size_t count = 0;
    ck_assert(ad_shape_count(&shape, &count) == AD_OK && count <= 64);
    for (int i = 0; i < (int)count; i++)
        numbers[k][i] = ((37 * i + 11 * k) % 23 - 11) / 16.0;
    return ad_freeze(t, ad_view_of(AD_F64, numbers[k], shape));
}

#define GIVEN(k, ...) given(t, k, AD_SHAPE(__VA_ARGS__))

/* A matrix in the order 1, 0. */
static ad_tensor turned(ad_tensor matrix)
{
    return ad_permute(matrix, AD_AXES(1, 0));
}

static ad_tensor flat(ad_tensor x)
{
    return ad_reshape(x, AD_SHAPE(-1));
}

/* Results of a layer one after another. */
static ad_tensor joined(ad_tensor a, ad_tensor b, ad_tensor c)
{
    return ad_concat(3, (ad_tensor[]){flat(a), flat(b), flat(c)}, 0);
}

static ad_tensor beside(ad_tensor a, ad_tensor b)
{
    return ad_concat(2, (ad_tensor[]){a, b}, -1);
}

static ad_tensor filled(ad_tape *t, double value, ad_shape shape)
{
    return ad_broadcast_to(ad_constant(t, AD_F64, value), shape);
}

/* ---- PyTorch: dense layers and convolutions -------------------------------------------------- */

static ad_tensor torch_dense(ad_tape *t)
{
    return ad_dense(GIVEN(0, 2, 3), turned(GIVEN(1, 4, 3)), GIVEN(2, 4), AD_IDENTITY);
}

static ad_tensor torch_conv1d(ad_tape *t)
{
    ad_tensor x = ad_permute(GIVEN(0, 1, 2, 4), AD_AXES(0, 2, 1));
    ad_tensor filters = ad_permute(GIVEN(1, 3, 2, 2), AD_AXES(2, 1, 0));
    ad_tensor y = ad_convolve_layer(x, filters, GIVEN(2, 3), AD_IDENTITY, (ad_convolution){0});
    return ad_permute(y, AD_AXES(0, 2, 1));
}

/* An image [n, channels, height, width] through a layer, and back into this order. */
static ad_tensor torch_image(ad_tensor x, ad_tensor weight, ad_tensor b, ad_convolution options)
{
    ad_tensor filters = ad_permute(weight, AD_AXES(2, 3, 1, 0));
    x = ad_permute(x, AD_AXES(0, 2, 3, 1));
    ad_tensor y = ad_convolve_layer(x, filters, b, AD_IDENTITY, options);
    return ad_permute(y, AD_AXES(0, 3, 1, 2));
}

static ad_tensor torch_conv2d(ad_tape *t)
{
    return torch_image(
        GIVEN(0, 1, 2, 4, 5), GIVEN(1, 3, 2, 2, 3), GIVEN(2, 3),
        (ad_convolution){.stride = {2, 1}, .before = {1, 2}, .after = {1, 2}, .dilation = {1, 2}});
}

static ad_tensor torch_conv3d(ad_tape *t)
{
    ad_tensor x = ad_permute(GIVEN(0, 1, 1, 2, 2, 4), AD_AXES(0, 2, 3, 4, 1));
    ad_tensor filters = ad_permute(GIVEN(1, 2, 1, 2, 1, 3), AD_AXES(2, 3, 4, 1, 0));
    ad_tensor y = ad_convolve_layer(x, filters, GIVEN(2, 2), AD_IDENTITY, (ad_convolution){0});
    return ad_permute(y, AD_AXES(0, 4, 1, 2, 3));
}

static ad_tensor torch_grouped(ad_tape *t)
{
    return torch_image(GIVEN(0, 1, 4, 3, 2), GIVEN(1, 2, 2, 2, 2), GIVEN(2, 2),
                       (ad_convolution){.groups = 2});
}

static ad_tensor torch_depthwise(ad_tape *t)
{
    return torch_image(GIVEN(0, 1, 2, 3, 2), GIVEN(1, 4, 1, 2, 2), GIVEN(2, 4),
                       (ad_convolution){.groups = 2});
}

/* padding=(0, 1), output_padding=(1, 0) */
static ad_tensor torch_transposed(ad_tape *t)
{
    ad_tensor x = ad_permute(GIVEN(0, 1, 2, 2, 3), AD_AXES(0, 2, 3, 1));
    ad_tensor filters = ad_permute(GIVEN(1, 2, 3, 2, 3), AD_AXES(2, 3, 0, 1));
    ad_tensor y = ad_convolve_transposed(
        x, filters, (ad_convolution){.stride = {2, 1}, .before = {0, 1}, .after = {0 - 1, 1}});
    return ad_permute(ad_add(y, GIVEN(2, 3)), AD_AXES(0, 3, 1, 2));
}

/* A dense layer behind an image. */
static ad_tensor torch_flattened(ad_tape *t)
{
    ad_tensor x = ad_permute(GIVEN(0, 2, 2, 2, 3), AD_AXES(0, 2, 3, 1));
    ad_tensor w = ad_permute(GIVEN(1, 2, 2, 2, 3), AD_AXES(2, 3, 1, 0)); /* [h, w, c, out] */
    return ad_dense(ad_reshape(x, AD_SHAPE(2, 12)), ad_reshape(w, AD_SHAPE(12, 2)), GIVEN(2, 2),
                    AD_IDENTITY);
}

static ad_tensor torch_embedding(ad_tape *t)
{
    static const int64_t codes[] = {2, 0, 3};
    return ad_embedding(GIVEN(1, 4, 3), ad_freeze(t, AD_VECTOR(codes)));
}

/* ---- PyTorch: norms, attention --------------------------------------------------------------- */

static ad_tensor times(ad_tensor x, double factor)
{
    return ad_mul(x, ad_constant(x.tape, AD_F64, factor));
}

/* running = (1 - rate) running + rate value, from a new layer's running value. */
static ad_tensor run(double rate, double running, ad_tensor value)
{
    return ad_add(times(value, rate), ad_constant(value.tape, AD_F64, (1 - rate) * running));
}

typedef struct batch_norm_pass {
    ad_tensor x, y, mean, variance; /* running ones */
} batch_norm_pass;

static batch_norm_pass torch_norm_pass(ad_tape *t)
{
    const double n = 2 * 2 * 3;
    ad_tensor x = ad_permute(GIVEN(0, 2, 2, 2, 3), AD_AXES(0, 2, 3, 1));
    ad_batch_normed y = ad_batch_norm(x, GIVEN(1, 2), GIVEN(2, 2), 1e-5);
    return (batch_norm_pass){x, y.y, run(0.1, 0, y.mean),
                             run(0.1, 1, times(y.variance, n / (n - 1)))};
}

static ad_tensor torch_batch_norm(ad_tape *t)
{
    batch_norm_pass p = torch_norm_pass(t);
    return joined(ad_permute(p.y, AD_AXES(0, 3, 1, 2)), p.mean, p.variance);
}

static ad_tensor torch_batch_norm_after(ad_tape *t)
{
    batch_norm_pass p = torch_norm_pass(t);
    ad_tensor y = ad_batch_norm_given(p.x, p.mean, p.variance, GIVEN(1, 2), GIVEN(2, 2), 1e-5);
    return ad_permute(y, AD_AXES(0, 3, 1, 2));
}

static ad_tensor torch_layer_norm(ad_tape *t)
{
    return ad_layer_norm(GIVEN(0, 2, 2, 3), GIVEN(1, 2, 3), GIVEN(2, 2, 3), 1e-5);
}

static ad_tensor torch_group_norm(ad_tape *t)
{
    ad_tensor x = ad_permute(GIVEN(0, 2, 4, 3), AD_AXES(0, 2, 1));
    ad_tensor y = ad_group_norm(x, GIVEN(1, 4), GIVEN(2, 4), 2, 1e-5);
    return ad_permute(y, AD_AXES(0, 2, 1));
}

enum { BATCH = 2, WIDTH = 4, HEADS = 2 };

static ad_tensor heads_of(ad_tensor qkv, int which)
{
    ad_tensor own = ad_slice(qkv, 1, which * WIDTH, (which + 1) * WIDTH);
    own = ad_reshape(own, AD_SHAPE(BATCH, -1, HEADS, WIDTH / HEADS));
    return ad_permute(own, AD_AXES(0, 2, 1, 3));
}

/* The attention of docs/nets.md: x [batch n, width]. */
static ad_tensor attention(ad_tensor x, ad_tensor w, ad_tensor b, ad_tensor w2, ad_tensor b2,
                           bool causal)
{
    ad_tensor qkv = ad_dense(x, w, b, AD_IDENTITY);
    ad_tensor y = ad_attention(heads_of(qkv, 0), heads_of(qkv, 1), heads_of(qkv, 2),
                               (ad_attention_options){.causal = causal});
    y = ad_reshape(ad_permute(y, AD_AXES(0, 2, 1, 3)), AD_SHAPE(-1, WIDTH));
    return ad_dense(y, w2, b2, AD_IDENTITY);
}

static ad_tensor torch_attention_of(ad_tape *t, bool causal)
{
    return attention(GIVEN(0, 6, 4), turned(GIVEN(1, 12, 4)), GIVEN(2, 12), turned(GIVEN(3, 4, 4)),
                     GIVEN(4, 4), causal);
}

static ad_tensor torch_attention(ad_tape *t)
{
    return torch_attention_of(t, false);
}

static ad_tensor torch_causal(ad_tape *t)
{
    return torch_attention_of(t, true);
}

/* ---- PyTorch: recurrent nets ----------------------------------------------------------------- */

static ad_tensor torch_lstm(ad_tape *t)
{
    ad_lstm_results r = ad_lstm(GIVEN(0, 3, 2, 2), GIVEN(8, 2, 3), GIVEN(9, 2, 3),
                                turned(GIVEN(1, 12, 2)), turned(GIVEN(2, 12, 3)),
                                ad_add(GIVEN(3, 12), GIVEN(4, 12)), (ad_sequence_options){0});
    return joined(r.y, r.h, r.c);
}

static ad_tensor torch_gru(ad_tape *t)
{
    ad_tensor b = ad_concat(2, (ad_tensor[]){GIVEN(3, 1, 9), GIVEN(4, 1, 9)}, 0);
    ad_rnn_results r = ad_gru(GIVEN(0, 3, 2, 2), GIVEN(8, 2, 3), turned(GIVEN(1, 9, 2)),
                              turned(GIVEN(2, 9, 3)), b, (ad_sequence_options){0});
    return beside(flat(r.y), flat(r.h));
}

static ad_tensor torch_rnn(ad_tape *t)
{
    ad_rnn_results r =
        ad_rnn(GIVEN(0, 3, 2, 2), GIVEN(8, 2, 3), turned(GIVEN(1, 3, 2)), turned(GIVEN(2, 3, 3)),
               ad_add(GIVEN(3, 3), GIVEN(4, 3)), (ad_sequence_options){0});
    return beside(flat(r.y), flat(r.h));
}

/* From parameter k on; names that end in _reverse begin with the fifth. */
static ad_lstm_results torch_way(ad_tape *t, int k, ad_sequence_options options)
{
    ad_tensor zeros = filled(t, 0, AD_SHAPE(2, 2));
    return ad_lstm(GIVEN(0, 3, 2, 2), zeros, zeros, turned(GIVEN(k, 8, 2)),
                   turned(GIVEN(k + 1, 8, 2)), ad_add(GIVEN(k + 2, 8), GIVEN(k + 3, 8)), options);
}

static ad_tensor torch_both_ways(ad_tape *t)
{
    static const int64_t lengths[] = {3, 2};
    ad_tensor all = ad_freeze(t, AD_VECTOR(lengths));
    ad_lstm_results there = torch_way(t, 1, (ad_sequence_options){.lengths = all});
    ad_lstm_results back = torch_way(t, 5, (ad_sequence_options){true, all});
    return joined(beside(there.y, back.y), beside(flat(there.h), flat(back.h)),
                  beside(flat(there.c), flat(back.c)));
}

static ad_tensor torch_gelu(ad_tape *t)
{
    return beside(ad_gelu_erf(GIVEN(0, 5)), ad_gelu(GIVEN(0, 5)));
}

/* ---- Keras ----------------------------------------------------------------------------------- */

static ad_tensor keras_dense(ad_tape *t)
{
    return ad_dense(GIVEN(0, 2, 3), GIVEN(1, 3, 4), GIVEN(2, 4), AD_IDENTITY);
}

static ad_tensor keras_conv2d(ad_tape *t)
{
    return ad_convolve_layer(GIVEN(0, 1, 4, 5, 2), GIVEN(1, 2, 3, 2, 3), GIVEN(2, 3), AD_IDENTITY,
                             (ad_convolution){.same = true});
}

static ad_tensor keras_strided(ad_tape *t)
{
    return ad_convolve_layer(GIVEN(0, 1, 4, 5, 2), GIVEN(1, 3, 2, 2, 3), GIVEN(2, 3), AD_IDENTITY,
                             (ad_convolution){.stride = {2, 2}, .same = true});
}

static ad_tensor keras_grouped(ad_tape *t)
{
    return ad_convolve_layer(GIVEN(0, 1, 3, 2, 4), GIVEN(1, 2, 2, 2, 2), GIVEN(2, 2), AD_IDENTITY,
                             (ad_convolution){.groups = 2});
}

static ad_tensor keras_depthwise(ad_tape *t)
{
    ad_tensor filters = ad_reshape(GIVEN(1, 2, 2, 2, 2), AD_SHAPE(2, 2, 1, 4));
    return ad_convolve_layer(GIVEN(0, 1, 3, 2, 2), filters, GIVEN(2, 4), AD_IDENTITY,
                             (ad_convolution){.groups = 2});
}

static ad_tensor keras_transposed(ad_tape *t)
{
    ad_tensor filters = ad_permute(GIVEN(1, 2, 3, 3, 2), AD_AXES(0, 1, 3, 2));
    ad_tensor y =
        ad_convolve_transposed(GIVEN(0, 1, 2, 3, 2), filters, (ad_convolution){.stride = {2, 1}});
    return ad_add(y, GIVEN(2, 3));
}

static ad_tensor keras_transposed_same(ad_tape *t)
{
    ad_tensor filters = ad_permute(GIVEN(1, 3, 3, 3, 2), AD_AXES(0, 1, 3, 2));
    ad_tensor y = ad_convolve_transposed(GIVEN(0, 1, 2, 3, 2), filters,
                                         (ad_convolution){.stride = {2, 2}, .same = true});
    return ad_add(y, GIVEN(2, 3));
}

static batch_norm_pass keras_norm_pass(ad_tape *t)
{
    ad_tensor x = GIVEN(0, 2, 2, 3, 2);
    ad_batch_normed y = ad_batch_norm(x, GIVEN(1, 2), GIVEN(2, 2), 1e-3);
    return (batch_norm_pass){x, y.y, run(0.01, 0, y.mean), run(0.01, 1, y.variance)};
}

static ad_tensor keras_batch_norm(ad_tape *t)
{
    batch_norm_pass p = keras_norm_pass(t);
    return joined(p.y, p.mean, p.variance);
}

static ad_tensor keras_batch_norm_after(ad_tape *t)
{
    batch_norm_pass p = keras_norm_pass(t);
    return ad_batch_norm_given(p.x, p.mean, p.variance, GIVEN(1, 2), GIVEN(2, 2), 1e-3);
}

static ad_tensor keras_layer_norm(ad_tape *t)
{
    return ad_layer_norm(GIVEN(0, 2, 3), GIVEN(1, 3), GIVEN(2, 3), 1e-3);
}

/* Kernels and biases of queries, keys and values, in turn, then those of the output. */
static ad_tensor keras_attention_of(ad_tape *t, bool causal)
{
    ad_tensor w[3], b[3];
    for (int i = 0; i < 3; i++) {
        w[i] = ad_reshape(GIVEN(2 * i + 1, WIDTH, HEADS, 2), AD_SHAPE(WIDTH, HEADS * 2));
        b[i] = flat(GIVEN(2 * i + 2, HEADS, 2));
    }
    ad_tensor w2 = ad_reshape(GIVEN(7, HEADS, 2, WIDTH), AD_SHAPE(HEADS * 2, WIDTH));
    return attention(GIVEN(0, 6, 4), ad_concat(3, w, -1), ad_concat(3, b, -1), w2, GIVEN(8, WIDTH),
                     causal);
}

static ad_tensor keras_attention(ad_tape *t)
{
    return keras_attention_of(t, false);
}

static ad_tensor keras_causal(ad_tape *t)
{
    return keras_attention_of(t, true);
}

/* Time first; and as Keras has it, behind the batch. */
static ad_tensor by_time(ad_tensor x)
{
    return ad_permute(x, AD_AXES(1, 0, 2));
}

static ad_tensor keras_lstm(ad_tape *t)
{
    ad_tensor zeros = filled(t, 0, AD_SHAPE(2, 3));
    return by_time(ad_lstm(by_time(GIVEN(0, 2, 3, 2)), zeros, zeros, GIVEN(1, 2, 12),
                           GIVEN(2, 3, 12), GIVEN(3, 12), (ad_sequence_options){0})
                       .y);
}

/* Gates z, r, h as r, z, n. */
static ad_tensor swapped(ad_tensor x)
{
    ad_tensor z = ad_slice(x, -1, 0, 3), r = ad_slice(x, -1, 3, 6), n = ad_slice(x, -1, 6, 9);
    return ad_concat(3, (ad_tensor[]){r, z, n}, -1);
}

static ad_tensor keras_gru(ad_tape *t)
{
    return by_time(ad_gru(by_time(GIVEN(0, 2, 3, 2)), filled(t, 0, AD_SHAPE(2, 3)),
                          swapped(GIVEN(1, 2, 9)), swapped(GIVEN(2, 3, 9)), swapped(GIVEN(3, 2, 9)),
                          (ad_sequence_options){0})
                       .y);
}

static ad_tensor keras_reset_gru(ad_tape *t)
{
    return by_time(ad_reset_gru(by_time(GIVEN(0, 2, 3, 2)), filled(t, 0, AD_SHAPE(2, 3)),
                                swapped(GIVEN(1, 2, 9)), swapped(GIVEN(2, 3, 9)),
                                swapped(GIVEN(3, 9)), (ad_sequence_options){0})
                       .y);
}

static ad_tensor keras_rnn(ad_tape *t)
{
    return by_time(ad_rnn(by_time(GIVEN(0, 2, 3, 2)), filled(t, 0, AD_SHAPE(2, 3)), GIVEN(1, 2, 3),
                          GIVEN(2, 3, 3), GIVEN(3, 3), (ad_sequence_options){0})
                       .y);
}

static ad_tensor keras_way(ad_tape *t, int k, bool reverse)
{
    ad_tensor zeros = filled(t, 0, AD_SHAPE(2, 2));
    return ad_lstm(by_time(GIVEN(0, 2, 3, 2)), zeros, zeros, GIVEN(k, 2, 8), GIVEN(k + 1, 2, 8),
                   GIVEN(k + 2, 8), (ad_sequence_options){.reverse = reverse})
        .y;
}

static ad_tensor keras_both_ways(ad_tape *t)
{
    return by_time(beside(keras_way(t, 1, false), keras_way(t, 4, true)));
}

static ad_tensor keras_backwards(ad_tape *t)
{
    return by_time(ad_flip(keras_way(t, 1, true), AD_AXES(0)));
}

static ad_tensor keras_gelu(ad_tape *t)
{
    return torch_gelu(t);
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* clang-format off */
#define LAYERS(ROW) \
    ROW(torch_dense) ROW(torch_conv1d) ROW(torch_conv2d) ROW(torch_conv3d) ROW(torch_grouped) ROW(torch_depthwise) \
    ROW(torch_transposed) ROW(torch_flattened) ROW(torch_embedding) ROW(torch_batch_norm) ROW(torch_batch_norm_after) \
    ROW(torch_layer_norm) ROW(torch_group_norm) ROW(torch_attention) ROW(torch_causal) ROW(torch_lstm) \
    ROW(torch_gru) ROW(torch_rnn) ROW(torch_both_ways) ROW(torch_gelu) \
    ROW(keras_dense) ROW(keras_conv2d) ROW(keras_strided) ROW(keras_grouped) ROW(keras_depthwise) \
    ROW(keras_transposed) ROW(keras_transposed_same) ROW(keras_batch_norm) ROW(keras_batch_norm_after) \
    ROW(keras_layer_norm) ROW(keras_attention) ROW(keras_causal) ROW(keras_lstm) ROW(keras_gru) ROW(keras_reset_gru) \
    ROW(keras_rnn) ROW(keras_both_ways) ROW(keras_backwards) ROW(keras_gelu)
/* clang-format on */

#define LAYER_ROW(name) {#name, name, peer_##name, sizeof peer_##name / sizeof *peer_##name},
static const struct {
    const char *name;
    ad_tensor (*output)(ad_tape *t);
    const double *expected;
    size_t count;
} layers[] = {LAYERS(LAYER_ROW)};

static const char *layer_name(int row)
{
    return layers[row].name;
}

/* Some layers of Keras compute in f32 even where its policy is float64. */
static double tolerance(const char *name)
{
    return strncmp(name, "keras", 5) == 0 ? 1e-7 : 1e-9;
}

START_TEST(outputs_are_those_of_the_peer)
{
    const char *name = layers[_i].name;
    ad_tape *t = ad_tape_new(NULL);
    ad_view y = ad_read(layers[_i].output(t));
    ck_assert_msg(y.data != NULL, "%s", ad_tape_error(t));
    ck_assert_uint_eq(ad_view_count(&y), layers[_i].count);
    for (size_t i = 0; i < layers[_i].count; i++) {
        double x = ad_view_get(&y, i), peer = layers[_i].expected[i];
        ck_assert_msg(fabs(x - peer) <= tolerance(name) * (1 + fabs(peer)),
                      "%s: number %zu is %.12g, not %.12g", name, i, x, peer);
    }
    ad_tape_free(t);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("peer_layers");
    TCase *tests = tcase_create("outputs");
    add_row_tests(tests, outputs_are_those_of_the_peer, (int)(sizeof layers / sizeof *layers),
                  layer_name);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
