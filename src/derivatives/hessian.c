/* Hessians, by forward over reverse. A pass along a unit vector and a sweep give the derivatives
 * of the gradient by one number: a column of the Hessian. It is stored as a row, which by symmetry
 * is the same numbers, because a row lies together. */
#include "derivatives/rows.h"
#include "tape/failure.h"

#include <string.h>

/* ---- rows -------------------------------------------------------------------------- */

/* Stores the j-th product of a block, which is that with the c-th unit vector. */
typedef void taker(const ad_rows *r, size_t c, int j);

static void take_row(const ad_rows *r, size_t c, int j)
{
    ad_rows_put(r, c, ad_grad_tangent_at, j);
}

static void take_number(const ad_rows *r, size_t c, int j)
{
    int leaf;
    size_t place = ad_rows_place(r, c, &leaf), size = r->leaf[leaf].size;
    const char *column = ad_grad_tangent_at(r->of->x[leaf], j).data;
    memcpy(r->data + place, column + (place - r->leaf[leaf].start), size);
}

/* If there are no numbers, a plain sweep checks y and leaves the empty gradients. */
static bool take_all(const ad_rows *r, taker *take)
{
    ad_tensor y = r->of->y;
    if (!r->numbers)
        return ad_backward(y) == AD_OK;
    for (size_t c = 0; c < r->numbers;) {
        int k = ad_rows_push(r, c);
        if (!k || ad_backward_tangents(y) != AD_OK)
            return false;
        for (int j = 0; j < k; j++)
            take(r, c++, j);
    }
    return true;
}

/* ---- the Hessian ------------------------------------------------------------------- */

/* The axes of all pairs of leaves, before anything is computed. */
static bool axes_fit(const ad_record *of)
{
    ad_rows r = {.of = of};
    for (int i = 0; i < of->n; i++) {
        ad_shape axes = ad_shape_of(of->x[i]);
        if (!ad_rows_fit(&r, &axes))
            return false;
    }
    return true;
}

/* The parts for all pairs of leaves, [n * n], on the tape. NULL with an error. */
static ad_view *parts_of(const ad_rows *r)
{
    int n = r->of->n;
    size_t row = 0;
    ad_view *part = ad_tape_memory(r->of->tape, (size_t)n * (size_t)n * sizeof *part);
    for (int i = 0; part && i < n; row += r->leaf[i++].count) {
        ad_shape axes = ad_shape_of(r->of->x[i]);
        for (int j = 0; j < n; j++)
            part[i * n + j] = ad_rows_view(r, row, &axes, j);
    }
    return part;
}

/* All numbers by all, for leaves of one type. */
static ad_view matrix_of(const ad_rows *r)
{
    int64_t n = (int64_t)r->numbers;
    return ad_view_of(ad_read(r->of->x[0]).type, r->data, AD_SHAPE(n, n));
}

static bool one_type(const ad_subject *s)
{
    ad_error error = {0};
    ad_status status = ad_require_one_type(s->tree, s->x.arrays, s->name, &error);
    return status == AD_OK || ad_tape_fail(s->tape, status, "%s", error.text) == AD_OK;
}

/* The Hessian of a model is one matrix; that of a list is an array for each pair of operands. */
static bool deliver(const ad_rows *r, void *gradient, ad_array *hessian)
{
    ad_list l;
    ad_view matrix;
    const ad_subject *s = r->of->subject;
    ad_delivery both[] = {
        {.tree = s->tree, .from = ad_record_read(r->of, 1, ad_grad_at), .target = gradient},
        {.tree = &ad_array_tree, .from = &matrix, .target = hessian}};
    if (s->of_model) {
        matrix = matrix_of(r);
    } else {
        both[1].tree = ad_list_describe(&l, "hessian", s->n * s->n);
        both[1].from = parts_of(r);
    }
    return both[0].from && both[1].from && ad_deliver(s->tape, s->name, 2, both);
}

static ad_status hessian(const ad_subject *s, double *value, void *gradient, ad_array *result)
{
    ad_record r;
    ad_rows rows;
    AD_DOOR(s->tape, s->name, AD_BUSY);
    if (!ad_record_begin(&r, s, result, s->of_model ? 1 : s->n))
        return ad_tape_status(s->tape);
    if ((s->of_model || axes_fit(&r)) && ad_rows_begin(&rows, &r, NULL) &&
        ad_rows_take(&rows, rows.numbers) && take_all(&rows, take_row) &&
        deliver(&rows, gradient, result) && value)
        *value = ad_item(r.y);
    return ad_record_end(&r);
}

ad_status ad_value_with_hessian(ad_tape *t, ad_function *f, int n, const ad_view *x,
                                const void *env, double *value, ad_array *gradient,
                                ad_array *result)
{
    ad_subject s;
    return hessian(ad_subject_list(&s, "hessian", t, f, n, x, env), value, gradient, result);
}

ad_status ad_hessian(ad_tape *t, ad_function *f, int n, const ad_view *x, const void *env,
                     ad_array *result)
{
    return ad_value_with_hessian(t, f, n, x, env, NULL, NULL, result);
}

ad_status ad_model_value_with_hessian(const ad_tree *tree, ad_tape *t, ad_model_function *f,
                                      const void *model, const void *env, double *value,
                                      void *gradient, ad_array *result)
{
    ad_subject s;
    AD_DOOR(t, "hessian", AD_BUSY);
    ad_subject_model(&s, "hessian", tree, t, f, model, env);
    if (tree && model && ad_tape_status(t) == AD_OK && !one_type(&s))
        return ad_tape_status(t);
    return hessian(&s, value, gradient, result);
}

/* ---- its diagonal ------------------------------------------------------------------ */

static ad_status diagonal(const ad_subject *s, void *result)
{
    ad_record r;
    ad_rows rows;
    AD_DOOR(s->tape, s->name, AD_BUSY);
    if (!ad_record_begin(&r, s, result, 1))
        return ad_tape_status(s->tape);
    if (ad_rows_begin(&rows, &r, NULL) && ad_rows_take(&rows, 1) && take_all(&rows, take_number)) {
        ad_delivery v = {
            .tree = s->tree, .from = ad_rows_views(&rows, &AD_SCALAR), .target = result};
        if (v.from)
            ad_deliver(r.tape, s->name, 1, &v);
    }
    return ad_record_end(&r);
}

ad_status ad_hessian_diagonal(ad_tape *t, ad_function *f, int n, const ad_view *x, const void *env,
                              ad_array *result)
{
    ad_subject s;
    return diagonal(ad_subject_list(&s, "hessian_diagonal", t, f, n, x, env), result);
}

ad_status ad_model_hessian_diagonal(const ad_tree *tree, ad_tape *t, ad_model_function *f,
                                    const void *model, const void *env, void *result)
{
    ad_subject s;
    return diagonal(ad_subject_model(&s, "hessian_diagonal", tree, t, f, model, env), result);
}
