/* The version of adze: that of these headers, and that of the library which a program runs with. */
#ifndef ADZE_VERSION_H
#define ADZE_VERSION_H

#include "adze/status.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AD_VERSION_MAJOR 0
#define AD_VERSION_MINOR 1
#define AD_VERSION_PATCH 0

/* A version as one number, to compare: #if AD_VERSION >= AD_VERSION_OF(0, 2, 0). */
#define AD_VERSION_OF(major, minor, patch) (1000000 * (major) + 1000 * (minor) + (patch))
#define AD_VERSION AD_VERSION_OF(AD_VERSION_MAJOR, AD_VERSION_MINOR, AD_VERSION_PATCH)

/* The library's AD_VERSION. It differs from that of the headers if a program was compiled with the
 * headers of another version. */
AD_API int ad_version(void);

#ifdef __cplusplus
}
#endif

#endif
