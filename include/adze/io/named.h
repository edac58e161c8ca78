/* Arrays with names, as files hold them. */
#ifndef ADZE_IO_NAMED_H
#define ADZE_IO_NAMED_H

#include "adze/array.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How floats are stored. Rounding is to the nearest, ties to even; what is too large becomes infinite. */
typedef enum ad_precision {
    AD_FULL, /* as they are */
    AD_F16,  /* half: 11 bits, up to 65504 */
    AD_BF16, /* bfloat16: 8 bits, as far as f32 reaches */
    AD_PRECISION_COUNT
} ad_precision;

typedef struct ad_named_view {
    const char *name; /* UTF-8 */
    ad_view view;     /* with any strides: it is written row by row */
    ad_precision precision; /* of floats. Other types are always stored as they are */
} ad_named_view;

#ifdef __cplusplus
}
#endif

#endif
