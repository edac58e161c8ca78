/* Reading Matrix Market. Dense numbers and triplets are read by the same loops, which hand each
 * number to the function that keeps it. */
#include "io/matrix_market.h"

#include "array/convert.h"
#include "base/memory.h"
#include "io/text_numbers.h"

#include <inttypes.h>
#include <string.h>

enum { DENSE_LIMIT = 1 << 20 };

/* ---- the numbers ------------------------------------------------------------------------- */

/* Where numbers go: to the dense array, or else to the triplets. */
typedef struct target {
    ad_text_reader *text;
    ad_matrix_header h;
    ad_type type;
    ad_array *dense;
    ad_triplets *sparse;
    size_t used; /* triplets */
} target;

/* Coordinates are added; -0 of an array stays what it is. */
static void keep(target *m, int64_t i, int64_t j, double value)
{
    if (m->dense) {
        void *numbers = m->dense->data;
        size_t at = (size_t)(i * m->h.columns + j);
        double before = m->h.coordinate ? ad_float_at(m->type, numbers, at) : -0.0;
        ad_put_float(m->type, numbers, at, before + value);
        return;
    }
    ((int64_t *)m->sparse->rows.data)[m->used] = i;
    ((int64_t *)m->sparse->columns.data)[m->used] = j;
    ((double *)m->sparse->values.data)[m->used++] = value;
}

static void keep_both(target *m, int64_t i, int64_t j, double value)
{
    keep(m, i, j, value);
    if (m->h.symmetry != AD_GENERAL && i != j)
        keep(m, j, i, m->h.symmetry == AD_SYMMETRIC ? value : -value);
}

static ad_status read_value(const target *m, double *value)
{
    ad_text_reader *t = m->text;
    if (ad_text_field(t) != AD_OK)
        return t->status;
    if (m->h.field == AD_MATRIX_REAL)
        return ad_text_number(t, m->type, value);
    if (m->h.field == AD_MATRIX_UNSIGNED_INTEGER && t->text[0] == '-')
        return ad_text_fail_field(t, AD_FORMAT, "is negative in a file of unsigned integers");
    return ad_text_integer(t, m->type, value);
}

static ad_status missing(const target *m, size_t n)
{
    ad_text_reader *t = m->text;
    if (t->status != AD_OK)
        return t->status;
    return ad_text_fail_line(t, t->line, "the file ends after %zu of %zu %s", n, m->h.entries,
                             m->h.coordinate ? "entries" : "numbers");
}

/* One line of coordinates. */
static ad_status read_entry(target *m)
{
    int64_t i, j;
    double value = 1;
    ad_text_reader *t = m->text;
    bool half = m->h.symmetry != AD_GENERAL;
    if (ad_text_field(t) != AD_OK || ad_text_count(t, 1, m->h.rows, &i) != AD_OK)
        return t->status;
    if (ad_text_field(t) != AD_OK || ad_text_count(t, 1, m->h.columns, &j) != AD_OK)
        return t->status;
    if (half && j > i)
        return ad_text_fail_field(t, AD_FORMAT, "is above the diagonal of a symmetric matrix");
    if (m->h.field != AD_MATRIX_PATTERN && read_value(m, &value) != AD_OK)
        return t->status;
    if (m->h.symmetry == AD_SKEW_SYMMETRIC && i == j && value != 0)
        return ad_text_fail_field(t, AD_FORMAT, "is on the diagonal of a skew-symmetric matrix");
    keep_both(m, i - 1, j - 1, value);
    return ad_matrix_line_end(t, "an entry has");
}

static ad_status read_entries(target *m)
{
    for (size_t n = 0; n < m->h.entries; n++) {
        if (!ad_text_next_line(m->text))
            return missing(m, n);
        ad_status status = read_entry(m);
        if (status != AD_OK)
            return status;
    }
    return AD_OK;
}

