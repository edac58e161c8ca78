/* Writing safetensors. The header is made twice by the same code: once to know its length, and once into the file. */
#include "adze/io/safetensors.h"

#include "array/strided.h"
#include "base/memory.h"
#include "io/json.h"
#include "io/sink.h"
#include "io/stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_HEADER = 100000000, LENGTH_BYTES = 8 };

/* What is written, in which order. */
typedef struct plan {
    int n, m;
    const ad_named_view **arrays; /* in the order of their numbers */
    const ad_metadata **metadata; /* in the order of keys */
    uint64_t header, data;        /* bytes */
    ad_error *error;
} plan;

static ad_stored stored_as(const ad_named_view *a)
{
    if (ad_type_is_float(a->view.type) && a->precision != AD_FULL)
        return a->precision == AD_F16 ? AD_STORED_F16 : AD_STORED_BF16;
    return ad_stored_of(a->view.type);
}

static uint64_t bytes_of(const ad_named_view *a)
{
    size_t count = 0;
    (void)ad_shape_count(&a->view.shape, &count);
    return (uint64_t)count * (uint64_t)ad_stored_bits(stored_as(a)) / 8;
}

/* ---- what is refused ----------------------------------------------------------------- */

static bool is_utf8(const char *text)
{
    size_t left = strlen(text), step = 1;
    for (; left > 0 && step > 0; left -= step, text += step)
        step = ad_utf8_step(text, left);
    return step > 0;
}

static ad_status check_text(const char *text, const char *what, int i, ad_error *error)
{
    if (!text)
        return ad_fail(error, AD_MISUSE, "safetensors_write: %s %d is NULL", what, i);
    if (!is_utf8(text))
        return ad_fail(error, AD_MISUSE, "safetensors_write: %s %d is not UTF-8", what, i);
    return AD_OK;
}

static ad_status check_array(const ad_named_view *a, int i, ad_error *error)
{
    char why[400];
    size_t count;
    ad_status status = check_text(a->name, "the name of array", i, error);
    if (status != AD_OK)
        return status;
    if (strcmp(a->name, "__metadata__") == 0)
        return ad_fail(error, AD_MISUSE, "safetensors_write: no array can be called `%s`", a->name);
    if (ad_type_size(a->view.type) == 0)
        return ad_fail(error, AD_BAD_TYPE, "safetensors_write: array `%.80s` has no type", a->name);
    if ((unsigned)a->precision >= AD_PRECISION_COUNT)
        return ad_fail(error, AD_MISUSE, "safetensors_write: array `%.80s` has no precision %d",
                       a->name, (int)a->precision);
    status = ad_view_flaw(&a->view, &count, why, sizeof why);
    if (status != AD_OK)
        return ad_fail(error, status, "safetensors_write: array `%.80s`: %s", a->name, why);
    return AD_OK;
}

static ad_status check_lists(int n, const ad_named_view *arrays, int m, const ad_metadata *metadata,
                             ad_error *error)
{
    if (n < 0 || m < 0 || (n > 0 && !arrays) || (m > 0 && !metadata))
        return ad_fail(error, AD_MISUSE, "safetensors_write: %s",
                       n < 0 || m < 0     ? "a count is negative"
                       : n > 0 && !arrays ? "the list of arrays is NULL"
                                          : "the list of metadata is NULL");
    ad_status status = AD_OK;
    for (int i = 0; i < n && status == AD_OK; i++)
        status = check_array(&arrays[i], i, error);
    for (int i = 0; i < m && status == AD_OK; i++)
        status = check_text(metadata[i].key, "key", i, error);
    for (int i = 0; i < m && status == AD_OK; i++)
        status = check_text(metadata[i].value, "value", i, error);
    return status;
}

/* ---- the order ----------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    const ad_named_view *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

/* As the safetensors library does: types from the last to the first, then names. */
static int by_type(const void *a, const void *b)
{
    const ad_named_view *const *x = a, *const *y = b;
    ad_stored of_x = stored_as(*x), of_y = stored_as(*y);
    return of_x != of_y ? (of_x < of_y ? 1 : -1) : by_name(a, b);
}

static int by_key(const void *a, const void *b)
{
    const ad_metadata *const *x = a, *const *y = b;
    return strcmp((*x)->key, (*y)->key);
}

