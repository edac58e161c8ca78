/* Programs (program.h): at many points at once, in lanes of vectors and on several threads.
 *
 *     double x[2 * 1000], slope, values[1000], gradient;
 *     ad_map_input in[] = {{&slope, 0}, {x, 2}, {x + 1, 2}};      one slope, and pairs, row by row
 *     ad_map_output out[] = {{values, 1}, {&gradient, 0}};        a value a point, and a sum
 *     if (ad_program_map(g, 1000, in, out, NULL, &error) != AD_OK)
 *         puts(error.text);
 *
 * What depends on shared inputs alone is computed once a call, the rest for 8 to 64 points at a time. */
#ifndef ADZE_PROGRAM_MAP_H
#define ADZE_PROGRAM_MAP_H

#include "adze/pool.h"
#include "adze/program/making.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_map_input {
    const double *at;
    ptrdiff_t stride; /* at[i * stride] belongs to point i; 0: *at is shared by all points */
} ad_map_input;

typedef struct ad_map_output {
    double *at;       /* NULL: it is not wanted */
    ptrdiff_t stride; /* at[i * stride] belongs to point i; 0: *at is the sum over all points */
} ad_map_output;

typedef struct ad_map_options {
    size_t size;            /* sizeof(ad_map_options) */
    ad_pool *pool;          /* NULL: everything runs on the calling thread */
    double *work;           /* room for ad_program_map_work numbers, this call's alone; NULL: memory
                               from the program's allocator for the time of the call */
    unsigned char *differs; /* [n], or NULL: set to 1 for points where the outcome of a comparison is
                               not as recorded, else to 0 */
} ad_map_options;

/* Runs p at n points: with x[0], ..., x[inputs - 1], sets y[0], ..., y[outputs - 1]. The numbers of a
 * point may lie together (stride inputs, or outputs), or those of each input (stride 1), or anyhow.
 * options may be NULL.
 *
 * Results have the bits of ad_program_run at each point, with any number of threads and on any machine.
 * A sum's are those of this order: points are taken in pieces, whose size depends on p, n, and which of
 * x are shared and which of y are wanted and summed. Point i of a piece is added to sum i mod 8 of eight
 * that begin at 0. Eight s become one as ((s0 + s4) + (s2 + s6)) + ((s1 + s5) + (s3 + s7)), and those of
 * all pieces are added one after another, from the first. The sum of no points is 0. With
 * AD_ALLOW_EARLY_SUMS these are the sums of other numbers, of which outputs are made; they agree to
 * rounding, and have the same bits with any number of threads and on any machine, too.
 *
 * Where a guard has another outcome than recorded, the point gets a mark in options->differs and NaN for
 * its outputs, and is left out of sums; all others are right. Without differs the call fails with
 * AD_BRANCH and the line of the first such point; outputs hold anything then.
 *
 * An output's numbers may be those of an input, with the same address and stride. Otherwise outputs must
 * overlap neither inputs nor each other.
 *
 * The first call with inputs shared and outputs summed in this way makes code for it, which stays with
 * p; up to 16 are kept. Later calls with options->work allocate nothing.
 *
 * Errors: AD_BRANCH; AD_MEMORY; AD_MISUSE if p, an array or an input's address is NULL, or
 * options->size is not set. */
AD_API ad_status ad_program_map(const ad_program *p, size_t n, const ad_map_input *x,
                                const ad_map_output *y, const ad_map_options *options,
                                ad_error *error);

/* The numbers of a workspace for such a call; it depends on n, the pool's threads, which of x are shared,
 * and which of y are wanted and summed. 0 where the call would fail;
 * SIZE_MAX if memory runs out. */
AD_API size_t ad_program_map_work(const ad_program *p, size_t n, const ad_map_input *x,
                                  const ad_map_output *y, const ad_map_options *options);

#ifdef __cplusplus
}
#endif

#endif
