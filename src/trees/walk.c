/* The walk over a description. A site knows its parent, so a path is written only when
 * somebody asks for it. It also knows its number among all arrays, so one walk serves any
 * number of structs. */
#include "trees/walk.h"

#include "array/strided.h"

#include <string.h>

/* ---- the walk ----------------------------------------------------------------------- */

/* ad_field may be larger in the caller's version: its own size says where the next one begins. */
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

/* ---- descriptions that are none --------------------------------------------------------- */

enum { DEEPEST = 32 }; /* of structs in structs; those in a circle are deeper */

static const char *wrong_at(const ad_tree *tree, int depth);

static const char *wrong_field(const ad_tree *tree, const ad_field *f, int depth)
{
    if (f->size != tree->fields->size)
        return "an ad_field of the tree begins without .size = sizeof(ad_field)";
    return f->name && f->tree ? wrong_at(f->tree, depth + 1)
                              : "an ad_field of the tree has no name or no tree";
}

static const char *wrong_at(const ad_tree *tree, int depth)
{
    const char *wrong = NULL;
    size_t arrays = 0, count = tree->fields ? tree->count : 0;
    if (tree->size < sizeof *tree)
        return "the tree begins without .size = sizeof(ad_tree)";
    if (!tree->name || depth > DEEPEST)
        return tree->name ? "the tree is too deep" : "the tree has no name";
    if (count && tree->fields->size < sizeof *tree->fields)
        return "an ad_field of the tree begins without .size = sizeof(ad_field)";
    for (size_t i = 0; i < count && !wrong; i++) {
        const ad_field *f = field_of(tree, i);
        wrong = wrong_field(tree, f, depth);
        arrays += wrong ? 0 : f->tree->arrays * (f->count ? f->count : 1);
    }
    if (wrong)
        return wrong;
    return tree->arrays == (tree->fields ? arrays : 1)
               ? NULL
               : "the tree has another number of arrays than its fields together";
}

const char *ad_tree_missing(const ad_tree *tree, bool others)
{
    return tree && others ? wrong_at(tree, 0) : "an argument is NULL";
}

/* ---- paths -------------------------------------------------------------------------- */

/* Paths are written for every leaf of every step: printf would take ten times as long. */
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
    char path[AD_PATH_SIZE], why[128];
    size_t count;
    ad_status shape = ad_shape_flaw(&a->shape, &count, why, sizeof why);
    if (a->data && ad_type_size(a->type) && shape == AD_OK)
        return AD_OK;
    ad_site_print(s, true, path);
    const char *in = *role ? " in " : "";
    if (shape != AD_OK)
        return ad_fail(error, shape, "%s: the shape of %s%s%s: %s", verb, path, in, role, why);
    if (!a->data)
        return ad_fail(error, AD_MISUSE, "%s: %s holds no numbers%s%s (did its allocation fail?)",
                       verb, path, in, role);
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
