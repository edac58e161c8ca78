/* A list of n operands as the simplest of trees, one field that is an array of n arrays: what is
 * done to models serves operands as well. */
#ifndef ADZE_TREES_LIST_H
#define ADZE_TREES_LIST_H

#include "adze/tree.h"

typedef struct ad_list {
    ad_field field;
    ad_tree tree;
} ad_list;

/* name stands in messages: "x" for x[0], x[1], .... l must stay where it is. */
static inline const ad_tree *ad_list_describe(ad_list *l, const char *name, int n)
{
    size_t count = n > 0 ? (size_t)n : 0;
    l->field = (ad_field){sizeof l->field, name, &ad_array_tree, count};
    l->tree = (ad_tree){sizeof l->tree, "", count, &l->field, 1};
    return &l->tree;
}

#endif
