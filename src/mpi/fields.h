/* The numbers of a model as one piece of memory: all of f64, then all of f32, so that they are
 * added up in two loops and sent in one message. Each of the two begins at a multiple of 64
 * bytes. */
#ifndef ADZE_MPI_FIELDS_H
#define ADZE_MPI_FIELDS_H

#include "mpi/ranks.h"

typedef struct ad_packing {
    size_t f64, bytes; /* where f32 begins, and all ends */
} ad_packing;

enum { AD_PACK_UNIT = 64 };

/* Of a model whose arrays are floats, with `values` numbers of f64 before them. AD_BAD_TYPE,
 * AD_MISUSE for others and for missing arrays, naming the field after the verb. */
ad_status ad_packing_of(const ad_tree *tree, const void *model, size_t values, const char *verb,
                        ad_packing *p, ad_error *error);

/* Arrays of the model's types and shapes over packed memory, [tree->arrays]. */
void ad_packed_arrays(const ad_tree *tree, const void *model, size_t values, const ad_packing *p,
                      char *packed, ad_array *arrays);

/* Whether all numbers are finite: those of f64 in the first bytes, those of f32 in the rest. */
bool ad_numbers_finite(const char *numbers, size_t f64, size_t bytes);

/* The name of the first field with an infinity or a NaN, as an AD_NOT_FINITE error. AD_OK if
 * there is none. */
ad_status ad_fields_finite(const ad_tree *tree, const void *model, const char *verb,
                           ad_error *error);

/* What a field is, and if asked for its bits, in short. */
typedef struct ad_field_kind {
    int32_t type, rank;
    int64_t dim[AD_MAX_RANK];
    uint64_t bits;
} ad_field_kind;

void ad_field_kinds(const ad_tree *tree, const void *model, bool bits, ad_field_kind *kinds);
uint64_t ad_kinds_digest(const ad_field_kind *kinds, size_t count);

/* The first field in which a model differs from that of rank 0, which has as many, as an error. */
void ad_kinds_differ(const ad_tree *tree, const void *model, const char *verb,
                     const ad_field_kind *own, const ad_field_kind *first, ad_error *error);

/* Whether a call has a tree and a model at all. */
ad_status ad_fields_given(const ad_tree *tree, const void *model, const char *verb,
                          ad_error *error);

/* Results that are about to be written: new arrays for those that the target has not. */
typedef struct ad_fresh {
    const ad_tree *tree;
    ad_array *target, *made; /* [tree->arrays]; made[i].data: in place of target[i] */
} ad_fresh;

/* Arrays like the model's. AD_BAD_SHAPE or AD_BAD_TYPE, naming the field, for a target that has
 * others. */
ad_status ad_fresh_begin(ad_fresh *f, ad_mpi *m, const ad_tree *tree, const void *model,
                         void *target, const char *verb, ad_error *error);
void ad_fresh_write(ad_fresh *f, const ad_array *from); /* cannot fail */
void ad_fresh_drop(ad_fresh *f);

#endif
