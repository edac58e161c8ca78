/* A text that is written piece by piece. */
#ifndef ADZE_PROGRAM_STREAM_H
#define ADZE_PROGRAM_STREAM_H

#include "adze/program/writing.h"

typedef struct ad_stream {
    ad_program_text_sink *write;
    void *env;
    ad_program_text of;
    bool cancelled; /* nothing is written from there on */
    size_t held;
    char buffer[4096];
} ad_stream;

void ad_stream_add(ad_stream *t, const char *format, ...) AD_PRINTF(2, 3);
void ad_stream_add_bytes(ad_stream *t, const char *text, size_t length);

/* Hands over what is held. */
void ad_stream_flush(ad_stream *t);

#endif
