/* Training states. All parts are read before the first is put in its place. */
#define _POSIX_C_SOURCE 200809L
#include "adze/io/training.h"

#include "base/sized.h"
#include "io/failure.h"
#include "io/parts.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char format[] = "adze training state", version[] = "1";

/* A part may be larger in the caller's version: its own size says where the next one begins. */
static const ad_training_part *part_at(const ad_training_part *parts, int i)
{
    return (const ad_training_part *)((uintptr_t)parts + (size_t)i * parts->size);
}

/* ---- checks ------------------------------------------------------------------------- */

static ad_status refuse(const char *verb, const ad_training_part *p, int i, const char *flaw,
                        ad_error *error)
{
    return ad_fail(error, AD_MISUSE, "%s: part %d, \"%.100s\": %s", verb, i, p->name ? p->name : "",
                   flaw);
}

static ad_status check_part(const char *verb, const ad_training_part *parts, int i, ad_error *error)
{
    const ad_training_part *p = part_at(parts, i);
    if (p->size != parts->size)
        return ad_fail(error, AD_MISUSE, "%s: part %d begins without its size", verb, i);
    const char *flaw = ad_part_flaw(p);
    for (int k = 0; k < i && !flaw; k++)
        if (strcmp(p->name, part_at(parts, k)->name) == 0)
            flaw = "another part has this name";
        else if (p->target == part_at(parts, k)->target)
            flaw = "another part has this target";
    return flaw ? refuse(verb, p, i, flaw, error) : AD_OK;
}

static ad_status check_parts(const char *verb, const void *where, int n,
                             const ad_training_part *parts, ad_error *error)
{
    ad_status status = AD_OK;
    if (!where || n < 0 || (n && !parts))
        return ad_fail(error, AD_MISUSE, "%s: %s", verb,
                       n < 0 ? "the number of parts is negative" : "an argument is NULL");
    if (n && (parts->size < sizeof *parts || parts->size > AD_SIZE_LIMIT))
        return ad_fail(error, AD_MISUSE, "%s: part 0 begins without its size", verb);
    for (int i = 0; i < n && status == AD_OK; i++)
        status = check_part(verb, parts, i, error);
    return status;
}

/* ---- saving ------------------------------------------------------------------------- */

ad_status ad_training_save(const char *path, int n, const ad_training_part *parts,
                           const ad_write_options *options, ad_error *error)
{
    ad_listing list;
    size_t views = 0, pairs = 2;
    ad_status status = check_parts("save", path, n, parts, error);
    for (int i = 0; i < n && status == AD_OK; i++) {
        views += ad_part_views(part_at(parts, i));
        pairs += ad_part_pairs(part_at(parts, i));
    }
    if (status == AD_OK)
        status = ad_listing_begin(&list, views, pairs, error);
    if (status != AD_OK)
        return status;
    ad_listing_add_pair(&list, "format", format);
    ad_listing_add_pair(&list, "version", version);
    for (int i = 0; i < n && status == AD_OK; i++)
        status = ad_part_list(part_at(parts, i), &list);
    if (status == AD_OK)
        status = ad_safetensors_write(path, list.view_count, list.views, list.pair_count,
                                      list.pairs, options, error);
    ad_listing_end(&list);
    return status;
}

/* ---- loading ------------------------------------------------------------------------ */

static ad_status read_options(const ad_training_load_options *given, ad_training_load_options *own,
                              ad_error *error)
{
    *own = (ad_training_load_options){.size = sizeof *own};
    if (!given ||
        ad_sized_read(own, sizeof *own, given, AD_END_OF(ad_training_load_options, allocator)))
        return AD_OK;
    return ad_fail(error, AD_MISUSE,
                   "load: the options need .size = sizeof(ad_training_load_options)");
}

