/* Operations of neural networks. rows.h says how a row reads. */
#ifndef ROWS
#define ROWS   "neural.c"
#define FAMILY neural_rows
#include "rows.h"

#include <math.h>

/* Something flows into all results. */
static ad_tensor all_of_batch_norm(const ad_tensor *x, double epsilon)
{
    ad_batch_normed n = ad_batch_norm(x[0], x[1], x[2], epsilon);
    return ad_add(n.y, ad_add(ad_mul(n.mean, 3), ad_square(n.variance)));
}

static int64_t last_extent(ad_tensor x)
{
    ad_shape s = ad_shape_of(x);
    return s.rank ? s.dim[s.rank - 1] : 1;
}

/* Parameters with numbers of x: so its last axis has some. */
static ad_tensor row_of(ad_tensor x)
{
    return ad_mean_over(ad_reshape(x, AD_SHAPE(-1, last_extent(x))), AD_AXES(0));
}

/* Rows, more than one. */
static ad_tensor rows_of(ad_tensor x)
{
    ad_tensor rows = ad_reshape(x, AD_SHAPE(-1, last_extent(x)));
    return ad_concat(2, (ad_tensor[]){rows, ad_sin(rows)}, 0);
}

/* Which keys each of three queries may see; the second sees none. */
static const bool seen[] = {true,  false, true, true, false, false,
                            false, false, true, true, true,  false};
static const bool seen_by_all[] = {true, false, true, true};

#define ROTARY(p)  ((ad_position_options){.first = p})
#define NEIGHBOURS ((ad_position_options){.base = 100, .neighbours = true})
#define CAUSAL     ((ad_attention_options){.causal = true})

static ad_tensor attend(const ad_tensor *x, bool causal, double scale)
{
    return ad_attention(x[0], x[1], x[2], (ad_attention_options){.causal = causal, .scale = scale});
}

static ad_tensor attend_masked(const ad_tensor *x, bool causal, ad_tensor mask)
{
    return ad_masked_attention(x[0], x[1], x[2], mask,
                               (ad_attention_options){.causal = causal, .scale = 0.75});
}

/* Rows of x attend to each other. */
static ad_tensor attend_itself(ad_tensor x, uint64_t choice)
{
    return attend((ad_tensor[]){x, x, x}, choice & 1, 0.5);
}

static ad_tensor masked_graph(ad_tape *t, ad_tensor x, uint64_t choice)
{
    ad_shape s = {2, {extent_of(x, 0), extent_of(x, 0)}};
    ad_tensor mask = ad_less(number_list(t, AD_I32, s.dim[0] * s.dim[1], choice, 4),
                             ad_freeze(t, AD_VIEW((int32_t[]){3}, 1)));
    return attend_masked((ad_tensor[]){x, x, x}, false, ad_reshape(mask, s));
}

#define SQUARE         ad_matmul(o[C], o[A])
#define THREE          ad_concat(3, ((ad_tensor[]){SQUARE, SQUARE, SQUARE}), 1)
#define FOUR           ad_concat(4, ((ad_tensor[]){SQUARE, SQUARE, SQUARE, SQUARE}), 1)
#define EVERYTHING     ((ad_sequence_options){0})
#define BACKWARDS      ((ad_sequence_options){.reverse = true})
#define ENDING         ((ad_sequence_options){.lengths = FROZEN(lengths, 3)})
#define BACK_FROM_ENDS ((ad_sequence_options){true, FROZEN(lengths, 3)})
typedef enum net { NET_RNN, NET_GRU, NET_RESET_GRU, NET_LSTM } net;

/* A row may end before the others, or at once. */
static const int64_t lengths[] = {3, 0, 2};

/* Something flows into all results. */
static ad_tensor all_of_rnn(ad_rnn_results y)
{
    return ad_add(ad_sum_over(y.y, AD_AXES(0)), ad_mul(ad_square(y.h), 3));
}

static ad_tensor all_of_lstm(ad_lstm_results y)
{
    return ad_add(ad_sum_over(y.y, AD_AXES(0)), ad_add(ad_mul(y.h, 3), ad_square(y.c)));
}

static ad_tensor end_of_gru(ad_rnn_results y)
{
    return ad_mul(y.h, y.h);
}

