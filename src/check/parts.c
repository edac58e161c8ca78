/* What the checks of derivatives share. */
#include "check/parts.h"

#include <string.h>

ad_check_options ad_check_defaults(const ad_check_options *options)
{
    ad_check_options o = {.size = sizeof o};
    if (options)
        memcpy(&o, options, options->size < sizeof o ? options->size : sizeof o);
    if (o.report)
        *o.report = (ad_check_report){0};
    return o;
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
