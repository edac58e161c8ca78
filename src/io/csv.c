/* CSV. Numbers are gathered in memory that doubles as the lines come, since how many there are is
 * known at the end; then they are copied into an array of the right size.
 *
 * libcsv (Debian's libcsv3) would split lines into fields, which is the small part. It gathers a
 * field of any length, by an allocator that is given no user's pointer; does not say in which line
 * a field stands, nor whether a quote is left open, unless asked to be strict; and leaves the
 * numbers to strtod, which obeys the locale. */
#include "adze/io/csv.h"

#include "array/convert.h"
#include "base/memory.h"
#include "base/sized.h"
#include "io/decimal.h"
#include "io/json.h"
#include "io/text_numbers.h"

#include <math.h>
#include <string.h>

/* ---- how the file looks ------------------------------------------------------------------ */

/* Whether it is one of these characters. */
static bool is_one_of(const char *characters, char c)
{
    return c != '\0' && strchr(characters, c);
}

static ad_status read_options(const char *op, const ad_csv_options *given, ad_csv_options *csv,
                              ad_error *error)
{
    *csv = (ad_csv_options){.delimiter = '\0'};
    if (given && !ad_sized_read(csv, sizeof *csv, given, AD_END_OF(ad_csv_options, missing_as_nan)))
        return ad_fail(error, AD_MISUSE, "%s: the options need .size = sizeof(ad_csv_options)", op);
    csv->delimiter = csv->delimiter ? csv->delimiter : ',';
    csv->decimal = csv->decimal ? csv->decimal : '.';
    if (!is_one_of(",;|\t ", csv->delimiter))
        return ad_fail(error, AD_MISUSE, "%s: the delimiter must be ',' ';' '|' '\\t' or ' '", op);
    if (!is_one_of(".,", csv->decimal) || csv->decimal == csv->delimiter)
        return ad_fail(error, AD_MISUSE, "%s: .decimal must be '.' or ',' and not the delimiter",
                       op);
    if (csv->comment && !is_one_of("#%!", csv->comment))
        return ad_fail(error, AD_MISUSE, "%s: .comment must be '#', '%%' or '!'", op);
    return AD_OK;
}

/* ---- memory that grows ------------------------------------------------------------------- */

typedef struct growing {
    const ad_allocator *allocator;
    unsigned char *bytes;
    size_t used, room;
} growing;

static bool grow(growing *g, const void *bytes, size_t n)
{
    if (n > g->room - g->used) {
        size_t room = ad_size_add(ad_size_mul(g->room, 2), n < 64 ? 64 : n);
        unsigned char *moved = ad_memory_take(g->allocator, room);
        if (!moved)
            return false;
        if (g->used > 0)
            memcpy(moved, g->bytes, g->used);
        ad_memory_give(g->allocator, g->bytes, g->room);
        g->bytes = moved;
        g->room = room;
    }
    memcpy(g->bytes + g->used, bytes, n);
    g->used += n;
    return true;
}

/* ---- fields ------------------------------------------------------------------------------ */

typedef struct csv_reader {
    ad_text_reader *text;
    ad_csv_options how;
    ad_type type;
    growing numbers, names;           /* names: each with its '\0' */
    size_t columns, rows, first_line; /* columns: 0 before the first line */
} csv_reader;

static ad_status quoted_field(ad_text_reader *t)
{
    ad_text_begin_field(t);
    for (ad_text_skip(t);; ad_text_skip(t)) {
        if (ad_text_peek(t) == AD_TEXT_END && t->status == AD_OK)
            return ad_text_fail_field(t, AD_FORMAT, "begins with a quote that is not closed");
        if (ad_text_peek(t) == '"') {
            ad_text_skip(t);
            if (ad_text_peek(t) != '"')
                return t->status;
        }
        if (t->status != AD_OK || ad_text_append(t, ad_text_peek(t)) != AD_OK)
            return t->status;
    }
}

static ad_status take_field(ad_text_reader *t)
{
    ad_text_line_is_over(t);
    return ad_text_peek(t) == '"' ? quoted_field(t) : ad_text_field(t);
}

/* Whether another field follows, behind a delimiter. */
static bool another_follows(ad_text_reader *t)
{
    int before = ad_text_peek(t);
    if (ad_text_line_is_over(t) || t->status != AD_OK)
        return false;
    bool delimited =
        t->delimiter == ' ' ? before == ' ' || before == '\t' : ad_text_peek(t) == t->delimiter;
    if (!delimited)
        ad_text_fail_field(t, AD_FORMAT, "in quotes is followed by more than a delimiter");
    else if (t->delimiter != ' ')
        ad_text_skip(t);
    return delimited;
}

static ad_status no_memory(csv_reader *c)
{
    c->text->status =
        ad_fail(c->text->source.error, AD_MEMORY, "%s: no memory for what comes in line %zu",
                c->text->source.name, c->text->line);
    return AD_MEMORY;
}

typedef ad_status keep_field(csv_reader *c);

