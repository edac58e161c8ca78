/* Programs (program.h): sparse Jacobians and Hessians.
 *
 * Which entries there are is read off the operations. An entry stands in the pattern if there is a way
 * from the input to the output on which no operation has the derivative 0 everywhere (as sign, floor,
 * comparisons and detached numbers have), whatever numbers come out. An entry that is not in the
 * pattern is always 0. One that is in it may be 0 at some point, or by cancellation everywhere (x - x).
 *
 * Entries are those of compressed sparse rows (CSR): row by row, columns ascending. There are two ways
 * to their values:
 *
 *   ad_program_sparse_jacobian      a program that computes nothing but the entries. Best for stencils,
 *                                   and wherever outputs share little.
 *   colouring and ad_program_jvp    columns without a common row share one direction. A run takes as
 *                                   many as there are colours, whatever the program looks like:
 *
 *     ad_sparsity *s = ad_program_jacobian_sparsity(p, n, NULL, &error);
 *     ad_colouring *c = ad_colouring_new(s, AD_COLOUR_COLUMNS, &error);
 *     ad_program *jvp = c ? ad_program_jvp(p, n, NULL, c->colours, &error) : NULL;
 *     ...
 *     memcpy(in, x, n * sizeof *in);
 *     ad_colouring_seeds(c, in + n);                      in: [n + colours n]
 *     ad_program_run(jvp, in, out, work, &error);         out: [m + colours m]
 *     ad_colouring_recover(c, out + m, value);            value: [entries]
 *
 * A function of tensors becomes a program by ad_program_of_tensors (tensors.h), element by element. Where
 * that program is too long to be run, its pattern will do: seeds are tangents for ad_jvp_many
 * (derivatives.h), too, and what comes of them are products.
 *
 * `by` has the places of `count` inputs: columns are those inputs. With by = NULL and count = n they
 * are all. Errors: AD_MISUSE if p is NULL, or an input is not there, or is there twice;
 * AD_NO_DERIVATIVE; AD_TOO_LARGE, AD_MEMORY. Memory is from the program's allocator. */
#ifndef ADZE_PROGRAM_SPARSE_H
#define ADZE_PROGRAM_SPARSE_H

#include "adze/program/making.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- patterns ----------------------------------------------------------------------- */

/* A pattern of entries. It never changes; free it with ad_sparsity_free. Row i has the entries
 * row_begin[i], ..., row_begin[i + 1] - 1, and entry e stands in column[e]. */
typedef struct ad_sparsity {
    size_t rows, columns, entries;
    const size_t *row_begin;       /* [rows + 1] */
    const size_t *column;          /* [entries], ascending in each row */
    const ad_allocator *allocator; /* private */
    size_t bytes;
} ad_sparsity;

AD_API void ad_sparsity_free(ad_sparsity *s); /* s may be NULL */

/* Copies the lists: rows + 1 numbers, and row_begin[rows]. AD_MISUSE if they are no pattern: row_begin
 * must begin with 0 and not descend, columns must ascend in each row and be less than `columns`. */
AD_API AD_MUST_USE ad_sparsity *ad_sparsity_new(size_t rows, size_t columns,
                                                const size_t *row_begin, const size_t *column,
                                                const ad_allocator *allocator, ad_error *error);

/* The transposed pattern: compressed sparse columns (CSC) of s. Its entry e is entry from[e] of s.
 * from, [entries], may be NULL. */
AD_API AD_MUST_USE ad_sparsity *ad_sparsity_transpose(const ad_sparsity *s, size_t *from,
                                                      ad_error *error);

/* The whole of a symmetric matrix whose lower triangle is s. Its entry e is entry from[e] of s. from,
 * [2 entries] at most, may be NULL. AD_MISUSE if s is not square, or has an entry above its diagonal. */
AD_API AD_MUST_USE ad_sparsity *ad_sparsity_mirror(const ad_sparsity *s, size_t *from,
                                                   ad_error *error);

/* dy[j] / dx[by[i]] of the outputs j and inputs i of p: [m, count]. Takes time that is linear in the
 * operations and entries, for most programs. */
AD_API AD_MUST_USE ad_sparsity *ad_program_jacobian_sparsity(const ad_program *p, size_t count,
                                                             const size_t *by, ad_error *error);

/* The lower triangle of d2y[0] / dx[by[i]] dx[by[j]], [count, count]: entries with i >= j. An entry
 * stands in it if some operation on the way to y[0] is not linear in what depends on both inputs.
 * AD_MISUSE unless p has one output. */
