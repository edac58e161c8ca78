/* What operations in space mean at their edges. */
#include "probe_edges.h"
#include "suite.h"

#define SIGNAL(x)       ad_reshape(x, AD_SHAPE(1, -1, 1))
#define FILTER(x, taps) ad_reshape(ad_slice(x, 0, 0, taps), AD_SHAPE(taps, 1, 1))
#define FLAT(x)         ad_reshape(x, AD_SHAPE(-1))

/* clang-format off */
#define EDGES_OF_CONVOLUTIONS(ROW) \
    SAYS("convolve", "filters are not turned round; padding is zeros that are multiplied as other numbers are") \
    ROW(convolve_does_not_turn_filters_round, FLAT(ad_convolve(SIGNAL(a), FILTER(b, 3), ((ad_convolution){0}))), \
        L(1, 2, 3, 4), L(1, 10, 100, 0), L(1, 1), L(321, 432), L(1, 11, 110, 100), L(3, 5, 7, 0)) \
    SAYS("convolve with same", "an odd zero comes after x, not before it: 6 numbers, 3 taps and a stride of 2 leave none before") \
    PEERS("same padding, stride 2, 3 taps, of 6 pixels: zeros before, after", "0, 1", "an error", "0, 1", "0, 1", "none", "", \
        "", "") \
    ROW(convolve_same_puts_the_odd_zero_after, \
        FLAT(ad_convolve(SIGNAL(a), FILTER(b, 3), ((ad_convolution){.same = true, .stride = {2}}))), \
        L(1, 2, 3, 4, 5, 6), L(1, 10, 100, 0, 0, 0), L(1, 1, 1), L(321, 543, 65), \
        L(1, 10, 101, 10, 101, 10), L(9, 12, 8, 0, 0, 0)) \
    ROW(convolve_same_is_even_where_it_can_be, \
        FLAT(ad_convolve(SIGNAL(a), FILTER(b, 3), ((ad_convolution){.same = true, .stride = {2}}))), \
        L(1, 2, 3, 4, 5), L(1, 10, 100, 0, 0), L(1, 1, 1), L(210, 432, 54), \
        L(10, 101, 10, 101, 10), L(6, 9, 6, 0, 0)) \
    SAYS("convolve_transposed", "filters are not turned round (d: JAX turns them); its extents are those of what convolve would see") \
    PEERS("an impulse through a transposed convolution with the filter 1, 2, 3", "1, 2, 3", "1, 2, 3", "3, 2, 1", \
        "1, 2, 3", "1, 2, 3", "", "", "") \
    ROW(an_impulse_gives_the_filter, \
        FLAT(ad_convolve_transposed(SIGNAL(a), FILTER(b, 3), ((ad_convolution){0}))), \
        L(0, 1, 0), L(1, 2, 3), L(1, 10, 100, 1000, 10000), L(0, 1, 2, 3, 0), L(321, 3210, 32100), L(10, 100, 1000)) \
    PEERS("extents of a transposed convolution: 4 pixels, stride 2, 3 taps", "9; same 8", "9", "VALID 9, SAME 8", \
        "valid 9, same 8", "", "", "", "") \
    ROW(spread_same_has_extent_times_stride, \
        FLAT(ad_convolve_transposed(SIGNAL(a), FILTER(b, 3), ((ad_convolution){.same = true, .stride = {2}}))), \
        L(1, 2, 0), L(1, 10, 100), L(1, 1, 1, 1, 1, 1), L(1, 10, 102, 20, 200, 0), L(111, 111, 11), L(3, 3, 3)) \
    SAYS("a pixel that no filter sees, as with a stride beyond the filters", "gradient exactly 0") \
    ROW(unseen_pixels_have_no_gradient, FLAT(ad_convolve(SIGNAL(a), FILTER(b, 1), ((ad_convolution){.stride = {3}}))), \
        L(1, INF, NAN, 4), L(2, 0, 0, 0), L(INF, 1), L(2, 8), L(INF, 0, 0, 2), L(INF, 0, 0, 0))

