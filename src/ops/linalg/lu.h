/* What ops keep of a matrix that was eliminated. */
#ifndef ADZE_OPS_LINALG_LU_H
#define ADZE_OPS_LINALG_LU_H

#include "ops/linalg/linalg.h"

/* L, U and the order of rows; in memory that forward saved for the other rules. */
typedef struct ad_eliminated {
    ad_matrices lu;
    int64_t *order;
} ad_eliminated;

/* The bytes to save of operand 0: the rule of an op. */
size_t ad_eliminated_bytes(const ad_type *type, const ad_shape *x, const void *attr);

/* Eliminates a batch of matrices into saved memory; finds them there again. */
ad_eliminated ad_eliminate(ad_workspace *work, const ad_view *a, void *saved);
ad_eliminated ad_eliminated_in(const ad_shape *a, const void *saved);

/* a^-1 b, or a^-T b. NULL data if b has none. */
ad_matrices ad_solve_by(ad_workspace *work, const ad_eliminated *e, const ad_matrices *b,
                        bool transposed);

/* The sign of an order of n: -1 if it takes an odd number of swaps. */
double ad_order_sign(const int64_t *order, int64_t n);

#endif