/* A net whose weights are numbers of x. */
static ad_tensor net_of(ad_tensor x, net which)
{
    ad_tensor h = ad_mul(x, 0.5), w = ad_matmul(ad_transpose(x), x), three[] = {w, w, w, w};
    ad_tensor b = ad_sum_over(w, AD_AXES(0)), biases[] = {b, b, b, b};
    ad_tensor u = ad_mul(ad_tanh(w), 0.25);
    for (int i = 0; i < 4; i++)
        three[i] = ad_mul(u, 0.5 + i);
    if (which == NET_RNN)
        return ad_rnn(x, h, u, u, b, EVERYTHING).h;
    if (which == NET_GRU) {
        ad_tensor wide = ad_concat(3, three, 1), row = ad_concat(3, biases, 0);
        return ad_gru(x, h, wide, wide, ad_stack(2, (ad_tensor[]){row, row}, 0), EVERYTHING).h;
    }
    if (which == NET_RESET_GRU) {
        ad_tensor wide = ad_concat(3, three, 1);
        return ad_reset_gru(x, h, wide, wide, ad_concat(3, biases, 0), EVERYTHING).h;
    }
    ad_tensor wide = ad_concat(4, three, 1);
    return ad_lstm(x, h, h, wide, wide, ad_concat(4, biases, 0), EVERYTHING).h;
}

#include "read_rows.h"
#else

/* clang-format off */
OP(ad_layer_norm, .needs_axes = true, .not_analytic = true)
CASE(layer_norm, ad_layer_norm(x[0], x[1], x[2], 0.1), ON(S(3, 4), S(4), S(4)))
CASE(layer_norm_of_two_axes, ad_layer_norm(x[0], x[1], x[2], 0.1), ON(S(2, 3, 4), S(3, 4), S(3, 4)))
CASE(layer_norm_of_all_axes, ad_layer_norm(x[0], x[1], x[2], 0.1), ON(S(3, 4), S(3, 4), S(3, 4)))
CASE(layer_norm_of_a_tile, ad_layer_norm(x[0], x[1], x[2], 0.1), ON(S(2, 16), S(16), S(16)))
CASE(layer_norm_of_long_rows, ad_layer_norm(x[0], x[1], x[2], 0.1), ON(S(2, 37), S(37), S(37)))
CASE(layer_norm_of_many_rows, ad_layer_norm(x[0], x[1], x[2], 0.1), ON(S(70, 3), S(3), S(3)))
CASE(layer_norm_far_from_0, ad_layer_norm(x[0], x[1], x[2], 0.1), ON(S(2, 5), S(5), S(5)), .range = {99, 101})
CASE(layer_norm_of_nothing, ad_layer_norm(x[0], x[1], x[2], 0.1), ON(S(0, 4), S(4), S(4)))
CASE(layer_norm_of_empty_rows, ad_layer_norm(x[0], x[1], x[2], 0.1), ON(S(3, 0), S(0), S(0)))
CASE(layer_norm_by_itself, ad_layer_norm(x[0], x[0], x[1], 0.1), ON(S(4), S(4)))
GRAPH(ad_layer_norm(*x, row_of(*x), row_of(*x), 0.1), .fits = FIT_FULL_AXIS)
CALL(layer_norm, ad_layer_norm(o[A], o[V], o[W], 1e-5), .uses = BIT(A) | BIT(V) | BIT(W))
BAD(layer_norm, ad_layer_norm(o[C], o[V], o[W], 1e-5), AD_BAD_SHAPE)
BAD(layer_norm, ad_layer_norm(o[A], o[V], o[A], 1e-5), AD_BAD_SHAPE)
BAD(layer_norm, ad_layer_norm(o[V], o[A], o[A], 1e-5), AD_BAD_SHAPE)
BAD(layer_norm, ad_layer_norm(o[A], o[V], o[W], -1e-5), AD_MISUSE)
BAD(layer_norm, ad_layer_norm(o[A], o[V], o[W], (double)NAN), AD_MISUSE)
ORACLE(layer_norm, ad_layer_norm(x[0], x[1], x[2], 0.125))
ORACLE(layer_norm_far, ad_layer_norm(x[0], x[1], x[2], 0.125))

OP(ad_rms_norm, .needs_axes = true, .not_analytic = true)
CASE(rms_norm, ad_rms_norm(x[0], x[1], 0.1), ON(S(3, 4), S(4)))
CASE(rms_norm_of_two_axes, ad_rms_norm(x[0], x[1], 0.1), ON(S(2, 3, 4), S(3, 4)))
CASE(rms_norm_of_long_rows, ad_rms_norm(x[0], x[1], 0.1), ON(S(2, 37), S(37)))
CASE(rms_norm_of_many_rows, ad_rms_norm(x[0], x[1], 0.1), ON(S(70, 3), S(3)))
CASE(rms_norm_by_itself, ad_rms_norm(x[0], x[0], 0.1), ON(S(4)))
CASE(rms_norm_of_nothing, ad_rms_norm(x[0], x[1], 0.1), ON(S(0, 4), S(4)))
GRAPH(ad_rms_norm(*x, row_of(*x), 0.1), .fits = FIT_FULL_AXIS)
CALL(rms_norm, ad_rms_norm(o[A], o[V], 1e-5), .uses = BIT(A) | BIT(V))
BAD(rms_norm, ad_rms_norm(o[C], o[V], 1e-5), AD_BAD_SHAPE)
BAD(rms_norm, ad_rms_norm(o[A], o[V], (double)INFINITY), AD_MISUSE)
ORACLE(rms_norm, ad_rms_norm(x[0], x[1], 0.125))

