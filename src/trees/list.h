/* A list of n operands as the simplest of models, one field that is an array of n arrays: what models do
 * for their gradients (all written or none, missing ones made) serves operands as well. */
#ifndef ADZE_TREES_LIST_H
#define ADZE_TREES_LIST_H

#include "adze/model.h"
#include "adze/operators.h"

typedef struct ad_list {
    ad_field field;
    ad_model model;
} ad_list;

/* name stands in messages: "x" for x[0], x[1], .... l must stay where it is. */
static inline void ad_list_describe(ad_list *l, const char *name, int n)
{
    size_t count = (size_t)n;
    l->field = (ad_field){name, &ad_array_model, count, 0, 0};
    l->model =
        (ad_model){"operands", count * sizeof(ad_array), count * sizeof(ad_tensor), &l->field, 1};
}

#endif
