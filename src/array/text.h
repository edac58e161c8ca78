/* Lines of text put together piece by piece in a buffer, cut to fit. */
#ifndef ADZE_ARRAY_TEXT_H
#define ADZE_ARRAY_TEXT_H

#include "adze/array.h"

typedef struct ad_text {
    char *text;
    size_t size, at; /* at < size, unless size is 0 */
} ad_text;

/* Starts with "". */
ad_text ad_text_in(char *buffer, size_t size);

void ad_text_add(ad_text *t, const char *format, ...) AD_PRINTF(2, 3);
void ad_text_add_shape(ad_text *t, const ad_shape *shape);

#endif
