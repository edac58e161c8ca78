/* All first or second derivatives of a value, put together on the tape before any of them is
 * delivered: a row of numbers for each that is differentiated, in it a segment for each leaf
 * that it is differentiated by. Rows and columns come from passes and sweeps in blocks of unit
 * vectors. */
#ifndef ADZE_DERIVATIVES_ROWS_H
#define ADZE_DERIVATIVES_ROWS_H

#include "derivatives/record.h"

typedef struct ad_segment {
    size_t count; /* numbers of the leaf */
    size_t start; /* bytes from the start of a row */
    size_t size;  /* bytes of a number */
} ad_segment;

typedef struct ad_rows {
    const ad_record *of;
    ad_segment *leaf; /* [n] */
    size_t numbers;   /* of all leaves */
    size_t bytes;     /* of a row */
    size_t rows;
    char *data;     /* [rows][bytes] */
    char *unit[2];  /* of each float type: zeros around a one, see rows.c */
    size_t reach;   /* how many zeros on either side */
    int block;      /* unit vectors at a time, at most */
    ad_view *seeds; /* [block] */
} ad_rows;

/* Measures the leaves of a record; for passes along unit vectors of them, or of y if that is not
 * NULL. Nothing to end; false with an error on the tape. */
bool ad_rows_begin(ad_rows *r, const ad_record *of, const ad_view *y);

/* Takes room for the rows, uninitialised. */
bool ad_rows_take(ad_rows *r, size_t rows);

/* The unit vectors from the first-th on of a value, as r->seeds: how many, at most `count` and a
 * block. */
int ad_rows_seeds(const ad_rows *r, const ad_view *y, size_t first, size_t count);

/* Pushes the unit vectors from the first-th on of all leaves together to the record's value: how
 * many, or 0 with an error. */
int ad_rows_push(const ad_rows *r, size_t first);

/* Where the number of all leaves that is the c-th has its place in a row; sets the leaf. */
size_t ad_rows_place(const ad_rows *r, size_t c, int *leaf);

/* Fills a row with what is read of the leaves, the j-th of each. */
void ad_rows_put(const ad_rows *r, size_t row, ad_reader *read, int j);

/* The segments of leaf i in the rows from one on, as so many as `axes` has numbers: those axes,
 * then the leaf's. And those of all leaves, [n], on the tape: NULL with an error. */
ad_view ad_rows_view(const ad_rows *r, size_t row, const ad_shape *axes, int i);
ad_view *ad_rows_views(const ad_rows *r, const ad_shape *axes);

/* False with an error if these axes and those of a leaf are too many. */
bool ad_rows_fit(const ad_rows *r, const ad_shape *axes);

#endif
