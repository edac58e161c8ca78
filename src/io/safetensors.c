/* Reading safetensors: files that are open, and their numbers. */
#include "io/safetensors_header.h"

#include "array/array.h"
#include "array/convert.h"
#include "base/memory.h"

static ad_safetensors *open_file(ad_file *file, const ad_allocator *allocator, ad_error *error)
{
    ad_safetensors *f = ad_memory_take(allocator, sizeof *f);
    if (!f) {
        ad_fail(error, AD_MEMORY, "%s: no memory to open it", file->name);
        ad_file_close(file);
        return NULL;
    }
    *f = (ad_safetensors){.allocator = allocator, .file = *file};
    if (ad_header_read(f, error) == AD_OK)
        return f;
    ad_safetensors_close(f);
    return NULL;
}

ad_safetensors *ad_safetensors_open(const char *path, const ad_allocator *allocator,
                                    ad_error *error)
{
    ad_file file;
    if (!path)
        ad_fail(error, AD_MISUSE, "safetensors_open: the path is NULL");
    if (!path || ad_file_open(&file, path, error) != AD_OK)
        return NULL;
    return open_file(&file, allocator, error);
}

ad_safetensors *ad_safetensors_parse(const void *bytes, size_t size, const char *name,
                                     const ad_allocator *allocator, ad_error *error)
{
    if (!bytes || !name) {
        ad_fail(error, AD_MISUSE, "safetensors_parse: the %s is NULL", bytes ? "name" : "memory");
        return NULL;
    }
    ad_file file;
    ad_file_open_memory(&file, bytes, size, name);
    return open_file(&file, allocator, error);
}

void ad_safetensors_close(ad_safetensors *f)
{
    if (!f)
        return;
    ad_file_close(&f->file);
    ad_memory_give(f->allocator, f->header, f->header_size);
    ad_memory_give(f->allocator, f->entries, f->room * sizeof *f->entries);
    ad_memory_give(f->allocator, (void *)f->by_name, f->count * sizeof *f->by_name);
    ad_memory_give(f->allocator, f->metadata, f->pair_room * sizeof *f->metadata);
    ad_memory_give(f->allocator, f, sizeof *f);
}

/* ---- looking ------------------------------------------------------------------------- */

static const ad_entry *entry_of(const ad_safetensors *f, int i)
{
    return f && i >= 0 && (size_t)i < f->count ? &f->entries[i] : NULL;
}

int ad_safetensors_count(const ad_safetensors *f)
{
    return f ? (int)f->count : 0;
}

int ad_safetensors_find(const ad_safetensors *f, const char *name)
{
    return f && name ? ad_header_find(f, name) : -1;
}

const char *ad_safetensors_name(const ad_safetensors *f, int i)
{
    const ad_entry *e = entry_of(f, i);
    return e ? e->name : NULL;
}

ad_shape ad_safetensors_shape(const ad_safetensors *f, int i)
{
    const ad_entry *e = entry_of(f, i);
    return e ? e->shape : AD_SCALAR;
}

const char *ad_safetensors_stored(const ad_safetensors *f, int i)
{
    const ad_entry *e = entry_of(f, i);
    return e ? ad_stored_text(e->stored) : NULL;
}

ad_type ad_safetensors_type(const ad_safetensors *f, int i)
{
    const ad_entry *e = entry_of(f, i);
    return e ? ad_stored_type(e->stored) : AD_TYPE_COUNT;
}

ad_metadata ad_safetensors_pair(const ad_safetensors *f, int i)
{
    return f && i >= 0 && (size_t)i < f->pairs ? f->metadata[i] : (ad_metadata){NULL, NULL};
}

const char *ad_safetensors_metadata(const ad_safetensors *f, const char *key)
{
    const ad_metadata *pair = f && key ? ad_header_pair(f, key) : NULL;
    return pair ? pair->value : NULL;
}

/* ---- numbers ------------------------------------------------------------------------- */

static bool are_bools(const unsigned char *bytes, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        if (bytes[i] > 1)
            return false;
    return true;
}

/* Numbers of adze's types are aligned to their size. Of no numbers there is a view as well. */
ad_view ad_safetensors_view(const ad_safetensors *f, int i)
{
    const ad_entry *e = entry_of(f, i);
    if (!e)
        return (ad_view){.type = AD_TYPE_COUNT};
    ad_type type = ad_stored_type(e->stored);
    size_t size = ad_type_size(type);
    const unsigned char *data = f->file.memory ? f->file.memory + f->data + e->begin : NULL;
    bool usable = data && size > 0 && (uintptr_t)data % size == 0 && ad_stored_as_in_memory() &&
                  (type != AD_BOOL || are_bools(data, e->end - e->begin));
    return ad_view_of(type, usable ? data : NULL, e->shape);
}

