/* Status texts and the first-failure-wins error sink. */
#include "base/message.h"

const char *ad_status_text(ad_status status)
{
#define TEXT(name, text) text,
    static const char *const texts[] = {AD_STATUS_LIST(TEXT)};
#undef TEXT
    return (unsigned)status < AD_STATUS_COUNT ? texts[status] : "no such status";
}

ad_status ad_fail(ad_error *error, ad_status status, const char *format, ...)
{
    if (!error || error->status != AD_OK)
        return status;
    error->status = status;
    va_list arguments;
    va_start(arguments, format);
    ad_message_write(error->text, sizeof error->text, status, format, arguments);
    va_end(arguments);
    return status;
}
