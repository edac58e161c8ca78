/* Common parts of linear algebra. */
#include "ops/linalg/linalg.h"

#include "array/convert.h"
#include "array/text.h"
#include "kernels/axis.h"
#include "kernels/map.h"
#include "tape/apply.h"
#include "tape/failure.h"

#include <math.h>

/* ---- shapes ------------------------------------------------------------------------- */

const char *ad_square_shape(const ad_shape *x)
{
    if (x->rank < 2)
        return "needs a matrix, or a batch of them";
    return x->dim[x->rank - 1] == x->dim[x->rank - 2] ? NULL : "the matrix must be square";
}

const char *ad_square_first(const ad_shape *x, const void *attr, ad_shape *y)
{
    ad_shape_first(x, attr, y);
    return ad_square_shape(x);
}

const char *ad_system_shape(const ad_shape *x, bool right, bool broadcasts, ad_shape *y)
{
    const char *why = ad_square_shape(&x[0]);
    if (why)
        return why;
    if (x[1].rank < 2)
        return "the right side must be a matrix (ad_expand makes a vector a column)";
    if (x[1].dim[x[1].rank - (right ? 1 : 2)] != x[0].dim[x[0].rank - 1])
        return right ? "columns of the right side must equal those of the square matrix"
                     : "rows of the right side must equal those of the square matrix";
    ad_shape batch[2] = {ad_batch_of(&x[0]), ad_batch_of(&x[1])};
    if (!broadcasts && !ad_shape_equal(&batch[0], &batch[1]))
        return "the axes before the last two must be equal";
    if (ad_shape_broadcast(batch, NULL, y))
        return "the axes before the last two do not broadcast";
    for (int i = 2; i > 0; i--)
        y->dim[y->rank++] = x[1].dim[x[1].rank - i];
    return NULL;
}

/* x over the batch axes of y. */
static ad_tensor over_batch(ad_tensor x, const ad_shape *y)
{
    ad_shape own = ad_shape_of(x), all = *y;
    for (int i = 1; i <= 2; i++)
        all.dim[all.rank - i] = own.dim[own.rank - i];
    return ad_shape_equal(&own, &all) ? x : ad_broadcast_to(x, all);
}

ad_tensor ad_apply_system(const ad_op *form, const ad_op *op, const ad_tensor *x, const void *attr)
{
    ad_tensor any = x[0].tape ? x[0] : x[1];
    AD_DOOR(any.tape, op->name, ad_dead(any));
    if (!ad_fits(form, x, attr))
        return ad_dead(any);
    ad_shape y, shapes[] = {ad_shape_of(x[0]), ad_shape_of(x[1])};
    form->shape(shapes, attr, &y);
    return ad_apply(op, (ad_tensor[]){over_batch(x[0], &y), over_batch(x[1], &y)}, attr);
}

const char *ad_matrix_place(const ad_shape *shape, int64_t k, char *text)
{
    ad_shape at = ad_batch_of(shape);
    for (int i = at.rank - 1; i >= 0; i--) {
        at.dim[i] = k % shape->dim[i];
        k /= shape->dim[i];
    }
    ad_text out = ad_text_in(text, AD_PLACE_TEXT);
    text[0] = 0;
    if (at.rank > 0) {
        ad_text_add(&out, " of matrix ");
        ad_text_add_shape(&out, &at);
    }
    return text;
}

/* ---- in and out ------------------------------------------------------------------------ */

int64_t ad_batch_count(const ad_shape *shape)
{
    return (int64_t)ad_extent_of(shape, 0, shape->rank - 2);
}

static ad_matrices matrices_of(const ad_shape *shape, double *data)
{
    return (ad_matrices){data, ad_batch_count(shape), shape->dim[shape->rank - 2],
                         shape->dim[shape->rank - 1]};
}

ad_matrices ad_read_matrices(ad_workspace *work, const ad_view *v)
{
    if (v->type == AD_F64 && v->data)
        return matrices_of(&v->shape, (double *)(uintptr_t)v->data);
    return ad_take_matrices(work, v);
}

