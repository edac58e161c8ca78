/* The walk over a description, array by array in the order of declaration, and messages that
 * name the field. */
#ifndef ADZE_TREES_WALK_H
#define ADZE_TREES_WALK_H

#include "adze/tree.h"

/* ---- the walk ----------------------------------------------------------------------- */

/* The position of a walk: an array, in any of the structs that hold it. */
typedef struct ad_site {
    const struct ad_site *parent; /* NULL: at the whole struct */
    const ad_tree *tree;
    const ad_field *field; /* the field of the parent; NULL without a parent */
    size_t index;          /* in an array of fields */
    size_t number;         /* the number of the array among all arrays of the struct */
} ad_site;

/* Calls visit for every array; stops at the first status that is not AD_OK, and returns it. */
typedef ad_status ad_site_visitor(void *user, const ad_site *s);
ad_status ad_tree_walk(const ad_tree *tree, ad_site_visitor *visit, void *user);

/* The array of a struct at a site. */
static inline ad_array *ad_site_array(const ad_site *s, const void *arrays)
{
    return (ad_array *)(uintptr_t)arrays + s->number;
}

/* Why a function of a model cannot begin: "an argument is NULL", if the tree or one of the others
 * is; or what is wrong with the tree. NULL if it can. */
const char *ad_tree_missing(const ad_tree *tree, bool others);

enum { AD_PATH_SIZE = 128 };

/* Writes "mlp.layer[2].w", or without its root "layer[2].w", cut to fit. Returns its
 * length, or text. */
size_t ad_site_write(const ad_site *s, bool root, char text[AD_PATH_SIZE]);
char *ad_site_print(const ad_site *s, bool root, char text[AD_PATH_SIZE]);

/* ---- demands that name the field ---------------------------------------------------- */

/* verb is who demands, role which of the structs it is about: "the gradient", or "". */
ad_status ad_require_held(const ad_site *s, const ad_array *a, const char *verb, const char *role,
                          ad_error *error);
ad_status ad_require_float(const ad_site *s, const ad_array *a, const char *verb, ad_error *error);
ad_status ad_require_equal(const ad_site *s, const ad_array *a, const ad_array *other,
                           const char *verb, const char *role, ad_error *error);

/* All arrays of a struct hold numbers of one float type. */
ad_status ad_require_one_type(const ad_tree *tree, const void *arrays, const char *verb,
                              ad_error *error);

#endif
