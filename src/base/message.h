/* The text of a failure, from the arguments of a function like printf. */
#ifndef ADZE_BASE_MESSAGE_H
#define ADZE_BASE_MESSAGE_H

#include "adze/status.h"

#include <stdarg.h>
#include <stdio.h>

static inline AD_PRINTF(4, 0) void ad_message_write(char *text, size_t size, ad_status status,
                                                    const char *format, va_list arguments)
{
    if (format)
        vsnprintf(text, size, format, arguments);
    else
        snprintf(text, size, "%s", ad_status_text(status));
}

#endif
