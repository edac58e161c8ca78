/* Converting numbers from type to type, as ad_cast documents. */
#ifndef ADZE_ARRAY_CONVERT_H
#define ADZE_ARRAY_CONVERT_H

#include "adze/array.h"

/* n numbers that lie together. The same type copies. */
void ad_convert(size_t n, ad_type from_type, const void *from, ad_type to_type, void *to);

/* Stores a number as *to. False if an integer type cannot hold it exactly. */
bool ad_convert_number(double value, ad_type type, void *to);

/* Number i of numbers that lie together, of f32 or of f64. */
static inline double ad_float_at(ad_type type, const void *numbers, size_t i)
{
    return type == AD_F32 ? (double)((const float *)numbers)[i] : ((const double *)numbers)[i];
}

static inline void ad_put_float(ad_type type, void *numbers, size_t i, double value)
{
    if (type == AD_F32)
        ((float *)numbers)[i] = (float)value;
    else
        ((double *)numbers)[i] = value;
}

/* Number i of a view; 0 where it has no data, as the tangents of constants have none. */
static inline double ad_float_of(const ad_view *v, size_t i)
{
    return v->data ? ad_float_at(v->type, v->data, i) : 0;
}

#endif
