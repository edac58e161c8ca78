/* Descriptions of structs of parameters: what is done to all fields at once works from them.
 *
 * A described struct consists of nothing but arrays, in the order of its fields. So it is also a
 * list of so many ad_array, and the struct of the same fields on a tape is a list of as many
 * ad_tensor. AD_MODEL (model.h) writes the description of a model; n operands are the simplest one,
 * a field of n arrays. */
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
    const ad_tree *tree; /* of what the field is: an array or another struct */
    size_t count;        /* 0: the field itself; else an array of so many */
} ad_field;

struct ad_tree {
    size_t size;            /* sizeof(ad_tree) */
    const char *name;
    size_t arrays;          /* of all fields together */
    const ad_field *fields; /* NULL: this is ad_array itself */
    size_t count;           /* fields */
};

/* The struct that is one array: where descriptions end. */
static const ad_tree ad_array_tree AD_UNUSED = {sizeof(ad_tree), "ad_array", 1, NULL, 0};
typedef ad_tensor ad_array_tensors;

#ifdef __cplusplus
}
#endif

#endif
