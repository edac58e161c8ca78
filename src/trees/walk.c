/* The walk over a description. A site knows its parent, so that a path is only written out when
 * somebody asks for it; and it knows its number among all arrays, so that one walk serves any
 * number of structs. */
#include "trees/walk.h"

#include <string.h>

/* ---- the walk ----------------------------------------------------------------------- */

/* Fields may have grown since this library was made: their own size says where the next one is. */
static const ad_field *field_of(const ad_tree *tree, size_t i)
{
    return (const ad_field *)((uintptr_t)tree->fields + i * tree->fields->size);
}

static ad_status walk_from(const ad_site *at, ad_site_visitor *visit, void *user)
{
    size_t number = at->number;
    if (!at->tree->fields)
        return visit(user, at);
    for (size_t i = 0; i < at->tree->count; i++) {
        const ad_field *f = field_of(at->tree, i);
        size_t elements = f->count ? f->count : 1;
        for (size_t j = 0; j < elements; j++) {
            ad_site s = {at, f->tree, f, j, number};
            ad_status status = walk_from(&s, visit, user);
            if (status != AD_OK)
                return status;
            number += f->tree->arrays;
        }
    }
    return AD_OK;
}

ad_status ad_tree_walk(const ad_tree *tree, ad_site_visitor *visit, void *user)
{
    return walk_from(&(ad_site){.tree = tree}, visit, user);
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
        return root ? append(text, 0, s->tree->name) : 0;
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

/* ---- demands that name the field --------------------------------------------------- */

ad_status ad_require_held(const ad_site *s, const ad_array *a, const char *verb, const char *role,
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

ad_status ad_require_float(const ad_site *s, const ad_array *a, const char *verb, ad_error *error)
{
    char path[AD_PATH_SIZE];
    if (ad_type_is_float(a->type))
        return AD_OK;
    return ad_fail(error, AD_BAD_TYPE, "%s: %s is %s, but only f32 and f64 have derivatives", verb,
                   ad_site_print(s, true, path), ad_type_text(a->type));
}

ad_status ad_require_equal(const ad_site *s, const ad_array *a, const ad_array *other,
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

typedef struct one_type {
    const void *arrays;
    const char *verb;
    const ad_array *first;
    ad_error *error;
} one_type;

static ad_status like_the_first(void *user, const ad_site *s)
{
    one_type *o = user;
    char path[AD_PATH_SIZE];
    const ad_array *a = ad_site_array(s, o->arrays);
    ad_status status = ad_require_held(s, a, o->verb, "", o->error);
    if (status == AD_OK)
        status = ad_require_float(s, a, o->verb, o->error);
    if (status != AD_OK)
        return status;
    o->first = o->first ? o->first : a;
    return a->type == o->first->type
               ? AD_OK
               : ad_fail(o->error, AD_BAD_TYPE, "%s: %s is %s, but fields before it are %s",
                         o->verb, ad_site_print(s, true, path), ad_type_text(a->type),
                         ad_type_text(o->first->type));
}

ad_status ad_require_one_type(const ad_tree *tree, const void *arrays, const char *verb,
                              ad_error *error)
{
    return ad_tree_walk(tree, like_the_first, &(one_type){arrays, verb, NULL, error});
}
