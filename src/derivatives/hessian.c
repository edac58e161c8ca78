/* Hessians, by forward over reverse: a pass along a unit vector and a sweep give the derivatives of the gradient
 * by one number. By symmetry they are a row as well as a column, and a row lies together. */
#include "derivatives/rows.h"

#include <string.h>

/* ---- rows -------------------------------------------------------------------------- */

/* What becomes of the j-th product of a block, which is that with the c-th unit vector. */
typedef void taker(const ad_rows *r, size_t c, int j);

static void take_row(const ad_rows *r, size_t c, int j)
{
    ad_rows_put(r, c, ad_grad_tangent_at, j);
}

static void take_number(const ad_rows *r, size_t c, int j)
{
    int leaf;
    size_t place = ad_rows_place(r, c, &leaf), size = r->leaf[leaf].size;
    const char *column = ad_grad_tangent_at(r->x[leaf], j).data;
    memcpy(r->data + place, column + (place - r->leaf[leaf].start), size);
}

/* Where there are no numbers a plain sweep looks at y and leaves the empty gradients. */
static bool take_all(const ad_rows *r, ad_tensor y, taker *take)
{
    if (!r->numbers)
        return ad_backward(y) == AD_OK;
    for (size_t c = 0; c < r->numbers;) {
        int k = ad_rows_push(r, y, c);
        if (!k || ad_backward_tangents(y) != AD_OK)
            return false;
        for (int j = 0; j < k; j++)
            take(r, c++, j);
    }
    return true;
}

bool ad_hessian_rows(ad_rows *r, ad_tape *t, ad_tensor y, int n, const ad_tensor *x)
{
    return ad_rows_begin(r, "hessian", t, n, x, NULL) && ad_rows_take(r, r->numbers) &&
           take_all(r, y, take_row);
}

bool ad_hessian_diagonal_row(ad_rows *r, ad_tape *t, ad_tensor y, int n, const ad_tensor *x)
{
    return ad_rows_begin(r, "hessian_diagonal", t, n, x, NULL) && ad_rows_take(r, 1) &&
           take_all(r, y, take_number);
}

/* ---- the operators ----------------------------------------------------------------- */

/* The axes of all pairs of leaves, before anything is computed. */
static bool axes_fit(ad_tape *t, int n, const ad_tensor *x)
{
    ad_rows r = {.tape = t, .name = "hessian", .n = n, .x = x};
    for (int i = 0; i < n; i++) {
        ad_shape axes = ad_shape_of(x[i]);
        if (!ad_rows_fit(&r, &axes))
            return false;
    }
    return true;
}

/* The parts of the Hessian, and the gradients if they are wanted. */
static bool deliver(const ad_rows *r, ad_array *gradient, ad_array *hessian)
{
    size_t n = (size_t)r->n, row = 0;
    ad_view *from = ad_tape_memory(r->tape, (n * n + n) * sizeof *from);
    if (!from)
        return false;
    for (int i = 0; i < r->n; row += r->leaf[i++].count) {
        ad_shape axes = ad_shape_of(r->x[i]);
        for (int j = 0; j < r->n; j++)
            from[i * r->n + j] = ad_rows_view(r, row, &axes, j);
        from[n * n + (size_t)i] = ad_grad(r->x[i]);
    }
    return ad_deliver_two(r->tape, r->name, from, r->n * r->n, hessian, gradient ? r->n : 0,
                          gradient) == AD_OK;
}

ad_status ad_value_with_hessian(ad_tape *t, ad_function *f, const void *env, int n,
                                const ad_view *x, double *value, ad_array *gradient,
                                ad_array *hessian)
{
    ad_rows r;
    ad_pullback p;
    if (!ad_good_call(t, "hessian", f && x && hessian, n, n))
        return ad_tape_status(t);
    ad_mark start = ad_tape_mark(t);
    if (ad_record(t, "hessian", f, env, n, x, &p) && axes_fit(t, n, p.x) &&
        ad_hessian_rows(&r, t, p.value, n, p.x) && deliver(&r, gradient, hessian) && value)
        *value = ad_item(p.value);
    ad_tape_rewind(start);
    return ad_tape_status(t);
}

ad_status ad_hessian(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x,
                     ad_array *hessian)
{
    return ad_value_with_hessian(t, f, env, n, x, NULL, NULL, hessian);
}

ad_status ad_hessian_diagonal(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x,
                              ad_array *diagonal)
{
    ad_rows r;
    ad_pullback p;
    ad_shape none = AD_SCALAR;
    if (!ad_good_call(t, "hessian_diagonal", f && x && diagonal, n, 1))
        return ad_tape_status(t);
    ad_mark start = ad_tape_mark(t);
    if (ad_record(t, "hessian_diagonal", f, env, n, x, &p) &&
        ad_hessian_diagonal_row(&r, t, p.value, n, p.x)) {
        ad_view *from = ad_tape_memory(t, (size_t)n * sizeof *from);
        for (int i = 0; from && i < n; i++)
            from[i] = ad_rows_view(&r, 0, &none, i);
        if (from)
            ad_deliver(t, "hessian_diagonal", n, from, diagonal);
    }
    ad_tape_rewind(start);
    return ad_tape_status(t);
}
