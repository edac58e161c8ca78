/* The one door to LAPACK. Rows of ours are columns of its, so that a matrix is seen transposed, and its lower triangle as
 * the upper. The `_work` forms take memory of ours, and no copies. */
#include "kernels/lapack.h"

#ifndef AD_LAPACK

bool ad_lapack_eigh(ad_workspace *work, int64_t n, double *a, double *w)
{
    (void)work, (void)n, (void)a, (void)w;
    return false;
}

bool ad_lapack_svd(ad_workspace *work, int64_t m, int64_t n, double *a, double *u, double *s,
                   double *v)
{
    (void)work, (void)m, (void)n, (void)a, (void)u, (void)s, (void)v;
    return false;
}

bool ad_lapack_qr(ad_workspace *work, int64_t m, int64_t n, double *a, double *r)
{
    (void)work, (void)m, (void)n, (void)a, (void)r;
    return false;
}

#else

#include <lapacke.h>

/* What is too large for its integers is not for it. */
static bool fits(int64_t m, int64_t n)
{
    enum { MOST = 30000 };
    return m > 0 && n > 0 && m <= MOST && n <= MOST;
}

bool ad_lapack_eigh(ad_workspace *work, int64_t n, double *a, double *w)
{
    double size = 0;
    lapack_int size_int = 0, order = (lapack_int)n;
    if (!fits(n, n) || LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'U', order, a, order, w, &size,
                                           -1, &size_int, -1))
        return false;
    double *room = ad_scratch(work, (size_t)size * sizeof *room);
    lapack_int *ints = ad_scratch(work, (size_t)size_int * sizeof *ints);
    return room && ints &&
           LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, 'V', 'U', order, a, order, w, room,
                               (lapack_int)size, ints, size_int) == 0;
}

/* a^T = v diag(s) u^T is what it computes. */
bool ad_lapack_svd(ad_workspace *work, int64_t m, int64_t n, double *a, double *u, double *s,
                   double *v)
{
    double size = 0;
    int64_t k = m < n ? m : n;
    lapack_int rows = (lapack_int)n, columns = (lapack_int)m, least = (lapack_int)k;
    if (!fits(m, n) || LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, 'S', rows, columns, a, rows, s, v,
                                           rows, u, least, &size, -1, NULL))
        return false;
    double *room = ad_scratch(work, (size_t)size * sizeof *room);
    lapack_int *ints = ad_scratch(work, 8 * (size_t)k * sizeof *ints);
    return room && ints &&
           LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, 'S', rows, columns, a, rows, s, v, rows, u, least,
                               room, (lapack_int)size, ints) == 0;
}

bool ad_lapack_qr(ad_workspace *work, int64_t m, int64_t n, double *a, double *r)
{
    double size[2] = {0};
    int64_t k = m < n ? m : n;
    lapack_int rows = (lapack_int)m, columns = (lapack_int)n, least = (lapack_int)k;
    double *factors = ad_scratch(work, (size_t)(k + 1) * sizeof *factors);
    if (!fits(m, n) || !factors ||
        LAPACKE_dgeqrf_work(LAPACK_COL_MAJOR, rows, columns, a, rows, factors, &size[0], -1) ||
        LAPACKE_dorgqr_work(LAPACK_COL_MAJOR, rows, least, least, a, rows, factors, &size[1], -1))
        return false;
    lapack_int most = (lapack_int)(size[0] > size[1] ? size[0] : size[1]);
    double *room = ad_scratch(work, (size_t)most * sizeof *room);
    if (!room || LAPACKE_dgeqrf_work(LAPACK_COL_MAJOR, rows, columns, a, rows, factors, room, most))
        return false;
    for (int64_t i = 0; i < k; i++)
        for (int64_t j = 0; j < n; j++)
            r[i * n + j] = j < i ? 0 : a[j * m + i];
    return LAPACKE_dorgqr_work(LAPACK_COL_MAJOR, rows, least, least, a, rows, factors, room,
                               most) == 0;
}

#endif
