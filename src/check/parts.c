/* Common parts of the checks of derivatives. */
#include "check/parts.h"

#include "base/sized.h"

ad_status ad_check_read(const char *name, const ad_check_options *options, ad_check_options *o,
                        ad_error *error)
{
    const ad_check_report none = {.size = sizeof none};
    *o = (ad_check_options){.size = sizeof *o};
    if (options && !ad_sized_read(o, sizeof *o, options, AD_END_OF(ad_check_options, every)))
        return ad_fail(error, AD_MISUSE, "%s: the size of the options is not set", name);
    o->size = sizeof *o;
    if ((o->low != 0 || o->high != 0) && !(o->low < o->high))
        return ad_fail(error, AD_MISUSE, "%s: low = %g is not less than high = %g", name, o->low,
                       o->high);
    ad_tape_options tape;
    if (o->tape && !ad_sized_read(&tape, sizeof tape, o->tape, AD_END_OF(ad_tape_options, pool)))
        return ad_fail(error, AD_MISUSE, "%s: the size of the tape's options is not set", name);
    if (o->report &&
        !ad_sized_write(o->report, &none, sizeof none, AD_END_OF(ad_check_report, worst)))
        return ad_fail(error, AD_MISUSE, "%s: the size of the report is not set", name);
    return AD_OK;
}

void ad_check_tell(const ad_check_options *o, const ad_check_report *found)
{
    if (o->report)
        ad_sized_write(o->report, found, sizeof *found, AD_END_OF(ad_check_report, worst));
}

double ad_check_weight(ad_random *r)
{
    double size = 0.5 + (double)ad_random_below(r, 65) / 64; /* exact in f32 */
    return ad_random_bits(r) >> 63 ? size : -size;
}

double ad_check_put(const ad_array *a, size_t i, double x)
{
    if (a->type == AD_F64)
        return ((double *)a->data)[i] = x;
    return (double)(((float *)a->data)[i] = (float)x);
}

ad_array ad_check_weights(ad_tape *t, const ad_view *v, uint64_t seed, uint64_t stream)
{
    size_t n = ad_view_count(v);
    ad_random r = ad_random_new(seed, stream);
    ad_array w = {.type = v->type, .shape = v->shape};
    w.data = ad_tape_memory(t, n * ad_type_size(v->type));
    for (size_t i = 0; w.data && i < n; i++)
        ad_check_put(&w, i, ad_check_weight(&r));
    return w;
}
