/* Names, lists and readings. Nothing of the caller's is written before something is put in its
 * place, so whoever reads all first and places it then gives all or nothing. */
#include "io/fields.h"

#include "io/safetensors_header.h"

#include <stdio.h>
#include <string.h>

/* ---- names -------------------------------------------------------------------------- */

/* "layer[2].w" becomes "layer.2.w". */
static void spell_with_dots(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++)
        if (*from != ']')
            *to++ = (char)(*from == '[' ? '.' : *from);
    *to = '\0';
}

ad_status ad_field_name(const ad_site *s, const char *prefix, bool brackets,
                        char name[AD_FIELD_NAME_SIZE], ad_error *error)
{
    char path[AD_PATH_SIZE];
    size_t length = ad_site_write(s, false, path), before = strlen(prefix);
    if (length >= AD_PATH_SIZE - 1 || before >= AD_PATH_SIZE - 1)
        return ad_fail(error, AD_TOO_LARGE, "the name of an array in a file is too long: %.40s...",
                       length >= AD_PATH_SIZE - 1 ? path : prefix);
    if (!brackets)
        spell_with_dots(path);
    if (!length && before && prefix[before - 1] == '.')
        before--;
    snprintf(name, AD_FIELD_NAME_SIZE, "%.*s%s", (int)before, prefix,
             length || before ? path : "array");
    return AD_OK;
}

/* ---- what is written ---------------------------------------------------------------- */

ad_status ad_listing_begin(ad_listing *l, size_t views, size_t pairs, ad_error *error)
{
    size_t bytes = views * (sizeof *l->views + AD_FIELD_NAME_SIZE) +
                   pairs * (sizeof *l->pairs + AD_FIELD_NAME_SIZE);
    *l = (ad_listing){.room = ad_array_new(NULL, AD_U8, AD_SHAPE((int64_t)bytes)), .error = error};
    if (!l->room.data)
        return ad_fail(error, AD_MEMORY, "save: memory ran out for the names of %zu arrays", views);
    l->views = l->room.data;
    l->pairs = (ad_metadata *)(l->views + views);
    l->names = (char *)(l->pairs + pairs);
    return AD_OK;
}

void ad_listing_end(ad_listing *l)
{
    ad_array_free(&l->room);
}

char *ad_listing_name(ad_listing *l)
{
    char *name = l->names;
    l->names += AD_FIELD_NAME_SIZE;
    return name;
}

void ad_listing_add(ad_listing *l, const char *name, ad_view v)
{
    l->views[l->view_count++] = (ad_named_view){.name = name, .view = v};
}

void ad_listing_add_pair(ad_listing *l, const char *key, const char *value)
{
    l->pairs[l->pair_count++] = (ad_metadata){key, value};
}

typedef struct listed {
    ad_listing *list;
    const char *prefix;
    const void *arrays;
} listed;

static ad_status add_field(void *user, const ad_site *s)
{
    const listed *f = user;
    ad_listing *l = f->list;
    const ad_array *a = ad_site_array(s, f->arrays);
    char *name = ad_listing_name(l);
    ad_status status = ad_require_held(s, a, "save", "", l->error);
    if (status == AD_OK)
        status = ad_field_name(s, f->prefix, false, name, l->error);
    if (status == AD_OK)
        ad_listing_add(l, name, ad_array_view(*a));
    return status;
}

ad_status ad_listing_add_fields(ad_listing *l, const char *prefix, const ad_tree *tree,
                                const void *arrays)
{
    return ad_tree_walk(tree, add_field, &(listed){l, prefix, arrays});
}

/* ---- finding ------------------------------------------------------------------------ */

ad_status ad_reading_begin(ad_reading *r, const ad_safetensors *file, const ad_allocator *allocator,
                           ad_error *error)
{
    *r = (ad_reading){.file = file,
                      .name = file->file.name,
                      .allocator = allocator,
                      .taken =
                          ad_array_new(allocator, AD_BOOL, AD_SHAPE(ad_safetensors_count(file))),
                      .error = error};
    return r->taken.data ? AD_OK : ad_fail(error, AD_MEMORY, "%s: memory ran out", r->name);
}

