/* Linear algebra by plain loops. */
#include "bare_linalg.h"

#include <math.h>
#include <string.h>

void bare_cholesky(int64_t n, double *a)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++) {
            double sum = a[i * n + j];
            for (int64_t k = 0; k < j; k++)
                sum -= a[i * n + k] * a[j * n + k];
            a[i * n + j] = i == j ? sqrt(sum) : sum / a[j * n + j];
        }
}

void bare_cholesky_back(int64_t n, const double *l, double *g)
{
    for (int64_t j = n - 1; j >= 0; j--) {
        double d = g[j * n + j];
        for (int64_t i = j + 1; i < n; i++) {
            g[i * n + j] /= l[j * n + j];
            d -= l[i * n + j] * g[i * n + j];
        }
        d /= l[j * n + j];
        for (int64_t k = 0; k < j; k++)
            g[j * n + k] -= d * l[j * n + k];
        for (int64_t i = j + 1; i < n; i++)
            for (int64_t k = 0; k < j; k++) {
                g[j * n + k] -= g[i * n + j] * l[i * n + k];
                g[i * n + k] -= g[i * n + j] * l[j * n + k];
            }
        g[j * n + j] = d / 2;
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++)
            g[i * n + j] = g[j * n + i] = g[i * n + j] / 2;
}

static void bring_pivot(int64_t n, int64_t k, double *a, int64_t *order)
{
    int64_t at = k;
    for (int64_t i = k + 1; i < n; i++)
        at = fabs(a[i * n + k]) > fabs(a[at * n + k]) ? i : at;
    int64_t kept = order[k];
    order[k] = order[at];
    order[at] = kept;
    for (int64_t j = 0; j < n; j++) {
        double x = a[k * n + j];
        a[k * n + j] = a[at * n + j];
        a[at * n + j] = x;
    }
}

void bare_solve(int64_t n, double *a, int64_t *order, double *b)
{
    double x[64];
    for (int64_t i = 0; i < n; i++)
        order[i] = i;
    for (int64_t k = 0; k < n; k++) {
        bring_pivot(n, k, a, order);
        for (int64_t i = k + 1; i < n; i++) {
            double l = a[i * n + k] /= a[k * n + k];
            for (int64_t j = k + 1; j < n; j++)
                a[i * n + j] -= l * a[k * n + j];
        }
    }
    for (int64_t i = 0; i < n; i++) {
        x[i] = b[order[i]];
        for (int64_t j = 0; j < i; j++)
            x[i] -= a[i * n + j] * x[j];
    }
    for (int64_t i = n - 1; i >= 0; i--) {
        for (int64_t j = i + 1; j < n; j++)
            x[i] -= a[i * n + j] * x[j];
        x[i] /= a[i * n + i];
    }
    memcpy(b, x, (size_t)n * sizeof *b);
}

void bare_solve_back(int64_t n, const double *lu, const int64_t *order, const double *b, double *x)
{
    double y[64];
    for (int64_t i = 0; i < n; i++) {
        y[i] = b[i];
        for (int64_t j = 0; j < i; j++)
            y[i] -= lu[j * n + i] * y[j];
        y[i] /= lu[i * n + i];
    }
    for (int64_t i = n - 1; i >= 0; i--)
        for (int64_t j = i + 1; j < n; j++)
            y[i] -= lu[j * n + i] * y[j];
    for (int64_t i = 0; i < n; i++)
        x[order[i]] = y[i];
}

static void rotate(int64_t n, int64_t p, int64_t q, double *a, double *v)
{
    double d = a[q * n + q] - a[p * n + p], h = 2 * a[p * n + q], r = sqrt(d * d + h * h);
    double t = r == 0 ? 0 : h / (d < 0 ? d - r : d + r), c = 1 / sqrt(1 + t * t), s = t * c;
    for (int64_t k = 0; k < n; k++) {
        double x = a[p * n + k], y = a[q * n + k];
        a[p * n + k] = c * x - s * y;
        a[q * n + k] = s * x + c * y;
    }
    for (int64_t k = 0; k < n; k++) {
        double x = a[k * n + p], y = a[k * n + q];
        a[k * n + p] = c * x - s * y;
        a[k * n + q] = s * x + c * y;
        x = v[k * n + p], y = v[k * n + q];
        v[k * n + p] = c * x - s * y;
        v[k * n + q] = s * x + c * y;
    }
}

void bare_eigh(int64_t n, double *a, double *v)
{
    enum { SWEEPS = 8 };
    for (int64_t i = 0; i < n * n; i++)
        v[i] = i % (n + 1) == 0;
    for (int sweep = 0; sweep < SWEEPS; sweep++)
        for (int64_t p = 0; p < n; p++)
            for (int64_t q = p + 1; q < n; q++)
                if (a[p * n + q] != 0)
                    rotate(n, p, q, a, v);
}

void bare_lower(int64_t n, const double *l, double *b)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < i; j++)
            b[i] -= l[i * n + j] * b[j];
        b[i] /= l[i * n + i];
    }
}

void bare_lower_back(int64_t n, const double *l, double *b)
{
    for (int64_t i = n - 1; i >= 0; i--) {
        b[i] /= l[i * n + i];
        for (int64_t j = 0; j < i; j++)
            b[j] -= l[i * n + j] * b[i];
    }
}
