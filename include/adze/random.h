/* Random numbers. They depend on seed, stream and position only, and not on the run, the machine's
 * load or the number of threads. The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011,
 * "Parallel random numbers: as easy as 1, 2, 3"). */
#ifndef ADZE_RANDOM_H
#define ADZE_RANDOM_H

#include "adze/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The state of a generator. It is a plain value: copy it to draw the same numbers again. */
typedef struct ad_random {
    uint64_t seed, stream, position;
} ad_random;

/* A generator at the start of a stream. Different streams of one seed are independent. */
AD_API ad_random ad_random_new(uint64_t seed, uint64_t stream);

/* The Philox block function: 128 random bits from a counter and a key. */
AD_API void ad_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t bits[4]);

AD_API uint64_t ad_random_bits(ad_random *r);
AD_API double ad_random_uniform(ad_random *r);              /* in [0, 1) */
AD_API double ad_random_normal(ad_random *r);               /* mean 0, standard deviation 1 */
AD_API uint64_t ad_random_below(ad_random *r, uint64_t n);  /* in [0, n), unbiased; 0 for n = 0 */
AD_API void ad_random_shuffle(ad_random *r, int64_t *index, size_t n); /* permutes index[0..n-1] */

/* Fill a float array with numbers in [low, high), or normal ones. AD_MISUSE if the array holds
 * nothing, AD_BAD_TYPE if it is not f32 or f64. */
AD_API ad_status ad_fill_uniform(ad_array *a, ad_random *r, double low, double high);
AD_API ad_status ad_fill_normal(ad_array *a, ad_random *r, double mean, double deviation);

/* Fills an array with normal numbers that lie within two deviations of the mean. Their own standard
 * deviation is therefore 0.8796 times the given one. */
AD_API ad_status ad_fill_truncated_normal(ad_array *a, ad_random *r, double mean,
                                          double deviation);

/* Fill an array of weights, [..., inputs, outputs], as ad_dense takes them. Axes before the last
 * two are a receptive field: its size multiplies inputs and outputs. AD_BAD_SHAPE for a rank below
 * 2.
 *
 *     kaiming          normal, standard deviation sqrt(2 / inputs), for relu (He et al. 2015)
 *     kaiming_uniform  uniform within sqrt(6 / inputs): the same deviation; also "He uniform"
 *     lecun            normal, standard deviation sqrt(1 / inputs), for selu (LeCun et al. 1998)
 *     lecun_uniform    uniform within sqrt(3 / inputs): the same deviation
 *     glorot           uniform within sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010)
 *     pytorch          uniform within sqrt(1 / inputs), PyTorch's default for weights and biases;
 *                      fill a bias with ad_fill_uniform and the same bound */
AD_API ad_status ad_fill_kaiming(ad_array *w, ad_random *r);
AD_API ad_status ad_fill_kaiming_uniform(ad_array *w, ad_random *r);
AD_API ad_status ad_fill_lecun(ad_array *w, ad_random *r);
AD_API ad_status ad_fill_lecun_uniform(ad_array *w, ad_random *r);
AD_API ad_status ad_fill_glorot(ad_array *w, ad_random *r);
AD_API ad_status ad_fill_pytorch(ad_array *w, ad_random *r);

/* Fills an array of weights with gain times a random matrix whose columns are orthonormal, or whose
 * rows are if they are fewer (Saxe et al. 2014). All axes but the last count as its rows. Takes
 * rows columns min(rows, columns) steps, and memory for one row or column (AD_MEMORY). AD_BAD_SHAPE
 * for a rank below 2, AD_DOMAIN if gain is not finite. */
AD_API ad_status ad_fill_orthogonal(ad_array *w, ad_random *r, double gain);

/* ---- keys --------------------------------------------------------------------------- */

/* A key, from which operations draw random numbers (ad_dropout, ad_uniform, ad_normal). These are
 * pure functions of their key, so evaluating them again gives the same bits. Draw once with each
 * key. Split it if you need several: by step, by layer, by purpose. */
typedef struct ad_key {
    uint64_t seed, stream;
} ad_key;

AD_API ad_key ad_key_new(uint64_t seed);

/* The i-th of 2^64 keys that are independent of each other and of key. */
AD_API ad_key ad_key_split(ad_key key, uint64_t i);

#ifdef __cplusplus
}
#endif

#endif