OP(ad_group_norm, .needs_axes = true, .not_analytic = true)
CASE(group_norm, ad_group_norm(x[0], x[1], x[2], 2, 0.1), ON(S(2, 3, 4), S(4), S(4)))
CASE(group_norm_of_one_group, ad_group_norm(x[0], x[1], x[2], 1, 0.1), ON(S(2, 3, 4), S(4), S(4)))
CASE(group_norm_of_images, ad_group_norm(x[0], x[1], x[2], 3, 0.1), ON(S(2, 3, 2, 6), S(6), S(6)))
CASE(group_norm_without_positions, ad_group_norm(x[0], x[1], x[2], 2, 0.1), ON(S(3, 4), S(4), S(4)))
CASE(group_norm_of_many_channels, ad_group_norm(x[0], x[1], x[2], 2, 0.1), ON(S(2, 2, 18), S(18), S(18)))
CASE(group_norm_by_one, ad_group_norm(x[0], x[1], x[1], 2, 0.1), ON(S(2, 3, 4), S(4)))
CASE(group_norm_of_nothing, ad_group_norm(x[0], x[1], x[2], 2, 0.1), ON(S(2, 0, 4), S(4), S(4)))
CASE(group_norm_without_channels, ad_group_norm(x[0], x[1], x[2], 2, 0.1), ON(S(2, 3, 0), S(0), S(0)))
GRAPH(ad_group_norm(*x, row_of(*x), row_of(*x), 1, 0.1), .fits = FIT_ROWS)
CALL(group_norm, ad_group_norm(o[A], o[V], o[W], 3, 1e-5), .uses = BIT(A) | BIT(V) | BIT(W))
BAD(group_norm, ad_group_norm(o[A], o[V], o[W], 2, 1e-5), AD_BAD_SHAPE)
BAD(group_norm, ad_group_norm(o[V], o[V], o[W], 1, 1e-5), AD_BAD_SHAPE)
BAD(group_norm, ad_group_norm(o[A], o[A], o[A], 1, 1e-5), AD_BAD_SHAPE)
BAD(group_norm, ad_group_norm(o[A], o[V], o[W], 0, 1e-5), AD_MISUSE)
BAD(group_norm, ad_group_norm(o[A], o[V], o[W], 1, -1.0), AD_MISUSE)
ORACLE(group_norm, ad_group_norm(x[0], x[1], x[2], 2, 0.125))

OP(ad_instance_norm, .needs_axes = true, .not_analytic = true)
CASE(instance_norm, ad_instance_norm(x[0], x[1], x[2], 0.1), ON(S(2, 3, 4), S(4), S(4)))
CASE(instance_norm_of_images, ad_instance_norm(x[0], x[1], x[2], 0.1), ON(S(2, 3, 2, 2), S(2), S(2)))
CASE(instance_norm_by_one, ad_instance_norm(x[0], x[1], x[1], 0.1), ON(S(2, 3, 4), S(4)))
CASE(instance_norm_of_nothing, ad_instance_norm(x[0], x[1], x[2], 0.1), ON(S(0, 3, 4), S(4), S(4)))
GRAPH(ad_instance_norm(ad_expand(rows_of(*x), 0), row_of(*x), row_of(*x), 0.1), .fits = FIT_FULL_AXIS)
CALL(instance_norm, ad_instance_norm(ad_einsum(2, TWO_OF(A, V), "ij,k->ijk"), o[V], o[W], 1e-5), .says = "einsum",
    .uses = BIT(A) | BIT(V))
BAD(instance_norm, ad_instance_norm(o[A], o[V], o[W], 1e-5), AD_BAD_SHAPE)
BAD(instance_norm, ad_instance_norm(ad_expand(o[A], 0), o[V], o[W], -1e-5), AD_MISUSE)
ORACLE(instance_norm, ad_instance_norm(x[0], x[1], x[2], 0.125))

