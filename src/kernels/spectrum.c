/* Eigenvalues and singular values, by rotations (Jacobi), and orthogonal factors, by reflections (Householder).
 *
 * Rotations are slower than what LAPACK does to large matrices, and so they are left to it, if there is one; but they
 * are simple, and exact to the last digits. Eigenvalues of small matrices go across the lanes of vectors. Those of
 * large ones are singular values of a + c, with c so large that none is negative. */
#include "kernels/spectrum.h"

#include "kernels/factor_kernel.h"
#include "kernels/lapack.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- units ----------------------------------------------------------------------------- */

/* A power of two by which the greatest size becomes about 1, where squares would vanish or overflow; else 1. */
static double unit_of(const double *x, int64_t n)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++)
        most = fmax(most, fabs(x[i]));
    bool fits = most == 0 || (most > 1e-100 && most < 1e100);
    return fits ? 1 : ldexp(1, -(int)fmin(fmax(ilogb(most), -1000), 1000));
}

static void scale(double *x, int64_t n, double s)
{
    for (int64_t i = 0; s != 1 && i < n; i++)
        x[i] *= s;
}

static double dot(const double *x, const double *y, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i] * y[i];
    return sum;
}

/* ---- singular values --------------------------------------------------------------------- */

static void turn(double *x, double *y, int64_t n, double sine, double cosine)
{
    for (int64_t i = 0; i < n; i++) {
        double a = x[i], b = y[i];
        x[i] = cosine * a - sine * b;
        y[i] = sine * a + cosine * b;
    }
}

/* Turns rows p and q of u to a right angle, and those of v alike. False if they were there. */
static bool make_right(double *p, double *q, int64_t m, double *v_p, double *v_q, int64_t n)
{
    double pp = dot(p, p, m), qq = dot(q, q, m), pq = dot(p, q, m);
    if (!(fabs(pq) > DBL_EPSILON * sqrt((double)m) * sqrt(pp) * sqrt(qq)))
        return false;
    double d = qq - pp, r = hypot(d, 2 * pq), t = 2 * pq / (d < 0 ? d - r : d + r);
    double cosine = 1 / sqrt(1 + t * t), sine = t * cosine;
    turn(p, q, m, sine, cosine);
    turn(v_p, v_q, n, sine, cosine);
    return true;
}

/* The n rows of u, each of m numbers, become at right angles to each other (Hestenes). */
static void make_all_right(double *u, double *v, int64_t n, int64_t m)
{
    enum { MOST_SWEEPS = 60 };
    bool turned = true;
    for (int sweep = 0; turned && sweep < MOST_SWEEPS; sweep++) {
        turned = false;
        for (int64_t p = 0; p < n; p++)
            for (int64_t q = p + 1; q < n; q++)
                if (make_right(u + p * m, u + q * m, m, v + p * n, v + q * n, n))
                    turned = true;
    }
}

/* Row k becomes a unit vector at right angles to those before it: of the axes, what is left of the one that has most
 * left. */
static void complete(double *u, int64_t k, int64_t m)
{
    double *row = u + k * m, most = -1;
    int64_t axis = 0;
    for (int64_t i = 0; i < m; i++) {
        double left = 1;
        for (int64_t j = 0; j < k; j++)
            left -= u[j * m + i] * u[j * m + i];
        if (left > most) {
            most = left;
            axis = i;
        }
    }
    for (int64_t i = 0; i < m; i++)
        row[i] = i == axis;
    for (int times = 0; times < 2; times++)
        for (int64_t j = 0; j < k; j++) {
            double along = dot(u + j * m, row, m);
            for (int64_t i = 0; i < m; i++)
                row[i] -= along * u[j * m + i];
        }
    scale(row, m, 1 / sqrt(dot(row, row, m)));
}

static void swap(double *x, double *y, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        double a = x[i];
        x[i] = y[i];
        y[i] = a;
    }
}

/* The rows of u become unit vectors, their lengths s, the longest first. */
static void measure(double *u, double *v, double *s, int64_t n, int64_t m)
{
    for (int64_t k = 0; k < n; k++)
        s[k] = sqrt(dot(u + k * m, u + k * m, m));
    for (int64_t k = 0; k < n; k++) {
        int64_t at = k;
        for (int64_t i = k + 1; i < n; i++)
            at = s[i] > s[at] ? i : at;
        if (at != k) {
            swap(s + k, s + at, 1);
            swap(u + k * m, u + at * m, m);
            swap(v + k * n, v + at * n, n);
        }
        if (s[k] > 0)
            scale(u + k * m, m, 1 / s[k]);
        else
            complete(u, k, m);
    }
}

