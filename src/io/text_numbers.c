/* Bytes come in blocks; a field is gathered in a buffer of its own, so that no line, however long,
 * has to be in memory. What messages show of a file is cut and made printable, since whoever made
 * the file chose it. */
#include "io/text_numbers.h"

#include "base/message.h"
#include "base/sized.h"
#include "io/decimal.h"

#include <string.h>

/* ---- messages --------------------------------------------------------------------------- */

enum { SHOWN = 40, REASON_SIZE = 256 };

/* 'text', or its beginning. */
static void print_field(const ad_text_reader *t, char shown[4 * SHOWN + 8])
{
    char *at = shown;
    *at++ = '\'';
    for (size_t i = 0; i < t->length && i < SHOWN; i++) {
        unsigned char byte = (unsigned char)t->text[i];
        if (byte >= 0x20 && byte < 0x7f)
            *at++ = (char)byte;
        else
            at += snprintf(at, 5, "\\x%02x", byte);
    }
    strcpy(at, t->length > SHOWN ? "...'" : "'");
}

ad_status ad_text_fail_field(ad_text_reader *t, ad_status status, const char *format, ...)
{
    char shown[4 * SHOWN + 8], reason[REASON_SIZE];
    va_list arguments;
    va_start(arguments, format);
    ad_message_write(reason, sizeof reason, status, format, arguments);
    va_end(arguments);
    print_field(t, shown);
    t->status = ad_fail(t->source.error, status, "%s: line %zu, field %zu: %s %s", t->source.name,
                        t->field_line, t->field, shown, reason);
    return t->status;
}

ad_status ad_text_fail_line(ad_text_reader *t, size_t line, const char *format, ...)
{
    char reason[REASON_SIZE];
    va_list arguments;
    va_start(arguments, format);
    ad_message_write(reason, sizeof reason, AD_FORMAT, format, arguments);
    va_end(arguments);
    t->status =
        ad_fail(t->source.error, AD_FORMAT, "%s: line %zu: %s", t->source.name, line, reason);
    return t->status;
}

/* ---- bytes ------------------------------------------------------------------------------ */

/* The next block. What follows the text, such as gzip's checksum, is looked at when it ends. */
static void refill(ad_text_reader *t)
{
    t->next = t->ready = 0;
    if (t->status != AD_OK)
        return;
    t->status = ad_source_read(&t->source, t->bytes, sizeof t->bytes, &t->ready);
    if (t->status == AD_OK && t->ready == 0)
        t->status = ad_source_finish(&t->source);
    if (t->status != AD_OK)
        t->ready = 0;
}

int ad_text_peek(ad_text_reader *t)
{
    if (t->next == t->ready)
        refill(t);
    return t->next < t->ready ? t->bytes[t->next] : AD_TEXT_END;
}

void ad_text_skip(ad_text_reader *t)
{
    t->line += t->bytes[t->next++] == '\n';
}

static bool starts_with(const ad_text_reader *t, const char *bytes, size_t n)
{
    return t->ready >= n && memcmp(t->bytes, bytes, n) == 0;
}

static ad_status begin(ad_text_reader *t)
{
    t->delimiter = ' ';
    t->point = '.';
    t->comment = '\0';
    t->status = AD_OK;
    t->line = 1;
    t->field = t->length = 0;
    t->text[0] = '\0';
    refill(t);
    if (starts_with(t, "\xef\xbb\xbf", 3))
        t->next = 3;
    if (starts_with(t, "\xff\xfe", 2) || starts_with(t, "\xfe\xff", 2))
        t->status = ad_fail(t->source.error, AD_FORMAT, "%s: the text is UTF-16; UTF-8 can be read",
                            t->source.name);
    if (t->status != AD_OK)
        ad_source_close(&t->source);
    return t->status;
}