/* Column by column. As other readers do, it takes any number of them from a line. */
static ad_status read_array(target *m)
{
    size_t n = 0;
    for (int64_t j = 0; j < m->h.columns && n < m->h.entries; j++)
        for (int64_t i = ad_first_row(m->h.symmetry, j); i < m->h.rows; i++) {
            double value;
            if (ad_text_line_is_over(m->text) && !ad_text_next_line(m->text))
                return missing(m, n);
            if (read_value(m, &value) != AD_OK)
                return m->text->status;
            keep_both(m, i, j, value);
            n++;
        }
    return AD_OK;
}

static ad_status read_numbers(target *m)
{
    ad_text_reader *t = m->text;
    ad_status status = m->h.coordinate ? read_entries(m) : read_array(m);
    if (status != AD_OK)
        return status;
    if (!ad_text_line_is_over(t) || ad_text_next_line(t))
        if (ad_text_field(t) == AD_OK)
            ad_text_fail_field(t, AD_FORMAT, "comes after all %zu %s", m->h.entries,
                               m->h.coordinate ? "entries" : "numbers");
    return t->status;
}

/* ---- dense matrices ---------------------------------------------------------------------- */

/* So that a few coordinates do not claim all memory. */
static ad_status check_size(const target *m, size_t most)
{
    size_t count = 0;
    const ad_source *s = &m->text->source;
    ad_shape shape = {2, {m->h.rows, m->h.columns}};
    size_t limit = most ? most : DENSE_LIMIT;
    bool fits = ad_shape_count(&shape, &count) == AD_OK;
    if (fits && (!m->h.coordinate || count <= limit || count <= s->size))
        return AD_OK;
    return ad_fail(s->error, AD_TOO_LARGE,
                   "%s: a file of %zu bytes would be a dense matrix of %" PRId64 " x %" PRId64
                   ", and %zu numbers are allowed; triplets need less memory",
                   s->name, s->size, m->h.rows, m->h.columns, limit);
}

static ad_status no_memory(const target *m)
{
    return ad_fail(m->text->source.error, AD_MEMORY,
                   "%s: no memory for a matrix of %" PRId64 " x %" PRId64 " with %zu %s",
                   m->text->source.name, m->h.rows, m->h.columns, m->h.entries,
                   m->h.coordinate ? "entries" : "numbers");
}

static ad_status read_dense(ad_text_reader *t, ad_type type, size_t most, ad_array *a)
{
    target m = {.text = t, .type = type};
    ad_status status = ad_matrix_header_read(t, &m.h);
    if (status == AD_OK)
        status = check_size(&m, most);
    if (status != AD_OK)
        return status;
    ad_array made = ad_array_new(t->source.allocator, type, AD_SHAPE(m.h.rows, m.h.columns));
    if (!made.data)
        return no_memory(&m);
    m.dense = &made;
    status = read_numbers(&m);
    if (status == AD_OK)
        *a = made;
    else
        ad_array_free(&made);
    return status;
}

ad_status ad_matrix_market_read(const char *path, ad_type type, size_t most,
                                const ad_allocator *allocator, ad_array *a, ad_error *error)
{
    if (!path || !a)
        return ad_fail(error, AD_MISUSE, "matrix_market_read: the %s is NULL",
                       path ? "array" : "path");
    ad_text_reader text;
    ad_status status = ad_text_check_type("matrix_market_read", type, error);
    if (status == AD_OK)
        status = ad_text_open(&text, path, allocator, error);
    if (status != AD_OK)
        return status;
    status = read_dense(&text, type, most, a);
    ad_text_close(&text);
    return status;
}

ad_status ad_matrix_market_parse(const void *bytes, size_t size, const char *name, ad_type type,
                                 size_t most, const ad_allocator *allocator, ad_array *a,
                                 ad_error *error)
{
    if (!bytes || !name || !a)
        return ad_fail(error, AD_MISUSE, "matrix_market_parse: the %s is NULL",
                       a ? bytes ? "name" : "memory" : "array");
    ad_text_reader text;
    ad_status status = ad_text_check_type("matrix_market_parse", type, error);
    if (status == AD_OK)
        status = ad_text_open_memory(&text, bytes, size, name, allocator, error);
    if (status != AD_OK)
        return status;
    status = read_dense(&text, type, most, a);
    ad_text_close(&text);
    return status;
}

