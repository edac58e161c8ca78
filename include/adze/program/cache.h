/* Programs (program.h) of a function that branches: a set of them, one for each way through the function.
 *
 *     ad_program_cache_options options = {.size = sizeof options, .derive = AD_DERIVE_GRADIENT};
 *     ad_program_cache *c = ad_program_cache_new(f, 3, 1, env, &options, &error);
 *     for (;;)
 *         if (ad_program_cache_run(c, x, y, &error) != AD_OK)     y: the value, and the gradient
 *             ...
 *
 * A run at x tries the program that it used last. Where a guard has another outcome, it goes on with a
 * program that has this one, and so on; where there is none, a miss, f is recorded at x, and its program
 * joins the set. So any x has the results of f at x, as long as f decides by ad_less and the like.
 * A run that finds its program allocates nothing.
 *
 * A cache belongs to one thread at a time: give each thread its own. */
#ifndef ADZE_PROGRAM_CACHE_H
#define ADZE_PROGRAM_CACHE_H

#include "adze/pool.h"
#include "adze/program/making.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_program_cache ad_program_cache;

typedef enum ad_program_derivative { /* what the programs have beside y; see program/derivatives.h */
    AD_DERIVE_NONE,
    AD_DERIVE_GRADIENT,
    AD_DERIVE_JACOBIAN,
    AD_DERIVE_HESSIAN /* with the gradient before it */
} ad_program_derivative;

typedef struct ad_program_cache_options {
    size_t size;                  /* sizeof(ad_program_cache_options) */
    const ad_allocator *allocator; /* NULL: the C library's */
    unsigned allow;               /* as in ad_program_options */
    ad_program_derivative derive;
    size_t count;                 /* derivatives are by the inputs by[0], ..., by[count - 1]; a copy is */
    const size_t *by;             /* kept. NULL, with count = 0: by all */
    size_t limit;                 /* programs that are kept: the one that was not used for longest goes.
                                     0: 64 */
} ad_program_cache_options;

/* Of f, with n inputs and m results, as in ad_program_of. env is borrowed; what f gets from it must not
 * change. options may be NULL. AD_MISUSE if f is NULL or options make no sense; AD_MEMORY. */
AD_API AD_MUST_USE ad_program_cache *ad_program_cache_new(ad_real_function *f, size_t n, size_t m,
                                                          const void *env,
                                                          const ad_program_cache_options *options,
                                                          ad_error *error);
AD_API void ad_program_cache_free(ad_program_cache *c); /* c may be NULL */

/* The numbers that a run sets: m, and those of derivatives. 0 if c is NULL. */
AD_API size_t ad_program_cache_outputs(const ad_program_cache *c);

/* Sets y at x; y may overlap x. Where it fails, nothing is written, and the programs stay: AD_MISUSE if c, or
 * an array that is needed, is NULL; the errors of recording f and of derivatives; AD_BRANCH if
 * what options allow changes a number so that a comparison has another outcome. error may be NULL. */
AD_API ad_status ad_program_cache_run(ad_program_cache *c, const double *x, double *y,
                                      ad_error *error);

/* The same for `count` points, x [count, n] and y [count, outputs], which must not overlap: all points that
 * go one way together, in lanes (ad_program_map). Points that a program does not fit are taken again, so
 * it needs as many passes as there are ways. Results have the bits of ad_program_cache_run. y holds
 * anything where it fails. Takes memory for the time of the call. pool may be NULL. */
AD_API ad_status ad_program_cache_map(ad_program_cache *c, size_t count, const double *x, double *y,
                                      ad_pool *pool, ad_error *error);

typedef struct ad_program_cache_info {
    size_t size;          /* sizeof(ad_program_cache_info) */
    size_t programs;      /* kept now */
    uint64_t hits;        /* points that a program was found for */
    uint64_t misses;      /* that f was recorded at */
    uint64_t tries;       /* runs of programs that turned out not to fit */
    uint64_t dropped;     /* programs, because of the limit */
    size_t bytes;         /* of memory */
} ad_program_cache_info;

/* Fills in *info; with zeros if c is NULL. AD_MISUSE if info is NULL or info->size is not set. */
AD_API ad_status ad_program_cache_measure(const ad_program_cache *c, ad_program_cache_info *info);

/* The program that was used last, until the next call: to look at it. NULL if there is none. */
AD_API const ad_program *ad_program_cache_last(const ad_program_cache *c);

#ifdef __cplusplus
}
#endif

#endif