static ad_status keep_name(csv_reader *c)
{
    ad_text_reader *t = c->text;
    if (memchr(t->text, '\0', t->length))
        return ad_text_fail_field(t, AD_FORMAT, "is a name with a zero byte in it");
    if (!ad_is_utf8(t->text))
        return ad_text_fail_field(t, AD_FORMAT, "is a name that is not UTF-8");
    return grow(&c->names, t->text, t->length + 1) ? AD_OK : no_memory(c);
}

static ad_status read_field_number(csv_reader *c, double *value)
{
    ad_text_reader *t = c->text;
    bool missing = t->length == 0 || strcmp(t->text, "NA") == 0;
    bool may_be_name = !missing && c->columns == 0 && !c->how.header;
    bool may_be_several = strpbrk(t->text, ";|\t");
    if ((may_be_name || may_be_several) &&
        ad_decimal_read(t->text, t->length, t->point, c->type, value) == AD_DECIMAL_NONE)
        return ad_text_fail_field(t, AD_FORMAT, "is not a number; %s",
                                  may_be_several ? ".delimiter says what stands between numbers"
                                                 : ".header takes the first line for names");
    if (!missing)
        return ad_text_number(t, c->type, value);
    if (!c->how.missing_as_nan)
        return ad_text_fail_field(t, AD_FORMAT,
                                  "is a missing number, which .missing_as_nan allows");
    *value = (double)NAN;
    return AD_OK;
}

static ad_status keep_number(csv_reader *c)
{
    double value;
    union {
        float narrow;
        double wide;
    } number;
    if (read_field_number(c, &value) != AD_OK)
        return c->text->status;
    ad_put_float(c->type, &number, 0, value);
    bool kept = grow(&c->numbers, &number, ad_type_size(c->type));
    return kept ? AD_OK : no_memory(c);
}

/* ---- lines ------------------------------------------------------------------------------- */

static ad_status check_width(csv_reader *c, size_t line)
{
    size_t fields = c->text->field;
    if (c->columns == 0) {
        c->columns = fields;
        c->first_line = line;
    }
    if (fields == c->columns)
        return AD_OK;
    return ad_text_fail_line(c->text, line, "there are %zu fields, but %zu in line %zu", fields,
                             c->columns, c->first_line);
}

/* The line that has begun. */
static ad_status read_line(csv_reader *c, keep_field *keep)
{
    size_t line = c->text->line;
    do {
        ad_status status = take_field(c->text);
        if (status == AD_OK)
            status = keep(c);
        if (status != AD_OK)
            return status;
    } while (another_follows(c->text));
    return c->text->status == AD_OK ? check_width(c, line) : c->text->status;
}

static ad_status read_lines(csv_reader *c)
{
    ad_text_reader *t = c->text;
    if (!ad_text_next_line(t))
        return t->status == AD_OK ? ad_text_fail_line(t, t->line, "there is nothing to read")
                                  : t->status;
    ad_status status = c->how.header ? read_line(c, keep_name) : AD_OK;
    while (status == AD_OK && ad_text_next_line(t)) {
        status = read_line(c, keep_number);
        c->rows++;
    }
    return status == AD_OK ? t->status : status;
}

/* ---- results ----------------------------------------------------------------------------- */

/* A block of pointers and, behind them, the texts. */
static bool copy_names(const csv_reader *c, ad_csv_names *names)
{
    if (!c->how.header)
        return true;
    size_t pointers = ad_size_mul(c->columns, sizeof(char *));
    names->bytes = ad_size_add(pointers, c->names.used);
    char **name = ad_memory_take(names->allocator, names->bytes);
    if (!name)
        return false;
    char *text = memcpy((char *)name + pointers, c->names.bytes, c->names.used);
    for (size_t i = 0; i < c->columns; i++, text += strlen(text) + 1)
        name[i] = text;
    names->count = c->columns;
    names->name = (const char *const *)name;
    return true;
}

static ad_status deliver(csv_reader *c, ad_array *a, ad_csv_names *names)
{
    const ad_allocator *allocator = c->numbers.allocator;
    ad_csv_names made = {.allocator = allocator};
    ad_array numbers =
        ad_array_new(allocator, c->type, AD_SHAPE((int64_t)c->rows, (int64_t)c->columns));
    if (!numbers.data || (names && !copy_names(c, &made))) {
        ad_array_free(&numbers);
        return no_memory(c);
    }
    if (c->numbers.used > 0)
        memcpy(numbers.data, c->numbers.bytes, c->numbers.used);
    *a = numbers;
    if (names)
        *names = made;
    return AD_OK;
}

void ad_csv_names_free(ad_csv_names *names)
{
    if (!names)
        return;
    ad_memory_give(names->allocator, (void *)(uintptr_t)names->name, names->bytes);
    *names = (ad_csv_names){.count = 0};
}

/* Reads from an open text, and closes it. */
static ad_status read_table(ad_text_reader *t, csv_reader *c, ad_array *a, ad_csv_names *names)
{
    t->delimiter = c->how.delimiter;
    t->point = c->how.decimal;
    t->comment = c->how.comment;
    ad_status status = read_lines(c);
    if (status == AD_OK)
        status = deliver(c, a, names);
    ad_memory_give(c->numbers.allocator, c->numbers.bytes, c->numbers.room);
    ad_memory_give(c->names.allocator, c->names.bytes, c->names.room);
    ad_text_close(t);
    return status;
}