void ad_reading_end(ad_reading *r)
{
    ad_array_free(&r->taken);
}

static bool find(ad_reading *r, const char *name, int *i)
{
    *i = ad_safetensors_find(r->file, name);
    if (*i >= 0)
        ((bool *)r->taken.data)[*i] = true;
    return *i >= 0;
}

/* What messages call a field, or an array that is none. */
static const char *owner_of(const ad_site *s, char text[AD_PATH_SIZE])
{
    return s->parent ? ad_site_print(s, true, text) : "the array";
}

static size_t count_alike(const char *a, const char *b)
{
    size_t n = 0;
    while (a[n] && a[n] == b[n])
        n++;
    return n;
}

/* Of the arrays that nobody has asked for, the one whose name begins most like this; NULL if there is none. */
static const char *nearest_name(const ad_reading *r, const char *name)
{
    const bool *taken = r->taken.data;
    const char *nearest = NULL;
    for (int i = 0; i < ad_safetensors_count(r->file); i++) {
        const char *other = ad_safetensors_name(r->file, i);
        if (!taken[i] && (!nearest || count_alike(other, name) > count_alike(nearest, name)))
            nearest = other;
    }
    return nearest;
}

static ad_status missing(const ad_reading *r, const char *name, const char *for_whom)
{
    const char *nearest = nearest_name(r, name);
    return ad_fail(r->error, AD_FORMAT, "%s: there is no %s%s%s; %s%s", r->name, name,
                   for_whom ? " for " : "", for_whom ? for_whom : "",
                   nearest ? "the file has " : "the file has no other arrays",
                   nearest ? nearest : "");
}

ad_status ad_reading_find(ad_reading *r, const char *name, int *i)
{
    return find(r, name, i) ? AD_OK : missing(r, name, NULL);
}

ad_status ad_reading_find_field(ad_reading *r, const char *prefix, const ad_site *s, int *i)
{
    char name[AD_FIELD_NAME_SIZE], other[AD_FIELD_NAME_SIZE], path[AD_PATH_SIZE];
    ad_status status = ad_field_name(s, prefix, false, name, r->error);
    if (status != AD_OK)
        return status;
    ad_field_name(s, prefix, true, other, NULL);
    return find(r, name, i) || find(r, other, i) ? AD_OK : missing(r, name, owner_of(s, path));
}

ad_status ad_reading_finish(const ad_reading *r, const char *prefix, const char *verdict,
                            const char *of)
{
    const bool *taken = r->taken.data;
    const char *first = NULL;
    char more[40] = "";
    int others = -1;
    for (int i = 0; i < ad_safetensors_count(r->file); i++) {
        const char *name = ad_safetensors_name(r->file, i);
        if (taken[i] || strncmp(name, prefix, strlen(prefix)) != 0)
            continue;
        first = first ? first : name;
        others++;
    }
    if (!first)
        return AD_OK;
    if (others)
        snprintf(more, sizeof more, ", and %d more", others);
    return ad_fail(r->error, AD_FORMAT, "%s: %.100s %s%s%s (.ignore_superfluous allows this)",
                   r->name, first, verdict, of, more);
}

/* ---- reading ------------------------------------------------------------------------ */

/* Of those names of types that the file has. */
static bool is_float(const char *stored)
{
    return *stored == 'F' || strncmp(stored, "BF", 2) == 0;
}

/* As which type array i is to be read. */
static ad_status choose_type(const ad_reading *r, int i, const char *owner, const ad_array *to,
                             ad_type *type)
{
    const char *stored = ad_safetensors_stored(r->file, i), *name = ad_safetensors_name(r->file, i);
    ad_type own = ad_safetensors_type(r->file, i);
    *type = to->data ? to->type : own == AD_TYPE_COUNT ? AD_F32 : own;
    bool convertible = is_float(stored) && ad_type_is_float(*type);
    const char *hint =
        convertible && r->has_convert && !r->convert ? " (.convert allows this)" : "";
    if (own == *type || (convertible && r->convert))
        return AD_OK;
    if (!to->data)
        return ad_fail(r->error, AD_BAD_TYPE, "%s: %s is %s, which is no type of adze%s", r->name,
                       name, stored, hint);
    return ad_fail(r->error, AD_BAD_TYPE, "%s: %s is %s, but %s is %s%s", r->name, name, stored,
                   owner, ad_type_text(*type), hint);
}