OP(ad_batch_norm, .needs_axes = true, .not_analytic = true)
CASE(batch_norm, ad_batch_norm(x[0], x[1], x[2], 0.1).y, ON(S(5, 4), S(4), S(4)))
CASE(batch_norm_of_images, ad_batch_norm(x[0], x[1], x[2], 0.1).y, ON(S(2, 2, 3, 4), S(4), S(4)))
CASE(mean_of_batch_norm, ad_batch_norm(x[0], x[1], x[2], 0.1).mean, ON(S(5, 4), S(4), S(4)))
CASE(variance_of_batch_norm, ad_batch_norm(x[0], x[1], x[2], 0.1).variance, ON(S(5, 4), S(4), S(4)))
CASE(all_of_batch_norm, all_of_batch_norm(x, 0.1), ON(S(5, 4), S(4), S(4)))
CASE(batch_norm_of_many_rows, all_of_batch_norm(x, 0.1), ON(S(70, 3), S(3), S(3)))
CASE(batch_norm_of_many_columns, all_of_batch_norm(x, 0.1), ON(S(3, 37), S(37), S(37)))
CASE(batch_norm_far_from_0, all_of_batch_norm(x, 0.1), ON(S(5, 2), S(2), S(2)), .range = {99, 101})
CASE(batch_norm_by_one, all_of_batch_norm((ad_tensor[]){x[0], x[1], x[1]}, 0.1), ON(S(5, 4), S(4)))
CASE(batch_norm_without_channels, all_of_batch_norm(x, 0.1), ON(S(3, 0), S(0), S(0)))
GRAPH(ad_batch_norm(rows_of(*x), row_of(*x), row_of(*x), 0.1).y, .fits = FIT_FULL_AXIS)
CALL(batch_norm, ad_batch_norm(o[A], o[V], o[W], 1e-5).y, .uses = BIT(A) | BIT(V) | BIT(W))
BAD(batch_norm, ad_batch_norm(o[C], o[V], o[W], 1e-5).y, AD_BAD_SHAPE)
BAD(batch_norm, ad_batch_norm(o[V], o[V], o[W], 1e-5).mean, AD_BAD_SHAPE)
BAD(batch_norm, ad_batch_norm(ad_expand(o[V], 0), o[V], o[W], 1e-5).variance, AD_BAD_SHAPE)
BAD(batch_norm, ad_batch_norm(o[A], o[V], o[W], -1e-5).y, AD_MISUSE)
ORACLE(batch_norm, ad_batch_norm(x[0], x[1], x[2], 0.125).y)
ORACLE(batch_norm_variance, ad_batch_norm(x[0], x[1], x[2], 0.125).variance)

OP(ad_batch_norm_given, .needs_axes = true, .not_analytic = true)
CASE(batch_norm_given, ad_batch_norm_given(x[0], x[1], x[2], x[3], x[4], 0.1),
    ON(S(5, 4), S(4), S(4), S(4), S(4)), .range = {0.5, 2})
CASE(batch_norm_given_for_images, ad_batch_norm_given(x[0], x[1], x[2], x[3], x[4], 0.1),
    ON(S(2, 3, 2, 2), S(2), S(2), S(2), S(2)), .range = {0.5, 2})
CASE(batch_norm_given_one, ad_batch_norm_given(x[0], x[1], x[2], x[1], x[2], 0.1), ON(S(5, 4), S(4), S(4)),
    .range = {0.5, 2})
CASE(batch_norm_given_for_nothing, ad_batch_norm_given(x[0], x[1], x[2], x[3], x[4], 0.1),
    ON(S(0, 4), S(4), S(4), S(4), S(4)), .range = {0.5, 2})
GRAPH(ad_batch_norm_given(*x, row_of(*x), ad_square(row_of(*x)), row_of(*x), row_of(*x), 0.5), .fits = FIT_FULL_AXIS)
CALL(batch_norm_given, ad_batch_norm_given(o[A], o[V], o[W], o[V], o[W], 1e-5), .uses = BIT(A) | BIT(V) | BIT(W))
BAD(batch_norm_given, ad_batch_norm_given(o[C], o[V], o[W], o[V], o[W], 1e-5), AD_BAD_SHAPE)
BAD(batch_norm_given, ad_batch_norm_given(o[A], o[A], o[W], o[V], o[W], 1e-5), AD_BAD_SHAPE)
BAD(batch_norm_given, ad_batch_norm_given(ad_sum(o[A]), o[V], o[W], o[V], o[W], 1e-5), AD_BAD_SHAPE)
BAD(batch_norm_given, ad_batch_norm_given(o[A], o[V], o[W], o[V], o[W], (double)NAN), AD_MISUSE)
ORACLE(batch_norm_given, ad_batch_norm_given(x[0], x[1], x[2], x[3], x[4], 0.125))