ad_matrices ad_take_matrices(ad_workspace *work, const ad_view *v)
{
    ad_matrices m = matrices_of(&v->shape, NULL);
    m = ad_matrices_new(work, m.count, m.rows, m.columns);
    if (m.data && ad_matrices_size(&m))
        ad_convert(ad_matrices_size(&m), v->type, v->data, AD_F64, m.data);
    return m;
}

void ad_store_matrices(const ad_matrices *m, const ad_array *to, bool add)
{
    if (m->data && ad_matrices_size(m))
        ad_store_sums(ad_matrices_size(m), m->data, to->type, to->data, add);
}

void ad_check_finite(const ad_forward_args *c)
{
    char place[AD_PLACE_TEXT];
    ad_matrices a = ad_read_matrices(c->work, &c->x[0]);
    int64_t size = a.rows * a.columns;
    for (size_t i = 0; a.data && i < ad_matrices_size(&a); i++)
        if (!isfinite(a.data[i])) {
            int64_t at = (int64_t)i % size;
            ad_reject(c->work, AD_DOMAIN, "number [%lld, %lld]%s is %g",
                      (long long)(at / a.columns), (long long)(at % a.columns),
                      ad_matrix_place(&c->x[0].shape, (int64_t)i / size, place), a.data[i]);
            return;
        }
}

/* ---- formulas -------------------------------------------------------------------------- */

ad_matrices ad_matrices_like(ad_workspace *work, const ad_matrices *m)
{
    return ad_matrices_new(work, m->count, m->rows, m->columns);
}

ad_matrices ad_zeros_like(ad_workspace *work, const ad_matrices *m)
{
    return ad_matrices_zeros(work, m->count, m->rows, m->columns);
}

ad_matrices ad_times(ad_workspace *work, const ad_matrices *a, const ad_matrices *b, unsigned flags)
{
    ad_matrices c = ad_matrices_new(work, a->count, flags & AD_TRANSPOSE_A ? a->columns : a->rows,
                                    flags & AD_TRANSPOSE_B ? b->rows : b->columns);
    ad_add_times(work, a, b, &c, flags);
    return c;
}

void ad_add_times(ad_workspace *work, const ad_matrices *a, const ad_matrices *b,
                  const ad_matrices *c, unsigned flags)
{
    if (a->data && b->data && c->data)
        ad_matrices_multiply(work, a, b, c, flags);
}

void ad_substitute(ad_workspace *work, const ad_matrices *t, const ad_matrices *b, unsigned how)
{
    if (t->data && b->data)
        ad_matrices_substitute(work, t, b, how);
}

void ad_add_matrices(const ad_matrices *a, double s, const ad_matrices *b)
{
    for (size_t i = 0; a->data && b->data && i < ad_matrices_size(a); i++)
        a->data[i] += s * b->data[i];
}

void ad_scale_matrices(const ad_matrices *a, double s)
{
    for (size_t i = 0; a->data && i < ad_matrices_size(a); i++)
        a->data[i] *= s;
}

void ad_symmetrise(const ad_matrices *a)
{
    int64_t n = a->rows;
    for (int64_t k = 0; a->data && k < a->count; k++) {
        double *m = ad_matrices_at(a, k);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < i; j++)
                m[i * n + j] = m[j * n + i] = 0.5 * (m[i * n + j] + m[j * n + i]);
    }
}

void ad_mirror_lower(const ad_matrices *a)
{
    int64_t n = a->rows;
    for (int64_t k = 0; a->data && k < a->count; k++) {
        double *m = ad_matrices_at(a, k);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < i; j++)
                m[j * n + i] = m[i * n + j];
    }
}

void ad_halve_lower(const ad_matrices *a)
{
    int64_t n = a->rows;
    for (int64_t k = 0; a->data && k < a->count; k++) {
        double *m = ad_matrices_at(a, k);
        for (int64_t i = 0; i < n; i++) {
            m[i * n + i] *= 0.5;
            for (int64_t j = i + 1; j < n; j++)
                m[i * n + j] = 0;
        }
    }
}
