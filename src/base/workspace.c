/* Scratch memory of kernels, and their failures. */
#include "base/workspace.h"

#include "base/message.h"

#include <stdatomic.h>

void *ad_scratch(ad_workspace *work, size_t bytes)
{
    if (!work || ad_work_in_task(work, "scratch memory"))
        return NULL;
    void *memory = ad_arena_take(work->arena, bytes, AD_ALIGNMENT);
    if (!memory)
        ad_fail(&work->rejected, AD_MEMORY, "memory ran out (%zu bytes for scratch)", bytes);
    return memory;
}

/* Threads may reject at the same time. One of them is recorded. */
void ad_reject(ad_workspace *work, ad_status status, const char *format, ...)
{
    if (!work || atomic_exchange(&work->rejecting, true))
        return;
    if (work->rejected.status == AD_OK) {
        ad_error *rejected = &work->rejected;
        rejected->status = status == AD_OK ? AD_FAILED : status;
        va_list arguments;
        va_start(arguments, format);
        ad_message_write(rejected->text, sizeof rejected->text, rejected->status, format,
                         arguments);
        va_end(arguments);
    }
    atomic_store(&work->rejecting, false);
}

bool ad_work_in_task(ad_workspace *work, const char *wanted)
{
    if (work->parallel)
        ad_reject(work, AD_MISUSE,
                  "a part of a parallel loop cannot take %s: take it before the loop", wanted);
    return work->parallel;
}
