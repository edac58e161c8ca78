/* .npy: a magic word, the version, the length of the header, the header, the numbers.
 *
 * The bytes of the numbers are read to the end of the array and unpacked towards its front. A number in the file is
 * never wider than in the array, so writing never overtakes reading. */
#include "adze/io/numpy.h"

#include "array/array.h"
#include "io/claim.h"
#include "io/npy.h"
#include "io/npy_header.h"
#include "io/serial.h"
#include "io/sink.h"
#include "io/words.h"

#include <string.h>

/* ---- the header ---------------------------------------------------------------------- */

/* Leaves the length of all that stands before the numbers. */
static ad_status read_length(ad_source *s, size_t *before, size_t *length)
{
    unsigned char head[12];
    ad_status status = ad_file_claim_header(s, head, 0, 8);
    if (status != AD_OK)
        return status;
    if (memcmp(head, "\x93NUMPY", 6) != 0)
        return ad_fail(s->error, AD_FORMAT,
                       "%s: this is not .npy: it does not begin with its "
                       "magic word, 93 'NUMPY'",
                       s->name);
    if (head[6] < 1 || head[6] > 3 || head[7] != 0)
        return ad_fail(s->error, AD_FORMAT,
                       "%s: version %d.%d of .npy; 1.0, 2.0 and 3.0 can be read", s->name, head[6],
                       head[7]);
    size_t bytes = head[6] == 1 ? 2 : 4;
    status = ad_file_claim_header(s, head + 8, 8, bytes);
    *before = 8 + bytes;
    *length = (size_t)ad_word(head + 8, bytes, false);
    return status;
}

static ad_status read_header(ad_source *s, ad_npy_header *h, size_t *end)
{
    char text[AD_NPY_LONGEST_HEADER];
    size_t before = 0, length = 0;
    ad_status status = read_length(s, &before, &length);
    if (status == AD_OK && length > sizeof text)
        return ad_fail(s->error, AD_FORMAT, "%s: a header of %zu bytes; up to %zu can be read",
                       s->name, length, sizeof text);
    if (status == AD_OK)
        status = ad_file_claim_header(s, text, before, length);
    if (status == AD_OK)
        status = ad_npy_header_parse(h, text, length, before, s->name, s->error);
    *end = before + length;
    return status;
}

/* ---- the numbers --------------------------------------------------------------------- */

static void swap_bytes(unsigned char *bytes, size_t width, size_t count)
{
    for (size_t i = 0; i < count; i++, bytes += width)
        ad_put_word(bytes, ad_word(bytes, width, true), width);
}

static ad_status refuse_number(const ad_source *s, size_t i, uint64_t word, ad_type type)
{
    if (type == AD_BOOL)
        return ad_fail(s->error, AD_FORMAT, "%s: number %zu is %llu; a bool is 0 or 1", s->name, i,
                       (unsigned long long)word);
    return ad_fail(s->error, AD_DOMAIN, "%s: number %zu is %llu, more than i64 can hold", s->name,
                   i, (unsigned long long)word);
}

static ad_status read_numbers(ad_source *s, const ad_npy_header *h, const ad_file_claim *c,
                              ad_array *a)
{
    unsigned char *packed =
        (unsigned char *)a->data + c->count * (ad_type_size(a->type) - c->width);
    ad_status status = ad_file_claim_read(c, s, packed);
    if (status != AD_OK)
        return status;
    if (h->big && c->width > 1)
        swap_bytes(packed, c->width, c->count);
    bool same = ad_stored_type(h->stored) == a->type && a->type != AD_BOOL;
    if (same && ad_stored_as_in_memory())
        return AD_OK;
    size_t good = ad_stored_decode(h->stored, c->count, packed, a->data);
    if (good == c->count)
        return AD_OK;
    uint64_t word = ad_word(packed + good * c->width, c->width, false);
    return refuse_number(s, good, word, a->type);
}

/* Column by column, an array of shape [a, b, c] is one of shape [c, b, a] row by row, transposed. */
static ad_shape reversed(ad_shape shape)
{
    ad_shape r = shape;
    for (int i = 0; i < shape.rank; i++)
        r.dim[i] = shape.dim[shape.rank - 1 - i];
    return r;
}

static ad_view transposed(const ad_array *a)
{
    ad_view v = ad_array_view(*a), t = v;
    t.shape = reversed(v.shape);
    for (int i = 0; i < v.shape.rank; i++)
        t.stride[i] = v.stride[v.shape.rank - 1 - i];
    return t;
}

/* Puts numbers into the order and the type that are wanted. */
static ad_status arrange(const ad_source *s, const ad_npy_header *h, const ad_type *as, ad_array *a)
{
    bool columns = h->columns && h->shape.rank > 1;
    if (!columns && (!as || *as == a->type))
        return AD_OK;
    ad_view v = columns ? transposed(a) : ad_array_view(*a);
    ad_array copy = ad_array_copy(s->allocator, as ? *as : a->type, v);
    if (!copy.data)
        return ad_fail(s->error, AD_MEMORY, "%s: no memory for a copy in another order or type",
                       s->name);
    ad_array_free(a);
    *a = copy;
    return AD_OK;
}

