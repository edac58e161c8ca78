/* Scratch memory of kernels, and what they reject. */
#include "base/workspace.h"

#include <stdarg.h>
#include <stdio.h>

void *ad_scratch(ad_workspace *work, size_t bytes)
{
    if (!work)
        return NULL;
    void *memory = ad_arena_take(work->arena, bytes, AD_ALIGNMENT);
    if (!memory)
        ad_fail(&work->rejected, AD_MEMORY, "memory ran out (%zu bytes for scratch)", bytes);
    return memory;
}

void ad_reject(ad_workspace *work, ad_status status, const char *format, ...)
{
    if (!work || work->rejected.status != AD_OK)
        return;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(work->rejected.text, sizeof work->rejected.text, format, arguments);
    va_end(arguments);
    work->rejected.status = status == AD_OK ? AD_FAILED : status;
}
