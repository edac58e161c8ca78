/* Operations of neural networks: normalisation, attention, positions, recurrent nets.
 *
 * docs/nets.md makes layers and models of them. */
#ifndef ADZE_OPS_NEURAL_H
#define ADZE_OPS_NEURAL_H

#include "adze/tape.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- normalisation ------------------------------------------------------------------ */

/* y = (x - mean) / sqrt(variance + epsilon) gain + bias, each a single operation. They differ in
 * which numbers have a mean and a variance together; channels are the last axis. The variance is
 * the biased one, sum((x - mean)^2) / n, and takes a second pass, so that it is right far from 0,
 * too. Numbers that are all equal become the bias. epsilon is 1e-5 in most papers; AD_MISUSE if it
 * is negative or not finite. */

/* The last axes of x, as many as gain and bias have: x [..., shape], gain and bias [shape]. */
AD_API ad_tensor ad_layer_norm(ad_tensor x, ad_tensor gain, ad_tensor bias, double epsilon);

/* The same axes without mean and bias: y = x / sqrt(mean(x^2) + epsilon) gain. */
AD_API ad_tensor ad_rms_norm(ad_tensor x, ad_tensor gain, double epsilon);

/* All positions and a group of neighbouring channels of each example: x [n, positions...,
 * channels], gain and bias [channels]. AD_MISUSE unless groups divide the channels. */
AD_API ad_tensor ad_group_norm(ad_tensor x, ad_tensor gain, ad_tensor bias, int64_t groups,
                               double epsilon);

/* All positions of each example and channel: x [n, positions..., channels], gain and bias
 * [channels]. AD_BAD_SHAPE for a single position. */
AD_API ad_tensor ad_instance_norm(ad_tensor x, ad_tensor gain, ad_tensor bias, double epsilon);

typedef struct ad_batch_normed {
    ad_tensor y, mean, variance;
} ad_batch_normed;

/* All of each channel, for training: x [..., channels], gain and bias [channels]. It also gives
 * mean and variance [channels], the biased one, for your running averages. Those are a state
 * of yours, and no parameters; read the values and keep them with the model:
 *
 *     running = (1 - rate) running + rate value
 *
 * (Flax and Keras do the same. PyTorch runs the unbiased variance: multiply by n / (n - 1).)
 * AD_BAD_SHAPE for less than two numbers in a channel. */
AD_API ad_batch_normed ad_batch_norm(ad_tensor x, ad_tensor gain, ad_tensor bias, double epsilon);

/* The same with a mean and a variance [channels] that are given, for use after training: each
 * number is normalised by itself. They may be watched, too. */
AD_API ad_tensor ad_batch_norm_given(ad_tensor x, ad_tensor mean, ad_tensor variance,
                                     ad_tensor gain, ad_tensor bias, double epsilon);

/* Weights as lengths and directions: w = gain v / |v|, with the norm of each output's weights: v
 * [..., outputs], gain [outputs]. Where v is 0, so are w and all gradients. */
AD_API ad_tensor ad_weight_norm(ad_tensor v, ad_tensor gain);

/* ---- attention ---------------------------------------------------------------------- */

typedef struct ad_attention_options {
    bool causal;  /* a query sees no later keys: query i of n those up to i + keys - n, so that the
                     last query sees all */
    double scale; /* of the scores; 0: 1 / sqrt(size) */
} ad_attention_options;

/* softmax(scale q k^T) v, over the keys: q [..., queries, size], k [..., keys, size], v [..., keys,
 * width] -> [..., queries, width]. The axes before the last two are heads and examples, the same
 * ones for all.
 *
 *     ad_tensor y = ad_attention(q, k, v, (ad_attention_options){.causal = true});
 *
 * All derivatives work in blocks of scores, so that memory grows with queries + keys, and not with
 * their product. AD_MISUSE for a scale that is not finite. */
AD_API ad_tensor ad_attention(ad_tensor q, ad_tensor k, ad_tensor v, ad_attention_options options);

/* The same with a mask (bool) that broadcasts to [..., queries, keys], true where a query may see a
 * key. A query that may see none gives zeros, with gradient 0. */
AD_API ad_tensor ad_masked_attention(ad_tensor q, ad_tensor k, ad_tensor v, ad_tensor mask,
                                     ad_attention_options options);

