/* Random numbers that depend on seed, stream and position only: not on the run, the machine's load
 * or the number of threads. Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random
 * numbers: as easy as 1, 2, 3"). */
#ifndef ADZE_RANDOM_H
#define ADZE_RANDOM_H

#include "adze/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A value: copy it to draw the same numbers again. */
typedef struct ad_random {
    uint64_t seed, stream, position;
} ad_random;

/* Different streams of one seed are independent. */
AD_API ad_random ad_random_new(uint64_t seed, uint64_t stream);

/* The Philox block function: 128 random bits from a counter and a key. */
AD_API void ad_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t bits[4]);

AD_API uint64_t ad_random_bits(ad_random *r);
AD_API double ad_random_uniform(ad_random *r);              /* in [0, 1) */
AD_API double ad_random_normal(ad_random *r);               /* mean 0, standard deviation 1 */
AD_API uint64_t ad_random_below(ad_random *r, uint64_t n);  /* in [0, n), unbiased; 0 for n = 0 */
AD_API void ad_random_shuffle(ad_random *r, int64_t *index, size_t n);

/* Fill a float array. AD_MISUSE if it holds nothing, AD_BAD_TYPE if it is not a float array. */
AD_API ad_status ad_fill_uniform(ad_array *a, ad_random *r, double low, double high);
AD_API ad_status ad_fill_normal(ad_array *a, ad_random *r, double mean, double deviation);

/* Initial weights [..., inputs, outputs]; axes before the last two count as a receptive field,
 * which multiplies both. AD_BAD_SHAPE for a rank below 2.
 *
 *   kaiming  normal, standard deviation sqrt(2 / inputs), for relu layers (He et al. 2015)
 *   glorot   uniform within sqrt(6 / (inputs + outputs)) (Glorot and Bengio 2010) */
AD_API ad_status ad_fill_kaiming(ad_array *w, ad_random *r);
AD_API ad_status ad_fill_glorot(ad_array *w, ad_random *r);

/* ---- keys --------------------------------------------------------------------------- */

/* What operations draw random numbers with (ad_dropout, ad_uniform, ad_normal): they are pure
 * functions of it, so that evaluating them again gives the same bits. Draw once with each key, and
 * split it where several are needed: by step, by layer, by purpose. */
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
