/* Each array is checked by itself as it is read; then, in the order of their numbers, whether they fill the file; and
 * in the order of names, whether one is there twice. */
#include "io/safetensors_header.h"

#include "base/memory.h"
#include "io/json.h"

#include <stdlib.h>
#include <string.h>

/* Makes room for one more. False if there is no memory. */
static bool grow(const ad_allocator *allocator, void **list, size_t size, size_t count,
                 size_t *room)
{
    if (count < *room)
        return true;
    size_t more = *room ? 2 * *room : 8;
    void *grown = ad_memory_take(allocator, ad_size_mul(more, size));
    if (!grown)
        return false;
    if (count > 0)
        memcpy(grown, *list, count * size);
    ad_memory_give(allocator, *list, *room * size);
    *list = grown;
    *room = more;
    return true;
}

/* ---- the header ---------------------------------------------------------------------- */

static void read_shape(ad_json *j, ad_entry *e)
{
    for (bool more = ad_json_enter(j, '['); more; more = ad_json_next(j, ']')) {
        if (e->shape.rank == AD_MAX_RANK)
            ad_json_fail(j, AD_BAD_SHAPE, "array `%.80s` has more than %d axes", e->name,
                         AD_MAX_RANK);
        else
            e->shape.dim[e->shape.rank++] = ad_json_whole(j);
    }
}

static void read_offsets(ad_json *j, ad_entry *e)
{
    int n = 0;
    for (bool more = ad_json_enter(j, '['); more; more = ad_json_next(j, ']')) {
        uint64_t *to = n++ == 0 ? &e->begin : &e->end;
        *to = (uint64_t)ad_json_whole(j);
    }
    if (n != 2)
        ad_json_fail(j, AD_FORMAT, "array `%.80s` has %d data_offsets, not 2", e->name, n);
}

static void read_type(ad_json *j, ad_entry *e)
{
    const char *name = ad_json_text(j);
    e->stored = ad_stored_named(name);
    if (e->stored == AD_STORED_COUNT)
        ad_json_fail(j, AD_FORMAT, "array `%.80s` has the unknown dtype `%.40s`", e->name, name);
}

/* What an array says of itself must agree. */
static void check_entry(ad_json *j, const ad_entry *e, uint64_t most)
{
    size_t count;
    char text[256];
    if (j->status != AD_OK)
        return;
    if (ad_shape_count(&e->shape, &count) != AD_OK) {
        ad_json_fail(j, AD_TOO_LARGE, "array `%.80s` of %s is more than memory can hold", e->name,
                     ad_shape_print(&e->shape, text, sizeof text));
        return;
    }
    uint64_t bits = (uint64_t)count * (uint64_t)ad_stored_bits(e->stored);
    if (e->begin > e->end || e->end > most)
        ad_json_fail(j, AD_FORMAT, "array `%.80s` lies from %llu to %llu, but there are %llu bytes",
                     e->name, (unsigned long long)e->begin, (unsigned long long)e->end,
                     (unsigned long long)most);
    else if (bits % 8 != 0 || e->end - e->begin != bits / 8)
        ad_json_fail(j, AD_FORMAT, "array `%.80s` of %s and %s has %llu bytes", e->name,
                     ad_shape_print(&e->shape, text, sizeof text), ad_stored_text(e->stored),
                     (unsigned long long)(e->end - e->begin));
}

static void read_entry(ad_json *j, ad_entry *e, uint64_t most)
{
    static const struct {
        const char *key;
        void (*read)(ad_json *j, ad_entry *e);
    } fields[] = {{"dtype", read_type}, {"shape", read_shape}, {"data_offsets", read_offsets}};
    enum { FIELDS = sizeof fields / sizeof *fields };
    bool seen[FIELDS] = {false};
    for (bool more = ad_json_enter(j, '{'); more; more = ad_json_next(j, '}')) {
        const char *key = ad_json_key(j);
        int i = 0;
        while (i < FIELDS && strcmp(fields[i].key, key) != 0)
            i++;
        if (i == FIELDS)
            ad_json_skip(j);
        else if (seen[i])
            ad_json_fail(j, AD_FORMAT, "array `%.80s` has two of %s", e->name, key);
        else
            fields[i].read(j, e);
        if (i < FIELDS)
            seen[i] = true;
    }
    for (int i = 0; i < FIELDS; i++)
        if (!seen[i])
            ad_json_fail(j, AD_FORMAT, "array `%.80s` has no %s", e->name, fields[i].key);
    check_entry(j, e, most);
}

static void read_metadata(ad_json *j, ad_safetensors *f)
{
    for (bool more = ad_json_enter(j, '{'); more; more = ad_json_next(j, '}')) {
        void *list = f->metadata;
        if (!grow(f->allocator, &list, sizeof *f->metadata, f->pairs, &f->pair_room))
            ad_json_fail(j, AD_MEMORY, "no memory for metadata");
        f->metadata = list;
        if (j->status != AD_OK)
            return;
        ad_metadata *pair = &f->metadata[f->pairs++];
        pair->key = ad_json_key(j);
        pair->value = ad_json_text(j);
    }
}

static void read_header(ad_json *j, ad_safetensors *f, uint64_t most)
{
    bool described = false;
    for (bool more = ad_json_enter(j, '{'); more; more = ad_json_next(j, '}')) {
        const char *key = ad_json_key(j);
        bool metadata = strcmp(key, "__metadata__") == 0;
        void *list = f->entries;
        if (metadata && described)
            ad_json_fail(j, AD_FORMAT, "there are two of __metadata__");
        else if (metadata)
            read_metadata(j, f);
        else if (!grow(f->allocator, &list, sizeof *f->entries, f->count, &f->room))
            ad_json_fail(j, AD_MEMORY, "no memory for the names of arrays");
        described |= metadata;
        f->entries = list;
        if (!metadata && j->status == AD_OK) {
            ad_entry *e = &f->entries[f->count++];
            *e = (ad_entry){.name = key};
            read_entry(j, e, most);
        }
    }
    ad_json_end(j);
}

