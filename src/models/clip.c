/* Clipping by the norm of a whole model, by those of its arrays, and by value. Squares are added up in f64; where
 * their sum leaves its range, they are taken again of scaled numbers. */
#include "adze/model.h"
#include "kernels/lanes.h"
#include "trees/list.h"
#include "trees/walk.h"

#include <float.h>

typedef struct clipping {
    const char *verb, *role; /* for messages */
    const ad_array *arrays;
    ad_error *error;
} clipping;

/* ---- kernels ------------------------------------------------------------------------ */

#define KERNELS(s, T, MOST)                                                \
    static double squares_##s(size_t count, const T *x, double scale)      \
    {                                                                      \
        AD_ROW_OF(count)                                                   \
        double sum[AD_LANES] = {0};                                        \
        AD_EACH(double y = scale * (double)x[i]; sum[j] += y * y)          \
        AD_JOIN_SUM(sum)                                                   \
        return sum[0];                                                     \
    }                                                                      \
    static double greatest_##s(size_t count, const T *x)                   \
    {                                                                      \
        T most = 0;                                                        \
        for (size_t i = 0; i < count; i++)                                 \
            most = x[i] > most ? x[i] : -x[i] > most ? -x[i] : most;       \
        return (double)most;                                               \
    }                                                                      \
    static bool has_nan_##s(size_t count, const T *x)                      \
    {                                                                      \
        int nans = 0;                                                      \
        for (size_t i = 0; i < count; i++)                                 \
            nans |= x[i] != x[i];                                          \
        return nans;                                                       \
    }                                                                      \
    static void bound_##s(size_t count, T *x, double limit)                \
    {                                                                      \
        T most = limit <= MOST || isinf(limit) ? (T)limit : MOST;          \
        for (size_t i = 0; i < count; i++)                                 \
            x[i] = x[i] > most ? most : x[i] < -most ? -most : x[i];       \
    }                                                                      \
    static void scale_##s(size_t count, T *x, double first, double second) \
    {                                                                      \
        for (size_t i = 0; i < count; i++)                                 \
            x[i] = (T)((double)x[i] * first * second);                     \
    }
KERNELS(f32, float, FLT_MAX)
KERNELS(f64, double, DBL_MAX)
#undef KERNELS

static double sum_of_squares(const ad_tree *tree, const ad_array *a, double scale)
{
    double sum = 0;
    for (size_t i = 0; i < tree->arrays; i++)
        sum += a[i].type == AD_F32 ? squares_f32(ad_array_count(&a[i]), a[i].data, scale)
                                   : squares_f64(ad_array_count(&a[i]), a[i].data, scale);
    return sum;
}

/* The greatest |x|, if all numbers are finite. */
static double greatest(const ad_tree *tree, const ad_array *a)
{
    double most = 0;
    for (size_t i = 0; i < tree->arrays; i++)
        most = fmax(most, a[i].type == AD_F32 ? greatest_f32(ad_array_count(&a[i]), a[i].data)
                                              : greatest_f64(ad_array_count(&a[i]), a[i].data));
    return most;
}

/* Where the factor is below the normal numbers, and not 0, x is first brought into [-2, 2]. */
static void scale_to(const ad_tree *tree, double wanted, double norm, ad_array *a)
{
    bool small = wanted > 0 && wanted / norm < DBL_MIN;
    double first = small ? ldexp(1, -ilogb(norm)) : 1;
    double second = wanted / (norm * first);
    for (size_t i = 0; i < tree->arrays; i++)
        if (a[i].type == AD_F32)
            scale_f32(ad_array_count(&a[i]), a[i].data, first, second);
        else
            scale_f64(ad_array_count(&a[i]), a[i].data, first, second);
}

/* ---- the norm ----------------------------------------------------------------------- */

static ad_status check_field(void *user, const ad_site *s)
{
    const clipping *c = user;
    const ad_array *a = ad_site_array(s, c->arrays);
    ad_status status = ad_require_held(s, a, c->verb, c->role, c->error);
    return status == AD_OK ? ad_require_float(s, a, c->verb, c->error) : status;
}

static ad_status check_for_nan(void *user, const ad_site *s)
{
    const clipping *c = user;
    char path[AD_PATH_SIZE];
    const ad_array *a = ad_site_array(s, c->arrays);
    bool found = a->type == AD_F32 ? has_nan_f32(ad_array_count(a), a->data)
                                   : has_nan_f64(ad_array_count(a), a->data);
    return found ? ad_fail(c->error, AD_NOT_FINITE, "%s: a number of %s is NaN", c->verb,
                           ad_site_print(s, true, path))
                 : AD_OK;
}