OP(ad_weight_norm, .needs_axes = true, .not_analytic = true)
CASE(weight_norm, ad_weight_norm(x[0], x[1]), ON(S(3, 4), S(4)))
CASE(weight_norm_of_filters, ad_weight_norm(x[0], x[1]), ON(S(2, 2, 3, 4), S(4)))
CASE(weight_norm_of_one_output, ad_weight_norm(x[0], x[1]), ON(S(5, 1), S(1)))
CASE(weight_norm_by_itself, ad_weight_norm(x[0], x[0]), ON(S(4)), .range = {0.5, 2})
CASE(weight_norm_of_nothing, ad_weight_norm(x[0], x[1]), ON(S(0, 4), S(4)))
GRAPH(ad_weight_norm(*x, row_of(*x)), .fits = FIT_FULL_AXIS)
CALL(weight_norm, ad_weight_norm(o[A], o[V]), .uses = BIT(A) | BIT(V))
BAD(weight_norm, ad_weight_norm(o[C], o[V]), AD_BAD_SHAPE)
BAD(weight_norm, ad_weight_norm(o[A], o[B]), AD_BAD_SHAPE)
ORACLE(weight_norm, ad_weight_norm(x[0], x[1]))

OP(ad_attention, .needs_axes = true, .not_analytic = true)
CASE(attention, attend(x, false, 0), ON(S(3, 2), S(4, 2), S(4, 3)))
CASE(attention_of_heads, attend(x, false, 0.5), ON(S(2, 2, 3, 2), S(2, 2, 4, 2), S(2, 2, 4, 3)))
CASE(causal_attention, attend(x, true, 0), ON(S(2, 4, 3), S(2, 4, 3), S(2, 4, 3)))
CASE(causal_attention_to_more_keys, attend(x, true, 0), ON(S(2, 2), S(4, 2), S(4, 1)))
CASE(causal_attention_to_fewer_keys, attend(x, true, 0), ON(S(4, 2), S(2, 2), S(2, 1)))
CASE(attention_of_a_vector, attend(x, false, 0), ON(S(3, 16), S(4, 16), S(4, 16)))
CASE(attention_in_blocks, attend(x, false, 0), ON(S(35, 1), S(131, 1), S(131, 1)))
CASE(causal_attention_in_blocks, attend(x, true, 0.5), ON(S(35, 1), S(150, 1), S(150, 1)))
CASE(attention_of_wide_rows, attend(x, false, 0.1), ON(S(2, 33), S(3, 33), S(3, 37)))
CASE(attention_without_queries, attend(x, false, 0), ON(S(0, 2), S(4, 2), S(4, 3)))
CASE(attention_without_keys, attend(x, false, 0), ON(S(3, 2), S(0, 2), S(0, 3)))
CASE(attention_without_width, attend(x, false, 0), ON(S(3, 2), S(4, 2), S(4, 0)))
CASE(attention_without_heads, attend(x, false, 0), ON(S(0, 3, 2), S(0, 4, 2), S(0, 4, 3)))
CASE(attention_with_itself, attend((ad_tensor[]){x[0], x[0], x[1]}, false, 0), ON(S(3, 4), S(3, 4)))
GRAPH(attend_itself(*x, choice), .fits = FIT_ROWS)
CALL(attention, ad_attention(o[A], o[B], o[A], CAUSAL), .uses = BIT(A) | BIT(B))
BAD(attention, attend((ad_tensor[]){o[A], o[C], o[C]}, false, 0), AD_BAD_SHAPE)
BAD(attention, attend((ad_tensor[]){o[A], o[B], o[C]}, false, 0), AD_BAD_SHAPE)
BAD(attention, attend((ad_tensor[]){o[V], o[V], o[V]}, false, 0), AD_BAD_SHAPE)
BAD(attention, attend((ad_tensor[]){o[A], ad_expand(o[B], 0), o[A]}, false, 0), AD_BAD_SHAPE)
BAD(attention, attend((ad_tensor[]){o[A], o[B], o[A]}, false, (double)NAN), AD_MISUSE)
ORACLE(attention, attend(x, false, 0))
ORACLE(attention_causal, attend(x, true, 0.75))

OP(ad_masked_attention, .needs_axes = true, .not_analytic = true)
CASE(masked_attention, attend_masked(x, false, FROZEN(seen, 3, 4)), ON(S(3, 2), S(4, 2), S(4, 3)))
CASE(masked_attention_of_heads, attend_masked(x, true, FROZEN(seen_by_all, 4)),
    ON(S(2, 2, 3, 2), S(2, 2, 4, 2), S(2, 2, 4, 3)))
CASE(masked_attention_for_each_head, attend_masked(x, false, FROZEN(seen, 3, 1, 4)),
    ON(S(2, 3, 2, 2), S(2, 3, 4, 2), S(2, 3, 4, 1)))
CASE(masked_attention_to_itself, attend_masked((ad_tensor[]){x[0], x[0], x[1]}, false, FROZEN(seen_by_all, 4)),
    ON(S(4, 3), S(4, 3)))
CASE(masked_attention_without_queries, attend_masked(x, false, FROZEN(seen_by_all, 4)),
    ON(S(0, 2), S(4, 2), S(4, 3)))
