/* The walk over a description, and what is built on it.
 *
 * A description is a tree whose leaves are arrays. A site knows its parent, so a path is
 * only written out when somebody asks for it; and it knows its distance from the start of the
 * struct, so one walk serves any number of structs of the same model. */
#include "trees/walk.h"

#include <string.h>

/* ---- the walk ----------------------------------------------------------------------- */

static ad_status walk_from(const ad_site *at, ad_site_visitor *visit, void *user)
{
    if (!at->model->fields)
        return visit(user, at);
    for (size_t i = 0; i < at->model->count; i++) {
        const ad_field *f = &at->model->fields[i];
        size_t elements = f->count ? f->count : 1;
        for (size_t j = 0; j < elements; j++) {
            ad_site s = {.parent = at, .model = f->model, .field = f, .index = j};
            s.arrays = at->arrays + f->offset + j * f->model->size;
            s.tensors = at->tensors + f->tensors_offset + j * f->model->tensors_size;
            ad_status status = walk_from(&s, visit, user);
            if (status != AD_OK)
                return status;
        }
    }
    return AD_OK;
}

ad_status ad_walk(const ad_model *d, ad_site_visitor *visit, void *user)
{
    return walk_from(&(ad_site){.model = d}, visit, user);
}

static ad_status count_one(void *user, const ad_site *s)
{
    (void)s;
    ++*(int *)user;
    return AD_OK;
}

int ad_model_count(const ad_model *d)
{
    int n = 0;
    ad_walk(d, count_one, &n);
    return n;
}

typedef struct listing {
    const void *tensors;
    ad_tensor *next;
} listing;

static ad_status list_one(void *user, const ad_site *s)
{
    listing *l = user;
    *l->next++ = *ad_site_tensor(s, l->tensors);
    return AD_OK;
}

void ad_model_list(const ad_model *d, const void *tensors, ad_tensor *list)
{
    ad_walk(d, list_one, &(listing){tensors, list});
}

ad_array *ad_site_array(const ad_site *s, const void *arrays)
{
    return (ad_array *)((uintptr_t)arrays + s->arrays);
}

ad_tensor *ad_site_tensor(const ad_site *s, const void *tensors)
{
    return (ad_tensor *)((uintptr_t)tensors + s->tensors);
}

/* ---- paths -------------------------------------------------------------------------- */

/* Where a path is written, for every leaf of every step: printf would take ten times as long. */
static size_t append(char *text, size_t at, const char *what)
{
    size_t length = strlen(what), room = AD_PATH_SIZE - 1 - at;
    length = length < room ? length : room;
    memcpy(text + at, what, length);
    text[at + length] = '\0';
    return at + length;
}

static size_t append_index(char *text, size_t at, size_t index)
{
    char digits[24] = {0};
    size_t i = sizeof digits - 2;
    digits[i] = ']';
    do
        digits[--i] = (char)('0' + index % 10);
    while (index /= 10);
    digits[--i] = '[';
    return append(text, at, digits + i);
}

size_t ad_site_write(const ad_site *s, bool root, char text[AD_PATH_SIZE])
{
    text[0] = '\0';
    if (!s->parent)
        return root ? append(text, 0, s->model->name) : 0;
    size_t at = ad_site_write(s->parent, root, text);
    if (at)
        at = append(text, at, ".");
    at = append(text, at, s->field->name);
    return s->field->count ? append_index(text, at, s->index) : at;
}

char *ad_site_print(const ad_site *s, bool root, char text[AD_PATH_SIZE])
{
    ad_site_write(s, root, text);
    return text;
}

/* ---- checks that name the field ----------------------------------------------------- */

ad_status ad_check_held(const ad_site *s, const ad_array *a, const char *verb, const char *role,
                        ad_error *error)
{
    char path[AD_PATH_SIZE];
    ad_status shape = ad_shape_count(&a->shape, NULL);
    if (a->data && ad_type_size(a->type) && shape == AD_OK)
        return AD_OK;
    ad_site_print(s, true, path);
    const char *in = *role ? " in " : "";
    if (!a->data)
        return ad_fail(error, AD_MISUSE, "%s: %s holds no numbers%s%s (did its allocation fail?)",
                       verb, path, in, role);
    if (shape != AD_OK)
        return ad_fail(error, shape, "%s: the shape of %s%s%s: %s", verb, path, in, role,
                       shape == AD_BAD_SHAPE ? "rank must be 0 to 8, extents not negative"
                                             : "extents do not fit the address space");
    return ad_fail(error, AD_BAD_TYPE, "%s: the type of %s%s%s: %d is not a number type", verb,
                   path, in, role, (int)a->type);
}

ad_status ad_check_float(const ad_site *s, const ad_array *a, const char *verb, ad_error *error)
{
    char path[AD_PATH_SIZE];
    if (ad_type_is_float(a->type))
        return AD_OK;
    return ad_fail(error, AD_BAD_TYPE, "%s: %s is %s, but only f32 and f64 have derivatives", verb,
                   ad_site_print(s, true, path), ad_type_text(a->type));
}

ad_status ad_check_equal(const ad_site *s, const ad_array *a, const ad_array *other,
                         const char *verb, const char *role, ad_error *error)
{
    char path[AD_PATH_SIZE], shape[2][AD_PATH_SIZE];
    if (a->type != other->type)
        return ad_fail(error, AD_BAD_TYPE, "%s: %s is %s, but %s in %s", verb,
                       ad_site_print(s, true, path), ad_type_text(a->type),
                       ad_type_text(other->type), role);
    if (!ad_shape_equal(&a->shape, &other->shape))
        return ad_fail(error, AD_BAD_SHAPE, "%s: %s is %s, but %s in %s", verb,
                       ad_site_print(s, true, path),
                       ad_shape_print(&a->shape, shape[0], sizeof shape[0]),
                       ad_shape_print(&other->shape, shape[1], sizeof shape[1]), role);
    return AD_OK;
}