AD_API AD_MUST_USE ad_sparsity *ad_program_hessian_sparsity(const ad_program *p, size_t count,
                                                            const size_t *by, ad_error *error);

/* ---- programs of the entries -------------------------------------------------------- */

/* The outputs of p, then the entries of its Jacobian in the order of the pattern. This is written to
 * *pattern, and yours to free, unless pattern is NULL; a failure leaves it as it is. Derivatives are
 * taken in reverse for each output, or forward by all inputs at once: whatever takes fewer steps. */
AD_API AD_MUST_USE ad_program *ad_program_sparse_jacobian(const ad_program *p, size_t count,
                                                          const size_t *by, ad_sparsity **pattern,
                                                          ad_error *error);

/* y[0], the gradient, [count], and the entries of the lower triangle of the Hessian. The same holds
 * for these. AD_MISUSE unless p has one output. */
AD_API AD_MUST_USE ad_program *ad_program_sparse_hessian(const ad_program *p, size_t count,
                                                         const size_t *by, ad_sparsity **pattern,
                                                         ad_error *error);

/* ---- colouring ---------------------------------------------------------------------- */

/* What is coloured, so that each entry can be read from products of the matrix with vectors that are 1
 * for one colour and 0 elsewhere (Gebremedhin, Manne and Pothen 2005, "What color is your
 * Jacobian?"). */
typedef enum ad_colour {
    AD_COLOUR_COLUMNS, /* columns of one colour have no row in common */
    AD_COLOUR_ROWS,    /* rows of one colour have no column in common */

    /* Rows and columns of a symmetric matrix, whose lower triangle is the pattern: neighbours have two
     * colours, and a path of four vertices has three at least. */
    AD_COLOUR_STAR
} ad_colour;

/* A colouring. It never changes; free it with ad_colouring_free. */
typedef struct ad_colouring {
    ad_colour kind;
    size_t colours;
    size_t count;                  /* of columns, or rows */
    size_t length;                 /* of a product: as many numbers as there are of the other */
    size_t entries;                /* of the pattern */
    const size_t *colour;          /* [count] from 0 */
    const size_t *source;          /* [entries] where each stands in the products, [colours, length] */
    const ad_allocator *allocator; /* private */
    size_t bytes;
} ad_colouring;

AD_API void ad_colouring_free(ad_colouring *c); /* c may be NULL */

/* Gives each in turn the first colour that it may have: in their order, and, where fewer colours might
 * do, from the fullest on; the better is taken. After some hundred colours, when there is
 * little to win, those that are left may get colours of their own. A pattern has the same colours
 * everywhere. AD_MISUSE for a star colouring of a pattern that is no lower triangle. */
AD_API AD_MUST_USE ad_colouring *ad_colouring_new(const ad_sparsity *s, ad_colour kind,
                                                  ad_error *error);

/* seeds, [colours, count]: 1 where the colour is the first index, else 0. These are directions for
 * ad_program_jvp (columns; stars, with the program of the gradient) or, one after the other, cotangents
 * for ad_program_vjp (rows). AD_MISUSE if c or seeds is NULL. */
AD_API ad_status ad_colouring_seeds(const ad_colouring *c, double *seeds);

/* value, [entries], from the products with the seeds, [colours, length]. AD_MISUSE if something
 * is NULL. */
AD_API ad_status ad_colouring_recover(const ad_colouring *c, const double *products,
                                      double *value);

/* ---- matrices ----------------------------------------------------------------------- */
/* A has the entries value[e], in the order of the pattern. x and y do not overlap. AD_MISUSE if what is
 * needed is NULL, or a symmetric pattern is not square. */

/* y, [rows], = A x. */
AD_API ad_status ad_sparse_times(const ad_sparsity *s, const double *value, const double *x,
                                 double *y);

/* y, [columns], = A^T x. */
AD_API ad_status ad_sparse_transposed_times(const ad_sparsity *s, const double *value,
                                            const double *x, double *y);

/* y, [rows], = H x of a symmetric H whose lower triangle is given. */
AD_API ad_status ad_sparse_symmetric_times(const ad_sparsity *s, const double *value,
                                           const double *x, double *y);

/* a, [rows, columns] row by row, = A with its zeros. */
AD_API ad_status ad_sparse_to_dense(const ad_sparsity *s, const double *value, double *a);

#ifdef __cplusplus
}
#endif

#endif
