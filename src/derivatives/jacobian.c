/* Jacobians: rows by sweeps back from the unit vectors of the result, or columns by passes forward along
 * those of the operands. */
#include "derivatives/rows.h"

/* ---- rows and columns -------------------------------------------------------------- */

static bool sweep_rows(const ad_rows *r, ad_tensor y)
{
    ad_view v = ad_read(y);
    for (size_t row = 0; row < r->rows;) {
        int k = ad_rows_seeds(r, &v, row, r->rows);
        if (ad_backward_many(y, k, r->seeds) != AD_OK)
            return false;
        for (int j = 0; j < k; j++)
            ad_rows_put(r, row++, ad_grad_at, j);
    }
    return true;
}

/* Reads and writes numbers of either float type. */
static double number(const ad_view *v, size_t i)
{
    return v->type == AD_F32 ? ((const float *)v->data)[i] : ((const double *)v->data)[i];
}

static void put_number(void *to, size_t size, double value)
{
    if (size == sizeof(float))
        *(float *)to = (float)value;
    else
        *(double *)to = value;
}

/* ty holds nothing where all of it is zero. */
static void put_column(const ad_rows *r, size_t c, ad_view ty)
{
    int leaf;
    char *to = r->data + ad_rows_place(r, c, &leaf);
    for (size_t row = 0; row < r->rows; row++, to += r->bytes)
        put_number(to, r->leaf[leaf].size, ty.data ? number(&ty, row) : 0);
}

static bool push_columns(const ad_rows *r, ad_tensor y)
{
    for (size_t c = 0; c < r->numbers;) {
        int k = ad_rows_push(r, y, c);
        if (!k)
            return false;
        for (int j = 0; j < k; j++)
            put_column(r, c++, ad_tangent_at(y, j));
    }
    return true;
}

static bool goes_forward(ad_tape *t, ad_mode mode, size_t outputs, int n, const ad_tensor *x)
{
    size_t inputs = 0;
    for (int i = 0; i < n; i++) {
        ad_view v = ad_read(x[i]);
        inputs += ad_view_count(&v);
    }
    if ((unsigned)mode > AD_MODE_REVERSE)
        ad_tape_fail(t, AD_MISUSE, "jacobian: %d is no mode", (int)mode);
    return mode == AD_MODE_FORWARD || (mode == AD_MODE_AUTO && inputs < outputs);
}

bool ad_jacobian_rows(ad_rows *r, ad_tape *t, ad_tensor y, int n, const ad_tensor *x, ad_mode mode)
{
    ad_view v = ad_read(y);
    size_t rows = ad_view_count(&v);
    bool up = goes_forward(t, mode, rows, n, x);
    if (ad_tape_status(t) != AD_OK || !ad_rows_begin(r, "jacobian", t, n, x, up ? NULL : &v) ||
        !ad_rows_fit(r, &v.shape) || !ad_rows_take(r, rows))
        return false;
    return up ? push_columns(r, y) : sweep_rows(r, y);
}

/* ---- the operators ----------------------------------------------------------------- */

static void deliver(const ad_rows *r, ad_tensor value, ad_array *y, ad_array *jacobian)
{
    ad_view v = ad_read(value);
    ad_view *from = ad_tape_memory(r->tape, ((size_t)r->n + 1) * sizeof *from);
    if (!from)
        return;
    for (int i = 0; i < r->n; i++)
        from[i] = ad_rows_view(r, 0, &v.shape, i);
    from[r->n] = v;
    ad_deliver_two(r->tape, r->name, from, r->n, jacobian, y ? 1 : 0, y);
}

ad_status ad_value_with_jacobian(ad_tape *t, ad_function *f, const void *env, int n,
                                 const ad_view *x, ad_mode mode, ad_array *y, ad_array *jacobian)
{
    ad_rows r;
    ad_pullback p;
    if (!ad_good_call(t, "jacobian", f && x && jacobian, n, 1))
        return ad_tape_status(t);
    ad_mark start = ad_tape_mark(t);
    if (ad_record(t, "jacobian", f, env, n, x, &p) &&
        ad_jacobian_rows(&r, t, p.value, n, p.x, mode))
        deliver(&r, p.value, y, jacobian);
    ad_tape_rewind(start);
    return ad_tape_status(t);
}

ad_status ad_jacobian(ad_tape *t, ad_function *f, const void *env, int n, const ad_view *x,
                      ad_mode mode, ad_array *jacobian)
{
    return ad_value_with_jacobian(t, f, env, n, x, mode, NULL, jacobian);
}
