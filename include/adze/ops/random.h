/* Random numbers on a tape.
 *
 * They depend on a key (random.h) and on the index of the element only. So their bits are the same
 * whenever they are evaluated, in f32 and f64, with any number of threads. */
#ifndef ADZE_OPS_RANDOM_H
#define ADZE_OPS_RANDOM_H

#include "adze/random.h"
#include "adze/tape.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- random numbers ----------------------------------------------------------------- */

/* 0 with probability rate, else x / (1 - rate), so that the mean is x (Srivastava et al. 2014). A
 * dropped element is an exact 0, whatever x is, and receives an exact 0. rate 0 gives x itself,
 * rate 1 zeros; a rate out of [0, 1] is AD_DOMAIN. */
AD_API ad_tensor ad_dropout(ad_tensor x, double rate, ad_key key);

/* A leaf of uniform random numbers in [low, high), f32 or f64: those that ad_fill_uniform draws
 * with ad_random_new(key.seed, key.stream). AD_DOMAIN for the same bounds as there. */
AD_API ad_tensor ad_uniform(ad_tape *t, ad_type type, ad_shape shape, double low, double high,
                            ad_key key);

/* A leaf of normal random numbers, f32 or f64: those that ad_fill_normal draws with
 * ad_random_new(key.seed, key.stream). AD_DOMAIN for the same arguments as there. */
AD_API ad_tensor ad_normal(ad_tape *t, ad_type type, ad_shape shape, double mean, double deviation,
                           ad_key key);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
