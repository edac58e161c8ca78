/* Programs (program.h): how they are made, and what they consist of. */
#ifndef ADZE_PROGRAM_MAKING_H
#define ADZE_PROGRAM_MAKING_H

#include "adze/memory.h"
#include "adze/number.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_program ad_program;

enum { /* what a program may do to the last digits */
    /* a b + c is rounded once. */
    AD_ALLOW_FMA = 1,

    /* Where several numbers are divided by the same one, they are multiplied by its reciprocal. */
    AD_ALLOW_RECIPROCALS = 2,

    /* Where ad_program_map sums a product with, or a quotient by, what all points share, it sums the
     * other factor first, and then multiplies or divides once; so for sums and differences of such.
     * The derivatives by shared inputs become much cheaper. */
    AD_ALLOW_EARLY_SUMS = 4
};

typedef struct ad_program_options {
    size_t size;                   /* sizeof(ad_program_options) */
    const ad_allocator *allocator; /* NULL: the C library's. Called by threads that share the
                                      program, or what is made of it */
    unsigned allow;                /* AD_ALLOW_..., or 0: bits are those of the function */
} ad_program_options;

/* The function from the inputs of a recorder with AD_KEEP_OPERATIONS, in the order in which they were
 * made, to y[0], ..., y[m - 1]: numbers of it, or constants. The recorder stays as it is. options may be
 * NULL. Programs that are made of this one have its options.
 *
 * Comparisons by ad_less and the like, since the last reset, are guards: a run where one of them
 * has another outcome fails with AD_BRANCH and the comparison's source line, since the function
 * would have gone another way. ad_where_less_real chooses without a guard.
 *
 * Errors: the recorder's own; AD_MISUSE without AD_KEEP_OPERATIONS; AD_STALE, AD_FOREIGN; AD_MEMORY. */
AD_API AD_MUST_USE ad_program *ad_program_new(ad_recorder *r, size_t m, const ad_real *y,
                                              const ad_program_options *options, ad_error *error);

/* f, with m results, recorded at x[0], ..., x[n - 1]. f is called once, with numbers of a recorder of its
 * own. It must take the same way wherever the program runs, but for what guards find. */
AD_API AD_MUST_USE ad_program *ad_program_of(ad_real_function *f, size_t n, const double *x,
                                             size_t m, const void *env,
                                             const ad_program_options *options, ad_error *error);

AD_API void ad_program_free(ad_program *p); /* p may be NULL */

/* The program with the outputs which[0], ..., which[count - 1] of p, in this order, and the inputs
 * of p: without what they do not need. Guards stay. */
AD_API AD_MUST_USE ad_program *ad_program_choose(const ad_program *p, size_t count,
                                                 const size_t *which, ad_error *error);

/* 0 if p is NULL. */
AD_API size_t ad_program_inputs(const ad_program *p);
AD_API size_t ad_program_outputs(const ad_program *p);

typedef struct ad_program_info {
    size_t size;              /* sizeof(ad_program_info) */
    size_t inputs, outputs;
    size_t constants;
    size_t operations;        /* guards among them */
    size_t guards;
    size_t instructions;      /* of a run: some make two operations */
    size_t work;              /* numbers of a workspace, see ad_program_run */
    size_t bytes;             /* of memory */
} ad_program_info;

/* Fills in *info; with zeros if p is NULL. AD_MISUSE if info is NULL or info->size is not set. */
AD_API ad_status ad_program_measure(const ad_program *p, ad_program_info *info);

/* ---- running ------------------------------------------------------------------------ */

/* The numbers of a workspace for ad_program_run. 0 if p is NULL. */
AD_API size_t ad_program_work(const ad_program *p);

/* Sets y[0], ..., y[outputs - 1] at x[0], ..., x[inputs - 1]; y may overlap x. work has room for
 * ad_program_work(p) numbers, which need not be set and are this run's alone; NULL takes memory from the
 * program's allocator for the time of the call, as much again each time. The bits are those of the
 * function that was recorded.
 *
 * AD_BRANCH, and nothing written, where a guard has another outcome than recorded; AD_MEMORY;
 * AD_MISUSE if p, or an array that is needed, is NULL. error may be NULL. */
AD_API ad_status ad_program_run(const ad_program *p, const double *x, double *y, double *work,
                                ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