GRAPH(masked_graph(t, *x, choice), .fits = FIT_ROWS)
CALL(masked_attention, ad_masked_attention(o[A], o[B], o[A], ad_any_over(o[M], AD_KEEP(1)), CAUSAL),
    .says = "any", .uses = BIT(M))
BAD(masked_attention, attend_masked((ad_tensor[]){o[A], o[B], o[A]}, false, o[M]), AD_BAD_SHAPE)
BAD(masked_attention, attend_masked((ad_tensor[]){o[C], o[C], o[C]}, false, o[C]), AD_BAD_TYPE)
ORACLE(masked_attention, attend_masked(x, false, FROZEN(seen, 3, 4)))

OP(ad_rotary, .needs_axes = true)
CASE(rotary, ad_rotary(x[0], ROTARY(0)), ON(S(3, 4)), .linear = true)
CASE(rotary_of_heads, ad_rotary(x[0], ROTARY(7)), ON(S(2, 3, 6)), .linear = true)
CASE(rotary_of_neighbours, ad_rotary(x[0], NEIGHBOURS), ON(S(2, 3, 4)), .linear = true)
CASE(rotary_of_nothing, ad_rotary(x[0], ROTARY(0)), ON(S(0, 4)), .linear = true)
GRAPH(ad_rotary(ad_stack(2, (ad_tensor[]){*x, *x}, -1), ROTARY(2)), .fits = FIT_ROWS)
CALL(rotary, ad_rotary(o[C], ROTARY(0)), .uses = BIT(C))
BAD(rotary, ad_rotary(o[A], ROTARY(0)), AD_BAD_SHAPE)
BAD(rotary, ad_rotary(o[V], ROTARY(0)), AD_BAD_SHAPE)
BAD(rotary, ad_rotary(o[C], ((ad_position_options){.base = -1})), AD_MISUSE)
BAD(rotary, ad_rotary(o[C], ((ad_position_options){.base = (double)NAN})), AD_MISUSE)
ORACLE(rotary, ad_rotary(x[0], ROTARY(2)))
ORACLE(rotary_neighbours, ad_rotary(x[0], NEIGHBOURS))

OP(ad_sinusoidal, .needs_axes = true, .not_analytic = true)
CASE(sinusoidal, ad_sinusoidal(x[0], ROTARY(0)), ON(S(2, 3, 4)))
CASE(sinusoidal_of_nothing, ad_sinusoidal(x[0], ROTARY(0)), ON(S(3, 0)))
GRAPH(ad_sinusoidal(ad_stack(2, (ad_tensor[]){*x, *x}, -1), ROTARY(2)), .fits = FIT_ROWS)
CALL(sinusoidal, ad_sinusoidal(o[C], ROTARY(0)), .uses = BIT(C))
BAD(sinusoidal, ad_sinusoidal(o[A], ROTARY(0)), AD_BAD_SHAPE)
BAD(sinusoidal, ad_sinusoidal(o[C], ((ad_position_options){.base = -1})), AD_MISUSE)
ORACLE(sinusoidal, ad_sinusoidal(x[0], ROTARY(2)))

OP(ad_rnn, .needs_axes = true, .not_analytic = true)
CASE(rnn, all_of_rnn(ad_rnn(x[0], x[1], x[2], x[3], x[4], EVERYTHING)), ON(S(3, 2, 4), S(2, 5), S(4, 5), S(5, 5), S(5)), .range = {-0.5, 0.5})
CASE(rnn_backwards, all_of_rnn(ad_rnn(x[0], x[1], x[2], x[3], x[4], BACKWARDS)),
    ON(S(3, 2, 4), S(2, 5), S(4, 5), S(5, 5), S(5)), .range = {-0.5, 0.5})
CASE(rnn_of_ending_rows, all_of_rnn(ad_rnn(x[0], x[1], x[2], x[3], x[4], ENDING)),
    ON(S(3, 3, 2), S(3, 3), S(2, 3), S(3, 3), S(3)), .range = {-0.5, 0.5})
CASE(rnn_cell, ad_rnn(x[0], x[1], x[2], x[3], x[4], EVERYTHING).y, ON(S(2, 4), S(2, 3), S(4, 3), S(3, 3), S(3)), .range = {-0.5, 0.5})
CASE(rnn_of_no_time, all_of_rnn(ad_rnn(x[0], x[1], x[2], x[3], x[4], EVERYTHING)),
    ON(S(0, 2, 4), S(2, 3), S(4, 3), S(3, 3), S(3)), .range = {-0.5, 0.5})
CASE(rnn_of_no_rows, all_of_rnn(ad_rnn(x[0], x[1], x[2], x[3], x[4], EVERYTHING)),
    ON(S(3, 0, 4), S(0, 3), S(4, 3), S(3, 3), S(3)), .range = {-0.5, 0.5})
