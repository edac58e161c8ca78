/* Operations in space. rows.h says how a row reads. */
#ifndef ROWS
#define ROWS   "spatial.c"
#define FAMILY spatial_rows
#include "rows.h"

/* Options, and operands of calls that may be spoilt: two signals of three numbers, and a filter. */
#define USUAL        \
    (ad_convolution) \
    {                \
        0            \
    }
#define WITH(...)    \
    (ad_convolution) \
    {                \
        __VA_ARGS__  \
    }
#define SIGNALS  ad_reshape(o[A], AD_SHAPE(2, 3, 1))
#define FILTER   ad_reshape(o[V], AD_SHAPE(3, 1, 1))
#define NUMBER_1 ad_reshape(ad_slice(o[W], 0, 0, 1), AD_SHAPE(1))

/* A signal with channels, and filters of two taps, of matrices that fit. */
#define AS_SIGNAL(x)  ad_expand(x, 0)
#define AS_FILTERS(w) ad_stack(2, (ad_tensor[]){w, w}, 0)
#define SOMEHOW \
    WITH(.same = true, .stride = {1 + (choice & 1)}, .dilation = {1 + (choice >> 1 & 1)})

#include "read_rows.h"
#else

/* clang-format off */
OP(ad_convolve, .needs_axes = true)
CASE(convolve_signals, ad_convolve(x[0], x[1], USUAL), ON(S(2, 6, 2), S(3, 2, 3)))
CASE(convolve_images, ad_convolve(x[0], x[1], USUAL), ON(S(2, 4, 5, 2), S(3, 2, 2, 3)))
CASE(convolve_volumes, ad_convolve(x[0], x[1], WITH(.same = true)), ON(S(1, 3, 2, 3, 2), S(2, 2, 3, 2, 1)))
CASE(convolve_same, ad_convolve(x[0], x[1], WITH(.same = true)), ON(S(1, 4, 5, 2), S(3, 2, 2, 3)))
CASE(convolve_same_with_strides, ad_convolve(x[0], x[1], WITH(.same = true, .stride = {2, 3})), ON(S(1, 5, 6, 2), S(3, 2, 2, 1)))
CASE(convolve_padded, ad_convolve(x[0], x[1], WITH(.before = {2, 0}, .after = {1, 2})), ON(S(1, 3, 4, 1), S(2, 3, 1, 2)))
CASE(convolve_cut_off, ad_convolve(x[0], x[1], WITH(.before = {-1}, .after = {-2})), ON(S(2, 7, 1), S(2, 1, 2)))
CASE(convolve_with_strides, ad_convolve(x[0], x[1], WITH(.stride = {2, 3})), ON(S(1, 6, 8, 1), S(3, 2, 1, 2)))
CASE(convolve_with_strides_beyond_the_filters, ad_convolve(x[0], x[1], WITH(.stride = {3})), ON(S(1, 9, 2), S(2, 2, 1)))
CASE(convolve_with_dilations, ad_convolve(x[0], x[1], WITH(.dilation = {2, 3})), ON(S(1, 5, 8, 2), S(2, 3, 2, 1)))
CASE(convolve_with_strides_and_dilations, ad_convolve(x[0], x[1], WITH(.stride = {2, 3}, .dilation = {3, 2}, .before = {1, 1})), ON(S(1, 8, 9, 1), S(2, 3, 1, 2)))
CASE(convolve_with_a_common_stride_and_dilation, ad_convolve(x[0], x[1], WITH(.stride = {4}, .dilation = {6}, .before = {3})), ON(S(1, 20, 1), S(3, 1, 2)))
CASE(convolve_groups, ad_convolve(x[0], x[1], WITH(.groups = 2)), ON(S(1, 4, 3, 4), S(2, 2, 2, 6)))
CASE(convolve_groups_with_strides, ad_convolve(x[0], x[1], WITH(.groups = 3, .same = true, .stride = {2, 2})), ON(S(2, 3, 4, 6), S(3, 3, 2, 3)))
CASE(convolve_depthwise, ad_convolve(x[0], x[1], WITH(.groups = 3, .same = true)), ON(S(2, 4, 3, 3), S(3, 3, 1, 3)))
CASE(convolve_depthwise_with_a_multiplier, ad_convolve(x[0], x[1], WITH(.groups = 3, .stride = {2})), ON(S(2, 5, 3), S(2, 1, 6)))
CASE(convolve_to_one_channel_a_group, ad_convolve(x[0], x[1], WITH(.groups = 2, .same = true)), ON(S(1, 3, 3, 4), S(2, 3, 2, 2)))
CASE(convolve_many_channels, ad_convolve(x[0], x[1], WITH(.same = true)), ON(S(1, 3, 3, 18), S(3, 3, 18, 35)), .range = {-0.5, 0.5})
CASE(convolve_many_channels_by_themselves, ad_convolve(x[0], x[1], WITH(.same = true, .groups = 35)), ON(S(2, 3, 17, 35), S(3, 3, 1, 35)))
CASE(convolve_whole_vectors_of_channels, ad_convolve(x[0], x[1], WITH(.stride = {2}, .groups = 32)), ON(S(3, 9, 32), S(2, 1, 32)))
CASE(convolve_long_lines, ad_convolve(x[0], x[1], WITH(.stride = {2})), ON(S(1, 300, 1), S(5, 1, 2)))
CASE(convolve_by_pixel, ad_convolve(x[0], x[1], USUAL), ON(S(2, 2, 3, 4), S(1, 1, 4, 2)))
CASE(convolve_whole_images, ad_convolve(x[0], x[1], USUAL), ON(S(3, 2, 3, 2), S(2, 3, 2, 2)))
CASE(convolve_with_itself, ad_convolve(x[0], x[0], WITH(.same = true)), ON(S(3, 2, 2)))
CASE(convolve_a_view, ad_convolve(ad_permute(x[0], AD_AXES(0, 2, 1)), x[1], USUAL), ON(S(2, 2, 5), S(2, 2, 3)))
CASE(convolve_no_images, ad_convolve(x[0], x[1], USUAL), ON(S(0, 4, 2), S(3, 2, 3)))
CASE(convolve_no_pixels, ad_convolve(x[0], x[1], WITH(.same = true)), ON(S(2, 0, 2), S(3, 2, 3)))
CASE(convolve_no_channels, ad_convolve(x[0], x[1], USUAL), ON(S(2, 4, 0), S(3, 0, 3)))
CASE(convolve_to_no_channels, ad_convolve(x[0], x[1], USUAL), ON(S(2, 4, 2), S(3, 2, 0)))
GRAPH(ad_convolve(AS_SIGNAL(x[0]), AS_FILTERS(x[1]), SOMEHOW), .arity = 2, .fits = FIT_DENSE)
CALL(convolve, ad_convolve(SIGNALS, FILTER, USUAL), .uses = BIT(A) | BIT(V), .says = "reshape")
BAD(convolve, ad_convolve(o[A], o[B], USUAL), AD_BAD_SHAPE)
BAD(convolve, ad_convolve(SIGNALS, o[A], USUAL), AD_BAD_SHAPE)
BAD(convolve, ad_convolve(SIGNALS, ad_reshape(o[V], AD_SHAPE(1, 3, 1)), USUAL), AD_BAD_SHAPE)
BAD(convolve, ad_convolve(SIGNALS, ad_reshape(o[A], AD_SHAPE(6, 1, 1)), USUAL), AD_BAD_SHAPE)
BAD(convolve, ad_convolve(SIGNALS, ad_slice(FILTER, 0, 0, 0), WITH(.same = true)), AD_BAD_SHAPE)
BAD(convolve, ad_convolve(SIGNALS, FILTER, WITH(.groups = 2)), AD_BAD_SHAPE)
BAD(convolve, ad_convolve(ad_reshape(o[A], AD_SHAPE(1, 3, 2)), ad_reshape(o[V], AD_SHAPE(1, 1, 3)), WITH(.groups = 2)), AD_BAD_SHAPE)
BAD(convolve, ad_convolve(SIGNALS, FILTER, WITH(.groups = -1)), AD_MISUSE)
BAD(convolve, ad_convolve(SIGNALS, FILTER, WITH(.stride = {-1})), AD_MISUSE)
BAD(convolve, ad_convolve(SIGNALS, FILTER, WITH(.stride = {INT64_MAX})), AD_MISUSE)
BAD(convolve, ad_convolve(SIGNALS, FILTER, WITH(.dilation = {-1})), AD_MISUSE)
BAD(convolve, ad_convolve(SIGNALS, FILTER, WITH(.dilation = {2})), AD_BAD_SHAPE)
BAD(convolve, ad_convolve(SIGNALS, FILTER, WITH(.before = {INT64_MIN})), AD_MISUSE)
BAD(convolve, ad_convolve(SIGNALS, FILTER, WITH(.after = {INT64_MAX})), AD_MISUSE)
BAD(convolve, ad_convolve(SIGNALS, FILTER, WITH(.after = {1}, .same = true)), AD_MISUSE)
ORACLE(convolve, ad_convolve(x[0], x[1], USUAL))
ORACLE(convolve_signals, ad_convolve(x[0], x[1], WITH(.stride = {2}, .before = {1}, .after = {2})))
ORACLE(convolve_volumes, ad_convolve(x[0], x[1], WITH(.same = true)))
ORACLE(convolve_same, ad_convolve(x[0], x[1], WITH(.same = true, .stride = {2, 2})))
ORACLE(convolve_dilated, ad_convolve(x[0], x[1], WITH(.dilation = {1, 2}, .stride = {2, 1})))
ORACLE(convolve_groups, ad_convolve(x[0], x[1], WITH(.groups = 2)))
ORACLE(convolve_depthwise, ad_convolve(x[0], x[1], WITH(.groups = 2, .same = true)))

