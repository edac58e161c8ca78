/* Converting numbers from type to type, as ad_cast documents. */
#ifndef ADZE_ARRAY_CONVERT_H
#define ADZE_ARRAY_CONVERT_H

#include "adze/array.h"

/* n numbers that lie together. The same type copies. */
void ad_convert(size_t n, ad_type from_type, const void *from, ad_type to_type, void *to);

/* Stores a number as *to. False if an integer type cannot hold it exactly. */
bool ad_convert_number(double value, ad_type type, void *to);

#endif