static void set_identity(double *v, int64_t n)
{
    for (int64_t i = 0; i < n * n; i++)
        v[i] = i % (n + 1) == 0;
}

static void transpose(const double *from, int64_t rows, int64_t columns, double *to)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            to[j * rows + i] = from[i * columns + j];
}

/* Of one matrix whose n columns are the rows of `columns`, n up to m: those become u's, v those of v. */
static void decompose(double *columns, double *v, double *s, int64_t n, int64_t m)
{
    double unit = unit_of(columns, n * m);
    set_identity(v, n);
    scale(columns, n * m, unit);
    make_all_right(columns, v, n, m);
    measure(columns, v, s, n, m);
    scale(s, n, 1 / unit);
}

/* By LAPACK, where matrices are large and there is one. copy has room for a matrix, since what LAPACK is given is lost. */
static bool svd_by_lapack(ad_workspace *work, const ad_matrices *a, int64_t k, double *copy,
                          double *rows, const ad_matrices *u, const ad_matrices *s,
                          const ad_matrices *v)
{
    int64_t m = a->rows, n = a->columns;
    memcpy(copy, ad_matrices_at(a, k), (size_t)(m * n) * sizeof *copy);
    if (s->columns <= AD_SMALL ||
        !ad_lapack_svd(work, m, n, copy, ad_matrices_at(u, k), ad_matrices_at(s, k), rows))
        return false;
    transpose(rows, s->columns, n, ad_matrices_at(v, k));
    return true;
}

void ad_matrices_svd(ad_workspace *work, const ad_matrices *a, const ad_matrices *u,
                     const ad_matrices *s, const ad_matrices *v)
{
    bool wide = a->columns > a->rows;
    int64_t m = wide ? a->columns : a->rows, n = wide ? a->rows : a->columns;
    double *left = ad_scratch(work, (size_t)(n * m + 1) * sizeof *left);
    double *right = ad_scratch(work, (size_t)(n * n + 1) * sizeof *right);
    double *rows = ad_scratch(work, (size_t)(n * m + 1) * sizeof *rows);
    for (int64_t k = 0; left && right && rows && k < a->count; k++) {
        ad_arena_mark start = ad_arena_here(work->arena);
        bool done = svd_by_lapack(work, a, k, left, rows, u, s, v);
        ad_arena_return(work->arena, start);
        if (done)
            continue;
        if (wide)
            memcpy(left, ad_matrices_at(a, k), (size_t)(n * m) * sizeof *left);
        else
            transpose(ad_matrices_at(a, k), m, n, left);
        decompose(left, right, ad_matrices_at(s, k), n, m);
        transpose(left, n, m, ad_matrices_at(wide ? v : u, k));
        transpose(right, n, n, ad_matrices_at(wide ? u : v, k));
    }
}

/* ---- eigenvalues ------------------------------------------------------------------------- */

/* Both triangles from the lower. */
static void mirror(double *a, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++)
            a[j * n + i] = a[i * n + j];
}

/* The vectors in the rows of `rows` go to the columns of v, the least value first. */
static void sort_pairs(double *w, double *rows, double *v, int64_t n)
{
    for (int64_t k = 0; k < n; k++) {
        int64_t at = k;
        for (int64_t i = k + 1; i < n; i++)
            at = w[i] < w[at] ? i : at;
        if (at != k) {
            swap(w + k, w + at, 1);
            swap(rows + k * n, rows + at * n, n);
        }
    }
    transpose(rows, n, n, v);
}

static void small_eigh(ad_workspace *work, const ad_matrices *a, const ad_matrices *w,
                       const ad_matrices *v)
{
    int64_t n = a->rows;
    ad_matrices rows = ad_matrices_new(work, a->count, n, n);
    if (!rows.data)
        return;
    for (int64_t k = 0; k < a->count; k++) {
        double *one = ad_matrices_at(a, k), unit = unit_of(one, n * n);
        mirror(one, n);
        scale(one, n * n, unit);
        ad_matrices_at(w, k)[0] = unit;
    }
    ad_matrices_rotate(work, a, &rows);
    for (int64_t k = 0; k < a->count; k++) {
        double *values = ad_matrices_at(w, k), unit = values[0];
        for (int64_t i = 0; i < n; i++)
            values[i] = ad_matrices_at(a, k)[i * (n + 1)] / unit;
        sort_pairs(values, ad_matrices_at(&rows, k), ad_matrices_at(v, k), n);
    }
}

