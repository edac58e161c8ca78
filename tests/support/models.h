/* Models for tests: flat, nested, arrays of models, arrays of arrays, 32 fields; arrays to put in
 * them; and an independent list of all their arrays and tensors. */
#ifndef ADZE_TESTS_MODELS_H
#define ADZE_TESTS_MODELS_H

#include "adze/model.h"

#include <check.h>
#include <string.h>

AD_MODEL(flat, w, b);
AD_MODEL(nested, (flat, hidden), (flat, output), scale);
AD_MODEL(deep, (flat, layer, 3), (ad_array, gain, 2), (nested, whole), (nested, part, 1));
AD_MODEL(wide, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18, f19,
         f20, f21, f22, f23, f24, f25, f26, f27, f28, f29, f30, f31, f32);

/* Room for any of them. */
typedef union any_model {
    ad_array array;
    flat flat;
    nested nested;
    deep deep;
    wide wide;
} any_model;

typedef union any_tensors {
    ad_tensor tensor;
    flat_tensors flat;
    nested_tensors nested;
    deep_tensors deep;
    wide_tensors wide;
} any_tensors;

static const ad_tree *const all_models[] AD_UNUSED = {&ad_array_tree, &flat_tree, &nested_tree,
                                                      &deep_tree, &wide_tree};
enum { MODELS = 5, MOST_ARRAYS = 32 };

/* Tests loop over models and both float types: _i counts the pairs. */
#define CASE_MODEL(i) all_models[(i) / 2]
#define CASE_TYPE(i)  ((i) % 2 ? AD_F64 : AD_F32)
enum { CASES = 2 * MODELS };

/* ---- the list of all arrays, by the description alone ------------------------------- */

typedef struct model_list {
    size_t count;
    size_t arrays[MOST_ARRAYS], tensors[MOST_ARRAYS]; /* offsets */
} model_list;

static inline void list_from(const ad_tree *d, model_list *list)
{
    if (!d->fields) {
        ck_assert_uint_lt(list->count, MOST_ARRAYS);
        list->arrays[list->count] = list->count * sizeof(ad_array);
        list->tensors[list->count] = list->count * sizeof(ad_tensor);
        list->count++;
    }
    for (size_t i = 0; i < d->count; i++) {
        const ad_field *f = &d->fields[i];
        for (size_t j = 0; j < (f->count ? f->count : 1); j++)
            list_from(f->tree, list);
    }
}

static inline model_list list_model(const ad_tree *d)
{
    model_list list = {0};
    list_from(d, &list);
    ck_assert_uint_eq(list.count, d->arrays);
    return list;
}

static inline ad_array *array_of(const model_list *list, void *model, size_t i)
{
    return (ad_array *)(void *)((char *)model + list->arrays[i]);
}

static inline ad_tensor *tensor_of(const model_list *list, void *tensors, size_t i)
{
    return (ad_tensor *)(void *)((char *)tensors + list->tensors[i]);
}

static inline double number_of(const model_list *list, void *model, size_t i, size_t j)
{
    ad_view v = ad_array_view(*array_of(list, model, i));
    return ad_view_get(&v, j);
}

/* ---- arrays to put in --------------------------------------------------------------- */

/* The shape of the i-th array, and its j-th number: multiples of 1/8, exact in every float type. */
static inline ad_shape shape_of_field(size_t i)
{
    return i % 4 == 0   ? AD_SHAPE(2, 3)
           : i % 4 == 1 ? AD_SHAPE(3)
           : i % 4 == 2 ? AD_SCALAR
                        : AD_SHAPE(0, 2);
}

static inline double number_in_field(size_t i, size_t j)
{
    return ((double)((7 * i + 5 * j) % 23) - 11) / 8;
}

static inline void set_number(ad_array *a, size_t j, double value)
{
    if (a->type == AD_F32)
        ((float *)a->data)[j] = (float)value;
    else
        ((double *)a->data)[j] = value;
}

/* Fills all of a model, which is empty, with new arrays. */
static inline void build_model(const ad_tree *d, const ad_allocator *allocator, ad_type type,
                               void *model)
{
    model_list list = list_model(d);
    for (size_t i = 0; i < list.count; i++) {
        ad_array *a = array_of(&list, model, i);
        *a = ad_array_new(allocator, type, shape_of_field(i));
        ck_assert_ptr_nonnull(a->data);
        for (size_t j = 0; j < ad_array_count(a); j++)
            set_number(a, j, number_in_field(i, j));
    }
}

/* ---- what must not change ----------------------------------------------------------- */

/* A struct, with zeros between its fields, and a digest of the numbers of all its arrays. */
typedef struct snapshot {
    any_model fields;
    uint64_t digest;
} snapshot;

/* A struct's padding is nobody's: valgrind knows. */
static inline void copy_fields(const ad_array *a, ad_array *to)
{
    to->data = a->data;
    to->type = a->type;
    to->shape.rank = a->shape.rank;
    for (int i = 0; i < AD_MAX_RANK; i++)
        to->shape.dim[i] = a->shape.dim[i];
    to->allocator = a->allocator;
}

static inline snapshot take_snapshot(const ad_tree *d, void *model)
{
    snapshot s;
    model_list list = list_model(d);
    memset(&s, 0, sizeof s);
    s.digest = 0xcbf29ce484222325;
    for (size_t i = 0; i < list.count; i++) {
        const ad_array *a = array_of(&list, model, i);
        copy_fields(a, array_of(&list, &s.fields, i));
        for (size_t j = 0; j < ad_array_count(a) * ad_type_size(a->type); j++)
            s.digest = (s.digest ^ ((const unsigned char *)a->data)[j]) * 0x100000001b3;
    }
    return s;
}

static inline void expect_unchanged(const ad_tree *d, void *model, const snapshot *before)
{
    snapshot after = take_snapshot(d, model);
    ck_assert_mem_eq(&after.fields, &before->fields, sizeof after.fields);
    ck_assert_uint_eq(after.digest, before->digest);
}

#endif
