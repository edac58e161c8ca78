/* Steps that the rules of eigenvalues and singular values share. */
#include "ops/linalg/gaps.h"

#include <float.h>
#include <math.h>

static double greatest_size(const double *x, int64_t n)
{
    double most = 0;
    for (int64_t i = 0; i < n; i++)
        most = fmax(most, fabs(x[i]));
    return most;
}

static void refuse_pair(const ad_gaps *g, int64_t k, int64_t i, int64_t j)
{
    char place[AD_PLACE_TEXT];
    ad_reject(g->work, AD_DOMAIN, "%s %lld and %lld%s are equal: there is no such derivative",
              g->name, (long long)(i < j ? i : j), (long long)(i < j ? j : i),
              ad_matrix_place(g->shape, k, place));
}

ad_matrices ad_over_gaps(const ad_gaps *g, const ad_matrices *m, const ad_matrices *turning)
{
    int64_t n = m->rows;
    ad_matrices f = ad_zeros_like(g->work, m);
    for (int64_t k = 0; f.data && m->data && turning->data && g->values.data && k < m->count; k++) {
        const double *w = ad_matrices_at(&g->values, k), *x = ad_matrices_at(m, k);
        const double *turns = ad_matrices_at(turning, k);
        double equal = (double)n * DBL_EPSILON * greatest_size(w, n);
        double nothing = 64 * (double)n * DBL_EPSILON * greatest_size(turns, n * n);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++) {
                double gap = w[j] - w[i];
                if (i != j && fabs(gap) > equal)
                    ad_matrices_at(&f, k)[i * n + j] = x[i * n + j] / gap;
                else if (i != j &&
                         !(fmax(fabs(turns[i * n + j]), fabs(turns[j * n + i])) <= nothing)) {
                    refuse_pair(g, k, i, j);
                    return f;
                }
            }
    }
    return f;
}

ad_matrices ad_read_lists(ad_workspace *work, const ad_view *list)
{
    ad_view rows = *list;
    int last = rows.shape.rank - 1;
    rows.shape.dim[last + 1] = rows.shape.dim[last];
    rows.shape.dim[last] = 1;
    rows.shape.rank++;
    return ad_read_matrices(work, &rows);
}

ad_matrices ad_diagonals(ad_workspace *work, const ad_matrices *m)
{
    int64_t n = m->rows;
    ad_matrices list = ad_matrices_new(work, m->count, 1, n);
    for (int64_t k = 0; list.data && m->data && k < m->count; k++)
        for (int64_t i = 0; i < n; i++)
            ad_matrices_at(&list, k)[i] = ad_matrices_at(m, k)[i * (n + 1)];
    return list;
}

void ad_add_diagonals(const ad_matrices *m, const ad_matrices *list)
{
    int64_t n = m->rows;
    for (int64_t k = 0; m->data && list->data && k < m->count; k++)
        for (int64_t i = 0; i < n; i++)
            ad_matrices_at(m, k)[i * (n + 1)] += ad_matrices_at(list, k)[i];
}
