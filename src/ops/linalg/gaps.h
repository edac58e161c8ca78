/* Steps that the rules of eigenvalues and singular values share. Their vectors turn into each other by quotients over the
 * gaps between values. */
#ifndef ADZE_OPS_LINALG_GAPS_H
#define ADZE_OPS_LINALG_GAPS_H

#include "ops/linalg/linalg.h"

typedef struct ad_gaps {
    ad_workspace *work;
    const ad_shape *shape; /* of the operand */
    ad_matrices values;    /* [count, 1, n]; between them are the gaps */
    const char *name;      /* of the values, in messages */
} ad_gaps;

/* m[i, j] / (values[j] - values[i]) in a new place; 0 on the diagonal. Where two values are equal, `turning`, of which m
 * is made, must be next to 0, and 0 is the result; else the pair is refused. (That m is 0 would not be enough: where
 * parts of m cancel, the quotient has a limit that is not 0.) */
ad_matrices ad_over_gaps(const ad_gaps *g, const ad_matrices *m, const ad_matrices *turning);

/* Lists [count, 1, n] of a view [..., n]; of the diagonals of matrices. Adds lists to diagonals. */
ad_matrices ad_read_lists(ad_workspace *work, const ad_view *list);
ad_matrices ad_diagonals(ad_workspace *work, const ad_matrices *m);
void ad_add_diagonals(const ad_matrices *m, const ad_matrices *list);

#endif
