/* Descriptions of structs of parameters. Functions that work on all fields of a struct read one.
 *
 * A described struct consists of arrays only, in the order of its fields. So it is also a list of
 * ad_array; and the struct of the same fields on a tape is a list of as many ad_tensor. AD_MODEL
 * (model.h) writes the description of a model. The simplest description is that of n operands: one
 * field of n arrays. */
#ifndef ADZE_TREE_H
#define ADZE_TREE_H

#include "adze/tape.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ad_tree ad_tree;

typedef struct ad_field {
    size_t size;         /* sizeof(ad_field): lets this struct grow */
    const char *name;
    const ad_tree *tree; /* describes the field: an array, or another struct */
    size_t count;        /* 0: a single field; otherwise the length of an array of fields */
} ad_field;

struct ad_tree {
    size_t size;            /* sizeof(ad_tree) */
    const char *name;
    size_t arrays;          /* the number of arrays in all fields together */
    const ad_field *fields; /* NULL: this describes ad_array itself */
    size_t count;           /* the number of fields */
};

/* The description of a single array, where all descriptions end. */
static const ad_tree ad_array_tree AD_UNUSED = {sizeof(ad_tree), "ad_array", 1, NULL, 0};
typedef ad_tensor ad_array_tensors;

#ifdef __cplusplus
}
#endif

#endif
