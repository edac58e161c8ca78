/* Models in files of safetensors. A model is read into a list of arrays beside it, which are put
 * in their places when nothing can fail any more. */
#include "adze/io/models.h"

#include "base/sized.h"
#include "io/failure.h"
#include "io/fields.h"
#include "tape/failure.h"

#include <string.h>

/* ---- saving ------------------------------------------------------------------------- */

ad_status ad_model_save(const ad_tree *tree, const char *path, const void *model,
                        const ad_write_options *options, ad_error *error)
{
    ad_listing list;
    const char *missing = ad_tree_missing(tree, path && model);
    if (missing)
        return ad_fail(error, AD_MISUSE, "save: %s", missing);
    ad_status status = ad_listing_begin(&list, tree->arrays, 0, error);
    if (status == AD_OK)
        status = ad_listing_add_fields(&list, "", tree, model);
    if (status == AD_OK)
        status = ad_safetensors_write(path, list.view_count, list.views, 0, NULL, options, error);
    ad_listing_end(&list);
    return status;
}

/* ---- loading ------------------------------------------------------------------------ */

static ad_status read_options(const char *op, const ad_model_load_options *given,
                              ad_model_load_options *own, ad_error *error)
{
    *own = (ad_model_load_options){.size = sizeof *own};
    if (given &&
        !ad_sized_read(own, sizeof *own, given, AD_END_OF(ad_model_load_options, allocator)))
        return ad_fail(error, AD_MISUSE,
                       "%s: the options need .size = sizeof(ad_model_load_options)", op);
    own->prefix = own->prefix ? own->prefix : "";
    return AD_OK;
}

/* Needs an ad_reading_end if it succeeds. */
static ad_status begin_reading(const char *op, const ad_safetensors *file,
                               const ad_model_load_options *given, ad_model_load_options *own,
                               ad_reading *r, ad_error *error)
{
    ad_status status = read_options(op, given, own, error);
    if (status == AD_OK)
        status = ad_reading_begin(r, file, own->allocator, error);
    if (status == AD_OK) {
        r->has_convert = true;
        r->convert = own->convert;
    }
    return status;
}

static ad_status load(const ad_tree *tree, ad_reading *r, const ad_model_load_options *o,
                      void *model)
{
    ad_array list;
    ad_status status = ad_reading_fields(r, o->prefix, tree, model, &list);
    if (status != AD_OK)
        return status;
    if (!o->ignore_superfluous)
        status = ad_reading_finish(r, o->prefix, "is no field of ", tree->name);
    ad_reading_settle(&list, tree, status == AD_OK ? model : NULL);
    return status;
}

ad_status ad_model_load_file(const ad_tree *tree, const ad_safetensors *file, void *model,
                             const ad_model_load_options *options, ad_error *error)
{
    ad_reading r;
    ad_model_load_options o;
    const char *missing = ad_tree_missing(tree, file && model);
    if (missing)
        return ad_fail(error, AD_MISUSE, "load: %s", missing);
    ad_status status = begin_reading("load", file, options, &o, &r, error);
    if (status != AD_OK)
        return status;
    status = load(tree, &r, &o, model);
    ad_reading_end(&r);
    return status;
}

ad_status ad_model_load(const ad_tree *tree, const char *path, void *model,
                        const ad_model_load_options *options, ad_error *error)
{
    ad_model_load_options o;
    ad_error own = {.status = AD_OK};
    const char *missing = ad_tree_missing(tree, path && model);
    if (missing)
        return ad_fail(error, AD_MISUSE, "load: %s", missing);
    ad_status status = read_options("load", options, &o, error);
    if (status != AD_OK)
        return status;
    ad_safetensors *file = ad_safetensors_open(path, o.allocator, &own);
    if (!file)
        return ad_fail(error, own.status, "%s", own.text);
    status = ad_model_load_file(tree, file, model, options, error);
    ad_safetensors_close(file);
    return status;
}

/* ---- in place ----------------------------------------------------------------------- */

typedef struct placing {
    ad_reading *reading;
    const char *prefix;
    ad_tape *tape;
    ad_array *list;
} placing;

/* Numbers that cannot stay where they are go to the tape. */
static ad_status copy_to_tape(const placing *p, int i, ad_array *a)
{
    ad_array read = {.data = NULL};
    ad_status status = ad_reading_read(p->reading, i, "", a, &read);
    if (status != AD_OK)
        return status;
    size_t bytes = ad_array_count(&read) * ad_type_size(read.type);
    void *memory = ad_tape_memory(p->tape, bytes ? bytes : 1);
    if (memory && bytes)
        memcpy(memory, read.data, bytes);
    *a = ad_array_of(read.type, memory, read.shape);
    ad_array_free(&read);
    return memory ? AD_OK : AD_MEMORY;
}

static ad_status find_place(void *user, const ad_site *s)
{
    const placing *p = user;
    ad_reading *r = p->reading;
    ad_array *a = ad_site_array(s, p->list);
    int i;
    ad_status status = ad_reading_find_field(r, p->prefix, s, &i);
    if (status != AD_OK)
        return status;
    ad_view v = ad_safetensors_view(r->file, i);
    if (!v.data)
        return copy_to_tape(p, i, a);
    *a = ad_array_of(v.type, (void *)(uintptr_t)v.data, v.shape);
    return AD_OK;
}

/* The model as a list of arrays over the file's numbers. */
static ad_status list_places(const ad_tree *tree, ad_tape *t, const ad_safetensors *file,
                             const ad_model_load_options *options, ad_array *room, ad_error *error)
{
    ad_reading r;
    ad_model_load_options o;
    const char *missing = ad_tree_missing(tree, t && file);
    if (missing)
        return ad_fail(error, AD_MISUSE, "%s", missing);
    ad_status status = begin_reading("the file", file, options, &o, &r, error);
    if (status != AD_OK)
        return status;
    status = ad_reading_list(&r, tree, room);
    if (status == AD_OK)
        status = ad_tree_walk(tree, find_place, &(placing){&r, o.prefix, t, room->data});
    if (status == AD_OK && !o.ignore_superfluous)
        status = ad_reading_finish(&r, o.prefix, "is no field of ", tree->name);
    ad_reading_end(&r);
    return status;
}

void ad_model_freeze_file(const ad_tree *tree, ad_tape *t, const ad_safetensors *file,
                          const ad_model_load_options *options, void *tensors)
{
    AD_DOOR_TRY(open, t, "freeze_file");
    ad_error error = {.status = AD_OK};
    ad_array room = {.data = NULL};
    ad_status status = open ? list_places(tree, t, file, options, &room, &error) : AD_BUSY;
    if (open && t && status != AD_OK)
        ad_tape_fail(t, status, "freeze_file: %s", error.text);
    ad_model_freeze(tree, t, status == AD_OK ? room.data : NULL, tensors);
    ad_array_free(&room);
}