/* ---- triplets ---------------------------------------------------------------------------- */

void ad_triplets_free(ad_triplets *t)
{
    if (!t)
        return;
    ad_array_free(&t->rows);
    ad_array_free(&t->columns);
    ad_array_free(&t->values);
    *t = (ad_triplets){.shape = {.rank = 0}};
}

/* Zeros, n of them. False, with nothing made, if there is no memory. */
static bool make_triplets(const target *m, size_t n, ad_triplets *t)
{
    const ad_allocator *allocator = m->text->source.allocator;
    ad_shape list = {1, {(int64_t)n}};
    *t = (ad_triplets){
        .shape = {2, {m->h.rows, m->h.columns}},
        .rows = ad_array_new(allocator, AD_I64, list),
        .columns = ad_array_new(allocator, AD_I64, list),
        .values = ad_array_new(allocator, AD_F64, list),
    };
    bool made = t->rows.data && t->columns.data && t->values.data;
    if (!made)
        ad_triplets_free(t);
    return made;
}

/* Half of a matrix gives less than two triplets for each entry if some are on the diagonal. */
static ad_status fit(const target *m, ad_triplets *t)
{
    ad_triplets fitting, loose = *t;
    if (m->used == ad_array_count(&loose.values))
        return AD_OK;
    if (!make_triplets(m, m->used, &fitting))
        return no_memory(m);
    memcpy(fitting.rows.data, loose.rows.data, m->used * sizeof(int64_t));
    memcpy(fitting.columns.data, loose.columns.data, m->used * sizeof(int64_t));
    memcpy(fitting.values.data, loose.values.data, m->used * sizeof(double));
    ad_triplets_free(&loose);
    *t = fitting;
    return AD_OK;
}

static ad_status read_triplets(ad_text_reader *t, ad_triplets *triplets)
{
    ad_triplets made;
    target m = {.text = t, .type = AD_F64, .sparse = &made};
    ad_status status = ad_matrix_header_read(t, &m.h);
    if (status != AD_OK)
        return status;
    if (!m.h.coordinate)
        return ad_fail(t->source.error, AD_FORMAT,
                       "%s: it is an array, not coordinates, which triplets are read from",
                       t->source.name);
    if (!make_triplets(&m, ad_size_mul(m.h.entries, m.h.symmetry == AD_GENERAL ? 1 : 2), &made))
        return no_memory(&m);
    status = read_numbers(&m);
    if (status == AD_OK)
        status = fit(&m, &made);
    if (status == AD_OK)
        *triplets = made;
    else
        ad_triplets_free(&made);
    return status;
}

ad_status ad_matrix_market_read_triplets(const char *path, const ad_allocator *allocator,
                                         ad_triplets *t, ad_error *error)
{
    if (!path || !t)
        return ad_fail(error, AD_MISUSE, "matrix_market_read_triplets: the %s is NULL",
                       path ? "struct of triplets" : "path");
    ad_text_reader text;
    ad_status status = ad_text_open(&text, path, allocator, error);
    if (status != AD_OK)
        return status;
    status = read_triplets(&text, t);
    ad_text_close(&text);
    return status;
}

ad_status ad_matrix_market_parse_triplets(const void *bytes, size_t size, const char *name,
                                          const ad_allocator *allocator, ad_triplets *t,
                                          ad_error *error)
{
    if (!bytes || !name || !t)
        return ad_fail(error, AD_MISUSE, "matrix_market_parse_triplets: the %s is NULL",
                       t ? bytes ? "name" : "memory" : "struct of triplets");
    ad_text_reader text;
    ad_status status = ad_text_open_memory(&text, bytes, size, name, allocator, error);
    if (status != AD_OK)
        return status;
    status = read_triplets(&text, t);
    ad_text_close(&text);
    return status;
}