CASE(rnn_without_features, all_of_rnn(ad_rnn(x[0], x[1], x[2], x[3], x[4], EVERYTHING)),
    ON(S(3, 2, 0), S(2, 3), S(0, 3), S(3, 3), S(3)), .range = {-0.5, 0.5})
CASE(rnn_with_one_weight, all_of_rnn(ad_rnn(x[0], x[1], x[2], x[2], x[3], EVERYTHING)),
    ON(S(3, 2, 3), S(2, 3), S(3, 3), S(3)), .range = {-0.5, 0.5})
GRAPH(net_of(*x, NET_RNN), .fits = FIT_ROWS)
CALL(rnn, ad_rnn(o[A], o[B], SQUARE, SQUARE, o[V], EVERYTHING).y, .says = "matmul", .uses = BIT(C))
BAD(rnn, ad_rnn(o[A], o[B], o[C], o[C], o[V], EVERYTHING).y, AD_BAD_SHAPE)
BAD(rnn, ad_rnn(o[V], o[B], o[C], o[C], o[V], EVERYTHING).h, AD_BAD_SHAPE)
BAD(rnn, ad_rnn(o[A], ad_number(1), o[C], o[C], o[V], EVERYTHING).y, AD_BAD_SHAPE)
BAD(rnn, ad_rnn(ad_number(1), o[B], o[C], o[C], o[V], EVERYTHING).h, AD_BAD_SHAPE)
ORACLE(rnn, ad_rnn(x[0], x[1], x[2], x[3], x[4], EVERYTHING).y)

OP(ad_gru, .needs_axes = true, .not_analytic = true)
CASE(gru, all_of_rnn(ad_gru(x[0], x[1], x[2], x[3], x[4], EVERYTHING)), ON(S(3, 2, 4), S(2, 5), S(4, 15), S(5, 15), S(2, 15)), .range = {-0.5, 0.5})
CASE(gru_backwards, all_of_rnn(ad_gru(x[0], x[1], x[2], x[3], x[4], BACKWARDS)),
    ON(S(3, 2, 4), S(2, 5), S(4, 15), S(5, 15), S(2, 15)), .range = {-0.5, 0.5})
CASE(gru_of_ending_rows, all_of_rnn(ad_gru(x[0], x[1], x[2], x[3], x[4], BACK_FROM_ENDS)),
    ON(S(3, 3, 2), S(3, 3), S(2, 9), S(3, 9), S(2, 9)), .range = {-0.5, 0.5})
CASE(gru_cell, end_of_gru(ad_gru(x[0], x[1], x[2], x[3], x[4], EVERYTHING)),
    ON(S(2, 4), S(2, 3), S(4, 9), S(3, 9), S(2, 9)), .range = {-0.5, 0.5})
CASE(gru_of_no_time, all_of_rnn(ad_gru(x[0], x[1], x[2], x[3], x[4], EVERYTHING)),
    ON(S(0, 2, 4), S(2, 3), S(4, 9), S(3, 9), S(2, 9)), .range = {-0.5, 0.5})
CASE(gru_with_one_weight, all_of_rnn(ad_gru(x[0], x[1], x[2], x[2], x[3], EVERYTHING)),
    ON(S(3, 2, 3), S(2, 3), S(3, 9), S(2, 9)), .range = {-0.5, 0.5})
GRAPH(net_of(*x, NET_GRU), .fits = FIT_ROWS)
CALL(gru, ad_gru(o[A], o[B], THREE, THREE, ad_matmul(o[A], THREE), EVERYTHING).y, .says = "matmul", .uses = BIT(C))
BAD(gru, ad_gru(o[A], o[B], o[C], o[C], o[V], EVERYTHING).y, AD_BAD_SHAPE)
ORACLE(gru, ad_gru(x[0], x[1], x[2], x[3], x[4], EVERYTHING).y)
ORACLE(gru_backwards, ad_gru(x[0], x[1], x[2], x[3], x[4], BACKWARDS).h)

OP(ad_reset_gru, .needs_axes = true, .not_analytic = true)
CASE(reset_gru, all_of_rnn(ad_reset_gru(x[0], x[1], x[2], x[3], x[4], EVERYTHING)),
    ON(S(3, 2, 4), S(2, 5), S(4, 15), S(5, 15), S(15)), .range = {-0.5, 0.5})
CASE(reset_gru_of_ending_rows, all_of_rnn(ad_reset_gru(x[0], x[1], x[2], x[3], x[4], BACK_FROM_ENDS)),
    ON(S(3, 3, 2), S(3, 3), S(2, 9), S(3, 9), S(9)), .range = {-0.5, 0.5})
CASE(reset_gru_cell, end_of_gru(ad_reset_gru(x[0], x[1], x[2], x[3], x[4], EVERYTHING)),
    ON(S(2, 4), S(2, 3), S(4, 9), S(3, 9), S(9)), .range = {-0.5, 0.5})
