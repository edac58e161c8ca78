/* Lines of text put together piece by piece. */
#include "array/text.h"

#include <stdarg.h>
#include <stdio.h>

ad_text ad_text_in(char *buffer, size_t size)
{
    if (!buffer)
        size = 0;
    if (size)
        buffer[0] = '\0';
    return (ad_text){buffer, size, 0};
}

void ad_text_add(ad_text *t, const char *format, ...)
{
    if (!t->size)
        return;
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(t->text + t->at, t->size - t->at, format, arguments);
    va_end(arguments);
    size_t end = t->at + (n > 0 ? (size_t)n : 0);
    t->at = end < t->size ? end : t->size - 1;
}

void ad_text_add_shape(ad_text *t, const ad_shape *shape)
{
    char text[256];
    ad_text_add(t, "%s", ad_shape_print(shape, text, sizeof text));
}
