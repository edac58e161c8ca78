/* The error that sticks to a recorder. */
#include "base/message.h"
#include "numbers/record.h"

ad_status ad_recorder_status(const ad_recorder *r)
{
    return r ? ad_reals_of(r)->error.status : AD_MISUSE;
}

const char *ad_recorder_error(const ad_recorder *r)
{
    return r ? ad_reals_of(r)->error.text : ad_status_text(AD_MISUSE);
}

ad_status ad_recorder_fail(ad_recorder *recorder, ad_status status, const char *format, ...)
{
    ad_reals *r = ad_reals_of(recorder);
    if (!r)
        return AD_MISUSE;
    if (r->error.status == AD_OK && status != AD_OK) {
        va_list arguments;
        va_start(arguments, format);
        r->error.status = status;
        ad_message_write(r->error.text, sizeof r->error.text, status, format, arguments);
        va_end(arguments);
        ad_reals_close(r);
    }
    return r->error.status;
}

ad_status ad_reals_fail(ad_reals *r, ad_status status, const char *name, const char *format, ...)
{
    char reason[400];
    const char *line = r->head.source_line;
    va_list arguments;
    va_start(arguments, format);
    ad_message_write(reason, sizeof reason, status, format, arguments);
    va_end(arguments);
    return ad_recorder_fail(&r->head, status, "%s%s%s: %s", name, line ? " at " : "",
                            line ? line : "", reason);
}

bool ad_reals_idle(ad_reals *r, const char *name)
{
    if (r->busy)
        ad_reals_fail(r, AD_BUSY, name, "the recorder is in use by one of its functions");
    return !r->busy;
}