static ad_status prepare(const char *op, csv_reader *c, ad_text_reader *t, ad_type type,
                         const ad_csv_options *csv, const ad_allocator *allocator, ad_error *error)
{
    *c = (csv_reader){.text = t,
                      .type = type,
                      .numbers = {.allocator = allocator},
                      .names = {.allocator = allocator}};
    ad_status status = ad_text_check_type(op, type, error);
    return status == AD_OK ? read_options(op, csv, &c->how, error) : status;
}

ad_status ad_csv_read(const char *path, ad_type type, const ad_csv_options *csv,
                      const ad_allocator *allocator, ad_array *a, ad_csv_names *names,
                      ad_error *error)
{
    if (!path || !a)
        return ad_fail(error, AD_MISUSE, "csv_read: the %s is NULL", path ? "array" : "path");
    csv_reader c;
    ad_text_reader text;
    ad_status status = prepare("csv_read", &c, &text, type, csv, allocator, error);
    if (status == AD_OK)
        status = ad_text_open(&text, path, allocator, error);
    return status == AD_OK ? read_table(&text, &c, a, names) : status;
}

ad_status ad_csv_parse(const void *bytes, size_t size, const char *name, ad_type type,
                       const ad_csv_options *csv, const ad_allocator *allocator, ad_array *a,
                       ad_csv_names *names, ad_error *error)
{
    if (!bytes || !name || !a)
        return ad_fail(error, AD_MISUSE, "csv_parse: the %s is NULL",
                       a ? bytes ? "name" : "memory" : "array");
    csv_reader c;
    ad_text_reader text;
    ad_status status = prepare("csv_parse", &c, &text, type, csv, allocator, error);
    if (status == AD_OK)
        status = ad_text_open_memory(&text, bytes, size, name, allocator, error);
    return status == AD_OK ? read_table(&text, &c, a, names) : status;
}

/* ---- writing ----------------------------------------------------------------------------- */

typedef struct csv_content {
    ad_view v;
    const char *const *names;
    char delimiter;
} csv_content;

/* Names of other than these characters stand in quotes, which do no harm. */
static bool is_plain(const char *name)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+-*/()[]<>=";
    return *name && name[strspn(name, plain)] == '\0';
}

static void put_name(ad_text_writer *w, const char *name)
{
    if (is_plain(name)) {
        ad_text_put(w, name, strlen(name));
        return;
    }
    ad_text_put(w, "\"", 1);
    for (; *name; name++)
        ad_text_put(w, *name == '"' ? "\"\"" : name, *name == '"' ? 2 : 1);
    ad_text_put(w, "\"", 1);
}

static void put_table(ad_text_writer *w, const void *content)
{
    const csv_content *c = content;
    size_t columns = (size_t)c->v.shape.dim[1], count = ad_view_count(&c->v);
    for (size_t j = 0; c->names && j < columns; j++) {
        put_name(w, c->names[j]);
        ad_text_put(w, j + 1 < columns ? &c->delimiter : "\n", 1);
    }
    for (size_t i = 0; i < count && w->status == AD_OK; i++) {
        ad_text_put_number(w, c->v.type, ad_view_get(&c->v, i));
        ad_text_put(w, (i + 1) % columns ? &c->delimiter : "\n", 1);
    }
}

static ad_status check_content(const csv_content *c, ad_error *error)
{
    ad_status status = ad_text_check_matrix("csv_write", &c->v, error);
    if (status == AD_OK && c->v.shape.dim[1] == 0)
        return ad_fail(error, AD_BAD_SHAPE, "csv_write: a table needs columns");
    for (int64_t j = 0; status == AD_OK && c->names && j < c->v.shape.dim[1]; j++)
        if (!c->names[j])
            status = ad_fail(error, AD_MISUSE, "csv_write: name %lld is NULL", (long long)j);
        else if (!ad_is_utf8(c->names[j]))
            status = ad_fail(error, AD_MISUSE, "csv_write: name %lld is not UTF-8", (long long)j);
    return status;
}

ad_status ad_csv_write(const char *path, ad_view v, const char *const *names,
                       const ad_csv_options *csv, const ad_write_options *options, ad_error *error)
{
    if (!path)
        return ad_fail(error, AD_MISUSE, "csv_write: the path is NULL");
    csv_content content = {v, names, '\0'};
    ad_csv_options how;
    ad_status status = check_content(&content, error);
    if (status == AD_OK)
        status = read_options("csv_write", csv, &how, error);
    if (status == AD_OK && how.header && !names)
        status = ad_fail(error, AD_MISUSE, "csv_write: .header is set, but there are no names");
    if (status != AD_OK)
        return status;
    content.delimiter = how.delimiter;
    return ad_text_write("csv_write", path, how.decimal, put_table, &content, options, error);
}
