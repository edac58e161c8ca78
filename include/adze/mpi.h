/* Data-parallel training by many processes, over MPI.
 *
 * Each process, a rank, has a copy of the model, computes the gradient over its share of the
 * rows of a batch, and takes the same step as all others. The bits do not depend on the number
 * of ranks, nor on that of their threads: gradients are added up in an order that the batch
 * alone decides.
 *
 *     ad_mpi *m = ad_mpi_new(NULL, NULL, &error);          // after MPI_Init, on all ranks
 *     mlp_mpi_broadcast(m, 0, &model, &error);             // all begin with the numbers of rank 0
 *     while (training && error.status == AD_OK)
 *         if (mlp_mpi_value_with_gradient(m, tape, loss, &model, 2, batch, NULL, NULL, &value,
 *                                         &gradient, &error) == AD_OK)
 *             mlp_step(method, &gradient, &states, &model, &error);
 *     ad_mpi_free(m);                                      // before MPI_Finalize
 *
 * A model m has the typed functions m_mpi_... if AD_MODEL_MPI(m); stands at file scope.
 *
 * This header belongs to a library of its own, which adze has if it was built with
 * -Dmpi=enabled: link it by `pkg-config --cflags --libs adze-mpi`. It was built for one MPI,
 * Open MPI or MPICH, and the program needs the same one. docs/scaling.md says how it scales, and
 * what to do when a rank fails.
 *
 * ---- errors
 *
 * All ranks call the functions below that return a status, in the same order. Before any number
 * is sent each rank tells all others, in one small message, what it calls, of which shapes, and
 * whether it can. If one cannot, nothing is written on any rank, and all return its status and
 * its message, which begins with the rank: "rank 2: gradient_over_rows: rows 300 to 399: ...".
 * Of several it is the lowest.
 *
 * A failure that *error holds already counts as one: so a rank that could not read its file
 * makes the next call fail on all ranks, and one look at the end of a step is enough.
 *
 * AD_MISUSE if ranks call different functions or cut their rows differently; AD_BAD_SHAPE or
 * AD_BAD_TYPE, naming the field, if their models differ; AD_NETWORK if a message fails, or a
 * rank is not heard of within the patience of ad_mpi_options. After that every further call
 * fails with the same words: end the program by MPI_Abort.
 *
 * One thread of a process uses an ad_mpi, the one that MPI allows to: MPI_THREAD_FUNNELED is
 * enough. */
#ifndef ADZE_MPI_H
#define ADZE_MPI_H

#include "adze/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- ranks --------------------------------------------------------------------------- */

typedef struct ad_mpi ad_mpi;

/* NULL: as if all but size were 0. */
typedef struct ad_mpi_options {
    size_t size;                   /* sizeof(ad_mpi_options) */
    const ad_allocator *allocator; /* NULL: the C library's */
    double patience; /* seconds that a call waits for other ranks before it gives up; 0: for ever */
    size_t message;  /* bytes of a message of numbers, at most INT_MAX; 0: 1 MB. The least of all
                      * ranks counts */
} ad_mpi_options;

/* Joins the ranks of a communicator: comm points to an MPI_Comm, which is duplicated and not
 * used itself; NULL stands for MPI_COMM_WORLD. NULL with an error: AD_MISUSE if MPI is not
 * initialised, or finalised, or if comm is an inter-communicator. All ranks of comm call it; one
 * that gets NULL cannot tell the others, and should call MPI_Abort. End it with ad_mpi_free, on all
 * ranks, before MPI_Finalize; m may be NULL. */
AD_API AD_MUST_USE ad_mpi *ad_mpi_new(const void *comm, const ad_mpi_options *options,
                                      ad_error *error);
AD_API void ad_mpi_free(ad_mpi *m);

AD_API int ad_mpi_rank(const ad_mpi *m);  /* this process: 0 to ad_mpi_ranks(m) - 1; 0 for NULL */
AD_API int ad_mpi_ranks(const ad_mpi *m); /* how many there are; 1 for NULL */

/* Only tells the ranks of failures: *error, which may hold one of this rank's own, holds that of
 * all. Call it after what only some ranks do, such as rank 0 writing a file. */
AD_API ad_status ad_mpi_agree(ad_mpi *m, ad_error *error);

/* ---- gradients ----------------------------------------------------------------------- */

/* ad_model_value_with_gradient_over_rows (model.h) by all ranks: the value and the gradient of
 * the mean of map over all rows of the data. Its bits are those that one process gets, with any
 * number of ranks and threads.
 *
 * Rows are cut into slices, and these into groups, as there (ad_cut_rows). Each rank takes
 * consecutive groups, about equally many, and adds them up as far as they are sums of the tree.
 * These sums are exchanged: each rank adds up its part of the numbers and sends it to all. So
 * each of R ranks sends 2 (R - 1) / R gradients if R is a power of two that divides the number
 * of groups, and at most log2(groups) times as many otherwise. The work is shared best if R
 * divides it; of more ranks than groups some have nothing to do (ad_rows_options.slice and
 * .groups say how many there are).
 *
 * The data may have all rows on all ranks: only those of its share are read. Or each rank has
 * only the rows of its share (ad_mpi_share, ad_mpi_scatter): then options->part says, by .rows,
 * how many there are on all ranks, and by .first, where those of this rank begin; .begin and
 * .end are 0.
 *
 * AD_NOT_FINITE, naming rank and field, if the value or the gradient has an infinity or a NaN. */
