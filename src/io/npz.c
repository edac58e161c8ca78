/* .npz: a zip archive whose members are .npy files. */
#include "adze/io/numpy.h"

#include "base/memory.h"
#include "io/named.h"
#include "io/npy.h"
#include "io/npy_header.h"
#include "io/serial.h"
#include "io/zip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char suffix[] = ".npy";
enum { SUFFIX = sizeof suffix - 1 };

struct ad_npz {
    const ad_allocator *allocator;
    ad_file file;
    ad_zip zip; /* the members that hold arrays come first */
    int count;
    const ad_zip_member **by_name;
};

/* ---- opening --------------------------------------------------------------------------- */

/* Leaves the members that hold arrays, and ends their names before ".npy". */
static void keep_arrays(ad_npz *f)
{
    for (size_t i = 0; i < f->zip.count; i++) {
        ad_zip_member m = f->zip.members[i];
        if (m.length < SUFFIX || memcmp(m.name + m.length - SUFFIX, suffix, SUFFIX) != 0)
            continue;
        m.name[m.length - SUFFIX] = '\0';
        f->zip.members[f->count++] = m;
    }
}

static int by_name(const void *a, const void *b)
{
    const ad_zip_member *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static ad_status sort(ad_npz *f, ad_error *error)
{
    size_t n = (size_t)f->count;
    f->by_name = ad_memory_take(f->allocator, n * sizeof *f->by_name);
    if (!f->by_name)
        return ad_fail(error, AD_MEMORY, "%s: no memory for the names of arrays", f->file.name);
    for (size_t i = 0; i < n; i++)
        f->by_name[i] = &f->zip.members[i];
    qsort(f->by_name, n, sizeof *f->by_name, by_name);
    for (size_t i = 1; i < n; i++)
        if (by_name(&f->by_name[i - 1], &f->by_name[i]) == 0)
            return ad_fail(error, AD_FORMAT, "%s: there are two arrays `%.80s`", f->file.name,
                           f->by_name[i]->name);
    return AD_OK;
}

/* Closes the file if it fails. */
static ad_npz *open_archive(const ad_file *file, const ad_allocator *allocator, ad_error *error)
{
    ad_npz *f = ad_memory_take(allocator, sizeof *f);
    if (!f) {
        ad_fail(error, AD_MEMORY, "%s: no memory to open it", file->name);
        ad_file_close((ad_file *)file);
        return NULL;
    }
    *f = (ad_npz){.allocator = allocator, .file = *file};
    if (ad_zip_read(&f->zip, &f->file, allocator, error) == AD_OK) {
        keep_arrays(f);
        if (sort(f, error) == AD_OK)
            return f;
    }
    ad_npz_close(f);
    return NULL;
}

ad_npz *ad_npz_open(const char *path, const ad_allocator *allocator, ad_error *error)
{
    ad_file file;
    if (!path)
        ad_fail(error, AD_MISUSE, "npz_open: the path is NULL");
    if (!path || ad_file_open(&file, path, error) != AD_OK)
        return NULL;
    return open_archive(&file, allocator, error);
}

ad_npz *ad_npz_parse(const void *bytes, size_t size, const char *name,
                     const ad_allocator *allocator, ad_error *error)
{
    ad_file file;
    if (!bytes || !name) {
        ad_fail(error, AD_MISUSE, "npz_parse: the %s is NULL", bytes ? "name" : "memory");
        return NULL;
    }
    ad_file_open_memory(&file, bytes, size, name);
    return open_archive(&file, allocator, error);
}

void ad_npz_close(ad_npz *f)
{
    if (!f)
        return;
    ad_memory_give(f->allocator, (void *)f->by_name, (size_t)f->count * sizeof *f->by_name);
    ad_zip_free(&f->zip);
    ad_file_close(&f->file);
    ad_memory_give(f->allocator, f, sizeof *f);
}

/* ---- looking --------------------------------------------------------------------------- */

static const ad_zip_member *member_of(const ad_npz *f, int i)
{
    return f && i >= 0 && i < f->count ? &f->zip.members[i] : NULL;
}

int ad_npz_count(const ad_npz *f)
{
    return f ? f->count : 0;
}

const char *ad_npz_name(const ad_npz *f, int i)
{
    const ad_zip_member *m = member_of(f, i);
    return m ? m->name : NULL;
}

int ad_npz_find(const ad_npz *f, const char *name)
{
    if (!f || !name)
        return -1;
    ad_zip_member wanted = {.name = (char *)(uintptr_t)name};
    const ad_zip_member *key = &wanted, **found = bsearch(&key, f->by_name, (size_t)f->count,
                                                          sizeof *f->by_name, by_name);
    return found ? (int)(*found - f->zip.members) : -1;
}

/* ---- reading --------------------------------------------------------------------------- */

static ad_status load(const char *op, const ad_npz *f, int i, const ad_type *as,
                      const ad_allocator *allocator, ad_array *a, ad_error *error)
{
    if (!f || !a)
        return ad_fail(error, AD_MISUSE, "%s: the %s is NULL", op, f ? "array" : "file");
    if (as && !ad_type_size(*as))
        return ad_fail(error, AD_BAD_TYPE, "%s: there is no type %d", op, (int)*as);
    const ad_zip_member *m = member_of(f, i);
    if (!m)
        return ad_fail(error, AD_MISUSE, "%s: %s has no array %d%s: it has %d", op, f->file.name, i,
                       i == -1 ? " (a name that find does not know)" : "", f->count);
    char name[sizeof f->file.name + 96];
    snprintf(name, sizeof name, "%s: array `%.80s`", f->file.name, m->name);
    ad_source source;
    ad_status status = ad_zip_open(&f->zip, m, name, &source, allocator, error);
    if (status != AD_OK)
        return status;
    status = ad_npy_load(&source, as, a);
    ad_source_close(&source);
    return status;
}

ad_status ad_npz_read(const ad_npz *f, int i, const ad_allocator *allocator, ad_array *a,
                      ad_error *error)
{
    return load("npz_read", f, i, NULL, allocator, a, error);
}

ad_status ad_npz_read_as(const ad_npz *f, int i, ad_type type, const ad_allocator *allocator,
                         ad_array *a, ad_error *error)
{
    return load("npz_read_as", f, i, &type, allocator, a, error);
}

/* ---- writing --------------------------------------------------------------------------- */

/* Of what is stored, the checksum stands before it. */
static uint32_t checksum_of(const ad_named_view *a, const char prefix[AD_NPY_PREFIX])
{
    ad_serial numbers;
    uLong checksum = crc32_z(0, (const unsigned char *)prefix, AD_NPY_PREFIX);
    ad_serial_begin(&numbers, &a->view, ad_named_stored(a));
    while (ad_serial_next(&numbers))
        checksum = crc32_z(checksum, numbers.bytes, numbers.size);
    return (uint32_t)checksum;
}

static ad_status put_numbers(ad_zip_writer *w, const ad_named_view *a)
{
    ad_serial numbers;
    ad_status status = AD_OK;
    ad_serial_begin(&numbers, &a->view, ad_named_stored(a));
    while (status == AD_OK && ad_serial_next(&numbers))
        status = ad_zip_write(w, numbers.bytes, numbers.size);
    return status;
}

/* Without a sink, nothing is computed. */
static ad_status put_array(ad_zip_writer *w, const char *name, const ad_named_view *a,
                           bool deflated)
{
    char prefix[AD_NPY_PREFIX];
    size_t bytes = ad_named_bytes(a);
    ad_npy_prefix_print(ad_named_stored(a), &a->view.shape, prefix);
    uint32_t checksum = w->sink && !deflated ? checksum_of(a, prefix) : 0;
    ad_status status = ad_zip_begin_member(w, name, deflated && w->sink,
                                           sizeof prefix + (uint64_t)bytes, checksum);
    if (status == AD_OK)
        status = ad_zip_write(w, prefix, sizeof prefix);
    if (status == AD_OK)
        status = w->sink ? put_numbers(w, a) : ad_zip_write(w, NULL, bytes);
    return status == AD_OK ? ad_zip_end_member(w) : status;
}

typedef struct plan {
    const char *op;
    int n;
    const ad_named_view *arrays;
    bool deflated;
    char *names; /* with ".npy", one after the other */
    size_t name_bytes, entry_bytes;
    ad_error *error;
} plan;

/* Without a sink, counts the bytes. */
static ad_status put_archive(const plan *p, ad_sink *sink, uint64_t *bytes)
{
    ad_zip_writer w;
    ad_status status = ad_zip_begin(&w, sink, p->entry_bytes);
    if (status != AD_OK)
        return status;
    const char *name = p->names;
    for (int i = 0; i < p->n && status == AD_OK; i++, name += strlen(name) + 1)
        status = put_array(&w, name, &p->arrays[i], p->deflated);
    status = ad_zip_end(&w, status);
    *bytes = w.at;
    return status;
}

static ad_status make_names(plan *p)
{
    uint64_t all = 0;
    for (int i = 0; i < p->n; i++) {
        size_t length = strlen(p->arrays[i].name);
        if (length > AD_ZIP_LONGEST_NAME - SUFFIX)
            return ad_fail(p->error, AD_TOO_LARGE, "%s: a name of %zu bytes; up to %d fit into zip",
                           p->op, length, AD_ZIP_LONGEST_NAME - SUFFIX);
        p->name_bytes += length + sizeof suffix;
        if ((all += ad_named_bytes(&p->arrays[i])) > INT64_MAX / 2)
            return ad_fail(p->error, AD_TOO_LARGE, "%s: so much fits into no file", p->op);
    }
    char *to = p->names = ad_memory_take(NULL, p->name_bytes);
    if (!to)
        return ad_fail(p->error, AD_MEMORY, "%s: no memory for %d names", p->op, p->n);
    for (int i = 0; i < p->n; i++) {
        size_t length = strlen(p->arrays[i].name);
        memcpy(to, p->arrays[i].name, length);
        memcpy(to + length, suffix, sizeof suffix);
        p->entry_bytes += ad_zip_entry_size(to);
        to += length + sizeof suffix;
    }
    return AD_OK;
}

static ad_status write_plan(plan *p, const char *path, const ad_write_options *options)
{
    uint64_t all;
    ad_sink sink;
    ad_status status = make_names(p);
    if (status == AD_OK)
        status = put_archive(p, NULL, &all);
    if (status == AD_OK)
        status = ad_sink_open(&sink, p->op, path, all, options, p->error);
    if (status == AD_OK)
        status = ad_sink_close(&sink, put_archive(p, &sink, &all));
    ad_memory_give(NULL, p->names, p->name_bytes);
    return status;
}

static ad_status write_archive(const char *op, const char *path, int n, const ad_named_view *arrays,
                               bool deflated, const ad_write_options *options, ad_error *error)
{
    if (!path)
        return ad_fail(error, AD_MISUSE, "%s: the path is NULL", op);
    ad_status status = ad_named_check(op, n, arrays, error);
    if (status != AD_OK)
        return status;
    plan p = {.op = op, .n = n, .arrays = arrays, .deflated = deflated, .error = error};
    return write_plan(&p, path, options);
}

ad_status ad_npz_write(const char *path, int n, const ad_named_view *arrays,
                       const ad_write_options *options, ad_error *error)
{
    return write_archive("npz_write", path, n, arrays, false, options, error);
}

ad_status ad_npz_write_deflated(const char *path, int n, const ad_named_view *arrays,
                                const ad_write_options *options, ad_error *error)
{
    return write_archive("npz_write_deflated", path, n, arrays, true, options, error);
}
