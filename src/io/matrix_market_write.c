/* Writing Matrix Market. */
#include "io/matrix_market.h"

#include "io/text_numbers.h"

#include <inttypes.h>
#include <math.h>

/* ---- dense matrices ---------------------------------------------------------------------- */

typedef struct content {
    ad_view v;
    ad_symmetry symmetry;
} content;

static double number_at(const ad_view *v, int64_t i, int64_t j)
{
    return ad_view_get(v, (size_t)(i * v->shape.dim[1] + j));
}

static ad_status check_symmetry(const content *c, ad_error *error)
{
    const ad_view *v = &c->v;
    bool skew = c->symmetry == AD_SKEW_SYMMETRIC;
    if (c->symmetry == AD_GENERAL)
        return AD_OK;
    if (v->shape.dim[0] != v->shape.dim[1])
        return ad_fail(error, AD_BAD_SHAPE,
                       "matrix_market_write: %" PRId64 " x %" PRId64 " cannot be symmetric",
                       v->shape.dim[0], v->shape.dim[1]);
    for (int64_t i = 0; i < v->shape.dim[0]; i++)
        for (int64_t j = 0; j <= i; j++) {
            double below = number_at(v, i, j), above = number_at(v, j, i);
            if (!(below == (skew ? -above : above) ||
                  (isnan(below) && isnan(above) && !(skew && i == j))))
                return ad_fail(error, AD_DOMAIN,
                               "matrix_market_write: not %ssymmetric: %g at (%" PRId64 ", %" PRId64
                               "), and %g at (%" PRId64 ", %" PRId64 ")",
                               skew ? "skew-" : "", below, i, j, above, j, i);
        }
    return AD_OK;
}

static void put_array(ad_text_writer *w, const void *of)
{
    static const char *const names[] = {"general", "symmetric", "skew-symmetric"};
    const content *c = of;
    const int64_t rows = c->v.shape.dim[0], columns = c->v.shape.dim[1];
    ad_text_print(w, "%%%%MatrixMarket matrix array real %s\n%" PRId64 " %" PRId64 "\n",
                  names[c->symmetry], rows, columns);
    for (int64_t j = 0; j < columns && rows > 0; j++)
        for (int64_t i = ad_first_row(c->symmetry, j); i < rows && w->status == AD_OK; i++) {
            ad_text_put_number(w, c->v.type, number_at(&c->v, i, j));
            ad_text_put(w, "\n", 1);
        }
}

ad_status ad_matrix_market_write(const char *path, ad_view v, ad_symmetry symmetry,
                                 const ad_write_options *options, ad_error *error)
{
    content c = {v, symmetry};
    if (!path)
        return ad_fail(error, AD_MISUSE, "matrix_market_write: the path is NULL");
    if ((unsigned)symmetry > AD_SKEW_SYMMETRIC)
        return ad_fail(error, AD_MISUSE, "matrix_market_write: there is no such symmetry");
    ad_status status = ad_text_check_matrix("matrix_market_write", &v, error);
    if (status == AD_OK)
        status = check_symmetry(&c, error);
    if (status != AD_OK)
        return status;
    return ad_text_write("matrix_market_write", path, '.', put_array, &c, options, error);
}

/* ---- triplets ---------------------------------------------------------------------------- */

static bool is_list(const ad_array *a, ad_type type, size_t n)
{
    return a->data && a->type == type && a->shape.rank == 1 && ad_array_count(a) == n;
}

static ad_status check_triplets(const ad_triplets *t, ad_error *error)
{
    static const char op[] = "matrix_market_write_triplets";
    size_t n = ad_array_count(&t->values);
    if (t->shape.rank != 2 || t->shape.dim[0] < 0 || t->shape.dim[1] < 0)
        return ad_fail(error, AD_BAD_SHAPE, "%s: the shape is that of no matrix", op);
    if (!is_list(&t->values, AD_F64, n) || !is_list(&t->rows, AD_I64, n) ||
        !is_list(&t->columns, AD_I64, n))
        return ad_fail(
            error, AD_BAD_TYPE,
            "%s: rows and columns must be lists of i64, and values of f64, of one length", op);
    const int64_t *i = t->rows.data, *j = t->columns.data;
    for (size_t k = 0; k < n; k++)
        if (i[k] < 0 || i[k] >= t->shape.dim[0] || j[k] < 0 || j[k] >= t->shape.dim[1])
            return ad_fail(error, AD_DOMAIN,
                           "%s: number %zu is at (%" PRId64 ", %" PRId64 ") of %" PRId64
                           " x %" PRId64,
                           op, k, i[k], j[k], t->shape.dim[0], t->shape.dim[1]);
    return AD_OK;
}

static void put_triplets(ad_text_writer *w, const void *of)
{
    const ad_triplets *t = of;
    const int64_t *i = t->rows.data, *j = t->columns.data;
    const double *value = t->values.data;
    size_t n = ad_array_count(&t->values);
    ad_text_print(w,
                  "%%%%MatrixMarket matrix coordinate real general\n%" PRId64 " %" PRId64 " %zu\n",
                  t->shape.dim[0], t->shape.dim[1], n);
    for (size_t k = 0; k < n && w->status == AD_OK; k++) {
        ad_text_print(w, "%" PRId64 " %" PRId64 " ", i[k] + 1, j[k] + 1);
        ad_text_put_number(w, AD_F64, value[k]);
        ad_text_put(w, "\n", 1);
    }
}

ad_status ad_matrix_market_write_triplets(const char *path, const ad_triplets *t,
                                          const ad_write_options *options, ad_error *error)
{
    if (!path || !t)
        return ad_fail(error, AD_MISUSE, "matrix_market_write_triplets: the %s NULL",
                       path ? "triplets are" : "path is");
    ad_status status = check_triplets(t, error);
    if (status != AD_OK)
        return status;
    return ad_text_write("matrix_market_write_triplets", path, '.', put_triplets, t, options,
                         error);
}