AD_API ad_status ad_mpi_value_with_gradient(ad_mpi *m, const ad_tree *tree, ad_tape *t,
                                            ad_model_map *map, const void *model, int inputs,
                                            const ad_view *data, const ad_rows_options *options,
                                            const void *env, double *value, void *gradient,
                                            ad_error *error);

/* Replaces the gradient on each rank (or anything of its struct) by the mean over the ranks, in
 * one message for all fields. The sum of the ranks a to b - 1 is that of a to m - 1 plus that of
 * m to b - 1, where m = a + (b - a + 1) / 2, rounded down; then it is divided by their number.
 * So all ranks have the same bits, in every run; they depend on how many ranks there are only as
 * the gradients do that are averaged. AD_NOT_FINITE as above.
 *
 * Long arrays are sent and received where they are, without a copy. So after AD_NETWORK the
 * gradient holds anything, and its memory must stay until MPI_Abort. */
AD_API ad_status ad_mpi_average(ad_mpi *m, const ad_tree *tree, void *gradient, ad_error *error);

/* ---- numbers and data ---------------------------------------------------------------- */

/* Copies the model's numbers from rank `root` to all others, whose models have the same shapes
 * and types. */
AD_API ad_status ad_mpi_broadcast(ad_mpi *m, int root, const ad_tree *tree, void *model,
                                  ad_error *error);

/* Whether the models of all ranks have the same bits: AD_DIFFERENT, naming the first rank that
 * differs from rank 0 and the field. A step costs no such call, for equal models stay equal;
 * this looks for broken machines. */
AD_API ad_status ad_mpi_compare(ad_mpi *m, const ad_tree *tree, const void *model,
                                ad_error *error);

/* Replaces each of n numbers by its sum over the ranks, in the order of ad_mpi_average: losses,
 * counts of right answers. Sums of whole numbers are exact up to 2^53, with any number of ranks. */
AD_API ad_status ad_mpi_sum(ad_mpi *m, size_t n, double *x, ad_error *error);

/* The share of this rank: its rows are those from *first to *first + *rows - 1, in the order of
 * the ranks. Asks no other rank. Both are 0 for a rank without a share. */
AD_API void ad_mpi_share(const ad_mpi *m, const ad_rows_cut *cut, int64_t *first, int64_t *rows);

/* Gives each rank its share of the rows of `data`, which rank `root` has, cut as the options
 * say; the others may pass an empty view. *rows, empty before, gets an array of m's allocator,
 * which is the caller's to free; *first, which may be NULL, the number of its first row. Columns
 * of one table are shared by calls of their own with the same .slice, since the usual slice
 * depends on the size of a row. */
AD_API ad_status ad_mpi_scatter(ad_mpi *m, int root, ad_view data, const ad_rows_options *options,
                                ad_array *rows, int64_t *first, ad_error *error);

/* ---- where the time goes ------------------------------------------------------------- */

/* Since the beginning. All but computing on this rank: so the rest of a step's time is
 * computing. */
typedef struct ad_mpi_info {
    size_t size;      /* sizeof(ad_mpi_info): set it before the call */
    double waiting;   /* seconds until all ranks had called: slower ranks, and a small message */
    double sending;   /* seconds in which numbers were under way */
    double adding;    /* seconds for adding them up, and for copies */
    uint64_t bytes;   /* of numbers sent by this rank */
    uint64_t calls;
} ad_mpi_info;

AD_API void ad_mpi_measure(const ad_mpi *m, ad_mpi_info *info);

#ifdef __cplusplus
} /* extern "C" */
#endif

/* ---- the declaration ----------------------------------------------------------------- */

#if defined(__GNUC__) && !defined(AD_ALL_WARNINGS)
#pragma GCC system_header
#endif

/* The typed functions of a model m. */
#define AD_MODEL_MPI(m)                                                                    \
    static inline AD_UNUSED ad_status m##_mpi_value_with_gradient(                         \
        ad_mpi *ranks, ad_tape *t, m##_map *map, const m *model, int inputs,               \
        const ad_view *data, const ad_rows_options *options, const void *env, double *value, \
        m *gradient, ad_error *error)                                                      \
    {                                                                                      \
        m##_map_call c = {map, env};                                                       \
        return ad_mpi_value_with_gradient(ranks, &m##_tree, t, map ? m##_call_map : NULL,  \
                                          model, inputs, data, options, &c, value, gradient, \
                                          error);                                          \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_mpi_average(ad_mpi *ranks, m *gradient,          \
                                                      ad_error *error)                     \
    {                                                                                      \
        return ad_mpi_average(ranks, &m##_tree, gradient, error);                          \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_mpi_broadcast(ad_mpi *ranks, int root, m *model, \
                                                        ad_error *error)                   \
    {                                                                                      \
        return ad_mpi_broadcast(ranks, root, &m##_tree, model, error);                     \
    }                                                                                      \
    static inline AD_UNUSED ad_status m##_mpi_compare(ad_mpi *ranks, const m *model,       \
                                                      ad_error *error)                     \
    {                                                                                      \
        return ad_mpi_compare(ranks, &m##_tree, model, error);                             \
    }                                                                                      \
    struct m##_tensors

#endif
