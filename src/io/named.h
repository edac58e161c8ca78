/* Arrays that are to be written under names. */
#ifndef ADZE_IO_NAMED_PRIVATE_H
#define ADZE_IO_NAMED_PRIVATE_H

#include "adze/io/named.h"

#include "io/stored.h"

/* Whether n arrays can be written: AD_MISUSE for a name that is NULL, not UTF-8, or there twice; AD_BAD_TYPE,
 * AD_BAD_SHAPE, AD_TOO_LARGE or AD_MISUSE for a view that cannot be read; AD_MEMORY. `op` begins the message. */
ad_status ad_named_check(const char *op, int n, const ad_named_view *arrays, ad_error *error);

/* As what a good array is stored, and in how many bytes. */
ad_stored ad_named_stored(const ad_named_view *a);
size_t ad_named_bytes(const ad_named_view *a);

#endif