static ad_status twice(const plan *p, const char *what, const char *text)
{
    return ad_fail(p->error, AD_MISUSE, "safetensors_write: there are two %s `%.80s`", what, text);
}

static ad_status sort(plan *p)
{
    qsort(p->arrays, (size_t)p->n, sizeof *p->arrays, by_name);
    for (int i = 1; i < p->n; i++)
        if (by_name(&p->arrays[i - 1], &p->arrays[i]) == 0)
            return twice(p, "arrays", p->arrays[i]->name);
    qsort(p->arrays, (size_t)p->n, sizeof *p->arrays, by_type);
    qsort(p->metadata, (size_t)p->m, sizeof *p->metadata, by_key);
    for (int i = 1; i < p->m; i++)
        if (by_key(&p->metadata[i - 1], &p->metadata[i]) == 0)
            return twice(p, "keys", p->metadata[i]->key);
    return AD_OK;
}

/* ---- the header ---------------------------------------------------------------------- */

/* Text that is counted and, with a sink, written. */
typedef struct writer {
    ad_sink *sink;
    uint64_t count;
    ad_status status; /* of the sink */
} writer;

static void put(writer *w, const char *text, size_t n)
{
    w->count += n;
    if (w->sink && w->status == AD_OK)
        w->status = ad_sink_write(w->sink, text, n);
}

static void put_text(writer *w, const char *text)
{
    put(w, text, strlen(text));
}

static void put_number(writer *w, const char *before, uint64_t number)
{
    char text[24];
    put_text(w, before);
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    put_text(w, text);
}