/* ---- what the header says as a whole ------------------------------------------------- */

/* Arrays of no bytes may lie at the same place: then as in the header. */
static int by_place(const void *a, const void *b)
{
    const ad_entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return x->name < y->name ? -1 : 1;
}

static int by_name(const void *a, const void *b)
{
    const ad_entry *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static int by_key(const void *a, const void *b)
{
    const ad_metadata *x = a, *y = b;
    return strcmp(x->key, y->key);
}

static ad_status check_tiling(const ad_safetensors *f, uint64_t bytes, ad_error *error)
{
    uint64_t at = 0;
    for (size_t i = 0; i < f->count; i++) {
        const ad_entry *e = &f->entries[i];
        if (e->begin != at)
            return ad_fail(error, AD_FORMAT, "%s: byte %llu: array `%.80s` %s the one before",
                           f->file.name, (unsigned long long)(f->data + e->begin), e->name,
                           e->begin < at ? "overlaps" : "leaves a hole behind");
        at = e->end;
    }
    if (at != bytes)
        return ad_fail(error, AD_FORMAT, "%s: byte %llu: %llu bytes follow the last array",
                       f->file.name, (unsigned long long)(f->data + at),
                       (unsigned long long)(bytes - at));
    return AD_OK;
}

static ad_status check_names(const ad_safetensors *f, ad_error *error)
{
    for (size_t i = 1; i < f->count; i++)
        if (by_name(&f->by_name[i - 1], &f->by_name[i]) == 0)
            return ad_fail(error, AD_FORMAT, "%s: there are two arrays `%.80s`", f->file.name,
                           f->by_name[i]->name);
    for (size_t i = 1; i < f->pairs; i++)
        if (by_key(&f->metadata[i - 1], &f->metadata[i]) == 0)
            return ad_fail(error, AD_FORMAT, "%s: there are two values of `%.80s` in metadata",
                           f->file.name, f->metadata[i].key);
    return AD_OK;
}

static ad_status sort(ad_safetensors *f, ad_error *error)
{
    f->by_name = ad_memory_take(f->allocator, ad_size_mul(f->count, sizeof *f->by_name));
    if (!f->by_name)
        return ad_fail(error, AD_MEMORY, "%s: no memory for the names of arrays", f->file.name);
    if (f->count > 0)
        qsort(f->entries, f->count, sizeof *f->entries, by_place);
    for (size_t i = 0; i < f->count; i++)
        f->by_name[i] = &f->entries[i];
    qsort(f->by_name, f->count, sizeof *f->by_name, by_name);
    if (f->pairs > 0)
        qsort(f->metadata, f->pairs, sizeof *f->metadata, by_key);
    return AD_OK;
}

/* ---- all of it ---------------------------------------------------------------------- */

static ad_status load_header(ad_safetensors *f, ad_error *error)
{
    unsigned char length[AD_HEADER_AT];
    uint64_t n = 0, size = f->file.size;
    if (size < sizeof length)
        return ad_fail(error, AD_FORMAT,
                       "%s: the file ends after %llu bytes, in the length of its header",
                       f->file.name, (unsigned long long)size);
    ad_status status = ad_file_read(&f->file, 0, length, sizeof length, error);
    for (int i = AD_HEADER_AT; i-- > 0;)
        n = n << 8 | length[i];
    if (status != AD_OK)
        return status;
    if (n > AD_LONGEST_HEADER || n > size - sizeof length)
        return ad_fail(error, AD_FORMAT,
                       "%s: this is not safetensors: the header would have %llu bytes; %llu "
                       "are there, and %d allowed",
                       f->file.name, (unsigned long long)n,
                       (unsigned long long)(size - sizeof length), AD_LONGEST_HEADER);
    f->header = ad_memory_take(f->allocator, (size_t)n);
    if (!f->header)
        return ad_fail(error, AD_MEMORY, "%s: no memory for a header of %llu bytes", f->file.name,
                       (unsigned long long)n);
    f->header_size = (size_t)n;
    return ad_file_read(&f->file, sizeof length, f->header, f->header_size, error);
}

ad_status ad_header_read(ad_safetensors *f, ad_error *error)
{
    ad_status status = load_header(f, error);
    if (status != AD_OK)
        return status;
    f->data = AD_HEADER_AT + f->header_size;
    uint64_t bytes = f->file.size - f->data;
    ad_json j = ad_json_of(f->header, f->header_size, f->file.name, AD_HEADER_AT, error);
    read_header(&j, f, bytes);
    status = j.status == AD_OK ? sort(f, error) : j.status;
    if (status == AD_OK)
        status = check_names(f, error);
    return status == AD_OK ? check_tiling(f, bytes, error) : status;
}

/* ---- looking ------------------------------------------------------------------------- */

int ad_header_find(const ad_safetensors *f, const char *name)
{
    const ad_entry wanted = {.name = name}, *key = &wanted;
    const ad_entry **found = bsearch(&key, f->by_name, f->count, sizeof *f->by_name, by_name);
    return found ? (int)(*found - f->entries) : -1;
}

const ad_metadata *ad_header_pair(const ad_safetensors *f, const char *key)
{
    const ad_metadata wanted = {.key = key};
    return f->pairs > 0 ? bsearch(&wanted, f->metadata, f->pairs, sizeof *f->metadata, by_key)
                        : NULL;
}
