/* Text files of numbers: fields and lines, each with its place for messages; and text that is
 * written.
 *
 * Lines end with LF, CR LF or CR. A byte order mark of UTF-8 is skipped. */
#ifndef ADZE_IO_TEXT_NUMBERS_H
#define ADZE_IO_TEXT_NUMBERS_H

#include "io/sink.h"
#include "io/source.h"

/* ---- reading ---------------------------------------------------------------------------- */

enum {
    AD_TEXT_END = -1,
    AD_LONGEST_FIELD =
        4000, /* bytes. No number needs a fifth of it, and it bounds what a reader holds */
};

/* Must not move while open. */
typedef struct ad_text_reader {
    char delimiter;   /* between fields; ' ': blanks and tabs. Tabs are blanks unless they are it */
    char point;       /* in numbers */
    char comment;     /* lines that begin with it are passed over; '\0': none */
    ad_status status; /* the first failure; then the text is over */
    size_t line;      /* that of the next byte, from 1 */
    size_t field, field_line;        /* the place of the field: its number in the line, from 1 */
    size_t length;                   /* of the field */
    char text[AD_LONGEST_FIELD + 1]; /* the field, and '\0' */
    size_t next, ready;
    unsigned char bytes[16384];
    ad_source source;
} ad_text_reader;

/* With blanks between fields, a point in numbers, and no comments. Needs an ad_text_close only if
 * they succeed. */
ad_status ad_text_open(ad_text_reader *t, const char *path, const ad_allocator *allocator,
                       ad_error *error);
ad_status ad_text_open_memory(ad_text_reader *t, const void *bytes, size_t size, const char *name,
                              const ad_allocator *allocator, ad_error *error);
void ad_text_close(ad_text_reader *t);

/* Goes from the end of a line to the next one that has something in it and is no comment. False at
 * the end of the text. */
bool ad_text_next_line(ad_text_reader *t);

/* Takes a field, without the blanks around it, up to the next delimiter or the end of the line. */
ad_status ad_text_field(ad_text_reader *t);

/* Whether nothing is left of the line. Passes over blanks. */
bool ad_text_line_is_over(ad_text_reader *t);

/* The same, byte by byte: the next one, or AD_TEXT_END; an empty field; bytes for it. */
int ad_text_peek(ad_text_reader *t);
void ad_text_skip(ad_text_reader *t);
void ad_text_begin_field(ad_text_reader *t);
ad_status ad_text_append(ad_text_reader *t, int byte);

/* The field as a number, as ad_decimal_read reads it, or as an integer that the type can hold. */
ad_status ad_text_number(ad_text_reader *t, ad_type type, double *value);
ad_status ad_text_integer(ad_text_reader *t, ad_type type, double *value);

/* The field as an integer from least to most, both at least 0. */
ad_status ad_text_count(ad_text_reader *t, int64_t least, int64_t most, int64_t *value);

/* "path: line 3, field 2: 'text' is not a number", of which the format gives the end. The second is
 * about a line: "path: line 3: reason". Both return the status. */
ad_status ad_text_fail_field(ad_text_reader *t, ad_status status, const char *format, ...)
    AD_PRINTF(3, 4);
ad_status ad_text_fail_line(ad_text_reader *t, size_t line, const char *format, ...)
    AD_PRINTF(3, 4); /* AD_FORMAT */

/* ---- arguments -------------------------------------------------------------------------- */

/* AD_BAD_TYPE unless it is f32 or f64; AD_BAD_SHAPE, AD_MISUSE unless it is a matrix of these that
 * can be read. */
ad_status ad_text_check_type(const char *op, ad_type type, ad_error *error);
ad_status ad_text_check_matrix(const char *op, const ad_view *v, ad_error *error);

/* ---- writing ---------------------------------------------------------------------------- */

/* What a text is written to. */
typedef struct ad_text_writer {
    ad_sink *sink; /* NULL: bytes are only counted */
    uint64_t bytes;
    ad_status status; /* the first failure; after it nothing is written */
    char point;       /* in numbers */
} ad_text_writer;

void ad_text_put(ad_text_writer *w, const char *bytes, size_t n);
void ad_text_print(ad_text_writer *w, const char *format, ...)
    AD_PRINTF(2, 3); /* up to 255 bytes */
void ad_text_put_number(ad_text_writer *w, ad_type type, double value);

/* Writes a file by a function that puts all of its text. It is called once more before, to count,
 * if there is somebody to be told how many bytes there are in all. */
typedef void ad_text_body(ad_text_writer *w, const void *content);
ad_status ad_text_write(const char *op, const char *path, char point, ad_text_body *body,
                        const void *content, const ad_write_options *options, ad_error *error);

#endif