ad_status ad_text_open(ad_text_reader *t, const char *path, const ad_allocator *allocator,
                       ad_error *error)
{
    ad_status status = ad_source_open(&t->source, path, allocator, error);
    return status == AD_OK ? begin(t) : status;
}

ad_status ad_text_open_memory(ad_text_reader *t, const void *bytes, size_t size, const char *name,
                              const ad_allocator *allocator, ad_error *error)
{
    ad_status status = ad_source_open_memory(&t->source, bytes, size, name, allocator, error);
    return status == AD_OK ? begin(t) : status;
}

void ad_text_close(ad_text_reader *t)
{
    ad_source_close(&t->source);
}

/* ---- lines and fields ------------------------------------------------------------------- */

static bool ends_line(int byte)
{
    return byte == '\n' || byte == '\r' || byte == AD_TEXT_END;
}

static bool is_blank(const ad_text_reader *t, int byte)
{
    return byte == ' ' || (byte == '\t' && t->delimiter != '\t');
}

bool ad_text_line_is_over(ad_text_reader *t)
{
    while (is_blank(t, ad_text_peek(t)))
        ad_text_skip(t);
    return ends_line(ad_text_peek(t));
}

static void end_line(ad_text_reader *t)
{
    if (ad_text_peek(t) == '\r') {
        t->next++;
        t->line += ad_text_peek(t) != '\n';
    }
    if (ad_text_peek(t) == '\n')
        ad_text_skip(t);
}

bool ad_text_next_line(ad_text_reader *t)
{
    t->field = 0;
    for (;;) {
        bool comment = t->comment && ad_text_peek(t) == (unsigned char)t->comment;
        while (comment && !ends_line(ad_text_peek(t)))
            ad_text_skip(t);
        if (!ad_text_line_is_over(t))
            return true;
        if (ad_text_peek(t) == AD_TEXT_END)
            return false;
        end_line(t);
    }
}

void ad_text_begin_field(ad_text_reader *t)
{
    t->field++;
    t->field_line = t->line;
    t->length = 0;
    t->text[0] = '\0';
}

ad_status ad_text_append(ad_text_reader *t, int byte)
{
    if (t->length == AD_LONGEST_FIELD)
        return ad_text_fail_field(t, AD_FORMAT, "has more than %d bytes", AD_LONGEST_FIELD);
    t->text[t->length++] = (char)byte;
    t->text[t->length] = '\0';
    return AD_OK;
}

static bool ends_field(const ad_text_reader *t, int byte)
{
    return ends_line(byte) || byte == t->delimiter || (t->delimiter == ' ' && is_blank(t, byte));
}

ad_status ad_text_field(ad_text_reader *t)
{
    ad_text_line_is_over(t);
    ad_text_begin_field(t);
    for (; !ends_field(t, ad_text_peek(t)); ad_text_skip(t))
        if (ad_text_append(t, ad_text_peek(t)) != AD_OK)
            return t->status;
    while (t->length > 0 && is_blank(t, t->text[t->length - 1]))
        t->text[--t->length] = '\0';
    return t->status;
}

/* ---- numbers ---------------------------------------------------------------------------- */

static ad_status read_number(ad_text_reader *t, ad_type type, double *value, ad_decimal *how)
{
    *how = ad_decimal_read(t->text, t->length, t->point, type, value);
    if (*how == AD_DECIMAL_NONE)
        return ad_text_fail_field(t, AD_FORMAT, "is not a number");
    if (*how == AD_DECIMAL_TOO_LARGE)
        return ad_text_fail_field(t, AD_FORMAT, "is too large for %s", ad_type_text(type));
    return AD_OK;
}

ad_status ad_text_number(ad_text_reader *t, ad_type type, double *value)
{
    ad_decimal how;
    return read_number(t, type, value, &how);
}

static bool is_integer(const ad_text_reader *t)
{
    size_t sign = t->text[0] == '-' || t->text[0] == '+';
    return t->length > sign && strspn(t->text + sign, "0123456789") == t->length - sign;
}

