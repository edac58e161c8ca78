/* Scratch memory of kernels, and what they reject. */
#include "base/workspace.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

void *ad_scratch(ad_workspace *work, size_t bytes)
{
    if (!work || ad_work_in_task(work, "scratch memory"))
        return NULL;
    void *memory = ad_arena_take(work->arena, bytes, AD_ALIGNMENT);
    if (!memory)
        ad_fail(&work->rejected, AD_MEMORY, "memory ran out (%zu bytes for scratch)", bytes);
    return memory;
}

/* Threads may reject at the same time. One of them is heard. */
void ad_reject(ad_workspace *work, ad_status status, const char *format, ...)
{
    if (!work || atomic_exchange(&work->rejecting, true))
        return;
    if (work->rejected.status == AD_OK) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(work->rejected.text, sizeof work->rejected.text, format, arguments);
        va_end(arguments);
        work->rejected.status = status == AD_OK ? AD_FAILED : status;
    }
    atomic_store(&work->rejecting, false);
}

bool ad_work_in_task(ad_workspace *work, const char *wanted)
{
    if (work->parallel)
        ad_reject(work, AD_MISUSE, "%s is wanted by work that threads share: take it before",
                  wanted);
    return work->parallel;
}
