/* Initial weights. */
#include "adze/random.h"

#include "array/fill.h"

#include <math.h>

/* How many numbers each output sums, and each input feeds. Counted in double, since extents of an
 * empty array have no bound on their product. */
static ad_status count_fans(const ad_array *w, const ad_random *r, double *inputs, double *outputs)
{
    size_t n;
    ad_status status = ad_fill_check(w, r, &n);
    if (status != AD_OK)
        return status;
    int rank = w->shape.rank;
    if (rank < 2)
        return AD_BAD_SHAPE;
    double field = 1;
    for (int i = 0; i < rank - 2; i++)
        field *= (double)w->shape.dim[i];
    *inputs = field * (double)w->shape.dim[rank - 2];
    *outputs = field * (double)w->shape.dim[rank - 1];
    return AD_OK;
}

/* ---- by the number of inputs -------------------------------------------------------- */

/* Normal with variance scale / inputs. */
static ad_status fill_normal(ad_array *w, ad_random *r, double scale)
{
    double inputs, outputs;
    ad_status status = count_fans(w, r, &inputs, &outputs);
    if (status != AD_OK || inputs == 0) /* no inputs: an empty array */
        return status;
    return ad_fill_normal(w, r, 0, sqrt(scale / inputs));
}

/* Uniform within sqrt(scale / inputs), so with variance scale / inputs / 3. */
static ad_status fill_uniform(ad_array *w, ad_random *r, double scale)
{
    double inputs, outputs;
    ad_status status = count_fans(w, r, &inputs, &outputs);
    if (status != AD_OK || inputs == 0)
        return status;
    return ad_fill_uniform(w, r, -sqrt(scale / inputs), sqrt(scale / inputs));
}

ad_status ad_fill_kaiming(ad_array *w, ad_random *r)
{
    return fill_normal(w, r, 2);
}

ad_status ad_fill_kaiming_uniform(ad_array *w, ad_random *r)
{
    return fill_uniform(w, r, 6);
}

ad_status ad_fill_lecun(ad_array *w, ad_random *r)
{
    return fill_normal(w, r, 1);
}

ad_status ad_fill_lecun_uniform(ad_array *w, ad_random *r)
{
    return fill_uniform(w, r, 3);
}

ad_status ad_fill_pytorch(ad_array *w, ad_random *r)
{
    return fill_uniform(w, r, 1);
}

ad_status ad_fill_glorot(ad_array *w, ad_random *r)
{
    double inputs, outputs;
    ad_status status = count_fans(w, r, &inputs, &outputs);
    if (status != AD_OK || inputs + outputs == 0)
        return status;
    double bound = sqrt(6 / (inputs + outputs));
    return ad_fill_uniform(w, r, -bound, bound);
}

/* ---- orthogonal --------------------------------------------------------------------- */

/* The rows of a matrix, or its columns, whichever are fewer: `count` vectors of `length` numbers. */
typedef struct vectors {
    ad_array *w;
    size_t count, length;
    size_t apart, step; /* from vector to vector, and from number to number in one */
} vectors;

static vectors vectors_of(ad_array *w)
{
    size_t columns = (size_t)w->shape.dim[w->shape.rank - 1], rows = ad_array_count(w) / columns;
    return rows < columns ? (vectors){w, rows, columns, columns, 1}
                          : (vectors){w, columns, rows, 1, columns};
}

static double get(const vectors *v, size_t i, size_t k)
{
    size_t at = i * v->apart + k * v->step;
    return v->w->type == AD_F32 ? (double)((float *)v->w->data)[at] : ((double *)v->w->data)[at];
}

static void set(const vectors *v, size_t i, size_t k, double number)
{
    size_t at = i * v->apart + k * v->step;
    if (v->w->type == AD_F32)
        ((float *)v->w->data)[at] = (float)number;
    else
        ((double *)v->w->data)[at] = number;
}

/* x -= (x . v) v for the vectors before the i-th. */
static void project(const vectors *v, size_t i, double *x)
{
    for (size_t j = 0; j < i; j++) {
        double dot = 0;
        for (size_t k = 0; k < v->length; k++)
            dot += get(v, j, k) * x[k];
        for (size_t k = 0; k < v->length; k++)
            x[k] -= dot * get(v, j, k);
    }
}

static void normalise(size_t n, double *x)
{
    double square = 0;
    for (size_t k = 0; k < n; k++)
        square += x[k] * x[k];
    for (size_t k = 0; k < n && square > 0; k++)
        x[k] /= sqrt(square);
}

/* Gram and Schmidt, twice: what rounding leaves of the others the first time goes the second time. Each
 * vector is worked on in f64. */
static void make_orthonormal(const vectors *v, double *x)
{
    for (size_t i = 0; i < v->count; i++) {
        for (size_t k = 0; k < v->length; k++)
            x[k] = get(v, i, k);
        for (int pass = 0; pass < 2; pass++) {
            project(v, i, x);
            normalise(v->length, x);
        }
        for (size_t k = 0; k < v->length; k++)
            set(v, i, k, x[k]);
    }
}

ad_status ad_fill_orthogonal(ad_array *w, ad_random *r, double gain)
{
    double inputs, outputs;
    ad_status status = count_fans(w, r, &inputs, &outputs);
    if (status != AD_OK || ad_array_count(w) == 0)
        return status;
    if (!isfinite(gain))
        return AD_DOMAIN;
    vectors v = vectors_of(w);
    ad_array room = ad_array_new(w->allocator, AD_F64, AD_SHAPE((int64_t)v.length));
    if (!room.data)
        return AD_MEMORY;
    ad_fill_normal(w, r, 0, 1);
    make_orthonormal(&v, room.data);
    for (size_t i = 0; i < v.count; i++)
        for (size_t k = 0; k < v.length; k++)
            set(&v, i, k, gain * get(&v, i, k));
    ad_array_free(&room);
    return AD_OK;
}