ad_status ad_text_integer(ad_text_reader *t, ad_type type, double *value)
{
    ad_decimal how;
    if (!is_integer(t))
        return ad_text_fail_field(t, AD_FORMAT, "is not an integer");
    if (read_number(t, type, value, &how) != AD_OK)
        return t->status;
    if (how != AD_DECIMAL_EXACT)
        return ad_text_fail_field(t, AD_FORMAT, "is an integer that %s cannot hold",
                                  ad_type_text(type));
    return AD_OK;
}

ad_status ad_text_count(ad_text_reader *t, int64_t least, int64_t most, int64_t *value)
{
    if (!is_integer(t))
        return ad_text_fail_field(t, AD_FORMAT, "is not an integer");
    int64_t sum = t->text[0] == '-' ? -1 : 0;
    for (const char *at = t->text + (t->text[0] == '+'); sum >= 0 && *at; at++) {
        int64_t room = most - (*at - '0');
        sum = room < 0 || sum > room / 10 ? -1 : sum * 10 + (*at - '0');
    }
    if (sum < least)
        return ad_text_fail_field(t, AD_FORMAT, "is not from %lld to %lld", (long long)least,
                                  (long long)most);
    *value = sum;
    return AD_OK;
}

/* ---- arguments -------------------------------------------------------------------------- */

ad_status ad_text_check_type(const char *op, ad_type type, ad_error *error)
{
    if (ad_type_is_float(type))
        return AD_OK;
    return ad_fail(error, AD_BAD_TYPE, "%s: numbers are f32 or f64, not %s", op,
                   ad_type_text(type));
}

ad_status ad_text_check_matrix(const char *op, const ad_view *v, ad_error *error)
{
    char shape[128];
    ad_shape_print(&v->shape, shape, sizeof shape);
    ad_status status = ad_text_check_type(op, v->type, error);
    if (status != AD_OK)
        return status;
    if (v->shape.rank != 2 || ad_shape_count(&v->shape, NULL) != AD_OK)
        return ad_fail(error, AD_BAD_SHAPE, "%s(%s): it is no matrix", op, shape);
    if (!v->data)
        return ad_fail(error, AD_MISUSE, "%s(%s): there are no numbers", op, shape);
    return AD_OK;
}

/* ---- writing ---------------------------------------------------------------------------- */

void ad_text_put(ad_text_writer *w, const char *bytes, size_t n)
{
    if (w->sink && w->status == AD_OK)
        w->status = ad_sink_write(w->sink, bytes, n);
    w->bytes += n;
}

void ad_text_print(ad_text_writer *w, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    ad_message_write(text, sizeof text, AD_OK, format, arguments);
    va_end(arguments);
    ad_text_put(w, text, strlen(text));
}

void ad_text_put_number(ad_text_writer *w, ad_type type, double value)
{
    char text[AD_DECIMAL_SIZE];
    ad_text_put(w, text, ad_decimal_print(type, value, w->point, text));
}

/* Somebody has to be told, if the options make sense. (If not, the sink says so.) */
static bool progress_is_asked(const ad_write_options *options)
{
    ad_write_options known = {.progress = NULL};
    return options &&
           ad_sized_read(&known, sizeof known, options, AD_END_OF(ad_write_options, unsynced)) &&
           known.progress;
}

ad_status ad_text_write(const char *op, const char *path, char point, ad_text_body *body,
                        const void *content, const ad_write_options *options, ad_error *error)
{
    ad_sink sink;
    ad_text_writer count = {.point = point}, w = {.point = point, .sink = &sink};
    if (progress_is_asked(options))
        body(&count, content);
    w.status = ad_sink_open(&sink, op, path, count.bytes, options, error);
    if (w.status != AD_OK)
        return w.status;
    body(&w, content);
    return ad_sink_close(&sink, w.status);
}
