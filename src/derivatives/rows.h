/* All first or second derivatives of a value, put together on the tape before any of them is delivered: a row
 * of numbers for each that is differentiated, in it a segment for each leaf that it is differentiated by.
 * Rows and columns come from passes and sweeps in blocks of unit vectors. */
#ifndef ADZE_DERIVATIVES_ROWS_H
#define ADZE_DERIVATIVES_ROWS_H

#include "derivatives/parts.h"

typedef struct ad_segment {
    size_t count; /* numbers of the leaf */
    size_t start; /* bytes from the start of a row */
    size_t size;  /* bytes of a number */
} ad_segment;

typedef struct ad_rows {
    ad_tape *tape;
    const char *name; /* of the operator */
    int n;
    const ad_tensor *x; /* [n] watched leaves */
    ad_segment *leaf;   /* [n] */
    size_t numbers;     /* of all leaves */
    size_t bytes;       /* of a row */
    size_t rows;
    char *data;     /* [rows][bytes] */
    char *unit[2];  /* of each float type: zeros around a one, see rows.c */
    size_t reach;   /* how many zeros on either side */
    int block;      /* unit vectors at a time, at most */
    ad_view *seeds; /* [block] */
} ad_rows;

/* Measures n leaves; for passes along unit vectors of them, or of y if that is not NULL. Nothing to end;
 * false with an error on the tape. */
bool ad_rows_begin(ad_rows *r, const char *name, ad_tape *t, int n, const ad_tensor *x,
                   const ad_view *y);

/* Takes room for the rows, uninitialised. */
bool ad_rows_take(ad_rows *r, size_t rows);

/* The unit vectors from the first-th on of a value, as r->seeds: how many, at most `count` and a block. */
int ad_rows_seeds(const ad_rows *r, const ad_view *y, size_t first, size_t count);

/* Pushes the unit vectors from the first-th on of all leaves together to y: how many, or 0 with
 * an error. */
int ad_rows_push(const ad_rows *r, ad_tensor y, size_t first);

/* Where the number of all leaves that is the c-th has its place in a row; sets the leaf. */
size_t ad_rows_place(const ad_rows *r, size_t c, int *leaf);

/* Fills a row with what is read of the leaves, the j-th of each. */
void ad_rows_put(const ad_rows *r, size_t row, ad_reader *read, int j);

/* The segments of leaf i in the rows from one on, as so many as `axes` has numbers: those axes, then the
 * leaf's. */
ad_view ad_rows_view(const ad_rows *r, size_t row, const ad_shape *axes, int i);

/* False with an error if these axes and those of a leaf are too many. */
bool ad_rows_fit(const ad_rows *r, const ad_shape *axes);

/* Those of jacobian.c and hessian.c: the rows of y, and with a row for each number of the leaves, which after
 * it have gradients; or the diagonal alone, as one row. */
bool ad_jacobian_rows(ad_rows *r, ad_tape *t, ad_tensor y, int n, const ad_tensor *x, ad_mode mode);
bool ad_hessian_rows(ad_rows *r, ad_tape *t, ad_tensor y, int n, const ad_tensor *x);
bool ad_hessian_diagonal_row(ad_rows *r, ad_tape *t, ad_tensor y, int n, const ad_tensor *x);

#endif
