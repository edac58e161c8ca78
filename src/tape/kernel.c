/* Around the call of an op's rule: the tape is busy, scratch memory comes and goes, and what the kernel
 * rejects becomes the tape's error. */
#include "base/share.h"
#include "tape/node.h"

#include <stdarg.h>

bool ad_kernel_failed(ad_tape *t, const char *name, const char *prefix, int arity, const ad_view *x)
{
    char call[256];
    ad_tape_fail(t, t->work.rejected.status, "%s%s: %s", prefix,
                 ad_call_print(name, arity, x, call, sizeof call), t->work.rejected.text);
    t->work.rejected = (ad_error){0};
    return false;
}

void *ad_scratch(ad_workspace *work, size_t bytes)
{
    if (!work)
        return NULL;
    void *memory = ad_arena_take(&work->tape->values, bytes, AD_ALIGNMENT);
    if (!memory)
        ad_fail(&work->rejected, AD_MEMORY, "memory ran out (%zu bytes for scratch)", bytes);
    return memory;
}

void ad_work_share(ad_workspace *work, size_t tasks, ad_task *run, void *job)
{
    ad_pool_run(work->tape->threads, tasks, run, job);
}

int ad_work_threads(const ad_workspace *work)
{
    return ad_pool_threads(work->tape->threads);
}

ad_isa ad_work_isa(const ad_workspace *work)
{
    return work->tape->isa;
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

char *ad_call_print(const char *name, int arity, const ad_view *x, char *buffer, size_t size)
{
    ad_text text = ad_text_in(buffer, size);
    ad_text_add(&text, "%s(", name);
    for (int i = 0; i < arity; i++) {
        ad_text_add(&text, "%s", i ? ", " : "");
        ad_text_add_shape(&text, &x[i].shape);
    }
    ad_text_add(&text, ")");
    return buffer;
}
