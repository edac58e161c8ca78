/* Common parts of reductions: the reduced axes, and the shapes on either side. */
#include "ops/reduce/reduce.h"

#include "adze/op.h"
#include "array/convert.h"
#include "ops/axes.h"
#include "tape/failure.h"

ad_reduced ad_reduce_plan(const ad_shape *x, const void *attr)
{
    const ad_reduction *a = attr;
    ad_reduced r = {.kept = {.rank = x->rank}, .count = 1, .length = 1};
    for (int i = 0; i < x->rank; i++) {
        bool reduced = a->reduced >> i & 1;
        r.kept.dim[i] = reduced ? 1 : x->dim[i];
        r.count *= (size_t)r.kept.dim[i];
        r.length *= reduced ? (double)x->dim[i] : 1;
    }
    return r;
}

const char *ad_reduce_shape(const ad_shape *x, const void *attr, ad_shape *y)
{
    const ad_reduction *a = attr;
    ad_shape kept = ad_reduce_plan(x, attr).kept, result = {0};
    for (int i = 0; i < kept.rank; i++)
        if (!(a->dropped >> i & 1))
            result.dim[result.rank++] = kept.dim[i];
    *y = result;
    return NULL;
}

bool ad_reduction_fits(const char *op, ad_tensor x, ad_axes axes, int ddof, ad_reduction *attr)
{
    *attr = (ad_reduction){.ddof = ddof};
    bool good = ad_axes_fix(op, x, &axes, &attr->reduced);
    attr->dropped = axes.keep ? 0 : attr->reduced;
    return good;
}

ad_tensor ad_reduce(const ad_op *op, ad_tensor x, ad_axes axes, int ddof)
{
    AD_DOOR(x.tape, op->name, ad_dead(x));
    ad_reduction attr;
    bool good = ad_reduction_fits(op->name, x, axes, ddof, &attr);
    return good ? ad_apply(op, &x, &attr) : ad_dead(x);
}

size_t ad_reduced_row(const ad_view *x, const void *attr)
{
    unsigned reduced = ((const ad_reduction *)attr)->reduced;
    size_t length = 1;
    int i = x->shape.rank;
    for (; i > 0 && reduced >> (i - 1) & 1; i--)
        length *= (size_t)x->shape.dim[i - 1];
    for (; i > 0; i--)
        if (reduced >> (i - 1) & 1)
            return 0;
    return ad_view_is_contiguous(x) ? length : 0;
}

double *ad_reduced_doubles(const ad_reduced *r, ad_workspace *work, const ad_view *numbers)
{
    double *copy = ad_scratch(work, r->count * sizeof *copy);
    if (copy)
        ad_convert(r->count, numbers->type, numbers->data, AD_F64, copy);
    return copy;
}
