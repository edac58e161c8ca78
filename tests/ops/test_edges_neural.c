/* The edges of normalisation and attention (probe_edges.h says how to read a row): equal numbers, zeros, NaN, numbers far from
 * 0. */
#include "probe_edges.h"
#include "suite.h"

static const double ones[] = {1, 1, 1, 1}, zeros[] = {0, 0, 0, 0};

/* In a's type. */
#define GAIN(n)     ad_cast(WITH(ones, n), ad_read(a).type)
#define BIAS(n)     ad_cast(WITH(zeros, n), ad_read(a).type)
#define COLUMN(n)   ad_reshape(a, AD_SHAPE(n, 1))
#define LAYER(n, e) ad_layer_norm(a, GAIN(n), BIAS(n), e)

/* clang-format off */
#define NORMS(ROW) \
    SAYS("layer_norm (and its like) of equal numbers", "exactly the bias; slopes are 1 / sqrt(epsilon)") \
    ROW(layer_norm_of_equals, LAYER(4, 0.25), L(7, 7, 7, 7), L(1, 2, 3, 4), L(0, 0, 0, 0), L(-3, -1, 1, 3)) \
    SAYS("the same with epsilon 0", "NaN") \
    ROW(layer_norm_of_equals_without_epsilon, LAYER(2, 0), L(7, 7), L(1, 2), L(NAN, NAN), L(NAN, NAN)) \
    SAYS("layer_norm far from 0", "as exact as the numbers: the variance takes a second pass") \
    ROW(layer_norm_far_from_0, LAYER(4, 0), L(4097, 4098, 4099, 4100), L(1, 0, 0, 0), \
        L(-1.3416407864998738, -0.4472135954999579, 0.4472135954999579, 1.3416407864998738), \
        L(0.26832815729997477, -0.35777087639996635, -0.08944271909999159, 0.17888543819998318)) \
    SAYS("layer_norm of a NaN or an infinity", "NaN in all of its row, and in no other") \
    ROW(layer_norm_passes_nan_on, LAYER(2, 1), L(1, NAN), L(1, 0), L(NAN, NAN), L(NAN, NAN)) \
    ROW(layer_norm_of_infinity, LAYER(2, 1), L(1, INF), L(1, 0), L(NAN, NAN), L(NAN, NAN)) \
    ROW(layer_norm_of_nan_that_nobody_asked_for, LAYER(2, 1), L(1, NAN), L(0, 0), L(NAN, NAN), L(0, 0)) \
    ROW(layer_norm_of_one, LAYER(1, 0.25), L(5), L(1), L(0), L(0)) \
    ROW(rms_norm_of_zeros, ad_rms_norm(a, GAIN(2), 0.25), L(0, 0), L(1, 3), L(0, 0), L(2, 6)) \
    SAYS("weight_norm of zeros", "0, with gradient 0") \
    ROW(weight_norm_of_zeros, ad_weight_norm(COLUMN(2), GAIN(1)), L(0, 0), L(1, 3), L(0, 0), L(0, 0)) \
    ROW(weight_norm_of_small_numbers, ad_weight_norm(COLUMN(2), GAIN(1)), L(3e-15, 4e-15), L(1, 0), L(0.6, 0.8), \
        L(0.128e15, -0.096e15)) \
    SAYS("the variance that batch_norm gives", "sum((x - mean)^2) / n, the one that it uses") \
    ROW(batch_norm_gives_the_biased_variance, ad_batch_norm(COLUMN(4), GAIN(1), BIAS(1), 1).variance, \
        L(0, 1, 2, 5), L(1), L(3.5), L(-1, -0.5, 0, 1.5)) \
    ROW(batch_norm_gives_the_mean, ad_batch_norm(COLUMN(4), GAIN(1), BIAS(1), 1).mean, \
        L(0, 1, 2, 5), L(4), L(2), L(1, 1, 1, 1)) \
    ROW(batch_norm_of_equals, ad_batch_norm(COLUMN(3), GAIN(1), BIAS(1), 0.25).y, L(5, 5, 5), L(3, 0, 0), \
        L(0, 0, 0), L(4, -2, -2))

static const bool none[] = {false, false}, first[] = {true, false};
#define ROWS(n)      ad_reshape(a, AD_SHAPE(n, 1))
#define ATTEND(mask) ad_masked_attention(ROWS(2), ROWS(2), ROWS(2), WITH(mask, 2), (ad_attention_options){0})

#define ATTENTION(ROW) \
    SAYS("attention of a query that may see no key", "0, with gradient 0") \
    ROW(attention_to_nothing, ATTEND(none), L(3, 5), L(1, 2), L(0, 0), L(0, 0)) \
    ROW(attention_to_one, ATTEND(first), L(3, 5), L(1, 2), L(3, 3), L(3, 0)) \
    SAYS("attention, large scores", "no overflow: the greatest is subtracted") \
    ROW(attention_of_large_scores, ad_attention(ROWS(2), ROWS(2), ROWS(2), (ad_attention_options){0}), \
        L(100, 50), L(1, 1), L(100, 100), L(2, 0)) \
    SAYS("attention with a NaN or an infinity among the scores of a query", "NaN for this query") \
    ROW(attention_passes_nan_on, ad_attention(ROWS(1), ROWS(1), ROWS(1), (ad_attention_options){0}), \
        L(NAN), L(1), L(NAN), L(NAN))
/* clang-format on */

#define EDGES(ROW) \
    NORMS(ROW)     \
    ATTENTION(ROW)

EDGES(FUNCTION)

static const edge edges[] = {EDGES(ONE)};
const edge_table the_edges = {edges, sizeof edges / sizeof *edges};

int main(void)
{
    Suite *suite = suite_create("edges of neural networks");
    suite_add_tcase(suite, edge_rows());
    return run_suite(suite);
}