/* ---- positions ---------------------------------------------------------------------- */

/* Pair i of `size` numbers, at position p, has the angle p base^(-2 i / size). */
typedef struct ad_position_options {
    int64_t first;   /* the position of the first row: of what is added to a sequence, its length
                        so far */
    double base;     /* 0: 10000 */
    bool neighbours; /* of ad_rotary: pairs are numbers 2 i and 2 i + 1, else i and i + size / 2 */
} ad_position_options;

/* Turns the pairs of each row by their angles: x [..., positions, size] of queries or keys, so that
 * scores depend on differences of positions. (a, b) -> (a cos - b sin, a sin + b cos), as Llama
 * does it; with neighbours, as RoFormer. AD_BAD_SHAPE for an odd size, AD_MISUSE for a base that is
 * negative or not finite. */
AD_API ad_tensor ad_rotary(ad_tensor x, ad_position_options options);

/* x plus the sine and the cosine of each angle, in numbers 2 i and 2 i + 1: x [..., positions,
 * size]. Errors as above. */
AD_API ad_tensor ad_sinusoidal(ad_tensor x, ad_position_options options);

/* ---- recurrent nets ----------------------------------------------------------------- */

typedef struct ad_sequence_options {
    bool reverse;      /* from the end of each sequence to its beginning */
    ad_tensor lengths; /* i64 [batch], in [0, time]: how much of each row counts. {0}: all of it */
} ad_sequence_options;

typedef struct ad_rnn_results {
    ad_tensor y, h; /* the states at all times, and the last one */
} ad_rnn_results;

typedef struct ad_lstm_results {
    ad_tensor y, h, c;
} ad_lstm_results;

/* A net over all of a sequence in one operation: x [time, batch, features], a state h [batch, size]
 * before it -> y [time, batch, size], h [batch, size]. With x [batch, features] it is one step of the
 * cell. Weights have their gates side by side, `size` columns each: w [features, gates size], u
 * [size, gates size], b [gates size].
 *
 * After the end of a row y is 0, and the state stays. For both directions, run it twice and join
 * what comes out:
 *
 *     ad_rnn_results there = ad_gru(x, h, w, u, b, (ad_sequence_options){0});
 *     ad_rnn_results back = ad_gru(x, h2, w2, u2, b2, (ad_sequence_options){.reverse = true});
 *     ad_tensor y = ad_concat(2, (ad_tensor[]){there.y, back.y}, -1);
 *
 * AD_DOMAIN for a length that is not in [0, time]. */

/* h = tanh(x w + h u + b). */
AD_API ad_rnn_results ad_rnn(ad_tensor x, ad_tensor h, ad_tensor w, ad_tensor u, ad_tensor b,
                             ad_sequence_options options);

/* Gates r, z, n in this order, and two biases, b [2, 3 size]: with a = x w + b[0] and s = h u + b[1],
 *
 *     r = sigmoid(a_r + s_r), z = sigmoid(a_z + s_z), n = tanh(a_n + r s_n), h = (1 - z) n + z h
 *
 * PyTorch's weights are w^T, u^T and both biases; Keras's (reset_after) have z before r. */
AD_API ad_rnn_results ad_gru(ad_tensor x, ad_tensor h, ad_tensor w, ad_tensor u, ad_tensor b,
                             ad_sequence_options options);

/* The same with the reset before the product, and one bias, b [3 size]: n = tanh(a_n + (r h) u_n),
 * as in the first paper (Cho et al. 2014) and in Keras without reset_after. */
AD_API ad_rnn_results ad_reset_gru(ad_tensor x, ad_tensor h, ad_tensor w, ad_tensor u, ad_tensor b,
                                   ad_sequence_options options);

/* Gates i, f, g, o in this order, and a second state c [batch, size]: with a = x w + h u + b,
 *
 *     c = sigmoid(a_f) c + sigmoid(a_i) tanh(a_g), h = sigmoid(a_o) tanh(c)
 *
 * PyTorch's weights are w^T, u^T and the sum of both biases; Keras's are as they are. */
AD_API ad_lstm_results ad_lstm(ad_tensor x, ad_tensor h, ad_tensor c, ad_tensor w, ad_tensor u,
                               ad_tensor b, ad_sequence_options options);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