CASE(reset_gru_of_no_time, all_of_rnn(ad_reset_gru(x[0], x[1], x[2], x[3], x[4], EVERYTHING)),
    ON(S(0, 2, 4), S(2, 3), S(4, 9), S(3, 9), S(9)), .range = {-0.5, 0.5})
CASE(reset_gru_with_one_weight, all_of_rnn(ad_reset_gru(x[0], x[1], x[2], x[2], x[3], EVERYTHING)),
    ON(S(3, 2, 3), S(2, 3), S(3, 9), S(9)), .range = {-0.5, 0.5})
GRAPH(net_of(*x, NET_RESET_GRU), .fits = FIT_ROWS)
CALL(reset_gru, ad_reset_gru(o[A], o[B], THREE, THREE, ad_sum_over(THREE, AD_AXES(0)), EVERYTHING).y, .says = "matmul",
    .uses = BIT(C))
BAD(reset_gru, ad_reset_gru(o[A], o[B], o[C], o[C], o[V], EVERYTHING).y, AD_BAD_SHAPE)
ORACLE(reset_gru, ad_reset_gru(x[0], x[1], x[2], x[3], x[4], EVERYTHING).y)

OP(ad_lstm, .needs_axes = true, .not_analytic = true)
CASE(lstm, all_of_lstm(ad_lstm(x[0], x[1], x[2], x[3], x[4], x[5], EVERYTHING)),
    ON(S(3, 2, 4), S(2, 3), S(2, 3), S(4, 12), S(3, 12), S(12)), .range = {-0.5, 0.5})
CASE(lstm_backwards, all_of_lstm(ad_lstm(x[0], x[1], x[2], x[3], x[4], x[5], BACKWARDS)),
    ON(S(3, 2, 4), S(2, 3), S(2, 3), S(4, 12), S(3, 12), S(12)), .range = {-0.5, 0.5})
CASE(lstm_of_ending_rows, all_of_lstm(ad_lstm(x[0], x[1], x[2], x[3], x[4], x[5], ENDING)),
    ON(S(3, 3, 2), S(3, 2), S(3, 2), S(2, 8), S(2, 8), S(8)), .range = {-0.5, 0.5})
CASE(lstm_back_from_ends, all_of_lstm(ad_lstm(x[0], x[1], x[2], x[3], x[4], x[5], BACK_FROM_ENDS)),
    ON(S(3, 3, 2), S(3, 2), S(3, 2), S(2, 8), S(2, 8), S(8)), .range = {-0.5, 0.5})
CASE(lstm_cell, ad_lstm(x[0], x[1], x[2], x[3], x[4], x[5], EVERYTHING).c,
    ON(S(2, 4), S(2, 3), S(2, 3), S(4, 12), S(3, 12), S(12)), .range = {-0.5, 0.5})
CASE(lstm_of_a_vector, ad_lstm(x[0], x[1], x[2], x[3], x[4], x[5], EVERYTHING).y,
    ON(S(2, 1, 2), S(1, 17), S(1, 17), S(2, 68), S(17, 68), S(68)), .range = {-0.25, 0.25})
CASE(lstm_of_no_time, all_of_lstm(ad_lstm(x[0], x[1], x[2], x[3], x[4], x[5], EVERYTHING)),
    ON(S(0, 2, 4), S(2, 3), S(2, 3), S(4, 12), S(3, 12), S(12)), .range = {-0.5, 0.5})
CASE(lstm_with_one_state, all_of_lstm(ad_lstm(x[0], x[1], x[1], x[2], x[3], x[4], EVERYTHING)),
    ON(S(3, 2, 4), S(2, 3), S(4, 12), S(3, 12), S(12)), .range = {-0.5, 0.5})
GRAPH(net_of(*x, NET_LSTM), .fits = FIT_ROWS)
CALL(lstm, ad_lstm(o[A], o[B], o[B], FOUR, FOUR, ad_sum_over(FOUR, AD_AXES(0)), EVERYTHING).y, .says = "matmul", .uses = BIT(C))
BAD(lstm, ad_lstm(o[A], o[B], o[B], o[C], o[C], o[V], EVERYTHING).c, AD_BAD_SHAPE)
BAD(lstm, ad_lstm(o[A], o[B], o[A], o[C], o[C], o[V], ((ad_sequence_options){.lengths = o[L]})).c, AD_BAD_TYPE)
ORACLE(lstm, ad_lstm(x[0], x[1], x[2], x[3], x[4], x[5], EVERYTHING).y)
ORACLE(lstm_state, ad_lstm(x[0], x[1], x[2], x[3], x[4], x[5], BACKWARDS).c)
/* clang-format on */
#endif
