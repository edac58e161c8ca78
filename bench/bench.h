/* The benchmark suite: what a case is.
 *
 * A case is one piece of work done twice, by adze and in bare form: BLIS and loops written by
 * hand on buffers made beforehand. For a network there is a second bare form, whose products are
 * made by adze's own kernels: what adze takes over that is the tape's. All are run in turn in one
 * process, so that their ratio holds on a noisy machine. A case is one row in the table of its
 * kind's file, and appears nowhere else. */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "bare.h"

#include <adze.h>

/* ---- the options of a run ----------------------------------------------------------- */

typedef struct bench_setting {
    int threads;
    bool smoke;         /* small sizes, a few repeats: does it work at all? */
    double min_time;    /* seconds for a case, all its forms together */
    ad_pool *pool;      /* of so many threads, for adze and the bare forms */
    const float *image; /* [images, 784], the lesson's sizes */
    int64_t images;
} bench_setting;

/* ---- cases -------------------------------------------------------------------------- */

/* The result of a setup: state for all forms, and the amount of work in one call of either. */
typedef struct bench_work {
    void *state;
    ad_tape *tape; /* adze's, whose memory is looked at */
    double units;  /* steps or operations in a call; figures are given for one */
    double flops;  /* for one unit: multiplications and additions that the mathematics asks for */
    double bytes;  /* for one unit: each operand and result of each kernel once */
    ad_recorder *recorder; /* adze's, where numbers are recorded one by one */
} bench_work;

typedef struct bench_case bench_case;

/* The code that cases of a kind share. */
typedef struct bench_kind {
    bench_work (*setup)(const bench_case *c, const bench_setting *s);
    void (*adze)(void *state);
    void (*bare)(void *state);
    /* Bare, but with the kernels of adze's products; for numbers, what a figure counts in, such as
     * one gradient by adze; or NULL. */
    void (*same_kernels)(void *state);
    /* Between adze's results and the others', relative; after a call of each. */
    double (*difference)(void *state);
    void (*teardown)(void *state);
    bool on_one_thread; /* the calling thread does everything, and its own clock is read */
    bool cold;          /* each call is timed by itself, when the caches hold something else */
} bench_kind;

struct bench_case {
    const char *name, *what;
    const bench_kind *kind;
    const void *spec; /* the kind's own description of the case */
};

typedef struct bench_table {
    const bench_case *cases;
    size_t count;
} bench_table;

#define BENCH_TABLE(cases)                     \
    {                                          \
        cases, sizeof(cases) / sizeof *(cases) \
    }

extern const bench_table lesson_table, mlp_table, ops_table, products_table, optimisers_table,
    elementwise_table, reductions_table, curves_table, checkpoints_table, directions_table,
    own_ops_table, neural_table, numbers_table, lotka_table, gmm_table, ba_table, lstm_table,
    hand_table, linalg_table, spatial_table, lenet_table, files_table, program_lotka_table,
    program_exported_table, program_maps_table, program_node_table, program_pde_table;

/* ---- failing ------------------------------------------------------------------------ */

/* Ends the program with one line on stderr and exit status 1. */
__attribute__((__format__(__printf__, 1, 2))) _Noreturn void fail(const char *format, ...);

/* With the tape's message, if there is one. */
void check(const ad_tape *t);

/* With the error's message, if there is one. */
void check_error(const ad_error *error);

/* A tape whose allocations are counted, lent a pool (or NULL), or the end of the program. */
ad_tape *bench_tape(ad_pool *pool);

/* The same for a recorder, with AD_KEEP_... or 0. */
void check_recorder(const ad_recorder *r);
ad_recorder *bench_recorder(unsigned keep);

/* Zeros that start at a cache line, or the end of the program. Ended with free. */
void *take(size_t count, size_t size);

/* ---- data --------------------------------------------------------------------------- */

/* The same n numbers of a float type in every run, uniform from low to high. */
void fill(ad_type type, void *x, size_t n, uint64_t stream, double low, double high);

/* The greatest difference between adze's numbers and those of the bare form, relative to the
 * greatest of the latter; infinite if there is nothing to compare. */
double difference(ad_view adze, const void *bare);

/* The same between m values. */
double values_difference(size_t m, const double *adze, const double *bare);

/* Sets y[0], ..., y[m - 1] to functions of x[0], ..., x[n - 1]. */
typedef void bench_function(const void *env, const double *x, double *y);

/* Between what `product` makes of a direction d, the Jacobian times d, and central differences of f
 * along d; the worst of a few random directions. */
double slopes_difference(bench_function *f, bench_function *product, const void *env, size_t n,
                         const double *x, size_t m);

#endif