static ad_status no_number(const ad_safetensors *f, const ad_entry *e, size_t at, ad_error *error)
{
    bool is_bool = e->stored == AD_STORED_BOOL;
    return ad_fail(
        error, is_bool ? AD_FORMAT : AD_DOMAIN, "%s: byte %llu: array `%.80s` has %s", f->file.name,
        (unsigned long long)(f->data + e->begin + at * (size_t)ad_stored_bits(e->stored) / 8),
        e->name, is_bool ? "a bool that is neither 0 nor 1" : "a number beyond those of i64");
}

/* Goes through the numbers in pieces: bytes become numbers of the carrier, and these of the type. */
static ad_status convert(const ad_safetensors *f, const ad_entry *e, ad_array *a, ad_error *error)
{
    enum { PIECE = 2048 };
    unsigned char bytes[8 * PIECE];
    uint64_t numbers[PIECE];
    ad_type carrier = ad_stored_carrier(e->stored);
    size_t count = ad_array_count(a), size = ad_type_size(a->type);
    size_t width = (size_t)ad_stored_bits(e->stored) / 8;
    for (size_t i = 0, n; i < count; i += n) {
        n = count - i < PIECE ? count - i : PIECE;
        ad_status status =
            ad_file_read(&f->file, f->data + e->begin + i * width, bytes, n * width, error);
        if (status != AD_OK)
            return status;
        size_t good = ad_stored_decode(e->stored, n, bytes, numbers);
        if (good < n)
            return no_number(f, e, i + good, error);
        ad_convert(n, carrier, numbers, a->type, (char *)a->data + i * size);
    }
    return AD_OK;
}

/* Bools are looked at one by one, and so are bytes that lie in another order. */
static ad_status read_numbers(const ad_safetensors *f, const ad_entry *e, ad_array *a,
                              ad_error *error)
{
    bool as_is = a->type == ad_stored_type(e->stored) && a->type != AD_BOOL;
    if (!as_is || !ad_stored_as_in_memory())
        return convert(f, e, a, error);
    return ad_file_read(&f->file, f->data + e->begin, a->data, (size_t)(e->end - e->begin), error);
}

static ad_status read_entry(const ad_safetensors *f, const ad_entry *e, ad_type type,
                            const ad_allocator *allocator, ad_array *a, ad_error *error)
{
    ad_array read = ad_array_unset(allocator, type, e->shape);
    if (!read.data)
        return ad_fail(error, AD_MEMORY, "%s: no memory for array `%.80s`", f->file.name, e->name);
    ad_status status = read_numbers(f, e, &read, error);
    if (status == AD_OK)
        *a = read;
    else
        ad_array_free(&read);
    return status;
}

static ad_status check_call(const ad_safetensors *f, int i, const ad_array *a, const char *op,
                            ad_error *error)
{
    if (!f || !a)
        return ad_fail(error, AD_MISUSE, "%s: the %s is NULL", op, f ? "array" : "file");
    if (!entry_of(f, i))
        return ad_fail(error, AD_MISUSE, "%s: %s has no array %d%s: it has %zu", op, f->file.name,
                       i, i == -1 ? " (a name that find does not know)" : "", f->count);
    return AD_OK;
}

ad_status ad_safetensors_read(const ad_safetensors *f, int i, const ad_allocator *allocator,
                              ad_array *a, ad_error *error)
{
    ad_status status = check_call(f, i, a, "safetensors_read", error);
    if (status != AD_OK)
        return status;
    const ad_entry *e = &f->entries[i];
    ad_type type = ad_stored_type(e->stored), carrier = ad_stored_carrier(e->stored);
    if (type == AD_TYPE_COUNT)
        return ad_fail(error, AD_BAD_TYPE, "%s: array `%.80s` is of %s, which adze does not have%s",
                       f->file.name, e->name, ad_stored_text(e->stored),
                       carrier == AD_TYPE_COUNT ? "" : "; safetensors_read_as converts it");
    return read_entry(f, e, type, allocator, a, error);
}

ad_status ad_safetensors_read_as(const ad_safetensors *f, int i, ad_type type,
                                 const ad_allocator *allocator, ad_array *a, ad_error *error)
{
    ad_status status = check_call(f, i, a, "safetensors_read_as", error);
    if (status != AD_OK)
        return status;
    if (ad_type_size(type) == 0)
        return ad_fail(error, AD_BAD_TYPE, "safetensors_read_as: there is no type %d", (int)type);
    const ad_entry *e = &f->entries[i];
    if (ad_stored_carrier(e->stored) == AD_TYPE_COUNT)
        return ad_fail(error, AD_BAD_TYPE, "%s: array `%.80s` is of %s, which adze cannot convert",
                       f->file.name, e->name, ad_stored_text(e->stored));
    return read_entry(f, e, type, allocator, a, error);
}
