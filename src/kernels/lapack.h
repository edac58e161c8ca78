/* The one door to LAPACK, which a build may do without: then these do nothing and return false, as they do where
 * LAPACK fails. What they were given is lost in either case. All numbers must be finite. */
#ifndef ADZE_KERNELS_LAPACK_H
#define ADZE_KERNELS_LAPACK_H

#include "base/workspace.h"

#include <stdint.h>

/* The eigenvalues w of a symmetric matrix, ascending, and unit vectors in the rows of a. The lower triangle is read. */
bool ad_lapack_eigh(ad_workspace *work, int64_t n, double *a, double *w);

/* a [m, n] = u diag(s) v^T, with u [m, k], s descending, and the vectors of v in the rows of v [k, n]. */
bool ad_lapack_svd(ad_workspace *work, int64_t m, int64_t n, double *a, double *u, double *s,
                   double *v);

/* Of a [n, m], whose rows are the columns of a matrix [m, n]: those of q [k, m] in its place, and r [k, n]. */
bool ad_lapack_qr(ad_workspace *work, int64_t m, int64_t n, double *a, double *r);

#endif