static ad_status check_format(const ad_reading *r)
{
    const char *own = ad_safetensors_metadata(r->file, "format");
    const char *number = ad_safetensors_metadata(r->file, "version");
    if (!own || strcmp(own, format) != 0)
        return ad_fail(r->error, AD_FORMAT,
                       "%s: is no training state: the metadata have no format \"%s\"", r->name,
                       format);
    if (!number || strcmp(number, version) != 0)
        return ad_fail(r->error, AD_FORMAT, "%s: is a training state of version %.20s, not %s",
                       r->name, number ? number : "unknown", version);
    return AD_OK;
}

static ad_status read_parts(ad_reading *r, int n, ad_part_stage *stages)
{
    ad_status status = check_format(r);
    for (int i = 0; i < n && status == AD_OK; i++)
        status = ad_part_read(&stages[i], r);
    for (int i = 0; i < n && status == AD_OK; i++)
        status = ad_part_read_states(&stages[i], r, stages, n);
    return status;
}

/* Arrays are looked at by ad_reading_finish. */
static bool is_of_part(const char *key, int n, const ad_training_part *parts)
{
    bool found = strcmp(key, "format") == 0 || strcmp(key, "version") == 0;
    for (int i = 0; i < n && !found; i++) {
        size_t length = strlen(part_at(parts, i)->name);
        found = strncmp(key, part_at(parts, i)->name, length) == 0 &&
                (key[length] == '\0' || key[length] == '.');
    }
    return found;
}

static ad_status check_texts(const ad_reading *r, int n, const ad_training_part *parts)
{
    const char *key;
    for (int i = 0; (key = ad_safetensors_pair(r->file, i).key); i++)
        if (!is_of_part(key, n, parts))
            return ad_fail(
                r->error, AD_FORMAT,
                "%s: the text %.100s belongs to no part (.ignore_superfluous allows this)", r->name,
                key);
    return AD_OK;
}

static ad_status load(ad_reading *r, int n, const ad_training_part *parts, bool superfluous)
{
    ad_array room =
        ad_array_new(r->allocator, AD_U8, AD_SHAPE((int64_t)n * (int64_t)sizeof(ad_part_stage)));
    ad_part_stage *stages = room.data;
    if (!stages)
        return ad_fail(r->error, AD_MEMORY, "%s: memory ran out for %d parts", r->name, n);
    for (int i = 0; i < n; i++)
        stages[i].part = part_at(parts, i);
    ad_status status = read_parts(r, n, stages);
    if (status == AD_OK && !superfluous)
        status = ad_reading_finish(r, "", "belongs to no part", "");
    if (status == AD_OK && !superfluous)
        status = check_texts(r, n, parts);
    for (int i = 0; i < n; i++)
        if (status == AD_OK)
            ad_part_commit(&stages[i]);
        else
            ad_part_drop(&stages[i]);
    ad_array_free(&room);
    return status;
}

ad_status ad_training_load_file(const ad_safetensors *file, int n, const ad_training_part *parts,
                                const ad_training_load_options *options, ad_error *error)
{
    ad_reading r;
    ad_training_load_options o;
    ad_status status = check_parts("load", file, n, parts, error);
    if (status == AD_OK)
        status = read_options(options, &o, error);
    if (status == AD_OK)
        status = ad_reading_begin(&r, file, o.allocator, error);
    if (status != AD_OK)
        return status;
    status = load(&r, n, parts, o.ignore_superfluous);
    ad_reading_end(&r);
    return status;
}

ad_status ad_training_load(const char *path, int n, const ad_training_part *parts,
                           const ad_training_load_options *options, ad_error *error)
{
    ad_training_load_options o;
    ad_error own = {.status = AD_OK};
    ad_status status = check_parts("load", path, n, parts, error);
    if (status == AD_OK)
        status = read_options(options, &o, error);
    if (status != AD_OK)
        return status;
    if (o.may_be_missing && access(path, F_OK) != 0 && errno == ENOENT)
        return AD_OK;
    ad_safetensors *file = ad_safetensors_open(path, o.allocator, &own);
    if (!file)
        return ad_fail(error, own.status, "%s", own.text);
    status = ad_training_load_file(file, n, parts, options, error);
    ad_safetensors_close(file);
    return status;
}
