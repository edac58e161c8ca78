/* IDX, the format of MNIST. */
#ifndef ADZE_IO_IDX_H
#define ADZE_IO_IDX_H

#include "adze/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads an IDX file, plain or gzip (RFC 1952), into a new array. Unsigned bytes become u8, signed
 * integers become i32, f32 and f64 stay. LeCun, Cortes and Burges, "The MNIST database", describes
 * the format. No file makes the reader crash, hang, or allocate more than the file can fill.
 * AD_FILE and AD_FORMAT come with a message that says what is wrong and where. *a is written only
 * on success; it is yours, end it with ad_array_free. */
AD_API AD_MUST_USE ad_status ad_idx_read(const char *path, const ad_allocator *allocator,
                                         ad_array *a, ad_error *error);

/* Reads an IDX file from bytes in memory. Messages call it `name`. */
AD_API AD_MUST_USE ad_status ad_idx_parse(const void *bytes, size_t size, const char *name,
                                          const ad_allocator *allocator, ad_array *a,
                                          ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
