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
#define POOLS(...)  \
    (ad_pooling)    \
    {               \
        __VA_ARGS__ \
    }
#define SIZES(...)  \
    (ad_resizing)   \
    {               \
        __VA_ARGS__ \
    }
#define FRACTIONS(...)      \
    (ad_fractional_pooling) \
    {                       \
        __VA_ARGS__         \
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
CASE(convolve_signals, ad_convolve(x[0], x[1], USUAL), ON(S(2, 6, 2), S(3, 2, 3)),
    .whole = complex_convolve)
CASE(convolve_images, ad_convolve(x[0], x[1], USUAL), ON(S(2, 4, 5, 2), S(3, 2, 2, 3)),
    .whole = complex_convolve)
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
CASE(convolve_by_pixel, ad_convolve(x[0], x[1], USUAL), ON(S(2, 2, 3, 4), S(1, 1, 4, 2)),
    .whole = complex_convolve)
CASE(convolve_whole_images, ad_convolve(x[0], x[1], USUAL), ON(S(3, 2, 3, 2), S(2, 3, 2, 2)),
    .whole = complex_convolve)
CASE(convolve_with_itself, ad_convolve(x[0], x[0], WITH(.same = true)), ON(S(3, 2, 2)))
CASE(convolve_a_view, ad_convolve(ad_permute(x[0], AD_AXES(0, 2, 1)), x[1], USUAL), ON(S(2, 2, 5), S(2, 2, 3)))
CASE(convolve_no_images, ad_convolve(x[0], x[1], USUAL), ON(S(0, 4, 2), S(3, 2, 3)),
    .whole = complex_convolve)
CASE(convolve_no_pixels, ad_convolve(x[0], x[1], WITH(.same = true)), ON(S(2, 0, 2), S(3, 2, 3)))
CASE(convolve_no_channels, ad_convolve(x[0], x[1], USUAL), ON(S(2, 4, 0), S(3, 0, 3)))
CASE(convolve_to_no_channels, ad_convolve(x[0], x[1], USUAL), ON(S(2, 4, 2), S(3, 2, 0)))
GRAPH(ad_convolve(AS_SIGNAL(x[0]), AS_FILTERS(x[1]), SOMEHOW), .arity = 2, .fits = FIT_DENSE)
CALL(convolve, ad_convolve(o[X], o[F], USUAL), .uses = BIT(X) | BIT(F))
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
CASE(convolve_layer_identity, ad_convolve_layer(x[0], x[1], x[2], AD_IDENTITY, USUAL), ON(S(2, 4, 4, 2), S(3, 2, 2, 3), S(3)),
    .whole = complex_convolve_layer)
CASE(convolve_layer_relu, ad_convolve_layer(x[0], x[1], x[2], AD_RELU, WITH(.same = true)), ON(S(1, 3, 4, 2), S(3, 3, 2, 3), S(3)))
CASE(convolve_layer_tanh, ad_convolve_layer(x[0], x[1], x[2], AD_TANH, WITH(.stride = {2})), ON(S(2, 6, 2), S(3, 2, 3), S(3)))
CASE(convolve_layer_sigmoid, ad_convolve_layer(x[0], x[1], x[2], AD_SIGMOID, WITH(.groups = 2)), ON(S(1, 2, 3, 4), S(1, 2, 2, 4), S(4)))
CASE(convolve_layer_depthwise, ad_convolve_layer(x[0], x[1], x[2], AD_TANH, WITH(.groups = 2, .same = true)), ON(S(2, 3, 3, 2), S(2, 2, 1, 2), S(2)))
CASE(convolve_layer_by_pixel, ad_convolve_layer(x[0], x[1], x[2], AD_TANH, USUAL), ON(S(2, 2, 3, 2), S(1, 1, 2, 3), S(3)))
CASE(convolve_layer_with_itself, ad_convolve_layer(x[0], x[0], x[1], AD_TANH, WITH(.same = true)), ON(S(3, 2, 2), S(2)))
CASE(convolve_layer_without_inputs, ad_convolve_layer(x[0], x[1], x[2], AD_TANH, USUAL), ON(S(2, 4, 0), S(3, 0, 2), S(2)))
CASE(convolve_layer_without_outputs, ad_convolve_layer(x[0], x[1], x[2], AD_TANH, USUAL), ON(S(2, 4, 2), S(3, 2, 0), S(0)))
CASE(convolve_layer_without_images, ad_convolve_layer(x[0], x[1], x[2], AD_TANH, USUAL), ON(S(0, 4, 2), S(3, 2, 2), S(2)))
GRAPH(ad_convolve_layer(AS_SIGNAL(x[0]), AS_FILTERS(x[1]), ad_sum_over(x[1], AD_AXES(0)), choice & 4 ? AD_TANH : AD_SIGMOID, SOMEHOW),
    .arity = 2, .fits = FIT_DENSE)
CALL(convolve_layer, ad_convolve_layer(o[X], o[F], o[V], AD_TANH, USUAL), .uses = BIT(X) | BIT(F) | BIT(V))
BAD(convolve_layer, ad_convolve_layer(o[X], o[X], o[V], AD_TANH, USUAL), AD_BAD_SHAPE)
BAD(convolve_layer, ad_convolve_layer(o[X], o[F], o[A], AD_TANH, USUAL), AD_BAD_SHAPE)
BAD(convolve_layer, ad_convolve_layer(o[X], o[V], o[V], AD_TANH, USUAL), AD_BAD_SHAPE)
BAD(convolve_layer, ad_convolve_layer(o[X], o[F], o[V], (ad_activation)44, USUAL), AD_MISUSE)
BAD(convolve_layer, ad_convolve_layer(o[X], o[F], o[V], AD_TANH, WITH(.stride = {-1})), AD_MISUSE)
ORACLE(convolve_layer, ad_convolve_layer(x[0], x[1], x[2], AD_IDENTITY, WITH(.same = true)))
ORACLE(convolve_layer_tanh, ad_convolve_layer(x[0], x[1], x[2], AD_TANH, USUAL))

OP(ad_convolve_transposed, .needs_axes = true)
CASE(spread_signals, ad_convolve_transposed(x[0], x[1], WITH(.stride = {2})), ON(S(2, 4, 2), S(3, 2, 3)))
CASE(spread_images, ad_convolve_transposed(x[0], x[1], USUAL), ON(S(1, 3, 2, 2), S(2, 3, 2, 3)),
    .whole = complex_spread)
CASE(spread_volumes, ad_convolve_transposed(x[0], x[1], WITH(.stride = {1, 2, 1})), ON(S(1, 2, 2, 2, 2), S(2, 1, 2, 2, 1)))
CASE(spread_same, ad_convolve_transposed(x[0], x[1], WITH(.same = true, .stride = {2, 3})), ON(S(2, 3, 2, 1), S(3, 2, 1, 2)))
CASE(spread_cut_off, ad_convolve_transposed(x[0], x[1], WITH(.before = {1}, .after = {-1}, .stride = {2})), ON(S(1, 4, 2), S(3, 2, 2)))
CASE(spread_with_dilations, ad_convolve_transposed(x[0], x[1], WITH(.dilation = {2, 3}, .stride = {3, 2})), ON(S(1, 3, 2, 1), S(2, 2, 1, 2)))
CASE(spread_groups, ad_convolve_transposed(x[0], x[1], WITH(.groups = 2, .stride = {2})), ON(S(1, 3, 4), S(3, 2, 6)))
CASE(spread_depthwise, ad_convolve_transposed(x[0], x[1], WITH(.groups = 3, .stride = {2, 2})), ON(S(1, 2, 3, 3), S(3, 2, 1, 6)))
CASE(spread_to_one_channel_a_group, ad_convolve_transposed(x[0], x[1], WITH(.groups = 2)), ON(S(2, 3, 4), S(2, 2, 2)))
CASE(spread_by_pixel, ad_convolve_transposed(x[0], x[1], USUAL), ON(S(2, 3, 2), S(1, 2, 3)),
    .whole = complex_spread)
CASE(spread_with_itself, ad_convolve_transposed(x[0], x[0], USUAL), ON(S(3, 2, 2)))
CASE(spread_no_images, ad_convolve_transposed(x[0], x[1], USUAL), ON(S(0, 3, 2), S(2, 2, 3)))
CASE(spread_no_channels, ad_convolve_transposed(x[0], x[1], USUAL), ON(S(1, 3, 0), S(2, 0, 3)))
GRAPH(ad_convolve_transposed(AS_SIGNAL(x[0]), AS_FILTERS(x[1]), SOMEHOW), .arity = 2, .fits = FIT_DENSE)
CALL(convolve_transposed, ad_convolve_transposed(o[X], o[F], USUAL), .uses = BIT(X) | BIT(F))
BAD(convolve_transposed, ad_convolve_transposed(o[A], o[B], USUAL), AD_BAD_SHAPE)
BAD(convolve_transposed, ad_convolve_transposed(SIGNALS, FILTER, WITH(.before = {4}, .after = {4})), AD_BAD_SHAPE)
BAD(convolve_transposed, ad_convolve_transposed(ad_slice(SIGNALS, 1, 0, 0), FILTER, USUAL), AD_BAD_SHAPE)
BAD(convolve_transposed, ad_convolve_transposed(SIGNALS, FILTER, WITH(.dilation = {-2})), AD_MISUSE)
ORACLE(convolve_transposed, ad_convolve_transposed(x[0], x[1], WITH(.stride = {2, 1})))
ORACLE(convolve_transposed_same, ad_convolve_transposed(x[0], x[1], WITH(.same = true, .stride = {2})))
ORACLE(convolve_transposed_groups, ad_convolve_transposed(x[0], x[1], WITH(.groups = 2, .before = {1})))

OP(ad_max_pool, .needs_axes = true, .not_analytic = true)
CASE(max_pool_signals, ad_max_pool(x[0], POOLS(.window = {2})), ON(S(2, 6, 3)))
CASE(max_pool_images, ad_max_pool(x[0], POOLS(.window = {2, 3})), ON(S(2, 5, 6, 2)))
CASE(max_pool_volumes, ad_max_pool(x[0], POOLS(.window = {2, 1, 2})), ON(S(1, 4, 2, 4, 2)))
CASE(max_pool_that_overlaps, ad_max_pool(x[0], POOLS(.window = {3, 3}, .stride = {2, 1})), ON(S(1, 5, 5, 2)))
CASE(max_pool_same, ad_max_pool(x[0], POOLS(.window = {3, 2}, .same = true)), ON(S(2, 4, 5, 2)))
CASE(max_pool_padded, ad_max_pool(x[0], POOLS(.window = {3}, .stride = {1}, .before = {2}, .after = {1})), ON(S(1, 4, 2)))
CASE(max_pool_with_dilations, ad_max_pool(x[0], POOLS(.window = {2, 2}, .dilation = {2, 3}, .stride = {1, 1})), ON(S(1, 4, 5, 1)))
CASE(max_pool_that_skips, ad_max_pool(x[0], POOLS(.window = {2}, .stride = {3})), ON(S(1, 8, 2)))
CASE(max_pool_many_channels, ad_max_pool(x[0], POOLS(.window = {2, 2})), ON(S(1, 4, 4, 35)))
CASE(max_pool_no_images, ad_max_pool(x[0], POOLS(.window = {2})), ON(S(0, 6, 3)))
CASE(max_pool_no_channels, ad_max_pool(x[0], POOLS(.window = {2})), ON(S(2, 6, 0)))
GRAPH(ad_max_pool(AS_SIGNAL(*x), POOLS(.window = {1 + (choice & 1)}, .same = true)), .fits = FIT_ROWS, .domain = DISTINCT)
CALL(max_pool, ad_max_pool(o[X], POOLS(.window = {2})), .uses = BIT(X))
BAD(max_pool, ad_max_pool(ad_expand(SIGNALS, 2), POOLS(.window = {65536, 32768}, .stride = {1, 1}, .before = {65535, 32767})), AD_BAD_SHAPE)
BAD(max_pool, ad_max_pool(o[A], POOLS(.window = {2})), AD_BAD_SHAPE)
BAD(max_pool, ad_max_pool(SIGNALS, POOLS(.window = {4})), AD_BAD_SHAPE)
BAD(max_pool, ad_max_pool(SIGNALS, POOLS(.window = {2}, .before = {2})), AD_BAD_SHAPE)
BAD(max_pool, ad_max_pool(SIGNALS, POOLS(.window = {2}, .stride = {1}, .after = {2})), AD_BAD_SHAPE)
BAD(max_pool, ad_max_pool(SIGNALS, POOLS(.window = {2}, .dilation = {4}, .before = {1}, .after = {1})), AD_BAD_SHAPE)
BAD(max_pool, ad_max_pool(SIGNALS, POOLS(.window = {-1})), AD_MISUSE)
BAD(max_pool, ad_max_pool(SIGNALS, POOLS(.window = {2}, .stride = {-1})), AD_MISUSE)
BAD(max_pool, ad_max_pool(SIGNALS, POOLS(.window = {2}, .dilation = {INT64_MIN})), AD_MISUSE)
BAD(max_pool, ad_max_pool(SIGNALS, POOLS(.window = {2}, .before = {1}, .same = true)), AD_MISUSE)
ORACLE(max_pool, ad_max_pool(x[0], POOLS(.window = {2, 2})))
ORACLE(max_pool_same, ad_max_pool(x[0], POOLS(.window = {3, 3}, .stride = {2, 2}, .same = true)))

OP(ad_mean_pool, .needs_axes = true)
CASE(mean_pool_signals, ad_mean_pool(x[0], POOLS(.window = {2})), ON(S(2, 6, 3)), .linear = true)
CASE(mean_pool_images, ad_mean_pool(x[0], POOLS(.window = {2, 3})), ON(S(2, 5, 6, 2)), .linear = true)
CASE(mean_pool_that_overlaps, ad_mean_pool(x[0], POOLS(.window = {3, 3}, .stride = {2, 1})), ON(S(1, 5, 5, 2)), .linear = true)
CASE(mean_pool_same, ad_mean_pool(x[0], POOLS(.window = {3, 2}, .same = true)), ON(S(2, 4, 5, 2)), .linear = true)
CASE(mean_pool_that_counts_padding, ad_mean_pool(x[0], POOLS(.window = {3}, .stride = {1}, .before = {1}, .after = {1}, .counts_padding = true)),
    ON(S(1, 4, 2)), .linear = true)
CASE(mean_pool_with_dilations, ad_mean_pool(x[0], POOLS(.window = {2, 2}, .dilation = {2, 3}, .stride = {1, 1})), ON(S(1, 4, 5, 1)), .linear = true)
CASE(mean_pool_many_channels, ad_mean_pool(x[0], POOLS(.window = {2, 2})), ON(S(1, 4, 4, 35)), .linear = true)
CASE(mean_pool_no_images, ad_mean_pool(x[0], POOLS(.window = {2})), ON(S(0, 6, 3)), .linear = true)
GRAPH(ad_mean_pool(AS_SIGNAL(*x), POOLS(.window = {1 + (choice & 3)}, .same = true, .stride = {1}, .counts_padding = choice & 4)), .fits = FIT_ROWS)
CALL(mean_pool, ad_mean_pool(o[X], POOLS(.window = {2})), .uses = BIT(X))
BAD(mean_pool, ad_mean_pool(o[A], POOLS(.window = {2})), AD_BAD_SHAPE)
BAD(mean_pool, ad_mean_pool(SIGNALS, POOLS(.window = {2}, .before = {2}, .counts_padding = true)), AD_BAD_SHAPE)
BAD(mean_pool, ad_mean_pool(SIGNALS, POOLS(.stride = {-2})), AD_MISUSE)
ORACLE(mean_pool, ad_mean_pool(x[0], POOLS(.window = {2, 2}, .stride = {2, 1})))
ORACLE(mean_pool_same, ad_mean_pool(x[0], POOLS(.window = {3, 3}, .stride = {2, 2}, .same = true)))
ORACLE(mean_pool_counts_padding, ad_mean_pool(x[0], POOLS(.window = {3}, .stride = {1}, .before = {1}, .after = {1}, .counts_padding = true)))

OP(ad_fractional_max_pool, .needs_axes = true, .not_analytic = true)
CASE(fractional_max_pool, ad_fractional_max_pool(x[0], FRACTIONS(.results = {3, 4}, .offset = {0.3, 0.7})), ON(S(2, 5, 6, 2)))
CASE(fractional_max_pool_that_overlaps, ad_fractional_max_pool(x[0], FRACTIONS(.results = {4}, .offset = {0.5}, .overlapping = true)), ON(S(1, 7, 3)))
CASE(fractional_max_pool_of_all, ad_fractional_max_pool(x[0], FRACTIONS(.offset = {0.5})), ON(S(1, 5, 2)))
CASE(fractional_max_pool_no_images, ad_fractional_max_pool(x[0], FRACTIONS(.results = {2})), ON(S(0, 3, 2)))
GRAPH(ad_fractional_max_pool(AS_SIGNAL(*x), FRACTIONS(.offset = {(double)(choice & 7) / 8})), .fits = FIT_ROWS, .domain = DISTINCT)
CALL(fractional_max_pool, ad_fractional_max_pool(o[X], FRACTIONS(.results = {2})), .uses = BIT(X))
BAD(fractional_max_pool, ad_fractional_max_pool(SIGNALS, FRACTIONS(.results = {4})), AD_BAD_SHAPE)
BAD(fractional_max_pool, ad_fractional_max_pool(SIGNALS, FRACTIONS(.results = {-1})), AD_MISUSE)
BAD(fractional_max_pool, ad_fractional_max_pool(SIGNALS, FRACTIONS(.offset = {1})), AD_MISUSE)
BAD(fractional_max_pool, ad_fractional_max_pool(SIGNALS, FRACTIONS(.offset = {0, NAN})), AD_MISUSE)
ORACLE(fractional_max_pool, ad_fractional_max_pool(x[0], FRACTIONS(.results = {4}, .offset = {0.625}, .overlapping = true)))

OP(ad_fractional_mean_pool, .needs_axes = true)
CASE(fractional_mean_pool, ad_fractional_mean_pool(x[0], FRACTIONS(.results = {3, 4}, .offset = {0.3, 0.7})), ON(S(2, 5, 6, 2)), .linear = true)
CASE(fractional_mean_pool_that_overlaps, ad_fractional_mean_pool(x[0], FRACTIONS(.results = {4}, .overlapping = true)), ON(S(1, 7, 3)), .linear = true)
CASE(fractional_mean_pool_no_images, ad_fractional_mean_pool(x[0], FRACTIONS(.results = {2})), ON(S(0, 3, 2)), .linear = true)
GRAPH(ad_fractional_mean_pool(AS_SIGNAL(*x), FRACTIONS(.offset = {(double)(choice & 7) / 8}, .overlapping = true)), .fits = FIT_ROWS)
CALL(fractional_mean_pool, ad_fractional_mean_pool(o[X], FRACTIONS(.results = {2})), .uses = BIT(X))
BAD(fractional_mean_pool, ad_fractional_mean_pool(o[A], FRACTIONS(.results = {2})), AD_BAD_SHAPE)
BAD(fractional_mean_pool, ad_fractional_mean_pool(SIGNALS, FRACTIONS(.offset = {-0.5})), AD_MISUSE)
ORACLE(fractional_mean_pool, ad_fractional_mean_pool(x[0], FRACTIONS(.results = {4}, .offset = {0.25})))

OP(ad_dilate, .needs_axes = true, .apart = true, .not_analytic = true)
CASE(dilate_images, ad_dilate(x[0], x[1], USUAL), ON(S(2, 4, 5, 2), S(2, 3, 2)))
CASE(dilate_same, ad_dilate(x[0], x[1], WITH(.same = true, .stride = {2, 1})), ON(S(1, 4, 3, 3), S(3, 2, 3)))
CASE(dilate_with_dilations, ad_dilate(x[0], x[1], WITH(.dilation = {2})), ON(S(2, 6, 2), S(3, 2)))
CASE(dilate_no_images, ad_dilate(x[0], x[1], USUAL), ON(S(0, 6, 2), S(3, 2)))
GRAPH(ad_dilate(AS_SIGNAL(*x), ad_expand(ad_sum_over(*x, AD_AXES(0)), 0), USUAL), .fits = FIT_ROWS, .domain = DISTINCT)
CALL(dilate, ad_dilate(o[X], o[C], USUAL), .uses = BIT(X) | BIT(C))
BAD(dilate, ad_dilate(o[A], o[B], USUAL), AD_BAD_SHAPE)
BAD(dilate, ad_dilate(o[X], o[A], USUAL), AD_BAD_SHAPE)
BAD(dilate, ad_dilate(SIGNALS, ad_reshape(o[A], AD_SHAPE(6, 1)), USUAL), AD_BAD_SHAPE)
BAD(dilate, ad_dilate(SIGNALS, ad_slice(ad_reshape(o[A], AD_SHAPE(6, 1)), 0, 0, 0), USUAL), AD_BAD_SHAPE)
BAD(dilate, ad_dilate(SIGNALS, ad_reshape(o[V], AD_SHAPE(3, 1)), WITH(.groups = 1)), AD_MISUSE)
BAD(dilate, ad_dilate(SIGNALS, ad_reshape(o[V], AD_SHAPE(3, 1)), WITH(.stride = {-1})), AD_MISUSE)
ORACLE(dilate, ad_dilate(x[0], x[1], USUAL))

OP(ad_erode, .covers = "dilate")
CASE(erode_images, ad_erode(x[0], x[1], WITH(.stride = {1, 2})), ON(S(2, 4, 5, 2), S(2, 3, 2)), .range = {-40, 40})
CALL(erode, ad_erode(o[X], o[C], USUAL), .uses = BIT(X) | BIT(C))
BAD(erode, ad_erode(o[X], o[A], USUAL), AD_BAD_SHAPE)
BAD(erode, ad_erode(SIGNALS, ad_reshape(o[V], AD_SHAPE(3, 1)), WITH(.dilation = {-1})), AD_MISUSE)
ORACLE(erode, ad_erode(x[0], x[1], USUAL))

OP(ad_resize, .needs_axes = true)
CASE(resize_larger, ad_resize(x[0], SIZES(.extent = {5, 7})), ON(S(2, 3, 4, 2)), .linear = true)
CASE(resize_smaller, ad_resize(x[0], SIZES(.extent = {2, 3})), ON(S(2, 5, 4, 2)), .linear = true)
CASE(resize_smaller_without_aliases, ad_resize(x[0], SIZES(.extent = {2, 3}, .antialias = true)), ON(S(1, 7, 5, 2)), .linear = true)
CASE(resize_signals, ad_resize(x[0], SIZES(.extent = {5})), ON(S(2, 3, 40)), .linear = true)
CASE(resize_volumes, ad_resize(x[0], SIZES(.extent = {3, 0, 2})), ON(S(1, 2, 3, 4, 2)), .linear = true)
CASE(resize_to_the_nearest, ad_resize(x[0], SIZES(.extent = {5, 2}, .method = AD_NEAREST)), ON(S(1, 3, 4, 2)), .linear = true)
CASE(resize_by_area, ad_resize(x[0], SIZES(.extent = {3, 7}, .method = AD_AREA)), ON(S(1, 5, 4, 2)), .linear = true)
CASE(resize_by_cubics, ad_resize(x[0], SIZES(.extent = {7, 3}, .method = AD_BICUBIC)), ON(S(1, 5, 4, 2)), .linear = true)
CASE(resize_by_lanczos, ad_resize(x[0], SIZES(.extent = {7, 3}, .method = AD_LANCZOS, .antialias = true)), ON(S(1, 5, 8, 1)), .linear = true)
CASE(resize_one_pixel, ad_resize(x[0], SIZES(.extent = {3, 2}, .method = AD_BICUBIC)), ON(S(2, 1, 1, 2)), .linear = true)
CASE(resize_no_images, ad_resize(x[0], SIZES(.extent = {5})), ON(S(0, 3, 2)), .linear = true)
CASE(resize_no_pixels, ad_resize(x[0], SIZES(.extent = {0, 3})), ON(S(2, 0, 2, 2)), .linear = true)
GRAPH(ad_resize(AS_SIGNAL(*x), SIZES(.extent = {2 + (choice & 3)}, .method = (ad_resampling)((choice >> 2) % AD_RESAMPLING_COUNT), .antialias = choice >> 8 & 1)),
    .fits = FIT_DENSE, .arity = 2)
CALL(resize, ad_resize(o[X], SIZES(.extent = {2})), .uses = BIT(X))
BAD(resize, ad_resize(o[A], SIZES(.extent = {2})), AD_BAD_SHAPE)
BAD(resize, ad_resize(ad_slice(o[X], 1, 0, 0), SIZES(.extent = {2})), AD_BAD_SHAPE)
BAD(resize, ad_resize(o[X], SIZES(.extent = {-2})), AD_MISUSE)
BAD(resize, ad_resize(o[X], SIZES(.extent = {INT64_MAX})), AD_MISUSE)
BAD(resize, ad_resize(o[X], SIZES(.method = (ad_resampling)44)), AD_MISUSE)
BAD(resize, ad_resize(o[X], SIZES(.method = (ad_resampling)-1)), AD_MISUSE)
ORACLE(resize, ad_resize(x[0], SIZES(.extent = {5, 3})))
ORACLE(resize_nearest, ad_resize(x[0], SIZES(.extent = {5, 3}, .method = AD_NEAREST)))
ORACLE(resize_bicubic, ad_resize(x[0], SIZES(.extent = {6}, .method = AD_BICUBIC)))
ORACLE(resize_bicubic_antialias, ad_resize(x[0], SIZES(.extent = {3}, .method = AD_BICUBIC, .antialias = true)))
ORACLE(resize_area, ad_resize(x[0], SIZES(.extent = {3}, .method = AD_AREA)))
ORACLE(resize_lanczos, ad_resize(x[0], SIZES(.extent = {4}, .method = AD_LANCZOS, .antialias = true)))
/* clang-format on */
#endif