static void put_escape(writer *w, char c)
{
    static const char meanings[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt",
                      digits[] = "0123456789abcdef";
    const char *found = strchr(meanings, c);
    if (found)
        put(w, (const char[]){'\\', names[found - meanings]}, 2);
    else
        put(w, (const char[]){'\\', 'u', '0', '0', digits[c >> 4], digits[c & 15]}, 6);
}

/* Only what JSON does not allow in a text is escaped. */
static void put_quoted(writer *w, const char *text)
{
    put_text(w, "\"");
    while (*text) {
        size_t n = 0;
        while ((unsigned char)text[n] >= ' ' && text[n] != '"' && text[n] != '\\')
            n++;
        put(w, text, n);
        text += n;
        if (*text)
            put_escape(w, *text++);
    }
    put_text(w, "\"");
}

static void put_metadata(writer *w, const plan *p)
{
    put_text(w, "\"__metadata__\":{");
    for (int i = 0; i < p->m; i++) {
        put_text(w, i > 0 ? "," : "");
        put_quoted(w, p->metadata[i]->key);
        put_text(w, ":");
        put_quoted(w, p->metadata[i]->value);
    }
    put_text(w, "}");
}

static void put_array(writer *w, const ad_named_view *a, uint64_t at)
{
    put_quoted(w, a->name);
    put_text(w, ":{\"dtype\":\"");
    put_text(w, ad_stored_text(stored_as(a)));
    put_text(w, "\",\"shape\":[");
    for (int k = 0; k < a->view.shape.rank; k++)
        put_number(w, k > 0 ? "," : "", (uint64_t)a->view.shape.dim[k]);
    put_number(w, "],\"data_offsets\":[", at);
    put_number(w, ",", at + bytes_of(a));
    put_text(w, "]}");
}

static void put_header(writer *w, const plan *p)
{
    uint64_t at = 0;
    put_text(w, "{");
    if (p->m > 0)
        put_metadata(w, p);
    for (int i = 0; i < p->n; i++) {
        put_text(w, i > 0 || p->m > 0 ? "," : "");
        put_array(w, p->arrays[i], at);
        at += bytes_of(p->arrays[i]);
    }
    put_text(w, "}");
    while (w->count % 8 != 0)
        put_text(w, " ");
}

/* Views may repeat their numbers, so even those that fit in memory may be too many for a file. */
static ad_status measure(plan *p)
{
    for (int i = 0; i < p->n; i++)
        if ((p->data += bytes_of(p->arrays[i])) > INT64_MAX / 2)
            return ad_fail(p->error, AD_TOO_LARGE, "safetensors_write: so much fits into no file");
    writer count = {.sink = NULL};
    put_header(&count, p);
    p->header = count.count;
    if (p->header > LONGEST_HEADER)
        return ad_fail(p->error, AD_TOO_LARGE,
                       "safetensors_write: the header has %llu bytes; %d are allowed",
                       (unsigned long long)p->header, LONGEST_HEADER);
    return AD_OK;
}

/* ---- the numbers --------------------------------------------------------------------- */

/* n numbers that lie `step` apart. */
static ad_status write_row(ad_sink *s, const ad_named_view *a, const char *from, int64_t step,
                           size_t n)
{
    enum { PIECE = 1024 };
    double numbers[PIECE];
    unsigned char bytes[8 * PIECE];
    ad_status status = AD_OK;
    size_t size = ad_type_size(a->view.type), width = (size_t)ad_stored_bits(stored_as(a)) / 8;
    for (size_t i = 0, k; i < n && status == AD_OK; i += k) {
        k = n - i < PIECE ? n - i : PIECE;
        ad_strided_pack(size, k, from + (int64_t)i * step * (int64_t)size, step, numbers);
        ad_stored_encode(stored_as(a), a->view.type, k, numbers, bytes);
        status = ad_sink_write(s, bytes, k * width);
    }
    return status;
}

static ad_status write_numbers(ad_sink *s, const ad_named_view *a)
{
    const ad_view *v = &a->view;
    bool as_is = ad_stored_type(stored_as(a)) == v->type && ad_stored_as_in_memory();
    if (as_is && ad_view_is_contiguous(v))
        return ad_sink_write(s, v->data, (size_t)bytes_of(a));
    ad_nest nest;
    ad_nest_begin(&nest, &v->shape);
    ad_nest_add(&nest, &v->shape, v->stride);
    ad_status status = AD_OK;
    for (bool more = ad_nest_start(&nest); more && status == AD_OK; more = ad_nest_next(&nest))
        status =
            write_row(s, a, (const char *)v->data + nest.offset[0] * (int64_t)ad_type_size(v->type),
                      nest.step[0], (size_t)nest.row);
    return status;
}

static ad_status write_all(ad_sink *s, const plan *p)
{
    unsigned char length[LENGTH_BYTES];
    for (int i = 0; i < LENGTH_BYTES; i++)
        length[i] = (unsigned char)(p->header >> 8 * i);
    ad_status status = ad_sink_write(s, length, sizeof length);
    writer w = {.sink = s, .status = status};
    put_header(&w, p);
    status = w.status;
    for (int i = 0; i < p->n && status == AD_OK; i++)
        status = write_numbers(s, p->arrays[i]);
    return status;
}

/* ---- the file ------------------------------------------------------------------------ */

static ad_status write_plan(plan *p, const char *path, const ad_write_options *options)
{
    ad_status status = sort(p);
    if (status == AD_OK)
        status = measure(p);
    if (status != AD_OK)
        return status;
    ad_sink sink;
    status = ad_sink_open(&sink, "safetensors_write", path, LENGTH_BYTES + p->header + p->data,
                          options, p->error);
    return status == AD_OK ? ad_sink_close(&sink, write_all(&sink, p)) : status;
}

ad_status ad_safetensors_write(const char *path, int n, const ad_named_view *arrays, int m,
                               const ad_metadata *metadata, const ad_write_options *options,
                               ad_error *error)
{
    if (!path)
        return ad_fail(error, AD_MISUSE, "safetensors_write: the path is NULL");
    ad_status status = check_lists(n, arrays, m, metadata, error);
    if (status != AD_OK)
        return status;
    size_t all = (size_t)n + (size_t)m, bytes = ad_size_mul(all, sizeof(void *));
    const void **order = ad_memory_take(NULL, bytes);
    if (!order)
        return ad_fail(error, AD_MEMORY, "safetensors_write: no memory for %zu names", all);
    plan p = {.n = n, .m = m, .error = error};
    p.arrays = (const ad_named_view **)order;
    p.metadata = (const ad_metadata **)(order + n);
    for (int i = 0; i < n; i++)
        p.arrays[i] = &arrays[i];
    for (int i = 0; i < m; i++)
        p.metadata[i] = &metadata[i];
    status = write_plan(&p, path, options);
    ad_memory_give(NULL, order, bytes);
    return status;
}