static ad_status check_shape(const ad_reading *r, int i, const char *owner, const ad_array *to)
{
    char own[AD_PATH_SIZE], other[AD_PATH_SIZE];
    ad_shape shape = ad_safetensors_shape(r->file, i);
    if (!to->data || ad_shape_equal(&shape, &to->shape))
        return AD_OK;
    return ad_fail(r->error, AD_BAD_SHAPE, "%s: %s is %s, but %s is %s", r->name,
                   ad_safetensors_name(r->file, i), ad_shape_print(&shape, other, sizeof other),
                   owner, ad_shape_print(&to->shape, own, sizeof own));
}

ad_status ad_reading_check(const ad_reading *r, int i, const char *owner, const ad_array *to,
                           ad_type *type)
{
    ad_status status = check_shape(r, i, owner, to);
    return status == AD_OK ? choose_type(r, i, owner, to, type) : status;
}

ad_status ad_reading_read(const ad_reading *r, int i, const char *owner, const ad_array *to,
                          ad_array *read)
{
    ad_type type;
    bool own = to->allocator && (!to->data || r->replaces);
    const ad_allocator *allocator = own ? to->allocator : r->allocator;
    ad_status status = ad_reading_check(r, i, owner, to, &type);
    if (status != AD_OK)
        return status;
    return type == ad_safetensors_type(r->file, i)
               ? ad_safetensors_read(r->file, i, allocator, read, r->error)
               : ad_safetensors_read_as(r->file, i, type, allocator, read, r->error);
}

typedef struct fields {
    ad_reading *reading;
    const char *prefix;
    const void *to;
    ad_array *list;
} fields;

static ad_status read_field(void *user, const ad_site *s)
{
    const fields *f = user;
    char owner[AD_PATH_SIZE];
    int i;
    ad_status status = ad_reading_find_field(f->reading, f->prefix, s, &i);
    return status == AD_OK ? ad_reading_read(f->reading, i, owner_of(s, owner),
                                             ad_site_array(s, f->to), &f->list[s->number])
                           : status;
}

ad_status ad_reading_list(const ad_reading *r, const ad_tree *tree, ad_array *list)
{
    *list = ad_array_new(r->allocator, AD_U8, AD_SHAPE((int64_t)(tree->arrays * sizeof *list)));
    return list->data ? AD_OK
                      : ad_fail(r->error, AD_MEMORY, "%s: memory ran out for %zu arrays", r->name,
                                tree->arrays);
}

ad_status ad_reading_fields(ad_reading *r, const char *prefix, const ad_tree *tree, const void *to,
                            ad_array *list)
{
    ad_status status = ad_reading_list(r, tree, list);
    if (status == AD_OK)
        status = ad_tree_walk(tree, read_field, &(fields){r, prefix, to, list->data});
    if (status != AD_OK)
        ad_reading_settle(list, tree, NULL);
    return status;
}

/* ---- placing ------------------------------------------------------------------------ */

void ad_reading_place(ad_array *read, ad_array *to)
{
    if (!to->data) {
        *to = *read;
        *read = (ad_array){.data = NULL};
        return;
    }
    ad_array_write(to, ad_array_view(*read), NULL);
    ad_array_free(read);
}

void ad_reading_settle(ad_array *list, const ad_tree *tree, void *to)
{
    ad_array *read = list->data, *place = to;
    for (size_t i = 0; read && i < tree->arrays; i++)
        if (place)
            ad_reading_place(&read[i], &place[i]);
        else
            ad_array_free(&read[i]);
    ad_array_free(list);
}