static ad_status check_numbers(void *user, const ad_site *s)
{
    const clipping *c = user;
    char path[AD_PATH_SIZE];
    ad_view v = ad_array_view(*ad_site_array(s, c->arrays));
    size_t count = ad_view_count(&v);
    for (size_t i = 0; i < count; i++)
        if (!isfinite(ad_view_get(&v, i)))
            return ad_fail(c->error, AD_NOT_FINITE, "%s: number %zu of %s is %g", c->verb, i,
                           ad_site_print(s, true, path), ad_view_get(&v, i));
    return AD_OK;
}

static ad_status measure(const ad_tree *tree, clipping *c, double *norm)
{
    double sum = sum_of_squares(tree, c->arrays, 1);
    *norm = sqrt(sum);
    if (sum > 0x1p-900 && sum < INFINITY)
        return AD_OK;
    ad_status status = ad_tree_walk(tree, check_numbers, c);
    double most = status == AD_OK ? greatest(tree, c->arrays) : 0;
    if (most == 0)
        return status;
    double unit = ldexp(1, most < 0x1p-1000 ? -1000 : ilogb(most));
    *norm = sqrt(sum_of_squares(tree, c->arrays, 1 / unit)) * unit;
    return isfinite(*norm) ? AD_OK
                           : ad_fail(c->error, AD_NOT_FINITE,
                                     "%s: the norm is beyond the range of f64", c->verb);
}

/* The norm of an array by itself. */
static ad_status measure_array(void *user, const ad_site *s)
{
    const clipping *c = user;
    clipping one = *c;
    double norm;
    one.arrays = ad_site_array(s, c->arrays);
    ad_status status =
        isfinite(sum_of_squares(&ad_array_tree, one.arrays, 1)) ? AD_OK : check_numbers(user, s);
    return status == AD_OK ? measure(&ad_array_tree, &one, &norm) : status;
}

/* ---- clipping ----------------------------------------------------------------------- */

/* most is the greatest norm or number. */
static ad_status begin(const ad_tree *tree, clipping *c, const char *name, double most)
{
    const char *missing = ad_tree_missing(tree, c->arrays);
    if (missing)
        return ad_fail(c->error, AD_MISUSE, "%s: %s", c->verb, missing);
    if (!(most >= 0))
        return ad_fail(c->error, AD_MISUSE, "%s: %s must not be negative, and is %g", c->verb, name,
                       most);
    return ad_tree_walk(tree, check_field, c);
}

static ad_status clip(const ad_tree *tree, const char *role, ad_array *arrays, double max_norm,
                      double *norm, ad_error *error)
{
    double found;
    clipping c = {"clip_global_norm", role, arrays, error};
    ad_status status = begin(tree, &c, "max_norm", max_norm);
    if (status == AD_OK)
        status = measure(tree, &c, &found);
    if (status != AD_OK)
        return status;
    if (found > max_norm)
        scale_to(tree, max_norm, found, arrays);
    if (norm)
        *norm = found;
    return AD_OK;
}

ad_status ad_model_clip_global_norm(const ad_tree *tree, void *gradient, double max_norm,
                                    double *norm, ad_error *error)
{
    return clip(tree, "the gradient", gradient, max_norm, norm, error);
}

ad_status ad_clip_global_norm(int n, ad_array *x, double max_norm, double *norm, ad_error *error)
{
    ad_list list;
    if (n < 1)
        return ad_fail(error, AD_MISUSE, "clip_global_norm: %d arrays are no list", n);
    return clip(ad_list_describe(&list, "x", n), "", x, max_norm, norm, error);
}

ad_status ad_model_clip_norm(const ad_tree *tree, void *gradient, double max_norm, ad_error *error)
{
    ad_array *a = gradient;
    clipping c = {"clip_norm", "the gradient", a, error};
    ad_status status = begin(tree, &c, "max_norm", max_norm);
    if (status == AD_OK)
        status = ad_tree_walk(tree, measure_array, &c);
    for (size_t i = 0; status == AD_OK && i < tree->arrays; i++)
        clip(&ad_array_tree, "", &a[i], max_norm, NULL, NULL);
    return status;
}

ad_status ad_model_clip_value(const ad_tree *tree, void *gradient, double most, ad_error *error)
{
    ad_array *a = gradient;
    clipping c = {"clip_value", "the gradient", a, error};
    ad_status status = begin(tree, &c, "most", most);
    if (status == AD_OK)
        status = ad_tree_walk(tree, check_for_nan, &c);
    for (size_t i = 0; status == AD_OK && i < tree->arrays; i++)
        if (a[i].type == AD_F32)
            bound_f32(ad_array_count(&a[i]), a[i].data, most);
        else
            bound_f64(ad_array_count(&a[i]), a[i].data, most);
    return status;
}