OP(ad_convolve_layer, .needs_axes = true)
CASE(convolve_layer_identity, ad_convolve_layer(x[0], x[1], x[2], AD_IDENTITY, USUAL), ON(S(2, 4, 4, 2), S(3, 2, 2, 3), S(3)))
CASE(convolve_layer_relu, ad_convolve_layer(x[0], x[1], x[2], AD_RELU, WITH(.same = true)), ON(S(1, 3, 4, 2), S(3, 3, 2, 3), S(3)))
CASE(convolve_layer_tanh, ad_convolve_layer(x[0], x[1], x[2], AD_TANH, WITH(.stride = {2})), ON(S(2, 6, 2), S(3, 2, 3), S(3)))
CASE(convolve_layer_sigmoid, ad_convolve_layer(x[0], x[1], x[2], AD_SIGMOID, WITH(.groups = 2)), ON(S(1, 2, 3, 4), S(1, 2, 2, 4), S(4)))
CASE(convolve_layer_depthwise, ad_convolve_layer(x[0], x[1], x[2], AD_TANH, WITH(.groups = 2, .same = true)), ON(S(2, 3, 3, 2), S(2, 2, 1, 2), S(2)))
CASE(convolve_layer_by_pixel, ad_convolve_layer(x[0], x[1], x[2], AD_TANH, USUAL), ON(S(2, 2, 3, 2), S(1, 1, 2, 3), S(3)))
CASE(convolve_layer_without_inputs, ad_convolve_layer(x[0], x[1], x[2], AD_TANH, USUAL), ON(S(2, 4, 0), S(3, 0, 2), S(2)))
CASE(convolve_layer_without_outputs, ad_convolve_layer(x[0], x[1], x[2], AD_TANH, USUAL), ON(S(2, 4, 2), S(3, 2, 0), S(0)))
CASE(convolve_layer_without_images, ad_convolve_layer(x[0], x[1], x[2], AD_TANH, USUAL), ON(S(0, 4, 2), S(3, 2, 2), S(2)))
GRAPH(ad_convolve_layer(AS_SIGNAL(x[0]), AS_FILTERS(x[1]), ad_sum_over(x[1], AD_AXES(0)), choice & 4 ? AD_TANH : AD_SIGMOID, SOMEHOW),
    .arity = 2, .fits = FIT_DENSE)