#define EDGES_OF_POOLING(ROW) \
    SAYS("max_pool, dilate, ties in a window", "all of g to the first") \
    PEERS("max pooling, ties in a window", "g to the first", "the first", "the first", "the first", "split", "", "", "") \
    ROW(max_pool_gives_the_first_of_ties, FLAT(ad_max_pool(SIGNAL(a), ((ad_pooling){.window = {3}, .stride = {1}}))), \
        L(2, 5, 5, 5), L(1, 10), L(5, 5), L(0, 11, 0, 0)) \
    SAYS("max_pool, dilate of NaN", "NaN, the first of several; it takes g") \
    ROW(max_pool_passes_nan_on, FLAT(ad_max_pool(SIGNAL(a), ((ad_pooling){.window = {3}}))), \
        L(INF, NAN, NAN, 1, -INF, 3), L(1, 10), L(NAN, 3), L(0, 1, 0, 0, 0, 10)) \
    ROW(max_pool_of_zeros, FLAT(ad_max_pool(SIGNAL(a), ((ad_pooling){.window = {2}}))), \
        L(-0.0, 0, 0, -0.0), L(INF, NAN), L(-0.0, 0), L(INF, 0, NAN, 0)) \
    SAYS("max_pool, mean_pool, dilate with padding", "padding is not there: no maximum, and not counted (d: PyTorch counts it in means, as counts_padding does)") \
    ROW(padding_is_no_maximum, FLAT(ad_max_pool(SIGNAL(a), ((ad_pooling){.window = {3}, .stride = {2}, .same = true}))), \
        L(-5, -7, -6, -8), L(1, 10), L(-5, -6), L(1, 0, 10, 0)) \
    PEERS("mean pooling: does padding count?", "no; with counts_padding", "yes", "yes (flax)", "no", "yes", "", "", "") \
    ROW(padding_does_not_count, FLAT(ad_mean_pool(SIGNAL(a), ((ad_pooling){.window = {2}, .stride = {1}, .same = true}))), \
        L(2, 4, 6), L(2, 2, 1), L(3, 5, 6), L(1, 2, 2)) \
    ROW(padding_counts_if_it_is_to, \
        FLAT(ad_mean_pool(SIGNAL(a), ((ad_pooling){.window = {2}, .stride = {1}, .same = true, .counts_padding = true}))), \
        L(2, 4, 6), L(2, 2, 2), L(3, 5, 3), L(1, 2, 2)) \
    ROW(mean_pool_of_infinities, FLAT(ad_mean_pool(SIGNAL(a), ((ad_pooling){.window = {2}}))), \
        L(INF, 1, NAN, 1), L(2, 4), L(INF, NAN), L(1, 1, 2, 2)) \
    ROW(windows_of_uneven_size_are_never_empty, FLAT(ad_fractional_mean_pool(SIGNAL(a), ((ad_fractional_pooling){.offset = {1 - 0x1p-53}}))), \
        L(1, 2, 3), L(1, 10, 100), L(1, 2, 3), L(1, 10, 100)) \
    ROW(erode_is_the_least, FLAT(ad_erode(SIGNAL(a), ad_reshape(ad_mul(ad_slice(a, 0, 0, 2), 0), AD_SHAPE(2, 1)), ((ad_convolution){0}))), \
        L(3, 1, 1, 2), L(1, 10, 100), L(1, 1, 1), L(0, 11, 100, 0))

#define EDGES_OF_RESIZING(ROW) \
    SAYS("resize", "half-pixel centres; pixels outside do not count (d: PyTorch repeats those at the border, which for bilinear is the same)") \
    ROW(resize_takes_half_pixel_centres, FLAT(ad_resize(SIGNAL(a), ((ad_resizing){.extent = {4}}))), \
        L(0, 4), L(1, 10, 100, 1000), L(0, 1, 3, 4), L(33.5, 1077.5)) \
    SAYS("resize to the nearest, half-way between two pixels", "the later one") \
    ROW(resize_nearest_takes_the_later_of_two, FLAT(ad_resize(SIGNAL(a), ((ad_resizing){.extent = {1}, .method = AD_NEAREST}))), \
        L(1, NAN, 3, INF), L(1), L(3), L(0, 0, 1, 0)) \
    ROW(resize_to_the_same_extent_changes_nothing, FLAT(ad_resize(SIGNAL(a), ((ad_resizing){.method = AD_BICUBIC}))), \
        L(1, NAN, INF), L(1, 10, 100), L(1, NAN, INF), L(1, 10, 100)) \
    ROW(area_weighs_what_lies_under_a_result, FLAT(ad_resize(SIGNAL(a), ((ad_resizing){.extent = {2}, .method = AD_AREA}))), \
        L(3, 6, 12), L(3, 30), L(4, 10), L(2, 11, 20))
/* clang-format on */

EDGES_OF_CONVOLUTIONS(FUNCTION)
EDGES_OF_POOLING(FUNCTION)
EDGES_OF_RESIZING(FUNCTION)

static const edge edges[] = {EDGES_OF_CONVOLUTIONS(TWO) EDGES_OF_POOLING(ONE)
                                 EDGES_OF_RESIZING(ONE)};
const edge_table the_edges = {edges, sizeof edges / sizeof *edges};

int main(void)
{
    Suite *suite = suite_create("edges in space");
    suite_add_tcase(suite, edge_rows());
    return run_suite(suite);
}
