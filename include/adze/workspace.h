/* The workspace of a kernel: scratch memory, and a way to report failure. */
#ifndef ADZE_WORKSPACE_H
#define ADZE_WORKSPACE_H

#include "adze/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_workspace ad_workspace;

/* Memory that lives until the rule returns, aligned to 64 bytes. NULL if memory ran out: then just
 * return, the failure is recorded. */
AD_API void *ad_scratch(ad_workspace *work, size_t bytes);

/* Reports failure. The operation or the sweep fails with this status; the operation's name and
 * shapes are put before the message. */
AD_API void ad_reject(ad_workspace *work, ad_status status, const char *format, ...)
    AD_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif

#endif