CALL(convolve_layer, ad_convolve_layer(SIGNALS, FILTER, NUMBER_1, AD_TANH, USUAL), .uses = BIT(A) | BIT(V), .says = "reshape")
BAD(convolve_layer, ad_convolve_layer(SIGNALS, FILTER, o[V], AD_TANH, USUAL), AD_BAD_SHAPE)
BAD(convolve_layer, ad_convolve_layer(SIGNALS, FILTER, o[A], AD_TANH, USUAL), AD_BAD_SHAPE)
BAD(convolve_layer, ad_convolve_layer(SIGNALS, o[V], NUMBER_1, AD_TANH, USUAL), AD_BAD_SHAPE)
BAD(convolve_layer, ad_convolve_layer(SIGNALS, FILTER, NUMBER_1, (ad_activation)44, USUAL), AD_MISUSE)
BAD(convolve_layer, ad_convolve_layer(SIGNALS, FILTER, NUMBER_1, AD_TANH, WITH(.stride = {-1})), AD_MISUSE)
ORACLE(convolve_layer, ad_convolve_layer(x[0], x[1], x[2], AD_IDENTITY, WITH(.same = true)))
ORACLE(convolve_layer_tanh, ad_convolve_layer(x[0], x[1], x[2], AD_TANH, USUAL))