/* ---- reading ------------------------------------------------------------------------- */

ad_status ad_npy_load(ad_source *s, const ad_type *as, ad_array *a)
{
    ad_npy_header h;
    ad_file_claim claim;
    size_t end;
    ad_status status = read_header(s, &h, &end);
    if (status != AD_OK)
        return status;
    if (!as && (h.stored == AD_STORED_F16 || h.stored == AD_STORED_BF16))
        return ad_fail(s->error, AD_BAD_TYPE,
                       "%s: the numbers are %s, which adze does not have: read them as f32",
                       s->name, h.stored == AD_STORED_F16 ? "float16" : "bfloat16");
    claim.shape = h.columns ? reversed(h.shape) : h.shape;
    claim.width = (size_t)ad_stored_bits(h.stored) / 8;
    status = ad_file_claim_check(&claim, s, end);
    if (status != AD_OK)
        return status;
    ad_array read = ad_array_unset(s->allocator, ad_stored_carrier(h.stored), claim.shape);
    if (!read.data)
        return ad_fail(s->error, AD_MEMORY, "%s: no memory for %s", s->name, claim.text);
    status = read_numbers(s, &h, &claim, &read);
    if (status == AD_OK)
        status = arrange(s, &h, as, &read);
    if (status == AD_OK)
        *a = read;
    else
        ad_array_free(&read);
    return status;
}

static ad_status check(const char *op, const char *missing, const ad_type *as, ad_error *error)
{
    if (missing)
        return ad_fail(error, AD_MISUSE, "%s: the %s is NULL", op, missing);
    if (as && !ad_type_size(*as))
        return ad_fail(error, AD_BAD_TYPE, "%s: there is no type %d", op, (int)*as);
    return AD_OK;
}

static ad_status load_file(const char *op, const char *path, const ad_type *as,
                           const ad_allocator *allocator, ad_array *a, ad_error *error)
{
    ad_source source;
    ad_status status = check(op, !path ? "path" : !a ? "array" : NULL, as, error);
    if (status == AD_OK)
        status = ad_source_open(&source, path, allocator, error);
    if (status != AD_OK)
        return status;
    status = ad_npy_load(&source, as, a);
    ad_source_close(&source);
    return status;
}

static ad_status load_memory(const char *op, const void *bytes, size_t size, const char *name,
                             const ad_type *as, const ad_allocator *allocator, ad_array *a,
                             ad_error *error)
{
    ad_source source;
    const char *missing = !bytes ? "memory" : !name ? "name" : !a ? "array" : NULL;
    ad_status status = check(op, missing, as, error);
    if (status == AD_OK)
        status = ad_source_open_memory(&source, bytes, size, name, allocator, error);
    if (status != AD_OK)
        return status;
    status = ad_npy_load(&source, as, a);
    ad_source_close(&source);
    return status;
}

ad_status ad_npy_read(const char *path, const ad_allocator *allocator, ad_array *a, ad_error *error)
{
    return load_file("npy_read", path, NULL, allocator, a, error);
}

ad_status ad_npy_read_as(const char *path, ad_type type, const ad_allocator *allocator, ad_array *a,
                         ad_error *error)
{
    return load_file("npy_read_as", path, &type, allocator, a, error);
}

ad_status ad_npy_parse(const void *bytes, size_t size, const char *name,
                       const ad_allocator *allocator, ad_array *a, ad_error *error)
{
    return load_memory("npy_parse", bytes, size, name, NULL, allocator, a, error);
}

ad_status ad_npy_parse_as(const void *bytes, size_t size, const char *name, ad_type type,
                          const ad_allocator *allocator, ad_array *a, ad_error *error)
{
    return load_memory("npy_parse_as", bytes, size, name, &type, allocator, a, error);
}

/* ---- writing ------------------------------------------------------------------------- */

static ad_status write_all(ad_sink *s, const ad_view *v, ad_stored stored)
{
    ad_serial numbers;
    char prefix[AD_NPY_PREFIX];
    ad_npy_prefix_print(stored, &v->shape, prefix);
    ad_status status = ad_sink_write(s, prefix, sizeof prefix);
    ad_serial_begin(&numbers, v, stored);
    while (status == AD_OK && ad_serial_next(&numbers))
        status = ad_sink_write(s, numbers.bytes, numbers.size);
    return status;
}

ad_status ad_npy_write(const char *path, ad_view v, const ad_write_options *options,
                       ad_error *error)
{
    ad_sink sink;
    char why[128], shape[128];
    if (!path)
        return ad_fail(error, AD_MISUSE, "npy_write: the path is NULL");
    ad_status status = ad_serial_flaw(&v, AD_FULL, why, sizeof why);
    if (status != AD_OK)
        return ad_fail(error, status, "npy_write(%s): %s",
                       ad_shape_print(&v.shape, shape, sizeof shape), why);
    ad_stored stored = ad_serial_stored(v.type, AD_FULL);
    uint64_t all = AD_NPY_PREFIX + (uint64_t)ad_serial_bytes(&v, stored);
    status = ad_sink_open(&sink, "npy_write", path, all, options, error);
    if (status != AD_OK)
        return status;
    return ad_sink_close(&sink, write_all(&sink, &v, stored));
}
