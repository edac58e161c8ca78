/* Cofactors of matrices that may be singular, of any rank. A matrix with its rows and columns in another order is
 * L D Y, where elimination that looks for its pivots everywhere leaves L and Y with ones on their diagonals and far
 * from singular, and zeros only in D. With e = +-1 for the order,
 *
 *     C  = e L^-T diag(p_i) Y^-T,  p_i the product of all of D but number i
 *     tC = e L^-T W Y^-T,  Z = L^-1 ta Y^-1
 *          W_ii = the sum over j of p_ij Z_jj,  W_ij = -p_ij Z_ji,  p_ij the product without i and j */
#include "ops/linalg/cofactors.h"

#include "ops/linalg/lu.h"

#include <math.h>

/* L below the diagonal, Y above it. */
typedef struct decomposed {
    ad_matrices ly;
    double *d;               /* D of each matrix, [count, n] */
    int64_t *rows, *columns; /* in their order, likewise */
} decomposed;

static void swap_columns(double *a, int64_t n, int64_t i, int64_t j)
{
    for (int64_t k = 0; k < n; k++) {
        double x = a[k * n + i];
        a[k * n + i] = a[k * n + j];
        a[k * n + j] = x;
    }
}

static void swap_rows(double *a, int64_t n, int64_t i, int64_t j)
{
    for (int64_t k = 0; k < n; k++) {
        double x = a[i * n + k];
        a[i * n + k] = a[j * n + k];
        a[j * n + k] = x;
    }
}

static void swap_places(int64_t *order, int64_t i, int64_t j)
{
    int64_t kept = order[i];
    order[i] = order[j];
    order[j] = kept;
}

/* Brings the greatest number that is left to row and column k. */
static void bring_greatest(double *a, int64_t n, int64_t k, int64_t *rows, int64_t *columns)
{
    int64_t row = k, column = k;
    for (int64_t i = k; i < n; i++)
        for (int64_t j = k; j < n; j++)
            if (fabs(a[i * n + j]) > fabs(a[row * n + column])) {
                row = i;
                column = j;
            }
    swap_rows(a, n, k, row);
    swap_columns(a, n, k, column);
    swap_places(rows, k, row);
    swap_places(columns, k, column);
}

/* One matrix becomes L and Y. */
static void decompose_one(double *a, int64_t n, double *d, int64_t *rows, int64_t *columns)
{
    for (int64_t k = 0; k < n; k++)
        rows[k] = columns[k] = k;
    for (int64_t k = 0; k < n; k++) {
        bring_greatest(a, n, k, rows, columns);
        d[k] = a[k * n + k];
        double below = d[k] == 0 ? 1 : d[k]; /* then all that is left is 0 */
        for (int64_t i = k + 1; i < n; i++) {
            double l = a[i * n + k] /= below;
            for (int64_t j = k + 1; j < n; j++)
                a[i * n + j] -= l * a[k * n + j];
        }
        for (int64_t j = k + 1; j < n; j++)
            a[k * n + j] /= below;
    }
}

/* NULL data if memory ran out. */
static decomposed decompose(ad_workspace *work, const ad_view *a)
{
    decomposed o = {.ly = ad_take_matrices(work, a)};
    int64_t n = o.ly.rows;
    size_t places = (size_t)(o.ly.count * n) + 1;
    o.d = ad_scratch(work, places * sizeof *o.d);
    o.rows = ad_scratch(work, places * sizeof *o.rows);
    o.columns = ad_scratch(work, places * sizeof *o.columns);
    if (!o.d || !o.rows || !o.columns)
        o.ly.data = NULL;
    for (int64_t k = 0; o.ly.data && k < o.ly.count; k++)
        decompose_one(ad_matrices_at(&o.ly, k), n, o.d + k * n, o.rows + k * n, o.columns + k * n);
    return o;
}

/* The product of n numbers but i and j. */
static double product_without(const double *d, int64_t n, int64_t i, int64_t j)
{
    double p = 1;
    for (int64_t k = 0; k < n; k++)
        p *= k == i || k == j ? 1 : d[k];
    return p;
}

/* diag(p_i) */
static ad_matrices first_products(ad_workspace *work, const decomposed *o)
{
    int64_t n = o->ly.rows;
    ad_matrices m = ad_zeros_like(work, &o->ly);
    for (int64_t k = 0; o->ly.data && m.data && k < m.count; k++)
        for (int64_t i = 0; i < n; i++)
            ad_matrices_at(&m, k)[i * (n + 1)] = product_without(o->d + k * n, n, i, i);
    return m;
}

/* W, from Z */
static ad_matrices second_products(ad_workspace *work, const decomposed *o, const ad_matrices *z)
{
    int64_t n = o->ly.rows;
    ad_matrices m = ad_zeros_like(work, z);
    for (int64_t k = 0; o->ly.data && m.data && z->data && k < m.count; k++) {
        double *w = ad_matrices_at(&m, k);
        const double *x = ad_matrices_at(z, k);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++) {
                double p = i == j ? 0 : product_without(o->d + k * n, n, i, j);
                w[i * (n + 1)] += p * x[j * (n + 1)];
                w[i * n + j] -= p * x[j * n + i];
            }
    }
    return m;
}

/* Number [i, j] of the one is number [rows[i], columns[j]] of the other. */
static ad_matrices in_order(ad_workspace *work, const decomposed *o, const ad_matrices *m)
{
    int64_t n = m->rows;
    ad_matrices to = ad_matrices_like(work, m);
    for (int64_t k = 0; o->ly.data && m->data && to.data && k < m->count; k++)
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++)
                ad_matrices_at(&to, k)[i * n + j] =
                    ad_matrices_at(m, k)[o->rows[k * n + i] * n + o->columns[k * n + j]];
    return to;
}

/* e L^-T m Y^-T, in the order of a. m is lost. */
static ad_matrices from_within(ad_workspace *work, const decomposed *o, const ad_matrices *m)
{
    int64_t n = m->rows;
    ad_matrices to = ad_matrices_like(work, m);
    ad_substitute(work, &o->ly, m, AD_UNIT_DIAGONAL | AD_TRANSPOSED);
    ad_substitute(work, &o->ly, m, AD_UPPER | AD_UNIT_DIAGONAL | AD_TRANSPOSED | AD_RIGHT);
    for (int64_t k = 0; o->ly.data && m->data && to.data && k < m->count; k++) {
        double e = ad_order_sign(o->rows + k * n, n) * ad_order_sign(o->columns + k * n, n);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++)
                ad_matrices_at(&to, k)[o->rows[k * n + i] * n + o->columns[k * n + j]] =
                    e * ad_matrices_at(m, k)[i * n + j];
    }
    return to;
}

ad_matrices ad_any_cofactors(ad_workspace *work, const ad_view *a)
{
    decomposed o = decompose(work, a);
    ad_matrices m = first_products(work, &o);
    return from_within(work, &o, &m);
}

ad_matrices ad_any_bent_cofactors(ad_workspace *work, const ad_view *a, const ad_view *tx)
{
    decomposed o = decompose(work, a);
    ad_matrices ta = ad_read_matrices(work, tx), z = in_order(work, &o, &ta);
    ad_substitute(work, &o.ly, &z, AD_UNIT_DIAGONAL);
    ad_substitute(work, &o.ly, &z, AD_UPPER | AD_UNIT_DIAGONAL | AD_RIGHT);
    ad_matrices m = second_products(work, &o, &z);
    return from_within(work, &o, &m);
}
