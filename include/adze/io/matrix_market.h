/* Matrix Market: matrices as text, dense ("array") and sparse ("coordinate").
 *
 * Boisvert, Pozo and Remington, "The Matrix Market Exchange Formats", 1996, describe the format.
 * Fields real, integer, unsigned-integer (SciPy's) and pattern, whose numbers are all 1, are read;
 * complex is refused. So are integers that the type cannot hold exactly, and numbers beyond its
 * range. A file may be plain or gzip.
 *
 * Of a symmetric or skew-symmetric matrix the file has the lower triangle; it is read as a whole.
 * (A real hermitian one is symmetric.) Numbers above the diagonal are refused, since it is not
 * clear whether they are meant in addition. */
#ifndef ADZE_IO_MATRIX_MARKET_H
#define ADZE_IO_MATRIX_MARKET_H

#include "adze/array.h"
#include "adze/io/writing.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- dense -------------------------------------------------------------------------- */

/* Reads a matrix [rows, columns] of f32 or f64 from a file of either kind. Numbers for one place
 * are added.
 *
 * `most` bounds what a few coordinates can claim: a coordinate file of more than `most` numbers,
 * rows times columns, is AD_TOO_LARGE, unless the file has as many bytes. 0 stands for 2^20. (An
 * array file has a number for each place, so memory for it is at most 8 bytes for each byte of
 * text.)
 *
 * AD_FORMAT comes with the path, the line, the number of the field in it, the field's text and the
 * reason. *a is written only on success; it is yours, end it with ad_array_free. */
AD_API AD_MUST_USE ad_status ad_matrix_market_read(const char *path, ad_type type, size_t most,
                                                   const ad_allocator *allocator, ad_array *a,
                                                   ad_error *error);

/* Reads a matrix from bytes in memory. Messages call it `name`. */
AD_API AD_MUST_USE ad_status ad_matrix_market_parse(const void *bytes, size_t size,
                                                    const char *name, ad_type type, size_t most,
                                                    const ad_allocator *allocator, ad_array *a,
                                                    ad_error *error);

typedef enum ad_symmetry { AD_GENERAL, AD_SYMMETRIC, AD_SKEW_SYMMETRIC } ad_symmetry;

/* Writes a matrix of f32 or f64 as an array, each number with as few digits as read back the same.
 * Of a symmetric or skew-symmetric one half is written; AD_DOMAIN, with the place, if it is not.
 * AD_BAD_TYPE, AD_BAD_SHAPE. */
AD_API AD_MUST_USE ad_status ad_matrix_market_write(const char *path, ad_view v,
                                                    ad_symmetry symmetry,
                                                    const ad_write_options *options,
                                                    ad_error *error);

/* ---- sparse ------------------------------------------------------------------------- */

/* A matrix as a list of numbers and their places: number values[k] at (rows[k], columns[k]), from
 * 0; everywhere else is 0. A place may come several times: its numbers are meant to be added. */
typedef struct ad_triplets {
    ad_shape shape;         /* rows, columns */
    ad_array rows, columns; /* i64 [n] */
    ad_array values;        /* f64 [n] */
} ad_triplets;

AD_API void ad_triplets_free(ad_triplets *t); /* t may be NULL or hold nothing; leaves it empty */

/* Reads a coordinate file. Numbers come in the order of the file; that of the other half of a
 * symmetric matrix follows its own. Memory is at most 24 bytes for each byte of text, however large
 * the shape is. *t is written only on success; it is yours, end it with ad_triplets_free. */
AD_API AD_MUST_USE ad_status ad_matrix_market_read_triplets(const char *path,
                                                            const ad_allocator *allocator,
                                                            ad_triplets *t, ad_error *error);

/* Reads triplets from bytes in memory. Messages call it `name`. */
AD_API AD_MUST_USE ad_status ad_matrix_market_parse_triplets(const void *bytes, size_t size,
                                                             const char *name,
                                                             const ad_allocator *allocator,
                                                             ad_triplets *t, ad_error *error);

/* Writes triplets as coordinates, in their order. AD_BAD_TYPE, AD_BAD_SHAPE; AD_DOMAIN for a place
 * outside the shape. */
AD_API AD_MUST_USE ad_status ad_matrix_market_write_triplets(const char *path,
                                                             const ad_triplets *t,
                                                             const ad_write_options *options,
                                                             ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