static void large_eigh(ad_workspace *work, const ad_matrices *a, const ad_matrices *w,
                       const ad_matrices *v)
{
    int64_t n = a->rows;
    double *rows = ad_scratch(work, (size_t)(n * n) * sizeof *rows);
    for (int64_t k = 0; rows && k < a->count; k++) {
        double *one = ad_matrices_at(a, k), *values = ad_matrices_at(w, k);
        memcpy(rows, one, (size_t)(n * n) * sizeof *rows);
        ad_arena_mark start = ad_arena_here(work->arena);
        bool done = ad_lapack_eigh(work, n, rows, values);
        ad_arena_return(work->arena, start);
        if (done) {
            transpose(rows, n, n, ad_matrices_at(v, k));
            continue;
        }
        mirror(one, n);
        double unit = unit_of(one, n * n);
        scale(one, n * n, unit);
        double shift = sqrt(dot(one, one, n * n));
        for (int64_t i = 0; i < n; i++)
            one[i * (n + 1)] += shift;
        decompose(one, rows, values, n, n);
        for (int64_t i = 0; i < n; i++)
            values[i] = (values[i] - shift) / unit;
        sort_pairs(values, rows, ad_matrices_at(v, k), n);
    }
}

void ad_matrices_eigh(ad_workspace *work, const ad_matrices *a, const ad_matrices *w,
                      const ad_matrices *v)
{
    if (a->rows == 0)
        return;
    if (a->rows <= AD_SMALL)
        small_eigh(work, a, w, v);
    else
        large_eigh(work, a, w, v);
}

/* ---- reflections ------------------------------------------------------------------------- */

/* x -= t h (h . x) for column j of rows from k on: h is column k below the diagonal, and 1 there. */
static void reflect(double *a, int64_t m, int64_t n, int64_t k, double t, double *x, int64_t step)
{
    double along = x[k * step];
    for (int64_t i = k + 1; i < m; i++)
        along += a[i * n + k] * x[i * step];
    along *= t;
    x[k * step] -= along;
    for (int64_t i = k + 1; i < m; i++)
        x[i * step] -= along * a[i * n + k];
}

/* Column k becomes r's on and above the diagonal, and the vector of its reflection below. Returns the factor t. */
static double find_reflection(double *a, int64_t m, int64_t n, int64_t k)
{
    double head = a[k * n + k], below = 0;
    for (int64_t i = k + 1; i < m; i++)
        below = hypot(below, a[i * n + k]);
    if (below == 0)
        return 0;
    double length = hypot(head, below), r = head > 0 ? -length : length;
    for (int64_t i = k + 1; i < m; i++)
        a[i * n + k] /= head - r;
    a[k * n + k] = r;
    return (r - head) / r;
}

static void qr_one(double *a, int64_t m, int64_t n, double *factors, double *q, double *r)
{
    int64_t k = m < n ? m : n;
    for (int64_t j = 0; j < k; j++) {
        factors[j] = find_reflection(a, m, n, j);
        for (int64_t c = j + 1; c < n; c++)
            reflect(a, m, n, j, factors[j], a + c, n);
    }
    for (int64_t i = 0; i < k; i++)
        for (int64_t j = 0; j < n; j++)
            r[i * n + j] = j < i ? 0 : a[i * n + j];
    for (int64_t i = 0; i < m * k; i++)
        q[i] = i / k == i % k;
    for (int64_t j = k - 1; j >= 0; j--)
        for (int64_t c = j; c < k; c++)
            reflect(a, m, n, j, factors[j], q + c, k);
}

static bool qr_by_lapack(ad_workspace *work, const double *a, int64_t m, int64_t n, double *columns,
                         double *q, double *r)
{
    int64_t k = m < n ? m : n;
    if (k <= AD_SMALL)
        return false;
    transpose(a, m, n, columns);
    if (!ad_lapack_qr(work, m, n, columns, r))
        return false;
    transpose(columns, k, m, q);
    return true;
}

void ad_matrices_qr(ad_workspace *work, const ad_matrices *a, const ad_matrices *q,
                    const ad_matrices *r)
{
    double *factors = ad_scratch(work, (size_t)(a->columns + 1) * sizeof *factors);
    double *columns = ad_scratch(work, (size_t)(a->rows * a->columns + 1) * sizeof *columns);
    for (int64_t k = 0; factors && columns && k < a->count; k++) {
        ad_arena_mark start = ad_arena_here(work->arena);
        double *q_at = ad_matrices_at(q, k), *r_at = ad_matrices_at(r, k);
        bool done =
            qr_by_lapack(work, ad_matrices_at(a, k), a->rows, a->columns, columns, q_at, r_at);
        ad_arena_return(work->arena, start);
        if (!done)
            qr_one(ad_matrices_at(a, k), a->rows, a->columns, factors, q_at, r_at);
    }
}
