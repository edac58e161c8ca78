/* Jacobians: rows by sweeps back from the unit vectors of the result, or columns by passes forward
 * along those of the operands. */
#include "derivatives/rows.h"
#include "tape/failure.h"

/* ---- rows and columns -------------------------------------------------------------- */

static bool sweep_rows(const ad_rows *r)
{
    ad_view v = ad_read(r->of->y);
    for (size_t row = 0; row < r->rows;) {
        int k = ad_rows_seeds(r, &v, row, r->rows);
        if (ad_backward_many(r->of->y, k, r->seeds) != AD_OK)
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

static bool push_columns(const ad_rows *r)
{
    for (size_t c = 0; c < r->numbers;) {
        int k = ad_rows_push(r, c);
        if (!k)
            return false;
        for (int j = 0; j < k; j++)
            put_column(r, c++, ad_tangent_at(r->of->y, j));
    }
    return true;
}

static bool goes_forward(const ad_record *of, ad_mode mode, size_t outputs)
{
    size_t inputs = 0;
    for (int i = 0; i < of->n; i++) {
        ad_view v = ad_read(of->x[i]);
        inputs += ad_view_count(&v);
    }
    if ((unsigned)mode > AD_MODE_REVERSE)
        ad_tape_fail(of->tape, AD_MISUSE, "jacobian: %d is not a mode", (int)mode);
    return mode == AD_MODE_FORWARD || (mode == AD_MODE_AUTO && inputs < outputs);
}

static bool fill(ad_rows *r, const ad_record *of, ad_mode mode)
{
    ad_view v = ad_read(of->y);
    size_t rows = ad_view_count(&v);
    bool up = goes_forward(of, mode, rows);
    if (ad_tape_status(of->tape) != AD_OK || !ad_rows_begin(r, of, up ? NULL : &v) ||
        !ad_rows_fit(r, &v.shape) || !ad_rows_take(r, rows))
        return false;
    return up ? push_columns(r) : sweep_rows(r);
}

/* ---- the operators ----------------------------------------------------------------- */

static ad_status jacobian(const ad_subject *s, ad_mode mode, ad_array *y, void *result)
{
    ad_record r;
    ad_rows rows;
    AD_DOOR(s->tape, s->name, AD_BUSY);
    if (!ad_record_begin(&r, s, result, 1))
        return ad_tape_status(s->tape);
    if (fill(&rows, &r, mode)) {
        ad_view value = ad_record_value(&r);
        ad_delivery both[] = {
            {.tree = s->tree, .from = ad_rows_views(&rows, &value.shape), .target = result},
            {.tree = &ad_array_tree, .from = &value, .target = y}};
        if (both[0].from && value.data)
            ad_deliver(r.tape, s->name, 2, both);
    }
    return ad_record_end(&r);
}

ad_status ad_value_with_jacobian(ad_tape *t, ad_function *f, int n, const ad_view *x, ad_mode mode,
                                 const void *env, ad_array *y, ad_array *result)
{
    ad_subject s;
    return jacobian(ad_subject_list(&s, "jacobian", t, f, n, x, env), mode, y, result);
}

ad_status ad_jacobian(ad_tape *t, ad_function *f, int n, const ad_view *x, ad_mode mode,
                      const void *env, ad_array *result)
{
    return ad_value_with_jacobian(t, f, n, x, mode, env, NULL, result);
}

ad_status ad_model_value_with_jacobian(const ad_tree *tree, ad_tape *t, ad_model_function *f,
                                       const void *model, ad_mode mode, const void *env,
                                       ad_array *y, void *result)
{
    ad_subject s;
    return jacobian(ad_subject_model(&s, "jacobian", tree, t, f, model, env), mode, y, result);
}
