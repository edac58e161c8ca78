/* What messages about files have in common. */
#ifndef ADZE_IO_FAILURE_H
#define ADZE_IO_FAILURE_H

#include "adze/status.h"

/* The path, or the end of a long one, so that a message has room for the reason. */
const char *ad_path_tail(const char *path);

/* AD_FILE with the path and the meaning of errno. */
ad_status ad_file_failure(ad_error *error, const char *path, int code);

#endif