OP(ad_convolve_transposed, .needs_axes = true)
CASE(spread_signals, ad_convolve_transposed(x[0], x[1], WITH(.stride = {2})), ON(S(2, 4, 2), S(3, 2, 3)))
CASE(spread_images, ad_convolve_transposed(x[0], x[1], USUAL), ON(S(1, 3, 2, 2), S(2, 3, 2, 3)))
CASE(spread_volumes, ad_convolve_transposed(x[0], x[1], WITH(.stride = {1, 2, 1})), ON(S(1, 2, 2, 2, 2), S(2, 1, 2, 2, 1)))
CASE(spread_same, ad_convolve_transposed(x[0], x[1], WITH(.same = true, .stride = {2, 3})), ON(S(2, 3, 2, 1), S(3, 2, 1, 2)))
CASE(spread_cut_off, ad_convolve_transposed(x[0], x[1], WITH(.before = {1}, .after = {-1}, .stride = {2})), ON(S(1, 4, 2), S(3, 2, 2)))
CASE(spread_with_dilations, ad_convolve_transposed(x[0], x[1], WITH(.dilation = {2, 3}, .stride = {3, 2})), ON(S(1, 3, 2, 1), S(2, 2, 1, 2)))
CASE(spread_groups, ad_convolve_transposed(x[0], x[1], WITH(.groups = 2, .stride = {2})), ON(S(1, 3, 4), S(3, 2, 6)))
CASE(spread_depthwise, ad_convolve_transposed(x[0], x[1], WITH(.groups = 3, .stride = {2, 2})), ON(S(1, 2, 3, 3), S(3, 2, 1, 6)))
CASE(spread_to_one_channel_a_group, ad_convolve_transposed(x[0], x[1], WITH(.groups = 2)), ON(S(2, 3, 4), S(2, 2, 2)))
CASE(spread_by_pixel, ad_convolve_transposed(x[0], x[1], USUAL), ON(S(2, 3, 2), S(1, 2, 3)))
CASE(spread_no_images, ad_convolve_transposed(x[0], x[1], USUAL), ON(S(0, 3, 2), S(2, 2, 3)))
CASE(spread_no_channels, ad_convolve_transposed(x[0], x[1], USUAL), ON(S(1, 3, 0), S(2, 0, 3)))
GRAPH(ad_convolve_transposed(AS_SIGNAL(x[0]), AS_FILTERS(x[1]), SOMEHOW), .arity = 2, .fits = FIT_DENSE)
CALL(convolve_transposed, ad_convolve_transposed(SIGNALS, FILTER, USUAL), .uses = BIT(A) | BIT(V), .says = "reshape")
BAD(convolve_transposed, ad_convolve_transposed(o[A], o[B], USUAL), AD_BAD_SHAPE)
BAD(convolve_transposed, ad_convolve_transposed(SIGNALS, FILTER, WITH(.before = {4}, .after = {4})), AD_BAD_SHAPE)
BAD(convolve_transposed, ad_convolve_transposed(ad_slice(SIGNALS, 1, 0, 0), FILTER, USUAL), AD_BAD_SHAPE)
BAD(convolve_transposed, ad_convolve_transposed(SIGNALS, FILTER, WITH(.dilation = {-2})), AD_MISUSE)
ORACLE(convolve_transposed, ad_convolve_transposed(x[0], x[1], WITH(.stride = {2, 1})))
ORACLE(convolve_transposed_same, ad_convolve_transposed(x[0], x[1], WITH(.same = true, .stride = {2})))
ORACLE(convolve_transposed_groups, ad_convolve_transposed(x[0], x[1], WITH(.groups = 2, .before = {1})))
/* clang-format on */
#endif
