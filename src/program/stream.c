/* Texts that are written piece by piece. */
#include "program/stream.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ad_stream_flush(ad_stream *t)
{
    if (t->held && !t->cancelled)
        t->cancelled = !t->write(t->env, t->of, t->buffer, t->held);
    t->held = 0;
}

void ad_stream_add_bytes(ad_stream *t, const char *text, size_t length)
{
    while (length) {
        const size_t room = sizeof t->buffer - t->held, some = length < room ? length : room;
        memcpy(t->buffer + t->held, text, some);
        t->held += some;
        text += some;
        length -= some;
        if (length)
            ad_stream_flush(t);
    }
}

void ad_stream_add(ad_stream *t, const char *format, ...)
{
    char line[sizeof t->buffer + 1024];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length > 0)
        ad_stream_add_bytes(t, line,
                            (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}
