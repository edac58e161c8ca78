/* The numbers behind each result of a reduction, one list after another. */
#include "ops/reduce/lists.h"

#include "array/convert.h"
#include "array/strided.h"

ad_lists ad_lists_of(const ad_view *x, const void *attr)
{
    unsigned reduced = ((const ad_reduction *)attr)->reduced;
    ad_lists l = {1, 1, *x};
    int at = 0;
    for (int last = 0; last <= 1; last++)
        for (int i = 0; i < x->shape.rank; i++) {
            if ((int)(reduced >> i & 1) != last)
                continue;
            l.view.shape.dim[at] = x->shape.dim[i];
            l.view.stride[at++] = x->stride[i];
            *(last ? &l.length : &l.count) *= (size_t)x->shape.dim[i];
        }
    return l;
}

const void *ad_lists_read(const ad_lists *l, ad_workspace *work)
{
    if (ad_view_is_contiguous(&l->view))
        return l->view.data;
    void *numbers = ad_scratch(work, l->count * l->length * ad_type_size(l->view.type));
    if (numbers)
        ad_strided_read(&l->view, numbers);
    return numbers;
}

double *ad_lists_doubles(const ad_lists *l, ad_workspace *work)
{
    const void *numbers = ad_lists_read(l, work);
    double *copy = ad_scratch(work, l->count * l->length * sizeof *copy);
    if (copy && (numbers || l->count * l->length == 0))
        ad_convert(l->count * l->length, l->view.type, numbers, AD_F64, copy);
    return numbers || l->count * l->length == 0 ? copy : NULL;
}

void ad_lists_add(const ad_lists *l, ad_workspace *work, const double *numbers)
{
    size_t n = l->count * l->length;
    void *rounded = ad_scratch(work, n * ad_type_size(l->view.type));
    if (!rounded)
        return;
    ad_store_sums(n, numbers, l->view.type, rounded, false);
    ad_strided_add(&l->view, rounded);
}
