/* Models and files of named arrays: which array of a file belongs to which field. */
#ifndef ADZE_IO_FIELDS_H
#define ADZE_IO_FIELDS_H

#include "adze/io/safetensors.h"
#include "trees/walk.h"

/* Bytes of a name: of a prefix and a path, each shorter than AD_PATH_SIZE - 1. */
enum { AD_FIELD_NAME_SIZE = 2 * AD_PATH_SIZE };

/* Writes the name of a field's array: the prefix and the path, "layer.2.w", or in the other
 * spelling "layer[2].w". The name of an array that is no field is the prefix alone, without a
 * dot at its end. AD_TOO_LARGE if the prefix or the path may have been cut. */
ad_status ad_field_name(const ad_site *s, const char *prefix, bool brackets,
                        char name[AD_FIELD_NAME_SIZE], ad_error *error);

/* ---- what is written ---------------------------------------------------------------- */

/* A list of arrays and pairs of metadata, with room for as many as it began with. */
typedef struct ad_listing {
    ad_named_view *views;
    ad_metadata *pairs;
    char *names; /* the next one */
    int view_count, pair_count;
    ad_array room;
    ad_error *error;
} ad_listing;

ad_status ad_listing_begin(ad_listing *l, size_t views, size_t pairs, ad_error *error);
void ad_listing_end(ad_listing *l);

/* Room for the next name, of AD_FIELD_NAME_SIZE bytes. */
char *ad_listing_name(ad_listing *l);

/* Appends an array; a pair; all arrays of a struct, which must hold numbers. Names and views are
 * borrowed. */
void ad_listing_add(ad_listing *l, const char *name, ad_view v);
void ad_listing_add_pair(ad_listing *l, const char *key, const char *value);
ad_status ad_listing_add_fields(ad_listing *l, const char *prefix, const ad_tree *tree,
                                const void *arrays);

/* ---- what is read ------------------------------------------------------------------- */

typedef struct ad_reading {
    const ad_safetensors *file;
    const char *name;              /* of the file, for messages */
    const ad_allocator *allocator; /* of arrays that have none of their own */
    bool convert;                  /* from one type of floats to another */
    bool has_convert;              /* the caller can ask for it */
    bool replaces;  /* arrays take the place of those that are there: they have their allocators */
    ad_array taken; /* bool: which arrays of the file have been found */
    ad_error *error;
} ad_reading;

ad_status ad_reading_begin(ad_reading *r, const ad_safetensors *file, const ad_allocator *allocator,
                           ad_error *error);
void ad_reading_end(ad_reading *r);

/* Finds the array of a name, or of a field in either spelling. */
ad_status ad_reading_find(ad_reading *r, const char *name, int *i);
ad_status ad_reading_find_field(ad_reading *r, const char *prefix, const ad_site *s, int *i);

/* Whether array i suits `to`, and as which type it is to be read. Messages call `to` the owner. */
ad_status ad_reading_check(const ad_reading *r, int i, const char *owner, const ad_array *to,
                           ad_type *type);

/* Reads array i for `to`: in its type and shape, if it holds numbers. */
ad_status ad_reading_read(const ad_reading *r, int i, const char *owner, const ad_array *to,
                          ad_array *read);

/* Room for a list of arrays that hold nothing, one for each of a struct. */
ad_status ad_reading_list(const ad_reading *r, const ad_tree *tree, ad_array *list);

/* Reads the arrays of all fields into a list; `to` is the struct that they are for. On failure
 * there is no list. */
ad_status ad_reading_fields(ad_reading *r, const char *prefix, const ad_tree *tree, const void *to,
                            ad_array *list);

/* AD_FORMAT if an array whose name begins with the prefix has not been found: "head.w is no
 * field of mlp". */
ad_status ad_reading_finish(const ad_reading *r, const char *prefix, const char *verdict,
                            const char *of);

/* Puts what was read in its place, and frees it where only its numbers are wanted. Cannot fail. */
void ad_reading_place(ad_array *read, ad_array *to);

/* The same for a list, and ends it. to may be NULL: then all is freed. */
void ad_reading_settle(ad_array *list, const ad_tree *tree, void *to);

#endif
