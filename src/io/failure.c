#define _POSIX_C_SOURCE 200809L
#include "io/failure.h"

#include <string.h>

enum { LONGEST_PATH = 200 };

const char *ad_path_tail(const char *path)
{
    size_t length = strlen(path);
    return length > LONGEST_PATH ? path + length - LONGEST_PATH : path;
}

ad_status ad_file_failure(ad_error *error, const char *path, int code)
{
    char reason[128] = "";
    bool known = strerror_r(code, reason, sizeof reason) == 0;
    return ad_fail(error, AD_FILE, "%s: %s", path, known ? reason : "unknown failure");
}
